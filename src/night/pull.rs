//! Which streams must be asked for tonight, and what did they bring? One system's failure stays its own.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::Sender;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::runtime::Handle;

use super::Choice;
use super::Ground;
use super::Step;
use super::ashore::ashore;
use super::ashore::whole;
use super::brought::Brought;
use super::held::held_back;
use super::model::judge;
use super::model::pile;
use super::notes;
use super::parents;
use super::parents::Ends;
use super::side_by_side::side_by_side;
use super::status;
use super::stream::named;
use crate::base::pseudonym::Key;
use crate::extract;
use crate::extract::DeliveredFile;
use crate::extract::Delivery;
use crate::extract::ExtractError;
use crate::extract::KnownFile;
use crate::extract::KnownFiles;
use crate::extract::System;
use crate::extract::TapState;
use crate::extract::moved::row_key;
use crate::model::ModelError;
use crate::model::early::Early;
use crate::model::lake::Lake;
use crate::model::landed::Landed;
use crate::model::landing::Landing;
use crate::model::landing::clear;
use crate::spec::connector::Connector;
use crate::spec::connector::Full;
use crate::spec::connector::Stream;

/// Asks for every stream that has not landed tonight, side by side: each system says itself how many
/// questions it bears at once. What came stands in the order of [`crate::spec::catalog::Catalog::streams`].
pub(super) fn all<'g>(
    ground: &Ground<'g>,
    choice: Choice,
    (key, cutoff): (&Key, Timestamp),
    watch: &mut (dyn FnMut(Step) + Send),
) -> anyhow::Result<Vec<Brought<'g>>> {
    if choice.again {
        notes::forget(&Lake::at(&ground.lake()), ground.catalog, choice.night)?;
    }
    let mut well = status::well(&ground.lake(), ground.catalog)?;
    let lake = Lake::at(&ground.lake());
    let tables: BTreeMap<String, &str> = ground
        .catalog
        .streams()
        .into_iter()
        .map(|(connector, stream)| (named(connector, stream), stream.into.value.as_str()))
        .collect();
    // What went into another table is not in this one: its stream begins anew.
    well.retain(|(name, night)| tables.get(name).is_none_or(|into| lake.has(into, *night, name)));
    let connectors = ground.catalog.connectors.iter();
    let systems = connectors.map(|connector| (&connector.name, OnceLock::new())).collect();
    let ends = Ends::default();
    let runtime = Handle::current();
    let night = Tonight { ground, choice, key, cutoff, well, systems, ends: &ends, runtime };
    let asked = |(connector, stream): (&'g Connector, &'g Stream), tell: &Sender<Step>| {
        let _within = night.runtime.enter();
        let mut end = ends.of(named(connector, stream));
        let brought = night.stream((connector, stream), tell)?;
        end.pulled.clone_from(&brought.pulled);
        Ok(brought)
    };
    let streams = ground.catalog.streams();
    let threads = streams.len();
    side_by_side(streams, threads, &asked, watch).into_iter().collect()
}

/// Where the nights before have come to. One whose stream failed after it had landed has come nowhere:
/// what it brought is asked for again.
#[derive(Default)]
struct Bookmark {
    since: Option<Timestamp>,
    state: TapState,
    last_full: Option<Date>,
    files: KnownFiles,
}

impl Bookmark {
    fn of(landing: &Landing, stood: impl Fn(Date) -> bool) -> anyhow::Result<Bookmark> {
        let mut bookmark = Bookmark::default();
        for attempt in landing.attempts()?.into_iter().filter(|(night, _)| stood(*night)) {
            let landed = landing.manifest(attempt)?;
            bookmark.since = bookmark.since.max(landed.until);
            bookmark.state.text = landed.state.or(bookmark.state.text);
            bookmark.state.version = landed.version.or(bookmark.state.version);
            bookmark.last_full = bookmark.last_full.max(landed.is_full.then_some(attempt.0));
            bookmark.files.by_name |= landed.by_name;
            let of = |is_read| {
                move |(name, sha256): (String, String)| KnownFile { name, sha256, is_read }
            };
            // A correction is none of the stream's files, whatever its name.
            let nameless = |sha256: String| (String::new(), sha256);
            let corrections = landed.corrections.into_values().map(nameless);
            let files = &mut bookmark.files.files;
            files.extend(landed.outdone.into_iter().chain(corrections).map(of(false)));
            files.extend(landed.files.into_iter().map(of(true)));
        }
        Ok(bookmark)
    }

    /// The same, forgotten where a stream is due to be asked for everything.
    fn of_stream(self, stream: &Stream, night: Date) -> Bookmark {
        let month = |day: Date| (day.year(), day.month());
        let is_due = match stream.full {
            Some(Full::Monthly) => self.last_full.map(month) != Some(month(night)),
            None => false,
        };
        Bookmark { since: self.since.filter(|_| !is_due), ..self }
    }
}

/// What all pulls of a night share.
struct Tonight<'t, 'g> {
    ground: &'t Ground<'g>,
    choice: Choice,
    key: &'t Key,
    cutoff: Timestamp,
    /// The streams and nights that ended well.
    well: BTreeSet<(String, Date)>,
    /// The systems, each opened when its first stream is asked for.
    systems: BTreeMap<&'t String, OnceLock<Result<System, String>>>,
    /// How streams ended, for their children.
    ends: &'t Ends,
    runtime: Handle,
}

impl<'g> Tonight<'_, 'g> {
    /// The system of a connector, or why it cannot be asked.
    fn opened(&self, connector: &Connector) -> Result<&System, String> {
        let system = self.systems.get(&connector.name).ok_or("it is no system of this home")?;
        let open = || {
            System::open(connector, self.ground.secrets, &self.ground.home.root)
                .map_err(|fault| chain(&fault))
        };
        system.get_or_init(open).as_ref().map_err(Clone::clone)
    }

    /// The slices of the past that no good night before this one has merged.
    fn past(
        &self,
        (connector, stream): (&Connector, &Stream),
        landing: &Landing,
    ) -> anyhow::Result<Vec<String>> {
        let name = named(connector, stream);
        let mut merged = BTreeSet::new();
        for attempt in landing.attempts()? {
            if attempt.0 < self.choice.night && self.well.contains(&(name.clone(), attempt.0)) {
                merged.extend(landing.manifest(attempt)?.past);
            }
        }
        let past = landing.past()?.into_iter().filter(|past| past.asked <= self.choice.night);
        Ok(past.map(|past| past.name()).filter(|name| !merged.contains(name)).collect())
    }

    /// Where the rows of a stream are judged as they come; none where its table has no schema.
    fn early(
        &self,
        (connector, stream): (&'g Connector, &'g Stream),
        landing: &Landing,
    ) -> anyhow::Result<Option<Early<'g>>> {
        let (catalog, night) = (self.ground.catalog, self.choice.night);
        let Some(schema) = catalog.schemas.get(&stream.into.value) else { return Ok(None) };
        let judge = judge(catalog, (connector, stream), (schema, night))?;
        Ok(Some(Early::of(judge, pile((connector, stream), (schema, night), landing))))
    }

    /// Asks for a stream, if it has not landed tonight.
    fn stream(
        &self,
        (connector, stream): (&'g Connector, &'g Stream),
        tell: &Sender<Step>,
    ) -> anyhow::Result<Brought<'g>> {
        let (ground, choice) = (self.ground, self.choice);
        let name = named(connector, stream);
        let landing = Landing::of(&ground.lake(), &connector.name, &stream.name);
        let attempts = landing.attempts()?;
        let tonight = attempts.iter().filter(|(night, _)| *night == choice.night).max();
        if let Some(attempt) = tonight.filter(|_| !choice.again) {
            let landed = landing.manifest(*attempt)?;
            if !landing.holds(*attempt, &landed)? {
                return Ok(Err("its rows were deleted when their time was over".to_owned()).into());
            }
            tell.send(Step::Landed(name, landed.received))?;
            return Ok(Ok(*attempt).into());
        }
        if let Err(why) = self.ends.parent(&connector.name, stream) {
            return Ok(Err(why).into());
        }
        tell.send(Step::Asking(name.clone()))?;
        let before = tonight.map(|attempt| landing.manifest(*attempt)).transpose()?;
        let asked = match self.opened(connector) {
            Ok(system) => {
                let stood = |night: Date| {
                    night < choice.night && self.well.contains(&(name.clone(), night))
                };
                let from = Bookmark::of(&landing, stood)?.of_stream(stream, choice.night);
                pull(self, (connector, stream), system, (&landing, from, before.as_ref()))?
            }
            Err(fault) => Err(fault).into(),
        };
        match &asked.pulled {
            Ok(attempt) => tell.send(Step::Landed(name, landing.manifest(*attempt)?.received))?,
            Err(fault) => tracing::warn!(stream = name, fault, "stream failed"),
        }
        Ok(asked)
    }
}

/// What became of asking a system. What our own disk refuses is no fault of the system: it ends the night.
fn pull<'g>(
    tonight: &Tonight<'_, 'g>,
    (connector, stream): (&'g Connector, &'g Stream),
    system: &System,
    (landing, from, before): (&Landing, Bookmark, Option<&Landed>),
) -> anyhow::Result<Brought<'g>> {
    let mut attempt = landing.begin(tonight.choice.night)?;
    let shelf = landing.shelf(tonight.choice.night)?;
    let past = tonight.past((connector, stream), landing)?;
    // Slices of the past are judged before the rows of the night.
    let early = if past.is_empty() { tonight.early((connector, stream), landing)? } else { None };
    let name = named(connector, stream);
    let well =
        tonight.well.iter().filter(|(of, night)| *of == name && *night < tonight.choice.night);
    let nights = (tonight.choice.night, well.map(|(_, night)| *night).max());
    let lake = tonight.ground.lake();
    let parents = |names: &[String], see: &mut dyn FnMut(Vec<Option<String>>)| {
        parents::rows(&lake, (&connector.name, stream), nights, (names, see))
    };
    let held_back = || {
        let held = held_back(tonight.ground, (connector, stream), tonight.choice.night);
        held.map_err(io::Error::other)
    };
    let schema = tonight.ground.catalog.schemas.get(&stream.into.value);
    let row_key = schema.map_or_else(Vec::new, |schema| row_key(stream, schema));
    let request = extract::Request {
        connector,
        stream,
        since: from.since,
        state: Some(&from.state),
        until: tonight.cutoff,
        earliest: landing.past()?.first().map(|past| past.from),
        past: None,
        known_files: &from.files,
        held_back: &held_back,
        row_key: &row_key,
        shelf: &shelf,
        parents: &parents,
        secrets: tonight.ground.secrets,
        key: tonight.key,
        home: &tonight.ground.home.root,
    };
    let (delivery, early) = ashore(&mut attempt, early, |mut land| {
        tonight.runtime.block_on(extract::pull(system, &request, &mut land))
    });
    let early = early.map_err(|fault| ExtractError::Landing(io::Error::other(fault)))?;
    let delivery = match delivery {
        Ok(delivery) => delivery,
        Err(fault @ ExtractError::Landing(_)) => return Err(fault.into()),
        Err(fault) => return Ok(Err(chain(&fault)).into()),
    };
    if let Some(lost) = before.and_then(|before| lost(before, &delivery, &from.files)) {
        return Ok(Err(lost).into());
    }
    let pile = whole(&mut attempt, early)?;
    let is_full = delivery.is_full.unwrap_or(from.since.is_none());
    let (ground, connectors) = (tonight.ground, &tonight.ground.catalog.connectors);
    // Told once, and not once a stream.
    let is_first = connector.streams.first().is_some_and(|first| first.name == stream.name);
    let root = &ground.home.root;
    let unclaimed = || extract::unclaimed(connector, connectors, ground.secrets, root).len() as u64;
    let unclaimed = is_first.then(unclaimed).unwrap_or_default();
    let landed = Landed { is_full, unclaimed, past, ..landed(delivery, tonight.key) };
    match attempt.finish(&landed) {
        Err(lost @ ModelError::Lost { .. }) => return Ok(Err(chain(&lost)).into()),
        finished => finished?,
    }
    clear(&shelf)?;
    let attempts = landing.attempts()?.into_iter();
    let last = attempts.filter(|(night, _)| *night == tonight.choice.night).max();
    let pulled = last.ok_or_else(|| "the pull left no manifest".to_owned());
    Ok(Brought { pulled, pile })
}

/// Why a delivery must not take the place of one of the same night: files that had been read are gone. One that came
/// again under its name or its content is not, nor one that another night has read since.
fn lost(before: &Landed, delivery: &Delivery, known: &KnownFiles) -> Option<String> {
    let came = || [&delivery.files, &delivery.outdone, &delivery.corrections].into_iter().flatten();
    let is_gone = |(name, sha256): &(&String, &String)| {
        !known.has(sha256) && !came().any(|file| file.name == **name || file.sha256 == **sha256)
    };
    let mut gone = before.files.iter().chain(&before.corrections).filter(is_gone);
    let (first, _) = gone.next()?;
    Some(match gone.count() {
        0 => format!(
            "`{first}` was read this night and has left its folder: put it back to ask again"
        ),
        more => format!(
            "`{first}` and {more} more files were read this night and have left their folder: \
             put them back to ask again"
        ),
    })
}

pub(super) fn landed(delivery: Delivery, key: &Key) -> Landed {
    let named = |files: Vec<DeliveredFile>| {
        files.into_iter().map(|file| (file.name, file.sha256)).collect()
    };
    Landed {
        received: delivery.received,
        told: delivery.told,
        until: delivery.until,
        is_full: false,
        past: Vec::new(),
        state: delivery.state,
        version: delivery.version,
        files: named(delivery.files),
        outdone: named(delivery.outdone),
        by_name: true,
        not_whole: delivery.not_whole,
        unclaimed: 0,
        below: delivery.below,
        unread_sheets: delivery.unread_sheets,
        corrections: named(delivery.corrections),
        strays: delivery.strays,
        unread_corrections: delivery.unread_corrections,
        unread: delivery.unread,
        headers: delivery.headers,
        asked_again: delivery.asked_again,
        is_moving: delivery.is_moving,
        key: key.fingerprint(),
        parts: BTreeMap::new(),
    }
}

/// An error with its causes on one line.
pub(super) fn chain(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::connector::read_connector;

    #[test]
    fn everything_is_asked_for_on_the_first_night_of_a_month_that_a_stream_answers() {
        let text = std::fs::read_to_string("connectors/appraisal.toml").unwrap();
        let connector = read_connector("connectors/appraisal.toml", &text).unwrap();
        let full = |stream: &str, last: Option<&str>, night: &str| {
            let stream = connector.streams.iter().find(|known| known.name == stream).unwrap();
            let since = Some("2026-01-31T02:00:00+08:00".parse().unwrap());
            let last_full = last.map(|day| day.parse().unwrap());
            let bookmark = Bookmark { since, last_full, ..Bookmark::default() };
            bookmark.of_stream(stream, night.parse().unwrap()).since.is_none()
        };
        for (last, night, is_full) in [
            (Some("2026-01-06"), "2026-01-31", false),
            (Some("2026-01-06"), "2026-02-01", true),
            // The first night failed, so that the last full pull is older.
            (Some("2026-01-06"), "2026-02-02", true),
            (Some("2026-02-02"), "2026-02-03", false),
            (Some("2025-02-02"), "2026-02-03", true),
            (None, "2026-02-03", true),
        ] {
            assert_eq!(full("grades", last, night), is_full, "{last:?} {night}");
        }
        assert!(!full("logs", None, "2026-02-03"));
    }
}
