//! How much does a unit write into its logs, and what does that say of it?

use crate::sandbox::founding::Founded;

/// How the people of a unit keep their logs; shares are per mille.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    /// The logged hours of the available ones.
    pub(super) saturation: i64,
    /// How far its sections are from that, either way.
    pub(super) apart: i64,
    /// The work that somebody ordered on the side.
    pub(super) temporary: u32,
    /// The work on core duties, of what is put to a duty.
    pub(super) core: u32,
    /// The most pieces of an entry.
    pub(super) pieces: i64,
    /// The 好 of everyday appraisals.
    pub(super) good: usize,
    /// Whether its 好 are given to the full and no grade is deleted.
    pub(super) is_exact: bool,
}

/// The unit whose sections differ, the two that have most of the work, and how far the hours' share
/// of those is above their people's, per mille.
pub(super) const UNEVEN: &str = "zhujian";
pub(super) const BUSY: [&str; 2] = ["建筑业管理科", "房地产市场科"];
pub(super) const ABOVE: i64 = 390;
/// Units that are planted: saturation and 好.
const PLANTED: [(&str, i64, usize); 5] = [
    ("renshe", 1190, 380),
    ("jxzx", 540, 400),
    (UNEVEN, 880, 360),
    ("shuili", 960, 460),
    ("jiaotong", 1010, 520),
];

/// The habit of a unit: of five, two write whole logs, two write part of it and one hardly any.
pub(super) fn habit(founded: &Founded, unit: usize) -> Habit {
    let key = founded.unit_at(unit).map_or("", |unit| unit.key.as_str());
    let spread = |factor: usize, of: usize| i64::try_from(unit * factor % of).unwrap_or_default();
    let count = |number: i64| u32::try_from(number).unwrap_or_default();
    let planted = PLANTED.iter().find(|(known, ..)| *known == key);
    let saturation = match (planted, unit % 5) {
        (Some((_, saturation, _)), _) => *saturation,
        (None, 0 | 1) => 860 + spread(37, 231),
        (None, 2 | 3) => 610 + spread(53, 191),
        (None, _) => 15 + spread(11, 41),
    };
    Habit {
        saturation,
        apart: if planted.is_some() { 20 } else { 60 + spread(29, 90) },
        temporary: count(100 + spread(97, 290)),
        core: count(640 + spread(71, 300)),
        pieces: if key == "jxzx" { 3 } else { 7 },
        good: planted.map_or(300 + unit * 29 % 90, |(_, _, good)| *good),
        is_exact: planted.is_some_and(|(_, _, good)| *good >= 400),
    }
}
