//! What does the service platform hold? Items, cases with their lives, and ratings.

pub(super) mod cases;
pub(super) mod items;
pub(super) mod ratings;
pub(super) mod told;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use self::cases::Case;
use self::items::Item;
use self::ratings::Rating;
use super::days::Days;
use super::founding::Founded;
use super::truth::Gathered;
use super::truth::Planted;

/// Everything the platform has.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) items: Vec<Item>,
    pub(super) cases: Vec<Case>,
    pub(super) ratings: Vec<Rating>,
}

impl Service {
    pub(super) fn new(seed: u64, scale: f64, founded: &Founded, days: &Days) -> Service {
        let items = items::items(founded);
        let cases = cases::cases((seed, scale), founded, &items, days);
        let ratings = ratings::ratings((seed, scale), founded, (&items, &cases), days);
        Service { items, cases, ratings }
    }

    /// How many cases each unit with services closed in a year, and the hundredths of standard hours
    /// that they are worth, by the place of the unit.
    pub(super) fn closed_in(&self, year: i16) -> BTreeMap<usize, (u64, u64)> {
        let mut closed: BTreeMap<usize, (u64, u64)> =
            self.items.iter().map(|item| (item.unit, (0, 0))).collect();
        let is_closed = |case: &&Case| {
            case.end == cases::End::Closed && Days::date(case.ended.day()).year() == year
        };
        for case in self.cases.iter().filter(is_closed) {
            let Some(item) = self.items.get(case.item as usize) else { continue };
            if let Some((cases, hours)) = closed.get_mut(&item.unit) {
                *cases += 1;
                *hours += u64::from(item.hours);
            }
        }
        closed
    }

    /// The ratings that a machine made, as case and number of the service.
    pub(super) fn made_by_machine(&self, days: &Days) -> BTreeSet<(String, u8)> {
        let made = self.ratings.iter().filter(|rating| rating.made == ratings::Made::Machine);
        let key = |rating: &Rating| {
            Some((self.cases.get(rating.case as usize)?.number(days), rating.number))
        };
        made.filter_map(key).collect()
    }

    /// What was planted here.
    pub(super) fn planted(&self, days: &Days, gathered: &mut Gathered) {
        const CASES: &str = "service.cases";
        const RATINGS: &str = "service.evaluations";
        for case in &self.cases {
            let Some(flaw) = case.flaw else { continue };
            if flaw == "F26" {
                gathered.count(flaw, CASES, 1);
            } else {
                let key = case.number(days);
                gathered.list(Planted { flaw, stream: CASES, key });
            }
        }
        for rating in &self.ratings {
            gathered.count("F34", RATINGS, 1);
            match rating.made {
                ratings::Made::Default => gathered.count("F30", RATINGS, 1),
                ratings::Made::Machine => gathered.count("F31", RATINGS, 1),
                ratings::Made::Person => {}
            }
            if rating.number > 1 {
                gathered.count("F32", RATINGS, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use jiff::civil::date;

    use super::cases::End;
    use super::ratings::Made;
    use super::*;

    fn share(part: usize, of: usize) -> f64 {
        f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(of).unwrap())
    }

    /// Cases of a unit that were closed in a year, with whether in time and after how many days.
    fn closed(service: &Service, unit: usize, year: i16) -> Vec<(bool, i32)> {
        let of_unit = |case: &&Case| service.items[case.item as usize].unit == unit;
        let cases = service.cases.iter().filter(of_unit).filter(|case| case.end == End::Closed);
        let ended = |case: &Case| Days::date(case.ended.day()).year();
        let cases = cases.filter(|case| ended(case) == year);
        let stopped = |case: &Case| case.special.map_or(0, |(_, stopped)| stopped * 7 / 5 + 3);
        cases
            .map(|case| {
                let due = case.due + stopped(case);
                (case.ended.day() <= due, case.ended.day() - case.accepted.day())
            })
            .collect()
    }

    fn backlog_months(service: &Service, unit: usize, on: Date) -> f64 {
        let night = Days::no(on) + 1;
        let of_unit = |case: &&Case| service.items[case.item as usize].unit == unit;
        let open = service.cases.iter().filter(of_unit).filter(|case| {
            case.accepted.day() < night && case.ended.day() >= night && case.end != End::Rejected
        });
        let done = closed(service, unit, on.year()).len();
        12.0 * share(open.count(), done)
    }

    #[test]
    fn planted_truths_show_at_a_tenth_of_the_size() {
        let (founded, days) = (Founded::new(), Days::new());
        let service = Service::new(1, 0.1, &founded, &days);
        let until_2026 = |case: &&Case| Days::date(case.accepted.day()).year() < 2026;
        let all = service.cases.iter().filter(until_2026).count();
        assert!((29_900..30_200).contains(&all), "{all}");
        let renshe = founded.place("renshe");
        let of_renshe =
            service.cases.iter().filter(|case| service.items[case.item as usize].unit == renshe);
        let part = share(of_renshe.filter(until_2026).count(), all);
        assert!((0.23..0.25).contains(&part), "{part}");
        let before = backlog_months(&service, renshe, date(2024, 12, 31));
        let after = backlog_months(&service, renshe, date(2025, 12, 31));
        let rate = |unit: usize| {
            let closed = closed(&service, unit, 2025);
            share(closed.iter().filter(|(in_time, _)| *in_time).count(), closed.len())
        };
        let told = [before, after, rate(renshe), rate(founded.place("yqzhifa"))];
        for (value, (low, high)) in
            told.iter().zip([(0.3, 0.5), (1.0, 1.25), (0.955, 0.985), (0.62, 0.76)])
        {
            assert!((low..high).contains(value), "{told:?}");
        }
        let archive = founded.place("dangan");
        let of_archive = |rating: &&Rating| {
            let case = &service.cases[rating.case as usize];
            service.items[case.item as usize].unit == archive
        };
        let rated: Vec<&Rating> = service.ratings.iter().filter(of_archive).collect();
        let genuine: Vec<u8> =
            rated.iter().filter(|it| it.made == Made::Person).map(|it| it.level).collect();
        assert_eq!((genuine, rated.len()), (vec![2, 1, 5], 44));
        let machine = service.ratings.iter().filter(|it| it.made == Made::Machine).count();
        let part = share(machine, service.ratings.len());
        assert!((0.07..0.13).contains(&part), "{part}");
    }
}
