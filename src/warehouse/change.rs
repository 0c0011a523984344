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

/// The cells of so many rows are made at a time.
const AT_ONCE: usize = 10_000;

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
    let all: Vec<usize> = (0..rows.count).collect();
    let rows_at =
        |some: &[usize]| (rows.at)(some).map_err(|fault| sqlx::Error::Encode(fault.into()));
    let mut marks = scribe.printed(rows)?;
    if marks.is_none() && !standing.is_empty() {
        let mut own = Vec::with_capacity(rows.count);
        for some in all.chunks(AT_ONCE) {
            own.extend(rows_at(some)?.iter().map(|row| scribe.mark(row)));
        }
        marks = Some(own);
    }
    let marks = marks.unwrap_or_default();
    // With an empty table all rows are new, and where no mark is known yet one look is enough.
    let (mut unchanged, mut removed, mut news) = (0, 0, all);
    if !standing.is_empty() {
        let (is_new, gone) = held_against(standing, &marks);
        news.retain(|at| is_new.get(*at) == Some(&true));
        unchanged = (rows.count - news.len()) as u64;
        removed = gone.len() as u64;
        link.remove(scribe.table(), &gone).await?;
    }
    let written = news.chunks(AT_ONCE).flat_map(|some| match rows_at(some) {
        Ok(rows) => {
            let marks = some.iter().map(|at| marks.get(*at).copied());
            rows.into_iter().zip(marks).map(Ok).collect()
        }
        Err(fault) => vec![Err(fault)],
    });
    link.write(&scribe, written).await?;
    Ok(Loaded { written: news.len() as u64, removed, unchanged })
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
