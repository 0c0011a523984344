//! Which instant comes next, which night is it, and which night was missed?

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use shuping::base::messages::Lang;
use shuping::schedule;
use shuping::schedule::Past;
use shuping::schedule::cron::Line;
use shuping::schedule::next_after;
use shuping::spec::settings::Settings;
use shuping::spec::settings::read_settings;

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn night(text: &str) -> Date {
    text.parse().unwrap()
}

/// The settings of a home; the cutoff is two o'clock.
fn settings(zone: &str, cron: &str) -> Settings {
    let text = format!(
        "format = 1\n[home]\nname = \"a\"\ntitle = \"A\"\ntimezone = \"{zone}\"\ncutoff = \"02:00\"\n\
         [schedule]\ncron = \"{cron}\"\n[pseudonyms]\nkey = \"${{secret:pseudonym.key}}\"\n"
    );
    read_settings("shuping.toml", &text).unwrap()
}

#[test]
fn the_next_fire_time_is_the_first_after_an_instant() {
    let table = [
        // The instant itself is not after itself; a nanosecond before it, it is.
        ("0 2 * * *", "Asia/Shanghai", "2026-01-06T01:59:59.9+08", "2026-01-06T02:00+08"),
        ("0 2 * * *", "Asia/Shanghai", "2026-01-06T02:00+08", "2026-01-07T02:00+08"),
        ("0 2 * * 7", "Asia/Shanghai", "2026-01-06T02:00+08", "2026-01-11T02:00+08"),
        ("0 2 29 2 *", "Asia/Shanghai", "2026-01-06T02:00+08", "2028-02-29T02:00+08"),
        // 02:00 to 03:00 does not exist: right after the gap, and the next day as usual.
        ("30 2 * * *", "America/New_York", "2026-03-07T12:00-05", "2026-03-08T03:00-04"),
        ("30 2 * * *", "America/New_York", "2026-03-08T03:00-04", "2026-03-09T02:30-04"),
        // Both lost times are one.
        ("10,50 2 * * *", "America/New_York", "2026-03-07T12:00-05", "2026-03-08T03:00-04"),
        ("10,50 2 * * *", "America/New_York", "2026-03-08T03:00-04", "2026-03-09T02:10-04"),
        // A line that repeats goes on with its next time.
        ("30 * * * *", "America/New_York", "2026-03-08T01:30-05", "2026-03-08T03:30-04"),
        // 01:00 to 02:00 comes twice: the first counts, asked before, in and after it.
        ("30 1 * * *", "America/New_York", "2026-10-31T12:00-04", "2026-11-01T01:30-04"),
        ("30 1 * * *", "America/New_York", "2026-11-01T01:30-04", "2026-11-02T01:30-05"),
        ("30 1 * * *", "America/New_York", "2026-11-01T01:10-05", "2026-11-02T01:30-05"),
        ("30 * * * *", "America/New_York", "2026-11-01T01:30-04", "2026-11-01T02:30-05"),
        // Lord Howe moves by half an hour.
        ("0 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00+10:30", "2026-10-04T02:30+11"),
        // Samoa had no 30 December 2011.
        ("0 2 30 * *", "Pacific/Apia", "2011-12-29T12:00-10", "2011-12-31T00:00+14"),
    ];
    for (line, zone, after, expected) in table {
        let read = Line::read(line).unwrap();
        let next = next_after(&read, instant(after), &TimeZone::get(zone).unwrap());
        assert_eq!(next, Some(instant(expected)), "{line} after {after} in {zone}");
    }
}

#[test]
fn a_night_is_the_day_of_the_last_cutoff_that_has_passed() {
    let table = [
        ("Asia/Shanghai", "2026-01-06T02:00+08", "2026-01-06"),
        ("Asia/Shanghai", "2026-01-06T01:59:59+08", "2026-01-05"),
        ("Asia/Shanghai", "2026-01-06T23:00+08", "2026-01-06"),
        // The cutoff itself falls into the gap and is taken after it.
        ("America/New_York", "2026-03-08T03:00-04", "2026-03-08"),
        ("America/New_York", "2026-03-08T01:59-05", "2026-03-07"),
    ];
    for (zone, at, expected) in table {
        let settings = settings(zone, "0 2 * * *");
        assert_eq!(settings.night_at(instant(at)), night(expected), "{at} in {zone}");
    }
}

#[test]
fn the_latest_night_that_was_missed_is_caught_up() {
    let table = [
        ("0 2 * * *", Some("2026-01-06"), "2026-01-06T12:00+08", None),
        ("0 2 * * *", Some("2026-01-05"), "2026-01-06T02:00+08", Some("2026-01-06")),
        ("0 2 * * *", Some("2026-01-05"), "2026-01-06T01:59+08", None),
        // Many were missed: one is caught up.
        ("0 2 * * *", Some("2025-11-01"), "2026-01-06T12:00+08", Some("2026-01-06")),
        // Before today's fire time, the latest missed is yesterday's.
        ("0 3 * * *", Some("2026-01-01"), "2026-01-06T02:30+08", Some("2026-01-05")),
        // A line that fires before the cutoff fires for the night before.
        ("0 1 * * *", Some("2026-01-04"), "2026-01-06T12:00+08", Some("2026-01-05")),
        ("0 1 * * *", Some("2026-01-05"), "2026-01-06T12:00+08", None),
        // On Tuesday, Monday's.
        ("0 2 * * 1", Some("2025-12-29"), "2026-01-06T12:00+08", Some("2026-01-05")),
        ("0 2 * * 1", Some("2026-01-05"), "2026-01-06T12:00+08", None),
        // A night that was run by hand counts, a home without nights has missed none.
        ("0 2 * * 1", Some("2026-01-06"), "2026-01-06T12:00+08", None),
        ("0 2 * * *", None, "2026-01-06T12:00+08", None),
    ];
    for (cron, noted, now, expected) in table {
        let settings = settings("Asia/Shanghai", cron);
        let line = schedule::line(&settings).unwrap();
        let missed = schedule::missed(&line, &settings, noted.map(night), instant(now));
        assert_eq!(missed, expected.map(night), "{cron}, last {noted:?}, at {now}");
    }
}

#[test]
fn an_interrupted_night_is_run_again_unless_something_newer_stands() {
    let table = [
        (None, Some("2026-01-06"), Some("2026-01-06")),
        (Some("2026-01-05"), Some("2026-01-06"), Some("2026-01-06")),
        // It had noted how it went, and was stopped before its release stood.
        (Some("2026-01-06"), Some("2026-01-06"), Some("2026-01-06")),
        // A rerun of an older night is the operator's.
        (Some("2026-01-06"), Some("2025-12-01"), None),
        // A newer night was missed besides.
        (Some("2026-01-04"), Some("2026-01-05"), Some("2026-01-06")),
        (Some("2026-01-06"), None, None),
    ];
    let settings = settings("Asia/Shanghai", "0 2 * * *");
    let line = schedule::line(&settings).unwrap();
    for (noted, interrupted, expected) in table {
        let past = Past { noted: noted.map(night), interrupted: interrupted.map(night) };
        let due = schedule::catch_up(&line, &settings, past, instant("2026-01-06T12:00+08"));
        assert_eq!(due, expected.map(night), "noted {noted:?}, interrupted {interrupted:?}");
    }
}

#[test]
fn a_bad_line_is_told_with_its_place_and_a_hint() {
    let table = [
        ("0 25 * * *", "`25` is no hour of a cron line [H071]", "`25` 不是 cron 表达式的 hour 段"),
        ("0 0 2 * * 1", "`0 0 2 * * 1` has 6 [H070]", "`0 0 2 * * 1` 有 6 段"),
        ("0 2 30 2 *", "`0 2 30 2 *` never fires", "`0 2 30 2 *` 永不触发"),
    ];
    for (cron, en, zh) in table {
        let fault = schedule::line(&settings("Asia/Shanghai", cron)).unwrap_err();
        let told = fault.render(Lang::En);
        assert!(told.starts_with("shuping.toml:8:8  schedule.cron: "), "{told}");
        assert!(told.contains(en), "{told}");
        assert!(told.contains("hint: "), "{told}");
        assert!(fault.render(Lang::Zh).contains(zh), "{}", fault.render(Lang::Zh));
    }
}
