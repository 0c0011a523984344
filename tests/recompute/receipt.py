"""Are the figures of the receipt home right? Every one of them again, from the event log itself, by DuckDB
SQL that knows nothing of the engine: its own folding of events into cases, its own holidays (by rule).

    python receipt.py RECORDS RELEASE     the folder of receipt.csv, a home's var/release

Prints how many values agree with the latest release; exits 1 with a table where one does not.
"""

import datetime
import pathlib
import sys

import compared
import duckdb


def easter(year):
    """Easter Sunday, as Gauss, Meeus and Jones reckon it."""
    century, rest = divmod(year, 100)
    golden = year % 19
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return datetime.date(year, month, day + 1)


def holidays(year):
    """The days of the Algemene termijnenwet; Queen's Day moves off a Sunday to the Saturday before."""
    after_easter = [easter(year) + datetime.timedelta(days) for days in (-2, 1, 39, 50)]
    queen = datetime.date(year, 4, 30)
    fixed = [(1, 1), (5, 5), (12, 25), (12, 26)]
    fixed = [datetime.date(year, *day) for day in fixed]
    return after_easter + fixed + [queen - datetime.timedelta(queen.weekday() == 6)]


# The stamps of the source carry their own offsets: they are compared as instants, and their days are
# those of the municipality. The last event of a case speaks for it; `folded` below proves that any would.
RAW = """
set timezone = 'Europe/Amsterdam';

create table event as
select
    "case:concept:name"                     as id,
    "case:department"                       as unit,
    "case:group"                            as section,
    "case:startdate"::timestamptz           as began,
    "case:enddate"::timestamptz             as ended,
    "case:deadline"::timestamptz            as due,
    "case:enddate_planned"::timestamptz     as planned,
    "time:timestamp"::timestamptz           as happened
from read_csv($log, all_varchar = true, header = true);

create table request as
select * exclude rank
from (select *, row_number() over (partition by id order by happened desc) as rank from event)
where rank = 1;

create table worked as
select
    day,
    sum((isodow(day) < 6 and not list_contains($holidays::date[], day))::int)
        over (order by day) as number
from (
    select unnest(generate_series(date '2010-01-01', date '2012-12-31', interval 1 day))::date as day
);
"""

PERIODS = """
create view happened as select began::date as day from request;

""" + compared.PERIODS + """
create table place as
select places.unit, places.section, period.*
from (
    select distinct unit, '' as section from request
    union all
    select distinct unit, section from request where section is not null
) as places
cross join period;
"""

# What each place and period has, before any metric is told. A unit has the cases of its sections, and
# those without one.
COUNTED = """
create table counted as
with mine as (
    select place.unit as unit, place.section as section, kind, name, first, last, request.* exclude (unit, section)
    from place
    left join request
        on request.unit = place.unit and (place.section = '' or request.section = place.section)
)
select
    unit,
    section,
    kind,
    name,
    count(*) filter (where began::date between first and last)              as accepted,
    count(*) filter (where ended::date between first and last)              as closed,
    count(*) filter (
        where began::date <= last and (ended is null or ended::date > last)
    )                                                                       as open,
    count(*) filter (where ended::date between first and last and ended <= due)      as on_time,
    count(*) filter (where ended::date between first and last and ended <= planned)  as on_plan,
    sum(till.number - since.number)
        filter (where ended::date between first and last)                   as days,
    quantile_cont(till.number - since.number, 0.5)
        filter (where ended::date between first and last)                   as middle,
    quantile_cont(till.number - since.number, 0.9)
        filter (where ended::date between first and last)                   as p90
from mine
left join worked as since on since.day = began::date
left join worked as till on till.day = ended::date
group by all;
"""

# A unit is told every month; a section is told what it has ever had: none of what ends where nothing ended.
EXPECTED = """
create table expected as
with told as (
    select unit, section, kind, name, max(closed) over (partition by unit, section) > 0 as has_closed, unnest([
        {'metric': 'cases_accepted', 'value': accepted::double, 'base': null},
        {'metric': 'cases_closed', 'value': closed::double, 'base': null},
        {'metric': 'cases_backlog', 'value': open::double, 'base': null},
        {'metric': 'on_time_rate', 'value': on_time / nullif(closed, 0), 'base': closed},
        {'metric': 'on_plan_rate', 'value': on_plan / nullif(closed, 0), 'base': closed},
        {'metric': 'handling_mean', 'value': days / nullif(closed, 0), 'base': closed},
        {'metric': 'handling_median', 'value': middle, 'base': closed},
        {'metric': 'handling_p90', 'value': p90, 'base': closed}
    ], recursive := true)
    from counted
)
select
    metric,
    unit,
    section,
    kind,
    name,
    value,
    case when value is null then 'no_data' when base < 30 then 'few' else 'ok' end as status
from told
where section = '' or has_closed or metric in ('cases_accepted', 'cases_backlog');
"""

COMPARED = """
create table compared as
select
    metric,
    unit,
    section,
    kind,
    name,
    expected.value   as recomputed,
    release.value    as released,
    expected.status  as recomputed_status,
    release.status   as released_status,
    expected.status is not distinct from release.status
        and (
            (expected.value is null and release.value is null)
            or abs(expected.value - release.value) <= $tolerance
        ) is true    as agrees
from expected
full join (
    select
        metric,
        unit_id                   as unit,
        coalesce(section_id, '')  as section,
        period_kind               as kind,
        period                    as name,
        value::double             as value,
        status
    from read_csv($metrics, all_varchar = true, header = true)
    where level in ('unit', 'section')
) as release using (metric, unit, section, kind, name);
"""


def run(connection, script, **values):
    """Runs a script's statements, each with the values that it names."""
    for statement in duckdb.extract_statements(script):
        named = {name: values[name] for name in statement.named_parameters}
        connection.execute(statement, named)


def folded(connection):
    """Whether every event of a case says the same of it."""
    ((cases, versions),) = connection.execute(
        "select count(distinct id), count(distinct event) from (select * exclude happened from event) as event"
    ).fetchall()
    return cases == versions


def main(records, release):
    manifest, _, said = compared.newest(release)
    as_of = said["x:as_of"]
    connection = duckdb.connect()
    run(
        connection,
        RAW,
        log=str(records / "receipt.csv"),
        holidays=[day for year in (2010, 2011, 2012) for day in holidays(year)],
    )
    if not folded(connection):
        print("events of one case differ in what they say of it")
        return 1
    run(connection, PERIODS, as_of=as_of)
    run(connection, COUNTED)
    run(connection, EXPECTED)
    run(connection, COMPARED, metrics=str(manifest.parent / "metrics.csv"), tolerance=compared.TOLERANCE)
    return compared.verdict(connection, "metric, unit, section, kind, period, recomputed, released, status recomputed, status released")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
