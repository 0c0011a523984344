//! Who earns how many points for what? One file of `pipelines/scoring/` is the tree of one category of
//! units: areas, groups and leaves.

mod chosen;
mod fit;
mod read;
mod rule;
pub mod words;

use std::collections::BTreeSet;

use num_traits::Zero as _;

pub use self::chosen::Chosen;
pub use self::chosen::Scores;
pub(super) use self::chosen::check as check_chosen;
pub use self::chosen::choose;
pub use self::chosen::scores;
pub(super) use self::fit::Known;
pub use self::rule::Comparison;
pub use self::rule::Condition;
pub use self::rule::Deduct;
pub use self::rule::Gap;
pub use self::rule::Method;
pub use self::rule::Missing;
pub use self::rule::Partial;
pub use self::rule::Plan;
pub use self::rule::Rule;
pub use self::rule::Step;
pub use self::rule::written;

use super::connector::format_1;
use super::formula::Exact;
use super::reader::Faults;
use super::reader::Found;
use super::reader::Table;
use super::reader::wrong_type;
use super::tree;
use super::tree::Node;
use super::tree::Value;
use crate::base::diagnostic::Diagnostic;
use crate::base::messages::Code;

/// The tree of a category.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The category of units that it scores.
    pub category: Found<String>,
    /// Its title.
    pub title: String,
    /// Level 1.
    pub areas: Vec<Area>,
    /// The share of the points of a parent that must be known, or it is not scored.
    pub availability_min: Exact,
    /// Its file, relative to the home.
    pub file: String,
}

/// Level 1 of a tree.
#[derive(Clone, Debug)]
pub struct Area {
    /// Its key, such as `G.A`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its points, the sum of its groups'.
    pub points: Exact,
    /// Level 2.
    pub groups: Vec<Group>,
}

/// Level 2 of a tree.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its key, such as `G.A1`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its points, the sum of its leaves'.
    pub points: Exact,
    /// Level 3.
    pub leaves: Vec<Leaf>,
}

/// Level 3 of a tree: what is judged.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its key, such as `G.A1.1`.
    pub id: Found<String>,
    /// Its title.
    pub title: String,
    /// Its points.
    pub points: Exact,
    /// Who judges it.
    pub by: Vec<Dimension>,
    /// How it is judged by data, where it is.
    pub rule: Option<Rule>,
    /// What units chose to be judged by, where the rule leaves it to them.
    pub choices: Vec<Chosen>,
}

impl Leaf {
    /// How a unit is judged: what it chose, else what its category did, else as the tree says.
    pub fn rule_for(&self, unit_id: &str, category: &str) -> Option<&Rule> {
        let of = |named: &dyn Fn(&Chosen) -> bool| self.choices.iter().find(|it| named(it));
        let own = of(&|it| it.only.units.iter().any(|known| known == unit_id));
        let chosen = own.or_else(|| of(&|it| it.only.holds(unit_id, Some(category))));
        chosen.map(|it| &it.rule).or(self.rule.as_ref())
    }
}

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// 数据: this program.
    Data,
    /// 自评: the unit.
    Own,
    /// 互评: its partners.
    Mutual,
    /// 助评: functional departments.
    Assist,
    /// 复评: a team on the spot.
    Site,
}

const DIMENSIONS: [(&str, Dimension); 5] = [
    ("data", Dimension::Data),
    ("self", Dimension::Own),
    ("mutual", Dimension::Mutual),
    ("assist", Dimension::Assist),
    ("site", Dimension::Site),
];

impl Tree {
    /// Every leaf, in the order of the file.
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.areas.iter().flat_map(|area| &area.groups).flat_map(|group| &group.leaves)
    }
}

/// Reads the tree of a category.
///
/// # Errors
/// Every fault of the file.
pub fn read_tree(file: &str, text: &str) -> Result<Tree, Vec<Diagnostic>> {
    let root = tree::from_toml(file, text).map_err(|fault| vec![fault])?;
    let faults = Faults::of(file);
    let tree = whole(&Table::of(&root, "", &faults));
    match tree {
        Some(tree) if faults.count() == 0 => Ok(tree),
        _ => Err(faults.into_list()),
    }
}

fn whole(root: &Table<'_>) -> Option<Tree> {
    format_1(root);
    let category = root.found_text("category");
    if category.is_none() {
        root.missing("category", "\"government_department\"");
    }
    let areas: Vec<Area> = below(root, "area").iter().filter_map(area).collect();
    let hundred = Exact::from(100);
    add_up(root, areas.iter().map(|area| area.points), hundred);
    let tree = Tree {
        title: root.need_text("title"),
        category: category?,
        areas,
        availability_min: read::availability_min(root),
        file: root.faults.file.clone(),
    };
    twice(&tree, root.faults);
    Some(tree)
}

fn area(table: &Table<'_>) -> Option<Area> {
    let groups: Vec<Group> = below(table, "group").iter().filter_map(group).collect();
    let area = Area {
        id: table.need_text("id"),
        title: table.need_text("title"),
        points: points(table)?,
        groups,
    };
    add_up(table, area.groups.iter().map(|group| group.points), area.points);
    Some(area)
}

fn group(table: &Table<'_>) -> Option<Group> {
    let leaves: Vec<Leaf> = below(table, "leaf").iter().filter_map(leaf).collect();
    let group = Group {
        id: table.need_text("id"),
        title: table.need_text("title"),
        points: points(table)?,
        leaves,
    };
    add_up(table, group.leaves.iter().map(|leaf| leaf.points), group.points);
    Some(group)
}

fn leaf(table: &Table<'_>) -> Option<Leaf> {
    let id = table.found_text("id");
    if id.is_none() {
        table.missing("id", "\"G.A1.1\"");
    }
    let title = table.need_text("title");
    let points = points(table);
    let by = judges(table);
    let is_data = by.contains(&Dimension::Data);
    let rule = points.and_then(|points| read::rule(table, points));
    if is_data != table.node("method").is_some() {
        table.fault("by", Code::NotByData, Vec::new());
    }
    Some(Leaf { id: id?, title, points: points?, by, rule, choices: Vec::new() })
}

/// Points of an area, group or leaf: more than none, hundredths at most, so that what is shown is what
/// is reckoned with.
fn points(table: &Table<'_>) -> Option<Exact> {
    let points = read::number(table, "points")?;
    let expected = "a number of points above 0, with two decimals at most";
    let is_fine = points > Exact::zero() && (points * Exact::from(100)).is_integer();
    read::hold(table, "points", is_fine, expected);
    Some(points)
}

fn judges(table: &Table<'_>) -> Vec<Dimension> {
    let words = table.texts("by");
    if words.is_empty() {
        table.missing("by", "[\"data\", \"self\"]");
    }
    let dimension = |word: &String| {
        let known = DIMENSIONS.iter().find(|(name, _)| name == word);
        if known.is_none() {
            let choices = DIMENSIONS.map(|(name, _)| name).join(", ");
            let nouns = vec![("found", word.clone()), ("choices", choices)];
            table.fault("by", Code::UnknownWord, nouns);
        }
        known.map(|(_, dimension)| *dimension)
    };
    words.iter().filter_map(dimension).collect()
}

/// The tables of `[[key]]`, each with its `id` in its path.
fn below<'t>(table: &Table<'t>, key: &'static str) -> Vec<Table<'t>> {
    let Some(node) = table.node(key) else {
        table.missing(key, &format!("[[{}]]", table.name(key)));
        return Vec::new();
    };
    let Value::List(items) = &node.value else {
        wrong_type(table.faults, node, &table.name(key), "an array of tables");
        return Vec::new();
    };
    let path = |item: &Node| match &item.value {
        Value::Table(entries) => match entries.iter().find(|entry| entry.key == "id") {
            Some(entry) => match &entry.node.value {
                Value::Text(id) => format!("{key}.{id}"),
                _ => key.to_owned(),
            },
            None => key.to_owned(),
        },
        _ => key.to_owned(),
    };
    items.iter().map(|item| Table::of(item, &path(item), table.faults)).collect()
}

fn add_up(table: &Table<'_>, parts: impl Iterator<Item = Exact>, points: Exact) {
    let sum: Exact = parts.sum();
    if sum != points {
        let nouns = vec![("sum", sum), ("points", points)];
        let nouns = nouns.into_iter().map(|(noun, number)| (noun, written(number)));
        table.fault("points", Code::PointsSum, nouns.collect());
    }
}

/// Keys that stand twice; and metrics, for one fact is judged once.
fn twice(tree: &Tree, faults: &Faults) {
    let mut ids = BTreeSet::new();
    let mut metrics = BTreeSet::new();
    for leaf in tree.leaves() {
        if !ids.insert(leaf.id.value.as_str()) {
            let nouns = vec![("found", leaf.id.value.clone())];
            faults.add(leaf.id.place, &leaf.id.key, Code::Duplicate, nouns);
        }
        let Some(metric) = leaf.rule.as_ref().and_then(|rule| rule.metric.as_ref()) else {
            continue;
        };
        if !metrics.insert(metric.value.as_str()) {
            let nouns = vec![("found", metric.value.clone())];
            faults.add(metric.place, &metric.key, Code::Duplicate, nouns);
        }
    }
}

/// Checks a tree against the rest of the home.
pub(super) fn check(tree: &Tree, categories: &[String], metrics: &Known<'_>, faults: &Faults) {
    let category = &tree.category;
    if !categories.is_empty() && !categories.contains(&category.value) {
        let nouns = vec![("found", category.value.clone()), ("choices", categories.join(", "))];
        faults.add(category.place, &category.key, Code::UnknownWord, nouns);
    }
    let rules = tree.leaves().filter_map(|leaf| leaf.rule.as_ref());
    rules.for_each(|rule| fit::check(rule, metrics, faults));
}
