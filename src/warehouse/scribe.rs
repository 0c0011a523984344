//! How is a row written down, and known again? As values in the order of its columns, with a mark of what it says.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::Digest as _;
use sha2::Sha256;

use super::Rows;
use super::dialect::Engine;
use super::dialect::quoted;
use super::sheet::Column;
use super::sheet::Kind;
use super::sheet::Part;
use super::sheet::Sheet;
use super::sheet::Source;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::without_noughts;
use crate::spec::schema::FieldKind;

/// The first half of a SHA-256 over what a row says, or a number of the same length that whoever tells the row knows.
pub(super) type Mark = [u8; 16];

/// A row that is written, and its mark where that is known.
pub(super) type Written = (CellRow, Option<Mark>);

/// A value on its way into the warehouse.
pub(super) enum Value<'r> {
    None,
    Text(Cow<'r, str>),
    Whole(i64),
    /// Digits, without the noughts at their end.
    Decimal(String),
    Flag(bool),
    Day(Date),
    Instant(Timestamp),
    /// To the second.
    Local(DateTime),
    Mark(Mark),
}

/// Writes the rows of a table down as values.
pub(super) struct Scribe<'s> {
    table: String,
    /// The columns that are written.
    written: Vec<&'s Column>,
    zone: &'s TimeZone,
    /// What every mark begins with: the columns, so that rows of another shape have other marks.
    seed: Sha256,
    /// The night in which a row was written is not what it says.
    stamp: Option<usize>,
}

impl Scribe<'_> {
    pub(super) fn of<'s>(sheet: &'s Sheet, zone: &'s TimeZone, engine: Engine) -> Scribe<'s> {
        let mut seed = Sha256::new();
        for column in &sheet.columns {
            seed.update(format!("{}\n{:?}\n", column.name, column.kind));
        }
        seed.update(zone.iana_name().unwrap_or_default());
        let written = sheet.columns.iter().filter(|column| !engine.reckons(column)).collect();
        Scribe {
            table: engine.name(sheet.area, &sheet.name),
            written,
            zone,
            seed,
            stamp: sheet.stamp,
        }
    }

    /// What they are written into.
    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// The marks of rows whose numbers are known.
    pub(super) fn printed(&self, rows: &Rows<'_>) -> sqlx::Result<Option<Vec<Mark>>> {
        let Some(prints) = &rows.prints else { return Ok(None) };
        let prints = prints().map_err(|fault| sqlx::Error::Encode(fault.into()))?;
        let seed = u128::from_be_bytes(first_half(self.seed.clone()));
        Ok(Some(prints.iter().map(|print| (print ^ seed).to_be_bytes()).collect()))
    }

    /// The columns that are written, quoted.
    pub(super) fn names(&self) -> Vec<String> {
        self.written.iter().map(|column| quoted(&column.name)).collect()
    }

    pub(super) fn mark(&self, row: &CellRow) -> Mark {
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

    /// Hands over the values of a row, in the order of [`Scribe::names`].
    pub(super) fn values<'r>(
        &self,
        (row, mark): &'r Written,
        mut put: impl FnMut(Value<'r>) -> sqlx::Result<()>,
    ) -> sqlx::Result<()> {
        let cell = |at: usize| row.get(at).and_then(Option::as_ref);
        // The parts of a local time stand behind it.
        let mut last: Option<(usize, DateTime)> = None;
        let mut local = |at: usize| match (last, cell(at)) {
            (Some((known, local)), _) if known == at => Some(local),
            (_, Some(Cell::Instant(instant))) => {
                let local = self.zone.to_datetime(*instant);
                last = Some((at, local));
                Some(local)
            }
            _ => None,
        };
        for column in &self.written {
            put(match &column.source {
                Source::Cell(at) => match cell(*at) {
                    None => Value::None,
                    Some(cell) => held(column.kind, cell).ok_or_else(|| other(column))?,
                },
                Source::LocalOf(at) => local(*at).map_or(Value::None, Value::Local),
                Source::Part { at, part, .. } => {
                    local(*at).map_or(Value::None, |local| part_of(local, *part))
                }
                Source::Mark => Value::Mark(mark.unwrap_or_else(|| self.mark(row))),
            })?;
        }
        Ok(())
    }
}

fn first_half(hash: Sha256) -> Mark {
    let mut mark = Mark::default();
    mark.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    mark
}

fn other(column: &Column) -> sqlx::Error {
    let name = &column.name;
    sqlx::Error::Encode(format!("`{name}` is of another type than its contract says").into())
}

/// A cell as its column holds it; none where its contract says otherwise.
fn held(kind: Kind, cell: &Cell) -> Option<Value<'_>> {
    let Kind::Field(kind) = kind else { return None };
    Some(match (kind, cell) {
        (FieldKind::Text, Cell::Text(text)) => Value::Text(Cow::Borrowed(text)),
        (FieldKind::Text, other) => Value::Text(Cow::Owned(other.written())),
        (FieldKind::Whole, Cell::Whole(number)) => Value::Whole(*number),
        (FieldKind::Decimal(_), Cell::Decimal(..) | Cell::Whole(_)) => {
            Value::Decimal(without_noughts(&cell.written()).to_owned())
        }
        (FieldKind::Flag, Cell::Flag(flag)) => Value::Flag(*flag),
        (FieldKind::Day, Cell::Day(day)) => Value::Day(*day),
        (FieldKind::Instant, Cell::Instant(at)) => Value::Instant(*at),
        _ => return None,
    })
}

fn part_of(at: DateTime, part: Part) -> Value<'static> {
    match part {
        Part::Date => Value::Day(at.date()),
        Part::Month => Value::Text(Cow::Owned(format!("{:04}-{:02}", at.year(), at.month()))),
        Part::Year => Value::Whole(i64::from(at.year())),
    }
}
