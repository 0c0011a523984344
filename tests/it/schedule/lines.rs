//! Does a cron line fire when others say it fires? Held against croner, every difference named.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use croner::CivilDate;
use croner::CivilDateTime;
use croner::CivilTime;
use croner::CronDateTime;
use croner::Resolution;
use croner::Weekday;
use croner::errors::CronError;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ZonedDateTime;
use jiff::civil::DateTime;
use jiff::civil::date;
use jiff::tz::AmbiguousOffset;
use jiff::tz::TimeZone;
use shuping::schedule::cron::Line;
use shuping::schedule::next_after;

const ZONES: [&str; 3] = ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"];

/// How long a line is compared: 2024 to 2033, or 2024 where it fires more than once a day.
#[derive(Clone, Copy)]
enum For {
    TenYears,
    OneYear,
}

/// Where we differ from croner, which calls a line fixed only if it tells one hour and one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// Where the clock is set back, croner fires a line that is not fixed in both passes, we in the
    /// first.
    TwiceInCroner,
    /// Where the clock is set forward, croner drops skipped times of lists and ranges, we make up for
    /// them: crontab(5) drops only those of lines with `*` in hour or minute.
    DroppedByCroner,
}

use Difference::DroppedByCroner;
use Difference::TwiceInCroner;
use For::OneYear;
use For::TenYears;

/// Our line, croner's spelling of it, for how long, and every difference. For croner, `*/2` restricts
/// a day field, so that either may hold; for crontab(5) it does not, which croner writes as `+`.
const LINES: &[(&str, &str, For, &[Difference])] = &[
    ("0 2 * * *", "0 2 * * *", TenYears, &[]),
    ("30 2 * * *", "30 2 * * *", TenYears, &[]),
    ("45 1 * * *", "45 1 * * *", TenYears, &[]),
    ("0 0 * * *", "0 0 * * *", OneYear, &[]),
    ("59 23 * * *", "59 23 * * *", OneYear, &[]),
    ("0 2 * * 1-5", "0 2 * * 1-5", TenYears, &[]),
    ("0 2 * * 0", "0 2 * * 0", TenYears, &[]),
    ("0 2 * * 7", "0 2 * * 7", TenYears, &[]),
    ("0 2 * * sun", "0 2 * * sun", TenYears, &[]),
    ("15 1 * * 5-7", "15 1 * * 5-7", TenYears, &[]),
    ("0 2 * * MON,Wed,fri", "0 2 * * MON,Wed,fri", TenYears, &[]),
    ("0 2 * * mon-fri/2", "0 2 * * mon-fri/2", TenYears, &[]),
    ("0 2 * * 1-7/3", "0 2 * * 1-7/3", TenYears, &[]),
    ("0 2 * * */2", "0 2 * * */2", TenYears, &[]),
    ("0 2 1 * *", "0 2 1 * *", TenYears, &[]),
    ("0 2 31 * *", "0 2 31 * *", TenYears, &[]),
    ("0 2 29 2 *", "0 2 29 2 *", TenYears, &[]),
    ("0 2 1 JAN,apr,7,10 *", "0 2 1 JAN,apr,7,10 *", TenYears, &[]),
    ("0 2 1-31/10 2-12/2 *", "0 2 1-31/10 2-12/2 *", TenYears, &[]),
    ("0 2 13 * 5", "0 2 13 * 5", TenYears, &[]),
    ("0 2 1,15 3-11 0,6", "0 2 1,15 3-11 0,6", TenYears, &[]),
    ("30 2 8-14 * 7", "30 2 8-14 * 7", TenYears, &[]),
    ("30 2 */2 * 0", "30 2 */2 * +0", TenYears, &[]),
    ("30 2 1-7 * */7", "30 2 1-7 * +*/7", TenYears, &[]),
    ("0 * * 3,4,10,11 *", "0 * * 3,4,10,11 *", OneYear, &[TwiceInCroner]),
    ("0 */6 * * *", "0 */6 * * *", OneYear, &[]),
    ("*/20 0-3 * 3,4,10,11 0", "*/20 0-3 * 3,4,10,11 0", OneYear, &[TwiceInCroner]),
    ("* 1-2 * 3,4,10,11 0", "* 1-2 * 3,4,10,11 0", OneYear, &[TwiceInCroner]),
    ("0 2,14 * * *", "0 2,14 * * *", OneYear, &[DroppedByCroner]),
    ("20,40 1-2 * * *", "20,40 1-2 * * *", OneYear, &[TwiceInCroner, DroppedByCroner]),
];

#[test]
fn lines_fire_when_croner_says_but_for_the_differences_that_are_named() {
    for (line, theirs, years, named) in LINES {
        let until = match years {
            TenYears => date(2034, 1, 1),
            OneYear => date(2025, 1, 1),
        };
        let mut seen = BTreeSet::new();
        for name in ZONES {
            let zone = TimeZone::get(name).unwrap();
            let at = |day: jiff::civil::Date| day.to_zoned_datetime(zone.clone()).unwrap();
            let span = (at(date(2024, 1, 1)), at(until).timestamp());
            let (ours, theirs) = (our_times(line, &span), croner_times(theirs, &span));
            assert!(!ours.is_empty(), "{line} never fires");
            for only in theirs.difference(&ours) {
                assert!(is_second_pass(*only, &zone), "only croner: {line} at {only} in {name}");
                seen.insert(TwiceInCroner);
            }
            for only in ours.difference(&theirs) {
                assert!(is_end_of_gap(*only, &zone), "not croner: {line} at {only} in {name}");
                seen.insert(DroppedByCroner);
            }
        }
        assert_eq!(seen, named.iter().copied().collect(), "{line}");
    }
}

fn our_times(line: &str, (from, until): &(ZonedDateTime, Timestamp)) -> BTreeSet<Timestamp> {
    let line = Line::read(line).unwrap();
    let next = |after: &Timestamp| next_after(&line, *after, from.time_zone());
    let times = std::iter::successors(next(&from.timestamp()), next);
    times.take_while(|time| time < until).collect()
}

fn croner_times(line: &str, (from, until): &(ZonedDateTime, Timestamp)) -> BTreeSet<Timestamp> {
    let line: croner::Cron = line.parse().unwrap();
    let times = line.iter_after(At(from.clone())).map(|At(time)| time.timestamp());
    times.take_while(|time| time < until).collect()
}

fn is_second_pass(instant: Timestamp, zone: &TimeZone) -> bool {
    let ambiguous = zone.to_ambiguous_timestamp(zone.to_datetime(instant));
    matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. })
        && ambiguous.later().is_ok_and(|later| later == instant)
}

fn is_end_of_gap(instant: Timestamp, zone: &TimeZone) -> bool {
    let before = instant - SignedDuration::from_secs(1);
    zone.to_offset(before) < zone.to_offset(instant)
}

/// Lines that are refused, and whether croner reads them.
const REFUSED: &[(&str, bool)] = &[
    ("", false),
    ("0 2 * *", false),
    ("60 2 * * *", false),
    ("0 24 * * *", false),
    ("0 2 0 * *", false),
    ("0 2 32 * *", false),
    ("0 2 * 13 *", false),
    ("0 2 * * 8", false),
    ("0 2 * * 5-1", false),
    ("0 2 * * mon-", false),
    ("-5 2 * * *", false),
    ("5/10 2 * * *", false),
    ("*/0 2 * * *", false),
    ("1-2-3 2 * * *", false),
    ("* 2 * * monday", false),
    ("0 2 * january *", false),
    ("夜 2 * * *", false),
    // Seconds, nicknames, days that no Unix cron knows, and what croner forgives.
    ("0 0 2 * * *", true),
    ("@daily", true),
    ("0 2 ? * *", true),
    ("0 2 L * *", true),
    ("0 2 15W * *", true),
    ("0 2 * * 5#2", true),
    ("0 2 1 * +1", true),
    ("1,,2 2 * * *", true),
    ("0, 2 * * *", true),
    ("0 2 * * fri-sun", true),
    // A day that does not exist.
    ("0 2 30 2 *", true),
    ("0 2 31 4,6,9,11 *", true),
];

#[test]
fn what_unix_cron_does_not_read_is_refused() {
    for (line, in_croner) in REFUSED {
        assert!(Line::read(line).is_err(), "{line}");
        assert_eq!(line.parse::<croner::Cron>().is_ok(), *in_croner, "{line} in croner");
    }
}

#[test]
fn a_rare_day_is_found_across_the_years() {
    let rare = Line::read("0 2 29-31/9 2 */7").unwrap();
    let at = |text: &str| text.parse::<DateTime>().unwrap();
    // The 29th of February is a Sunday in 2088, and not again before 2128: 2100 has none.
    assert_eq!(rare.after(at("2088-02-29T02:00")), Some(at("2128-02-29T02:00")));
}

/// croner's own view of a time, over jiff: its clock and zones are not ours.
#[derive(Clone)]
struct At(ZonedDateTime);

fn theirs(local: DateTime) -> CivilDateTime {
    let [month, day] = [local.month(), local.day()].map(|part| u32::try_from(part).unwrap());
    let time = [local.hour(), local.minute(), local.second()];
    let [hour, minute, second] = time.map(|part| u32::try_from(part).unwrap());
    let day = CivilDate::from_ymd_opt(i32::from(local.year()), month, day).unwrap();
    CivilDateTime::new(day, CivilTime::from_hms_opt(hour, minute, second).unwrap())
}

fn ours(civil: CivilDateTime) -> DateTime {
    let small = |part: u32| i8::try_from(part).unwrap();
    let day = date(i16::try_from(civil.year()).unwrap(), small(civil.month()), small(civil.day()));
    day.at(small(civil.hour()), small(civil.minute()), small(civil.second()), 0)
}

impl CronDateTime for At {
    fn to_civil(&self) -> CivilDateTime {
        theirs(self.0.datetime())
    }

    fn civil_weekday(&self) -> Weekday {
        let days = self.0.weekday().to_sunday_zero_offset();
        Weekday::from_days_from_sunday(u32::try_from(days).unwrap())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<At>, CronError> {
        let ambiguous = self.0.time_zone().to_ambiguous_zoned_datetime(ours(civil));
        Ok(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                Resolution::Single(At(ambiguous.unambiguous().unwrap()))
            }
            AmbiguousOffset::Fold { .. } => {
                let later = ambiguous.clone().later().unwrap();
                Resolution::Ambiguous(At(ambiguous.earlier().unwrap()), At(later))
            }
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<At> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(At)
    }

    fn cmp_instant(&self, other: &At) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}
