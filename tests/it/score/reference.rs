//! Is what units are compared with in a year made of the year before, and fitted as others fit it?

use std::collections::BTreeMap;
use std::fs;

use shuping::score::State;
use shuping::score::prior::Prior;
use shuping::score::prior::prior;
use shuping::score::score;
use shuping::spec::reference::read_reference;

use super::line;
use super::night;
use super::readings;
use super::shipped;
use super::told;
use crate::library::said;
use crate::library::shuping;
use crate::shared::shared;

/// Deaths of rats in 71 laboratories (Gelman and others, Bayesian Data Analysis, table 5.1), fitted by `scipy`.
#[test]
fn a_prior_is_the_most_likely_one() {
    let Some(folder) = shared("refdata/eb") else { return };
    let mut lines = csv::Reader::from_path(folder.join("rats_bda.csv")).unwrap();
    let number = |line: &csv::StringRecord, at: usize| line[at].parse::<f64>().unwrap();
    let lines: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
    let rates: Vec<(f64, f64)> =
        lines.iter().map(|line| (number(line, 0), number(line, 1))).collect();
    let expected = fs::read(folder.join("rats_bda_expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    for (of, rates) in [("n71", &rates[..]), ("first70", &rates[..70])] {
        let found = prior(rates).unwrap();
        for (name, found) in [("alpha", found.alpha), ("beta", found.beta)] {
            let expected = expected[of][name].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-4 * expected, "{of} {name}: {found}");
        }
    }
    let Prior { alpha, beta } = prior(&rates).unwrap();
    for (line, (good, all)) in lines.iter().zip(&rates) {
        let mean = (alpha + good) / (alpha + beta + all);
        assert!((mean - number(line, 2)).abs() < 1e-5, "{good} of {all}: {mean}");
    }
}

#[test]
fn peers_that_differ_by_chance_alone_are_all_alike() {
    let alike = |rates: &[(f64, f64)]| prior(rates).map(|prior| prior.alpha + prior.beta);
    assert_eq!(alike(&[]), None);
    assert_eq!(alike(&[(0.0, 0.0)]), None);
    for rates in [
        &[(5.0, 10.0), (50.0, 100.0), (500.0, 1_000.0)][..],
        &[(10.0, 10.0), (7.0, 7.0)],
        &[(0.0, 10.0), (0.0, 7.0)],
        &[(3.0, 4.0)],
    ] {
        assert!(alike(rates).unwrap() > 100_000.0, "{rates:?}");
    }
    assert!(alike(&[(0.0, 40.0), (20.0, 40.0), (40.0, 40.0)]).unwrap() < 10.0);
}

/// METHOD.md 2.9: what is mostly chance is reported and not scored.
#[test]
fn a_metric_that_tells_no_peers_apart_is_not_scored() {
    let [_, tree, ..] = shipped();
    let read = |n: &str| {
        let lines = format!(
            "category,metric,statistic,value\n\
             government_department,satisfied_rate,alpha,90\n\
             government_department,satisfied_rate,beta,10\n{n}"
        );
        read_reference("reference/2025.csv", &lines).unwrap()
    };
    for (n, state) in [
        ("", State::Scored),
        ("government_department,satisfied_rate,n,100\n", State::Scored),
        ("government_department,satisfied_rate,n,99\n", State::Withheld),
    ] {
        let reference = read(n);
        let readings = readings([("satisfied_rate".to_owned(), told("0.97", "200"))]);
        let year = shuping::score::Year {
            year: 2025,
            is_over: true,
            readings: &readings,
            reference: Some(&reference),
        };
        let unit = score(&tree, "u", &year);
        let leaf = line(&unit, "G.F2.1");
        assert_eq!(leaf.state, state, "{n}: {}", leaf.reason);
        let says = leaf.reason.contains("同类之间区分度 0.497 不足 0.5,只报告不评分");
        assert_eq!(says, state == State::Withheld, "{}", leaf.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_of_a_year_is_written_once_from_the_year_before() {
    let home = night::townships();
    let tree = home.path().join("pipelines/scoring/township.toml");
    let text = fs::read_to_string(&tree).unwrap();
    let text = text.replace(
        "missing = \"withhold\"",
        "estimate = \"posterior_mean\"\nmissing = { policy = \"impute_peer_median\", cap = 0.8 }",
    );
    fs::write(&tree, text).unwrap();
    let file = home.path().join("pipelines/reference/2026.csv");
    let run = |words: &[&str], code: i32| {
        let output = shuping(home.path(), words);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        said(&output)
    };
    let none = run(&["reference", "2026"], 2);
    assert!(none.contains("hint: run a night first"), "{none}");
    run(&["run", "--night", "2025-12-31"], 0);
    let early = run(&["reference", "2027"], 2);
    assert!(
        early.contains("2026 is not over in release") && early.contains("2026-12-31"),
        "{early}"
    );
    assert!(!file.exists());
    let made = run(&["reference", "2026"], 0);
    assert!(made.contains("pipelines/reference/2026.csv: 4 lines for 2026"), "{made}");
    let text = fs::read_to_string(&file).unwrap();
    let mut lines: BTreeMap<&str, &str> = text
        .lines()
        .skip(1)
        .map(|line| line.strip_prefix("township,leader_share,").unwrap().split_once(',').unwrap())
        .collect();
    assert_eq!(lines.remove("median"), Some("0.318181818182"));
    assert_eq!(lines.remove("n"), Some("22"));
    // One township with posts is too few: the city's units, 7 of 22 and 4 of 50, say how they differ.
    let Prior { alpha, beta } = prior(&[(7.0, 22.0), (4.0, 50.0)]).unwrap();
    let told: Vec<f64> = lines.values().map(|value| value.parse().unwrap()).collect();
    assert!((told[0] - alpha).abs() < 1e-6 && (told[1] - beta).abs() < 1e-6, "{text}");
    let again = run(&["reference", "2026"], 2);
    assert!(again.contains("stands already") && again.contains("take the file away"), "{again}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert!(read_reference("reference/2026.csv", &text).is_ok());
}
