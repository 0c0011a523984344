//! Is it told when rows move while pages are read, and the total still agrees?

use serde_json::json;
use sqlx::Connection as _;

use super::told;
use crate::extract::gateway::okay;
use crate::extract::gateway::serve;
use crate::world::ask;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_came_on_two_pages_is_told() {
    // Between the two pages a row is taken away before the third, and another is put behind the last.
    let (url, _) = serve(|asked, _| {
        let ids = if asked.number("pageNum") == 1 { [1, 2] } else { [2, 4] };
        let list = ids.map(|id| json!({ "id": id, "site": "North", "openedAt": format!("2026-01-0{id} 09:00:00") }));
        okay(&json!({ "code": 0, "data": { "total": 4, "list": list } }))
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    told(home, &["init", "http", &format!("{url}/v1/permits?pageNum=1&pageSize=2")], 0);
    let text = told(home, &["run", "--night", "2026-02-10", "--as-of", "2026-02-10"], 0);
    let said = "a key that came twice while paging; another row may be missing";
    assert!(text.contains(said), "{text}");
    let warehouse = home.join("var/warehouse.db");
    let question = "select subject, stream, rows from finding where kind = 'came_twice'";
    let found = std::thread::spawn(move || ask(&warehouse, question)).join().unwrap();
    // It was asked for once more before it was believed.
    let nights = "select asked_again from stream_night where stream = 'permits_permits'";
    let warehouse = home.join("var/warehouse.db");
    let asked = std::thread::spawn(move || ask(&warehouse, nights)).join().unwrap();
    assert_eq!(asked, [["1"]]);
    // Its units, of which a row a permit came, are no such thing.
    assert_eq!(found, [["permits_permits", "permits_permits", "1"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_database_tells_apart_and_that_are_cleaned_into_one_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let path = home.join("shop.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let table = "
        create table permits (permit_no text primary key, dept text, opened date);
        insert into permits values ('A1', 'North', '2026-01-02'), ('Ａ１', 'North', '2026-01-03'), \
            ('B2', 'South', '2026-01-03');";
    sqlx::raw_sql(table).execute(&mut open).await.unwrap();
    open.close().await.unwrap();
    told(home, &["init", "sql", &format!("sqlite://{}", path.display())], 0);
    let text = told(home, &["run", "--night", "2026-02-10", "--as-of", "2026-02-10"], 0);
    assert!(text.contains("a value that only one row may have"), "{text}");
    let warehouse = home.join("var/warehouse.db");
    let question = "select subject, stream, rows from finding where kind = 'not_unique'";
    let found = std::thread::spawn(move || ask(&warehouse, question)).join().unwrap();
    // The units, of which a row a permit came, have another key.
    assert_eq!(found, [["permit_no", "shop_permits", "1"]]);
}
