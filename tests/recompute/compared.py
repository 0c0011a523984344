"""What both recomputations end with: set against the release, value by value."""

import json

TOLERANCE = 1e-9

# The periods that are told: from the first day of the view `happened` on.
PERIODS = """
create table period as
with month as (
    select unnest(generate_series(
        date_trunc('month', (select min(day) from happened)),
        date_trunc('month', $as_of::date),
        interval 1 month
    ))::date as month
),
named as (
    select 'month' as kind, strftime(month, '%Y-%m') as name, month from month
    union all
    select 'quarter', year(month) || 'Q' || quarter(month), month from month
    union all
    select 'year', year(month)::varchar, month from month
)
select
    kind,
    name,
    min(month)                                          as first,
    least(last_day(max(month)), $as_of::date)           as last
from named
group by kind, name;
"""


def newest(release):
    """The manifest that latest.json names, and what it and latest.json say."""
    latest = json.loads((release / "latest.json").read_text())
    manifest = release / latest["manifest"]
    return manifest, latest, json.loads(manifest.read_text())


def verdict(connection, columns):
    """Prints how the table `compared` came out; 1 where anything differs or nothing was compared."""
    wrong = connection.execute(
        "select * exclude agrees from compared where not agrees order by all"
    ).fetchall()
    ((agreeing, cells),) = connection.execute(
        "select count(*) filter (where agrees and released is not null), count(*) from compared"
    ).fetchall()
    if wrong or not agreeing:
        print(columns)
        for row in wrong:
            print(*row, sep=", ")
        print(f"{len(wrong)} of {cells} cells differ")
        return 1
    print(f"{agreeing} values agree, and {cells - agreeing} cells have none on both sides")
    return 0
