//! Does the home hold together? Its files are read, and then checked against each other.

use std::collections::BTreeMap;

use super::aliases::Alias;
use super::aliases::read_aliases;
use super::check;
use super::codes::CodeTable;
use super::codes::REGION;
use super::codes::code_tables;
use super::connector::Connector;
use super::connector::Stream;
use super::connector::read_connector;
use super::example::Example;
use super::home::Home;
use super::list::List;
use super::list::read_list;
use super::pipeline::Fact;
use super::pipeline::Measure;
use super::pipeline::Metric;
use super::pipeline::Pipeline;
use super::pipeline::read_pipeline;
use super::reference::Reference;
use super::reference::read_reference;
use super::schema::Schema;
use super::schema::read_schema;
use super::scoring::Tree;
use super::scoring::choose;
use super::scoring::read_tree;
use super::settings::Settings;
use super::settings::read_settings;
use crate::base::calendar::Calendar;
use crate::base::calendar::ListedYear;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;

/// Everything a home says, checked.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// `shuping.toml`
    pub settings: Settings,
    /// `connectors/*.toml`
    pub connectors: Vec<Connector>,
    /// `connectors/aliases.csv`
    pub aliases: Vec<Alias>,
    /// `schemas/*.json`
    pub schemas: BTreeMap<String, Schema>,
    /// `schemas/codes/*.csv`, with `schemas/codes/local/*.csv`
    pub codes: BTreeMap<String, CodeTable>,
    /// `schemas/calendar/<name>/<year>.csv`
    pub calendar: Calendar,
    /// `pipelines/*.toml` and `pipelines/local/*.toml`
    pub pipelines: Vec<Pipeline>,
    /// `pipelines/scoring/*.toml`
    pub scoring: Vec<Tree>,
    /// `pipelines/reference/<year>.csv`
    pub references: BTreeMap<i16, Reference>,
    /// `pipelines/reference/<name>.csv`
    pub lists: BTreeMap<String, List>,
    /// SHA-256 over all of it.
    pub fingerprint: String,
}

impl Catalog {
    /// Every stream with its connector, tables that others point at first.
    pub fn streams(&self) -> Vec<(&Connector, &Stream)> {
        let mut streams: Vec<(&Connector, &Stream)> = self
            .connectors
            .iter()
            .flat_map(|connector| connector.streams.iter().map(move |stream| (connector, stream)))
            .collect();
        streams.sort_by_key(|(_, stream)| self.depth(&stream.into.value));
        streams
    }

    /// How many foreign keys stand between a table and one that points at nothing.
    fn depth(&self, table: &str) -> usize {
        let Some(schema) = self.schemas.get(table) else { return 0 };
        let pointed = schema.foreign_keys.iter().filter(|key| key.table != table);
        pointed.map(|key| 1 + self.depth(&key.table)).max().unwrap_or(0)
    }

    /// The facts of all pipelines.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.facts)
    }

    /// The measures of all pipelines.
    pub fn measures(&self) -> impl Iterator<Item = &Measure> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.measures)
    }

    /// The metrics of all pipelines.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.metrics)
    }

    /// The examples of all pipelines.
    pub fn examples(&self) -> impl Iterator<Item = &Example> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.examples)
    }

    /// The tables that streams fill, and those made from them.
    pub fn filled(&self) -> std::collections::BTreeSet<&str> {
        let mut filled: std::collections::BTreeSet<&str> =
            self.streams().iter().map(|(_, stream)| stream.into.value.as_str()).collect();
        if filled.contains("person_snapshot") {
            filled.insert("person_spell");
        }
        filled
    }
}

/// Reads a home, whole.
///
/// # Errors
/// Every fault of every file at once, in the order of the files.
pub fn read(home: &Home) -> Result<Catalog, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let settings = match home.files.get("shuping.toml") {
        Some(text) => keep(read_settings("shuping.toml", text), &mut faults),
        None => None,
    };
    let connectors: Vec<Connector> = home
        .under("connectors", ".toml")
        .filter_map(|(file, _, text)| keep(read_connector(file, text), &mut faults))
        .collect();
    if home.under("connectors", ".toml").next().is_none() {
        faults.push(whole_file("connectors/", Code::NoConnector, Vec::new()));
    }
    let aliases = home
        .files
        .get("connectors/aliases.csv")
        .and_then(|text| keep(read_aliases("connectors/aliases.csv", text), &mut faults));
    let schemas: BTreeMap<String, Schema> = home
        .under("schemas", ".json")
        .filter_map(|(file, name, text)| keep(read_schema(file, name, text), &mut faults))
        .map(|schema| (schema.name.clone(), schema))
        .collect();
    let mut codes = code_tables(home, &mut faults);
    if let Some((table, settings)) = codes.get_mut(REGION).zip(settings.as_ref()) {
        table.know(&settings.regions);
    }
    let pipelines: Vec<Pipeline> = home
        .under("pipelines", ".toml")
        .chain(home.under("pipelines/local", ".toml"))
        .filter_map(|(file, name, text)| keep(read_pipeline(file, name, text), &mut faults))
        .collect();
    let mut scoring: Vec<Tree> = home
        .under("pipelines/scoring", ".toml")
        .filter_map(|(file, _, text)| keep(read_tree(file, text), &mut faults))
        .collect();
    choose(&mut scoring, &pipelines);
    let references: BTreeMap<i16, Reference> = home
        .under("pipelines/reference", ".csv")
        .filter_map(|(file, name, text)| Some((name.parse().ok()?, file, text)))
        .filter_map(|(year, file, text)| {
            Some((year, keep(read_reference(file, text), &mut faults)?))
        })
        .collect();
    let lists: BTreeMap<String, List> = home
        .under("pipelines/reference", ".csv")
        .filter(|(_, name, _)| name.parse::<i16>().is_err())
        .filter_map(|(file, name, text)| {
            Some((name.to_owned(), keep(read_list(file, text), &mut faults)?))
        })
        .collect();
    let named = settings.as_ref().map_or("cn", |settings| settings.calendar.as_str());
    let calendar = keep(calendar(home, named), &mut faults);
    let (Some(settings), Some(calendar)) = (settings, calendar) else { return Err(sorted(faults)) };
    let fingerprint = home.fingerprint();
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
pub fn calendar(home: &Home, name: &str) -> Result<Calendar, Vec<Diagnostic>> {
    let folder = format!("schemas/calendar/{name}");
    let fault = |file: &str, line: u64, problem: String| {
        let fault = whole_file(file, Code::Calendar, vec![("problem", problem)]);
        let line = usize::try_from(line).unwrap_or(1);
        Diagnostic { place: Place { line, column: 1 }, ..fault }
    };
    let mut faults = Vec::new();
    let mut years = Vec::new();
    for (file, year, text) in home.under(&folder, ".csv") {
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

fn whole_file(file: &str, code: Code, nouns: super::reader::Nouns) -> Diagnostic {
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
