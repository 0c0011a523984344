//! How does a score come about? Leaf by leaf: from the value that its rule saw, by the numbers of the rule, to the points
//! that it gives. What is told is what the release of the night says; how it came about is worked out again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::Desk;
use super::question::Unknown;
use super::question::What;
use crate::base::cell::Cell;
use crate::base::cell::decimal_text;
use crate::base::cell::without_noughts;
use crate::frame::parquet;
use crate::frame::table;
use crate::measure::evaluate::rounded;
use crate::publish;
use crate::score;
use crate::spec::formula::Exact;
use crate::spec::formula::decimal;
use crate::spec::scoring::Comparison;
use crate::spec::scoring::Deduct;
use crate::spec::scoring::Gap;
use crate::spec::scoring::Leaf;
use crate::spec::scoring::Method;
use crate::spec::scoring::Missing;
use crate::spec::scoring::Partial;
use crate::spec::scoring::Plan;
use crate::spec::scoring::Rule;
use crate::spec::scoring::Tree;
use crate::spec::scoring::written;

/// The cells of a row, by column, as texts; those that are empty are not there.
pub type Cells = BTreeMap<String, String>;

/// The score of a unit and year.
#[derive(Debug)]
pub struct Scored<'d> {
    /// The name of the unit.
    pub unit: String,
    /// The release.
    pub release: String,
    /// What it says of the whole.
    pub whole: Cells,
    /// The leaves that were asked about, in the order of the tree.
    pub leaves: Vec<Judged<'d>>,
}

/// A leaf of a score.
#[derive(Debug)]
pub struct Judged<'d> {
    /// What the release says of it.
    pub told: Cells,
    /// How it earned; none where it did not, or by a rule that the home has no more.
    pub earns: Option<Earns<'d>>,
}

/// How a value becomes points.
#[derive(Debug)]
pub struct Earns<'d> {
    method: &'d Method,
    /// The points of the leaf.
    most: Exact,
    /// The value that the rule saw; none where nothing stands for one that is missing.
    seen: Option<Exact>,
    /// Whose value it is: the column of the release, or `median` of the peers.
    of: &'static str,
    /// What counts of the points.
    part: Exact,
    /// What it is a share of.
    plan: Option<Exact>,
    /// Of an estimate: alpha and beta of the peers, and what the unit has above and below the line.
    prior: Option<[Exact; 4]>,
    /// The points, of those of the leaf.
    pub points: Exact,
}

/// What a release says of a unit's metrics as a whole: by metric and period the value, above and below the line.
type Values = BTreeMap<(String, String), [Option<Exact>; 3]>;

impl<'d> Desk<'d> {
    /// Whether something is known as a leaf of a tree, or as the score itself.
    pub fn is_scored(&self, name: &str) -> bool {
        let is_metric = self.catalog.metrics().any(|metric| metric.name == name);
        let mut leaves = self.catalog.scoring.iter().flat_map(Tree::leaves);
        !is_metric && (name == SCORE || leaves.any(|leaf| leaf.id.value == name))
    }

    /// How the score of a unit came about, or one leaf of it; none where the release does not score it.
    ///
    /// # Errors
    /// [`Unknown`], or a release that can't be read.
    pub fn scored(&self, name: &str, unit: &str, period: &str) -> anyhow::Result<Scored<'d>> {
        let unit = self.unit_id(unit)?;
        let found = publish::find(&self.var.join("release"), Some(&self.ledger.night.to_string()))?;
        let rows = |file: &str| match &found {
            Some(folder) => cells(&folder.join(file), &[("unit_id", &unit)]),
            None => Ok(Vec::new()),
        };
        let scores = rows("score.parquet")?;
        let is_asked = |row: &Cells| row.get("period").map(String::as_str) == Some(period);
        let Some(whole) = scores.iter().find(|row| is_asked(row)).cloned() else {
            let near = scores.iter().filter_map(|row| row.get("period").cloned()).collect();
            return Err(Unknown { what: What::Period, found: period.to_owned(), near }.into());
        };
        let values = values(&rows("metrics.parquet")?);
        let mut leaves = Vec::new();
        for told in rows("score_lines.parquet")?.into_iter().filter(is_asked) {
            if name == SCORE || told.get("leaf").map(String::as_str) == Some(name) {
                let earns = self.earns(&unit, &told, &values);
                leaves.push(Judged { told, earns });
            }
        }
        let release = found.as_deref().and_then(Path::file_name).unwrap_or_default();
        Ok(Scored {
            unit: self.names.get(&unit).cloned().unwrap_or_default(),
            release: release.to_string_lossy().into_owned(),
            whole,
            leaves,
        })
    }

    fn earns(&self, unit: &str, told: &Cells, values: &Values) -> Option<Earns<'d>> {
        let text = |name: &str| told.get(name).map(String::as_str);
        let number = |name: &str| text(name).and_then(decimal);
        let mut trees = self.catalog.scoring.iter();
        let (leaf, rule, category): (&Leaf, &Rule, &str) = trees.find_map(|tree| {
            let leaf = tree.leaves().find(|leaf| Some(leaf.id.value.as_str()) == text("leaf"))?;
            Some((leaf, leaf.rule_for(unit, &tree.category.value)?, tree.category.value.as_str()))
        })?;
        // A year that is closed was judged by the tree of then: its points do not come about by today's.
        if text("rule") != Some(score::words::rule(rule, leaf.points).as_str()) {
            return None;
        }
        let year: i16 = text("period")?.parse().ok()?;
        let metric = rule.metric.as_ref()?.value.as_str();
        let reference = self.catalog.references.get(&year);
        let peers = |statistic: &str| reference?.of(category, metric, statistic);
        let value = |year: i16| values.get(&(metric.to_owned(), year.to_string()));
        let (seen, of, part) = match (text("state")?, rule.missing) {
            ("scored", _) if rule.is_shrunk => (number("estimate"), "estimate", Exact::from(1)),
            ("scored", _) => (number("value"), "value", Exact::from(1)),
            ("missing", Missing::Zero) => (None, "nothing", Exact::from(0)),
            ("missing", Missing::Impute(part)) => (Some(peers("median")?), "median", part),
            _ => return None,
        };
        let plan = match &rule.method {
            Method::RatioToPlan { .. } if of == "median" => None,
            Method::RatioToPlan { plan: Plan::PeerMedian, .. } => peers("median"),
            Method::RatioToPlan { plan: Plan::OwnMean, .. } => {
                let [one, other] = [1, 2].map(|back| value(year - back).and_then(|it| it[0]));
                one.zip(other).map(|(one, other)| (one + other) / Exact::from(2))
            }
            _ => None,
        };
        let prior = (of == "estimate").then(|| {
            let [_, above, below] = *value(year)?;
            Some([peers("alpha")?, peers("beta")?, above?, below?])
        });
        let most = leaf.points;
        let points = match seen {
            Some(seen) => part * score::earned(&rule.method, most, seen, plan)?,
            None => Exact::from(0),
        };
        let prior = prior.flatten();
        Some(Earns { method: &rule.method, most, seen, of, part, plan, prior, points })
    }
}

/// What the whole is asked by.
const SCORE: &str = "score";

fn cells(path: &Path, texts: &[(&str, &str)]) -> anyhow::Result<Vec<Cells>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let rows = parquet::read_where(path, texts)?;
    let names: Vec<&str> = rows.columns().iter().map(|column| column.name().as_str()).collect();
    let row = |cells: Vec<_>| {
        let of_row = names.iter().zip(cells);
        of_row.filter_map(|(name, cell): (_, Option<_>)| Some(((*name).to_owned(), plain(&cell?))))
    };
    Ok(table::to_rows(&rows, &names).into_iter().map(|cells| row(cells).collect()).collect())
}

fn plain(cell: &Cell) -> String {
    let text = cell.written();
    match cell {
        Cell::Decimal(..) => without_noughts(&text).to_owned(),
        _ => text,
    }
}

fn values(rows: &[Cells]) -> Values {
    let is_whole = |row: &&Cells| !row.contains_key("section_id") && !row.contains_key("dim");
    let value = |row: &Cells| {
        let number = |name: &str| row.get(name).and_then(|text| decimal(text));
        let key = (row.get("metric")?.clone(), row.get("period")?.clone());
        Some((key, ["value", "numerator", "denominator"].map(number)))
    };
    rows.iter().filter(is_whole).filter_map(value).collect()
}

impl Earns<'_> {
    /// How the points come about, with their numbers.
    pub fn working(&self) -> String {
        let Some(seen) = self.seen else { return "0".to_owned() };
        let (most, seen_text) = (written(self.most), short(seen));
        let line = match self.method {
            Method::Deduct(rule) => deduct(rule, &most, &seen_text),
            Method::Linear(knots) => {
                let knots =
                    knots.iter().map(|(x, points)| format!("{} → {}", short(*x), written(*points)));
                format!("{seen_text} in {}", knots.collect::<Vec<_>>().join(", "))
            }
            Method::Goalposts { worst, best } => {
                let (worst, best) = (short(*worst), short(*best));
                format!("{most} × min(max(({seen_text} - {worst}) / ({best} - {worst}), 0), 1)")
            }
            Method::Band { ideal, zero } => {
                let [low, first, last, high] = [zero.0, ideal.0, ideal.1, zero.1].map(short);
                format!(
                    "{most} × max(min(({seen_text} - {low}) / ({first} - {low}), ({high} - {seen_text}) / ({high} - {last}), 1), 0)"
                )
            }
            Method::Steps { steps, otherwise } => {
                let rows = steps.iter().map(|step| {
                    format!("{} {} → {}", sign(step.is), short(step.bound), written(step.score))
                });
                let rows = rows.collect::<Vec<_>>().join(", ");
                format!("{seen_text}: {rows}, else {}", written(*otherwise))
            }
            Method::RatioToPlan { cap, .. } => {
                let plan = self.plan.map_or_else(|| "–".to_owned(), short);
                format!("{most} × min({seen_text} / {plan}, {})", written(*cap))
            }
            Method::Individual { slot } => slot.to_string(),
        };
        let part = if self.part == Exact::from(1) {
            String::new()
        } else {
            format!("{} × ", written(self.part))
        };
        format!("{part}{line} = {}", short(self.points))
    }

    /// How an estimate comes about.
    pub fn drawn(&self) -> Option<String> {
        let [alpha, beta, above, below] = self.prior?.map(short);
        let seen = short(self.seen?);
        Some(format!("({alpha} + {above}) / ({alpha} + {beta} + {below}) = {seen}"))
    }
}

fn deduct(rule: &Deduct, most: &str, seen: &str) -> String {
    let target = short(rule.target);
    let gap = match rule.direction {
        Gap::Above => format!("({seen} - {target})"),
        Gap::Below => format!("({target} - {seen})"),
    };
    let steps = format!("max({gap}, 0) / {}", short(rule.per));
    let steps = match rule.partial {
        Partial::Prorate => steps,
        Partial::Floor => format!("floor({steps})"),
        Partial::Ceil => format!("ceil({steps})"),
    };
    format!("max({most} - {} × {steps}, {})", written(rule.points), written(rule.floor))
}

fn sign(is: Comparison) -> &'static str {
    match is {
        Comparison::AtLeast => ">=",
        Comparison::Above => ">",
        Comparison::AtMost => "<=",
        Comparison::Below => "<",
    }
}

/// A number as people read it: with six decimals at most.
fn short(number: Exact) -> String {
    without_noughts(&decimal_text(rounded(number, 6), 6)).to_owned()
}

/// A score as JSON. Exact numbers are texts.
pub fn scored_json(scored: &Scored<'_>) -> Value {
    let leaf = |judged: &Judged<'_>| {
        let mut object = json!(judged.told);
        object["earns"] = judged.earns.as_ref().map_or(Value::Null, earns_json);
        object
    };
    json!({
        "unit": scored.unit,
        "release": scored.release,
        "score": scored.whole,
        "leaves": scored.leaves.iter().map(leaf).collect::<Vec<_>>(),
    })
}

fn earns_json(earns: &Earns<'_>) -> Value {
    let text = |number: Exact| number.to_string();
    let method = match earns.method {
        Method::Deduct(rule) => json!({
            "kind": "deduct",
            "target": text(rule.target),
            "per": text(rule.per),
            "points": text(rule.points),
            "direction": match rule.direction { Gap::Above => "above", Gap::Below => "below" },
            "partial": match rule.partial {
                Partial::Prorate => "prorate",
                Partial::Floor => "floor",
                Partial::Ceil => "ceil",
            },
            "floor": text(rule.floor),
        }),
        Method::Linear(knots) => {
            let knots = knots.iter().map(|(x, points)| [text(*x), text(*points)]);
            json!({ "kind": "linear", "knots": knots.collect::<Vec<_>>() })
        }
        Method::Goalposts { worst, best } => {
            json!({ "kind": "goalposts", "worst": text(*worst), "best": text(*best) })
        }
        Method::Band { ideal, zero } => json!({
            "kind": "band",
            "ideal": [text(ideal.0), text(ideal.1)],
            "zero": [text(zero.0), text(zero.1)],
        }),
        Method::Steps { steps, otherwise } => {
            let steps =
                steps.iter().map(|step| json!([sign(step.is), text(step.bound), text(step.score)]));
            json!({ "kind": "steps", "steps": steps.collect::<Vec<_>>(), "else": text(*otherwise) })
        }
        Method::RatioToPlan { cap, .. } => {
            let plan = earns.plan.map(text);
            json!({ "kind": "ratio_to_plan", "plan": plan, "cap": text(*cap) })
        }
        Method::Individual { slot } => json!({ "kind": "individual", "slot": slot }),
    };
    json!({
        "method": method,
        "of": earns.of,
        "seen": earns.seen.map(text),
        "part": text(earns.part),
        "prior": earns.prior.map(|prior| prior.map(text)),
        "points": text(earns.points),
        "working": earns.working(),
    })
}
