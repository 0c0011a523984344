"""Is a release what it says it is? Frictionless, which knows nothing of the engine, reads it as a stranger would:
manifest, contracts, keys, sizes and hashes of every table; and each file must be listed.

    python release.py RELEASE     a home's var/release

Prints how many tables and rows of the latest release are valid; exits 1 with what is wrong.
"""

import hashlib
import pathlib
import sys

import compared
import frictionless

SHOWN = 20


def unlike(folder, twin):
    """What a file differs in from what the manifest says of it."""
    path = folder / twin["path"]
    if not path.is_file():
        return [f"{twin['path']} is listed and not there"]
    content = path.read_bytes()
    found = (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
    return [] if found == (twin["bytes"], twin["hash"]) else [f"{twin['path']} is not as listed: {found}"]


def main(release):
    manifest, latest, said = compared.newest(release)
    folder = manifest.parent
    files = [twin for table in said["resources"] for twin in (table, table["x:parquet"], table["x:lines"])]
    files += said["x:files"]
    wrong = [fault for twin in files for fault in unlike(folder, twin)]
    if hashlib.sha256(manifest.read_bytes()).hexdigest() != latest["sha256"]:
        wrong.append("latest.json tells of another manifest")
    listed = {manifest.name, *(twin["path"] for twin in files)}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wrong += [f"{path} is not listed" for path in sorted(there - listed)]
    report = frictionless.validate(str(manifest), limit_errors=SHOWN)
    wrong += [f"{at}: {note}" for at, note in report.flatten(["title", "note"])]
    wrong += [f"{task.name}: {warning}" for task in report.tasks for warning in task.warnings]
    tables = {table["name"] for table in said["resources"]}
    if not report.valid or not tables or {task.name for task in report.tasks} != tables:
        wrong.append(f"frictionless judged {[(task.name, task.valid) for task in report.tasks]} of {sorted(tables)}")
    if wrong:
        print(*wrong, sep="\n")
        return 1
    rows = {task.name: task.stats.get("rows", 0) for task in report.tasks}
    print(f"{len(rows)} tables are valid, of rows:", ", ".join(f"{name} {count}" for name, count in rows.items()))
    return 0


sys.exit(main(pathlib.Path(sys.argv[1])))
