//! Would the files of a drop folder be read tonight? Each that fits a stream is opened, and what would keep a
//! night from it is told.

use std::path::Path;

use super::ExtractError;
use super::correction;
use super::dropped;
use super::dropped::Dropped;
use super::parcel;
use super::unclaimed::unclaimed;
use crate::base::checkup::Check;
use crate::base::checkup::State;
use crate::base::said::Say;
use crate::base::text::quoted;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::FileStream;
use crate::spec::connector::Files;
use crate::spec::template::Secrets;

/// Whether a folder can be read, has files for every stream, and corrections that can be read.
pub(super) fn checks(
    connector: &Connector,
    files: &Files,
    secrets: &dyn Secrets,
    home: &Path,
) -> Vec<Check> {
    let folder = match dropped::folder(files, &connector.name, secrets, home) {
        Ok(folder) => folder,
        Err(error) => return vec![broken("url", error.told(), Say::HintAddress)],
    };
    let there = match dropped::regular(&folder) {
        Ok(there) => there,
        Err(error) => return vec![broken("folder", error.told(), Say::HintFolder)],
    };
    let mut checks = vec![Check::well("folder", format!("{} files", there.len()))];
    for stream in &connector.streams {
        let Ask::Files(ask) = &stream.ask else { continue };
        checks.push(of_stream(&format!("files {}", stream.name), (connector, files), ask, &there));
    }
    checks.extend(corrections(&folder.join(correction::FOLDER)));
    checks
}

/// The files of a stream: how many, the last, and the first that cannot be read.
fn of_stream(
    what: &str,
    (connector, files): (&Connector, &Files),
    ask: &FileStream,
    there: &[Dropped],
) -> Check {
    let names = |dropped: &Dropped| dropped.names(&|name| dropped::is_of(ask, name));
    let ours: Vec<String> = there.iter().flat_map(names).collect();
    let is_tried = |it: &&Dropped| parcel::is_one(&it.name) || dropped::is_of(ask, &it.name);
    let mut faults = there.iter().filter(is_tried).filter_map(|it| it.fault(files.still));
    let mut says = match ours.last() {
        Some(name) => format!("{}, the last is `{}`", ours.len(), quoted(name)),
        None => "no file has such a name".to_owned(),
    };
    if let Some(fault) = faults.next() {
        let more = faults.count();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        says = format!("{says}: {}{more}", fault.told());
        let is_closed = matches!(fault, ExtractError::Closed { .. });
        return broken(what, says, if is_closed { Say::HintFolder } else { Say::HintFile });
    }
    let check = Check::well(what, says);
    let file = [("file", connector.file.clone())];
    if ours.is_empty() { check.but(State::Doubt, Say::HintPattern, &file) } else { check }
}

/// The workbooks that came back corrected, where there are any: one that cannot be read keeps no other waiting.
fn corrections(folder: &Path) -> Option<Check> {
    let what = correction::FOLDER;
    let files = match correction::named(folder) {
        Ok(files) => files,
        Err(error) => return Some(broken(what, error.told(), Say::HintFolder)),
    };
    let files = files.into_iter().map(|(name, path)| Dropped { name, path, is_open: false });
    let files: Vec<Dropped> = files.collect();
    let check = |says: String| Check::well(what, says);
    Some(match files.iter().find_map(|it| it.fault(None)) {
        Some(fault) => check(fault.told()).but(State::Doubt, Say::HintFolder, &[]),
        None if files.is_empty() => return None,
        None => check(format!("{} files", files.len())),
    })
}

/// What lies in the folder that no stream reads.
pub(super) fn strange(
    connector: &Connector,
    all: &[Connector],
    secrets: &dyn Secrets,
    home: &Path,
) -> Option<Check> {
    let strange = unclaimed(connector, all, secrets, home);
    let first = quoted(strange.first()?);
    let says = match strange.len() - 1 {
        0 => format!("no stream reads `{first}`"),
        more => format!("no stream reads `{first}` and {more} more"),
    };
    let file = [("file", connector.file.clone())];
    Some(Check::well("others", says).but(State::Doubt, Say::HintUnread, &file))
}

fn broken(what: &str, says: String, hint: Say) -> Check {
    Check::well(what, says).but(State::Broken, hint, &[])
}
