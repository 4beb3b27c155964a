//! Operators: what values come to together.

use std::rc::Rc;

use super::{Machine, Result, finite};
use crate::ast::{Expr, Name, Operator};
use crate::error::Error;
use crate::std_library;
use crate::value::{ObjectId, ScopeId, Value};

impl Machine<'_> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Rc<Expr>,
        right: &Rc<Expr>,
        scope: ScopeId,
    ) -> Result<Value> {
        let left = self.eval(left, scope)?;
        match (operator, &left) {
            (Operator::And, Value::Bool(false)) => return Ok(Value::Bool(false)),
            (Operator::Or, Value::Bool(true)) => return Ok(Value::Bool(true)),
            (Operator::And | Operator::Or, Value::Bool(_)) => {
                let right = self.eval(right, scope)?;
                return match right {
                    Value::Bool(b) => Ok(Value::Bool(b)),
                    other => Err(Error::new(format!(
                        "Unexpected type {}, expected boolean",
                        other.kind()
                    ))),
                };
            }
            _ => {}
        }
        let right = self.eval(right, scope)?;
        self.operate(operator, &left, &right)
    }

    pub(crate) fn operate(
        &mut self,
        operator: Operator,
        left: &Value,
        right: &Value,
    ) -> Result<Value> {
        use Operator as O;
        use std::cmp::Ordering;
        let unfit = || {
            Error::new(format!(
                "Unexpected types {} and {} for binary operator {operator:?}",
                left.kind(),
                right.kind()
            ))
        };
        match operator {
            O::Plus => self.add(left, right),
            O::Equal => Ok(Value::Bool(self.equal(left, right)?)),
            O::NotEqual => Ok(Value::Bool(!self.equal(left, right)?)),
            O::Less => Ok(Value::Bool(self.compare(left, right)? == Ordering::Less)),
            O::Greater => Ok(Value::Bool(self.compare(left, right)? == Ordering::Greater)),
            O::LessEqual => Ok(Value::Bool(self.compare(left, right)? != Ordering::Greater)),
            O::GreaterEqual => Ok(Value::Bool(self.compare(left, right)? != Ordering::Less)),
            O::In => match (left, right) {
                (Value::Text(name), Value::Object(object)) => {
                    Ok(Value::Bool(self.has_any(*object, name)))
                }
                _ => Err(unfit()),
            },
            O::Remainder if matches!(left, Value::Text(_)) => {
                std_library::format(self, left, right)
            }
            _ => {
                let (Value::Number(a), Value::Number(b)) = (left, right) else {
                    return Err(unfit());
                };
                number(operator, *a, *b)
            }
        }
    }

    pub(crate) fn add(&mut self, left: &Value, right: &Value) -> Result<Value> {
        match (left, right) {
            (Value::Number(a), Value::Number(b)) => finite(a + b),
            (Value::Array(a), Value::Array(b)) => {
                self.spend((a.len() + b.len()) * 8)?;
                Ok(Value::Array(a.iter().chain(b.iter()).copied().collect()))
            }
            (Value::Object(a), Value::Object(b)) => {
                let layers = self.layers(*a).iter().chain(self.layers(*b)).cloned().collect();
                self.object(layers)
            }
            (Value::Text(_), _) | (_, Value::Text(_)) => {
                let (a, b) = (self.text_of(left)?, self.text_of(right)?);
                self.spend(a.len() + b.len())?;
                Ok(Value::text(&(a + &b)))
            }
            _ => Err(Error::new(format!(
                "Unexpected types {} and {} for binary operator +",
                left.kind(),
                right.kind()
            ))),
        }
    }

    pub(crate) fn equal(&mut self, left: &Value, right: &Value) -> Result<bool> {
        self.deeper(|machine| match (left, right) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
            #[allow(clippy::float_cmp)] // As the language has it.
            (Value::Number(a), Value::Number(b)) => Ok(a == b),
            (Value::Text(a), Value::Text(b)) => {
                machine.work(a.len().min(b.len()))?;
                Ok(a == b)
            }
            (Value::Array(a), Value::Array(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    let (a, b) = (machine.force(*a)?, machine.force(*b)?);
                    if !machine.equal(&a, &b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(a), Value::Object(b)) => {
                let (names, others) = (machine.visible(*a)?, machine.visible(*b)?);
                if names != others {
                    return Ok(false);
                }
                for name in names {
                    let (a, b) = (machine.field_thunk(*a, &name)?, machine.field_thunk(*b, &name)?);
                    let (a, b) = (machine.force(a)?, machine.force(b)?);
                    if !machine.equal(&a, &b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Function(_), Value::Function(_)) => {
                Err(Error::new("Cannot test equality of functions"))
            }
            _ => Ok(false),
        })
    }

    /// Names of the fields that are not hidden; its assertions hold.
    pub(crate) fn visible(&mut self, object: ObjectId) -> Result<Vec<Name>> {
        self.check(object)?;
        let names = self.names(object)?.into_iter();
        Ok(names.filter(|(_, hidden)| !hidden).map(|(name, _)| name).collect())
    }

    pub(crate) fn compare(&mut self, left: &Value, right: &Value) -> Result<std::cmp::Ordering> {
        self.deeper(|machine| match (left, right) {
            (Value::Number(a), Value::Number(b)) => Ok(a.total_cmp(b)),
            (Value::Text(a), Value::Text(b)) => {
                machine.work(a.len().min(b.len()))?;
                Ok(a.cmp(b))
            }
            (Value::Array(a), Value::Array(b)) => {
                for (a, b) in a.iter().zip(b.iter()) {
                    let (a, b) = (machine.force(*a)?, machine.force(*b)?);
                    let order = machine.compare(&a, &b)?;
                    if order.is_ne() {
                        return Ok(order);
                    }
                }
                Ok(a.len().cmp(&b.len()))
            }
            _ => Err(Error::new(format!(
                "Unexpected types {} and {}: they cannot be compared",
                left.kind(),
                right.kind()
            ))),
        })
    }

    pub(crate) fn text_of(&mut self, value: &Value) -> Result<String> {
        match value {
            Value::Text(text) => Ok(text.to_string()),
            other => crate::manifest::one_line(self, other),
        }
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn number(operator: Operator, a: f64, b: f64) -> Result<Value> {
    use Operator as O;
    let bits = |f: fn(i64, i64) -> i64| Ok(Value::Number(f(a as i64, b as i64) as f64));
    match operator {
        O::Times => finite(a * b),
        O::Over | O::Remainder if b == 0.0 => Err(Error::new("Division by zero.")),
        O::Over => finite(a / b),
        O::Remainder => finite(a % b),
        O::Minus => finite(a - b),
        O::BitAnd => bits(|a, b| a & b),
        O::BitOr => bits(|a, b| a | b),
        O::BitXor => bits(|a, b| a ^ b),
        O::Left | O::Right if b < 0.0 => Err(Error::new("Shift by negative exponent.")),
        O::Left => bits(|a, b| a.wrapping_shl(b as u32 % 64)),
        O::Right => bits(|a, b| a.wrapping_shr(b as u32 % 64)),
        _ => Err(Error::new("the operator takes no numbers")),
    }
}
