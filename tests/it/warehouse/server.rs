//! Who may read what on a server, and does a whole night arrive there as it does in a file?

use std::path::Path;
use std::process::Command;

use shuping::warehouse;
use shuping::warehouse::Design;
use shuping::warehouse::Place;
use sqlx::Connection as _;
use sqlx::PgConnection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::FIRST;
use super::SECOND;
use super::cases;
use super::catalog;
use super::every;
use super::load;
use super::told;
use super::views;
use crate::extract::certificates;
use crate::postgres::Cluster;
use crate::postgres::free_port;
use crate::world::NIGHT;
use crate::world::World;
use crate::world::ask;
use crate::world::dump;

#[tokio::test]
async fn a_warehouse_on_another_machine_is_loaded_over_tls() {
    let home = certificates::home();
    let Some(cluster) = Cluster::encrypted(home.path()) else { return };
    cluster.database("city").await;
    let authority = home.path().join("ca.pem");
    let options = format!("sslmode=verify-full&sslrootcert={}", authority.display());
    let place = Place::Server(cluster.url_over_tls("city", &options));
    let catalog = catalog(|_| {});
    let list = [("C1", "JN0001", "2025-06-01T01:00:00Z")];
    load(&place, &catalog, FIRST, &[("service_case", cases(&catalog, &list))]).await.unwrap();
    assert_eq!(told(&place, "select case_id from service_case").await, ["C1"]);
    let how = "select version from pg_stat_ssl where pid = pg_backend_pid()";
    assert_eq!(told(&place, how).await, ["TLSv1.3"]);
    let place = Place::Server(cluster.url_over_tls("city", "sslmode=verify-full"));
    let refused = warehouse::ask(&place, how).await.unwrap_err();
    assert!(format!("{refused:?}").contains("UnknownIssuer"), "{refused:?}");
}

#[tokio::test]
async fn roles_read_what_is_theirs_and_a_loader_needs_no_more_than_to_write() {
    let Some(cluster) = Cluster::start() else { return };
    let owner = Place::Server(cluster.database("city").await);
    let with_persons = |files: &mut std::collections::BTreeMap<String, String>| {
        let settings = format!("{}\n[warehouse]\npersons = true\n", files["shuping.toml"]);
        files.insert("shuping.toml".to_owned(), settings);
    };
    let catalog = catalog(with_persons);
    let design = Design::of(&catalog);
    warehouse::migrate(&owner, &design, None).await.unwrap();
    for (user, role) in
        [("loader", "shuping_load"), ("analyst", "shuping_read"), ("clerk", "shuping_person")]
    {
        let made = format!("create role {user} login password 'pw' in role {role}");
        cluster.run("city", &made).await;
    }
    let of = |user: &str| {
        let Place::Server(url) = &owner else { panic!("a server") };
        Place::Server(url.replace("tester:a%20pass%20word@", &format!("{user}:pw@")))
    };
    let list = [("C1", "JN0001", "2025-06-01T01:00:00Z")];
    let first = [("service_case", cases(&catalog, &list))];
    load(&of("loader"), &catalog, FIRST, &first).await.unwrap();
    load(&of("loader"), &catalog, SECOND, &[("service_case", Vec::new())]).await.unwrap();
    load(&of("loader"), &catalog, SECOND, &first).await.unwrap();
    // Names are found without their schema.
    let analyst = of("analyst");
    assert_eq!(told(&analyst, "select case_id from service_case").await, ["C1"]);
    let refused = warehouse::ask(&analyst, "select person_id from person.person_spell").await;
    assert!(format!("{refused:?}").contains("permission denied"), "{refused:?}");
    let wrote = warehouse::ask(&analyst, "delete from service_case returning case_id").await;
    assert!(format!("{wrote:?}").contains("permission denied"), "{wrote:?}");
    assert!(told(&of("clerk"), "select person_id from person.person_spell").await.is_empty());
    // A loader can't change tables; whoever owns them is named as the one who may.
    let other = super::catalog(|files| {
        with_persons(files);
        super::edited(files);
    });
    let fault = load(&of("loader"), &other, SECOND, &[]).await.unwrap_err();
    assert!(fault.to_string().contains("shuping migrate"), "{fault}");
    assert_eq!(told(&analyst, "select case_id from service_case").await, ["C1"]);
    let comment = "select obj_description('core.service_case'::regclass)";
    assert_eq!(told(&analyst, comment).await, ["办件"]);
    // A password is not told with the address.
    assert!(!of("loader").to_string().contains("pw"), "{}", of("loader"));
}

#[tokio::test]
async fn roles_that_could_not_be_made_are_made_when_they_can_be() {
    let Some(cluster) = Cluster::start() else { return };
    let url = cluster.database("city").await;
    let made = "create role owner login password 'pw'; grant create on database city to owner";
    cluster.run("city", made).await;
    let owner = Place::Server(url.replace("tester:a%20pass%20word@", "owner:pw@"));
    let catalog = catalog(|files| files.retain(|path, _| !path.starts_with("pipelines/")));
    let design = Design::of(&catalog);
    let roles = "select rolname::text from pg_roles where rolname like 'shuping%' order by 1";
    warehouse::migrate(&owner, &design, None).await.unwrap();
    assert!(told(&owner, roles).await.is_empty());
    // Who may make no roles is not told of them night after night.
    assert!(warehouse::planned(&owner, &design, None).await.unwrap().is_empty());
    cluster.run("city", "alter role owner createrole").await;
    assert!(!warehouse::planned(&owner, &design, None).await.unwrap().is_empty());
    warehouse::migrate(&owner, &design, None).await.unwrap();
    assert_eq!(told(&owner, roles).await, ["shuping_load", "shuping_person", "shuping_read"]);
    let reads = "select has_table_privilege('shuping_read', 'core.service_case', 'select')::text";
    assert_eq!(told(&owner, reads).await, ["true"]);
    assert!(warehouse::planned(&owner, &design, None).await.unwrap().is_empty());
}

#[test]
fn a_night_is_the_same_in_a_file_and_on_a_server() {
    let Some(cluster) = Cluster::start() else { return };
    let world = World::of(1);
    let (file, server) = (World::lean_home(), World::lean_home());
    let runtime = Runtime::new().unwrap();
    let url = runtime.block_on(cluster.database("night"));
    for home in [&file, &server] {
        let settings = home.path().join("shuping.toml");
        let mut text = std::fs::read_to_string(&settings).unwrap();
        text = text.replace("sqlite = false", "sqlite = true");
        text.push_str("\n[warehouse]\npersons = true\n");
        if home.path() == server.path() {
            text.push_str("url = \"${env:WAREHOUSE_URL}\"\n");
        }
        std::fs::write(&settings, text).unwrap();
        let ran = world.night(home.path(), NIGHT).env("WAREHOUSE_URL", &url).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
        assert!(!said.contains("pass word") && !said.contains("pass%20word"), "{said}");
    }
    let path = file.path().join("var/warehouse.db");
    let there = Place::Server(url);
    for table in [
        "unit",
        "section",
        "service_case",
        "hotline_order",
        "metric_value",
        "score",
        "code",
        "unit_now",
    ] {
        let count = format!("select cast(count(*) as text) from \"{table}\"");
        let here = ask(&path, &count).concat();
        assert_ne!(here, ["0"], "{table}");
        assert_eq!(here, runtime.block_on(told(&there, &count)), "{table}");
    }
    // Every question of the page is understood by both, and answered alike.
    for question in views::questions() {
        let count = format!("select cast(count(*) as text) from ({question}) as answer");
        let here = ask(&path, &count).concat();
        assert_eq!(here, runtime.block_on(told(&there, &count)), "{question}");
        let may_be_empty =
            ["'differs'", "having count(*) > 1", "'scored'", "due_date", "from correction"];
        let may_be_empty = may_be_empty.iter().any(|words| question.contains(words));
        assert!(may_be_empty || here != ["0"], "{question}");
    }
    // The marks are over what rows say: the same rows, whatever the database.
    let marks = "select lower(hex(_mark)) from metric_value order by 1";
    let here = ask(&path, marks).concat();
    let marks = "select replace(_mark::text, '-', '') from metric_value order by 1";
    assert_eq!(here, runtime.block_on(told(&there, marks)));
    let persons =
        ask(&file.path().join("var/warehouse-person.db"), "select count(*) from person_spell");
    let count = "select cast(count(*) as text) from person.person_spell";
    assert_eq!(persons.concat(), runtime.block_on(told(&there, count)));
    // What goes with the release is a file of SQLite, and the same.
    let [frozen, other] = [&file, &server]
        .map(|home| home.path().join("var/release/2026-01-06.1/warehouse.sqlite"))
        .map(|path| dump(&path));
    let differs = |name: &&String| frozen[*name] != other[*name];
    let differs: Vec<&String> = frozen.keys().filter(differs).collect();
    assert_eq!(differs, ["warehouse"], "the homes are set up otherwise");
    assert_eq!(frozen["metric_value"].len(), here.len());
    // Nobody is in the warehouse that everybody reads.
    let columns = "select name from sqlite_master where name like 'person%' or name = 'work_log'";
    assert!(ask(&path, columns).is_empty());
    dimensions(file.path());
    once_more(&runtime, world.night(server.path(), NIGHT), &there);
}

/// The same night again: nothing is written but what tells of the run.
fn once_more(runtime: &Runtime, mut night: Command, there: &Place) {
    let before = runtime.block_on(every::spots(there));
    let Place::Server(url) = there else { panic!("a server") };
    let again = night.env("WAREHOUSE_URL", url).output().unwrap();
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    let line = said.lines().find(|line| line.contains("rows written")).unwrap().to_owned();
    let written = line.split(" rows written").next().unwrap().rsplit(' ').next().unwrap();
    assert!(written.parse::<u32>().unwrap() < 40, "{line}");
    let after = runtime.block_on(every::spots(there));
    let touched = before.keys().filter(|name| before[*name] != after[*name]);
    assert_eq!(touched.collect::<Vec<_>>(), ["run", "run_step"]);
}

/// The dimensions stand in the release as files of their own, with as many rows as in the warehouse.
fn dimensions(home: &Path) {
    let path = home.join("var/warehouse.db");
    let released = home.join("var/release/2026-01-06.1");
    let dimensions = [
        ("items", "service_item"),
        ("duties", "duty"),
        ("codes", "code"),
        ("days", "calendar_day"),
    ];
    for (name, table) in dimensions {
        let lines = std::fs::read_to_string(released.join(format!("{name}.jsonl"))).unwrap();
        let count = ask(&path, &format!("select count(*) from {table}")).concat();
        assert_eq!(count, [lines.lines().count().to_string()], "{name}");
    }
    let strange = "select \"table\", \"column\", code from code where label = code";
    assert_eq!(ask(&path, strange), Vec::<Vec<String>>::new(), "every code has a Chinese name");
}

#[test]
fn a_night_that_does_not_know_where_its_warehouse_is_asks_nobody() {
    let home = World::home();
    let settings = home.path().join("shuping.toml");
    let mut text = std::fs::read_to_string(&settings).unwrap();
    text.push_str("\n[warehouse]\nurl = \"${env:WAREHOUSE_URL}\"\n");
    std::fs::write(&settings, text).unwrap();
    for verb in [&["run", "--night", "2026-01-06"][..], &["migrate"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(home.path()).args(verb).env_remove("WAREHOUSE_URL");
        let key = "0123456789abcdef0123456789abcdef";
        let ran = command.env("SHUPING_SECRET_PSEUDONYM_KEY", key).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(78), "{said}");
        assert!(
            said.contains("address of the warehouse") && said.contains("WAREHOUSE_URL"),
            "{said}"
        );
        assert!(!home.path().join("var/lake/landing").exists());
    }
}

/// A home whose warehouse is on a server.
struct Served {
    home: TempDir,
    url: String,
}

impl Served {
    fn of(url: String) -> Served {
        let home = World::home();
        let settings = home.path().join("shuping.toml");
        let text = std::fs::read_to_string(&settings).unwrap();
        let whole = format!("{text}\n[warehouse]\nurl = \"${{env:WAREHOUSE_URL}}\"\n");
        std::fs::write(&settings, whole).unwrap();
        Served { home, url }
    }

    /// Migrates: the code, and what was said of what went wrong.
    fn migrate(&self) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(self.home.path()).arg("migrate");
        command.env("WAREHOUSE_URL", &self.url).env("SHUPING_SECRET_PSEUDONYM_KEY", "a key");
        let ran = command.output().unwrap();
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    }

    /// Changes a contract.
    fn edit(&self, contract: &str, from: &str, to: &str) {
        let path = self.home.path().join("schemas").join(contract);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{contract}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }
}

/// A field more before one of the contract of units.
const CATEGORY: &str = "{\"name\": \"category\"";
const FLOOR: &str = "{\"name\": \"floor\", \"type\": \"string\", \"title\": \"楼层\"},\n    \
                     {\"name\": \"category\"";

#[test]
fn a_server_that_does_not_answer_is_told_with_what_to_look_at() {
    let served = Served::of(format!("postgres://shuping@127.0.0.1:{}/city", free_port()));
    let (code, said) = served.migrate();
    assert_eq!(code, Some(74), "{said}");
    assert!(said.contains("does the server run"), "{said}");
}

#[tokio::test]
async fn a_reader_who_holds_what_must_change_is_told_and_the_same_again_helps() {
    let Some(cluster) = Cluster::start() else { return };
    let served = Served::of(cluster.database("city").await);
    assert_eq!(served.migrate().0, Some(0));
    let mut reader = PgConnection::connect(&served.url).await.unwrap();
    let reads = "begin; select count(*) from metric.unit_year_additive";
    sqlx::raw_sql(reads).execute(&mut reader).await.unwrap();
    served.edit("unit.json", CATEGORY, FLOOR);
    let (code, said) = served.migrate();
    assert_eq!(code, Some(74), "{said}");
    assert!(said.contains("a transaction that has not ended"), "{said}");
    assert!(said.len() < 1_000, "{said}");
    reader.close().await.unwrap();
    let (code, said) = served.migrate();
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn a_view_of_somebody_else_stays_and_is_named_where_it_is_in_the_way() {
    let Some(cluster) = Cluster::start() else { return };
    let served = Served::of(cluster.database("city").await);
    assert_eq!(served.migrate().0, Some(0));
    let theirs = "create schema mine; \
                  create view mine.sums as select unit_id, unit_name from metric.unit_year_additive; \
                  create view mine.counted as select count(*) as units from mine.sums";
    cluster.run("city", theirs).await;
    // A column more, in the middle of a table and of the view that theirs stands on: they stay.
    served.edit("unit.json", CATEGORY, FLOOR);
    let (code, said) = served.migrate();
    assert_eq!(code, Some(0), "{said}");
    let place = Place::Server(served.url.clone());
    assert!(told(&place, "select floor from core.unit_now").await.is_empty());
    assert!(told(&place, "select \"楼层\" from \"现有机构\"").await.is_empty());
    assert_eq!(told(&place, "select units::text from mine.counted").await, ["0"]);
    // A column of another type, which theirs shows.
    cluster.run("city", "create view mine.late as select updated_at from core.service_case").await;
    let updated = "{\"name\": \"updated_at\", \"type\": \"";
    let [before, after] = ["datetime", "date"].map(|kind| format!("{updated}{kind}\""));
    served.edit("service_case.json", &before, &after);
    let (code, said) = served.migrate();
    assert_eq!(code, Some(74), "{said}");
    let first = said.lines().find(|line| line.starts_with("error:")).unwrap();
    assert!(first.contains("mine.late of tester"), "{said}");
    assert!(first.contains("view mine.late depends on column updated_at"), "{said}");
    assert!(said.contains("takes it away"), "{said}");
    cluster.run("city", "drop view mine.late").await;
    let (code, said) = served.migrate();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(told(&place, "select units::text from mine.counted").await, ["0"]);
    assert_eq!(served.migrate().0, Some(0));
}
