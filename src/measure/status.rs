//! How far can the value of a metric be trusted?

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
