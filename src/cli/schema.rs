//! How does an editor know the files of a home? It is given their JSON Schemas.

use std::path::Path;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use super::DONE;
use super::Face;
use super::USAGE;
use super::home;
use crate::base::durable::write_then_rename;
use crate::publish;
use crate::spec::json_schema::JsonSchema;
use crate::warehouse::Design;

/// Whose JSON Schema is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct SchemaOf {
    /// The kind of file
    #[arg(required_unless_present_any = ["dir", "markdown", "release"], value_parser = kinds())]
    kind: Option<String>,
    /// Write the schemas of all kinds into a folder instead
    #[arg(long, conflicts_with = "kind", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the tables of the home's warehouse as a page instead
    #[arg(long, conflicts_with_all = ["kind", "dir"])]
    markdown: bool,
    /// Print the files of the home's releases and their columns as a page instead
    #[arg(long, conflicts_with_all = ["kind", "dir", "markdown"])]
    release: bool,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(JsonSchema::ALL.map(JsonSchema::name))
}

/// Prints one JSON Schema, or the tables of the warehouse or of a release, or writes all schemas into a folder and
/// prints their paths.
pub(super) fn schema(root: &Path, asked: &SchemaOf, face: &mut Face<'_>) -> anyhow::Result<u8> {
    if asked.markdown || asked.release {
        let catalog = match home::open(root, face)? {
            Ok((_, catalog)) => catalog,
            Err(code) => return Ok(code),
        };
        let page = if asked.release {
            publish::columns(&catalog)?
        } else {
            Design::of(&catalog).markdown()
        };
        write!(face.out, "{page}")?;
        return Ok(DONE);
    }
    if let Some(dir) = &asked.dir {
        for kind in JsonSchema::ALL {
            let path = dir.join(format!("{}.json", kind.name()));
            write_then_rename(&path, kind.text().as_bytes())?;
            writeln!(face.out, "{}", path.display())?;
        }
        return Ok(DONE);
    }
    let Some(kind) = asked.kind.as_deref().and_then(JsonSchema::named) else { return Ok(USAGE) };
    face.out.write_all(kind.text().as_bytes())?;
    Ok(DONE)
}
