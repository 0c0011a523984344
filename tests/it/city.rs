//! Does the pretend city answer as real systems do, and do its answers add up all the same?

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::civil::date;
use shuping::base::batch::Batch;
use shuping::base::pseudonym::Key;
use shuping::extract::Delivery;
use shuping::extract::ExtractError;
use shuping::extract::KnownFiles;
use shuping::extract::Request;
use shuping::extract::System;
use shuping::extract::pull;
use shuping::model::names::AliasLine;
use shuping::model::names::Meaning;
use shuping::model::names::Names;
use shuping::model::names::Origin;
use shuping::model::names::Region;
use shuping::model::names::Resolved;
use shuping::model::names::UnitName;
use shuping::sandbox::City;
use shuping::sandbox::Gateways;
use shuping::sandbox::environment;
use shuping::sandbox::units::Unit;
use shuping::spec::aliases::read_aliases;
use shuping::spec::connector::Connector;
use shuping::spec::connector::read_connector;
use shuping::spec::template::Secrets;

/// The variables and secrets of a city.
struct Vault(BTreeMap<String, String>);

impl Secrets for Vault {
    fn env(&self, name: &str) -> Result<String, String> {
        self.0.get(name).cloned().ok_or_else(|| format!("`{name}` is not set"))
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        let upper = name.to_ascii_uppercase().replace('.', "_");
        self.env(&format!("SHUPING_SECRET_{upper}"))
    }
}

/// A city that answers, with a folder that it drops files into.
struct Town {
    city: Arc<City>,
    gateways: Gateways,
    folder: tempfile::TempDir,
    vault: Vault,
}

impl Town {
    async fn new(seed: u64, scale: f64, night: Date) -> Town {
        let city = Arc::new(City::new(seed, scale));
        let secrets = shuping::sandbox::Secrets::of(seed);
        let gateways = Gateways::serve(Arc::clone(&city), night, &secrets, 0).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        city.write_drop(folder.path(), night).unwrap();
        city.write_appraisal(folder.path(), night).await.unwrap();
        let vault = Vault(environment(&gateways, folder.path(), &secrets));
        Town { city, gateways, folder, vault }
    }

    async fn pull(
        &self,
        name: &str,
        night: Date,
        since: Option<Date>,
    ) -> (Result<Delivery, ExtractError>, Vec<Batch>) {
        let (system, stream) = name.split_once('.').unwrap();
        let connector = connector(system);
        let at = |day: Date| {
            let text = format!("{day}T02:00:00+08:00");
            text.parse::<jiff::Timestamp>().unwrap()
        };
        let (key, known) = (Key::new("a key of people"), KnownFiles::default());
        let waiting = tempfile::tempdir().unwrap();
        let request = Request {
            connector: &connector,
            stream: connector.streams.iter().find(|known| known.name == stream).unwrap(),
            since: since.map(at),
            past: None,
            earliest: None,
            state: None,
            until: at(night),
            known_files: &known,
            held_back: &|| Ok(Vec::new()),
            row_key: &[],
            shelf: &waiting.path().join("shelf"),
            parents: &|_, _| Ok(()),
            secrets: &self.vault,
            key: &key,
            home: self.folder.path(),
        };
        let system = System::open(&connector, &self.vault, Path::new(".")).unwrap();
        let mut batches = Vec::new();
        let mut land = |batch| {
            batches.push(batch);
            Ok(())
        };
        (pull(&system, &request, &mut land).await, batches)
    }
}

fn connector(system: &str) -> Connector {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(folder.join(format!("connectors/{system}.toml"))).unwrap();
    // A small city would fit on too few pages for all that can go wrong with them.
    let text = text.replace("[\"pageSize\", 1000]", "[\"pageSize\", 60]");
    read_connector("connectors/test.toml", &text).unwrap()
}

/// The values under a header.
fn column<'b>(batches: &'b [Batch], header: &str) -> Vec<&'b str> {
    let cells = |batch: &'b Batch| {
        let at = batch.column(header);
        batch.rows.iter().filter_map(move |row| row.cells.get(at?)?.as_deref())
    };
    batches.iter().flat_map(cells).collect()
}

const FIRST_NIGHT: Date = date(2026, 1, 6);
const GATEWAY_STREAMS: [&str; 4] =
    ["service.items", "service.cases", "service.evaluations", "hotline.orders"];

#[tokio::test]
async fn totals_add_up_although_pages_are_cut_refused_grown_and_repeated() {
    let town = Town::new(1, 0.02, FIRST_NIGHT).await;
    let mut again = Vec::new();
    for name in GATEWAY_STREAMS {
        let (delivery, batches) = town.pull(name, FIRST_NIGHT, None).await;
        let delivery = delivery.unwrap();
        assert_eq!(delivery.told, Some(delivery.received), "{name}");
        assert!(delivery.received > 1000, "{name}: {}", delivery.received);
        assert!(delivery.unread.is_empty(), "{name}: {:?}", delivery.unread);
        let key = match name {
            "service.items" => "taskHandleItem",
            "hotline.orders" => "工单编号",
            _ => "projectNo",
        };
        let keys = column(&batches, key);
        assert_eq!(keys.len() as u64, delivery.received, "{name}");
        if name != "service.evaluations" {
            assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{name}");
        }
        again.extend(delivery.asked_again);
    }
    let met = |why: &str| again.iter().any(|line| line.contains(why));
    for why in ["429", "500001", "the total went from", "rows where", "repeats page"] {
        assert!(met(why), "{why}: {again:#?}");
    }
}

#[tokio::test]
async fn every_workbook_is_read_and_shows_nobody() {
    let town = Town::new(1, 0.02, FIRST_NIGHT).await;
    let truth = town.city.truth();
    let people = truth["people"].as_array().unwrap();
    let clear: BTreeSet<&str> = people
        .iter()
        .flat_map(|person| ["name", "id", "phone"].map(|key| person[key].as_str().unwrap()))
        .collect();
    for name in ["units", "sections", "quotas", "duties", "roster"] {
        let name = format!("staffing.{name}");
        let (delivery, batches) = town.pull(&name, FIRST_NIGHT, None).await;
        let delivery = delivery.unwrap();
        assert!(delivery.unread.is_empty(), "{name}: {:?}", delivery.unread);
        let files = if name == "staffing.roster" { 26 } else { 1 };
        assert_eq!(delivery.files.len(), files, "{name}");
        let cells = batches.iter().flat_map(|batch| &batch.rows).flat_map(|row| &row.cells);
        let shown: Vec<&String> = cells.flatten().filter(|it| clear.contains(&***it)).collect();
        assert!(shown.is_empty(), "{name}: {shown:?}");
    }
}

#[tokio::test]
async fn the_database_and_the_lists_are_read_and_show_nobody() {
    let town = Town::new(1, 0.02, FIRST_NIGHT).await;
    let truth = town.city.truth();
    let people = truth["people"].as_array().unwrap();
    let clear: BTreeSet<&str> =
        people.iter().map(|person| person["id"].as_str().unwrap()).collect();
    for (name, header, rows) in [
        ("appraisal.grades", "SFZH", 1_500),
        ("appraisal.logs", "SFZH", 9_000),
        ("supervision.tasks", "任务编号", 480),
        ("supervision.self_reports", "指标编码", 280),
    ] {
        let (delivery, batches) = town.pull(name, FIRST_NIGHT, None).await;
        let delivery = delivery.unwrap();
        assert!(delivery.unread.is_empty(), "{name}: {:?}", delivery.unread);
        assert!(delivery.told.is_none_or(|told| told == delivery.received), "{name}");
        let cells = column(&batches, header);
        assert!(cells.len() > rows && cells.len() < rows * 2, "{name}: {}", cells.len());
        assert!(cells.iter().all(|cell| !clear.contains(cell)), "{name}");
    }
}

#[tokio::test]
async fn the_views_have_the_columns_of_the_real_ones() {
    let (city, folder) = (City::new(1, 0.02), tempfile::tempdir().unwrap());
    for night in [FIRST_NIGHT, date(2026, 2, 10)] {
        city.write_appraisal(folder.path(), night).await.unwrap();
    }
    let asked = async |question: &'static str| -> Vec<i64> {
        use sqlx::Connection as _;
        let file = folder.path().join("appraisal.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
        let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query_scalar(question).fetch_all(&mut open).await.unwrap()
    };
    let wide = "select count(SFZH || KHND || coalesce(JD1, JD2, JD3, JD4, NDDC)) from V_PSKH_HZ";
    assert!(asked(wide).await[0] > 500);
    let long = "select count(DWDM || KHDF || KHSJ || GXSJ) from V_PSKH_JG where KHDC = '好'";
    assert!(asked(long).await[0] > 0);
    let deleted = "select count(*) from V_PSKH_JG where SCBZ = '1'";
    assert!(asked(deleted).await[0] > 0);
    let logs = "select count(*) from V_GZJS where ZT = '9' and GS > 0 and SL > 0 and LSJB < 2";
    assert!(asked(logs).await[0] > 0);
}

#[tokio::test]
async fn a_wrong_key_is_refused_by_the_gateway() {
    let mut town = Town::new(1, 0.02, FIRST_NIGHT).await;
    let since = Some(date(2026, 1, 5));
    town.pull("service.items", FIRST_NIGHT, since).await.0.unwrap();
    town.vault.0.insert("SHUPING_SECRET_SERVICE_KEY".to_owned(), "guessed".to_owned());
    let (delivery, batches) = town.pull("service.cases", FIRST_NIGHT, since).await;
    let error = delivery.unwrap_err().to_string();
    assert!(error.contains("401001") && batches.is_empty(), "{error}");
}

#[tokio::test]
async fn a_system_that_is_down_takes_no_other_with_it() {
    let town = Town::new(1, 0.02, FIRST_NIGHT).await;
    town.gateways.take_down("hotline", true);
    let since = Some(date(2026, 1, 5));
    let (delivery, batches) = town.pull("hotline.orders", FIRST_NIGHT, since).await;
    assert!(delivery.unwrap_err().to_string().contains("503") && batches.is_empty());
    town.pull("service.cases", FIRST_NIGHT, since).await.0.unwrap();
    town.gateways.take_down("hotline", false);
    town.pull("hotline.orders", FIRST_NIGHT, since).await.0.unwrap();
}

#[tokio::test]
async fn another_night_knows_more_and_calls_two_keys_otherwise() {
    let town = Town::new(1, 0.02, FIRST_NIGHT).await;
    let (_, before) = town.pull("hotline.orders", FIRST_NIGHT, Some(date(2026, 1, 5))).await;
    assert!(column(&before, "办理单位").is_empty() && !column(&before, "承办单位").is_empty());
    let night = date(2026, 2, 16);
    town.gateways.set_night(night);
    let (delivery, after) = town.pull("hotline.orders", night, Some(FIRST_NIGHT)).await;
    let delivery = delivery.unwrap();
    assert_eq!(delivery.told, Some(delivery.received));
    assert!(column(&after, "承办单位").is_empty() && !column(&after, "承诺完成时间").is_empty());
}

#[test]
fn every_spelling_means_its_unit_but_five_that_nobody_knows() {
    let city = City::new(1, 0.02);
    let texts =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/aliases.csv"));
    let aliases = read_aliases("connectors/aliases.csv", &texts.unwrap()).unwrap();
    let names = Names::new(
        city.units().iter().map(unit_name).collect(),
        aliases
            .into_iter()
            .map(|line| AliasLine {
                system: None,
                alias: line.alias,
                means: Meaning::read(&line.unit),
                valid_from: line.valid_from,
                valid_to: line.valid_to,
            })
            .collect(),
        regions(),
    );
    let truth = city.truth();
    let spellings = truth["spellings"].as_array().unwrap();
    assert_eq!(spellings.len(), 60);
    let mut unknown = 0;
    for line in spellings {
        let (spelling, unit) = (line["spelling"].as_str().unwrap(), line["unit"].as_str().unwrap());
        let home = city.units().iter().find(|known| known.unit_id == unit).unwrap();
        let day = home.to.map_or(FIRST_NIGHT, |to| to.yesterday().unwrap());
        let origin = Origin { system: Some("service"), region: Some("519900") };
        let meant = names.resolve(spelling, origin, day);
        if line["known"].as_bool().unwrap() {
            assert_eq!(meant.unit().map(|unit| &**unit), Some(unit), "{spelling}: {meant:?}");
        } else {
            unknown += 1;
            assert_eq!(meant, Resolved::Unknown, "{spelling}");
            let first = names.suggest(spelling, origin, day).into_iter().next();
            assert_eq!(first.map(|it| it.unit.to_string()).as_deref(), Some(unit), "{spelling}");
        }
    }
    assert_eq!(unknown, 5);
    for unit in city.units() {
        let day = unit.from.max(date(2024, 1, 1));
        for name in [&unit.name, &unit.short_name, &unit.usual_name] {
            let meant = names.resolve(name, Origin { system: None, region: Some("519900") }, day);
            assert_eq!(meant.unit().map(|it| &**it), Some(&*unit.unit_id), "{name}: {meant:?}");
        }
    }
}

fn unit_name(unit: &Unit) -> UnitName {
    UnitName {
        unit_id: unit.unit_id.as_str().into(),
        name: unit.name.clone(),
        other_names: [&unit.short_name, &unit.usual_name].map(String::clone).into(),
        region: unit.region.as_str().into(),
        valid_from: unit.from,
        valid_to: unit.to,
        successor_id: unit.successor_id.as_deref().map(Into::into),
    }
}

fn regions() -> Vec<Region> {
    [
        ("519900", "嘉宁市"),
        ("519902", "锦屏区"),
        ("519903", "柳溪区"),
        ("519921", "云泉县"),
        ("519922", "石桥县"),
        ("519981", "白鹭市"),
    ]
    .map(|(code, name)| Region {
        code: code.into(),
        name: name.to_owned(),
        parent: (code != "519900").then(|| "519900".into()),
    })
    .into()
}
