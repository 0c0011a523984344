//! What was planted where, and what should come of it?

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

/// One planted flaw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planted {
    /// Its number in the list of flaws.
    pub(super) flaw: &'static str,
    /// The system and stream.
    pub(super) stream: &'static str,
    /// Where it stands, as a person would find it.
    pub(super) key: String,
}

/// What is expected of each flaw.
const EXPECTED: [(&str, &str); 44] = [
    ("F01", "full-width digits and x in an ID: NFKC, one person"),
    ("F02", "an ID as a number that lost its tail: quarantine"),
    ("F03", "an ID of 15 digits: the person of the 18"),
    ("F04", "a birth date that is not the ID's: the ID wins, warning"),
    ("F05", "days in five spellings: parsed; a month alone is its first day"),
    ("F06", "a unit by another name: aliases; five stay unknown"),
    ("F07", "wide blanks in names, line feeds in headers: NFKC, trimmed"),
    ("F08", "a row twice: counted once"),
    ("F09", "a second row of somebody lent: one person, place by rule"),
    ("F10", "subtotals and a hidden sheet: skipped, counted"),
    ("F11", "unit names merged over their rows: filled down on that sheet"),
    ("F12", "a sheet is missing: the stream is held back"),
    ("F13", "more people than posts, or no line of posts: finding"),
    ("F14", "an abolished unit's name lives on: its successor by the row's day"),
    ("F15", "a section of one name in every unit: key is unit and name"),
    ("F16", "the word 好 in the place of A: values"),
    ("F17", "more than 40 % 好: finding"),
    ("F18", "hours of no day, a day to come: quarantine"),
    ("F19", "grades changed, their time of change not: full load of the month"),
    ("F20", "a log of somebody whom no roster knows: kept, counted"),
    ("F21", "two units in a cell: the first leads, warning"),
    ("F22", "an unquoted comma: quarantine; a letter of four bytes: decoded"),
    ("F23", "done before it was given: quarantine; done on no day: no day"),
    ("F24", "a file in UTF-8: detected; an empty file: the stream fails"),
    ("F25", "closed before accepted: quarantine"),
    ("F26", "reported at closing only: day of application, marked"),
    ("F27", "the end or a suspension told days later: upsert"),
    ("F28", "corrected far back under its old time of change: full load"),
    ("F29", "deleted without notice: full load"),
    ("F30", "marked default ratings: automatic, not genuine"),
    ("F31", "unmarked machine ratings: not genuine, finding"),
    ("F32", "two or three ratings of a case: coverage by distinct cases"),
    ("F33", "a blank unit became the data bureau's code: listed, by item"),
    ("F34", "the province's prefix in ratings only: stripped"),
    ("F35", "pages cut, refused, grown or repeated: asked again until they add up"),
    ("F36", "a promise that ends on a holiday: warning"),
    ("F37", "times as milliseconds, 0000-00-00, 1970: read, null"),
    ("F38", "a category with and without its number: one category"),
    ("F39", "another unit after closing: both months are told anew"),
    ("F40", "exempt up to 50 days later: past months change"),
    ("F41", "unresolved yet very satisfied: finding; void orders: filtered"),
    ("F42", "self reports in 万件, 0.98 for 98 %: unit check"),
    ("F43", "two keys renamed overnight: second name in `from`"),
    ("T02", "reforms"),
];

/// What is true of some units, and how it shows.
pub(super) const OF_UNITS: [(&str, &str, &str); 5] = [
    (
        "renshe",
        "overloaded",
        "24 % of cases, 1.6 % of people; standard cases a person 3.1 times the median; saturation 1.19; backlog_months 0.4 at the end of 2024, 1.1 at that of 2025; on time 0.97; satisfied 97 % falls to 93 % through 2025",
    ),
    (
        "jxzx",
        "idle",
        "saturation 0.54; a third of the median's pieces a person; 4 of 11 core duties without an entry; 0.2 tasks a person; eight cases a year; yet 40 % 好",
    ),
    (
        "zhujian",
        "unbalanced",
        "2 of 9 sections have 61 % of the hours with 22 % of the people: hoover 0.39; the unit's own saturation is ordinary",
    ),
    ("dangan", "few ratings", "in 2025 three genuine ratings, two of them bad, and 41 defaults"),
    (
        "yqzhifa",
        "closes late",
        "on time 0.69, 100 % by its own report; p90 above twice the promise; late closings heap on a quarter's last working days",
    ),
];

/// Gathers what was planted; flaws in bulk are only counted.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    listed: BTreeMap<&'static str, Vec<Planted>>,
    counted: BTreeMap<(&'static str, &'static str), u64>,
}

impl Gathered {
    /// Lists a flaw.
    pub(super) fn list(&mut self, planted: Planted) {
        self.count(planted.flaw, planted.stream, 1);
        self.listed.entry(planted.flaw).or_default().push(planted);
    }

    /// Counts some of a flaw that is too frequent to list.
    pub(super) fn count(&mut self, flaw: &'static str, stream: &'static str, rows: u64) {
        *self.counted.entry((flaw, stream)).or_default() += rows;
    }

    /// All of it, in the order of the flaws' numbers.
    pub(super) fn told(&self) -> Value {
        let flaws = EXPECTED.iter().filter_map(|(flaw, expected)| {
            let counts = self.counted.iter().filter(|((known, _), _)| known == flaw);
            let rows: serde_json::Map<String, Value> =
                counts.map(|((_, stream), rows)| ((*stream).to_owned(), json!(rows))).collect();
            if rows.is_empty() {
                return None;
            }
            let listed = self.listed.get(flaw).map_or(&[][..], Vec::as_slice);
            let listed: Vec<Value> = listed.iter().map(|it| json!([it.stream, it.key])).collect();
            Some(json!({ "flaw": flaw, "expected": expected, "rows": rows, "planted": listed }))
        });
        flaws.collect()
    }
}
