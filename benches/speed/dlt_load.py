"""Seconds that dlt takes for the rows of a table of ours: python dlt_load.py FILE TABLE ROWS ADDRESS

FILE is the warehouse in SQLite that we wrote, of which so many rows are handed to dlt; ADDRESS is where it loads
them, `sqlite:///…` or `postgres://…`. Each at the best setting that was found: the rows are a table of Arrow, so that
dlt neither looks at nor normalises them one by one; into PostgreSQL as CSV by COPY, into SQLite by SQLAlchemy's
inserts of many rows; the table is replaced, without keys, indexes or marks. Tells its rows and its seconds as JSON."""

import json
import os
import sqlite3
import sys
import tempfile
import time

file, table, rows, address = sys.argv[1:]
folder = tempfile.mkdtemp()
os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="ERROR",
    DLT_DATA_DIR=folder,
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
arrow = pyarrow.table(columns)

if address.startswith("postgres"):
    destination, how = dlt.destinations.postgres(address), "csv"
else:
    destination, how = dlt.destinations.sqlalchemy(address), "typed-jsonl"
start = time.perf_counter()
pipeline = dlt.pipeline("load", destination=destination, dataset_name="beside", progress=None)
source = dlt.resource(arrow.to_batches(max_chunksize=50_000), name=table)
pipeline.run(source, loader_file_format=how, write_disposition="replace")
seconds = time.perf_counter() - start
with pipeline.sql_client() as client:
    [(loaded,)] = client.execute_sql(f"select count(*) from {table}")
print(json.dumps([loaded, seconds]))
