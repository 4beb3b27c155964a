//! Random changes of annotations as a whole, which hold kustomize's own notes during a build.

use serde_json::{Value, json};

use crate::objects::{self, pairs, text};
use crate::overlays::{Content, Files};
use crate::patches;
use crate::random::Random;

const NOTES: &[&str] = &[
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/generatorBehavior",
    "config.kubernetes.io/index",
    "note",
];

fn pointer(random: &mut Random) -> String {
    match random.below(6) {
        0 => "/metadata".to_owned(),
        1 => format!("/metadata/annotations/{}", random.word(NOTES).replace('/', "~1")),
        _ => "/metadata/annotations".to_owned(),
    }
}

fn elsewhere(random: &mut Random) -> Value {
    random.word(&["/spec", "/metadata/moved", "/data", "/spec/at", "/metadata/labels"]).into()
}

/// Operations on annotations, and what is moved or copied there.
fn operations(random: &mut Random) -> Value {
    let count = 1 + random.below(2);
    (0..count)
        .map(|_| match random.below(9) {
            0 | 1 => json!({"op": "move", "from": pointer(random), "path": elsewhere(random)}),
            2 | 3 => json!({"op": "copy", "from": pointer(random), "path": elsewhere(random)}),
            4 => json!({"op": "test", "path": pointer(random), "value": {"app": "x"}}),
            5 => json!({"op": "replace", "path": "/metadata/annotations", "value": pairs(random)}),
            // Without metadata there would be no name to find it by.
            6 => json!({"op": "add", "path": elsewhere(random),
                "value": pairs(random)}),
            7 => json!({"op": "remove", "path": pointer(random)}),
            _ => json!({"op": "copy", "from": elsewhere(random), "path": "/metadata/annotations"}),
        })
        .collect()
}

/// What a merge patch says of annotations.
fn merged(random: &mut Random) -> Value {
    match random.below(6) {
        0 => Value::Null,
        1 => json!({"$patch": "delete"}),
        2 => json!({"$patch": "replace", "new": text(random)}),
        3 => {
            let note = random.word(NOTES);
            // Names of other kinds have hashes of how kustomize holds them in memory.
            let word = if note.ends_with("HashSuffix") { "disabled" } else { "enabled" };
            let value = if random.percent(50) { Value::Null } else { word.into() };
            json!({note: value})
        }
        4 => json!({}),
        _ => pairs(random),
    }
}

fn patch(random: &mut Random, object: &Value) -> Value {
    let mut entry = json!({});
    if random.percent(60) {
        entry["patch"] = operations(random).to_string().into();
        entry["target"] = json!({"kind": object["kind"]});
        return entry;
    }
    let mut patch = json!({"apiVersion": object["apiVersion"], "kind": object["kind"],
        "metadata": {"name": object["metadata"]["name"], "annotations": merged(random)}});
    if let Some(namespace) = object["metadata"].get("namespace") {
        patch["metadata"]["namespace"] = namespace.clone();
    }
    if random.percent(10) {
        patch["metadata"]["$patch"] = random.word(&["replace", "delete", "merge"]).into();
    }
    entry["patch"] = windlass_object::yaml::to_string(&patch).into();
    if random.percent(50) {
        entry["target"] = json!({"kind": object["kind"]});
    }
    if random.percent(40) {
        entry["options"] = json!({"allowNameChange": true, "allowKindChange": random.percent(50)});
    }
    entry
}

fn replacement(random: &mut Random, from: &Value, to: &Value) -> Value {
    let path = |random: &mut Random| match random.below(6) {
        0 => "metadata".to_owned(),
        1 => format!("metadata.annotations.[{}]", random.word(NOTES)),
        2 => format!("metadata.annotations.{}", random.word(NOTES).replace('.', "\\.")),
        3 => random.word(&["spec", "data", "metadata.moved", "metadata.*"]).to_owned(),
        _ => "metadata.annotations".to_owned(),
    };
    json!({
        "source": {"kind": from["kind"], "name": from["metadata"]["name"],
            "fieldPath": path(random)},
        "targets": [{"select": {"kind": to["kind"]}, "fieldPaths": [path(random)],
            "options": {"create": random.percent(70)}}],
    })
}

/// A base that renames its objects, and an overlay that changes their annotations.
pub(crate) fn case(random: &mut Random) -> Files {
    let (first, second) = (objects::object(random), patches::renamed(objects::object(random)));
    let mut base = json!({"resources": ["r.yaml"]});
    let mut overlay = json!({"resources": ["../b"]});
    if random.percent(60) {
        base["namePrefix"] = "p-".into();
    }
    if random.percent(30) {
        base["namespace"] = "one".into();
    }
    if random.percent(30) {
        base["nameSuffix"] = "-s".into();
    }
    let mut picked = first.clone();
    if random.percent(30) {
        base["configMapGenerator"] = json!([{"name": "made", "literals": ["a=b"]}]);
        picked = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}});
    }
    if random.percent(20) {
        overlay["buildMetadata"] = json!(["originAnnotations", "transformerAnnotations"]);
    }
    if random.percent(60) {
        let count = 1 + random.below(2);
        overlay["patches"] = (0..count).map(|_| patch(random, &picked)).collect();
    } else if random.percent(80) {
        // A resource of another kind with a hash has one of how kustomize holds it in memory.
        overlay["replacements"] = json!([replacement(random, &first, &second)]);
    } else {
        let target = json!({"kind": picked["kind"], "name": picked["metadata"]["name"]});
        overlay["patchesJson6902"] =
            json!([{"target": target, "patch": operations(random).to_string()}]);
    }
    if random.percent(30) {
        overlay["nameSuffix"] = "-t".into();
    }
    if random.percent(20) {
        overlay["commonAnnotations"] = pairs(random);
    }
    Files::from([
        ("b/r.yaml".to_owned(), Content::Yaml(vec![first, second])),
        ("b/kustomization.yaml".to_owned(), Content::Yaml(vec![base])),
        ("o/kustomization.yaml".to_owned(), Content::Yaml(vec![overlay])),
    ])
}
