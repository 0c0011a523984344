//! What breaks off while a database is read, and what stands in columns where nobody expects it.

use std::collections::BTreeSet;
use std::io;
use std::thread;

use shuping::base::sheet::Land;
use shuping::base::sheet::Sheet;
use shuping::extract::System;

use super::Start;
use super::Vault;
use super::connector;
use super::database::LOGS;
use super::database::Server;
use super::database::all_of;
use super::database::refused;
use super::pulled;
use super::pulled_into;
use super::rows;
use super::turns::Taker;

/// Ends every connection to it but its own, and puts a row into the table, once.
async fn cut(server: &Server) {
    let row = "delete from gzjs where lsh = 77; insert into gzjs values \
               (77, null, 'U7', '2025-12-31', 1, '1', '2026-01-05 08:00:00', null, null);";
    let cut = match server {
        Server::Lite(_) => return,
        Server::Postgres(_) => {
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = 'kh' and pid <> pg_backend_pid()"
        }
        Server::Maria(_) => {
            "begin not atomic declare other int; \
             select max(id) into other from information_schema.processlist \
             where db = 'kh' and id <> connection_id(); kill other; end"
        }
    };
    match server {
        Server::Lite(_) => {}
        Server::Postgres(cluster) => cluster.run("kh", &format!("{row} {cut}")).await,
        Server::Maria(maria) => maria.run("kh", &format!("{row} {cut}")).await,
    }
}

/// Takes rows, and has the connection that brings them cut behind the first of them.
struct Cut<'s> {
    taker: Taker,
    from: Option<&'s Server>,
}

impl Land for Cut<'_> {
    fn land(&mut self, sheet: Sheet) -> io::Result<()> {
        self.taker.land(sheet)?;
        if let Some(server) = self.from.take() {
            let cut = || tokio::runtime::Runtime::new().unwrap().block_on(cut(server));
            thread::scope(|scope| scope.spawn(cut).join().unwrap());
        }
        Ok(())
    }

    fn mark(&mut self) -> bool {
        self.taker.mark()
    }

    fn take_back(&mut self) -> io::Result<()> {
        self.taker.take_back()
    }
}

pub(super) async fn what_breaks_off_is_read_again(server: &Server) {
    if matches!(server, Server::Lite(_)) {
        return;
    }
    for (attempts, is_well) in [(1, false), (3, true)] {
        let taker = Taker::default();
        let text = LOGS.replace("attempts = 1", &format!("attempts = {attempts}, first = \"1ms\""));
        let (connector, start) = (connector(&text), Start::at(&server.url()));
        let vault = Vault { url: start.url.clone() };
        let system = System::open(&connector, &vault, &start.home).unwrap();
        let mut cut = Cut { taker: taker.clone(), from: Some(server) };
        let delivery = pulled_into(&mut cut, (&system, &connector, 0), &start).await;
        let Ok(delivery) = delivery else {
            assert!(!is_well && delivery.unwrap_err().is_transient());
            continue;
        };
        // A row came meanwhile: all of them are as of the later moment, and each is there once.
        let found = taker.rows();
        let [why] = delivery.asked_again.as_slice() else { panic!("{:?}", delivery.asked_again) };
        assert!(is_well && why.contains("broke off"), "{why}");
        assert_eq!((delivery.received, delivery.told, found.len()), (5, Some(5), 5), "{found:?}");
        assert!(found.iter().any(|row| row.contains("LSH=77")), "{found:?}");
    }
}

/// A key of bits, of somebody's own kind and of letters that are told apart by nobody but their order.
pub(super) async fn what_orders_a_reading_keeps_its_kind(server: &Server) {
    let Server::Postgres(cluster) = server else { return };
    let table = "
        create type s.\"Kind\" as enum ('b', 'a', 'c');
        create collation pinyin (provider = icu, locale = 'zh-u-co-pinyin');
        create table keys (bits bit(10), kind s.\"Kind\", name text collate pinyin, letter \"char\", word char(4),
                           n numeric, at timestamp, m money, primary key (bits, kind, name, letter, word, n, at));
        insert into keys select (i % 3)::bit(10), (array['b', 'a', 'c'])[1 + i % 2]::s.\"Kind\",
            (array['张', '阿', '李', 'z'])[1 + i % 4], chr(65 + i % 2)::\"char\", 'w' || i % 2, i / 2.0,
            case when i = 7 then 'infinity' else timestamp '0044-03-15 BC' end, (i % 3 * 1000)::money from generate_series(1, 40) as i;";
    cluster.run("kh", table).await;
    for key in [
        "\"bits\", \"kind\", \"n\"",
        "\"kind\", \"letter\", \"name\", \"n\"",
        "\"name\", \"word\", \"at\", \"n\"",
        "\"m\", \"n\"",
    ] {
        let (delivery, batches) =
            pulled(&all_of("keys", key, &["n"]), &Start::at(&cluster.url("kh"))).await;
        let of: BTreeSet<String> =
            rows(&batches).iter().map(|row| row.split_once(": ").unwrap().1.to_owned()).collect();
        assert_eq!((delivery.unwrap().told, of.len()), (Some(40), 40), "{key}");
    }
}

/// Words whose capitals count for nothing, of an extension that stands in nobody's search path.
pub(super) async fn what_an_extension_sorts_is_read_in_its_order(server: &Server) {
    let Server::Postgres(cluster) = server else { return };
    let table = "
        create schema beside; create extension citext schema beside;
        create table folded (word beside.citext primary key);
        insert into folded values ('a'), ('B'), ('c'), ('D'), ('e');";
    cluster.run("kh", table).await;
    let (delivery, batches) =
        pulled(&all_of("folded", "\"word\"", &["word"]), &Start::at(&cluster.url("kh"))).await;
    assert_eq!(delivery.unwrap().told, Some(5));
    let words: Vec<String> =
        rows(&batches).iter().map(|row| row.split_once("word=").unwrap().1.to_owned()).collect();
    assert_eq!(words, ["a", "B", "c", "D", "e"]);
}

/// A row that tells no time would be in no window.
pub(super) async fn what_tells_no_time_comes_every_night(server: &Server) {
    let row = "delete from gzjs where lsh >= 70; \
               insert into gzjs values (99, null, 'U9', '2025-12-31', 1, '1', null, null, null);";
    server.run(row).await;
    for (since, told) in [(None, 5), (Some("2026-01-05T12:00:00+08:00".parse().unwrap()), 3)] {
        let start = Start { since, ..Start::at(&server.url()) };
        let (delivery, batches) = pulled(LOGS, &start).await;
        assert_eq!(delivery.unwrap().told, Some(told));
        assert!(rows(&batches).iter().any(|row| row.contains("LSH=99")));
    }
}

/// Any value may stand in any column of a file.
pub(super) async fn what_is_no_text_is_told_by_its_column(server: &Server) {
    let table = "create table odd (id integer primary key, face); \
                 insert into odd values (1, 'text'), (2, 2.5), (3, x'ff00');";
    server.run(table).await;
    let (why, _) = refused(&all_of("odd", "\"id\"", &["face"]), &server.url()).await;
    assert!(why.ends_with("`face` holds a value that is no text"), "{why}");
}
