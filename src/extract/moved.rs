//! Did rows move while their pages were read? Then a key comes on two pages, and another row perhaps on none.

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
    /// Where the source says what follows, the page before, in order: a page may begin with rows of it.
    before: Option<Vec<u64>>,
    /// The part of all rows of which so much may have moved; where more keys repeat, they are those of a log.
    most: usize,
}

impl<'k> Keys<'k> {
    /// Of rows that these headers make themselves; none where they are not known. Of a source that says what follows a
    /// page may begin with rows of the one before; where a row that does not come is gone more may have moved.
    pub(super) fn of(headers: &'k [String], is_counted: bool, is_whole: bool) -> Keys<'k> {
        let (before, most) = ((!is_counted).then(Vec::new), if is_whole { 2 } else { 10 });
        Keys { headers, all: Vec::new(), beside: 0, before, most }
    }

    /// Enters the rows of a page. What comes twice on one page did not move.
    pub(super) fn enter(&mut self, sheet: &Sheet) {
        let Some(keys) = self.of_rows(sheet) else { return };
        let before = self.before.as_deref().unwrap_or_default();
        let overlap = keys.iter().take_while(|key| before.binary_search(key).is_ok()).count();
        let page = sorted(keys.get(overlap..).unwrap_or_default().to_vec());
        self.beside += keys.len() - overlap - page.len();
        self.all.extend(page);
        self.before = self.before.is_some().then(|| sorted(keys));
    }

    /// The keys of a page's rows; none where they are not known.
    fn of_rows(&self, sheet: &Sheet) -> Option<Vec<u64>> {
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
        Some(page)
    }

    /// Whether every row of a page came before; nobody knows where rows share their keys.
    pub(super) fn hold(&self, sheet: &Sheet) -> bool {
        let known: BTreeSet<&u64> = self.all.iter().collect();
        let is_log = self.beside > 0 || known.len() < self.all.len();
        let page = self.of_rows(sheet).filter(|_| !is_log);
        page.is_some_and(|page| page.iter().all(|key| known.contains(key)))
    }

    /// The keys that came on a further page, where they are few: a log has many rows of one key, wherever they stand.
    pub(super) fn moved(mut self) -> Vec<u64> {
        let most = self.all.len() / self.most;
        self.all.sort_unstable();
        let twice = self.all.iter().zip(self.all.iter().skip(1)).filter(|(key, next)| key == next);
        let twice: Vec<u64> = twice.map(|(key, _)| *key).collect();
        if self.beside > most || twice.len() > 1.max(most) { Vec::new() } else { twice }
    }
}

/// Some keys, each once and in order.
fn sorted(mut keys: Vec<u64>) -> Vec<u64> {
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::sheet::Texts;

    fn moved(headers: &[&str], pages: &[&[(&str, &str)]]) -> usize {
        told(headers, pages, (true, false))
    }

    fn told(
        headers: &[&str],
        pages: &[&[(&str, &str)]],
        (is_counted, is_whole): (bool, bool),
    ) -> usize {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        let mut keys = Keys::of(&headers, is_counted, is_whole);
        for page in pages {
            let ids: Texts = page.iter().map(|(id, _)| Some(*id)).collect();
            let says: Texts = page.iter().map(|(_, says)| Some(*says)).collect();
            let places = page.iter().map(|_| (std::sync::Arc::from(""), 1)).collect();
            let headers = vec!["id".to_owned(), "says".to_owned()];
            keys.enter(&Sheet { headers, columns: vec![ids, says], places });
        }
        keys.moved().len()
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
        let all_again: &[&[_]] = &[&[("1", "a"), ("2", "b")], &[("1", "c"), ("2", "d")]];
        assert_eq!(moved(&["id"], all_again), 0);
        // Of what is gone where it does not come nothing is taken for a log until most of it repeats.
        assert_eq!(told(&["id"], all_again, (true, true)), 2);
    }

    #[test]
    fn where_a_source_says_what_follows_a_page_may_begin_with_rows_of_the_one_before() {
        let overlap: &[&[_]] =
            &[&[("1", "a"), ("2", "b"), ("3", "c")], &[("2", "b"), ("3", "c"), ("4", "d")]];
        assert_eq!(told(&["id"], overlap, (false, true)), 0);
        assert_eq!(told(&["id"], overlap, (true, true)), 2);
        let moved: &[&[_]] = &[&[("1", "a"), ("2", "b")], &[("3", "c"), ("1", "a")]];
        assert_eq!(told(&["id"], moved, (false, false)), 1);
        let later: &[&[_]] = &[&[("1", "a"), ("2", "b")], &[("3", "c")], &[("1", "a")]];
        assert_eq!(told(&["id"], later, (false, false)), 1);
    }
}
