//! What became of the flaws of orders?

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::left::FEBRUARY;
use super::left::Left;
use super::left::Night;
use super::left::among;

const ORDERS: &str = "hotline.orders";

fn planted(left: &Left, flaw: &str) -> BTreeSet<String> {
    left.planted(flaw, ORDERS).into_iter().collect()
}

/// F37
pub(super) fn odd_times_are_read_or_no_times(left: &Left) {
    let planted = planted(left, "F37");
    let landed = left.landed("hotline", "orders");
    let told = |is_so: &dyn Fn(&str) -> bool| {
        landed.iter().filter(|row| row.values().any(|text| is_so(text))).count()
    };
    let is_epoch = |text: &str| text.len() == 13 && text.parse::<u64>().is_ok();
    assert!(told(&is_epoch) > 50);
    assert!(told(&|text| text.starts_with("0000-00-00")) > 0);
    assert!(told(&|text| text.starts_with("1970-01-01")) > 0);
    let odd = "select
            count(*) filter (where order_id in {planted}),
            count(*) filter (where strftime('JN%Y%m%d', received_at, '+8 hours') <> substr(order_id, 1, 10)),
            count(*) filter (where min(
                coalesce(assigned_at, '9'), coalesce(responded_at, '9'), coalesce(closed_at, '9'),
                coalesce(due_at, '9')) < received_at)
         from hotline_order";
    let odd = left.first.ask(&odd.replace("{planted}", &among(&planted))).remove(0);
    // All of them are there, received on the day of their number, and nothing came before that.
    assert!(odd[0].parse::<u64>().unwrap() > 50, "{odd:?}");
    assert_eq!((odd[1].as_str(), odd[2].as_str()), ("0", "0"));
}

/// F38
pub(super) fn a_category_is_one_with_and_without_its_number(left: &Left) {
    assert!(left.count("F38", ORDERS) > 0);
    let categories = left.first.column("select distinct category from hotline_order");
    assert_eq!(categories.len(), 20, "{categories:?}");
    assert!(categories.iter().all(|name| !name.contains(|c: char| c.is_ascii_digit())));
    let landed = left.landed("hotline", "orders");
    let sent: BTreeSet<&str> = landed.iter().map(|row| row["问题分类"].as_str()).collect();
    assert_eq!(sent.len(), 40, "{sent:?}");
}

/// The orders of each unit and month by the table, and by the metric, where either knows any.
fn orders(night: &Night) -> [BTreeMap<String, Vec<String>>; 2] {
    [
        "select unit_id || ' ' || strftime('%Y-%m', received_at, '+8 hours'), count(*)
         from hotline_order where unit_id is not null group by 1",
        "select unit_id || ' ' || period, value from metric_value
         where metric = 'orders' and period_kind = 'month' and level = 'unit' and value > 0",
    ]
    .map(|question| night.by_key(question))
}

/// F39
pub(super) fn another_unit_after_closing_changes_both_units_months(left: &Left) {
    let told = "select order_id, coalesce(unit_id, ''), strftime('%Y-%m', received_at, '+8 hours')
         from hotline_order";
    let (before, after) = (left.january.by_key(told), left.february.by_key(told));
    let nights = [orders(&left.january), orders(&left.february)];
    let mut moved = BTreeSet::new();
    for (order, row) in &before {
        let now = &after[order];
        if row[0] == now[0] || row[0].is_empty() || now[0].is_empty() {
            continue;
        }
        moved.insert(order.clone());
        for spot in [row, now].map(|row| row.join(" ")) {
            for [by_table, by_metric] in &nights {
                assert_eq!(by_metric.get(&spot), by_table.get(&spot), "{spot} of {order}");
            }
        }
    }
    assert!(!moved.is_empty() && moved.is_subset(&planted(left, "F39")), "{moved:?}");
}

/// F40
pub(super) fn late_exemptions_change_past_months(left: &Left) {
    let told =
        "select order_id, unit_id, strftime('%Y-%m', closed_at, '+8 hours') from hotline_order
         where unit_id is not null and closed_at < '2025-12-31T16:00:00Z' and invalid = ";
    let before = left.first.by_key(&format!("{told} 0"));
    let after = left.february.by_key(&format!("{told} 1"));
    // What the month of a unit rests on: the closed orders that count.
    let by_table = "select count(*) from hotline_order where not invalid and ";
    let mut exempt = BTreeSet::new();
    for (order, row) in after.iter().filter(|(order, row)| before.get(*order) == Some(*row)) {
        exempt.insert(order.clone());
        let base = format!(
            "select denominator from metric_value where metric = 'order_reopen_rate'
             and unit_id = '{}' and period = '{}'",
            row[0], row[1]
        );
        let by_table = format!(
            "{by_table} unit_id = '{}' and strftime('%Y-%m', closed_at, '+8 hours') = '{}'",
            row[0], row[1]
        );
        let [then, now] = [&left.first, &left.february].map(|night| night.count(&base));
        assert_eq!((now, then > now), (left.february.count(&by_table), true), "{order}");
    }
    assert!(!exempt.is_empty() && exempt.is_subset(&planted(left, "F40")), "{exempt:?}");
}

/// F41
pub(super) fn contradictions_are_counted_and_void_orders_left_out(left: &Left) {
    let (night, planted) = (&left.first, planted(left, "F41"));
    let contradictions = night
        .column("select order_id from hotline_order where resolution = 'unresolved' and level = 5");
    assert!(!contradictions.is_empty() && contradictions.is_subset(&planted));
    let found = night.finding("orders", "check", "unresolved_yet_very_satisfied");
    assert_eq!(found, contradictions.len() as u64);
    let here = night.column("select order_id from hotline_order");
    let received = planted.iter().filter(|order| order.as_str() < "JN20260106");
    let void = received.filter(|order| !here.contains(*order)).count() as u64;
    assert_eq!((void > 0, night.equation("orders", "filtered")), (true, void));
}

/// F43
pub(super) fn renamed_keys_are_read_by_their_second_name(left: &Left) {
    assert_eq!(left.february.state("orders")[0], "done");
    let brought = left.lake("hotline_order", FEBRUARY, ORDERS);
    assert!(brought.len() > 50, "{}", brought.len());
    for row in &brought {
        assert!(row.contains_key("unit_id") && row.contains_key("due_at"), "{row:?}");
    }
    // A manifest that knows the first name only fails, and empties no unit.
    let [state, note] = left.one_name.state("orders");
    assert_eq!((state.as_str(), left.one_name.exit), ("failed", Some(1)));
    assert!(note.contains("column `unit_id` finds none of `承办单位`"), "{note}");
    let orders = "select * from hotline_order order by order_id";
    let known = left.utf8.0.ask(orders);
    assert!(!known.is_empty());
    assert_eq!(left.one_name.ask(orders), known);
}
