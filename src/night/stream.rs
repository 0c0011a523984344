//! How did a stream end, where did its rows go, and what was noticed on the way?

use jiff::civil::Date;

use crate::base::redact::without_people;
use crate::base::redact::without_secrets;
use crate::model::delivery::Equation;
use crate::model::held::Closed;
use crate::model::held::Held;
use crate::model::judge::Quarantined;
use crate::model::landed::Landed;
use crate::spec::connector::Connector;
use crate::spec::connector::Stream;

/// The name of a stream in notes and messages.
pub(super) fn named(connector: &Connector, stream: &Stream) -> String {
    format!("{}.{}", connector.name, stream.name)
}

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
        self.note = without_people(&without_secrets(why));
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
        let system = connector.name.clone();
        Noticed { system, ..Noticed::of_table(&stream.name, kind, about) }
    }

    /// Whatever it is about, numbers of people are struck out of it: it goes into releases.
    pub(super) fn of_table(table: &str, kind: &str, about: &str) -> Noticed {
        Noticed {
            system: String::new(),
            stream: table.to_owned(),
            kind: kind.to_owned(),
            subject: without_people(about),
            rows: 0,
        }
    }

    /// Whether another says the same, of however many rows.
    pub(super) fn is_same(&self, other: &Noticed) -> bool {
        let of = |it: &Noticed| Noticed { rows: 0, ..it.clone() };
        of(self) == of(other)
    }

    pub(super) fn rows(self, rows: u64) -> Noticed {
        Noticed { rows, ..self }
    }
}
