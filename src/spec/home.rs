//! Which files make a home? Those of its folder, and the embedded contracts where it has none.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use encoding_rs::GB18030;
use include_dir::Dir;
use include_dir::include_dir;

use crate::base::durable::share;
use crate::base::durable::write_then_rename;

static CONNECTORS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/connectors");
static PIPELINES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/pipelines");
static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");
static FIRST_DAY: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples/first-day");
static SETTINGS: &str = include_str!("../../shuping.toml");

/// The folders of a home.
const FOLDERS: [&str; 3] = ["connectors", "pipelines", "schemas"];

/// The files of a home: relative path and text.
#[derive(Clone, Debug)]
pub struct Home {
    /// Its folder.
    pub root: PathBuf,
    /// Its files, the embedded contracts among them.
    pub files: BTreeMap<String, String>,
}

impl Home {
    /// Reads the files of a folder, or what a folder that is none yet would have.
    ///
    /// # Errors
    /// A folder or file that can't be read.
    pub fn open_or_begin(root: &Path, settings: &str) -> io::Result<Home> {
        if root.join("shuping.toml").exists() {
            return Home::open(root);
        }
        let mut home = Home { root: root.to_owned(), ..Home::embedded() };
        for folder in FOLDERS {
            gather(&root.join(folder), folder, &mut home.files)?;
        }
        home.files.insert("shuping.toml".to_owned(), settings.to_owned());
        Ok(home)
    }

    /// Reads the files of a folder.
    ///
    /// # Errors
    /// A folder or file that can't be read.
    pub fn open(root: &Path) -> io::Result<Home> {
        let mut files = Home::embedded().files;
        for folder in FOLDERS {
            gather(&root.join(folder), folder, &mut files)?;
        }
        let settings = root.join("shuping.toml");
        files.insert("shuping.toml".to_owned(), read_text(&settings)?);
        Ok(Home { root: root.to_owned(), files })
    }

    /// This home with the files of a draft: those of the same path take the place of its own.
    ///
    /// # Errors
    /// A folder or file that can't be read.
    pub fn with(&self, draft: &Path) -> io::Result<Home> {
        let mut files = self.files.clone();
        for folder in FOLDERS {
            gather(&draft.join(folder), folder, &mut files)?;
        }
        Ok(Home { root: self.root.clone(), files })
    }

    /// What the program carries: the contracts alone, in no folder.
    pub fn embedded() -> Home {
        let mut files = BTreeMap::new();
        embedded(&SCHEMAS, "schemas", &mut files);
        Home { root: PathBuf::new(), files }
    }

    /// The files below a folder with an ending, without the folders below it.
    pub fn under<'h>(
        &'h self,
        folder: &'h str,
        ending: &'h str,
    ) -> impl Iterator<Item = (&'h str, &'h str, &'h str)> {
        self.files.iter().filter_map(move |(path, text)| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(ending)?;
            (!name.contains('/')).then_some((path.as_str(), name, text.as_str()))
        })
    }

    /// What this home says, whole: SHA-256 over its files.
    pub fn fingerprint(&self) -> String {
        let parts = self.files.iter().flat_map(|(path, text)| [path, "\n", text, "\n"]);
        crate::base::pseudonym::sha256(parts.collect::<String>().as_bytes())
    }
}

/// The connectors of systems whose offices fill in a workbook until there is more: name and text.
pub fn first_day() -> BTreeMap<String, String> {
    let files = FIRST_DAY.files().filter_map(|file| {
        let name = file.path().file_stem()?.to_str()?.to_owned();
        Some((name, file.contents_utf8()?.to_owned()))
    });
    files.collect()
}

/// Writes the default home.
///
/// # Errors
/// The folder holds a home already, or can't be written.
pub fn write_default(root: &Path) -> io::Result<Vec<String>> {
    let mut files = BTreeMap::new();
    embedded(&CONNECTORS, "connectors", &mut files);
    embedded(&PIPELINES, "pipelines", &mut files);
    embedded(&SCHEMAS, "schemas", &mut files);
    files.insert("shuping.toml".to_owned(), SETTINGS.to_owned());
    if let Some(there) = files.keys().find(|path| root.join(path).exists()) {
        let text = format!("`{}` is there already", root.join(there).display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    for (path, text) in &files {
        let path = root.join(path);
        write_then_rename(&path, text.as_bytes())?;
        share(&path)?;
        path.parent().map_or(Ok(()), share)?;
    }
    Ok(files.into_keys().collect())
}

fn embedded(dir: &Dir<'_>, folder: &str, files: &mut BTreeMap<String, String>) {
    for file in dir.files() {
        let text = file.contents_utf8().unwrap_or_default();
        files.insert(format!("{folder}/{}", file.path().display()), text.to_owned());
    }
    for inner in dir.dirs() {
        embedded(inner, folder, files);
    }
}

fn gather(folder: &Path, name: &str, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{name}/{file}");
        if entry.path().is_dir() {
            gather(&entry.path(), &path, files)?;
        } else if [".toml", ".json", ".csv"].iter().any(|ending| file.ends_with(ending)) {
            files.insert(path, read_text(&entry.path())?);
        }
    }
    Ok(())
}

/// The text of a file: UTF-8, or else GB18030, in which spreadsheets and editors here save what is edited in them.
fn read_text(path: &Path) -> io::Result<String> {
    let named =
        |fault: io::Error| io::Error::new(fault.kind(), format!("`{}`: {fault}", path.display()));
    let bytes = fs::read(path).map_err(named)?;
    String::from_utf8(bytes).or_else(|fault| {
        let text = GB18030.decode_without_bom_handling_and_without_replacement(fault.as_bytes());
        text.map(Cow::into_owned)
            .ok_or_else(|| named(io::Error::other("it is neither UTF-8 nor GB18030")))
    })
}
