//! Is a text what its column says it is? A credit code that is wrong is no value: its row is kept, and the
//! code is told by what is wrong with it and where it stood first. The code itself is not repeated, for what
//! stands in its place may be the number of a person.

use std::collections::BTreeMap;

use super::judge::Judge;
use super::judged::At;
use super::judged::Judged;
use crate::base::cell::Cell;
use crate::base::cell::CellRow;
use crate::base::credit;
use crate::base::credit::CreditFault;
use crate::base::text::quoted;
use crate::spec::schema::Form;

/// What is wrong with codes, if anything is.
pub(super) type Codes = BTreeMap<String, Option<CreditFault>>;

/// So many codes are remembered.
const MOST_KNOWN: usize = 1_000;

/// The kind of finding.
const WRONG: &str = "wrong_code";

impl Judge<'_> {
    /// The cells of a row without codes that are wrong; what is wrong with those of rows before is known.
    ///
    /// # Errors
    /// The column and the reason, where a row needs a code.
    pub(super) fn formed(
        &self,
        mut cells: CellRow,
        at: &At,
        (judged, known): (&mut Judged, &mut Codes),
    ) -> Result<CellRow, (String, String)> {
        for (field, cell) in self.schema.fields.iter().zip(&mut cells) {
            let (Some(Form::Uscc), Some(Cell::Text(text))) = (field.form, &cell) else { continue };
            let fault = match known.get(text) {
                Some(fault) => *fault,
                None => credit::judge(text).err(),
            };
            if known.len() < MOST_KNOWN && !known.contains_key(text) {
                known.insert(text.clone(), fault);
            }
            let Some(fault) = fault else { continue };
            if field.is_required {
                return Err((field.name.clone(), format!("code_{}", fault.name())));
            }
            *cell = None;
            let about = (WRONG.to_owned(), format!("{} {}", field.name, fault.name()));
            let place = || quoted(&format!("{} row {}", at.source, at.row));
            judged.first.entry(about.clone()).or_insert_with(place);
            *judged.noticed.entry(about).or_default() += 1;
        }
        Ok(cells)
    }
}
