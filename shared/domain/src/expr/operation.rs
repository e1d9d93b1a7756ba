//! Operators, by precedence climbing, and their operands.

use crate::expr::ast::{Arithmetic, Conversion, Expr, Level, Logic, Op, Order, Pattern};
use crate::expr::error::SyntaxError;
use crate::expr::lexer::{Lexer, is_name_char};
use crate::expr::parse::Parser;
use crate::expr::pattern::FixedPattern;
use serde_json::Value;

/// An operator as it is written.
#[derive(Debug, Clone, Copy)]
struct Written {
    kind: Kind,
    /// `not in`, `not matches`.
    negated: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Logic(Logic),
    Op(Op),
    Matches,
}

impl Written {
    fn level(self) -> Level {
        match self.kind {
            Kind::Logic(logic) => logic.level(),
            Kind::Op(op) => op.level(),
            Kind::Matches => Level::Comparison,
        }
    }
}

/// Longer ones before their beginnings.
const SYMBOLS: [Op; 10] = [
    Op::Equal,
    Op::NotEqual,
    Op::Order(Order::LessOrEqual),
    Op::Order(Order::GreaterOrEqual),
    Op::Order(Order::Less),
    Op::Order(Order::Greater),
    Op::Arithmetic(Arithmetic::Add),
    Op::Arithmetic(Arithmetic::Subtract),
    Op::Arithmetic(Arithmetic::Multiply),
    Op::Arithmetic(Arithmetic::Divide),
];

impl Lexer<'_> {
    fn operator(&mut self) -> Option<Written> {
        if let Some(op) = SYMBOLS.into_iter().find(|op| self.eat(op.symbol())) {
            return Some(Written { kind: Kind::Op(op), negated: false });
        }
        if let Some(logic) = [Logic::Or, Logic::And].into_iter().find(|logic| self.eat_word(logic.symbol())) {
            return Some(Written { kind: Kind::Logic(logic), negated: false });
        }
        let negated = self.eat_word("not");
        if negated {
            self.skip_whitespace();
        }
        if self.eat_word("in") {
            Some(Written { kind: Kind::Op(Op::In), negated })
        } else if self.eat_word("matches") {
            Some(Written { kind: Kind::Matches, negated })
        } else {
            None
        }
    }
}

impl Parser<'_> {
    /// The longest operation that starts here.
    pub(super) fn operation(&mut self) -> Result<Expr, SyntaxError> {
        self.operation_at(Level::Or)
    }

    /// The longest operation that starts here whose operators bind at least this tightly.
    fn operation_at(&mut self, least: Level) -> Result<Expr, SyntaxError> {
        // As in Python, `a == not b` needs parentheses: `not` reaches further than it would seem to.
        let mut left = if least <= Level::Not && self.lexer.eat_word("not") {
            self.negation()?
        } else {
            self.converted_operand()?
        };
        let mut compared = false;
        while let Some(operator) = self.operator(least, &mut compared)? {
            let start = self.lexer.at();
            let right = self.operation_at(operator.level().tighter())?;
            left = self.combine(left, operator, start, right)?;
        }
        Ok(left)
    }

    /// What follows `not`.
    fn negation(&mut self) -> Result<Expr, SyntaxError> {
        self.count_operator()?;
        self.lexer.skip_whitespace();
        Ok(Expr::Not(Box::new(self.operation_at(Level::Not)?)))
    }

    /// Eats the operator that follows and the space around it, if it binds at least this tightly.
    fn operator(&mut self, least: Level, compared: &mut bool) -> Result<Option<Written>, SyntaxError> {
        let mut ahead = self.lexer;
        let spaced = ahead.skip_whitespace();
        let start = ahead.at();
        let Some(operator) = ahead.operator().filter(|operator| operator.level() >= least) else {
            return Ok(None);
        };
        if !spaced || ahead.peek().is_some_and(|c| !c.is_whitespace()) {
            let written = ahead.since(start);
            return Err(ahead.error_since(start, format!("the operator `{written}` needs a space on each side")));
        }
        if operator.level() == Level::Comparison && std::mem::replace(compared, true) {
            return Err(ahead.error_since(start, "comparisons don't chain; join them with `and`"));
        }
        ahead.skip_whitespace();
        self.lexer = ahead;
        self.count_operator()?;
        Ok(Some(operator))
    }

    /// `start` is where the right operand began.
    fn combine(&mut self, left: Expr, operator: Written, start: usize, right: Expr) -> Result<Expr, SyntaxError> {
        let expr = match operator.kind {
            Kind::Logic(logic) => Expr::Logic(logic, Box::new((left, right))),
            Kind::Op(op) => Expr::Binary(op, Box::new((left, right))),
            Kind::Matches => Expr::Matches(Box::new(left), self.pattern(start, right)?),
        };
        if operator.negated {
            self.count_operator()?;
            return Ok(Expr::Not(Box::new(expr)));
        }
        Ok(expr)
    }

    /// Literal patterns are compiled, and refused, here.
    fn pattern(&self, start: usize, expr: Expr) -> Result<Pattern, SyntaxError> {
        match expr {
            Expr::Literal(Value::String(source)) => match FixedPattern::new(source) {
                Ok(pattern) => Ok(Pattern::Fixed(pattern)),
                Err(fault) => Err(self.lexer.error_since(start, fault.0)),
            },
            Expr::Literal(_) => Err(self.lexer.error_since(start, "`matches` needs a text on its right")),
            Expr::Path(_)
            | Expr::Select(..)
            | Expr::Words(_)
            | Expr::Not(_)
            | Expr::Logic(..)
            | Expr::Binary(..)
            | Expr::Matches(..)
            | Expr::Convert(..)
            | Expr::Default(_) => Ok(Pattern::Dynamic(Box::new(expr))),
        }
    }

    fn converted_operand(&mut self) -> Result<Expr, SyntaxError> {
        let mut operand = self.operand()?;
        while let Some(conversion) = self.conversion()? {
            operand = Expr::Convert(Box::new(operand), conversion);
        }
        Ok(operand)
    }

    /// Eats `as …`, if it follows.
    fn conversion(&mut self) -> Result<Option<Conversion>, SyntaxError> {
        let mut ahead = self.lexer;
        ahead.skip_whitespace();
        if !ahead.eat_word("as") {
            return Ok(None);
        }
        ahead.skip_whitespace();
        let start = ahead.at();
        let name = ahead.take_while(is_name_char);
        let Some(conversion) = Conversion::named(name) else {
            let message = format!("`as` is followed by one of {}", Conversion::NAMES.join(", "));
            return Err(ahead.error_since(start, message).suggesting(name, &Conversion::NAMES));
        };
        self.lexer = ahead;
        self.count_operator()?;
        Ok(Some(conversion))
    }

    fn operand(&mut self) -> Result<Expr, SyntaxError> {
        let inner = if self.at_hole() {
            self.hole()?
        } else if self.lexer.peek() == Some('(') {
            self.group()?
        } else {
            return self.plain_operand();
        };
        self.selected(inner)
    }

    /// The path below an expression in brackets, if one follows.
    fn selected(&mut self, inner: Expr) -> Result<Expr, SyntaxError> {
        let steps = self.lexer.steps()?;
        if steps.is_empty() {
            return Ok(inner);
        }
        self.count_operator()?;
        Ok(Expr::Select(Box::new(inner), steps))
    }

    fn plain_operand(&mut self) -> Result<Expr, SyntaxError> {
        if let Some(constant) = self.lexer.constant()? {
            return Ok(Expr::Literal(constant));
        }
        match self.lexer.path(self.sources)? {
            Some(path) => Ok(Expr::Path(path)),
            None if self.lexer.peek() == Some('-') => {
                Err(self.lexer.error("only a number can be negative; write `0 - …`"))
            }
            None => Err(self.lexer.expected("a value")),
        }
    }
}
