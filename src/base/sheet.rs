//! Rows as they came, a column at a time: the texts of a column stand one behind the other, so that a cell
//! costs no memory of its own. What many rows pass through; [`Batch`] is the same a row at a time.

use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::io;
use std::sync::Arc;

use super::batch::Batch;
use super::batch::Row;

/// The length of a cell that is absent.
const NONE: u32 = u32::MAX;

/// Some rows of one stream, not yet typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The source's own headers, one a column.
    pub headers: Vec<String>,
    /// The columns, each as long as there are places.
    pub columns: Vec<Texts>,
    /// The page, file or sheet of each row, and the row in it.
    pub places: Vec<(Arc<str>, u32)>,
}

/// The texts of a column; a cell without one is absent, null or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Texts {
    all: String,
    lengths: Vec<u32>,
}

/// Who is handed rows: a sheet, or a batch at a time.
pub trait Land {
    /// Takes some rows.
    ///
    /// # Errors
    /// What the taker could not do.
    fn land(&mut self, sheet: Sheet) -> io::Result<()>;

    /// Whether rows are taken without a wait for those before them.
    fn has_room(&self) -> bool {
        true
    }

    /// Whether rows that are handed on from here on may be taken back; to who can't do that rows are handed
    /// on when they are sure.
    fn mark(&mut self) -> bool {
        false
    }

    /// Takes back the rows behind the mark.
    ///
    /// # Errors
    /// What the taker could not do.
    fn take_back(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl<F: FnMut(Batch) -> io::Result<()>> Land for F {
    fn land(&mut self, sheet: Sheet) -> io::Result<()> {
        self(sheet.into())
    }
}

impl Texts {
    /// So many cells without a text.
    pub fn none(cells: usize) -> Texts {
        Texts { all: String::new(), lengths: vec![NONE; cells] }
    }

    /// The texts and how long each of them is, if that fits.
    pub fn of(all: String, lengths: Vec<u32>) -> Option<Texts> {
        let mut end = 0_usize;
        for length in lengths.iter().filter(|length| **length != NONE) {
            end = end.checked_add(usize::try_from(*length).ok()?)?;
            if !all.is_char_boundary(end) {
                return None;
            }
        }
        (end == all.len()).then_some(Texts { all, lengths })
    }

    /// How many bytes texts of these lengths have.
    pub fn bytes(lengths: &[u32]) -> Option<usize> {
        let lengths = lengths.iter().filter(|length| **length != NONE);
        lengths
            .map(|length| usize::try_from(*length).ok())
            .try_fold(0, |all: usize, own| all.checked_add(own?))
    }

    /// All texts, one behind the other, and how long each of them is.
    pub fn parts(&self) -> (&str, &[u32]) {
        (&self.all, &self.lengths)
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// How many of them have a text.
    pub fn filled(&self) -> usize {
        self.lengths.iter().filter(|length| **length != NONE).count()
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Puts a cell behind the others.
    pub fn push(&mut self, cell: Option<&str>) {
        let length = cell.map(|text| u32::try_from(text.len()).unwrap_or(NONE));
        self.all.push_str(cell.filter(|_| length != Some(NONE)).unwrap_or_default());
        self.lengths.push(length.unwrap_or(NONE));
    }

    /// Takes the last cell away.
    pub fn pop(&mut self) {
        let length = self.lengths.pop().filter(|length| *length != NONE).unwrap_or_default();
        self.all.truncate(self.all.len() - usize::try_from(length).unwrap_or_default());
    }

    /// Makes it so many cells long, the new ones without a text.
    pub fn lengthen(&mut self, cells: usize) {
        if self.lengths.len() < cells {
            self.lengths.resize(cells, NONE);
        }
    }

    /// Takes away all but the first cells.
    fn shorten(&mut self, cells: usize) {
        self.lengths.truncate(cells);
        self.all.truncate(Texts::bytes(&self.lengths).unwrap_or_default());
    }

    /// The cells in their order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        let mut rest = self.all.as_str();
        self.lengths.iter().map(move |length| {
            let length = usize::try_from(*length).ok().filter(|_| *length != NONE)?;
            let (text, behind) = rest.split_at_checked(length)?;
            rest = behind;
            Some(text)
        })
    }

    fn append(&mut self, other: &Texts) {
        self.all.push_str(&other.all);
        self.lengths.extend_from_slice(&other.lengths);
    }
}

impl<'t> FromIterator<Option<&'t str>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<&'t str>>>(cells: I) -> Texts {
        let mut texts = Texts::default();
        cells.into_iter().for_each(|cell| texts.push(cell));
        texts
    }
}

impl Sheet {
    /// How many rows there are.
    pub fn height(&self) -> usize {
        self.places.len()
    }

    /// How many bytes its texts have.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|column| column.all.len()).sum()
    }

    /// Says from which page, file or sheet all rows come.
    pub fn come_from(&mut self, source: &Arc<str>) {
        self.places.iter_mut().for_each(|(own, _)| *own = Arc::clone(source));
    }

    /// Puts other rows behind these, each cell below its header.
    pub fn append(&mut self, other: Sheet) {
        if self.places.is_empty() && self.headers.is_empty() {
            *self = other;
            return;
        }
        let (known, height) = (self.height(), self.height() + other.height());
        for (header, column) in other.headers.into_iter().zip(&other.columns) {
            let at = self.headers.iter().position(|own| *own == header).unwrap_or_else(|| {
                self.headers.push(header);
                self.columns.push(Texts::none(known));
                self.columns.len() - 1
            });
            if let Some(own) = self.columns.get_mut(at) {
                own.append(column);
            }
        }
        self.columns.iter_mut().for_each(|column| column.lengthen(height));
        self.places.extend(other.places);
    }

    /// Takes away all but the first rows and the first columns.
    pub fn shorten(&mut self, height: usize, width: usize) {
        self.headers.truncate(width);
        self.columns.truncate(width);
        self.columns.iter_mut().for_each(|column| column.shorten(height));
        self.places.truncate(height);
    }

    /// A number that is the same for the same cells, in one build of the program.
    pub fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.headers.hash(&mut hasher);
        self.columns.iter().fold(hasher.finish(), |all, column| {
            let two = |two: &[u32]| two.iter().fold(0, |both, one| (both << 32) | u64::from(*one));
            let lengths = column.lengths.chunks(2).map(two).fold(all, mixed);
            mixed_bytes(lengths, column.all.as_bytes())
        })
    }

    /// The same in pieces of at most so many rows.
    pub fn pieces(self, rows: usize) -> Vec<Sheet> {
        if self.height() <= rows {
            return vec![self];
        }
        let batch = Batch::from(self);
        let piece = |rows: &[Row]| Batch { headers: batch.headers.clone(), rows: rows.to_vec() };
        batch.rows.chunks(rows.max(1)).map(|rows| Sheet::from(&piece(rows))).collect()
    }
}

/// A number with another one mixed in.
fn mixed(all: u64, number: u64) -> u64 {
    let all = (all ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    all ^ (all >> 32)
}

/// A number with some bytes mixed in, four times eight at a time; so many are a page that more care would be felt.
pub fn mixed_bytes(all: u64, bytes: &[u8]) -> u64 {
    let word = |word: &[u8; 8]| u64::from_le_bytes(*word);
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut lanes = [all, !all, all.rotate_left(17), !all.rotate_left(17)];
    for block in blocks {
        for (lane, own) in lanes.iter_mut().zip(block.as_chunks().0) {
            *lane = mixed(*lane, word(own));
        }
    }
    let (words, rest) = rest.as_chunks();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(own, byte)| *own = *byte);
    let words = words.iter().chain([&last]).map(word);
    lanes.into_iter().chain(words).fold(bytes.len() as u64, mixed)
}

impl From<&Batch> for Sheet {
    fn from(batch: &Batch) -> Sheet {
        let column = |at: usize| {
            let cells = batch.rows.iter().map(|row| row.cells.get(at)?.as_deref());
            cells.collect()
        };
        Sheet {
            headers: batch.headers.clone(),
            columns: (0..batch.headers.len()).map(column).collect(),
            places: batch.rows.iter().map(|row| (Arc::clone(&row.source), row.row)).collect(),
        }
    }
}

impl From<Batch> for Sheet {
    fn from(batch: Batch) -> Sheet {
        Sheet::from(&batch)
    }
}

impl From<Sheet> for Batch {
    fn from(sheet: Sheet) -> Batch {
        let width = sheet.columns.len();
        let row =
            |(source, row): (Arc<str>, u32)| Row { source, row, cells: Vec::with_capacity(width) };
        let mut rows: Vec<Row> = sheet.places.into_iter().map(row).collect();
        for column in &sheet.columns {
            let cells = rows.iter_mut().zip(column.iter());
            cells.for_each(|(row, cell)| row.cells.push(cell.map(str::to_owned)));
        }
        Batch { headers: sheet.headers, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::batch::tests::batch;

    #[test]
    fn sheets_that_are_appended_are_the_batches_that_are() {
        let parts = [
            batch(&[], &[]),
            batch(&["a", "b"], &[&[Some("1"), None], &[Some(""), Some("一二")]]),
            batch(&["b", "c"], &[&[Some("3"), Some("4")]]),
            batch(&["a"], &[&[None]]),
        ];
        let (mut sheet, mut whole) = (Sheet::default(), Batch::default());
        for part in parts {
            sheet.append(Sheet::from(&part));
            whole.append(part);
        }
        let pieces = sheet.clone().pieces(3).into_iter().map(|piece| piece.height());
        assert_eq!(pieces.collect::<Vec<_>>(), [3, 1]);
        assert_eq!(Batch::from(sheet), whole);
    }

    #[test]
    fn a_sheet_has_the_print_of_no_other() {
        let long = "abcdefghijklmnopqrstuvwxyz".repeat(3);
        let letters = ["", "a", "ab", "b", "abcdefgh", "abcdefghi", "abcdefg\0", &long];
        let mut prints: Vec<u64> = Vec::new();
        for (one, other) in letters.iter().flat_map(|one| letters.iter().map(move |two| (one, two)))
        {
            for cells in [[Some(*one), Some(*other)], [Some(*one), None], [None, Some(*other)]] {
                let column: Texts = cells.into_iter().collect();
                let places = vec![("page 1".into(), 1), ("page 1".into(), 2)];
                let sheet = Sheet { headers: vec!["a".to_owned()], columns: vec![column], places };
                prints.push(sheet.print());
                let renamed = Sheet { headers: vec!["b".to_owned()], ..sheet };
                prints.push(renamed.print());
            }
        }
        prints.sort_unstable();
        prints.dedup();
        // Both texts, one of them and none, the other and none; under two headers.
        assert_eq!(prints.len(), 2 * (8 * 8 + 8 + 8));
    }

    #[test]
    fn texts_are_what_their_lengths_say_or_none() {
        let texts: Texts = [Some("ab"), None, Some(""), Some("一")].into_iter().collect();
        let (all, lengths) = texts.parts();
        assert_eq!(Texts::of(all.to_owned(), lengths.to_vec()), Some(texts.clone()));
        assert_eq!(texts.iter().collect::<Vec<_>>(), [Some("ab"), None, Some(""), Some("一")]);
        for wrong in [vec![2, NONE, 0, 2], vec![2, 3, 1], vec![u32::MAX - 1], vec![3, 2]] {
            assert_eq!(Texts::of(all.to_owned(), wrong), None);
        }
        let mut texts = texts;
        assert_eq!((texts.len(), texts.filled()), (4, 3));
        texts.pop();
        texts.pop();
        texts.push(Some("c"));
        texts.lengthen(5);
        assert_eq!(texts.iter().collect::<Vec<_>>(), [Some("ab"), None, Some("c"), None, None]);
    }
}
