//! When was it? A time as people and programs write it: with an offset, as local time in digits or in
//! words, or as the number of a clock. What is not read to its end is no time, so that no hour is lost.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::civil::civil;
use super::civil::plain_time;
use super::day::day;

/// An instant in any usual way, to the microsecond; a day alone is its first moment.
pub fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return counted(text, zone);
    }
    if let Some(civil) = plain_time(text) {
        return at(civil, zone);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Timestamp::from_microsecond(instant.as_microsecond()).ok();
    }
    // A zone in brackets is none that is read here, and a year has four digits.
    let civil = civil(text).filter(|civil| !text.contains('[') && civil.year() > 999);
    // A text that has no digits behind its day tells no time of it.
    let groups = text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    let has_part =
        ["上午", "下午", "中午", "早", "晚", "凌晨"].iter().any(|part| text.contains(part));
    let is_day = groups.count() <= 3 && !text.contains(':') && !has_part;
    let alone = || day(text).filter(|_| is_day).map(first);
    at(civil.or_else(alone)?, zone)
}

/// The day of a time that names its offset, as `2025-03-04T16:00:00Z`, where we are.
pub fn day_of_instant(text: &str, zone: &TimeZone) -> Option<Date> {
    let behind = text.get(10..).filter(|rest| rest.contains(['Z', 'z', '+', '-']))?;
    let instant: Timestamp = behind.contains(':').then(|| text.parse().ok())??;
    Some(zone.to_datetime(instant).date())
}

/// Digits alone: 20250306, 2025030614 or 20250306143000 with or without its seconds or thousandths, the day of a
/// spreadsheet, or seconds or milliseconds since 1970.
fn counted(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let compact = |text: &str| {
        let two = |from: usize| text.get(from..from + 2).map_or(Some(0), |two| two.parse().ok());
        let is_of_ours = text.starts_with("19") || text.starts_with("20");
        let year = text.get(..4).filter(|_| is_of_ours)?.parse().ok()?;
        let thousandths = text.get(14..).map_or(Some(0), |rest| format!("0{rest}").parse().ok())?;
        let (hour, minute, second) = (two(8)?, two(10)?, two(12)?);
        DateTime::new(year, two(4)?, two(6)?, hour, minute, second, thousandths * 1_000_000).ok()
    };
    // As seconds since 1970, ten digits that begin with 20 lie in 2033 and later.
    let is_hour = text.len() == 10 && text.starts_with("20");
    let is_compact = is_hour || matches!(text.len(), 12 | 14 | 17);
    if let Some(civil) = is_compact.then(|| compact(text)).flatten() {
        return at(civil, zone);
    }
    match text.len() {
        5 | 6 | 8 => at(first(day(text)?), zone),
        9 | 10 => Timestamp::from_second(text.parse().ok()?).ok(),
        12 | 13 => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        _ => None,
    }
}

fn first(day: Date) -> DateTime {
    day.at(0, 0, 0, 0)
}

/// A local time as an instant, to the microsecond.
pub fn at(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let instant = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
    Timestamp::from_microsecond(instant.as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    #[test]
    fn an_instant_without_offset_is_local() {
        let zone = shanghai();
        let noon: Timestamp = "2025-01-06T04:00:00Z".parse().unwrap();
        for text in [
            "2025-01-06 12:00:00",
            "2025/01/06 12:00:00",
            "2025-01-06T12:00:00",
            "1736136000000",
            "1736136000",
            "2025-01-06T12:00:00+08:00",
            "2025-01-06T12:00:00.000+0800",
            "2025-01-06 12:00",
            "2025/1/6 12:00",
            "2025.1.6 12:00:00",
            "2025年01月06日 12时00分",
            "2025年1月6日12时",
            "2025年1月6日 12点00分00秒",
            "2025年1月6日 上午12:00",
            "20250106120000",
            "2025010612",
            "202501061200",
            "20250106120000000",
        ] {
            assert_eq!(instant(text, &zone), Some(noon), "{text}");
        }
        let close = "2025-01-06T04:00:00.123456Z".parse().unwrap();
        for text in ["2025-01-06T12:00:00.1234567+08:00", "2025-01-06 12:00:00.123456789"] {
            assert_eq!(instant(text, &zone), Some(close), "{text}");
        }
        let afternoon = noon + jiff::SignedDuration::from_mins(151);
        for text in ["2025年1月6日 下午2:31", "2025-1-6 14:31", "2025年1月6日14时31分"] {
            assert_eq!(instant(text, &zone), Some(afternoon), "{text}");
        }
        for text in ["2025-01-06 24:00:00", "2025-13-06 12:00:00", "2025-01-06 12:00:0x"] {
            assert_eq!(instant(text, &zone), None, "{text}");
        }
        let leap: Timestamp = "2016-12-31T15:59:59Z".parse().unwrap();
        assert_eq!(instant("2016-12-31 23:59:60", &zone), Some(leap));
    }

    #[test]
    fn a_day_alone_is_its_first_moment_and_nothing_else_is() {
        let zone = shanghai();
        let day: Timestamp = "2025-01-05T16:00:00Z".parse().unwrap();
        for text in ["2025-01-06", "2025/1/6", "2025年1月6日", "20250106", "45663", "2025.1.6 周一"]
        {
            assert_eq!(instant(text, &zone), Some(day), "{text}");
        }
        for text in [
            "2025年1月6日 25时00分",
            "2025年1月6日 夜12时00分",
            "2025.1.6-1.8",
            "25-1-6 12:00",
            "2025-01-06T12:00:00[UTC]",
            "2025-01-06 12:00[Europe/Paris]",
            "2025.1.6 下午",
            "2025年1月6日晚",
            "2025-01-06 14.30",
            "2025-01-06 12:00 ~ 13:00",
            "20251306120000",
            "99999999999999",
            "0",
            "2025",
            "20251345",
            "260105",
        ] {
            assert_eq!(instant(text, &zone), None, "{text}");
        }
    }

    #[test]
    fn a_day_written_as_an_instant_is_the_day_here() {
        let day = |text| day_of_instant(text, &shanghai()).map(|day| day.to_string());
        assert_eq!(day("1987-03-04T16:00:00.000Z").as_deref(), Some("1987-03-05"));
        assert_eq!(day("1987-03-05T00:00:00+08:00").as_deref(), Some("1987-03-05"));
        for text in ["1987-03-05", "1987-03-05 09:00:00", "1987-03-05Z", "1987年3月5日"] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
