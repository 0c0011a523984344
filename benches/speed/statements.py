"""Runs SQL statements, one a line as JSON, and answers each with its seconds and its rows."""

import json
import sys
import time

import duckdb


def main() -> None:
    base = duckdb.connect()
    base.execute("set threads = 2")
    for line in sys.stdin:
        start = time.perf_counter()
        rows = base.execute(json.loads(line)).fetchall()
        took = time.perf_counter() - start
        print(json.dumps([took, rows], default=str), flush=True)


main()
