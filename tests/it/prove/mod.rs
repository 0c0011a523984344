//! Does `prove` find what is wrong with a connector, and nothing wrong with ours?

mod gate;
mod shipped;
mod ways;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use serde_json::json;

use self::gate::CURSOR;
use self::gate::MANIFEST;
use self::gate::asked_for;
use self::gate::failure;
use self::gate::guarded;
use self::gate::home;
use self::gate::key;
use self::gate::no;
use self::gate::page;
use self::gate::proven;
use self::gate::right;
use self::gate::things;
use self::gate::with;
use crate::extract::gateway::Asked;
use crate::extract::gateway::Reply;
use crate::extract::gateway::okay;
use crate::extract::gateway::serve;
use crate::library::said;
use crate::library::shuping;
use crate::world::bytes_below;

/// What fails where a gateway and a manifest are like this.
async fn fails(
    point: u64,
    manifest: &str,
    mut answer: impl FnMut(&Asked) -> Reply + Send + 'static,
) -> String {
    let (url, _) = serve(move |asked, _| answer(asked)).await;
    failure(home(manifest, &url).path(), point)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_as_it_should_be_passes_and_its_home_stays_as_it_is() {
    let (url, log) = serve(|asked, _| right(asked)).await;
    let home = home(MANIFEST, &url);
    let before = bytes_below(home.path());
    let found = proven(home.path(), 0);
    assert_eq!(bytes_below(home.path()), before);
    let text = |point: u64| {
        let (_, verdict, found) = &found[usize::try_from(point - 1).unwrap()];
        format!("{verdict}: {found}")
    };
    for (point, part) in [
        (1, "passed: connectors/things.toml has no fault; nothing is signed"),
        (2, "with a wrong secret things.rows from 2026-01-01 to 2026-01-06 page 1 was refused"),
        (3, "passed: 4 rows of a preview are the first of a run"),
        (4, "passed: 4 columns, 14 rows"),
        (5, "passed: key thing_id: 14 rows, 0 in doubt"),
        (6, "passed: 2025-12-01..2026-01-01: twice the same 14 rows"),
        (7, "passed: killed after each of 4 pages, and before it landed"),
        (8, "passed: a second run brings 7 rows, the year 2999 none"),
        (
            9,
            "429 for a second, 429 until a date, 503, reset, cut JSON, busy inside 200, error inside 200, page once more, empty page in the middle, pages that overlap; not asked: cursor once more",
        ),
        (
            10,
            "passed: one more than there is: things.rows from 2025-12-01 to 2026-01-01 kept changing",
        ),
        (11, "passed: page 1 row 1 is held back: thing_id missing; 13 others stand"),
        // Each of fourteen pages is full, so that one more is asked for.
        (12, "passed: 15 pages of 1 rows: no more than 1 rows and"),
        (13, "passed: none in 14 rows"),
        (14, "not_asked: no fixtures; write them with `shuping prove things --write-fixtures`"),
    ] {
        assert!(text(point).contains(part), "{}", text(point));
    }
    // Nobody is asked who did not ask, and a wrong secret is used once.
    let wrong =
        log.lock().unwrap().iter().filter(|it| ![gate::PROOF, ""].contains(&key(it))).count();
    assert_eq!(wrong, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_8_says_where_no_night_would_warn_that_nothing_came() {
    for (least, end) in [
        ("", "the year 2999 none; a night warns: `rows_min` is 1"),
        (
            "\n[stream.contract]\nrows_min = 0\n",
            "; not warned: `rows_min` is 0, so no night tells that nothing came",
        ),
    ] {
        let (url, _) = serve(|asked, _| right(asked)).await;
        let home = home(&format!("{MANIFEST}{least}"), &url);
        let (_, verdict, found) = &proven(home.path(), 0)[7];
        assert_eq!(verdict, "passed", "{found}");
        assert!(found.ends_with(end), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn point_1_fails_where_what_is_signed_has_no_worked_example() {
    let sign = r#"auth = { kind = "sign", secret = "${secret:things.key}", algorithm = "hmac-sha256", encoding = "hex", text = "things", headers = { X-Key = "${signature}" } }"#;
    let (manifest, mut known) = (with(MANIFEST, "auth", sign), None);
    let found = fails(1, &manifest, move |asked| {
        let key = key(asked);
        if key.is_empty() || *known.get_or_insert_with(|| key.to_owned()) != *key {
            return no("401");
        }
        page(asked, &asked_for(asked, things()))
    });
    assert_eq!(found.await, "connectors/things.toml signs, and has no worked example");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_2_fails_where_any_key_opens_and_where_a_wrong_one_is_tried_again() {
    let open = fails(2, MANIFEST, |asked| match key(asked) {
        "" => no("401"),
        _ => page(asked, &asked_for(asked, things())),
    })
    .await;
    assert_eq!(open, "a wrong secret opens the door as well");
    let again = MANIFEST.replace("[\"429001\"]", "[\"429001\", \"401\"]");
    let again = fails(2, &again, right).await;
    assert!(again.starts_with("a wrong secret is asked with again and again: "), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_3_fails_where_every_walk_has_another_order() {
    let mut walks = 0;
    let found = fails(3, MANIFEST, move |asked| {
        guarded(asked, |asked| {
            walks += usize::from(asked.number("page") == 1);
            let mut things = asked_for(asked, things());
            let by = walks.checked_rem(things.len()).unwrap_or_default();
            things.rotate_left(by);
            page(asked, &things)
        })
    });
    assert_eq!(found.await, "page 1 row 1 is another row in a preview than in a run");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_4_fails_where_a_column_has_no_value_and_where_no_line_names_one() {
    let changed = |name: &'static str, value: Value| {
        let changed = move |mut thing: Value| {
            thing[name] = value.clone();
            thing
        };
        move |asked: &Asked| {
            let things = things().into_iter().map(&changed).collect();
            guarded(asked, |asked| page(asked, &asked_for(asked, things)))
        }
    };
    let empty = fails(4, MANIFEST, changed("note", Value::Null)).await;
    assert_eq!(empty, "no value in 14 rows: `note`");
    let strange = fails(4, MANIFEST, changed("colour", json!("red"))).await;
    assert_eq!(strange, "no line names what came: `colour`");
    let wrong = fails(4, MANIFEST, changed("amount", json!("many"))).await;
    assert!(wrong.contains("14 of 14 rows break the contract"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_5_fails_where_two_rows_share_a_key_and_no_time_tells_which_stands() {
    let found = fails(5, MANIFEST, |asked| {
        let mut things = things();
        for at in (1..14).step_by(2) {
            things[at]["id"] = things[at - 1]["id"].clone();
            things[at]["changed"] = things[at - 1]["changed"].clone();
        }
        guarded(asked, |asked| page(asked, &asked_for(asked, things)))
    });
    assert!(found.await.contains("7 say something else under the same one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn point_6_fails_where_a_window_that_has_ended_changes() {
    let mut walks = 0;
    let answer = move |asked: &Asked| {
        guarded(asked, |asked| {
            walks += usize::from(asked.number("page") == 1);
            let mut things = things();
            things[9]["amount"] = json!(walks);
            page(asked, &asked_for(asked, things))
        })
    };
    let found = fails(6, MANIFEST, answer).await;
    assert_eq!(found, "2025-12-01..2026-01-01: 14 rows, then 14, of which 1 are new");
}

/// A page of things behind a place, which is forgotten as soon as it is used.
fn once(asked: &Asked, walk: &mut usize, used: &mut BTreeSet<String>) -> Reply {
    let token = asked.fields.get("token").map(|token| token.as_str().unwrap().to_owned());
    if token.as_ref().is_some_and(|token| !used.insert(token.clone())) {
        return no("gone");
    }
    *walk += usize::from(token.is_none());
    let first = token.map_or(0, |token| token.split('-').next().unwrap().parse().unwrap());
    let (things, size) = (asked_for(asked, things()), asked.number("size"));
    let list: Vec<&Value> = things.iter().skip(first).take(size).collect();
    let next = (first + size < things.len()).then(|| format!("{}-{walk}", first + size));
    okay(&json!({ "code": "200", "data": { "total": things.len(), "next": next, "list": list } }))
}

#[tokio::test(flavor = "multi_thread")]
async fn point_7_fails_where_a_place_is_forgotten_as_soon_as_it_is_used() {
    let (mut walk, mut used) = (0, BTreeSet::new());
    let answer = move |asked: &Asked| guarded(asked, |asked| once(asked, &mut walk, &mut used));
    let found = fails(7, &with(MANIFEST, "page", CURSOR), answer).await;
    assert_eq!(found, "killed after page 1, it asked for 6 pages where 5 were left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_holds_is_gone_on_with_and_a_cursor_that_comes_again_is_told() {
    let answer =
        |asked: &Asked, _: usize| guarded(asked, |asked| once(asked, &mut 0, &mut BTreeSet::new()));
    let (url, _) = serve(answer).await;
    let home = home(&with(MANIFEST, "page", CURSOR), &url);
    let found = proven(home.path(), 0);
    assert!(found[6].2.ends_with("no page was asked for twice"), "{found:#?}");
    assert!(found[8].2.contains("cursor once more, empty page in the middle"), "{found:#?}");
    assert!(!found[8].2.contains("not asked"), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_8_fails_where_a_gateway_does_not_heed_the_cursor() {
    let found = fails(8, MANIFEST, |asked| guarded(asked, |asked| page(asked, &things()))).await;
    assert!(found.starts_with("7 of 14 rows that a second run brought are older"), "{found}");
    let until = with(MANIFEST, "updated_at", "");
    let until = until.replace("write = \"upsert\"", "write = \"upsert\"\nignore = [\"changed\"]");
    let found = fails(8, &until, |asked| guarded(asked, |asked| page(asked, &things()))).await;
    assert_eq!(
        found,
        "the year 2999 brought 14 rows: it does not heed the cursor, or they have no value there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn point_9_fails_where_what_will_pass_is_not_asked_again() {
    let hasty = MANIFEST.replace("retry = {", "retry = { status = [503],");
    let found = fails(9, &hasty, right).await;
    assert!(found.starts_with("429 for a second: things.rows"), "{found}");
    let short = MANIFEST.replace("give_up = \"5s\"", "give_up = \"500ms\"");
    let found = fails(9, &short, right).await;
    assert!(found.contains("in 1 attempts: HTTP 429"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_10_fails_where_a_total_is_told_and_no_line_names_it() {
    let found = fails(10, &MANIFEST.replace(", total = \"/data/total\"", ""), right).await;
    assert_eq!(found, "the source tells its total at `/data/total`, and no line names it");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_11_fails_where_a_row_without_a_key_is_left_out() {
    let found = MANIFEST.replace("[stream.columns]", "where = \"id <> ''\"\n[stream.columns]");
    let found = fails(11, &found, right).await;
    assert_eq!(
        found,
        "page 1 row 1, without `thing_id`, was left out by `where`, and nobody is told"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn point_12_fails_where_pages_are_larger_than_asked_for() {
    let manifest = with(MANIFEST, "page", &CURSOR.replace(", total = \"/data/total\"", ""));
    let found = fails(12, &manifest, |asked| {
        guarded(asked, |asked| {
            let first = asked.fields.get("token").map_or(0, |_| asked.number("token"));
            let things = asked_for(asked, things());
            let list: Vec<&Value> = things.iter().skip(first).take(4).collect();
            let next = (first + 4 < things.len()).then_some(first + 4);
            okay(&json!({ "code": "200", "data": { "next": next, "list": list } }))
        })
    });
    assert_eq!(found.await, "pages of 1 rows were asked for, and one had 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_13_fails_where_a_row_repeats_what_proves_who_asks() {
    let found = fails(13, MANIFEST, |asked| {
        let mut things = things();
        for thing in &mut things {
            thing["note"] = json!(key(asked));
        }
        guarded(asked, |asked| page(asked, &asked_for(asked, things)))
    });
    assert_eq!(found.await, "`note` of a row holds a secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn point_14_fails_where_an_expected_row_has_another_value() {
    let (url, _) = serve(|asked, _| right(asked)).await;
    let home = home(MANIFEST, &url);
    let words = ["prove", "things", "--night", "2026-01-06", "--write-fixtures"];
    let text = said(&shuping(home.path(), &words));
    assert!(text.contains("10 rows were written to `fixtures/things/rows.jsonl`"), "{text}");
    assert_eq!(proven(home.path(), 0)[13].2, "10 expected rows came");
    let path = home.path().join("fixtures/things/rows.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text
        .replace("\"thing_id\":\"T01\",\"amount\":\"1\"", "\"thing_id\":\"T01\",\"amount\":\"8\"");
    assert_ne!(text, changed);
    fs::write(&path, changed).unwrap();
    let found = failure(home.path(), 14);
    assert_eq!(
        found,
        "fixtures/things/rows.jsonl line 3: `amount` of its row is another value now"
    );
    fs::write(&path, text.replace("T01", "T99")).unwrap();
    let found = failure(home.path(), 14);
    assert_eq!(found, "fixtures/things/rows.jsonl line 3: no row came with its key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_down_is_told_once_and_what_can_not_be_read_is_not_asked() {
    let home = home(MANIFEST, "http://127.0.0.1:9");
    let found = proven(home.path(), 1);
    let failed: Vec<u64> =
        found.iter().filter(|(_, verdict, _)| verdict == "failed").map(|it| it.0).collect();
    assert_eq!(failed, [2, 4], "{found:#?}");
    let table = said(&shuping(home.path(), &["prove", "things", "--night", "2026-01-06"]));
    assert!(table.contains("hint: ") && table.contains("not asked"), "{table}");
    let none = shuping(home.path(), &["prove", "things", "lines"]);
    assert_eq!(none.status.code(), Some(2));
}
