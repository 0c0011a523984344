//! Floor 2: polars: typed tables, Parquet, and the measure language as expressions.

mod arith;
mod calls;
pub mod codes;
pub mod expr;
pub mod functions;
pub mod mix;
pub mod parquet;
pub mod table;
mod window;

pub use polars::prelude::DataFrame;

/// What can go wrong with a table in memory or on the disk.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A file that can't be read or written.
    #[error("`{path}`")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// polars refuses.
    #[error("{doing}")]
    Polars {
        /// What was being done.
        doing: String,
        /// Why.
        #[source]
        cause: polars::error::PolarsError,
    },
}

impl FrameError {
    /// A fault of a file.
    pub fn file(path: &std::path::Path) -> impl Fn(std::io::Error) -> FrameError + '_ {
        |cause| FrameError::File { path: path.display().to_string(), cause }
    }

    /// A polars fault, with what was being done.
    pub fn polars<D: Into<String>>(
        doing: D,
    ) -> impl FnOnce(polars::error::PolarsError) -> FrameError {
        let doing = doing.into();
        move |cause| FrameError::Polars { doing, cause }
    }
}
