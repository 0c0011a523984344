//! What of a row may be stored? Only what the stream's columns name; a person's number becomes a
//! pseudonym, a word that tells too much becomes our value. Nothing passes this room around it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::mem;

use jiff::civil::Date;

use super::nested;
use crate::base::identity;
use crate::base::pseudonym::Key;
use crate::base::sheet::Sheet;
use crate::base::sheet::Texts;
use crate::base::text::clean;
use crate::base::text::quoted;
use crate::spec::connector::Column;
use crate::spec::connector::Identity;
use crate::spec::connector::Stream;
use crate::spec::connector::Wide;

/// What happens to the cells of one header.
#[derive(Clone, Copy)]
pub(super) enum Fate<'s> {
    /// They are landed as they came.
    Kept,
    /// They become pseudonyms, with what can be judged from them beside.
    Person,
    /// They become pseudonyms.
    Opaque,
    /// They become our values.
    Reduced(&'s Column),
}

/// The headers nobody maps, with how many rows filled them, and all headers.
pub(super) type Seen = (BTreeMap<String, u64>, BTreeSet<String>);

/// The shield of one stream, and what it has seen.
pub(super) struct Shield<'s> {
    stream: &'s Stream,
    fates: BTreeMap<String, Fate<'s>>,
    wide: Option<&'s Wide>,
    empty: &'s [String],
    ignored: BTreeSet<&'s str>,
    key: &'s Key,
    as_of: Date,
    unread: BTreeMap<String, u64>,
    headers: BTreeSet<String>,
    /// Pseudonyms that were made: who handled a row handled many.
    known: HashMap<String, String>,
}

/// So many pseudonyms are remembered.
const MOST_KNOWN: usize = 10_000;

/// Puts headers of the source's own that begin as ours do in brackets, unless a column names them: what we
/// add ourselves is stored as it is.
pub(super) fn set_apart(headers: &mut [String], is_named: impl Fn(&str) -> bool) {
    for header in headers.iter_mut().filter(|header| header.starts_with('_') && !is_named(header)) {
        *header = format!("({header})");
    }
}

impl<'s> Shield<'s> {
    /// For a stream; `as_of` is the day on which a day of birth must have come.
    pub(super) fn new(stream: &'s Stream, key: &'s Key, as_of: Date) -> Shield<'s> {
        let wide = stream.unpivot.as_ref().map(|unpivot| &unpivot.columns);
        Shield {
            stream,
            fates: fates(stream),
            wide,
            empty: &stream.empty,
            ignored: stream.ignore.iter().map(String::as_str).collect(),
            key,
            as_of,
            unread: BTreeMap::new(),
            headers: BTreeSet::new(),
            known: HashMap::new(),
        }
    }

    /// The headers that the stream's columns name.
    pub(super) fn needed(&self) -> impl Iterator<Item = &str> {
        self.fates.keys().map(String::as_str)
    }

    /// Whether a header of the source's own is one that the stream's columns name.
    pub(super) fn knows(&self, header: &str) -> bool {
        !header.starts_with('_') && self.fates.contains_key(header)
    }

    /// What is missing in a table, in words: a column that is not optional finds none of its headers, or `where` or `deleted` asks
    /// for one.
    pub(super) fn absent(&self, headers: &[String]) -> Option<String> {
        let has = |header: &str| headers.iter().any(|known| known == header);
        let lacking = self.stream.lacking(has).map(|(column, wanted)| {
            format!("column `{}` finds none of `{}`", column.name, wanted.join("`, `"))
        });
        let unasked = || self.stream.unasked(has);
        lacking.or_else(|| unasked().map(|(key, header)| format!("`{key}` finds no `{header}`")))
    }

    /// Whether no header is known though the stream names some: it was sought in the wrong row.
    pub(super) fn is_lost(&self, headers: &[String]) -> bool {
        let is_known =
            |header: &String| self.knows(header) || self.is_wide(header) || self.ignores(header);
        self.needed().any(|header| !header.starts_with('_')) && !headers.iter().any(is_known)
    }

    /// Whether a header of the source is read at all.
    pub(super) fn reads(&self, header: &str) -> bool {
        header.starts_with('_')
            || self.fates.contains_key(header)
            || self.is_wide(header) && nested::counted(header).is_none()
    }

    /// Whether somebody said that a header is known and not read.
    pub(super) fn ignores(&self, header: &str) -> bool {
        let place = nested::counted(header).map(|(_, place)| place);
        let names = [Some(header), place.as_deref()];
        names.into_iter().flatten().any(|name| self.ignored.contains(name))
    }

    /// What of a sheet may be stored.
    pub(super) fn pass(&mut self, sheet: Sheet) -> Sheet {
        let Sheet { mut headers, columns, places } = sheet;
        let mut kept = Sheet { places, ..Sheet::default() };
        let is_theirs = |header: &str| !header.starts_with('_');
        if !headers.iter().any(|header| self.knows(header) || self.ignores(header)) {
            // The header was sought in the wrong row: who knows who stands there.
            let theirs = headers.iter_mut().enumerate().filter(|(_, header)| is_theirs(header));
            theirs.for_each(|(at, header)| *header = format!("column {}", at + 1));
        }
        for (header, column) in headers.into_iter().zip(columns) {
            self.headers.insert(quoted(&header));
            let columns = match self.fates.get(&header).copied() {
                Some(fate) => self.hidden(header, fate, column),
                None if self.reads(&header) => vec![(header, column)],
                None => {
                    self.passed_by(&header, nested::amount(&header, &column));
                    Vec::new()
                }
            };
            for (header, column) in columns {
                kept.headers.push(header);
                kept.columns.push(column);
            }
        }
        kept
    }

    /// Whether a header becomes rows later on.
    fn is_wide(&self, header: &str) -> bool {
        self.wide.is_some_and(|wide| wide.holds(header))
    }

    /// Notes a header that no column names, and how many rows it has.
    pub(super) fn passed_by(&mut self, header: &str, rows: u64) {
        // A table whose header was sought in the wrong row has people for headers.
        self.headers.insert(quoted(header));
        if rows > 0 && !self.ignores(header) {
            *self.unread.entry(quoted(header)).or_default() += rows;
        }
    }

    /// The landed columns of one header.
    fn hidden(&mut self, header: String, fate: Fate<'_>, cells: Texts) -> Vec<(String, Texts)> {
        let cells = match fate {
            Fate::Kept => cells,
            Fate::Person => return self.people(&header, &cells),
            Fate::Opaque => self.opaque(&cells),
            Fate::Reduced(column) => cells.iter().map(|cell| reduced(column, cell?)).collect(),
        };
        vec![(header, cells)]
    }

    /// Pseudonyms; who handled many rows is made one once.
    fn opaque(&mut self, cells: &Texts) -> Texts {
        let mut hidden = Texts::default();
        for text in cells.iter() {
            let Some(text) = text.filter(|text| self.filled(text)) else {
                hidden.push(None);
                continue;
            };
            if let Some(known) = self.known.get(text) {
                hidden.push(Some(known));
                continue;
            }
            let made = self.key.pseudonym(&clean(text));
            hidden.push(Some(&made));
            if self.known.len() < MOST_KNOWN {
                self.known.insert(text.to_owned(), made);
            }
        }
        hidden
    }

    fn people(&self, header: &str, cells: &Texts) -> Vec<(String, Texts)> {
        let (mut pseudonyms, mut faults) = (Texts::default(), Texts::default());
        let (mut births, mut sexes) = (Texts::default(), Texts::default());
        for cell in cells.iter() {
            let text = cell.filter(|text| self.filled(text));
            let judged = text.map(|text| identity::judge(text, self.as_of));
            let person = judged.as_ref().and_then(|judged| judged.as_ref().ok());
            let fault = judged.as_ref().and_then(|judged| judged.as_ref().err());
            pseudonyms.push(person.map(|person| self.key.pseudonym(&person.number)).as_deref());
            faults.push(fault.map(|fault| fault.name()));
            births.push(person.map(|person| person.birth_date.to_string()).as_deref());
            sexes.push(person.map(|person| person.sex.name()));
        }
        vec![
            (header.to_owned(), pseudonyms),
            (format!("{header}.fault"), faults),
            (format!("{header}.birth_date"), births),
            (format!("{header}.sex"), sexes),
        ]
    }

    /// Whether a text is more than a word for "no value".
    fn filled(&self, text: &str) -> bool {
        let text = text.trim();
        !text.is_empty() && !self.empty.iter().any(|word| word == text)
    }

    /// What another shield of the same stream has seen.
    pub(super) fn saw(&mut self, (unread, headers): Seen) {
        for (header, rows) in unread {
            *self.unread.entry(header).or_default() += rows;
        }
        self.headers.extend(headers);
    }

    /// What was seen up to now.
    pub(super) fn seen(&self) -> Seen {
        (self.unread.clone(), self.headers.clone())
    }

    /// Nothing but that was seen.
    pub(super) fn forget(&mut self, seen: Seen) {
        (self.unread, self.headers) = seen;
    }

    /// The day on which a day of birth must have come.
    pub(super) fn as_of(&self) -> Date {
        self.as_of
    }

    /// The headers nobody maps, with how many rows filled them, and all headers, since that was told last.
    pub(super) fn take_seen(&mut self) -> Seen {
        (mem::take(&mut self.unread), mem::take(&mut self.headers))
    }
}

/// What happens to the cells of every header that the stream's columns name.
pub(super) fn fates(stream: &Stream) -> BTreeMap<String, Fate<'_>> {
    let mut fates = BTreeMap::new();
    for expr in stream.expressions() {
        expr.each_column(&mut |name| {
            fates.insert(name.to_owned(), Fate::Kept);
        });
    }
    if let Some(explode) = &stream.explode {
        fates.insert(explode.column.value.clone(), Fate::Kept);
    }
    if let Some(Wide::Named(names)) = stream.unpivot.as_ref().map(|unpivot| &unpivot.columns) {
        fates.extend(names.iter().map(|name| (name.clone(), Fate::Kept)));
    }
    // A header that one column hides and another does not is hidden.
    let (hidden, plain): (Vec<_>, Vec<_>) =
        stream.columns.iter().partition(|column| column.is_hidden());
    for column in plain.into_iter().chain(hidden) {
        for header in &column.from {
            fates.insert(header.clone(), fate(column));
        }
    }
    fates
}

fn fate(column: &Column) -> Fate<'_> {
    match column.identity {
        Some(Identity::CnId) => Fate::Person,
        Some(Identity::Opaque) => Fate::Opaque,
        None if column.is_reduced => Fate::Reduced(column),
        None => Fate::Kept,
    }
}

/// Our value of a word; a word that nobody knows is not stored.
fn reduced<'c>(column: &'c Column, text: &str) -> Option<&'c str> {
    let (plain, cleaned) = (text.trim(), clean(text));
    let mut values = column.values.iter();
    let found = values.find(|(word, _)| word == plain || *word == cleaned);
    found.and_then(|(_, value)| value.as_deref())
}
