//! Semantic versions.

use std::any::Any;
use std::rc::Rc;

use windlass_gotemplate::{Object, Type, Value};
use windlass_semver::{Constraint, Version};

use crate::table::{Table, text};

use Type::String as Str;

pub(crate) fn add(t: &mut Table) {
    t.put(&["semver"], &[Str], |a| {
        let version = Version::parse(&text(&a[0])).map_err(|e| e.to_string())?;
        Ok(Value::Object(Rc::new(Parsed(version))))
    });
    t.put(&["semverCompare"], &[Str, Str], |a| {
        let constraint = Constraint::parse(&text(&a[0])).map_err(|e| e.to_string())?;
        let version = Version::parse(&text(&a[1])).map_err(|e| e.to_string())?;
        Ok(Value::Bool(constraint.matches(&version)))
    });
}

/// `*semver.Version`.
#[derive(Debug)]
struct Parsed(Version);

const TYPE: &str = "*semver.Version";

impl Object for Parsed {
    fn type_name(&self) -> &str {
        TYPE
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn struct_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let version = &self.0;
        Some(vec![
            ("major", Value::Uint64(version.major)),
            ("minor", Value::Uint64(version.minor)),
            ("patch", Value::Uint64(version.patch)),
            ("pre", Value::string(version.prerelease.as_str())),
            ("metadata", Value::string(version.metadata.as_str())),
            ("original", Value::string(version.original())),
        ])
    }

    fn is_stringer(&self) -> bool {
        true
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(
            name,
            "Major"
                | "Minor"
                | "Patch"
                | "Prerelease"
                | "Metadata"
                | "Original"
                | "String"
                | "IncMajor"
                | "IncMinor"
                | "IncPatch"
                | "SetPrerelease"
                | "SetMetadata"
                | "Compare"
                | "Equal"
                | "LessThan"
                | "LessThanEqual"
                | "GreaterThan"
                | "GreaterThanEqual"
        )
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let version = &self.0;
        let other = || match args {
            [Value::Object(o)] => o.as_any().downcast_ref::<Self>().map(|p| &p.0),
            _ => None,
        };
        let ordered = |holds: fn(std::cmp::Ordering) -> bool| {
            let other = other().ok_or_else(|| format!("{name} takes a {TYPE}"))?;
            Ok(Value::Bool(holds(version.cmp(other))))
        };
        let next = |major, minor, patch, pre: &str, meta: &str| {
            let lead = if version.original().starts_with('v') { "v" } else { "" };
            let mut text = format!("{lead}{major}.{minor}.{patch}");
            if !pre.is_empty() {
                text.push_str(&format!("-{pre}"));
            }
            if !meta.is_empty() {
                text.push_str(&format!("+{meta}"));
            }
            let version = Version::parse(&text).map_err(|e| e.to_string())?;
            Ok(Value::Object(Rc::new(Self(version))))
        };
        let (major, minor, patch) = (version.major, version.minor, version.patch);
        match (name, args) {
            ("Major", []) => Ok(Value::Uint64(major)),
            ("Minor", []) => Ok(Value::Uint64(minor)),
            ("Patch", []) => Ok(Value::Uint64(patch)),
            ("Prerelease", []) => Ok(Value::string(version.prerelease.as_str())),
            ("Metadata", []) => Ok(Value::string(version.metadata.as_str())),
            ("Original", []) => Ok(Value::string(version.original())),
            ("String", []) => Ok(Value::string(version.to_string())),
            ("IncMajor", []) => next(major.saturating_add(1), 0, 0, "", ""),
            ("IncMinor", []) => next(major, minor.saturating_add(1), 0, "", ""),
            ("IncPatch", []) => {
                let step = u64::from(version.prerelease.is_empty());
                next(major, minor, patch.saturating_add(step), "", "")
            }
            ("SetPrerelease", [pre]) => {
                next(major, minor, patch, pre.as_str().unwrap_or_default(), &version.metadata)
            }
            ("SetMetadata", [meta]) => {
                next(major, minor, patch, &version.prerelease, meta.as_str().unwrap_or_default())
            }
            ("Compare", _) => {
                let other = other().ok_or_else(|| format!("{name} takes a {TYPE}"))?;
                Ok(Value::Int(version.cmp(other) as i64))
            }
            ("Equal", _) => ordered(std::cmp::Ordering::is_eq),
            ("LessThan", _) => ordered(std::cmp::Ordering::is_lt),
            ("LessThanEqual", _) => ordered(std::cmp::Ordering::is_le),
            ("GreaterThan", _) => ordered(std::cmp::Ordering::is_gt),
            ("GreaterThanEqual", _) => ordered(std::cmp::Ordering::is_ge),
            _ => Err(format!("wrong number of args for {name}: got {}", args.len())),
        }
    }

    fn print(&self) -> String {
        self.0.to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
