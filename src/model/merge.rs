//! What does a delivery change? Of every key the newest row that came, held against what is known: what is
//! new, what is other, what is gone. Only rows that changed are written, in the order of their keys.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use polars::prelude::*;
use rayon::prelude::*;

use super::ModelError;
use super::delivery::Delivery;
use super::delivery::Equation;
use super::delta;
use super::gone::AtStake;
use super::gone::deleted_versions;
use super::judged::Judged;
use super::lake::Lake;
use super::lake::alive;
use super::lines::At;
use super::lines::SHARES;
use super::past;
use super::pile::Pile;
use super::pile::sliced;
use super::stood::of_share;
use super::stood::stood;
use super::sum;
use super::won::Won;
use crate::base::cell::CellRow;
use crate::frame::FrameError;
use crate::frame::parquet;
use crate::frame::table;
use crate::spec::connector::Write;
use crate::spec::schema::Schema;

/// So many rows of a delta are one group at least; two groups are in memory while it is written.
const ROWS_A_GROUP: usize = 1 << 15;

impl Lake {
    /// Merges what a delivery brought, and writes its delta: only rows that changed.
    ///
    /// # Errors
    /// The disk's.
    pub fn merge(
        &self,
        delivery: Delivery<'_>,
        schema: &Schema,
        write: &Write,
        judged: &Judged,
    ) -> Result<Equation, ModelError> {
        let mut pile = Pile::of((delivery, schema, write), None);
        pile.add(judged.clone())?;
        self.merge_pile(&mut pile)
    }

    /// The same of rows that wait in a pile, which remembers nothing of them then.
    ///
    /// # Errors
    /// The disk's.
    pub fn merge_pile(&self, pile: &mut Pile<'_>) -> Result<Equation, ModelError> {
        let Delivery { system, stream, night, .. } = pile.delivery;
        let (schema, judged) = (pile.schema, &pile.judged);
        let file = format!("{night}.{system}.{stream}.parquet");
        let needs = |name: &str| delta::is_needed(schema, name) || pile.is_within(name);
        let versions = self.versions(schema, night, Some(&file), needs)?;
        let told = past::known(&versions, pile);
        let known = alive(versions, schema)?;
        let equation = Equation {
            exploded: judged.exploded,
            filtered: judged.filtered,
            quarantined: judged.quarantined.len() as u64,
            ..Equation::default()
        };
        let at_stake = AtStake::of(pile, &known)?;
        let stood = stood(&known, schema, |key, row| at_stake.holds(key, row))?;
        let of_share = |share: u8| {
            let lines = pile.lines.share(share)?;
            Ok(Won::of(pile, lines, (of_share(&stood, share), &told)))
        };
        let shares = (0..SHARES).into_par_iter().map(of_share);
        let mut won = Won { equation, ..Won::default() };
        for share in shares.collect::<Result<Vec<Won>, ModelError>>()? {
            won.append(share);
        }
        let Won { equation, rows, gone, rivals } = won;
        drop((known, stood, told));
        let gone = if gone.is_empty() {
            Vec::new()
        } else {
            // The same rows in the same order, whole.
            let known = alive(self.versions(schema, night, Some(&file), |_| true)?, schema)?;
            deleted_versions(&known, schema, night, gone)?
        };
        pile.disagreed = disagreed(pile, &rivals)?;
        pile.forget();
        let gone = delta::gone(schema, &gone)?;
        write(pile, rows, &gone, &self.folder(&schema.name).join(file))?;
        Ok(equation)
    }
}

/// How many keys have rivals, by the sources of both.
fn disagreed(
    pile: &Pile<'_>,
    rivals: &[(At, At)],
) -> Result<BTreeMap<(String, String), u64>, ModelError> {
    let tables: BTreeSet<u32> = rivals.iter().flat_map(|(one, other)| [one.0, other.0]).collect();
    let sources = tables.into_iter().map(|table| Ok((table, pile.sources(table)?)));
    let sources: BTreeMap<u32, Vec<String>> = sources.collect::<Result<_, ModelError>>()?;
    let source = |(table, row): At| sources.get(&table)?.get(usize::try_from(row).ok()?);
    let mut disagreed = BTreeMap::new();
    for (left, stands) in rivals {
        if let (Some(left), Some(stands)) = (source(*left), source(*stands))
            && left != stands
        {
            *disagreed.entry((left.clone(), stands.clone())).or_default() += 1;
        }
    }
    Ok(disagreed)
}

/// Writes the rows of a pile that won, and those that are gone, in the order of their keys: a group after
/// the other, so that no more than one of them is in memory.
fn write(
    pile: &Pile<'_>,
    rows: Vec<(u32, u32)>,
    gone: &DataFrame,
    path: &Path,
) -> Result<(), ModelError> {
    let order = ordered(pile, rows, gone)?;
    let groups = (order.len() / ROWS_A_GROUP).max(1);
    let size = order.len() / groups;
    let group = |at: usize| {
        let end = if at + 1 == groups { order.len() } else { (at + 1) * size };
        gathered(pile, order.get(at * size..end).unwrap_or_default(), gone)
    };
    sum::written(path, || parquet::write_groups((0..groups).map(group), path))
}

/// The table of the rows that are gone stands behind those of a pile.
const GONE: u32 = u32::MAX;

/// Some rows of a table, in their order: what lies between the first and the last is read.
fn rows_of(
    pile: &Pile<'_>,
    rows: &[(u32, u32)],
    gone: &DataFrame,
) -> Result<DataFrame, ModelError> {
    let (Some((table, first)), Some((_, last))) = (rows.first(), rows.last()) else {
        return delta::empty(pile.schema);
    };
    let place = |row: u32| usize::try_from(row).unwrap_or(usize::MAX);
    let range = place(*first)..place(*last).saturating_add(1);
    let own = if *table == GONE { sliced(gone, &range) } else { pile.rows(*table, &range)? };
    if own.height() == rows.len() {
        return Ok(own);
    }
    let rows: Vec<(u32, u32)> = rows.iter().map(|(at, row)| (*at, row - first)).collect();
    taken(&own, &rows)
}

/// Where the rows stand, in the order of their keys.
fn ordered(
    pile: &Pile<'_>,
    mut rows: Vec<(u32, u32)>,
    gone: &DataFrame,
) -> Result<Vec<(u32, u32)>, ModelError> {
    let doing = || FrameError::polars("sorting a delta");
    rows.extend((0..).take(gone.height()).map(|row| (GONE, row)));
    rows.sort_unstable();
    let keys = &pile.schema.primary_key;
    let keys_of = |of_table: &[(u32, u32)]| {
        let at = of_table.first().map_or(GONE, |(at, _)| *at);
        let own = if at == GONE { gone.clone() } else { pile.keys(at)? };
        taken(&own.select(keys).map_err(doing())?, of_table)
    };
    let tables: Vec<&[(u32, u32)]> = rows.chunk_by(|one, other| one.0 == other.0).collect();
    // Where a source gives its rows by their keys, each part begins behind the one before it.
    let ends = |of_table: &&[(u32, u32)]| {
        let own = keys_of(of_table)?;
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        let ends = [own.head(Some(1)), own.tail(Some(1))];
        Ok(ends.map(|end| table::to_rows(&end, &names)))
    };
    let ends =
        tables.par_iter().map(ends).collect::<Result<Vec<[Vec<CellRow>; 2]>, ModelError>>()?;
    if gone.height() == 0 && ends.as_flattened().is_sorted() {
        return Ok(rows);
    }
    let mut all = delta::empty(pile.schema)?.select(keys).map_err(doing())?;
    for own in tables.par_iter().map(|of_table| keys_of(of_table)).collect::<Vec<_>>() {
        all.vstack_mut_owned(own?).map_err(doing())?;
    }
    let (tables, places): (Vec<u32>, Vec<u32>) = rows.into_iter().unzip();
    for (name, numbers) in [("_table", tables), ("_place", places)] {
        all.with_column(Column::new(name.into(), numbers)).map_err(doing())?;
    }
    let all = all.sort(keys, SortMultipleOptions::default()).map_err(doing())?;
    let numbers = |name: &str| {
        let column = all.column(name).and_then(|column| column.u32());
        let numbers = column.map(|numbers| numbers.iter().flatten().collect::<Vec<u32>>());
        numbers.map_err(doing())
    };
    Ok(numbers("_table")?.into_iter().zip(numbers("_place")?).collect())
}

/// Some rows of a table.
fn taken(table: &DataFrame, rows: &[(u32, u32)]) -> Result<DataFrame, ModelError> {
    let rows = IdxCa::from_vec("_rows".into(), rows.iter().map(|(_, row)| *row).collect());
    Ok(table.take(&rows).map_err(FrameError::polars("taking rows of a delta"))?)
}

/// Some rows of several tables, in their order.
fn gathered(
    pile: &Pile<'_>,
    order: &[(u32, u32)],
    gone: &DataFrame,
) -> Result<DataFrame, ModelError> {
    let doing = || FrameError::polars("building a delta");
    let mut rows: Vec<(u32, u32, u32)> =
        order.iter().zip(0..).map(|((table, row), place)| (*table, *row, place)).collect();
    rows.sort_unstable();
    let mut all = delta::empty(pile.schema)?;
    for of_table in rows.chunk_by(|one, other| one.0 == other.0) {
        let places: Vec<(u32, u32)> = of_table.iter().map(|(at, row, _)| (*at, *row)).collect();
        all.vstack_mut_owned(rows_of(pile, &places, gone)?).map_err(doing())?;
    }
    // Where each row of the order stands among those.
    let mut back = vec![0; rows.len()];
    for ((.., place), at) in rows.iter().zip(0..) {
        let slot = usize::try_from(*place).ok().and_then(|place| back.get_mut(place));
        if let Some(slot) = slot {
            *slot = at;
        }
    }
    all.rechunk_mut_par();
    if back.is_sorted() {
        return Ok(all);
    }
    let back = IdxCa::from_vec("_rows".into(), back);
    Ok(all.take(&back).map_err(doing())?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::ToSpan as _;
    use jiff::civil::Date;

    use super::*;
    use crate::base::cell::Cell;
    use crate::model::judged::Correction;
    use crate::model::judged::Kept;
    use crate::model::judged::Origin;
    use crate::spec::schema::read_schema;

    const CONTRACT: &str = r#"{"title": "表", "primaryKey": ["id"], "fields": [
        {"name": "id", "type": "string"}, {"name": "said", "type": "string"}]}"#;

    fn kept(ids: &[i64], text_of: impl Fn(i64) -> &'static str) -> Kept {
        let keys: Vec<String> = ids.iter().map(|id| format!("k{id:03}")).collect();
        let said: Vec<&str> = ids.iter().map(|id| text_of(*id)).collect();
        let origin = |row: &i64| Origin {
            source: "page 1".into(),
            row: *row,
            is_deleted: false,
            corrects: None,
            is_past: false,
        };
        let values = polars::df!("id" => keys, "said" => said).unwrap();
        Kept { values, origins: ids.iter().map(origin).collect() }
    }

    #[test]
    fn what_many_deltas_come_to_is_kept_and_says_what_they_say() {
        let schema = read_schema("t.json", "t", CONTRACT).unwrap();
        let root = tempfile::tempdir().unwrap();
        let lake = Lake::at(root.path());
        let first: Date = "2026-01-01".parse().unwrap();
        let nights: Vec<Date> = first.series(1.day()).take(40).collect();
        let folder = root.path().join("base/t");
        let merge = |night: Date, from: i64| {
            let delivery = Delivery { system: "s", stream: "r", night, is_full: true, was: &[] };
            let (write, rows) = (Write::Upsert, (from..from + 20).collect::<Vec<i64>>());
            let said = if night.day() % 2 == 0 { "even" } else { "odd" };
            let judged = Judged { kept: kept(&rows, |_| said), ..Judged::default() };
            lake.merge(delivery, &schema, &write, &judged).unwrap();
        };
        let alone = |night: Date| {
            let hidden = root.path().join("hidden");
            fs::rename(&folder, &hidden).unwrap();
            let read = lake.read(&schema, night).unwrap();
            fs::rename(&hidden, &folder).unwrap();
            read
        };
        for (night, from) in nights.iter().zip(0..) {
            merge(*night, from);
            lake.keep_base(&schema, *night).unwrap();
            assert_eq!(folder.is_dir(), from >= 32, "{night}");
        }
        let base = || {
            let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
            files.filter(|file| file.extension() == Some("parquet".as_ref())).collect::<Vec<_>>()
        };
        let kept = base();
        assert_eq!(kept.len(), 1);
        for night in &nights {
            assert_eq!(lake.read(&schema, *night).unwrap(), alone(*night), "{night}");
        }
        // It is what is read, unless it is not what was written.
        let whole = fs::read(&kept[0]).unwrap();
        let mut other = lake.read(&schema, nights[3]).unwrap();
        sum::written(&kept[0], || parquet::write(&mut other, &kept[0])).unwrap();
        assert_ne!(lake.read(&schema, nights[39]).unwrap(), alone(nights[39]));
        fs::write(&kept[0], &whole[..40]).unwrap();
        assert_eq!(lake.read(&schema, nights[39]).unwrap(), alone(nights[39]));
        fs::write(&kept[0], whole).unwrap();
        // A night that is merged again, or another contract, is not what it was made of.
        merge(nights[5], 100);
        assert_eq!(lake.read(&schema, nights[39]).unwrap(), alone(nights[39]));
        lake.keep_base(&schema, nights[39]).unwrap();
        assert_ne!(base(), kept);
        let alone_height = alone(nights[39]).height();
        let keyed = read_schema("t.json", "t", &CONTRACT.replace(r#"["id"]"#, r#"["id", "said"]"#));
        let keyed = keyed.unwrap();
        let read = lake.read(&keyed, nights[39]).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(read, lake.read(&keyed, nights[39]).unwrap());
        assert!(read.height() > alone_height);
        lake.keep_base(&schema, nights[39]).unwrap();
        let wider = CONTRACT.replace("]}", r#", {"name": "more", "type": "string"}]}"#);
        let wider = read_schema("t.json", "t", &wider).unwrap();
        assert_eq!(lake.read(&wider, nights[39]).unwrap().height(), alone(nights[39]).height());
    }

    /// The keys that stand after some rows of a slice of the past came beside a night.
    fn with_past(
        past: &[i64],
        own: &[i64],
        (left, is_full): (&[i64], bool),
    ) -> (Vec<String>, Equation) {
        let schema = read_schema("t.json", "t", CONTRACT).unwrap();
        let root = tempfile::tempdir().unwrap();
        let lake = Lake::at(root.path());
        let night: Date = "2026-01-06".parse().unwrap();
        let delivery = Delivery { system: "s", stream: "r", night, is_full: false, was: &[] };
        let judged = Judged { kept: kept(&[1, 2], |_| "known"), ..Judged::default() };
        lake.merge(delivery, &schema, &Write::Upsert, &judged).unwrap();
        let night = night.tomorrow().unwrap();
        let delivery = Delivery { night, is_full, ..delivery };
        let mut rows = kept(past, |_| "past");
        rows.origins.iter_mut().for_each(|origin| origin.is_past = true);
        rows.append(kept(own, |_| "own")).unwrap();
        let key = |id: &i64| vec![Some(Cell::Text(format!("k{id:03}"))), None];
        let left = left.iter().map(key).collect();
        let judged = Judged { kept: rows, left, filtered: 1, ..Judged::default() };
        let equation = lake.merge(delivery, &schema, &Write::Upsert, &judged).unwrap();
        let stands = lake.read(&schema, night).unwrap();
        let stands = table::to_rows(&stands, &["id"]).into_iter().flatten().flatten();
        (stands.map(|cell| cell.written()).collect(), equation)
    }

    #[test]
    fn the_past_brings_nothing_back_that_a_night_leaves_out_or_does_not_find() {
        // What is known of 1 gives way to a draft by now, whatever the past says of it.
        let (stands, equation) = with_past(&[1, 3], &[2], (&[1], false));
        assert_eq!(stands, ["k002", "k003"]);
        assert_eq!((equation.deleted, equation.added, equation.unchanged), (1, 1, 1));
        // Everything was asked for, and 1 and 3 are not there any more.
        let (stands, equation) = with_past(&[1, 3], &[2], (&[], true));
        assert_eq!(stands, ["k002"]);
        assert_eq!((equation.deleted, equation.added, equation.unchanged), (1, 0, 2));
        // What the night brings itself stands.
        assert_eq!(with_past(&[1, 3], &[1, 2], (&[1], false)).0, ["k001", "k002", "k003"]);
    }

    #[test]
    fn a_correction_of_an_older_snapshot_keeps_no_row_that_the_newer_one_lacks() {
        let schema = read_schema("t.json", "t", CONTRACT).unwrap();
        let root = tempfile::tempdir().unwrap();
        let lake = Lake::at(root.path());
        let within = Write::Snapshot { within: vec!["said".to_owned()] };
        let night: Date = "2026-01-06".parse().unwrap();
        let delivery = Delivery { system: "s", stream: "r", night, is_full: false, was: &[] };
        let judged = Judged { kept: kept(&[1, 2], |_| "today"), ..Judged::default() };
        lake.merge(delivery, &schema, &within, &judged).unwrap();
        let (mut rows, mut corrected) = (kept(&[1], |_| "today"), kept(&[2], |_| "today"));
        let corrects = Correction { file: "another file".to_owned(), since: night };
        corrected.origins[0].corrects = Some(corrects);
        rows.append(corrected).unwrap();
        let delivery = Delivery { night: night.tomorrow().unwrap(), ..delivery };
        let judged = Judged { kept: rows, ..Judged::default() };
        let equation = lake.merge(delivery, &schema, &within, &judged).unwrap();
        assert_eq!((equation.unchanged, equation.duplicate, equation.deleted), (1, 1, 1));
        assert_eq!(lake.read(&schema, delivery.night).unwrap().height(), 1);
    }

    #[test]
    fn rows_that_waited_on_the_disk_become_the_delta_of_those_that_did_not() {
        let schema = read_schema("t.json", "t", CONTRACT).unwrap();
        let root = tempfile::tempdir().unwrap();
        let night: Date = "2026-01-06".parse().unwrap();
        let delivery = Delivery { system: "s", stream: "r", night, is_full: true, was: &[] };
        let merged = |name: &'static str, (most, step): (usize, i64), is_other: bool| {
            let place = root.path().join(format!("{name} {step}"));
            let lake = Lake::at(&place);
            let text_of = |id: i64| if id % 7 == 0 { name } else { "same" };
            let write = Write::Upsert;
            let delivery = if is_other {
                Delivery { night: night.tomorrow().unwrap(), ..delivery }
            } else {
                delivery
            };
            let folder = place.join("waiting.shelf");
            let mut pile =
                Pile::of((delivery, &schema, &write), Some(folder.clone())).holding(most);
            for part in 0..7 {
                // Keys in no order, some of them twice, or in theirs; the other night lacks the last ones.
                let rows = (0..100).map(|row| (part * 100 + row) * step % 600);
                let rows = rows.filter(|_| step > 1 || part < 6);
                let rows: Vec<i64> = rows.filter(|id| !is_other || *id < 590).collect();
                let kept = kept(&rows, text_of);
                pile.add(Judged { kept, ..Judged::default() }).unwrap();
            }
            assert_eq!(folder.is_dir(), most < 600);
            let equation = lake.merge_pile(&mut pile).unwrap();
            drop(pile);
            assert!(!folder.exists());
            let night = delivery.night;
            let delta = place.join(format!("model/t/{night}.s.r.parquet"));
            (equation, fs::read(delta).unwrap(), lake.read(&schema, night).unwrap())
        };
        let nights = [(389, false, 600), (389, true, 0), (1, false, 600), (1, true, 0)];
        for (step, is_other, added) in nights {
            let at = |most| merged("a", (most, step), is_other);
            let (held, waited) = (at(1_000), at(10));
            assert_eq!((held.0.added, held.0.duplicate > 0), (added, step > 1));
            assert_eq!(held.0.deleted, if is_other { 10 } else { 0 });
            assert_eq!(waited, held);
            assert_eq!(held.2.height(), if is_other { 590 } else { 600 });
        }
    }
}
