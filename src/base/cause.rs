//! Why is a number not what it was?

/// Why a number is not what it was; of several the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It means something else, or is scored otherwise.
    Definition,
    /// A unit or section came, went, stands elsewhere or is called otherwise.
    Units,
    /// It is told of the period only now, or no longer.
    Time,
    /// Somebody decided which unit a name means.
    Alias,
    /// Rows that were there are gone.
    DeletedRows,
    /// Rows that were there say something else; or nothing is known of why.
    ChangedRows,
    /// Rows have come, and nothing else.
    NewRows,
    /// Spans of people are others, though no row of theirs is.
    PersonRows,
}

impl Cause {
    /// Its word in files.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Definition => "definition",
            Cause::Units => "units",
            Cause::Time => "time",
            Cause::Alias => "alias",
            Cause::DeletedRows => "deleted_rows",
            Cause::ChangedRows => "changed_rows",
            Cause::NewRows => "new_rows",
            Cause::PersonRows => "rows_of_persons",
        }
    }
}
