//! What happened tonight, as values: the command line and the tables print from here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;

use super::Choice;
use super::compute::Computed;
use super::reconcile::Figure;
use crate::base::redact::without_secrets;
use crate::measure::evaluate::Status;
use crate::measure::recount::Recount;
use crate::model::held::Closed;
use crate::model::held::Held;
use crate::model::judge::Quarantined;
use crate::model::lake::Equation;
use crate::model::landing::Landed;
use crate::publish::Release;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;
use crate::warehouse::Loaded;
use crate::warehouse::Place;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its rows are in the model.
    Done,
    /// Nothing new was delivered.
    Nothing,
    /// It failed; the last good data stay.
    Failed,
}

impl State {
    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Nothing => "nothing_new",
            State::Failed => "failed",
        }
    }
}

/// The night of one stream, with its closing equation.
#[derive(Clone, Debug)]
pub struct StreamNight {
    /// The night.
    pub night: Date,
    /// The system.
    pub system: String,
    /// Its title.
    pub system_title: String,
    /// Who is told when it fails.
    pub owner: String,
    /// The stream.
    pub stream: String,
    /// Its title.
    pub stream_title: String,
    /// The source's own total.
    pub told: Option<u64>,
    /// Rows that landed.
    pub received: u64,
    /// Where they went.
    pub equation: Equation,
    /// Rows that break the contract.
    pub quarantined: Vec<Quarantined>,
    /// The contents of the files that those stand in, in the same order; empty for what is no file.
    pub files: Vec<String>,
    /// Rows of nights before, and of tonight, that need not wait any more.
    pub closed: Vec<Held>,
    /// How often something was asked again.
    pub asked_again: u64,
    /// How it ended.
    pub state: State,
    /// Why it failed.
    pub note: String,
}

impl StreamNight {
    pub(super) fn new(connector: &Connector, stream: &Stream, night: Date) -> StreamNight {
        StreamNight {
            night,
            system: connector.name.clone(),
            system_title: connector.title.clone(),
            owner: connector.owner.clone(),
            stream: stream.name.clone(),
            stream_title: stream.title.clone(),
            told: None,
            received: 0,
            equation: Equation::default(),
            quarantined: Vec::new(),
            files: Vec::new(),
            closed: Vec::new(),
            asked_again: 0,
            state: State::Nothing,
            note: String::new(),
        }
    }

    pub(super) fn fail(&mut self, why: &str) {
        self.state = State::Failed;
        self.note = without_secrets(why);
    }

    /// Takes what was quarantined of a delivery.
    pub(super) fn hold_back(&mut self, quarantined: &[Quarantined], landed: &Landed) {
        let file = |held: &Quarantined| match &held.corrects {
            Some(correction) => correction.file.clone(),
            None => landed.file_of(&held.source).to_owned(),
        };
        self.files = quarantined.iter().map(file).collect();
        self.quarantined = quarantined.to_vec();
    }

    /// What was quarantined, as the table `quarantine` has it. A refused delivery waits for nothing.
    pub(super) fn held(&self) -> Vec<Held> {
        let closed = (self.state == State::Failed).then_some((self.night, Closed::Refused));
        let held = self.quarantined.iter().zip(&self.files).map(|(held, file)| Held {
            night: self.night,
            system: self.system.clone(),
            stream: self.stream.clone(),
            source: held.source.clone(),
            row: held.row,
            column: held.column.clone(),
            reason: held.reason.clone(),
            file: file.clone(),
            slot: held.slot.clone(),
            closed,
        });
        held.collect()
    }

    /// `system.stream`
    pub fn name(&self) -> String {
        format!("{}.{}", self.system, self.stream)
    }

    /// Whether the equation of the stream closes.
    pub fn closes(&self) -> bool {
        self.state == State::Failed || self.equation.closes(self.received)
    }
}

/// Something to look at that harmed no row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Noticed {
    /// The system, if it shows in one.
    pub system: String,
    /// The stream or table.
    pub stream: String,
    /// What kind of thing.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// In how many rows.
    pub rows: u64,
}

impl Noticed {
    pub(super) fn of(connector: &Connector, stream: &Stream, kind: &str, about: &str) -> Noticed {
        Noticed {
            system: connector.name.clone(),
            stream: stream.name.clone(),
            kind: kind.to_owned(),
            subject: about.to_owned(),
            rows: 0,
        }
    }

    pub(super) fn of_table(table: &str, kind: &str, about: &str) -> Noticed {
        Noticed {
            system: String::new(),
            stream: table.to_owned(),
            kind: kind.to_owned(),
            subject: about.to_owned(),
            rows: 0,
        }
    }

    pub(super) fn rows(self, rows: u64) -> Noticed {
        Noticed { rows, ..self }
    }
}

/// A night's report.
#[derive(Clone, Debug)]
pub struct NightReport {
    /// The night.
    pub night: Date,
    /// The day that is told.
    pub as_of: Date,
    /// Every stream, in the order of the night.
    pub streams: Vec<StreamNight>,
    /// What was noticed.
    pub noticed: Vec<Noticed>,
    /// How many values of each metric have which status: title, counts in the order of
    /// [`Status::ALL`], and whether it is stale.
    pub metrics: BTreeMap<String, (String, [u64; 5], bool)>,
    /// How many units of each category there are, and how many of them have a score.
    pub scores: BTreeMap<String, (u64, u64)>,
    /// What units report of themselves, beside what was counted.
    pub figures: Vec<Figure>,
    /// How many months of each fact were counted again.
    pub recounts: Vec<Recount>,
    /// What was deleted because its time is over: rows of tables about persons, landings, and nights of
    /// quarantine.
    pub forgotten: BTreeMap<String, u64>,
    /// Where the warehouse is.
    pub warehouse: Place,
    /// How many of its rows tonight wrote.
    pub loaded: Loaded,
    /// The periods that are closed, and how many numbers of each are counted otherwise by now.
    pub closed: BTreeMap<String, u64>,
    /// The release.
    pub release: Release,
}

impl NightReport {
    pub(super) fn of(
        choice: Choice,
        streams: Vec<StreamNight>,
        mut noticed: Vec<Noticed>,
        computed: &Computed<'_>,
    ) -> NightReport {
        noticed.sort();
        let mut metrics: BTreeMap<String, (String, [u64; 5], bool)> = BTreeMap::new();
        for told in &computed.values {
            let entry = metrics
                .entry(told.metric.name.clone())
                .or_insert_with(|| (told.metric.title.clone(), [0; 5], told.is_stale));
            let at = Status::ALL.iter().position(|status| *status == told.status);
            if let Some(count) = at.and_then(|at| entry.1.get_mut(at)) {
                *count += 1;
            }
        }
        let mut scores: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for unit in &computed.scores {
            let counts = scores.entry(unit.tree.title.clone()).or_default();
            counts.0 += 1;
            counts.1 += u64::from(unit.score.is_some());
        }
        NightReport {
            night: choice.night,
            as_of: choice.as_of,
            streams,
            noticed,
            metrics,
            scores,
            figures: computed.figures.clone(),
            recounts: computed.recounts.clone(),
            forgotten: BTreeMap::new(),
            warehouse: Place::File(PathBuf::new()),
            loaded: Loaded::default(),
            closed: BTreeMap::new(),
            release: Release::default(),
        }
    }

    /// 0, 1 where some part failed, or 3 where the release is held back.
    pub fn exit_code(&self) -> u8 {
        if !self.release.held.is_empty() {
            return 3;
        }
        u8::from(self.streams.iter().any(|stream| stream.state == State::Failed))
    }

    /// How many rows were closed, by stream and why.
    pub fn closed(&self) -> BTreeMap<(String, Closed), u64> {
        let mut closed: BTreeMap<(String, Closed), u64> = BTreeMap::new();
        for stream in &self.streams {
            for (_, why) in stream.closed.iter().filter_map(|held| held.closed) {
                *closed.entry((stream.name(), why)).or_default() += 1;
            }
        }
        closed
    }

    /// Why rows were quarantined: system.stream, column and reason, with how many rows and the first
    /// place.
    pub fn reasons(&self) -> BTreeMap<(String, String), (u64, String)> {
        let mut reasons: BTreeMap<(String, String), (u64, String)> = BTreeMap::new();
        for stream in &self.streams {
            for row in &stream.quarantined {
                let why = format!("{} {}", row.column, row.reason).trim().to_owned();
                let place = format!("{} row {}", row.source, row.row);
                reasons.entry((stream.name(), why)).or_insert((0, place)).0 += 1;
            }
        }
        reasons
    }
}
