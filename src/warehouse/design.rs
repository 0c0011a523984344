//! What should stand, whole? Tables, and views over them.

use std::collections::BTreeMap;

use super::dialect::Engine;
use super::dialect::text;
use super::sheet;
use super::sheet::Area;
use super::sheet::Sheet;
use super::view::View;
use super::views;
use crate::base::pseudonym::sha256;
use crate::spec::catalog::Catalog;
use crate::spec::schema::Schema;

/// The contract of files; the days of a calendar stand in `calendar_day`.
const CALENDAR: &str = "calendar";

/// Tables of when and how a night ran, which two nights that say the same do not share; and what stands in quarantine,
/// which names files and is forgotten long before a release is.
const LEFT_OUT: [&str; 4] = ["quarantine", "run", "run_step", "stream_night"];

/// Everything that should stand.
#[derive(Clone, Debug)]
pub struct Design {
    /// The tables, by name.
    pub(super) sheets: BTreeMap<String, Sheet>,
    /// The home's zone.
    pub(super) zone: jiff::tz::TimeZone,
    /// What is told over the tables.
    pub(super) views: Vec<View>,
}

impl Design {
    /// What a home asks for.
    pub fn of(catalog: &Catalog) -> Design {
        Design::with(catalog, |schema| {
            catalog.settings.warehouse.has_persons || !schema.is_about_persons
        })
    }

    /// What goes with a release: nothing about persons, and nothing that tells of the run alone or is to be forgotten before it.
    pub fn frozen(catalog: &Catalog) -> Design {
        let is_left_out = |schema: &Schema| LEFT_OUT.contains(&schema.name.as_str());
        Design::with(catalog, |schema| !schema.is_about_persons && !is_left_out(schema))
    }

    fn with(catalog: &Catalog, holds: impl Fn(&Schema) -> bool) -> Design {
        let is_table = |schema: &&Schema| schema.name != CALENDAR && holds(schema);
        let sheets = catalog.schemas.values().filter(is_table).map(sheet::sheet);
        let own = [sheet::warehouse(), views::dictionary()];
        let mut design = Design {
            sheets: sheets.chain(own).map(|sheet| (sheet.name.clone(), sheet)).collect(),
            zone: catalog.settings.zone.clone(),
            views: Vec::new(),
        };
        design.views = views::views(catalog, &design.sheets);
        design
    }

    /// Every table with its columns and keys, and every view, as a page of Markdown tells them.
    pub fn markdown(&self) -> String {
        let told = self.sheets.values().filter(|sheet| sheet.name != views::DICTIONARY);
        let told = told.map(views::markdown).chain([views::list(&self.views)]);
        told.collect::<Vec<_>>().join("\n")
    }

    /// Whether rows about persons have a place.
    pub(super) fn has_persons(&self) -> bool {
        self.sheets.values().any(|sheet| sheet.area == Area::Person)
    }

    /// What the whole design says to a database, as a fingerprint.
    pub(super) fn fingerprint(&self, engine: Engine) -> String {
        let sheets = self.sheets.values().flat_map(|sheet| {
            let rest = engine.indexes(sheet).into_iter().chain(engine.comments(sheet));
            std::iter::once(engine.create(sheet)).chain(rest)
        });
        let all = sheets
            .chain(self.view_statements(engine, &[]))
            .chain(engine.rights(self.has_persons()));
        sha256(all.collect::<Vec<_>>().join(";\n").as_bytes())
    }

    /// How its views are made, or made anew where they stand and others have built on them.
    pub(super) fn view_statements(&self, engine: Engine, held: &[Vec<String>]) -> Vec<String> {
        let tables = self.sheets.values().map(|sheet| (sheet.name.clone(), sheet.area));
        let views = self.views.iter().map(|view| (view.name.clone(), view.area));
        let areas: BTreeMap<String, Area> = tables.chain(views).collect();
        let made = self.views.iter().flat_map(|view| {
            let name = engine.name(view.area, &view.name);
            let comment = (engine == Engine::Postgres)
                .then(|| format!("comment on view {name} is {}", text(&view.said())));
            let held = held.iter().find(|row| view.is(row));
            let create = if held.is_some() { "create or replace" } else { "create" };
            let stood = held.and_then(|row| row.last()).map_or("", String::as_str);
            let stood: Vec<&str> = stood.lines().collect();
            let made = format!("{create} {}", view.told(engine, &areas, &stood));
            std::iter::once(made).chain(comment)
        });
        made.collect()
    }
}
