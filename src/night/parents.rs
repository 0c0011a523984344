//! For which rows is a child asked? It waits until its parent has ended, and reads what landed of it since
//! the child itself ended well.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;

use jiff::civil::Date;

use super::brought::Pulled;
use crate::frame::table;
use crate::model::landing::Landing;
use crate::spec::connector::Ask;
use crate::spec::connector::Each;
use crate::spec::connector::Rows;
use crate::spec::connector::Stream;

/// How streams ended, for those that wait for them.
#[derive(Default)]
pub(super) struct Ends {
    known: Mutex<BTreeMap<String, Pulled>>,
    changed: Condvar,
}

/// The end of one stream, told when it is dropped, whatever happened.
pub(super) struct End<'e> {
    ends: &'e Ends,
    name: String,
    pub(super) pulled: Pulled,
}

impl Ends {
    /// Of a stream that is about to be asked for.
    pub(super) fn of(&self, name: String) -> End<'_> {
        End { ends: self, name, pulled: Err("it broke off".to_owned()) }
    }

    /// Waits for a stream to end.
    fn wait(&self, name: &str) -> Pulled {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(pulled) = known.get(name) {
                return pulled.clone();
            }
            known = self.changed.wait(known).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for the parent of a stream, if it has one; why the stream can't be asked for.
    pub(super) fn parent(&self, system: &str, stream: &Stream) -> Result<(), String> {
        let Some(each) = each(stream) else { return Ok(()) };
        let of = &each.of.value;
        let ended = self.wait(&format!("{system}.{of}"));
        ended.map(|_| ()).map_err(|_| format!("`{of}`, for whose rows it is asked, failed"))
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut known = self.ends.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(self.name.clone(), self.pulled.clone());
        self.ends.changed.notify_all();
    }
}

/// Who is told the values of a row.
type See<'s> = &'s mut dyn FnMut(Vec<Option<String>>);

/// For which rows a stream is asked.
pub(super) fn each(stream: &Stream) -> Option<&Each> {
    let Ask::Http(ask) = &stream.ask else { return None };
    ask.each.as_ref()
}

/// Calls `see` with the values, under some headers, of every row of the parent that the child has to ask
/// about tonight: those of the nights behind its last good one, or of all.
pub(super) fn rows(
    lake: &Path,
    (system, stream): (&str, &Stream),
    (night, last_good): (Date, Option<Date>),
    (names, see): (&[String], See<'_>),
) -> io::Result<()> {
    let Some(each) = each(stream) else { return Ok(()) };
    let landing = Landing::of(lake, system, &each.of.value);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut part = |part| {
        for row in table::to_rows(&part, &names) {
            see(row.into_iter().map(|cell| cell.map(|cell| cell.written())).collect());
        }
    };
    let is_due = |of: Date| match each.rows {
        Rows::Tonight => last_good.is_none_or(|last| of > last),
        Rows::All => true,
    };
    let attempts = landing.attempts().map_err(io::Error::other)?.into_iter();
    // Of several attempts of a night the last one counts.
    let attempts: BTreeMap<Date, u32> =
        attempts.filter(|(of, _)| *of <= night && is_due(*of)).collect();
    for attempt in attempts {
        let landed = landing.manifest(attempt).map_err(io::Error::other)?;
        for past in landed.past {
            let (_, parts) = landing.past_named(&past).map_err(io::Error::other)?;
            for rows in parts {
                part(rows.map_err(io::Error::other)?);
            }
        }
        for rows in landing.parts(attempt).map_err(io::Error::other)? {
            part(rows.map_err(io::Error::other)?);
        }
    }
    Ok(())
}
