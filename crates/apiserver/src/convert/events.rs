//! Events: `v1` and `events.k8s.io/v1` name the same fields differently.

use windlass_object::{Object, Value};

/// Names of fields in the core group and in `events.k8s.io`.
const NAMES: [(&str, &str); 7] = [
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("involvedObject", "regarding"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
];

pub(super) fn from_core(event: &mut Object) {
    rename(event, |(core, events)| (core, events));
    // The core type always says these; the other leaves them out when empty.
    for field in ["reportingController", "reportingInstance"] {
        if event.get(&[field]) == Some(&Value::String(String::new())) {
            event.remove(&[field]);
        }
    }
}

pub(super) fn to_core(event: &mut Object) {
    rename(event, |(core, events)| (events, core));
    for field in ["reportingComponent", "reportingInstance"] {
        if event.get(&[field]).is_none() {
            event.set(&[field], "");
        }
    }
}

fn rename(
    event: &mut Object,
    order: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) {
    for (from, to) in NAMES.into_iter().map(order) {
        if let Some(value) = event.remove(&[from]) {
            event.set(&[to], value);
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_object::json;

    use super::*;

    #[test]
    fn there_and_back() {
        let core = json!({
            "involvedObject": {"name": "x"}, "message": "m", "source": {}, "count": 2,
            "firstTimestamp": null, "lastTimestamp": null, "reportingComponent": "",
            "reportingInstance": "", "type": "Normal",
        });
        let mut event = Object::try_from(core.clone()).unwrap();
        from_core(&mut event);
        assert_eq!(
            event.to_value(),
            json!({
                "regarding": {"name": "x"}, "note": "m", "deprecatedSource": {},
                "deprecatedCount": 2, "deprecatedFirstTimestamp": null,
                "deprecatedLastTimestamp": null, "type": "Normal",
            })
        );
        to_core(&mut event);
        assert_eq!(event.to_value(), core);
    }
}
