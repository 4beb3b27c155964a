//! Fields to ignore by jq path, as `del(PATH)` takes them out.
//!
//! Nothing here can run for ever: a path is refused if it defines or uses what repeats without
//! bound. Everything else that a path can say ends, since objects are finite.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Native, Vars, compile, data, unwrap_valr};
use jaq_json::{Val, read};
use windlass_object::Value;

/// What may go on without end, or read more than the object.
const REFUSED: [&str; 10] =
    ["def", "while", "until", "repeat", "range", "limit", "infinite", "recurse", "input", "inputs"];

/// A path, ready to be taken out of objects.
pub struct Jq {
    text: String,
    filter: compile::Filter<Native<data::JustLut<Val>>>,
}

impl std::fmt::Debug for Jq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Jq").field(&self.text).finish()
    }
}

impl PartialEq for Jq {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
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
    /// Reads a path.
    ///
    /// # Errors
    /// When it is no jq, or might not end.
    pub fn compile(path: &str) -> Result<Self, BadJq> {
        let mut words = path.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(word) = words.find_map(|word| REFUSED.into_iter().find(|r| *r == word)) {
            return Err(BadJq::Endless { path: path.to_owned(), word });
        }
        let syntax = || BadJq::Syntax { path: path.to_owned() };
        let code = format!("del({path})");
        let arena = Arena::default();
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let modules = Loader::new(definitions)
            .load(&arena, File { code: code.as_str(), path: () })
            .map_err(|_| syntax())?;
        let filter =
            Compiler::default().with_funs(functions).compile(modules).map_err(|_| syntax())?;
        Ok(Self { text: path.to_owned(), filter })
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

    /// The object without what the path names. A path that an object does not have, or that fails
    /// on it, takes nothing out.
    pub(super) fn remove(&self, object: &mut Value) {
        let Ok(input) = read::parse_single(object.to_string().as_bytes()) else { return };
        let context = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut outputs = self.filter.id.run((context, input)).map(unwrap_valr);
        if let (Some(Ok(output)), None) = (outputs.next(), outputs.next())
            && let Ok(changed) = serde_json::from_str::<Value>(&output.to_string())
            && changed.is_object()
        {
            *object = changed;
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
        Jq::compile(path).unwrap().remove(&mut object);
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
    }

    #[test]
    fn what_may_not_end_is_refused() {
        for path in ["def f: f; f", "until(false; .)", ".[", "repeat(.)"] {
            assert!(Jq::compile(path).is_err(), "{path}");
        }
    }
}
