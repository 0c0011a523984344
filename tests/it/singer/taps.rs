//! Are real taps of `PyPI` read? Five of them bring the same two loans: from lines, from messages, from a dBase
//! file, from a gateway and from PostgreSQL.

use std::env;
use std::fs;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use serde_json::Value;
use serde_json::json;
use tokio::runtime::Runtime;

use super::SETTINGS;
use super::said;
use crate::postgres::Cluster;
use crate::postgres::PASSWORD;
use crate::world::ask;

/// The loans, as JSON.
fn loans() -> [Value; 2] {
    let loan = |id: &str, branch: &str, day: u8| json!({ "id": id, "branch": branch, "borrowed": format!("2026-01-0{day}T08:00:00+08:00") });
    [loan("1", "North Branch", 2), loan("2", "South Branch", 3)]
}

/// The same as a dBase III table, every column a text.
fn dbase() -> Vec<u8> {
    let columns = [("ID", 10), ("BRANCH", 20), ("BORROWED", 25)];
    let width: usize = columns.iter().map(|(_, width)| width).sum();
    let head = 32 + 32 * columns.len() + 1;
    let mut bytes = vec![3, 126, 1, 5, 2, 0, 0, 0];
    bytes.extend(u16::try_from(head).unwrap().to_le_bytes());
    bytes.extend(u16::try_from(width + 1).unwrap().to_le_bytes());
    bytes.resize(32, 0);
    for (name, width) in columns {
        let mut column = vec![0; 32];
        column[..name.len()].copy_from_slice(name.as_bytes());
        column[11] = b'C';
        column[16] = width.try_into().unwrap();
        bytes.extend(column);
    }
    bytes.push(b'\r');
    for loan in loans() {
        bytes.push(b' ');
        for ((_, width), key) in columns.iter().zip(["id", "branch", "borrowed"]) {
            bytes.extend(format!("{:width$}", loan[key].as_str().unwrap()).into_bytes());
        }
    }
    bytes.push(0x1a);
    bytes
}

/// Answers every question with the loans; its port.
fn gateway() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let body = json!({ "data": loans() }).to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _asked = stream.read(&mut [0; 4096]).unwrap();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    port
}

/// The connector of a tap: what it is given, and how its headers are written.
fn connector(name: &str, command: &[String], config: &str, tap_stream: &str) -> String {
    let [id, branch, borrowed] = match name {
        "dbase" => ["ID", "BRANCH", "BORROWED"],
        _ => ["id", "branch", "borrowed"],
    };
    format!(
        "format = 1
system = {{ name = \"{name}\", title = \"{name}\", kind = \"singer\", timezone = \"Asia/Shanghai\" }}
[singer]
command = {command:?}
config  = {config}
[[stream]]
name       = \"loans\"
into       = \"service_case\"
tap_stream = \"{tap_stream}\"
write      = \"upsert\"
[stream.columns]
case_id     = {{ sql = \"'{name} ' || {id}\" }}
unit_id     = \"{branch}\"
accepted_at = \"{borrowed}\"
status      = {{ constant = \"open\" }}
[stream.contract]
new_column = \"ignore\"
"
    )
}

/// What the tap of PostgreSQL finds, with everything selected.
fn catalog(tap: &Path, config: &Path) -> String {
    let found = Command::new(tap).arg("--config").arg(config).arg("--discover").output().unwrap();
    assert!(found.status.success(), "{}", said(&found));
    let mut catalog: Value = serde_json::from_slice(&found.stdout).unwrap();
    for stream in catalog["streams"].as_array_mut().unwrap() {
        for part in stream["metadata"].as_array_mut().unwrap() {
            part["metadata"]["selected"] = true.into();
            if part["breadcrumb"] == json!([]) {
                part["metadata"]["replication-method"] = "FULL_TABLE".into();
            }
        }
    }
    catalog.to_string()
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that did nothing should say so")]
fn five_taps_of_the_package_index_bring_the_same_loans() {
    let Some(taps) = env::var_os("SHUPING_TAPS").map(PathBuf::from) else {
        println!("skipped: SHUPING_TAPS names no folder of taps; tests/run.sh makes one");
        return;
    };
    let Some(cluster) = Cluster::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let write = |file: &str, bytes: &[u8]| {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("shuping.toml", SETTINGS.as_bytes());
    let [one, two] = loans();
    write("data/loans.jsonl", format!("{one}\n{two}\n").as_bytes());
    let schema = json!({ "properties": { "id": {}, "branch": {}, "borrowed": {} } });
    let record = |loan| json!({ "type": "RECORD", "stream": "loans", "record": loan });
    let messages = [
        json!({ "type": "SCHEMA", "stream": "loans", "key_properties": ["id"], "schema": schema }),
        record(one),
        record(two),
    ];
    let messages: Vec<String> = messages.iter().map(Value::to_string).collect();
    write("messages/loans.singer.jsonl", messages.join("\n").as_bytes());
    write("data/loans.dbf", &dbase());
    let runtime = Runtime::new().unwrap();
    runtime.block_on(cluster.database("library"));
    let rows = "create table loans (id text primary key, branch text, borrowed timestamptz);
        insert into loans values ('1', 'North Branch', '2026-01-02T08:00:00+08:00'),
            ('2', 'South Branch', '2026-01-03T08:00:00+08:00')";
    runtime.block_on(cluster.run("library", rows));
    let url = cluster.url("library");
    let socket = url.split_once("host=").unwrap().1;
    let port = gateway();
    let database = json!({
        "host": socket, "port": 5432, "user": "tester", "password": PASSWORD,
        "dbname": "library", "filter_schemas": "public",
    });
    write("database.json", database.to_string().as_bytes());
    let program = |tap: &str, name: &str| taps.join(tap).join("bin").join(name);
    let postgres = program("pipelinewise-tap-postgres", "tap-postgres");
    let found = catalog(&postgres, &home.path().join("database.json"));
    write("catalog.json", found.as_bytes());
    let database = format!(
        "{{ host = \"{socket}\", port = 5432, user = \"tester\", password = \"${{secret:database}}\", \
         dbname = \"library\", filter_schemas = \"public\" }}"
    );
    let gateway = format!(
        "{{ api_url = \"http://127.0.0.1:{port}\", streams = [{{ name = \"loans\", path = \"/loans\", \
         records_path = \"$.data[*]\", primary_keys = [\"id\"] }}] }}"
    );
    let lines = "{ path = \"data/loans.jsonl\", stream_name = \"loans\", primary_keys = [\"id\"] }";
    let messages = "{ source = \"local\", local = { folders = [\"messages\"] } }";
    for (name, tap, config, tap_stream) in [
        ("lines", "tap-jsonl", lines, "loans"),
        ("messages", "tap-singer-jsonl", messages, "loans"),
        ("dbase", "tap-dbf", "{ path = \"data/*.dbf\" }", "loans"),
        ("gateway", "tap-rest-api-msdk", &gateway, "loans"),
        ("database", "pipelinewise-tap-postgres", &database, "public-loans"),
    ] {
        let mut command = match name {
            "database" => vec![postgres.display().to_string()],
            _ => vec![program(tap, tap).display().to_string()],
        };
        if name == "database" {
            command.extend(["--catalog", "catalog.json"].map(str::to_owned));
        }
        let text = connector(name, &command, config, tap_stream);
        write(&format!("connectors/{name}.toml"), text.as_bytes());
    }
    let mut night = Command::new(env!("CARGO_BIN_EXE_shuping"));
    night.arg("--home").arg(home.path()).args(["run", "--night", "2026-01-05"]).env("LANG", "C");
    night.env("SHUPING_SECRET_PSEUDONYM_KEY", "a key of the tests");
    let night = night.env("SHUPING_SECRET_DATABASE", PASSWORD).output().unwrap();
    assert_eq!(night.status.code(), Some(0), "{}", said(&night));
    let query = "select case_id, unit_id, accepted_at from service_case order by 1";
    let told = ask(&home.path().join("var/warehouse.db"), query);
    let expected: Vec<Vec<String>> = ["database", "dbase", "gateway", "lines", "messages"]
        .iter()
        .flat_map(|name| {
            [("1", "North Branch", 2), ("2", "South Branch", 3)].map(|(id, branch, day)| {
                let at = format!("2026-01-0{day}T00:00:00.000000Z");
                vec![format!("{name} {id}"), branch.to_owned(), at]
            })
        })
        .collect();
    assert_eq!(told, expected);
}
