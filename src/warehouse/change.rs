//! What of a table changed since it was written last? Only that is written: a row is known again by its mark.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rayon::slice::ParallelSliceMut as _;
use sha2::Digest as _;
use sha2::Sha256;

use super::Loaded;
use super::Replaces;
use super::Rows;
use super::Table;
use super::dialect::quoted;
use super::link::Link;
use super::link::Target;
use super::sheet::Column;
use super::sheet::Kind;
use super::sheet::STAMP;
use super::sheet::Sheet;
use super::sheet::Source;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::without_noughts;
use crate::spec::schema::FieldKind;

/// The first half of a SHA-256 over what a row says, or a number of the same length that whoever tells the row knows.
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
    let rows = &table.rows;
    let all = || (0..rows.parts).map(|part| (part, (rows.part)(part)));
    let marks = match scribe.printed(rows) {
        None if !standing.is_empty() => {
            let marks = all().map(|(_, rows)| rows.iter().map(|row| scribe.mark(row)).collect());
            marks.collect::<Vec<Vec<Mark>>>().concat()
        }
        printed => printed.unwrap_or_default(),
    };
    let mut loaded = Loaded::default();
    // Which rows are new; with an empty table all are, and where no mark is known yet one look is enough.
    let news = (!standing.is_empty()).then(|| held_against(standing, &marks));
    if let Some((is_new, gone)) = &news {
        loaded.removed = gone.len() as u64;
        loaded.unchanged = is_new.iter().filter(|is_new| !**is_new).count() as u64;
        link.remove(&name, gone).await?;
    }
    let is_new = |at: usize| news.as_ref().is_none_or(|(news, _)| news.get(at) == Some(&true));
    let of_part = |part: usize| {
        let start = part * rows.at_once;
        let is_asked = news.is_none() || (start..start + rows.at_once).any(is_new);
        let rows = is_asked.then(|| (rows.part)(part)).into_iter().flatten();
        (start..).zip(rows).filter(move |(at, _)| is_new(*at))
    };
    let written = (0..rows.parts).flat_map(of_part);
    let written = written.inspect(|_| loaded.written += 1);
    let written = written.map(|(at, row)| scribe.values(&row, marks.get(at)));
    link.write(Target { table: &name, names: &scribe.names() }, written).await?;
    Ok(loaded)
}

/// Which rows are new, and where those stand that are no longer told; the same row may stand twice.
fn held_against(standing: Vec<(Mark, u64)>, marks: &[Mark]) -> (Vec<bool>, Vec<u64>) {
    let number = u128::from_be_bytes;
    let mut standing: Vec<_> =
        standing.into_iter().map(|(mark, place)| (number(mark), place)).collect();
    let mut told: Vec<_> = marks.iter().map(|mark| number(*mark)).zip(0..).collect();
    standing.par_sort_unstable();
    told.par_sort_unstable();
    let (mut is_new, mut gone) = (vec![true; marks.len()], Vec::new());
    let mut told = told.into_iter().peekable();
    for (mark, place) in standing {
        while told.next_if(|(other, _)| *other < mark).is_some() {}
        match told.next_if(|(other, _)| *other == mark) {
            Some((_, at)) => is_new[at] = false,
            None => gone.push(place),
        }
    }
    gone.sort_unstable();
    (is_new, gone)
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

    /// The marks of rows whose numbers are known.
    fn printed(&self, rows: &Rows<'_>) -> Option<Vec<Mark>> {
        let prints = rows.prints.as_ref().map(|prints| prints())?;
        let seed = u128::from_be_bytes(first_half(self.seed.clone()));
        let mark = |print: &u128| (print ^ seed).to_be_bytes();
        (!prints.is_empty()).then(|| prints.iter().map(mark).collect())
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
        first_half(hash)
    }

    /// What is written of a row, whose mark may be known.
    fn values(&self, row: &CellRow, mark: Option<&Mark>) -> Vec<Value> {
        let cell = |at: &usize| row.get(*at).and_then(Option::as_ref);
        let value = |source: &Source| match source {
            Source::Cell(at) => Some(cell(at).map_or(Value::None, written)),
            Source::LocalOf(at) => {
                Some(cell(at).map_or(Value::None, |cell| local(cell, self.zone)))
            }
            Source::Mark => Some(Value::Mark(mark.map_or_else(|| self.mark(row), |mark| *mark))),
            Source::Part(..) => None,
        };
        self.sheet.columns.iter().filter_map(|column| value(&column.source)).collect()
    }
}

fn first_half(hash: Sha256) -> Mark {
    let mut mark = Mark::default();
    mark.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    mark
}

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
