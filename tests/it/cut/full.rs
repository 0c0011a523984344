//! A disk that is full: a small file system of its own, in memory.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use super::NIGHT;
use super::Stand;
use crate::world::bytes_below;
use crate::world::left;

/// In a mount namespace of its own: the night on a disk of this size that holds what stood; what it left; and the night
/// again, with room.
const CUT: &str = r#"
home=$1 size=$2 stood=$3 cut=$4
shift 4
mkdir "$home/var"
mount -t tmpfs -o size="$size" tmpfs "$home/var"
cp -a "$stood/." "$home/var"
code=0
"$@" >&2 || code=$?
cp -a "$home/var" "$cut"
mount -o remount,size=1g "$home/var"
[ $code = 0 ] || "$@" >/dev/null
cp -a "$home/var" "$home/again"
umount "$home/var"
rmdir "$home/var"
mv "$home/again" "$home/var"
echo $code
"#;

/// What a night writes below `var`: rows as they came, rows of the model, what was counted, the warehouse, the release.
const PARTS: [&str; 5] =
    ["lake/landing/", "lake/model/", "lake/fact.tmp/", "warehouse.db", "release/"];

fn namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount"]);
    command
}

/// Whether a file system can be mounted here, which a container may forbid; if `SHUPING_REQUIRE_MOUNT` is set, it must.
#[expect(clippy::print_stdout, reason = "a test that did nothing should say so")]
fn may_mount() -> bool {
    let tried = namespace().args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    if tried.is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert!(env::var_os("SHUPING_REQUIRE_MOUNT").is_none(), "mounting is required and not allowed");
    println!("skipped: no file system can be mounted here");
    false
}

impl Stand {
    /// Runs the night on a disk of so many bytes; what it left is in `cut`.
    fn on(&self, size: u64, cut: &Path) -> Output {
        if self.var().exists() {
            fs::remove_dir_all(self.var()).unwrap();
        }
        let mut command = namespace();
        command.args(["sh", "-ec", CUT, "sh"]).arg(self.home()).arg(size.to_string());
        command.arg(self.stood()).arg(cut).arg(env!("CARGO_BIN_EXE_shuping"));
        command.arg("--home").arg(self.home()).args(NIGHT).env("LANG", "C");
        command.env("SHUPING_SECRET_PSEUDONYM_KEY", "a key of the tests").output().unwrap()
    }
}

/// How many bytes the files of a folder take on such a disk.
fn taken(folder: &Path) -> u64 {
    bytes_below(folder).values().map(|bytes| (bytes.len() as u64).div_ceil(4096) * 4096).sum()
}

#[test]
fn a_night_whose_disk_is_full_says_where_and_goes_well_once_there_is_room() {
    if !may_mount() {
        return;
    }
    let stand = Stand::new();
    let (stood, mut size) = (taken(&stand.stood()), 0);
    let mut places = BTreeSet::new();
    loop {
        let cut = stand.kept.path().join(format!("cut-{size}"));
        let output = stand.on(stood + size, &cut);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (code, told) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(left(stand.home()), stand.whole, "{size}: {told}");
        if code.trim() == "0" {
            break;
        }
        assert_eq!(code.trim(), "74", "{size}: {told}");
        stand.is_whole(&cut);
        fs::remove_dir_all(&cut).unwrap();
        let fault = told.lines().find_map(|line| line.strip_prefix("error: the disk is full: "));
        let fault = fault.unwrap_or_else(|| panic!("{size}: {told}"));
        assert!(told.contains("\nhint: make room there"), "{told}");
        let var = format!("{}/", stand.var().display());
        let place = fault.split(&var).nth(1).unwrap_or_else(|| panic!("no file in {fault}"));
        places.extend(PARTS.into_iter().find(|part| place.starts_with(part)));
        // The lake of a library is small, its release and warehouse are not.
        size += if size < 192 << 10 { 8 << 10 } else { 64 << 10 };
    }
    assert_eq!(places, BTreeSet::from(PARTS));
}
