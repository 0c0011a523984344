//! Do the two pages for strangers hold? Their files are those of the example home, byte for byte, and
//! their commands print what the pages say, over nothing but what the pages tell to write.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use shuping::extract::prove_signatures;
use shuping::spec::connector::read_connector;
use shuping::spec::pipeline::read_pipeline;

const PAGES: [&str; 2] = ["writing-a-connector.md", "writing-a-metric.md"];

/// A fenced block.
struct Block {
    /// `toml`, `sh`, `text` …
    language: String,
    /// What stands behind it, such as `file=library/shuping.toml`.
    about: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        let fence = line.strip_prefix("```");
        match (fence, open.take()) {
            (Some(_), Some(closed)) => blocks.push(closed),
            (Some(info), None) => {
                let (language, about) = info.split_once(' ').unwrap_or((info, ""));
                let (language, about) = (language.to_owned(), about.to_owned());
                open = Some(Block { language, about, text: String::new() });
            }
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block is not closed");
    blocks
}

/// The files of a page, by their path below `examples/`.
fn files(page: &str) -> BTreeMap<String, String> {
    let named = blocks(page).into_iter();
    let named =
        named.filter_map(|block| Some((block.about.strip_prefix("file=")?.to_owned(), block.text)));
    named.collect()
}

/// Every file below a folder, but for what nights write.
fn gather(folder: &Path, name: &str, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if !entry.path().is_dir() {
            into.insert(name, fs::read_to_string(entry.path()).unwrap());
        } else if entry.file_name() != "var" && entry.file_name() != "secrets" {
            gather(&entry.path(), &name, into);
        }
    }
}

#[test]
fn the_files_of_the_pages_are_those_of_the_example_home_and_all_of_them() {
    let mut example = BTreeMap::new();
    gather(&root().join("examples/library"), "library", &mut example);
    let told: BTreeMap<String, String> = PAGES.iter().flat_map(|page| files(page)).collect();
    assert_eq!(told, example);
}

#[test]
fn what_the_pages_show_beside_the_example_is_read_without_a_fault() {
    let mut seen = Vec::new();
    for block in PAGES.iter().flat_map(|page| blocks(page)) {
        let fault = match block.about.as_str() {
            "reads=connector" => match read_connector("a.toml", &block.text) {
                Ok(connector) => Some(prove_signatures(&connector)).filter(|all| !all.is_empty()),
                Err(faults) => Some(faults),
            },
            "reads=pipeline" => read_pipeline("a.toml", "a", &block.text).err(),
            _ => continue,
        };
        assert!(fault.is_none(), "{fault:?}\n{}", block.text);
        seen.push(block.about);
    }
    assert_eq!(seen, [["reads=connector"; 6].as_slice(), &["reads=pipeline"]].concat());
}

/// Nothing is masked: the pages name their night, and every path is relative.
#[test]
fn a_stranger_who_follows_the_pages_sees_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    for page in PAGES {
        for (path, text) in files(page) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (commands, expected) = session(page);
        let told = run(folder.path(), &commands);
        assert_eq!(told, expected, "{page}");
    }
}

/// The commands of a page, and what each block of them prints.
fn session(page: &str) -> (Vec<String>, Vec<String>) {
    let blocks = blocks(page);
    let pairs = blocks.windows(2).filter(|pair| pair[0].language == "sh");
    let (commands, expected): (Vec<_>, Vec<_>) = pairs
        .map(|pair| {
            assert_eq!(pair[1].language, "text", "{page}: what does this print? {}", pair[0].text);
            (pair[0].text.clone(), pair[1].text.trim_end().to_owned())
        })
        .unzip();
    assert!(commands.len() > 1, "{page}");
    assert!(blocks.last().is_some_and(|block| block.language != "sh"), "{page}");
    (commands, expected)
}

/// What each block of commands prints, all in one shell, where `shuping` is the program of this build.
fn run(folder: &Path, commands: &[String]) -> Vec<String> {
    const NEXT: &str = "-- the next block --\n";
    let script = commands.join("\nprintf '%s\\n' '-- the next block --'\n");
    let program = Path::new(env!("CARGO_BIN_EXE_shuping")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", program.display());
    let mut shell = Command::new("bash");
    let shell = shell.args(["-euo", "pipefail", "-c", &script]).current_dir(folder);
    let output = shell.env_clear().env("PATH", path).env("LANG", "C.UTF-8").output().unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{wrong}");
    let told = String::from_utf8(output.stdout).unwrap();
    // Blanks at the end of a line or of all are no part of a page.
    let plain =
        |block: &str| block.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    told.split(NEXT).map(plain).collect()
}
