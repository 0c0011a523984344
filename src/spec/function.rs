//! Which functions may a row-level expression call?

/// The aggregates of the language.
pub const AGGREGATES: &[&str] =
    &["COUNT", "SUM", "AVG", "MIN", "MAX", "MEDIAN", "QUANTILE", "STDDEV"];

/// The functions of the language, with how many arguments each takes.
pub const FUNCTIONS: &[(&str, Function, std::ops::RangeInclusive<usize>)] = &[
    ("ABS", Function::Abs, 1..=1),
    ("AGE", Function::Age, 2..=2),
    ("CEIL", Function::Ceil, 1..=1),
    ("COALESCE", Function::Coalesce, 1..=9),
    ("DAYS_BETWEEN", Function::DaysBetween, 2..=2),
    ("ELAPSED_WORKDAYS", Function::ElapsedWorkdays, 2..=3),
    ("EXACT", Function::Exact, 1..=1),
    ("FLOOR", Function::Floor, 1..=1),
    ("GREATEST", Function::Greatest, 1..=9),
    ("HOURS_BETWEEN", Function::HoursBetween, 2..=2),
    ("IS_WORKDAY", Function::IsWorkday, 1..=1),
    ("LEAST", Function::Least, 1..=9),
    ("LENGTH", Function::Length, 1..=1),
    ("LOWER", Function::Lower, 1..=1),
    ("MINUTE", Function::Minute, 1..=1),
    ("MONTHS_BETWEEN", Function::MonthsBetween, 2..=2),
    ("MONTH_OF", Function::MonthOf, 1..=1),
    ("MOVED", Function::Moved, 2..=2),
    ("NULLIF", Function::NullIf, 2..=2),
    ("NUMBER", Function::Number, 1..=1),
    ("ON_TIME", Function::OnTime, 2..=3),
    ("ORDINAL", Function::Ordinal, 2..=9),
    ("REPEATS", Function::Repeats, 1..=9),
    ("REPLACE", Function::Replace, 3..=3),
    ("RETIREMENT_MONTH", Function::RetirementMonth, 2..=2),
    ("SECONDS_BETWEEN", Function::SecondsBetween, 2..=2),
    ("SUBSTR", Function::Substr, 2..=3),
    ("UPPER", Function::Upper, 1..=1),
    ("WORKDAYS_BETWEEN", Function::WorkdaysBetween, 2..=2),
    ("YEAR_OF", Function::YearOf, 1..=1),
];

/// A row-level function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `ABS(x)`
    Abs,
    /// `AGE(birth_date, day)`: completed years; born on 29 February: on 1 March.
    Age,
    /// `CEIL(x)`: the whole number that is not less.
    Ceil,
    /// `COALESCE(x, …)`: the first that is there.
    Coalesce,
    /// `DAYS_BETWEEN(a, b)`: calendar days.
    DaysBetween,
    /// `ELAPSED_WORKDAYS(from, to, suspended)`: rules.md 2.
    ElapsedWorkdays,
    /// `EXACT(x)`: with twelve decimals, so that a product of decimals loses none of its own.
    Exact,
    /// `FLOOR(x)`: the whole number that is not more.
    Floor,
    /// `GREATEST(x, …)`: the largest that is there.
    Greatest,
    /// `HOURS_BETWEEN(a, b)`: whole seconds over 3600, with twelve decimals.
    HoursBetween,
    /// `IS_WORKDAY(day)`: whether the calendar's people work on it.
    IsWorkday,
    /// `LEAST(x, …)`: the smallest that is there.
    Least,
    /// `LENGTH(text)`: how many characters.
    Length,
    /// `LOWER(x)`
    Lower,
    /// `MINUTE(instant)`: the instant cut to its minute.
    Minute,
    /// `MONTHS_BETWEEN(a, b)`: months from the month of a to the month of b.
    MonthsBetween,
    /// `MONTH_OF(day)`: its month as `2026-01`.
    MonthOf,
    /// `MOVED(due, suspended)`: the due day moved by the suspended working days (rules.md 2).
    Moved,
    /// `NULLIF(x, y)`
    NullIf,
    /// `NUMBER(text)`: a plain decimal with at most twelve decimals, as a number; what is none is null.
    Number,
    /// `ON_TIME(closed, due, suspended)`: closed date ≤ due date moved by the suspended working days.
    OnTime,
    /// `ORDINAL(x, key, …)`: 1 for the row with the smallest x among rows of equal keys, then 2 …
    Ordinal,
    /// `REPEATS(key, …)`: how many rows have the same keys.
    Repeats,
    /// `REPLACE(text, old, new)`: every old one is a new one.
    Replace,
    /// `RETIREMENT_MONTH(birth_date, kind)`: the first day of the month in which a `man60`, `woman55` or
    /// `woman50` retires (rules.md 3).
    RetirementMonth,
    /// `SECONDS_BETWEEN(a, b)`: whole seconds.
    SecondsBetween,
    /// `SUBSTR(text, from, length)`, from 1.
    Substr,
    /// `UPPER(x)`
    Upper,
    /// `WORKDAYS_BETWEEN(from, to)`: `ELAPSED_WORKDAYS` without suspension.
    WorkdaysBetween,
    /// `YEAR_OF(day)`
    YearOf,
}

impl Function {
    /// Its name.
    pub fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|(_, known, _)| *known == self).map_or("", |(name, ..)| name)
    }

    /// Of how many days, its first arguments, it asks the calendar.
    pub fn calendar_days(self) -> usize {
        match self {
            Function::ElapsedWorkdays | Function::OnTime | Function::WorkdaysBetween => 2,
            Function::IsWorkday | Function::Moved => 1,
            _ => 0,
        }
    }
}
