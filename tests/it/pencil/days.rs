//! Working days, due days and suspensions.

use std::path::Path;

use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::time;
use proptest::prelude::*;
use shuping::base::calendar::Calendar;
use shuping::base::calendar::Due;
use shuping::base::calendar::Suspension;
use shuping::base::calendar::Uncovered;
use shuping::spec::home::Home;

use super::Case;
use super::cases;
use crate::python;

fn china() -> Calendar {
    Home::embedded().calendar("cn").unwrap()
}

/// The cases write a blank between day and time.
fn moment(text: &str) -> DateTime {
    text.replace(' ', "T").parse().unwrap()
}

fn suspensions(case: &Case) -> Vec<Suspension> {
    let read = |pause: &str| {
        let (from, to) = pause.split_once("..").unwrap();
        Suspension { from: from.parse().unwrap(), to: Some(to.parse().unwrap()) }
    };
    case.filled("suspended").map(|text| text.split(';').map(read).collect()).unwrap_or_default()
}

fn told<T: ToString>(answer: Result<T, Uncovered>) -> String {
    answer.map_or_else(|_| "no_calendar".to_owned(), |answer| answer.to_string())
}

/// What the calendar says of a case: working days, due day, on time.
fn answer(calendar: &Calendar, case: &Case) -> (String, String, String) {
    let arrived = moment(case.cell("accepted_at"));
    let accepted = match case.cell("rule") {
        "after_hours" => calendar.accepted_on(arrived, time(17, 0, 0, 0)).unwrap(),
        _ => arrived.date(),
    };
    let closed: Option<Date> = case.filled("closed_at").map(|closed| moment(closed).date());
    let limit: i64 = case.read("limit_workdays").unwrap();
    let pauses = suspensions(case);
    let suspended: Option<i64> = case.read("suspended_workdays");
    let elapsed = closed.map(|closed| match suspended {
        Some(suspended) => calendar.elapsed_less(accepted, closed, suspended),
        None => calendar.elapsed(accepted, closed, &pauses),
    });
    let due = calendar.due(accepted, limit, &pauses).and_then(|due| match due {
        Due::On(due) => calendar.moved(due, suspended.unwrap_or(0)),
        Due::Suspended => panic!("no case is suspended without end"),
    });
    let kept = closed.zip(due.ok()).map(|(closed, due)| Due::On(due).is_kept(closed));
    let kept = kept.map_or_else(String::new, |kept| i32::from(kept).to_string());
    (elapsed.map(told).unwrap_or_default(), told(due), kept)
}

#[test]
fn the_shipped_working_days_are_those_of_an_independent_calendar() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/calendar/cn");
    python::workdays(Path::new(folder), 2557);
}

#[test]
fn limits_end_as_counted_by_hand() {
    let Some(cases) = cases("workdays.csv") else { return };
    assert_eq!(cases.len(), 77);
    let calendar = china();
    for case in &cases {
        let expected = (
            case.cell("expected_workdays").to_owned(),
            case.cell("expected_due_on").to_owned(),
            case.cell("expected_on_time").to_owned(),
        );
        assert_eq!(answer(&calendar, case), expected, "{}", case.cell("case"));
    }
}

#[test]
fn the_embedded_calendar_is_the_published_one() {
    let Some(cases) = cases("holidays.csv") else { return };
    let calendar = china();
    for case in &cases {
        let day = calendar.day(case.read("date").unwrap()).unwrap();
        assert_eq!(day.is_workday, case.cell("is_workday") == "1", "{}", day.date);
    }
}

/// The due day, found by walking day by day.
fn walked(calendar: &Calendar, accepted: Date, limit: i64, pauses: &[Suspension]) -> Date {
    let is_workday = |day| calendar.day(day).unwrap().is_workday;
    let stands = |pause: &&Suspension, day| pause.from < day && Some(day) <= pause.to;
    let (mut day, mut ran) = (accepted, 0);
    while ran < limit {
        day = day.tomorrow().unwrap();
        ran += i64::from(is_workday(day) && !pauses.iter().any(|pause| stands(&pause, day)));
    }
    loop {
        match pauses.iter().find(|pause| pause.from <= day && Some(day) < pause.to) {
            Some(pause) => day = pause.to.unwrap(),
            None if is_workday(day) => return day,
            None => day = day.tomorrow().unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_due_day_is_the_one_that_walking_finds(
        start in 0..1500_usize,
        limit in 0..30_i64,
        pauses in prop::collection::vec((0..60_usize, 0..20_usize), 0..4),
    ) {
        let calendar = china();
        let day = |place: usize| calendar.days()[place].date;
        let accepted = day(start);
        let pause = |(from, days): (usize, usize)| {
            let from = start + from;
            Suspension { from: day(from), to: Some(day(from + days)) }
        };
        let pauses: Vec<Suspension> = pauses.into_iter().map(pause).collect();
        let Due::On(due) = calendar.due(accepted, limit, &pauses).unwrap() else {
            return Err(TestCaseError::fail("every suspension ends"));
        };
        prop_assert_eq!(due, walked(&calendar, accepted, limit, &pauses));
    }
}
