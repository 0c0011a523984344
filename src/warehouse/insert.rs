//! How is SQLite handed rows? By prepared inserts of many rows each, times as texts that sort as time does.

use futures_util::future::join;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sqlx::Arguments as _;
use sqlx::AssertSqlSafe;
use sqlx::SqliteConnection;
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;

use super::scribe::Scribe;
use super::scribe::Value;
use super::scribe::Written;

/// How many values one statement binds at most; SQLite itself allows 32,766.
const BOUND: usize = 8_000;

/// Inserts rows. While SQLite takes some, on its own thread, the next are made.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    scribe: &Scribe<'_>,
    mut rows: impl Iterator<Item = sqlx::Result<Written>>,
) -> sqlx::Result<()> {
    let (table, names) = (scribe.table(), scribe.names());
    let (list, places) = (names.join(", "), format!("({})", vec!["?"; names.len()].join(", ")));
    let at_once = BOUND / names.len().max(1);
    let mut next = || {
        let mut some = SqliteArguments::default();
        let mut count = 0;
        for row in rows.by_ref().take(at_once) {
            scribe.values(&row?, |value| bind(&mut some, value).map_err(sqlx::Error::Encode))?;
            count += 1;
        }
        let all = vec![places.as_str(); count].join(", ");
        let text = AssertSqlSafe(format!("insert into {table} ({list}) values {all}"));
        let statement = sqlx::query_with(text, some).persistent(count == at_once);
        Ok::<_, sqlx::Error>((count > 0).then_some(statement))
    };
    let mut statement = next()?;
    while let Some(some) = statement {
        let (taken, following) = join(some.execute(&mut *connection), async { next() }).await;
        taken?;
        statement = following?;
    }
    Ok(())
}

fn bind(some: &mut SqliteArguments, value: Value<'_>) -> Result<(), BoxDynError> {
    match value {
        Value::None => some.add(None::<String>),
        Value::Text(text) => some.add(text.into_owned()),
        Value::Whole(number) => some.add(number),
        Value::Decimal(text) => some.add(text),
        Value::Flag(flag) => some.add(flag),
        Value::Day(day) => some.add(day.to_string()),
        Value::Instant(at) => some.add(instant(at)),
        Value::Local(at) => some.add(moment(at, ' ')),
        Value::Mark(mark) => some.add(mark.to_vec()),
    }
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
