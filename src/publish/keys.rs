//! What do the rows of a release keep of their contracts? Whoever judges a release by its manifest finds it valid: what is
//! amiss at a source is a finding of the night and not a fault of the file.

use polars::prelude::IntoLazy as _;
use polars::prelude::JoinArgs;
use polars::prelude::JoinType;
use polars::prelude::col;
use serde_json::Value;

use super::PublishError;
use super::Resource;
use crate::frame::FrameError;
use crate::spec::schema::ForeignKey;

/// The contract of every table as its rows keep it: keys that point at a table of the release, and at a row of it each
/// time.
pub(super) fn kept(resources: &[Resource<'_>]) -> Result<Vec<Value>, PublishError> {
    resources.iter().map(|resource| of(resource, resources)).collect()
}

fn of(resource: &Resource<'_>, resources: &[Resource<'_>]) -> Result<Value, PublishError> {
    let mut contract = contract(resource);
    let mut holds = Vec::new();
    for key in &resource.schema.foreign_keys {
        holds.push(is_kept(resource, key, resources)?);
    }
    let Some(keys) = contract.get_mut("foreignKeys").and_then(Value::as_array_mut) else {
        return Ok(contract);
    };
    let mut holds = holds.into_iter();
    keys.retain(|_| holds.next().unwrap_or_default());
    if keys.is_empty() {
        contract.as_object_mut().map(|contract| contract.shift_remove("foreignKeys"));
    }
    Ok(contract)
}

/// The contract, without `required` where a row stands whose column is empty because it names what nobody knows.
pub(super) fn contract(resource: &Resource<'_>) -> Value {
    let mut contract: Value = serde_json::from_str(resource.contract).unwrap_or_default();
    let fields = contract.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten();
    for (told, field) in fields.zip(&resource.schema.fields) {
        let constraints = told.get_mut("constraints").and_then(Value::as_object_mut);
        if let Some(constraints) = constraints.filter(|_| resource.schema.may_be_empty(field)) {
            constraints.shift_remove("required");
        }
    }
    contract
}

/// Whether every value of a column stands in the column that it points at.
fn is_kept(
    resource: &Resource<'_>,
    key: &ForeignKey,
    resources: &[Resource<'_>],
) -> Result<bool, FrameError> {
    let other = resources.iter().find(|other| other.schema.name == key.table);
    let Some(other) = other else { return Ok(false) };
    let told = resource.table.clone().lazy().select([col(key.column.as_str())]).drop_nulls(None);
    let known = other.table.clone().lazy().select([col(key.target.as_str())]);
    let on = (col(key.column.as_str()), col(key.target.as_str()));
    let lost = told.join(known, [on.0], [on.1], JoinArgs::new(JoinType::Anti)).collect();
    Ok(lost.map_err(FrameError::polars("following a key"))?.height() == 0)
}
