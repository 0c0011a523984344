"""Are the figures of the Boston home right? Every one of them again, from the raw files, by DuckDB SQL
that knows nothing of the engine: its own units (the crosswalk itself), its own holidays (by rule).

    python boston.py RECORDS RELEASE      a folder of the raw files, a home's var/release

Prints how many values agree with the latest release; exits 1 with a table where one does not.
"""

import datetime
import pathlib
import sys

import compared
import duckdb


def nth(year, month, weekday, number):
    """The first, second … Monday (0) of a month."""
    first = datetime.date(year, month, 1)
    return first + datetime.timedelta((weekday - first.weekday()) % 7 + 7 * (number - 1))


def holidays(year):
    """The days on which the city's offices are shut, Suffolk County's two among them. One that falls
    on a Sunday is kept on Monday, one that falls on a Saturday on no other day."""
    last_monday_of_may = nth(year, 6, 0, 1) - datetime.timedelta(7)
    moving = [nth(year, 1, 0, 3), nth(year, 2, 0, 3), nth(year, 4, 0, 3), last_monday_of_may]
    moving += [nth(year, 9, 0, 1), nth(year, 10, 0, 2), nth(year, 11, 3, 4)]
    fixed = [(1, 1), (3, 17), (6, 17), (6, 19), (7, 4), (11, 11), (12, 25)]
    fixed = [datetime.date(year, *day) for day in fixed]
    return moving + [day + datetime.timedelta(day.weekday() == 6) for day in fixed]


RAW = """
create table crosswalk as
select
    case_dept_code_or_name  as written,
    canonical_unit          as unit,
    payroll_department      as department,
    payroll_title_like      as title_like
from read_csv($crosswalk, all_varchar = true, header = true)
where canonical_unit is not null;

create table worked as
select
    day,
    sum((isodow(day) < 6 and not list_contains($holidays::date[], day))::int)
        over (order by day) as number
from (
    select unnest(generate_series(date '2025-01-01', date '2026-12-31', interval 1 day))::date as day
);

create table request as
select
    names.unit                                      as unit,
    cases.case_status = 'Closed'                    as is_closed,
    replace(cases.open_date, '+00', '')::timestamp  as opened,
    replace(cases.close_date, '+00', '')::timestamp as closed,
    replace(cases.target_close_date, '+00', '')::timestamp as due,
    coalesce(opened, closed, $list::timestamp)::date as came
from read_csv($cases, all_varchar = true, header = true) as cases
left join (select distinct written, unit from crosswalk) as names
    on names.written = cases.assigned_department;

create table paid as
select
    make_date(payroll.year::int, 12, 31) as roster,
    payroll.employee                     as employee,
    coalesce(
        any_value(names.unit) filter (where names.title_like is not null),
        any_value(names.unit) filter (where names.title_like is null)
    )                                    as unit
from (
    select *, row_number() over () as row
    from read_csv($payrolls, all_varchar = true, header = true)
) as payroll
join (select distinct unit, department, title_like from crosswalk) as names
    on names.department = payroll.department
    and (names.title_like is null or payroll.title like names.title_like)
where payroll.regular::decimal(18, 2) > 0
group by payroll.row, payroll.year, payroll.employee;
"""

# Nothing is told of before the first month in which anything happened: no headcount before requests come.
PERIODS = """
create view happened as select came as day from request where unit is not null;

""" + compared.PERIODS + """
create table place as
select units.unit, period.*
from (select distinct unit from crosswalk) as units
cross join period;
"""

# What each unit and period has, before any metric is told.
COUNTED = """
create table counted as
with accepted as (
    select place.unit, kind, name, count(*) as cases
    from place
    join request on request.unit = place.unit and request.came between first and last
    group by all
),
ended as (
    select
        place.unit,
        kind,
        name,
        count(*)                                            as cases,
        count(due)                                          as with_due,
        count(*) filter (where closed <= due)               as on_time,
        count(opened)                                       as timed,
        sum(till.number - since.number) filter (where opened is not null)    as days,
        quantile_cont(till.number - since.number, 0.5)
            filter (where opened is not null)               as middle,
        quantile_cont(till.number - since.number, 0.9)
            filter (where opened is not null)               as p90
    from place
    join request
        on request.unit = place.unit and is_closed and closed::date between first and last
    left join worked as since on since.day = opened::date
    left join worked as till on till.day = closed::date
    group by all
),
stock as (
    select
        place.unit,
        kind,
        name,
        count(*)                                            as ever,
        count(*) filter (
            where closed::date > last or (closed is null and not is_closed)
        )                                                   as open
    from place
    join request on request.unit = place.unit and request.came <= last
    group by all
),
present as (
    select place.unit, kind, name, count(distinct employee) as people
    from place
    join paid
        on paid.unit = place.unit
        and paid.roster = (select max(roster) from paid where roster <= place.last)
    group by all
)
select
    place.*,
    coalesce(accepted.cases, 0)     as accepted,
    coalesce(ended.cases, 0)        as ended,
    coalesce(ended.with_due, 0)     as with_due,
    coalesce(ended.on_time, 0)      as on_time,
    coalesce(ended.timed, 0)        as timed,
    ended.days                      as days,
    ended.middle                    as middle,
    ended.p90                       as p90,
    coalesce(stock.ever, 0)         as ever,
    coalesce(stock.open, 0)         as open,
    coalesce(present.people, 0)     as people
from place
left join accepted using (unit, kind, name)
left join ended using (unit, kind, name)
left join stock using (unit, kind, name)
left join present using (unit, kind, name);
"""

EXPECTED = """
create table expected as
with told as (
    select unit, kind, name, unnest([
        {'metric': 'headcount', 'value': people::double, 'base': null},
        {'metric': 'cases_accepted', 'value': accepted::double, 'base': null},
        {'metric': 'cases_closed', 'value': ended::double, 'base': null},
        {'metric': 'cases_known', 'value': ever::double, 'base': null},
        {'metric': 'cases_backlog', 'value': open::double, 'base': null},
        {'metric': 'cases_known_per_person', 'value': ever / nullif(people, 0), 'base': null},
        {'metric': 'on_time_rate', 'value': on_time / nullif(with_due, 0), 'base': with_due},
        {'metric': 'handling_mean', 'value': days / nullif(timed, 0), 'base': timed},
        {'metric': 'handling_median', 'value': middle, 'base': timed},
        {'metric': 'handling_p90', 'value': p90, 'base': timed}
    ], recursive := true)
    from counted
)
select
    metric,
    unit,
    kind,
    name,
    value,
    case
        when value is null then 'no_data'
        when base < 30 then 'few'
        else 'ok'
    end as status
from told;
"""

COMPARED = """
create table compared as
select
    metric,
    unit,
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
        unit_id           as unit,
        period_kind       as kind,
        period            as name,
        value::double     as value,
        status
    from read_csv($metrics, all_varchar = true, header = true)
    where level in ('unit', 'section')
) as release using (metric, unit, kind, name);
"""


def run(connection, script, **values):
    """Runs a script's statements, each with the values that it names."""
    for statement in duckdb.extract_statements(script):
        named = {name: values[name] for name in statement.named_parameters}
        connection.execute(statement, named)


def newest_list(records, night):
    """The latest list of requests that had come by a night, and its month."""
    files = sorted(records.glob("cases_*.csv"))
    months = [file.stem.removeprefix("cases_") for file in files]
    known = [(month, file) for month, file in zip(months, files) if month <= night[:7]]
    return max(known)


def main(records, release):
    manifest, latest, said = compared.newest(release)
    as_of = said["x:as_of"]
    month, cases = newest_list(records, latest["night"])
    connection = duckdb.connect()
    run(
        connection,
        RAW,
        crosswalk=str(records / "dept_crosswalk.csv"),
        cases=str(cases),
        list=f"{month}-01",
        payrolls=str(records / "payroll_*.csv"),
        holidays=[day for year in (2025, 2026) for day in holidays(year)],
    )
    run(connection, PERIODS, as_of=as_of)
    run(connection, COUNTED)
    run(connection, EXPECTED)
    run(connection, COMPARED, metrics=str(manifest.parent / "metrics.csv"), tolerance=compared.TOLERANCE)
    return compared.verdict(connection, "metric, unit, kind, period, recomputed, released, status recomputed, status released")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
