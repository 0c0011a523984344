//! How does a formula read, with its names or with its numbers?

use super::evaluate::rounded;
use super::seat::Seat;
use super::spread::Overflow;
use crate::base::cell::decimal_text;
use crate::spec::formula::Exact;
use crate::spec::formula::Formula;
use crate::spec::formula::Parts;
use crate::spec::formula::Spread;

/// What stands in the place of a name.
#[derive(Clone, Copy)]
pub(super) enum Words<'s> {
    /// The name itself.
    Names,
    /// What it is worth at a seat; a metric is unfolded.
    Numbers(&'s Seat<'s>),
}

/// How tightly something binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bond {
    Sum,
    Product,
    Divisor,
    Whole,
}

/// A formula with its names.
pub(super) fn names(formula: &Formula) -> String {
    written(formula, Words::Names).unwrap_or_default()
}

/// A formula, written.
pub(super) fn written(formula: &Formula, words: Words<'_>) -> Result<String, Overflow> {
    text(formula, words, Bond::Sum)
}

fn text(formula: &Formula, words: Words<'_>, around: Bond) -> Result<String, Overflow> {
    let (own, line) = match formula {
        Formula::Number(value) => (Bond::Whole, number(*value)),
        Formula::Name(name) => return name_text(name, words, around),
        Formula::Add(x, y) => {
            let (x, y) = (text(x, words, Bond::Sum)?, text(y, words, Bond::Sum)?);
            (Bond::Sum, format!("{x} + {y}"))
        }
        Formula::Subtract(x, y) => {
            let (x, y) = (text(x, words, Bond::Sum)?, text(y, words, Bond::Product)?);
            (Bond::Sum, format!("{x} - {y}"))
        }
        Formula::Multiply(x, y) => {
            let (x, y) = (text(x, words, Bond::Product)?, text(y, words, Bond::Product)?);
            (Bond::Product, format!("{x} * {y}"))
        }
        Formula::Divide(x, y) => {
            let (x, y) = (text(x, words, Bond::Product)?, text(y, words, Bond::Divisor)?);
            (Bond::Product, format!("{x} / {y}"))
        }
        Formula::Greatest(x, y) => {
            let (x, y) = (text(x, words, Bond::Sum)?, text(y, words, Bond::Sum)?);
            (Bond::Whole, format!("GREATEST({x}, {y})"))
        }
        Formula::Peers(metric) => match words {
            Words::Names => (Bond::Whole, format!("PEERS({metric})")),
            Words::Numbers(seat) => (Bond::Whole, value_text(seat.value(formula)?)),
        },
        Formula::OfUnit(x) => match words {
            Words::Names => (Bond::Whole, format!("OF_UNIT({})", text(x, words, Bond::Sum)?)),
            Words::Numbers(seat) => return text(x, Words::Numbers(&seat.of_unit()), around),
        },
        Formula::At(shift, x) => match words {
            Words::Names => {
                (Bond::Whole, format!("{}({})", shift.name(), text(x, words, Bond::Sum)?))
            }
            Words::Numbers(seat) => match seat.other(*shift) {
                Ok(other) => return text(x, Words::Numbers(&other), around),
                Err(_) => (Bond::Whole, value_text(None)),
            },
        },
        Formula::Over(kind, over) => match words {
            Words::Numbers(seat) => (Bond::Whole, value_text(seat.value(formula)?)),
            Words::Names => {
                let above = text(&over.above, words, Bond::Product)?;
                let below = match &over.below {
                    Formula::Number(one) if *one == Exact::from(1) => String::new(),
                    below => format!(" / {}", text(below, words, Bond::Divisor)?),
                };
                let limit = over.limit.as_ref().map(|limit| text(limit, words, Bond::Sum));
                let limit = limit.transpose()?.map(|limit| format!(", {limit}"));
                let (kind, parts) = (spread_name(*kind), plural(&over.parts));
                let limit = limit.unwrap_or_default();
                (Bond::Whole, format!("{kind}({above}{below} OVER {parts}{limit})"))
            }
        },
    };
    Ok(if own < around { format!("({line})") } else { line })
}

fn name_text(name: &str, words: Words<'_>, around: Bond) -> Result<String, Overflow> {
    let Words::Numbers(seat) = words else { return Ok(name.to_owned()) };
    match seat.telling.metric_on(name, seat.period.last().last()) {
        Some(metric) => text(&metric.value, words, around),
        None => Ok(value_text(seat.named(name)?)),
    }
}

fn value_text(value: Option<Exact>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

/// A number: all its decimals where there are at most twelve, else rounded to six.
pub(super) fn number(value: Exact) -> String {
    let scale = (0..=12_u8).find(|scale| {
        10_i128.checked_pow(u32::from(*scale)).is_some_and(|one| one % value.denom() == 0)
    });
    let scale = scale.unwrap_or(6);
    decimal_text(rounded(value, scale), scale)
}

fn spread_name(kind: Spread) -> &'static str {
    let known = crate::spec::formula::SPREADS.iter().find(|(_, spread)| *spread == kind);
    known.map_or("", |(name, _)| name)
}

fn plural(parts: &Parts) -> String {
    match parts {
        Parts::Sections => "sections".to_owned(),
        Parts::By(by) => match by.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{by}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_decimals_where_they_end() {
        for (value, text) in [
            (Exact::new(108, 117), "0.923077"),
            (Exact::new(5, 8), "0.625"),
            (Exact::from(-3), "-3"),
            (Exact::new(1, 3), "0.333333"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_formula_reads_as_it_was_meant() {
        let name = |name: &str| Box::new(Formula::Name(name.to_owned()));
        let less = Formula::Subtract(name("a"), Box::new(Formula::Subtract(name("b"), name("c"))));
        assert_eq!(names(&less), "a - (b - c)");
        let over = Formula::Divide(
            Box::new(Formula::Add(name("a"), name("b"))),
            Box::new(Formula::Divide(name("c"), name("d"))),
        );
        assert_eq!(names(&over), "(a + b) / (c / d)");
    }
}
