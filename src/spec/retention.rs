//! How long is what kept? `[retention]` of `shuping.toml`, in days; rules 6.8.

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::reader::Faults;
use super::reader::Found;
use super::reader::Table;
use super::reader::guess;
use super::reader::wrong_type;
use super::tree::Value;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;

/// What came, as it came.
const LANDING: &str = "landing";
/// The lines of who read, exported or changed what.
const ACCESS: &str = "access";
/// Tables about persons that have no line of their own.
const PERSONS: &str = "persons";
/// Where the rows stand that broke their contract.
const QUARANTINE: &str = "quarantine";
/// The releases of nights that are not too old; all of them, where nothing is said.
const RELEASES: &str = "releases";
/// How many releases, whatever their age; all of them, where nothing is said.
const RELEASES_MOST: &str = "releases_most";

/// How many days what is not named is kept.
const KEPT: [(&str, i64); 4] =
    [(ACCESS, 400), (LANDING, 400), (PERSONS, 6 * 366), (QUARANTINE, 90)];

/// Six months, for which the law asks.
const ACCESS_LEAST: i64 = 184;

/// How long a home keeps what it has.
#[derive(Clone, Debug, Default)]
pub struct Retention {
    days: Vec<Found<i64>>,
}

impl Retention {
    pub(super) fn read(root: &Table<'_>) -> Retention {
        let mut days = Vec::new();
        let Some(table) = root.table("retention") else { return Retention { days } };
        for entry in table.free() {
            let name = table.name(&entry.key);
            match entry.node.value {
                Value::Whole(number) if number >= least(&entry.key) => {
                    let (place, key) = (entry.node.place, entry.key.clone());
                    days.push(Found { value: number, place, key });
                }
                Value::Whole(number) => {
                    let expected = format!("{} or more days", least(&entry.key));
                    let nouns = vec![("found", number.to_string()), ("expected", expected)];
                    table.faults.add(entry.node.place, &name, Code::BadNumber, nouns);
                }
                _ => wrong_type(table.faults, &entry.node, &name, "a whole number"),
            }
        }
        Retention { days }
    }

    fn days(&self, name: &str) -> Option<i64> {
        let said = self.days.iter().find(|found| found.key == name).map(|found| found.value);
        said.or_else(|| KEPT.iter().find(|(known, _)| *known == name).map(|(_, days)| *days))
    }

    /// The first day whose landing is still kept in a night.
    pub fn landing_from(&self, night: Date) -> Date {
        before(night, self.days(LANDING))
    }

    /// The first instant whose access is still told at another.
    pub fn access_from(&self, now: Timestamp) -> Timestamp {
        let hours = self.days(ACCESS).map(|days| (days * 24).hours());
        hours.and_then(|hours| now.checked_sub(hours).ok()).unwrap_or(Timestamp::MIN)
    }

    /// The first day whose quarantine is still kept in a night.
    pub fn quarantine_from(&self, night: Date) -> Date {
        before(night, self.days(QUARANTINE))
    }

    /// The first night whose releases are still kept in a night.
    pub fn releases_from(&self, night: Date) -> Date {
        before(night, self.days(RELEASES))
    }

    /// How many releases are kept.
    pub fn releases_most(&self) -> Option<usize> {
        usize::try_from(self.days(RELEASES_MOST)?).ok()
    }

    /// The first day of a table about persons that is still kept in a night: a whole year goes or stays,
    /// so that no year is told from a part of its rows.
    pub fn persons_from(&self, table: &str, night: Date) -> Date {
        before(night, self.days(table).or_else(|| self.days(PERSONS))).first_of_year()
    }

    /// Lines that name none of the tables about persons.
    pub(super) fn check(&self, persons: &[&str]) -> Vec<Diagnostic> {
        let of = Faults::of("shuping.toml");
        let own = KEPT.map(|(name, _)| name).into_iter().chain([RELEASES, RELEASES_MOST]);
        let names: Vec<&str> = persons.iter().copied().chain(own).collect();
        for line in &self.days {
            if !names.contains(&line.key.as_str()) {
                let nouns = guess(&line.key, names.iter().copied());
                of.add(line.place, &format!("retention.{}", line.key), Code::NotKept, nouns);
            }
        }
        of.into_list()
    }
}

/// The fewest days that something may be kept.
fn least(name: &str) -> i64 {
    if name == ACCESS { ACCESS_LEAST } else { 1 }
}

fn before(night: Date, days: Option<i64>) -> Date {
    days.and_then(|days| night.checked_sub(days.days()).ok()).unwrap_or(Date::MIN)
}
