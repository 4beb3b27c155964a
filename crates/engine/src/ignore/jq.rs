//! Fields to ignore by jq path, as `del(PATH)` takes them out.
//!
//! A path is bounded. What defines filters or repeats itself is refused, since it might need the stack
//! without end. Everything else ends, since objects are finite, but may take too long: `..` of `..` of
//! `..`. Therefore each value that a part of a path yields is a step, and the steps are counted. Argo CD
//! bounds a path in time; a second of that is [`STEPS`] here, so that the same path gives the same on
//! every machine.

use std::cell::Cell;
use std::time::Duration;

use jaq_core::data::HasLut;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::load::{Arena, File, Loader, parse};
use jaq_core::path::{Part, Path};
use jaq_core::{Compiler, Ctx, DataT, Error, Exn, Native, Vars, compile, unwrap_valr};
use jaq_json::{Val, read};
use windlass_object::Value;

/// What may go on without end, or read more than the object.
const REFUSED: [&str; 11] = [
    "def",
    "while",
    "until",
    "repeat",
    "infinite",
    "recurse",
    "combinations",
    "env",
    "input",
    "inputs",
    REMOVES,
];
/// Steps that stand for a second.
const STEPS: u64 = 1_000_000;
/// The filter that counts; nobody can write such a name.
const STEP: &str = "!step";
/// The filter that a path becomes.
const REMOVES: &str = "windlass_removes";

/// A path, ready to be taken out of objects.
pub struct Jq {
    text: String,
    steps: u64,
    filter: compile::Filter<Native<Counted>>,
}

/// What filters work on: values, and how many steps are left.
struct Counted;

#[derive(Clone)]
struct Count<'a> {
    lut: &'a jaq_core::Lut<Counted>,
    left: &'a Cell<u64>,
}

impl DataT for Counted {
    type V<'a> = Val;
    type Data<'a> = Count<'a>;
}

impl<'a> HasLut<'a, Counted> for Count<'a> {
    fn lut(&self) -> &'a jaq_core::Lut<Counted> {
        self.lut
    }
}

impl std::fmt::Debug for Jq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Jq").field(&self.text).finish()
    }
}

impl PartialEq for Jq {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.steps == other.steps
    }
}

/// A path that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJq {
    /// It is no jq.
    #[error("jq path {path:?} cannot be read; see jq's manual for paths such as .spec.replicas")]
    Syntax {
        /// The path.
        path: String,
    },
    /// It might run without end.
    #[error("jq path {path:?} uses {word:?}, which may go on without end; say it without")]
    Endless {
        /// The path.
        path: String,
        /// The word.
        word: &'static str,
    },
}

impl Jq {
    /// How long a path may take where nobody says so, as for Argo CD.
    pub const BOUND: Duration = Duration::from_secs(1);

    /// Reads a path, which may take as many steps as stand for `bound`.
    ///
    /// # Errors
    /// When it is no jq, or might not end.
    pub fn compile(path: &str, bound: Duration) -> Result<Self, BadJq> {
        let syntax = || BadJq::Syntax { path: path.to_owned() };
        let code = format!("del({path})");
        let body = parse(&code, |parser| parser.term()).ok_or_else(syntax)?;
        let refused = Cell::new(None);
        let removes = Def { name: REMOVES, args: Vec::new(), body: counted(body, &refused) };
        if let Some(word) = refused.get() {
            return Err(BadJq::Endless { path: path.to_owned(), word });
        }
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let definitions = definitions.map(no_longer).chain([removes]);
        let step = (STEP, Vec::new().into_boxed_slice(), step());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let functions = functions.chain([step]);
        let arena = Arena::default();
        let modules = Loader::new(definitions)
            .load(&arena, File { code: REMOVES, path: () })
            .map_err(|_| syntax())?;
        let filter =
            Compiler::default().with_funs(functions).compile(modules).map_err(|_| syntax())?;
        let steps = u128::from(STEPS) * bound.as_micros() / 1_000_000;
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        Ok(Self { text: path.to_owned(), steps, filter })
    }

    /// The path, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the path names anything in the object.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let mut rest = object.clone();
        self.remove(&mut rest);
        rest != *object
    }

    /// The object without what the path names. A path that an object does not have, that fails on it
    /// or that takes too long takes nothing out.
    pub(super) fn remove(&self, object: &mut Value) {
        let Ok(input) = read::parse_single(object.to_string().as_bytes()) else { return };
        let left = Cell::new(self.steps);
        let data = Count { lut: &self.filter.lut, left: &left };
        let context = Ctx::<Counted>::new(data, Vars::new([]));
        let mut outputs = self.filter.id.run((context, input)).map(unwrap_valr);
        if let (Some(Ok(output)), None) = (outputs.next(), outputs.next())
            && left.get() > 0
            && let Ok(changed) = serde_json::from_str::<Value>(&output.to_string())
            && changed.is_object()
        {
            *object = changed;
        }
    }
}

/// A definition, beside those that live no longer than the text of a path.
fn no_longer<'s>(definition: Def<&'static str>) -> Def<&'s str> {
    definition
}

/// A filter that gives what it is given, and counts.
fn step() -> Native<Counted> {
    fn spent(count: &Count<'_>) -> Option<Exn<'static, Val>> {
        let left = count.left.get().saturating_sub(1);
        count.left.set(left);
        (left == 0).then(|| Exn::from(Error::str("it takes too long")))
    }
    Native::new(|(context, value)| {
        Box::new(std::iter::once(spent(context.data()).map_or(Ok(value), Err)))
    })
    .with_paths(|(context, at)| {
        Box::new(std::iter::once(spent(context.data()).map_or(Ok(at), Err)))
    })
    .with_update(|(context, value), change| match spent(context.data()) {
        None => change(value),
        Some(spent) => Box::new(std::iter::once(Err(spent))),
    })
}

/// A term in which each value of a part that may give several is counted. What is refused in it is told.
fn counted<'s>(term: Term<&'s str>, refused: &Cell<Option<&'static str>>) -> Term<&'s str> {
    let counted = |term| counted(term, refused);
    let refuse = |name: &str| {
        if let Some(word) = REFUSED.into_iter().find(|word| *word == name) {
            refused.set(Some(word));
        }
    };
    let all = |terms: Vec<Term<&'s str>>| terms.into_iter().map(counted).collect();
    let boxed = |term: Box<Term<&'s str>>| Box::new(counted(*term));
    let maybe = |term: Option<Box<Term<&'s str>>>| term.map(boxed);
    let term = match term {
        Term::Str(format, parts) => {
            let part = |part| match part {
                StrPart::Term(term) => StrPart::Term(counted(term)),
                other => other,
            };
            Term::Str(format, parts.into_iter().map(part).collect())
        }
        Term::Arr(items) => Term::Arr(maybe(items)),
        Term::Obj(fields) => {
            let field = |(key, value): (_, Option<_>)| (counted(key), value.map(counted));
            Term::Obj(fields.into_iter().map(field).collect())
        }
        Term::Neg(term) => Term::Neg(boxed(term)),
        // What the sides give is counted there.
        Term::BinOp(left, BinaryOp::Pipe(pattern), right) => {
            pattern.iter().for_each(|pattern| look(pattern, refused));
            return Term::BinOp(boxed(left), BinaryOp::Pipe(pattern), boxed(right));
        }
        Term::BinOp(left, operator, right) => Term::BinOp(boxed(left), operator, boxed(right)),
        Term::Label(name, term) => Term::Label(name, boxed(term)),
        Term::Fold(name, of, pattern, terms) => {
            look(&pattern, refused);
            Term::Fold(name, boxed(of), pattern, all(terms))
        }
        Term::TryCatch(term, catch) => Term::TryCatch(boxed(term), maybe(catch)),
        Term::IfThenElse(cases, otherwise) => {
            let cases = cases.into_iter().map(|(when, then)| (counted(when), counted(then)));
            Term::IfThenElse(cases.collect(), maybe(otherwise))
        }
        Term::Call(name, terms) => {
            refuse(name);
            Term::Call(name, all(terms))
        }
        other @ Term::Def(..) => {
            refuse("def");
            return other;
        }
        Term::Path(of, Path(parts)) => {
            let part = |part| match part {
                Part::Index(at) => Part::Index(counted(at)),
                Part::Range(from, to) => Part::Range(from.map(counted), to.map(counted)),
            };
            let parts = parts.into_iter().map(|(at, optional)| (part(at), optional));
            Term::Path(boxed(of), Path(parts.collect()))
        }
        // These give one value, or none.
        other @ (Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_)) => return other,
        Term::Recurse => Term::Recurse,
    };
    let step = Term::Call(STEP, Vec::new());
    Term::BinOp(Box::new(term), BinaryOp::Pipe(None), Box::new(step))
}

/// Tells what is refused in a pattern.
fn look(pattern: &Pattern<&str>, refused: &Cell<Option<&'static str>>) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(items) => items.iter().for_each(|item| look(item, refused)),
        Pattern::Obj(fields) => {
            for (key, value) in fields {
                counted(key.clone(), refused);
                look(value, refused);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::json;

    #[track_caller]
    fn check(path: &str, expected: &Value) {
        let mut object = json!({
            "list": [{"name": "a", "v": 1}, {"name": "b", "v": 2}], "map": {"x": "y", "z": 1.5},
        });
        Jq::compile(path, Jq::BOUND).unwrap().remove(&mut object);
        assert_eq!(object, *expected, "{path}");
    }

    #[test]
    fn paths_are_taken_out() {
        let list = json!([{"name": "a", "v": 1}, {"name": "b", "v": 2}]);
        let map = json!({"x": "y", "z": 1.5});
        check(".map.x", &json!({"list": list, "map": {"z": 1.5}}));
        check(".list[] | select(.name == \"b\")", &json!({"list": [list[0]], "map": map}));
        check(".list[].v", &json!({"list": [{"name": "a"}, {"name": "b"}], "map": map}));
        check(".list", &json!({"map": map}));
        check(".none.deeper", &json!({"list": list, "map": map}));
        check(".map[]?", &json!({"list": list, "map": {}}));
        check(".map.x, .list[0]", &json!({"list": [list[1]], "map": {"z": 1.5}}));
        check(".list[range(0; 2)].v", &json!({"list": [{"name": "a"}, {"name": "b"}], "map": map}));
        check(
            ".. | select(type == \"object\") | .v?",
            &json!({"list": [{"name": "a"}, {"name": "b"}], "map": map}),
        );
        check(
            ".list[] | .v | numbers",
            &json!({"list": [{"name": "a"}, {"name": "b"}], "map": map}),
        );
    }

    #[test]
    fn what_may_not_end_is_refused() {
        // Fields may have such names.
        assert!(Jq::compile(".spec.containers[].env, .spec.input.repeat", Jq::BOUND).is_ok());
        for path in [
            "def f: f; f",
            "until(false; .)",
            ".[",
            "repeat(.)",
            ". as {(env | .X): $x} | $x",
            "[[1]] | combinations(9)",
        ] {
            assert!(Jq::compile(path, Jq::BOUND).is_err(), "{path}");
        }
    }

    #[test]
    fn a_path_that_takes_too_long_takes_nothing_out() {
        let whole = json!({"map": {"x": "y"}, "list": [[1, 2], [3, [4, 5]], {"a": {"b": [6]}}]});
        for path in [
            "select([range(1000000000)] | length > 0) | .map.x",
            "select([(1, 2), (3, 4) | (., .) | (., .) | (., .) | (., .) | (., .) | (., .) | (., .) \
             | (., .) | (., .) | (., .) | (., .) | (., .) | (., .) | (., .) | (., .) | (., .) | (., .) \
             | (., .) | (., .) | (., .) | (., .) | (., .) | (., .) | (., .)] | length > 0) | .map.x",
            "select([range(5000)] | [.[] + .[]] | length > 0) | .map.x",
        ] {
            let mut object = whole.clone();
            let bound = Duration::from_millis(50);
            Jq::compile(path, bound).unwrap().remove(&mut object);
            assert_eq!(object, whole, "{path}");
        }
        // The bound is what is asked for.
        let path = "select([range(1000)] | length > 0) | .map.x";
        for (millis, taken) in [(0, false), (1, false), (100, true)] {
            let mut object = whole.clone();
            let bound = Duration::from_millis(millis);
            Jq::compile(path, bound).unwrap().remove(&mut object);
            assert_eq!(object != whole, taken, "{millis}");
        }
    }
}
