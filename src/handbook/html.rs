//! How does the handbook read as a page? One file that asks for no other, and that prints.

use std::fmt::Write as _;

use super::Chapter;
use super::Entry;
use super::Field;
use super::Grid;
use super::Handbook;
use super::typeset::typeset;

const STYLE: &str = include_str!("page.css");

/// The page.
pub fn html(book: &Handbook) -> String {
    let title = escaped(&book.title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p>定义指纹 <code>{}</code></p>\n</header>\n",
        escaped(&book.home)
    );
    contents(book, &mut page);
    page.push_str("<main>\n");
    for (at, chapter) in book.chapters.iter().enumerate() {
        written(chapter, at + 1, &mut page);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn contents(book: &Handbook, page: &mut String) {
    page.push_str("<nav>\n<h2>目录</h2>\n<ol>\n");
    for (at, chapter) in book.chapters.iter().enumerate() {
        let title = prose(&chapter.title);
        _ = writeln!(page, "<li><a href=\"#chapter-{}\">{title}</a>\n<ul>", at + 1);
        for entry in &chapter.entries {
            let (id, title) = (escaped(&entry.id), prose(&entry.title));
            _ = writeln!(page, "<li><a href=\"#{id}\">{title} <code>{id}</code></a></li>");
        }
        page.push_str("</ul>\n</li>\n");
    }
    page.push_str("</ol>\n</nav>\n");
}

fn written(chapter: &Chapter, number: usize, page: &mut String) {
    let (title, file) = (prose(&chapter.title), escaped(&chapter.file));
    _ = writeln!(
        page,
        "<section class=\"chapter\" id=\"chapter-{number}\">\n<h2>{number} {title}</h2>\n\
         <p><code>{file}</code></p>"
    );
    for (at, entry) in chapter.entries.iter().enumerate() {
        told(entry, &format!("{number}.{}", at + 1), page);
    }
    page.push_str("</section>\n");
}

fn told(entry: &Entry, number: &str, page: &mut String) {
    let (id, title) = (escaped(&entry.id), prose(&entry.title));
    _ = writeln!(
        page,
        "<article id=\"{id}\">\n<h3>{number} {title} <code>{id}</code></h3>\n<table class=\"fields\">"
    );
    for field in &entry.fields {
        let (label, text) = (escaped(field.label), said(field));
        _ = writeln!(page, "<tr><th scope=\"row\">{label}</th><td>{text}</td></tr>");
    }
    page.push_str("</table>\n");
    for grid in entry.grids.iter().filter(|grid| !grid.rows.is_empty()) {
        table(grid, page);
    }
    page.push_str("</article>\n");
}

fn said(field: &Field) -> String {
    match field.text.as_str() {
        "" => "–".to_owned(),
        text if field.is_code => format!("<code>{}</code>", escaped(text)),
        text => prose(text),
    }
}

fn table(grid: &Grid, page: &mut String) {
    let caption = [grid.name, &grid.caption].into_iter().filter(|text| !text.is_empty());
    let caption = prose(&caption.collect::<Vec<_>>().join(" "));
    let width = if grid.head.len() > WIDE { " wide" } else { "" };
    _ = write!(page, "<table class=\"grid{width}\">\n<caption>{caption}</caption>\n<thead><tr>");
    for head in &grid.head {
        _ = write!(page, "<th scope=\"col\">{}</th>", escaped(head));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &grid.rows {
        page.push_str("<tr>");
        // A row may end before its head does.
        for at in 0..grid.head.len() {
            let text = row.get(at).map_or("", String::as_str);
            let is_code = grid.code.contains(&at);
            _ = write!(page, "<td>{}</td>", if is_code { code(text) } else { prose(text) });
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n");
}

/// A name or an expression; a short one is kept on one line.
fn code(text: &str) -> String {
    let class = if text.len() <= SHORT { " class=\"key\"" } else { "" };
    if text.is_empty() { String::new() } else { format!("<code{class}>{}</code>", escaped(text)) }
}

/// How long a name may be that is kept on one line.
const SHORT: usize = 28;

/// More columns than these are set smaller.
const WIDE: usize = 8;

/// A text for a reader.
fn prose(text: &str) -> String {
    escaped(&typeset(text))
}

/// A text in which no character is markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
