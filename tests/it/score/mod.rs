//! Do the shipped trees hold, and does every score add up?

mod chosen;
mod lint;
pub(crate) mod night;
mod reference;
mod scarce;
mod states;
mod sums;
mod twin;
mod worked;

use std::collections::BTreeMap;

use shuping::score::Line;
use shuping::score::Reading;
use shuping::score::Readings;
use shuping::score::Standing;
use shuping::score::UnitScore;
use shuping::spec::formula::Exact;
use shuping::spec::formula::decimal;
use shuping::spec::scoring::Tree;
use shuping::spec::scoring::read_tree;

const DEPARTMENT: &str = include_str!("../../../pipelines/scoring/government_department.toml");
const TOWNSHIP: &str = include_str!("../../../pipelines/scoring/township.toml");

/// The trees of all categories, in the order of the indicators' table.
fn shipped() -> [Tree; 6] {
    let trees = [
        include_str!("../../../pipelines/scoring/party_department.toml"),
        DEPARTMENT,
        include_str!("../../../pipelines/scoring/institution.toml"),
        include_str!("../../../pipelines/scoring/park.toml"),
        TOWNSHIP,
        include_str!("../../../pipelines/scoring/subdistrict.toml"),
    ];
    trees.map(|text| read_tree("tree.toml", text).expect("no fault"))
}

fn number(text: &str) -> Exact {
    decimal(text).expect("a plain decimal")
}

/// A told value on a base.
fn told(value: &str, base: &str) -> Reading {
    let (value, base) = (Some(number(value)), Some(number(base)));
    Reading {
        standing: Standing::Told,
        status: "ok",
        value,
        numerator: value.zip(base).map(|(value, base)| value * base),
        denominator: base,
        base,
        before: None,
        is_stale: false,
    }
}

/// No value, and why.
fn untold(standing: Standing, status: &'static str) -> Reading {
    let (value, numerator, denominator, base, before) = (None, None, None, None, None);
    Reading { standing, status, value, numerator, denominator, base, before, is_stale: false }
}

/// The metrics of one unit, `u`.
fn readings(of_unit: impl IntoIterator<Item = (String, Reading)>) -> Readings {
    let unit = |(metric, reading)| (metric, BTreeMap::from([("u".to_owned(), reading)]));
    of_unit.into_iter().map(unit).collect()
}

fn line<'s, 't>(score: &'s UnitScore<'t>, leaf: &str) -> &'s Line<'t> {
    score.lines.iter().find(|line| line.leaf.id.value == leaf).expect("a line")
}
