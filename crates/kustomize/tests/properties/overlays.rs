//! Random bases and overlays: every field of a kustomization.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::objects::{self, NAMES, pairs, text};
use crate::patches;
use crate::random::Random;

/// A file's content.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Documents of YAML.
    Yaml(Vec<Value>),
    /// As it is.
    Text(String),
}

/// The files of a case, by path; `o` is what is built.
pub(crate) type Files = BTreeMap<String, Content>;

/// Makes the files of one case.
pub(crate) struct Maker<'r> {
    random: &'r mut Random,
    files: Files,
    /// All objects so far, for what refers to them.
    objects: Vec<Value>,
}

/// A case.
pub(crate) fn case(random: &mut Random) -> Files {
    let mut maker = Maker { random, files: Files::new(), objects: Vec::new() };
    maker.directory("b", 60, &[]);
    let mut below = vec!["../b"];
    if maker.random.percent(20) {
        maker.directory("m", 50, &["../b"]);
        below = vec!["../m"];
    }
    if maker.random.percent(15) {
        maker.directory("b2", 50, &[]);
        below.push("../b2");
    }
    maker.directory("o", 100, &below);
    maker.files
}

/// A case of patches alone: one object, one patch.
pub(crate) fn patch_case(random: &mut Random) -> Files {
    let object = objects::object(random);
    let mut entry = json!({});
    if random.percent(60) {
        let patch = patches::strategic(random, &object, false);
        entry["patch"] = windlass_object::yaml::to_string(&patch).into();
    } else {
        entry["patch"] = patches::operations(random, &object).to_string().into();
        entry["target"] = json!({"kind": object["kind"]});
    }
    Files::from([
        ("o/r.yaml".to_owned(), Content::Yaml(vec![object])),
        (
            "o/kustomization.yaml".to_owned(),
            Content::Yaml(vec![json!({"resources": ["r.yaml"], "patches": [entry]})]),
        ),
    ])
}

impl Maker<'_> {
    /// A directory with objects and a kustomization; `busy` is how much of each field is set.
    fn directory(&mut self, name: &str, busy: usize, below: &[&str]) {
        let mut objects: Vec<Value> = Vec::new();
        let count = if below.is_empty() { 2 + self.random.below(5) } else { self.random.below(3) };
        for _ in 0..count {
            let object = objects::object(self.random);
            // The same twice is an error; let it be a rare one.
            let id = |o: &Value| {
                let at = o["metadata"].get("namespace").cloned();
                (o["apiVersion"].clone(), o["kind"].clone(), o["metadata"]["name"].clone(), at)
            };
            let twice = objects.iter().chain(&self.objects).any(|o| id(o) == id(&object));
            if !twice || self.random.percent(3) {
                objects.push(object);
            }
        }
        let mut resources: Vec<Value> = below.iter().map(|b| Value::from(*b)).collect();
        if !objects.is_empty() {
            resources.insert(self.random.below(resources.len() + 1), "r.yaml".into());
            self.put(&format!("{name}/r.yaml"), Content::Yaml(objects.clone()));
        }
        self.objects.extend(objects);
        let mut kustomization = json!({"resources": resources});
        self.generators(name, busy, &mut kustomization);
        self.fields(name, busy, &mut kustomization);
        if self.random.percent(15) && !below.is_empty() {
            let component = format!("{name}-component");
            let mut fields = json!({"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component",
                "commonAnnotations": {"component": name}});
            self.generators(&component, busy / 2, &mut fields);
            self.fields(&component, busy / 2, &mut fields);
            self.put(&format!("{component}/kustomization.yaml"), Content::Yaml(vec![fields]));
            kustomization["components"] = json!([format!("../{component}")]);
        }
        self.put(&format!("{name}/kustomization.yaml"), Content::Yaml(vec![kustomization]));
    }

    fn put(&mut self, path: &str, content: Content) {
        self.files.insert(path.to_owned(), content);
    }

    fn some_object(&mut self) -> Value {
        match self.objects.is_empty() {
            true => objects::object(self.random),
            false => self.random.pick(&self.objects).clone(),
        }
    }

    fn generators(&mut self, at: &str, busy: usize, out: &mut Value) {
        for field in ["configMapGenerator", "secretGenerator"] {
            if !self.random.percent(busy * 35 / 100) {
                continue;
            }
            let mut args = json!({"name": self.random.word(NAMES)});
            if self.random.percent(20) {
                args["namespace"] = self.random.word(&["one", "two"]).into();
            }
            let kind = if field == "configMapGenerator" { "ConfigMap" } else { "Secret" };
            let meta = json!({"name": args["name"], "namespace": args["namespace"]});
            let is_same = |o: &Value| {
                let at = &o["metadata"];
                o["kind"] == kind
                    && at["name"] == meta["name"]
                    && at["namespace"] == meta["namespace"]
            };
            let exists = self.objects.iter().any(is_same);
            if exists != self.random.percent(2) {
                args["behavior"] = self.random.word(&["merge", "replace"]).into();
            } else {
                self.objects.push(json!({"apiVersion": "v1", "kind": kind, "metadata": meta,
                    "data": {"k": "v"}}));
            }
            if self.random.percent(70) {
                let value = text(self.random);
                args["literals"] = json!([
                    format!("k={}", value.as_str().unwrap_or_default()),
                    self.random.word(&["q=\"quoted\"", "n=1", "e=", "t=a=b", "host=x.example.com"])
                ]);
            }
            if self.random.percent(30) {
                let content =
                    self.random.word(&["plain\n", "", "a: b\n", "tab\there \n", "no newline"]);
                self.put(&format!("{at}/app.conf"), Content::Text(content.to_owned()));
                args["files"] = json!([self.random.word(&["app.conf", "x.conf=app.conf"])]);
            }
            if self.random.percent(20) {
                let content = "# comment\nENV_A=1\n\nENV_B=two words \nENV_C=\"q\"\n";
                self.put(&format!("{at}/e.env"), Content::Text(content.to_owned()));
                args["envs"] = json!(["e.env"]);
            }
            if self.random.percent(20) {
                args["options"] = json!({"disableNameSuffixHash": self.random.percent(50),
                    "labels": pairs(self.random), "annotations": {"g": "1"},
                    "immutable": self.random.percent(30)});
            }
            if field == "secretGenerator" && self.random.percent(20) {
                args["type"] = "example.com/kind".into();
            }
            out[field] = json!([args]);
        }
        if self.random.percent(busy / 10) {
            out["generatorOptions"] = json!({"disableNameSuffixHash": self.random.percent(50),
                "labels": pairs(self.random)});
        }
    }

    fn fields(&mut self, at: &str, busy: usize, out: &mut Value) {
        let mut names: Vec<&str> = Vec::new();
        for (field, chance) in FIELDS {
            if self.random.percent(busy * chance / 100) {
                names.push(field);
            }
        }
        for field in names {
            out[field] = self.field(at, field);
        }
    }

    fn field(&mut self, at: &str, field: &str) -> Value {
        let random = &mut *self.random;
        match field {
            "namePrefix" => random.word(&["p-", "x-"]).into(),
            "nameSuffix" => random.word(&["-s", "-v2"]).into(),
            "namespace" => random.word(&["one", "three", "default"]).into(),
            "commonLabels" | "commonAnnotations" => pairs(random),
            "labels" => {
                let mut label = json!({"pairs": pairs(random)});
                match random.below(5) {
                    0 => label["includeSelectors"] = true.into(),
                    1 => label["includeTemplates"] = true.into(),
                    2 => {
                        label["includeTemplates"] = true.into();
                        label["includeVolumeClaimTemplates"] = true.into();
                    }
                    3 => {
                        label["fields"] = json!([{"path": "spec/labels", "kind": "Thing",
                            "create": random.percent(50)}]);
                    }
                    _ => {}
                }
                json!([label])
            }
            "images" => {
                let count = 1 + random.below(2);
                (0..count).map(|_| image(random)).collect()
            }
            "replicas" => {
                let scaled = |o: &&Value| !o["spec"]["replicas"].is_null();
                let found = self.objects.iter().find(scaled).filter(|_| random.percent(98));
                match found.map(|object| object["metadata"]["name"].clone()) {
                    Some(name) => json!([{"name": name, "count": random.below(5)}]),
                    None => json!([]),
                }
            }
            "sortOptions" => match random.below(3) {
                0 => json!({"order": "fifo"}),
                1 => json!({"order": "legacy"}),
                _ => json!({"order": "legacy", "legacySortOptions": {
                    "orderFirst": ["Namespace", "Thing", "Service"], "orderLast": ["Deployment"]}}),
            },
            "buildMetadata" => random
                .pick(&[
                    json!(["originAnnotations"]),
                    json!(["managedByLabel"]),
                    json!(["transformerAnnotations"]),
                    json!(["originAnnotations", "transformerAnnotations", "managedByLabel"]),
                ])
                .clone(),
            "configurations" => {
                let content = Content::Yaml(vec![configuration(random)]);
                self.put(&format!("{at}/config.yaml"), content);
                json!(["config.yaml"])
            }
            "patches" => {
                let count = 1 + self.random.below(3);
                (0..count).map(|number| self.patch(at, number)).collect()
            }
            "patchesStrategicMerge" => {
                let object = self.some_object();
                let patch = patches::strategic(self.random, &object, false);
                json!([windlass_object::yaml::to_string(&patch)])
            }
            "patchesJson6902" => {
                let object = self.some_object();
                let operations = patches::operations(self.random, &object);
                let mut target = patches::selector(self.random, &object);
                target["name"] = object["metadata"]["name"].clone();
                json!([{"target": target, "patch": operations.to_string()}])
            }
            "replacements" => {
                let count = 1 + self.random.below(2);
                (0..count).map(|_| self.replacement()).collect()
            }
            "transformers" => json!([self.transformer()]),
            _ => {
                let object = self.some_object();
                let mut objref = json!({"apiVersion": object["apiVersion"], "kind": object["kind"],
                    "name": object["metadata"]["name"]});
                if let Some(namespace) = object["metadata"].get("namespace") {
                    objref["namespace"] = namespace.clone();
                }
                json!([{"name": "VAR", "objref": objref}])
            }
        }
    }

    fn patch(&mut self, at: &str, number: usize) -> Value {
        let object = self.some_object();
        let mut entry = json!({});
        if self.random.percent(60) {
            let targeted = self.random.percent(50);
            let mut patch = vec![patches::strategic(self.random, &object, targeted)];
            if targeted {
                entry["target"] = patches::selector(self.random, &object);
            } else if self.random.percent(10) {
                let other = self.some_object();
                patch.push(patches::strategic(self.random, &other, false));
            }
            if self.random.percent(20) {
                entry["options"] = json!({"allowNameChange": self.random.percent(60),
                    "allowKindChange": self.random.percent(60)});
            }
            if self.random.percent(30) {
                let file = format!("patch{number}.yaml");
                self.put(&format!("{at}/{file}"), Content::Yaml(patch));
                entry["path"] = file.into();
            } else {
                let texts: Vec<String> =
                    patch.iter().map(windlass_object::yaml::to_string).collect();
                entry["patch"] = texts.join("---\n").into();
            }
        } else {
            let operations = patches::operations(self.random, &object);
            entry["target"] = patches::selector(self.random, &object);
            entry["patch"] = match self.random.percent(50) {
                true => operations.to_string(),
                false => windlass_object::yaml::to_string(&operations),
            }
            .into();
        }
        entry
    }

    fn replacement(&mut self) -> Value {
        let (from, to) = (self.some_object(), self.some_object());
        let random = &mut *self.random;
        let mut source = patches::selector(random, &from);
        source.as_object_mut().into_iter().for_each(|s| {
            s.remove("labelSelector");
            s.remove("annotationSelector");
        });
        source["name"] = from["metadata"]["name"].clone();
        if random.percent(80) {
            let path = path(random, &from);
            source["fieldPath"] = path.replace(".*", ".0").into();
        }
        if random.percent(20) {
            source["options"] = json!({"delimiter": random.word(&[".", "/", ":", "-"]),
                "index": random.below(3)});
        }
        let mut target = json!({"select": patches::selector(random, &to)});
        let mut paths = vec![path(random, &to)];
        if random.percent(30) {
            paths.push(path(random, &to));
        }
        target["fieldPaths"] = paths.into();
        if random.percent(10) {
            target["reject"] = json!([patches::selector(random, &from)]);
        }
        match random.below(8) {
            0 => target["options"] = json!({"create": true}),
            1 => {
                let index = random.word(&["-1", "0", "1", "5"]).parse::<i64>().unwrap_or_default();
                target["options"] =
                    json!({"delimiter": random.word(&["/", ":", "."]), "index": index});
            }
            _ => {}
        }
        let mut out = json!({"targets": [target]});
        if random.percent(10) {
            out["sourceValue"] = text(random);
        } else {
            out["source"] = source;
        }
        out
    }

    fn transformer(&mut self) -> Value {
        let random = &mut *self.random;
        let metadata = json!({"name": "t"});
        let value = match random.below(6) {
            0 => json!({"apiVersion": "builtin", "kind": "NamespaceTransformer",
                "metadata": {"name": "t", "namespace": "three"}, "unsetOnly": random.percent(50),
                "setRoleBindingSubjects": random.word(&["none", "allServiceAccounts", "defaultOnly"])}),
            1 => json!({"apiVersion": "builtin", "kind": "LabelTransformer", "metadata": metadata,
                "labels": pairs(random), "fieldSpecs": [{"path": "metadata/labels", "create": true},
                {"path": "spec/list[]/labels", "create": random.percent(50), "kind": "Thing"}]}),
            2 => json!({"apiVersion": "builtin", "kind": "PrefixTransformer", "metadata": metadata,
                "prefix": "t-", "fieldSpecs": [{"path": "metadata/name"}]}),
            3 => json!({"apiVersion": "builtin", "kind": "AnnotationsTransformer",
                "metadata": metadata, "annotations": pairs(random),
                "fieldSpecs": [{"path": "metadata/annotations", "create": true}]}),
            4 => json!({"apiVersion": "builtin", "kind": "ImageTagTransformer",
                "metadata": metadata, "imageTag": image(random)}),
            _ => json!({"apiVersion": "builtin", "kind": "ReplicaCountTransformer",
                "metadata": metadata, "replica": {"name": random.word(NAMES), "count": 7},
                "fieldSpecs": [{"path": "spec/replicas", "create": true, "kind": "Deployment"}]}),
        };
        windlass_object::yaml::to_string(&value).into()
    }
}

/// Fields, and how often each is set in a hundred busy directories.
const FIELDS: &[(&str, usize)] = &[
    ("namePrefix", 25),
    ("nameSuffix", 15),
    ("namespace", 30),
    ("commonLabels", 15),
    ("labels", 20),
    ("commonAnnotations", 15),
    ("images", 25),
    ("replicas", 15),
    ("sortOptions", 12),
    ("buildMetadata", 10),
    ("configurations", 8),
    ("patches", 45),
    ("patchesStrategicMerge", 10),
    ("patchesJson6902", 10),
    ("replacements", 25),
    ("transformers", 10),
    ("vars", 8),
];

fn image(random: &mut Random) -> Value {
    let name = random.word(&[
        "nginx",
        "busybox",
        "reg.example.com:5000/team/app",
        "ghcr.io/org/tool",
        ".*",
    ]);
    let mut out = json!({"name": name});
    match random.below(6) {
        0 => out["newTag"] = "v9".into(),
        1 => out["digest"] = "sha256:cccc".into(),
        2 => out["newName"] = "other/name".into(),
        3 => {
            out["newName"] = "other:5000/name".into();
            out["newTag"] = "1.0".into();
        }
        4 => out["tagSuffix"] = "-slim".into(),
        _ => {
            out["newTag"] = "v9".into();
            out["digest"] = "sha256:cccc".into();
        }
    }
    out
}

fn configuration(random: &mut Random) -> Value {
    match random.below(4) {
        0 => json!({"nameReference": [{"kind": "ConfigMap", "fieldSpecs": [
            {"kind": "Thing", "path": "spec/configMapName"}]}]}),
        1 => {
            json!({"images": [{"kind": "Thing", "path": "spec/podTemplate/spec/containers/image"}]})
        }
        2 => json!({"commonLabels": [{"kind": "Thing", "path": "spec/labels", "create": true}],
            "commonAnnotations": [{"kind": "Thing", "path": "spec/notes", "create": true}]}),
        _ => json!({"namePrefix": [{"kind": "Thing", "path": "metadata/name"}],
            "replicas": [{"kind": "Thing", "path": "spec/number"}],
            "varReference": [{"kind": "Thing", "path": "spec/text"}]}),
    }
}

/// A field's path as replacements write it.
fn path(random: &mut Random, object: &Value) -> String {
    let mut pointers = patches::pointers(object);
    // An object's identity and its annotations as a whole hold kustomize's own notes.
    pointers.retain(|p| p.len() > 2 || p.first().is_some_and(|first| first == "spec"));
    if pointers.is_empty() {
        return "metadata.name".to_owned();
    }
    let chosen = random.pick(&pointers).clone();
    let (mut out, mut value) = (Vec::new(), object);
    for key in &chosen {
        let next = match value {
            Value::Array(list) => key.parse::<usize>().ok().and_then(|i| list.get(i)),
            map => map.get(key),
        };
        let Some(next) = next else { break };
        let name = next.get("name").and_then(Value::as_str).filter(|_| value.is_array());
        out.push(match name {
            Some(name) if random.percent(80) => format!("[name={name}]"),
            _ if value.is_array() && random.percent(30) => "*".to_owned(),
            _ => key.replace('.', "\\."),
        });
        value = next;
    }
    if random.percent(10) {
        out.push(random.word(&["added", "app", "0", "-"]).to_owned());
    }
    out.join(".")
}
