//! Which duties does each section have, and which of them does nobody carry out?

use super::units::Section;

/// A duty that the staffing office has listed.
#[derive(Clone, Debug)]
pub(super) struct Duty {
    /// 职责编码.
    pub(super) id: String,
    /// The places of its unit and section.
    pub(super) unit: usize,
    pub(super) section: usize,
    /// 职责名称.
    pub(super) name: String,
    /// 是否主责.
    pub(super) is_core: bool,
    /// Whether it stands on paper only.
    pub(super) is_idle: bool,
}

const TEXTS: [&str; 3] = ["拟订并组织实施规划", "承担日常管理和服务", "承担统计与评估"];
/// Four of the eleven core duties of the idle centre: section and number.
const IDLE: [(&str, usize); 4] =
    [("产业研究科", 3), ("信息采集科", 3), ("信用科", 1), ("信用科", 2)];

/// The duties of all sections, in the order of the sections; `is_idle_centre` knows the place of a unit.
pub(super) fn duties(sections: &[Section], is_idle_centre: impl Fn(usize) -> bool) -> Vec<Duty> {
    let mut duties = Vec::new();
    for (place, section) in sections.iter().enumerate() {
        let is_centre = is_idle_centre(section.unit);
        let topic = section.name.trim_end_matches(['科', '室']);
        // The idle centre has eleven core duties in four sections.
        let kept = match (section.core, is_centre) {
            (true, true) => 3,
            (true, false) => 2,
            (false, _) => 1,
        };
        for (text, number) in TEXTS.iter().take(kept).zip(1..) {
            duties.push(Duty {
                id: format!("D{}{number}", section.section_id),
                unit: section.unit,
                section: place,
                name: format!("{topic}:{text}"),
                is_core: section.core && !(section.name == "信用科" && number == 3),
                is_idle: is_centre && IDLE.contains(&(section.name.as_str(), number)),
            });
        }
    }
    duties
}
