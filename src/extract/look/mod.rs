//! What does a source look like that nobody has described yet? Looked at once, a little of it, so that a
//! connector can be begun.

mod blank;
mod files;
mod http;
mod period;
mod place;
mod sql;

pub use self::files::folder;
pub use self::http::address;
pub use self::sql::database;

/// So many rows of a table are looked at.
const ROWS: usize = 5_000;
