//! No template makes the parser or the engine panic, hang or flood.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_gotemplate::{Limits, MissingKey, Set, Value};
use windlass_sprig::{Environment, functions};

fuzz_target!(|text: &str| {
    let functions = functions(&Environment::new(1_700_000_000_000_000_000, [0; 32]));
    let data = Value::map([
        ("s", Value::string("héllo")),
        ("n", Value::Float64(3.0)),
        ("l", Value::list(vec![Value::Int(1), Value::Nil, Value::string("a")])),
        ("m", Value::map([("a", Value::map([("b", Value::Bool(true))]))])),
        ("b", Value::text(vec![0xFF, b'a'])),
    ]);
    let mut set = Set::default();
    set.missing_key = MissingKey::Zero;
    if set.parse("fuzz", text, &functions).is_ok() {
        let limits = Limits { steps: 2_000, output: 1 << 20, size: 1_000 };
        let _ = set.execute("fuzz", &data, &functions, limits);
    }
});
