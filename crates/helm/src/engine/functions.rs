//! The functions that know the chart: `include`, `tpl`, `required`, `fail`, `lookup`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use windlass_gotemplate::{
    CallError, Context, ExecError, Function, Functions, Set, Type, Value, fmt,
};

use crate::log::{Level, Notice};
use crate::render::Options;

/// What Go prints where there is nothing, and Helm takes out of every text.
const NO_VALUE: &str = "<no value>";

/// How often one template may be within itself: Helm's bound.
const MAX_NESTED: usize = 1000;

/// The marks that Helm puts around what `required` and `fail` say, to find it again.
pub(crate) const MARK_START: &str = "HELM_ERR_START";
/// The other one.
pub(crate) const MARK_END: &str = "HELM_ERR_END";

/// What `lookup` asks.
pub trait Lookup: std::fmt::Debug + Send + Sync {
    /// The object, or with an empty name the list of objects, that the cluster has; an empty
    /// mapping for none.
    ///
    /// # Errors
    /// What the cluster says, in words.
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<serde_json::Value, String>;
}

/// What a template wrote, without what stands for nothing: a text, or bytes that are none.
pub(super) fn without_no_value(bytes: Vec<u8>) -> Result<String, Vec<u8>> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if text.contains(NO_VALUE) => return Ok(text.replace(NO_VALUE, "")),
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = &bytes[..];
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(NO_VALUE.as_bytes()) {
            Some(behind) => rest = behind,
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    Err(out)
}

/// As [`without_no_value`], as a value.
fn written(bytes: Vec<u8>) -> Value {
    without_no_value(bytes).map_or_else(Value::text, Value::string)
}

/// All functions of a render.
pub(super) fn table(options: &Options) -> Functions {
    let mut functions = windlass_sprig::functions(&options.environment);
    let nested: Rc<RefCell<HashMap<Rc<str>, usize>>> = Rc::default();
    let include = Function::new(&[Type::String, Type::Any], move |context, args| {
        include(context, &nested, &args[0], &args[1])
    });
    functions.insert("include", include);
    let texts: Rc<Texts> = Rc::default();
    let tpl = Function::new(&[Type::String, Type::Any], move |context, args| {
        tpl(context, &texts, &args[0], &args[1])
    });
    functions.insert("tpl", tpl);
    let (lint, log) = (options.lint, options.log.clone());
    let required = Function::new(&[Type::String, Type::Any], move |context, args| {
        match required(context, args) {
            Err(_) if lint => {
                let empty = matches!(args[1], Value::String(_));
                let what = if empty { "missing required values" } else { "missing required value" };
                let message = args[0].as_str().unwrap_or_default();
                log.add(Notice::new(Level::Warning, what).with("message", message));
                Ok(Value::string(""))
            }
            result => result,
        }
    });
    functions.insert("required", required);
    let log = options.log.clone();
    let fail = Function::new(&[Type::String], move |_, args| {
        let message = args[0].as_str().unwrap_or_default();
        if !lint {
            return Err(marked(message));
        }
        log.add(Notice::new(Level::Info, "funcMap fail").with("message", message));
        Ok(Value::string(""))
    });
    functions.insert("fail", fail);
    let cluster: Option<Arc<dyn Lookup>> = options.lookup.clone();
    let lookup = Function::new(&[Type::String; 4], move |_, args| {
        let Some(cluster) = &cluster else { return Ok(Value::map::<&str>([])) };
        let text = |i: usize| args[i].as_str().unwrap_or_default();
        let found = cluster.lookup(text(0), text(1), text(2), text(3))?;
        Ok(crate::scope::from_json(&found))
    });
    functions.insert("lookup", lookup);
    functions
}

fn include(
    context: &mut Context<'_>,
    nested: &RefCell<HashMap<Rc<str>, usize>>,
    name: &Value,
    data: &Value,
) -> Result<Value, CallError> {
    let name = name_of(name);
    let name = &name;
    {
        let mut nested = nested.borrow_mut();
        let count = nested.entry(name.clone()).or_insert(0);
        if *count > MAX_NESTED {
            return Err(CallError::Message(format!(
                "rendering template has a nested reference name: {name}: unable to execute template"
            )));
        }
        *count += 1;
    }
    let result = if context.set().contains(name) {
        context.execute(name, data)
    } else {
        let name = fmt::quote(name);
        let message = format!("template: no template {name} associated with template \"gotpl\"");
        Err(ExecError::Template(message))
    };
    if let Some(count) = nested.borrow_mut().get_mut(name) {
        *count -= 1;
    }
    Ok(Value::text(result?))
}

/// A text argument; bytes that are no UTF-8 stand in no template's name.
fn name_of(value: &Value) -> Rc<str> {
    match value {
        Value::String(text) => text.clone(),
        other => fmt::lossy(other.string_bytes().unwrap_or_default()).into(),
    }
}

/// The texts of `tpl` that were parsed already, each with the set that it was parsed into.
type Texts = RefCell<HashMap<Rc<str>, Set>>;

/// How many texts of `tpl` are kept.
const MAX_KEPT: usize = 4096;

fn tpl(
    context: &mut Context<'_>,
    texts: &Texts,
    text: &Value,
    data: &Value,
) -> Result<Value, CallError> {
    let bytes = text.string_bytes().unwrap_or_default();
    if !bytes.windows(2).any(|part| part == b"{{") {
        return Ok(written(bytes.to_vec()));
    }
    let text = &name_of(text);
    // Only what is parsed into the chart's own set is the same again.
    let outermost = !context.set().has_own();
    let kept = texts.borrow().get(text).filter(|_| outermost).cloned();
    let set = match kept {
        Some(set) => set,
        None => {
            let mut set = context.set().clone();
            // A text within a text has the same name, and stands for itself even where it is empty.
            set.remove("gotpl");
            set.parse("gotpl", text, context.functions()).map_err(|error| {
                CallError::Message(format!("cannot parse template {}: {error}", fmt::quote(text)))
            })?;
            let mut texts = texts.borrow_mut();
            if outermost && texts.len() < MAX_KEPT {
                texts.insert(text.clone(), set.clone());
            }
            set
        }
    };
    let functions = context.functions();
    let result = context.execute_in(&set, functions, "gotpl", data).map_err(|error| {
        let before = format!("error during tpl function execution for {}: ", fmt::quote(text));
        CallError::Within { before, error: Box::new(error) }
    })?;
    Ok(written(result))
}

fn required(_: &mut Context<'_>, args: &[Value]) -> Result<Value, CallError> {
    let message = args[0].as_str().unwrap_or_default();
    match &args[1] {
        Value::Nil | Value::NilInterface => Err(marked(message)),
        Value::String(s) if s.is_empty() => Err(marked(message)),
        value => Ok(value.clone()),
    }
}

fn marked(message: &str) -> CallError {
    CallError::Message(format!("{MARK_START}{message}{MARK_END}"))
}
