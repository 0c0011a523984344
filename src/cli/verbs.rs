//! What does each verb do? A few lines each; the rooms below do the work.

use std::path::Path;

use super::Arguments;
use super::DONE;
use super::Face;
use super::HOME;
use super::Verb;
use super::aliases;
use super::backfill;
use super::begin;
use super::close;
use super::demo;
use super::diff;
use super::docs;
use super::doctor;
use super::draft;
use super::explain;
use super::home;
use super::migrate;
use super::preview;
use super::prove;
use super::quarantine;
use super::reference;
use super::rekey;
use super::release;
use super::run;
use super::schedule;
use super::schema;
use super::status;
use super::template;
use super::test;
use crate::base::clock;
use crate::base::said::Say;
use crate::night::draft::against_release;
use crate::spec::check_examples::untested;

/// Does what is asked; the code to exit with.
pub(super) async fn verb(arguments: Arguments, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let root = &arguments.home;
    match arguments.verb {
        Verb::Demo { scale } => demo::demo(root, scale, face).await,
        Verb::Sandbox(sandbox) => demo::sandbox(&sandbox, face).await,
        Verb::Check => check(root, face),
        Verb::Run(asked) => run::asked(root, &asked, face).await,
        Verb::Backfill(asked) => backfill::backfill(root, &asked, face).await,
        Verb::Preview(asked) => preview::preview(root, &asked, face).await,
        Verb::Doctor(asked) => doctor::doctor(root, &asked, face).await,
        Verb::Prove(asked) => Box::pin(prove::prove(root, &asked, face)).await,
        Verb::Schedule { next: Some(count) } => schedule::print(root, count, face),
        Verb::Schedule { next: None } => schedule::run(root, face).await,
        Verb::Status => status::status(root, face),
        Verb::Migrate(asked) => migrate::migrate(root, &asked, face).await,
        Verb::Rekey(asked) => rekey::rekey(root, &asked, face),
        Verb::Explain(asked) => explain::explain(root, &asked, face),
        Verb::Diff(asked) => diff::diff(root, &asked, face),
        Verb::Docs(asked) => docs::docs(root, &asked, face),
        Verb::Close(asked) => close::close(root, &asked, face),
        Verb::Reference(asked) => reference::make(root, &asked, face),
        Verb::Release(asked) => release::release(root, &asked, face).await,
        Verb::Verify(asked) => release::verify(root, &asked, face),
        Verb::Test(asked) => test::test(root, &asked, face),
        Verb::Try(asked) => draft::draft(root, &asked, face),
        Verb::Aliases(asked) => aliases::aliases(root, &asked, face),
        Verb::Quarantine(asked) => match &asked.export {
            Some(quarantine::Back::Export(export)) => quarantine::export(root, export, face),
            None => quarantine::list(root, &asked, face),
        },
        Verb::Template(asked) => template::template(root, &asked, face),
        Verb::Schema(asked) => schema::schema(root, &asked, face),
        Verb::Init(asked) => begin::init(root, &asked, face).await,
    }
}

/// Reads the home and holds it against the release that stands.
fn check(root: &Path, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let today = catalog.settings.zone.to_datetime(clock::now()).date();
    let mut faults = against_release(&catalog, &home.root.join(&catalog.settings.var), today)?;
    faults.extend(untested(&catalog));
    if !faults.is_empty() {
        home::print(&faults, face)?;
        return Ok(HOME);
    }
    let nouns = [
        ("connectors", catalog.connectors.len().to_string()),
        ("streams", catalog.streams().len().to_string()),
        ("tables", catalog.schemas.len().to_string()),
        ("metrics", catalog.metrics().count().to_string()),
    ];
    let text = face.say(Say::Checked, &nouns);
    writeln!(face.out, "{text}")?;
    Ok(DONE)
}
