//! Are the metrics of a home worth what its examples say?

use std::collections::BTreeMap;
use std::path::Path;

use super::DONE;
use super::FAILED;
use super::Face;
use super::USAGE;
use super::home;
use crate::base::said::Say;
use crate::measure::tried;
use crate::measure::tried::Answer;
use crate::spec::example::Test;
use crate::spec::pipeline::Metric;

#[derive(Debug, clap::Args)]
pub(super) struct Tests {
    /// Only these metrics
    metrics: Vec<String>,
}

/// Works every example out and prints what became of each test.
pub(super) fn test(root: &Path, asked: &Tests, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (_, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    for name in &asked.metrics {
        if !home::knows_metric(&catalog, name, face)? {
            return Ok(USAGE);
        }
    }
    let mut told = BTreeMap::new();
    for example in catalog.examples() {
        // What does not type was told when the home was read.
        let rows = example.tables(&catalog).unwrap_or_default();
        told.insert(example.name.value.as_str(), tried::told(&catalog, example, rows)?);
    }
    let is_asked =
        |metric: &&Metric| asked.metrics.is_empty() || asked.metrics.contains(&metric.name);
    let mut failed = Vec::new();
    let mut passed = 0_usize;
    for metric in catalog.metrics().filter(is_asked) {
        for test in &metric.tests {
            let told = told.get(test.example.value.as_str()).map_or(&[][..], Vec::as_slice);
            let found = tried::asked(&metric.name, test, told);
            let is_right = found.is_some_and(|found| is_right(test, found));
            let word = if is_right { "ok" } else { "FAILED" };
            writeln!(face.out, "test {} … {word}", name(metric, test))?;
            if is_right {
                passed += 1;
            } else {
                failed.push((metric, test, found));
            }
        }
    }
    for (metric, test, found) in &failed {
        let found = found.map_or_else(|| face.say(Say::TestNothing, &[]), found_text);
        let nouns = [
            ("test", name(metric, test)),
            ("expected", expected_text(test)),
            ("found", found),
            ("formula", metric.text.value.clone()),
            ("file", metric.file.clone()),
            ("line", test.example.place.line.to_string()),
        ];
        let text = face.say(Say::TestFailed, &nouns);
        writeln!(face.out, "\n{text}")?;
    }
    let nouns = [("passed", passed.to_string()), ("failed", failed.len().to_string())];
    let text = face.say(Say::TestsDone, &nouns);
    writeln!(face.out, "\n{text}")?;
    Ok(if failed.is_empty() { DONE } else { FAILED })
}

/// What is asked, in words.
fn name(metric: &Metric, test: &Test) -> String {
    let words = [Some(&metric.name), Some(&test.example.value), Some(&test.unit)];
    let place = [test.section.as_ref(), test.part.as_ref(), Some(&test.period.value)];
    let words = words.into_iter().chain(place).flatten();
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn is_right(test: &Test, told: &Answer) -> bool {
    test.status == told.status
        && test.value == told.value
        && (test.reason.is_none() || test.reason == told.reason)
}

fn words(value: Option<&String>, status: &str, reason: Option<&String>) -> String {
    let value = value.map_or("–", String::as_str);
    let words = [Some(value), Some(status), reason.map(String::as_str)];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn expected_text(test: &Test) -> String {
    words(test.value.as_ref(), &test.status, test.reason.as_ref())
}

fn found_text(told: &Answer) -> String {
    let text = words(told.value.as_ref(), told.status, told.reason.as_ref());
    match told.parts {
        Some((above, below)) => format!("{text} ({above} / {below})"),
        None => text,
    }
}
