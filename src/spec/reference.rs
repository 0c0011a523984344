//! What was frozen for a year? `pipelines/reference/<year>.csv`: what compares a unit with its peers, so
//! that no score moves because another unit joined.

use std::collections::BTreeMap;

use num_traits::Zero as _;

use super::formula::Exact;
use super::formula::decimal;
use super::reader::guess;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;

/// The reference of a year.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// Its file, relative to the home.
    file: String,
    values: BTreeMap<Key, Line>,
}

/// Category, metric and statistic.
type Key = (String, String, String);

#[derive(Clone, Debug)]
struct Line {
    number: usize,
    value: Exact,
}

/// Columns of its file.
const COLUMNS: [&str; 4] = ["category", "metric", "statistic", "value"];
/// What may stand under `statistic`.
const STATISTICS: [&str; 5] = ["mean", "median", "alpha", "beta", "n"];

impl Reference {
    /// The means of metrics over a category.
    pub fn of_means(category: &str, means: &[(String, Exact)]) -> Reference {
        let key = |metric: &String| [category, metric, "mean"].map(str::to_owned).into();
        let line = |mean: &Exact| Line { number: 0, value: *mean };
        let values = means.iter().map(|(metric, mean)| (key(metric), line(mean))).collect();
        Reference { values, ..Reference::default() }
    }

    /// A statistic of a metric over the units of a category: `mean`, `median`, or the `alpha` and `beta` of the
    /// beta distribution that was fitted to its rates, and the `n` of the unit in their middle.
    pub fn of(&self, category: &str, metric: &str, statistic: &str) -> Option<Exact> {
        let key = [category, metric, statistic].map(str::to_owned);
        self.values.get(&key.into()).map(|line| line.value)
    }

    /// The lines that nobody would ever ask: of a category or a metric that is unknown. No known
    /// categories are any.
    pub(super) fn check(&self, categories: &[String], metrics: &[&str]) -> Vec<Diagnostic> {
        let fault = |line: &Line, code, nouns| Diagnostic {
            file: self.file.clone(),
            place: Place { line: line.number, column: 1 },
            key: String::new(),
            code,
            nouns,
        };
        let mut faults = Vec::new();
        for ((category, metric, _), line) in &self.values {
            if !categories.is_empty() && !categories.contains(category) {
                let nouns = vec![("found", category.clone()), ("choices", categories.join(", "))];
                faults.push(fault(line, Code::UnknownWord, nouns));
            }
            if !metrics.contains(&metric.as_str()) {
                let nouns = guess(metric, metrics.iter().copied());
                faults.push(fault(line, Code::UnknownMetric, nouns));
            }
        }
        faults
    }
}

/// Reads the reference of a year.
///
/// # Errors
/// Every line that does not read, or says something twice.
pub fn read_reference(file: &str, text: &str) -> Result<Reference, Vec<Diagnostic>> {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let places = COLUMNS.map(|name| headers.iter().position(|header| header == name));
    let mut reference = Reference { file: file.to_owned(), ..Reference::default() };
    let mut faults = Vec::new();
    for (at, line) in reader.records().enumerate() {
        let number = at + 2;
        let read = match &line {
            Ok(line) => entry(line, places),
            Err(problem) => Err(problem.to_string()),
        };
        let kept = read.and_then(|(key, value)| {
            match reference.values.insert(key, Line { number, value }) {
                None => Ok(()),
                Some(_) => Err("it stands above already".to_owned()),
            }
        });
        if let Err(problem) = kept {
            faults.push(Diagnostic {
                file: file.to_owned(),
                place: Place { line: number, column: 1 },
                key: String::new(),
                code: Code::Reference,
                nouns: vec![("problem", problem)],
            });
        }
    }
    if faults.is_empty() { Ok(reference) } else { Err(faults) }
}

fn entry(line: &csv::StringRecord, places: [Option<usize>; 4]) -> Result<(Key, Exact), String> {
    let cells = places.map(|at| at.and_then(|at| line.get(at)).unwrap_or_default().trim());
    let [category, metric, statistic, value] = cells;
    if [category, metric, statistic].contains(&"") {
        return Err("category, metric and statistic must be filled".to_owned());
    }
    if !STATISTICS.contains(&statistic) {
        return Err(format!("`{statistic}` is none of {}", STATISTICS.join(", ")));
    }
    let number = decimal(value).ok_or_else(|| format!("`{value}` is not a plain decimal"))?;
    if ["alpha", "beta", "n"].contains(&statistic) && number <= Exact::zero() {
        return Err(format!("{statistic} must be greater than 0"));
    }
    Ok((<[String; 3]>::into([category, metric, statistic].map(str::to_owned)), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "category,metric,statistic,value\n\
        township,on_time_rate,median,0.97\n\
        township,satisfied_rate,alpha,38.5\n";

    #[test]
    fn a_statistic_is_found_by_category_and_metric() {
        let reference = read_reference("r.csv", LINES).unwrap();
        let median = reference.of("township", "on_time_rate", "median");
        assert_eq!(median, Some(Exact::new(97, 100)));
        assert_eq!(reference.of("township", "on_time_rate", "alpha"), None);
        assert_eq!(reference.of("institution", "on_time_rate", "median"), None);
    }

    #[test]
    fn every_line_that_does_not_read_is_told() {
        let text = format!(
            "{LINES}township,,median,1\ntownship,x,median,many\ntownship,on_time_rate,median,0.9\n\
             township,x,medain,1\ntownship,x,alpha,-2\ntownship,x,beta,0\n"
        );
        let faults = read_reference("r.csv", &text).unwrap_err();
        let lines: Vec<usize> = faults.iter().map(|fault| fault.place.line).collect();
        assert_eq!(lines, [4, 5, 6, 7, 8, 9]);
    }
}
