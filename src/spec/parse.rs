//! What does a text of the measure language say, and why is one refused? Every refusal names line and
//! column inside the text.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sqlparser::ast;
use sqlparser::ast::Spanned as _;
use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::Span;

use super::compound;
use super::function::AGGREGATES;
use super::function::FUNCTIONS;
use super::function::Function;
use super::kinds;
use super::kinds::Kind;
use super::kinds::Wrong;
use super::pieces::Called;
use super::pieces::called;
use super::pieces::day;
use super::pieces::literal;
use super::pieces::name;
use super::pieces::negate;
use super::pieces::operator;
use super::pieces::thousandths;
use super::reader::Faults;
use super::reader::Found;
use super::reader::guess;
use super::refusal::Refusal;
use super::refusal::at;
use super::refusal::parse_as;
use super::refusal::refuse;
use super::schema::FieldKind;
use super::sql::Aggregate;
use super::sql::AggregateKind;
use super::sql::Expr;
use super::sql::Operator;
use crate::base::messages::Code;

/// The columns that a text may name, with their kinds.
pub type Columns = BTreeMap<String, Kind>;

/// Reads a row-level expression; a refusal is a fault at its key. What columns there are is checked later.
pub fn row(text: &Found<String>, faults: &Faults) -> Option<Expr> {
    let scope = Scope::default();
    scope.told(parse(&text.value).and_then(|parsed| scope.expr(&parsed)), text, faults)
}

/// Reads a row-level expression over headers, all of which are texts.
pub fn over_headers(text: &Found<String>, faults: &Faults) -> Option<Expr> {
    let scope = Scope { are_texts: true, ..Scope::default() };
    scope.told(parse(&text.value).and_then(|parsed| scope.expr(&parsed)), text, faults)
}

/// The same of a condition.
pub fn claim(text: &Found<String>, faults: &Faults) -> Option<Expr> {
    let scope = Scope { are_texts: true, ..Scope::default() };
    let read = parse(&text.value).and_then(|parsed| scope.condition("WHERE", &parsed));
    scope.told(read, text, faults)
}

/// Reads a measure: exactly one aggregate.
pub fn aggregate(text: &Found<String>, faults: &Faults) -> Option<Aggregate> {
    let scope = Scope::default();
    scope.told(parse(&text.value).and_then(|parsed| scope.aggregated(&parsed)), text, faults)
}

/// Checks a row-level expression against the columns that it may name; its kind.
pub fn check_row(text: &Found<String>, columns: &Columns, faults: &Faults) -> Kind {
    let scope = Scope { columns: Some(columns), ..Scope::default() };
    let read = parse(&text.value).and_then(|parsed| scope.expr(&parsed));
    scope.told(read, text, faults).and_then(|tree| scope.kind(&tree))
}

/// The same of a condition.
pub fn check_condition(text: &Found<String>, columns: &Columns, faults: &Faults) {
    let scope = Scope { columns: Some(columns), ..Scope::default() };
    let read = parse(&text.value).and_then(|parsed| scope.condition("WHERE", &parsed));
    scope.told(read, text, faults);
}

/// The same of a measure.
pub fn check_aggregate(text: &Found<String>, columns: &Columns, faults: &Faults) {
    let scope = Scope { columns: Some(columns), ..Scope::default() };
    let read = parse(&text.value).and_then(|parsed| scope.aggregated(&parsed));
    scope.told(read, text, faults);
}

fn parse(text: &str) -> Result<ast::Expr, Refusal> {
    parse_as(&GenericDialect {}, text)
}

fn mismatch(span: Span, wrong: &Wrong) -> Refusal {
    let mut nouns = vec![
        at(span),
        ("what", wrong.what.clone()),
        ("expected", wrong.expected.clone()),
        ("found", kinds::word(wrong.found).to_owned()),
    ];
    if wrong.is_number_beside_text() {
        nouns.push(("example", "'1'".to_owned()));
    }
    let is_day = wrong.expected == "date" && wrong.found == FieldKind::Text;
    if is_day || (wrong.expected == "string" && wrong.found == FieldKind::Day) {
        nouns.push(("example", "DATE '2026-01-15'".to_owned()));
    }
    (Code::SqlType, nouns)
}

/// What a text may name.
#[derive(Default)]
struct Scope<'s> {
    /// Anything, where nothing is known.
    columns: Option<&'s Columns>,
    /// Whether all of them are texts.
    are_texts: bool,
    /// Columns that are not there, and where each stands: a text tells all of them.
    strange: RefCell<Vec<(String, Span)>>,
}

impl Scope<'_> {
    /// Notes what was refused, and every column that is not there.
    fn told<T>(
        &self,
        read: Result<T, Refusal>,
        text: &Found<String>,
        faults: &Faults,
    ) -> Option<T> {
        let add = |code, nouns| faults.add(text.place, &text.key, code, nouns);
        let mut strange = self.strange.take();
        strange.sort_by_key(|(_, span)| span.start);
        strange.dedup();
        for (name, span) in &strange {
            let known = self.columns.into_iter().flat_map(BTreeMap::keys).map(String::as_str);
            let mut nouns = guess(name, known);
            nouns.push(at(*span));
            add(Code::SqlColumn, nouns);
        }
        match read {
            Ok(value) => strange.is_empty().then_some(value),
            Err((code, nouns)) => {
                add(code, nouns);
                None
            }
        }
    }

    fn kind(&self, tree: &Expr) -> Kind {
        kinds::kind_of(tree, &|name| self.kind_of_column(name))
    }

    fn kind_of_column(&self, name: &str) -> Kind {
        if self.are_texts { Some(FieldKind::Text) } else { *self.columns?.get(name)? }
    }

    /// An expression of right kinds.
    fn expr(&self, x: &ast::Expr) -> Result<Expr, Refusal> {
        let tree = self.tree(x)?;
        match kinds::check(&tree, &|name| self.kind_of_column(name)) {
            Ok(_) => Ok(tree),
            // What reckons with a header reads its text as a number or a day.
            Err(wrong) if self.are_texts && !wrong.holds_against() => Ok(tree),
            Err(wrong) => Err(mismatch(x.span(), &wrong)),
        }
    }

    fn condition(&self, what: &str, x: &ast::Expr) -> Result<Expr, Refusal> {
        let tree = self.expr(x)?;
        kinds::condition(what, self.kind(&tree)).map_err(|wrong| mismatch(x.span(), &wrong))?;
        Ok(tree)
    }

    fn boxed(&self, x: &ast::Expr) -> Result<Box<Expr>, Refusal> {
        self.expr(x).map(Box::new)
    }

    fn column(&self, name: String, span: Span) -> Expr {
        if self.columns.is_some_and(|columns| !columns.contains_key(&name)) {
            self.strange.borrow_mut().push((name.clone(), span));
        }
        Expr::Column(name)
    }

    fn tree(&self, x: &ast::Expr) -> Result<Expr, Refusal> {
        use ast::Expr as Sql;
        Ok(match x {
            Sql::Identifier(name) => self.column(name.value.clone(), name.span),
            Sql::CompoundIdentifier(names) => {
                let name = names.iter().map(|n| n.value.as_str()).collect::<Vec<_>>().join(".");
                self.column(name, x.span())
            }
            Sql::Nested(inner) => self.tree(inner)?,
            Sql::Value(value) => literal(value)?,
            Sql::TypedString(ast::TypedString {
                data_type: ast::DataType::Date,
                value,
                uses_odbc_syntax: false,
            }) => day(value, x.span())?,
            Sql::UnaryOp { op: ast::UnaryOperator::Not, expr } => Expr::Not(self.boxed(expr)?),
            Sql::UnaryOp { op: ast::UnaryOperator::Minus, expr } => {
                Expr::Negative(self.boxed(expr)?)
            }
            Sql::BinaryOp { left, op, right } => {
                Expr::Binary(self.boxed(left)?, operator(op, x.span())?, self.boxed(right)?)
            }
            Sql::Case { operand: None, conditions, else_result, case_token: _, end_token: _ } => {
                let whens = conditions.iter().map(|ast::CaseWhen { condition, result }| {
                    Ok::<_, Refusal>((self.expr(condition)?, self.expr(result)?))
                });
                let otherwise = else_result.as_deref().map(|x| self.boxed(x)).transpose()?;
                Expr::Case(whens.collect::<Result<_, _>>()?, otherwise)
            }
            // With commas or with words, as SUBSTR or SUBSTRING: it says the same.
            Sql::Substring {
                expr: x,
                substring_from: Some(from),
                substring_for,
                special: _,
                shorthand: _,
            } => {
                let whole = |x: &ast::Expr, least: i64| match self.expr(x)? {
                    Expr::Whole(number) if number >= least => Ok(Expr::Whole(number)),
                    _ => Err(refuse(x.span(), &format!("SUBSTR takes a number from {least} on"))),
                };
                let length = substring_for.as_deref().map(|x| whole(x, 0)).transpose()?;
                let arguments = [self.expr(x)?, whole(from, 1)?].into_iter().chain(length);
                Expr::Call(Function::Substr, arguments.collect())
            }
            Sql::Floor {
                expr: x,
                field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime),
            } => Expr::Call(Function::Floor, vec![self.expr(x)?]),
            Sql::Ceil {
                expr: x,
                field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime),
            } => Expr::Call(Function::Ceil, vec![self.expr(x)?]),
            Sql::Function(call) => self.function(call, x.span())?,
            other => self.claim(other)?,
        })
    }

    /// What is true or false of a value.
    fn claim(&self, x: &ast::Expr) -> Result<Expr, Refusal> {
        use ast::Expr as Sql;
        Ok(match x {
            Sql::IsNull(x) | Sql::IsUnknown(x) => Expr::IsNull(self.boxed(x)?),
            Sql::IsNotNull(x) | Sql::IsNotUnknown(x) => {
                Expr::Not(Box::new(Expr::IsNull(self.boxed(x)?)))
            }
            Sql::IsTrue(x) => Expr::Is(self.boxed(x)?, true),
            Sql::IsFalse(x) => Expr::Is(self.boxed(x)?, false),
            Sql::IsNotTrue(x) => Expr::Not(Box::new(Expr::Is(self.boxed(x)?, true))),
            Sql::IsNotFalse(x) => Expr::Not(Box::new(Expr::Is(self.boxed(x)?, false))),
            Sql::In { expr: x, target: ast::InTarget::List(list), negated, global: false } => {
                let list = list.iter().map(|x| self.expr(x)).collect::<Result<_, _>>()?;
                negate(Expr::In(self.boxed(x)?, list), *negated)
            }
            Sql::In { target: ast::InTarget::Subquery(_), .. }
            | Sql::Subquery(_)
            | Sql::Exists { .. } => return Err((Code::SqlSubquery, vec![at(x.span())])),
            Sql::Between { expr: x, negated, low, high } => {
                let from = Expr::Binary(self.boxed(x)?, Operator::GreaterOrEqual, self.boxed(low)?);
                let to = Expr::Binary(self.boxed(x)?, Operator::LessOrEqual, self.boxed(high)?);
                let column = |name: &str| *self.columns?.get(name)?;
                for side in [&from, &to] {
                    let checked = kinds::check(side, &column);
                    checked.map_err(|wrong| mismatch(x.span(), &wrong))?;
                }
                negate(Expr::Binary(Box::new(from), Operator::And, Box::new(to)), *negated)
            }
            Sql::Like { negated, any: false, expr: x, pattern, escape_char: None } => {
                match self.expr(pattern)? {
                    Expr::Text(pattern) => negate(Expr::Like(self.boxed(x)?, pattern), *negated),
                    _ => return Err(refuse(pattern.span(), "LIKE takes a string")),
                }
            }
            Sql::Like { pattern, .. } => {
                let problem = "LIKE takes one string, and nothing escapes its `%` and `_`: OR joins \
                               more than one, SUBSTR and `=` compare signs as they are";
                return Err(refuse(pattern.span(), problem));
            }
            other => {
                return Err(refuse(x.span(), &format!("`{other}` is not in the measure language")));
            }
        })
    }

    fn plain(&self, argument: &ast::FunctionArgExpr, span: Span) -> Result<Expr, Refusal> {
        match argument {
            ast::FunctionArgExpr::Expr(x) => self.expr(x),
            other => Err(refuse(span, &format!("`{other}` is not an expression"))),
        }
    }

    fn function(&self, call: &ast::Function, span: Span) -> Result<Expr, Refusal> {
        let name = name(call);
        let Some((_, function, arity)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            if AGGREGATES.contains(&name.as_str()) {
                return Err((Code::SqlNested, vec![at(span), ("found", name)]));
            }
            let choices = FUNCTIONS.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
            let nouns = vec![at(span), ("found", name), ("choices", choices)];
            return Err((Code::SqlFunction, nouns));
        };
        let Called { arguments, is_distinct, filter } = called(call, span)?;
        if is_distinct {
            return Err(refuse(span, &format!("DISTINCT belongs to COUNT, not to {name}")));
        }
        if let Some(filter) = filter {
            return Err(refuse(
                filter.span(),
                &format!("FILTER belongs to aggregates, not to {name}"),
            ));
        }
        if !arity.contains(&arguments.len()) {
            let (least, most) = (arity.start(), arity.end());
            let given = arguments.len();
            let problem = format!("{name} takes {least} to {most} arguments, not {given}");
            return Err(refuse(span, &problem));
        }
        let arguments = arguments.into_iter().map(|argument| self.plain(argument, span));
        Ok(Expr::Call(*function, arguments.collect::<Result<_, _>>()?))
    }

    fn aggregated(&self, x: &ast::Expr) -> Result<Aggregate, Refusal> {
        let call = match x {
            ast::Expr::Nested(inner) => return self.aggregated(inner),
            ast::Expr::Function(call) if compound::is_aggregate(call) => call,
            other => {
                // A function or column that nobody knows is told as such, before how it is put together.
                return Err(compound::refusal(other).unwrap_or_else(|| {
                    let refused = self.expr(other).err();
                    refused.unwrap_or_else(|| (Code::SqlAggregate, vec![at(other.span())]))
                }));
            }
        };
        let span = x.span();
        let name = name(call);
        let Called { arguments, is_distinct, filter } = called(call, span)?;
        let one = |x: &ast::FunctionArgExpr| self.plain(x, span);
        let kind = match (name.as_str(), arguments.as_slice(), is_distinct) {
            ("COUNT", [ast::FunctionArgExpr::Wildcard], false) => AggregateKind::Rows,
            ("COUNT", [x], false) => AggregateKind::Count(one(x)?),
            ("COUNT", [x], true) => AggregateKind::Distinct(one(x)?),
            (name, _, true) => {
                return Err(refuse(span, &format!("DISTINCT belongs to COUNT, not to {name}")));
            }
            ("SUM", [x], _) => AggregateKind::Sum(one(x)?),
            ("AVG", [x], _) => AggregateKind::Avg(one(x)?),
            ("MIN", [x], _) => AggregateKind::Min(one(x)?),
            ("MAX", [x], _) => AggregateKind::Max(one(x)?),
            ("STDDEV", [x], _) => AggregateKind::Stddev(one(x)?),
            ("MEDIAN", [x], _) => AggregateKind::Quantile(one(x)?, 500),
            ("QUANTILE", [x, p], _) => {
                let share = thousandths(&one(p)?);
                let problem = "QUANTILE takes a share between 0 and 1 with up to 3 decimals";
                let share = share.ok_or_else(|| refuse(p.span(), problem))?;
                AggregateKind::Quantile(one(x)?, share)
            }
            (name, given, _) => {
                let wanted = if name == "QUANTILE" { 2 } else { 1 };
                let given = given.len();
                let problem = format!("{name} takes {wanted} arguments, not {given}");
                return Err(refuse(span, &problem));
            }
        };
        let column = |name: &str| *self.columns?.get(name)?;
        kinds::check_aggregate(&kind, &column).map_err(|wrong| {
            let argument = arguments.first().map_or(span, |argument| argument.span());
            mismatch(argument, &wrong)
        })?;
        let filter = filter.map(|x| self.condition("FILTER", x)).transpose()?;
        Ok(Aggregate { kind, filter })
    }
}
