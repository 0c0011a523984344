//! What is a view? A query over tables and other views, and what is said of it.

use std::collections::BTreeMap;

use super::dialect::Engine;
use super::dialect::quoted;
use super::dialect::said;
use super::sheet::Area;

/// What stands in a query for the night that the warehouse holds, as a day.
pub(super) const NIGHT: &str = "the night";

/// A view.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Where it belongs.
    pub(super) area: Area,
    /// Its name.
    pub(super) name: String,
    /// Its title.
    pub(super) title: String,
    /// What it shows.
    pub(super) means: String,
    /// Whether, and over what, its values add up.
    pub(super) adds: &'static str,
    /// Its columns: names, titles.
    pub(super) columns: Vec<(String, String)>,
    /// Its query; `{name}` is a table or view.
    pub(super) query: String,
    /// The Chinese one of a table or view that has an English name.
    pub(super) is_chinese: bool,
}

impl View {
    /// Whether it is the one of an area and a name, the first two of a row.
    pub(super) fn is(&self, row: &[String]) -> bool {
        let own = [self.area.name(), self.name.as_str()];
        row.iter().take(2).eq(own)
    }

    /// What is made: the view with its query. Where columns stand already that others have built on, they stay in front, in
    /// their order: PostgreSQL lets a view grow only.
    pub(super) fn told(
        &self,
        engine: Engine,
        areas: &BTreeMap<String, Area>,
        stood: &[&str],
    ) -> String {
        let mut query = String::new();
        let mut rest = self.query.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            query.push_str(before);
            // In SQLite a view sees what stands in its own file, by name alone.
            query.push_str(&match engine {
                _ if name == NIGHT => engine.night(),
                Engine::Sqlite => quoted(name),
                Engine::Postgres => {
                    engine.name(areas.get(name).copied().unwrap_or(self.area), name)
                }
            });
            rest = tail;
        }
        query.push_str(rest);
        let own = || self.columns.iter().map(|(name, _)| name.as_str());
        let is_moved = own().zip(stood).any(|(own, stood)| own != *stood);
        if is_moved && stood.iter().all(|stood| own().any(|own| own == *stood)) {
            let new = own().filter(|own| !stood.contains(own));
            let all: Vec<String> = stood.iter().copied().chain(new).map(quoted).collect();
            query = format!("select {} from (\n{query}\n) as told", all.join(", "));
        }
        format!("view {} as\n{query}", engine.name(self.area, &self.name))
    }

    /// What is said of it in a comment.
    pub(super) fn said(&self) -> String {
        let adds = if self.adds.is_empty() { String::new() } else { format!("。{}", self.adds) };
        format!("{}{adds}", said(&self.title, &self.means))
    }
}
