//! The pretend city, run for a night or served for a while.

use std::path::Path;

use super::DONE;
use super::Face;
use super::Sandbox;
use super::home;
use super::verbs;
use crate::night::Choice;
use crate::sandbox::City;
use crate::spec::home::write_default;
use crate::spec::secret::HomeSecrets;

/// The city of the README.
pub(super) const SEED: u64 = 519_900;

pub(super) async fn demo(_root: &Path, scale: f64, face: &mut Face<'_>) -> anyhow::Result<u8> {
    let root = Path::new("shuping-demo");
    if root.exists() {
        std::fs::remove_dir_all(root)?;
    }
    write_default(root)?;
    let city = City::new(SEED, scale);
    let night = jiff::civil::date(2026, 1, 6);
    city.write_drop(&root.join("drop"), night)?;
    let env = [("STAFFING_DROP", "drop"), ("SHUPING_SECRET_PSEUDONYM_KEY", "demo")];
    let secrets = HomeSecrets::of(root).with(env.map(|(a, b)| (a.into(), b.into())).into());
    let (home, catalog) = match home::open(root, face)? {
        Ok(opened) => opened,
        Err(code) => return Ok(code),
    };
    let choice = Choice { night, as_of: jiff::civil::date(2025, 12, 31), again: false };
    verbs::run(&home, &catalog, &secrets, choice, face).await
}

pub(super) async fn sandbox(_sandbox: &Sandbox, _face: &mut Face<'_>) -> anyhow::Result<u8> {
    Ok(DONE)
}
