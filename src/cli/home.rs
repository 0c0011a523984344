//! Is this a home, and does it hold together? Every verb that runs something asks first.

use std::collections::BTreeSet;
use std::path::Path;

use super::Face;
use super::HOME;
use crate::base::diagnostic::Diagnostic;
use crate::base::diagnostic::nearest;
use crate::base::said::Say;
use crate::extract::prove_signatures;
use crate::schedule;
use crate::spec::catalog::Catalog;
use crate::spec::home::Home;

/// The home and what it says; or every fault has been printed, and the code to exit with.
pub(super) fn open(
    root: &Path,
    face: &mut Face<'_>,
) -> anyhow::Result<Result<(Home, Catalog), u8>> {
    let home = match Home::open(root) {
        Ok(home) => home,
        Err(fault) => {
            let nouns = [("path", root.display().to_string()), ("problem", fault.to_string())];
            let (text, hint) = (face.say(Say::NoHome, &nouns), face.say(Say::NoHomeHint, &[]));
            face.complain(&text, Some(&hint))?;
            return Ok(Err(HOME));
        }
    };
    Ok(read(&home, face)?.map(|catalog| (home, catalog)))
}

/// What a home says; or every fault has been printed, and the code to exit with.
pub(super) fn read(home: &Home, face: &mut Face<'_>) -> anyhow::Result<Result<Catalog, u8>> {
    let read = home.catalog().and_then(|catalog| {
        let faults: Vec<Diagnostic> =
            catalog.connectors.iter().flat_map(prove_signatures).collect();
        let line = schedule::line(&catalog.settings);
        let faults: Vec<Diagnostic> = line.err().into_iter().chain(faults).collect();
        if faults.is_empty() { Ok(catalog) } else { Err(faults) }
    });
    match read {
        Ok(catalog) => Ok(Ok(catalog)),
        Err(faults) => {
            print(&faults, face)?;
            Ok(Err(HOME))
        }
    }
}

/// Whether a home has a metric; if not, that is said, with what may have been meant.
pub(super) fn knows_metric(
    catalog: &Catalog,
    name: &str,
    face: &mut Face<'_>,
) -> std::io::Result<bool> {
    if catalog.metrics().any(|metric| metric.name == name) {
        return Ok(true);
    }
    let near = nearest(name, catalog.metrics().map(|metric| metric.name.as_str()));
    let text = face.say(Say::UnknownMetric, &[("found", name.to_owned())]);
    let hint = near.map(|near| face.say(Say::Nearest, &[("names", near.to_owned())]));
    face.complain(&text, hint.as_deref())?;
    Ok(false)
}

/// Prints faults as `cargo` would.
pub(super) fn print(faults: &[Diagnostic], face: &mut Face<'_>) -> std::io::Result<()> {
    for fault in faults {
        writeln!(face.err, "{}", fault.render(face.lang))?;
    }
    let files: BTreeSet<&str> = faults.iter().map(|fault| fault.file.as_str()).collect();
    let nouns = [("faults", faults.len().to_string()), ("files", files.len().to_string())];
    let text = face.say(Say::Faults, &nouns);
    face.complain(&text, None)
}
