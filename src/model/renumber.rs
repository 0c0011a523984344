//! Who is the person of a row whose number was corrected since? The one that rosters name by the new number.

use polars::prelude::DataFrame;

use super::ModelError;
use super::resolve::one_a_key;
use super::resolve::set_texts;
use super::resolve::texts_of;
use super::spells::Corrected;
use crate::spec::schema::Schema;

/// The column with the person of a row.
const PERSON: &str = "person_id";

/// A table whose rows name everybody by the last number, and how many rows are left out, for one that was sent under
/// that number has their key.
///
/// # Errors
/// A table that polars refuses.
pub fn renumbered(
    schema: &Schema,
    table: DataFrame,
    corrected: &Corrected,
) -> Result<(DataFrame, u64), ModelError> {
    let sent = if corrected.is_empty() { Vec::new() } else { texts_of(&table, PERSON) };
    let last = |sent: &Option<String>| corrected.get(sent.as_deref()?).map(ToString::to_string);
    let last: Vec<Option<String>> = sent.iter().map(last).collect();
    if last.iter().all(Option::is_none) {
        return Ok((table, 0));
    }
    let (rows, mut table) = (table.height(), table);
    let numbers = last.iter().zip(sent).map(|(last, sent)| last.clone().or(sent));
    set_texts(&mut table, PERSON, &numbers.collect::<Vec<_>>())?;
    if schema.primary_key.iter().any(|name| name == PERSON) {
        table = one_a_key(schema, table, |at| matches!(last.get(at), Some(None)))?;
    }
    let left = (rows - table.height()) as u64;
    Ok((table, left))
}
