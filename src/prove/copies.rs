//! Copies of files, laid where a connector is proven by them.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use crate::base::durable::create_private_folder;
use crate::night::Ground;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::Source;
use crate::spec::template::Template;

/// A file that is copied: its name, its bytes and when it changed.
pub(super) type Copied = (String, Vec<u8>, SystemTime);

/// The files of a drop folder in the order of names, and the last one of each stream.
pub(super) fn last(
    connector: &Connector,
    ground: &Ground<'_>,
) -> Result<(Vec<PathBuf>, Vec<Copied>), String> {
    let Source::Files(files) = &connector.source else { return Ok((Vec::new(), Vec::new())) };
    let at = files.at.fill(ground.secrets, &[]).map_err(|unset| unset.to_string())?;
    let folder = ground.home.root.join(at);
    let told = |fault: io::Error| format!("`{}`: {fault}", folder.display());
    let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let paths = entries.map_err(told)?.into_iter().map(|entry| entry.path());
    let mut all: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    all.sort_unstable();
    let mut last = Vec::new();
    for stream in &connector.streams {
        let Ask::Files(ask) = &stream.ask else { continue };
        // Its files may stand in parcels.
        let of = all.iter().rev().find(|path| ask.file.is_match(&name(path)));
        let parcel = || all.iter().rev().find(|path| name(path).to_lowercase().ends_with(".zip"));
        if let Some(path) = of.or_else(parcel) {
            last.push(copied(path).map_err(told)?);
        }
    }
    Ok((all, last))
}

pub(super) fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

pub(super) fn copied(path: &Path) -> io::Result<Copied> {
    Ok((name(path), fs::read(path)?, fs::metadata(path)?.modified()?))
}

/// A connector whose files are these, laid into a folder.
pub(super) fn laid(
    connector: &Connector,
    files: &[Copied],
    folder: &Path,
) -> Result<Connector, String> {
    let lay = |(name, bytes, changed): &Copied| {
        let path = folder.join(name);
        fs::write(&path, bytes)?;
        fs::File::options().write(true).open(path)?.set_modified(*changed)
    };
    let told = |fault: io::Error| format!("`{}`: {fault}", folder.display());
    create_private_folder(folder).map_err(told)?;
    files.iter().try_for_each(lay).map_err(told)?;
    let mut connector = connector.clone();
    if let Source::Files(files) = &mut connector.source {
        files.at = Template::plain(&folder.display().to_string());
        files.still = Some(Duration::ZERO);
    }
    Ok(connector)
}
