//! What does the staffing office's ledger say of units, sections, posts and duties?

use jiff::civil::Date;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use super::workbook::dated;
use crate::sandbox::City;

const UNITS: [&str; 14] = [
    "机构编码",
    "机构全称",
    "其他全称",
    "规范简称",
    "习惯简称",
    "统一社会信用代码",
    "机构类别",
    "机构层级",
    "机构级别",
    "行政区划代码",
    "主管部门编码",
    "设立日期",
    "撤销日期",
    "承接机构编码",
];
const SECTIONS: [&str; 6] = ["机构编码", "内设机构编码", "名称", "性质", "设立", "撤销"];
const DUTIES: [&str; 6] = ["职责编码", "机构编码", "内设机构编码", "职责名称", "是否主责", "起始"];

/// The bytes of the ledger of a day.
pub(super) fn workbook(city: &City, day: Date) -> Result<Vec<u8>, XlsxError> {
    let mut book = dated(day)?;
    units(city, day, book.add_worksheet().set_name("机构信息")?)?;
    sections(city, day, book.add_worksheet().set_name("内设机构")?)?;
    quotas(city, day, book.add_worksheet().set_name("编制核定")?)?;
    duties(city, day, book.add_worksheet().set_name("主要职责")?)?;
    book.save_to_buffer()
}

/// Writes the filled cells of a row.
fn write(page: &mut Worksheet, row: u32, cells: &[&str]) -> Result<(), XlsxError> {
    for (text, column) in cells.iter().zip(0_u16..).filter(|(text, _)| !text.is_empty()) {
        page.write_string(row, column, *text)?;
    }
    Ok(())
}

fn shown(day: Option<Date>) -> String {
    day.map_or_else(String::new, |day| day.to_string())
}

fn units(city: &City, day: Date, page: &mut Worksheet) -> Result<(), XlsxError> {
    write(page, 0, &UNITS)?;
    let known = city.founded.units.iter().filter(|unit| unit.from <= day);
    for (unit, row) in known.zip(1..) {
        let rank = match unit.level.as_str() {
            "市级" => "正县级",
            "县级" => "正科级",
            _ => "乡科级",
        };
        let to = shown(unit.to.filter(|to| *to <= day));
        let cells = [
            unit.unit_id.as_str(),
            &unit.name,
            &unit.other_names,
            &unit.short_name,
            &unit.usual_name,
            &unit.uscc,
            unit.category.title(),
            &unit.level,
            rank,
            &unit.region,
            unit.parent_id.as_deref().unwrap_or_default(),
            &unit.from.to_string(),
            &to,
            unit.successor_id.as_deref().filter(|_| !to.is_empty()).unwrap_or_default(),
        ];
        write(page, row, &cells)?;
    }
    Ok(())
}

fn sections(city: &City, day: Date, page: &mut Worksheet) -> Result<(), XlsxError> {
    write(page, 0, &SECTIONS)?;
    let known = city.founded.sections.iter().filter(|section| section.from <= day);
    for (section, row) in known.zip(1..) {
        let unit = city.founded.unit_at(section.unit).map_or("", |unit| &unit.unit_id);
        let kind = if section.core { "业务" } else { "综合" };
        let (from, to) = (section.from.to_string(), shown(section.to.filter(|to| *to <= day)));
        write(page, row, &[unit, &section.section_id, &section.name, kind, &from, &to])?;
    }
    Ok(())
}

/// Three header rows: a title over all, groups, names.
fn quotas(city: &City, day: Date, page: &mut Worksheet) -> Result<(), XlsxError> {
    let plain = Format::new();
    for (name, at) in [("机构编码", 0), ("编制类别", 1), ("生效", 4), ("失效", 5), ("文号", 6)]
    {
        page.merge_range(0, at, 2, at, name, &plain)?;
    }
    for (name, at) in [("核定编制数", 2), ("核定领导职数", 3)] {
        page.merge_range(0, at, 2, at, name, &plain)?;
    }
    let known = city.staff.quotas.lines.iter().filter(|quota| quota.from <= day);
    for (quota, row) in known.zip(3..) {
        let unit = city.founded.unit_at(quota.unit).map_or("", |unit| &unit.unit_id);
        let number = format!("嘉编发〔{}〕{}号", quota.from.year(), quota.unit % 60 + 1);
        let to = shown(quota.to.filter(|to| *to <= day));
        let from = quota.from.to_string();
        write(page, row, &[unit, quota.kind.title(), "", "", &from, &to, &number])?;
        page.write_string(row, 2, quota.approved.to_string())?;
        page.write_string(row, 3, quota.leaders.to_string())?;
    }
    Ok(())
}

fn duties(city: &City, day: Date, page: &mut Worksheet) -> Result<(), XlsxError> {
    write(page, 0, &DUTIES)?;
    let founded = &city.founded;
    let stands = |section: usize| founded.sections.get(section).filter(|it| it.is_on(day));
    let known = founded.duties.iter().filter_map(|duty| Some((duty, stands(duty.section)?)));
    for ((duty, section), row) in known.zip(1..) {
        let unit = founded.unit_at(duty.unit).map_or("", |unit| &unit.unit_id);
        let core = if duty.is_core { "是" } else { "否" };
        let from = section.from.to_string();
        write(page, row, &[&duty.id, unit, &section.section_id, &duty.name, core, &from])?;
    }
    Ok(())
}
