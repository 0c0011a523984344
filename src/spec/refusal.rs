//! Where in a text is something refused? Line and column stand in front of every reason.

use sqlparser::ast;
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::Span;
use sqlparser::tokenizer::Token;
use sqlparser::tokenizer::TokenWithSpan;
use sqlparser::tokenizer::Tokenizer;

use super::reader::Nouns;
use crate::base::messages::Code;

/// Why a text is refused.
pub(super) type Refusal = (Code, Nouns);

/// One expression of a dialect, and nothing after it.
pub(super) fn parse_as(dialect: &dyn Dialect, text: &str) -> Result<ast::Expr, Refusal> {
    let tokens = Tokenizer::new(dialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|fault| unread(text, &fault.into()))?;
    if let Some(token) = too_much(&tokens) {
        let problem = format!(
            "the expression goes on for more than {MOST_LEVELS} operators or {MOST_TOKENS} words: make parts of it \
             columns of their own, or a list of values `IN (…)`"
        );
        return Err(refuse(token.span, &problem));
    }
    let mut parser = Parser::new(dialect).with_tokens_with_locations(tokens);
    let parsed = parser.parse_expr().map_err(|fault| unread(text, &fault))?;
    let next = parser.peek_token();
    match next.token {
        Token::EOF => Ok(parsed),
        rest => Err(refuse(next.span, &format!("unexpected {rest} after the expression"))),
    }
}

/// So many operators may stand around each other: every one is a level of what an engine works out by recursion.
const MOST_LEVELS: usize = 64;
/// So many words, numbers and signs may be in a text.
const MOST_TOKENS: usize = 10_000;

/// Where a text becomes deeper or longer than may be.
fn too_much(tokens: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    // Of each open bracket, the operators since the last comma or branch, and the branches of `CASE`.
    let mut open = vec![(0_usize, 0_usize)];
    let solid = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    solid.enumerate().find_map(|(number, token)| {
        let is_inner = open.len() > 1;
        let here = open.last_mut()?;
        match (&token.token, keyword(&token.token)) {
            (Token::LParen, _) => open.push((0, 0)),
            (Token::RParen, _) if is_inner => drop(open.pop()),
            (Token::Comma, _) | (_, Some(Keyword::THEN | Keyword::ELSE)) => here.0 = 0,
            (_, Some(Keyword::WHEN)) => *here = (0, here.1 + 1),
            (token, word) if is_operator(token, word) => here.0 += 1,
            _ => {}
        }
        let levels: usize = open.iter().map(|(operators, branches)| operators + branches).sum();
        (levels > MOST_LEVELS || number >= MOST_TOKENS).then_some(token)
    })
}

fn keyword(token: &Token) -> Option<Keyword> {
    let Token::Word(word) = token else { return None };
    word.quote_style.is_none().then_some(word.keyword)
}

fn is_operator(token: &Token, word: Option<Keyword>) -> bool {
    use Keyword as K;
    use Token as T;
    let is_word =
        matches!(word, Some(K::AND | K::OR | K::NOT | K::IS | K::IN | K::BETWEEN | K::LIKE));
    let is_sum = matches!(token, T::Plus | T::Minus | T::Mul | T::Div | T::Mod | T::StringConcat);
    let is_test = matches!(token, T::Eq | T::Neq | T::Lt | T::Gt | T::LtEq | T::GtEq);
    is_word || is_sum || is_test
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
