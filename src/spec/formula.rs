//! What is a metric worth? A formula over measures and metrics; it never touches rows.

use num_rational::Ratio;

use crate::base::period::Period;
use crate::base::period::PeriodKind;

/// An exact number.
pub type Exact = Ratio<i128>;

/// A formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// A measure, a metric, or `months_known`.
    Name(String),
    /// A number.
    Number(Exact),
    /// `x + y`
    Add(Box<Formula>, Box<Formula>),
    /// `x - y`
    Subtract(Box<Formula>, Box<Formula>),
    /// `x * y`
    Multiply(Box<Formula>, Box<Formula>),
    /// `x / y`: a zero denominator gives no value.
    Divide(Box<Formula>, Box<Formula>),
    /// `GREATEST(x, y, …)`
    Greatest(Box<Formula>, Box<Formula>),
    /// `PEERS(x)`: the mean of a metric over the category of the unit, as the reference of the year keeps it.
    Peers(String),
    /// The value of the whole unit that a section is of: `SHARE_OF_UNIT(x)` is `x / OfUnit(x)`.
    OfUnit(Box<Formula>),
    /// `PREV(x)`, `YTD(x)`, `YOY(x)`: x in another period.
    At(Shift, Box<Formula>),
    /// `HOOVER(x / y OVER sections)`: one number out of a value for every part.
    Over(Spread, Box<Over>),
}

/// Which other period is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shift {
    /// `PREV`: the month, quarter or year before; of the months since January and of twelve months, those
    /// of the year before.
    Before,
    /// `YTD`: from 1 January to the end of the period.
    YearToDate,
    /// `YOY`: the same period of the year before. It is the value then: `x / YOY(x) - 1` is the change.
    YearBefore,
}

/// The functions of other periods.
pub const SHIFTS: [(&str, Shift); 3] =
    [("PREV", Shift::Before), ("YTD", Shift::YearToDate), ("YOY", Shift::YearBefore)];

impl Shift {
    /// Its name.
    pub fn name(self) -> &'static str {
        SHIFTS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// The other period; none before the years that dates know.
    pub fn of(self, period: Period) -> Option<Period> {
        match self {
            Shift::Before => period.before(),
            Shift::YearBefore => period.year_before(),
            Shift::YearToDate => Some(Period::of(PeriodKind::Ytd, period.last())),
        }
    }
}

/// What an `OVER` looks at: `x / y` for every part, y is 1 where there is no division. A part whose y is
/// zero, or below the limit that stands after the parts, does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// x
    pub above: Formula,
    /// y
    pub below: Formula,
    /// Which parts.
    pub parts: Parts,
    /// The least y, or for `COUNT_BELOW` what `x / y` is compared with; told for the whole.
    pub limit: Option<Formula>,
}

/// What a place consists of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parts {
    /// `OVER sections`
    Sections,
    /// `OVER duties`: the values of the dimension `duty`.
    By(String),
}

/// What becomes of the parts (METHOD.md 2.10). All but `CV` and `THEIL` are exact; those two are worked
/// out as floating-point numbers and kept with twelve decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// `HOOVER`: ½ Σ |share of x − share of y|, from two parts on.
    Hoover,
    /// `TO_MOVE`: how much of y would have to move for `x / y` to be equal: Hoover · Σ y.
    ToMove,
    /// `CV`: standard deviation over mean of `x / y`, of the population, from two parts on.
    Cv,
    /// `MAX_MIN`: the greatest `x / y` over the least, from two parts on; none if the least is 0.
    MaxMin,
    /// `THEIL`: Σ share of y · r ln r with r = `x / y` over their mean, from two parts on.
    Theil,
    /// `HERFINDAHL`: Σ (share of x)².
    Herfindahl,
    /// `COUNT_NONZERO`: how many parts have an `x / y` that is not 0.
    CountNonzero,
    /// `COUNT_BELOW`: how many parts have an `x / y` below the limit.
    CountBelow,
    /// `SUM`: Σ `x / y`.
    Sum,
}

/// The functions over parts.
pub const SPREADS: [(&str, Spread); 9] = [
    ("HOOVER", Spread::Hoover),
    ("TO_MOVE", Spread::ToMove),
    ("CV", Spread::Cv),
    ("MAX_MIN", Spread::MaxMin),
    ("THEIL", Spread::Theil),
    ("HERFINDAHL", Spread::Herfindahl),
    ("COUNT_NONZERO", Spread::CountNonzero),
    ("COUNT_BELOW", Spread::CountBelow),
    ("SUM", Spread::Sum),
];

impl Parts {
    /// The parts of a plural: `duties` are those of the dimension `duty`.
    pub(super) fn of_plural(word: &str) -> Option<Parts> {
        if word == "sections" {
            return Some(Parts::Sections);
        }
        let singular = match word.strip_suffix("ies") {
            Some(stem) => Some(format!("{stem}y")),
            None => word.strip_suffix('s').map(str::to_owned),
        };
        singular.map(Parts::By)
    }
}

impl Formula {
    /// Calls `see` with the formula and with everything in it.
    pub fn each<'f>(&'f self, see: &mut impl FnMut(&'f Formula)) {
        see(self);
        match self {
            Formula::Name(_) | Formula::Number(_) | Formula::Peers(_) => {}
            Formula::Add(x, y)
            | Formula::Subtract(x, y)
            | Formula::Multiply(x, y)
            | Formula::Divide(x, y)
            | Formula::Greatest(x, y) => {
                x.each(see);
                y.each(see);
            }
            Formula::OfUnit(x) | Formula::At(_, x) => x.each(see),
            Formula::Over(_, over) => {
                over.above.each(see);
                over.below.each(see);
                over.limit.iter().for_each(|limit| limit.each(see));
            }
        }
    }

    /// Calls `see` with every `OVER`.
    pub fn each_over<'f>(&'f self, see: &mut impl FnMut(&'f Over)) {
        self.each(&mut |part| {
            if let Formula::Over(_, over) = part {
                see(over);
            }
        });
    }

    /// The measure or metric that it is, and nothing more.
    pub fn name(&self) -> Option<&str> {
        if let Formula::Name(name) = self { Some(name) } else { None }
    }

    /// Calls `see` with every name.
    pub fn each_name<'f>(&'f self, see: &mut impl FnMut(&'f str)) {
        self.each(&mut |part| {
            if let Formula::Name(name) | Formula::Peers(name) = part {
                see(name);
            }
        });
    }
}

/// Reads a decimal exactly.
pub fn decimal(text: &str) -> Option<Exact> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{part}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    Some(Exact::new(sign * all.parse::<i128>().ok()?, scale))
}

/// A share as people write it, such as `0.5%`.
pub fn share(text: &str) -> Option<Exact> {
    Some(decimal(text.strip_suffix('%')?)? / Exact::from(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(decimal("0.85"), Some(Exact::new(17, 20)));
        assert_eq!(decimal("-12"), Some(Exact::from(-12)));
        assert_eq!(decimal("1e3"), None);
    }
}
