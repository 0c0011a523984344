//! What must change so that the warehouse stands as it should? Forward only, and no row is lost that the next night
//! does not write again; views of ours are made anew, those of others stay, and so do ours that they stand on.

use std::collections::BTreeMap;

use super::WarehouseError;
use super::design::Design;
use super::dialect::Engine;
use super::dialect::quoted;
use super::dialect::which_persons;
use super::link::Link;
use super::sheet::Area;
use super::sheet::Column;
use super::sheet::Kind;
use super::sheet::MARK;
use super::sheet::Sheet;
use super::sheet::Source;
use super::sheet::WAREHOUSE;
use super::views;

/// Which kind of warehouse this program writes. One of a later kind is left alone.
pub(super) const FORMAT: u32 = 1;

/// The statements that a warehouse needs.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Before rows are written.
    pub(super) before: Vec<String>,
    /// The night that stands, and the home that told it.
    pub(super) held: Vec<String>,
    /// When they are.
    pub(super) after: Vec<String>,
    /// The views of others that stand on what is ours, and whose they are.
    pub(super) others: Vec<String>,
}

/// Whether a night follows, which writes every row anew whose table has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Night,
    Nothing,
}

/// What stands: for SQLite a table's text, for PostgreSQL its columns.
type Known = BTreeMap<String, Vec<[String; 3]>>;

async fn known(link: &mut Link, design: &Design) -> sqlx::Result<Known> {
    let mut known = Known::new();
    for row in link.rows(&link.engine().known(design.has_persons())).await? {
        let Ok([table, column, kind, required]) = <[String; 4]>::try_from(row) else { continue };
        known.entry(table).or_default().push([column, kind, required]);
    }
    Ok(known)
}

/// Reckons what a warehouse needs.
pub(super) async fn plan(
    link: &mut Link,
    design: &Design,
    then: Then,
) -> Result<Plan, WarehouseError> {
    let engine = link.engine();
    let told = |cause| WarehouseError::Table { table: WAREHOUSE.to_owned(), cause };
    let known = known(link, design).await.map_err(told)?;
    let mut held: Vec<String> = Vec::new();
    if known.contains_key(WAREHOUSE) {
        let name = engine.name(Area::Ops, WAREHOUSE);
        let question = format!("select format, design, night, home from {name}");
        let stood = link.rows(&question).await.map_err(told)?;
        for row in &stood {
            let found = row.first().and_then(|format| format.parse().ok()).unwrap_or(u32::MAX);
            if found > FORMAT {
                return Err(WarehouseError::Newer { found, known: FORMAT });
            }
        }
        let fingerprint = design.fingerprint(engine);
        let is_same = stood.iter().any(|row| row.get(1) == Some(&fingerprint));
        let is_same = is_same && persons_stand(link, design, &fingerprint).await.map_err(told)?;
        let first = stood.into_iter().next();
        held = first.map(|row| row.into_iter().skip(2).collect()).unwrap_or_default();
        if is_same && design.sheets.keys().all(|name| known.contains_key(name)) {
            let lets_in = engine == Engine::Sqlite
                || link.number(&Engine::missing_roles()).await.map_err(told)? == 0;
            let before = if lets_in { Vec::new() } else { engine.rights(design.has_persons()) };
            return Ok(Plan { before, held, ..Plan::default() });
        }
    }
    let before = engine.areas(design.has_persons());
    let mut plan = Plan { before, held, ..Plan::default() };
    let mut built_on = Vec::new();
    if known.contains_key(views::DICTIONARY) {
        let mut views = link.rows(&views::ours(engine, views::VIEW)).await.map_err(told)?;
        if engine == Engine::Postgres {
            built_on = link.rows(&views::held()).await.map_err(told)?;
        }
        // What others have built on stands as long as it is asked for, and is replaced where it is.
        let stays = |row: &Vec<String>| {
            built_on.iter().any(|held| held.starts_with(row))
                && design.views.iter().any(|view| view.is(row))
        };
        views.retain(|row| !stays(row));
        plan.before.extend(without(engine, "view", &views));
        let tables = link.rows(&views::ours(engine, views::TABLE)).await.map_err(told)?;
        let gone = tables.into_iter().filter(|row| {
            row.get(1)
                .is_some_and(|name| !design.sheets.contains_key(name) && known.contains_key(name))
        });
        plan.before.extend(without(engine, "table", &gone.collect::<Vec<_>>()));
    }
    for sheet in design.sheets.values() {
        let Some(stands) = known.get(&sheet.name) else {
            plan.before.push(engine.create(sheet));
            continue;
        };
        plan.before.extend(engine.without_indexes(sheet));
        plan.before.extend(match engine {
            Engine::Sqlite => remade(sheet, stands, then),
            Engine::Postgres => altered(sheet, stands),
        });
    }
    plan.before.extend(design.view_statements(engine, &built_on));
    plan.before.extend(design.sheets.values().flat_map(|sheet| engine.comments(sheet)));
    plan.before.extend(engine.rights(design.has_persons()));
    plan.after = design.sheets.values().flat_map(|sheet| engine.indexes(sheet)).collect();
    plan.others = built_on.into_iter().filter_map(|row| row.into_iter().nth(2)).collect();
    if design.has_persons() {
        plan.after.extend(engine.persons_are(&design.fingerprint(engine)));
    }
    Ok(plan)
}

/// Whether the file of persons is of the same design as the warehouse beside it: a kill between the two leaves it behind.
async fn persons_stand(link: &mut Link, design: &Design, fingerprint: &str) -> sqlx::Result<bool> {
    let engine = link.engine();
    let Some(are) = engine.persons_are(fingerprint).filter(|_| design.has_persons()) else {
        return Ok(true);
    };
    let stood = link.number(&which_persons()).await?;
    Ok(are.ends_with(&format!(" {stood}")))
}

/// Takes away views or tables of ours. PostgreSQL takes all views in one statement, for they stand on each other;
/// what others have built on them stops it.
fn without(engine: Engine, what: &str, rows: &[Vec<String>]) -> Vec<String> {
    let areas = [Area::Core, Area::Metric, Area::Ops, Area::Person];
    let ours = rows.iter().filter_map(|row| {
        let area =
            areas.into_iter().find(|area| Some(area.name()) == row.first().map(String::as_str));
        Some(engine.name(area?, row.get(1)?))
    });
    let names: Vec<String> = ours.collect();
    match engine {
        _ if names.is_empty() => Vec::new(),
        Engine::Postgres => vec![format!("drop {what} if exists {}", names.join(", "))],
        Engine::Sqlite => {
            names.iter().map(|name| format!("drop {what} if exists {name}")).collect()
        }
    }
}

/// SQLite can't change a column: the table is made anew. Its rows are taken along where no night follows, or where
/// they are of nights before, and under marks that no row has: the next night writes them again.
fn remade(sheet: &Sheet, stands: &[[String; 3]], then: Then) -> Vec<String> {
    let engine = Engine::Sqlite;
    let create = engine.create(sheet);
    let name = engine.name(sheet.area, &sheet.name);
    // SQLite writes the words before the name in its own way.
    let body = |text: &str| text.split_once('(').map(|(_, body)| body.to_owned());
    let text = stands.first().map_or("", |[text, ..]| text);
    if body(text) == body(&create) {
        return Vec::new();
    }
    let stood = |column: &&Column| text.contains(&format!("{} ", quoted(&column.name)));
    let own = sheet.columns.iter();
    let own = own.filter(|column| !engine.reckons(column) && column.kind != Kind::Mark);
    let (shared, added): (Vec<&Column>, Vec<&Column>) = own.partition(stood);
    if (then == Then::Night && !sheet.keeps) || added.iter().any(|column| column.is_required) {
        return vec![format!("drop table {name}"), create];
    }
    let list = |mark: &str| {
        let shared = shared.iter().map(|column| quoted(&column.name));
        shared.chain([mark.to_owned()]).collect::<Vec<_>>().join(", ")
    };
    let old = format!("{} before", sheet.name);
    vec![
        format!("alter table {name} rename to {}", quoted(&old)),
        create,
        format!(
            "insert into {name} ({}) select {} from {}",
            list(&quoted(MARK)),
            list("zeroblob(16)"),
            engine.name(sheet.area, &old)
        ),
        format!("drop table {}", engine.name(sheet.area, &old)),
    ]
}

/// PostgreSQL changes columns one by one, so that views which others made over the table stay. A column that is
/// added is empty until a night writes its rows anew, which a mark that no row has makes it do.
fn altered(sheet: &Sheet, stands: &[[String; 3]]) -> Vec<String> {
    let engine = Engine::Postgres;
    let name = engine.name(sheet.area, &sheet.name);
    let wanted = |[column, kind, _]: &[String; 3]| {
        let mut columns = sheet.columns.iter();
        columns.find(|wanted| wanted.name == *column && engine.kind(wanted.kind) == kind)
    };
    let stood: Vec<&str> = stands
        .iter()
        .filter(|column| wanted(column).is_some())
        .map(|[column, ..]| column.as_str())
        .collect();
    // What is reckoned from a column stands behind it and goes before it.
    let gone = stands.iter().rev().filter(|column| wanted(column).is_none() && !sheet.keeps);
    let gone = gone.map(|[column, ..]| format!("drop column {}", quoted(column)));
    let added = sheet.columns.iter().filter(|column| !stood.contains(&column.name.as_str()));
    let added = added.map(|column| {
        let optional = Column { is_required: false, ..column.clone() };
        format!("add column {}", engine.column(&optional))
    });
    let optional = stands.iter().filter(|column| {
        let may_be_empty = wanted(column).is_none_or(|wanted| !wanted.is_required);
        may_be_empty && column.last().is_some_and(|required| !required.is_empty())
    });
    let optional = optional
        .filter(|[column, ..]| sheet.keeps || stood.contains(&column.as_str()))
        .map(|[column, ..]| format!("alter column {} drop not null", quoted(column)));
    // Programs of before let the database reckon what it is told now.
    let told = sheet.columns.iter().filter(|column| {
        matches!(column.source, Source::Part { .. }) && stood.contains(&column.name.as_str())
    });
    let told = told
        .map(|column| format!("alter column {} drop expression if exists", quoted(&column.name)));
    let moved: Vec<String> = gone.chain(added).collect();
    let void = format!("update {name} set {} = '{}'", quoted(MARK), "0".repeat(32));
    let void = (!moved.is_empty()).then_some(void);
    let change = |change| format!("alter table {name} {change}");
    moved.into_iter().chain(optional).chain(told).map(change).chain(void).collect()
}
