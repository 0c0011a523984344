//! Is a text what its column says it is? A credit code that is wrong is no value: its row is kept, and the
//! code is told by what is wrong with it and where it stood first. The code itself is not repeated, for what
//! stands in its place may be the number of a person.

use super::judge::Judge;
use super::judged::Judged;
use super::told::Row;
use super::told::Told;
use crate::base::cell::Cell;
use crate::base::credit;
use crate::base::text::quoted;
use crate::spec::schema::Field;
use crate::spec::schema::Form;

/// The kind of finding.
const WRONG: &str = "wrong_code";

impl Judge<'_> {
    /// Takes codes that are wrong out of what rows tell; a row that needs one breaks its contract.
    pub(super) fn formed(&self, told: &mut [Told], rows: &mut [Row], judged: &mut Judged) {
        let coded = self.schema.fields.iter().zip(told);
        for (field, told) in coded.filter(|(field, _)| field.form == Some(Form::Uscc)) {
            without_wrong(field, told, rows, judged);
        }
    }
}

fn without_wrong(field: &Field, told: &mut Told, rows: &mut [Row], judged: &mut Judged) {
    let fault = |value: &Cell| match value {
        Cell::Text(text) => credit::judge(text).err(),
        _ => None,
    };
    let faults: Vec<_> = told.values.iter().map(fault).collect();
    for (row, told) in rows.iter_mut().zip(&mut told.rows) {
        let at = told.filter(|_| row.fault.is_none()).and_then(|at| usize::try_from(at).ok());
        let Some(fault) = at.and_then(|at| *faults.get(at)?) else { continue };
        *told = None;
        if field.is_required {
            row.fault = Some((field.name.clone(), format!("code_{}", fault.name())));
            continue;
        }
        let about = (WRONG.to_owned(), format!("{} {}", field.name, fault.name()));
        let place = || quoted(&format!("{} row {}", row.place.source, row.place.row));
        judged.first.entry(about.clone()).or_insert_with(place);
        *judged.noticed.entry(about).or_default() += 1;
    }
}
