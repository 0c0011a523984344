//! How does a table stand on the disk? As Parquet, whole or not at all, the same bytes for the same rows.

use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Cursor;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use polars::io::parquet::metadata::FileMetadataRef;
use polars::prelude::DataFrame;
use polars::prelude::IntoLazy as _;
use polars::prelude::ParallelStrategy;
use polars::prelude::ParquetCompression;
use polars::prelude::ParquetReader;
use polars::prelude::ParquetWriter;
use polars::prelude::PolarsError;
use polars::prelude::SerReader as _;
use polars::prelude::StatisticsOptions;
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
    let named = FrameError::file(target);
    let temporary = beside(target).map_err(&named)?;
    lay(table, &temporary)?;
    rename_durably(&temporary, target).map_err(&named)
}

/// Writes a table that stands once something else says so, which has to have it on the disk before.
///
/// # Errors
/// The disk's.
pub fn lay(table: &mut DataFrame, target: &Path) -> Result<(), FrameError> {
    let named = FrameError::file(target);
    let mut file = Told::of(create(target).map_err(&named)?);
    table.rechunk_mut_par();
    let written = ParquetWriter::new(&mut file)
        .with_compression(ParquetCompression::Zstd(None))
        .finish(table);
    file.close().map_err(&named)?;
    written.map_err(FrameError::polars(format!("writing `{}`", target.display())))?;
    Ok(())
}

/// A file that keeps the disk's own fault, of which polars tells the words alone. What stands at the end of a file polars
/// writes byte by byte: they are gathered.
struct Told {
    file: BufWriter<File>,
    fault: Option<io::Error>,
}

impl Told {
    fn of(file: File) -> Told {
        Told { file: BufWriter::new(file), fault: None }
    }

    /// What is left goes to the disk; its first fault is told.
    fn close(mut self) -> io::Result<()> {
        let flushed = self.file.flush();
        self.fault.map_or(flushed, Err)
    }

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

/// Writes a table that comes a group of rows at a time.
///
/// # Errors
/// The disk's, and those of the groups.
pub fn write_groups<E: From<FrameError> + Send>(
    groups: impl Iterator<Item = Result<DataFrame, E>> + Send,
    target: &Path,
) -> Result<(), E> {
    let named = FrameError::file(target);
    let temporary = beside(target).map_err(&named)?;
    let mut file = Told::of(create(&temporary).map_err(&named)?);
    let written = grouped(groups, &mut file);
    file.close().map_err(&named)?;
    written?.map_err(FrameError::polars(format!("writing `{}`", target.display())))?;
    Ok(rename_durably(&temporary, target).map_err(&named)?)
}

/// Writes groups one after the other, and the next one is made and encoded while one is written; none is no file
/// that can be read.
fn grouped<E: Send>(
    mut groups: impl Iterator<Item = Result<DataFrame, E>> + Send,
    file: &mut Told,
) -> Result<Result<(), PolarsError>, E> {
    let Some(mut first) = groups.next().transpose()? else { return Ok(Ok(())) };
    let begun = ParquetWriter::new(file).with_compression(ParquetCompression::Zstd(None));
    let mut writer = match begun.batched(first.schema()) {
        Ok(writer) => writer,
        Err(fault) => return Ok(Err(fault)),
    };
    first.rechunk_mut_par();
    // A group that is alone is encoded a column a core.
    if let Err(fault) = writer.write_batch(&first) {
        return Ok(Err(fault));
    }
    drop(first);
    let encoded = |mut group: DataFrame| {
        group.rechunk_mut_par();
        writer.encode_and_compress(&group).collect::<Result<Vec<_>, _>>()
    };
    let mut next = || groups.next().transpose().map(|group| group.map(encoded));
    let mut group = next()?;
    while let Some(own) = group {
        let write = || own.and_then(|own| writer.write_row_groups(own));
        let (written, made) = rayon::join(write, &mut next);
        if let Err(fault) = written {
            return Ok(Err(fault));
        }
        group = made?;
    }
    Ok(writer.finish().map(|_| ()))
}

/// Puts a table away for a while: nothing is lost with it.
///
/// # Errors
/// The disk's.
pub fn put(table: &mut DataFrame, target: &Path) -> Result<(), FrameError> {
    let named = FrameError::file(target);
    let mut file = Told::of(create(target).map_err(&named)?);
    let written = ParquetWriter::new(&mut file)
        .with_compression(ParquetCompression::Uncompressed)
        .with_statistics(StatisticsOptions::empty())
        .finish(table);
    file.close().map_err(&named)?;
    written.map_err(FrameError::polars(format!("writing `{}`", target.display())))?;
    Ok(())
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

/// Reads some columns of a table.
///
/// # Errors
/// As [`read`], and a column that is not there.
pub fn read_columns(path: &Path, columns: &[String]) -> Result<DataFrame, FrameError> {
    let reader = ParquetReader::new(open(path)?).with_columns(Some(columns.to_vec()));
    reader.finish().map_err(reading(path))
}

/// Reads those columns of a table that are wanted.
///
/// # Errors
/// As [`read`].
pub fn read_wanted(path: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<DataFrame, FrameError> {
    let mut reader = ParquetReader::new(open(path)?);
    let known = reader.schema().map_err(reading(path))?;
    let wanted = known.iter_names().map(ToString::to_string).filter(|name| is_wanted(name));
    let reader = reader.with_columns(Some(wanted.collect()));
    reader.finish().map_err(reading(path))
}

/// Whether a file is there and its end says what stands in it.
pub fn is_readable(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| ParquetReader::new(file).schema().is_ok())
}

/// Reads some rows of a table that stand together.
///
/// # Errors
/// As [`read`].
pub fn read_rows(path: &Path, rows: &Range<usize>) -> Result<DataFrame, FrameError> {
    let reader = ParquetReader::new(open(path)?).with_slice(Some((rows.start, rows.len())));
    reader.finish().map_err(reading(path))
}

fn open(path: &Path) -> Result<File, FrameError> {
    File::open(path).map_err(FrameError::file(path))
}

fn reading(path: &Path) -> impl FnOnce(PolarsError) -> FrameError {
    FrameError::polars(format!("reading `{}`", path.display()))
}

/// A table that is read a group of its rows at a time; what the file says of them is read once.
#[derive(Clone, Debug)]
pub struct Grouped<'p> {
    path: &'p Path,
    about: FileMetadataRef,
}

impl<'p> Grouped<'p> {
    /// Opens a table.
    ///
    /// # Errors
    /// As [`read`].
    pub fn open(path: &'p Path) -> Result<Grouped<'p>, FrameError> {
        let mut reader = ParquetReader::new(open(path)?);
        let about = Arc::clone(reader.get_metadata().map_err(reading(path))?);
        Ok(Grouped { path, about })
    }

    /// The groups in which its rows stand.
    pub fn groups(&self) -> Vec<Range<usize>> {
        let groups = self.about.row_groups.iter().scan(0, |end, group| {
            let start = *end;
            *end += group.num_rows();
            Some(start..*end)
        });
        groups.collect()
    }

    /// Reads some columns of some rows, on the core that asks.
    ///
    /// # Errors
    /// As [`read`], and a column that is not there.
    pub fn read(&self, rows: &Range<usize>, columns: &[String]) -> Result<DataFrame, FrameError> {
        let mut reader = ParquetReader::new(open(self.path)?);
        reader.set_metadata(Arc::clone(&self.about));
        let reader = reader
            .with_columns(Some(columns.to_vec()))
            .with_slice(Some((rows.start, rows.len())))
            .read_parallel(ParallelStrategy::None)
            .set_rechunk(true);
        reader.finish().map_err(reading(self.path))
    }
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

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    fn group(rows: Range<i64>) -> DataFrame {
        let texts = rows.clone().map(|row| (row % 3 > 0).then(|| format!("{}", row % 7)));
        df!("id" => rows.clone().collect::<Vec<_>>(), "text" => texts.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn groups_stand_as_they_came_and_one_that_fails_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.parquet");
        let groups = [0..100, 100..150, 150..151, 151..400].map(|rows| Ok(group(rows)));
        write_groups::<FrameError>(groups.into_iter(), &path).unwrap();
        assert!(read(&path).unwrap().equals_missing(&group(0..400)));
        let grouped = Grouped::open(&path).unwrap().groups();
        assert_eq!(grouped, [0..100, 100..150, 150..151, 151..400]);
        let other = folder.path().join("other.parquet");
        let lost = || read(&folder.path().join("nowhere"));
        let groups = [Ok(group(0..10)), Ok(group(10..20)), lost()];
        assert!(write_groups::<FrameError>(groups.into_iter(), &other).is_err());
        assert!(!other.exists());
    }
}
