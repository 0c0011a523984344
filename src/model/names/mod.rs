//! Which unit does a written name mean on a day? Exact names, region prefixes and listed aliases
//! decide, through reforms; likeness only suggests.

mod ask;
mod region;
mod suggest;

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use self::ask::Asked;
use self::ask::one_of;
pub use self::region::Region;
use self::region::Regions;
pub use self::suggest::Candidate;
pub use self::suggest::Likeness;
use crate::base::fold::fold;
use crate::base::fold::without_proper;

/// A unit under its names, from a day to before another.
#[derive(Clone, Debug)]
pub struct UnitName {
    /// The unit.
    pub unit_id: Arc<str>,
    /// Its full name.
    pub name: String,
    /// Its short and standard names.
    pub other_names: Vec<String>,
    /// Its region (GB/T 2260); empty in a home without regions.
    pub region: Arc<str>,
    /// The first day.
    pub valid_from: Date,
    /// The first day no longer; none while it lasts.
    pub valid_to: Option<Date>,
    /// The unit that follows it.
    pub successor_id: Option<Arc<str>>,
}

/// A name that a person listed.
#[derive(Clone, Debug)]
pub struct AliasLine {
    /// The system that writes it; none for all.
    pub system: Option<Arc<str>>,
    /// The name as it is written.
    pub alias: String,
    /// What it means.
    pub means: Meaning,
    /// The first day; none from ever.
    pub valid_from: Option<Date>,
    /// The first day no longer; none for ever.
    pub valid_to: Option<Date>,
}

/// What a listed name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A unit, or what followed it.
    Unit(Arc<str>),
    /// More than one unit.
    Ambiguous,
    /// A body outside the list of units, so that nobody is asked again.
    Outside,
}

impl Meaning {
    /// Reads the cell of an alias table: a unit, `ambiguous` or `outside`.
    pub fn read(cell: &str) -> Self {
        match cell {
            "ambiguous" => Self::Ambiguous,
            "outside" => Self::Outside,
            unit => Self::Unit(Arc::from(unit)),
        }
    }
}

/// Where a name was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The system.
    pub system: Option<&'a str>,
    /// The region of the file; a name without a region is of that.
    pub region: Option<&'a str>,
}

/// What a name means on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// One unit.
    Unit {
        /// The unit.
        unit: Arc<str>,
        /// The rest of the name, if that is a section or an inner body.
        inner: Option<String>,
    },
    /// More than one unit.
    Ambiguous,
    /// A body that is listed as outside.
    Outside,
    /// A unit that there was not on the day: a date or a name is wrong.
    OutOfTime(Arc<str>),
    /// No unit.
    Unknown,
}

impl Resolved {
    /// The unit, if it is one.
    pub fn unit(&self) -> Option<&Arc<str>> {
        match self {
            Self::Unit { unit, .. } => Some(unit),
            Self::Ambiguous | Self::Outside | Self::OutOfTime(_) | Self::Unknown => None,
        }
    }

    fn is_decided(&self) -> bool {
        matches!(self, Self::Unit { .. } | Self::Ambiguous | Self::Outside)
    }

    /// The first that decides; else the first that knows the name at all.
    fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        if self.is_decided() {
            return self;
        }
        let other = other();
        if other.is_decided() || self == Self::Unknown { other } else { self }
    }
}

/// What separates two names in one cell.
const BETWEEN: [char; 6] = ['、', ',', ';', '/', '，', '；'];

/// Names that a section of every unit may have.
const GENERAL: [&str; 3] = ["办公室", "办", "机关"];

/// Several names in one cell, the lead first.
pub fn split(cell: &str) -> Vec<String> {
    let parts = cell.split(BETWEEN).map(crate::base::text::clean);
    parts.filter(|part| !part.is_empty()).collect()
}

/// The names of all units and what people listed.
pub struct Names {
    regions: Regions,
    units: Vec<UnitName>,
    aliases: Vec<AliasLine>,
    /// Lines of a unit by id, full and other names, and names without their region.
    by_id: HashMap<Arc<str>, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    by_bare: HashMap<String, Vec<usize>>,
    by_alias: HashMap<String, Vec<usize>>,
    /// Listed names of units without their region.
    by_bare_alias: HashMap<String, Vec<(Arc<str>, usize)>>,
}

impl Names {
    /// The names of a home; one without regions matches exact and listed names only.
    pub fn new(units: Vec<UnitName>, aliases: Vec<AliasLine>, regions: Vec<Region>) -> Self {
        let mut names = Self {
            regions: Regions::new(regions),
            units,
            aliases,
            by_id: HashMap::new(),
            by_name: HashMap::new(),
            by_bare: HashMap::new(),
            by_alias: HashMap::new(),
            by_bare_alias: HashMap::new(),
        };
        names.index_units();
        names.index_aliases();
        names
    }

    /// What a name means on a day. Ask once for each name, place and day; it is not for every row.
    pub fn resolve(&self, name: &str, origin: Origin<'_>, day: Date) -> Resolved {
        let key = fold(name);
        if key.is_empty() {
            return Resolved::Unknown;
        }
        let asked = Asked { names: self, origin, day };
        let found = asked.find(&key).or_else(|| {
            without_proper(&key).map_or(Resolved::Unknown, |proper| asked.find(proper))
        });
        if found != Resolved::Unknown {
            return found;
        }
        if key.starts_with('各') || asked.several(&key) {
            return Resolved::Ambiguous;
        }
        asked.two_signs(&key).or_else(|| asked.with_inner(&key))
    }

    fn index_units(&mut self) {
        for (place, unit) in self.units.iter().enumerate() {
            self.by_id.entry(Arc::clone(&unit.unit_id)).or_default().push(place);
            for name in unit.other_names.iter().chain([&unit.name]) {
                let key = fold(name);
                let bare = bare_forms(&self.regions, &key, &unit.region).into_iter();
                bare.for_each(|bare| add(&mut self.by_bare, bare, place));
                add(&mut self.by_name, &key, place);
            }
        }
    }

    fn index_aliases(&mut self) {
        for (place, line) in self.aliases.iter().enumerate() {
            let key = fold(&line.alias);
            let unit = match &line.means {
                Meaning::Unit(unit) => self.by_id.get(unit).and_then(|units| units.first()),
                Meaning::Ambiguous | Meaning::Outside => None,
            };
            if let Some(unit) = unit.and_then(|unit| self.units.get(*unit)) {
                let listed = (Arc::clone(&unit.region), place);
                let bare = self.regions.bare_names(&key, &unit.region).into_iter();
                bare.for_each(|bare| add(&mut self.by_bare_alias, bare, listed.clone()));
            }
            add(&mut self.by_alias, &key, place);
        }
    }

    fn lines(&self, places: Option<&Vec<usize>>) -> Vec<&UnitName> {
        places.into_iter().flatten().filter_map(|place| self.units.get(*place)).collect()
    }

    /// What had followed a unit by a day on which it was over.
    pub fn followed(&self, unit: &str, day: Date) -> Option<Arc<str>> {
        let mut lines = self.by_id.get(unit)?.iter().filter_map(|place| self.units.get(*place));
        let over = lines.find(|line| line.valid_to.is_some_and(|to| to <= day))?;
        self.in_force(&over.unit_id, day).filter(|next| **next != *unit)
    }

    /// The unit on a day: itself, or what followed it.
    fn in_force(&self, unit: &Arc<str>, day: Date) -> Option<Arc<str>> {
        let mut unit = unit;
        for _ in 0..16 {
            let lines = self.lines(self.by_id.get(unit));
            if lines.iter().any(|line| is_in_force(line, day)) {
                return Some(Arc::clone(unit));
            }
            let ended = lines.iter().filter(|line| line.valid_to.is_some_and(|to| to <= day));
            unit = ended.max_by_key(|line| line.valid_to)?.successor_id.as_ref()?;
        }
        None
    }

    /// What some lines that bear a name mean together.
    fn meant(&self, lines: &[&UnitName], day: Date) -> Resolved {
        let Some(any) = lines.first() else { return Resolved::Unknown };
        let now = lines.iter().filter(|line| is_in_force(line, day));
        let mut units: BTreeSet<Arc<str>> = now.map(|line| Arc::clone(&line.unit_id)).collect();
        if units.is_empty() {
            let ended = lines.iter().filter(|line| line.valid_from <= day);
            units = ended.filter_map(|line| self.in_force(&line.unit_id, day)).collect();
        }
        one_of(units, || Resolved::OutOfTime(Arc::clone(&any.unit_id)))
    }
}

fn add<T>(index: &mut HashMap<String, Vec<T>>, key: &str, place: T) {
    index.entry(key.to_owned()).or_default().push(place);
}

/// A unit's name without its region. 市委组织部 is 组织部 to its own file, but 市委办公室 is not 办公室.
fn bare_forms<'k>(regions: &Regions, key: &'k str, region: &str) -> Vec<&'k str> {
    let mut forms = regions.bare_names(key, region);
    let party: Vec<&str> = forms.iter().filter_map(|bare| bare.strip_prefix('委')).collect();
    forms.extend(party.into_iter().filter(|bare| bare.chars().count() > 2));
    forms.retain(|bare| !GENERAL.contains(bare));
    forms
}

fn is_in_force(unit: &UnitName, day: Date) -> bool {
    unit.valid_from <= day && unit.valid_to.is_none_or(|to| day < to)
}
