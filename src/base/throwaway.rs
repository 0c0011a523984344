//! Where does stand what is gone when its work is done? In a folder of its own among the temporary ones, its owner's alone;
//! what a process left that was killed before it could clear, another one clears.

use std::env;
use std::fs;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::clock;

/// How the name of such a folder begins: what it is for and the process that made it follow.
const BEGINS: &str = "shuping-";

static MADE: AtomicU64 = AtomicU64::new(0);

/// A folder that goes when it is dropped.
pub struct Throwaway(pub PathBuf);

impl Throwaway {
    /// Makes one; `word` says in its name what it is for.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(word: &str) -> io::Result<Throwaway> {
        clear();
        let (process, now) = (std::process::id(), clock::now().as_nanosecond());
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("{BEGINS}{word}-{process}-{now}-{number}");
        let folder = env::temp_dir().join(name);
        // Never one that somebody else laid there.
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Throwaway(folder))
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        // What can't be removed is in the folder of what may be.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Clears what processes left that are there no more, as far as this one may.
pub fn clear() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(BEGINS).and_then(|rest| rest.split('-').nth(1));
        let process = process.filter(|process| process.parse::<u32>().is_ok());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // That of another user stays.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
