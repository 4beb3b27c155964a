//! What the server writes into a CustomResourceDefinition: defaults, accepted names, conditions.
//!
//! The real server does this in controllers, a moment after the definition was written. Here it happens in the write
//! itself, so that the resource is served when the write is answered.

use serde_json::{Map, Value, json};
use windlass_object::Object;

/// Guards a definition until its objects are gone.
pub const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Fills in the defaults of the spec.
pub fn default(crd: &mut Object) {
    let kind = crd.str_at(&["spec", "names", "kind"]).to_owned();
    if crd.str_at(&["spec", "names", "singular"]).is_empty() && !kind.is_empty() {
        crd.set(&["spec", "names", "singular"], kind.to_lowercase());
    }
    if crd.str_at(&["spec", "names", "listKind"]).is_empty() && !kind.is_empty() {
        crd.set(&["spec", "names", "listKind"], format!("{kind}List"));
    }
    if crd.get(&["spec", "conversion"]).is_none_or(Value::is_null) {
        crd.set(&["spec", "conversion"], json!({"strategy": "None"}));
    }
    let service = crd.get(&["spec", "conversion", "webhook", "clientConfig", "service"]);
    if service.is_some_and(|service| service.is_object() && service.get("port").is_none()) {
        crd.set(&["spec", "conversion", "webhook", "clientConfig", "service", "port"], 443);
    }
}

/// Takes over the status of `old` (clients do not write it) and notes the storage version in `storedVersions`.
pub fn prepare(crd: &mut Object, old: Option<&Object>) {
    match old.and_then(|old| old.get(&["status"])) {
        Some(status) => crd.set(&["status"], status.clone()),
        None => {
            crd.remove(&["status"]);
        }
    }
    let versions = crd.get(&["spec", "versions"]).and_then(Value::as_array);
    let storage = versions.into_iter().flatten().find(|version| version["storage"] == true);
    let Some(storage) = storage.and_then(|version| version.get("name")).cloned() else { return };
    let stored = crd.get(&["status", "storedVersions"]).and_then(Value::as_array);
    let mut stored = stored.cloned().unwrap_or_default();
    if !stored.contains(&storage) {
        stored.push(storage);
        crd.set(&["status", "storedVersions"], Value::Array(stored));
    }
}

/// Whether the definition's resources are in service.
pub fn is_established(crd: &Object) -> bool {
    condition(crd, "Established").is_some_and(|condition| condition["status"] == "True")
}

/// Accepts the names that no other definition of the group has, and sets the conditions that follow. `others` are the
/// other definitions; `now` is RFC 3339 in whole seconds.
pub fn establish<'a>(crd: &mut Object, others: impl Iterator<Item = &'a Object>, now: &str) {
    let (mut resources, mut kinds) = (Vec::new(), Vec::new());
    let group = crd.str_at(&["spec", "group"]).to_owned();
    let name = crd.name().to_owned();
    for other in others {
        if other.str_at(&["spec", "group"]) != group || other.name() == name {
            continue;
        }
        let names = other.get(&["status", "acceptedNames"]).unwrap_or(&Value::Null);
        let take = |field: &str, into: &mut Vec<String>| {
            if let Some(name) = names[field].as_str().filter(|name| !name.is_empty()) {
                into.push(name.to_owned());
            }
        };
        take("plural", &mut resources);
        take("singular", &mut resources);
        take("kind", &mut kinds);
        take("listKind", &mut kinds);
        let short = names["shortNames"].as_array().into_iter().flatten();
        resources.extend(short.filter_map(Value::as_str).map(str::to_owned));
    }
    let (accepted, conflict) = accept(crd, &resources, &kinds);
    let mut names = Value::Object(accepted);
    for required in ["plural", "kind"] {
        if names.get(required).is_none() {
            names[required] = json!("");
        }
    }
    crd.set(&["status", "acceptedNames"], names);
    let free = conflict.is_none();
    match conflict {
        None => set_condition(crd, "NamesAccepted", true, "NoConflicts", "no conflicts found", now),
        Some((reason, message)) => {
            set_condition(crd, "NamesAccepted", false, reason, &message, now);
        }
    }
    if is_established(crd) {
        return;
    }
    if free {
        let message = "the initial names have been accepted";
        set_condition(crd, "Established", true, "InitialNamesAccepted", message, now);
    } else {
        let message = "not all names are accepted";
        set_condition(crd, "Established", false, "NotAccepted", message, now);
    }
}

/// The names that are accepted, and the last conflict.
fn accept(
    crd: &Object,
    resources: &[String],
    kinds: &[String],
) -> (Map<String, Value>, Option<(&'static str, String)>) {
    let requested = crd.get(&["spec", "names"]).and_then(Value::as_object);
    let requested = requested.cloned().unwrap_or_default();
    let accepted = crd.get(&["status", "acceptedNames"]).and_then(Value::as_object);
    let accepted = accepted.cloned().unwrap_or_default();
    let mut names = accepted.clone();
    let mut conflict = None;
    let in_use = |name: &str| format!("\"{name}\" is already in use");
    let keep = |names: &mut Map<String, Value>, field: &str| match requested.get(field) {
        Some(value) => {
            names.insert(field.to_owned(), value.clone());
        }
        None => {
            names.remove(field);
        }
    };
    for (field, reason, used) in [
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
        ("shortNames", "ShortNamesConflict", resources),
        ("kind", "KindConflict", kinds),
        ("listKind", "ListKindConflict", kinds),
    ] {
        let texts = |names: &Map<String, Value>| -> Vec<String> {
            match names.get(field) {
                Some(Value::Array(all)) => {
                    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                Some(Value::String(one)) => vec![one.clone()],
                _ => Vec::new(),
            }
        };
        let ours = texts(&accepted);
        let taken: Vec<String> = texts(&requested)
            .into_iter()
            .filter(|name| !ours.contains(name) && used.contains(name))
            .map(|name| in_use(&name))
            .collect();
        match taken.as_slice() {
            [] => keep(&mut names, field),
            [one] => conflict = Some((reason, one.clone())),
            many => conflict = Some((reason, format!("[{}]", many.join(", ")))),
        }
    }
    keep(&mut names, "categories");
    (names, conflict)
}

/// Marks a definition that is being deleted: its objects go first.
pub fn begin_deletion(crd: &mut Object, now: &str) {
    if !crd.finalizers().any(|finalizer| finalizer == FINALIZER) {
        let mut finalizers: Vec<Value> = crd.finalizers().map(Value::from).collect();
        finalizers.push(FINALIZER.into());
        crd.set(&["metadata", "finalizers"], Value::Array(finalizers));
    }
    let message =
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set_condition(crd, "Terminating", true, "InstanceDeletionPending", message, now);
}

fn condition<'a>(crd: &'a Object, kind: &str) -> Option<&'a Value> {
    let conditions = crd.get(&["status", "conditions"])?.as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)
}

fn set_condition(
    crd: &mut Object,
    kind: &str,
    status: bool,
    reason: &str,
    message: &str,
    now: &str,
) {
    let status = if status { "True" } else { "False" };
    let old = condition(crd, kind);
    let since = old
        .filter(|old| old["status"] == status)
        .and_then(|old| old["lastTransitionTime"].as_str())
        .unwrap_or(now);
    let new = json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": since,
    });
    let conditions = crd.get(&["status", "conditions"]).and_then(Value::as_array);
    let mut conditions = conditions.cloned().unwrap_or_default();
    match conditions.iter_mut().find(|condition| condition["type"] == kind) {
        Some(condition) => *condition = new,
        None => conditions.push(new),
    }
    crd.set(&["status", "conditions"], Value::Array(conditions));
}
