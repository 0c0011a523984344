//! What of a table changed since it was written last? Only that is written: a row is known again by its mark.

use jiff::tz::TimeZone;
use rayon::slice::ParallelSliceMut as _;

use super::Loaded;
use super::Replaces;
use super::Table;
use super::link::Link;
use super::scribe::Mark;
use super::scribe::Scribe;
use super::sheet::Sheet;

/// Brings a table to what its rows say.
pub(super) async fn change(
    link: &mut Link,
    sheet: &Sheet,
    zone: &TimeZone,
    table: &Table<'_>,
) -> sqlx::Result<Loaded> {
    let engine = link.engine();
    let scribe = Scribe::of(sheet, zone, engine);
    let marks = engine.marks(scribe.table());
    let standing = match &table.replaces {
        Replaces::All => link.marks(&marks, None).await?,
        Replaces::Where(column, value) => {
            let question = engine.only(&marks, column);
            link.marks(&question, Some(value)).await?
        }
    };
    let rows = &table.rows;
    let marks = match scribe.printed(rows)? {
        None if !standing.is_empty() => {
            let parts = (0..rows.parts).map(rows.part.as_ref());
            parts
                .flat_map(|rows| rows.iter().map(|row| scribe.mark(row)).collect::<Vec<_>>())
                .collect()
        }
        printed => printed.unwrap_or_default(),
    };
    let mut loaded = Loaded::default();
    // Which rows are new; with an empty table all are, and where no mark is known yet one look is enough.
    let news = (!standing.is_empty()).then(|| held_against(standing, &marks));
    if let Some((is_new, gone)) = &news {
        loaded.removed = gone.len() as u64;
        loaded.unchanged = is_new.iter().filter(|is_new| !**is_new).count() as u64;
        link.remove(scribe.table(), gone).await?;
    }
    let is_new = |at: usize| news.as_ref().is_none_or(|(news, _)| news.get(at) == Some(&true));
    let of_part = |part: usize| {
        let start = part * rows.at_once;
        let is_asked = news.is_none() || (start..start + rows.at_once).any(is_new);
        let rows = is_asked.then(|| (rows.part)(part)).into_iter().flatten();
        (start..).zip(rows).filter(move |(at, _)| is_new(*at))
    };
    let written = (0..rows.parts).flat_map(of_part);
    let written = written.inspect(|_| loaded.written += 1);
    link.write(&scribe, written.map(|(at, row)| (row, marks.get(at).copied()))).await?;
    Ok(loaded)
}

/// Which rows are new, and where those stand that are no longer told; the same row may stand twice.
fn held_against(standing: Vec<(Mark, u64)>, marks: &[Mark]) -> (Vec<bool>, Vec<u64>) {
    let number = u128::from_be_bytes;
    let mut standing: Vec<_> =
        standing.into_iter().map(|(mark, place)| (number(mark), place)).collect();
    let mut told: Vec<_> = marks.iter().map(|mark| number(*mark)).zip(0..).collect();
    standing.par_sort_unstable();
    told.par_sort_unstable();
    let (mut is_new, mut gone) = (vec![true; marks.len()], Vec::new());
    let mut told = told.into_iter().peekable();
    for (mark, place) in standing {
        while told.next_if(|(other, _)| *other < mark).is_some() {}
        match told.next_if(|(other, _)| *other == mark) {
            Some((_, at)) => is_new[at] = false,
            None => gone.push(place),
        }
    }
    gone.sort_unstable();
    (is_new, gone)
}
