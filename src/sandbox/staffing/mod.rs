//! What does the staffing office put into the drop folder, and when?

mod ledger;
mod people;
mod posts;
mod presence;
mod roster;
mod row;
mod terms;
mod workbook;

use std::io;
use std::path::Path;

use jiff::civil::Date;
use jiff::civil::Weekday;

pub(super) use self::presence::Stretch;
pub(super) use self::terms::Staff;
use super::City;
use super::truth::Gathered;
use super::truth::Planted;
use crate::base::durable::write_then_rename;

/// The first and the last roster of a month's end, and the first of a Monday.
const FIRST_MONTH: Date = Date::constant(2023, 12, 31);
const LAST_MONTH: Date = Date::constant(2025, 12, 31);
const FIRST_MONDAY: Date = Date::constant(2026, 1, 5);
/// Spring Festival week, in which nobody writes a file.
const FESTIVAL: [Date; 2] = [Date::constant(2026, 2, 16), Date::constant(2026, 2, 23)];
/// The Monday on which the sheet of people off the establishment is missing.
pub(super) const SHEET_MISSING: Date = Date::constant(2026, 2, 9);

const STREAM: &str = "staffing.roster";

/// The days of the rosters that a night finds, in order: Monday's is there from Tuesday on.
pub(super) fn days(night: Date) -> Vec<Date> {
    let mut days = Vec::new();
    let mut day = FIRST_MONTH;
    while day <= LAST_MONTH && day < night {
        days.push(day);
        day = day.tomorrow().map_or(Date::MAX, Date::last_of_month);
    }
    let weeks = FIRST_MONDAY.series(jiff::Span::new().weeks(1));
    debug_assert!(FIRST_MONDAY.weekday() == Weekday::Monday);
    days.extend(weeks.take_while(|day| *day < night).filter(|day| !FESTIVAL.contains(day)));
    days
}

fn named(what: &str, day: Date) -> String {
    format!("{what}_{}.xlsx", day.strftime("%Y%m%d"))
}

/// Writes the rosters up to a night and the latest ledger. A file that is there already is whole, and
/// is left as it is.
pub(super) fn write_drop(city: &City, folder: &Path, night: Date) -> io::Result<()> {
    let days = days(night);
    let mut before = None;
    for day in &days {
        let target = folder.join(named("实名制人员名册", *day));
        if !target.exists() {
            let sheets = roster::sheets(city, *day, before);
            let book = workbook::roster(&sheets, *day).map_err(io::Error::other)?;
            write_then_rename(&target, &book)?;
        }
        before = Some(*day);
    }
    if let Some(day) = days.last() {
        let target = folder.join(named("机构编制台账", *day));
        if !target.exists() {
            let book = ledger::workbook(city, *day).map_err(io::Error::other)?;
            write_then_rename(&target, &book)?;
        }
    }
    Ok(())
}

/// What was planted in one sheet of a file.
fn of_sheet(sheet: &roster::Sheet, file: &str, gathered: &mut Gathered) {
    let rows = sheet.lines.iter().zip(workbook::FIRST_ROW..);
    let flaws = rows.flat_map(|(line, row)| line.flaws.iter().map(move |flaw| (*flaw, row)));
    for (flaw, row) in flaws {
        if matches!(flaw, "F05" | "F06" | "F07") {
            gathered.count(flaw, STREAM, 1);
        } else {
            let key = format!("{file} {} row {row}", sheet.kind.title());
            gathered.list(Planted { flaw, stream: STREAM, key });
        }
    }
}

/// What was planted in the files up to a night.
pub(super) fn planted(city: &City, night: Date, gathered: &mut Gathered) {
    let mut before = None;
    for day in days(night) {
        let file = named("实名制人员名册", day);
        for sheet in roster::sheets(city, day, before) {
            of_sheet(&sheet, &file, gathered);
        }
        before = Some(day);
    }
    let key = format!("{} 编外人员", named("实名制人员名册", SHEET_MISSING));
    gathered.list(Planted { flaw: "F12", stream: STREAM, key });
    let founded = &city.founded;
    let unit = |place: usize| founded.unit_at(place).map_or("", |unit| unit.unit_id.as_str());
    for (place, kind, by) in &city.staff.quotas.over {
        let key = format!("{} {} over by {by}", unit(*place), kind.title());
        gathered.list(Planted { flaw: "F13", stream: "staffing.quotas", key });
    }
    for (place, kind) in &city.staff.quotas.missing {
        let key = format!("{} {} no line", unit(*place), kind.title());
        gathered.list(Planted { flaw: "F13", stream: "staffing.quotas", key });
    }
    let offices = founded.sections.iter().filter(|section| section.name == "办公室").count();
    gathered.count("F15", "staffing.sections", offices as u64);
    for ended in founded.units.iter().filter(|unit| unit.to.is_some()) {
        let key = format!("{} {}", ended.unit_id, ended.name);
        gathered.list(Planted { flaw: "T02", stream: "staffing.units", key });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use jiff::civil::date;

    use super::*;
    use crate::base::identity;
    use crate::base::pseudonym::sha256;

    #[test]
    fn a_roster_is_there_from_the_day_after_and_not_in_the_festival() {
        assert_eq!(days(date(2026, 1, 5)).len(), 25);
        assert_eq!(days(date(2026, 1, 6)).last(), Some(&date(2026, 1, 5)));
        assert_eq!(days(date(2026, 3, 2)).last(), Some(&SHEET_MISSING));
    }

    #[test]
    fn one_seed_makes_the_same_bytes() {
        let folders = [7, 7, 8].map(|seed| {
            let folder = tempfile::tempdir().unwrap();
            let city = City::new(seed, 0.02);
            write_drop(&city, folder.path(), date(2024, 1, 2)).unwrap();
            folder
        });
        let prints = folders.each_ref().map(|folder| {
            let mut files: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            assert_eq!(files.len(), 2);
            files.iter().map(|file| sha256(&fs::read(file).unwrap())).collect::<Vec<_>>()
        });
        assert_eq!(prints[0], prints[1]);
        assert_ne!(prints[0], prints[2]);
    }

    #[test]
    fn nobody_has_a_number_of_an_assigned_region() {
        let city = City::new(1, 1.0);
        let mut numbers = BTreeSet::new();
        for person in &city.staff.people {
            let judged = identity::judge(&person.id, date(2026, 3, 31)).unwrap();
            assert!(judged.number.starts_with("5199"));
            assert_eq!(judged.birth_date, person.born);
            assert!(numbers.insert(judged.number));
        }
        assert_eq!(city.staff.seats.len(), 6000);
        let sheets = roster::sheets(&city, date(2025, 12, 31), Some(date(2025, 11, 30)));
        let people: u32 = sheets.iter().map(|sheet| sheet.people).sum();
        assert!((5_900..6_150).contains(&people), "{people}");
        let of_kind: Vec<u32> = sheets.iter().map(|sheet| sheet.people).collect();
        assert!(
            of_kind
                .iter()
                .zip([2420, 270, 640, 1510, 320, 190, 650])
                .all(|(is, due)| { (*is * 100).abs_diff(due * 100) < due * 12 }),
            "{of_kind:?}"
        );
        let rows = sheets.iter().flat_map(|sheet| &sheet.lines);
        let guests = rows.filter(|line| line.flaws.contains(&"F09")).count();
        assert!((55..90).contains(&guests), "{guests}");
        let quotas = &city.staff.quotas;
        let approved: u64 =
            quotas.lines.iter().filter(|line| line.to.is_none()).map(|line| line.approved).sum();
        assert!((5_500..=5_760).contains(&approved), "{approved}");
        assert_eq!(quotas.over.iter().map(|(_, _, by)| by).sum::<u64>(), 11);
        assert_eq!((quotas.over.len(), quotas.missing.len()), (5, 2));
    }
}
