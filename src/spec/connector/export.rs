//! How is a stream exported: a job that is made, asked about until it is done, and its file?

use std::time::Duration;

use super::super::reader::Table;
use super::values::scalars;
use super::values::span_or;
use crate::base::messages::Code;

/// A job that makes a file.
#[derive(Clone, Debug)]
pub struct Export {
    /// The JSON pointer of the job's name in the answer that made it.
    pub job: String,
    /// The path at which its state is asked for, with `${job}`.
    pub status: String,
    /// The JSON pointer of its state.
    pub state: String,
    /// The states in which its file is there.
    pub done: Vec<String>,
    /// The states in which there will be none.
    pub failed: Vec<String>,
    /// How long is waited between two questions, unless the gateway says it.
    pub every: Duration,
    /// How long a job is waited for.
    pub longest: Duration,
    /// Where its file is.
    pub file: FileAt,
    /// What it is.
    pub form: Form,
}

/// Where the file of a job is.
#[derive(Clone, Debug)]
pub enum FileAt {
    /// At a path, with `${job}`.
    Path(String),
    /// At the address that the answer about its state says here.
    Said(String),
}

/// What the file of a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A table of text, its first line the header.
    Csv,
    /// Records.
    Json,
    /// Records, one a line.
    Lines,
    /// An archive of those.
    Zip,
}

pub(super) fn read(stream: &Table<'_>) -> Option<Export> {
    let table = stream.table("export")?;
    if stream.node("page").is_some() {
        stream.fault("page", Code::ExportHasPages, Vec::new());
    }
    let job = table.need_text("job");
    let Some(status) = table.table("status") else {
        table.missing(
            "status",
            "{ path = \"/exports/${job}\", at = \"/state\", done = [\"done\"] }",
        );
        return None;
    };
    let words = |key| status.node(key).map(scalars).unwrap_or_default();
    let (done, failed) = (words("done"), words("failed"));
    if done.is_empty() {
        status.missing("done", "[\"done\"]");
    }
    let Some(file) = table.table("file") else {
        table.missing("file", "{ path = \"/exports/${job}/file\", form = \"csv\" }");
        return None;
    };
    let forms =
        [("csv", Form::Csv), ("json", Form::Json), ("ndjson", Form::Lines), ("zip", Form::Zip)];
    let form = file.word("form", &forms);
    if form.is_none() && file.node("form").is_none() {
        file.missing("form", "\"csv\"");
    }
    let at = match (file.text("path"), file.text("at")) {
        (Some(path), None) => Some(FileAt::Path(path)),
        (None, Some(at)) => Some(FileAt::Said(at)),
        (Some(found), Some(_)) => {
            let expected = "the only one of `path` and `at`".to_owned();
            file.fault("path", Code::BadNumber, vec![("found", found), ("expected", expected)]);
            None
        }
        (None, None) => {
            file.missing("path", "\"/exports/${job}/file\"");
            None
        }
    };
    Some(Export {
        job,
        state: status.need_text("at"),
        done,
        failed,
        every: span_or(&status, "every", Duration::from_secs(10)),
        longest: span_or(&status, "longest", Duration::from_hours(2)),
        status: status.need_text("path"),
        file: at?,
        form: form?,
    })
}
