"""Runs the counts that explanations print, by the thousand: statements, one a line as JSON, are answered with their
values as exact texts, one a line and in their order.

    python walked.py

Each statement is `select <aggregate> from read_parquet(<file>) where <place> and <months>`. Those of one file are run
together: their places and months become rows of a table that the file is joined with, and their aggregates, word for
word, stand side by side over it.
"""

import json
import re
import sys
import tempfile
from collections import defaultdict
from decimal import Decimal

import duckdb

TEXT = r"'((?:[^']|'')*)'"
STATEMENT = re.compile(r"select (.+)\nfrom (read_parquet\(.+\))\nwhere (.+)", re.S)
UNIT = re.compile(rf"_unit = {TEXT}|_unit in \(((?:{TEXT}(?:, )?)+)\)")
KEY = re.compile(rf' and ((?:"[^"]+"|\w+)) = {TEXT}')
MONTHS = re.compile(r' and ((?:"[^"]+"|\w+)) (?:= (\d{6})|between (\d{6}) and (\d{6})|in \(([\d, ]+)\))$')


def months(match):
    _, one, first, last, some = match.groups()
    if one:
        return (int(one),)
    if some:
        return tuple(int(month) for month in some.split(", "))
    year, month = divmod(int(first), 100)
    found = []
    while year * 100 + month <= int(last):
        found.append(year * 100 + month)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return tuple(found)


def claim(text):
    """The units, other keys, column of the months and months of one condition, all of it understood."""
    unit = UNIT.match(text)
    when = MONTHS.search(text)
    if not unit or not when:
        sys.exit(f"not understood: {text}")
    keys = KEY.findall(text[unit.end() : when.start()])
    rest = KEY.sub("", text[unit.end() : when.start()])
    if rest:
        sys.exit(f"not understood: {rest}")
    units = [unit[1]] if unit[1] is not None else re.findall(TEXT, unit[2])
    plain = [text.replace("''", "'") for text in units]
    return plain, tuple((name, value.replace("''", "'")) for name, value in keys), when[1], months(when)


class Bucket:
    """Statements of one file whose conditions name the same columns."""

    def __init__(self):
        self.aggregates, self.places, self.periods, self.rows = {}, {}, {}, []

    def add(self, aggregate, where, claims):
        number = self.places.get(where)
        if number is None:
            number = self.places[where] = len(self.places)
            for units, keys, _, when in claims:
                period = self.periods.setdefault(when, len(self.periods))
                self.rows += [[number, period, unit, *(value for _, value in keys)] for unit in units]
        return self.aggregates.setdefault(aggregate, len(self.aggregates)), number

    def run(self, base, file, columns, month):
        base.execute(f"create or replace table rows_of as select * from {file}")
        names = ["number", "period", "unit", *(f"key_{at}" for at in range(len(columns)))]
        load(base, "places", names, self.rows)
        load(base, "periods", ["period", "month"], [[at, one] for when, at in self.periods.items() for one in when])
        same = "".join(f" and r.{name} = p.key_{at}" for at, name in enumerate(columns))
        asked = ", ".join(self.aggregates)
        counted = base.execute(
            f"select p.number as __number, {asked} from places p join periods w on w.period = p.period "
            f"join rows_of r on r._unit = p.unit and r.{month} = w.month::integer{same} group by p.number"
        )
        self.found = {int(row[0]): row[1:] for row in counted.fetchall()}
        self.nothing = base.execute(f"select {asked} from rows_of where false").fetchone()

    def answer(self, aggregate, number):
        value = self.found.get(str(number), self.found.get(number, self.nothing))[aggregate]
        if isinstance(value, float):
            value = Decimal(repr(value))
        return "null" if value is None else format(Decimal(value), "f")


def load(base, name, columns, rows):
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(columns, map(str, row))), ensure_ascii=False) + "\n")
        file.flush()
        typed = ", ".join(f"{column}: 'varchar'" for column in columns)
        base.execute(
            f"create or replace table {name} as select * from read_json('{file.name}', "
            f"format = 'newline_delimited', columns = {{{typed}}})"
        )


def main() -> None:
    base = duckdb.connect()
    buckets, asked, known = defaultdict(Bucket), [], {}
    for line in sys.stdin:
        match = STATEMENT.fullmatch(json.loads(line))
        if not match:
            sys.exit(f"not understood: {line}")
        aggregate, file, where = match.groups()
        if where == "false":
            asked.append((None, base.execute(json.loads(line)).fetchone()[0]))
            continue
        if where not in known:
            parts = where[1:-1].split(") or (") if where.startswith("(") else [where]
            claims = [claim(part) for part in parts]
            known[where] = claims, tuple(name for name, _ in claims[0][1]), claims[0][2]
        claims, columns, month = known[where]
        bucket = file, columns, month
        asked.append((bucket, buckets[bucket].add(aggregate, where, claims)))
    for (file, columns, month), bucket in buckets.items():
        bucket.run(base, file, columns, month)
    lines = ("null" if at is None and what is None else str(what) if at is None else buckets[at].answer(*what)
             for at, what in asked)
    sys.stdout.write("".join(f"{line}\n" for line in lines))


main()
