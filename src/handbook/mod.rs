//! Floor 3: what does a home measure, and what does it ask for, told to people? The metric handbook 指标口径手册
//! and the workbooks that offices fill in, from the definitions alone: the same home gives the same bytes.

mod below;
mod cases;
mod condition;
mod form;
mod html;
mod markdown;
mod metric;
mod scoring;
mod typeset;
mod words;
mod workbook;

pub use self::form::form;
pub use self::form::has_form;
pub use self::html::html;
pub use self::markdown::markdown;
pub use self::workbook::workbook;
use crate::spec::catalog::Catalog;
use crate::spec::meaning::meanings;

/// A handbook, before it is a page or a workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handbook {
    /// Of whom.
    pub title: String,
    /// The fingerprint of the home.
    pub home: String,
    /// A pipeline each, and the points.
    pub chapters: Vec<Chapter>,
}

/// What belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Its title.
    pub title: String,
    /// The file it is told from.
    pub file: String,
    /// What it says, in order.
    pub entries: Vec<Entry>,
}

/// One definition of a metric, or one tree of points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its name, and of an earlier definition its version.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What is said of it, line by line; of one kind always the same lines.
    pub fields: Vec<Field>,
    /// Its tables.
    pub grids: Vec<Grid>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A definition of a metric.
    Metric,
    /// A tree of points.
    Tree,
}

impl Kind {
    /// What a sheet of them is called.
    fn sheet(self) -> &'static str {
        match self {
            Kind::Metric => "指标",
            Kind::Tree => "评分树",
        }
    }
}

/// One line about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is.
    pub label: &'static str,
    /// The text; empty where there is nothing to say.
    pub text: String,
    /// Whether it is to be read letter by letter.
    pub is_code: bool,
}

/// A table of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// What it holds; tables of one name have the same headers, but for those of examples.
    pub name: &'static str,
    /// Which one it is, where there are several.
    pub caption: String,
    /// Its headers.
    pub head: Vec<String>,
    /// The columns that are read letter by letter.
    pub code: Vec<usize>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// The name of tables with the rows of an example.
const EXAMPLE_ROWS: &str = "算例数据";

impl Grid {
    fn of(name: &'static str, head: &[&str], code: &[usize], rows: Vec<Vec<String>>) -> Grid {
        let head = head.iter().map(|text| (*text).to_owned()).collect();
        Grid { name, caption: String::new(), head, code: code.to_vec(), rows }
    }
}

impl Handbook {
    /// The handbook of a home.
    pub fn of(catalog: &Catalog) -> Handbook {
        let meanings = meanings(catalog);
        let below = below::Below::of(catalog);
        let of_pipelines = catalog.pipelines.iter().map(|pipeline| {
            let all = pipeline
                .metrics
                .iter()
                .flat_map(|metric| metric.versions().map(move |definition| (definition, metric)));
            let entries = all.map(|(definition, metric)| {
                let key = (definition.name.as_str(), definition.version);
                let meaning = meanings.get(&key).map_or("", String::as_str);
                metric::entry(&below, definition, definition.version == metric.version, meaning)
            });
            Chapter {
                title: pipeline.title.clone(),
                file: pipeline.file.clone(),
                entries: entries.collect(),
            }
        });
        let mut chapters: Vec<Chapter> = of_pipelines.collect();
        let trees = catalog.scoring.iter().map(|tree| scoring::entry(&below, tree));
        let trees: Vec<Entry> = trees.collect();
        if !trees.is_empty() {
            let (title, file) = ("评分".to_owned(), "pipelines/scoring/".to_owned());
            chapters.push(Chapter { title, file, entries: trees });
        }
        chapters.retain(|chapter| !chapter.entries.is_empty());
        Handbook {
            title: format!("{} 指标口径手册", catalog.settings.title),
            home: catalog.fingerprint.clone(),
            chapters,
        }
    }
}
