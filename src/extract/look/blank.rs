//! Which columns say something only in the first row of a group? An office writes the name of a unit once, and leaves
//! the cells below it empty.

use crate::extract::header;
use crate::extract::sheet::Cell;
use crate::extract::sheet::Line;
use crate::extract::sheet::Sheet;
use crate::spec::connector::Grid;
use crate::spec::schema::FieldKind;
use crate::spec::sniff;

/// Such a column is one of the first, behind a number at most.
const FIRST: usize = 2;

/// The columns that look so: filled in the first row, with a word that is never that of the group before, and empty
/// in rows that fill the others, of which there are as many as groups.
pub(super) fn columns<'s>(
    sheet: &'s Sheet,
    grid: &Grid,
    rows: impl Iterator<Item = &'s Line>,
) -> Vec<String> {
    let filled = |line: &Line| line.cells.iter().flatten().count();
    let rows: Vec<&Line> = rows.collect();
    let widest = rows.iter().map(|line| filled(line)).max().unwrap_or(0);
    let is_row = |line: &&Line| filled(line) > 1 && filled(line) + FIRST >= widest;
    let rows: Vec<&Line> = rows.into_iter().filter(is_row).collect();
    let name = |at: usize| {
        let rows = (grid.header_from..=grid.header_to).map(|row| sheet.covered(row, at));
        let name = header::joined(rows);
        (!name.is_empty() && !grid.fill_down.contains(&name)).then_some(name)
    };
    let cells = |at: usize| rows.iter().filter_map(move |line| line.cells.get(at));
    let looks_so = |at: &usize| is_first_of_group(&cells(*at).collect::<Vec<&Cell>>());
    let counts = |at: &usize| {
        let said: Vec<String> = cells(*at).flatten().cloned().collect();
        sniff::kind(&said) == FieldKind::Whole
    };
    let first = (0..FIRST).take_while(|at| looks_so(at) || counts(at));
    first.filter(looks_so).filter_map(name).collect()
}

/// Whether the cells of a column name each group in its first row alone.
fn is_first_of_group(cells: &[&Cell]) -> bool {
    let said: Vec<String> = cells.iter().filter_map(|cell| (*cell).clone()).collect();
    let is_word = sniff::kind(&said) == FieldKind::Text;
    let is_other = said.windows(2).all(|two| two.first() != two.last());
    let empty = cells.len() - said.len();
    is_word
        && is_other
        && said.len() > 1
        && empty >= said.len()
        && cells.first().is_some_and(|cell| cell.is_some())
}
