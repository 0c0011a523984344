//! Where is a unit, by the beginning of its name? A region's name is a prefix; 市, 区 and 县 alone mean
//! that of the file.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::fold::fold;

/// A region of the home, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its code (GB/T 2260).
    pub code: Arc<str>,
    /// Its name, such as 嘉宁市 or 锦屏区.
    pub name: String,
    /// The code of the region it lies in, if that is in the table.
    pub parent: Option<Arc<str>>,
}

/// A region as names begin with it.
struct Known {
    region: Region,
    /// What a name may begin with: path, name, name without its last character.
    prefixes: Vec<String>,
}

/// The regions of a home.
pub(super) struct Regions {
    known: Vec<Known>,
}

/// One way to read a name: the regions it may mean, and what is left.
pub(super) struct Reading<'k> {
    pub(super) regions: Vec<Arc<str>>,
    pub(super) bare: &'k str,
}

/// The words that mean the region of the file.
const RELATIVE: [char; 3] = ['市', '区', '县'];

impl Regions {
    pub(super) fn new(regions: Vec<Region>) -> Self {
        let names: HashMap<Arc<str>, String> =
            regions.iter().map(|region| (Arc::clone(&region.code), fold(&region.name))).collect();
        let known = |region: Region| {
            let name = fold(&region.name);
            let path = region.parent.as_ref().and_then(|parent| names.get(parent));
            let mut prefixes: Vec<String> =
                path.iter().map(|path| format!("{path}{name}")).collect();
            let stem = name.strip_suffix(RELATIVE).filter(|stem| stem.chars().count() > 1);
            prefixes.extend(stem.map(str::to_owned));
            prefixes.push(name);
            Known { region, prefixes }
        };
        Self { known: regions.into_iter().map(known).collect() }
    }

    /// Every way to read a name that came in a file of a region, the longest prefix first.
    pub(super) fn readings<'k>(&self, key: &'k str, file: Option<&str>) -> Vec<Reading<'k>> {
        let key = key.strip_prefix("中共").unwrap_or(key);
        let mut readings = Vec::new();
        for known in &self.known {
            let bare = known.prefixes.iter().filter_map(|prefix| key.strip_prefix(prefix.as_str()));
            let code = || vec![Arc::clone(&known.region.code)];
            readings.extend(bare.map(|bare| Reading { regions: code(), bare }));
        }
        if let Some(bare) = key.strip_prefix(RELATIVE) {
            let word = key.chars().next().unwrap_or_default();
            readings.push(Reading { regions: self.meant(word, file), bare });
        }
        if let Some(file) = file {
            readings.push(Reading { regions: vec![Arc::from(file)], bare: key });
        }
        readings.sort_by_key(|reading| reading.bare.len());
        readings
    }

    /// What is left of a unit's own name without its region.
    pub(super) fn bare_names<'k>(&self, key: &'k str, region: &str) -> Vec<&'k str> {
        let key = key.strip_prefix("中共").unwrap_or(key);
        let own = self.known.iter().find(|known| &*known.region.code == region);
        let prefixes = own.iter().flat_map(|known| &known.prefixes);
        let mut bare: Vec<&str> =
            prefixes.filter_map(|own| key.strip_prefix(own.as_str())).collect();
        bare.extend(key.strip_prefix(RELATIVE));
        bare.push(key);
        bare
    }

    /// Whether 市 in a file of this region is a city below the city.
    pub(super) fn is_lower_city(&self, file: Option<&str>) -> bool {
        self.find(file).is_some_and(|region| region.parent.is_some() && region.name.ends_with('市'))
    }

    /// The regions that 市, 区 or 县 alone may mean in a file of a region.
    fn meant(&self, word: char, file: Option<&str>) -> Vec<Arc<str>> {
        let Some(file) = self.find(file) else {
            let tops = self.known.iter().filter(|known| known.region.parent.is_none());
            let tops = tops.filter(|known| known.region.name.ends_with(word));
            return tops.map(|known| Arc::clone(&known.region.code)).collect();
        };
        if file.name.ends_with(word) {
            return vec![Arc::clone(&file.code)];
        }
        let parent = self.find(file.parent.as_deref());
        if let Some(parent) = parent.filter(|parent| parent.name.ends_with(word)) {
            return vec![Arc::clone(&parent.code)];
        }
        let inside = self.known.iter().map(|known| &known.region);
        let inside = inside.filter(|region| region.parent.as_ref() == Some(&file.code));
        let inside = inside.filter(|region| region.name.ends_with(word));
        inside.map(|region| Arc::clone(&region.code)).collect()
    }

    fn find(&self, code: Option<&str>) -> Option<&Region> {
        let code = code?;
        self.known.iter().map(|known| &known.region).find(|region| &*region.code == code)
    }
}
