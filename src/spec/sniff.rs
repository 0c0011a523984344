//! What do texts look like? Which type a column of them has, and whether it tells of persons: from a few
//! values, so that both are guesses to be looked at.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

use super::schema::FieldKind;
use crate::base::day::day;
use crate::base::day::tells_no_day;
use crate::base::redact::numbers_of_people;
use crate::base::text::clean;

/// What of a person a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// A name.
    Name,
    /// The number of an identity card or a passport.
    Number,
    /// The number that an office gave somebody.
    Staff,
    /// A telephone number or another address, or words with such a number in them.
    Contact,
}

/// A pattern of this file; none of them can fail to be one.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static WHOLE: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"^-?(0|[1-9]\d{0,14})$"));
static DECIMAL: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"^-?(0|[1-9]\d{0,11}|[1-9]\d{0,2}(,\d{3})+)(\.\d{1,6})?( ?%)?$"));
static MOBILE: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"^(\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}$"));
static MAIL: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"^[^@\s]+@[^@\s]+\.[^@\s]+$"));
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"^\d{17}[\dXx]$"));

/// The commonest surnames: nine of ten people bear one of them.
const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文";

/// How a name ends that is none of a person.
const BODIES: &str = "区县市镇乡村局部处科院校室中心馆所站街办会司厂队路州省";

/// Words of headers, and what they head.
const HEADERS: [(&str, Personal); 64] = [
    ("姓名", Personal::Name),
    ("人名", Personal::Name),
    ("联系人", Personal::Name),
    ("经办人", Personal::Name),
    ("申请人", Personal::Name),
    ("来电人", Personal::Name),
    ("来访人", Personal::Name),
    ("来信人", Personal::Name),
    ("诉求人", Personal::Name),
    ("投诉人", Personal::Name),
    ("举报人", Personal::Name),
    ("信访人", Personal::Name),
    ("反映人", Personal::Name),
    ("当事人", Personal::Name),
    ("办理人", Personal::Name),
    ("承办人", Personal::Name),
    ("受理人", Personal::Name),
    ("登记人", Personal::Name),
    ("录入人", Personal::Name),
    ("责任人", Personal::Name),
    ("责任领导", Personal::Name),
    ("分管领导", Personal::Name),
    ("牵头领导", Personal::Name),
    ("主办人", Personal::Name),
    ("督办人", Personal::Name),
    ("经手人", Personal::Name),
    ("签收人", Personal::Name),
    ("签发人", Personal::Name),
    ("填报人", Personal::Name),
    ("制表人", Personal::Name),
    ("报送人", Personal::Name),
    ("联络员", Personal::Name),
    ("话务员", Personal::Name),
    ("负责人", Personal::Name),
    ("填表人", Personal::Name),
    ("审核人", Personal::Name),
    ("户主", Personal::Name),
    ("法定代表人", Personal::Name),
    ("fullname", Personal::Name),
    ("firstname", Personal::Name),
    ("lastname", Personal::Name),
    ("surname", Personal::Name),
    ("personname", Personal::Name),
    ("contactname", Personal::Name),
    ("身份证", Personal::Number),
    ("身份号", Personal::Number),
    ("证件号", Personal::Number),
    ("护照", Personal::Number),
    ("sfzh", Personal::Number),
    ("idcard", Personal::Number),
    ("idnumber", Personal::Number),
    ("passport", Personal::Number),
    ("工号", Personal::Staff),
    ("警号", Personal::Staff),
    ("手机", Personal::Contact),
    ("电话", Personal::Contact),
    ("联系方式", Personal::Contact),
    ("邮箱", Personal::Contact),
    ("住址", Personal::Contact),
    ("家庭地址", Personal::Contact),
    ("phone", Personal::Contact),
    ("mobile", Personal::Contact),
    ("telephone", Personal::Contact),
    ("email", Personal::Contact),
];

/// What stands behind such a word where a column counts: 申请人数, 电话量.
const COUNTED: &str = "数次量率均";

fn is_match(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// The type that fits every text of a column; text where none is there.
pub fn kind(texts: &[String]) -> FieldKind {
    let texts: Vec<String> = texts.iter().map(|text| clean(text)).collect();
    let all = |is_one: &dyn Fn(&str) -> bool| {
        !texts.is_empty() && texts.iter().all(|text| is_one(text.as_str()))
    };
    if all(&|text| is_day(text) && !tells_time(text)) {
        FieldKind::Day
    } else if all(&is_day) {
        FieldKind::Instant
    } else if all(&|text| is_match(&WHOLE, text)) {
        FieldKind::Whole
    } else if all(&|text| is_match(&DECIMAL, text)) {
        // 98.5% is 0.985.
        let places = |text: &String| {
            let (number, more) = text.strip_suffix('%').map_or((&**text, 0), |it| (it.trim(), 2));
            number.split_once('.').map_or(0, |(_, part)| part.len()) + more
        };
        let places = texts.iter().map(places).max().unwrap_or(0);
        FieldKind::Decimal(u8::try_from(places.max(2)).unwrap_or(2))
    } else if all(&|text| matches!(text, "是" | "否" | "true" | "false" | "yes" | "no")) {
        FieldKind::Flag
    } else {
        FieldKind::Text
    }
}

/// Whether a text is a day, perhaps with a time. `20260105` is a whole number too, and so is the day of a
/// spreadsheet: of digits alone only days of our times are taken for days.
fn is_day(text: &str) -> bool {
    if is_match(&WHOLE, text) {
        let is_one = |day: Date| (1990..2050).contains(&day.year());
        return text.len() == 8 && day(text).is_some_and(is_one);
    }
    !tells_no_day(text) && day(text).is_some_and(is_near)
}

fn tells_time(text: &str) -> bool {
    text.contains([':', '时', '点'])
}

fn is_near(day: Date) -> bool {
    (1900..2101).contains(&day.year())
}

/// What of persons a column tells, by its header or by most of its values.
pub fn personal(header: &str, texts: &[String]) -> Option<Personal> {
    let plain: String = clean(header).to_lowercase();
    let plain: String = plain.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let is_counted = |rest: &str| rest.starts_with(|next: char| COUNTED.contains(next));
    let has = |word: &str| plain.split(word).skip(1).any(|rest| !is_counted(rest));
    if let Some((_, personal)) = HEADERS.iter().find(|(word, _)| has(word)) {
        return Some(*personal);
    }
    let most = |is_one: &dyn Fn(&str) -> bool| {
        let found = texts.iter().filter(|text| is_one(&clean(text))).count();
        found > 0 && found * 10 >= texts.len() * 6
    };
    if most(&|text| told(text) == Some(Personal::Number)) {
        Some(Personal::Number)
    } else if most(&|text| told(text) == Some(Personal::Contact)) {
        Some(Personal::Contact)
    } else if most(&is_a_name) {
        Some(Personal::Name)
    } else {
        None
    }
}

/// Whether words in a column have the number of a person among them: one row is enough, for what is written freely
/// names somebody in any other row too. A code without a blank may have the form of such a number by chance.
pub fn tells_freely(texts: &[String]) -> bool {
    let is_free = |text: &str| text.contains(|letter: char| letter == ' ' || !letter.is_ascii());
    texts.iter().any(|text| {
        let text = clean(text);
        is_free(&text) && !is_match(&MOBILE, &text) && !numbers_of_people(&text).is_empty()
    })
}

/// What of a person one text tells by itself.
pub fn told(text: &str) -> Option<Personal> {
    let text = clean(text);
    if is_number_of(&text) {
        Some(Personal::Number)
    } else if is_match(&MOBILE, &text) || is_match(&MAIL, &text) {
        Some(Personal::Contact)
    } else {
        None
    }
}

/// Eighteen digits with a day of birth inside, whatever its last one is.
fn is_number_of(text: &str) -> bool {
    let born = text.get(6..14).and_then(|day| day.parse::<Date>().ok());
    is_match(&NUMBER, text) && born.is_some_and(is_near)
}

/// Whether a text may be the name of a person: two or three letters, a surname first.
pub fn is_a_name(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let is_han = |letter: &char| ('\u{4e00}'..='\u{9fff}').contains(letter);
    (2..=3).contains(&letters.len())
        && letters.iter().all(is_han)
        && letters.first().is_some_and(|first| SURNAMES.contains(*first))
        && !letters.last().is_some_and(|last| BODIES.contains(*last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_column_has_the_type_that_fits_all_of_its_texts() {
        for (texts, found) in [
            (&["2025-01-06", "2025年1月7日", "2025/1/8"][..], FieldKind::Day),
            (&["20250106", "20250107"], FieldKind::Day),
            (&["2025-01-06", "2025-01-06 12:30:00"], FieldKind::Instant),
            (&["2025-01-06T12:30:00+08:00"], FieldKind::Instant),
            (&["2025年1月6日 9时5分", "2025/1/6 上午9:05", "2025.1.6 9:05"], FieldKind::Instant),
            (&["二〇二五年一月六日", "2025.1.6", "20250106"], FieldKind::Day),
            (&["2025年1月"], FieldKind::Text),
            (&["2025.01"], FieldKind::Decimal(2)),
            (&["7", "-12", "0"], FieldKind::Whole),
            (&["1,234.50", "7"], FieldKind::Decimal(2)),
            (&["0.1234"], FieldKind::Decimal(4)),
            (&["98.5%", "100 %", "0%", "1"], FieldKind::Decimal(3)),
            (&["0.25%", "7.125"], FieldKind::Decimal(4)),
            (&["是", "否"], FieldKind::Flag),
            (&["007", "12"], FieldKind::Text),
            (&["2025-02-30"], FieldKind::Text),
            (&["7", "seven"], FieldKind::Text),
            (&[], FieldKind::Text),
        ] {
            assert_eq!(kind(&of(texts)), found, "{texts:?}");
        }
    }

    #[test]
    fn one_number_among_words_tells_of_persons_and_one_code_does_not() {
        for (texts, is_one) in [
            (&["噪音扰民", "王某电话１３８００１３８０００"][..], true),
            (&["noise", "call 139-0013-9000 at night"], true),
            (&["噪音扰民", "519902198703051231之子"], true),
            (&["WX13800138000", "WX99"], false),
            (&["噪音扰民", "2026年1月5日处理,编号519900000017"], false),
            (&["139 0013 9000", "7"], false),
        ] {
            assert_eq!(tells_freely(&of(texts)), is_one, "{texts:?}");
        }
    }

    #[test]
    fn what_tells_of_persons_is_known_by_its_header_or_its_values() {
        for (header, texts, found) in [
            ("姓名", &[][..], Some(Personal::Name)),
            ("Contact Name", &[], Some(Personal::Name)),
            ("来电人", &["赵某某"], Some(Personal::Name)),
            ("诉求人/姓名", &[], Some(Personal::Name)),
            ("经办人工号", &["0017"], Some(Personal::Name)),
            ("责任领导", &["赵局"], Some(Personal::Name)),
            ("坐席工号", &["0017"], Some(Personal::Staff)),
            ("申请人数", &["17"], None),
            ("受理人次", &["17"], None),
            ("电话量", &["17"], None),
            ("申请人数(申请人)", &[], Some(Personal::Name)),
            ("甲", &["王伟", "李 娜", "张三"], Some(Personal::Name)),
            ("乙", &["519902198703051231"], Some(Personal::Number)),
            ("丙", &["13800138000", "139 0013 9000"], Some(Personal::Contact)),
            ("mail", &["a@b.cn"], Some(Personal::Contact)),
            ("区县", &["高新区", "金山县", "江北区"], None),
            ("name", &["North Branch"], None),
            ("单位名称", &["市财政局"], None),
            ("loan", &["L01"], None),
            ("no", &["992025010100010017"], None),
        ] {
            assert_eq!(personal(header, &of(texts)), found, "{header}");
        }
    }
}
