//! How is an export brought? A job is begun, asked about until it is done, and its file is read. A job that
//! was begun before is asked about, and no second one is begun.

use serde_json::Value;
use tokio::time::Instant;

use super::ExtractError;
use super::each;
use super::exact::exact;
use super::found;
use super::http::Reader;
use super::ledger::Broken;
use super::ledger::Doubt;
use super::ledger::Seen;
use super::parcel;
use super::part::Part;
use super::plain;
use super::question::Question;
use super::records;
use super::reply::Answer;
use super::shelf::Slot;
use super::text;
use crate::base::batch::Batch;
use crate::base::batch::Row;
use crate::base::redact::theirs;
use crate::base::sheet::Sheet;
use crate::spec::connector::Export;
use crate::spec::connector::FileAt;
use crate::spec::connector::Form;
use crate::spec::connector::Layout;
use crate::spec::connector::Method;
use crate::spec::connector::Place;

/// The statuses of a job or a file that is no longer there.
const GONE: &[u16] = &[404, 410];

/// The most rows of one page.
const MOST_ROWS: usize = 10_000;

impl Reader<'_> {
    /// Brings the rows of one part by a job.
    pub(super) async fn exported(
        &self,
        export: &Export,
        part: &Part,
        (pages, asked_again): (&mut Slot, &mut Vec<String>),
    ) -> Result<(), Broken> {
        let job = match pages.job() {
            Some(job) => Some(job),
            None => self.begun(export, part, asked_again).await?,
        };
        let Some(job) = job else { return Ok(()) };
        if pages.pages() > 0 || pages.job().is_none() {
            pages.clear()?;
            pages.begin(&job)?;
        }
        let answer = self.ended(export, (part, &job), asked_again).await?;
        let file = self.file(export, (part, &job, &answer), asked_again).await?;
        let unreadable = |why: String| {
            let what = format!("the export of {}", self.what(part));
            Broken::Final(ExtractError::Unreadable { what, why })
        };
        for mut batch in self.batches(export.form, &file).map_err(unreadable)? {
            self.set_apart(&mut batch.headers);
            let mut sheet = Sheet::from(&batch);
            part.mark(&mut sheet);
            for page in sheet.pieces(MOST_ROWS).into_iter().filter(|page| page.height() > 0) {
                let rows = page.height() as u64;
                let seen = Seen { rows, total: None, follows: None, print: 0 };
                pages.put(&self.shielded((seen, None), page))?;
            }
        }
        Ok(())
    }

    /// Begins a job; its name, or none where the gateway says that its parent has none.
    async fn begun(
        &self,
        export: &Export,
        part: &Part,
        asked_again: &mut Vec<String>,
    ) -> Result<Option<String>, Broken> {
        let question = self.beginning(part);
        let answer = self.answer(&question, asked_again).await?;
        if answer.is_gone {
            return Ok(None);
        }
        let job = answer.body.pointer(&export.job).and_then(plain::text);
        let job = job.filter(|job| !job.is_empty() && !each::leads_elsewhere(job));
        job.map(Some).ok_or_else(|| {
            let why = format!("the answer has no `{}`", export.job);
            Broken::Final(ExtractError::Unreadable { what: question.what, why })
        })
    }

    /// Waits until a job is done; what was said of it then.
    async fn ended(
        &self,
        export: &Export,
        (part, job): (&Part, &str),
        asked_again: &mut Vec<String>,
    ) -> Result<Answer, Broken> {
        let (began, mut asked) = (Instant::now(), 0);
        let question = self.about(part, "job", Some(path(&export.status, job)), None);
        loop {
            let answer = self.answer(&question, asked_again).await?;
            asked += 1;
            if answer.is_gone {
                return Err(Doubt::JobGone.into());
            }
            let state = answer.body.pointer(&export.state).and_then(plain::text);
            let state = state.unwrap_or_default();
            if export.done.contains(&state) {
                return Ok(answer);
            }
            if export.failed.contains(&state) {
                return Err(Doubt::Job { state: theirs(&state) }.into());
            }
            let wait = answer.wait.unwrap_or(export.every);
            if began.elapsed() + wait > export.longest {
                let why = format!(
                    "its export is still `{}` after {:?}; the next run waits for the same one",
                    theirs(&state),
                    export.longest
                );
                let what = question.what;
                return Err(ExtractError::Unavailable { what, attempts: asked, why }.into());
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn file(
        &self,
        export: &Export,
        (part, job, answer): (&Part, &str, &Answer),
        asked_again: &mut Vec<String>,
    ) -> Result<Vec<u8>, Broken> {
        let question = match &export.file {
            FileAt::Path(file) => self.about(part, "file", Some(path(file, job)), None),
            FileAt::Said(at) => {
                let address = answer.body.pointer(at).and_then(plain::text);
                let address = address.ok_or_else(|| {
                    let what = format!("{} job", self.what(part));
                    let why = format!("the answer has no `{at}`");
                    Broken::Final(ExtractError::Unreadable { what, why })
                })?;
                self.about(part, "file", None, Some(address))
            }
        };
        let file = self.gateway().file(&question, asked_again).await?;
        file.ok_or(Broken::Doubt(Doubt::JobGone))
    }

    async fn answer(
        &self,
        question: &Question<'_>,
        asked_again: &mut Vec<String>,
    ) -> Result<Answer, Broken> {
        Ok(self.gateway().answer(question, asked_again).await?)
    }

    /// A question about a job: at a path, or at an address that was said.
    fn about(
        &self,
        part: &Part,
        of: &str,
        path: Option<String>,
        next: Option<String>,
    ) -> Question<'_> {
        Question {
            what: format!("{} {of}", self.what(part)),
            path: path.unwrap_or_default(),
            next,
            method: Method::Get,
            place: Place::Query,
            parameters: Vec::new(),
            records: None,
            gone: GONE,
            is_once: false,
            secrets: self.secrets(),
        }
    }

    /// The tables of a file.
    fn batches(&self, form: Form, file: &[u8]) -> Result<Vec<Batch>, String> {
        match form {
            Form::Csv => Ok(vec![self.table(file)?]),
            Form::Json => Ok(vec![self.listed(file)?]),
            Form::Lines => Ok(vec![self.lines(file)?]),
            Form::Zip => self.unpacked(file),
        }
    }

    /// The tables of an archive, in the order of their names.
    fn unpacked(&self, file: &[u8]) -> Result<Vec<Batch>, String> {
        let mut batches = Vec::new();
        let mut take = |name: &str, bytes: &[u8]| {
            let lower = name.to_ascii_lowercase();
            let batch = match lower.rsplit('.').next() {
                Some("csv" | "txt") => self.table(bytes),
                Some("json") => self.listed(bytes),
                Some("ndjson" | "jsonl") => self.lines(bytes),
                _ => Err(format!(
                    "its archive holds `{}`, no .csv, no .json and no .ndjson",
                    theirs(&lower)
                )),
            };
            let what = "the archive".to_owned();
            batches.push(batch.map_err(|why| ExtractError::Unreadable { what, why })?);
            Ok(())
        };
        let read = parcel::each("the archive", file, &|_| true, &mut take);
        read.map_err(|error| match error {
            ExtractError::Unreadable { why, .. } => why,
            other => other.to_string(),
        })?;
        if batches.is_empty() { Err("its archive holds no file".to_owned()) } else { Ok(batches) }
    }

    /// A table of text, which must be ours: an error in words is a table of one line too.
    fn table(&self, file: &[u8]) -> Result<Batch, String> {
        let batch = table(file, self.gateway().is_chinese())?;
        if self.knows_any(&batch.headers) {
            Ok(batch)
        } else {
            Err("its first line names none of the columns that the stream reads".to_owned())
        }
    }

    fn listed(&self, file: &[u8]) -> Result<Batch, String> {
        let text = str::from_utf8(file).map_err(|_| "some of its bytes are no text".to_owned())?;
        let body: Value = serde_json::from_str(&exact(text))
            .map_err(|fault| format!("it is no JSON at line {}", fault.line()))?;
        let records = self.records();
        let read = body.pointer(records.at);
        let read = read.and_then(|value| found::rows(value, records.layout, records.needed));
        let what = if *records.layout == Layout::List { "list" } else { "object of records" };
        let read = read.ok_or_else(|| format!("`{}` of it is no {what}", records.at))?;
        read.map(Batch::from)
    }

    fn lines(&self, file: &[u8]) -> Result<Batch, String> {
        let text = str::from_utf8(file).map_err(|_| "some of its bytes are no text".to_owned())?;
        let text = text.trim_start_matches('\u{feff}');
        let batch = records::lines(&exact(text), self.records().needed)?.map(Batch::from)?;
        if batch.rows.is_empty() || self.knows_any(&batch.headers) {
            Ok(batch)
        } else {
            Err("none of its lines says anything that a column reads".to_owned())
        }
    }
}

/// A path with the name of a job in it.
fn path(path: &str, job: &str) -> String {
    path.replace("${job}", &each::step(job))
}

/// A table of text, its first line the header: in UTF-8 if it can be, else in GB18030.
fn table(bytes: &[u8], is_chinese: bool) -> Result<Batch, String> {
    let stated = if is_chinese { text::in_gb18030(bytes) } else { None };
    let (text, is_damaged) = text::decode(bytes, stated);
    if is_damaged {
        return Err("some of its bytes are no text".to_owned());
    }
    let delimiter = text::delimiter(text.lines().next().unwrap_or_default());
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let fault = |fault: csv::Error| match fault.into_kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.map_or(0, |place| place.line());
            format!("line {line} has {len} fields where {expected_len} were due")
        }
        _ => "it is no table of text".to_owned(),
    };
    let headers = reader.headers().map_err(fault)?.iter().map(|name| name.trim().to_owned());
    let mut batch = Batch { headers: headers.collect(), rows: Vec::new() };
    for (record, row) in reader.records().zip(1..) {
        let record = record.map_err(fault)?;
        let cells = record.iter().map(|text| Some(text.trim()).filter(|text| !text.is_empty()));
        let cells = cells.map(|text| text.map(str::to_owned)).collect();
        batch.rows.push(Row { source: "".into(), row, cells });
    }
    Ok(batch)
}
