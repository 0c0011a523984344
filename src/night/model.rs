//! What became of a stream's rows? Judged, merged, and its equation closed; a stream that breaks its
//! promise leaves the last good data as they are.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::mpsc::Sender;
use std::thread;

use jiff::civil::Date;
use num_rational::Ratio;

use super::Ground;
use super::Step;
use super::brought::Brought;
use super::held;
use super::side_by_side::side_by_side;
use super::stream::Noticed;
use super::stream::State;
use super::stream::StreamNight;
use super::stream::named;
use crate::base::cell::CellRow;
use crate::base::cell::text_of;
use crate::base::redact::theirs;
use crate::base::text::quoted;
use crate::frame::DataFrame;
use crate::frame::functions::Days;
use crate::frame::table;
use crate::model::ModelError;
use crate::model::delivered::Delivered;
use crate::model::delivery::Delivery;
use crate::model::held::Held;
use crate::model::judge::Judge;
use crate::model::judge::Judged;
use crate::model::lake::Lake;
use crate::model::landed::Landed;
use crate::model::landing::Landing;
use crate::model::pile::Pile;
use crate::spec::catalog::Catalog;
use crate::spec::connector::Ask;
use crate::spec::connector::Column;
use crate::spec::connector::Connector;
use crate::spec::connector::Contract;
use crate::spec::connector::NewColumn;
use crate::spec::connector::Stream;
use crate::spec::connector::Write;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;

/// How many rows stand before tonight of what a delivery brings whole, and how many it brings, where it must not shrink
/// too far.
fn sizes(
    lake: &Lake,
    stream: &Stream,
    schema: &Schema,
    pile: &Pile<'_>,
) -> anyhow::Result<Option<(u64, u64)>> {
    let delivery = pile.delivery;
    let whole = matches!(&stream.write, Write::Snapshot { within } if within.is_empty());
    if stream.contract.shrink_max.is_none() || !(whole || delivery.is_full) {
        return Ok(None);
    }
    let known = lake.read(schema, delivery.night.yesterday()?)?;
    let rows = table::to_rows(&known, &["_system", "_stream"]);
    let own = |row: &CellRow| {
        let [system, stream] = [0, 1].map(|at| text_of(row.get(at)));
        delivery.is_own(system.as_deref(), stream.as_deref())
    };
    // What another stream brought into the table is not gone where this one does not bring it.
    Ok(Some((rows.iter().filter(|row| own(row)).count() as u64, pile.brought()?)))
}

/// How a stream ended, and what was noticed on the way.
type Modelled = anyhow::Result<(StreamNight, Vec<Noticed>)>;

/// Judges and merges what every stream brought, knowing what nights before held back: tables side by side, the streams of one table in turn.
pub(super) fn all(
    ground: &Ground<'_>,
    night: (Date, &[Held]),
    pulls: Vec<Brought<'_>>,
    watch: &mut (dyn FnMut(Step) + Send),
) -> Vec<Modelled> {
    let streams = ground.catalog.streams().into_iter().zip(pulls).enumerate();
    let mut tables: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (at, (of, brought)) in streams {
        tables.entry(&of.1.into.value).or_default().push((at, of, brought));
    }
    let turns = tables.iter().map(|(table, streams)| {
        let turn = |(_, (connector, stream), _): &(usize, (&Connector, &Stream), Brought<'_>)| {
            named(connector, stream)
        };
        (*table, streams.iter().map(turn).collect())
    });
    if let Err(fault) = Lake::at(&ground.lake()).keep_turns(&turns.collect()) {
        return vec![Err(fault.into())];
    }
    let of_table = |streams: Vec<_>, tell: &Sender<Step>| {
        let each = |(at, of, brought)| (at, told(model(ground, of, night, brought), tell));
        streams.into_iter().map(each).collect::<Vec<_>>()
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let tables = tables.into_values().collect();
    let mut modelled: Vec<_> =
        side_by_side(tables, threads, &of_table, watch).into_iter().flatten().collect();
    modelled.sort_by_key(|(at, _)| *at);
    modelled.into_iter().map(|(_, modelled)| modelled).collect()
}

/// Merges what nights before this one brought, where there are many of them, so that those to come need not read them all.
pub(super) fn keep_bases(ground: &Ground<'_>, night: Date) -> anyhow::Result<()> {
    let lake = Lake::at(&ground.lake());
    let filled = ground.catalog.filled().into_iter();
    let mut schemas = filled.filter_map(|name| ground.catalog.schemas.get(name));
    Ok(schemas.try_for_each(|schema| lake.keep_base(schema, night))?)
}

/// Tells how a stream ended.
fn told(modelled: Modelled, tell: &Sender<Step>) -> Modelled {
    let (told, noticed) = modelled?;
    tell.send(match &told.state {
        State::Failed => Step::Failed(told.name(), told.note.clone()),
        State::Done | State::Nothing => Step::Modelled(told.name(), told.equation.versions()),
    })?;
    Ok((told, noticed))
}

/// What a stream is judged by.
pub(super) fn judge<'c>(
    catalog: &'c Catalog,
    (connector, stream): (&'c Connector, &'c Stream),
    (schema, night): (&'c Schema, Date),
) -> anyhow::Result<Judge<'c>> {
    Ok(Judge {
        stream,
        schema,
        codes: &catalog.codes,
        zone: jiff::tz::TimeZone::get(&connector.zone)?,
        days: Days::of(catalog),
        night,
    })
}

/// Where its rows are while they are judged; nothing yet.
pub(super) fn pile<'c>(
    (connector, stream): (&'c Connector, &'c Stream),
    (schema, night): (&'c Schema, Date),
    landing: &Landing,
) -> Pile<'c> {
    let (system, name, was) = (&connector.name, &stream.name, &stream.was);
    let delivery = Delivery { system, stream: name, night, is_full: false, was };
    Pile::of((delivery, schema, &stream.write), Some(landing.pile(night)))
}

/// Judges and merges what a stream brought.
fn model(
    ground: &Ground<'_>,
    (connector, stream): (&Connector, &Stream),
    (night, before): (Date, &[Held]),
    Brought { pulled, pile: judged }: Brought<'_>,
) -> Modelled {
    let lake = Lake::at(&ground.lake());
    let mut told = StreamNight::new(connector, stream, night);
    let attempt = match pulled {
        Ok(attempt) => attempt,
        Err(fault) => {
            told.fail(&fault);
            return Ok((told, Vec::new()));
        }
    };
    let Some(schema) = ground.catalog.schemas.get(&stream.into.value) else {
        told.fail("its table has no schema");
        return Ok((told, Vec::new()));
    };
    let landing = Landing::of(&ground.lake(), &connector.name, &stream.name);
    let mut landed = landing.manifest(attempt)?;
    let mut past = Vec::new();
    for name in landed.past.clone() {
        let (slice, parts) = landing.past_named(&name)?;
        landed.with(slice);
        past.push(parts);
    }
    told.received = landed.received;
    told.told = landed.told;
    told.asked_again = landed.asked_again.len() as u64;
    // Only a stream that says so is asked for everything in order to find what is gone.
    let is_full = landed.is_full && (stream.full.is_some() || matches!(stream.ask, Ask::Singer(_)));
    let (of, rows) = ((connector, stream), (&landing, attempt, past));
    let judge = || judged_of(ground.catalog, of, (schema, night), rows);
    let mut pile = match judged.map_or_else(judge, Ok) {
        Ok(pile) => pile,
        Err(fault) => {
            told.fail(&refused(&connector.file, fault)?);
            return Ok((told, Vec::new()));
        }
    };
    pile.judged.files = landed.files.values().cloned().collect();
    // Where most nights bring nothing, `rows_min` allows for it, and says nothing of the one that asks for everything.
    let is_emptied = is_empty(&landed) && stream.full.is_none();
    pile.whole(is_full, is_emptied, landed.is_moving);
    let judged = &pile.judged;
    told.hold_back(&judged.quarantined, &landed);
    let mut noticed = noticed(connector, stream, judged);
    noticed.extend(unread(connector, stream, &landed));
    noticed.extend(of_files(connector, stream, &landed));
    noticed.extend(came_back(connector, stream, &landed));
    let sizes = sizes(&lake, stream, schema, &pile)?;
    if let Some(broken) = broken(stream, &landed, judged, sizes) {
        told.equation.exploded = judged.exploded;
        told.equation.filtered = judged.filtered;
        told.equation.quarantined = judged.quarantined.len() as u64;
        told.fail(&broken);
        return Ok((told, noticed));
    }
    let waiting = held::waiting(before, &told);
    let slots = waiting.iter().filter_map(|held| held.slot.as_deref());
    let delivered = (!waiting.is_empty()).then(|| Delivered::of(&pile, slots)).transpose()?;
    told.equation = lake.merge_pile(&mut pile)?;
    noticed.extend(rivals(connector, stream, (&landed, &pile)));
    if landed.past.is_empty() {
        // A slice of the past may bring what the night brings too.
        noticed.extend(came_twice((connector, stream), &landed, &told));
        noticed.extend(alike((connector, stream), schema, &told));
    }
    if let Some(delivered) = delivered {
        told.closed = held::closed(&waiting, &told, (&pile.judged, &delivered));
    }
    told.state = if landed.received == 0 { State::Nothing } else { State::Done };
    Ok((told, noticed))
}

/// The rows of an attempt, judged, slices of the past before them.
fn judged_of<'c>(
    catalog: &'c Catalog,
    of: (&'c Connector, &'c Stream),
    contract: (&'c Schema, Date),
    (landing, attempt, past): (
        &Landing,
        (Date, u32),
        Vec<impl Iterator<Item = Result<DataFrame, ModelError>>>,
    ),
) -> anyhow::Result<Pile<'c>> {
    let (judge, mut pile) = (judge(catalog, of, contract)?, pile(of, contract, landing));
    pile.parts(&judge, past.into_iter().flatten(), true)?;
    pile.parts(&judge, landing.parts(attempt)?, false)?;
    Ok(pile)
}

/// Why a stream fails of which an expression of its connector can't be worked out. Any other fault ends the night.
fn refused(file: &str, fault: anyhow::Error) -> anyhow::Result<String> {
    let Some(ModelError::Expression { line, column, key, cause }) = fault.downcast_ref() else {
        return Err(fault);
    };
    let why = theirs(&cause.to_string());
    Ok(format!(
        "{file}:{line}:{column} `{key}` can't be worked out: {why}; mend it and run the same night again"
    ))
}

/// The promise that a delivery breaks, if it breaks one.
pub(super) fn broken(
    stream: &Stream,
    landed: &Landed,
    judged: &Judged,
    sizes: Option<(u64, u64)>,
) -> Option<String> {
    let contract = &stream.contract;
    // What came back corrected is no part of the delivery whose promise this is, nor is that a parent has no rows.
    let apart = judged.corrected.len() + judged.emptied.len();
    let received = landed.received - apart as u64;
    if (received > 0 || is_delivered(landed) || asks_for_all(stream))
        && received < contract.rows_min
    {
        let least = contract.rows_min;
        return Some(format!("{received} rows came, the contract promises at least {least}"));
    }
    if received == 0 {
        return if is_empty(landed) { shrunk(contract, sizes) } else { None };
    }
    if let Some(told) = landed.told.filter(|told| *told != received) {
        return Some(format!("the source tells {told} rows, {received} came"));
    }
    let is_sent = |header: &str| landed.headers.contains(header);
    if let Some((column, wanted)) = stream.lacking(is_sent) {
        let wanted = wanted.join("`, `");
        return Some(format!("column `{}` finds none of `{wanted}` in what came", column.name));
    }
    if contract.new_column == NewColumn::Fail
        && let Some(header) = landed.unread.keys().next()
    {
        return Some(format!("a new column `{header}` came"));
    }
    thinned(contract, received, judged, sizes)
}

fn thinned(
    contract: &Contract,
    received: u64,
    judged: &Judged,
    sizes: Option<(u64, u64)>,
) -> Option<String> {
    let broken = || judged.quarantined.iter().filter(|row| row.corrects.is_none());
    let (bad, rows) = (broken().count() as u64, received + judged.exploded);
    if share(bad, rows) > contract.bad_rows_max && bad > 1 {
        let reasons = broken().map(|row| format!("{} {}", row.column, row.reason));
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        reasons.for_each(|reason| *counts.entry(reason).or_default() += 1);
        let most = counts.iter().max_by_key(|(_, rows)| **rows);
        let most =
            most.map_or(String::new(), |(reason, rows)| format!("; most: {reason} ({rows})"));
        return Some(format!("{bad} of {rows} rows break the contract{most}"));
    }
    shrunk(contract, sizes)
}

/// What is left of a delivery that brings everything, where it is too little.
fn shrunk(contract: &Contract, sizes: Option<(u64, u64)>) -> Option<String> {
    let (limit, (known, brought)) = contract.shrink_max.zip(sizes)?;
    (brought < known && share(known - brought, known) > limit)
        .then(|| format!("what is there shrank from {known} to {brought} rows; it is held back"))
}

fn share(part: u64, whole: u64) -> Ratio<i128> {
    Ratio::new(i128::from(part), i128::from(whole.max(1)))
}

/// Whether every night asks for all that there is: no row is nothing new where only what changed was asked for.
fn asks_for_all(stream: &Stream) -> bool {
    match &stream.ask {
        Ask::Http(ask) => ask.cursor.is_none() && ask.each.is_none(),
        Ask::Sql(ask) => ask.cursor.is_none(),
        Ask::Files(_) | Ask::Singer(_) => false,
    }
}

/// Whether a source that brings no row has said so: by its total, or by files that have none.
fn is_delivered(landed: &Landed) -> bool {
    landed.told == Some(0) || !landed.files.is_empty()
}

/// Whether a source says that it has no row, and nothing came from elsewhere.
fn is_empty(landed: &Landed) -> bool {
    landed.received == 0 && is_delivered(landed)
}

fn noticed(connector: &Connector, stream: &Stream, judged: &Judged) -> Vec<Noticed> {
    let of = |(about, rows): (&(String, String), &u64)| {
        let (kind, subject) = about;
        let first = judged.first.get(about);
        let first = first.map_or_else(String::new, |place| format!(" ({place})"));
        Noticed::of(connector, stream, kind, &format!("{subject}{first}")).rows(*rows)
    };
    judged.noticed.iter().map(of).collect()
}

fn unread(connector: &Connector, stream: &Stream, landed: &Landed) -> Vec<Noticed> {
    if stream.contract.new_column == NewColumn::Ignore {
        return Vec::new();
    }
    let of = |(header, rows): (&String, &u64)| {
        Noticed::of(connector, stream, "unread", header).rows(*rows)
    };
    landed.unread.iter().map(of).collect()
}

/// Which files are read another night, which rows of a file are not, and what no stream reads.
fn of_files(connector: &Connector, stream: &Stream, landed: &Landed) -> Vec<Noticed> {
    let of = |(file, why): (&String, &String)| {
        Noticed::of(connector, stream, "not_whole", &quoted(&format!("{file}: {why}")))
    };
    let below = |(place, rows): (&String, &u64)| {
        Noticed::of(connector, stream, "below_end", &quoted(place)).rows(*rows)
    };
    let unread = (landed.unclaimed > 0).then(|| {
        let names = format!("shuping doctor {}", connector.name);
        Noticed::of(connector, stream, "unread_file", &names).rows(landed.unclaimed)
    });
    let sheets = |(file, sheets): (&String, &u64)| {
        Noticed::of(connector, stream, "unread_sheet", &quoted(file)).rows(*sheets)
    };
    let files = landed.not_whole.iter().map(of).chain(landed.below.iter().map(below));
    files.chain(landed.unread_sheets.iter().map(sheets)).chain(unread).collect()
}

/// Keys that came more than once from pages that are found by counting, or on which rows moved: what moved them may
/// have moved another row past us, and the total still agrees. Where most rows share their key they are about
/// something else.
fn came_twice(
    (connector, stream): (&Connector, &Stream),
    landed: &Landed,
    told: &StreamNight,
) -> Option<Noticed> {
    let is_counted = matches!(&stream.ask, Ask::Http(ask) if ask.page.turn.is_counted());
    let rows = told.equation.duplicate;
    let is_odd = rows > 0 && rows.saturating_mul(2) <= told.received;
    let noticed = || Noticed::of(connector, stream, "came_twice", &stream.into.value).rows(rows);
    (landed.is_moving || is_counted && is_odd).then(noticed)
}

/// Keys that a database tells apart and that are one here, for a text is cleaned before it is read.
fn alike(
    (connector, stream): (&Connector, &Stream),
    schema: &Schema,
    told: &StreamNight,
) -> Option<Noticed> {
    let Ask::Sql(ask) = &stream.ask else { return None };
    let rows = told.equation.duplicate;
    // What an expression, a pattern or words of the manifest make of a key may be meant to be one.
    let is_plain = |column: &&Column| {
        let field = schema.fields.iter().find(|field| field.name == column.name);
        let is_text = field.is_some_and(|it| it.kind == FieldKind::Text && it.codes.is_none());
        is_text && column.sql.is_none() && column.extract.is_none() && column.values.is_empty()
    };
    let in_key = |column: &&Column| schema.primary_key.contains(&column.name);
    let plain = stream.columns.iter().filter(in_key).filter(is_plain);
    let plain: Vec<&str> = plain.flat_map(|column| &column.from).map(String::as_str).collect();
    let is_whole = ask.key.iter().all(|own| plain.iter().any(|it| it.eq_ignore_ascii_case(own)));
    let noticed = || Noticed::of(connector, stream, "not_unique", &schema.primary_key.join(", "));
    (rows > 0 && is_whole && stream.explode.is_none()).then(|| noticed().rows(rows))
}

/// Files of one night that say something else of the same keys, where no `updated_at` and no `rev` tells which is
/// right: the one whose name is last stands.
fn rivals(
    connector: &Connector,
    stream: &Stream,
    (landed, pile): (&Landed, &Pile<'_>),
) -> Vec<Noticed> {
    let mut files: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for ((left, stands), keys) in &pile.disagreed {
        *files.entry((landed.name_of(left), landed.name_of(stands))).or_default() += keys;
    }
    let of = |((left, stands), keys): ((&str, &str), u64)| {
        let subject = quoted(&format!("{left} → {stands}"));
        Noticed::of(connector, stream, "rival_files", &subject).rows(keys)
    };
    files.into_iter().filter(|((left, stands), _)| left != stands).map(of).collect()
}

/// What of the corrected workbooks nobody waits for, and which of them can't be read.
fn came_back(connector: &Connector, stream: &Stream, landed: &Landed) -> Vec<Noticed> {
    let of = |kind, about: &str| Noticed::of(connector, stream, kind, about);
    let strays = landed.strays.iter();
    let strays = strays.map(|(file, rows)| of("stray_correction", file).rows(*rows));
    let unread = landed.unread_corrections.iter();
    let unread =
        unread.map(|(file, why)| of("unread_correction", &quoted(&format!("{file}: {why}"))));
    strays.chain(unread).collect()
}
