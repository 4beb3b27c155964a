//! Random configurations of the built-in plugins: `transformers` and `generators`. No validators:
//! kustomize takes a label that was written anew for a change, by its place in the file.

use serde_json::{Value, json};

use crate::objects::{NAMES, pairs, text};
use crate::patches;
use crate::random::Random;

pub(crate) fn image(random: &mut Random) -> Value {
    let name = random.word(&[
        "nginx",
        "busybox",
        "reg.example.com:5000/team/app",
        "ghcr.io/org/tool",
        ".*",
    ]);
    let mut out = json!({"name": name});
    match random.below(8) {
        0 => out["newTag"] = "v9".into(),
        1 => out["digest"] = "sha256:cccc".into(),
        2 => out["newName"] = "other/name".into(),
        3 => {
            out["newName"] = "other:5000/name".into();
            out["newTag"] = "1.0".into();
        }
        4 => out["tagSuffix"] = "-slim".into(),
        5 => {
            out["newTag"] = "v9".into();
            out["tagSuffix"] = "-slim".into();
        }
        6 => {
            out["newName"] = "x".into();
            out["digest"] = "sha256:dddd".into();
        }
        _ => {
            out["newTag"] = "v9".into();
            out["digest"] = "sha256:cccc".into();
        }
    }
    out
}

/// A transformer, which perhaps changes `object`.
pub(crate) fn transformer(random: &mut Random, object: &Value) -> Value {
    let metadata = json!({"name": "t"});
    match random.below(11) {
        0 => json!({"apiVersion": "builtin", "kind": "NamespaceTransformer",
            "metadata": {"name": "t", "namespace": "three"}, "unsetOnly": random.percent(50),
            "setRoleBindingSubjects": random.word(&["none", "allServiceAccounts", "defaultOnly"])}),
        1 => json!({"apiVersion": "builtin", "kind": "LabelTransformer", "metadata": metadata,
            "labels": pairs(random), "fieldSpecs": [{"path": "metadata/labels", "create": true},
            {"path": "spec/list[]/labels", "create": random.percent(50), "kind": "Thing"}]}),
        2 => json!({"apiVersion": "builtin",
            "kind": random.word(&["PrefixTransformer", "PrefixSuffixTransformer"]),
            "metadata": metadata, "prefix": "t-", "fieldSpecs": [{"path": "metadata/name"}]}),
        3 => json!({"apiVersion": "builtin", "kind": "AnnotationsTransformer",
            "metadata": metadata, "annotations": pairs(random),
            "fieldSpecs": [{"path": "metadata/annotations", "create": true}]}),
        4 => json!({"apiVersion": "builtin", "kind": "ImageTagTransformer",
            "metadata": metadata, "imageTag": image(random)}),
        5 => json!({"apiVersion": "builtin", "kind": "PatchTransformer", "metadata": metadata,
            "patch": windlass_object::yaml::to_string(&patches::strategic(random, object, true)),
            "target": patches::selector(random, object),
            "options": {"allowNameChange": random.percent(30)}}),
        6 => json!({"apiVersion": "builtin", "kind": "PatchJson6902Transformer",
            "metadata": metadata, "jsonOp": patches::operations(random, object).to_string(),
            "target": {"kind": object["kind"], "name": object["metadata"]["name"]}}),
        7 => json!({"apiVersion": "builtin", "kind": "PatchStrategicMergeTransformer",
            "metadata": metadata, "patches":
            windlass_object::yaml::to_string(&patches::strategic(random, object, false))}),
        8 => json!({"apiVersion": "builtin", "kind": "ValueAddTransformer", "metadata": metadata,
            "value": text(random), "targets": [{"fieldPath": random.word(&["metadata/labels/added",
                "spec/text", "data/k", "metadata/namespace"]),
            "filePathPosition": random.below(2)}]}),
        9 => json!({"apiVersion": "builtin", "kind": "SuffixTransformer", "metadata": metadata,
            "suffix": "-t", "fieldSpecs": [{"path": "metadata/name", "kind": object["kind"]}]}),
        _ => json!({"apiVersion": "builtin", "kind": "ReplicaCountTransformer",
            "metadata": metadata, "replica": {"name": random.word(NAMES), "count": 7},
            "fieldSpecs": [{"path": "spec/replicas", "create": true, "kind": "Deployment"}]}),
    }
}

/// A generator.
pub(crate) fn generator(random: &mut Random) -> Value {
    let kind = random.word(&["ConfigMapGenerator", "SecretGenerator"]);
    let mut out = json!({"apiVersion": "builtin", "kind": kind, "metadata": {"name": "made"},
        "literals": [format!("k={}", text(random).as_str().unwrap_or_default()), "b=c"]});
    if random.percent(30) {
        out["name"] = "other".into();
        out["namespace"] = "two".into();
    }
    if random.percent(30) {
        out["options"] = json!({"disableNameSuffixHash": random.percent(50),
            "labels": pairs(random)});
    }
    out
}
