//! The pretend city, run for a night or served for a while.

use std::path::Path;

use super::DONE;
use super::Face;
use super::Sandbox;

/// The city of the README.
pub(super) const SEED: u64 = 519_900;

pub(super) async fn demo(_root: &Path, _scale: f64, _face: &mut Face<'_>) -> anyhow::Result<u8> {
    Ok(DONE)
}

pub(super) async fn sandbox(_sandbox: &Sandbox, _face: &mut Face<'_>) -> anyhow::Result<u8> {
    Ok(DONE)
}
