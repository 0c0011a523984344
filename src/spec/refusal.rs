//! Where in a text is something refused? Line and column stand in front of every reason.

use sqlparser::ast;
use sqlparser::dialect::Dialect;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Span;
use sqlparser::tokenizer::Token;

use super::reader::Nouns;
use crate::base::messages::Code;

/// Why a text is refused.
pub(super) type Refusal = (Code, Nouns);

/// One expression of a dialect, and nothing after it.
pub(super) fn parse_as(dialect: &dyn Dialect, text: &str) -> Result<ast::Expr, Refusal> {
    let mut parser =
        Parser::new(dialect).try_with_sql(text).map_err(|fault| unread(text, &fault))?;
    let parsed = parser.parse_expr().map_err(|fault| unread(text, &fault))?;
    let next = parser.peek_token();
    match next.token {
        Token::EOF => Ok(parsed),
        rest => Err(refuse(next.span, &format!("unexpected {rest} after the expression"))),
    }
}

/// What the parser says, its place in front; where it missed something, the end of the text.
fn unread(text: &str, fault: &ParserError) -> Refusal {
    let said = fault.to_string();
    let said = said.trim_start_matches("sql parser error: ");
    let end = || {
        let last = text.lines().last().unwrap_or_default();
        (said, format!("{}:{}", text.lines().count().max(1), last.chars().count() + 1))
    };
    let placed = |(problem, place): (_, &str)| (problem, place.replace(", Column: ", ":"));
    let (problem, at) = said.split_once(" at Line: ").map_or_else(end, placed);
    (Code::Sql, vec![("at", at.trim().to_owned()), ("problem", problem.to_owned())])
}

/// The place of a span, as a noun.
pub(super) fn at(span: Span) -> (&'static str, String) {
    ("at", format!("{}:{}", span.start.line.max(1), span.start.column.max(1)))
}

pub(super) fn refuse(span: Span, problem: &str) -> Refusal {
    (Code::Sql, vec![at(span), ("problem", problem.to_owned())])
}
