//! What moved between two tellings? A line a metric, or each of its values.

use std::collections::BTreeMap;
use std::io;

use super::Face;
use super::home;
use super::report::grouped;
use super::report::said;
use super::report::table;
use crate::base::cell::Cell;
use crate::base::said::Say;
use crate::publish::moved::Cause;
use crate::publish::moved::Moved;
use crate::publish::moved::Point;
use crate::publish::scored::MovedScore;
use crate::spec::catalog::Catalog;

/// What is shown of what moved.
#[derive(Debug, clap::Args)]
pub(super) struct Shown {
    /// Only this metric, each of its values
    #[arg(long)]
    metric: Option<String>,
    /// Only this unit, by its key
    #[arg(long)]
    unit: Option<String>,
    /// Print every value that moved as CSV
    #[arg(long)]
    csv: bool,
}

/// How many lines are shown of a metric.
const LINES: usize = 20;

/// What scores are asked for by.
const SCORE: &str = "score";

impl Shown {
    /// Whether nothing but CSV is asked for.
    pub(super) fn is_csv(&self) -> bool {
        self.csv
    }

    /// Whether what is asked for can be: a metric of the home, or one that is gone and moved by it.
    pub(super) fn is_known(
        &self,
        (catalog, moved): (&Catalog, &[Moved]),
        face: &mut Face<'_>,
    ) -> io::Result<bool> {
        let Some(metric) = &self.metric else { return Ok(true) };
        let has_moved = moved.iter().any(|it| it.key[0].as_ref() == Some(metric));
        Ok(metric == SCORE || has_moved || home::knows_metric(catalog, metric, face)?)
    }

    /// Prints what is asked of values and scores; of a metric there is no score, unless scores are asked for as if they
    /// were one.
    pub(super) fn print(
        &self,
        (moved, scores): (&[Moved], &[MovedScore]),
        face: &mut Face<'_>,
    ) -> anyhow::Result<()> {
        let is = |asked: &Option<String>, found: &Option<String>| asked.is_none() || asked == found;
        let asked =
            moved.iter().filter(|it| is(&self.metric, &it.key[0]) && is(&self.unit, &it.key[1]));
        let asked: Vec<&Moved> = asked.collect();
        let is_score = self.metric.as_deref() == Some(SCORE);
        let has_scores = self.metric.is_none() || is_score;
        let is_asked = |it: &&MovedScore| self.unit.as_ref().is_none_or(|unit| *unit == it.0);
        let scores: Vec<&MovedScore> =
            scores.iter().filter(|it| has_scores && is_asked(it)).collect();
        match () {
            () if self.csv && is_score => return scores_csv(&scores, face),
            () if self.csv => return csv(&asked, face),
            () if asked.is_empty() && (!is_score || scores.is_empty()) => {
                writeln!(face.out, "  {}", face.say(Say::NothingMoved, &[]))?;
            }
            () if asked.is_empty() => {}
            () if self.metric.is_some() || self.unit.is_some() => lines(&asked, face)?,
            () => metrics(&asked, face)?,
        }
        let shown = if is_score { scores.len() } else { LINES };
        Ok(self::scores(&scores, shown, face)?)
    }
}

/// A line a metric.
fn metrics(moved: &[&Moved], face: &mut Face<'_>) -> io::Result<()> {
    let mut by_metric: BTreeMap<&str, Vec<&Moved>> = BTreeMap::new();
    for it in moved {
        by_metric.entry(it.key[0].as_deref().unwrap_or_default()).or_default().push(it);
    }
    let head = [Say::Metric, Say::Came, Say::Went, Say::MovedValues, Say::Why, Say::Furthest];
    let head: Vec<&str> = head.iter().map(|say| say.text(face.lang)).collect();
    let rows = by_metric.iter().map(|(name, moved)| {
        let count =
            |is: fn(&Moved) -> bool| grouped(moved.iter().filter(|it| is(it)).count() as u64);
        let furthest = moved.iter().max_by(|x, y| distance(x).total_cmp(&distance(y)));
        vec![
            (*name).to_owned(),
            count(|it| it.before.is_none()),
            count(|it| it.after.is_none()),
            count(|it| it.before.is_some() && it.after.is_some()),
            causes(moved, face),
            furthest
                .map(|it| format!("{} {}", place(it), step(it.before.as_ref(), it.after.as_ref())))
                .unwrap_or_default(),
        ]
    });
    let mut table = table(&head, 1, rows.collect());
    for at in [4, 5] {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(comfy_table::CellAlignment::Left);
        }
    }
    writeln!(face.out, "{}", table.trim_fmt())
}

/// How many of what moved did so for each cause.
fn causes(moved: &[&Moved], face: &Face<'_>) -> String {
    let told = Cause::ALL.iter().filter_map(|cause| {
        let count = moved.iter().filter(|it| it.cause == *cause).count() as u64;
        (count > 0).then(|| format!("{} {}", grouped(count), said(*cause).text(face.lang)))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Each value.
fn lines(moved: &[&Moved], face: &mut Face<'_>) -> io::Result<()> {
    let head = [Say::Metric, Say::Where, Say::MovedValues, Say::Parts, Say::Why];
    let head: Vec<&str> = head.iter().map(|say| say.text(face.lang)).collect();
    let row = |it: &&&Moved| {
        let metric = it.key[0].clone().unwrap_or_default();
        let why = said(it.cause).text(face.lang).to_owned();
        vec![metric, place(it), step(it.before.as_ref(), it.after.as_ref()), parts(it), why]
    };
    let mut furthest: Vec<&&Moved> = moved.iter().collect();
    furthest.sort_by(|x, y| distance(y).total_cmp(&distance(x)));
    let shown = table(&head, head.len(), furthest.iter().take(LINES).map(row).collect());
    writeln!(face.out, "{}", shown.trim_fmt())?;
    let more = moved.len().saturating_sub(LINES) as u64;
    if more > 0 {
        writeln!(face.out, "  {}", face.say(Say::MoreMoved, &[("count", grouped(more))]))?;
    }
    Ok(())
}

/// Every value, for machines.
fn csv(moved: &[&Moved], face: &mut Face<'_>) -> anyhow::Result<()> {
    let mut lines = csv::Writer::from_writer(&mut *face.out);
    let columns = ["status", "value", "numerator", "denominator"];
    let both = ["before", "after"].into_iter();
    let both = both.flat_map(|side| columns.map(|name| format!("{name}_{side}")));
    let keys = ["metric", "unit_id", "section_id", "dim", "dim_value", "period_kind", "period"];
    let head = keys.map(str::to_owned).into_iter().chain(both).chain(["cause".to_owned()]);
    lines.write_record(head)?;
    for it in moved {
        let keys = it.key.iter().map(|cell| cell.clone().unwrap_or_default());
        let points = [&it.before, &it.after].into_iter().flat_map(|point| {
            let number = |pick: fn(&Point) -> &Option<Cell>| {
                point.as_ref().and_then(|it| pick(it).as_ref()).map_or(String::new(), Cell::written)
            };
            let status = point.as_ref().map_or(String::new(), |it| it.status.clone());
            [
                status,
                number(|it| &it.value),
                number(|it| &it.numerator),
                number(|it| &it.denominator),
            ]
        });
        lines.write_record(keys.chain(points).chain([it.cause.name().to_owned()]))?;
    }
    Ok(lines.flush()?)
}

/// Every score, for machines.
fn scores_csv(moved: &[&MovedScore], face: &mut Face<'_>) -> anyhow::Result<()> {
    let mut lines = csv::Writer::from_writer(&mut *face.out);
    lines.write_record([
        "unit_id",
        "period",
        "state_before",
        "score_before",
        "state_after",
        "score_after",
    ])?;
    for (unit, period, before, after) in moved {
        let points = [before, after].into_iter().flat_map(|point| {
            let state = point.as_ref().map_or(String::new(), |it| it.status.clone());
            let score = point.as_ref().and_then(|it| it.value.as_ref());
            [state, score.map_or(String::new(), Cell::written)]
        });
        lines.write_record([unit.clone(), period.clone()].into_iter().chain(points))?;
    }
    Ok(lines.flush()?)
}

/// Scores that moved: so many of them.
fn scores(moved: &[&MovedScore], shown: usize, face: &mut Face<'_>) -> io::Result<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let head = [Say::Unit, Say::Where, Say::MovedValues];
    let head: Vec<&str> = head.iter().map(|say| say.text(face.lang)).collect();
    let row = |(unit, period, before, after): &MovedScore| {
        vec![unit.clone(), period.clone(), step(before.as_ref(), after.as_ref())]
    };
    let table = table(&head, head.len(), moved.iter().copied().take(shown).map(row).collect());
    let title = face.say(Say::MovedScores, &[("count", grouped(moved.len() as u64))]);
    writeln!(face.out, "\n{title}\n{}", table.trim_fmt())?;
    let more = moved.len().saturating_sub(shown) as u64;
    if more > 0 {
        writeln!(face.out, "  {}", face.say(Say::MoreScores, &[("count", grouped(more))]))?;
    }
    Ok(())
}

/// The unit, section, part and period.
fn place(it: &Moved) -> String {
    let [_, unit, section, _, part, _, period] = &it.key;
    let words = [unit, section, part, period].into_iter().flatten();
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// How a value is shown, or why there is none.
fn step(before: Option<&Point>, after: Option<&Point>) -> String {
    let side = |point: Option<&Point>| match point {
        None => "–".to_owned(),
        Some(point) => point.shown.clone().unwrap_or_else(|| point.status.clone()),
    };
    let shown = (side(before), side(after));
    if shown.0 != shown.1 {
        return format!("{} → {}", shown.0, shown.1);
    }
    // What is shown is rounded: the exact values differ.
    let exact = |point: Option<&Point>| {
        let value = point.and_then(|point| point.value.as_ref());
        value.map_or_else(|| "–".to_owned(), Cell::written)
    };
    let exact = (exact(before), exact(after));
    if exact.0 != exact.1 {
        return format!("{} → {}", exact.0, exact.1);
    }
    // The value is what it was, and is told otherwise: of too few, or of enough.
    let status =
        |point: Option<&Point>| point.map_or("–", |point| point.status.as_str()).to_owned();
    let status = (status(before), status(after));
    if status.0 == status.1 { side(after) } else { format!("{} → {}", status.0, status.1) }
}

/// What stands above and below the line.
fn parts(it: &Moved) -> String {
    let side = |point: &Option<Point>| {
        let point = point.as_ref()?;
        let (above, below) = (point.numerator.as_ref()?, point.denominator.as_ref()?);
        Some(format!("{} / {}", plain(above), plain(below)))
    };
    match (side(&it.before), side(&it.after)) {
        (None, None) => String::new(),
        (before, after) => {
            let or_none = |side: Option<String>| side.unwrap_or_else(|| "–".to_owned());
            format!("{} → {}", or_none(before), or_none(after))
        }
    }
}

/// A number without the noughts at its end.
fn plain(cell: &Cell) -> String {
    let text = cell.written();
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How far a value moved, of what it was.
fn distance(it: &Moved) -> f64 {
    let value = |point: &Option<Point>| {
        let value = point.as_ref().and_then(|it| it.value.as_ref());
        value.and_then(|value| value.written().parse::<f64>().ok())
    };
    let (Some(before), Some(after)) = (value(&it.before), value(&it.after)) else { return 0.0 };
    let largest = before.abs().max(after.abs());
    if largest == 0.0 { 0.0 } else { (after - before).abs() / largest }
}
