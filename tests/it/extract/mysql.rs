//! What is other in a MariaDB: its kinds of values, what orders them, and its zones.

use std::path::Path;

use shuping::extract::look;
use shuping::spec::schema::FieldKind;

use super::Start;
use super::database::all_of;
use super::pulled;
use super::rows;
use super::told;
use crate::mariadb::Maria;

pub(super) async fn values_come_as_mariadb_writes_them(maria: &Maria) {
    let kinds = "
        create table kinds (id bigint unsigned primary key, yes tinyint(1), bits bit(10), doc json, \
            n decimal(38, 10), day date, at datetime(6), zoned timestamp, y year, t time, \
            word enum('乙', '甲'), xm varchar(20) character set gbk, \
            face varchar(20) character set utf8mb4 collate utf8mb4_bin, nothing text, empty text, \
            never date, g double);
        set time_zone = '+00:00'; set sql_mode = '';
        insert into kinds values (18446744073709551615, 1, b'1000000001', '{\"a\": 1}', \
            12345678901234567890.0123456789, '2026-01-05', '2026-01-05 16:30:12.5', \
            '2026-01-05 16:30:12', 2026, '08:30:00', '甲', '张三', '𠮷😀', null, '', '0000-00-00', 1e15);";
    maria.run("kh", kinds).await;
    let columns = [
        "id", "yes", "bits", "doc", "n", "day", "at", "zoned", "y", "t", "word", "xm", "face",
        "nothing", "empty", "never", "g",
    ];
    let start = Start::at(&maria.url("kh"));
    let (delivery, batches) = pulled(&all_of("kinds", "\"id\"", &columns), &start).await;
    delivery.unwrap();
    assert_eq!(
        rows(&batches),
        ["kinds row 1: id=18446744073709551615 yes=1 bits=513 doc={\"a\": 1} \
          n=12345678901234567890.0123456789 day=2026-01-05 at=2026-01-05 16:30:12.500000 \
          zoned=2026-01-06 00:30:12 y=2026 t=08:30:00 word=甲 xm=张三 face=𠮷😀 never=0000-00-00 g=1000000000000000"]
    );
}

pub(super) async fn what_orders_a_reading_is_exact(maria: &Maria) {
    // Neighbours beyond 2^53, which a float does not tell apart; words whose numbers are in disorder.
    let near = "
        create table near (id bigint unsigned, word enum('乙', '甲', '丙'), f float, primary key (id, word));
        insert into near values (9007199254740993, '乙', 0.1), (9007199254740992, '甲', 0.1), \
            (9007199254740992, '乙', 0.1), (9007199254740992, '丙', 0.2), (9007199254740994, '甲', 0.3);";
    maria.run("kh", near).await;
    let start = Start::at(&maria.url("kh"));
    let (delivery, batches) =
        pulled(&all_of("near", "\"id\", \"word\"", &["id", "word"]), &start).await;
    assert_eq!(delivery.unwrap().told, Some(5));
    let rows = rows(&batches);
    assert_eq!((rows.len(), batches.len()), (5, 3), "{rows:?}");
    let all: std::collections::BTreeSet<&str> =
        rows.iter().map(|row| row.split_once(": ").unwrap().1).collect();
    assert_eq!(all.len(), 5, "{rows:?}");
    // Sets are sorted by their bits, and those of words that are compared byte by byte look like bytes.
    let sets = "
        create table sets (days set('周三', '周一', '周二'), word enum('b', 'A', 'c') collate utf8mb4_bin,
                           primary key (days, word));
        insert into sets values ('周一', 'A'), ('周三', 'b'), ('周三,周一', 'c'), ('周二', 'A'), ('周二', 'b'), ('', 'c');";
    maria.run("kh", sets).await;
    let (delivery, batches) =
        pulled(&all_of("sets", "\"days\", \"word\"", &["days", "word"]), &start).await;
    assert_eq!(delivery.unwrap().told, Some(6));
    let all: std::collections::BTreeSet<String> =
        self::rows(&batches).iter().map(|row| row.split_once(": ").unwrap().1.to_owned()).collect();
    assert_eq!(all.len(), 6, "{all:?}");
    let (delivery, _) = pulled(&all_of("near", "\"f\"", &["id"]), &start).await;
    let why = told(&delivery.unwrap_err());
    assert!(why.contains("`f` of its key is no exact number"), "{why}");
}

pub(super) async fn bytes_are_refused_and_read_as_a_query_says(maria: &Maria) {
    let table = "
        create table photos (id int primary key, face blob, name varbinary(20));
        insert into photos values (1, 0xd5c5c8fd, 0xd5c5c8fd);";
    maria.run("kh", table).await;
    let start = Start::at(&maria.url("kh"));
    for column in ["face", "name"] {
        let (delivery, _) = pulled(&all_of("photos", "\"id\"", &[column]), &start).await;
        let why = told(&delivery.unwrap_err());
        assert!(why.contains(&format!("`{column}` holds bytes, no text")), "{why}");
    }
    let (delivery, _) = pulled(&all_of("photos", "\"id\"", &["id"]), &start).await;
    assert_eq!(delivery.unwrap().received, 1);
    let query = "query = \"select id, convert(name using gbk) as name from photos\"";
    let text = all_of("photos", "\"id\"", &["name"]).replace("view = \"photos\"", query);
    assert_eq!(rows(&pulled(&text, &start).await.1), ["query row 1: name=张三"]);
}

/// A flag of it is any small number, and a key of bytes can't be asked for.
pub(super) async fn what_is_seen_first_is_what_a_night_can_read(maria: &Maria) {
    let tables = "
        create table flags (id int primary key, state tinyint(1)); insert into flags values (1, 2), (2, -1);
        create table hashed (k binary(16) primary key, v int); insert into hashed values ('a', 1);";
    maria.run("kh", tables).await;
    let seen = look::database(&maria.url("kh"), "${env:URL}", Path::new("")).await.unwrap();
    let flags = seen.tables.iter().find(|table| table.title == "flags").unwrap();
    assert_eq!(flags.kinds, [Some(FieldKind::Whole), None]);
    let hashed = seen.left_out.iter().find(|(table, _)| table == "hashed").unwrap();
    assert!(hashed.1.contains("`k` of its key holds bytes"), "{}", hashed.1);
}

/// What a user may not read is told by its name, and so is what may be asked for.
pub(super) async fn a_column_that_is_closed_is_told(maria: &Maria) {
    let table = "
        create table people (id int primary key, xm varchar(20), v int);
        insert into people values (1, '张三', 7);
        create user narrow@localhost identified by 'a pass word';
        grant select (id, v) on kh.people to narrow@localhost;";
    maria.run("kh", table).await;
    let url = maria.url("kh").replace("tester:", "narrow:");
    let start = Start::at(&url);
    let (delivery, _) = pulled(&all_of("people", "\"id\"", &["id", "xm"]), &start).await;
    let why = told(&delivery.unwrap_err());
    assert!(why.contains("may read `id`, `v` of it and no other column"), "{why}");
    let seen = look::database(&url, "${env:URL}", Path::new("")).await.unwrap();
    let closed = seen.left_out.iter().find(|(table, _)| table == "people").unwrap();
    assert!(closed.1.contains("`id`, `v`") && closed.1.contains("grant select"), "{}", closed.1);
    let query = |columns: &str| format!("query = \"select {columns} from people\"");
    let text = all_of("people", "\"id\"", &["v"]);
    let (delivery, _) =
        pulled(&text.replace("view = \"people\"", &query("id, xm, v")), &start).await;
    let why = told(&delivery.unwrap_err());
    assert!(why.contains("the column `xm` of `people`") && !why.contains("narrow"), "{why}");
    let text = text.replace("view = \"people\"", &query("id, v"));
    assert_eq!(rows(&pulled(&text, &start).await.1), ["query row 1: v=7"]);
}

/// The server knows no zones by their names, as one that nobody told them.
pub(super) async fn a_zone_is_an_offset_or_refused(maria: &Maria) {
    let table = "
        set time_zone = '+00:00';
        create table times (id int primary key, at timestamp);
        insert into times values (1, '2026-01-05 16:30:12');";
    maria.run("kh", table).await;
    let text = all_of("times", "\"id\"", &["at"]);
    let start = Start::at(&maria.url("kh"));
    let of = |zone: &str| text.replace("kind = ", &format!("timezone = \"{zone}\"\nkind = "));
    let (_, batches) = pulled(&of("Asia/Kolkata"), &start).await;
    assert_eq!(rows(&batches), ["times row 1: at=2026-01-05 22:00:12"]);
    let (delivery, _) = pulled(&of("Europe/Berlin"), &start).await;
    let why = told(&delivery.unwrap_err());
    assert!(why.contains("does not know the time zone `Europe/Berlin`"), "{why}");
}
