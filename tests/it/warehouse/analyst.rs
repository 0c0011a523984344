//! Does an analyst read the warehouse who may write neither it nor its folder, when nobody else has it open?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::chown;
use std::process::Command;

use crate::library::library;
use crate::library::said;
use crate::library::shuping;
use crate::python;

#[test]
fn a_reader_of_the_group_needs_no_right_to_write() {
    let home = library();
    for night in ["2026-02-01", "2026-02-02"] {
        let ran = shuping(home.path(), &["run", "--night", night]);
        assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    }
    for words in [&["migrate"][..], &["migrate", "--plan"]] {
        let ran = shuping(home.path(), words);
        assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    }
    let warehouse = home.path().join("var/warehouse.db");
    for end in ["", "-wal", "-shm"] {
        let file = home.path().join(format!("var/warehouse.db{end}"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640, "{end}");
        // Only who may give files away can play another account of the group.
        drop(chown(&file, None, Some(65_534)));
    }
    for path in [home.path(), &home.path().join("var")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let Some(python) = python::module("sqlite3") else { return };
    let script = "import os, sqlite3, sys\n\
        if os.getuid() == 0:\n    os.setgid(65534)\n    os.setuid(65534)\n\
        open = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)\n\
        print(open.execute('select max(night) from run').fetchone()[0])";
    let mut command = Command::new(python.get_program());
    let output = command.args(["-c", script]).arg(&warehouse).output().unwrap();
    assert_eq!(said(&output), "2026-02-02\n");
}
