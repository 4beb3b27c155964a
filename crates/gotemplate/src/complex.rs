//! Complex numbers: what constants such as `1i` are. Nothing but printing and comparing takes them.

use std::any::Any;
use std::rc::Rc;

use crate::value::{Object, Value};

/// The name of the type, and of its kind.
pub(crate) const COMPLEX: &str = "complex128";

/// A `complex128`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Complex {
    pub(crate) real: f64,
    pub(crate) imaginary: f64,
}

impl Complex {
    pub(crate) fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    /// The number that an object is, if it is one.
    pub(crate) fn of(object: &dyn Object) -> Option<Self> {
        object.as_any().downcast_ref::<Self>().copied()
    }

    pub(crate) fn is_zero(self) -> bool {
        self.real == 0.0 && self.imaginary == 0.0
    }
}

impl Object for Complex {
    fn type_name(&self) -> &str {
        COMPLEX
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn print(&self) -> String {
        crate::fmt::print_one(&self.value())
    }

    fn is_stringer(&self) -> bool {
        false
    }

    fn kind(&self) -> &'static str {
        COMPLEX
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
