//! Which deltas are lost? A night that went well has one of every stream, and what is read of a table is all of them.

use std::collections::HashMap;
use std::ffi::OsStr;

use jiff::civil::Date;

use super::ModelError;
use super::lake::Lake;
use super::lake::dated;
use super::sum;
use crate::base::durable::entries;
use crate::frame::parquet;

impl Lake {
    /// Of streams and nights those whose delta is not there, or not what was written.
    ///
    /// # Errors
    /// A folder that can't be read.
    pub fn lost<'b>(
        &self,
        brought: impl Iterator<Item = &'b (String, Date)>,
    ) -> Result<Vec<&'b (String, Date)>, ModelError> {
        let mut there = HashMap::new();
        let model = self.root.join("model");
        let named = |cause| ModelError::File { path: model.display().to_string(), cause };
        for table in entries(&model).map_err(named)? {
            for path in dated(&table, Date::MAX)? {
                there.insert(path.file_name().unwrap_or_default().to_owned(), path);
            }
        }
        let is_lost = |(stream, night): &&(String, Date)| {
            let delta = there.get(OsStr::new(&format!("{night}.{stream}.parquet")));
            delta.is_none_or(|path| !sum::holds(path) || !parquet::is_readable(path))
        };
        Ok(brought.filter(is_lost).collect())
    }
}
