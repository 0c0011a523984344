//! Which day, month, quarter or year do the names of files tell? Where no column of the rows does, that is what they
//! are about, and what keeps the next file from taking the place of this one.

use std::collections::BTreeSet;

use regex::Regex;

/// A way to write a period in a name: what it tells, its pattern, and the first day of it as an expression.
struct Way {
    tells: &'static str,
    pattern: &'static str,
    sql: &'static str,
}

const DAY: &str = r#""_year" || '-' || "_month" || '-' || "_day""#;
const MONTH: &str = r#""_year" || '-' || "_month" || '-01'"#;
const QUARTER: &str = r#""_year" || CASE WHEN "_quarter" IN ('1', '一') THEN '-01-01' WHEN "_quarter" IN ('2', '二') THEN '-04-01' WHEN "_quarter" IN ('3', '三') THEN '-07-01' ELSE '-10-01' END"#;

/// The first that all names have counts.
const WAYS: [Way; 7] = [
    Way {
        tells: "day",
        pattern: r"(?<year>20\d{2})年(?<month>1[0-2]|0?[1-9])月(?<day>[12]\d|3[01]|0?[1-9])日",
        sql: DAY,
    },
    Way {
        tells: "day",
        pattern: r"(?<year>20\d{2})[-_.]?(?<month>0[1-9]|1[0-2])[-_.]?(?<day>0[1-9]|[12]\d|3[01])",
        sql: DAY,
    },
    Way {
        tells: "quarter",
        pattern: r"(?<year>20\d{2})年?[-_.]?第?(?<quarter>[1-4一二三四])季度?",
        sql: QUARTER,
    },
    Way { tells: "quarter", pattern: r"(?<year>20\d{2})[-_.]?Q(?<quarter>[1-4])", sql: QUARTER },
    Way { tells: "month", pattern: r"(?<year>20\d{2})年(?<month>1[0-2]|0?[1-9])月", sql: MONTH },
    Way { tells: "month", pattern: r"(?<year>20\d{2})[-_.]?(?<month>0[1-9]|1[0-2])", sql: MONTH },
    Way { tells: "year", pattern: r"(?<year>20\d{2})年度?", sql: r#""_year" || '-01-01'"# },
];

/// What all names of some files tell.
pub(super) struct Told<'f> {
    /// `day`, `month`, `quarter` or `year`.
    pub(super) tells: &'static str,
    /// The pattern of what tells it, with named groups.
    pub(super) pattern: &'static str,
    /// Its first day, as an expression.
    pub(super) sql: &'static str,
    /// What stands before it in each name, and behind it.
    pub(super) around: [BTreeSet<&'f str>; 2],
}

/// What all of these names tell.
pub(super) fn told<'f>(files: &BTreeSet<&'f str>) -> Option<Told<'f>> {
    WAYS.iter().find_map(|way| {
        let pattern = Regex::new(way.pattern).ok()?;
        let mut around: [BTreeSet<&str>; 2] = Default::default();
        for name in files {
            let [before, _, behind] = parted(name, &pattern)?;
            let [befores, behinds] = &mut around;
            befores.insert(before);
            behinds.insert(behind);
        }
        Some(Told { tells: way.tells, pattern: way.pattern, sql: way.sql, around })
    })
}

/// What a name says of it: which of two files are about the same.
pub(super) fn said(name: &str, told: &Told<'_>) -> Option<String> {
    let [_, said, _] = parted(name, &Regex::new(told.pattern).ok()?)?;
    Some(said.to_owned())
}

/// A name before, in and behind what tells a period, which is no part of a longer number.
fn parted<'n>(name: &'n str, pattern: &Regex) -> Option<[&'n str; 3]> {
    let mut found = pattern.find_iter(name).filter_map(|found| {
        let (before, behind) = (name.get(..found.start())?, name.get(found.end()..)?);
        let is_longer = before.ends_with(|c: char| c.is_ascii_digit())
            || behind.starts_with(|c: char| c.is_ascii_digit());
        (!is_longer).then_some([before, found.as_str(), behind])
    });
    found.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_a_period_in_many_ways() {
        for (names, tells) in [
            (&["月报202601.xlsx", "月报202612.xlsx"][..], Some("month")),
            (&["2026-01 月报.csv"], Some("month")),
            (&["2026年1月月报.csv", "2026年12月月报.csv"], Some("month")),
            (&["roster_20260131.xlsx"], Some("day")),
            (&["2026年1月5日.xls"], Some("day")),
            (&["2025年第三季度.xlsx", "2025年4季度.xlsx"], Some("quarter")),
            (&["report-2025Q3.csv"], Some("quarter")),
            (&["2025年度考核.xlsx"], Some("year")),
            (&["月报202601.xlsx", "月报.xlsx"], None),
            (&["code_3304.csv"], None),
            (&["5202601.csv"], None),
            (&["202613.csv"], None),
        ] {
            let names: BTreeSet<&str> = names.iter().copied().collect();
            assert_eq!(told(&names).map(|told| told.tells), tells, "{names:?}");
        }
        let names = BTreeSet::from(["甲2026-01.csv", "甲2026-02（二）.csv"]);
        let told = told(&names).unwrap();
        assert_eq!(told.around, [BTreeSet::from(["甲"]), BTreeSet::from([".csv", "（二）.csv"])]);
        assert_eq!(said("甲2026-02（二）.csv", &told).as_deref(), Some("2026-02"));
    }
}
