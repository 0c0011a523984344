//! What happened tonight, as values: the command line and the tables print from here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;

use super::Choice;
use super::compute::Computed;
use super::reconcile::Figure;
use super::stream::Noticed;
use super::stream::State;
use super::stream::StreamNight;
use crate::base::redact::without_people;
use crate::measure::evaluate::Status;
use crate::measure::recount::Recount;
use crate::model::held::Closed;
use crate::publish::Release;
use crate::warehouse::Loaded;
use crate::warehouse::Place;

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
    /// The last night after this one, which the warehouse told until now.
    pub later: Option<Date>,
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
        // Without the numbers of people several may be about the same.
        noticed.dedup_by(|next, kept| {
            let is_same = next.is_same(kept);
            kept.rows += if is_same { next.rows } else { 0 };
            is_same
        });
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
            later: None,
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
        let is_broken = |of: &StreamNight| of.state == State::Failed || !of.closes();
        let is_left = self.noticed.iter().any(|seen| seen.kind == "not_merged");
        u8::from(is_left || self.streams.iter().any(is_broken))
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
                let place = format!("{} row {}", without_people(&row.source), row.row);
                reasons.entry((stream.name(), why)).or_insert((0, place)).0 += 1;
            }
        }
        reasons
    }
}
