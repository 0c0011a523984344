//! How do pages follow each other, and when is the last one reached?

use super::super::reader::Table;
use super::values::scalars;

/// How pages follow each other.
#[derive(Clone, Debug)]
pub struct Page {
    /// What asks for the next one.
    pub turn: Turn,
    /// The parameter of the page's size, and the size.
    pub size: Option<(String, u64)>,
    /// The JSON pointer of the source's own total.
    pub total: Option<String>,
    /// The JSON pointer of whether more follow.
    pub more: Option<String>,
}

/// What asks for the next page.
#[derive(Clone, Debug)]
pub enum Turn {
    /// Nothing: all is in one answer.
    None,
    /// Page 1, 2, 3 …
    Number {
        /// The parameter of the page's number.
        param: String,
        /// The number of the first page.
        first: u64,
    },
    /// How many rows came before it.
    Offset {
        /// The parameter of that number.
        param: String,
        /// The number before the first page.
        first: u64,
    },
    /// What the page before said.
    Cursor {
        /// The parameter of the cursor; the first page has none.
        param: String,
        /// The JSON pointer of the cursor of the next page.
        next: String,
        /// Cursors that say that there is none, such as `0`.
        last: Vec<String>,
    },
    /// The address that the page before said.
    NextUrl {
        /// The JSON pointer of that address.
        next: String,
    },
    /// The address in the header `Link` of the page before (RFC 8288).
    LinkHeader,
}

impl Turn {
    /// Whether pages are found by counting: rows that come and go meanwhile move them, so that pages of
    /// another hour do not fit those of this one.
    pub fn is_counted(&self) -> bool {
        matches!(self, Turn::Number { .. } | Turn::Offset { .. })
    }
}

#[derive(Clone, Copy)]
enum Kind {
    None,
    Number,
    Offset,
    Cursor,
    NextUrl,
    LinkHeader,
}

const KINDS: [(&str, Kind); 6] = [
    ("none", Kind::None),
    ("number", Kind::Number),
    ("offset", Kind::Offset),
    ("cursor", Kind::Cursor),
    ("next_url", Kind::NextUrl),
    ("link_header", Kind::LinkHeader),
];

pub(super) fn read(table: Option<Table<'_>>) -> Page {
    let none = Page { turn: Turn::None, size: None, total: None, more: None };
    let Some(table) = table else { return none };
    let kind = table.word("kind", &KINDS);
    let turn = match kind {
        None | Some(Kind::None) => return none,
        Some(Kind::Number) => {
            let param = table.need_text("param");
            Turn::Number { param, first: table.count("first").unwrap_or(1) }
        }
        Some(Kind::Offset) => {
            let param = table.need_text("param");
            Turn::Offset { param, first: table.count("first").unwrap_or(0) }
        }
        Some(Kind::Cursor) => {
            let last = table.node("last").map_or_else(Vec::new, scalars);
            Turn::Cursor { param: table.need_text("param"), next: table.need_text("next"), last }
        }
        Some(Kind::NextUrl) => Turn::NextUrl { next: table.need_text("next") },
        Some(Kind::LinkHeader) => Turn::LinkHeader,
    };
    let is_counted = turn.is_counted();
    Page {
        size: size(&table, is_counted),
        total: table.text("total"),
        more: table.text("more"),
        turn,
    }
}

fn size(table: &Table<'_>, is_needed: bool) -> Option<(String, u64)> {
    let node = table.node("size");
    let size = node.and_then(|node| match scalars(node).as_slice() {
        [name, size] => Some((name.clone(), size.parse().ok()?)),
        _ => None,
    });
    if size.is_none() && (is_needed || node.is_some()) {
        table.missing("size", "[\"pageSize\", 1000]");
    }
    size
}
