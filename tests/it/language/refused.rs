//! What is refused, where, and what is said to do instead?

use shuping::base::messages::Lang;

use super::thing;

const FIELDS: &thing::Fields = &[
    ("thing_id", "string"),
    ("unit_id", "string"),
    ("name", "string"),
    ("hours", "number 2"),
    ("count", "integer"),
    ("ok", "boolean"),
    ("came_on", "date"),
    ("came_at", "datetime"),
];

/// A pipeline whose measure stands on line 14 and its derived column on line 10.
fn pipeline(derive: &str, measure: &str) -> String {
    format!(
        "format = 1\ntitle = \"Things\"\n\n[[fact]]\nname = \"thing\"\ntable = \"thing\"\nkind = \"event\"\n\
         time = \"came_on\"\n[fact.derive]\nderived = '''{derive}'''\n[[measure]]\nname = \"m\"\nfact = \"thing\"\n\
         sql = '''{measure}'''\nmeasured_in = \"things\"\n"
    )
}

/// What is said of a measure.
fn said(derive: &str, measure: &str) -> Vec<String> {
    let read = thing::read(FIELDS, &pipeline(derive, measure));
    let faults = read.err().unwrap_or_default();
    faults.iter().map(|fault| fault.render(Lang::En)).collect()
}

/// A measure, the place inside it, the code, and what the message and its hint say.
const REFUSED: &[(&str, &str, &str, &str, &str)] = &[
    ("SUM(hours) / SUM(count)", "1:1", "H034", "one aggregate", "value = \"a / b\""),
    (
        "SUM(hours) / SUM(count)",
        "1:1",
        "H034",
        "one aggregate",
        "a = `SUM(hours)`, b = `SUM(count)`",
    ),
    ("(MAX(hours) - MIN(hours)) * 2", "1:2", "H034", "one aggregate", "value = \"(a - b) * 2\""),
    ("COALESCE(SUM(hours), 0)", "1:1", "H034", "one aggregate", ""),
    ("AVG(SUM(hours))", "1:5", "H036", "aggregate SUM stands inside", "a metric combines measures"),
    ("COUNT(*) FILTER (WHERE MAX(hours) > 1)", "1:24", "H036", "aggregate MAX", ""),
    ("hours", "1:1", "H035", "column `hours` stands outside", "SUM(hours)"),
    ("SUM(hours)\n + count", "2:4", "H035", "column `count` stands outside", ""),
    ("SUM(hours) OVER ()", "1:1", "H037", "SUM with OVER", ""),
    ("COUNT(*) FILTER (WHERE count IN (SELECT 1))", "1:24", "H038", "a subquery", "`exists`"),
    ("ROUND(SUM(hours), 2)", "1:1", "H032", "function `ROUND`", "ABS, AGE"),
    ("SUM(ROUND(hours))", "1:5", "H032", "function `ROUND`", ""),
    ("SUM(hour) + SUM(hours)", "1:1", "H034", "one aggregate", ""),
    ("SUM(hour)", "1:5", "H031", "`hour` is not a column", "did you mean `hours`?"),
    ("SUM(hours) FROM f", "1:12", "H030", "unexpected FROM", ""),
    ("SUM(hours", "1:10", "H030", "Expected: )", ""),
    ("7", "1:1", "H033", "no aggregate", "COUNT(*)"),
    ("SUM(name)", "1:5", "H039", "`SUM` takes integer/number, not string", ""),
    ("MIN(came_on)", "1:5", "H039", "`MIN` takes integer/number, not date", ""),
    ("SUM(hours + ok)", "1:5", "H039", "`+` takes integer/number, not boolean", ""),
    (
        "COUNT(*) FILTER (WHERE hours LIKE '1%')",
        "1:24",
        "H039",
        "`LIKE` takes string, not number",
        "",
    ),
    (
        "COUNT(*) FILTER (WHERE ok AND came_on >= '2026-01-15')",
        "1:31",
        "H039",
        "`>=` takes date, not string",
        "DATE '2026-01-15'",
    ),
    (
        "COUNT(*) FILTER (WHERE came_at > came_on)",
        "1:24",
        "H039",
        "`>` takes datetime, not date",
        "",
    ),
    ("COUNT(*) FILTER (WHERE count)", "1:24", "H039", "`FILTER` takes boolean, not integer", ""),
    ("COUNT(*) FILTER (WHERE derived)", "1:24", "H039", "`FILTER` takes boolean, not integer", ""),
    ("SUM(HOURS_BETWEEN(came_on, came_at))", "1:5", "H039", "takes datetime, not date", ""),
    ("SUM(LENGTH(count))", "1:5", "H039", "`LENGTH` takes string, not integer", ""),
    (
        "SUM(CASE WHEN ok THEN 1 ELSE 'x' END)",
        "1:5",
        "H039",
        "`CASE` takes integer, not string",
        "",
    ),
    (
        "COUNT(*) FILTER (WHERE count IN (1, 'x'))",
        "1:24",
        "H039",
        "`IN` takes integer, not string",
        "",
    ),
    ("SUM(DISTINCT hours)", "1:1", "H030", "DISTINCT belongs to COUNT", ""),
    ("SUM(hours, 2)", "1:1", "H030", "SUM takes 1 arguments, not 2", ""),
    ("QUANTILE(hours, 2)", "1:17", "H030", "a share between 0 and 1", ""),
    ("SUM(ABS(hours) FILTER (WHERE ok))", "1:30", "H030", "FILTER belongs to aggregates", ""),
    ("SUM(1e3)", "1:5", "H030", "not a plain decimal", ""),
    ("COUNT(*) FILTER (WHERE came_on = DATE '2026-02-30')", "1:39", "H030", "DATE takes a day", ""),
    ("COUNT(*) FILTER (WHERE SUBSTR(name, 0, 2) = 'x')", "1:37", "H030", "a number from 1 on", ""),
];

/// What SQL knows and we do not: dropped, it would change the number without a word.
const UNHEEDED: &[(&str, &str, &str, &str)] = &[
    ("COUNT(name LIMIT 1)", "1:18", "H210", "COUNT heeds no `LIMIT 1`"),
    ("SUM(hours ORDER BY count)", "1:20", "H210", "SUM heeds no `ORDER BY count`"),
    ("COUNT(name HAVING MAX hours)", "1:23", "H210", "COUNT heeds no `HAVING MAX hours`"),
    ("COUNT(name WHERE ok)", "1:18", "H210", "COUNT heeds no `WHERE ok`"),
    ("COUNT(name SEPARATOR ',')", "1:22", "H210", "COUNT heeds no `SEPARATOR ','`"),
    ("COUNT(name NULL ON NULL)", "1:1", "H210", "COUNT heeds no `NULL ON NULL`"),
    ("COUNT(name) IGNORE NULLS", "1:1", "H210", "COUNT heeds no `IGNORE NULLS`"),
    ("COUNT(name IGNORE NULLS)", "1:1", "H210", "COUNT heeds no `IGNORE NULLS`"),
    ("SUM(hours)(count)", "1:1", "H210", "SUM heeds no `(hours)`"),
    ("SUM(ALL hours)", "1:1", "H210", "SUM heeds no `ALL`"),
    ("SUM(hours) WITHIN GROUP (ORDER BY count)", "1:35", "H210", "SUM heeds no `WITHIN GROUP`"),
    ("SUM({fn ABS(hours)})", "1:9", "H210", "ABS heeds no `{fn …}`"),
    ("SUM(ABS(hours ORDER BY hours))", "1:24", "H210", "ABS heeds no `ORDER BY hours`"),
    ("SUM(GREATEST(DISTINCT hours, 3))", "1:5", "H030", "DISTINCT belongs to COUNT"),
    ("COUNT(*) FILTER (WHERE name LIKE 'a!%' ESCAPE '!')", "1:34", "H030", "LIKE takes one string"),
    ("COUNT(*) FILTER (WHERE name LIKE ANY ('a', 'b'))", "1:39", "H030", "LIKE takes one string"),
    ("COUNT(*) FILTER (WHERE name ILIKE 'a')", "1:24", "H030", "`name ILIKE 'a'` is not in"),
    ("COUNT(*) FILTER (WHERE name SIMILAR TO 'a')", "1:24", "H030", "is not in the measure"),
    ("COUNT(*) FILTER (WHERE count GLOBAL IN (1))", "1:30", "H030", "found: GLOBAL"),
    ("COUNT(*) FILTER (WHERE count IS DISTINCT FROM 1)", "1:24", "H030", "is not in the measure"),
    ("COUNT(*) FILTER (WHERE came_on = {d '2026-01-15'})", "1:37", "H030", "is not in the measure"),
    ("COUNT(*) FILTER (WHERE came_on > INTERVAL '1' DAY)", "1:43", "H030", "is not in the measure"),
    ("SUM(CASE count WHEN 1 THEN 2 END)", "1:5", "H030", "is not in the measure language"),
    ("SUM(CAST(hours AS INTEGER))", "1:10", "H030", "is not in the measure language"),
    ("SUM(hours::INTEGER)", "1:5", "H030", "is not in the measure language"),
    ("SUM(EXTRACT(YEAR FROM came_on))", "1:23", "H030", "is not in the measure language"),
    ("SUM(LENGTH(TRIM(LEADING 'a' FROM name)))", "1:25", "H030", "is not in the measure language"),
    ("SUM(LENGTH(SUBSTRING(name FOR 2)))", "1:22", "H030", "is not in the measure language"),
    ("SUM(FLOOR(hours TO DAY))", "1:11", "H030", "is not in the measure language"),
    ("SUM(CEIL(hours, 1))", "1:10", "H030", "is not in the measure language"),
    ("SUM(+hours)", "1:6", "H030", "`+hours` is not in the measure language"),
    ("SUM(3L)", "1:5", "H030", "`3L` is not in the measure language"),
    ("COUNT(* EXCLUDE name)", "1:1", "H030", "is not an expression"),
    ("\"COUNT\"(name)", "1:1", "H032", "function `\"COUNT\"`"),
    ("main.COUNT(name)", "1:1", "H032", "function `MAIN.COUNT`"),
];

#[test]
fn nothing_that_would_change_the_number_is_dropped_without_a_word() {
    for (measure, at, code, message) in UNHEEDED {
        let said = said("count % 7", measure).join("\n");
        let place = format!("measure.m.sql: at {at}: ");
        for part in [&*place, &format!("[{code}]"), message] {
            assert!(said.contains(part), "`{part}` is missing for `{measure}` in\n{said}");
        }
    }
}

/// Other words for the same are no other number: they stay.
#[test]
fn what_only_writes_the_same_otherwise_is_taken() {
    for measure in [
        "SUM(\"hours\")",
        "((SUM((hours))))",
        "COUNT(*) FILTER (WHERE SUBSTRING(name FROM 1 FOR 2) = 'ab' AND SUBSTR(name, 1, 2) = 'ab')",
        "COUNT(*) FILTER (WHERE name IS NOT NULL AND NOT ok IS UNKNOWN) -- as it is",
    ] {
        assert_eq!(said("count % 7", measure), Vec::<String>::new(), "{measure}");
    }
}

/// Formulas look at the same parts of a call.
/// An engine works an expression out by recursion: what would end its stack is refused before, and what is merely long
/// is not.
#[test]
fn what_goes_too_deep_is_refused_and_what_is_only_long_is_not() {
    let chain = |operator: &str, times: usize| vec!["count"; times].join(operator);
    let whens = |times: usize| format!("CASE {} END", "WHEN count > 1 THEN 2 ".repeat(times));
    let sums = (0..8).map(|_| chain(" + ", 60)).collect::<Vec<_>>().join(", ");
    let wide = format!("COALESCE({sums})");
    let text = format!("CASE WHEN name = '{}' THEN 1 END", "x + ".repeat(50_000));
    for taken in [chain(" + ", 64), chain(" * ", 64), whens(60), wide, text] {
        assert_eq!(said("TRUE", &format!("SUM({taken})")), Vec::<String>::new());
    }
    let ands = vec!["ok"; 3000].join(" AND ");
    let ands = format!("CASE WHEN {ands} THEN 1 END");
    let values = vec!["1"; 10_000].join(", ");
    let listed = format!("CASE WHEN count IN ({values}) THEN 1 END");
    let nested = format!("{}count{}", "(1 + ".repeat(500), ")".repeat(500));
    let deep = format!("{}count{}", "(".repeat(100_000), ")".repeat(100_000));
    let sums = [chain(" + ", 70), chain(" / ", 5000), whens(100)];
    for refused in sums.into_iter().chain([ands, listed, nested, deep]) {
        let said = said("TRUE", &format!("SUM({refused})"));
        let [fault] = said.as_slice() else { panic!("{} faults", said.len()) };
        let is_placed = fault.contains(": at 1:") && fault.contains("H030");
        assert!(is_placed && fault.contains("goes on for more than"), "{fault:.300}");
    }
}

#[test]
fn a_formula_drops_nothing_either() {
    for (formula, at, code, message) in [
        ("PREV(m LIMIT 3)", "1:14", "H210", "PREV heeds no `LIMIT 3`"),
        ("GREATEST(DISTINCT m, 3)", "1:1", "H210", "GREATEST heeds no `DISTINCT`"),
        ("GREATEST(ALL m, 3)", "1:1", "H210", "GREATEST heeds no `ALL`"),
        ("PREV(m) FILTER (WHERE m)", "1:9", "H030", "unexpected FILTER"),
        ("YTD(m) IGNORE NULLS", "1:1", "H210", "YTD heeds no `IGNORE NULLS`"),
        ("PREV(m ORDER BY m)", "1:17", "H210", "PREV heeds no `ORDER BY m`"),
        ("SUM(m OVER sections) WITHIN GROUP (ORDER BY m)", "1:45", "H210", "no `WITHIN GROUP`"),
        ("HOOVER(m / m OVER sections, 1, 2)", "1:1", "H030", "a limit at most"),
        ("HOOVER(m / PREV(m LIMIT 3) OVER sections)", "1:25", "H210", "PREV heeds no `LIMIT 3`"),
        ("3L * m", "1:1", "H030", "`3L` is not a number"),
        ("MEDIAN(m)", "1:1", "H025", "function `MEDIAN`"),
    ] {
        let metric = format!(
            "[[metric]]\nname = \"x\"\ntitle = \"x\"\nvalue = \"{formula}\"\nmeasured_in = \"1\"\n\
             grain = [\"unit\"]\nperiod = [\"month\"]\nbasis = \"DOMAIN\"\nmeans = \"x\"\n"
        );
        let read = thing::read(FIELDS, &(pipeline("count", "COUNT(*)") + &metric));
        let faults = read.err().unwrap_or_default();
        let said: Vec<String> = faults.iter().map(|fault| fault.render(Lang::En)).collect();
        let said = said.join("\n");
        let place = format!("value: at {at}: ");
        for part in [&*place, &format!("[{code}]"), message] {
            assert!(said.contains(part), "`{part}` is missing for `{formula}` in\n{said}");
        }
    }
}

#[test]
fn a_refusal_names_file_line_column_place_reason_and_what_to_do() {
    for (measure, at, code, message, hint) in REFUSED {
        let said = said("count % 7", measure).join("\n");
        let place = format!("pipelines/things.toml:14:7  measure.m.sql: at {at}: ");
        for part in [&*place, &format!("[{code}]"), message, hint] {
            assert!(said.contains(part), "`{part}` is missing for `{measure}` in\n{said}");
        }
    }
}

#[test]
fn every_column_that_is_not_there_is_told_at_once() {
    let said = said("count", "SUM(hous) FILTER (WHERE okay AND hous BETWEEN 1 AND 2)");
    assert_eq!(said.len(), 3, "{said:#?}");
    for (fault, place) in said.iter().zip(["at 1:25: `okay`", "at 1:34: `hous`", "at 1:5: `hous`"])
    {
        assert!(said.iter().any(|fault| fault.contains(place)), "{place}: {fault}");
    }
}

#[test]
fn a_derived_column_has_the_kind_of_its_expression_and_only_those_above_it_are_there() {
    assert_eq!(said("hours / 3", "SUM(derived * 2)"), Vec::<String>::new());
    let text = said("MONTH_OF(came_at)", "SUM(derived)").join("\n");
    assert!(text.contains("`SUM` takes integer/number, not string"), "{text}");
    let itself = said("derived + 1", "COUNT(*)").join("\n");
    let place = "pipelines/things.toml:10:11  fact.thing.derive.derived: at 1:1: `derived` is not";
    assert!(itself.contains(place), "{itself}");
}

/// The other tongue says the same.
#[test]
fn a_refusal_is_told_in_chinese_too() {
    let faults = thing::read(FIELDS, &pipeline("count", "SUM(name)")).unwrap_err();
    let said = faults[0].render(Lang::Zh);
    assert!(said.contains("第 1:5 处:`SUM` 须为 integer/number,而非 string"), "{said}");
}
