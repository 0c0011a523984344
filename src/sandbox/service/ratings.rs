//! What did people say of it, what did nobody say, and what did a machine say?

use jiff::civil::Date;

use super::cases::Case;
use super::cases::End;
use super::items::Item;
use crate::sandbox::days::Days;
use crate::sandbox::days::Moment;
use crate::sandbox::dice::Dice;
use crate::sandbox::founding::Founded;

/// Who made a rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Made {
    Person,
    Default,
    Machine,
}

/// A rating of one service of a case.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Rating {
    pub(super) case: u32,
    pub(super) number: u8,
    pub(super) level: u8,
    pub(super) made: Made,
    pub(super) channel: u8,
    pub(super) detail: u16,
    pub(super) at: Moment,
    pub(super) told: Moment,
    /// When a bad one was mended.
    pub(super) mended: Option<Moment>,
}

/// Units with a job that rates, and the day on which one of them rated 4,100 times.
const JOBS: [&str; 2] = ["gongan", "ziran"];
const SPIKE: Date = Date::constant(2025, 12, 30);

/// Every rating in the order of its case.
pub(super) fn ratings(
    (seed, scale): (u64, f64),
    founded: &Founded,
    (items, cases): (&[Item], &[Case]),
    days: &Days,
) -> Vec<Rating> {
    let mut dice = Dice::of(seed, "ratings");
    let jobs = JOBS.map(|key| founded.place(key));
    let (renshe, archive) = (founded.place("renshe"), founded.place("dangan"));
    let unit = |case: &Case| items.get(case.item as usize).map_or(0, |item| item.unit);
    let mut ratings = Vec::new();
    let mut of_archive = 0_u32;
    for (case, place) in cases.iter().zip(0_u32..).filter(|(case, _)| case.end == End::Closed) {
        let unit = unit(case);
        if unit == archive {
            of_archive += 1;
            ratings.push(archived(case, place, of_archive));
            continue;
        }
        let drawn = dice.fraction();
        let made = if drawn < 0.21 {
            Made::Person
        } else if jobs.contains(&unit) && drawn < 0.56 {
            Made::Machine
        } else if dice.chance(0.8) {
            Made::Default
        } else {
            continue;
        };
        let number = match dice.weighted(&[82.0, 15.0, 3.0]) {
            0 => 1,
            1 => 2,
            _ => 3,
        };
        let level = level(&mut dice, made, case.ended, unit == renshe);
        for at in 1..=number {
            ratings.push(one(&mut dice, (place, case), made, (at, level), days));
        }
    }
    spike(&mut ratings, scale, |rating| {
        let case = cases.get(rating.case as usize);
        case.is_some_and(|case| unit(case) == jobs[0])
    });
    ratings
}

fn level(dice: &mut Dice, made: Made, ended: Moment, is_renshe: bool) -> u8 {
    match made {
        Made::Machine => 5,
        Made::Default => {
            // The default moved from 3 to 5 at the turn of the year.
            if Days::date(ended.day()).year() < 2024 { 3 } else { 5 }
        }
        Made::Person if is_renshe => {
            let since = ended.day() - Days::no(Date::constant(2025, 1, 1));
            let unhappy = 0.03 + f64::from(since.clamp(0, 365)) * 0.04 / 365.0;
            match dice.weighted(&[1.0 - unhappy, unhappy * 0.5, unhappy * 0.3, unhappy * 0.2]) {
                0 => 5,
                1 => 3,
                2 => 2,
                _ => 1,
            }
        }
        Made::Person => {
            let place = dice.weighted(&[97.2, 1.6, 0.6, 0.35, 0.25]);
            5 - u8::try_from(place).unwrap_or_default()
        }
    }
}

fn one(
    dice: &mut Dice,
    (place, case): (u32, &Case),
    made: Made,
    (number, level): (u8, u8),
    days: &Days,
) -> Rating {
    let ended = case.ended.max(case.accepted);
    let (at, channel, detail) = match made {
        Made::Person => {
            let at = ended.plus(dice.between(60, 2 * 86_400));
            let channel = u8::try_from(dice.between(1, 5)).unwrap_or(1);
            (at, channel, u16::try_from(510 + dice.below(30)).unwrap_or(510))
        }
        Made::Default => (Moment::at(ended.day() + 15, 3 * 3600 + i64::from(number)), 2, 0),
        Made::Machine => {
            let month = Days::no(Days::date(ended.day()).last_of_month());
            (Moment::at(month, 21 * 3600 + i64::from(number)), 1, 510)
        }
    };
    let told = case.told.max(at).plus(if made == Made::Machine { 3600 } else { 60 });
    let is_mended = made == Made::Person && level <= 2 && dice.chance(0.9);
    let mended = i32::try_from(dice.between(2, 15)).unwrap_or(2);
    let mended = Moment::at(days.after(told.day(), mended), 57_600);
    Rating {
        case: place,
        number,
        level,
        made,
        channel,
        detail,
        at,
        told,
        mended: is_mended.then_some(mended),
    }
}

/// Of 44 ratings of the archives three are people's, two of them bad.
fn archived(case: &Case, place: u32, number: u32) -> Rating {
    let (level, made) = match number {
        9 => (2, Made::Person),
        21 => (1, Made::Person),
        30 => (5, Made::Person),
        _ => (5, Made::Default),
    };
    let wait = if made == Made::Person { 7200 } else { 10 * 86_400 };
    let at = case.ended.plus(wait);
    let (channel, detail) = if made == Made::Person { (3, 517) } else { (2, 0) };
    Rating {
        case: place,
        number: 1,
        level,
        made,
        channel,
        detail,
        at,
        told: at.plus(60),
        mended: None,
    }
}

/// On one evening a job rates what nobody had rated since spring.
fn spike(ratings: &mut [Rating], scale: f64, is_of_unit: impl Fn(&Rating) -> bool) {
    let at = Moment::at(Days::no(SPIKE), 21 * 3600 + 420);
    let since = Moment::at(Days::no(Date::constant(2025, 2, 1)), 0);
    let mut left = 4_100.0 * scale;
    for rating in ratings.iter_mut().rev() {
        let is_silent = rating.made == Made::Default && rating.at > since && rating.told < at;
        if left < 1.0 || !is_silent || !is_of_unit(rating) {
            continue;
        }
        left -= 1.0;
        let seconds = i64::from(rating.number);
        *rating = Rating {
            level: 5,
            made: Made::Machine,
            channel: 1,
            detail: 510,
            at: at.plus(seconds),
            told: at.plus(3600),
            ..*rating
        };
    }
}
