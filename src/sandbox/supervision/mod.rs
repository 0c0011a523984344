//! What does the supervision system put into its drop folder? A list of tasks every night, and the
//! units' own reports once a year.

mod list;
mod reports;
mod tasks;

use std::fs;
use std::io;
use std::path::Path;

use jiff::civil::Date;

use self::tasks::Flaw;
pub(super) use self::tasks::Task;
use super::City;
use super::days::Days;
use super::founding::Founded;
use super::truth::Gathered;
use super::truth::Planted;
use crate::base::durable::write_then_rename;

const TASKS: &str = "supervision.tasks";
const REPORTS: &str = "supervision.self_reports";
const NAME: &str = "mbdc_任务清单_";

/// Every task.
pub(super) fn tasks(scale: (u64, f64), founded: &Founded, days: &Days) -> Vec<Task> {
    tasks::tasks(scale, founded, days)
}

/// Writes a night's list in the place of the one before, and the reports when they are there.
pub(super) fn write_drop(city: &City, folder: &Path, night: Date) -> io::Result<()> {
    let name = format!("{NAME}{}.csv", night.strftime("%Y%m%d"));
    write_then_rename(&folder.join(&name), &list::bytes(city, night))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let other = entry.file_name();
        let is_list = other.to_str().is_some_and(|other| other.starts_with(NAME));
        if is_list && other != *name {
            fs::remove_file(entry.path())?;
        }
    }
    if night >= reports::SINCE {
        write_then_rename(&folder.join("单位自评_2025.csv"), reports::text(city).as_bytes())?;
    }
    Ok(())
}

/// What was planted here, as a night's list has it.
pub(super) fn planted(city: &City, night: Date, gathered: &mut Gathered) {
    for (task, key) in list::rows(city, night) {
        let number = task.number();
        if let Some(flaw) = task.misspelt(city, key) {
            gathered.count(flaw, TASKS, 1);
        }
        let flaw = match task.flaw {
            Some(Flaw::Comma | Flaw::Rare) => Some("F22"),
            Some(Flaw::Early | Flaw::Undated) => Some("F23"),
            None => None,
        };
        for flaw in [flaw, task.other.map(|_| "F21")].into_iter().flatten() {
            gathered.list(Planted { flaw, stream: TASKS, key: number.clone() });
        }
    }
    for (night, what) in [(list::IN_UTF8, "UTF-8"), (list::EMPTY, "empty")] {
        let key = format!("{night} {what}");
        gathered.list(Planted { flaw: "F24", stream: TASKS, key });
    }
    for key in reports::ODD {
        let unit = city.founded.unit_at(city.founded.place(key));
        let key = unit.map_or_else(String::new, |unit| unit.unit_id.clone());
        gathered.list(Planted { flaw: "F42", stream: REPORTS, key });
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::GB18030;
    use jiff::civil::date;

    use super::*;

    /// The lines of a night's list, without its title and its header.
    fn lines(city: &City, night: Date) -> Vec<String> {
        let bytes = list::bytes(city, night);
        let (text, _, is_damaged) = GB18030.decode(&bytes);
        assert!(!is_damaged);
        text.split_terminator("\r\n").skip(2).map(str::to_owned).collect()
    }

    #[test]
    fn a_list_counts_its_rows_and_keeps_its_rare_letters() {
        let city = City::new(1, 0.1);
        let lines = lines(&city, date(2026, 1, 6));
        let (last, rows) = lines.split_last().unwrap();
        assert_eq!(*last, format!("\"共 {} 条\"", rows.len()));
        assert!((480..500).contains(&rows.len()), "{}", rows.len());
        assert_eq!(rows.iter().filter(|row| row.contains('𬭚')).count(), 5);
        let open = rows.iter().filter(|row| row.matches('"').count() % 34 != 0);
        assert_eq!(open.count(), 1);
    }

    #[test]
    fn one_night_is_in_utf8_and_one_is_empty() {
        let city = City::new(1, 0.1);
        assert!(String::from_utf8(list::bytes(&city, list::IN_UTF8)).is_ok());
        assert!(list::bytes(&city, list::EMPTY).is_empty());
        assert!(String::from_utf8(list::bytes(&city, date(2026, 1, 6))).is_err());
    }

    #[test]
    fn hardly_anything_is_asked_of_the_idle_centre() {
        let city = City::new(1, 1.0);
        let led = |unit: usize| {
            let of = |task: &&Task| task.unit == unit && task.year == 2025 && task.rank == 1;
            city.supervision.iter().filter(of).map(|task| task.weight).sum::<i64>()
        };
        // 36 people are a fifth of a task each; elsewhere it is three times as much.
        assert_eq!(led(city.founded.place("jxzx")), 70);
        let of_another = led(city.founded.place("nongke"));
        assert!((100..350).contains(&of_another), "{of_another}");
    }

    #[test]
    fn a_night_leaves_one_list_and_the_reports() {
        let (city, folder) = (City::new(1, 0.02), tempfile::tempdir().unwrap());
        for night in [date(2026, 1, 6), date(2026, 1, 7)] {
            write_drop(&city, folder.path(), night).unwrap();
        }
        let files = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["mbdc_任务清单_20260107.csv", "单位自评_2025.csv"]);
        let reports = fs::read_to_string(folder.path().join("单位自评_2025.csv")).unwrap();
        assert!(reports.contains("云泉县综合行政执法局,on_time_rate,按时办结率,100,%"));
        assert_eq!(reports.matches(",万件,").count(), 2);
        assert_eq!(reports.matches(",0.98,%,").count(), 4);
    }
}
