//! Which day, month, quarter or year do the names of files tell? Where no column of the rows does, that is what they
//! are about, and what keeps the next file from taking the place of this one. Where they tell none, but count
//! something, that does.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use regex::Regex;

use crate::base::redact::numbers_of_people;

/// A way to write a period in a name: what it tells, its pattern, and the first day of it as an expression.
struct Way {
    tells: &'static str,
    pattern: &'static str,
    sql: &'static str,
}

const DAY: &str = r#""_year" || '-' || "_month" || '-' || "_day""#;
const MONTH: &str = r#""_year" || '-' || "_month" || '-01'"#;
const SHORT: &str = r#"'20' || "_year" || '-' || "_month" || '-01'"#;
const WORD: &str = r#""_year" || CASE WHEN "_month" = '一' THEN '-01-01' WHEN "_month" = '二' THEN '-02-01' WHEN "_month" = '三' THEN '-03-01' WHEN "_month" = '四' THEN '-04-01' WHEN "_month" = '五' THEN '-05-01' WHEN "_month" = '六' THEN '-06-01' WHEN "_month" = '七' THEN '-07-01' WHEN "_month" = '八' THEN '-08-01' WHEN "_month" = '九' THEN '-09-01' WHEN "_month" = '十' THEN '-10-01' WHEN "_month" = '十一' THEN '-11-01' ELSE '-12-01' END"#;
const QUARTER: &str = r#""_year" || CASE WHEN "_quarter" IN ('1', '一') THEN '-01-01' WHEN "_quarter" IN ('2', '二') THEN '-04-01' WHEN "_quarter" IN ('3', '三') THEN '-07-01' ELSE '-10-01' END"#;
const HALF: &str = r#""_year" || CASE WHEN "_half" = '上' THEN '-01-01' ELSE '-07-01' END"#;

/// The first that all names have counts. Of several months the last one does: the next report may begin in the same.
const WAYS: [Way; 14] = [
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
        tells: "day",
        pattern: r"(?<year>20\d{2})\.(?<month>1[0-2]|0?[1-9])\.(?<day>[12]\d|3[01]|0?[1-9])",
        sql: DAY,
    },
    Way {
        tells: "day",
        pattern: r"(?<year>20\d{2})-(?<month>1[0-2]|0?[1-9])-(?<day>[12]\d|3[01]|0?[1-9])",
        sql: DAY,
    },
    Way {
        tells: "half_year", pattern: r"(?<year>20\d{2})年?[-_.]?(?<half>[上下])半年", sql: HALF
    },
    Way {
        tells: "quarter",
        pattern: r"(?<year>20\d{2})年?[-_.]?第?(?<quarter>[1-4一二三四])季度?",
        sql: QUARTER,
    },
    Way { tells: "quarter", pattern: r"(?<year>20\d{2})[-_.]?Q(?<quarter>[1-4])", sql: QUARTER },
    Way {
        tells: "month",
        pattern: r"(?<year>20\d{2})[年.](?:1[0-2]|0?[1-9])月?[-—~～至到](?<month>1[0-2]|0?[1-9])月",
        sql: MONTH,
    },
    Way { tells: "month", pattern: r"(?<year>20\d{2})年(?<month>1[0-2]|0?[1-9])月", sql: MONTH },
    Way {
        tells: "month",
        pattern: r"(?<year>20\d{2})年(?<month>十[一二]?|[一二三四五六七八九])月",
        sql: WORD,
    },
    Way { tells: "month", pattern: r"(?<year>20\d{2})[-.](?<month>1[0-2]|0?[1-9])", sql: MONTH },
    Way { tells: "month", pattern: r"(?<year>20\d{2})[-_.]?(?<month>0[1-9]|1[0-2])", sql: MONTH },
    Way { tells: "month", pattern: r"(?<year>[2-4]\d)年(?<month>1[0-2]|0?[1-9])月", sql: SHORT },
    Way { tells: "year", pattern: r"(?<year>20\d{2})年度?", sql: r#""_year" || '-01-01'"# },
];

/// What tells one file from the next in all names of some files.
pub(super) struct Told {
    /// `day`, `month`, `quarter`, `half_year` or `year`; `no` of names that count something else.
    pub(super) tells: &'static str,
    /// The pattern of the names, with named groups for what tells it.
    pub(super) pattern: String,
    /// Its first day, or what is counted, as an expression.
    pub(super) sql: &'static str,
    /// Whether no two names tell the same.
    pub(super) is_alone: bool,
}

/// What all of these names tell; none where the files of another table would be among them.
pub(super) fn told(files: &BTreeSet<&str>, others: &BTreeSet<String>) -> Option<Told> {
    let told = WAYS.iter().find_map(|way| by(way, files)).or_else(|| counted(files))?;
    let held = Regex::new(&format!("^(?:{})$", told.pattern)).ok()?;
    let is_other = others.iter().any(|other| held.is_match(other));
    (!is_other && files.iter().all(|name| held.is_match(name))).then_some(told)
}

/// A period, beside which nothing goes on counting: what a second number means is not known.
fn by(way: &Way, files: &BTreeSet<&str>) -> Option<Told> {
    let pattern = Regex::new(way.pattern).ok()?;
    let parts: Option<Vec<[&str; 2]>> = files.iter().map(|name| around(name, &pattern)).collect();
    let parts = parts?;
    // A week, or a month in words that nobody knows, is no year.
    let is_less =
        |text: &str| text.contains(|c: char| c.is_ascii_digit() || "月季周旬半".contains(c));
    if way.tells == "year" && parts.iter().any(|[_, behind]| is_less(behind)) {
        return None;
    }
    let before: BTreeSet<&str> = parts.iter().map(|[before, _]| *before).collect();
    let behind: BTreeSet<&str> = parts.iter().map(|[_, behind]| *behind).collect();
    Some(Told {
        tells: way.tells,
        pattern: format!("{}{}{}", any_of(&before), way.pattern, any_of(&behind)),
        sql: way.sql,
        is_alone: before.len() == 1 && behind.len() == 1,
    })
}

fn any_of(texts: &BTreeSet<&str>) -> String {
    let texts: BTreeSet<String> = texts.iter().map(|text| nameless(text)).collect();
    let texts: Vec<String> = texts.into_iter().collect();
    if texts.len() > 1 { format!("(?:{})", texts.join("|")) } else { texts.concat() }
}

/// A pattern of a text that has no number of a person in it.
pub(super) fn nameless(text: &str) -> String {
    let (mut pattern, mut from) = (String::new(), 0);
    for number in numbers_of_people(text) {
        pattern += &regex::escape(text.get(from..number.start).unwrap_or_default());
        pattern += "[-+0-9Xx ]+";
        from = number.end;
    }
    pattern + &regex::escape(text.get(from..).unwrap_or_default())
}

/// A name before and behind what tells a period, which is no part of a longer number.
fn around<'n>(name: &'n str, pattern: &Regex) -> Option<[&'n str; 2]> {
    let mut found = pattern.find_iter(name).filter_map(|found| {
        let (before, behind) = (name.get(..found.start())?, name.get(found.end()..)?);
        let is_longer = before.ends_with(|c: char| c.is_ascii_digit())
            || behind.starts_with(|c: char| c.is_ascii_digit());
        (!is_longer).then_some([before, behind])
    });
    found.next()
}

/// What a name says of it: which of two files are about the same.
pub(super) fn said(name: &str, told: &Told) -> Option<String> {
    let pattern = Regex::new(&format!("^(?:{})$", told.pattern)).ok()?;
    let found = pattern.captures(name)?;
    let groups: Vec<&str> = found.iter().skip(1).flatten().map(|group| group.as_str()).collect();
    Some(groups.join("-"))
}

/// What names count: of names of one form the numbers, of several forms the whole name. Numbers of people count nothing.
fn counted(files: &BTreeSet<&str>) -> Option<Told> {
    let forms = forms(files);
    let is_a_person = |name: &&str| !numbers_of_people(name).is_empty();
    if forms.iter().all(|[_, counted, _]| counted.is_empty()) || files.iter().any(is_a_person) {
        return None;
    }
    let pattern = match forms.as_slice() {
        [[before, counted, behind]] => format!("{before}(?<no>{counted}){behind}"),
        _ => format!("(?<no>{})", counting(files)),
    };
    Some(Told { tells: "no", pattern, sql: r#""_no""#, is_alone: true })
}

/// A pattern of names in which what they count goes on counting.
pub(super) fn counting(names: &BTreeSet<&str>) -> String {
    forms(names).iter().map(|form| form.concat()).collect::<Vec<_>>().join("|")
}

/// The forms of names, each as patterns of what stands before its numbers, of them, and of what stands behind.
fn forms(names: &BTreeSet<&str>) -> Vec<[String; 3]> {
    let Ok(digits) = Regex::new(r"\d+") else { return Vec::new() };
    let mut forms: BTreeMap<Vec<String>, Vec<Vec<usize>>> = BTreeMap::new();
    for name in names {
        let between = digits.split(name).map(regex::escape).collect();
        let runs = digits.find_iter(name).map(|run| run.len()).collect();
        forms.entry(between).or_default().push(runs);
    }
    forms.iter().map(|(between, runs)| form(between, runs)).collect()
}

fn form(between: &[String], runs: &[Vec<usize>]) -> [String; 3] {
    let mut parts = between.iter();
    let before = parts.next().cloned().unwrap_or_default();
    let (mut counted, mut behind) = (String::new(), String::new());
    for (at, part) in parts.enumerate() {
        let lengths: BTreeSet<usize> =
            runs.iter().filter_map(|runs| runs.get(at)).copied().collect();
        counted.push_str(&behind);
        match (lengths.len(), lengths.first().copied()) {
            // The digits of a day or a month are as many next time; a mere count may grow.
            (1, Some(length @ 4..)) => counted.extend([format!("\\d{{{length}}}")]),
            _ => counted.push_str("\\d+"),
        }
        behind.clone_from(part);
    }
    [before, counted, behind]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Option<Told> {
        told(&names.iter().copied().collect(), &BTreeSet::new())
    }

    #[test]
    fn names_tell_a_period_in_many_ways() {
        for (names, tells) in [
            (&["月报202601.xlsx", "月报202612.xlsx"][..], Some("month")),
            (&["2026-01 月报.csv"], Some("month")),
            (&["2026年1月月报.csv", "2026年12月月报.csv"], Some("month")),
            (&["2026.3办件.csv", "2026.12办件.csv"], Some("month")),
            (&["2026-3月报.csv"], Some("month")),
            (&["月报26年3月.csv"], Some("month")),
            (&["2026年三月.csv", "2026年十一月.csv"], Some("month")),
            (&["2026年1-3月.csv", "2026年1月至6月.csv"], Some("month")),
            (&["roster_20260131.xlsx"], Some("day")),
            (&["2026年1月5日.xls"], Some("day")),
            (&["2026.1.5.xls"], Some("day")),
            (&["2026年上半年.xlsx", "2025下半年.xlsx"], Some("half_year")),
            (&["2025年第三季度.xlsx", "2025年4季度.xlsx"], Some("quarter")),
            (&["report-2025Q3.csv"], Some("quarter")),
            (&["2025年度考核.xlsx"], Some("year")),
            (&["2026年第10周.csv"], Some("no")),
            (&["3月月报.csv"], Some("no")),
            (&["月报202601.xlsx", "月报.xlsx"], Some("no")),
            (&["code_3304.csv"], Some("no")),
            (&["5202601.csv"], Some("no")),
            (&["202613.csv"], Some("no")),
            (&["预算甲.csv", "预算乙.csv"], None),
            (&["甲519902198506061051.csv"], None),
            (&["甲13800134005.csv", "乙2.csv"], None),
        ] {
            assert_eq!(of(names).map(|told| told.tells), tells, "{names:?}");
        }
    }

    #[test]
    fn nothing_beside_a_period_goes_on_counting() {
        let told = of(&["甲2026-01.csv", "甲2026-02（二）.csv"]).unwrap();
        assert!(told.pattern.ends_with(r"(?:\.csv|（二）\.csv)") && !told.is_alone);
        assert_eq!(said("甲2026-02（二）.csv", &told).as_deref(), Some("2026-02"));
        let told = of(&["甲519902198506061051_2026-01.csv"]).unwrap();
        assert!(told.pattern.starts_with(r"甲[-+0-9Xx ]+_(?<year>"), "{}", told.pattern);
        assert_eq!(said("甲51990219850606105X_2026-02.csv", &told).as_deref(), Some("2026-02"));
        let told = of(&["附件2：2026年1月.csv"]).unwrap();
        assert!(told.pattern.starts_with("附件2：") && told.is_alone, "{}", told.pattern);
        let told = of(&["2026年第10周（2）.csv"]).unwrap();
        assert_eq!(told.pattern, r"(?<no>\d{4}年第\d+周（\d+)）\.csv");
        let told = of(&["3月月报.csv", "4月月报（更正）.csv"]).unwrap();
        assert_eq!(told.pattern, r"(?<no>\d+月月报\.csv|\d+月月报（更正）\.csv)");
        assert_eq!(said("3月月报.csv", &told).as_deref(), Some("3月月报.csv"));
    }
}
