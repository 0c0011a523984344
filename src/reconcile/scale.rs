//! What is a number counted in? A unit of measurement as people write it is a power of ten and a thing:
//! 万件, %, 分钟.

use crate::base::text::squeeze;
use crate::spec::formula::Exact;

/// What a share is of: nothing.
const SHARE: &str = "";

/// Words for shares, and what one of it is.
const SHARES: [(&str, i128); 8] = [
    ("%", 100),
    ("百分比", 100),
    ("百分数", 100),
    ("百分点", 100),
    ("‰", 1000),
    ("小数", 1),
    ("比例", 1),
    ("比率", 1),
];

/// Powers of ten that stand before a thing, the longest words first.
const POWERS: [(&str, i128); 7] = [
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("亿", 100_000_000),
    ("万", 10_000),
    ("千", 1000),
    ("百", 100),
];

/// Words for one thing: how it is called here, and how many of those it is.
const SAME: [(&str, &str, (i128, i128)); 9] = [
    ("名", "人", (1, 1)),
    ("位", "人", (1, 1)),
    ("宗", "件", (1, 1)),
    ("起", "件", (1, 1)),
    ("日", "天", (1, 1)),
    ("个工作日", "工作日", (1, 1)),
    ("个小时", "小时", (1, 1)),
    ("分钟", "小时", (1, 60)),
    ("个月", "月", (1, 1)),
];

/// A unit of measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// How much of the thing one of it is.
    factor: Exact,
    /// What is counted; a share is of nothing, and a bare 万 of whatever is asked.
    thing: Option<String>,
    /// The power of ten and the thing, as written.
    word: String,
}

impl Scale {
    /// Reads a unit of measurement; an empty text is none.
    pub fn read(text: &str) -> Option<Scale> {
        let word = squeeze(text);
        if word.is_empty() {
            return None;
        }
        if let Some((_, of_one)) = SHARES.iter().find(|(share, _)| *share == word) {
            return Some(Scale { factor: Exact::new(1, *of_one), thing: Some(SHARE.into()), word });
        }
        let power = POWERS
            .iter()
            .find_map(|(power, of_one)| Some((word.strip_prefix(power)?.to_owned(), *of_one)));
        let (rest, ten) = power.unwrap_or((word.clone(), 1));
        let same = SAME.iter().find(|(other, ..)| *other == rest);
        let (name, of_one) = same.map_or((rest.as_str(), (1, 1)), |(_, name, one)| (*name, *one));
        let factor = Exact::from(ten) * Exact::new(of_one.0, of_one.1);
        let thing = (!name.is_empty()).then(|| name.to_owned());
        Some(Scale { factor, thing, word })
    }

    fn is_share(&self) -> bool {
        self.thing.as_deref() == Some(SHARE)
    }

    /// What a number in this unit is multiplied by to be in another; none where they count other things.
    /// A share is kept as a fraction, whatever it is shown in.
    pub fn times_in(&self, other: &Scale) -> Option<Exact> {
        let same = self.thing.is_none() && !other.is_share() || self.thing == other.thing;
        let kept = if other.is_share() { Exact::from(1) } else { other.factor };
        same.then(|| self.factor / kept)
    }

    /// As it is written.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The units that people take for this one: 件, 千件, 万件 and 亿件, or % and a fraction.
    pub fn mistaken(&self) -> Vec<Scale> {
        if self.is_share() {
            return ["%", "小数"].into_iter().filter_map(Scale::read).collect();
        }
        let power = POWERS.iter().find_map(|(power, _)| self.word.strip_prefix(power));
        let thing = power.unwrap_or(&self.word);
        let words = ["", "千", "万", "亿"].map(|power| format!("{power}{thing}"));
        words.iter().filter_map(|word| Scale::read(word)).collect()
    }

    /// A number that is kept in this unit, as people read it: with so many decimals at most.
    pub fn shown(&self, kept: Exact, decimals: u8) -> String {
        let (number, decimals) = if self.is_share() {
            (kept / self.factor, decimals.saturating_sub(2).max(2))
        } else {
            (kept, decimals)
        };
        format!("{}{}", trimmed(number, decimals), self.word)
    }

    /// What two numbers of this unit are apart: of percentages so many points.
    pub fn apart(&self, kept: Exact, decimals: u8) -> String {
        let shown = self.shown(kept, decimals);
        match shown.strip_suffix('%') {
            Some(points) => format!("{points}个百分点"),
            None => shown,
        }
    }
}

/// A number with so many decimals, rounded half away from zero, without zeros at its end.
pub fn trimmed(number: Exact, decimals: u8) -> String {
    let scaled = (number * Exact::from(10_i128.pow(u32::from(decimals)))).round().to_integer();
    let text = crate::base::cell::decimal_text(scaled, decimals);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of the first in the second.
    fn times(from: &str, to: &str) -> Option<Exact> {
        Scale::read(from).unwrap().times_in(&Scale::read(to).unwrap())
    }

    #[test]
    fn units_of_measurement_are_a_power_of_ten_and_a_thing() {
        for (from, to, of_one) in [
            ("件", "件", (1, 1)),
            ("万件", "件", (10_000, 1)),
            ("千件", "件", (1000, 1)),
            ("万", "件", (10_000, 1)),
            ("件", "万件", (1, 10_000)),
            ("名", "人", (1, 1)),
            ("天", "日", (1, 1)),
            ("分钟", "小时", (1, 60)),
            ("万件/人", "件/人", (10_000, 1)),
            ("%", "%", (1, 100)),
            ("%", "%", (1, 100)),
            ("‰", "%", (1, 1000)),
            ("小数", "%", (1, 1)),
        ] {
            assert_eq!(times(from, to), Some(Exact::new(of_one.0, of_one.1)), "{from} {to}");
        }
        for (from, to) in [("人", "件"), ("%", "件"), ("件", "%"), ("万", "%"), ("天", "工作日")]
        {
            assert_eq!(times(from, to), None, "{from} {to}");
        }
        assert_eq!(Scale::read(" "), None);
    }

    #[test]
    fn numbers_are_shown_in_their_unit() {
        let shown = |text, number, decimals| Scale::read(text).unwrap().shown(number, decimals);
        assert_eq!(shown("%", Exact::new(9, 13), 4), "69.23%");
        assert_eq!(shown("件", Exact::from(1652), 0), "1652件");
        assert_eq!(shown("件/人", Exact::new(5, 4), 1), "1.3件/人");
        let percent = Scale::read("%").unwrap();
        assert_eq!(percent.apart(Exact::new(1, 50), 4), "2个百分点");
    }
}
