//! How far can the value of a metric be trusted, and why is there none?

use crate::base::period::Period;

/// How far a value can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Told as it is.
    Ok,
    /// Told, on a thin base.
    Few,
    /// Nothing to divide by, or nothing known.
    NoData,
    /// No source feeds it here, or nothing was frozen that it is compared with.
    NotApplicable,
    /// Too few people: not told.
    Withheld,
}

impl Status {
    /// Every status, in the order of reports.
    pub const ALL: [Status; 5] =
        [Status::Ok, Status::Few, Status::NoData, Status::NotApplicable, Status::Withheld];

    /// The word in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Few => "few",
            Status::NoData => "no_data",
            Status::NotApplicable => "not_applicable",
            Status::Withheld => "withheld",
        }
    }
}

/// Why a metric has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No stream feeds what it rests on.
    NotFed,
    /// Nothing of its peers is known that it could be compared with.
    NoPeers,
    /// No line of a list that it counts by is for the unit.
    NotListed,
    /// The period ends before anything is known.
    NotKnown,
    /// It counts in working days, and nobody has published those of this year.
    NoCalendar(i16),
    /// A part of the formula has no value.
    NoValue,
    /// A part of the formula is divided by zero.
    ZeroDenominator,
    /// The formula asks a period, its own or another, that is not known whole.
    NotWhole(Period),
    /// There is less of its base than it needs.
    Below,
}

impl Reason {
    /// What is told with it.
    pub(super) fn status(self) -> Status {
        match self {
            Reason::NotFed | Reason::NoPeers | Reason::NotListed => Status::NotApplicable,
            _ => Status::NoData,
        }
    }

    /// The words in files and tables.
    pub fn words(self) -> String {
        let word = match self {
            Reason::NotFed => "not_fed",
            Reason::NoPeers => "no_peers",
            Reason::NotListed => "not_listed",
            Reason::NotKnown => "not_known",
            Reason::NoCalendar(year) => return format!("no_calendar {year}"),
            Reason::NoValue => "no_value",
            Reason::ZeroDenominator => "zero_denominator",
            Reason::NotWhole(period) => return format!("not_whole {period}"),
            Reason::Below => "below",
        };
        word.to_owned()
    }
}
