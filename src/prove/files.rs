//! Which files is a connector proven by, and do they bear what happens to them? Copies of the last ones; for
//! points 9 and 10 they are cut.

use std::io;
use std::path::PathBuf;

use super::Verdict;
use super::Verdict::Failed;
use super::Verdict::NotAsked;
use super::Verdict::Passed;
use super::case::Case;
use super::copies::copied;
use super::copies::laid;
use super::copies::name;
use crate::spec::connector::Ask;

/// How a workbook or a parcel begins, of either kind.
const ARCHIVES: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];

/// Point 9: a copy that was cut in half brings no row, and it is told.
pub(super) async fn cut(case: &Case<'_>) -> anyhow::Result<Verdict> {
    let has_total = matches!(&case.stream.ask, Ask::Files(ask) if ask.grid.total.is_some());
    let mut is_text = false;
    let half = |bytes: &[u8]| {
        is_text |= !is_archive(bytes);
        bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec()
    };
    let told = changed(case, half).await?;
    if is_text && !has_total {
        return Ok(NotAsked("half a text looks like a whole one: name `grid.total`".to_owned()));
    }
    Ok(match told {
        Some(why) => Passed(format!("a file that was cut in half: {why}")),
        None => Failed("a file that was cut in half was read, and nobody is told".to_owned()),
    })
}

/// Point 10: a text that lost a row is told.
pub(super) async fn total(case: &Case<'_>, has_total: bool) -> anyhow::Result<Verdict> {
    if !has_total {
        return Ok(NotAsked("its files tell no total".to_owned()));
    }
    let mut is_text = true;
    let without = |bytes: &[u8]| {
        is_text &= !is_archive(bytes) && !bytes.contains(&0);
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        if lines.len() > 2 {
            lines.remove(lines.len() / 2);
        }
        lines.concat()
    };
    let told = changed(case, without).await?;
    if !is_text {
        return Ok(NotAsked("a row is taken out of texts only".to_owned()));
    }
    Ok(match told {
        Some(why) => Passed(format!("a row less than there should be: {why}")),
        None => Failed("a file that lacks a row was read, and nobody is told".to_owned()),
    })
}

fn is_archive(bytes: &[u8]) -> bool {
    ARCHIVES.iter().any(|begins| bytes.starts_with(begins))
}

/// Changes copies and reads them; what a night would tell.
async fn changed(
    case: &Case<'_>,
    mut change: impl FnMut(&[u8]) -> Vec<u8>,
) -> anyhow::Result<Option<String>> {
    let mut files = Vec::new();
    for file in case.reading.delivery.files.iter().map(|file| &file.name) {
        let name = file.split('/').next().unwrap_or_default();
        let (name, bytes, at) = copied(&case.bench.folder.join("drop").join(name))?;
        files.push((name, change(&bytes), at));
    }
    let connector = laid(&case.bench.connector, &files, &case.bench.new_folder("drop"));
    let connector = connector.map_err(io::Error::other)?;
    let reading = match case.bench.read((&connector, case.stream), &case.question).await {
        Ok(reading) => reading,
        Err(error) => return Ok(Some(error.told())),
    };
    let waits = reading.delivery.not_whole.iter().next();
    let waits = waits.map(|(file, why)| format!("{file} waits for another night: {why}"));
    if reading.rows.rows.is_empty() && waits.is_some() {
        return Ok(waits);
    }
    let judged = case.judge(&reading)?;
    Ok(case.broken(&reading, &judged))
}

/// The files of a stream before the last one, the latest first.
pub(super) fn earlier(case: &Case<'_>) -> Vec<PathBuf> {
    let Ask::Files(ask) = &case.stream.ask else { return Vec::new() };
    let of = case.bench.dropped.iter().rev().filter(|path| ask.file.is_match(&name(path)));
    of.skip(1).cloned().collect()
}
