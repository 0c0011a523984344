//! What is a gateway asked?

use serde_json::Value;

use super::way::Records;
use crate::spec::connector::Layout;
use crate::spec::connector::Method;
use crate::spec::connector::Place;
use crate::spec::connector::row_template;
use crate::spec::template::Secrets;
use crate::spec::template::TemplateError;

/// A question.
pub(super) struct Question<'a> {
    /// The stream and page, for reports.
    pub(super) what: String,
    /// The path below the gateway's address.
    pub(super) path: String,
    /// The address that the page before said, instead of the path and a query.
    pub(super) next: Option<String>,
    /// GET or POST.
    pub(super) method: Method,
    /// Where its parameters stand.
    pub(super) place: Place,
    /// Its parameters.
    pub(super) parameters: Vec<(String, Value)>,
    /// Where its records are, if rows are made of them.
    pub(super) records: Option<Records<'a>>,
    /// The statuses that say that there is nothing, and nothing is wrong.
    pub(super) gone: &'a [u16],
    /// Whether it is asked once, and never again: all that was told is here without it.
    pub(super) is_once: bool,
    /// Where secrets come from.
    pub(super) secrets: &'a (dyn Secrets + Sync),
}

impl Question<'_> {
    /// Whether its answer is a record a line, and nothing beside.
    pub(super) fn is_of_lines(&self) -> bool {
        self.records.is_some_and(|records| *records.layout == Layout::Lines)
    }
}

/// Does something to every text in a value.
pub(super) fn each_text(value: &mut Value, see: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(all) => all.iter_mut().for_each(|one| each_text(one, see)),
        Value::Object(all) => all.values_mut().for_each(|one| each_text(one, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A fixed parameter with the variables and secrets of its texts in it.
///
/// # Errors
/// What is not set.
pub(super) fn fixed(value: &Value, secrets: &dyn Secrets) -> Result<Value, TemplateError> {
    let (mut value, mut unset) = (value.clone(), None);
    each_text(&mut value, &mut |text| match filled(text, secrets) {
        Ok(filled) => *text = filled,
        Err(fault) => unset = unset.take().or(Some(fault)),
    });
    unset.map_or(Ok(value), Err)
}

/// A text of the manifest with its variables and secrets in it; rows of the parent keep their places.
///
/// # Errors
/// What is not set.
pub(super) fn filled(text: &str, secrets: &dyn Secrets) -> Result<String, TemplateError> {
    // What else a text names is a fault of `check`.
    let Ok((template, names)) = row_template(text) else { return Ok(text.to_owned()) };
    let places = names.iter().map(|name| (name.as_str(), format!("${{{name}}}")));
    let places: Vec<_> = places.collect();
    template.fill(secrets, &places)
}
