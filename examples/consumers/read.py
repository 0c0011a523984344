"""What does the latest release say? Follows latest.json, checks the bytes, prints a line a status of the yearly values.

    python read.py RELEASE     a home's var/release
"""

import collections
import csv
import hashlib
import io
import json
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
latest = json.loads((root / "latest.json").read_text(encoding="utf-8"))
manifest = root / latest["manifest"]
said = manifest.read_bytes()
if hashlib.sha256(said).hexdigest() != latest["sha256"]:
    sys.exit(f"{manifest} is not what latest.json names")
package = json.loads(said)
if package["x:format"] != 1:
    sys.exit(f"format {package['x:format']} is not known here")
table = next(table for table in package["resources"] if table["name"] == "metric_value")
content = (manifest.parent / table["path"]).read_bytes()
if "sha256:" + hashlib.sha256(content).hexdigest() != table["hash"]:
    sys.exit(f"{table['path']} is not as published")
encoding = "utf-8-sig" if table["encoding"] == "utf-8" else table["encoding"]
rows = csv.DictReader(io.StringIO(content.decode(encoding), newline=""))
count = collections.Counter(row["status"] for row in rows if row["period_kind"] == "year")
print(package["version"])
for status, values in sorted(count.items()):
    print(status, values)
