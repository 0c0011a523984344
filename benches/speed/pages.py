"""Reads a gateway's pages into Parquet in another way than ours: python pages.py WAY URL FOLDER

dlt-rest   dlt's own `rest_api` source, its rows as dictionaries, into Parquet of its filesystem destination
dlt-arrow  dlt, given a table of Arrow a page, parsed by orjson, likewise
duckdb     the pages fetched to files by Python's own client, then DuckDB's `read_json`, typed, into Parquet

Tells, as JSON, its rows, its seconds, those of the processor with its children's, and its most memory in MB."""

import json
import os
import resource
import sys
import time

way, url, folder = sys.argv[1:]
os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="ERROR",
    DLT_DATA_DIR=f"{folder}/dlt",
    DESTINATION__FILESYSTEM__BUCKET_URL=f"file://{folder}/lake",
    NORMALIZE__WORKERS="2",
    NORMALIZE__START_METHOD="spawn",
    NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION="true",
    DATA_WRITER__BUFFER_MAX_ITEMS="100000",
    DATA_WRITER__FILE_MAX_ITEMS="250000",
    DATA_WRITER__DISABLE_COMPRESSION="true",
)
TIMES = ["acceptDate", "promiseDate", "resultDate", "updateTime"]


def fetched():
    """The body of every page."""
    import http.client
    from urllib.parse import urlsplit

    at = urlsplit(url)
    link, page = http.client.HTTPConnection(at.netloc), 1
    while True:
        link.request("GET", f"{at.path}/cases?page={page}&size=1000")
        body = link.getresponse().read()
        if body.endswith(b'"rows":[]}'):
            return
        yield body
        page += 1


def through_dlt(source):
    pipeline = dlt.pipeline("pages", destination="filesystem", dataset_name="pages", progress=None)
    pipeline.run(source, loader_file_format="parquet", write_disposition="replace")
    return pipeline.last_trace.last_normalize_info.row_counts["cases"]


def rest():
    from dlt.sources.rest_api import rest_api_source

    return through_dlt(
        rest_api_source(
            {
                "client": {"base_url": url},
                "resources": [
                    {
                        "name": "cases",
                        "primary_key": "projectNo",
                        "columns": {name: {"data_type": "timestamp"} for name in TIMES},
                        "endpoint": {
                            "path": "cases",
                            "params": {"size": 1000},
                            "data_selector": "rows",
                            "paginator": {
                                "type": "page_number",
                                "base_page": 1,
                                "page_param": "page",
                                "total_path": None,
                                "stop_after_empty_page": True,
                            },
                        },
                    }
                ],
            }
        )
    )


def arrow():
    import orjson
    import pyarrow
    import pyarrow.compute

    def table(body):
        rows = pyarrow.Table.from_pylist(orjson.loads(body)["rows"])
        for name in TIMES:
            typed = pyarrow.compute.strptime(rows[name], "%Y-%m-%d %H:%M:%S", "us")
            rows = rows.set_column(rows.column_names.index(name), name, typed)
        return rows

    return through_dlt(dlt.resource((table(body) for body in fetched()), name="cases"))


def duck():
    os.mkdir(f"{folder}/pages")
    for number, body in enumerate(fetched()):
        with open(f"{folder}/pages/{number:05}.json", "wb") as file:
            file.write(body)
    base = duckdb.connect()
    times = ", ".join(f"{name}::timestamp as {name}" for name in TIMES)
    base.execute(
        f"copy (select * replace ({times}) from (select r.* from (select unnest(rows) as r from"
        f" read_json('{folder}/pages/*.json', maximum_object_size = 100000000))))"
        f" to '{folder}/cases.parquet' (format parquet, compression zstd)"
    )
    return base.execute(f"select count(*) from '{folder}/cases.parquet'").fetchone()[0]


try:
    if way == "duckdb":
        import duckdb
    else:
        import dlt
except ImportError:
    sys.exit(3)

if __name__ == "__main__":
    start = time.perf_counter()
    rows = {"dlt-rest": rest, "dlt-arrow": arrow, "duckdb": duck}[way]()
    seconds = time.perf_counter() - start
    own, children = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    processor = sum(taken.ru_utime + taken.ru_stime for taken in (own, children))
    peak = max(own.ru_maxrss, children.ru_maxrss) / 1000
    print(json.dumps({"rows": rows, "seconds": seconds, "processor": processor, "peak": peak}))
