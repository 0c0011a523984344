//! How is PostgreSQL handed rows? By `COPY` in its own binary form, so that it reads no time or number out of a text.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::date;
use sqlx::PgConnection;

use super::scribe::Scribe;
use super::scribe::Value;
use super::scribe::Written;

/// What such a stream begins with: that it is one, no flags and nothing more.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// How many bytes are gathered before they are sent. PostgreSQL reads them while the next are made.
const SENT: usize = 1 << 16;

/// The day from which PostgreSQL counts.
const FIRST: Date = date(2000, 1, 1);

/// The same in seconds from the day from which others do.
const FIRST_SECOND: i64 = 946_684_800;

/// Copies rows into a table.
pub(super) async fn copy(
    connection: &mut PgConnection,
    scribe: &Scribe<'_>,
    rows: impl Iterator<Item = sqlx::Result<Written>>,
) -> sqlx::Result<()> {
    let (table, names) = (scribe.table(), scribe.names());
    let columns = i16::try_from(names.len()).map_err(|wide| sqlx::Error::Encode(wide.into()))?;
    let statement = format!("copy {table} ({}) from stdin (format binary)", names.join(", "));
    let mut copy = connection.copy_in_raw(&statement).await?;
    let mut bytes = Vec::with_capacity(SENT + SENT / 8);
    bytes.extend(HEAD);
    for row in rows {
        bytes.extend(columns.to_be_bytes());
        scribe.values(&row?, |value| {
            put(&value, &mut bytes);
            Ok(())
        })?;
        if bytes.len() >= SENT {
            copy.send(bytes.as_slice()).await?;
            bytes.clear();
        }
    }
    bytes.extend((-1_i16).to_be_bytes());
    copy.send(bytes.as_slice()).await?;
    copy.finish().await.map(drop)
}

/// Puts a value behind others: how many bytes it has, and those.
fn put(value: &Value<'_>, bytes: &mut Vec<u8>) {
    if let Value::None = value {
        bytes.extend((-1_i32).to_be_bytes());
        return;
    }
    let start = bytes.len();
    bytes.extend([0; 4]);
    match value {
        Value::None => {}
        // PostgreSQL has no place for the character of code 0 in a text.
        Value::Text(text) if text.contains('\0') => bytes.extend(text.bytes().filter(|b| *b != 0)),
        Value::Text(text) => bytes.extend(text.as_bytes()),
        Value::Whole(number) => bytes.extend(number.to_be_bytes()),
        Value::Decimal(text) => numeric(text, bytes),
        Value::Flag(flag) => bytes.push(u8::from(*flag)),
        Value::Day(day) => bytes.extend(days(*day).to_be_bytes()),
        Value::Instant(at) => bytes.extend(micros(*at).to_be_bytes()),
        Value::Local(at) => bytes.extend(local(*at).to_be_bytes()),
        Value::Mark(mark) => bytes.extend(mark),
    }
    let length = u32::try_from(bytes.len() - start - 4).unwrap_or(u32::MAX);
    if let Some(place) = bytes.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn days(day: Date) -> i32 {
    day.duration_since(FIRST).as_hours().div_euclid(24).try_into().unwrap_or(i32::MAX)
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond() - FIRST_SECOND * 1_000_000
}

/// A time to the second.
fn local(at: DateTime) -> i64 {
    let clock = at.time();
    let of_day = i64::from(clock.hour()) * 3_600
        + i64::from(clock.minute()) * 60
        + i64::from(clock.second());
    (i64::from(days(at.date())) * 86_400 + of_day) * 1_000_000
}

/// A decimal: how many groups of four digits it has, before how many of them the point would stand, whether it is below
/// nought, how many of its digits stand behind the point, and the groups.
fn numeric(text: &str, bytes: &mut Vec<u8>) {
    let (sign, text) = text.strip_prefix('-').map_or((0_u16, text), |text| (0x4000, text));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let padded = |digits: usize| "0".repeat(digits.next_multiple_of(4) - digits);
    let digits = format!("{}{whole}{part}{}", padded(whole.len()), padded(part.len()));
    let groups = digits.as_bytes().chunks(4);
    let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
    bytes.extend(short(groups.len()));
    bytes.extend(short(whole.len().div_ceil(4).saturating_sub(1)));
    bytes.extend(sign.to_be_bytes());
    bytes.extend(short(part.len()));
    for group in groups {
        let number = group
            .iter()
            .fold(0, |sum: u16, digit| sum * 10 + u16::from(digit.saturating_sub(b'0')));
        bytes.extend(number.to_be_bytes());
    }
}
