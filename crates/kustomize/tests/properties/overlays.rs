//! Random bases and overlays: every field of a kustomization.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::objects::{self, pairs, text};
use crate::patches;
use crate::plugins;
use crate::random::Random;
use crate::schemas;

/// A file's content.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Documents of YAML.
    Yaml(Vec<Value>),
    /// Documents of YAML as people write it, by a seed.
    Odd(Vec<Value>, u64),
    /// As it is.
    Text(String),
}

/// The files of a case, by path; `o` is what is built.
pub(crate) type Files = BTreeMap<String, Content>;

/// Makes the files of one case.
pub(crate) struct Maker<'r> {
    pub(crate) random: &'r mut Random,
    files: Files,
    /// All objects so far, for what refers to them.
    pub(crate) objects: Vec<Value>,
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
            let content = match self.random.percent(40) {
                true => Content::Odd(objects.clone(), self.random.seed()),
                false => Content::Yaml(objects.clone()),
            };
            self.put(&format!("{name}/r.yaml"), content);
        }
        self.objects.extend(objects);
        let mut kustomization = json!({"resources": resources});
        self.generators(name, busy, &mut kustomization);
        self.fields(name, busy, &mut kustomization);
        if self.random.percent(18) {
            let component = format!("{name}-component");
            self.component(&component, busy / 2);
            kustomization["components"] = json!([format!("../{component}")]);
            if self.random.percent(20) {
                let second = format!("{name}-second");
                self.component(&second, busy / 3);
                kustomization["components"] =
                    json!([format!("../{component}"), format!("../{second}")]);
            }
        }
        let content = match self.random.percent(20) {
            true => Content::Odd(vec![kustomization], self.random.seed()),
            false => Content::Yaml(vec![kustomization]),
        };
        let file = match self.random.below(12) {
            0 => "kustomization.yml",
            1 => "Kustomization",
            _ => "kustomization.yaml",
        };
        self.put(&format!("{name}/{file}"), content);
    }

    fn component(&mut self, name: &str, busy: usize) {
        let mut fields = json!({"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component",
            "commonAnnotations": {"component": name}});
        if self.random.percent(20) {
            let object = patches::renamed(objects::object(self.random));
            fields["resources"] = json!(["r.yaml"]);
            self.put(&format!("{name}/r.yaml"), Content::Yaml(vec![object.clone()]));
            self.objects.push(object);
        }
        self.generators(name, busy, &mut fields);
        self.fields(name, busy, &mut fields);
        if self.random.percent(10) && name.len() < 24 {
            let inner = format!("{name}-in");
            self.component(&inner, busy / 2);
            fields["components"] = json!([format!("../{inner}")]);
        }
        self.put(&format!("{name}/kustomization.yaml"), Content::Yaml(vec![fields]));
    }

    pub(crate) fn put(&mut self, path: &str, content: Content) {
        self.files.insert(path.to_owned(), content);
    }

    fn some_object(&mut self) -> Value {
        match self.objects.is_empty() {
            true => objects::object(self.random),
            false => self.random.pick(&self.objects).clone(),
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
                (0..count).map(|_| plugins::image(random)).collect()
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
                let content = Content::Yaml(vec![schemas::configuration(random)]);
                self.put(&format!("{at}/config.yaml"), content);
                json!(["config.yaml"])
            }
            "crds" => {
                let content = Content::Yaml(vec![schemas::definitions(random)]);
                self.put(&format!("{at}/crd.json"), content);
                json!(["crd.json"])
            }
            "openapi" => {
                let content = Content::Text(schemas::openapi(random).to_string());
                self.put(&format!("{at}/openapi.json"), content);
                json!({"path": "openapi.json"})
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
                let all: Value = (0..count).map(|_| self.replacement()).collect();
                if self.random.percent(80) {
                    return all;
                }
                self.put(&format!("{at}/replacement.yaml"), Content::Yaml(vec![all]));
                json!([{"path": "replacement.yaml"}])
            }
            "transformers" => {
                let object = self.some_object();
                let value = plugins::transformer(self.random, &object);
                self.plugin(at, "transformer.yaml", value)
            }
            "generators" => {
                let value = plugins::generator(self.random);
                self.plugin(at, "generator.yaml", value)
            }
            _ => {
                let object = self.some_object();
                let mut objref = json!({"apiVersion": object["apiVersion"], "kind": object["kind"],
                    "name": object["metadata"]["name"]});
                if let Some(namespace) = object["metadata"].get("namespace") {
                    objref["namespace"] = namespace.clone();
                }
                let mut var = json!({"name": "VAR", "objref": objref});
                if self.random.percent(20) {
                    let field = path(self.random, &object);
                    var["fieldref"] = json!({"fieldpath": field});
                }
                json!([var])
            }
        }
    }

    /// A plugin's configuration, in the kustomization or in a file.
    fn plugin(&mut self, at: &str, file: &str, value: Value) -> Value {
        if self.random.percent(50) {
            return json!([windlass_object::yaml::to_string(&value)]);
        }
        self.put(&format!("{at}/{file}"), Content::Yaml(vec![value]));
        json!([file])
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
                let (name, kind) = (self.random.percent(60), self.random.percent(60));
                // What was generated has another kind's hash then: of how kustomize holds it.
                let of = &entry["target"]["kind"];
                let is_hashed = of.is_null() || of == "ConfigMap" || of == "Secret";
                entry["options"] =
                    json!({"allowNameChange": name, "allowKindChange": kind && !is_hashed});
            }
            if self.random.percent(30) {
                let file = format!("patch{number}.yaml");
                let content = match self.random.percent(30) {
                    true => Content::Odd(patch, self.random.seed()),
                    false => Content::Yaml(patch),
                };
                self.put(&format!("{at}/{file}"), content);
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
            0 | 2 => target["options"] = json!({"create": true}),
            3 => {
                target["options"] =
                    json!({"delimiter": random.word(&["/", ":", "."]), "create": true});
            }
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
    ("vars", 10),
    ("crds", 5),
    ("openapi", 5),
    ("generators", 6),
];

/// A field's path as replacements write it.
fn path(random: &mut Random, object: &Value) -> String {
    let mut pointers = patches::pointers(object);
    // An object's identity is not to be lost.
    pointers.retain(|p| p.len() > 1 && !(p[0] == "metadata" && p[1].starts_with("name")));
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
