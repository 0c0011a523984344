//! Which days are worked, how many lie between two days, and when does a limit end? A year is a file.
//! Outside the published years there is no calendar, and no answer: never Monday to Friday by default.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::civil::Weekday;
use thiserror::Error;

/// The working days of some whole years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Without a gap.
    days: Vec<CalendarDay>,
}

/// One day of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarDay {
    /// The day.
    pub date: Date,
    /// Whether it is worked.
    pub is_workday: bool,
    /// How many days were worked since the calendar begins, this one included.
    pub workday_no: i64,
    /// The name of the holiday, or of the festival a make-up day belongs to.
    pub name: Option<Arc<str>>,
}

/// A time in which a clock stands still: the day it begins ran, the day it ends does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The day it begins.
    pub from: Date,
    /// The day it ends; none while it lasts.
    pub to: Option<Date>,
}

/// When a limit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// At the end of this day.
    On(Date),
    /// Not yet known: the clock stands still.
    Suspended,
}

impl Due {
    /// Whether something closed on a day is on time.
    pub fn is_kept(self, closed: Date) -> bool {
        match self {
            Self::On(due) => on_time(closed, due),
            Self::Suspended => true,
        }
    }
}

/// No working days are published for a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no calendar for {year}")]
pub struct Uncovered {
    /// The year that is missing.
    pub year: i16,
}

/// A text that is no calendar.
#[derive(Debug, Error)]
pub enum CalendarError {
    /// Not CSV.
    #[error("the calendar is no CSV")]
    Csv(#[from] csv::Error),
    /// A header is missing.
    #[error("the calendar has no column `{column}`")]
    Column {
        /// The missing header.
        column: &'static str,
    },
    /// A cell that cannot be read.
    #[error("{column}: `{text}` is not {wanted}")]
    Cell {
        /// The line in the text.
        line: u64,
        /// The column.
        column: &'static str,
        /// What stands there.
        text: String,
        /// What should stand there.
        wanted: &'static str,
    },
    /// A day twice.
    #[error("{date} is there twice")]
    Twice {
        /// The line in the text.
        line: u64,
        /// The day.
        date: Date,
    },
    /// A day of another year.
    #[error("{date} is no day of {year}")]
    OtherYear {
        /// The line in the text.
        line: u64,
        /// The day.
        date: Date,
        /// The year whose days should stand here.
        year: i16,
    },
    /// No day at all: no year is without a holiday.
    #[error("no day is listed")]
    Empty,
}

impl CalendarError {
    /// The line of the text that is wrong; the first where it is wrong as a whole.
    pub fn line(&self) -> u64 {
        match self {
            Self::Cell { line, .. } | Self::Twice { line, .. } | Self::OtherYear { line, .. } => {
                *line
            }
            Self::Csv(fault) => fault.position().map_or(1, csv::Position::line),
            Self::Column { .. } | Self::Empty => 1,
        }
    }
}

/// Whether something closed on a day is on time; the clock of a day does not matter.
pub fn on_time(closed: Date, due: Date) -> bool {
    closed <= due
}

/// What a year's file lists.
#[derive(Clone, Debug)]
pub struct ListedYear {
    year: i16,
    listed: Listed,
}

impl ListedYear {
    /// Reads `date,is_workday,name`, which lists every day of a year that is not plain Monday to Friday.
    pub fn read(year: i16, text: &str) -> Result<Self, CalendarError> {
        Ok(Self { year, listed: read_listed(year, text)? })
    }

    fn days(&self) -> impl Iterator<Item = (Date, bool, Option<Arc<str>>)> {
        let start = jiff::civil::date(self.year, 1, 1);
        let days = start.series(jiff::Span::new().days(1));
        days.take_while(|date| date.year() == self.year).map(|date| match self.listed.get(&date) {
            Some((is_workday, name)) => (date, *is_workday, name.clone()),
            None => (date, is_plain_workday(date), None),
        })
    }
}

impl Calendar {
    /// The calendar of some years.
    ///
    /// # Errors
    /// The year that is missing between two of them.
    pub fn of(mut years: Vec<ListedYear>) -> Result<Self, Uncovered> {
        years.sort_by_key(|listed| listed.year);
        for (before, after) in years.iter().zip(years.iter().skip(1)) {
            if after.year != before.year + 1 {
                return Err(Uncovered { year: before.year + 1 });
            }
        }
        let mut workday_no = 0;
        let days = years.iter().flat_map(ListedYear::days).map(|(date, is_workday, name)| {
            workday_no += i64::from(is_workday);
            CalendarDay { date, is_workday, workday_no, name }
        });
        Ok(Self { days: days.collect() })
    }

    /// The first year after those published.
    pub fn next_year(&self) -> Option<i16> {
        Some(self.days.last()?.date.year() + 1)
    }

    /// The last year before those published.
    pub fn year_before(&self) -> Option<i16> {
        Some(self.days.first()?.date.year() - 1)
    }

    /// The year of these days that has no calendar; the first of them.
    pub fn uncovered(&self, first: Date, last: Date) -> Option<Uncovered> {
        [first, last].into_iter().find_map(|date| self.day(date).err())
    }

    /// Every day in order.
    pub fn days(&self) -> &[CalendarDay] {
        &self.days
    }

    /// One day.
    pub fn day(&self, date: Date) -> Result<&CalendarDay, Uncovered> {
        let uncovered = Uncovered { year: date.year() };
        let first = self.days.first().ok_or(uncovered)?.date;
        let place = date.duration_since(first).as_hours() / 24;
        let place = usize::try_from(place).map_err(|_| uncovered)?;
        self.days.get(place).ok_or(uncovered)
    }

    /// The working days after `after` up to and with `through`; 0 if that is earlier.
    pub fn workdays_between(&self, after: Date, through: Date) -> Result<i64, Uncovered> {
        let worked = self.day(through)?.workday_no - self.day(after)?.workday_no;
        Ok(worked.max(0))
    }

    /// The day itself if it is worked, else the next one that is.
    pub fn workday_from(&self, date: Date) -> Result<Date, Uncovered> {
        let day = self.day(date)?;
        if day.is_workday { Ok(date) } else { self.workday_no(day.workday_no + 1) }
    }

    /// The working days from acceptance to closing without those in which the clock stood still.
    pub fn elapsed(
        &self,
        accepted: Date,
        closed: Date,
        suspensions: &[Suspension],
    ) -> Result<i64, Uncovered> {
        let mut elapsed = self.workdays_between(accepted, closed)?;
        for pause in united(suspensions) {
            let (from, to) = (pause.from.max(accepted), pause.to.unwrap_or(closed).min(closed));
            if from < to {
                elapsed -= self.workdays_between(from, to)?;
            }
        }
        Ok(elapsed.max(0))
    }

    /// The same where only the number of suspended working days is known; never below 0.
    pub fn elapsed_less(
        &self,
        accepted: Date,
        closed: Date,
        suspended_workdays: i64,
    ) -> Result<i64, Uncovered> {
        Ok((self.workdays_between(accepted, closed)? - suspended_workdays.max(0)).max(0))
    }

    /// The first day on which `limit` working days have run; with 0 the day itself, or the next
    /// working day. A suspension that begins by that day moves it, one begun later heals nothing.
    pub fn due(
        &self,
        accepted: Date,
        limit: i64,
        suspensions: &[Suspension],
    ) -> Result<Due, Uncovered> {
        let pauses = united(suspensions);
        let (mut resumed, mut left) = (accepted, limit);
        let mut pauses = pauses.iter().filter(|pause| pause.to.is_none_or(|to| to > accepted));
        let mut pause = pauses.next();
        while let Some(next) = pause {
            let ran = self.workdays_between(resumed, next.from.max(accepted))?;
            if ran >= left {
                break;
            }
            let Some(to) = next.to else { return Ok(Due::Suspended) };
            (resumed, left) = (to, left - ran);
            pause = pauses.next();
        }
        let mut due = self.after(resumed, left)?;
        while let Some(next) = pause.filter(|next| next.from <= due) {
            let Some(to) = next.to else { return Ok(Due::Suspended) };
            if due < to {
                due = self.workday_from(to)?;
            }
            pause = pauses.next();
        }
        Ok(Due::On(due))
    }

    /// A due day that the source has not moved for the suspended working days, moved; to leave it where it is asks no
    /// calendar.
    pub fn moved(&self, due_on: Date, suspended_workdays: i64) -> Result<Date, Uncovered> {
        if suspended_workdays <= 0 {
            return Ok(due_on);
        }
        self.after(due_on, suspended_workdays)
    }

    /// The day from which a limit counts, by a city's rule that what comes in after an hour of a
    /// working day counts as the next working day.
    pub fn accepted_on(&self, accepted: DateTime, after_hours: Time) -> Result<Date, Uncovered> {
        let day = self.day(accepted.date())?;
        if day.is_workday && accepted.time() > after_hours {
            return self.workday_no(day.workday_no + 1);
        }
        Ok(day.date)
    }

    /// The working day so many after a day; with 0 the day itself, or the next working day.
    fn after(&self, date: Date, workdays: i64) -> Result<Date, Uncovered> {
        if workdays <= 0 {
            return self.workday_from(date);
        }
        self.workday_no(self.day(date)?.workday_no + workdays)
    }

    /// The working day with a number, from 1.
    fn workday_no(&self, number: i64) -> Result<Date, Uncovered> {
        let place = self.days.partition_point(|day| day.workday_no < number);
        let beyond = self.days.last().map_or(0, |day| day.date.year() + 1);
        self.days.get(place).map(|day| day.date).ok_or(Uncovered { year: beyond })
    }
}

/// The same suspensions without overlaps, in order of time; those that stop nothing are left out.
fn united(suspensions: &[Suspension]) -> Vec<Suspension> {
    let stops = |pause: &&Suspension| pause.to.is_none_or(|to| to > pause.from);
    let mut sorted: Vec<Suspension> = suspensions.iter().filter(stops).copied().collect();
    sorted.sort_by_key(|pause| pause.from);
    let mut united: Vec<Suspension> = Vec::with_capacity(sorted.len());
    for pause in sorted {
        match united.last_mut() {
            Some(before) if before.to.is_none_or(|to| pause.from <= to) => {
                before.to = before.to.zip(pause.to).map(|(one, other)| one.max(other));
            }
            _ => united.push(pause),
        }
    }
    united
}

fn is_plain_workday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

type Listed = BTreeMap<Date, (bool, Option<Arc<str>>)>;

fn read_listed(year: i16, text: &str) -> Result<Listed, CalendarError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let place = |column: &'static str| {
        let found =
            headers.iter().position(|header| header.trim_start_matches('\u{feff}') == column);
        found.ok_or(CalendarError::Column { column })
    };
    let (date_at, workday_at, name_at) = (place("date")?, place("is_workday")?, place("name")?);
    let mut listed = Listed::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column, wanted, text: &str| {
            let text = text.to_owned();
            CalendarError::Cell { line, column, text, wanted }
        };
        let text = record.get(date_at).unwrap_or_default();
        let date: Date =
            text.parse().map_err(|_| cell("date", "a day such as 2026-01-01", text))?;
        let is_workday = match record.get(workday_at).unwrap_or_default() {
            "1" | "true" => true,
            "0" | "false" => false,
            text => return Err(cell("is_workday", "1 or 0", text)),
        };
        let name = record.get(name_at).filter(|name| !name.is_empty()).map(Arc::from);
        if date.year() != year {
            return Err(CalendarError::OtherYear { line, date, year });
        }
        if listed.insert(date, (is_workday, name)).is_some() {
            return Err(CalendarError::Twice { line, date });
        }
    }
    if listed.is_empty() { Err(CalendarError::Empty) } else { Ok(listed) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn china() -> Calendar {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/calendar/cn");
        let year = |year| {
            let text = std::fs::read_to_string(format!("{folder}/{year}.csv")).unwrap();
            ListedYear::read(year, &text).unwrap()
        };
        // In whatever order they come.
        Calendar::of((2020..=2026).rev().map(year).collect()).unwrap()
    }

    #[test]
    fn the_years_have_the_published_numbers_of_working_days() {
        let calendar = china();
        for (year, workdays) in (2020..).zip([249, 250, 249, 249, 251, 248, 248]) {
            let days = calendar.days().iter().filter(|day| day.date.year() == year);
            assert_eq!(days.filter(|day| day.is_workday).count(), workdays, "{year}");
        }
        assert_eq!(calendar.day(date(2024, 2, 9)).map(|day| day.is_workday), Ok(true));
        assert_eq!(calendar.day(date(2020, 1, 1)).unwrap().name.as_deref(), Some("元旦"));
    }

    #[test]
    fn outside_the_published_years_there_is_no_answer() {
        let calendar = china();
        let missing = Err(Uncovered { year: 2027 });
        assert_eq!(calendar.workdays_between(date(2026, 12, 30), date(2027, 1, 5)), missing);
        assert_eq!(calendar.workdays_between(date(2027, 1, 5), date(2026, 12, 30)), missing);
        assert_eq!(calendar.moved(date(2026, 12, 30), 9), Err(Uncovered { year: 2027 }));
        assert_eq!(calendar.due(date(2019, 12, 31), 3, &[]), Err(Uncovered { year: 2019 }));
    }

    #[test]
    fn a_clock_that_stands_still_is_not_overdue() {
        let calendar = china();
        let open = [Suspension { from: date(2024, 3, 6), to: None }];
        assert_eq!(calendar.due(date(2024, 3, 4), 5, &open), Ok(Due::Suspended));
        assert_eq!(calendar.due(date(2024, 3, 4), 2, &open), Ok(Due::Suspended));
        assert_eq!(calendar.due(date(2024, 3, 4), 1, &open), Ok(Due::On(date(2024, 3, 5))));
        assert_eq!(calendar.elapsed(date(2024, 3, 4), date(2024, 3, 20), &open), Ok(2));
        assert!(Due::Suspended.is_kept(date(2024, 12, 31)));
    }

    #[test]
    fn a_due_day_moves_on_into_the_next_suspension() {
        let pause =
            |from, to| Suspension { from: date(2024, 3, from), to: Some(date(2024, 3, to)) };
        let calendar = china();
        let due = |pauses: &[Suspension]| calendar.due(date(2024, 3, 4), 5, pauses);
        assert_eq!(due(&[pause(11, 22)]), Ok(Due::On(date(2024, 3, 22))));
        assert_eq!(due(&[pause(11, 23), pause(24, 28)]), Ok(Due::On(date(2024, 3, 28))));
        assert_eq!(due(&[pause(12, 18)]), Ok(Due::On(date(2024, 3, 11))));
        assert_eq!(calendar.due(date(2024, 3, 9), 0, &[]), Ok(Due::On(date(2024, 3, 11))));
        assert_eq!(calendar.moved(date(2024, 3, 9), 0), Ok(date(2024, 3, 9)));
    }

    #[test]
    fn years_without_a_gap_are_a_calendar() {
        let year = |year: i16| {
            let text = format!("date,is_workday,name\n{year}-01-01,0,\n");
            ListedYear::read(year, &text).unwrap()
        };
        assert_eq!(Calendar::of(vec![year(2026), year(2024)]), Err(Uncovered { year: 2025 }));
        let calendar = Calendar::of(vec![year(2026), year(2025)]).unwrap();
        assert_eq!(calendar.days().len(), 730);
        assert_eq!(calendar.next_year(), Some(2027));
        let uncovered = |first, last| calendar.uncovered(first, last).map(|none| none.year);
        assert_eq!(uncovered(date(2025, 1, 1), date(2026, 12, 31)), None);
        assert_eq!(uncovered(date(2026, 12, 31), date(2027, 1, 1)), Some(2027));
        assert_eq!(uncovered(date(2024, 12, 31), date(2027, 1, 1)), Some(2024));
    }

    #[test]
    fn a_text_that_is_no_calendar_says_where() {
        for (text, line, told) in [
            ("", 1, "the calendar has no column `date`"),
            ("date,is_workday,name\n", 1, "no day is listed"),
            ("date,name\n2024-01-01,x\n", 1, "the calendar has no column `is_workday`"),
            ("date,is_workday,name\n2024-13-01,0,x\n", 2, "date: `2024-13-01` is not a day"),
            ("date,is_workday,name\n2024-01-01,x,\n", 2, "is_workday: `x` is not 1 or 0"),
            (
                "date,is_workday,name\n2024-01-01,0,\n2024-01-01,0,\n",
                3,
                "2024-01-01 is there twice",
            ),
            (
                "date,is_workday,name\n2024-01-01,0,\n2025-01-01,0,\n",
                3,
                "2025-01-01 is no day of 2024",
            ),
        ] {
            let error = ListedYear::read(2024, text).unwrap_err();
            assert_eq!(error.line(), line, "{error}");
            let error = error.to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
