"""Seconds that dlt takes for the rows of a table of ours: python dlt_load.py FILE TABLE ROWS ADDRESS WAY

FILE is the warehouse in SQLite that we wrote, of which so many rows are handed to dlt; ADDRESS is where it loads
them, `sqlite:///…` or `postgres://…`. WAY is `dicts`, as its documentation begins: a resource that yields rows as
Python's own dicts, and no setting; or `arrow`, the best that was found: the rows are a table of Arrow, so that dlt
neither looks at nor normalises them one by one; into PostgreSQL as CSV by COPY, into SQLite by SQLAlchemy's inserts of
many rows. The table is replaced, without keys, indexes or marks. Tells its rows and its seconds as JSON."""

import json
import os
import sqlite3
import sys
import tempfile
import time

file, table, rows, address, way = sys.argv[1:]
folder = tempfile.mkdtemp()
os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="ERROR",
    DLT_DATA_DIR=folder,
)
if way == "arrow":
    os.environ.update(
        DATA_WRITER__DISABLE_COMPRESSION="true",
        NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION="true",
        DATA_WRITER__FILE_MAX_ITEMS="100000",
        LOAD__WORKERS="2",
    )
try:
    import dlt
    import pyarrow
except ImportError:
    sys.exit(3)

os.chdir(folder)
con = sqlite3.connect(file)
asked = con.execute(f"select * from {table} limit {int(rows)}")
names = [column[0] for column in asked.description]
columns = dict(zip(names, zip(*asked.fetchall())))
columns = {name: values for name, values in columns.items() if not isinstance(values[0], bytes)}
if way == "arrow":
    handed = pyarrow.table(columns).to_batches(max_chunksize=50_000)
else:
    handed = [dict(zip(columns, values)) for values in zip(*columns.values())]

if address.startswith("postgres"):
    destination, how = dlt.destinations.postgres(address), "csv"
else:
    destination, how = dlt.destinations.sqlalchemy(address), "typed-jsonl"
options = {"loader_file_format": how} if way == "arrow" else {}
start = time.perf_counter()
pipeline = dlt.pipeline("load", destination=destination, dataset_name=f"beside_{way}", progress=None)
source = dlt.resource(handed, name=table)
pipeline.run(source, write_disposition="replace", **options)
seconds = time.perf_counter() - start
with pipeline.sql_client() as client:
    [(loaded,)] = client.execute_sql(f"select count(*) from {table}")
print(json.dumps([loaded, seconds]))
