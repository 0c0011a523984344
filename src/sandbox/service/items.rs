//! Which services does the city offer, and how often is each asked for?

use crate::sandbox::founding::Founded;
use crate::sandbox::units::Category;

/// A service that somebody can apply for.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Item {
    pub(in crate::sandbox) code: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) unit: usize,
    pub(in crate::sandbox) section: usize,
    pub(super) kind: u8,
    /// Working days; 0 is settled at once.
    pub(super) promised: i32,
    pub(super) legal: i32,
    /// Hundredths of an hour.
    pub(super) hours: u32,
    pub(super) complexity: u8,
    pub(super) state: u8,
    /// Its share of all cases.
    pub(super) weight: f64,
}

/// Units with their own share of all cases, how many items, and the share settled at once.
const GREAT: [(&str, f64, usize, f64); 13] = [
    ("renshe", 0.24, 60, 0.40),
    ("gongan", 0.17, 60, 0.92),
    ("shijian", 0.14, 60, 0.90),
    ("ziran", 0.05, 32, 0.86),
    ("shebao", 0.05, 8, 0.93),
    ("budong", 0.04, 8, 0.90),
    ("gjj", 0.04, 8, 0.92),
    ("yibaozx", 0.03, 8, 0.92),
    ("zhujian", 0.025, 24, 0.80),
    ("minzheng", 0.02, 24, 0.90),
    ("jiaotong", 0.02, 24, 0.88),
    ("weijian", 0.015, 24, 0.85),
    ("yqzhifa", 0.008, 14, 0.0),
];
/// Units whose few cases are planted one by one.
pub(super) const FEW: [&str; 2] = ["dangan", "jxzx"];
const INSTITUTIONS: [&str; 10] = [
    "dangan",
    "jxzx",
    "jiuye",
    "gongzheng",
    "ggzy",
    "tushu",
    "jikong",
    "jiuzhu",
    "nongke",
    "tiyuzx",
];
const TOPICS: [&str; 12] = [
    "核发",
    "登记",
    "变更",
    "注销",
    "备案",
    "年度报告",
    "补贴申领",
    "资格确认",
    "延续",
    "信息查询",
    "证明开具",
    "关系转移",
];
/// How many cases a year has at scale 1, and how many hundredths of a standard hour each of a unit's
/// people is to have of them in it, times what is particular to the unit.
const CASES: f64 = 100_000.0;
const LOAD: f64 = 6_000.0;
const LOADS: [f64; 7] = [0.5, 0.7, 0.85, 1.0, 1.15, 1.4, 1.9];
/// 3.1 times the median of all, as half of the small units do not come to their load.
const RENSHE: f64 = 2.07;
const PROMISES: [i32; 6] = [5, 10, 3, 7, 15, 20];
const HOURS: [u32; 8] = [50, 100, 150, 200, 75, 300, 125, 400];

/// All items, unit by unit.
pub(super) fn items(founded: &Founded) -> Vec<Item> {
    let mut items = Vec::new();
    let mut small = 0_u32;
    for (unit, known) in founded.units.iter().enumerate().filter(|(_, unit)| unit.to.is_none()) {
        let key = known.key.as_str();
        let great = GREAT.iter().find(|(great, ..)| *great == key);
        let number = match (great, known.category) {
            (Some((_, _, number, _)), _) => *number,
            (None, Category::GovernmentDepartment) => {
                if known.level == "市级" {
                    24
                } else {
                    14
                }
            }
            (None, Category::Institution) if INSTITUTIONS.contains(&key) => 8,
            (None, Category::Park) => 10,
            (None, Category::Subdistrict) => 4,
            (None, Category::Township) if unit.is_multiple_of(7) => 4,
            (None, _) => 0,
        };
        if number == 0 {
            continue;
        }
        let (share, at_once) = match great {
            Some((_, share, _, at_once)) => (*share, *at_once),
            None if FEW.contains(&key) => (0.0, 0.5),
            None => {
                small += 1;
                (small_share(small), 0.9)
            }
        };
        one_unit(founded, unit, (number, share, at_once), &mut items);
    }
    items
}

/// The shares of the small units fall to nearly nothing: twenty have less than 30 cases a year.
fn small_share(place: u32) -> f64 {
    // Scattered over the list of units, or all townships would be idle.
    let rest = 1.0 - f64::from(place * 37 % 82) / 82.0;
    0.0055 * rest * rest
}

fn one_unit(
    founded: &Founded,
    unit: usize,
    (number, share, at_once): (usize, f64, f64),
    items: &mut Vec<Item>,
) {
    let Some(known) = founded.unit_at(unit) else { return };
    let first = items.len();
    let inside = founded.inside.get(unit).map_or(&[][..], Vec::as_slice);
    let core: Vec<usize> = inside
        .iter()
        .copied()
        .filter(|at| founded.sections.get(*at).is_some_and(|it| it.core && it.to.is_none()))
        .collect();
    let active = (number * 16).div_ceil(25);
    let is_great = share > 0.1;
    let weights: Vec<f64> =
        (1..=number).map(|rank| if rank <= active { zipf(rank, is_great) } else { 0.0 }).collect();
    let all: f64 = weights.iter().sum();
    let (mut slow, mut seen) = (0.0, 0.0);
    for (at, weight) in weights.iter().enumerate() {
        let section = at.checked_rem(core.len()).and_then(|at| core.get(at)).copied();
        let section = section.or(inside.first().copied()).unwrap_or_default();
        let topic = TOPICS.get(at % TOPICS.len()).copied().unwrap_or_default();
        let of = founded.sections.get(section).map_or("", |section| section.name.as_str());
        let weight = weight / all;
        // The slow ones are chosen so that their cases come to the share that is not settled at once.
        seen += weight;
        let is_slow = slow + weight <= (1.0 - at_once) * seen + 0.000_001 || at_once == 0.0;
        if is_slow {
            slow += weight;
        }
        let serial = items.len() + 1;
        let promised = match (is_slow, known.key.as_str()) {
            (false, _) => 0,
            (true, "renshe") => 60,
            (true, "yqzhifa") => 10,
            (true, _) => PROMISES.get(serial % 6).copied().unwrap_or(5),
        };
        items.push(Item {
            code: format!("{}-{:012}-{serial:04}", known.uscc, 519_900_000_000_u64),
            name: format!("{}{topic}({})", of.trim_end_matches('科'), at / TOPICS.len() + 1),
            unit,
            section,
            // 47 % permits, 31 % public services, 16 % other powers, the rest in small shares.
            kind: *[1, 20, 1, 20, 1, 10, 1, 20, 1, 10, 1, 20, 1, 7, 1, 20, 1, 10, 5, 20]
                .get(serial % 20)
                .unwrap_or(&1),
            promised,
            legal: (promised * 2).max(5),
            hours: HOURS.get(serial % 8).copied().unwrap_or(100) + u32::from(is_slow) * 250,
            complexity: u8::try_from(serial % 5 + 1).unwrap_or(1),
            state: if weight == 0.0 && serial.is_multiple_of(11) { 2 } else { 1 },
            weight: weight * share,
        });
    }
    let own = items.get_mut(first..).unwrap_or_default();
    let load =
        if known.key == "renshe" { RENSHE } else { LOADS.get(unit % 7).copied().unwrap_or(1.0) };
    weigh(own, f64::from(known.people), load);
}

/// Sets the standard hours of a unit's items so that they come to a load of its people: a great unit's
/// cases take minutes, a small one's hours.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
fn weigh(items: &mut [Item], people: f64, load: f64) {
    let asked: f64 = items.iter().map(|item| item.weight * CASES * f64::from(item.hours)).sum();
    if asked == 0.0 {
        return;
    }
    let factor = (load * LOAD * people / asked).min(4.0);
    for item in items {
        item.hours = ((f64::from(item.hours) * factor).round() as u32).max(5);
    }
}

/// One over a rank to the power of 1.5 in the great units and 1.16 elsewhere, by square roots only.
fn zipf(rank: usize, is_great: bool) -> f64 {
    let rank = f64::from(u32::try_from(rank).unwrap_or(1));
    let root = rank.sqrt();
    if is_great {
        return 1.0 / (rank * root);
    }
    let eighth = root.sqrt().sqrt();
    1.0 / (rank * eighth * eighth.sqrt().sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_items_of_a_few_units_have_most_cases() {
        let items = items(&Founded::new());
        assert!((1_400..1_500).contains(&items.len()), "{}", items.len());
        let mut weights: Vec<f64> = items.iter().map(|item| item.weight).collect();
        weights.sort_by(|one, other| other.total_cmp(one));
        let (all, ten): (f64, f64) = (weights.iter().sum(), weights.iter().take(10).sum());
        assert!((0.36..0.50).contains(&(ten / all)), "{}", ten / all);
        let idle = items.iter().filter(|item| item.weight == 0.0).count();
        assert!((items.len() * 30..items.len() * 45).contains(&(idle * 100)), "{idle}");
        let units: std::collections::BTreeSet<usize> = items.iter().map(|item| item.unit).collect();
        assert!((90..100).contains(&units.len()), "{}", units.len());
    }
}
