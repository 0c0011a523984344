//! A home as one checked catalog, or every fault at once: its files are read, and then held against each other.

use std::collections::BTreeMap;

use super::aliases::read_aliases;
use super::catalog::Catalog;
use super::check;
use super::codes::REGION;
use super::codes::code_tables;
use super::connector::Connector;
use super::connector::read_connector;
use super::home::Home;
use super::list::List;
use super::list::read_list;
use super::pipeline::Pipeline;
use super::pipeline::read_pipeline;
use super::reader::Nouns;
use super::reference::Reference;
use super::reference::read_reference;
use super::schema::Schema;
use super::schema::read_schema;
use super::scoring::Tree;
use super::scoring::choose;
use super::scoring::read_tree;
use super::settings::read_settings;
use crate::base::calendar::Calendar;
use crate::base::calendar::ListedYear;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;

impl Home {
    /// Reads a home, whole.
    ///
    /// # Errors
    /// Every fault of every file at once, in the order of the files.
    pub fn catalog(&self) -> Result<Catalog, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        let settings = self.files.get("shuping.toml");
        let settings =
            settings.and_then(|text| keep(read_settings("shuping.toml", text), &mut faults));
        let connectors: Vec<Connector> = self
            .under("connectors", ".toml")
            .filter_map(|(file, _, text)| keep(read_connector(file, text), &mut faults))
            .collect();
        if self.under("connectors", ".toml").next().is_none() {
            faults.push(whole_file("connectors/", Code::NoConnector, Vec::new()));
        }
        let aliases = self
            .files
            .get("connectors/aliases.csv")
            .and_then(|text| keep(read_aliases("connectors/aliases.csv", text), &mut faults));
        let schemas: BTreeMap<String, Schema> = self
            .under("schemas", ".json")
            .filter_map(|(file, name, text)| keep(read_schema(file, name, text), &mut faults))
            .map(|schema| (schema.name.clone(), schema))
            .collect();
        let mut codes = code_tables(self, &mut faults);
        if let Some((table, settings)) = codes.get_mut(REGION).zip(settings.as_ref()) {
            table.know(&settings.regions);
        }
        let pipelines: Vec<Pipeline> = self
            .under("pipelines", ".toml")
            .chain(self.under("pipelines/local", ".toml"))
            .filter_map(|(file, name, text)| keep(read_pipeline(file, name, text), &mut faults))
            .collect();
        let mut scoring: Vec<Tree> = self
            .under("pipelines/scoring", ".toml")
            .filter_map(|(file, _, text)| keep(read_tree(file, text), &mut faults))
            .collect();
        choose(&mut scoring, &pipelines);
        let references: BTreeMap<i16, Reference> = self
            .under("pipelines/reference", ".csv")
            .filter_map(|(file, name, text)| Some((name.parse().ok()?, file, text)))
            .filter_map(|(year, file, text)| {
                Some((year, keep(read_reference(file, text), &mut faults)?))
            })
            .collect();
        let lists: BTreeMap<String, List> = self
            .under("pipelines/reference", ".csv")
            .filter(|(_, name, _)| name.parse::<i16>().is_err())
            .filter_map(|(file, name, text)| {
                Some((name.to_owned(), keep(read_list(file, text), &mut faults)?))
            })
            .collect();
        let named = settings.as_ref().map_or("cn", |settings| settings.calendar.as_str());
        let calendar = keep(self.calendar(named), &mut faults);
        let (Some(settings), Some(calendar)) = (settings, calendar) else {
            return Err(sorted(faults));
        };
        let fingerprint = self.fingerprint();
        let aliases = aliases.unwrap_or_default();
        let catalog = Catalog {
            settings,
            connectors,
            aliases,
            schemas,
            codes,
            calendar,
            pipelines,
            scoring,
            references,
            lists,
            fingerprint,
        };
        faults.extend(check::check(&catalog));
        if faults.is_empty() { Ok(catalog) } else { Err(sorted(faults)) }
    }

    /// The calendar of a name: a file a year.
    ///
    /// # Errors
    /// Every file that does not read, or the year that is missing.
    pub fn calendar(&self, name: &str) -> Result<Calendar, Vec<Diagnostic>> {
        let folder = format!("schemas/calendar/{name}");
        let fault = |file: &str, line: u64, problem: String| {
            let fault = whole_file(file, Code::Calendar, vec![("problem", problem)]);
            let line = usize::try_from(line).unwrap_or(1);
            Diagnostic { place: Place { line, column: 1 }, ..fault }
        };
        let mut faults = Vec::new();
        let mut years = Vec::new();
        for (file, year, text) in self.under(&folder, ".csv") {
            match year.parse().map(|year| ListedYear::read(year, text)) {
                Ok(Ok(year)) => years.push(year),
                Ok(Err(wrong)) => faults.push(fault(file, wrong.line(), wrong.to_string())),
                Err(_) => faults.push(fault(file, 1, format!("`{year}` is no year"))),
            }
        }
        if years.is_empty() && faults.is_empty() {
            faults.push(fault(&folder, 1, "no year has a file here".to_owned()));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Calendar::of(years).map_err(|gap| {
            let file = format!("{folder}/{}.csv", gap.year);
            vec![fault(&file, 1, "years before and after it have a file".to_owned())]
        })
    }
}

fn whole_file(file: &str, code: Code, nouns: Nouns) -> Diagnostic {
    let place = Place { line: 1, column: 1 };
    Diagnostic { file: file.to_owned(), place, key: String::new(), code, nouns }
}

fn keep<T>(read: Result<T, Vec<Diagnostic>>, faults: &mut Vec<Diagnostic>) -> Option<T> {
    read.map_err(|more| faults.extend(more)).ok()
}

fn sorted(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    faults.sort();
    faults.dedup();
    faults
}
