//! How does the handbook read as Markdown? The same lines and tables, for repositories and wikis.

use std::fmt::Write as _;

use super::Entry;
use super::Grid;
use super::Handbook;
use super::typeset::typeset;

/// The text.
pub fn markdown(book: &Handbook) -> String {
    let mut text =
        format!("# {}\n\n定义指纹 {}\n\n## 目录\n\n", plain(&book.title), code(&book.home));
    for (at, chapter) in book.chapters.iter().enumerate() {
        _ = writeln!(text, "{}. {}", at + 1, plain(&chapter.title));
        for entry in &chapter.entries {
            let (title, id) = (plain(&entry.title), &entry.id);
            _ = writeln!(text, "   - [{title}](#{id}) {}", code(id));
        }
    }
    for (at, chapter) in book.chapters.iter().enumerate() {
        let (title, file) = (plain(&chapter.title), code(&chapter.file));
        _ = writeln!(text, "\n## {} {title}\n\n{file}", at + 1);
        for entry in &chapter.entries {
            told(entry, &mut text);
        }
    }
    text
}

fn told(entry: &Entry, text: &mut String) {
    let (id, title) = (&entry.id, plain(&entry.title));
    _ = writeln!(text, "\n<a id=\"{id}\"></a>\n\n### {title} {}\n", code(id));
    text.push_str("| | |\n|---|---|\n");
    for field in &entry.fields {
        let said = if field.is_code { code(&field.text) } else { plain(&field.text) };
        let said = if said.is_empty() { "–".to_owned() } else { said };
        _ = writeln!(text, "| {} | {said} |", field.label);
    }
    for grid in entry.grids.iter().filter(|grid| !grid.rows.is_empty()) {
        table(grid, text);
    }
}

fn table(grid: &Grid, text: &mut String) {
    let caption = [grid.name.to_owned(), plain(&grid.caption)].into_iter();
    let caption = caption.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let head = grid.head.iter().map(|head| plain(head)).collect::<Vec<_>>().join(" | ");
    let rule = vec!["---"; grid.head.len()].join("|");
    _ = writeln!(text, "\n**{caption}**\n\n| {head} |\n|{rule}|");
    for row in &grid.rows {
        let cells = (0..grid.head.len()).map(|at| {
            let cell = row.get(at).map_or("", String::as_str);
            if grid.code.contains(&at) { code(cell) } else { plain(cell) }
        });
        _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
    }
}

/// A text in which no character is markup, on one line.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in typeset(&text.split_whitespace().collect::<Vec<_>>().join(" ")).chars() {
        match letter {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => plain.extend(['\\', letter]),
            letter => plain.push(letter),
        }
    }
    plain
}

/// A text letter by letter, on one line; a bar within a table is escaped even there.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    let fence = if text.contains('`') { "``" } else { "`" };
    let blank = if text.contains('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}
