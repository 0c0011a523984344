//! From the model to the metrics of a night: resolve, reckon people in time, count, tell.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::civil::Date;
use num_traits::Signed as _;

use super::Choice;
use super::Ground;
use super::reconcile;
use super::reconcile::Figure;
use super::score;
use super::stream::Noticed;
use super::stream::named;
use crate::base::cell::CellRow;
use crate::base::cell::text_of;
use crate::base::period::Month;
use crate::base::period::Period;
use crate::frame::DataFrame;
use crate::frame::functions::Days;
use crate::frame::mix::Mixed;
use crate::frame::table;
use crate::measure::cube;
use crate::measure::cube::Cube;
use crate::measure::cube::Keeping;
use crate::measure::evaluate::Reason;
use crate::measure::evaluate::Status;
use crate::measure::evaluate::Telling;
use crate::measure::evaluate::Told;
use crate::measure::evaluate::Unit;
use crate::measure::fact;
use crate::measure::groups::Groups;
use crate::measure::kept::Kept;
use crate::measure::kept::Ledger;
use crate::measure::made;
use crate::measure::peers::Peers;
use crate::measure::recount::KeptMonths;
use crate::measure::recount::Recount;
use crate::measure::units::units;
use crate::model::keys;
use crate::model::lake::Lake;
use crate::model::people;
use crate::model::people::People;
use crate::model::people::Sources;
use crate::model::renumber::renumbered;
use crate::model::resolve::Resolution;
use crate::model::resolve::Resolver;
use crate::publish::closed::Closed;
use crate::score::UnitScore;
use crate::spec::catalog::Catalog;
use crate::spec::pipeline::Fact;
use crate::spec::pipeline::Grain;
use crate::spec::schema::Schema;

/// What a night knows, resolved and computed.
pub(super) struct Computed<'c> {
    /// The model's tables, by name.
    pub(super) tables: BTreeMap<String, DataFrame>,
    /// Every metric.
    pub(super) values: Vec<Told<'c>>,
    /// The scores of units whose category has a tree.
    pub(super) scores: Vec<UnitScore<'c>>,
    /// What units report of themselves, beside what is published; none before that is known.
    pub(super) figures: Vec<Figure>,
    /// What was noticed on the way.
    pub(super) noticed: Vec<Noticed>,
    /// How much of each fact was counted again.
    pub(super) recounts: Vec<Recount>,
}

impl Computed<'_> {
    /// Holds what units report of themselves beside what the night publishes, and notes what differs.
    pub(super) fn reconcile(&mut self, catalog: &Catalog, closed: &[Closed]) {
        let reports = self.tables.get("self_report");
        self.figures = reconcile::figures(catalog, reports, (&self.values, closed));
        self.noticed.extend(reconcile::noticed(&self.figures));
    }
}

/// Computes a night, and keeps the rows that it counted.
pub(super) fn compute<'c>(
    ground: &Ground<'c>,
    lake: &Lake,
    choice: Choice,
    stale: &[String],
) -> anyhow::Result<Computed<'c>> {
    let catalog = ground.catalog;
    let kept = Kept::at(&ground.lake());
    kept.begin().context("keeping the facts")?;
    let mut keep = |fact: &Fact, rows: &DataFrame, mixed: &Mixed| {
        kept.keep(&fact.name, (rows, mixed), choice.full)
    };
    let stale: BTreeSet<String> = stale.iter().cloned().collect();
    let months = KeptMonths::at(&ground.lake(), choice.full);
    let keeping = Keeping { keep: &mut keep, months: Some(&months) };
    let (computed, cube) = counted(catalog, lake, choice, &stale, Some(keeping))?;
    months.forget_others(&catalog.facts().map(|fact| fact.name.as_str()).collect())?;
    let ledger = Ledger::of((choice.night, choice.as_of), &catalog.fingerprint, &stale, &cube);
    kept.finish(&ledger).context("keeping the facts")?;
    Ok(computed)
}

/// Computes what a home tells of a lake; what is kept from night to night is not counted again.
pub(super) fn counted<'c>(
    catalog: &'c Catalog,
    lake: &Lake,
    choice: Choice,
    stale: &BTreeSet<String>,
    keeping: Option<Keeping<'_>>,
) -> anyhow::Result<(Computed<'c>, Cube)> {
    let (mut tables, mut noticed) = tables(catalog, lake, choice)?;
    let told_on = fact::Ground {
        catalog,
        tables: &tables,
        days: Days::of(catalog),
        as_of: choice.as_of,
        night: choice.night,
    };
    tracing::debug!(tables = tables.len(), "tables are read and resolved");
    let cube = cube::count_and(&told_on, keeping).context("counting measures")?;
    for (table, columns) in &cube.made {
        tables.get_mut(table).map_or(Ok(()), |table| made::put(table, columns))?;
    }
    let telling = Telling {
        cube: &cube,
        metrics: catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect(),
        units: &units(tables.get("unit")),
        as_of: choice.as_of,
        fed: &catalog.filled(),
        stale,
        peers: Peers::of(catalog, tables.get("unit"), choice.as_of),
        calendar: &catalog.calendar,
    };
    let groups = Groups::of(tables.get("unit"), &catalog.settings.name);
    let values = telling.all_levels(&groups).context("telling metrics")?;
    noticed.extend(of_nobody(catalog, telling.units));
    noticed.extend(beyond(&values, choice.as_of));
    noticed.extend(without_calendar(&values, &catalog.settings.calendar));
    let scores = score::scores(catalog, tables.get("unit"), &values, choice.as_of);
    let recounts = cube.recounts.clone();
    let figures = Vec::new();
    Ok((Computed { tables, values, scores, figures, noticed, recounts }, cube))
}

type Tables = BTreeMap<String, DataFrame>;

/// The merged tables with names resolved, and people in time.
fn tables(
    catalog: &Catalog,
    lake: &Lake,
    choice: Choice,
) -> anyhow::Result<(Tables, Vec<Noticed>)> {
    let mut tables = BTreeMap::new();
    let mut noticed = Vec::new();
    let read = |name: &str| match catalog.schemas.get(name) {
        Some(schema) => lake.read(schema, choice.night).map_err(anyhow::Error::from),
        None => Ok(DataFrame::empty()),
    };
    let (units, sections) = (read("unit")?, read("section")?);
    let resolver = Resolver::of(catalog, &units, &sections, Days::of(catalog));
    for name in catalog.filled() {
        let Some(schema) = catalog.schemas.get(name).filter(|_| name != "person_spell") else {
            continue;
        };
        let rows = read(name)?;
        noticed.extend(left_behind(catalog, name, &rows)?);
        let Resolution { table, unknown, doubled } = resolver.resolve(catalog, schema, rows)?;
        noticed.extend((doubled > 0).then(|| not_unique(schema, doubled)));
        let unknown = unknown.into_iter();
        noticed.extend(
            unknown.map(|(text, rows)| Noticed::of_table(name, "unknown_unit", &text).rows(rows)),
        );
        tables.insert(name.to_owned(), table);
    }
    noticed.extend(keys_that_fail(catalog, &tables));
    if let (Some(rosters), Some(schema)) =
        (tables.get("person_snapshot"), catalog.schemas.get("person_spell"))
    {
        let by_unit = people::by_unit(catalog);
        let sources = Sources { rosters, units: &units, sections: &sections, by_unit };
        let People { spells, found, corrected } = people::spells(&sources, schema, choice.night)?;
        let found = found.into_iter();
        noticed.extend(
            found.map(|(kind, rows)| Noticed::of_table("person_spell", &kind, "").rows(rows)),
        );
        for (name, table) in &mut tables {
            let Some(schema) = catalog.schemas.get(name) else { continue };
            let (rows, doubled) = renumbered(schema, std::mem::take(table), &corrected)?;
            *table = rows;
            noticed.extend((doubled > 0).then(|| not_unique(schema, doubled)));
        }
        let rosters = tables.get("person_snapshot").into_iter();
        let known: BTreeSet<String> = rosters.flat_map(people::people).collect();
        let strangers = |table: &DataFrame| {
            people::people(table).iter().filter(|person| !known.contains(*person)).count() as u64
        };
        let others = tables.iter().filter(|(name, _)| *name != "person_snapshot");
        let of_people = others.map(|(name, table)| (name, strangers(table)));
        noticed.extend(
            of_people
                .filter(|(_, rows)| *rows > 0)
                .map(|(name, rows)| Noticed::of_table(name, "unknown_person", "").rows(rows)),
        );
        tables.insert("person_spell".to_owned(), spells);
    }
    Ok((tables, noticed))
}

/// Rows that are left out, for another has their key.
fn not_unique(schema: &Schema, rows: u64) -> Noticed {
    Noticed::of_table(&schema.name, "not_unique", &schema.primary_key.join(", ")).rows(rows)
}

/// Rows of streams that no connector has any more, nor has had under another name: nobody will ever change them.
fn left_behind(catalog: &Catalog, name: &str, rows: &DataFrame) -> anyhow::Result<Vec<Noticed>> {
    let mut known = BTreeSet::new();
    for (connector, stream) in catalog.streams() {
        known.insert(named(connector, stream));
        known.extend(stream.was.iter().map(|was| was.value.clone()));
    }
    let counted = table::counted(rows, &["_system", "_stream"])?;
    let of = |(row, rows): (CellRow, u64)| {
        let names: Vec<String> = row.iter().filter_map(|cell| text_of(Some(cell))).collect();
        let stream = names.join(".");
        let is_left = names.len() == 2 && !known.contains(&stream);
        is_left.then(|| Noticed::of_table(name, "left_behind", &stream).rows(rows))
    };
    Ok(counted.into_iter().filter_map(of).collect())
}

/// Units that individual metrics are for, or that a list asks something of, and that nobody knows.
fn of_nobody(catalog: &Catalog, units: &[Unit]) -> Vec<Noticed> {
    let known: BTreeSet<&str> = units.iter().map(|unit| unit.unit_id.as_str()).collect();
    let mut noticed = Vec::new();
    for pipeline in &catalog.pipelines {
        let asked = pipeline.only.iter().flat_map(|only| &only.units);
        for unit in asked.filter(|unit| !known.contains(unit.as_str())) {
            let about = format!("{unit} {}", pipeline.file);
            let metrics = pipeline.metrics.len() as u64;
            noticed.push(Noticed::of_table("metric_value", "unknown_unit", &about).rows(metrics));
        }
    }
    for list in catalog.lists.values() {
        let unknown = list.units().filter(|unit| !known.contains(unit));
        noticed.extend(unknown.map(|unit| {
            let about = format!("{unit} {}", list.file);
            Noticed::of_table("metric_value", "unknown_unit", &about).rows(1)
        }));
    }
    noticed
}

/// How many values are missing for want of a calendar, and the file that would bring them.
fn without_calendar(values: &[Told<'_>], name: &str) -> Vec<Noticed> {
    let mut years: BTreeMap<i16, u64> = BTreeMap::new();
    for told in values.iter().filter(|told| !told.level.is_above()) {
        if let Some(Reason::NoCalendar(year)) = told.reason {
            *years.entry(year).or_default() += 1;
        }
    }
    let noticed = |(year, rows): (i16, u64)| {
        let file = format!("schemas/calendar/{name}/{year}.csv");
        Noticed::of_table("metric_value", "no_calendar", &file).rows(rows)
    };
    years.into_iter().map(noticed).collect()
}

/// Rows that point at nothing, and rows that share what only one may have.
fn keys_that_fail(catalog: &Catalog, tables: &Tables) -> Vec<Noticed> {
    let of_table = |(name, rows): (&String, &DataFrame)| {
        let Some(schema) = catalog.schemas.get(name) else { return Vec::new() };
        let orphans = keys::orphans(schema, tables).into_iter();
        let orphans = orphans.map(|(key, rows)| ("orphan", key, rows));
        let shared = keys::shared(schema, rows).into_iter();
        let all = orphans.chain(shared.map(|(column, rows)| ("not_unique", column, rows)));
        let all = all.map(|(kind, about, rows)| Noticed::of_table(name, kind, &about).rows(rows));
        all.collect()
    };
    tables.iter().flat_map(of_table).collect()
}

/// Values beyond the limit of their metric, each of the one period that is looked at; what a unit says, its parts do not
/// say again. A thin base raises no finding, unless the limit says so.
fn beyond(values: &[Told<'_>], as_of: Date) -> Vec<Noticed> {
    let month = Month::of(as_of);
    let newest = newest(values, month);
    let is_beyond = |told: &&Told<'_>| {
        let (Some(limit), Some(value)) = (told.metric.finding, told.value) else { return false };
        let is_longest = told.metric.periods.last() == Some(&told.period.kind());
        let is_looked_at = limit.period.map_or_else(
            || is_longest && told.period.contains(month),
            |_| newest.get(&seat(told)) == Some(&told.period),
        );
        let is_said = told.part.is_some() && told.metric.grain.contains(&Grain::Unit);
        let is_of_unit = !told.level.is_above() && !is_said;
        let is_firm = limit.with_few || told.status == Status::Ok;
        is_of_unit && is_looked_at && is_firm && limit.is_passed_by(value)
    };
    values.iter().filter(is_beyond).map(passed).collect()
}

/// A metric and where it is told: unit, section, dimension and part.
type Seat<'t> = [Option<&'t str>; 5];

fn seat<'t>(told: &'t Told<'_>) -> Seat<'t> {
    let (unit, section) = &told.place;
    let (by, part) = told.part.as_ref().map(|(by, part)| (by.as_str(), part.as_str())).unzip();
    [Some(&told.metric.name), Some(unit), section.as_deref(), by, part]
}

/// The newest period with a value, of the kind that the limit of the metric names; what is a year old is looked at no more.
fn newest<'t>(values: &'t [Told<'_>], month: Month) -> BTreeMap<Seat<'t>, Period> {
    let mut newest = BTreeMap::new();
    let is_of_kind = |told: &&Told<'_>| {
        let kind = told.metric.finding.and_then(|limit| limit.period);
        let is_near = told.period.last() > month.plus(-12);
        is_near && told.value.is_some() && kind == Some(told.period.kind())
    };
    for told in values.iter().filter(is_of_kind) {
        let known = newest.entry(seat(told)).or_insert(told.period);
        *known = told.period.max(*known);
    }
    newest
}

/// How much of what is beyond its limit: what stands above the line, if the formula divides.
fn passed(told: &Told<'_>) -> Noticed {
    let ([metric, unit, section, _, part], period) = (seat(told), told.period.to_string());
    let about = [metric, unit, section, part, Some(&period)];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let amount = told.numerator.or(told.value).unwrap_or_default().abs();
    let rows = u64::try_from(amount.ceil().to_integer()).unwrap_or_default();
    let kind = told.metric.finding.map_or("beyond", |limit| limit.kind);
    Noticed::of_table("metric_value", kind, &about).rows(rows)
}
