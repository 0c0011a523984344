//! How does a release come to stand? It is written beside, held against the release before, and named; it is published
//! unless it moves more than it may, or means something else.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::Label;
use super::PublishError;
use super::Release;
use super::Resource;
use super::book;
use super::changes;
use super::keys;
use super::limits;
use super::limits::Beyond;
use super::moved;
use super::moved::Said;
use super::named;
use super::package;
use super::pretty;
use super::scored::scored;
use super::seal;
use super::shelf;
use super::verify::verify;
use super::write;
use crate::base::durable::create_folders;
use crate::base::durable::rename_durably;
use crate::base::durable::share;
use crate::base::durable::write_then_rename;
use crate::base::pseudonym::sha256;

/// A release that is written and does not stand yet.
#[derive(Debug)]
pub struct Draft<'l> {
    root: PathBuf,
    label: &'l Label<'l>,
    /// Where it is written.
    beside: PathBuf,
    name: shelf::Name,
    content: String,
    /// Whether the night's last revision says the same.
    is_same: bool,
    before: package::Before,
    tables: Vec<Value>,
    files: Vec<Value>,
    beyond: Vec<Beyond>,
    damaged: Vec<String>,
}

/// Writes a night beside `root`. Tables with the same bytes as the night's last revision, over the same rows, are that
/// revision; with others they are the next one, which says what it supersedes.
///
/// # Errors
/// See [`PublishError`].
pub fn draft<'l>(
    root: &Path,
    label: &'l Label<'l>,
    mut resources: Vec<Resource<'_>>,
) -> Result<Draft<'l>, PublishError> {
    create_folders(root).map_err(named(root))?;
    share(root).map_err(named(root))?;
    shelf::tidy(root)?;
    let beside = root.join(format!("{}.tmp", label.night));
    let mut tables = Vec::new();
    let contracts = keys::kept(&resources)?;
    for kept in resources.iter_mut().zip(contracts) {
        tables.push(write(&beside, kept, label.csv)?);
    }
    let content = content(label, &tables);
    let releases = shelf::releases(root)?.into_iter();
    let last = releases.filter(|(night, _)| *night == label.night).max();
    let is_same = match last.map(shelf::told) {
        // The numbers that were withdrawn do not come back, whatever rows they are told over.
        Some(last) if shelf::withdrawn(root)?.contains_key(&last) => {
            says(&root.join(last), (&content, None))
        }
        Some(last) => says(&root.join(last), (&content, label.rows.as_deref())),
        None => false,
    };
    let revision = last.map_or(0, |(_, revision)| revision) + u32::from(!is_same);
    let name = (label.night, revision);
    let (since, damaged) = shelf::whole_before(root, name)?;
    let after = Said::of_resources(&resources);
    let (moved, beyond) = match since.as_ref().zip(after.as_ref()) {
        Some((since, after)) => compared(&root.join(shelf::told(*since)), after, label)?,
        None => (Vec::new(), Vec::new()),
    };
    let mut files = Vec::new();
    if !is_same {
        let schema = changes::schema()?;
        let (contract, table) = (changes::CONTRACT, changes::told(&moved, &schema)?);
        let mut changed = Resource { file: changes::FILE, schema: &schema, contract, table };
        let told = keys::contract(&changed);
        tables.push(write(&beside, (&mut changed, told), label.csv)?);
        let all = resources.iter().chain([&changed]);
        let sql = package::open_sql(all.map(|of| (of.file, of.schema.title.as_str())));
        let books = book::books(label, &shelf::told(name), &resources)?;
        for (path, bytes) in books.into_iter().chain([("open.sql", sql.into_bytes())]) {
            let target = beside.join(path);
            write_then_rename(&target, &bytes).map_err(named(&target))?;
            files.push(package::file(path, &bytes));
        }
    }
    let before =
        package::Before { superseded: last.map(shelf::told), since: since.map(shelf::told) };
    let root = root.to_owned();
    Ok(Draft {
        root,
        label,
        beside,
        name,
        content,
        is_same,
        before,
        tables,
        files,
        beyond,
        damaged,
    })
}

/// What a release says, as a fingerprint; the periods that are closed are part of it where there are any.
fn content(label: &Label<'_>, tables: &[Value]) -> String {
    let mut said = vec![json!(label.as_of.to_string()), json!(label.home), json!(tables)];
    if !label.closed.is_empty() {
        said.push(json!(label.closed));
    }
    sha256(Value::from(said).to_string().as_bytes())
}

/// Whether a release says this, over these rows where it matters, and is what it was.
fn says(folder: &Path, (content, rows): (&str, Option<&str>)) -> bool {
    let manifest = package::read(folder).unwrap_or_default();
    let told = |key: &str| manifest.get(key).and_then(Value::as_str);
    let is_told = told("x:content") == Some(content) && (rows.is_none() || told("x:rows") == rows);
    is_told && verify(folder).is_ok_and(|(_, differs)| differs.is_empty())
}

/// What moved since a release, and what of it moved too far.
fn compared(
    folder: &Path,
    after: &Said,
    label: &Label<'_>,
) -> Result<(Vec<moved::Moved>, Vec<Beyond>), PublishError> {
    let before = Said::of_release(folder)?;
    let home = shelf::home_of(folder).map(|(home, _)| home);
    let mut moved = moved::moved(&before, after)?;
    moved.extend(scored((&before, after), &moved, home.as_deref() == Some(label.home))?);
    let beyond = match shelf::told_of(folder) {
        Some((_, as_of)) => limits::beyond(label.limits, (&before, as_of), after, &moved)?,
        None => Vec::new(),
    };
    Ok((moved, [label.broken, &beyond].concat()))
}

impl Draft<'_> {
    /// Whether it says something that the night's last revision does not say.
    pub fn is_new(&self) -> bool {
        !self.is_same
    }

    /// What holds it back: nothing what stands already, or what somebody confirms.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn held(&self, is_confirmed: bool) -> Result<Vec<Beyond>, PublishError> {
        let may_be = !self.is_same || self.was_held()?;
        Ok(if may_be && !is_confirmed { self.beyond.clone() } else { Vec::new() })
    }

    fn was_held(&self) -> Result<bool, PublishError> {
        Ok(shelf::held(&self.root)?.contains_key(&shelf::told(self.name)))
    }

    /// What it is called, and whether it is to be read once it stands.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn release(&self, is_confirmed: bool) -> Result<(String, bool), PublishError> {
        let name = shelf::told(self.name);
        let is_withdrawn = shelf::withdrawn(&self.root)?.contains_key(&name);
        Ok((name, !is_withdrawn && self.held(is_confirmed)?.is_empty()))
    }

    /// Where its files are written.
    pub fn folder(&self) -> &Path {
        &self.beside
    }

    /// Takes a file that was written into its folder.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn add(&mut self, file: &str) -> Result<(), PublishError> {
        let path = self.beside.join(file);
        let bytes = fs::read(&path).map_err(named(&path))?;
        self.files.push(package::file(file, &bytes));
        Ok(())
    }

    /// Lets it stand, and be read unless it is held back.
    ///
    /// # Errors
    /// The disk's.
    pub fn publish(self, confirmed: Option<&str>, now: Timestamp) -> Result<Release, PublishError> {
        let name = shelf::told(self.name);
        let folder = self.root.join(&name);
        let (held, was_held) = (self.held(confirmed.is_some())?, self.was_held()?);
        if !held.is_empty() && !was_held {
            let reasons: Vec<String> = held.iter().map(ToString::to_string).collect();
            shelf::hold(&self.root, &name, &reasons, now)?;
        } else if was_held && held.is_empty() {
            shelf::let_go(&self.root, &name, confirmed.unwrap_or("within the limits"), now)?;
        }
        if self.is_same {
            fs::remove_dir_all(&self.beside).map_err(named(&self.beside))?;
        } else {
            let about = (name.as_str(), self.content.as_str());
            let files = (&self.tables[..], &self.files[..]);
            let manifest = package::manifest(self.label, about, &self.before, files);
            let path = self.beside.join(package::FILE);
            write_then_rename(&path, &pretty(&manifest)).map_err(named(&path))?;
            seal(&self.beside)?;
            rename_durably(&self.beside, &folder).map_err(named(&folder))?;
        }
        let latest = shelf::point(&self.root)?;
        let withdrawn = shelf::withdrawn(&self.root)?.remove(&name);
        let (revision, is_new) = (self.name.1, !self.is_same);
        Ok(Release { folder, revision, is_new, latest, held, withdrawn, damaged: self.damaged })
    }
}
