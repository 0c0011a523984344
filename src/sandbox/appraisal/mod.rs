//! What does the appraisal system hold? Grades of everybody, and the logs of those who keep them.

mod database;
mod grades;
mod habits;
mod logs;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use self::grades::Grade;
use self::logs::Log;
use super::City;
use super::days::Days;
use super::days::Moment;
use super::founding::Founded;
use super::staffing::Staff;
use super::truth::Gathered;
use super::truth::Planted;

const GRADES: &str = "appraisal.grades";
const LOGS: &str = "appraisal.logs";

/// Everything the appraisal system has.
#[derive(Debug, Default)]
pub(super) struct Appraisal {
    pub(super) grades: Vec<Grade>,
    pub(super) logs: Vec<Log>,
}

impl Appraisal {
    pub(super) fn new(seed: u64, founded: &Founded, staff: &Staff, days: &Days) -> Appraisal {
        Appraisal {
            grades: grades::grades(seed, founded, staff, days),
            logs: logs::logs(seed, founded, staff, days),
        }
    }

    /// What was planted here.
    pub(super) fn planted(&self, founded: &Founded, gathered: &mut Gathered) {
        let unit = |place: usize| founded.unit_at(place).map_or("", |unit| unit.unit_id.as_str());
        let mut generous = BTreeSet::new();
        for grade in &self.grades {
            let Grade { year, period, .. } = grade;
            match grade.flaw {
                Some("F19") => {
                    let key = format!("{} {year}Q{period} A, B later", unit(grade.unit));
                    gathered.list(Planted { flaw: "F19", stream: GRADES, key });
                }
                Some(flaw) => gathered.count(flaw, GRADES, 1),
                None => {}
            }
            let good = habits::habit(founded, grade.unit).good;
            if good > 400 && generous.insert(grade.unit) {
                let key = format!("{} {} % 好", unit(grade.unit), good / 10);
                gathered.list(Planted { flaw: "F17", stream: GRADES, key });
            }
        }
        for (log, number) in self.logs.iter().zip(1_u32..) {
            if let Some(flaw) = log.flaw {
                let key = format!("GZ{number:08}");
                gathered.list(Planted { flaw, stream: LOGS, key });
            }
        }
    }
}

/// Writes the database as it is at a moment.
pub(super) async fn write(city: &City, file: &Path, now: Moment) -> io::Result<()> {
    database::write(city, file, now).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;

    use super::super::staffing::Stretch;
    use super::*;

    type ByPlace = BTreeMap<usize, f64>;

    /// What a city's units, and the sections of the uneven one, have of 2025.
    struct Told {
        city: City,
        /// Person-years and the hours there were in them, by unit.
        years: ByPlace,
        available: ByPlace,
        /// Hours and pieces of logs, by unit.
        hours: ByPlace,
        pieces: ByPlace,
        /// Person-years and hours of the uneven unit, by section.
        section_years: ByPlace,
        section_hours: ByPlace,
    }

    /// The person-years of a stretch, and the hours there were in them.
    fn present(days: &Days, stretch: &Stretch) -> (f64, f64) {
        let months = (1..=12).map(|month| {
            let day = date(2025, month, 1);
            let (first, next) = (Days::no(day), Days::no(day.last_of_month()) + 1);
            let part = f64::from(stretch.covers(first, next)) / f64::from(next - first);
            let workdays = (first..next).filter(|day| days.is_workday(*day)).count();
            (part / 12.0, part * f64::from(u32::try_from(workdays).unwrap()) * 8.0)
        });
        months.fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    fn real(number: i64) -> f64 {
        f64::from(i32::try_from(number).unwrap())
    }

    fn told(seed: u64, scale: f64) -> Told {
        let city = City::new(seed, scale);
        let uneven = city.founded.place(habits::UNEVEN);
        let new = ByPlace::new;
        let (mut years, mut available, mut section_years) = (new(), new(), new());
        for stretch in city.staff.stretches() {
            let (part, hours) = present(&city.days, &stretch);
            *years.entry(stretch.unit).or_default() += part;
            *available.entry(stretch.unit).or_default() += hours;
            if let Some(section) = stretch.section.filter(|_| stretch.unit == uneven) {
                *section_years.entry(section).or_default() += part;
            }
        }
        let (mut hours, mut pieces, mut section_hours) = (new(), new(), new());
        let counts = |log: &&Log| {
            let is_2025 = Days::date(log.day).year() == 2025;
            log.flaw != Some("F18") && !log.is_withdrawn && is_2025
        };
        for log in city.appraisal.logs.iter().filter(counts) {
            *hours.entry(log.unit).or_default() += real(log.tenths) / 10.0;
            *pieces.entry(log.unit).or_default() += real(log.pieces);
            if let Some(section) = log.section.filter(|_| log.unit == uneven) {
                *section_hours.entry(section).or_default() += real(log.tenths) / 10.0;
            }
        }
        Told { city, years, available, hours, pieces, section_years, section_hours }
    }

    /// How many times the median a unit has, each by its people.
    fn times_the_median(told: &Told, of: &ByPlace, key: &str) -> f64 {
        let each = |(unit, of): (&usize, &f64)| of / told.years[unit];
        let mut all: Vec<f64> = of.iter().filter(|(_, of)| **of > 0.0).map(each).collect();
        all.sort_by(f64::total_cmp);
        let unit = told.city.founded.place(key);
        of[&unit] / told.years[&unit] / all[all.len() / 2]
    }

    #[test]
    fn truths_of_work_show_at_a_tenth_of_the_size() {
        let told = told(519_900, 0.1);
        let founded = &told.city.founded;
        let saturation = |key: &str| {
            let unit = founded.place(key);
            told.hours[&unit] / told.available[&unit]
        };
        let shown = ["renshe", "jxzx", "zhujian"].map(saturation);
        for (value, due) in shown.iter().zip([1.19, 0.54, 0.88]) {
            assert!((value - due).abs() < 0.02, "{shown:?}");
        }
        let pieces = times_the_median(&told, &told.pieces, "jxzx");
        assert!((0.3..0.42).contains(&pieces), "{pieces}");
        let closed = told.city.service.closed_in(2025);
        let worth = |(unit, (_, hours)): (&usize, &(u64, u64))| {
            (*unit, real(i64::try_from(*hours).unwrap()))
        };
        let standard = times_the_median(&told, &closed.iter().map(worth).collect(), "renshe");
        assert!((2.6..3.6).contains(&standard), "{standard}");
        let (people, hours): (f64, f64) =
            (told.section_years.values().sum(), told.section_hours.values().sum());
        let apart = told.section_years.iter().map(|(section, years)| {
            let of = told.section_hours.get(section).copied().unwrap_or_default();
            (of / hours - years / people).abs() / 2.0
        });
        let hoover: f64 = apart.sum();
        assert!((hoover - 0.39).abs() < 0.02, "{hoover}");
    }

    #[test]
    fn four_of_eleven_core_duties_stand_on_paper_only() {
        let city = City::new(1, 0.1);
        let centre = city.founded.place("jxzx");
        let done: BTreeSet<usize> = city.appraisal.logs.iter().filter_map(|log| log.duty).collect();
        let core = city.founded.duties.iter().enumerate();
        let core = core.filter(|(_, duty)| duty.unit == centre && duty.is_core);
        let idle = core.clone().filter(|(at, _)| !done.contains(at)).count();
        assert_eq!((core.count(), idle), (11, 4));
    }

    #[test]
    fn units_give_as_many_good_grades_as_was_planted() {
        let city = City::new(519_900, 0.1);
        let share = |key: &str| {
            let unit = city.founded.place(key);
            let of = |it: &&Grade| it.unit == unit && it.year == 2025 && it.period < 5;
            let codes = city.appraisal.grades.iter().filter(of).filter_map(|grade| grade.code);
            let codes: Vec<char> = codes.collect();
            let good = codes.iter().filter(|code| **code == 'A').count();
            good * 100 / codes.len()
        };
        assert_eq!(share("jxzx"), 40);
        let shown = ["shuili", "jiaotong", "renshe"].map(share);
        assert!((42..55).contains(&shown[0]) && (48..62).contains(&shown[1]), "{shown:?}");
        assert!(shown[2] <= 40, "{shown:?}");
    }

    #[test]
    fn a_whole_city_has_so_many_logs_and_grades() {
        let city = City::new(519_900, 1.0);
        let of_2025 = |log: &&Log| Days::date(log.day).year() == 2025;
        let logs = city.appraisal.logs.iter().filter(of_2025).count();
        assert!((390_000..430_000).contains(&logs), "{logs}");
        let grades = city.appraisal.grades.len();
        assert!((75_000..82_000).contains(&grades), "{grades}");
        let tasks = city.supervision.len();
        assert!((9_600..9_610).contains(&tasks), "{tasks}");
    }
}
