//! By what is a row judged? The contract of its table, the codes and the calendar of the home.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use polars::prelude::*;

use super::ModelError;
pub use super::judged::Judged;
pub use super::judged::Kept;
pub use super::judged::Origin;
pub use super::judged::Quarantined;
use crate::frame::expr;
use crate::frame::functions::Days;
use crate::spec::codes::CodeTable;
use crate::spec::connector::Stream;
use crate::spec::reader::Found;
use crate::spec::schema::Schema;
use crate::spec::sql::Expr;

/// What a stream is judged by.
#[derive(Debug)]
pub struct Judge<'c> {
    /// The stream.
    pub stream: &'c Stream,
    /// Its contract.
    pub schema: &'c Schema,
    /// The code tables.
    pub codes: &'c BTreeMap<String, CodeTable>,
    /// What a time without an offset means there.
    pub zone: TimeZone,
    /// What days mean here.
    pub days: Days,
    /// The night, whose day it is where a row ends on none.
    pub night: Date,
}

/// Why a cell has no value.
pub(super) type Reason = String;

/// A row of a part, and its own day where the meaning of a text hangs on it.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) at: usize,
    pub(super) day: Option<Date>,
}

impl Judge<'_> {
    /// What an expression of the manifest comes to in each row of a part.
    pub(super) fn evaluated(
        &self,
        part: &DataFrame,
        tree: &Expr,
        said: &Found<String>,
    ) -> Result<Column, ModelError> {
        let refused = |cause| ModelError::Expression {
            line: said.place.line,
            column: said.place.column,
            key: said.key.clone(),
            cause,
        };
        let built = expr::row(tree, &self.days).map_err(refused)?.alias("_value");
        let frame = part.clone().lazy().select([built]).collect().map_err(refused)?;
        let column = frame.column("_value").map_err(refused)?.clone();
        Ok(if column.len() == part.height() {
            column
        } else {
            column.new_from_index(0, part.height())
        })
    }
}
