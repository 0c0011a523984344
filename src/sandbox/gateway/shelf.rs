//! Which records does a system know at a moment, in the order of their last change?

use crate::sandbox::City;
use crate::sandbox::days::Moment;

/// The streams that gateways serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stream {
    Items,
    Cases,
    Evaluations,
    Orders,
}

impl Stream {
    pub(super) const ALL: [Stream; 4] =
        [Stream::Items, Stream::Cases, Stream::Evaluations, Stream::Orders];
}

/// What is known at a moment: for each stream, changes with the places of their records.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) now: Moment,
    lists: [Vec<(Moment, u32)>; 4],
}

impl Shelf {
    pub(super) fn new(city: &City, now: Moment) -> Shelf {
        let lists = Stream::ALL.map(|stream| {
            let mut list = listed(city, stream, now);
            list.sort_unstable();
            list
        });
        Shelf { now, lists }
    }

    /// The records whose last change lies in a window, its end left out.
    pub(super) fn window(&self, stream: Stream, from: Moment, to: Moment) -> &[(Moment, u32)] {
        let all = match stream {
            Stream::Items => &self.lists[0],
            Stream::Cases => &self.lists[1],
            Stream::Evaluations => &self.lists[2],
            Stream::Orders => &self.lists[3],
        };
        let begin = all.partition_point(|(updated, _)| *updated < from);
        let end = all.partition_point(|(updated, _)| *updated < to);
        all.get(begin..end).unwrap_or_default()
    }
}

fn listed(city: &City, stream: Stream, now: Moment) -> Vec<(Moment, u32)> {
    let service = &city.service;
    match stream {
        Stream::Items => {
            let all = service.items.iter().zip(0..);
            all.filter_map(|(item, at)| Some((item.updated(city, at, now)?, at))).collect()
        }
        Stream::Cases => {
            let all = service.cases.iter().zip(0..);
            all.filter_map(|(case, at)| Some((case.updated(now)?, at))).collect()
        }
        Stream::Evaluations => {
            let all = service.ratings.iter().zip(0..);
            all.filter_map(|(rating, at)| Some((rating.updated(now)?, at))).collect()
        }
        Stream::Orders => {
            let all = city.orders.iter().zip(0..);
            all.filter_map(|(order, at)| Some((order.updated(now)?, at))).collect()
        }
    }
}

/// One record as the system tells it.
pub(super) fn shown(city: &City, stream: Stream, at: u32, now: Moment) -> serde_json::Value {
    let (place, service) = (at as usize, &city.service);
    let shown = match stream {
        Stream::Items => service.items.get(place).map(|item| item.shown(city, at, now)),
        Stream::Cases => service.cases.get(place).map(|case| case.shown(city, at, now)),
        Stream::Evaluations => service.ratings.get(place).map(|rating| rating.shown(city, now)),
        Stream::Orders => city.orders.get(place).map(|order| order.shown(city, at, now)),
    };
    shown.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::base::pseudonym::sha256;
    use crate::sandbox::days::Days;

    #[test]
    fn one_seed_answers_the_same_and_a_later_night_knows_more() {
        let night = |day| Moment::at(Days::no(day), 7200);
        let told = |seed, day| {
            let city = City::new(seed, 0.02);
            let shelf = Shelf::new(&city, night(day));
            Stream::ALL.map(|stream| {
                let all = shelf.window(stream, Moment(0), Moment(i32::MAX));
                let rows = all.iter().rev().take(200);
                let rows: Vec<_> =
                    rows.map(|(_, at)| shown(&city, stream, *at, shelf.now)).collect();
                (all.len(), sha256(serde_json::Value::from(rows).to_string().as_bytes()))
            })
        };
        let first = told(7, date(2026, 1, 6));
        assert_eq!(first, told(7, date(2026, 1, 6)));
        let (other, later) = (told(8, date(2026, 1, 6)), told(7, date(2026, 2, 16)));
        for (((one, other), later), stream) in first.iter().zip(&other).zip(&later).zip(Stream::ALL)
        {
            let is_list = stream == Stream::Items;
            assert_eq!(one.1 == other.1, is_list, "{stream:?}");
            assert_eq!(one.0 < later.0, !is_list, "{stream:?}");
        }
    }
}
