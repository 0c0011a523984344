//! Are groups of units the sum of their units, and are individual indicators told for whom they are meant?

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::library;
use crate::library::library;
use crate::python::recompute;
use crate::world::NIGHT;
use crate::world::World;
use crate::world::ask;

#[test]
fn a_city_is_told_with_its_groups_and_the_indicators_of_single_units() {
    let (world, home) = (World::of(10), World::home());
    let local = home.path().join("pipelines/local");
    fs::create_dir_all(&local).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/individual");
    for entry in fs::read_dir(shipped).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, local.join(path.file_name().unwrap())).unwrap();
    }
    let market = fs::read_to_string(local.join("market.toml")).unwrap();
    let misled = market.replace("JN0042", "JN9999").replace("opening", "founding");
    fs::write(local.join("misled.toml"), misled.replace("scjg_open", "misled")).unwrap();
    let list = home.path().join("pipelines/reference/disciplines.csv");
    let asked = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{}\n,JN9998,medicine,\n", asked.trim_end())).unwrap();
    let run = world.night(home.path(), NIGHT).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(matches!(run.status.code(), Some(0 | 1)), "{said}");

    let warehouse = home.path().join("var/warehouse.db");
    let found = ask(
        &warehouse,
        "select subject from finding where kind = 'unknown_unit' and subject like 'JN999%' order by 1",
    );
    let strangers =
        ["JN9998 pipelines/reference/disciplines.csv", "JN9999 pipelines/local/misled.toml"];
    assert_eq!(found, strangers.map(|of| [of]));
    assert!(ask(&warehouse, "select 1 from metric_value where metric = 'misled'").is_empty());

    // All that may be added up is, apart from what came late to a unit that had ended, or is still open there, and what
    // is withheld.
    let sums = ask(
        &warehouse,
        "select metric, period, sum(value) filter (where level = 'unit' and dim is null) as units,
            coalesce(sum(value) filter (where level = 'city'), 0) as city,
            count(*) filter (where level = 'unit' and dim is null and status = 'withheld') as hidden
        from metric_value join metric_definition using (metric)
        where additive and metric not in ('cases_closed', 'cases_backlog')
        group by 1, 2 having count(*) filter (where level = 'city' and value is not null) > 0",
    );
    let mut metrics: Vec<&str> = sums.iter().map(|row| row[0].as_str()).collect();
    metrics.dedup();
    assert!(metrics.len() > 10, "{metrics:?}");
    for row in &sums {
        let [units, city] = [2, 3].map(|at| row[at].parse::<f64>().unwrap_or_default());
        match row[4].as_str() {
            "0" => assert!((units - city).abs() < 1e-6, "{row:?}"),
            hidden => assert!(hidden != "1" && units <= city + 1e-6, "{row:?}"),
        }
    }
    sums_over_views(&warehouse);
    individual_scores(&warehouse);
    let release = home.path().join("var/release").join(format!("{NIGHT}.1"));
    recompute("levels.py", &home.path().join("var"), &release);
}

/// A naive sum over any view that says it adds up is what is published: of the city, or of the unit.
fn sums_over_views(warehouse: &Path) {
    let published = ask(
        warehouse,
        "select metric || ' ' || period || ' ' || coalesce(unit_id, ''), value from metric_value
        where value is not null and (level = 'city' or level = 'unit' and dim is null)",
    );
    let number = |text: &String| text.parse::<f64>().unwrap();
    let published: HashMap<&str, f64> =
        published.iter().map(|row| (row[0].as_str(), number(&row[1]))).collect();
    let views = ask(
        warehouse,
        "select \"对象\", max(\"列\" = 'section_id') from 数据字典
        where \"可加\" like '%可加' and \"可加\" not like '不%' and \"说明\" is not null group by 1",
    );
    let mut held = BTreeMap::new();
    for [view, has_sections] in views.iter().map(|row| [&row[0], &row[1]]) {
        let whose = if has_sections == "1" { "unit_id" } else { "''" };
        let sums = ask(
            warehouse,
            &format!(
                "select metric || ' ' || period || ' ' || {whose}, sum(value) from {view} group by 1"
            ),
        );
        let told = sums.iter().filter_map(|row| Some((row, published.get(row[0].as_str())?)));
        let told: Vec<_> = told.collect();
        for (row, total) in &told {
            assert!((number(&row[1]) - *total).abs() < 1e-6, "{view}: {row:?}, published {total}");
        }
        held.insert(view.as_str(), told.len());
    }
    for view in ["unit_month_additive", "section_year_additive", "item_year_additive"] {
        assert!(held[view] > 5, "{held:?}");
    }
    assert!(held.len() > 25 && held.values().all(|sums| *sums > 0), "{held:?}");
}

/// The leaves of slots are judged by what units chose, and say so; who chose nothing gives the points away.
fn individual_scores(warehouse: &Path) {
    let chosen = ask(
        warehouse,
        "select unit.category, metric, count(distinct unit_id) from score_line
            join (select distinct unit_id, category from score) as unit using (unit_id)
        where leaf like '%.B2.3' and metric is not null group by 1, 2 order by 1, 2",
    );
    let chosen: Vec<&str> = chosen.iter().map(|row| row[1].as_str()).collect();
    let of_departments =
        ["ga_hz", "jt_xj", "rs_sb", "scjg_open", "wj_ret", "yb_day", "yj_yh", "zf_o", "zj_sg"];
    assert_eq!(
        chosen,
        [&of_departments[..], &["yq_ent_cases", "dw_dc", "jd_first", "xz_bm"]].concat()
    );
    let states = ask(
        warehouse,
        "select distinct state, reason from score_line where leaf = 'G.B2.3' and metric is null",
    );
    assert_eq!(states, [["not_applicable", "本单位未选定个性指标"]]);
    let wrong = ask(
        warehouse,
        "select unit_id, metric, value, earned from score_line
        where metric = 'ga_hz' and state = 'scored'
            and abs(earned - available * case when value >= 0.95 then 1 when value <= 0.4 then 0
                when value < 0.7 then 2 * (value - 0.4) else 0.6 + 1.6 * (value - 0.7) end) > 1e-6",
    );
    assert!(wrong.is_empty(), "{wrong:?}");
    let scored = ask(
        warehouse,
        "select distinct metric from score_line where leaf like '%.B2.3' and state = 'scored' order by 1",
    );
    assert!(scored.len() >= 3, "{scored:?}");
}

#[test]
fn a_sum_that_units_are_told_less_often_is_explained_as_it_was_told() {
    let home = library();
    let path = home.path().join(library::PIPELINE);
    let text = fs::read_to_string(&path).unwrap();
    let desks = r#"
        [[measure]]
        name        = "loans_at"
        fact        = "loan"
        sql         = "COUNT(*) FILTER (WHERE is_back)"
        measured_in = "loans"

        [[metric]]
        name        = "desks"
        title       = "Desks"
        value       = "COUNT_BELOW(loans_at OVER channels, 99)"
        measured_in = "desks"
        grain       = ["unit"]
        period      = ["month", "quarter"]
        period_of   = { unit = ["quarter"] }
        additive    = true
        basis       = "test"
        means       = "Desks."
    "#;
    let (time, by) = ("time  = \"closed_at\"", "by = [\"channel\"]");
    assert!(text.contains(time));
    let text = text.replace(time, &format!("{time}\n{by}"));
    fs::write(&path, format!("{text}\n{desks}")).unwrap();
    let done = |words: &[&str]| {
        let output = library::shuping(home.path(), words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", library::said(&output));
        library::said(&output)
    };
    done(&["run", "--night", "2026-04-01", "--as-of", "2026-03-31"]);
    for period in ["2026-01", "2026Q1"] {
        let said = done(&["explain", "desks", "--level", "city", "--period", period]);
        assert!(said.contains("says the same"), "{period}: {said}");
    }
}
