//! Does what a unit reports of itself agree with what the systems say? Two numbers are compared, each in
//! its unit of measurement.

pub mod scale;

use num_traits::CheckedSub as _;
use num_traits::Signed as _;
use num_traits::Zero as _;

use self::scale::Scale;
use self::scale::trimmed;
use crate::spec::formula::Exact;

/// More than one part in so many of our number is a difference.
const TOLERANCE: i128 = 50;

/// Decimals of a reported number that are shown.
const WRITTEN: u8 = 6;

/// A figure as a unit wrote it.
#[derive(Clone, Debug)]
pub struct Report<'r> {
    /// The number.
    pub number: Exact,
    /// The unit of measurement; empty where none is written.
    pub measured_in: &'r str,
}

/// The same figure as the systems say it.
#[derive(Clone, Debug)]
pub struct Ours<'o> {
    /// What it is called.
    pub title: &'o str,
    /// The number; a share is a fraction.
    pub value: Option<Exact>,
    /// What it is divided by: one unit of count is one of that.
    pub denominator: Option<Exact>,
    /// Its unit of measurement.
    pub measured_in: &'o str,
    /// How many decimals are shown.
    pub decimals: u8,
    /// How far it can be trusted.
    pub status: &'o str,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// More than 2 % and more than one unit of count apart.
    Differs,
    /// The same, once it is read in another unit of measurement than ours.
    UnitOfMeasure,
    /// There is no value to compare with.
    NoValueOfOurs,
    /// No metric has that name.
    UnknownMetric,
    /// The same.
    Agrees,
}

impl Verdict {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Differs => "differs",
            Verdict::UnitOfMeasure => "unit_of_measure",
            Verdict::NoValueOfOurs => "no_value_of_ours",
            Verdict::UnknownMetric => "unknown_metric",
            Verdict::Agrees => "agrees",
        }
    }
}

/// A figure beside ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What it comes to.
    pub verdict: Verdict,
    /// The unit of measurement that the number was read in.
    pub read_in: String,
    /// The reported number in our unit of measurement.
    pub reported: Option<Exact>,
    /// It less ours.
    pub difference: Option<Exact>,
    /// The same over ours.
    pub relative: Option<Exact>,
    /// All of it in one sentence.
    pub sentence: String,
}

/// A way to read a reported number.
struct Reading {
    word: String,
    number: Exact,
}

/// Compares a figure with ours; without a metric of that name there is nothing of ours.
///
/// The number is read in the unit that is written. Where none is, or one that counts something else, it is
/// read in ours. If that is not the number, and exactly one of the units that people take for ours makes
/// it so, that is the finding: it is never corrected in silence.
pub fn compare(metric: &str, report: &Report<'_>, ours: Option<&Ours<'_>>) -> Compared {
    let Some(ours) = ours else {
        let sentence = format!("{metric}自报{},没有编码为{metric}的指标;无从核对", written(report));
        return nothing(Verdict::UnknownMetric, sentence);
    };
    let own = Scale::read(ours.measured_in);
    let (first, is_ours) = first(report, own.as_ref());
    let Some(value) = ours.value else {
        let (title, status) = (ours.title, ours.status);
        let sentence = format!("{title}自报{},系统无值({status});无从核对", written(report));
        let nothing = nothing(Verdict::NoValueOfOurs, sentence);
        return Compared { read_in: first.word, reported: Some(first.number), ..nothing };
    };
    let as_first = if is_ours { Verdict::Agrees } else { Verdict::UnitOfMeasure };
    if is_close(first.number, value) {
        return compared(as_first, first, (report, ours, value));
    }
    let others = own.as_ref().map(|own| readings(report, own)).unwrap_or_default();
    let mut others = others.into_iter().filter(|other| {
        agrees(other.number, value, ours) && apart(other.number, value) < apart(first.number, value)
    });
    if let (Some(other), None) = (others.next(), others.next()) {
        return compared(Verdict::UnitOfMeasure, other, (report, ours, value));
    }
    let verdict = if agrees(first.number, value, ours) { as_first } else { Verdict::Differs };
    compared(verdict, first, (report, ours, value))
}

/// The number in the unit that is written, or else in ours; and whether it needed no other unit than ours.
fn first(report: &Report<'_>, own: Option<&Scale>) -> (Reading, bool) {
    let Some(own) = own else {
        return (Reading { word: String::new(), number: report.number }, true);
    };
    let stated = Scale::read(report.measured_in);
    let factor = own.times_in(own).unwrap_or(Exact::from(1));
    let reading = |scale: &Scale, times: Exact| Reading {
        word: scale.word().to_owned(),
        number: report.number * times,
    };
    let told = stated.as_ref().and_then(|stated| Some((stated, stated.times_in(own)?)));
    if let Some((stated, times)) = told {
        (reading(stated, times), times == factor)
    } else {
        (reading(own, factor), stated.is_none())
    }
}

/// The number in every unit that people take for ours.
fn readings(report: &Report<'_>, own: &Scale) -> Vec<Reading> {
    let read = |scale: &Scale| {
        let number = report.number * scale.times_in(own)?;
        Some(Reading { word: scale.word().to_owned(), number })
    };
    own.mistaken().iter().filter_map(read).collect()
}

/// How far two numbers are apart; nothing beyond what can be told.
fn apart(one: Exact, other: Exact) -> Option<Exact> {
    one.checked_sub(&other).map(|difference| difference.abs())
}

fn is_close(reported: Exact, value: Exact) -> bool {
    apart(reported, value).is_some_and(|apart| apart <= value.abs() / Exact::from(TOLERANCE))
}

/// Within the tolerance, or not more than one unit of count apart: one case of the cases that a share is
/// of, one of what is counted where nothing is divided.
fn agrees(reported: Exact, value: Exact, ours: &Ours<'_>) -> bool {
    let one = match ours.denominator {
        Some(whole) if whole.is_positive() => whole.recip(),
        Some(_) => Exact::zero(),
        None if ours.measured_in == "%" => Exact::zero(),
        None => Exact::from(1),
    };
    is_close(reported, value) || apart(reported, value).is_some_and(|apart| apart <= one)
}

fn nothing(verdict: Verdict, sentence: String) -> Compared {
    Compared {
        verdict,
        read_in: String::new(),
        reported: None,
        difference: None,
        relative: None,
        sentence,
    }
}

fn compared(
    verdict: Verdict,
    read: Reading,
    (report, ours, value): (&Report<'_>, &Ours<'_>, Exact),
) -> Compared {
    let difference = read.number.checked_sub(&value);
    let relative = difference.filter(|_| !value.is_zero()).map(|apart| apart / value.abs());
    let sentence = sentence(verdict, &read, (report, ours, value));
    let (read_in, reported) = (read.word, Some(read.number));
    Compared { verdict, read_in, reported, difference, relative, sentence }
}

/// A figure as the unit wrote it.
pub fn written(report: &Report<'_>) -> String {
    format!("{}{}", trimmed(report.number, WRITTEN), report.measured_in)
}

fn sentence(
    verdict: Verdict,
    read: &Reading,
    (report, ours, value): (&Report<'_>, &Ours<'_>, Exact),
) -> String {
    let (title, written) = (ours.title, written(report));
    let own = Scale::read(ours.measured_in);
    let shown = |number: Exact| match &own {
        Some(own) => own.shown(number, ours.decimals),
        None => trimmed(number, ours.decimals),
    };
    let (counted, reported, read_in) = (shown(value), shown(read.number), &read.word);
    match verdict {
        Verdict::UnitOfMeasure => format!(
            "{title}自报{written},按{read_in}折合{reported},与系统计{counted}相符;计量单位待核"
        ),
        Verdict::Differs => {
            let apart = shown_apart(read.number, value, ours);
            format!("{title}自报{written},系统计{counted},差{apart};口径或数据待核")
        }
        _ => format!("{title}自报{written},系统计{counted},相符"),
    }
}

/// How far a reported number is from ours, as people read it.
fn shown_apart(reported: Exact, value: Exact, ours: &Ours<'_>) -> String {
    let apart = apart(reported, value).unwrap_or_default();
    match Scale::read(ours.measured_in) {
        Some(own) => own.apart(apart, ours.decimals),
        None => trimmed(apart, ours.decimals),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Exact {
        crate::spec::formula::decimal(text).unwrap()
    }

    /// 1,652 closed cases, or so many.
    fn cases(value: &str) -> Ours<'static> {
        Ours {
            title: "年度办件",
            value: Some(number(value)),
            denominator: None,
            measured_in: "件",
            decimals: 0,
            status: "ok",
        }
    }

    fn rate(part: i128, whole: i128) -> Ours<'static> {
        Ours {
            title: "按时办结率",
            value: Some(Exact::new(part, whole)),
            denominator: Some(Exact::from(whole)),
            measured_in: "%",
            decimals: 4,
            status: "ok",
        }
    }

    #[track_caller]
    fn comes_to(
        verdict: Verdict,
        read_in: &str,
        (written, measured_in): (&str, &str),
        ours: &Ours<'_>,
    ) {
        let report = Report { number: number(written), measured_in };
        let found = compare("m", &report, Some(ours));
        assert_eq!((found.verdict, found.read_in.as_str()), (verdict, read_in), "{found:?}");
    }

    #[test]
    fn counts_agree_within_two_per_cent_or_one() {
        use Verdict::Agrees;
        use Verdict::Differs;
        for (verdict, written, ours) in [
            (Agrees, "1652", "1652"),
            (Agrees, "1020", "1000"),
            (Agrees, "980", "1000"),
            (Differs, "1021", "1000"),
            (Differs, "979", "1000"),
            (Agrees, "11", "10"),
            (Differs, "12", "10"),
            (Agrees, "0", "0"),
            (Agrees, "1", "0"),
            (Differs, "2", "0"),
        ] {
            comes_to(verdict, "件", (written, "件"), &cases(ours));
        }
    }

    #[test]
    fn shares_agree_within_two_per_cent_or_one_case_of_theirs() {
        use Verdict::Agrees;
        use Verdict::Differs;
        comes_to(Agrees, "%", ("98", "%"), &rate(98, 100));
        comes_to(Agrees, "%", ("100", "%"), &rate(981, 1000));
        comes_to(Differs, "%", ("100", "%"), &rate(980, 1000));
        // One case of twenty is five points; one and a bit is more.
        comes_to(Agrees, "%", ("100", "%"), &rate(19, 20));
        comes_to(Differs, "%", ("100.1", "%"), &rate(19, 20));
        comes_to(Differs, "%", ("100", "%"), &rate(18, 20));
    }

    #[test]
    fn units_of_measurement_are_read_and_said() {
        use Verdict::Agrees;
        use Verdict::Differs;
        use Verdict::UnitOfMeasure;
        let ours = cases("1652");
        comes_to(UnitOfMeasure, "万件", ("0.1652", "万件"), &ours);
        comes_to(UnitOfMeasure, "千件", ("1.652", "千件"), &ours);
        comes_to(Differs, "万件", ("0.2652", "万件"), &ours);
        comes_to(UnitOfMeasure, "万", ("0.1652", "万"), &ours);
        // None is written, or one that the size contradicts.
        comes_to(Agrees, "件", ("1652", ""), &ours);
        comes_to(UnitOfMeasure, "万件", ("0.1652", ""), &ours);
        comes_to(UnitOfMeasure, "万件", ("0.1652", "件"), &ours);
        comes_to(UnitOfMeasure, "件", ("1652", "万件"), &ours);
        comes_to(UnitOfMeasure, "件", ("1652", "人"), &ours);
        comes_to(Differs, "件", ("1.7", ""), &ours);
        // A digit that was lost is no unit of measurement.
        comes_to(Differs, "件", ("165", "件"), &ours);

        let ours = rate(98, 100);
        comes_to(UnitOfMeasure, "小数", ("0.98", "%"), &ours);
        comes_to(UnitOfMeasure, "小数", ("0.98", ""), &ours);
        comes_to(UnitOfMeasure, "小数", ("0.98", "小数"), &ours);
        comes_to(UnitOfMeasure, "‰", ("980", "‰"), &ours);
        comes_to(Agrees, "%", ("98", ""), &ours);
        comes_to(Agrees, "%", ("98", "%"), &ours);
        comes_to(Differs, "%", ("0.5", "%"), &ours);
        // Of a single case every share is within one case: the nearest reading is meant.
        comes_to(UnitOfMeasure, "小数", ("0.98", "%"), &rate(1, 1));
        comes_to(Agrees, "%", ("0.98", "%"), &rate(0, 1));
    }

    #[test]
    fn of_several_readings_that_fit_none_is_taken() {
        // As thousands and as ten thousands it is nearer, and within one case.
        comes_to(Verdict::Agrees, "件", ("0.0001", "件"), &cases("1"));
    }

    #[test]
    fn what_has_no_number_beside_it_is_said() {
        let report = Report { number: number("98"), measured_in: "%" };
        let unknown = compare("on_time", &report, None);
        assert_eq!(unknown.verdict, Verdict::UnknownMetric);
        assert_eq!(unknown.sentence, "on_time自报98%,没有编码为on_time的指标;无从核对");
        let without = Ours { value: None, status: "withheld", ..rate(1, 1) };
        let without = compare("on_time_rate", &report, Some(&without));
        assert_eq!(without.verdict, Verdict::NoValueOfOurs);
        assert_eq!((without.reported, without.difference), (Some(number("0.98")), None));
        assert_eq!(without.sentence, "按时办结率自报98%,系统无值(withheld);无从核对");
    }

    #[test]
    fn a_difference_is_told_with_both_numbers() {
        let told = |written: &str, measured_in, ours: &Ours<'_>| {
            let report = Report { number: number(written), measured_in };
            compare("m", &report, Some(ours)).sentence
        };
        assert_eq!(
            told("100", "%", &rate(45, 65)),
            "按时办结率自报100%,系统计69.23%,差30.77个百分点;口径或数据待核"
        );
        assert_eq!(
            told("2000", "件", &cases("1652")),
            "年度办件自报2000件,系统计1652件,差348件;口径或数据待核"
        );
        assert_eq!(
            told("0.1652", "万件", &cases("1652")),
            "年度办件自报0.1652万件,按万件折合1652件,与系统计1652件相符;计量单位待核"
        );
        let report = Report { number: number("2000"), measured_in: "件" };
        let found = compare("m", &report, Some(&cases("1600")));
        assert_eq!(found.difference, Some(Exact::from(400)));
        assert_eq!(found.relative, Some(Exact::new(1, 4)));
    }
}
