//! Which scores are not what they were, beside the values that moved? A score stands among them as if it were a metric of its
//! unit, under the name of its table, so that whoever reads what changed, and whoever holds a release back, sees it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::PublishError;
use super::moved::AFTER;
use super::moved::BEFORE;
use super::moved::Cause;
use super::moved::Moved;
use super::moved::Point;
use super::moved::Said;
use super::moved::joined;
use super::moved::point;
use crate::base::cell::Cell;
use crate::base::cell::text_of;
use crate::base::period::PeriodKind;
use crate::frame::table;

/// The name under which a score stands among metrics.
pub(super) const SCORE: &str = "score";

const KEY: [&str; 2] = ["unit_id", "period"];
const POINT: [&str; 3] = ["state", "data_score", "shown"];

/// A score that is not what it was: the unit, the year, and how it was and is.
pub type MovedScore = (String, String, Option<Point>, Option<Point>);

/// Every score that is not what it was, in the order of the units.
///
/// # Errors
/// Tables that are not those of a release.
pub fn moved_scores(before: &Said, after: &Said) -> Result<Vec<MovedScore>, PublishError> {
    let (Some(before), Some(after)) = (&before.scores, &after.scores) else {
        return Ok(Vec::new());
    };
    let both = joined(before, after, &KEY, &POINT)?;
    let sides = [BEFORE, AFTER].map(|side| POINT.map(|name| format!("{name}{side}")));
    let names: Vec<&str> =
        KEY.into_iter().chain(sides.iter().flatten().map(String::as_str)).collect();
    let rows = table::to_rows(&both, &names).into_iter().filter_map(|row| {
        // A score has no numerator and no denominator.
        let side = |cells: &[Option<Cell>]| point(&[cells, &[None, None]].concat());
        let (before, after) = (side(row.get(2..5)?), side(row.get(5..8)?));
        let whose = (text_of(row.first())?, text_of(row.get(1))?);
        (before != after).then_some((whose.0, whose.1, before, after))
    });
    let mut moved: Vec<MovedScore> = rows.collect();
    moved.sort_by(|x, y| (&x.0, &x.1).cmp(&(&y.0, &y.1)));
    Ok(moved)
}

/// The same among the values that moved. A score moved for what its unit's values of the same period moved for; where none did, for
/// the home, where that is another one, and else for the rows of those it is held against.
///
/// # Errors
/// Tables that are not those of a release.
pub(super) fn scored(
    (before, after): (&Said, &Said),
    moved: &[Moved],
    is_same_home: bool,
) -> Result<Vec<Moved>, PublishError> {
    let mut causes: BTreeMap<(&str, &str), Cause> = BTreeMap::new();
    for it in moved {
        let [_, Some(unit), None, None, _, _, Some(period)] = &it.key else { continue };
        let known = causes.entry((unit, period)).or_insert(it.cause);
        *known = it.cause.min(*known);
    }
    let of_all = if is_same_home { Cause::Rows } else { Cause::Definition };
    let (was, is) = (years(before), years(after));
    let scored = moved_scores(before, after)?.into_iter().map(|(unit, period, before, after)| {
        let of_unit = causes.get(&(unit.as_str(), period.as_str())).copied();
        let cause = match (&before, &after) {
            (Some(_), Some(_)) => of_unit.unwrap_or(of_all),
            _ if was.contains(&period) && is.contains(&period) => Cause::Units,
            _ => Cause::Time,
        };
        let kind = PeriodKind::Year.name().to_owned();
        let key = [Some(SCORE.to_owned()), Some(unit), None, None, None, Some(kind), Some(period)];
        Moved { key, before, after, cause }
    });
    Ok(scored.collect())
}

/// The years that anybody is scored for.
fn years(said: &Said) -> BTreeSet<String> {
    let rows = said.scores.iter().flat_map(|scores| table::to_rows(scores, &["period"]));
    rows.filter_map(|row| text_of(row.first())).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use polars::prelude::DataFrame;

    use super::*;
    use crate::publish::limits::Beyond;
    use crate::publish::limits::beyond;
    use crate::spec::formula::Exact;
    use crate::spec::schema::FieldKind;
    use crate::spec::settings::Limits;

    /// What is said of the scores of 2025, in hundredths.
    fn said(scores: &[(&str, Option<i128>)]) -> Said {
        said_of("2025", scores)
    }

    fn said_of(year: &str, scores: &[(&str, Option<i128>)]) -> Said {
        let columns = [
            ("unit_id", FieldKind::Text),
            ("period", FieldKind::Text),
            ("state", FieldKind::Text),
            ("data_score", FieldKind::Decimal(2)),
            ("shown", FieldKind::Text),
        ];
        let text = |text: &str| Some(Cell::Text(text.to_owned()));
        let row = |(unit, score): &(&str, Option<i128>)| {
            let state = if score.is_some() { "scored" } else { "withheld" };
            let score = score.map(|score| Cell::Decimal(score, 2));
            let shown = score.as_ref().map(|score| Cell::Text(score.written()));
            vec![text(unit), text(year), text(state), score, shown]
        };
        let rows: Vec<Vec<Option<Cell>>> = scores.iter().map(row).collect();
        let (metrics, definitions) = (DataFrame::empty(), DataFrame::empty());
        let scores = table::from_rows(&columns, &rows).unwrap();
        Said { metrics, definitions, scores: Some(scores), lines: None }
    }

    /// A value of a unit that moved because rows did.
    fn of_rows(unit: &str) -> Moved {
        let key = [Some("cases_closed"), Some(unit), None, None, None, Some("year"), Some("2025")];
        let key = key.map(|part| part.map(str::to_owned));
        Moved { key, before: None, after: None, cause: Cause::Rows }
    }

    #[test]
    fn a_score_moves_for_what_its_unit_moved_for_and_else_for_the_home() {
        let before = said(&[("A", Some(6_000)), ("B", Some(5_000)), ("C", Some(1)), ("E", None)]);
        let after = said(&[("A", Some(6_100)), ("B", Some(5_001)), ("D", Some(1)), ("E", None)]);
        let told = |is_same_home| {
            let moved = scored((&before, &after), &[of_rows("A")], is_same_home).unwrap();
            let line = |it: &Moved| (it.key[1].clone().unwrap(), it.cause);
            moved.iter().map(line).collect::<Vec<_>>()
        };
        let expected = |of_b| {
            let all = [("A", Cause::Rows), ("B", of_b), ("C", Cause::Units), ("D", Cause::Units)];
            all.map(|(unit, cause)| (unit.to_owned(), cause))
        };
        assert_eq!(told(true), expected(Cause::Rows));
        assert_eq!(told(false), expected(Cause::Definition));
    }

    #[test]
    fn a_year_that_is_over_or_begins_is_no_change_of_units() {
        let (before, after) = (said(&[("A", Some(1))]), said_of("2026", &[("A", Some(1))]));
        let moved = scored((&before, &after), &[], true).unwrap();
        let causes: Vec<Cause> = moved.iter().map(|it| it.cause).collect();
        assert_eq!(causes, [Cause::Time; 2]);
    }

    #[test]
    fn a_score_that_moves_too_far_is_named_with_its_unit() {
        let before = said(&[("A", Some(6_000)), ("B", Some(5_000)), ("C", Some(4_000))]);
        let limits = Limits { most: None, furthest: Some(Exact::new(1, 10)) };
        let named = |scores: &[(&str, Option<i128>)]| -> Vec<String> {
            let after = said(scores);
            let moved = scored((&before, &after), &[], true).unwrap();
            let beyond = beyond(limits, (&before, date(2026, 1, 5)), &after, &moved).unwrap();
            beyond.iter().map(Beyond::to_string).collect()
        };
        // A unit that is gone, or comes, is not held against anything.
        assert_eq!(named(&[("A", Some(6_600)), ("B", Some(5_000)), ("D", Some(1))]), [""; 0]);
        let far = named(&[("A", Some(6_601)), ("B", None), ("C", Some(4_000))]);
        assert_eq!(far, ["score A 2025 60.00 → 66.01", "score B 2025 50.00 → –"]);
    }
}
