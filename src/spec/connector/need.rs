//! Which headers must a source send? What is not there would count as empty.

use super::stream::Column;
use super::stream::Stream;

impl Stream {
    /// The first column that does not find what it is made of, and the headers that it misses: all that may hold it, or those
    /// that its expression names, for what is not there would count as empty. A header that some column may do without is
    /// missed by none: it is optional, or has others.
    pub fn lacking(&self, is_known: impl Fn(&str) -> bool) -> Option<(&Column, Vec<&str>)> {
        let spared = self.spared();
        let mut needed = self.columns.iter().filter(|column| !column.is_optional);
        needed.find_map(|column| {
            if !column.is_found(&is_known) {
                return Some((column, column.headers().collect()));
            }
            let mut named = Vec::new();
            if let Some((_, expr)) = &column.sql {
                expr.each_column(&mut |name| named.push(name));
            }
            named.retain(|name| !is_there(name, &is_known) && !spared.contains(name));
            (!named.is_empty()).then_some((column, named))
        })
    }

    /// The headers that some column may do without.
    fn spared(&self) -> Vec<&str> {
        let may = |column: &&Column| column.is_optional || column.from.len() > 1;
        self.columns.iter().filter(may).flat_map(Column::headers).collect()
    }

    /// The first of `where` and `deleted` that misses a header, and that header.
    pub fn unasked(&self, is_known: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
        let spared = self.spared();
        let is_missed = |name: &&str| !is_there(name, &is_known) && !spared.contains(name);
        self.keep.iter().chain(&self.deleted).find_map(|(text, expr)| {
            let mut missing = None;
            expr.each_column(&mut |name| {
                missing = missing.or(Some(name).filter(is_missed));
            });
            missing.map(|name| (text.key.as_str(), name))
        })
    }
}

impl Column {
    /// Whether one of the headers that may hold it is among those that are known, if it needs one.
    pub fn is_found(&self, is_known: impl Fn(&str) -> bool) -> bool {
        let is_needed = !self.is_optional && !self.from.is_empty();
        !is_needed || self.headers().any(|header| is_there(header, &is_known))
    }

    fn headers(&self) -> impl Iterator<Item = &str> {
        self.from.iter().map(String::as_str)
    }
}

/// Whether the source sends what a header is made from. What the manifest makes itself begins with `_`.
pub fn is_there(header: &str, is_known: impl Fn(&str) -> bool) -> bool {
    let header = source_header(header);
    header.starts_with('_') || is_known(header)
}

/// The header of the source from which one is made: what lands beside the number of a person ends in a word of ours.
pub fn source_header(header: &str) -> &str {
    let beside = [".fault", ".birth_date", ".sex"];
    beside.iter().find_map(|end| header.strip_suffix(end)).unwrap_or(header)
}
