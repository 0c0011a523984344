//! Floor 3: rows become the promised tables: typed, checked, resolved; what breaks its contract is
//! quarantined with its reason and place.

pub mod attempt;
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
mod reshape;
pub mod resolve;
pub mod slot;
pub mod spells;
mod stood;
mod told;
mod verdict;
mod won;
pub mod written;

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
    /// A table that polars refuses.
    #[error(transparent)]
    Frame(#[from] FrameError),
}
