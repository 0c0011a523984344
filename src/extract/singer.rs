//! How is a Singer tap read? Run once a stream, message by message: schemas name the headers, records are
//! rows, the last state goes back to it the next night, once the rows are durable.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use super::ExtractError;
use super::Request;
use super::exact::exact;
use super::landing::Landing;
use super::records;
use super::shield::set_apart;
use crate::base::durable::write_then_rename;
use crate::base::throwaway::Throwaway;
use crate::spec::connector::Singer;
use crate::spec::connector::SingerStream;
use crate::spec::connector::Write;

/// So many records are rows of one batch.
const ROWS: usize = 10_000;

/// So many lines wait to be read; a tap that is faster waits too.
const LINES: usize = 1_000;

/// So long is waited until a tap that says nothing more is looked at again.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs the tap and hands every record of the stream on. Blocks while it runs.
pub(super) fn pull(
    singer: &Singer,
    ask: &SingerStream,
    request: &Request<'_>,
    landing: &mut Landing<'_>,
) -> Result<(), ExtractError> {
    let desk = Desk::new(singer, request)?;
    let mut child = desk.command.spawned(request)?;
    let lines = lines_of(&mut child).ok_or_else(|| request.setting("the tap has no output"))?;
    let deadline = Instant::now() + singer.timeout;
    let mut messages = Messages::of(ask, request);
    let read = messages.read(&lines, deadline, landing);
    let closed = |source| closed(&desk.command.name, source);
    let ended = match &read {
        Ok(()) => ended(&mut child, deadline).map_err(closed)?,
        Err(_) => None,
    };
    if ended.is_none() {
        // What it would still say is not heard any more.
        let _ended = child.kill();
        child.wait().map_err(closed)?;
    }
    read?;
    let ended = ended.ok_or_else(|| too_long(request.name()))?;
    if !ended.success() {
        let code =
            ended.code().map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
        return Err(ExtractError::Unavailable {
            what: request.name(),
            attempts: 1,
            why: format!("`{}` ended with {code}; what it logged says why", desk.command.name),
        });
    }
    messages.end(landing)
}

/// How a tap ended that has nothing more to say; none where it goes on for too long.
fn ended(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        let ended = child.try_wait()?;
        if ended.is_some() || Instant::now() >= deadline {
            return Ok(ended);
        }
        thread::sleep(PAUSE);
    }
}

fn too_long(what: String) -> ExtractError {
    ExtractError::Unavailable { what, attempts: 1, why: "the tap took too long".to_owned() }
}

/// The state that a tap is given; what is a snapshot is brought anew each time.
fn given<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    let is_whole = matches!(request.stream.write, Write::Snapshot { .. });
    request.state?.text.as_deref().filter(|_| !is_whole)
}

/// What the tap is given: a folder of its own with its configuration and state, gone when it has ended.
struct Desk {
    folder: Throwaway,
    command: Call,
}

/// A program, its words and where it runs.
struct Call {
    name: String,
    program: PathBuf,
    words: Vec<String>,
}

impl Desk {
    fn new(singer: &Singer, request: &Request<'_>) -> Result<Desk, ExtractError> {
        let closed = |source| closed("the folder of temporary files", source);
        let folder = Throwaway::new("tap").map_err(closed)?;
        let mut words = singer.command.iter().skip(1).cloned().collect::<Vec<_>>();
        let name = singer.command.first().cloned().unwrap_or_default();
        let program = if name.contains('/') { request.home.join(&name) } else { (&name).into() };
        let mut desk = Desk { folder, command: Call { name, program, words: Vec::new() } };
        let config = singer.config.as_ref().map(|config| config.fill(request.secrets)).transpose();
        let config = config.map_err(|source| ExtractError::Unset {
            system: request.connector.name.clone(),
            source,
        })?;
        if let Some(config) = config {
            words.extend(desk.file("config.json", "--config", &config.to_string())?);
        }
        if let Some(state) = given(request) {
            words.extend(desk.file("state.json", "--state", state)?);
        }
        desk.command.words = words;
        Ok(desk)
    }

    /// Writes a file for the tap; the words that name it.
    fn file(&self, name: &str, word: &str, text: &str) -> Result<[String; 2], ExtractError> {
        let path = self.folder.0.join(name);
        write_then_rename(&path, text.as_bytes()).map_err(|source| closed(name, source))?;
        Ok([word.to_owned(), path.display().to_string()])
    }
}

impl Call {
    fn spawned(&self, request: &Request<'_>) -> Result<Child, ExtractError> {
        let home: &Path =
            if request.home.as_os_str().is_empty() { Path::new(".") } else { request.home };
        let mut command = Command::new(&self.program);
        command.args(&self.words).current_dir(home);
        // What it logs may name people.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().map_err(|source| closed(&self.name, source))
    }
}

fn closed(file: &str, source: io::Error) -> ExtractError {
    ExtractError::Closed { file: file.to_owned(), source }
}

/// The lines that a tap writes, as they come.
fn lines_of(child: &mut Child) -> Option<Receiver<io::Result<Vec<u8>>>> {
    let mut output = BufReader::new(child.stdout.take()?);
    let (send, lines) = sync_channel(LINES);
    thread::spawn(move || {
        loop {
            let mut line = Vec::new();
            let read = output.read_until(b'\n', &mut line);
            let is_last = !matches!(read, Ok(1..));
            let told = read.map(|_| line);
            let is_empty = told.as_ref().is_ok_and(Vec::is_empty);
            if !is_empty && send.send(told).is_err() || is_last {
                return;
            }
        }
    });
    Some(lines)
}

/// What the messages of one stream come to.
struct Messages<'m> {
    tap_stream: &'m str,
    what: String,
    /// The headers of the last schema; none before it.
    headers: Option<Vec<String>>,
    waiting: VecDeque<Value>,
    /// Rows handed on.
    rows: u32,
    /// The version that all records have had.
    version: Option<i64>,
    /// The version that the run before had.
    before: Option<i64>,
    /// Whether the tap begins anew, with no state.
    is_anew: bool,
    /// Whether it brings everything each time.
    is_snapshot: bool,
    is_activated: bool,
    state: Option<String>,
    line: u64,
}

impl<'m> Messages<'m> {
    fn of(ask: &'m SingerStream, request: &Request<'_>) -> Messages<'m> {
        Messages {
            tap_stream: &ask.tap_stream,
            what: request.name(),
            headers: None,
            waiting: VecDeque::new(),
            rows: 0,
            version: None,
            before: request.state.and_then(|state| state.version),
            is_anew: given(request).is_none(),
            is_snapshot: matches!(request.stream.write, Write::Snapshot { .. }),
            is_activated: false,
            state: None,
            line: 0,
        }
    }

    /// Reads every message until the tap ends.
    fn read(
        &mut self,
        lines: &Receiver<io::Result<Vec<u8>>>,
        deadline: Instant,
        landing: &mut Landing<'_>,
    ) -> Result<(), ExtractError> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = match lines.recv_timeout(left) {
                Ok(Ok(line)) => line,
                Ok(Err(fault)) => return Err(self.broken(&fault.to_string())),
                Err(RecvTimeoutError::Disconnected) => return self.hand_on(landing),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(too_long(self.what.clone()));
                }
            };
            self.line += 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            // Only the place of a fault is told: the text of a message may name people.
            let mut message: Value = serde_json::from_slice(&line)
                .map_err(|fault| self.broken(&format!("no JSON at column {}", fault.column())))?;
            // A state goes back to the tap as it is.
            if let Some(Cow::Owned(text)) = str::from_utf8(&line).ok().map(exact)
                && message.get("type").is_some_and(|kind| kind == "RECORD")
            {
                message = serde_json::from_str(&text).unwrap_or(message);
            }
            self.take(message, landing)?;
        }
    }

    fn take(&mut self, mut message: Value, landing: &mut Landing<'_>) -> Result<(), ExtractError> {
        let kind = message.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_ours = message.get("stream").and_then(Value::as_str) == Some(self.tap_stream);
        match kind.as_str() {
            "STATE" => {
                self.state = message.get("value").map(Value::to_string);
                Ok(())
            }
            "SCHEMA" | "RECORD" | "ACTIVATE_VERSION" if !is_ours => Ok(()),
            "SCHEMA" => {
                let properties = message.pointer("/schema/properties").and_then(Value::as_object);
                let Some(properties) = properties else {
                    return Err(self.broken("a schema without properties"));
                };
                let headers = properties.keys().cloned().collect();
                self.hand_on(landing)?;
                self.headers = Some(headers);
                Ok(())
            }
            "RECORD" => {
                self.same_version(&message)?;
                if self.headers.is_none() {
                    return Err(self.broken("a record before its schema"));
                }
                let record = message.get_mut("record").map(Value::take).unwrap_or_default();
                if !record.is_object() {
                    return Err(self.broken("a record that is no object"));
                }
                self.waiting.push_back(record);
                if self.waiting.len() < ROWS { Ok(()) } else { self.hand_on(landing) }
            }
            "ACTIVATE_VERSION" => {
                self.same_version(&message)?;
                self.is_activated = true;
                Ok(())
            }
            "" => Err(self.broken("a message without a type")),
            other => Err(self.broken(&format!("a message `{other}`, which is not known here"))),
        }
    }

    /// All records of a run are of one version of their table, and it is the one that is activated.
    fn same_version(&mut self, message: &Value) -> Result<(), ExtractError> {
        let Some(version) = message.get("version").and_then(Value::as_i64) else { return Ok(()) };
        if *self.version.get_or_insert(version) == version {
            return Ok(());
        }
        Err(self.broken("two versions of the table in one run"))
    }

    /// Hands on what waits.
    fn hand_on(&mut self, landing: &mut Landing<'_>) -> Result<(), ExtractError> {
        let records: Vec<Value> = self.waiting.drain(..).collect();
        let headers = self.headers.clone().unwrap_or_default();
        if records.is_empty() {
            return Ok(());
        }
        let batch = records::batch(&records, &landing.needed());
        let mut batch = batch.map_err(|why| self.broken(&why))?;
        for header in headers {
            if !batch.headers.contains(&header) {
                batch.headers.push(header);
            }
        }
        let needed = landing.needed();
        set_apart(&mut batch.headers, |header| needed.iter().any(|name| name == header));
        let source: Arc<str> = format!("tap stream {}", self.tap_stream).into();
        for row in &mut batch.rows {
            row.cells.resize(batch.headers.len(), None);
            row.row = row.row.saturating_add(self.rows);
        }
        batch.come_from(&source);
        self.rows = self.rows.saturating_add(u32::try_from(batch.rows.len()).unwrap_or(u32::MAX));
        landing.take(batch).map(|_| ())
    }

    /// The tap has ended well.
    fn end(self, landing: &mut Landing<'_>) -> Result<(), ExtractError> {
        if self.headers.is_none() {
            let found = format!("the tap told of no stream `{}`", self.tap_stream);
            return Err(ExtractError::Unreadable { what: self.what, why: found });
        }
        let is_full = self.is_full();
        landing.so_far.is_full = Some(is_full);
        // A version that is activated without a row is a table that was emptied, and so is a snapshot without one.
        landing.told(Some(0).filter(|_| (is_full || self.is_snapshot) && self.rows == 0));
        landing.so_far.state = self.state;
        landing.so_far.version = self.version;
        Ok(())
    }

    /// Whether every key came that stands. A version that is activated takes the place of others: what came with it
    /// in the run before stands, and a tap that asks for what changed activates the same one each time.
    fn is_full(&self) -> bool {
        let activated = self.version.filter(|_| self.is_activated);
        let is_other = |version| self.before.map_or(self.is_anew, |before| before != version);
        activated.is_some_and(is_other)
    }

    fn broken(&self, why: &str) -> ExtractError {
        let what = format!("{} line {}", self.what, self.line);
        ExtractError::Unreadable { what, why: why.to_owned() }
    }
}
