//! How does a file come to be whole or not at all? It is written beside and renamed.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Writes a file so that a reader, and a crash, sees the old bytes or the new ones.
pub fn write_then_rename(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(target)?;
    fs::write(&beside, bytes)?;
    rename_durably(&beside, target)
}

/// The name under which `target` is written before it is renamed; its folder is made.
pub fn beside(target: &Path) -> io::Result<PathBuf> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    Ok(target.with_file_name(name))
}

/// Moves a finished file or folder to its name, its bytes on the disk first.
pub fn rename_durably(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    fs::rename(from, to)?;
    if let Some(folder) = to.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes a folder that only its owner may open.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}
