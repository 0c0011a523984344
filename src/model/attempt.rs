//! What does one pull land? A page is small: some of them are one file. Nothing stands before the manifest
//! does, so that rows may be taken back until then.

use std::fs;
use std::io;
use std::mem;
use std::path::PathBuf;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::ModelError;
use super::landed::Landed;
use crate::base::batch::Batch;
use crate::base::durable::settle;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::sha256_of;
use crate::base::sheet::Sheet;
use crate::frame::parquet;
use crate::frame::table;

/// So many rows, and no fewer than a page, are one file.
const ROWS_A_PART: usize = 10_000;

/// So many bytes of long rows are one as well, for parts are judged whole.
const BYTES_A_PART: usize = 8 << 20;

/// A pull that is landing.
#[derive(Debug)]
pub struct Attempt {
    folder: PathBuf,
    parts: u32,
    rows: u64,
    /// Rows that are not yet on the disk.
    waiting: Sheet,
    mark: Mark,
}

/// Up to where rows are not taken back.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    parts: u32,
    rows: u64,
    /// How many rows were waiting, under how many headers.
    waiting: (usize, usize),
}

impl Attempt {
    /// Of a folder that is empty.
    pub(super) fn at(folder: PathBuf) -> Attempt {
        Attempt { folder, parts: 0, rows: 0, waiting: Sheet::default(), mark: Mark::default() }
    }

    /// Lands some rows; nothing stands before all of them do.
    ///
    /// # Errors
    /// The disk's.
    pub fn land(&mut self, batch: Batch) -> Result<(), ModelError> {
        self.land_sheet(batch.into()).map(|_| ())
    }

    /// The same of a sheet; the part that is whole with it, as it will be read.
    ///
    /// # Errors
    /// The disk's.
    pub fn land_sheet(&mut self, sheet: Sheet) -> Result<Option<DataFrame>, ModelError> {
        self.rows += sheet.height() as u64;
        self.waiting.append(sheet);
        let is_full = self.waiting.height() >= ROWS_A_PART || self.waiting.bytes() >= BYTES_A_PART;
        if is_full { self.end() } else { Ok(None) }
    }

    /// Rows that land from here on may be taken back.
    pub fn mark(&mut self) {
        let waiting = (self.waiting.height(), self.waiting.headers.len());
        self.mark = Mark { parts: self.parts, rows: self.rows, waiting };
    }

    /// Takes back what landed since the mark.
    ///
    /// # Errors
    /// The disk's.
    pub fn take_back(&mut self) -> Result<(), ModelError> {
        let Mark { parts, rows, waiting: (height, width) } = self.mark;
        if self.parts > parts {
            self.waiting = Sheet::default();
        }
        if self.parts > parts && height > 0 {
            // The rows that waited then are the first ones of the part behind.
            let first = parquet::read(&self.path(parts + 1))?.head(Some(height));
            self.waiting = table::to_batch(&first).into();
        }
        self.waiting.shorten(height, width);
        for part in parts..self.parts {
            let path = self.path(part + 1);
            fs::remove_file(&path)
                .map_err(|cause| ModelError::File { path: path.display().to_string(), cause })?;
        }
        (self.parts, self.rows) = (parts, rows);
        Ok(())
    }

    fn path(&self, part: u32) -> PathBuf {
        self.folder.join(format!("part-{part:05}.parquet"))
    }

    /// What waits is a part, such as the last one when all rows have come.
    ///
    /// # Errors
    /// The disk's.
    pub fn end(&mut self) -> Result<Option<DataFrame>, ModelError> {
        let sheet = mem::take(&mut self.waiting);
        if sheet.height() == 0 {
            return Ok(None);
        }
        self.parts += 1;
        let mut rows = table::from_sheet(&sheet)?;
        drop(sheet);
        parquet::lay(&mut rows, &self.path(self.parts))?;
        Ok(Some(rows))
    }

    /// The pull is whole: its manifest is written, and from now on it stands.
    ///
    /// # Errors
    /// The disk's, or rows that did not land.
    pub fn finish(mut self, landed: &Landed) -> Result<(), ModelError> {
        self.end()?;
        if landed.received != self.rows {
            return Err(ModelError::Lost { received: landed.received, landed: self.rows });
        }
        let path = self.folder.join("manifest.json");
        let named = |cause| ModelError::File { path: path.display().to_string(), cause };
        let parts: Vec<PathBuf> = (1..=self.parts).map(|part| self.path(part)).collect();
        settle(&parts).map_err(named)?;
        let hash = |part: &PathBuf| {
            let name = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, sha256_of(part)?))
        };
        let parts = parts.par_iter().map(hash).collect::<io::Result<_>>().map_err(named)?;
        let landed = Landed { parts, ..landed.clone() };
        let bytes = serde_json::to_vec_pretty(&landed).map_err(|f| named(io::Error::other(f)))?;
        write_then_rename(&path, &bytes).map_err(named)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::batch::tests::batch;

    /// The bytes of what landed, in the order of their names.
    fn landed(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().into(), fs::read(&path).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    fn page(headers: &[&str], rows: usize) -> Sheet {
        let cells: Vec<Option<&str>> = vec![Some("一"); headers.len()];
        let mut sheet = Sheet::from(batch(headers, &vec![cells.as_slice(); rows]));
        sheet.come_from(&"page 1".into());
        sheet
    }

    /// Lands some rows, of which so many wait.
    fn begun(folder: &Path, waiting: usize) -> Attempt {
        fs::create_dir(folder).unwrap();
        let mut attempt = Attempt::at(folder.to_owned());
        let sheets = [page(&["a"], 10_000), page(&["b", "a"], waiting)];
        for sheet in sheets.into_iter().filter(|sheet| sheet.height() > 0) {
            attempt.land_sheet(sheet).unwrap();
        }
        attempt.mark();
        attempt
    }

    /// Lands rows and takes them back, so many times.
    fn in_vain(attempt: &mut Attempt, times: usize, rows: usize) {
        for _ in 0..times {
            let pages = (0..rows / 1_000).map(|_| page(&["c", "a"], 1_000));
            pages.for_each(|page| drop(attempt.land_sheet(page).unwrap()));
            attempt.take_back().unwrap();
        }
    }

    #[test]
    fn what_was_taken_back_leaves_the_bytes_that_are_without_it() {
        let root = tempfile::tempdir().unwrap();
        // So many rows wait at the mark, and so many come that are taken back.
        for (waiting, back) in [(0, 30_000), (4_000, 7_000), (4_000, 3_000), (9_000, 25_000)] {
            let ends = [0, 2].map(|times| {
                let folder = root.path().join(format!("{waiting} {back} {times}"));
                let mut attempt = begun(&folder, waiting);
                in_vain(&mut attempt, times, back);
                attempt.land_sheet(page(&["a", "d"], 6_000)).unwrap();
                let received = 16_000 + waiting as u64;
                attempt.finish(&Landed { received, ..Landed::default() }).unwrap();
                landed(&folder)
            });
            assert_eq!(ends[0], ends[1], "{waiting} {back}");
        }
    }
}
