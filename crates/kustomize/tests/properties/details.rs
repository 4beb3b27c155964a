//! Random details of few fields at a time: all options of a field, and what is seldom written.

use serde_json::{Value, json};

use crate::kinds;
use crate::objects::{self, pairs, text};
use crate::overlays::{Content, Files};
use crate::patches;
use crate::plugins;
use crate::random::Random;

/// The parts of a case.
struct Case<'r> {
    random: &'r mut Random,
    files: Files,
    objects: Vec<Value>,
}

/// A base of few objects, and an overlay with one to three fields, perhaps one more above it.
pub(crate) fn case(random: &mut Random) -> Files {
    let count = 2 + random.below(3);
    let mut objects: Vec<Value> = Vec::new();
    for _ in 0..count {
        let object = match random.percent(60) {
            true => kinds::object(random),
            false => objects::object(random),
        };
        if !objects.iter().any(|o| is_same(o, &object)) {
            objects.push(object);
        }
    }
    let mut case = Case { random, files: Files::new(), objects };
    let mut base = json!({"resources": ["r.yaml"]});
    case.put("b/r.yaml", Content::Yaml(case.objects.clone()));
    if case.random.percent(40) {
        case.fields("b", 1, &mut base);
    }
    case.put("b/kustomization.yaml", Content::Yaml(vec![base]));
    let mut below = "../b";
    if case.random.percent(15) {
        let mut middle = json!({"resources": ["../b"]});
        case.fields("m", 1, &mut middle);
        case.put("m/kustomization.yaml", Content::Yaml(vec![middle]));
        below = "../m";
    }
    let mut overlay = match case.random.below(8) {
        0 => json!({"bases": [below]}),
        1 => json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "metadata": {"name": "o", "labels": {"a": "b"}}, "resources": [below]}),
        _ => json!({"resources": [below]}),
    };
    let count = 1 + case.random.below(3);
    case.fields("o", count, &mut overlay);
    case.put("o/kustomization.yaml", Content::Yaml(vec![overlay]));
    case.files
}

fn is_same(a: &Value, b: &Value) -> bool {
    a["kind"] == b["kind"] && a["metadata"]["name"] == b["metadata"]["name"]
}

impl Case<'_> {
    fn put(&mut self, path: &str, content: Content) {
        self.files.insert(path.to_owned(), content);
    }

    fn some(&mut self) -> Value {
        self.random.pick(&self.objects).clone()
    }

    fn fields(&mut self, at: &str, count: usize, out: &mut Value) {
        for _ in 0..count {
            let field = self.random.word(FIELDS);
            out[field] = self.field(at, field);
        }
    }

    fn field(&mut self, at: &str, field: &str) -> Value {
        let count = 1 + self.random.below(2);
        match field {
            "namePrefix" => self.random.word(&["p-", "", "x.", "1"]).into(),
            "nameSuffix" => self.random.word(&["-s", "-2", ".x"]).into(),
            "namespace" => self.random.word(&["one", "two", "default", "kube-system"]).into(),
            "labels" => (0..count).map(|_| label(self.random)).collect(),
            "commonLabels" | "commonAnnotations" => pairs(self.random),
            "images" | "imageTags" => (0..=count).map(|_| image(self.random)).collect(),
            "replicas" => {
                let name = self.some()["metadata"]["name"].clone();
                json!([{"name": name, "count": self.random.below(4)}])
            }
            "replacements" => (0..count).map(|_| self.replacement()).collect(),
            "vars" => self.vars(),
            "patches" => (0..count).map(|number| self.patch(at, number)).collect(),
            "patchesStrategicMerge" => self.strategic(at),
            "patchesJson6902" => self.json_patch(at),
            "configMapGenerator" | "secretGenerator" => {
                (0..count).map(|number| self.generator(at, field, number)).collect()
            }
            "generatorOptions" => options(self.random),
            "transformers" => self.transformers(at),
            "generators" => self.generators(at),
            "components" => {
                let name = format!("{at}-c");
                let mut component = json!({"apiVersion": "kustomize.config.k8s.io/v1alpha1",
                    "kind": "Component"});
                if at.len() < 6 {
                    self.fields(&name, count, &mut component);
                }
                self.put(&format!("{name}/kustomization.yaml"), Content::Yaml(vec![component]));
                json!([format!("../{name}")])
            }
            "buildMetadata" => {
                let all = ["originAnnotations", "transformerAnnotations", "managedByLabel"];
                (0..count).map(|_| Value::from(self.random.word(&all))).collect()
            }
            "configurations" => {
                let content = Content::Yaml(vec![configuration(self.random)]);
                self.put(&format!("{at}/c.yaml"), content);
                json!(["c.yaml"])
            }
            "openapi" => json!({"version": "v1.21.2"}),
            _ => match self.random.below(3) {
                0 => json!({"order": "fifo"}),
                1 => json!({"order": "legacy", "legacySortOptions": {
                    "orderFirst": ["Deployment"], "orderLast": ["ConfigMap", "Service"]}}),
                _ => json!({"order": "legacy"}),
            },
        }
    }

    fn source(&mut self) -> (Value, Value) {
        let object = self.some();
        let mut source = json!({"kind": object["kind"], "name": object["metadata"]["name"]});
        if self.random.percent(15) {
            source.as_object_mut().into_iter().for_each(|s| drop(s.remove("kind")));
        }
        if self.random.percent(10) {
            source["namespace"] = self.random.word(&["one", "default"]).into();
        }
        if self.random.percent(10) {
            source["version"] = "v1".into();
        }
        (source, object)
    }

    fn replacement(&mut self) -> Value {
        let (mut source, from) = self.source();
        let to = self.some();
        let random = &mut *self.random;
        if random.percent(85) {
            source["fieldPath"] = scalar_path(random, &from).into();
        }
        if random.percent(30) {
            source["options"] = field_options(random, false);
        }
        let mut select = json!({"kind": to["kind"]});
        match random.below(8) {
            0 => select["name"] = to["metadata"]["name"].clone(),
            1 => select = json!({"name": to["metadata"]["name"]}),
            2 => select["labelSelector"] = "app".into(),
            3 => select["namespace"] = random.word(&["one", "default", "two"]).into(),
            4 => select = json!({"group": "apps"}),
            _ => {}
        }
        let count = 1 + random.below(2);
        let mut paths = Vec::new();
        for _ in 0..count {
            paths.push(match random.below(10) {
                0 => "spec.template.spec.containers.*.image".to_owned(),
                1 => "metadata.annotations.[example.com/part]".to_owned(),
                2 => "metadata.annotations.example\\.com/part".to_owned(),
                3 => "spec.template.spec.containers.[name=main].env.[name=A].value".to_owned(),
                4 => "spec.added.deep".to_owned(),
                _ => scalar_path(random, &to),
            });
        }
        let mut target = json!({"select": select, "fieldPaths": paths});
        if random.percent(45) {
            target["options"] = field_options(random, true);
        }
        if random.percent(15) {
            target["reject"] = json!([{"name": from["metadata"]["name"]}]);
        }
        let mut targets = vec![target];
        if random.percent(15) {
            targets.push(json!({"select": {"kind": from["kind"]},
                "fieldPaths": ["metadata.labels.copied"], "options": {"create": true}}));
        }
        match random.percent(10) {
            true => json!({"sourceValue": text(random), "targets": targets}),
            false => json!({"source": source, "targets": targets}),
        }
    }

    fn vars(&mut self) -> Value {
        let names = ["VAR", "OTHER", "A_B", "x.y"];
        let count = 1 + self.random.below(3);
        let mut vars = Vec::new();
        for name in names.iter().take(count) {
            let (mut objref, object) = self.source();
            objref["apiVersion"] = object["apiVersion"].clone();
            let mut var = json!({"name": name, "objref": objref});
            if self.random.percent(50) {
                let path = scalar_path(self.random, &object);
                let path = path.replace(".[name=main]", "[0]").replace(".0", "[0]");
                var["fieldref"] = match self.random.percent(80) {
                    true => json!({"fieldPath": path}),
                    false => json!({"fieldpath": path}),
                };
            }
            vars.push(var);
        }
        vars.into()
    }

    fn patch(&mut self, at: &str, number: usize) -> Value {
        let object = self.some();
        let mut entry = json!({});
        let mut texts = Vec::new();
        let is_json = self.random.percent(30);
        if is_json {
            texts
                .push(windlass_object::yaml::to_string(&patches::operations(self.random, &object)));
        } else {
            let several = self.random.percent(25);
            for _ in 0..=usize::from(several) {
                let other = self.some();
                let of = if texts.is_empty() { &object } else { &other };
                let mut patch = patches::strategic(self.random, of, false);
                match self.random.below(12) {
                    0 => {
                        patch = json!({"apiVersion": of["apiVersion"], "kind": of["kind"],
                        "metadata": {"name": of["metadata"]["name"]}, "$patch": "delete"});
                    }
                    1 => {
                        patch["spec"] = json!({"template": {"spec": {"$retainKeys":
                        ["containers"], "$setElementOrder/containers": [{"name": "side"},
                        {"name": "main"}]}}});
                    }
                    2 => patch["metadata"]["$deleteFromPrimitiveList/finalizers"] = json!(["a"]),
                    3 => patch["metadata"]["finalizers"] = json!(["a", "b"]),
                    _ => {}
                }
                texts.push(windlass_object::yaml::to_string(&patch));
            }
        }
        if is_json || self.random.percent(35) {
            let mut target = patches::selector(self.random, &object);
            if self.random.percent(10) {
                target = json!({"annotationSelector": "note", "kind": object["kind"]});
            }
            entry["target"] = target;
        }
        if self.random.percent(20) {
            entry["options"] = json!({"allowNameChange": true});
        }
        let whole = texts.join("---\n");
        if self.random.percent(40) {
            let file = format!("p{number}.yaml");
            self.put(&format!("{at}/{file}"), Content::Text(whole));
            entry["path"] = file.into();
        } else {
            entry["patch"] = whole.into();
        }
        entry
    }

    fn strategic(&mut self, at: &str) -> Value {
        let (one, two) = (self.some(), self.some());
        let first = patches::strategic(self.random, &one, false);
        let second = patches::strategic(self.random, &two, false);
        if self.random.percent(50) {
            self.put(&format!("{at}/s.yaml"), Content::Yaml(vec![first, second]));
            return json!(["s.yaml"]);
        }
        json!([windlass_object::yaml::to_string(&first), windlass_object::yaml::to_string(&second)])
    }

    fn json_patch(&mut self, at: &str) -> Value {
        let object = self.some();
        let operations = patches::operations(self.random, &object);
        let (group, version) = object["apiVersion"]
            .as_str()
            .map(|v| v.split_once('/').unwrap_or(("", v)))
            .unwrap_or_default();
        let mut target = json!({"version": version, "kind": object["kind"],
            "name": object["metadata"]["name"]});
        if !group.is_empty() {
            target["group"] = group.into();
        }
        if let Some(namespace) = object["metadata"].get("namespace") {
            target["namespace"] = namespace.clone();
        }
        if self.random.percent(50) {
            return json!([{"target": target, "patch": operations.to_string()}]);
        }
        self.put(&format!("{at}/j.json"), Content::Text(operations.to_string()));
        json!([{"target": target, "path": "j.json"}])
    }

    fn generator(&mut self, at: &str, field: &str, number: usize) -> Value {
        let kind = if field == "configMapGenerator" { "ConfigMap" } else { "Secret" };
        let found = self.objects.iter().find(|o| o["kind"] == kind);
        let found = found.map(|o| o["metadata"].clone());
        let mut args = json!({"name": format!("made{number}")});
        if let Some(metadata) = found.filter(|_| self.random.percent(50)) {
            args["name"] = metadata["name"].clone();
            if let Some(namespace) = metadata.get("namespace") {
                args["namespace"] = namespace.clone();
            }
            args["behavior"] = self.random.word(&["merge", "replace"]).into();
        } else {
            let meta = json!({"name": args["name"]});
            if at == "b" {
                self.objects.push(json!({"apiVersion": "v1", "kind": kind, "metadata": meta}));
            }
        }
        let random = &mut *self.random;
        let value = text(random);
        let line = value.as_str().unwrap_or_default().to_owned();
        match random.below(6) {
            0 => args["literals"] = json!([format!("k={line}"), "e=", "'q'='x'"]),
            1 => {
                args["files"] = json!(["f.txt", "other.key=f.txt"]);
                self.put(&format!("{at}/f.txt"), Content::Text(line));
            }
            2 => {
                args["envs"] = json!(["f.env"]);
                let lines = format!("A={}\n#x\nB=\"two\"\n", line.replace('\n', " "));
                self.put(&format!("{at}/f.env"), Content::Text(lines));
            }
            3 => {
                args["files"] = json!(["d/one.json"]);
                args["literals"] = json!(["k=v"]);
                self.put(&format!("{at}/d/one.json"), Content::Text("{\"a\": 1}".to_owned()));
            }
            _ => args["literals"] = json!([format!("k={line}")]),
        }
        if self.random.percent(35) {
            args["options"] = options(self.random);
        }
        if kind == "Secret" && self.random.percent(40) {
            args["type"] = self.random.word(&["Opaque", "kubernetes.io/tls", "x/y"]).into();
        }
        args
    }

    fn transformers(&mut self, at: &str) -> Value {
        let (one, two) = (self.some(), self.some());
        let first = plugins::transformer(self.random, &one);
        let mut second = plugins::transformer(self.random, &two);
        second["metadata"]["name"] = "second".into();
        match self.random.below(4) {
            0 => json!([windlass_object::yaml::to_string(&first)]),
            1 => {
                self.put(&format!("{at}/t.yaml"), Content::Yaml(vec![first, second]));
                json!(["t.yaml"])
            }
            2 => {
                self.put(&format!("{at}/t/t.yaml"), Content::Yaml(vec![first, second]));
                let inner = json!({"resources": ["t.yaml"]});
                self.put(&format!("{at}/t/kustomization.yaml"), Content::Yaml(vec![inner]));
                json!(["t"])
            }
            _ => {
                self.put(&format!("{at}/t1.yaml"), Content::Yaml(vec![first]));
                self.put(&format!("{at}/t2.yaml"), Content::Yaml(vec![second]));
                json!(["t1.yaml", "t2.yaml"])
            }
        }
    }

    fn generators(&mut self, at: &str) -> Value {
        let mut value = plugins::generator(self.random);
        match self.random.below(4) {
            0 => value["options"] = options(self.random),
            1 => {
                value["files"] = json!(["g.txt"]);
                self.put(&format!("{at}/g.txt"), Content::Text("text\n".to_owned()));
            }
            2 => {
                value["envs"] = json!(["g.env"]);
                self.put(&format!("{at}/g.env"), Content::Text("A=b\n".to_owned()));
            }
            _ => {}
        }
        if self.random.percent(50) {
            return json!([windlass_object::yaml::to_string(&value)]);
        }
        self.put(&format!("{at}/g.yaml"), Content::Yaml(vec![value]));
        json!(["g.yaml"])
    }
}

const FIELDS: &[&str] = &[
    "namePrefix",
    "nameSuffix",
    "namespace",
    "namespace",
    "labels",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "images",
    "imageTags",
    "replicas",
    "replacements",
    "replacements",
    "replacements",
    "vars",
    "patches",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "configMapGenerator",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "transformers",
    "transformers",
    "generators",
    "components",
    "buildMetadata",
    "configurations",
    "openapi",
    "sortOptions",
];

/// An option of a field of a replacement.
fn field_options(random: &mut Random, is_target: bool) -> Value {
    let mut out = json!({});
    if random.percent(60) {
        out["delimiter"] = random.word(&["/", ":", ".", "-", "", "ab"]).into();
    }
    if random.percent(60) {
        let index = ["-1", "0", "1", "2", "7"];
        out["index"] = random.word(&index).parse::<i64>().unwrap_or_default().into();
    }
    if is_target && random.percent(60) {
        out["create"] = random.percent(80).into();
    }
    if random.percent(4) {
        out["encoding"] = "base64".into();
    }
    out
}

/// A path to a scalar, or to what holds some.
fn scalar_path(random: &mut Random, object: &Value) -> String {
    let mut pointers = patches::pointers(object);
    pointers.retain(|p| p.len() > 1 && !(p[0] == "metadata" && p[1].starts_with("name")));
    if random.percent(80) {
        pointers.retain(|p| {
            let at: String = p.iter().map(|k| format!("/{}", k.replace('/', "~1"))).collect();
            object.pointer(&at).is_some_and(|v| !v.is_object() && !v.is_array())
        });
    }
    if pointers.is_empty() {
        return "metadata.name".to_owned();
    }
    let chosen = random.pick(&pointers);
    chosen.iter().map(|key| key.replace('.', "\\.")).collect::<Vec<_>>().join(".")
}

fn label(random: &mut Random) -> Value {
    let mut label = json!({"pairs": pairs(random)});
    if random.percent(30) {
        label["includeSelectors"] = random.percent(80).into();
    }
    if random.percent(30) {
        label["includeTemplates"] = random.percent(80).into();
    }
    if random.percent(15) {
        label["includeVolumeClaimTemplates"] = true.into();
    }
    if random.percent(35) {
        let mut field = json!({"path": random.word(&["spec/labels", "spec/template/metadata/labels",
            "spec/list[]/labels", "spec/selector/matchLabels", "metadata/annotations",
            "spec/jobTemplate/spec/template/metadata/labels", "spec/deep/er/labels",
            "spec/template/spec/containers[]/env"])});
        if random.percent(60) {
            field["create"] = random.percent(70).into();
        }
        match random.below(5) {
            0 => field["kind"] = random.word(&["Deployment", "Thing", "CronJob"]).into(),
            1 => field["group"] = random.word(&["apps", "example.com"]).into(),
            2 => field["version"] = "v1".into(),
            _ => {}
        }
        label["fields"] = json!([field]);
    }
    label
}

fn image(random: &mut Random) -> Value {
    let mut out = plugins::image(random);
    match random.below(8) {
        0 => {
            out["name"] =
                random.word(&["nginx:1.25", "busybox", "^ng.*$", "example.com", "app"]).into();
        }
        1 => out["newTag"] = random.word(&["1.0", "08", "null", "v1+x"]).into(),
        2 => out["digest"] = "sha256:eeee".into(),
        3 => out["newName"] = "r.example.com:5000/x/y".into(),
        4 => out["tagSuffix"] = "-alpine".into(),
        _ => {}
    }
    out
}

/// Options of generators.
fn options(random: &mut Random) -> Value {
    let mut out = json!({});
    if random.percent(50) {
        out["disableNameSuffixHash"] = random.percent(70).into();
    }
    if random.percent(40) {
        out["labels"] = pairs(random);
    }
    if random.percent(40) {
        out["annotations"] = pairs(random);
    }
    if random.percent(30) {
        out["immutable"] = random.percent(70).into();
    }
    out
}

/// A file of `configurations`, several of its fields.
fn configuration(random: &mut Random) -> Value {
    let mut out = json!({});
    let kind = random.word(&["Thing", "Deployment", "ConfigMap", "Widget"]);
    let count = 1 + random.below(3);
    for _ in 0..count {
        let field = random.word(&[
            "namePrefix",
            "nameSuffix",
            "namespace",
            "commonLabels",
            "templateLabels",
            "commonAnnotations",
            "varReference",
            "images",
            "replicas",
            "labels",
        ]);
        let path = match field {
            "namePrefix" | "nameSuffix" => random.word(&["metadata/name", "spec/text"]),
            "namespace" => {
                random.word(&["spec/flagged/namespace", "subjects", "metadata/namespace"])
            }
            "images" => random.word(&["spec/podTemplate/spec/containers[]/image", "spec/image"]),
            "replicas" => random.word(&["spec/number", "spec/size"]),
            "varReference" => random.word(&["spec/text", "spec/list/v", "data", "metadata/labels"]),
            _ => random.word(&["spec/labels", "spec/template/metadata/labels", "metadata/labels"]),
        };
        let mut spec = json!({"path": path, "create": random.percent(50)});
        if random.percent(70) {
            spec["kind"] = kind.into();
        }
        out[field] = json!([spec]);
    }
    if random.percent(40) {
        out["nameReference"] = json!([{"kind": random.word(&["ConfigMap", "Secret", "Thing", "Widget"]),
            "fieldSpecs": [{"path": random.word(&["spec/text", "spec/ref/name", "data/k",
                "metadata/annotations/note", "spec/list[]/name", "spec/ref"]), "kind": kind}]}]);
    }
    out
}
