//! What is merged, and where did its rows go?

use jiff::civil::Date;

use crate::spec::reader::Found;

/// Which delivery is merged.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'d> {
    /// The system.
    pub system: &'d str,
    /// The stream.
    pub stream: &'d str,
    /// The night.
    pub night: Date,
    /// Whether every key came that still stands in the source.
    pub is_full: bool,
    /// As which `system.stream` it brought rows before.
    pub was: &'d [Found<String>],
}

impl Delivery<'_> {
    /// Whether the stream has brought a row of which this is the lineage.
    pub fn is_own(&self, system: Option<&str>, stream: Option<&str>) -> bool {
        let Some(of) = system.zip(stream) else { return false };
        of == (self.system, self.stream)
            || self.was.iter().any(|was| was.value.split_once('.') == Some(of))
    }
}

/// The closing equation of a stream's night: received + exploded = added + changed + unchanged +
/// duplicate + filtered + quarantined. A row that says its key is deleted has changed it, or left it
/// unchanged where it was not known. Deleted versions come on top: no row brought them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Equation {
    /// Rows that were made by taking rows of the source apart, beyond their number.
    pub exploded: u64,
    /// Rows whose key is new.
    pub added: u64,
    /// Rows whose key is known with other values.
    pub changed: u64,
    /// Rows that are known as they are.
    pub unchanged: u64,
    /// Rows whose key came again in the same delivery.
    pub duplicate: u64,
    /// Rows that the manifest leaves out.
    pub filtered: u64,
    /// Rows that break their contract.
    pub quarantined: u64,
    /// Keys that a snapshot or a full delivery no longer holds.
    pub deleted: u64,
}

impl Equation {
    /// Whether it closes over the rows of the source that were received.
    pub fn closes(&self, received: u64) -> bool {
        let went = self.added + self.changed + self.unchanged + self.duplicate;
        received + self.exploded == went + self.filtered + self.quarantined
    }

    /// How many new versions the table has got.
    pub fn versions(&self) -> u64 {
        self.added + self.changed + self.deleted
    }
}
