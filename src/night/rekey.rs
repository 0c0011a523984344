//! How does a lake get another key? A copy is written under it beside the lake, whole, and takes its
//! place; whatever interrupts this, the old lake stands or the new one does.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use super::Ground;
use super::Refusal;
use super::begin;
use super::key;
use crate::base::access::Access;
use crate::base::durable::create_private_folder;
use crate::base::durable::rename_durably;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::Key;
use crate::model::rekeyed::Rekeying;

/// What a change of the key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many identities have a new pseudonym; none where the lake has the key already.
    pub identities: Option<u64>,
    /// The fingerprint of the key that the lake has now.
    pub fingerprint: String,
}

/// Where the lake stands: it may be a link to another disk.
fn real(lake: &Path) -> PathBuf {
    match fs::read_link(lake) {
        Ok(to) => real(&lake.parent().unwrap_or(lake).join(to)),
        Err(_) => lake.to_owned(),
    }
}

fn beside(lake: &Path) -> PathBuf {
    lake.with_extension("rekeyed")
}

fn before(lake: &Path) -> PathBuf {
    lake.with_extension("before")
}

/// Ends a change of the key that was interrupted: a copy that is whole takes the lake's place, one that is
/// not is cleared.
pub(super) fn settle(lake: &Path) -> anyhow::Result<()> {
    let lake = &real(lake);
    let (beside, before) = (beside(lake), before(lake));
    // The fingerprint is written last: a copy that has one is whole.
    if beside.join("key").is_file() {
        if lake.exists() {
            fs::rename(lake, &before).context("setting the lake aside")?;
        }
        rename_durably(&beside, lake).context("putting the new lake in its place")?;
    }
    for folder in [beside, before] {
        if folder.exists() {
            fs::remove_dir_all(&folder).context("clearing a lake that is no longer needed")?;
        }
    }
    Ok(())
}

/// Gives the lake the key of a secret, on top of the one it has.
///
/// # Errors
/// A [`Refusal`] where `from` is not the lake's key, or a disk that fails.
pub fn rekey(ground: &Ground<'_>, from: &str, to: &str) -> anyhow::Result<Rekeyed> {
    let _lock = begin(ground, "rekey")?;
    let what = vec![("from", from.to_owned()), ("to", to.to_owned())];
    let access = Access { verb: "rekey", what, rows: None, purpose: None };
    access.note(&ground.var)?;
    let secret = |name: &str| ground.secrets.secret(name).map_err(Refusal::NoKey);
    let (old, new) = (Key::new(&secret(from)?), Key::new(&secret(to)?));
    let (lake, fingerprint) = (real(&ground.lake()), new.fingerprint());
    let kept = lake.join("key");
    let chain = fs::read_to_string(&kept).unwrap_or_default();
    let links: Vec<&str> =
        chain.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    if links.ends_with(&[old.fingerprint().as_str(), fingerprint.as_str()]) {
        key(ground)?;
        return Ok(Rekeyed { identities: None, fingerprint });
    }
    let last = links.last().map(|link| (*link).to_owned()).unwrap_or_default();
    if last != old.fingerprint() || links.contains(&fingerprint.as_str()) {
        let given = if last == old.fingerprint() { fingerprint } else { old.fingerprint() };
        return Err(Refusal::OtherKey { lake: last, given }.into());
    }
    key(ground)?;
    let copy = beside(&lake);
    create_private_folder(&copy).context("making the new lake's folder")?;
    let fingerprints = (last, fingerprint.clone());
    let rekeying = Rekeying::of(ground.catalog, &lake, new, fingerprints)?;
    rekeying.write(&lake, &copy)?;
    let chain = format!("{}\n{fingerprint} {to}\n", chain.trim_end());
    write_then_rename(&copy.join("key"), chain.as_bytes()).context("keeping the fingerprint")?;
    settle(&lake)?;
    Ok(Rekeyed { identities: Some(rekeying.known()), fingerprint })
}
