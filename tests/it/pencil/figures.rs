//! Tables of the model written out by hand, and the figures that the shipped pipelines tell of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::civil::DateTime;
use polars::prelude::DataFrame;
use shuping::base::cell::Cell;
use shuping::base::cell::CellRow;
use shuping::base::diagnostic::Diagnostic;
use shuping::frame::functions::Days;
use shuping::frame::table;
use shuping::measure::cube;
use shuping::measure::evaluate::Status;
use shuping::measure::evaluate::Telling;
use shuping::measure::evaluate::Told;
use shuping::measure::evaluate::Unit;
use shuping::measure::fact::Ground;
use shuping::measure::fact::Tables;
use shuping::measure::groups::Groups;
use shuping::measure::peers::Peers;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;
use shuping::spec::formula::decimal;
use shuping::spec::home::Home;
use shuping::spec::schema::Field;
use shuping::spec::schema::FieldKind;

/// One row: cells by column, as text; an empty cell is no value.
pub(crate) type Row<'r> = Vec<(&'r str, String)>;

/// Metric, unit, section, part, period.
type Key = (String, String, String, String, String);

/// Every figure of a model, and what its status is.
#[derive(Clone, Debug)]
pub(super) struct Figures(pub(super) BTreeMap<Key, (Status, Option<Exact>)>);

impl Figures {
    /// What is told of a unit, or of its section.
    pub(super) fn of(
        &self,
        metric: &str,
        place: (&str, &str),
        period: &str,
    ) -> (Status, Option<Exact>) {
        self.of_part(metric, place, "", period)
    }

    /// What is told of one part of a place.
    pub(super) fn of_part(
        &self,
        metric: &str,
        (unit, section): (&str, &str),
        part: &str,
        period: &str,
    ) -> (Status, Option<Exact>) {
        let key = [metric, unit, section, part, period].map(str::to_owned);
        let [metric, unit, section, part, period] = key;
        let key = (metric, unit, section, part, period);
        *self.0.get(&key).unwrap_or_else(|| panic!("nothing is told of {key:?}"))
    }
}

/// The shipped home. Lines of the pipelines that begin with a word of `without` are left out, and each
/// text of `edits` is replaced; one that is not there is a mistake.
pub(crate) fn shipped(without: &[&str], edits: &[(&str, &str)]) -> Catalog {
    edited(without, edits).unwrap()
}

/// The same, or what is wrong with it.
pub(super) fn edited(without: &[&str], edits: &[(&str, &str)]) -> Result<Catalog, Vec<Diagnostic>> {
    let mut home = Home::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut found = BTreeSet::new();
    for (path, text) in &mut home.files {
        if !path.starts_with("pipelines/") {
            continue;
        }
        let kept = text.lines().filter(|line| !without.iter().any(|word| line.starts_with(word)));
        *text = kept.collect::<Vec<_>>().join("\n");
        for (old, new) in edits {
            if text.contains(old) {
                found.insert(*old);
                *text = text.replace(old, new);
            }
        }
    }
    assert_eq!(found.len(), edits.len(), "the shipped pipelines have changed: {edits:?}");
    home.catalog()
}

/// The category of every unit of a model.
pub(super) const CATEGORY: &str = "township";

/// A model written by hand.
#[derive(Default)]
pub(crate) struct Model {
    tables: Tables,
}

impl Model {
    /// Adds a table.
    pub(crate) fn with(mut self, catalog: &Catalog, name: &str, rows: &[Row<'_>]) -> Model {
        self.tables.insert(name.to_owned(), written(catalog, name, rows));
        self
    }

    /// Adds a table that is already one.
    pub(super) fn with_table(mut self, name: &str, rows: DataFrame) -> Model {
        self.tables.insert(name.to_owned(), rows);
        self
    }

    /// Every figure of its units, told as of a day.
    pub(super) fn told(&self, catalog: &Catalog, units: &[&str], as_of: Date) -> Figures {
        let unit =
            |unit_id: &&str| Unit { unit_id: (*unit_id).to_owned(), from: Date::MIN, to: None };
        self.told_of(catalog, &units.iter().map(unit).collect::<Vec<_>>(), as_of)
    }

    /// Every figure of units that come and go.
    pub(super) fn told_of(&self, catalog: &Catalog, units: &[Unit], as_of: Date) -> Figures {
        let mut figures = BTreeMap::new();
        self.each(catalog, units, as_of, &mut |told| {
            let (unit, section) = told.place;
            let part = told.part.map(|(_, value)| value).unwrap_or_default();
            let period = told.period.to_string();
            let key = (told.metric.name.clone(), unit, section.unwrap_or_default(), part, period);
            figures.insert(key, (told.status, told.value));
        });
        Figures(figures)
    }

    /// Hands over every value of its units, told as of a day.
    pub(crate) fn each(
        &self,
        catalog: &Catalog,
        units: &[Unit],
        as_of: Date,
        see: &mut dyn FnMut(Told<'_>),
    ) {
        self.each_level(catalog, (units, &Groups::default()), as_of, see);
    }

    /// The same with every value of groups of units.
    pub(crate) fn each_level(
        &self,
        catalog: &Catalog,
        (units, groups): (&[Unit], &Groups),
        as_of: Date,
        see: &mut dyn FnMut(Told<'_>),
    ) {
        let days = Days {
            calendar: Arc::new(catalog.calendar.clone()),
            zone: catalog.settings.zone.clone(),
        };
        let cube =
            cube::count(&Ground { catalog, tables: &self.tables, days, as_of, night: as_of })
                .unwrap();
        let category = |unit: &Unit| {
            vec![("unit_id", unit.unit_id.clone()), ("category", CATEGORY.to_owned())]
        };
        let categories: Vec<Row<'_>> = units.iter().map(category).collect();
        let categories = written(catalog, "unit", &categories);
        let telling = Telling {
            cube: &cube,
            metrics: catalog.metrics().map(|metric| (metric.name.as_str(), metric)).collect(),
            units,
            as_of,
            fed: &catalog.filled(),
            stale: &BTreeSet::new(),
            peers: Peers::of(catalog, Some(&categories), as_of),
            calendar: &catalog.calendar,
        };
        telling.all_levels(groups).unwrap().into_iter().for_each(see);
    }
}

/// A table out of texts; a column that no row has is empty.
pub(crate) fn written(catalog: &Catalog, name: &str, rows: &[Row<'_>]) -> DataFrame {
    let schema = &catalog.schemas[name];
    let cells = |row: &Row<'_>| -> CellRow {
        for (column, _) in row {
            assert!(schema.field(column).is_some(), "`{name}` has no column `{column}`");
        }
        let text = |field: &Field| row.iter().find(|(column, _)| *column == field.name);
        let of = |field| cell(catalog, field, &text(field)?.1);
        schema.fields.iter().map(of).collect()
    };
    let columns: Vec<_> = schema.fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
    table::from_rows(&columns, &rows.iter().map(cells).collect::<Vec<_>>()).unwrap()
}

fn cell(catalog: &Catalog, field: &Field, text: &str) -> Option<Cell> {
    if text.is_empty() {
        return None;
    }
    Some(match field.kind {
        FieldKind::Text => Cell::Text(text.to_owned()),
        FieldKind::Whole => Cell::Whole(text.parse().unwrap()),
        FieldKind::Decimal(scale) => {
            let digits = decimal(text).unwrap() * Exact::from(10_i128.pow(u32::from(scale)));
            assert!(digits.is_integer(), "{text} has more than {scale} decimals");
            Cell::Decimal(digits.to_integer(), scale)
        }
        FieldKind::Flag => Cell::Flag(text == "1"),
        FieldKind::Day => Cell::Day(text.parse().unwrap()),
        FieldKind::Instant => {
            let local: DateTime = text.parse().unwrap();
            Cell::Instant(catalog.settings.zone.to_timestamp(local).unwrap())
        }
    })
}
