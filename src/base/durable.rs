//! How does a file come to be whole or not at all? It is written beside and renamed. Files and folders are
//! their owner's alone, whatever the umask; what others may read is said to be.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::panic::resume_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::thread;

/// Writes a file so that a reader, and a crash, sees the old bytes or the new ones.
pub fn write_then_rename(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(target)?;
    create(&beside)?.write_all(bytes)?;
    rename_durably(&beside, target)
}

/// Writes a file of people's own anew; whoever could read it still can.
///
/// # Errors
/// A file that can't be read or written.
pub fn rewrite(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(target)?;
    create(&beside)?.write_all(bytes)?;
    if target.exists() {
        fs::set_permissions(&beside, fs::metadata(target)?.permissions())?;
    }
    rename_durably(&beside, target)
}

/// Names the file in a fault of the disk; what kind of fault it is stays.
pub fn at(path: &Path) -> impl Fn(io::Error) -> io::Error + '_ {
    |fault| io::Error::new(fault.kind(), format!("`{}`: {fault}", path.display()))
}

/// Whether a fault, or what caused it, is a disk that has no room.
pub fn is_full(fault: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::FileTooLarge;
    use io::ErrorKind::QuotaExceeded;
    use io::ErrorKind::StorageFull;
    let mut next = Some(fault);
    while let Some(fault) = next {
        let kind = fault.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(StorageFull | QuotaExceeded | FileTooLarge)) {
            return true;
        }
        next = fault.source();
    }
    false
}

/// The name under which `target` is written before it is renamed; its folder is made.
pub fn beside(target: &Path) -> io::Result<PathBuf> {
    if let Some(folder) = target.parent() {
        create_folders(folder)?;
    }
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    Ok(target.with_file_name(name))
}

/// Makes a new, empty file that only its owner may read.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    Ok(file)
}

/// Opens a file behind its last byte; a new one only its owner may read.
pub fn append(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).mode(0o600).open(path)
}

/// Makes a folder and those around it, as far as they are not there, for their owner alone.
pub fn create_folders(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Lets everybody read a file, or list a folder.
pub fn share(path: &Path) -> io::Result<()> {
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
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

/// So many files are waited for at the same time.
const AT_ONCE: usize = 8;

/// Has the bytes of files and their names on the disk, of all of them when all are written, and of some at the
/// same time: one by one each would wait for the disk.
pub fn settle(files: &[PathBuf]) -> io::Result<()> {
    let each = files.len().div_ceil(AT_ONCE).max(1);
    thread::scope(|scope| {
        let all = |files: &[PathBuf]| files.iter().try_for_each(|path| settled(path));
        let waits: Vec<_> =
            files.chunks(each).map(|files| scope.spawn(move || all(files))).collect();
        let waits =
            waits.into_iter().map(|wait| wait.join().unwrap_or_else(|fault| resume_unwind(fault)));
        waits.collect::<io::Result<()>>()
    })?;
    let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    folders.into_iter().try_for_each(settled)
}

fn settled(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes a folder that only its owner may open.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    create_folders(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// What stands in a folder, in order; nothing where there is no folder.
///
/// # Errors
/// A folder that can't be read.
pub fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let found: io::Result<Vec<PathBuf>> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut found = found?;
    found.sort();
    Ok(found)
}
