//! How does a table stand on the disk? As Parquet, whole or not at all, the same bytes for the same rows.

use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Cursor;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use polars::prelude::DataFrame;
use polars::prelude::IntoLazy as _;
use polars::prelude::ParallelStrategy;
use polars::prelude::ParquetCompression;
use polars::prelude::ParquetReader;
use polars::prelude::ParquetWriter;
use polars::prelude::PolarsError;
use polars::prelude::SerReader as _;
use polars::prelude::col;
use polars::prelude::lit;

use super::FrameError;
use crate::base::durable::beside;
use crate::base::durable::create;
use crate::base::durable::rename_durably;

/// Writes a table.
///
/// # Errors
/// The disk's.
pub fn write(table: &mut DataFrame, target: &Path) -> Result<(), FrameError> {
    let named = |cause| FrameError::File { path: target.display().to_string(), cause };
    let temporary = beside(target).map_err(named)?;
    let file = create(&temporary).map_err(named)?;
    let mut file = Told { file: BufWriter::new(file), fault: None };
    table.rechunk_mut_par();
    let written = ParquetWriter::new(&mut file)
        .with_compression(ParquetCompression::Zstd(None))
        .finish(table);
    let flushed = file.file.flush().err();
    if let Some(fault) = file.fault.or(flushed) {
        return Err(named(fault));
    }
    written.map_err(FrameError::polars(format!("writing `{}`", target.display())))?;
    rename_durably(&temporary, target).map_err(named)
}

/// A file that keeps the disk's own fault, of which polars tells the words alone. What stands at the end of a file polars
/// writes byte by byte: they are gathered.
struct Told {
    file: BufWriter<File>,
    fault: Option<io::Error>,
}

impl Told {
    fn told<R>(&mut self, done: io::Result<R>) -> io::Result<R> {
        done.map_err(|fault| {
            let words = io::Error::new(fault.kind(), fault.to_string());
            self.fault.get_or_insert(fault);
            words
        })
    }
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.file.write(bytes);
        self.told(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.file.flush();
        self.told(done)
    }
}

/// A table as the bytes of a file.
///
/// # Errors
/// What polars can't write.
pub fn bytes(table: &mut DataFrame) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::new();
    table.rechunk_mut_par();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .finish(table)
        .map_err(FrameError::polars("writing a table"))?;
    Ok(bytes)
}

/// The table of such bytes.
///
/// # Errors
/// Bytes that are no Parquet.
pub fn of_bytes(bytes: Vec<u8>) -> Result<DataFrame, FrameError> {
    let reader = ParquetReader::new(Cursor::new(bytes));
    reader.finish().map_err(FrameError::polars("reading a table"))
}

/// Reads a table.
///
/// # Errors
/// A file that is missing or no Parquet.
pub fn read(path: &Path) -> Result<DataFrame, FrameError> {
    ParquetReader::new(open(path)?).finish().map_err(reading(path))
}

fn open(path: &Path) -> Result<File, FrameError> {
    File::open(path).map_err(|cause| FrameError::File { path: path.display().to_string(), cause })
}

fn reading(path: &Path) -> impl FnOnce(PolarsError) -> FrameError {
    FrameError::polars(format!("reading `{}`", path.display()))
}

/// The groups in which the rows of a table stand.
///
/// # Errors
/// As [`read`].
pub fn row_groups(path: &Path) -> Result<Vec<Range<usize>>, FrameError> {
    let mut reader = ParquetReader::new(open(path)?);
    let found = reader.get_metadata().map_err(reading(path))?;
    let groups = found.row_groups.iter().scan(0, |end, group| {
        let start = *end;
        *end += group.num_rows();
        Some(start..*end)
    });
    Ok(groups.collect())
}

/// Reads some columns of some rows of a table, on the core that asks.
///
/// # Errors
/// As [`read`], and a column that is not there.
pub fn read_slice(
    path: &Path,
    rows: &Range<usize>,
    columns: &[String],
) -> Result<DataFrame, FrameError> {
    let reader = ParquetReader::new(open(path)?)
        .with_columns(Some(columns.to_vec()))
        .with_slice(Some((rows.start, rows.len())))
        .read_parallel(ParallelStrategy::None)
        .set_rechunk(true);
    reader.finish().map_err(reading(path))
}

/// Reads the rows of a table whose columns have these texts.
///
/// # Errors
/// As [`read`], and a column that is not there.
pub fn read_where(path: &Path, texts: &[(&str, &str)]) -> Result<DataFrame, FrameError> {
    let all = read(path)?.lazy();
    let rows = texts.iter().fold(all, |rows, (name, text)| rows.filter(col(*name).eq(lit(*text))));
    rows.collect().map_err(reading(path))
}
