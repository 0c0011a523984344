//! What did asking for a stream bring?

use jiff::civil::Date;

use crate::model::pile::Pile;

/// What became of asking for a stream: the attempt that stands, or why there is none.
pub(super) type Pulled = Result<(Date, u32), String>;

/// The same, with its rows where they were judged as they came.
pub(super) struct Brought<'g> {
    pub(super) pulled: Pulled,
    pub(super) pile: Option<Pile<'g>>,
}

impl From<Pulled> for Brought<'_> {
    fn from(pulled: Pulled) -> Self {
        Brought { pulled, pile: None }
    }
}
