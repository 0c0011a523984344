//! Names of units, as offices write them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::LazyLock;

use jiff::civil::date;
use proptest::prelude::*;
use shuping::base::fold::fold;
use shuping::model::names::AliasLine;
use shuping::model::names::Meaning;
use shuping::model::names::Names;
use shuping::model::names::Origin;
use shuping::model::names::Region;
use shuping::model::names::Resolved;
use shuping::model::names::UnitName;
use shuping::model::names::split;

use super::Case;
use super::cases;

/// What no rule decides, as a person of the city would list it.
const LISTED: [(&str, &str); 43] = [
    ("市人力资源社会保障局", "renshe"),
    ("市人力资源与社会保障局", "renshe"),
    ("市人力社保局", "renshe"),
    ("市劳动局", "renshe"),
    ("市劳动和社会保障局", "renshe"),
    ("市人事局", "renshe"),
    ("市社保局", "shebao"),
    ("市就业局", "jiuye"),
    ("市市监局", "shijian"),
    ("市卫健委", "weijian"),
    ("市卫计委", "weiji"),
    ("市编委办", "bianban"),
    ("市大数据局", "zwdsj"),
    ("市直工委", "jgw"),
    ("市委社工部", "shegong"),
    ("市新闻出版局", "xuanchuan"),
    ("市纪委", "jiwei"),
    ("市监委", "jiwei"),
    ("市民宗局", "tongzhan"),
    ("市政府办公室", "zhengfuban"),
    ("市府办", "zhengfuban"),
    ("市教育局", "jiaoti"),
    ("市城管局", "chengguan"),
    ("市发改委", "fagai"),
    ("嘉宁市发展与改革委员会", "fagai"),
    ("市自规局", "ziran"),
    ("市环境局", "shengtai"),
    ("市农业局", "nongye"),
    ("市文旅局", "wenlv"),
    ("市文广新局", "wenlv"),
    ("市建设局", "zhujian"),
    ("市经信委", "jingxin"),
    ("市交通局", "jiaotong"),
    ("市水务局", "shuiwu"),
    ("经开区", "jkq"),
    ("高新区", "gxq"),
    ("市法制办", "sifa"),
    ("市办公室", "ambiguous"),
    ("办公室", "ambiguous"),
    ("开发区", "ambiguous"),
    ("市档案局", "ambiguous"),
    ("市税务局", "outside"),
    ("市气象局", "outside"),
];

fn regions() -> Vec<Region> {
    let region = |code: &str, name: &str, parent: Option<&str>| Region {
        code: Arc::from(code),
        name: name.to_owned(),
        parent: parent.map(Arc::from),
    };
    let city = Some("519900");
    vec![
        region("519900", "嘉宁市", None),
        region("519902", "锦屏区", city),
        region("519903", "柳溪区", city),
        region("519921", "云泉县", city),
        region("519922", "石桥县", city),
        region("519981", "白鹭市", city),
    ]
}

fn unit(case: &Case) -> UnitName {
    let name = case.cell("name");
    let own = regions().into_iter().find(|region| name.starts_with(&region.name));
    let region = own.map_or(Arc::from("519900"), |region| region.code);
    UnitName {
        unit_id: Arc::from(case.cell("unit_id")),
        name: name.to_owned(),
        other_names: vec![case.cell("short_name").to_owned()],
        region,
        valid_from: case.read("valid_from").unwrap(),
        valid_to: case.read("valid_to"),
        successor_id: case.filled("successor_id").map(Arc::from),
    }
}

fn line(alias: &str, means: &str) -> AliasLine {
    let means = Meaning::read(means);
    AliasLine { system: None, alias: alias.to_owned(), means, valid_from: None, valid_to: None }
}

fn verdict(resolved: &Resolved) -> (&'static str, &str) {
    match resolved {
        Resolved::Unit { unit, .. } => ("unit", unit),
        Resolved::Ambiguous => ("ambiguous", ""),
        Resolved::Outside | Resolved::OutOfTime(_) | Resolved::Unknown => ("unknown", ""),
    }
}

/// The units of the city with some listed names; none where the cases are not here.
fn city(listed: &[(&str, &str)]) -> Option<Names> {
    let units = cases("alias_units.csv")?;
    assert_eq!(units.len(), 56);
    let aliases = listed.iter().map(|(alias, means)| line(alias, means)).collect();
    Some(Names::new(units.iter().map(unit).collect(), aliases, regions()))
}

fn resolve(names: &Names, case: &Case) -> Resolved {
    let origin = Origin { system: None, region: case.filled("file_region") };
    names.resolve(case.cell("alias"), origin, case.read("as_of").unwrap())
}

#[test]
fn names_mean_the_units_that_were_chosen_by_hand() {
    let (Some(asked), Some(names)) = (cases("aliases.csv"), city(&LISTED)) else { return };
    assert_eq!(asked.len(), 118);
    for case in &asked {
        let resolved = resolve(&names, case);
        let expected = (case.cell("verdict"), case.cell("unit_id"));
        assert_eq!(verdict(&resolved), expected, "{} {}", case.cell("case"), case.cell("alias"));
    }
}

#[test]
fn without_a_list_nothing_is_guessed() {
    let (Some(asked), Some(names)) = (cases("aliases.csv"), city(&[])) else { return };
    let mut decided = 0;
    for case in &asked {
        let resolved = resolve(&names, case);
        if verdict(&resolved) == (case.cell("verdict"), case.cell("unit_id")) {
            decided += 1;
        } else {
            assert_eq!(resolved, Resolved::Unknown, "{}", case.cell("alias"));
        }
    }
    assert_eq!(decided, 75, "the rules alone decide these");
}

/// Where the right unit stands among the suggestions for a name that no rule takes. The four that are not
/// found have hardly a letter in common with what their unit is called now: signs (新闻出版局 at 宣传部,
/// 民宗局 at 统战部) and names from before (劳动局, 法制办).
#[test]
fn the_right_unit_is_suggested_first_for_most_names_that_no_rule_takes() {
    let (Some(asked), Some(names)) = (cases("aliases.csv"), city(&[])) else { return };
    let (mut places, mut missed) = (Vec::new(), Vec::new());
    for case in asked.iter().filter(|case| case.cell("verdict") == "unit") {
        if resolve(&names, case) != Resolved::Unknown {
            continue;
        }
        let origin = Origin { system: None, region: case.filled("file_region") };
        let suggested = names.suggest(case.cell("alias"), origin, case.read("as_of").unwrap());
        assert!(suggested.iter().all(|it| it.confidence > 0.0 && it.confidence <= 1.0));
        let place = suggested.iter().take(3).position(|it| &*it.unit == case.cell("unit_id"));
        places.extend(place);
        missed.extend(place.is_none().then(|| case.cell("alias").to_owned()));
    }
    assert_eq!(places.len() + missed.len(), 39);
    assert_eq!(missed, ["市劳动局", "市新闻出版局", "市民宗局", "市法制办"]);
    assert_eq!(places.iter().filter(|place| **place == 0).count(), 35, "each of the rest is first");
}

/// The units, and what the rules alone say of names.
static CITY: LazyLock<Option<(Vec<Case>, Names)>> =
    LazyLock::new(|| cases("alias_units.csv").zip(city(&[])));

/// What is left of a name when all that the rules look through is taken away: its region, 中共 and the word
/// that it is the unit proper. Written without a look at the program.
fn bare(name: &str) -> BTreeSet<String> {
    const REGIONS: [&str; 6] = ["嘉宁市", "锦屏区", "柳溪区", "云泉县", "石桥县", "白鹭市"];
    let short = REGIONS.map(|region| region.chars().take(2).collect::<String>());
    let places = REGIONS
        .iter()
        .map(ToString::to_string)
        .chain(short)
        .chain(["市", "区", "县", "委", "中共"].map(str::to_owned));
    let places: Vec<String> = places.collect();
    let (mut open, mut all) = (vec![name.to_owned()], BTreeSet::new());
    while let Some(name) = open.pop() {
        open.extend(
            places.iter().filter_map(|place| name.strip_prefix(place.as_str()).map(str::to_owned)),
        );
        open.extend(
            ["机关", "本级"].iter().filter_map(|end| name.strip_suffix(end).map(str::to_owned)),
        );
        all.insert(name);
    }
    all
}

/// Whether the rest of a name behind that of a unit is a section or an inner body.
fn is_section(rest: &str) -> bool {
    rest.chars().count() > 2 && rest.ends_with(['科', '室', '处', '股', '队'])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever is done to the letters of a name, it is a unit's only if what is left of it without its
    /// region is exactly what is left of a name of that unit, or of one before a section's.
    #[test]
    fn no_slip_is_taken_for_a_unit(
        at in 0..112_usize,
        edits in prop::collection::vec((0..4_u8, 0..32_usize, 0..32_usize), 1..4),
    ) {
        let Some((units, names)) = CITY.as_ref() else { return Ok(()) };
        let letters: Vec<char> = "局委市县区周键和与大科中心办财政人社场理发改处嘉陵队".chars().collect();
        let case = &units[at / 2];
        let name = if at % 2 == 0 { "name" } else { "short_name" };
        let mut written: Vec<char> = case.cell(name).chars().collect();
        for (what, place, letter) in edits {
            let place = place % written.len().max(1);
            let letter = letters[letter % letters.len()];
            match what {
                0 if place < written.len() => written[place] = letter,
                1 if written.len() > 1 => _ = written.remove(place),
                2 if place + 1 < written.len() => written.swap(place, place + 1),
                _ => written.insert(place, letter),
            }
        }
        let written: String = written.into_iter().collect();
        let day = date(2026, 1, 5);
        let origin = Origin { system: None, region: Some("519900") };
        let Resolved::Unit { unit, .. } = names.resolve(&written, origin, day) else { return Ok(()) };
        // The unit itself, or one that it follows.
        let mut own = vec![unit.to_string()];
        for _ in 0..4 {
            let before = units.iter().filter(|it| own.iter().any(|own| own == it.cell("successor_id")));
            let before: Vec<String> = before.map(|it| it.cell("unit_id").to_owned()).collect();
            own.extend(before);
        }
        let of_unit = units.iter().filter(|it| own.iter().any(|own| own == it.cell("unit_id")));
        let known: BTreeSet<String> =
            of_unit.flat_map(|it| [it.cell("name"), it.cell("short_name")]).flat_map(bare).collect();
        let is_known = |text: &str| bare(text).iter().any(|bare| !bare.is_empty() && known.contains(bare));
        let inner = written.char_indices().any(|(place, _)| {
            let (before, rest) = written.split_at(place);
            is_section(rest) && is_known(before)
        });
        prop_assert!(is_known(&written) || inner, "{written} was taken for {unit}");
    }

    #[test]
    fn what_is_folded_is_folded_for_good(
        parts in prop::collection::vec(prop::sample::select(vec![
            "市财政局", "財務", "（", "）", "(", ")", "【", "】", "「", "[", "]", "公章", "机关", "本级", "旧",
            " ", "\u{3000}", "\n", "\u{200b}", "ＡＢ", "Parks", "Ⅳ", "①", "㈱", "é", "İ", "各", "、",
        ]), 0..12),
    ) {
        let name = parts.concat();
        let once = fold(&name);
        prop_assert_eq!(fold(&once), once.clone());
        prop_assert!(!once.contains(char::is_whitespace));
    }
}

#[test]
fn a_name_tells_its_section_its_time_and_what_it_resembles() {
    let Some(names) = city(&LISTED) else { return };
    let (city, day) = (Origin { system: None, region: Some("519900") }, date(2026, 1, 5));
    let section = names.resolve("市人社局就业促进科", city, day);
    let (unit, inner) = (Arc::from("renshe"), Some("就业促进科".to_owned()));
    assert_eq!(section, Resolved::Unit { unit, inner });
    let early = names.resolve("市数据局", city, date(2024, 6, 30));
    assert_eq!(early, Resolved::OutOfTime(Arc::from("shuju")));
    assert_eq!(names.resolve("市税务局", city, day), Resolved::Outside);
    assert_eq!(verdict(&names.resolve("嘉宁市卫健委", city, day)), ("unit", "weijian"));
    // In the file of a city below the city, 市 is that city.
    let lower = Origin { system: None, region: Some("519981") };
    assert_eq!(names.resolve("市财政局", lower, day), Resolved::Unknown);
    assert_eq!(verdict(&names.resolve("嘉宁市财政局", lower, day)), ("unit", "caizheng"));
    let alike = names.suggest("市综合行政执法局", city, day);
    let alike: Vec<&str> = alike.iter().take(3).map(|unit| &*unit.unit).collect();
    assert!(alike.contains(&"yqzhifa") && alike.contains(&"chengguan"), "{alike:?}");
    assert_eq!(names.suggest("嘉陵市财政局", city, day), [], "another city");
    assert_eq!(split("市人社局、 市财政局"), ["市人社局", "市财政局"]);
}

#[test]
fn a_home_without_regions_matches_exact_and_listed_names() {
    let unit = UnitName {
        unit_id: Arc::from("btd"),
        name: "Boston Transportation Department (BTD)".to_owned(),
        other_names: vec!["Transportation".to_owned()],
        region: Arc::from(""),
        valid_from: date(2000, 1, 1),
        valid_to: None,
        successor_id: None,
    };
    let btdt = AliasLine { system: Some(Arc::from("requests")), ..line("BTDT", "btd") };
    let names = Names::new(vec![unit], vec![btdt], Vec::new());
    let meant = |name: &str, system: &str| {
        let origin = Origin { system: Some(system), region: None };
        names.resolve(name, origin, date(2026, 1, 5)).unit().map(ToString::to_string)
    };
    let unit = Some("btd".to_owned());
    assert_eq!(meant("boston transportation department (BTD)", "payroll"), unit);
    assert_eq!(meant("Transportation", "payroll"), unit);
    assert_eq!(meant("BTDT", "requests"), unit);
    assert_eq!(meant("BTDT", "payroll"), None, "listed for another system only");
    assert_eq!(meant("Transport", "requests"), None);
}
