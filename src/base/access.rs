//! Who read, exported or changed what, and when? One line of JSON each in `var/access.jsonl`, to which the
//! program only ever appends; rules 6.9. A line is on the disk before what it tells of is shown or done.
//! What a night deletes is noted right after, for only then it is counted.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::clock;
use super::durable::write_then_rename;
use super::redact::without_secrets;
use super::text::quoted;

/// The file, in `var`.
const FILE: &str = "access.jsonl";

/// What somebody is about to do.
#[derive(Clone, Debug)]
pub struct Access<'a> {
    /// The verb of the command line, or what a night does by itself.
    pub verb: &'a str,
    /// What it is done to, by kind: a table, a metric, a unit, a file.
    pub what: Vec<(&'static str, String)>,
    /// How many rows are concerned, where that is known.
    pub rows: Option<u64>,
    /// What for, as whoever does it says.
    pub purpose: Option<&'a str>,
}

impl Access<'_> {
    /// Notes it.
    ///
    /// # Errors
    /// The disk's; then it must not be done.
    pub fn note(&self, var: &Path) -> io::Result<()> {
        let said = |text: &str| Value::String(without_secrets(&quoted(text)));
        let what = self.what.iter().map(|(kind, text)| ((*kind).to_owned(), said(text)));
        let line = json!({
            "time": clock::now().to_string(),
            "user": user(),
            "verb": self.verb,
            "what": what.collect::<serde_json::Map<_, _>>(),
            "rows": self.rows,
            "purpose": self.purpose.map(said),
        });
        let noted = held(var).and_then(|mut file| {
            let length = file.metadata()?.len();
            let written = file.write_all(format!("{line}\n").as_bytes());
            if written.is_err() {
                // Half a line would take the next one with it.
                file.set_len(length)?;
            }
            written.and_then(|()| file.sync_all())
        });
        let named = |fault: io::Error| {
            let path = var.join(FILE).display().to_string();
            io::Error::new(fault.kind(), format!("noting the access in `{path}`: {fault}"))
        };
        noted.map_err(named)
    }
}

/// Deletes the lines from before an instant; how many.
///
/// # Errors
/// The disk's.
pub fn forget(var: &Path, before: Timestamp) -> io::Result<u64> {
    let held = held(var)?;
    let text = fs::read_to_string(var.join(FILE))?;
    let is_old = |line: &&str| {
        let line: Option<Value> = serde_json::from_str(line).ok();
        let time = line.and_then(|line| line.get("time")?.as_str()?.parse::<Timestamp>().ok());
        // A line that somebody broke tells something as well.
        time.is_some_and(|time| time < before)
    };
    let (old, kept): (Vec<&str>, Vec<&str>) = text.lines().partition(is_old);
    if !old.is_empty() {
        let kept: String = kept.iter().flat_map(|line| [*line, "\n"]).collect();
        write_then_rename(&var.join(FILE), kept.as_bytes())?;
    }
    drop(held);
    Ok(old.len() as u64)
}

/// The file, to append to, and nobody else's until it is closed.
fn held(var: &Path) -> io::Result<File> {
    let path = var.join(FILE);
    loop {
        let file = File::options().append(true).create(true).mode(0o600).open(&path)?;
        file.lock()?;
        // Whoever held it before may have put another in its place.
        if fs::metadata(&path)
            .is_ok_and(|now| now.ino() == file.metadata().map_or(0, |it| it.ino()))
        {
            return Ok(file);
        }
    }
}

/// Who runs this process, by the operating system: name and number.
pub fn user() -> String {
    let Ok(process) = fs::metadata("/proc/self") else { return "unknown".to_owned() };
    let number = process.uid().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut cells = line.split(':');
        let name = cells.next()?;
        (cells.nth(1)? == number).then_some(name)
    });
    name.map_or_else(|| number.clone(), |name| format!("{name} ({number})"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::base::redact::know_secret;

    fn noted(var: &Path, about: &str, purpose: Option<&str>) {
        let what = vec![("unit", about.to_owned())];
        Access { verb: "explain", what, rows: Some(7), purpose }.note(var).unwrap();
    }

    fn lines(var: &Path) -> Vec<Value> {
        let text = fs::read_to_string(var.join(FILE)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_access_is_one_more_line_without_secrets_and_numbers_of_people() {
        let folder = tempfile::tempdir().unwrap();
        know_secret("p@ss-of-access");
        noted(folder.path(), "JN0079", None);
        noted(folder.path(), "a\"\nb p@ss-of-access", Some("复核 519902198703051234"));
        let told = lines(folder.path());
        assert_eq!(
            (told[0]["what"]["unit"].as_str(), &told[0]["purpose"]),
            (Some("JN0079"), &Value::Null)
        );
        assert_eq!(
            (&told[1]["what"]["unit"], &told[1]["purpose"]),
            (&"a\"b …".into(), &"复核 …".into())
        );
        assert_eq!((told[1]["rows"].as_u64(), told.len()), (Some(7), 2));
        let owner = fs::metadata(folder.path()).unwrap().uid().to_string();
        assert!(told.iter().all(|line| line["user"].as_str().unwrap().contains(&owner)));
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }

    #[test]
    fn what_is_too_old_goes_and_what_cannot_be_read_stays() {
        let folder = tempfile::tempdir().unwrap();
        let old = "{\"time\": \"2020-01-01T00:00:00Z\"}\nbroken\n";
        fs::write(folder.path().join(FILE), old).unwrap();
        noted(folder.path(), "JN0079", None);
        let before: Timestamp = "2020-01-01T00:00:01Z".parse().unwrap();
        assert_eq!(forget(folder.path(), before).unwrap(), 1);
        assert_eq!(forget(folder.path(), before).unwrap(), 0);
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(text.starts_with("broken\n{\"time\"") && text.lines().count() == 2, "{text}");
    }
}
