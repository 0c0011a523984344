//! Floor 3: facts are counted by unit, section and month, and metrics are computed from the counts.

mod amounts;
mod asked;
pub mod behind;
mod beside;
mod counted;
mod counts;
pub mod cube;
mod era;
pub mod evaluate;
pub mod fact;
pub mod groups;
pub mod kept;
pub mod made;
mod months;
pub mod moves;
mod often;
mod parts;
pub mod peers;
pub mod placed;
pub mod recount;
mod rolled;
mod seat;
mod series;
pub mod slices;
mod spell;
mod spot;
mod spots;
pub mod spread;
mod status;
mod sums;
mod tables;
pub mod telling;
pub mod tried;
pub mod units;
mod values;
mod weight;
mod withhold;
pub mod worked;
pub mod working;
mod written;

use crate::frame::FrameError;

/// What can go wrong while counting.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A table that polars refuses.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A measure whose rows can't be summed.
    #[error("measure `{measure}` sums values that are no numbers")]
    NotANumber {
        /// The measure.
        measure: String,
    },
    /// A formula or a measure whose numbers leave 128 bits.
    #[error("{of} leaves the range of exact numbers")]
    Overflow {
        /// The metric or the measure.
        of: String,
    },
}
