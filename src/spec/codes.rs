//! What does a text of a source mean in our words? A line of `schemas/codes/<name>.csv` is a spelling and our
//! value, and perhaps the days on which it means so. What a home adds stands in
//! `schemas/codes/local/<name>.csv`, which never ships, and comes before what does.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::civil::Date;

use super::home::Home;
use super::reader::Nouns;
use super::reader::guess;
use super::reader::line_of;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;
use crate::base::text::clean;

/// A code table, the home's own lines among it.
#[derive(Clone, Debug, Default)]
pub struct CodeTable {
    /// By spelling, cleaned: the home's own first, then the latest.
    meanings: HashMap<String, Vec<Meaning>>,
}

#[derive(Clone, Debug)]
struct Meaning {
    value: String,
    days: Days,
    file: String,
    line: usize,
}

/// From a day on, and up to the day before another; none is open.
type Days = (Option<Date>, Option<Date>);

impl CodeTable {
    /// Our value of a cleaned text on a day; without a day, the one that has no end, or else the latest.
    pub fn value(&self, text: &str, on: Option<Date>) -> Option<&str> {
        let meanings = self.meanings.get(text)?;
        let held = meanings.iter().find(|meaning| {
            let (from, to) = meaning.days;
            match on {
                Some(day) => from.is_none_or(|from| from <= day) && to.is_none_or(|to| day < to),
                None => to.is_none(),
            }
        });
        let latest = meanings.first().filter(|_| on.is_none());
        held.or(latest).map(|meaning| meaning.value.as_str())
    }

    /// The shortest spelling of each value that still holds, in the order of the file; codes of digits are none.
    pub fn words(&self) -> Vec<&str> {
        let mut shortest: BTreeMap<&str, (usize, usize, &str)> = BTreeMap::new();
        let is_word = |spelling: &str| !spelling.bytes().all(|byte| byte.is_ascii_digit());
        for (spelling, meanings) in self.meanings.iter().filter(|(spelling, _)| is_word(spelling)) {
            for meaning in meanings.iter().filter(|meaning| meaning.days.1.is_none()) {
                let found = (spelling.chars().count(), meaning.line, spelling.as_str());
                let known = shortest.entry(&meaning.value).or_insert(found);
                *known = found.min(*known);
            }
        }
        let mut words: Vec<_> = shortest.into_values().collect();
        words.sort_by_key(|(_, line, _)| *line);
        words.into_iter().map(|(.., spelling)| spelling).collect()
    }

    /// Whether any line holds on some days only.
    pub fn is_dated(&self) -> bool {
        self.meanings.values().flatten().any(|meaning| meaning.days != (None, None))
    }

    /// The lines whose value is none of a column's; a column without choices takes any.
    pub(super) fn check(&self, choices: &[String]) -> Vec<Diagnostic> {
        let unknown = |meaning: &&Meaning| !choices.is_empty() && !choices.contains(&meaning.value);
        let unknown = self.meanings.values().flatten().filter(unknown);
        let fault = |meaning: &Meaning| {
            let nouns = vec![("found", meaning.value.clone()), ("choices", choices.join(", "))];
            fault(&meaning.file, meaning.line, Code::UnknownWord, nouns)
        };
        unknown.map(fault).collect()
    }

    /// The same with the lines of the home, which come first.
    fn with(mut self, own: CodeTable) -> CodeTable {
        for (spelling, mut meanings) in own.meanings {
            let shipped = self.meanings.entry(spelling).or_default();
            meanings.append(shipped);
            *shipped = meanings;
        }
        self
    }

    /// Takes codes of the home that no line knows: each means itself, and so does its name.
    pub(super) fn know(&mut self, codes: &[(String, String)]) {
        let words = codes.iter().flat_map(|(code, name)| [(code, code), (name, code)]);
        for (spelling, value) in words {
            let (value, file) = (value.clone(), "shuping.toml".to_owned());
            let meaning = Meaning { value, days: (None, None), file, line: 1 };
            self.meanings.entry(clean(spelling)).or_insert_with(|| vec![meaning]);
        }
    }

    fn add(&mut self, spelling: &str, meaning: Meaning) -> Result<(), (Code, Nouns)> {
        let known = self.meanings.entry(clean(spelling)).or_default();
        let is_twice = known.iter().any(|known| overlap(known.days, meaning.days));
        known.push(meaning);
        known.sort_by_key(|meaning| Reverse(meaning.days.0));
        if is_twice {
            return Err((Code::Duplicate, vec![("found", spelling.to_owned())]));
        }
        Ok(())
    }
}

fn overlap(a: Days, b: Days) -> bool {
    let begins_before_end =
        |(from, _): Days, (_, to): Days| from.zip(to).is_none_or(|(from, to)| from < to);
    begins_before_end(a, b) && begins_before_end(b, a)
}

/// The code table of regions, to which the regions of a home belong.
pub(super) const REGION: &str = "region";

/// The code tables of a home, by name, and every fault of their lines.
pub(super) fn code_tables(
    home: &Home,
    faults: &mut Vec<Diagnostic>,
) -> BTreeMap<String, CodeTable> {
    let mut tables = BTreeMap::new();
    for (file, name, text) in home.under("schemas/codes", ".csv") {
        tables.insert(name.to_owned(), read(file, text, faults));
    }
    for (file, name, text) in home.under("schemas/codes/local", ".csv") {
        let own = read(file, text, faults);
        if let Some(shipped) = tables.remove(name) {
            tables.insert(name.to_owned(), shipped.with(own));
        } else {
            let nouns = guess(name, tables.keys().map(String::as_str));
            faults.push(fault(file, 1, Code::UnknownCodes, nouns));
        }
    }
    tables
}

/// The lines of a code table that read, and a fault for every other: also for one that says again what a
/// spelling means on a day.
fn read(file: &str, text: &str, faults: &mut Vec<Diagnostic>) -> CodeTable {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let places = COLUMNS.map(|name| headers.iter().position(|header| header == name));
    let mut table = CodeTable::default();
    for line in reader.records() {
        let number = line_of(&line);
        let line = line.map_err(|problem| problem.to_string());
        let read = line.and_then(|line| meaning(&line, places));
        let read = read.map_err(|problem| (Code::Codes, vec![("problem", problem)]));
        let added = read.and_then(|(spelling, value, days)| {
            table.add(&spelling, Meaning { value, days, file: file.to_owned(), line: number })
        });
        if let Err((code, nouns)) = added {
            faults.push(fault(file, number, code, nouns));
        }
    }
    table
}

/// Columns of its file; `source` and `note` are for people.
const COLUMNS: [&str; 4] = ["spelling", "value", "valid_from", "valid_to"];

fn meaning(
    line: &csv::StringRecord,
    places: [Option<usize>; 4],
) -> Result<(String, String, Days), String> {
    let cells = places.map(|at| at.and_then(|at| line.get(at)).unwrap_or_default().trim());
    let [spelling, value, from, to] = cells;
    if spelling.is_empty() || value.is_empty() {
        return Err("spelling and value must be filled".to_owned());
    }
    let day = |text: &str| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("`{text}` is not a day")),
    };
    let days = (day(from)?, day(to)?);
    if let (Some(from), Some(to)) = days
        && to <= from
    {
        return Err(format!("it ends on {to}, before it begins on {from}"));
    }
    Ok((spelling.to_owned(), value.to_owned(), days))
}

fn fault(file: &str, line: usize, code: Code, nouns: Nouns) -> Diagnostic {
    let place = Place { line, column: 1 };
    Diagnostic { file: file.to_owned(), place, key: String::new(), code, nouns }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const SHIPPED: &str = "spelling,value,source,valid_from,valid_to\n\
        本科,bachelor,spelling,,\n\
        音乐学,literature,1997,,2011-03-08\n\
        音乐学,arts,2011,2011-03-08,\n";

    fn faultless(file: &str, text: &str) -> CodeTable {
        let mut faults = Vec::new();
        let table = read(file, text, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        table
    }

    #[test]
    fn a_spelling_means_what_it_means_on_the_day() {
        let table = faultless("c.csv", SHIPPED);
        assert!(table.is_dated());
        for (text, day, value) in [
            ("本科", Some(date(1990, 1, 1)), Some("bachelor")),
            ("本科", None, Some("bachelor")),
            ("音乐学", Some(date(2011, 3, 7)), Some("literature")),
            ("音乐学", Some(date(2011, 3, 8)), Some("arts")),
            ("音乐学", None, Some("arts")),
            ("相面学", None, None),
        ] {
            assert_eq!(table.value(text, day), value, "{text} {day:?}");
        }
        let plain = faultless("c.csv", "spelling,value\n本科,bachelor\n");
        assert_eq!((plain.is_dated(), plain.value("本科", None)), (false, Some("bachelor")));
    }

    #[test]
    fn what_a_home_adds_comes_first_on_its_days_and_leaves_the_rest() {
        let own = "spelling,value,valid_to\n本科,college,2020-01-01\n大本,bachelor,\n";
        let own = faultless("local/c.csv", own);
        let table = faultless("c.csv", SHIPPED).with(own);
        let on = |text, year| table.value(text, Some(date(year, 1, 1)));
        assert_eq!((on("本科", 2019), on("本科", 2020)), (Some("college"), Some("bachelor")));
        assert_eq!((on("大本", 2019), on("音乐学", 2019)), (Some("bachelor"), Some("arts")));
        assert_eq!(table.value("本科", None), Some("bachelor"));
    }

    #[test]
    fn every_line_that_does_not_read_or_says_something_again_is_told() {
        let text = format!(
            "{SHIPPED}\
             ,bachelor,,,\n\
             大本,,,,\n\
             大本,bachelor,,2020,\n\
             大本,bachelor,,2020-01-01,2020-01-01\n\
             \u{3000}本科,college,,2020-01-01,\n\
             音乐学,arts,,2011-03-07,2011-03-08\n\
             short\n"
        );
        let told = [5, 6, 7, 8].map(|line| (line, "H055")).to_vec();
        let twice = [(9, "H006"), (10, "H006")];
        let mut faults = Vec::new();
        let table = read("c.csv", &text, &mut faults);
        let more: Vec<_> = faults.iter().map(|fault| (fault.place.line, fault.code.id())).collect();
        assert_eq!(table.value("音乐学", None), Some("arts"), "what reads is read");
        assert_eq!(more, [told.as_slice(), &twice, &[(11, "H055")]].concat());
    }

    #[test]
    fn a_value_that_the_column_does_not_know_is_told_at_its_line() {
        let table = faultless("c.csv", SHIPPED);
        let choices = ["bachelor", "arts"].map(str::to_owned);
        let told = table.check(&choices);
        assert_eq!(told.iter().map(|fault| fault.place.line).collect::<Vec<_>>(), [3]);
    }
}
