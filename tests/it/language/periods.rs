//! What is a formula worth in another period, over nothing, and over a thin base?

use jiff::civil::Date;
use jiff::civil::date;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::base::period::Month;
use shuping::base::period::Period;
use shuping::measure::evaluate::rounded;
use shuping::spec::formula::Exact;

use super::thing;

const FIELDS: &thing::Fields = &[
    ("thing_id", "string"),
    ("unit_id", "string"),
    ("section_id", "string"),
    ("counted_on", "date"),
    ("name", "string"),
    ("hours", "integer"),
];

const MEASURES: &[(&str, &str)] = &[
    ("things", "COUNT(*)"),
    ("names", "COUNT(DISTINCT name)"),
    ("longest", "MAX(hours)"),
    ("hours", "SUM(hours)"),
    ("hours_mean", "AVG(hours)"),
    ("none", "COUNT(*) FILTER (WHERE FALSE)"),
    ("middle_of_none", "MEDIAN(hours) FILTER (WHERE FALSE)"),
];

/// Metrics of things: name, formula, and further keys.
const METRICS: &[(&str, &str, &str)] = &[
    ("told", "things", ""),
    ("names_told", "names", ""),
    ("longest_told", "longest", ""),
    ("mean_told", "hours_mean", ""),
    ("before", "PREV(things)", ""),
    ("to_date", "YTD(things)", ""),
    ("year_before", "YOY(things)", ""),
    ("change", "things / YOY(things) - 1", ""),
    ("change_before", "PREV(change)", ""),
    ("twice_before", "PREV(PREV(things))", ""),
    ("moved", "HOOVER(things / PREV(things) OVER sections)", ""),
    ("share_before", "SHARE_OF_UNIT(PREV(things))", ""),
    ("over_nothing", "things / none", ""),
    ("over_nothing_deep", "1 + over_nothing", ""),
    ("part_missing", "middle_of_none / things", ""),
    ("third", "things / (3 * things)", "min_base = { base = \"things\", at_least = 4 }"),
    ("needy", "things", "need = { base = \"things\", at_least = 4 }"),
];

fn pipeline() -> String {
    let head = "format = 1\ntitle = \"Things\"\n[[fact]]\nname = \"f\"\ntable = \"thing\"\n\
                    kind = \"event\"\ntime = \"counted_on\"\nsection = \"section_id\"\n"
        .to_owned();
    let measure = |(name, sql): &(&str, &str)| {
        format!(
            "[[measure]]\nname = \"{name}\"\nfact = \"f\"\nsql = \"{sql}\"\nmeasured_in = \"1\"\n"
        )
    };
    let metric = |(name, value, more): &(&str, &str, &str)| {
        format!(
            "[[metric]]\nname = \"{name}\"\ntitle = \"{name}\"\nvalue = \"{value}\"\nmeasured_in = \"1\"\n\
             grain = [\"unit\", \"section\"]\nperiod = [\"month\", \"quarter\", \"year\", \"ytd\", \"trailing_12m\"]\n\
             basis = \"test\"\nmeans = \"test\"\n{more}\n"
        )
    };
    let measures: String = MEASURES.iter().map(measure).collect();
    let metrics: String = METRICS.iter().map(metric).collect();
    head + &measures + &metrics
}

const TOLD: Date = date(2025, 4, 10);

/// In month k since January 2024, k + 1 things in section s1, and one in s2 of every third month. Things of
/// a month are named a, b, c … and last their number.
fn figures() -> thing::Figures {
    let catalog = thing::read(FIELDS, &pipeline()).unwrap();
    let text = |text: String| Some(Cell::Text(text));
    let mut rows: Vec<CellRow> = Vec::new();
    for (k, month) in Month::of(date(2024, 1, 1)).through(Month::of(TOLD)).enumerate() {
        let many = (0..=k).map(|at| ("s1", at)).chain((k % 3 == 0).then_some(("s2", 0)));
        for (section, at) in many {
            let at = i64::try_from(at).unwrap();
            rows.push(vec![
                text(format!("{month}-{section}-{at}")),
                text("U1".to_owned()),
                text(section.to_owned()),
                Some(Cell::Day(month.first())),
                text(format!("name{at}")),
                Some(Cell::Whole(at)),
            ]);
        }
    }
    thing::told(&catalog, &thing::rows(&catalog, &rows), &["U1"], TOLD)
}

type Figure = (&'static str, String, Option<Exact>);

fn of<'f>(figures: &'f thing::Figures, metric: &str, section: &str, period: &str) -> &'f Figure {
    let key = [metric, "U1", section, period].map(str::to_owned);
    let [metric, unit, section, period] = key;
    let key = (metric, unit, section, period);
    figures.get(&key).unwrap_or_else(|| panic!("nothing is told of {key:?}"))
}

/// The things of section s1 in a period, by the rule of the rows.
fn things(period: &str) -> Exact {
    let period: Period = period.parse().unwrap();
    let first = Month::of(date(2024, 1, 1)).index();
    let known = period.months().filter(|month| *month <= Month::of(TOLD));
    known.map(|month| Exact::from(i128::from(month.index() - first + 1))).sum()
}

#[test]
fn a_formula_asks_the_period_before_the_year_to_date_and_the_year_before() {
    let figures = figures();
    let value = |metric, period| of(&figures, metric, "s1", period).2;
    for (period, other) in [
        ("2024-02", "2024-01"),
        ("2025-01", "2024-12"),
        ("2024Q2", "2024Q1"),
        ("2025Q1", "2024Q4"),
        ("ytd:2025-02", "ytd:2024-02"),
    ] {
        assert_eq!(value("before", period), Some(things(other)), "PREV in {period}");
    }
    for (period, other) in
        [("2025-03", "2024-03"), ("2025Q1", "2024Q1"), ("ytd:2025-02", "ytd:2024-02")]
    {
        let before = things(other);
        assert_eq!(value("year_before", period), Some(before), "YOY in {period}");
        let change = things(period) / before - Exact::from(1);
        assert_eq!(value("change", period), Some(change), "the change in {period}");
    }
    // What has happened until 10 April is not held against a whole year.
    for metric in ["before", "year_before", "change"] {
        for period in ["2025", "2025Q2", "2025-04", "ytd:2025-04"] {
            let (_, reason, value) = of(&figures, metric, "s1", period);
            assert_eq!((reason.clone(), *value), (format!("not_whole {period}"), None), "{metric}");
        }
    }
    for (period, other) in [
        ("2025-03", "ytd:2025-03"),
        ("2024Q2", "ytd:2024-06"),
        ("2024", "2024"),
        ("ytd:2025-02", "ytd:2025-02"),
        ("ttm:2025-02", "ytd:2025-02"),
    ] {
        assert_eq!(value("to_date", period), Some(things(other)), "YTD in {period}");
    }
    // Metrics, parts and other periods in one.
    assert_eq!(value("twice_before", "2024-03"), Some(things("2024-01")));
    assert_eq!(value("change_before", "2025-02"), value("change", "2025-01"));
    let share = things("2024Q1") / (things("2024Q1") + Exact::from(1));
    assert_eq!(value("share_before", "2024Q2"), Some(share));
    // s1 grew from 6 to 15, s2 stayed at 1: |15/16 − 6/7|.
    let moved = of(&figures, "moved", "", "2024Q2").2;
    assert_eq!(moved, Some(Exact::new(15, 16) - Exact::new(6, 7)));
}

#[test]
fn a_period_that_is_not_known_whole_gives_no_value_and_is_named() {
    let figures = figures();
    for (metric, period, other) in [
        ("before", "2024-01", "2023-12"),
        ("before", "2024Q1", "2023Q4"),
        ("before", "2024", "2023"),
        ("before", "ttm:2025-03", "ttm:2024-03"),
        ("year_before", "2024-12", "2023-12"),
        ("change", "2024-12", "2023-12"),
        ("twice_before", "2024-02", "2023-12"),
        ("change_before", "2025-01", "2023-12"),
    ] {
        let expected = ("no_data", format!("not_whole {other}"), None);
        assert_eq!(*of(&figures, metric, "", period), expected, "{metric} in {period}");
    }
}

#[test]
fn what_is_divided_by_zero_is_told_apart_from_what_misses_a_part() {
    let figures = figures();
    let is = |metric, status, reason: &str| {
        assert_eq!(*of(&figures, metric, "", "2024Q1"), (status, reason.to_owned(), None));
    };
    is("over_nothing", "no_data", "zero_denominator");
    is("over_nothing_deep", "no_data", "zero_denominator");
    is("part_missing", "no_data", "no_value");
    let needy = ("no_data", "below".to_owned(), None);
    assert_eq!(*of(&figures, "needy", "", "2024-01"), needy);
}

#[test]
fn a_thin_base_is_few_and_nothing_is_rounded_before_it_is_shown() {
    let figures = figures();
    let third = Some(Exact::new(1, 3));
    assert_eq!(*of(&figures, "third", "", "2024-01"), ("few", String::new(), third));
    assert_eq!(*of(&figures, "third", "", "2024-12"), ("ok", String::new(), third));
    let half = Exact::new(5, 1000);
    assert_eq!((rounded(half, 2), rounded(-half, 2), rounded(half, 3)), (1, -1, 5));
}

#[test]
fn values_of_a_quarter_and_of_a_unit_are_told_from_all_of_its_rows() {
    let figures = figures();
    let told = |metric, section, period| of(&figures, metric, section, period).2.unwrap();
    let months = ["2024-04", "2024-05", "2024-06"];
    let sum = |metric| months.iter().map(|month| told(metric, "", month)).sum::<Exact>();
    // Four, five and six names, the same each month.
    assert_eq!((told("names_told", "", "2024Q2"), sum("names_told")), (6.into(), 15.into()));
    assert_eq!(told("longest_told", "", "2024Q2"), 5.into());
    // A name of s2 is one of s1, too.
    assert_eq!(told("names_told", "s2", "2024Q2"), 1.into());
    // 0+1+2+3, 0+…+4, 0+…+5, and 0 of s2, over 16 rows; no mean of means.
    assert_eq!(told("mean_told", "", "2024Q2"), Exact::new(31, 16));
    assert_ne!(sum("mean_told") / Exact::from(3), Exact::new(31, 16));
    // What is a sum is the sum of its months.
    assert_eq!(told("told", "", "2024Q2"), sum("told"));
    let catalog = thing::read(FIELDS, &pipeline()).unwrap();
    let additive = catalog.measures().filter(|m| m.aggregate.kind.is_additive());
    let additive: Vec<&str> = additive.map(|measure| measure.name.as_str()).collect();
    assert_eq!(additive, ["things", "hours", "none"]);
}
