//! What is asked for at once? A slice of time, of one row of the parent where there is one.

use std::sync::Arc;

use super::ExtractError;
use super::Request;
use super::each::Parent;
use super::window::Slice;
use crate::base::batch::Batch;
use crate::base::batch::FILTERED;
use crate::base::batch::NONE;
use crate::base::batch::Row;
use crate::base::pseudonym::sha256;
use crate::base::sheet::Sheet;
use crate::base::sheet::Texts;
use crate::spec::connector::HttpStream;

/// A slice, of a row of the parent where there is one.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) slice: Slice,
    pub(super) parent: Option<Parent>,
}

/// What is asked for, one part after the other, and where the next pull begins.
pub(super) fn parts(
    ask: &HttpStream,
    request: &Request<'_>,
) -> Result<(Vec<Part>, Option<jiff::Timestamp>), ExtractError> {
    let (slices, until) = match &ask.cursor {
        None => (vec![Slice::default()], None),
        Some(cursor) => {
            let windows = request.windows(cursor)?;
            (windows.slices, Some(windows.until))
        }
    };
    let parents = match &ask.each {
        None => vec![None],
        Some(each) => Parent::all(each, request)?.into_iter().map(Some).collect(),
    };
    let mut parts = Vec::new();
    for parent in parents {
        let of = |slice: &Slice| Part { slice: slice.clone(), parent: parent.clone() };
        parts.extend(slices.iter().map(of));
    }
    Ok((parts, until))
}

impl Part {
    /// Its name among the pages that are kept; nobody finds a parent's key in it.
    pub(super) fn name(&self) -> String {
        let parent = self.parent.as_ref().map_or("", |parent| parent.hash.as_str());
        let mut name = sha256(format!("{parent}{}", self.slice.words()).as_bytes());
        name.truncate(24);
        name
    }

    /// A row that says of a row of the parent that it has none; nothing where there is no parent.
    pub(super) fn none(&self) -> Option<Sheet> {
        self.parent.as_ref()?;
        let row = Row { source: Arc::default(), row: 1, cells: vec![Some(NONE.to_owned())] };
        let batch = Batch { headers: vec![FILTERED.to_owned()], rows: vec![row] };
        let mut sheet = Sheet::from(&batch);
        self.mark(&mut sheet);
        Some(sheet)
    }

    /// Says of every row for which row of the parent it came.
    pub(super) fn mark(&self, sheet: &mut Sheet) {
        for (header, value) in self.parent.iter().flat_map(Parent::made) {
            let cells = sheet.places.iter().map(|_| Some(value.as_str()));
            let column: Texts = cells.collect();
            sheet.headers.push(header);
            sheet.columns.push(column);
        }
    }

    /// Which one it is, in words.
    pub(super) fn words(&self) -> String {
        let parent = self.parent.as_ref().map(|parent| format!(" of {}", parent.words()));
        format!("{}{}", parent.unwrap_or_default(), self.slice.words())
    }
}
