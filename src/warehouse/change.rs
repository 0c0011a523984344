//! What of a table changed since it was written last? Only that is written: a row is known again by its mark.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::Digest as _;
use sha2::Sha256;

use super::Loaded;
use super::Replaces;
use super::Table;
use super::dialect::quoted;
use super::link::Link;
use super::link::Target;
use super::sheet::Column;
use super::sheet::Kind;
use super::sheet::Sheet;
use super::sheet::Source;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::without_noughts;
use crate::spec::schema::FieldKind;

/// The first half of a SHA-256 over what a row says.
pub(super) type Mark = [u8; 16];

/// A value on its way into the warehouse. Days, instants and decimals are texts that both databases read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Text(String),
    Whole(i64),
    Flag(bool),
    Mark(Mark),
}

/// Brings a table to what its rows say.
pub(super) async fn change(
    link: &mut Link,
    sheet: &Sheet,
    zone: &TimeZone,
    table: &Table<'_>,
) -> sqlx::Result<Loaded> {
    let engine = link.engine();
    let name = engine.name(sheet.area, &sheet.name);
    let marks = engine.marks(&name);
    let standing = match &table.replaces {
        Replaces::All => link.marks(&marks, None).await?,
        Replaces::Where(column, value) => {
            let question = engine.only(&marks, column);
            link.marks(&question, Some(value)).await?
        }
    };
    let scribe = Scribe::of(sheet, zone);
    let mut standing = Standing::of(standing);
    let mut loaded = Loaded::default();
    // Which rows are new, and in which parts; with an empty table all are, and one look is enough.
    let news = (!standing.is_empty()).then(|| {
        let parts = (0..table.rows.parts).map(|part| {
            let rows = (table.rows.part)(part);
            let is_new = rows.iter().map(|row| !standing.take(&scribe.mark(row)));
            is_new.collect::<Vec<bool>>()
        });
        parts.collect::<Vec<Vec<bool>>>()
    });
    if let Some(news) = &news {
        let gone = standing.left();
        loaded.removed = gone.len() as u64;
        loaded.unchanged = news.iter().flatten().filter(|is_new| !**is_new).count() as u64;
        link.remove(&name, &gone).await?;
    }
    let of_part = |part: usize| {
        let news = news.as_ref().map(|news| news.get(part).map_or(&[][..], Vec::as_slice));
        let is_asked = news.is_none_or(|news| news.contains(&true));
        let rows = is_asked.then(|| (table.rows.part)(part)).into_iter().flatten().enumerate();
        let is_new = move |at: usize| news.is_none_or(|news| news.get(at) == Some(&true));
        rows.filter(move |(at, _)| is_new(*at)).map(|(_, row)| row)
    };
    let rows = (0..table.rows.parts).flat_map(of_part);
    let rows = rows.inspect(|_| loaded.written += 1).map(|row| scribe.values(&row));
    link.write(Target { table: &name, names: &scribe.names() }, rows).await?;
    Ok(loaded)
}

/// The rows that stand, by their marks; the same row may stand twice.
struct Standing {
    rows: Vec<(Mark, u64)>,
    is_taken: Vec<bool>,
}

impl Standing {
    fn of(mut rows: Vec<(Mark, u64)>) -> Standing {
        rows.sort_unstable();
        Standing { is_taken: vec![false; rows.len()], rows }
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a row of this mark stands that was not taken yet; now it is.
    fn take(&mut self, mark: &Mark) -> bool {
        let first = self.rows.partition_point(|(standing, _)| standing < mark);
        let same = self.rows.iter().skip(first).take_while(|(standing, _)| standing == mark);
        let free = same.zip(self.is_taken.iter_mut().skip(first)).find(|(_, is_taken)| !**is_taken);
        free.map(|(_, is_taken)| *is_taken = true).is_some()
    }

    /// Where those stand that nobody took.
    fn left(&self) -> Vec<u64> {
        let rows = self.rows.iter().zip(&self.is_taken);
        let mut left: Vec<u64> =
            rows.filter(|(_, is_taken)| !**is_taken).map(|((_, place), _)| *place).collect();
        left.sort_unstable();
        left
    }
}

/// Writes the rows of a table down as values.
struct Scribe<'s> {
    sheet: &'s Sheet,
    zone: &'s TimeZone,
    /// What every mark begins with: the columns, so that rows of another shape have other marks.
    seed: Sha256,
    /// The night in which a row was written is not what it says.
    stamp: Option<usize>,
}

impl Scribe<'_> {
    fn of<'s>(sheet: &'s Sheet, zone: &'s TimeZone) -> Scribe<'s> {
        let mut seed = Sha256::new();
        for column in &sheet.columns {
            seed.update(format!("{}\n{:?}\n", column.name, column.kind));
        }
        seed.update(zone.iana_name().unwrap_or_default());
        let is_stamp = !sheet.key.iter().any(|name| name == STAMP);
        let is_night =
            |column: &&Column| column.name == STAMP && column.kind == Kind::Field(FieldKind::Day);
        let stamp = sheet.columns.iter().find(is_night).filter(|_| is_stamp);
        let stamp = stamp.and_then(|column| match column.source {
            Source::Cell(at) => Some(at),
            _ => None,
        });
        Scribe { sheet, zone, seed, stamp }
    }

    /// The columns that are written, quoted.
    fn names(&self) -> Vec<String> {
        let written =
            self.sheet.columns.iter().filter(|column| !matches!(column.source, Source::Part(..)));
        written.map(|column| quoted(&column.name)).collect()
    }

    fn mark(&self, row: &CellRow) -> Mark {
        let mut hash = self.seed.clone();
        for (at, cell) in row.iter().enumerate() {
            if Some(at) == self.stamp {
                continue;
            }
            match cell {
                None => hash.update([0]),
                Some(Cell::Text(text)) => {
                    hash.update([1]);
                    hash.update((text.len() as u64).to_le_bytes());
                    hash.update(text);
                }
                Some(Cell::Whole(number)) => {
                    hash.update([2]);
                    hash.update(number.to_le_bytes());
                }
                Some(Cell::Decimal(digits, scale)) => {
                    hash.update([3, *scale]);
                    hash.update(digits.to_le_bytes());
                }
                Some(Cell::Flag(flag)) => hash.update([4, u8::from(*flag)]),
                Some(Cell::Day(day)) => {
                    hash.update([5]);
                    hash.update(day.year().to_le_bytes());
                    hash.update([day.month().cast_unsigned(), day.day().cast_unsigned()]);
                }
                Some(Cell::Instant(instant)) => {
                    hash.update([6]);
                    hash.update(instant.as_microsecond().to_le_bytes());
                }
            }
        }
        let whole = hash.finalize();
        let mut mark = Mark::default();
        mark.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        mark
    }

    fn values(&self, row: &CellRow) -> Vec<Value> {
        let cell = |at: &usize| row.get(*at).and_then(Option::as_ref);
        let value = |source: &Source| match source {
            Source::Cell(at) => Some(cell(at).map_or(Value::None, written)),
            Source::LocalOf(at) => {
                Some(cell(at).map_or(Value::None, |cell| local(cell, self.zone)))
            }
            Source::Mark => Some(Value::Mark(self.mark(row))),
            Source::Part(..) => None,
        };
        self.sheet.columns.iter().filter_map(|column| value(&column.source)).collect()
    }
}

/// The column that says in which night a row was written, where it is not what makes the row itself.
const STAMP: &str = "night";

fn local(cell: &Cell, zone: &TimeZone) -> Value {
    let Cell::Instant(instant) = cell else { return Value::None };
    Value::Text(moment(zone.to_datetime(*instant), ' '))
}

/// A time to the second, of one width. Times are most of what a fact says: they are written without a pattern that is read
/// each time.
fn moment(at: DateTime, between: char) -> String {
    let Ok(year @ 0..=9999) = u32::try_from(at.year()) else {
        return at.strftime(&format!("%Y-%m-%d{between}%H:%M:%S")).to_string();
    };
    let mut text = String::with_capacity(27);
    two(&mut text, year / 100);
    two(&mut text, year % 100);
    let parts = [
        ('-', at.month()),
        ('-', at.day()),
        (between, at.hour()),
        (':', at.minute()),
        (':', at.second()),
    ];
    for (before, part) in parts {
        text.push(before);
        two(&mut text, u32::from(part.unsigned_abs()));
    }
    text
}

/// The last two digits of a number.
fn two(text: &mut String, number: u32) {
    for digit in [number / 10 % 10, number % 10] {
        text.extend(char::from_digit(digit, 10));
    }
}

/// An instant in UTC, of one width, so that the texts sort as time does.
fn instant(at: Timestamp) -> String {
    let utc = TimeZone::UTC.to_datetime(at);
    let mut text = moment(utc, 'T');
    let micros = utc.subsec_nanosecond().unsigned_abs() / 1000;
    text.push('.');
    for part in [micros / 10_000, micros / 100, micros] {
        two(&mut text, part);
    }
    text.push('Z');
    text
}

fn written(cell: &Cell) -> Value {
    match cell {
        Cell::Whole(number) => Value::Whole(*number),
        Cell::Flag(flag) => Value::Flag(*flag),
        Cell::Instant(at) => Value::Text(instant(*at)),
        Cell::Decimal(..) => Value::Text(without_noughts(&cell.written()).to_owned()),
        Cell::Text(_) | Cell::Day(_) => Value::Text(cell.written()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_jiff_writes_them() {
        for text in [
            "2025-03-09T08:07:06Z",
            "1999-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00.5Z",
            "9999-12-29T10:20:30.000001Z",
        ] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(instant(at), format!("{at:.6}"));
            let zone = TimeZone::fixed(jiff::tz::offset(8));
            let there = zone.to_datetime(at);
            assert_eq!(moment(there, ' '), there.strftime("%Y-%m-%d %H:%M:%S").to_string());
        }
    }
}
