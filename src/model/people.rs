//! Where was everybody, as a table? The rosters become spells, and each spell carries what its rosters
//! tell of the person.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::civil::Date;
use num_rational::Ratio;
use polars::prelude::DataFrame;

use super::ModelError;
use super::spells::Corrected;
use super::spells::PersonTime;
use super::spells::RosterRow;
use super::spells::Rosters;
use super::spells::SectionLine;
use super::spells::Spell;
use super::spells::Status;
use super::spells::UnitLine;
use super::spells::reckon;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::cell::day_of;
use crate::base::cell::text_of;
use crate::frame::table;
use crate::spec::catalog::Catalog;
use crate::spec::connector::Write;
use crate::spec::schema::FieldKind;
use crate::spec::schema::Schema;

/// What a spell carries of its person, as the rosters tell it.
const CARRIED: [&str; 12] = [
    "sex",
    "birth_date",
    "education",
    "degree",
    "major",
    "discipline",
    "leader",
    "rank",
    "rank_level",
    "hired_on",
    "on_post_on",
    "uscc",
];

/// The tables that spells are made from.
#[derive(Debug)]
pub struct Sources<'s> {
    /// `person_snapshot`, resolved.
    pub rosters: &'s DataFrame,
    /// `unit`
    pub units: &'s DataFrame,
    /// `section`
    pub sections: &'s DataFrame,
    /// Whether each unit delivers its own rosters: [`by_unit`].
    pub by_unit: bool,
}

/// Whether a stream brings the rosters of each unit for itself: it is whole within the unit.
pub fn by_unit(catalog: &Catalog) -> bool {
    let streams = catalog.streams().into_iter().map(|(_, stream)| stream);
    let mut rosters = streams.filter(|stream| stream.into.value == "person_snapshot");
    rosters.any(|stream| {
        matches!(&stream.write, Write::Snapshot { within } if within.iter().any(|it| it == "unit_id"))
    })
}

/// People in time.
pub struct People {
    /// The table `person_spell`.
    pub spells: DataFrame,
    /// What somebody should look at: kinds with how often.
    pub found: BTreeMap<String, u64>,
    /// The numbers that were corrected: rows of other tables that name one are of the same person.
    pub corrected: Corrected,
}

/// The spells known on a day.
///
/// # Errors
/// A table that polars refuses.
pub fn spells(sources: &Sources<'_>, schema: &Schema, as_of: Date) -> Result<People, ModelError> {
    let (rows, mut told) = roster_rows(sources.rosters);
    let mut delivered: Vec<Date> = rows.iter().map(|row| row.as_of).collect();
    delivered.sort_unstable();
    delivered.dedup();
    let rosters = Rosters {
        delivered,
        rows,
        sections: section_lines(sources.sections),
        units: unit_lines(sources.units),
        as_of,
        by_unit: sources.by_unit,
    };
    let PersonTime { spells, findings, corrected } = reckon(&rosters);
    let told_of: Vec<_> =
        told.extract_if(|(person, _), _| corrected.contains_key(person)).collect();
    for ((person, unit), rows) in told_of {
        let last = corrected.get(&person).map_or(person, Arc::clone);
        told.entry((last, unit)).or_default().extend(rows);
    }
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    // A day that is mistyped would hide its roster until it comes.
    let to_come = rosters.rows.iter().filter(|row| row.as_of > as_of).count() as u64;
    found.extend((to_come > 0).then(|| ("roster_to_come".to_owned(), to_come)));
    for finding in &findings {
        *found.entry(finding.kind.name().to_owned()).or_default() += 1;
    }
    let turns = turns(&spells, &rosters);
    let rows = spells.iter().zip(turns);
    let rows: Vec<CellRow> =
        rows.flat_map(|(spell, turn)| pieces(spell, turn, &told, schema)).collect();
    let own = schema.fields.iter().map(|field| (field.name.as_str(), field.kind));
    let columns: Vec<_> = own.chain(LINEAGE).collect();
    Ok(People { spells: table::from_rows(&columns, &rows)?, found, corrected })
}

/// Where a roster's row came from: a spell comes from the first row that told it so.
const LINEAGE: [(&str, FieldKind); 5] = [
    ("_system", FieldKind::Text),
    ("_stream", FieldKind::Text),
    ("_night", FieldKind::Day),
    ("_source", FieldKind::Text),
    ("_row", FieldKind::Whole),
];

/// What a roster carries of a person, and where it stands.
struct Carried {
    cells: CellRow,
    lineage: CellRow,
}

/// Everybody a table tells of; nobody where it tells of no persons.
pub fn people(table: &DataFrame) -> Vec<String> {
    let rows = table::to_rows(table, &["person_id"]).into_iter();
    rows.filter_map(|row| text_of(row.first())).collect()
}

/// What rosters tell of a person in a unit, by day.
type Told = HashMap<(Arc<str>, Option<Arc<str>>), BTreeMap<Date, Carried>>;

/// One text of a kind, kept once.
#[derive(Default)]
struct Texts(HashMap<String, Arc<str>>);

impl Texts {
    fn one(&mut self, cell: Option<&Option<Cell>>) -> Option<Arc<str>> {
        let Some(Some(Cell::Text(text))) = cell else { return None };
        if let Some(known) = self.0.get(text) {
            return Some(Arc::clone(known));
        }
        let new: Arc<str> = text.as_str().into();
        self.0.insert(text.clone(), Arc::clone(&new));
        Some(new)
    }
}

fn roster_rows(rosters: &DataFrame) -> (Vec<RosterRow>, Told) {
    let own = [
        "as_of",
        "person_id",
        "unit_id",
        "section_id",
        "post_kind",
        "status",
        "share",
        "hired_on",
        "on_post_on",
        "left_on",
        "status_since",
    ];
    let (mut texts, mut told) = (Texts::default(), Told::new());
    let carried = table::to_rows(rosters, &CARRIED).into_iter();
    let lineage = table::to_rows(rosters, &LINEAGE.map(|(name, _)| name));
    let carried = carried.zip(lineage).map(|(cells, lineage)| Carried { cells, lineage });
    let mut rows = Vec::new();
    for (row, carried) in table::to_rows(rosters, &own).iter().zip(carried) {
        let status = texts.one(row.get(5)).and_then(|name| Status::named(&name));
        let (Some(as_of), Some(person), Some(post_kind), Some(status)) =
            (day_of(row.first()), texts.one(row.get(1)), texts.one(row.get(4)), status)
        else {
            continue;
        };
        let unit = texts.one(row.get(2));
        let key = (Arc::clone(&person), unit.clone());
        told.entry(key).or_default().insert(as_of, carried);
        rows.push(RosterRow {
            as_of,
            person,
            unit,
            section: texts.one(row.get(3)),
            post_kind,
            status,
            share: share(row.get(6)),
            hired_on: day_of(row.get(7)),
            on_post_on: day_of(row.get(8)),
            left_on: day_of(row.get(9)),
            status_since: day_of(row.get(10)),
        });
    }
    (rows, told)
}

fn share(cell: Option<&Option<Cell>>) -> Option<Ratio<i64>> {
    let Some(Some(Cell::Decimal(digits, scale))) = cell else { return None };
    Some(Ratio::new(i64::try_from(*digits).ok()?, 10_i64.checked_pow(u32::from(*scale))?))
}

fn section_lines(sections: &DataFrame) -> Vec<SectionLine> {
    let mut texts = Texts::default();
    let rows = table::to_rows(sections, &["section_id", "unit_id", "valid_from", "valid_to"]);
    rows.iter()
        .filter_map(|row| {
            Some(SectionLine {
                section: texts.one(row.first())?,
                unit: texts.one(row.get(1))?,
                valid_from: day_of(row.get(2)).unwrap_or(Date::MIN),
                valid_to: day_of(row.get(3)),
            })
        })
        .collect()
}

fn unit_lines(units: &DataFrame) -> Vec<UnitLine> {
    let mut texts = Texts::default();
    let rows = table::to_rows(units, &["unit_id", "valid_from", "valid_to", "successor_id"]);
    rows.iter()
        .filter_map(|row| {
            Some(UnitLine {
                unit: texts.one(row.first())?,
                valid_from: day_of(row.get(1)).unwrap_or(Date::MIN),
                valid_to: day_of(row.get(2)),
                successor: texts.one(row.get(3)),
            })
        })
        .collect()
}

/// Whether a person joins the unit as a spell begins and leaves it as it ends.
#[derive(Clone, Copy, Default)]
struct Turn {
    joins: bool,
    leaves: bool,
}

/// A person on the quota joins where no other spell on this unit's quota reaches, and leaves likewise.
/// Who is there on the first roster has not joined, and a reform moves nobody: where a unit or a section ends, those
/// who stand elsewhere from that day on were taken over.
fn turns(spells: &[Spell], rosters: &Rosters) -> Vec<Turn> {
    let mut firsts: HashMap<Option<&Arc<str>>, Date> = HashMap::new();
    for row in &rosters.rows {
        let unit = row.unit.as_ref().filter(|_| rosters.by_unit);
        let first = firsts.entry(unit).or_insert(row.as_of);
        *first = row.as_of.min(*first);
    }
    let units = rosters.units.iter().filter_map(|line| Some((&line.unit, line.valid_to?)));
    let sections = rosters.sections.iter().filter_map(|line| Some((&line.section, line.valid_to?)));
    let (units, sections): (HashSet<_>, HashSet<_>) = (units.collect(), sections.collect());
    let has_ended = |spell: &Spell| {
        spell.unit.as_ref().is_some_and(|unit| units.contains(&(unit, spell.to)))
            || spell.section.as_ref().is_some_and(|section| sections.contains(&(section, spell.to)))
    };
    let is_on_quota = |spell: &&Spell| spell.quota > Ratio::ZERO && spell.unit.is_some();
    let mut homes: HashMap<&str, Vec<&Spell>> = HashMap::new();
    for spell in spells.iter().filter(is_on_quota) {
        homes.entry(&spell.person).or_default().push(spell);
    }
    let turn = |spell: &Spell| {
        let all = homes.get(&*spell.person).filter(|_| is_on_quota(&spell))?;
        let (here, elsewhere): (Vec<&Spell>, Vec<&Spell>) =
            all.iter().partition(|other| other.unit == spell.unit);
        let before = here.iter().any(|it| it.from < spell.from && it.to >= spell.from);
        let after = here.iter().any(|it| it.to > spell.to && it.from <= spell.to);
        let is_taken = elsewhere.iter().any(|it| it.to == spell.from && has_ended(it));
        let is_given = has_ended(spell) && elsewhere.iter().any(|it| it.from == spell.to);
        let first = firsts.get(&spell.told_of.as_ref().filter(|_| rosters.by_unit));
        let joins = !before && !is_taken && first.is_some_and(|first| spell.from > *first);
        Some(Turn { joins, leaves: !after && !is_given && !spell.open })
    };
    spells.iter().map(|spell| turn(spell).unwrap_or_default()).collect()
}

/// A spell, cut where the rosters begin to tell something else of the person.
fn pieces(spell: &Spell, turn: Turn, told: &Told, schema: &Schema) -> Vec<CellRow> {
    let of = |unit: &Option<Arc<str>>| told.get(&(Arc::clone(&spell.person), unit.clone()));
    // What follows a unit tells of its people as well, from its first roster on.
    let told: BTreeMap<Date, &Carried> = [&spell.told_of, &spell.unit]
        .into_iter()
        .filter_map(of)
        .flat_map(|rows| rows.iter().map(|(day, carried)| (*day, carried)))
        .collect();
    let at_first = told.range(..=spell.from).next_back().or_else(|| told.iter().next());
    let mut carried = at_first.map(|(_, carried)| *carried);
    let (mut from, mut rows) = (spell.from, Vec::new());
    let later = told.range(spell.from..).filter(|(day, _)| **day > spell.from && **day < spell.to);
    for (day, next) in later {
        if carried.is_none_or(|carried| carried.cells != next.cells) {
            let turn = Turn { joins: turn.joins && from == spell.from, leaves: false };
            rows.push(piece(spell, turn, (from, Some(*day)), carried, schema));
            (from, carried) = (*day, Some(*next));
        }
    }
    let to = (!spell.open).then_some(spell.to);
    let turn = Turn { joins: turn.joins && from == spell.from, ..turn };
    rows.push(piece(spell, turn, (from, to), carried, schema));
    rows
}

fn piece(
    spell: &Spell,
    turn: Turn,
    (from, to): (Date, Option<Date>),
    carried: Option<&Carried>,
    schema: &Schema,
) -> CellRow {
    let text = |text: &Arc<str>| Cell::Text(text.to_string());
    schema
        .fields
        .iter()
        .map(|field| match field.name.as_str() {
            "person_id" => Some(text(&spell.person)),
            "from" => Some(Cell::Day(from)),
            "to" => to.map(Cell::Day),
            "unit_id" => spell.unit.as_ref().map(text),
            "section_id" => spell.section.as_ref().map(text),
            "post_kind" => Some(text(&spell.post_kind)),
            "status" => Some(Cell::Text(spell.status.name().to_owned())),
            "work_share" => Some(millionths(spell.work)),
            "joins" => Some(Cell::Flag(turn.joins)),
            "leaves" => Some(Cell::Flag(turn.leaves)),
            "quota_share" => Some(millionths(spell.quota)),
            other => {
                let at = CARRIED.iter().position(|name| *name == other)?;
                carried.and_then(|carried| carried.cells.get(at)).cloned().flatten()
            }
        })
        .chain((0..LINEAGE.len()).map(|at| carried?.lineage.get(at)?.clone()))
        .collect()
}

fn millionths(share: Ratio<i64>) -> Cell {
    let scaled = (share * Ratio::from(1_000_000)).round().to_integer();
    Cell::Decimal(i128::from(scaled), 6)
}
