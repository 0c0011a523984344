"""Runs SQL statements, one a line as JSON, and answers each with its values as exact texts, one a line; what
leaves the range of its numbers is `beyond`.

    python statements.py [CALENDAR]     a folder of working days, a file a year

With a calendar, the functions of working days and of retirement are there as macros, told by its days and by the
rule of 2025, not by the engine.
"""

import csv
import datetime
import json
import pathlib
import sys
from decimal import Decimal

import duckdb

# The lists stand from the first day of the calendar on; `worked` has the days that are worked.
MACROS = """
create macro day_at(day) as case when day between getvariable('first') and getvariable('last')
    then date_diff('day', getvariable('first'), day) + 1 end;
create macro worked_by(day) as getvariable('numbers')[day_at(day)];
create macro is_workday(day) as getvariable('is_worked')[day_at(day)];
create macro workdays_between(a, b) as
    case when worked_by(a) is not null and worked_by(b) is not null
        then greatest(worked_by(b) - worked_by(a), 0) end;
create macro elapsed_workdays(a, b) as workdays_between(a, b),
    (a, b, paused) as case when workdays_between(a, b) is not null
        then greatest(workdays_between(a, b) - greatest(coalesce(paused, 0), 0), 0) end;
create macro moved(due, paused) as case
    when coalesce(paused, 0) <= 0 then due
    else getvariable('worked')[worked_by(due) + paused] end;
create macro on_time(closed, due) as closed <= moved(due, 0),
    (closed, due, paused) as case
    -- What is moved beyond the calendar is kept by what was closed within it.
    when worked_by(closed) is not null and worked_by(due) is not null and moved(due, paused) is null then true
    else closed <= moved(due, paused) end;
create macro later(birth, first, step, most) as
    least(greatest(ceil((date_diff('month', first, birth) + 1) / step), 0), most);
create macro retirement_month(birth, kind) as cast(date_trunc('month', birth) + case kind
    when 'man60' then to_months(cast(720 + later(birth, date '1965-01-01', 4, 36) as integer))
    when 'woman55' then to_months(cast(660 + later(birth, date '1970-01-01', 4, 36) as integer))
    when 'woman50' then to_months(cast(600 + later(birth, date '1975-01-01', 2, 60) as integer))
end as date);
"""


def workdays(folder):
    """Every day of the calendar, and whether it is worked."""
    days = {}
    for file in sorted(folder.glob("*.csv")):
        day = datetime.date(int(file.stem), 1, 1)
        while day.year == int(file.stem):
            days[day] = day.weekday() < 5
            day += datetime.timedelta(1)
        with file.open(encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                days[datetime.date.fromisoformat(row["date"])] = row["is_workday"] == "1"
    return days


def with_calendar(base, folder):
    days = workdays(folder)
    numbers, number = [], 0
    for is_worked in days.values():
        number += is_worked
        numbers.append(number)
    for name, value in [
        ("first", min(days)),
        ("last", max(days)),
        ("is_worked", list(days.values())),
        ("numbers", numbers),
        ("worked", [day for day, is_worked in days.items() if is_worked]),
    ]:
        base.execute(f"set variable {name} = $value", {"value": value})
    for statement in duckdb.extract_statements(MACROS):
        base.execute(statement)


def main() -> None:
    base = duckdb.connect()
    if len(sys.argv) > 1:
        with_calendar(base, pathlib.Path(sys.argv[1]))
    for line in sys.stdin:
        statement = json.loads(line)
        try:
            values = base.execute(statement).fetchone()
        except duckdb.OutOfRangeException:
            print("beyond")
            continue
        except duckdb.Error as fault:
            sys.exit(f"{fault}\n{statement}")
        for value in values:
            if isinstance(value, float):
                value = Decimal(repr(value))
            print("null" if value is None else format(Decimal(value), "f"))


main()
