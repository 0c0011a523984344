//! Are units judged by the indicators that they chose, and by nobody else's?

use std::fs;
use std::path::Path;

use shuping::base::diagnostic::Diagnostic;
use shuping::score::Reading;
use shuping::score::State;
use shuping::score::UnitScore;
use shuping::score::Year;
use shuping::score::score;
use shuping::spec::catalog::Catalog;
use shuping::spec::formula::Exact;
use shuping::spec::reference::read_reference;

use super::line;
use super::lint::home;
use super::lint::said;
use super::number;
use super::readings;
use super::told;

fn example(name: &str) -> (String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(format!("examples/individual/{name}.toml"))).unwrap();
    (format!("pipelines/local/{name}.toml"), text)
}

fn with(files: &[(String, String)]) -> Result<Catalog, Vec<Diagnostic>> {
    let files: Vec<(&str, String)> =
        files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    home(&files).catalog()
}

/// Every example that is shipped.
fn all() -> Catalog {
    let names = [
        "construction",
        "education",
        "health",
        "insurance",
        "market",
        "medical",
        "park",
        "party",
        "police",
        "safety",
        "streets",
        "subdistrict",
        "township",
    ];
    with(&names.map(example)).unwrap()
}

const REFERENCE: &str = "category,metric,statistic,value\n\
    township,xz_bm,median,80\n\
    subdistrict,jd_first,alpha,16\nsubdistrict,jd_first,beta,4\n\
    government_department,zf_o,alpha,16\ngovernment_department,zf_o,beta,4\n";

/// A unit of a category scored with one metric known.
fn scored<'t>(
    catalog: &'t Catalog,
    (category, unit): (&str, &str),
    (metric, reading): (&str, Reading),
) -> UnitScore<'t> {
    let tree = catalog.scoring.iter().find(|tree| tree.category.value == category).unwrap();
    let metrics = catalog.metrics().map(|known| known.name.clone());
    let mut known = readings(metrics.map(|name| (name, told("1", "200"))));
    for units in known.values_mut() {
        units.insert(unit.to_owned(), told("1", "200"));
    }
    known.insert(metric.to_owned(), [(unit.to_owned(), reading)].into());
    let reference = read_reference("r.csv", REFERENCE).unwrap();
    score(
        tree,
        unit,
        &Year { year: 2025, is_over: true, readings: &known, reference: Some(&reference) },
    )
}

/// indicators.md 3, each at a value between its knots; M is 3 for party departments, else 2.5.
#[test]
fn the_thirteen_are_worth_what_their_table_says() {
    let catalog = all();
    let department = "government_department";
    for (category, unit, leaf, metric, value, share) in [
        (department, "JN0042", "G.B2.3", "scjg_open", "0.65", "0.3"),
        (department, "JN0024", "G.B2.3", "ga_hz", "0.825", "0.8"),
        (department, "JN0028", "G.B2.3", "rs_sb", "30", "0.75"),
        (department, "JN0031", "G.B2.3", "zj_sg", "0.90", "0.5"),
        (department, "JN0022", "G.B2.3", "jt_xj", "0.95", "0.7"),
        (department, "JN0038", "G.B2.3", "wj_ret", "0.10", "0.75"),
        // (16 + 180) / (20 + 200) = 0.890909…: 0.6 and 0.4 × 0.0909… / 0.15 of the points.
        (department, "JN0032", "G.B2.3", "zf_o", "0.90", "0.842424242424"),
        (department, "JN0040", "G.B2.3", "yj_yh", "0.95", "0.85"),
        (department, "JN0045", "G.B2.3", "yb_day", "10", "0.8"),
        ("township", "T1", "T.B2.3", "xz_bm", "60", "0.75"),
        ("subdistrict", "S1", "S.B2.3", "jd_first", "0.90", "0.842424242424"),
        ("park", "K1", "K.B2.3", "yq_ent_cases", "72", "0.5"),
        ("party_department", "P1", "P.B2.3", "dw_dc", "0.80", "0.35"),
    ] {
        let before = Some(number("40"));
        let reading = Reading { before, ..told(value, "200") };
        let unit = scored(&catalog, (category, unit), (metric, reading));
        let line = line(&unit, leaf);
        assert_eq!(line.state, State::Scored, "{metric}: {}", line.reason);
        assert_eq!(line.rule.metric.as_ref().map(|it| it.value.as_str()), Some(metric));
        let found = line.earned / line.available;
        let gap = found - number(share);
        assert!(
            gap < Exact::new(1, 1_000_000) && gap > Exact::new(-1, 1_000_000),
            "{metric}: {found}"
        );
        assert!(!line.text.contains("个性指标"), "the rule that holds is told: {}", line.text);
    }
}

#[test]
fn who_chose_nothing_gives_the_points_away_and_the_bounds_stay_as_they_are() {
    let catalog = all();
    let unit = scored(&catalog, ("government_department", "JN0001"), ("ga_hz", told("1", "200")));
    let third = line(&unit, "G.B2.3");
    assert_eq!(
        (third.state, third.reason.as_str()),
        (State::NotApplicable, "本单位未选定个性指标")
    );
    assert_eq!((third.available, third.earned), (Exact::from(0), Exact::from(0)));
    // Nobody chose a second one.
    assert_eq!(line(&unit, "G.B2.4").state, State::NotBuilt);
    // Without both years before there is nothing that the value is a share of.
    let unit = scored(&catalog, ("government_department", "JN0028"), ("rs_sb", told("30", "200")));
    let third = line(&unit, "G.B2.3");
    assert_eq!(third.state, State::NotApplicable);
    assert_eq!(third.reason, "前两年数据不全,没有本单位前两年均值");
    // Too few cases are reported, and not scored.
    let unit =
        scored(&catalog, ("government_department", "JN0042"), ("scjg_open", told("1", "29")));
    assert_eq!(line(&unit, "G.B2.3").state, State::Withheld);
}

#[test]
fn what_a_unit_chose_goes_before_what_its_category_did() {
    let (path, market) = example("market");
    let of_all = market.replace("units = [\"JN0042\"]", "category = \"government_department\"");
    let of_all = of_all.replace("scjg_open", "of_all").replace("opening", "founding");
    let of_all = ("pipelines/local/a.toml".to_owned(), of_all);
    let catalog = with(&[of_all, (path, market)]).unwrap();
    for (unit, metric) in [("JN0042", "scjg_open"), ("JN0001", "of_all")] {
        let unit = scored(&catalog, ("government_department", unit), (metric, told("0.98", "200")));
        let line = line(&unit, "G.B2.3");
        assert_eq!(line.rule.metric.as_ref().unwrap().value, metric);
        assert_eq!((line.state, line.earned), (State::Scored, line.available));
    }
}

#[test]
fn a_choice_that_nobody_can_be_scored_by_is_a_fault_with_its_line() {
    let (path, market) = example("market");
    let (party_path, party) = example("party");
    let twin = market.replace("scjg_open", "twin").replace("opening", "founding");
    let twin = ("pipelines/local/twin.toml".to_owned(), twin);
    let changed = |old: &str, new: &str| {
        assert!(market.contains(old), "{old}");
        vec![(path.clone(), market.replacen(old, new, 1))]
    };
    let of_party = |new: &str| vec![(party_path.clone(), party.replacen("slot   = 1", new, 1))];
    for (files, told) in [
        (
            vec![(path.clone(), market.clone()), twin],
            "pipelines/local/twin.toml:42:10  metric.twin.scores.slot: slot 1 of `JN0042` is filled by `scjg_open` already [H206]",
        ),
        (
            changed("slot   = 1", "slot   = 3"),
            "no leaf of pipelines/scoring has slot 3 [H205]\n    hint: slots that it has: 1, 2",
        ),
        (
            of_party("slot   = 2"),
            "no leaf of party_department has slot 2 [H205]\n    hint: slots that it has: 1",
        ),
        (
            changed("\"quarter\", \"year\"", "\"quarter\""),
            "`scjg_open` cannot be scored [H207]\n    hint: what is scored is a unit in a year",
        ),
        (changed("units = [\"JN0042\"]\n", ""), "`scjg_open` cannot be scored [H207]"),
        (changed("slot   = 1\n", ""), "slot"),
        (changed("min_n  = 30", "min_m  = 30"), "min_m"),
        (
            changed("min_n  = 30", "requires = \"headcont >= 3\""),
            "no metric is named `headcont` [H085]",
        ),
        (changed("[0.98, 1]", "[0.98, 2]"), "the best case is worth 2 points, the leaf 1"),
        (
            changed(
                "type = \"linear\", points_at = [[0.50, 0], [0.80, 0.60], [0.98, 1]]",
                "type = \"individual\", slot = 1",
            ),
            "unknown word `individual` [H005]",
        ),
    ] {
        let faults = said(&with(&files).unwrap_err());
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(faults[0].contains(told), "{told}: {faults:#?}");
    }
}
