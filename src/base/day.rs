//! Which day was it? A day as people write it, in digits or in numerals. What is not read to its end is no
//! day: of a range, a quarter or a list the first day would be another answer than the one that was meant.

use std::borrow::Cow;

use jiff::civil::Date;

use super::civil::is_time;

/// What stands behind a day where another one follows.
const ON: [&str; 12] = ["至", "到", "~", "-", "—", "–", "―", "/", "、", ",", ";", "&"];

/// The numerals of a year, a month and a day.
const NUMERALS: [char; 10] = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// A day as people write it: 1987-03-05, 1987/3/5, 1987.03 (its first day), 1987年3月5日, 19870305,
/// 二〇二六年一月五日, or 31841 as a spreadsheet counts. A time behind it is left away.
pub fn day(text: &str) -> Option<Date> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return match text.len() {
            8 => date(text.get(..4)?, text.get(4..6)?, text.get(6..)?),
            6 if is_of_ours(text) => date(text.get(..4)?, text.get(4..)?, "1"),
            5 => excel_day(text.parse().ok()?),
            _ => None,
        };
    }
    let text = in_digits(text);
    let Parts { year, month, day, behind } = parts(&text)?;
    let date = date(year, month, day.unwrap_or("1"))?;
    // Of another calendar's years, `BC` behind them, nothing is known.
    let is_done = !behind.contains(|c: char| c.is_ascii_alphanumeric())
        && !ON.iter().any(|mark| behind.contains(mark));
    (is_done || (day.is_some() && is_time(&text))).then_some(date)
}

/// Whether digits begin with a year that anybody here means, or with the one that stands for no end: 260105 is no May
/// of the year 2601.
fn is_of_ours(digits: &str) -> bool {
    ["19", "20", "9999"].iter().any(|year| digits.starts_with(year))
}

/// Whether a text of a day tells only its month: 1987.03, 198703, 1987年3月.
pub fn tells_no_day(text: &str) -> bool {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.len() == 6;
    }
    parts(&in_digits(text)).is_some_and(|parts| parts.day.is_none())
}

/// The day of a spreadsheet's serial number (1900 system).
pub fn excel_day(serial: i32) -> Option<Date> {
    jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(serial)).ok()
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The parts of a day, and what stands behind it.
struct Parts<'t> {
    year: &'t str,
    month: &'t str,
    day: Option<&'t str>,
    behind: &'t str,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let (year, rest) = digits(text).filter(|(year, _)| year.len() == 4)?;
    let rest = rest.trim_start();
    let is_worded = rest.starts_with('年');
    let (month, rest) = digits(rest.strip_prefix(['-', '/', '.', '年'])?.trim_start())?;
    let rest = rest.trim_start();
    let marked = rest.strip_prefix(['-', '/', '.', '月']).map(str::trim_start);
    // 2026年1-3月 is no day of January.
    let is_apart = is_worded != rest.starts_with('月');
    match marked.and_then(digits) {
        Some(_) if is_apart => None,
        Some((day, behind)) => {
            let behind = behind.trim_start();
            let behind = behind.strip_prefix(['日', '号']).unwrap_or(behind);
            // 2026年1月 3月 is no day of January.
            (!behind.starts_with('月')).then_some(Parts { year, month, day: Some(day), behind })
        }
        None => {
            let behind = rest.strip_prefix(['月', '.']).unwrap_or(rest);
            // The second of a year's quarters, weeks or issues is none of its months.
            let is_month = behind.is_empty() || rest.starts_with('月');
            is_month.then_some(Parts { year, month, day: None, behind })
        }
    }
}

/// The digits at the beginning of a text, and what stands behind them.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A day in numerals as one in digits: 二〇二六年十二月二十一日 is 2026年12月21日.
fn in_digits(text: &str) -> Cow<'_, str> {
    let is_numeral = text.starts_with(['一', '二']) && text.contains('年');
    if !is_numeral {
        return Cow::Borrowed(text);
    }
    let day = text.find(['日', '号']).or_else(|| text.find('月')).unwrap_or(text.len());
    let (day, behind) = text.split_at(day);
    let mut written = String::new();
    let mut letters = day.chars().peekable();
    while let Some(letter) = letters.next() {
        let digit = |letter: char| match letter {
            '零' | '○' | 'O' | '0' => Some(0),
            _ => NUMERALS.iter().position(|numeral| *numeral == letter),
        };
        let follows = letters.peek().copied();
        match (digit(letter), letter) {
            // 十 is 10, 十二 12, 二十 20 and 二十一 21.
            (Some(tens), _) if follows == Some('十') => written.push_str(&tens.to_string()),
            (Some(one), _) => written.push_str(&one.to_string()),
            (None, '十') => {
                let has_tens = written.ends_with(|c: char| c.is_ascii_digit());
                let has_ones = follows.and_then(digit).is_some();
                written.push_str(match (has_tens, has_ones) {
                    (true, true) => "",
                    (true, false) => "0",
                    (false, true) => "1",
                    (false, false) => "10",
                });
            }
            (None, other) => written.push(other),
        }
    }
    Cow::Owned(written + behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        let march = jiff::civil::date(1987, 3, 5);
        for text in [
            "1987-03-05",
            "1987/3/5",
            "1987.3.5",
            "1987.3.5.",
            "1987年3月5日",
            "1987 年 3 月 5 日",
            "1987年3月5号",
            "19870305",
            "31841",
            "1987-03-05 09:00:00",
            "1987-03-05T00:00:00.000",
            "1987-03-05T00:00:00+08:00",
            "1987/3/5 上午9:05",
            "1987.3.5 9:05",
            "1987年3月5日14时30分",
            "1987年3月5日 星期四 9:05",
            "1987.3.5 周四",
            "1987年3月5日(星期四)",
            "1987年3月5日生",
            "一九八七年三月五日",
            "一九八七年三月五日星期四",
        ] {
            assert_eq!(day(text), Some(march), "{text}");
        }
        for (text, said) in [
            ("二〇二六年一月五日", (2026, 1, 5)),
            ("二○二六年十月十日", (2026, 10, 10)),
            ("二零二六年十二月二十一日", (2026, 12, 21)),
            ("二〇二五年十一月三十日", (2025, 11, 30)),
            ("二〇二五年二月二十日", (2025, 2, 20)),
        ] {
            let (year, month, number) = said;
            assert_eq!(day(text), Some(jiff::civil::date(year, month, number)), "{text}");
        }
    }

    #[test]
    fn a_month_alone_is_its_first_day_and_says_so() {
        for text in ["1987.03", "1987年3月", "198703", "1987-3", "1987年3月上旬", "一九八七年三月"]
        {
            assert_eq!(day(text), Some(jiff::civil::date(1987, 3, 1)), "{text}");
            assert!(tells_no_day(text), "{text}");
        }
        for text in ["19870305", "1987.3.5", "1987年3月5日 9时", "一九八七年三月五日"]
        {
            assert!(!tells_no_day(text), "{text}");
        }
    }

    #[test]
    fn what_is_more_than_a_day_is_none() {
        for text in [
            "1985-03-00",
            "0000-00-00",
            "3/5/1987",
            "",
            "abc",
            "2026.1.5-1.8",
            "2026-01-05至2026-01-08",
            "2026-01-05 2026-01-08",
            "2026年1月5日—8日",
            "2026年1月5日至今",
            "2026年1月5日、8日",
            "2026-01-05/2026-01-08",
            "2026年1-3月",
            "2026年1月-3月",
            "2026年1月至3月",
            "2026年第2季度",
            "2026年2季度",
            "2026-2季度",
            "2026年12周",
            "2026年3期",
            "2026.5万元",
            "2026年1月 3月",
            "2026年度第3期",
            "2025-2026",
            "2026-01-05 25:00",
            "2026.1.5.8",
            "二〇二六年一月五日至八日",
            "0044-03-15 BC",
            "260105",
            "260131",
            "二十六年一月五日",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
