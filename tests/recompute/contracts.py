"""Are the contracts Table Schemas, and do the calendars keep theirs? Frictionless, which knows nothing of the engine,
reads them as a stranger would.

    python contracts.py ROOT     the repository

Prints how many are valid; exits 1 with what is wrong.
"""

import json
import pathlib
import sys

import frictionless


def main(root):
    contracts = sorted((root / "schemas").glob("*.json"))
    wrong = []
    for path in contracts:
        said = json.loads(path.read_text(encoding="utf-8"))
        wrong += [f"{path.name}: {fault.note}" for fault in frictionless.Schema.metadata_validate(said)]
        read = frictionless.Schema.from_descriptor(said)
        if [field.name for field in read.fields] != [field["name"] for field in said["fields"]]:
            wrong.append(f"{path.name}: other fields were read")
    calendars = sorted(root.glob("schemas/calendar/*/*.csv")) + sorted(root.glob("examples/*/schemas/calendar/*/*.csv"))
    for path in calendars:
        contract = json.loads((root / "schemas/calendar.json").read_text(encoding="utf-8"))
        contract = frictionless.Schema.from_descriptor(contract)
        report = frictionless.validate(path.name, basepath=str(path.parent), schema=contract)
        wrong += [f"{path.name}: {at}: {note}" for at, note in report.flatten(["title", "note"])]
    if wrong:
        print(*wrong, sep="\n")
        return 1
    print(f"{len(contracts)} contracts and {len(calendars)} calendars are valid")
    return 0


sys.exit(main(pathlib.Path(sys.argv[1])))
