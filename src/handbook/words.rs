//! How are the words of definitions said in Chinese?

use crate::base::period::PeriodKind;
use crate::spec::pipeline::Grain;

pub(super) fn direction(word: &str) -> String {
    match word {
        "up" => "越高越好".to_owned(),
        "down" => "越低越好".to_owned(),
        "none" => "不分优劣".to_owned(),
        range => {
            let (low, high) = range.split_once("..").unwrap_or((range, ""));
            format!("适度:{low} 至 {high} 之间为好")
        }
    }
}

pub(super) fn periods(kinds: &[PeriodKind]) -> String {
    kinds.iter().map(|kind| period(*kind)).collect::<Vec<_>>().join("、")
}

pub(super) fn period(kind: PeriodKind) -> &'static str {
    match kind {
        PeriodKind::Month => "月",
        PeriodKind::Quarter => "季",
        PeriodKind::Year => "年",
        PeriodKind::Ytd => "年初至当月",
        PeriodKind::Ttm => "近十二个月",
    }
}

pub(super) fn grain(grain: &Grain) -> String {
    match grain {
        Grain::Unit => "机构".to_owned(),
        Grain::Section => "内设机构".to_owned(),
        Grain::By(dimension) => {
            let title = match dimension.as_str() {
                "duty" => "职责",
                "item" => "事项",
                "post_kind" => "岗位类别",
                _ => return format!("按 {dimension} 分"),
            };
            format!("按{title}({dimension})分")
        }
    }
}

pub(super) fn evidence(word: &str) -> &'static str {
    match word {
        "reported" => "填报(reported):由单位自行填报",
        "derived" => "推算(derived):由其他数据推算",
        _ => "记录(recorded):业务办理时留下的记录",
    }
}

pub(super) fn category(word: &str) -> String {
    let title = match word {
        "party_department" => "党委工作部门",
        "government_department" => "政府工作部门",
        "institution" => "事业单位",
        "park" => "园区",
        "township" => "乡镇",
        "subdistrict" => "街道",
        _ => return word.to_owned(),
    };
    format!("{title}({word})")
}
