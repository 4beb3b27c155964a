//! Go's `fmt`: `Sprint`, `Sprintln`, `Sprintf` and `strconv.Quote`.
//!
//! What differs: where a thing lies in memory is not told (`%p` prints one address for all), and of a
//! time only its text can be printed, not the numbers that Go's struct holds.

mod float;
mod print;
mod spec;
mod text;

pub use float::{format_float, shortest};
pub use text::{is_print, quote, unicode};

use crate::value::Value;
use print::Printer;
use spec::{Directive, Piece, pieces};

/// `fmt.Sprint`: a blank between two operands when neither is a string.
pub fn sprint(args: &[Value]) -> String {
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
    printer.out
}

/// `fmt.Sprintln`.
pub fn sprintln(args: &[Value]) -> String {
    let mut printer = Printer::default();
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            printer.out.push(' ');
        }
        printer.arg(arg, 'v');
    }
    printer.out.push('\n');
    printer.out
}

/// `%v` of one value.
pub fn print_one(value: &Value) -> String {
    let mut printer = Printer::default();
    printer.arg(value, 'v');
    printer.out
}

/// `fmt.Sprintf`.
pub fn sprintf(format: &str, args: &[Value]) -> String {
    let mut printer = Printer::default();
    let mut state = spec::Arguments::new(args);
    for piece in pieces(format) {
        match piece {
            Piece::Text(text) => printer.out.push_str(text),
            Piece::Directive(directive) => one(&mut printer, &directive, &mut state),
        }
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
    printer.out
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
