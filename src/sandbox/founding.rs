//! How does the city come to have its units, sections and duties? From a list, in its order.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::duties::Duty;
use super::duties::duties;
use super::units::Category;
use super::units::Mix;
use super::units::Section;
use super::units::Unit;
use crate::base::credit::completed;

const UNITS: &str = include_str!("lists/units.csv");

/// All that stands before anybody works there.
#[derive(Debug, Default)]
pub(super) struct Founded {
    /// Those in force first, then those that reforms ended.
    pub(super) units: Vec<Unit>,
    /// In the order of their units.
    pub(super) sections: Vec<Section>,
    /// The places of each unit's own sections, by the place of the unit.
    pub(super) inside: Vec<Vec<usize>>,
    /// In the order of their sections.
    pub(super) duties: Vec<Duty>,
    /// The place of a unit by its key.
    pub(super) places: BTreeMap<String, usize>,
}

/// A line of the list.
struct Line {
    cells: Vec<String>,
}

impl Line {
    fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map_or("", String::as_str)
    }

    fn day(&self, at: usize) -> Option<Date> {
        self.cell(at).parse().ok()
    }
}

/// The lines of a list without its header.
pub(super) fn lines(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records = reader.records().filter_map(Result::ok);
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

impl Founded {
    /// The city's units and sections.
    pub(super) fn new() -> Founded {
        let lines: Vec<Line> = lines(UNITS).into_iter().map(|cells| Line { cells }).collect();
        let places: BTreeMap<String, usize> =
            lines.iter().enumerate().map(|(at, line)| (line.cell(0).to_owned(), at)).collect();
        let mut founded = Founded { places, ..Founded::default() };
        for (at, line) in lines.iter().enumerate() {
            let unit = founded.unit(at, line);
            founded.units.push(unit);
        }
        founded.inside = vec![Vec::new(); founded.units.len()];
        for (at, line) in lines.iter().enumerate() {
            for name in line.cell(15).split('、').filter(|name| !name.is_empty()) {
                founded.section(at, name);
            }
        }
        let is_idle_centre = |unit| founded.unit_at(unit).is_some_and(|unit| unit.key == "jxzx");
        founded.duties = duties(&founded.sections, is_idle_centre);
        founded
    }

    /// The unit of a key.
    pub(super) fn place(&self, key: &str) -> usize {
        self.places.get(key).copied().unwrap_or_default()
    }

    /// The unit of a place.
    pub(super) fn unit_at(&self, place: usize) -> Option<&Unit> {
        self.units.get(place)
    }

    /// Which unit a unit was on a day.
    pub(super) fn unit_on(&self, place: usize, day: Date) -> usize {
        match self.units.get(place) {
            Some(unit) if day < unit.from => unit.was.unwrap_or(place),
            Some(_) | None => place,
        }
    }

    /// Which section of which unit a section was on a day.
    pub(super) fn section_on(&self, place: usize, day: Date) -> usize {
        match self.sections.get(place) {
            Some(section) if day < section.from => section.was.unwrap_or(place),
            Some(_) | None => place,
        }
    }

    /// Which unit and section a place of today was on a day; a leader has no section.
    pub(super) fn place_on(
        &self,
        unit: usize,
        section: Option<usize>,
        day: Date,
    ) -> (usize, Option<usize>) {
        let section = section.map(|section| self.section_on(section, day));
        let known = section.and_then(|section| self.sections.get(section));
        (known.map_or_else(|| self.unit_on(unit, day), |known| known.unit), section)
    }

    fn unit(&self, at: usize, line: &Line) -> Unit {
        let id_of = |key: &str| self.places.get(key).map(|at| unit_id(*at));
        let category = category(line.cell(1));
        let kind = if category == Category::Institution { "12" } else { "11" };
        let region = line.cell(3).to_owned();
        // The organisation's own eight digits, none of them another body's here.
        let number = 30_070_000 + (at + 1) * 137;
        Unit {
            key: line.cell(0).to_owned(),
            unit_id: unit_id(at),
            name: line.cell(11).to_owned(),
            other_names: line.cell(14).to_owned(),
            short_name: line.cell(12).to_owned(),
            usual_name: line.cell(13).to_owned(),
            uscc: completed(&format!("{kind}{region}{number:08}")),
            category,
            level: line.cell(2).to_owned(),
            region,
            parent_id: id_of(line.cell(4)),
            from: line.day(5).unwrap_or(Date::constant(2000, 1, 1)),
            to: line.day(6),
            successor_id: id_of(line.cell(7)),
            people: line.cell(9).parse().unwrap_or_default(),
            mix: mix(line.cell(10)),
            was: self.places.get(line.cell(8)).copied(),
        }
    }

    /// Founds a section; one that another unit had before a reform is there too, until then.
    fn section(&mut self, unit: usize, text: &str) {
        let (name, former) = text.split_once('@').unwrap_or((text, ""));
        let core = !name.starts_with('*');
        let name = name.trim_start_matches('*');
        let Some((from, was)) = self.units.get(unit).map(|unit| (unit.from, unit.was)) else {
            return;
        };
        let former = self.places.get(former).copied().or(was);
        let ended = former.and_then(|former| self.units.get(former));
        let (was, from) = match (former, ended.map(|unit| (unit.from, unit.to))) {
            (Some(former), Some((since, until))) => {
                let place = self.push(former, name, core, (since, until));
                (Some(place), until.unwrap_or(from))
            }
            (Some(_) | None, _) => (None, from),
        };
        let place = self.push(unit, name, core, (from, None));
        if let Some(section) = self.sections.get_mut(place) {
            section.was = was;
        }
    }

    fn push(
        &mut self,
        unit: usize,
        name: &str,
        core: bool,
        (from, to): (Date, Option<Date>),
    ) -> usize {
        let place = self.sections.len();
        let number = self.inside.get(unit).map_or(0, Vec::len) + 1;
        let same = |at: &&usize| self.sections.get(**at).is_some_and(|known| known.name == name);
        let known = self.inside.get(unit).and_then(|inside| inside.iter().find(same));
        if let Some(known) = known {
            return *known;
        }
        self.sections.push(Section {
            section_id: format!("{}{number:02}", unit_id(unit)),
            unit,
            name: name.to_owned(),
            core,
            from,
            to,
            was: None,
        });
        if let Some(inside) = self.inside.get_mut(unit) {
            inside.push(place);
        }
        place
    }
}

fn unit_id(at: usize) -> String {
    format!("JN{:04}", at + 1)
}

fn category(word: &str) -> Category {
    match word {
        "party" => Category::PartyDepartment,
        "institution" => Category::Institution,
        "park" => Category::Park,
        "township" => Category::Township,
        "subdistrict" => Category::Subdistrict,
        _ => Category::GovernmentDepartment,
    }
}

fn mix(word: &str) -> Mix {
    match word {
        "party" => Mix::Party,
        "police" => Mix::Police,
        "justice" => Mix::Justice,
        "reference" => Mix::Reference,
        "public1" => Mix::PublicOne,
        "public2" => Mix::PublicTwo,
        "park" => Mix::Park,
        "township" => Mix::Township,
        "subdistrict" => Mix::Subdistrict,
        _ => Mix::Government,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;
    use crate::base::credit;

    #[test]
    fn the_city_has_178_units_and_1012_sections() {
        let founded = Founded::new();
        let night = date(2026, 1, 6);
        let units = founded.units.iter().filter(|unit| unit.is_on(night));
        assert_eq!(units.clone().count(), 178);
        assert_eq!(units.map(|unit| unit.people).sum::<u32>(), 6000);
        let sections: Vec<&Section> =
            founded.sections.iter().filter(|section| section.is_on(night)).collect();
        assert_eq!(sections.len(), 1012);
        assert_eq!(sections.iter().filter(|section| section.name == "办公室").count(), 178);
        let names: BTreeSet<(usize, &str)> =
            sections.iter().map(|section| (section.unit, section.name.as_str())).collect();
        assert_eq!(names.len(), 1012);
    }

    #[test]
    fn every_credit_code_keeps_both_checks_and_belongs_to_nobody() {
        let founded = Founded::new();
        let codes: BTreeSet<&str> = founded.units.iter().map(|unit| unit.uscc.as_str()).collect();
        assert_eq!(codes.len(), founded.units.len());
        for unit in &founded.units {
            let judged = credit::judge(&unit.uscc).unwrap();
            assert!(judged.region.starts_with("5199"), "{}", unit.uscc);
        }
    }

    #[test]
    fn before_a_reform_a_section_is_in_its_former_unit() {
        let founded = Founded::new();
        let (now, before) = (founded.place("nongye"), founded.place("xiangzhen"));
        let named = |section: &&Section| section.name == "乡村建设科";
        let moved =
            founded.sections.iter().position(|section| named(&section) && section.unit == now);
        let on = |day| founded.sections[founded.section_on(moved.unwrap(), day)].unit;
        assert_eq!(on(date(2024, 11, 19)), before);
        assert_eq!(on(date(2024, 11, 20)), now);
        assert_eq!(
            founded.unit_on(founded.place("shuju"), date(2024, 6, 1)),
            founded.place("zwdsj")
        );
    }
}
