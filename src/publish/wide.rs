//! How does an office read the metrics? One row a unit and period, one column a metric, one sheet a pipeline; only units as
//! a whole, and only periods that end in the year that is told.

use std::collections::BTreeMap;

use jiff::civil::Date;
use polars::prelude::DataFrame;
use polars::prelude::IntoLazy as _;
use polars::prelude::col;
use polars::prelude::lit;

use super::PublishError;
use super::sheet::Sheet;
use super::sheet::Shown;
use super::sheet::number;
use super::text::text;
use crate::base::cell::Cell;
use crate::base::cell::text_of;
use crate::frame::FrameError;
use crate::frame::table;

/// The words in a cell without a number, and what they and the others mean.
const STATUS: [(&str, &str, &str); 5] = [
    ("ok", "数值", "正常"),
    ("few", "斜体数值", "基数偏小,谨慎使用"),
    ("no_data", "无数据", "当期无数据"),
    ("not_applicable", "不适用", "无来源或无同类参照"),
    ("withheld", "不公布", "人数过少,或可据以反推"),
];

/// What stands in front of the metrics.
const FRONT: [(&str, &str); 4] = [
    ("机构编码", "unit_id"),
    ("机构名称", "name"),
    ("周期类型", "period_kind"),
    ("周期", "period"),
];

/// A metric as a column.
struct Column {
    name: String,
    title: String,
    decimals: usize,
}

/// One sheet a pipeline.
pub(super) fn sheets(
    values: &DataFrame,
    definitions: &DataFrame,
    (units, as_of): (Option<&DataFrame>, Date),
) -> Result<Vec<Sheet>, PublishError> {
    let pipelines = pipelines(definitions);
    let names = units.map(names).unwrap_or_default();
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, (_, columns)) in pipelines.iter().enumerate() {
        places.extend(columns.iter().enumerate().map(|(to, it)| (it.name.as_str(), (at, to))));
    }
    let mut grids: Vec<BTreeMap<[String; 3], Vec<Shown>>> = vec![BTreeMap::new(); pipelines.len()];
    let own = of_units(values)?;
    let year = as_of.strftime("%Y").to_string();
    let columns = ["metric", "unit_id", "period_kind", "period", "status", "value"];
    for row in table::to_rows(&own, &columns) {
        let said: [Option<String>; 5] = std::array::from_fn(|at| text_of(row.get(at)));
        let [Some(metric), Some(unit), Some(kind), Some(period), Some(status)] = said else {
            continue;
        };
        let is_told = period.rsplit(':').next().is_some_and(|last| last.starts_with(&year));
        let Some((at, to)) = places.get(metric.as_str()).copied().filter(|_| is_told) else {
            continue;
        };
        let (Some((_, columns)), Some(grid)) = (pipelines.get(at), grids.get_mut(at)) else {
            continue;
        };
        let cells = grid.entry([unit, kind, period]);
        let cells = cells.or_insert_with(|| vec![Shown::Nothing; columns.len()]);
        let decimals = columns.get(to).map_or(0, |column| column.decimals);
        if let Some(cell) = cells.get_mut(to) {
            *cell = shown(&status, row.get(5), decimals);
        }
    }
    let sheets = pipelines.into_iter().zip(grids).map(|((title, columns), grid)| {
        let front = FRONT.map(|(title, name)| (title.to_owned(), name.to_owned()));
        let heads = columns.into_iter().map(|column| (column.title, column.name));
        let rows = grid.into_iter().map(|([unit, kind, period], cells)| {
            let name = names.get(&unit).cloned().unwrap_or_default();
            [unit, name, kind, period].map(Shown::Text).into_iter().chain(cells).collect()
        });
        Sheet {
            name: title,
            heads: front.into_iter().chain(heads).collect(),
            fixed: 4,
            rows: rows.collect(),
        }
    });
    Ok(sheets.collect())
}

/// What the sheets show, and what they leave out.
pub(super) fn notes(as_of: Date) -> Vec<Vec<String>> {
    let year = as_of.year();
    let scope = format!(
        "各分类一表:机构整体、截止于 {year} 年内的各周期,一行一机构一周期,一列一指标。\
         内设机构、维度、汇总层级及以前年份见同目录 metrics.csv、metrics.parquet、metrics.jsonl。"
    );
    let legend = STATUS.map(|(name, cell, means)| [name, cell, means].map(str::to_owned).to_vec());
    let head = ["状态", "单元格", "含义"].map(str::to_owned).to_vec();
    [vec!["范围".to_owned(), scope], Vec::new(), head].into_iter().chain(legend).collect()
}

fn shown(status: &str, value: Option<&Option<Cell>>, decimals: usize) -> Shown {
    if let Some(Some(value)) = value {
        return number(&text(value), decimals, status == "few");
    }
    let word = STATUS.iter().find(|(name, ..)| *name == status);
    Shown::Text(word.map_or(status, |(_, word, _)| *word).to_owned())
}

/// Values of units as a whole.
fn of_units(values: &DataFrame) -> Result<DataFrame, FrameError> {
    let is_whole = col("section_id").is_null().and(col("dim").is_null());
    let own = values.clone().lazy().filter(col("level").eq(lit("unit")).and(is_whole));
    own.collect().map_err(FrameError::polars("choosing what the workbook shows"))
}

/// The pipelines with their metrics, both in the order of the definitions; of a metric the last version.
fn pipelines(definitions: &DataFrame) -> Vec<(String, Vec<Column>)> {
    let columns = ["pipeline", "metric", "title", "measured_in", "decimals"];
    let mut found: Vec<(String, Vec<Column>)> = Vec::new();
    for row in table::to_rows(definitions, &columns) {
        let said: [Option<String>; 4] = std::array::from_fn(|at| text_of(row.get(at)));
        let [Some(pipeline), Some(name), Some(title), Some(unit)] = said else { continue };
        let decimals = match row.get(4) {
            Some(Some(Cell::Whole(decimals))) => usize::try_from(*decimals).unwrap_or(0),
            _ => 0,
        };
        let column = Column { name, title: format!("{title}({unit})"), decimals };
        let at = found.iter().position(|(title, _)| *title == pipeline).unwrap_or_else(|| {
            found.push((pipeline, Vec::new()));
            found.len() - 1
        });
        let Some((_, own)) = found.get_mut(at) else { continue };
        own.retain(|known| known.name != column.name);
        own.push(column);
    }
    found
}

/// What units are called.
fn names(units: &DataFrame) -> BTreeMap<String, String> {
    let rows = table::to_rows(units, &["unit_id", "name"]).into_iter();
    rows.filter_map(|row| Some((text_of(row.first())?, text_of(row.get(1))?))).collect()
}
