//! A state for each run, with bounds.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mlua::chunk::ChunkMode;
use mlua::{
    Function, HookTriggers, Lua, LuaOptions, MultiValue, StdLib, Table, Value as LuaValue, VmState,
};
use parking_lot::Mutex;
use windlass_object::Object;

use crate::action::Parameter;
use crate::error::translate;
use crate::{Error, convert, os};

/// Compiled scripts that are kept.
const COMPILED: usize = 1_000;
/// Instructions between two looks at the clock.
const STEP: u32 = 10_000;

/// A script, and the libraries that it may use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script {
    /// Its text.
    pub text: Arc<str>,
    /// Whether it has all libraries (`useOpenLibs`).
    pub open_libraries: bool,
}

impl Script {
    /// A script with few libraries.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), open_libraries: false }
    }

    /// With all libraries, or not.
    #[must_use]
    pub fn open_libraries(mut self, open: bool) -> Self {
        self.open_libraries = open;
        self
    }
}

/// Bounds of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// Bytes that it may hold, its input included.
    pub memory: usize,
}

impl Default for Limits {
    /// A second, as Argo CD has it, and 64 MiB.
    fn default() -> Self {
        Self { time: Duration::from_secs(1), memory: 64 << 20 }
    }
}

/// Runs scripts. What is kept between runs is their compiled form.
#[derive(Debug, Default)]
pub struct Sandbox {
    limits: Limits,
    compiled: Mutex<HashMap<Arc<str>, Arc<[u8]>>>,
}

impl Sandbox {
    /// With other bounds than the usual ones.
    pub fn new(limits: Limits) -> Self {
        Self { limits, compiled: Mutex::default() }
    }

    /// Runs a script on an object: its last result, as JSON where it is a table.
    pub(crate) fn run<T>(
        &self,
        script: &Script,
        object: &Object,
        parameters: &[Parameter],
        read: impl FnOnce(&LuaValue) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let expired = Arc::new(AtomicBool::new(false));
        let fail = |error: &mlua::Error| match error {
            _ if expired.load(Ordering::Relaxed) => Error::Time(self.limits.time),
            error => self.explain(error, script),
        };
        let lua = state(script.open_libraries).map_err(|error| fail(&error))?;
        lua.set_memory_limit(self.limits.memory).map_err(|error| fail(&error))?;
        let result = (|| {
            let globals = lua.globals();
            let given = lua.create_table()?;
            for parameter in parameters {
                given.raw_set(parameter.name.as_str(), parameter.value.as_str())?;
            }
            globals.raw_set("actionParams", given)?;
            globals.raw_set("obj", convert::map_to_lua(&lua, object.fields())?)?;
            let chunk = self.compile(&lua, script)?;
            guard(&lua, Instant::now() + self.limits.time, STEP, &expired)?;
            chunk.call::<MultiValue>(())
        })();
        let result = result.map_err(|error| fail(&error))?;
        if expired.load(Ordering::Relaxed) {
            return Err(Error::Time(self.limits.time));
        }
        lua.remove_global_hook();
        read(result.back().unwrap_or(&LuaValue::Nil))
    }

    fn compile(&self, lua: &Lua, script: &Script) -> mlua::Result<Function> {
        let kept = self.compiled.lock().get(&script.text).cloned();
        if let Some(code) = kept {
            // Ours: made below, from a text.
            return lua.load(&code[..]).set_mode(ChunkMode::Binary).into_function();
        }
        let chunk = text_chunk(lua, &script.text)?;
        let mut compiled = self.compiled.lock();
        if compiled.len() >= COMPILED {
            compiled.clear();
        }
        compiled.insert(script.text.clone(), chunk.dump(false).into());
        Ok(chunk)
    }

    fn explain(&self, error: &mlua::Error, script: &Script) -> Error {
        match error {
            mlua::Error::MemoryError(_) => Error::Memory(self.limits.memory),
            mlua::Error::CallbackError { cause, .. } => self.explain(cause, script),
            mlua::Error::RuntimeError(text) => Error::Script(translate(text, &script.text)),
            mlua::Error::SyntaxError { message, .. } => {
                Error::Script(translate(message, &script.text))
            }
            other => Error::Script(translate(&other.to_string(), &script.text)),
        }
    }
}

fn text_chunk(lua: &Lua, text: &str) -> mlua::Result<Function> {
    lua.load(text).set_name("=<string>").set_mode(ChunkMode::Text).into_function()
}

/// Ends the run at the deadline. From then on every instruction fails, so that no `pcall` can hide
/// it.
fn guard(lua: &Lua, deadline: Instant, step: u32, expired: &Arc<AtomicBool>) -> mlua::Result<()> {
    let flag = expired.clone();
    let triggers = HookTriggers::new().every_nth_instruction(step);
    lua.set_global_hook(triggers, move |lua, _| {
        if Instant::now() < deadline {
            return Ok(VmState::Continue);
        }
        if !flag.swap(true, Ordering::Relaxed) {
            guard(lua, deadline, 1, &flag)?;
        }
        Err(mlua::Error::runtime("context deadline exceeded"))
    })
}

/// A fresh state with what a script may use.
fn state(open: bool) -> mlua::Result<Lua> {
    let mut libraries = StdLib::TABLE;
    if open {
        libraries |= StdLib::STRING | StdLib::MATH | StdLib::IO | StdLib::OS;
    }
    let lua = Lua::new_with(libraries, LuaOptions::new().catch_rust_panics(true))?;
    let globals = lua.globals();
    for unsafe_name in ["load", "loadfile", "dofile"] {
        globals.raw_set(unsafe_name, LuaValue::Nil)?;
    }
    // Compiled code from elsewhere can break out of a state: text only.
    let load = lua.create_function(|lua, text: String| match text_chunk(lua, &text) {
        Ok(chunk) => Ok((Some(chunk), None)),
        Err(error) => Ok((None, Some(translate(&error.to_string(), &text)))),
    })?;
    globals.raw_set("loadstring", load)?;
    protect(&lua, &globals)?;
    globals.raw_set("print", lua.create_function(|_, _: MultiValue| Ok(()))?)?;
    globals.raw_set("tostring", tostring(&lua, &globals)?)?;
    if !open {
        globals.raw_set("coroutine", LuaValue::Nil)?;
    }
    if open {
        for (library, name) in [("os", "exit"), ("os", "execute"), ("io", "popen")] {
            globals.raw_get::<Table>(library)?.raw_set(name, LuaValue::Nil)?;
        }
    }
    let require = lua.create_function(move |lua, name: String| {
        let globals = lua.globals();
        if name == "os" && !open {
            return os::table(lua);
        }
        let known =
            matches!(name.as_str(), "string" | "math" | "table" | "coroutine" | "io" | "os");
        let library: Option<Table> = if known { globals.raw_get(name.as_str())? } else { None };
        // The method itself is not general enough in its lifetime.
        #[allow(clippy::redundant_closure_for_method_calls)]
        let line = lua.inspect_stack(1, |frame| frame.current_line()).flatten().unwrap_or(1);
        library.ok_or_else(|| {
            mlua::Error::runtime(format!("<string>:{line}: module {name} not found"))
        })
    })?;
    globals.raw_set("require", require)?;
    drop(globals);
    Ok(lua)
}

/// `pcall` and `xpcall`. Lua 5.1's own forget to look for room on its stack.
fn protect(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let pcall = lua.create_function(|lua, (call, arguments): (Function, MultiValue)| {
        match call.call::<MultiValue>(arguments) {
            Ok(values) => Ok(succeeded(values)),
            Err(error) => {
                let words = LuaValue::String(lua.create_string(first_line(&error))?);
                Ok(MultiValue::from_iter([LuaValue::Boolean(false), words]))
            }
        }
    })?;
    globals.raw_set("pcall", pcall)?;
    let xpcall = lua.create_function(|_, (call, handle): (Function, Function)| match call
        .call::<MultiValue>(())
    {
        Ok(values) => Ok(succeeded(values)),
        Err(error) => {
            let mut values = handle.call::<MultiValue>(first_line(&error))?;
            values.push_front(LuaValue::Boolean(false));
            Ok(values)
        }
    })?;
    globals.raw_set("xpcall", xpcall)
}

fn succeeded(mut values: MultiValue) -> MultiValue {
    values.push_front(LuaValue::Boolean(true));
    values
}

fn first_line(error: &mlua::Error) -> String {
    match error {
        mlua::Error::CallbackError { cause, .. } => first_line(cause),
        mlua::Error::RuntimeError(text) => text.lines().next().unwrap_or_default().to_owned(),
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

/// Numbers as Argo CD's Lua prints them: with all of their digits.
fn tostring(lua: &Lua, globals: &Table) -> mlua::Result<Function> {
    let usual: Function = globals.raw_get("tostring")?;
    lua.create_function(move |lua, value: LuaValue| match value {
        LuaValue::Number(number) if number.is_finite() => {
            let whole = number.fract() == 0.0 && number.abs() < 1e18;
            let text = if whole || (1e-5..1e21).contains(&number.abs()) {
                format!("{number}")
            } else {
                format!("{number:e}")
            };
            Ok(LuaValue::String(lua.create_string(text)?))
        }
        LuaValue::Integer(number) => Ok(LuaValue::String(lua.create_string(number.to_string())?)),
        value => usual.call(value),
    })
}
