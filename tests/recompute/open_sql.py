"""Does open.sql open a release? DuckDB runs it in the release's folder, and every view has as many rows as its JSON Lines.

    python open_sql.py FOLDER     a release
"""

import json
import os
import sys

import duckdb

os.chdir(sys.argv[1])
with open("open.sql", encoding="utf-8") as sql, open("datapackage.json", encoding="utf-8") as manifest:
    connection = duckdb.connect()
    connection.execute(sql.read())
    said = json.load(manifest)
for table in said["resources"]:
    view = table["path"].removesuffix(".csv")
    with open(table["x:lines"]["path"], encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    names = [field["name"] for field in table["schema"]["fields"]]
    if any(list(line) != names for line in lines):
        sys.exit(f"{view}: lines have other columns")
    ((count,),) = connection.execute(f'select count(*) from "{view}"').fetchall()
    columns = [row[0] for row in connection.execute(f'describe "{view}"').fetchall()]
    if (count, columns) != (len(lines), names):
        sys.exit(f"{view}: {count} rows of {columns}")
print(f"{len(said['resources'])} views open")
