//! `.Files`: a mapping of names to bytes, with methods.

use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_gotemplate::{Element, Map, Object, Type, Value};
use windlass_tree::Glob;

use crate::chart::File;
use crate::path;

pub(super) fn value(files: &[File]) -> Value {
    let files = files.iter().map(|f| (Rc::from(&*f.name), f.data.clone())).collect();
    Value::Object(Rc::new(Files(files)))
}

#[derive(Debug)]
struct Files(BTreeMap<Rc<str>, std::sync::Arc<[u8]>>);

impl Files {
    fn bytes(&self, name: &str) -> &[u8] {
        self.0.get(name).map_or(&[], |b| b)
    }

    /// A YAML mapping of base names.
    fn flattened(&self, make: impl Fn(&[u8]) -> String) -> Value {
        let entries =
            self.0.iter().map(|(name, bytes)| (path::base(name).into(), make(bytes).into()));
        let map = serde_json::Value::Object(entries.collect());
        let text = windlass_object::yaml::to_string(&map);
        Value::string(text.strip_suffix('\n').unwrap_or(&text))
    }
}

impl Object for Files {
    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(Value::Bytes(self.bytes(name).into()))
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "Get" | "GetBytes" | "Glob" | "AsConfig" | "AsSecrets" | "Lines")
    }

    fn parameters(&self, method: &str) -> Option<&'static [Type]> {
        let none = matches!(method, "AsConfig" | "AsSecrets");
        Some(if none { &[] } else { &[Type::String] })
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let text = args.first().and_then(Value::as_str).unwrap_or_default();
        Ok(match name {
            "GetBytes" => Value::Bytes(self.bytes(text).into()),
            "Glob" => {
                // Helm takes everything where the glob is none.
                let glob = Glob::separated(text).ok();
                let matched = |name: &str| glob.as_ref().is_none_or(|g| g.matches(name));
                let files = self.0.iter().filter(|(name, _)| matched(name));
                let files = files.map(|(name, bytes)| (name.clone(), bytes.clone()));
                Value::Object(Rc::new(Self(files.collect())))
            }
            "AsConfig" => self.flattened(|b| String::from_utf8_lossy(b).into_owned()),
            "AsSecrets" => self.flattened(|b| {
                use base64::Engine;
                base64::engine::general_purpose::STANDARD.encode(b)
            }),
            "Lines" => {
                let text = String::from_utf8_lossy(self.bytes(text)).into_owned();
                if text.is_empty() {
                    return Ok(Value::strings::<Rc<str>>([]));
                }
                Value::strings(text.strip_suffix('\n').unwrap_or(&text).split('\n'))
            }
            _ => Value::text(self.bytes(text).to_vec()),
        })
    }

    fn print(&self) -> String {
        windlass_gotemplate::fmt::print_one(&self.plain())
    }

    fn underlying(&self) -> Option<Value> {
        Some(self.plain())
    }

    fn data(&self) -> Value {
        self.plain()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl Files {
    fn plain(&self) -> Value {
        let entries = self.0.iter().map(|(k, v)| (k.clone(), Value::Bytes(v[..].into())));
        Value::Map(Rc::new(Map::new(Element::Bytes, entries.collect())))
    }
}
