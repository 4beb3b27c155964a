//! The applications: their sources, by every option of every kind of source.

use serde_json::{Value, json};

/// Name and sources; one source that is not in a list is `spec.source`.
pub(crate) type Case = (String, Value);

/// All of them. `REPO` and `VALUES` stand for the repositories' addresses.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    number(&mut cases, "helm", helm().into_iter().map(|helm| source("web", "helm", helm)));
    number(&mut cases, "strict", strict().into_iter().map(|helm| source("strict", "helm", helm)));
    for path in ["base", "overlay"] {
        // Each in a copy of its own: Argo CD 3.2.6 edits kustomizations in one directory for all.
        let copies = kustomize().into_iter().enumerate();
        let options = copies.map(|(i, options)| {
            source(&format!("copies/{path}-{i:02}/{path}"), "kustomize", options)
        });
        number(&mut cases, path, options);
    }
    number(&mut cases, "plain", plain().into_iter().map(|d| source("plain", "directory", d)));
    let jsonnet = sonnet()
        .into_iter()
        .map(|jsonnet| source("sonnet", "directory", json!({"jsonnet": jsonnet})));
    number(&mut cases, "sonnet", jsonnet);
    number(&mut cases, "several", several().into_iter());
    cases
}

fn number(cases: &mut Vec<Case>, name: &str, sources: impl Iterator<Item = Value>) {
    cases.extend(sources.enumerate().map(|(i, source)| (format!("{name}-{i:02}"), source)));
}

fn source(path: &str, kind: &str, options: Value) -> Value {
    let mut source = json!({"repoURL": "REPO", "path": path, "targetRevision": "HEAD"});
    if !options.is_null() {
        source[kind] = options;
    }
    source
}

fn helm() -> Vec<Value> {
    let one = |name: &str, value: &str| json!({"parameters": [{"name": name, "value": value}]});
    let text = |name: &str, value: &str| json!({"parameters": [{"name": name, "value": value, "forceString": true}]});
    let files = |files: Value| json!({"valueFiles": files});
    vec![
        json!(null),
        json!({}),
        json!({"releaseName": "other"}),
        json!({"namespace": "elsewhere"}),
        json!({"version": "v3"}),
        json!({"skipCrds": true}),
        json!({"skipTests": true}),
        json!({"skipCrds": true, "skipTests": true, "skipSchemaValidation": true}),
        json!({"kubeVersion": "1.25.0"}),
        json!({"kubeVersion": "v1.30.2"}),
        json!({"apiVersions": ["acme.test/v1"]}),
        json!({"apiVersions": ["acme.test/v1/Thing"], "kubeVersion": "1.29.1"}),
        one("replicas", "4"),
        one("number", "010"),
        one("number", "1e3"),
        one("number", "true"),
        one("number", "null"),
        one("number", "12345678901234567890"),
        one("number", "1.50"),
        one("number", ""),
        one("text", "with space"),
        one("text", "a,b"),
        one("text", "a\\,b"),
        one("text", "a=b"),
        one("text", "{a,b}"),
        one("text", "$ARGOCD_APP_NAME"),
        one("text", "${ARGOCD_APP_NAMESPACE}-$ARGOCD_APP_PROJECT_NAME"),
        one("text", "$ARGOCD_APP_SOURCE_PATH $ARGOCD_APP_SOURCE_TARGET_REVISION"),
        one("text", "$UNKNOWN$$x"),
        one("list", "{p,q,r}"),
        one("list[0]", "first"),
        one("list[3]", "fourth"),
        one("config.a", "dotted"),
        one("config.a\\.b", "escaped"),
        one("image.tag", "2.0"),
        one("cache.enabled", "true"),
        one("extra", "{}"),
        text("number", "010"),
        text("number", "true"),
        text("number", "1.50"),
        text("image.tag", "2.0"),
        text("text", "null"),
        json!({"parameters": [{"name": "text", "value": "one"}, {"name": "text", "value": "two"}]}),
        json!({"parameters": [
            {"name": "env[0].name", "value": "A"}, {"name": "env[0].value", "value": "1", "forceString": true},
        ]}),
        json!({"parameters": [{"name": "global.region", "value": "south"}, {"name": "cache.enabled", "value": "true"}]}),
        json!({"parameters": [{"name": "cache.enabled", "value": "true"}, {"name": "cache.size", "value": "big"}]}),
        json!({"parameters": [{"name": "second.enabled", "value": "true"}, {"name": "second.port", "value": "7"}]}),
        json!({"values": "replicas: 7\nconfig:\n  a: inline\n"}),
        json!({"values": ""}),
        json!({"values": "text: $ARGOCD_APP_NAME\n"}),
        json!({"valuesObject": {"replicas": 8, "config": {"z": "object"}, "number": 1.0}}),
        json!({"valuesObject": {"number": 1_000_000}, "values": "number: 5\n"}),
        json!({"valuesObject": {"number": 1e21, "extra": {"deep": {"list": [1, "2", null]}}}}),
        json!({"valuesObject": {"list": null, "config": null}}),
        json!({"valuesObject": {"labels": {"a/b": "c"}, "env": [{"name": "X", "value": "y"}]}}),
        json!({"values": "list:\n- 1\n- 0o10\n- yes\n- ~\n- 2020-01-01\n"}),
        files(json!(["values-prod.yaml"])),
        files(json!(["values-prod.yaml", "values-null.yaml"])),
        files(json!(["values-null.yaml"])),
        files(json!(["./envs/a.yaml", "envs/b.yaml"])),
        files(json!(["envs/b.yaml", "envs/a.yaml"])),
        files(json!(["/web/values-prod.yaml"])),
        files(json!(["../web/values-prod.yaml"])),
        files(json!(["../../outside.yaml"])),
        files(json!(["none.yaml"])),
        json!({"valueFiles": ["none.yaml", "values-prod.yaml"], "ignoreMissingValueFiles": true}),
        json!({"valueFiles": ["values-$UNKNOWN.yaml"], "ignoreMissingValueFiles": true}),
        json!({"valueFiles": ["values-prod.yaml"], "values": "replicas: 9\n",
            "parameters": [{"name": "replicas", "value": "10"}]}),
        json!({"valueFiles": ["values-prod.yaml"], "valuesObject": {"replicas": 9, "global": {"region": "east"}}}),
        json!({"fileParameters": [{"name": "text", "path": "files/note.txt"}]}),
        json!({"fileParameters": [{"name": "config.note", "path": "/web/files/note.txt"}]}),
        json!({"fileParameters": [{"name": "text", "path": "files/none.txt"}]}),
        json!({"values": "replicas: [\n"}),
        json!({"values": "- a list\n"}),
        one("list[x]", "bad"),
        one("config", "null"),
        one("config.a", "null"),
        one("extra.deep.er", "1"),
        one("text", " "),
        one("text", "\"quoted\""),
        one("labels.a\\.b/c", "x"),
        text("replicas", "2"),
        json!({"releaseName": "r", "namespace": "n", "parameters": [{"name": "text", "value": "all"}]}),
        json!({"values": "# only a comment\n"}),
        json!({"valuesObject": {}}),
        json!({"parameters": [{"name": "", "value": "x"}]}),
    ]
}

fn strict() -> Vec<Value> {
    let must = json!({"name": "must", "value": "said"});
    vec![
        json!(null),
        json!({"parameters": [must]}),
        json!({"parameters": [must, {"name": "port", "value": "2000"}]}),
        json!({"parameters": [must, {"name": "port", "value": "x"}]}),
        json!({"parameters": [must, {"name": "port", "value": "x"}], "skipSchemaValidation": true}),
        json!({"parameters": [must], "kubeVersion": "1.10.0"}),
        json!({"values": "must: \"\"\n"}),
    ]
}

fn kustomize() -> Vec<Value> {
    let images = |images: Value| json!({"images": images});
    vec![
        json!(null),
        json!({}),
        json!({"namePrefix": "pre-"}),
        json!({"nameSuffix": "-suf"}),
        json!({"namePrefix": "pre-", "nameSuffix": "-suf", "namespace": "elsewhere"}),
        json!({"namespace": "elsewhere"}),
        images(json!(["registry.example/api:2.0"])),
        images(json!(["registry.example/api=mirror.example/api:3"])),
        images(json!([
            "other.example/side@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ])),
        images(json!(["registry.example/api:2", "other.example/side=x/y:1"])),
        images(json!(["none:1"])),
        json!({"commonLabels": {"team": "a"}}),
        json!({"commonLabels": {"team": "a"}, "labelWithoutSelector": true}),
        json!({"commonLabels": {"team": "a"}, "labelWithoutSelector": true, "labelIncludeTemplates": true}),
        json!({"commonLabels": {"app": "forced"}, "forceCommonLabels": true}),
        json!({"commonLabels": {"name": "$ARGOCD_APP_NAME"}}),
        json!({"commonAnnotations": {"who": "b"}}),
        json!({"commonAnnotations": {"name": "$ARGOCD_APP_NAME-${ARGOCD_APP_PROJECT_NAME}"}, "commonAnnotationsEnvsubst": true}),
        json!({"commonAnnotations": {"name": "$ARGOCD_APP_NAME"}}),
        json!({"commonAnnotations": {"who": "b"}, "forceCommonAnnotations": true}),
        json!({"replicas": [{"name": "api", "count": 5}]}),
        json!({"replicas": [{"name": "api", "count": "6"}]}),
        json!({"replicas": [{"name": "none", "count": 5}]}),
        json!({"patches": [{"patch": "- {op: replace, path: /spec/replicas, value: 9}\n", "target": {"kind": "Deployment"}}]}),
        json!({"patches": [{"patch": "apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {type: NodePort}\n"}]}),
        json!({"patches": [{"path": "../base/none.yaml", "target": {"kind": "Deployment"}}]}),
        json!({"components": ["../parts/debug"]}),
        json!({"components": ["../parts/none"]}),
        json!({"components": ["../parts/none"], "ignoreMissingComponents": true}),
        json!({"namePrefix": "p-", "commonLabels": {"l": "1"}, "commonAnnotations": {"a": "2"}, "images": ["registry.example/api:9"], "replicas": [{"name": "api", "count": 3}]}),
        json!({"kubeVersion": "1.30.0", "apiVersions": ["acme.test/v1"]}),
    ]
}

fn plain() -> Vec<Value> {
    vec![
        json!(null),
        json!({"recurse": true}),
        json!({"recurse": true, "include": "*.json"}),
        json!({"recurse": true, "exclude": "sub/*"}),
        json!({"include": "{a,ns}.yaml"}),
        json!({"jsonnet": {}}),
    ]
}

fn sonnet() -> Vec<Value> {
    let ext = json!({"name": "ext", "value": "outside"});
    let lib = json!(["jlib"]);
    vec![
        json!({"extVars": [ext], "libs": lib}),
        json!({"extVars": [ext], "libs": ["./jlib"]}),
        json!({"extVars": [ext], "libs": ["../jlib"]}),
        json!({"extVars": [ext]}),
        json!({"libs": lib}),
        json!({"extVars": [{"name": "ext", "value": "'co' + 'de'", "code": true}], "libs": lib}),
        json!({"extVars": [{"name": "ext", "value": "$ARGOCD_APP_NAME"}], "libs": lib}),
        json!({"extVars": [ext], "libs": lib, "tlas": [{"name": "env", "value": "prod"}]}),
        json!({"extVars": [ext], "libs": lib, "tlas": [{"name": "count", "value": "3", "code": true}, {"name": "names", "value": "['p', 'q']", "code": true}]}),
        json!({"extVars": [ext], "libs": lib, "tlas": [{"name": "none", "value": "x"}]}),
        json!({"extVars": [ext, {"name": "more", "value": "x"}], "libs": lib}),
        json!({"extVars": [ext], "libs": ["none", "jlib"]}),
        json!({"extVars": [ext], "libs": lib, "tlas": [{"name": "count", "value": "error 'no'", "code": true}]}),
    ]
}

fn several() -> Vec<Value> {
    let web = |helm: Value| source("web", "helm", helm);
    let values = json!({"repoURL": "VALUES", "targetRevision": "HEAD", "ref": "values"});
    let plain = source("plain", "directory", json!(null));
    let base = source("base", "kustomize", json!({"namePrefix": "k-"}));
    let extra = json!({"repoURL": "VALUES", "path": "extra", "targetRevision": "HEAD"});
    let mut both = extra.clone();
    both["ref"] = json!("values");
    let from = |files: Value| web(json!({"valueFiles": files}));
    vec![
        json!([plain]),
        json!([plain, base]),
        json!([base, plain]),
        json!([plain, extra]),
        json!([extra, plain]),
        json!([web(json!(null)), values]),
        json!([from(json!(["$values/prod/web.yaml"])), values]),
        json!([values, from(json!(["$values/prod/web.yaml"]))]),
        json!([from(json!(["$values/prod/web.yaml", "values-prod.yaml"])), values]),
        json!([
            from(json!(["values-prod.yaml", "$values/prod/web.yaml", "$values/prod/more.yaml"])),
            values
        ]),
        json!([from(json!(["$values/prod/none.yaml"])), values]),
        json!([
            web(
                json!({"valueFiles": ["$values/prod/none.yaml", "$values/prod/more.yaml"], "ignoreMissingValueFiles": true})
            ),
            values
        ]),
        json!([from(json!(["$values/../outside.yaml"])), values]),
        json!([from(json!(["$other/prod/web.yaml"])), values]),
        json!([from(json!(["$values/prod/web.yaml"])), plain]),
        json!([from(json!(["$values/prod/web.yaml"])), both]),
        json!([
            web(json!({"fileParameters": [{"name": "text", "path": "$values/files/note.txt"}]})),
            values
        ]),
        json!([
            web(json!({"fileParameters": [{"name": "text", "path": "$values/files/none.txt"}]})),
            values
        ]),
        json!([
            web(json!({"releaseName": "one"})),
            web(
                json!({"releaseName": "two", "parameters": [{"name": "text", "value": "$ARGOCD_APP_NAME"}]})
            )
        ]),
        json!([
            web(json!({"parameters": [{"name": "text", "value": "$ARGOCD_APP_SOURCE_REPO_URL"}]})),
            plain
        ]),
        json!([plain, base, extra, web(json!(null))]),
        json!([plain, values]),
        json!([values, plain, {"repoURL": "REPO", "targetRevision": "HEAD", "ref": "again"}]),
        json!([from(json!(["$again/web/values-prod.yaml"])), {"repoURL": "REPO", "targetRevision": "HEAD", "ref": "again"}]),
        json!([values, {"repoURL": "REPO", "targetRevision": "HEAD", "ref": "values", "path": "plain"}]),
        json!([plain, source("none", "directory", json!(null))]),
    ]
}

#[test]
fn there_are_two_hundred() {
    assert!(all().len() >= 200, "{}", all().len());
}
