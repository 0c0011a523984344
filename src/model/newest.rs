//! How new is what a stream has brought? The latest time that one of its rows tells.

use std::path::PathBuf;

use jiff::civil::Date;

use super::ModelError;
use super::lake::Lake;
use crate::base::cell::Cell;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::schema::Schema;

impl Lake {
    /// The latest time that a row of a stream tells, in the newest delta that tells one.
    ///
    /// # Errors
    /// A delta that can't be read.
    pub fn newest(
        &self,
        schema: &Schema,
        (system, stream): (&str, &str),
    ) -> Result<Option<Cell>, ModelError> {
        let known = schema.time.as_deref().unwrap_or("updated_at");
        if schema.field(known).is_none() {
            return Ok(None);
        }
        let ours = format!(".{system}.{stream}.parquet");
        let is_ours = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&ours))
        };
        for path in self.deltas(&schema.name, Date::MAX)?.iter().rev().filter(is_ours) {
            let rows = table::to_rows(&parquet::read(path)?, &[known]).into_iter();
            if let Some(newest) = rows.flatten().flatten().max() {
                return Ok(Some(newest));
            }
        }
        Ok(None)
    }
}
