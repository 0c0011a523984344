//! Is a release still what it was when it was published? Every hash is computed again.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::PublishError;
use super::named;
use super::package;
use crate::base::pseudonym::sha256;

/// How a file is not what the manifest says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Its bytes are others.
    Differs(String),
    /// It is listed and not there.
    Missing(String),
    /// It is there and not listed.
    Extra(String),
}

/// How many files a release has, and every one that is not as it was, by its name.
///
/// # Errors
/// A folder that can't be read, or holds no manifest.
pub fn verify(folder: &Path) -> Result<(usize, Vec<Difference>), PublishError> {
    let path = folder.join(package::FILE);
    let bytes = fs::read(&path).map_err(named(&path))?;
    let Ok(manifest) = serde_json::from_slice::<Value>(&bytes) else {
        return Ok((1, vec![Difference::Differs(package::FILE.to_owned())]));
    };
    let listed = package::listed(&manifest);
    let mut found: Vec<Difference> = Vec::new();
    if !package::is_whole(&manifest) || !is_named(folder, &bytes)? {
        found.push(Difference::Differs(package::FILE.to_owned()));
    }
    let mut known: BTreeSet<&str> = BTreeSet::from([package::FILE]);
    for (name, size, hash) in &listed {
        known.insert(name);
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => {
                let is = (bytes.len() as u64, format!("sha256:{}", sha256(&bytes)));
                let differs = is != (*size, hash.clone());
                found.extend(differs.then(|| Difference::Differs(name.clone())));
            }
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
                found.push(Difference::Missing(name.clone()));
            }
            Err(fault) => return Err(named(&path)(fault)),
        }
    }
    for entry in fs::read_dir(folder).map_err(named(folder))? {
        let name = entry.map_err(named(folder))?.file_name().to_string_lossy().into_owned();
        found.extend((!known.contains(name.as_str())).then_some(Difference::Extra(name)));
    }
    found.sort();
    Ok((known.len(), found))
}

/// Whether the manifest is the one that `latest.json` beside the folder names, where it names this release.
fn is_named(folder: &Path, manifest: &[u8]) -> Result<bool, PublishError> {
    let (Some(root), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(true) };
    let path = root.join("latest.json");
    if !path.exists() {
        return Ok(true);
    }
    let text = fs::read(&path).map_err(named(&path))?;
    let latest: Value = serde_json::from_slice(&text).unwrap_or_default();
    let text = |key: &str| latest.get(key).and_then(Value::as_str).unwrap_or_default();
    let is_other = text("manifest") != format!("{}/{}", name.to_string_lossy(), package::FILE);
    Ok(is_other || text("sha256") == sha256(manifest))
}
