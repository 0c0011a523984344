//! Which months does a figure cover? Months are the grain of every count; a period is a run of them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use thiserror::Error;

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(Date);

impl Month {
    /// The month a day lies in.
    pub fn of(day: Date) -> Self {
        Self(day.first_of_month())
    }

    /// A month by its numbers; none if there is no such month.
    pub fn new(year: i16, month: i8) -> Option<Self> {
        Date::new(year, month, 1).ok().map(Self)
    }

    /// The month of an index; none beyond the years that dates know.
    pub fn at(index: i32) -> Option<Self> {
        let year = i16::try_from(index.div_euclid(12)).ok()?;
        let month = i8::try_from(index.rem_euclid(12)).ok()?;
        Self::new(year, month + 1)
    }

    /// Months since the year 0, so that differences are numbers of months.
    pub fn index(self) -> i32 {
        i32::from(self.0.year()) * 12 + i32::from(self.0.month()) - 1
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month of the year, from 1.
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The quarter of the year, from 1.
    pub fn quarter(self) -> i8 {
        (self.0.month() + 2) / 3
    }

    /// Its first day.
    pub fn first(self) -> Date {
        self.0
    }

    /// Its last day.
    pub fn last(self) -> Date {
        self.0.last_of_month()
    }

    /// How many days it has.
    pub fn days(self) -> i64 {
        i64::from(self.0.days_in_month())
    }

    /// The month after; the last month that dates know is its own.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The month before; the first month that dates know is its own.
    #[must_use]
    pub fn previous(self) -> Self {
        self.plus(-1)
    }

    /// The month so many months later; itself beyond the years that dates know.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self::at(self.index() + months).unwrap_or(self)
    }

    /// Every month from this one to the other, both included.
    pub fn through(self, last: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.index()..=last.index()).filter_map(Self::at)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = format!("{:04}-{:02}", self.year(), self.month());
        out.pad(&shown)
    }
}

/// A text that names no month or no period.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeriodError {
    /// Not `2025-07`.
    #[error("`{text}` is no month such as `2025-07`")]
    Month {
        /// The text as it came.
        text: String,
    },
    /// Not one of the spellings of a period.
    #[error(
        "`{text}` is no period such as `2025`, `2025Q3`, `2025-07`, `ytd:2025-07`, `ttm:2025-12`"
    )]
    Period {
        /// The text as it came.
        text: String,
    },
}

impl FromStr for Month {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        read_month(text).ok_or_else(|| PeriodError::Month { text: text.to_owned() })
    }
}

/// What kind of run of months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodKind {
    /// One month.
    Month,
    /// A quarter of a calendar year.
    Quarter,
    /// A calendar year.
    Year,
    /// A calendar year up to a month.
    Ytd,
    /// Twelve months up to a month.
    Ttm,
}

impl PeriodKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Month, Self::Quarter, Self::Year, Self::Ytd, Self::Ttm];

    /// Its name in pipelines and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Ytd => "ytd",
            Self::Ttm => "trailing_12m",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A run of months that a figure covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    kind: PeriodKind,
    /// The last month of the whole run.
    last: Month,
}

impl Period {
    /// The period of a kind that the month lies in, or that ends with the month (ytd, ttm).
    pub fn of(kind: PeriodKind, month: Month) -> Self {
        let past = match kind {
            PeriodKind::Month | PeriodKind::Ytd | PeriodKind::Ttm => 0,
            PeriodKind::Quarter => i32::from(month.quarter() * 3 - month.month()),
            PeriodKind::Year => i32::from(12 - month.month()),
        };
        Self { kind, last: month.plus(past) }
    }

    /// Every period of a kind that a night knows something about, when the months `first` to `last`
    /// are known, in order of time.
    ///
    /// A quarter or year that is cut by either end is there, as known so far; twelve months are there
    /// only when all of them are known.
    pub fn all(kind: PeriodKind, first: Month, last: Month) -> Vec<Self> {
        let mut periods: Vec<Self> = first
            .through(last)
            .map(|month| Self::of(kind, month))
            .filter(|period| kind != PeriodKind::Ttm || period.first() >= first)
            .collect();
        periods.dedup();
        periods
    }

    /// The one before, of the same kind; of months since January and of twelve months, those of the year
    /// before. None before the years that dates know.
    pub fn before(self) -> Option<Self> {
        match self.kind {
            PeriodKind::Month => self.back(1),
            PeriodKind::Quarter => self.back(3),
            PeriodKind::Year | PeriodKind::Ytd | PeriodKind::Ttm => self.back(12),
        }
    }

    /// The same of the year before.
    pub fn year_before(self) -> Option<Self> {
        self.back(12)
    }

    fn back(self, months: i32) -> Option<Self> {
        let last = self.last.plus(-months);
        (last < self.last).then(|| Self::of(self.kind, last))
    }

    /// Its kind.
    pub fn kind(self) -> PeriodKind {
        self.kind
    }

    /// Its first month.
    pub fn first(self) -> Month {
        let back = match self.kind {
            PeriodKind::Month => 0,
            PeriodKind::Quarter => 2,
            PeriodKind::Year | PeriodKind::Ttm => 11,
            PeriodKind::Ytd => i32::from(self.last.month()) - 1,
        };
        self.last.plus(-back)
    }

    /// Its last month, also when that is not over yet.
    pub fn last(self) -> Month {
        self.last
    }

    /// Its months in order.
    pub fn months(self) -> impl DoubleEndedIterator<Item = Month> + Clone {
        self.first().through(self.last)
    }

    /// Whether a month belongs to it.
    pub fn contains(self, month: Month) -> bool {
        self.first() <= month && month <= self.last
    }
}

impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last;
        let shown = match self.kind {
            PeriodKind::Month => last.to_string(),
            PeriodKind::Quarter => format!("{:04}Q{}", last.year(), last.quarter()),
            PeriodKind::Year => format!("{:04}", last.year()),
            PeriodKind::Ytd => format!("ytd:{last}"),
            PeriodKind::Ttm => format!("ttm:{last}"),
        };
        out.pad(&shown)
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        read_period(text).ok_or_else(|| PeriodError::Period { text: text.to_owned() })
    }
}

fn read_period(text: &str) -> Option<Period> {
    if let Some(month) = text.strip_prefix("ytd:") {
        return Some(Period::of(PeriodKind::Ytd, read_month(month)?));
    }
    if let Some(month) = text.strip_prefix("ttm:") {
        return Some(Period::of(PeriodKind::Ttm, read_month(month)?));
    }
    if let Some((year, quarter)) = text.split_once('Q') {
        let quarter = read_digits(quarter, 1).filter(|quarter| (1..=4).contains(quarter))?;
        let month = Month::new(read_digits(year, 4)?, i8::try_from(quarter * 3).ok()?)?;
        return Some(Period::of(PeriodKind::Quarter, month));
    }
    if let Some(month) = read_month(text) {
        return Some(Period::of(PeriodKind::Month, month));
    }
    Some(Period::of(PeriodKind::Year, Month::new(read_digits(text, 4)?, 12)?))
}

fn read_month(text: &str) -> Option<Month> {
    let (year, month) = text.split_once('-')?;
    Month::new(read_digits(year, 4)?, i8::try_from(read_digits(month, 2)?).ok()?)
}

fn read_digits(text: &str, width: usize) -> Option<i16> {
    let is_number = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    fn shown(kind: PeriodKind, first: &str, last: &str) -> Vec<String> {
        Period::all(kind, month(first), month(last)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_month_knows_its_days_and_neighbours() {
        let february = Month::of(date(2024, 2, 17));
        assert_eq!(february.first(), date(2024, 2, 1));
        assert_eq!(february.last(), date(2024, 2, 29));
        assert_eq!(february.days(), 29);
        assert_eq!(february.to_string(), "2024-02");
        assert_eq!(month("2024-12").next(), month("2025-01"));
        assert_eq!(month("2025-01").previous(), month("2024-12"));
        assert_eq!(month("2025-03").index() - month("2024-01").index(), 14);
        assert_eq!(Month::at(month("2025-12").index()), Some(month("2025-12")));
        assert!(month("2024-12") < month("2025-01"));
        assert_eq!(month("9999-12").next(), month("9999-12"));
    }

    #[test]
    fn periods_that_a_night_knows_are_listed_in_order() {
        use PeriodKind::{Quarter, Ttm, Year, Ytd};
        assert_eq!(
            shown(PeriodKind::Month, "2024-12", "2025-02"),
            ["2024-12", "2025-01", "2025-02"]
        );
        assert_eq!(shown(Quarter, "2024-12", "2025-04"), ["2024Q4", "2025Q1", "2025Q2"]);
        assert_eq!(shown(Year, "2023-11", "2025-03"), ["2023", "2024", "2025"]);
        assert_eq!(shown(Ytd, "2024-12", "2025-02"), ["ytd:2024-12", "ytd:2025-01", "ytd:2025-02"]);
        assert_eq!(shown(Ttm, "2024-02", "2025-02"), ["ttm:2025-01", "ttm:2025-02"]);
        assert_eq!(shown(Ttm, "2024-02", "2024-12"), Vec::<String>::new());
        assert_eq!(shown(Year, "2025-02", "2025-01"), Vec::<String>::new());
    }

    #[test]
    fn a_period_covers_its_months() {
        for (text, first, last, months) in [
            ("2025", "2025-01", "2025-12", 12),
            ("2025Q3", "2025-07", "2025-09", 3),
            ("2025-07", "2025-07", "2025-07", 1),
            ("ytd:2025-07", "2025-01", "2025-07", 7),
            ("ttm:2025-07", "2024-08", "2025-07", 12),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string(), text);
            assert_eq!((period.first(), period.last()), (month(first), month(last)), "{text}");
            assert_eq!(period.months().count(), months, "{text}");
            assert!(period.contains(month("2025-07")), "{text}");
            assert!(!period.contains(month("2026-01")), "{text}");
            assert_eq!(PeriodKind::named(period.kind().name()), Some(period.kind()));
        }
    }

    #[test]
    fn a_period_knows_the_one_before_and_that_of_the_year_before() {
        for (text, before, year_before) in [
            ("2025-01", "2024-12", "2024-01"),
            ("2025Q1", "2024Q4", "2024Q1"),
            ("2025", "2024", "2024"),
            ("ytd:2025-02", "ytd:2024-02", "ytd:2024-02"),
            ("ttm:2025-12", "ttm:2024-12", "ttm:2024-12"),
        ] {
            let period: Period = text.parse().unwrap();
            let shown = |period: Option<Period>| period.map(|period| period.to_string());
            assert_eq!(shown(period.before()).as_deref(), Some(before));
            assert_eq!(shown(period.year_before()).as_deref(), Some(year_before));
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in
            ["", "25", "2025Q5", "2025Q", "2025-13", "2025-7", "+025", "ytd:2025", "2025Q03"]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        assert!("2025-00".parse::<Month>().is_err());
    }
}
