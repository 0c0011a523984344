//! Where do the points of a leaf go that is not scored? To the leaves beside it, in proportion to their
//! points; where none is left, to the other groups of the area. Every share is whole hundredths, so that
//! what is shown is what is reckoned with.

use num_traits::Zero as _;

use super::closure::closed;
use super::closure::rounded;
use crate::spec::formula::Exact;

/// A leaf that data judges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stake {
    /// Its area, by number.
    pub(super) area: usize,
    /// Its group, by number over all areas.
    pub(super) group: usize,
    /// Its points.
    pub(super) points: Exact,
    /// Whether it keeps them.
    pub(super) keeps: bool,
}

/// The points that each leaf can earn, in the order given. The points of an area in which no leaf is
/// scored are nobody's.
pub(super) fn spread(stakes: &[Stake]) -> Vec<Exact> {
    let held: Vec<Exact> = stakes.iter().map(|stake| within_group(stakes, stake)).collect();
    let areas = stakes.iter().map(|stake| stake.area).max().map_or(0, |last| last + 1);
    let mut available = vec![Exact::zero(); stakes.len()];
    for area in 0..areas {
        let mine = || stakes.iter().zip(&held).enumerate().filter(|(_, (s, _))| s.area == area);
        let pot: Exact = mine().map(|(_, (stake, _))| stake.points).sum();
        let kept: Exact = mine().map(|(_, (_, held))| *held).sum();
        if kept.is_zero() {
            continue;
        }
        let shares: Vec<Exact> = mine().map(|(_, (_, held))| *held * pot / kept).collect();
        for ((at, _), hundredths) in mine().zip(closed(&shares, rounded(pot, 2))) {
            if let Some(points) = available.get_mut(at) {
                *points = Exact::new(hundredths, 100);
            }
        }
    }
    available
}

/// A leaf's share of its group's points.
fn within_group(stakes: &[Stake], stake: &Stake) -> Exact {
    if !stake.keeps {
        return Exact::zero();
    }
    let mine = || stakes.iter().filter(|other| other.group == stake.group);
    let pot: Exact = mine().map(|other| other.points).sum();
    let kept: Exact = mine().filter(|other| other.keeps).map(|other| other.points).sum();
    stake.points * pot / kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Area 0: a group of 3 and 2, a group of 2; area 1: a group of 4.
    fn available(keeps: [bool; 4]) -> Vec<Exact> {
        let leaves = [(0, 0, 3), (0, 0, 2), (0, 1, 2), (1, 2, 4)];
        let stakes: Vec<Stake> = leaves
            .into_iter()
            .zip(keeps)
            .map(|((area, group, points), keeps)| Stake {
                area,
                group,
                points: Exact::from(points),
                keeps,
            })
            .collect();
        spread(&stakes)
    }

    fn points(hundredths: [i128; 4]) -> Vec<Exact> {
        hundredths.map(|number| Exact::new(number, 100)).to_vec()
    }

    #[test]
    fn points_stay_when_all_are_scored() {
        assert_eq!(available([true; 4]), points([300, 200, 200, 400]));
    }

    #[test]
    fn points_go_to_the_leaf_beside_then_to_the_other_groups() {
        assert_eq!(available([true, false, true, true]), points([500, 0, 200, 400]));
        assert_eq!(available([true, true, false, true]), points([420, 280, 0, 400]));
        assert_eq!(available([false, false, true, true]), points([0, 0, 700, 400]));
    }

    #[test]
    fn an_area_without_a_scored_leaf_takes_its_points_away() {
        assert_eq!(available([false, false, false, true]), points([0, 0, 0, 400]));
        assert_eq!(available([true, true, true, false]), points([300, 200, 200, 0]));
    }
}
