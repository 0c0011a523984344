//! What do units report of themselves at the end of the year? The best, and not all in one unit of
//! measure.

use jiff::civil::Date;

use crate::sandbox::City;
use crate::sandbox::dice::Lot;

/// The first night that finds the reports of 2025.
pub(super) const SINCE: Date = Date::constant(2026, 1, 6);
/// Two that count in ten thousands, two that write a share where others write per cent.
pub(super) const ODD: [&str; 4] = ["renshe", "gongan", "shijian", "ziran"];
/// The unit that closes a third of its cases late and reports none.
const BOLD: &str = "yqzhifa";
const YEAR: i16 = 2025;

/// The text of the reports, a line for each figure of each unit with services.
pub(super) fn text(city: &City) -> String {
    let lot = Lot::of(city.seed, "self reports");
    let mut text = "\u{feff}单位名称,指标编码,指标名称,自报值,计量单位,填报日期\r\n".to_owned();
    for (place, (closed, _)) in city.service.closed_in(YEAR) {
        let Some(unit) = city.founded.unit_at(place) else { continue };
        let odd = ODD.iter().position(|key| *key == unit.key);
        let day = format!("2026-01-0{}", lot.number(place as u64, 0) % 3 + 3);
        let mut line = |code: &str, name: &str, value: &str, measure: &str| {
            let cells = [&unit.name, code, name, value, measure, &day];
            text.extend([&cells.join(","), "\r\n"]);
        };
        match odd {
            Some(0 | 1) => {
                let value = format!("{}.{:04}", closed / 10_000, closed % 10_000);
                line("cases_closed", "办结件数", &value, "万件");
            }
            Some(_) | None => line("cases_closed", "办结件数", &closed.to_string(), "件"),
        }
        for (code, name, number) in
            [("on_time_rate", "按时办结率", 1), ("satisfied_rate", "满意率", 2)]
        {
            let tenths = 1000 - lot.number(place as u64, number) % 25;
            let value = match odd {
                _ if unit.key == BOLD && number == 1 => "100".to_owned(),
                Some(2 | 3) => "0.98".to_owned(),
                Some(_) | None => format!("{}.{}", tenths / 10, tenths % 10),
            };
            line(code, name, &value, "%");
        }
    }
    text
}
