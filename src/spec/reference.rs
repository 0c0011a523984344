//! What was frozen for a year? `pipelines/reference/<year>.csv`: what compares a unit with its peers, so
//! that no score moves because another unit joined.

use std::collections::BTreeMap;

use super::formula::Exact;
use super::formula::decimal;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::Place;
use crate::base::messages::Code;

/// The reference of a year.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    values: BTreeMap<(String, String, String), Exact>,
}

/// Columns of its file.
const COLUMNS: [&str; 4] = ["category", "metric", "statistic", "value"];

impl Reference {
    /// The means of metrics over a category.
    pub fn of_means(category: &str, means: &[(String, Exact)]) -> Reference {
        let key = |metric: &String| [category, metric, "mean"].map(str::to_owned).into();
        Reference { values: means.iter().map(|(metric, mean)| (key(metric), *mean)).collect() }
    }

    /// A statistic of a metric over the units of a category: `mean`, `median`, or the `alpha` and `beta` of the
    /// beta distribution that was fitted to its rates.
    pub fn of(&self, category: &str, metric: &str, statistic: &str) -> Option<Exact> {
        let key = [category, metric, statistic].map(str::to_owned);
        self.values.get(&key.into()).copied()
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
    let mut reference = Reference::default();
    let mut faults = Vec::new();
    for (number, line) in reader.records().enumerate() {
        let read = match &line {
            Ok(line) => entry(line, places),
            Err(problem) => Err(problem.to_string()),
        };
        let kept = read.and_then(|(key, value)| match reference.values.insert(key, value) {
            None => Ok(()),
            Some(_) => Err("it stands above already".to_owned()),
        });
        if let Err(problem) = kept {
            faults.push(Diagnostic {
                file: file.to_owned(),
                place: Place { line: number + 2, column: 1 },
                key: String::new(),
                code: Code::Reference,
                nouns: vec![("problem", problem)],
            });
        }
    }
    if faults.is_empty() { Ok(reference) } else { Err(faults) }
}

type Entry = ((String, String, String), Exact);

fn entry(line: &csv::StringRecord, places: [Option<usize>; 4]) -> Result<Entry, String> {
    let cells = places.map(|at| at.and_then(|at| line.get(at)).unwrap_or_default().trim());
    let [category, metric, statistic, value] = cells;
    if [category, metric, statistic].contains(&"") {
        return Err("category, metric and statistic must be filled".to_owned());
    }
    let number = decimal(value).ok_or_else(|| format!("`{value}` is not a plain decimal"))?;
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
            "{LINES}township,,median,1\ntownship,x,median,many\ntownship,on_time_rate,median,0.9\n"
        );
        let faults = read_reference("r.csv", &text).unwrap_err();
        let lines: Vec<usize> = faults.iter().map(|fault| fault.place.line).collect();
        assert_eq!(lines, [4, 5, 6]);
    }
}
