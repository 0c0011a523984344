//! Why did a verb end as it did? Said with what can be done about it, and the code that says so.

use std::io;

use sqlx::postgres::PgDatabaseError;

use super::BUSY;
use super::DISK;
use super::Face;
use super::HOME;
use crate::base::durable;
use crate::base::said::Say;
use crate::model::ModelError;
use crate::night::Refusal;
use crate::publish::PublishError;
use crate::warehouse::WarehouseError;

/// What went wrong, what to do, and the code that says so.
pub(super) fn say_why(fault: &anyhow::Error, face: &mut Face<'_>) -> io::Result<u8> {
    if let Some((hint, noun)) = mended(fault) {
        let text = face.say(Say::Broke, &[("problem", chained(fault))]);
        let hint = face.say(hint, noun.as_slice());
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
        Some(Refusal::NoLake { .. }) => {
            (face.say(Say::Broke, &[("problem", chained(fault))]), Say::NoLakeHint, DISK)
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

/// How a file that is damaged or gone is mended.
fn mended(fault: &anyhow::Error) -> Option<(Say, Option<(&'static str, String)>)> {
    match fault.downcast_ref() {
        Some(_) if is_coded(fault, &[LOCKED]) => return Some((Say::HeldHint, None)),
        Some(WarehouseError::Open { place, .. }) if place.contains("://") => {
            return Some((Say::ServerHint, None));
        }
        Some(WarehouseError::OtherHome { .. }) => return Some((Say::OtherHomeHint, None)),
        Some(WarehouseError::Others { .. }) => return Some((Say::OthersHint, None)),
        _ => {}
    }
    match fault.downcast_ref() {
        Some(PublishError::Closed { period, .. }) => {
            return Some((Say::ClosedBrokenHint, Some(("period", period.clone()))));
        }
        Some(PublishError::Unbooked { period, .. }) => {
            return Some((Say::BookHint, Some(("period", period.clone()))));
        }
        Some(PublishError::Line { .. }) => return Some((Say::LineHint, None)),
        _ => {}
    }
    match fault.downcast_ref()? {
        ModelError::History { .. } => Some((Say::HistoryHint, None)),
        ModelError::Delta { .. } => Some((Say::DeltaHint, None)),
        ModelError::Landed { .. } => Some((Say::LandedHint, None)),
        ModelError::Gone { night, .. } => Some((Say::GoneHint, Some(("night", night.to_string())))),
        _ => None,
    }
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
    let others = fault.chain().filter_map(|fault| fault.downcast_ref::<sqlx::Error>());
    for others in others.filter_map(depending) {
        told.push_str(": ");
        told.push_str(&others.replace('\n', ", "));
    }
    told
}

/// What hangs on what can't be taken away, as PostgreSQL names it. What it says else of rows is not told: it may tell of people.
fn depending(fault: &sqlx::Error) -> Option<&str> {
    let fault = fault.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    fault.detail().filter(|_| fault.code() == "2BP01")
}

/// How SQLite says that there is no room: for rows, and for the index of its log.
const FULL: [&str; 2] = ["13", "4874"];

/// How PostgreSQL says that a lock did not come.
const LOCKED: &str = "55P03";

/// Whether the disk is full, ours or that of SQLite, which has codes of its own.
fn is_full(fault: &anyhow::Error) -> bool {
    durable::is_full(fault.as_ref()) || is_coded(fault, &FULL)
}

/// Whether a database gives one of these codes for the cause.
fn is_coded(fault: &anyhow::Error, codes: &[&str]) -> bool {
    let told = fault.chain().filter_map(|fault| fault.downcast_ref::<sqlx::Error>());
    let mut told = told.filter_map(|fault| fault.as_database_error()?.code());
    told.any(|code| codes.contains(&code.as_ref()))
}
