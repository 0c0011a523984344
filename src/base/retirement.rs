//! In which month does somebody retire? The ages that rise since 2025 (rules.md 3).

use jiff::civil::Date;

use super::period::Month;

/// Which of the three tables holds for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Men: 60 rises to 63.
    Man60,
    /// Women on posts of officials and specialists: 55 rises to 58.
    Woman55,
    /// Women on workers' posts: 50 rises to 55.
    Woman50,
}

/// How a retirement age rises.
struct Rise {
    /// The age before, in years.
    age: i32,
    /// The year whose January is the first affected month of birth.
    first: i32,
    /// The age rises by a month for every so many months of birth.
    step: i32,
    /// At most so many months.
    cap: i32,
}

impl Kind {
    /// The kind of a name: `man60`, `woman55`, `woman50`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "man60" => Some(Self::Man60),
            "woman55" => Some(Self::Woman55),
            "woman50" => Some(Self::Woman50),
            _ => None,
        }
    }

    fn rise(self) -> Rise {
        match self {
            Self::Man60 => Rise { age: 60, first: 1965, step: 4, cap: 36 },
            Self::Woman55 => Rise { age: 55, first: 1970, step: 4, cap: 36 },
            Self::Woman50 => Rise { age: 50, first: 1975, step: 2, cap: 60 },
        }
    }
}

/// By how many months the age of somebody born on a day has risen.
pub fn delay_months(birth: Date, kind: Kind) -> i32 {
    let rise = kind.rise();
    // Months since the first affected month of birth, that month being 1.
    let born = Month::of(birth).index() - rise.first * 12 + 1;
    if born < 1 { 0 } else { ((born + rise.step - 1) / rise.step).min(rise.cap) }
}

/// The month in which somebody born on a day retires by law.
pub fn retirement_month(birth: Date, kind: Kind) -> Month {
    Month::of(birth).plus(kind.rise().age * 12 + delay_months(birth, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ages_stay_before_rise_by_steps_and_stop() {
        let due = |year, month, kind| {
            retirement_month(jiff::civil::date(year, month, 28), kind).to_string()
        };
        assert_eq!(due(1964, 12, Kind::Man60), "2024-12");
        assert_eq!(due(1965, 1, Kind::Man60), "2025-02");
        assert_eq!(due(1976, 9, Kind::Man60), "2039-09");
        assert_eq!(due(1990, 1, Kind::Woman55), "2048-01");
        assert_eq!(due(1975, 3, Kind::Woman50), "2025-05");
    }
}
