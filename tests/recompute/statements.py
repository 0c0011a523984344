"""Runs SQL statements, one a line as JSON, and answers each with one value as an exact text."""

import json
import sys
from decimal import Decimal

import duckdb


def main() -> None:
    base = duckdb.connect()
    for line in sys.stdin:
        value = base.execute(json.loads(line)).fetchone()[0]
        if isinstance(value, float):
            value = Decimal(repr(value))
        print("null" if value is None else format(Decimal(value), "f"))


main()
