//! Where are the files that are not the project's own? Beside the checkout; without them the tests
//! that need them say so and pass.

use std::env;
use std::path::Path;
use std::path::PathBuf;

/// A file or folder of `../shared`, if that is here.
#[expect(clippy::print_stdout, reason = "a test that did nothing should say so")]
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if folder.is_dir() {
        return Some(folder.join(path));
    }
    assert!(env::var_os("SHUPING_REQUIRE_SHARED").is_none(), "../shared is required and not here");
    println!("skipped: ../shared is not here");
    None
}
