"""Recomputes values of groups and individual indicators with DuckDB, from the lake.

    python levels.py <var> <release>
"""

import sys
from pathlib import Path

import duckdb

var, release = Path(sys.argv[1]), Path(sys.argv[2])
con = duckdb.connect()


def fact(name):
    return f"read_parquet('{var}/lake/fact/{name}/*.parquet')"


# The last row of each unit: nobody moves to another category in the pretend city.
con.execute(f"""create table unit as
    select unit_id, arg_max(category, valid_from) category, arg_max(region, valid_from) region
    from read_parquet('{var}/lake/model/unit/*.parquet') group by 1""")
con.execute(f"create table told as select * from read_parquet('{release}/metrics.parquet')")
year = "_month between 202501 and 202512"
accepted = "_month_accepted_at between 202501 and 202512"
groups = {"category": "u.category", "county": "u.region", "city": "'jianing'"}
ratios = {
    "withdraw_rate": ("case", accepted, "count(*) filter (where status = 'withdrawn')", "count(*) filter (where status <> 'rejected')"),
    "handling_median": ("case", year, "median(workdays) filter (where status = 'closed')", "1"),
    "order_resolved_rate": (
        "order", "_month_closed_at between 202501 and 202512",
        "count(*) filter (where valid and visited and resolved)", "count(resolved) filter (where valid and visited)"),
    "tasks_done_rate": ("task", year, "count(*) filter (where status in ('done', 'done_late'))", "count(*)"),
    "age_mean": ("person", "_month = 202512", "sum(age) filter (where works)", "count(age) filter (where works)"),
    "log_hours": ("log", year, "sum(hours)", "1"),
    "headcount": ("person", "_month = 202512", "count(*) filter (where works)", "1"),
}
agreed = 0
# Cases that were closed under a unit that had ended count in the city, and no unit is told of then.
late = con.execute(f"""
    select count(*) filter (where status = 'closed') from {fact("case")}
    where {year} and _unit not in (select unit_id from told where metric = 'cases_closed' and period = '2025' and unit_id is not null)
""").fetchone()[0]
units, city = con.execute("""
    select sum(value) filter (where level = 'unit' and dim is null), sum(value) filter (where level = 'city')
    from told where metric = 'cases_closed' and period = '2025'""").fetchone()
assert city == units + late, (city, units, late)
# Items are told of once a year, sections by month.
kinds = con.execute("select distinct dim, section_id is not null, period_kind from told where metric = 'cases_closed' and level in ('unit', 'section')").fetchall()
assert {kind for dim, _, kind in kinds if dim == "item"} == {"year"}, kinds
assert {kind for _, section, kind in kinds if section} == {"month", "quarter", "year"}, kinds
for metric, (name, when, above, below) in ratios.items():
    for level, key in groups.items():
        rows = con.execute(f"""
            select {key}, ({above})::double / ({below}) from {fact(name)} f join unit u on u.unit_id = f._unit
            where {when} group by 1""").fetchall()
        own = dict(con.execute(
            "select dim_value, value::double from told where metric = ? and level = ? and period = '2025' and value is not null",
            [metric, level]).fetchall())
        assert own or (level == "county" and metric in ("age_mean", "log_hours")), (metric, level)
        found = dict(rows)
        for group, value in own.items():
            other = found[group]
            assert abs(other - value) < 1e-9, (metric, level, group, value, other)
            agreed += 1
assert agreed > 50, agreed

closed = "status = 'closed'"
individual = {
    "scjg_open": ("opening_case", f"count(*) filter (where {closed} and workdays <= 1)", f"count(*) filter (where {closed})"),
    "ga_hz": ("household_case", f"count(*) filter (where {closed} and timezone('Asia/Shanghai', timezone('UTC', accepted_at))::date = timezone('Asia/Shanghai', timezone('UTC', closed_at))::date)", f"count(*) filter (where {closed})"),
    "zf_o": ("street_order", "count(*) filter (where visited and resolved)", "count(resolved) filter (where visited)"),
    "dw_dc": ("party_task", "sum(weight) filter (where status in ('done', 'done_late') and done_on <= due_on)", "sum(weight)"),
    "jd_first": ("street_office_order", "count(*) filter (where resolved and not coalesce(reopened, false))", "count(*)"),
}
only = {"scjg_open": "unit_id = 'JN0042'", "ga_hz": "unit_id = 'JN0024'", "zf_o": "unit_id = 'JN0032'",
        "dw_dc": "category = 'party_department'", "jd_first": "category = 'subdistrict'"}
for metric, (name, above, below) in individual.items():
    own = con.execute("select unit_id, value::double from told where metric = ? and period = '2025' and value is not null", [metric]).fetchall()
    assert own, metric
    found = dict(con.execute(f"select _unit, coalesce({above}, 0)::double / ({below}) from {fact(name)} where {year} group by 1").fetchall())
    meant = {unit for (unit,) in con.execute(f"select unit_id from unit where {only[metric]}").fetchall()}
    for unit, value in own:
        assert unit in meant and abs(found[unit] - value) < 1e-9, (metric, unit, value, found.get(unit))
        agreed += 1
    strangers = con.execute("select count(*) from told where metric = ? and (unit_id is null or unit_id not in (select unit_id from unit where " + only[metric] + "))", [metric]).fetchone()
    assert strangers == (0,), (metric, strangers)
print(f"{agreed} values agree")
