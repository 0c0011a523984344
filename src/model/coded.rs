//! Which of our values does a text mean? By the words of the manifest, or else by the code table of the
//! column; a text that is our value already stays.

use std::borrow::Cow;

use jiff::civil::Date;

use super::cast::cast;
use super::judge::Judge;
use crate::base::cell::Cell;
use crate::base::identity::fold;
use crate::base::text::cleaned;
use crate::spec::codes::CodeTable;
use crate::spec::connector::Column as Mapped;
use crate::spec::schema::Field;
use crate::spec::schema::Form;

impl Judge<'_> {
    /// The value of a text in a row of a day; none where it is empty or means nothing.
    ///
    /// # Errors
    /// The reason, as it stands in the quarantine.
    pub(super) fn cell(
        &self,
        field: &Field,
        mapped: &Mapped,
        text: &str,
        day: Option<Date>,
    ) -> Result<Option<Cell>, String> {
        let mut text = cleaned(text);
        if text.is_empty() || self.stream.empty.iter().any(|word| *word == text) {
            return Ok(None);
        }
        if let Some(pattern) = &mapped.extract {
            let found = pattern.captures(&text).and_then(|groups| groups.get(1));
            text = Cow::Owned(found.ok_or("no_match")?.as_str().to_owned());
        }
        if field.form == Some(Form::Uscc) {
            text = Cow::Owned(fold(&text));
        }
        let codes = field.codes.as_ref().and_then(|name| self.codes.get(&name.value));
        let Some(text) = coded(text, (field, mapped), codes, day)? else { return Ok(None) };
        cast(&text, field.kind, &mapped.formats, &self.zone).map(Some).map_err(str::to_owned)
    }
}

/// Our word for a cleaned text; none where the manifest says that it means nothing.
fn coded<'t>(
    text: Cow<'t, str>,
    (field, mapped): (&Field, &'t Mapped),
    codes: Option<&'t CodeTable>,
    day: Option<Date>,
) -> Result<Option<Cow<'t, str>>, String> {
    let known = if !mapped.values.is_empty() {
        let line = mapped.values.iter().find(|(word, _)| *word == text);
        line.map(|(_, value)| value.as_deref())
    } else if let Some(codes) = codes {
        codes.value(&text, day).map(Some)
    } else {
        return Ok(Some(text));
    };
    match known {
        Some(value) => Ok(value.map(Cow::Borrowed)),
        None if field.limits.choices.iter().any(|choice| *choice == text) => Ok(Some(text)),
        None => Err("unknown_value".to_owned()),
    }
}
