//! Why did a verb end as it did? Said with what can be done about it, and the code that says so.

use std::io;

use super::BUSY;
use super::DISK;
use super::Face;
use super::HOME;
use crate::base::durable;
use crate::base::said::Say;
use crate::night::Refusal;
use crate::publish::PublishError;

/// What went wrong, what to do, and the code that says so.
pub(super) fn say_why(fault: &anyhow::Error, face: &mut Face<'_>) -> io::Result<u8> {
    if let Some(PublishError::Closed { period, .. }) = fault.downcast_ref() {
        let nouns = [("period", period.clone()), ("problem", chained(fault))];
        let (text, hint) = (face.say(Say::Broke, &nouns), face.say(Say::ClosedBrokenHint, &nouns));
        face.complain(&text, Some(&hint))?;
        return Ok(DISK);
    }
    let (text, hint, code) = match fault.downcast_ref::<Refusal>() {
        Some(Refusal::Busy { holder }) => {
            (face.say(Say::Busy, &[("holder", holder.clone())]), Say::BusyHint, BUSY)
        }
        Some(Refusal::OtherKey { lake, given }) => {
            let nouns = [("lake", lake.clone()), ("given", given.clone())];
            (face.say(Say::OtherKey, &nouns), Say::OtherKeyHint, HOME)
        }
        Some(Refusal::NoWarehouse(problem)) => {
            let nouns = [("problem", problem.clone())];
            (face.say(Say::NoWarehouse, &nouns), Say::NoWarehouseHint, HOME)
        }
        Some(Refusal::NoKey(problem)) => {
            (face.say(Say::NoKey, &[("problem", problem.clone())]), Say::NoKeyHint, HOME)
        }
        None => {
            let problem = [("problem", chained(fault))];
            if is_full(fault) {
                (face.say(Say::DiskFull, &problem), Say::DiskFullHint, DISK)
            } else {
                (face.say(Say::Broke, &problem), Say::BrokeHint, DISK)
            }
        }
    };
    let hint = face.say(hint, &[]);
    face.complain(&text, Some(&hint))?;
    Ok(code)
}

/// What went wrong and why, each cause once: some say their own cause within their words.
fn chained(fault: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in fault.chain().map(ToString::to_string) {
        if !told.contains(&cause) {
            told.push_str(if told.is_empty() { "" } else { ": " });
            told.push_str(&cause);
        }
    }
    told
}

/// How SQLite says that there is no room: for rows, and for the index of its log.
const FULL: [&str; 2] = ["13", "4874"];

/// Whether the disk is full, ours or that of SQLite, which has codes of its own.
fn is_full(fault: &anyhow::Error) -> bool {
    let told = fault.chain().filter_map(|fault| fault.downcast_ref::<sqlx::Error>());
    let mut codes = told.filter_map(|fault| fault.as_database_error()?.code());
    durable::is_full(fault.as_ref()) || codes.any(|code| FULL.contains(&code.as_ref()))
}
