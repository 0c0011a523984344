//! Who could work in the city? Invented people with numbers of a region that is assigned to nobody.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::posts::Kind;
use crate::base::identity::check_character;
use crate::sandbox::dice::Dice;

/// An invented person.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Person {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) is_male: bool,
    pub(in crate::sandbox) born: Date,
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) phone: String,
    pub(super) nation: &'static str,
    pub(super) politics: &'static str,
    pub(super) education: &'static str,
    pub(super) degree: &'static str,
    pub(super) school: &'static str,
    pub(super) major: &'static str,
    pub(super) entry: &'static str,
    pub(super) works_since: Date,
}

const REGIONS: [&str; 6] = ["519900", "519902", "519903", "519921", "519922", "519981"];
const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜";
const GIVEN: &str = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文波宁欣怡梓涵雨泽浩宇轩晨思远嘉慧琳雪梅春燕海东志鹏飞龙凤鸣";
const SCHOOLS: [&str; 8] = [
    "嘉宁大学",
    "嘉宁师范学院",
    "西江大学",
    "西江农业大学",
    "西江财经大学",
    "西江理工大学",
    "嘉宁职业技术学院",
    "西江广播电视大学",
];
const MAJORS: [&str; 14] = [
    "法学",
    "汉语言文学",
    "会计学",
    "行政管理",
    "计算机科学与技术",
    "土木工程",
    "经济学",
    "公共事业管理",
    "社会工作",
    "农学",
    "临床医学",
    "环境工程",
    "社会保障",
    "工商管理",
];

/// Makes people one after the other, no two with one number.
pub(super) struct Cradle {
    dice: Dice,
    numbers: BTreeSet<String>,
}

impl Cradle {
    pub(super) fn new(seed: u64) -> Cradle {
        Cradle { dice: Dice::of(seed, "people"), numbers: BTreeSet::new() }
    }

    /// Somebody who already works on the first day.
    pub(super) fn settled(&mut self, is_rural: bool, kind: Kind) -> Person {
        // Townships are young: 46 % are 35 or less, elsewhere a third.
        let bands: [f64; 7] = if is_rural {
            [22.0, 24.0, 15.0, 11.0, 10.0, 9.5, 8.5]
        } else {
            [12.5, 16.5, 17.5, 13.5, 14.0, 14.0, 12.0]
        };
        let ages = [(23, 30), (31, 35), (36, 40), (41, 45), (46, 50), (51, 54), (56, 59)];
        let band = self.dice.weighted(&bands);
        let (low, high) = ages.get(band).copied().unwrap_or((36, 40));
        let is_male = band == 6 || !self.dice.chance(0.495);
        // The age at the end of 2025, so that nobody is past the legal age before the last night.
        let days = self.dice.between(low * 365 + 100, high * 365 + 180);
        self.person(days, is_male, kind)
    }

    /// Somebody who begins to work.
    pub(super) fn young(&mut self, kind: Kind) -> Person {
        let days = self.dice.between(23 * 365, 33 * 365);
        let is_male = !self.dice.chance(0.48);
        self.person(days, is_male, kind)
    }

    fn person(&mut self, days: i64, is_male: bool, kind: Kind) -> Person {
        let last = Date::constant(2025, 12, 31);
        let born = last.checked_sub(jiff::Span::new().days(days)).unwrap_or(last);
        let dice = &mut self.dice;
        let letter = |dice: &mut Dice, of: &str| -> Option<char> {
            let place = dice.below(of.chars().count() as u64);
            of.chars().nth(usize::try_from(place).ok()?)
        };
        let mut name = String::new();
        name.extend(letter(dice, SURNAMES));
        name.extend(letter(dice, GIVEN));
        if dice.chance(0.75) {
            name.extend(letter(dice, GIVEN));
        }
        let (education, degree) = education(dice);
        let works = dice.between(22, 26) * 365;
        let works_since = born.checked_add(jiff::Span::new().days(works)).unwrap_or(born);
        let phone = format!("100{:08}", dice.below(100_000_000));
        let entries: &[&str] = match kind {
            Kind::Admin | Kind::Police | Kind::Reference => {
                &["公务员考试", "公务员考试", "军转", "调入"]
            }
            Kind::PublicOne | Kind::PublicTwo | Kind::Worker => &["招考", "招考", "调入"],
            Kind::External => &["派遣"],
        };
        let pick =
            |dice: &mut Dice, of: &[&'static str]| dice.pick(of).copied().unwrap_or_default();
        Person {
            name,
            is_male,
            born,
            phone,
            nation: pick(dice, &["汉族", "汉族", "汉族", "汉族", "汉族", "藏族", "羌族", "回族"]),
            politics: pick(dice, &["中共党员", "中共党员", "群众", "共青团员", "民盟盟员"]),
            education,
            degree,
            school: pick(dice, &SCHOOLS),
            major: pick(dice, &MAJORS),
            entry: pick(dice, entries),
            works_since: works_since.min(Date::constant(2025, 6, 1)),
            id: self.number(born, is_male),
        }
    }

    fn number(&mut self, born: Date, is_male: bool) -> String {
        loop {
            let region = self.dice.pick(&REGIONS).copied().unwrap_or_default();
            let serial = self.dice.below(500) * 2 + u64::from(is_male);
            let day = born.strftime("%Y%m%d");
            let mut number = format!("{region}{day}{serial:03}");
            number.push(check_character(&number));
            // A number that ends in 000 looks as if a spreadsheet had cut it.
            if !number.ends_with("000") && self.numbers.insert(number.clone()) {
                return number;
            }
        }
    }
}

fn education(dice: &mut Dice) -> (&'static str, &'static str) {
    match dice.weighted(&[0.4, 11.0, 64.0, 19.0, 3.0, 2.6]) {
        0 => ("博士研究生", "博士"),
        1 => ("硕士研究生", "硕士"),
        2 => ("本科", "学士"),
        3 => ("大专", "无"),
        4 => ("中专", "无"),
        _ => ("高中", "无"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_major_that_is_written_has_a_discipline() {
        let codes = include_str!("../../../schemas/codes/discipline.csv");
        for major in MAJORS {
            assert!(codes.lines().any(|line| line.starts_with(&format!("{major},"))), "{major}");
        }
    }
}
