//! What does each system call a unit? `connectors/aliases.csv`, decided by people.

use jiff::civil::Date;

use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The system it holds for; empty is every one.
    pub system: String,
    /// The name as received.
    pub alias: String,
    /// The unit.
    pub unit: String,
    /// The first day it holds.
    pub valid_from: Option<Date>,
    /// The first day it no longer holds.
    pub valid_to: Option<Date>,
}

/// Reads the alias table.
///
/// # Errors
/// Every line that does not read.
pub fn read_aliases(file: &str, text: &str) -> Result<Vec<Alias>, Vec<Diagnostic>> {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let at = |name: &str| headers.iter().position(|header| header == name);
    let columns = ["system", "alias", "unit", "valid_from", "valid_to"].map(at);
    let mut faults = Vec::new();
    let mut aliases = Vec::new();
    for (number, line) in reader.records().enumerate() {
        let read = match &line {
            Ok(line) => alias(line, columns),
            Err(problem) => Err(problem.to_string()),
        };
        match read {
            Ok(alias) => aliases.push(alias),
            Err(problem) => faults.push(Diagnostic {
                file: file.to_owned(),
                place: Place { line: number + 2, column: 1 },
                key: String::new(),
                code: Code::Alias,
                nouns: vec![("problem", problem)],
            }),
        }
    }
    if faults.is_empty() { Ok(aliases) } else { Err(faults) }
}

fn alias(line: &csv::StringRecord, columns: [Option<usize>; 5]) -> Result<Alias, String> {
    let cell = |at: Option<usize>| at.and_then(|at| line.get(at)).unwrap_or_default().trim();
    let day = |at: Option<usize>| match cell(at) {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("`{text}` is not a day")),
    };
    let [system, alias, unit, from, to] = columns;
    if cell(alias).is_empty() || cell(unit).is_empty() {
        return Err("alias and unit must be filled".to_owned());
    }
    Ok(Alias {
        system: cell(system).to_owned(),
        alias: cell(alias).to_owned(),
        unit: cell(unit).to_owned(),
        valid_from: day(from)?,
        valid_to: day(to)?,
    })
}
