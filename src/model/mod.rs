//! Floor 3: rows become the promised tables: typed, checked, resolved; what breaks its contract is
//! quarantined with its reason and place.

pub mod attempt;
mod base;
mod candidates;
pub mod cast;
mod coded;
pub mod delivered;
pub mod delivery;
mod delta;
pub mod early;
pub mod expired;
mod formed;
mod gone;
pub mod held;
pub mod judge;
pub mod judged;
mod keyed;
pub mod keys;
pub mod known;
pub mod lake;
pub mod landed;
pub mod landing;
mod lines;
mod lost;
mod memo;
mod merge;
pub mod names;
mod newest;
mod part;
mod past;
pub mod people;
pub mod pile;
mod read;
pub mod rekeyed;
pub mod renumber;
mod reshape;
pub mod resolve;
pub mod slot;
pub mod spells;
mod stood;
mod sum;
mod told;
mod verdict;
mod won;
pub mod written;

use jiff::civil::Date;

use crate::frame::FrameError;

/// What can go wrong below a night's model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file or folder that can't be read or written.
    #[error("`{path}`")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Rows that were received and did not land.
    #[error("{received} rows were received and {landed} landed")]
    Lost {
        /// What the pull says.
        received: u64,
        /// What stands.
        landed: u64,
    },
    /// Rows that stand and do not fit the contract as it is now.
    #[error(
        "{rows} rows of `{table}` that stand do not fit its contract: `{column}` is {wanted} now"
    )]
    History {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// How many.
        rows: usize,
        /// What the contract wants.
        wanted: String,
    },
    /// A delta that can't be read.
    #[error("the rows of a night in `{path}`")]
    Delta {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: FrameError,
    },
    /// A part of a landing that is gone, or not what landed.
    #[error("`{path}` is not what landed")]
    Landed {
        /// The file.
        path: String,
    },
    /// A delta that is gone, and what it was made from too.
    #[error("the rows that `{stream}` brought in the night {night} are gone from the lake")]
    Gone {
        /// Its system and stream.
        stream: String,
        /// The night.
        night: Date,
    },
    /// An expression of a connector that polars refuses.
    #[error("`{key}` in line {line} can't be worked out")]
    Expression {
        /// Its line in the connector's file.
        line: usize,
        /// Where in the line.
        column: usize,
        /// Its key, with the tables around it.
        key: String,
        /// Why.
        #[source]
        cause: polars::error::PolarsError,
    },
    /// A table that polars refuses.
    #[error(transparent)]
    Frame(#[from] FrameError),
}
