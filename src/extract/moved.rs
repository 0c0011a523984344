//! Did rows move while their pages were counted? Then a key comes on two pages, and another row perhaps on none.

use std::collections::BTreeSet;

use crate::base::sheet::Sheet;
use crate::base::sheet::mixed_bytes;
use crate::spec::connector::Stream;
use crate::spec::schema::Schema;

/// The headers of the source that make a row itself, as far as columns of the key are read from them.
pub fn row_key(stream: &Stream, schema: &Schema) -> Vec<String> {
    let is_key = |name: &String| schema.primary_key.contains(name);
    let mut headers = Vec::new();
    for column in stream.columns.iter().filter(|column| is_key(&column.name)) {
        headers.extend(column.from.iter().cloned());
        if let Some((_, expr)) = &column.sql {
            expr.each_column(&mut |header| headers.push(header.to_owned()));
        }
    }
    headers
}

/// The keys of a slice, a number each.
pub(super) struct Keys<'k> {
    headers: &'k [String],
    all: Vec<u64>,
    /// How many rows have the key of another one on their page.
    beside: usize,
}

impl<'k> Keys<'k> {
    /// Of rows that these headers make themselves; none where they are not known.
    pub(super) fn of(headers: &'k [String]) -> Keys<'k> {
        Keys { headers, all: Vec::new(), beside: 0 }
    }

    /// Enters the rows of a page. What comes twice on one page did not move.
    pub(super) fn enter(&mut self, sheet: &Sheet) {
        let Some(page) = self.of_page(sheet) else { return };
        self.beside += sheet.height() - page.len();
        self.all.extend(page);
    }

    /// The keys of a page, each once and in order; none where they are not known.
    fn of_page(&self, sheet: &Sheet) -> Option<Vec<u64>> {
        let columns = sheet.headers.iter().zip(&sheet.columns);
        let columns: Vec<_> = columns.filter(|(header, _)| self.headers.contains(header)).collect();
        if columns.is_empty() {
            return None;
        }
        let mut page: Vec<u64> = vec![0; sheet.height()];
        for (_, column) in columns {
            for (number, text) in page.iter_mut().zip(column.iter()) {
                let is_filled = u64::from(text.is_some());
                *number = mixed_bytes(*number ^ is_filled, text.unwrap_or_default().as_bytes());
            }
        }
        page.sort_unstable();
        page.dedup();
        Some(page)
    }

    /// Whether every row of a page came before; nobody knows where rows share their keys.
    pub(super) fn hold(&self, sheet: &Sheet) -> bool {
        let known: BTreeSet<&u64> = self.all.iter().collect();
        let is_log = self.beside > 0 || known.len() < self.all.len();
        let page = self.of_page(sheet).filter(|_| !is_log);
        page.is_some_and(|page| page.iter().all(|key| known.contains(key)))
    }

    /// How many keys came on a further page, where they are few: a log has many rows of one key, wherever they
    /// stand.
    pub(super) fn moved(mut self) -> u64 {
        let rows = self.all.len();
        if self.beside > rows / 10 {
            return 0;
        }
        self.all.sort_unstable();
        self.all.dedup();
        let moved = rows - self.all.len();
        if moved <= 1.max(rows / 10) { moved as u64 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::sheet::Texts;

    fn moved(headers: &[&str], pages: &[&[(&str, &str)]]) -> u64 {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        let mut keys = Keys::of(&headers);
        for page in pages {
            let ids: Texts = page.iter().map(|(id, _)| Some(*id)).collect();
            let says: Texts = page.iter().map(|(_, says)| Some(*says)).collect();
            let places = page.iter().map(|_| (std::sync::Arc::from(""), 1)).collect();
            let headers = vec!["id".to_owned(), "says".to_owned()];
            keys.enter(&Sheet { headers, columns: vec![ids, says], places });
        }
        keys.moved()
    }

    #[test]
    fn a_key_on_two_pages_moved_and_one_of_a_log_did_not() {
        let pages: &[&[(&str, &str)]] =
            &[&[("1", "a"), ("2", "b")], &[("2", "changed"), ("3", "c")]];
        assert_eq!(moved(&["id"], pages), 1);
        assert_eq!(moved(&["id", "says"], pages), 0);
        assert_eq!(moved(&["other"], pages), 0);
        assert_eq!(moved(&[], pages), 0);
        // Twice on one page, or on most of them.
        assert_eq!(moved(&["id"], &[&[("1", "a"), ("1", "b")], &[("1", "c"), ("1", "d")]]), 0);
        assert_eq!(moved(&["id"], &[&[("1", "a"), ("1", "b")], &[("2", "c")]]), 0);
        assert_eq!(moved(&["id"], &[&[("1", "a"), ("2", "b")], &[("1", "c"), ("2", "d")]]), 0);
    }
}
