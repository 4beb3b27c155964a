//! Fields of custom kinds that hold Kubernetes' own types.
//!
//! Controllers whose types come from Kubernetes' libraries write such fields as Go writes them: a
//! quantity `1000m` comes back as `1`. Settings name the fields, and both sides are then written
//! so.

use windlass_object::quantity::Quantity;
use windlass_object::{GroupKind, Object, Value};
use windlass_schema::{Schemas, defaults};

use crate::policy::parse_duration;

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownType {
    /// `core/Quantity`.
    Quantity,
    /// `meta/v1/Duration`.
    Duration,
    /// `core/v1/NAME`: the definition of that name.
    Struct(String),
}

/// One field of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownField {
    /// The kind.
    pub kind: GroupKind,
    /// Names of fields from the object down; through a list, those of its items.
    pub path: Vec<String>,
    /// What it holds.
    pub holds: KnownType,
}

/// Fields of custom kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownTypes(pub Vec<KnownField>);

impl KnownType {
    /// Reads a type as settings name it; none if it is not known.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "core/Quantity" => Some(Self::Quantity),
            "meta/v1/Duration" => Some(Self::Duration),
            _ => {
                let definition = format!("io.k8s.api.core.v1.{}", text.strip_prefix("core/v1/")?);
                Schemas::builtin().definition(&definition)?;
                Some(Self::Struct(definition))
            }
        }
    }

    fn write(&self, value: &mut Value) {
        match self {
            Self::Quantity => {
                let text = match &*value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => return,
                };
                if let Ok(quantity) = text.parse::<Quantity>() {
                    *value = quantity.canonical().into();
                }
            }
            Self::Duration => {
                let read = value.as_str().and_then(|text| parse_duration(text).ok());
                if let Some(duration) = read {
                    *value = go_duration(duration).into();
                }
            }
            Self::Struct(definition) => {
                defaults::remarshal(value, definition);
            }
        }
    }
}

/// A duration as Go prints it: `1h0m0s`, `1.5s`, `20ms`.
pub fn go_duration(duration: std::time::Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let decimal = |unit: u128, name: &str| {
        let (whole, rest) = (nanoseconds / unit, nanoseconds % unit);
        let digits = unit.ilog10() as usize;
        let rest = format!("{rest:0digits$}");
        let rest = rest.trim_end_matches('0');
        let point = if rest.is_empty() || digits == 0 { "" } else { "." };
        let rest = if digits == 0 { "" } else { rest };
        format!("{whole}{point}{rest}{name}")
    };
    match nanoseconds {
        0 => "0s".to_owned(),
        1..1_000 => decimal(1, "ns"),
        1_000..1_000_000 => decimal(1_000, "\u{b5}s"),
        1_000_000..1_000_000_000 => decimal(1_000_000, "ms"),
        _ => {
            let minutes = nanoseconds / 60_000_000_000;
            let (hours, minutes) = (minutes / 60, minutes % 60);
            let rest = std::time::Duration::from_nanos(
                u64::try_from(nanoseconds % 60_000_000_000).unwrap_or(0),
            );
            let seconds = match go_seconds(rest) {
                text if text.is_empty() => "0s".to_owned(),
                text => text,
            };
            match (hours, minutes) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

/// Seconds below a minute, with as many digits as they have.
fn go_seconds(duration: std::time::Duration) -> String {
    let rest = format!("{:09}", duration.subsec_nanos());
    match rest.trim_end_matches('0') {
        "" => format!("{}s", duration.as_secs()),
        digits => format!("{}.{digits}s", duration.as_secs()),
    }
}

impl KnownTypes {
    /// Writes the fields as their types do.
    pub fn normalize(&self, object: &mut Object) {
        if self.0.is_empty() {
            return;
        }
        let kind = object.group_kind();
        for field in self.0.iter().filter(|field| field.kind == kind) {
            let Some((first, rest)) = field.path.split_first() else { continue };
            if let Some(value) = object.fields_mut().get_mut(first) {
                descend(value, rest, &field.holds);
            }
        }
    }
}

fn descend(value: &mut Value, path: &[String], holds: &KnownType) {
    match (value, path.split_first()) {
        (Value::Array(items), _) => {
            for item in items.iter_mut().filter(|item| item.is_object()) {
                descend(item, path, holds);
            }
        }
        (value, None) => holds.write(value),
        (Value::Object(map), Some((name, rest))) => {
            if let Some(value) = map.get_mut(name) {
                descend(value, rest, holds);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use windlass_object::json;

    use super::*;

    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // The table reads better without references.
    fn check(path: &str, holds: &str, spec: Value, expected: Value) {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        let kind = GroupKind::new("example.com", "Thing");
        let known =
            KnownTypes(vec![KnownField { kind, path, holds: KnownType::parse(holds).unwrap() }]);
        let mut object: Object = serde_json::from_value(
            json!({"apiVersion": "example.com/v1", "kind": "Thing", "spec": spec}),
        )
        .unwrap();
        known.normalize(&mut object);
        assert_eq!(object.get(&["spec"]), Some(&expected));
    }

    #[test]
    fn fields_are_written_as_their_types_do() {
        check("spec.size", "core/Quantity", json!({"size": "1000m"}), json!({"size": "1"}));
        check("spec.size", "core/Quantity", json!({"size": 2}), json!({"size": "2"}));
        check("spec.size", "core/Quantity", json!({"size": "odd"}), json!({"size": "odd"}));
        check("spec.wait", "meta/v1/Duration", json!({"wait": "90m"}), json!({"wait": "1h30m0s"}));
        check("spec.wait", "meta/v1/Duration", json!({"wait": "1500ms"}), json!({"wait": "1.5s"}));
        check("spec.wait", "meta/v1/Duration", json!({"wait": "20ms"}), json!({"wait": "20ms"}));
        check(
            "spec.items.resources",
            "core/v1/ResourceRequirements",
            json!({"items": [{"resources": {"limits": {"cpu": "2000m"}}}]}),
            json!({"items": [{"resources": {"limits": {"cpu": "2"}}}]}),
        );
        check("spec.none.x", "core/Quantity", json!({"size": "1000m"}), json!({"size": "1000m"}));
    }

    #[test]
    fn unknown_types_are_told() {
        assert_eq!(KnownType::parse("core/v1/Nothing"), None);
        assert_eq!(KnownType::parse("Quantity"), None);
    }
}
