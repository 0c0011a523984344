//! Floor 6: does a connector keep what is promised of every connector? Fourteen points, proven against its
//! own source into a folder that goes when it is done.

mod bench;
mod case;
mod copies;
mod faults;
mod files;
mod fixture;
mod pages;
mod proxy;
mod rows;

use std::fs;

use jiff::civil::Date;

use self::Verdict::Failed;
use self::Verdict::NotAsked;
use self::Verdict::Passed;
use self::bench::Bench;
use self::bench::Question;
use self::bench::Wrong;
use self::case::Case;
use crate::base::redact::without_secrets;
use crate::base::said::Say;
use crate::base::throwaway::Throwaway;
use crate::night::Ground;
use crate::night::doctor;
use crate::night::status::Standing;
use crate::spec::connector::Ask;
use crate::spec::connector::Connector;
use crate::spec::connector::Source;
use crate::spec::connector::Stream;
use crate::spec::template;

/// A point: its number, its name, and what to do where it fails.
pub type Point = (u8, &'static str, Say);

/// The points, in their order.
pub const POINTS: [Point; 14] = [
    (1, "manifest", Say::HintManifest),
    (2, "doctor", Say::HintDoctor),
    (3, "preview", Say::HintPreview),
    (4, "columns", Say::HintColumns),
    (5, "keys", Say::HintKeys),
    (6, "steady", Say::HintSteady),
    (7, "resume", Say::HintResume),
    (8, "cursor", Say::HintCursor),
    (9, "faults", Say::HintFaults),
    (10, "total", Say::HintTotal),
    (11, "bad row", Say::HintBadRow),
    (12, "memory", Say::HintMemory),
    (13, "secrets", Say::HintSecrets),
    (14, "fixtures", Say::HintFixtures),
];

/// How a point ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds; what was proven.
    Passed(String),
    /// It does not; what was found.
    Failed(String),
    /// It means nothing here, or stands behind one that failed; why.
    NotAsked(String),
}

impl Verdict {
    /// The verdict and what was found.
    pub fn told(&self) -> (Say, &str) {
        match self {
            Passed(found) => (Say::ProvePassed, found),
            Failed(found) => (Say::ProveFailed, found),
            NotAsked(why) => (Say::ProveNotAsked, why),
        }
    }
}

/// A point of a system, or of one of its streams, and how it ended.
#[derive(Debug)]
pub struct Finding {
    /// The point.
    pub point: Point,
    /// The stream; none for the whole system.
    pub stream: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
}

/// What is proven.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The system.
    pub connector: &'a Connector,
    /// One stream of it, or every one.
    pub stream: Option<&'a str>,
    /// The night on which it is proven.
    pub night: Date,
    /// Whether rows are written to be expected from now on.
    pub writes: bool,
}

/// Proves a connector, point by point.
///
/// # Errors
/// A key that is missing, or the disk's.
pub async fn prove(ground: &Ground<'_>, asked: Asked<'_>) -> anyhow::Result<Vec<Finding>> {
    let throwaway = Throwaway::new("prove")?;
    let mut proof = Proof { findings: Vec::new(), texts: Vec::new() };
    let Asked { connector, night, .. } = asked;
    // A lake of its own, where nothing stands.
    let (home, var) = (ground.home, throwaway.0.join("var"));
    let ground = Ground { catalog: ground.catalog, home, var, secrets: ground.secrets };
    proof.add(0, None, manifest(connector));
    let bench = match Bench::of(&ground, connector, night, &throwaway.0).await? {
        Ok(bench) => bench,
        Err(why) => {
            proof.add(1, None, Failed(why));
            return Ok(proof.findings);
        }
    };
    proof.add(1, None, reached(&ground, &bench, connector).await?);
    let streams = bench.connector.streams.iter();
    let is_asked = |stream: &&Stream| asked.stream.is_none_or(|name| name == stream.name);
    for stream in streams.filter(is_asked) {
        Box::pin(proof.stream(&bench, stream, asked.writes)).await?;
    }
    let secrets = secrets(&bench, &proof)?;
    proof.add(12, None, secrets);
    proof.findings.sort_by_key(|finding| finding.point.0);
    Ok(proof.findings)
}

/// What has been found so far.
struct Proof {
    findings: Vec<Finding>,
    /// What came and what was said, for whoever looks for secrets.
    texts: Vec<String>,
}

impl Proof {
    fn add(&mut self, at: usize, stream: Option<&Stream>, verdict: Verdict) {
        let stream = stream.map(|stream| stream.name.clone());
        let point = POINTS.get(at).copied();
        self.findings.extend(point.map(|point| Finding { point, stream, verdict }));
    }

    /// The points of one stream.
    async fn stream(
        &mut self,
        bench: &Bench<'_>,
        stream: &Stream,
        writes: bool,
    ) -> anyhow::Result<()> {
        let Some(schema) = bench.ground.catalog.schemas.get(&stream.into.value) else {
            return Ok(());
        };
        let case = match Box::pin(Case::open(bench, stream, schema)).await? {
            Ok(case) => case,
            Err(why) => {
                self.add(3, Some(stream), Failed(why));
                let others = [2, 4, 5, 6, 7, 8, 9, 10, 11, 13];
                for at in others {
                    let why = "it can't be read (point 4)".to_owned();
                    self.add(at, Some(stream), NotAsked(why));
                }
                return Ok(());
            }
        };
        self.texts.extend(bench::lines(&case.reading.rows));
        let (case, of) = (&case, Some(stream));
        self.add(2, of, rows::preview(case).await);
        self.add(3, of, Box::pin(rows::columns(case)).await?);
        self.add(4, of, rows::keys(case));
        let steady = rows::steady(case).await;
        let is_steady = !matches!(steady, Failed(_));
        self.add(5, of, steady);
        let unsteady = || NotAsked("two readings differ (point 6)".to_owned());
        let resume = if is_steady { Box::pin(pages::resume(case)).await } else { unsteady() };
        self.add(6, of, resume);
        self.add(7, of, Box::pin(rows::later(case)).await?);
        let faults = if is_steady { Box::pin(faults::faults(case)).await? } else { unsteady() };
        self.add(8, of, faults);
        self.add(9, of, Box::pin(pages::total(case)).await?);
        self.add(10, of, Box::pin(rows::bad_row(case)).await?);
        let memory = if is_steady { Box::pin(pages::memory(case)).await } else { unsteady() };
        self.add(11, of, memory);
        self.add(13, of, Box::pin(fixture::expected(case, writes)).await?);
        Ok(())
    }
}

/// Point 1: the home has no fault, or nothing is proven at all; what is signed has a worked example.
fn manifest(connector: &Connector) -> Verdict {
    let Source::Http(http) = &connector.source else {
        return Passed(format!("{} has no fault", connector.file));
    };
    match http.auth.sign.as_ref().map(|sign| sign.tests.len()) {
        None => Passed(format!("{} has no fault; nothing is signed", connector.file)),
        Some(0) => Failed(format!("{} signs, and has no worked example", connector.file)),
        Some(tests) => {
            Passed(format!("{} has no fault; {tests} worked examples hold", connector.file))
        }
    }
}

/// Point 2: the doctor finds nothing broken, and a wrong secret is refused at once.
async fn reached(
    ground: &Ground<'_>,
    bench: &Bench<'_>,
    connector: &Connector,
) -> anyhow::Result<Verdict> {
    let standing = Standing::default();
    let checks = doctor::system(ground, connector, bench.night, &standing).await?;
    if let Some(broken) = checks.iter().find(|check| check.is_broken()) {
        return Ok(Failed(format!("{}: {}", broken.what, broken.says)));
    }
    let well = format!("{} checks of the doctor", checks.len());
    let Source::Http(_) = &connector.source else {
        return Ok(Passed(format!("{well}; a wrong secret is tried at gateways only")));
    };
    let text = ground.home.files.get(&connector.file).map_or("", String::as_str);
    let mut named = template::named(&connector.file, text).into_iter();
    let has_secret = named.any(|(kind, _)| kind == "secret");
    let stream = bench.connector.streams.iter().find(|stream| match &stream.ask {
        Ask::Http(ask) => ask.export.is_none() && ask.each.is_none(),
        Ask::Files(_) | Ask::Sql(_) | Ask::Singer(_) => false,
    });
    let Some(stream) = stream.filter(|_| has_secret) else {
        return Ok(Passed(format!("{well}; no wrong secret can be tried")));
    };
    let question = Question { until: bench.until, ..Question::default() };
    let wrong = Wrong(ground.secrets);
    let looked = bench.look((&bench.connector, stream), &question, &wrong).await;
    let asked = bench.proxy.as_ref().map_or(1, |proxy| proxy.seen().asked);
    Ok(match looked {
        Ok(_) => Failed("a wrong secret opens the door as well".to_owned()),
        Err(error) if error.is_transient() => {
            Failed(format!("a wrong secret is asked with again and again: {}", error.told()))
        }
        Err(_) if asked > 1 => Failed(format!("a wrong secret was asked with {asked} times")),
        Err(error) => Passed(format!("{well}; with a wrong secret {}", error.told())),
    })
}

/// Point 13: no secret stands in what came, in what waits on the disk, or in what was said.
fn secrets(bench: &Bench<'_>, proof: &Proof) -> std::io::Result<Verdict> {
    let said = proof.findings.iter().map(|finding| finding.verdict.told().1);
    let shows = |text: &str| without_secrets(text) != text;
    if said.clone().any(shows) {
        return Ok(Failed("what is said above names a secret".to_owned()));
    }
    if let Some(row) = proof.texts.iter().find(|text| shows(text)) {
        let cell = row.split('\u{1f}').find(|cell| shows(cell)).unwrap_or_default();
        let header = cell.split('=').next().unwrap_or_default();
        return Ok(Failed(format!("`{header}` of a row holds a secret")));
    }
    let mut files = 0;
    for entry in fs::read_dir(&bench.folder)? {
        let path = entry?.path();
        let is_pages =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pages"));
        if !is_pages {
            continue;
        }
        for page in fs::read_dir(&path)? {
            files += 1;
            let bytes = fs::read(page?.path())?;
            if shows(&String::from_utf8_lossy(&bytes)) {
                return Ok(Failed("a page that waits on the disk holds a secret".to_owned()));
            }
        }
    }
    Ok(Passed(format!(
        "none in {} rows, in {files} files of pages, in what is said",
        proof.texts.len()
    )))
}
