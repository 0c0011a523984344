//! How is a stream's past asked for? In slices of its cursor's step, each by itself, so that one can be
//! asked for without the others.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::window;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::Cursor;
use crate::spec::connector::Method;
use crate::spec::connector::Relation;
use crate::spec::connector::Stream;
use crate::spec::connector::Write;

/// A slice of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastSlice {
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends, exclusive.
    pub to: Timestamp,
    /// What the source is asked, without its pages.
    pub question: String,
}

/// The slices of a stream between two days.
///
/// # Errors
/// Why it can't be asked for a part of its past.
pub fn past(
    connector: &Connector,
    stream: &Stream,
    days: (Date, Date),
) -> Result<Vec<PastSlice>, String> {
    if matches!(stream.write, Write::Snapshot { .. }) {
        return Err("a snapshot is whole or none".to_owned());
    }
    let cursor = cursor(stream)?;
    let zone = TimeZone::get(&connector.zone).map_err(|fault| fault.to_string())?;
    let slices = window::past(cursor, &zone, days).map_err(|fault| fault.to_string())?;
    let slice = |(from, to): (Timestamp, Timestamp)| {
        let windows = window::slice(cursor, &zone, (from, to));
        let windows = windows.map_err(|fault| fault.to_string())?;
        let asked = windows.slices.first().map(|slice| question(stream, &slice.parameters));
        Ok(PastSlice { from, to, question: asked.unwrap_or_default() })
    };
    slices.into_iter().map(slice).collect()
}

fn cursor(stream: &Stream) -> Result<&Cursor, String> {
    let cursor = match &stream.ask {
        Ask::Http(ask) => match &ask.each {
            None => ask.cursor.as_ref(),
            Some(each) => {
                let of = &each.of.value;
                return Err(format!(
                    "it is asked for the rows of `{of}`, also for those of its past"
                ));
            }
        },
        Ask::Sql(ask) => ask.cursor.as_ref(),
        Ask::Files(_) => return Err("files bring their past themselves".to_owned()),
        Ask::Singer(_) => return Err("a tap knows its past by its own state".to_owned()),
    };
    let cursor = cursor.ok_or("it has no [stream.cursor]: every night asks for everything")?;
    match cursor.until {
        Some(_) => Ok(cursor),
        None => Err("its [stream.cursor] has no `until`: no window of it ends".to_owned()),
    }
}

fn question(stream: &Stream, bounds: &[(String, String)]) -> String {
    let bound =
        |operator: &str, (name, value): &(String, String)| format!("{name}{operator}{value}");
    match &stream.ask {
        Ask::Http(ask) => {
            let method = if ask.method == Method::Get { "GET" } else { "POST" };
            let bounds = bounds.iter().map(|pair| bound("=", pair)).collect::<Vec<_>>().join(" ");
            format!("{method} {} {bounds}", ask.path)
        }
        Ask::Sql(ask) => {
            let name = match &ask.relation {
                Relation::View(view) => view,
                Relation::Query(_) => "query",
            };
            let bounds = [" >= ", " < "].iter().zip(bounds).map(|(sign, pair)| bound(sign, pair));
            format!("{name}: {}", bounds.collect::<Vec<_>>().join(", "))
        }
        Ask::Files(_) | Ask::Singer(_) => String::new(),
    }
}
