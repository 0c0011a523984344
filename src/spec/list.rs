//! What does the home ask of each unit? `pipelines/reference/<name>.csv`: a line names the values that hold
//! for one unit, or for every unit of a category that has no line of its own.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::reader::line_of;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;

/// A list of a home.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Its file, relative to the home.
    pub file: String,
    units: BTreeMap<String, Line>,
    categories: BTreeMap<String, Line>,
}

#[derive(Clone, Debug)]
struct Line {
    number: usize,
    values: BTreeSet<String>,
}

/// Columns of its file; `note` may follow.
const COLUMNS: [&str; 3] = ["category", "unit", "values"];

impl List {
    /// What is asked of one unit.
    pub fn of_unit(unit_id: &str, values: &[String]) -> List {
        let line = Line { number: 0, values: values.iter().cloned().collect() };
        let units = BTreeMap::from([(unit_id.to_owned(), line)]);
        List { units, ..List::default() }
    }

    /// The values that hold for a unit: its own, or else those of its category.
    pub fn of(&self, unit_id: &str, category: Option<&str>) -> Option<&BTreeSet<String>> {
        let of_category = || self.categories.get(category?);
        self.units.get(unit_id).or_else(of_category).map(|line| &line.values)
    }

    /// The units that have a line of their own.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.units.keys().map(String::as_str)
    }

    /// The lines with a category or a value that is unknown, each told once; an empty list of known
    /// ones is any.
    pub(super) fn check(&self, categories: &[String], values: &[String]) -> Vec<Diagnostic> {
        let is_unknown = |known: &[String], word: &String| {
            (!known.is_empty() && !known.contains(word)).then(|| (word.clone(), known.join(", ")))
        };
        let fault = |line: &Line, (found, choices)| Diagnostic {
            file: self.file.clone(),
            place: Place { line: line.number, column: 1 },
            key: String::new(),
            code: Code::UnknownWord,
            nouns: vec![("found", found), ("choices", choices)],
        };
        let mut faults = Vec::new();
        for (category, line) in &self.categories {
            faults.extend(is_unknown(categories, category).map(|unknown| fault(line, unknown)));
        }
        for line in self.units.values().chain(self.categories.values()) {
            let unknown = line.values.iter().filter_map(|value| is_unknown(values, value));
            faults.extend(unknown.map(|unknown| fault(line, unknown)));
        }
        faults
    }
}

/// Reads a list.
///
/// # Errors
/// Every line that does not read, or says something twice.
pub fn read_list(file: &str, text: &str) -> Result<List, Vec<Diagnostic>> {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let places = COLUMNS.map(|name| headers.iter().position(|header| header == name));
    let mut list = List { file: file.to_owned(), ..List::default() };
    let mut faults = Vec::new();
    for line in reader.records() {
        let number = line_of(&line);
        let read = match &line {
            Ok(line) => list.add(number, line, places),
            Err(problem) => Err(problem.to_string()),
        };
        if let Err(problem) = read {
            faults.push(Diagnostic {
                file: file.to_owned(),
                place: Place { line: number, column: 1 },
                key: String::new(),
                code: Code::List,
                nouns: vec![("problem", problem)],
            });
        }
    }
    if faults.is_empty() { Ok(list) } else { Err(faults) }
}

impl List {
    fn add(
        &mut self,
        number: usize,
        line: &csv::StringRecord,
        places: [Option<usize>; 3],
    ) -> Result<(), String> {
        let cells = places.map(|at| at.and_then(|at| line.get(at)).unwrap_or_default().trim());
        let [category, unit, values] = cells;
        let values: BTreeSet<String> = values.split_whitespace().map(str::to_owned).collect();
        if category.is_empty() == unit.is_empty() || values.is_empty() {
            return Err("either category or unit must be filled, and values".to_owned());
        }
        let (lines, whose) = if unit.is_empty() {
            (&mut self.categories, category)
        } else {
            (&mut self.units, unit)
        };
        match lines.insert(whose.to_owned(), Line { number, values }) {
            None => Ok(()),
            Some(_) => Err(format!("`{whose}` stands above already")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "category,unit,values,note\n\
        township,,law management,\n\
        ,U1,medicine,a clinic\n";

    #[test]
    fn a_unit_has_its_own_values_or_else_those_of_its_category() {
        let list = read_list("l.csv", LINES).unwrap();
        let of = |unit, category| {
            list.of(unit, category).map(|values| values.iter().cloned().collect::<Vec<_>>())
        };
        assert_eq!(of("U1", Some("township")), Some(vec!["medicine".to_owned()]));
        assert_eq!(
            of("U2", Some("township")),
            Some(vec!["law".to_owned(), "management".to_owned()])
        );
        assert_eq!(of("U2", Some("park")), None);
        assert_eq!(of("U2", None), None);
    }

    #[test]
    fn every_line_that_does_not_read_or_names_what_is_unknown_is_told() {
        let text = format!("{LINES}township,U3,law,\n,,law,\n,U4,,\n,U1,law,\n");
        let lines = |faults: Vec<Diagnostic>| {
            faults.iter().map(|fault| fault.place.line).collect::<Vec<_>>()
        };
        assert_eq!(lines(read_list("l.csv", &text).unwrap_err()), [4, 5, 6, 7]);
        let list = read_list("l.csv", LINES).unwrap();
        let words = |words: [&str; 2]| words.map(str::to_owned);
        assert_eq!(lines(list.check(&words(["park", "x"]), &words(["law", "medicine"]))), [2, 2]);
        assert_eq!(lines(list.check(&[], &[])), [0; 0]);
    }
}
