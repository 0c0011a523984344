"""Holds every day of a calendar's folder against PyPI's chinese_calendar. usage: workdays.py FOLDER"""

import csv
import datetime
import pathlib
import sys

import chinese_calendar

folder = pathlib.Path(sys.argv[1])
days, wrong = 0, []
for file in sorted(folder.glob("*.csv")):
    with file.open(encoding="utf-8", newline="") as text:
        listed = {row["date"]: row["is_workday"] == "1" for row in csv.DictReader(text)}
    day = datetime.date(int(file.stem), 1, 1)
    while day.year == int(file.stem):
        ours = listed.get(day.isoformat(), day.weekday() < 5)
        if ours != chinese_calendar.is_workday(day):
            wrong.append(day.isoformat())
        days += 1
        day += datetime.timedelta(days=1)
print(f"{days} days, {len(wrong)} differ {' '.join(wrong)}")
sys.exit(bool(wrong))
