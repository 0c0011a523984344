//! Is what is promised of tables true of every one of them, on both databases? Rows are made from the contracts.

use std::collections::BTreeMap;

use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::spec::catalog::Catalog;
use shuping::spec::schema::Field;
use shuping::spec::schema::FieldKind;
use shuping::spec::schema::Schema;
use shuping::warehouse;
use shuping::warehouse::Design;
use shuping::warehouse::Loaded;
use shuping::warehouse::Place;

use super::FIRST;
use super::Places;
use super::SECOND;
use super::catalog;
use super::load;
use super::sample;
use super::told;
use super::with_persons;

/// The contracts of tables that a night loads.
fn loaded(catalog: &Catalog) -> Vec<&Schema> {
    catalog.schemas.values().filter(|schema| schema.name != "calendar").collect()
}

/// A few rows of every table.
fn rows(catalog: &Catalog) -> Vec<(&str, Vec<CellRow>)> {
    let few = |schema: &Schema| (0..3).map(|at| sample(catalog, &schema.name, at)).collect();
    loaded(catalog).into_iter().map(|schema| (schema.name.as_str(), few(schema))).collect()
}

/// Every row that stands, in every table: where, by which transaction in PostgreSQL, and what it says.
pub(super) async fn spots(place: &Place) -> BTreeMap<String, Vec<String>> {
    let tables = match place {
        Place::File(_) => {
            "select name, name, 'rowid' from sqlite_master where type = 'table' order by 1"
        }
        Place::Server(_) => {
            "select c.relname::text, format('%I.%I', n.nspname, c.relname), 'ctid' from pg_class c \
             join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' \
             and n.nspname in ('core', 'metric', 'ops', 'person') order by 1"
        }
    };
    let mut spots = BTreeMap::new();
    for row in warehouse::ask(place, tables).await.unwrap() {
        let question = match place {
            Place::File(_) => {
                let columns = format!("select name from pragma_table_xinfo('{}')", row[0]);
                let columns = told(place, &columns).await;
                let columns = columns.iter().map(|name| format!("quote(\"{name}\")"));
                let columns = columns.collect::<Vec<_>>().join(" || ' ' || ");
                format!("select rowid || ' ' || {columns} from \"{}\" order by 1", row[1])
            }
            Place::Server(_) => format!(
                "select concat_ws(' ', t.xmin::text, t.ctid::text, t::text) from {} as t order by 1",
                row[1]
            ),
        };
        spots.insert(row[0].clone(), told(place, &question).await);
    }
    spots
}

#[tokio::test]
async fn a_night_that_is_loaded_twice_touches_no_row_of_any_table() {
    let places = Places::new();
    let catalog = catalog(with_persons);
    let tables = rows(&catalog);
    for place in places.of("twice").await {
        let loaded = load(&place, &catalog, FIRST, &tables).await.unwrap();
        assert_eq!(loaded.written, 3 * tables.len() as u64);
        let before = spots(&place).await;
        let is_server = matches!(place, Place::Server(_));
        // The dictionary and what the warehouse says of itself stand beside them; a file keeps persons elsewhere.
        let persons = catalog.schemas.values().filter(|schema| schema.is_about_persons).count();
        assert_eq!(before.len(), tables.len() + 2 - if is_server { 0 } else { persons });
        assert!(before.values().all(|rows| !rows.is_empty()), "{before:?}");
        let again = load(&place, &catalog, FIRST, &tables).await.unwrap();
        assert_eq!(again, Loaded { written: 0, removed: 0, unchanged: loaded.written });
        assert_eq!(spots(&place).await, before);
        // One that says something else is written, so that the look would have shown it.
        let mut other = tables.clone();
        for (_, rows) in &mut other {
            rows.pop();
        }
        load(&place, &catalog, SECOND, &other).await.unwrap();
        let after = spots(&place).await;
        assert!(before.iter().all(|(name, rows)| name == "数据字典" || after[name] != *rows));
    }
}

/// Another value of a column than a sample has.
fn other(field: &Field) -> Cell {
    match field.kind {
        FieldKind::Text => Cell::Text("another".to_owned()),
        FieldKind::Whole => Cell::Whole(9),
        FieldKind::Decimal(scale) => Cell::Decimal(9, scale),
        FieldKind::Flag => Cell::Flag(true),
        FieldKind::Day => Cell::Day(FIRST.yesterday().unwrap()),
        FieldKind::Instant => Cell::Instant("2020-01-01T00:00:00Z".parse().unwrap()),
    }
}

/// Two rows of one key that say different things; what of the key may be missing is, but for names that are sent: those
/// of nobody are not the same.
fn double(catalog: &Catalog, schema: &Schema) -> Vec<CellRow> {
    let mut row = sample(catalog, &schema.name, 1);
    let is_key = |field: &Field| schema.primary_key.contains(&field.name);
    let is_sent = |field: &Field| {
        !schema.is_told() && schema.foreign_keys.iter().any(|key| key.column == field.name)
    };
    for (at, field) in warehouse::columns(schema).enumerate() {
        if is_key(field) && !field.is_required && !is_sent(field) {
            row[at] = None;
        }
    }
    let mut fields = warehouse::columns(schema);
    let at = fields.position(|field| !is_key(field)).expect("a column that is no key");
    let mut second = row.clone();
    second[at] = Some(other(warehouse::columns(schema).nth(at).unwrap()));
    vec![row, second]
}

#[tokio::test]
async fn the_key_of_every_table_stands_in_the_dictionary_and_no_row_has_it_twice() {
    let places = Places::new();
    let catalog = catalog(with_persons);
    for place in places.of("doubles").await {
        warehouse::migrate(&place, &Design::of(&catalog), None).await.unwrap();
        for schema in loaded(&catalog) {
            let question = format!(
                "select \"列\" from 数据字典 where \"对象\" = '{}' and \"键\" like '主键%'",
                schema.name
            );
            let mut key = told(&place, &question).await;
            let has = |name: &&String| warehouse::columns(schema).any(|field| field.name == **name);
            let mut promised: Vec<String> =
                schema.primary_key.iter().filter(has).cloned().collect();
            key.sort();
            promised.sort();
            assert_eq!(key, promised, "{}", schema.name);
            let rows = double(&catalog, schema);
            let both = [(schema.name.as_str(), rows.clone())];
            let fault = load(&place, &catalog, FIRST, &both).await;
            let fault = format!("{:?}", fault.expect_err(&schema.name)).to_lowercase();
            assert!(fault.contains("unique"), "{}: {fault}", schema.name);
            let one = [(schema.name.as_str(), rows[..1].to_vec())];
            load(&place, &catalog, FIRST, &one).await.unwrap();
        }
        let pointing =
            "select \"键\" from 数据字典 where \"对象\" = 'metric_value' and \"列\" = 'section_id'";
        assert_eq!(told(&place, pointing).await, ["主键 → section.section_id"]);
    }
}

/// What stands beside the instants of a table, each with the question that was asked.
async fn beside_instants(place: &Place, schema: &Schema) -> Vec<(String, Vec<String>)> {
    let (place, table) = match place {
        Place::Server(_) if schema.is_about_persons => {
            (place.clone(), format!("person.{}", schema.name))
        }
        Place::File(path) if schema.is_about_persons => {
            (Place::File(path.with_file_name("locals-person.db")), schema.name.clone())
        }
        place => (place.clone(), schema.name.clone()),
    };
    let mut beside = Vec::new();
    for field in warehouse::columns(schema).filter(|field| field.kind == FieldKind::Instant) {
        let stem = field.name.strip_suffix("_at").unwrap_or(&field.name);
        let question = format!(
            "select distinct cast({stem}_date as text), {stem}_month, cast({stem}_year as text), \
             substr(cast({stem}_local as text), 1, 17) from {table}"
        );
        let told = told(&place, &question).await;
        beside.push((question, told));
    }
    beside
}

#[tokio::test]
async fn every_instant_has_its_local_time_beside_it() {
    let places = Places::new();
    let catalog = catalog(with_persons);
    let tables = rows(&catalog);
    for place in places.of("locals").await {
        load(&place, &catalog, FIRST, &tables).await.unwrap();
        let mut beside = Vec::new();
        for schema in loaded(&catalog) {
            beside.extend(beside_instants(&place, schema).await);
        }
        for (question, told) in &beside {
            // Midnight in the city, where it is still the year before in UTC.
            assert_eq!(*told, ["2026-01-01 | 2026-01 | 2026 | 2026-01-01 00:00:"], "{question}");
        }
        for table in ["run", "run_step", "service_case", "work_log", "appraisal"] {
            assert!(beside.iter().any(|(question, _)| question.ends_with(table)), "{table}");
        }
    }
}
