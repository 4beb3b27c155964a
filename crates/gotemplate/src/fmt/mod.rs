//! Go's `fmt`: `Sprint`, `Sprintln`, `Sprintf` and `strconv.Quote`.
//!
//! What differs: where a thing lies in memory is not told. Go prints an address with `%p`, and where
//! a verb that fits nothing meets a pointer in a struct; another one in each run. Here all are one.

mod float;
mod print;
mod spec;
mod text;

pub use float::{format_float, shortest};
pub use text::{is_print, lossy, quote, quote_bytes, unicode};

use crate::value::Value;
use print::Printer;
use spec::{Directive, Piece, pieces};

/// `fmt.Sprint`: a blank between two operands when neither is a string.
pub fn sprint(args: &[Value]) -> Value {
    let mut printer = Printer::default();
    let mut was_string = false;
    for (i, arg) in args.iter().enumerate() {
        let is_string = matches!(arg, Value::String(_) | Value::Binary(_));
        if i > 0 && !is_string && !was_string {
            printer.out.push(' ');
        }
        printer.arg(arg, 'v');
        was_string = is_string;
    }
    printer.out.into_value()
}

/// `fmt.Sprintln`.
pub fn sprintln(args: &[Value]) -> Value {
    let mut printer = Printer::default();
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            printer.out.push(' ');
        }
        printer.arg(arg, 'v');
    }
    printer.out.push('\n');
    printer.out.into_value()
}

/// `%v` of one value; bytes that are no UTF-8 become U+FFFD.
pub fn print_one(value: &Value) -> String {
    let mut printer = Printer::default();
    printer.arg(value, 'v');
    printer.out.into_text()
}

/// `fmt.Sprintf`.
pub fn sprintf(format: &[u8], args: &[Value]) -> Value {
    let mut printer = Printer::default();
    let mut state = spec::Arguments::new(args);
    let mut verb_missing = false;
    for chunk in format.utf8_chunks() {
        for piece in pieces(chunk.valid(), !chunk.invalid().is_empty()) {
            match piece {
                Piece::Text(text) => printer.out.push_str(text),
                Piece::Directive(directive) => {
                    verb_missing = directive.verb_is_byte();
                    one(&mut printer, &directive, &mut state);
                }
            }
        }
        // A byte that is no character was the verb of what came before it.
        let taken = usize::from(std::mem::take(&mut verb_missing));
        printer.out.push_bytes(&chunk.invalid()[taken.min(chunk.invalid().len())..]);
    }
    if !state.reordered && state.next < args.len() {
        printer.flags = spec::Flags::default();
        printer.out.push_str("%!(EXTRA ");
        for (i, arg) in args[state.next..].iter().enumerate() {
            if i > 0 {
                printer.out.push_str(", ");
            }
            printer.typed(arg);
        }
        printer.out.push(')');
    }
    printer.out.into_value()
}

fn one(printer: &mut Printer, directive: &Directive<'_>, state: &mut spec::Arguments<'_>) {
    let Some(verb) = state.resolve(directive, printer) else { return };
    if verb == '%' {
        printer.out.push('%');
    } else if !state.good {
        printer.out.push_str(&format!("%!{verb}(BADINDEX)"));
    } else if state.next >= state.args.len() {
        printer.out.push_str(&format!("%!{verb}(MISSING)"));
    } else {
        let arg = &state.args[state.next];
        state.next += 1;
        printer.arg(arg, verb);
    }
}

#[cfg(test)]
mod tests;
