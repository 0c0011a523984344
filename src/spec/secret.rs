//! Where do secrets come from? The environment, or files that only their owner may read; never the
//! manifests.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use super::template::Secrets;
use crate::base::redact::know_secret;

/// The environment and `secrets/` of a home.
#[derive(Clone, Debug)]
pub struct HomeSecrets {
    folder: PathBuf,
    given: BTreeMap<String, String>,
}

impl HomeSecrets {
    /// Those of a home.
    pub fn of(home: &Path) -> HomeSecrets {
        HomeSecrets { folder: home.join("secrets"), given: BTreeMap::new() }
    }

    /// The same, with values that win over the environment: the demo knows its own sandbox.
    #[must_use]
    pub fn with(mut self, given: BTreeMap<String, String>) -> HomeSecrets {
        self.given = given;
        self
    }

    /// The file that a secret stands in; none where the environment has it, or nobody.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        let is_set = self.env(&variable(name)).is_ok();
        Some(self.folder.join(name)).filter(|file| !is_set && file.is_file())
    }
}

impl Secrets for HomeSecrets {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    fn env(&self, name: &str) -> Result<String, String> {
        match self.given.get(name) {
            Some(value) => Ok(value.clone()),
            None => {
                std::env::var(name).map_err(|_| format!("environment variable `{name}` is not set"))
            }
        }
        .inspect(|value| know_password(value))
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        let variable = variable(name);
        if let Ok(value) = self.env(&variable) {
            know_secret(&value);
            return Ok(value);
        }
        let file = self.folder.join(name);
        let shown = format!("secrets/{name}");
        let found = fs::metadata(&file);
        let found = found
            .map_err(|_| format!("secret `{name}` is neither in `{variable}` nor in `{shown}`"))?;
        if found.permissions().mode() & 0o077 != 0 {
            return Err(format!("`{shown}` can be read by others; run `chmod 600 {shown}`"));
        }
        let text = fs::read_to_string(&file).map_err(|fault| format!("`{shown}`: {fault}"))?;
        know_secret(&text);
        Ok(text.trim().to_owned())
    }
}

/// The password of an address, if a value is one.
fn know_password(value: &str) {
    let user = value.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    if let Some((_, password)) = user.and_then(|(user, _)| user.split_once(':')) {
        know_secret(password);
    }
}

/// `hotline.key` is `SHUPING_SECRET_HOTLINE_KEY` in the environment.
fn variable(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    let plain = upper.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("SHUPING_SECRET_{}", plain.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_may_read_is_refused_with_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("secrets/hotline.key");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "s3cret\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let secrets = HomeSecrets::of(home.path());
        assert!(secrets.secret("hotline.key").unwrap_err().contains("chmod 600"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(secrets.secret("hotline.key").unwrap(), "s3cret");
    }
}
