//! What of the shipped metrics do the proofs ask for? A home of those and of what they rest on, so that
//! a night of it is soon over.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::world::World;

/// The metrics, for whom and for which periods they are told.
const ASKED: &[(&str, &str, &str)] = &[
    ("appraisal_good_over", "unit", "quarter"),
    ("backlog_months", "unit", "year"),
    ("cases_closed", "unit", "year"),
    ("cases_code_differs", "unit", "year"),
    ("cases_of_others", "item", "year"),
    ("cases_standard_per_person", "unit", "year"),
    ("core_duties", "unit", "year"),
    ("dissatisfied_rate", "unit", "year"),
    ("duty_idle", "unit", "year"),
    ("handling_p90", "unit", "year"),
    ("headcount", "unit", "year"),
    ("items_per_person_month", "unit", "year"),
    ("log_hours", "section", "year"),
    ("logged_{}", "unit", "year"),
    ("major_match_rate", "unit", "year"),
    ("major_share_{}", "unit", "year"),
    ("on_time_rate", "unit", "year"),
    ("order_reopen_rate", "unit", "month"),
    ("orders", "unit", "month"),
    ("person_years", "section", "year"),
    ("posts_over", "unit", "year"),
    ("rating_coverage", "unit", "year"),
    ("rating_machine_share", "unit", "year"),
    ("roster_code_differs", "unit", "year"),
    ("satisfied_gap", "unit", "year"),
    ("satisfied_rate", "unit", "year"),
    ("section_persons_to_move", "unit", "year"),
    ("section_spread_hoover", "unit", "year"),
    ("tasks_per_person_year", "unit", "year"),
    ("work_saturation", "unit", "year"),
];

/// A fact, a measure or a metric as it stands in its file.
struct Block {
    name: String,
    text: String,
}

impl Block {
    fn of(text: &str) -> Block {
        let name = text.lines().find_map(|line| line.strip_prefix("name"));
        let name = name.and_then(|rest| rest.split('"').nth(1)).unwrap().to_owned();
        Block { name, text: format!("[[{text}") }
    }

    /// Whether it is asked for: then told for no more than that.
    fn asked(&mut self) -> bool {
        let line = ASKED.iter().find(|(name, ..)| *name == self.name);
        let (true, Some((_, grain, period))) = (self.text.starts_with("[[metric]]"), line) else {
            return false;
        };
        let whole = if *grain == "section" { "\"unit\", " } else { "" };
        let lines = self.text.lines().map(|line| match line.split_whitespace().next() {
            Some("grain") => format!("grain = [{whole}\"{grain}\"]\n"),
            Some("period") => format!("period = [\"{period}\"]\n"),
            Some("period_of") => String::new(),
            _ => format!("{line}\n"),
        });
        self.text = lines.collect();
        true
    }

    /// Whether one of some words names it; `people_aged_{}` has many names.
    fn is_named(&self, words: &BTreeSet<String>) -> bool {
        let (before, after) = self.name.split_once("{}").unwrap_or((&self.name, ""));
        let is_one = self.name == before;
        let named = |word: &String| word.starts_with(before) && word.ends_with(after) && !is_one;
        words.contains(&self.name) || words.iter().any(named)
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    parts.filter(|part| !part.is_empty()).map(str::to_owned)
}

/// A default home with no other metrics than those, and no scores.
pub(super) fn home() -> TempDir {
    let home = World::home();
    fs::remove_dir_all(home.path().join("pipelines/scoring")).unwrap();
    let files = ["profile", "service", "workload"];
    let files = files.map(|name| home.path().join(format!("pipelines/{name}.toml")));
    let mut heads = Vec::new();
    let mut blocks: Vec<(&Path, Block, bool)> = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let (head, rest) = text.split_once("\n[[").unwrap();
        heads.push(head.to_owned() + "\n");
        // What metrics are worth on examples is not asked here.
        let is_told =
            |text: &&str| !["metric.test]]", "example]]"].iter().any(|it| text.starts_with(it));
        for text in rest.split("\n[[").filter(is_told) {
            let mut block = Block::of(text);
            let asked = block.asked();
            blocks.push((file, block, asked));
        }
    }
    loop {
        let kept = blocks.iter().filter(|(.., kept)| *kept);
        let words: BTreeSet<String> = kept.flat_map(|(_, block, _)| words(&block.text)).collect();
        let named = blocks.iter_mut().filter(|(_, block, kept)| !kept && block.is_named(&words));
        if named.map(|(.., kept)| *kept = true).count() == 0 {
            break;
        }
    }
    for (file, head) in files.iter().zip(heads) {
        let kept = blocks.iter().filter(|(of, _, kept)| of == file && *kept);
        let kept = kept.map(|(_, block, _)| block.text.clone() + "\n");
        fs::write(file, head + &kept.collect::<String>()).unwrap();
    }
    home
}
