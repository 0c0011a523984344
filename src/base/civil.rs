//! What local time does a text say? As systems, offices and spreadsheets write it, and read to its end.

use jiff::Timestamp;
use jiff::civil::DateTime;

/// Whether a text tells a time, to its end.
pub fn is_time(text: &str) -> bool {
    plain_time(text).or_else(|| civil(text)).is_some() || text.parse::<Timestamp>().is_ok()
}

/// A local time in any usual way.
pub fn civil(text: &str) -> Option<DateTime> {
    text.replace('/', "-").parse().ok().or_else(|| in_words(text))
}

/// A local time as most systems write it, 2025-01-06 12:00:00, which is read at a glance.
pub fn plain_time(text: &str) -> Option<DateTime> {
    let bytes: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b' ' | b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
    ] = bytes
    else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i8::try_from(byte - b'0').ok()).flatten();
    let two = |tens: &u8, ones: &u8| Some(digit(*tens)? * 10 + digit(*ones)?);
    let year = i16::from(two(y1, y2)?) * 100 + i16::from(two(y3, y4)?);
    let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
    DateTime::new(year, two(m1, m2)?, two(d1, d2)?, hour, minute, second, 0).ok()
}

/// A local time as offices and spreadsheets write it: 2025/3/6 9:05, 2025.3.6 9:05:07,
/// 2025年3月6日14时30分, 2025年3月6日 下午2:30.
fn in_words(text: &str) -> Option<DateTime> {
    let mut rest = text;
    let year = number(&mut rest, 4, &['-', '/', '.', '年'])?;
    let month = number(&mut rest, 2, &['-', '/', '.', '月'])?;
    let day = number(&mut rest, 2, &['日', '号', ' ', 'T'])?;
    rest = without_weekday(rest.trim_start());
    let is_late = rest.starts_with("下午");
    rest = rest.strip_prefix("上午").or(rest.strip_prefix("下午")).unwrap_or(rest).trim_start();
    let mut hour = number(&mut rest, 2, &[':', '时', '点'])?;
    let minute = number(&mut rest, 2, &[':', '分']).or(rest.is_empty().then_some(0))?;
    let second = number(&mut rest, 2, &['秒']).or(rest.is_empty().then_some(0))?;
    if is_late && hour < 12 {
        hour += 12;
    }
    let [month, day, hour, minute, second] =
        [month, day, hour, minute, second].map(|part| i8::try_from(part).ok());
    let civil = DateTime::new(year, month?, day?, hour?, minute?, second?, 0).ok();
    civil.filter(|_| rest.trim_start().is_empty())
}

/// What stands behind the day of the week, 星期一, 周一 or either in brackets.
fn without_weekday(text: &str) -> &str {
    let inside = text.strip_prefix('(').unwrap_or(text);
    let named = inside.strip_prefix("星期").or_else(|| inside.strip_prefix('周'));
    let behind =
        named.and_then(|it| it.strip_prefix(['一', '二', '三', '四', '五', '六', '日', '天']));
    behind.map_or(text, |behind| behind.trim_start_matches(')').trim_start())
}

/// The number at the beginning of a text, so many digits at most, and the mark behind it; none but at its
/// end may have none.
fn number(rest: &mut &str, most: usize, marks: &[char]) -> Option<i16> {
    let (digits, behind) =
        rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let marked = behind.strip_prefix(marks).or(behind.is_empty().then_some(behind))?;
    let number = digits.parse().ok().filter(|_| digits.len() <= most)?;
    *rest = marked;
    Some(number)
}
