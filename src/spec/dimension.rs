//! In what is a formula measured? The words of `measured_in` multiply and divide as their numbers do.

use std::collections::BTreeMap;
use std::fmt;

use super::catalog::Catalog;
use super::formula::Exact;
use super::formula::Formula;
use super::formula::Over;
use super::formula::Spread;
use super::pipeline::Metric;
use super::reader::Faults;
use crate::base::messages::Code;

/// Words that have no dimension.
const NONE: &[&str] = &["1", "%", "比", "倍", "百分", "ratio", "share"];

/// Words of one dimension on another scale, or that count the same: what a formula multiplies by to get
/// from one to the other is its own affair.
const SAME: &[(&str, &str)] = &[
    ("人次", "人"),
    ("名", "人"),
    ("person", "people"),
    ("标准小时", "小时"),
    ("年", "月"),
    ("天", "月"),
    ("日", "月"),
    ("year", "month"),
    ("years", "month"),
    ("months", "month"),
    ("day", "month"),
    ("days", "month"),
];

/// A word and how often it is a factor; less than 0 below the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimension(BTreeMap<String, i32>);

/// A dimension; none where any would do: a zero, and how many parts there are.
type Known = Option<Dimension>;

impl Dimension {
    /// Reads `件/人·月`: products with `·` or `*`, and what stands behind a `/` is below the line. A word
    /// that nobody knows is a dimension of its own.
    pub fn read(text: &str) -> Dimension {
        let mut factors = BTreeMap::new();
        let text = text.replace("人月", "人·月");
        for (at, side) in text.split('/').enumerate() {
            let power = if at == 0 { 1 } else { -1 };
            let words = side.split(['·', '*']).map(str::trim);
            for word in words.filter(|word| !word.is_empty() && !NONE.contains(word)) {
                let same = SAME.iter().find(|(known, _)| *known == word);
                let word = same.map_or(word, |(_, same)| *same);
                *factors.entry(word.to_owned()).or_default() += power;
            }
        }
        factors.retain(|_, power| *power != 0);
        Dimension(factors)
    }

    fn times(&self, other: &Dimension, sign: i32) -> Dimension {
        let mut factors = self.0.clone();
        for (word, power) in &other.0 {
            *factors.entry(word.clone()).or_default() += sign * power;
        }
        factors.retain(|_, power| *power != 0);
        Dimension(factors)
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |sign: i32| {
            let words = self.0.iter().filter(|(_, power)| **power * sign > 0);
            let words = words.flat_map(|(word, power)| {
                std::iter::repeat_n(word.as_str(), power.unsigned_abs() as usize)
            });
            words.collect::<Vec<_>>().join("·")
        };
        let (above, below) = (side(1), side(-1));
        let above = if above.is_empty() { "1" } else { &above };
        let below = if below.is_empty() { below } else { format!("/{below}") };
        out.pad(&format!("{above}{below}"))
    }
}

/// What cannot be added or compared.
struct Unlike(Dimension, Dimension);

/// Tells a metric that is measured in something else than its formula.
pub(super) fn check(catalog: &Catalog, metric: &Metric, faults: &Faults) {
    let words = Words::of(catalog);
    let (code, nouns) = match words.of_formula(&metric.value) {
        Ok(Some(found)) if found != Dimension::read(&metric.measured_in) => {
            let stated = metric.measured_in.clone();
            (Code::Dimension, vec![("stated", stated), ("found", found.to_string())])
        }
        Ok(_) => return,
        Err(Unlike(one, other)) => {
            (Code::DimensionSum, vec![("one", one.to_string()), ("other", other.to_string())])
        }
    };
    faults.add(metric.text.place, &metric.text.key, code, nouns);
}

/// What each name is measured in.
struct Words<'c>(BTreeMap<&'c str, &'c str>);

impl<'c> Words<'c> {
    fn of(catalog: &'c Catalog) -> Words<'c> {
        let measures = catalog.measures().map(|m| (m.name.as_str(), m.measured_in.as_str()));
        let metrics = catalog.metrics().map(|m| (m.name.as_str(), m.measured_in.as_str()));
        Words(measures.chain(metrics).chain([("months_known", "月")]).collect())
    }

    fn named(&self, name: &str) -> Known {
        self.0.get(name).map(|text| Dimension::read(text))
    }

    fn of_formula(&self, formula: &Formula) -> Result<Known, Unlike> {
        Ok(match formula {
            Formula::Name(name) | Formula::Peers(name) => self.named(name),
            Formula::Number(number) if *number == Exact::from(0) => None,
            Formula::Number(_) => Some(Dimension::default()),
            Formula::Add(x, y) | Formula::Subtract(x, y) | Formula::Greatest(x, y) => {
                alike(self.of_formula(x)?, self.of_formula(y)?)?
            }
            Formula::Multiply(x, y) => self.product(x, y, 1)?,
            Formula::Divide(x, y) => self.product(x, y, -1)?,
            Formula::OfUnit(x) | Formula::At(_, x) => self.of_formula(x)?,
            Formula::Over(kind, over) => self.over(*kind, over)?,
        })
    }

    fn product(&self, x: &Formula, y: &Formula, sign: i32) -> Result<Known, Unlike> {
        let pair = self.of_formula(x)?.zip(self.of_formula(y)?);
        Ok(pair.map(|(x, y)| x.times(&y, sign)))
    }

    fn over(&self, kind: Spread, over: &Over) -> Result<Known, Unlike> {
        let (above, below) = (self.of_formula(&over.above)?, self.of_formula(&over.below)?);
        let ratio = above.zip(below.clone()).map(|(above, below)| above.times(&below, -1));
        let limit = over.limit.as_ref().map(|limit| self.of_formula(limit)).transpose()?.flatten();
        // A plain number is a limit in whatever is compared.
        let limit = limit.filter(|limit| *limit != Dimension::default());
        match kind {
            Spread::CountBelow => alike(ratio, limit).map(|_| None),
            Spread::CountNonzero => Ok(None),
            Spread::Sum => Ok(ratio),
            Spread::ToMove => alike(below, limit),
            Spread::Hoover | Spread::Cv | Spread::MaxMin | Spread::Theil | Spread::Herfindahl => {
                alike(below, limit).map(|_| Some(Dimension::default()))
            }
        }
    }
}

/// The dimension of what is added or compared.
fn alike(one: Known, other: Known) -> Result<Known, Unlike> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Err(Unlike(one, other)),
        (one, other) => Ok(one.or(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_multiply_and_divide() {
        let shown = |text: &str| Dimension::read(text).to_string();
        assert_eq!(shown("件/人·月"), "件/人·月");
        assert_eq!(shown("件 / 人月"), "件/人·月");
        assert_eq!(shown("%"), "1");
        assert_eq!(shown("人·月/月"), "人");
        assert_eq!(shown("月/人·月"), "1/人");
        assert_eq!(shown("loans"), "loans");
    }
}
