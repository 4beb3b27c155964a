//! Paths of OpenAPI documents: what can be done with each resource, and with which parameters.
//!
//! Clients look here for what the server supports: `kubectl` asks whether a PATCH takes `fieldValidation`, and which
//! kinds of patches a resource takes.

use serde_json::{Map, Value, json};

use crate::catalog::{ResourceType, Verb};

const SCHEMAS: &str = "#/components/schemas/";
const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

const JSON: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/// The paths of a resource in the form of OpenAPI 3. `definition` is the name of its schema.
pub(super) fn v3(resource: &ResourceType, definition: &str) -> Map<String, Value> {
    let mut paths = Map::new();
    let root = if resource.group.is_empty() {
        format!("/api/{}", resource.version)
    } else {
        format!("/apis/{}/{}", resource.group, resource.version)
    };
    let scoped = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{root}{scoped}/{}", resource.plural);
    let shape = Shape { resource, definition };
    let mut put = |path: String, verbs: &[Verb], subresource: &str| {
        let mut item = Map::new();
        for verb in verbs {
            let allowed = if subresource.is_empty() {
                resource.verbs
            } else {
                resource.subresource(subresource).map(|s| s.verbs).unwrap_or_default()
            };
            if allowed.contains(*verb) {
                let method = match verb {
                    Verb::Create => "post",
                    Verb::Delete | Verb::DeleteCollection => "delete",
                    Verb::Patch => "patch",
                    Verb::Update => "put",
                    _ => "get",
                };
                let everywhere = resource.namespaced && !path.contains("{namespace}");
                let operation = shape.operation(*verb, subresource, everywhere);
                item.insert(method.to_owned(), operation);
            }
        }
        if !item.is_empty() {
            item.insert("parameters".to_owned(), path_parameters(&path));
            paths.insert(path, Value::Object(item));
        }
    };
    put(collection.clone(), &[Verb::List, Verb::Create, Verb::DeleteCollection], "");
    if resource.namespaced {
        let path = format!("{root}/{}", resource.plural);
        put(path, &[Verb::List], "");
    }
    let one = format!("{collection}/{{name}}");
    put(one.clone(), &[Verb::Get, Verb::Update, Verb::Delete, Verb::Patch], "");
    for subresource in &resource.subresources {
        // Connections to something that runs are not described.
        let object = subresource.kind == resource.kind && subresource.name != "log";
        if object || subresource.name == "scale" {
            let path = format!("{one}/{}", subresource.name);
            let verbs = [Verb::Get, Verb::Create, Verb::Update, Verb::Patch];
            put(path, &verbs, &subresource.name);
        }
    }
    paths
}

struct Shape<'a> {
    resource: &'a ResourceType,
    definition: &'a str,
}

impl Shape<'_> {
    /// `everywhere` tells whether the path spans all namespaces.
    fn operation(&self, verb: Verb, subresource: &str, everywhere: bool) -> Value {
        let kind = &self.resource.kind;
        let (group, version) = (&self.resource.group, &self.resource.version);
        let scale = subresource == "scale";
        let gvk = if scale {
            json!({"group": "autoscaling", "version": "v1", "kind": "Scale"})
        } else {
            json!({"group": group, "version": version, "kind": kind})
        };
        let definition = if scale { "io.k8s.api.autoscaling.v1.Scale" } else { self.definition };
        let answer = match verb {
            Verb::List => format!("{SCHEMAS}{definition}List"),
            Verb::Delete | Verb::DeleteCollection => format!("{SCHEMAS}{META}.Status"),
            _ => format!("{SCHEMAS}{definition}"),
        };
        let action = match verb {
            Verb::Create => "post",
            Verb::DeleteCollection => "deletecollection",
            Verb::Update => "put",
            other => other.name(),
        };
        let mut operation = json!({
            "tags": [tag(group, version)],
            "operationId": self.operation_id(verb, subresource, everywhere),
            "description": self.description(verb, subresource),
            "parameters": query_parameters(verb),
            "responses": {
                "200": {
                    "description": "OK",
                    "content": content(&self.types(&JSON), &answer),
                },
                "401": {"description": "Unauthorized"},
            },
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk,
        });
        let body = match verb {
            Verb::Create | Verb::Update => {
                Some((self.types(&JSON), format!("{SCHEMAS}{definition}"), true))
            }
            Verb::Patch => Some((self.patch_types(), format!("{SCHEMAS}{META}.Patch"), true)),
            Verb::Delete | Verb::DeleteCollection => {
                Some((self.types(&JSON), format!("{SCHEMAS}{META}.DeleteOptions"), false))
            }
            _ => None,
        };
        if let Some((types, schema, required)) = body {
            let mut body = json!({"content": content(&types, &schema)});
            if required {
                body["required"] = json!(true);
            }
            operation["requestBody"] = body;
        }
        operation
    }

    /// Custom resources have no protobuf.
    fn types<'t>(&self, types: &'t [&'t str]) -> Vec<&'t str> {
        let custom = self.resource.custom().is_some();
        types.iter().copied().filter(|kind| !custom || !kind.contains("protobuf")).collect()
    }

    fn patch_types(&self) -> Vec<&'static str> {
        let mut types = vec![
            "application/apply-patch+yaml",
            "application/json-patch+json",
            "application/merge-patch+json",
        ];
        if self.resource.custom().is_none() {
            types.push("application/strategic-merge-patch+json");
        }
        types
    }

    fn operation_id(&self, verb: Verb, subresource: &str, everywhere: bool) -> String {
        let (verb, collection) = match verb {
            Verb::Get => ("read", ""),
            Verb::Update => ("replace", ""),
            Verb::DeleteCollection => ("delete", "Collection"),
            other => (other.name(), ""),
        };
        let mut group = String::new();
        for part in tag(&self.resource.group, &self.resource.version).split('_') {
            group.push_str(&capital(part));
        }
        let (scope, span) = match (self.resource.namespaced, everywhere) {
            (_, true) => ("", "ForAllNamespaces"),
            (true, false) => ("Namespaced", ""),
            (false, false) => ("", ""),
        };
        let (kind, subresource) = (&self.resource.kind, capital(subresource));
        format!("{verb}{group}{collection}{scope}{kind}{subresource}{span}")
    }

    fn description(&self, verb: Verb, subresource: &str) -> String {
        let kind = &self.resource.kind;
        let what = match subresource {
            "" => kind.clone(),
            subresource => format!("{subresource} of the specified {kind}"),
        };
        match verb {
            Verb::Create => format!("create a {what}"),
            Verb::Delete => format!("delete a {what}"),
            Verb::DeleteCollection => format!("delete collection of {what}"),
            Verb::List => format!("list or watch objects of kind {what}"),
            Verb::Patch if subresource.is_empty() => {
                format!("partially update the specified {what}")
            }
            Verb::Patch => format!("partially update {what}"),
            Verb::Update if subresource.is_empty() => format!("replace the specified {what}"),
            Verb::Update => format!("replace {what}"),
            _ if subresource.is_empty() => format!("read the specified {what}"),
            _ => format!("read {what}"),
        }
    }
}

/// As the server tags operations: `apps_v1`, `core_v1`, `rbacAuthorization_v1`.
fn tag(group: &str, version: &str) -> String {
    let group = if group.is_empty() { "core" } else { group };
    let group = group.strip_suffix(".k8s.io").unwrap_or(group);
    let mut words = group.split('.');
    let mut name = words.next().unwrap_or_default().to_owned();
    words.for_each(|word| name.push_str(&capital(word)));
    format!("{name}_{version}")
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn content(types: &[&str], schema: &str) -> Value {
    let media = json!({"schema": {"$ref": schema}});
    types.iter().map(|kind| ((*kind).to_owned(), media.clone())).collect::<Map<_, _>>().into()
}

fn query(name: &str, kind: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "description": description,
        "schema": {"type": kind, "uniqueItems": true},
    })
}

fn query_parameters(verb: Verb) -> Value {
    let dry_run = || query("dryRun", "string", "`All` tries everything and writes nothing");
    let manager = || query("fieldManager", "string", "who owns the fields that are set");
    let validation = || {
        query(
            "fieldValidation",
            "string",
            "what unknown and duplicate fields lead to: Ignore, Warn or Strict",
        )
    };
    let selection = || {
        vec![
            query("continue", "string", "where the previous page ended"),
            query("fieldSelector", "string", "selects by fields"),
            query("labelSelector", "string", "selects by labels"),
            query("limit", "integer", "most objects in a page"),
            query("resourceVersion", "string", "the state to read"),
            query("resourceVersionMatch", "string", "how resourceVersion is meant"),
            query("sendInitialEvents", "boolean", "a watch begins with what is there"),
            query("timeoutSeconds", "integer", "how long the call may take"),
        ]
    };
    let deletion = || {
        vec![
            query("gracePeriodSeconds", "integer", "how long the object gets to end"),
            query("orphanDependents", "boolean", "whether dependents stay; use propagationPolicy"),
            query("propagationPolicy", "string", "Orphan, Background or Foreground"),
        ]
    };
    Value::Array(match verb {
        Verb::Create | Verb::Update => vec![dry_run(), manager(), validation()],
        Verb::Patch => vec![
            dry_run(),
            manager(),
            validation(),
            query("force", "boolean", "an apply takes fields from other managers"),
        ],
        Verb::Delete => [vec![dry_run()], deletion()].concat(),
        Verb::DeleteCollection => [vec![dry_run()], deletion(), selection()].concat(),
        Verb::List => [
            selection(),
            vec![
                query("allowWatchBookmarks", "boolean", "a watch has bookmarks"),
                query("watch", "boolean", "changes are sent as they happen"),
            ],
        ]
        .concat(),
        _ => Vec::new(),
    })
}

fn path_parameters(path: &str) -> Value {
    let mut all = Vec::new();
    for (name, description) in [("name", "name of the object"), ("namespace", "its namespace")] {
        if path.contains(&format!("{{{name}}}")) {
            all.push(json!({
                "name": name, "in": "path", "required": true, "description": description,
                "schema": {"type": "string", "uniqueItems": true},
            }));
        }
    }
    all.push(query("pretty", "string", "indented output"));
    Value::Array(all)
}

/// Makes of OpenAPI 3 paths those of Swagger 2.
pub(super) fn to_v2(paths: &mut Map<String, Value>) {
    let flat = |parameters: &mut Value| {
        for parameter in parameters.as_array_mut().into_iter().flatten() {
            let Some(map) = parameter.as_object_mut() else { continue };
            if let Some(Value::Object(schema)) = map.remove("schema") {
                map.extend(schema);
            }
        }
    };
    for item in paths.values_mut() {
        let Some(item) = item.as_object_mut() else { continue };
        for (method, operation) in item {
            if method == "parameters" {
                flat(operation);
                continue;
            }
            flat(&mut operation["parameters"]);
            let Some(map) = operation.as_object_mut() else { continue };
            if let Some(body) = map.remove("requestBody") {
                let (types, schema) = media(&body);
                map.insert("consumes".to_owned(), types);
                let mut parameter = json!({"name": "body", "in": "body", "schema": schema});
                if body["required"] == true {
                    parameter["required"] = json!(true);
                }
                if let Some(Value::Array(parameters)) = map.get_mut("parameters") {
                    parameters.insert(0, parameter);
                }
            }
            if let Some(answer) = map.get_mut("responses").and_then(|r| r.get_mut("200")) {
                let (types, schema) = media(answer);
                *answer = json!({"description": "OK", "schema": schema});
                map.insert("produces".to_owned(), types);
            }
            map.insert("schemes".to_owned(), json!(["https"]));
        }
    }
}

/// The media types of a body, and its schema as Swagger refers to it.
fn media(body: &Value) -> (Value, Value) {
    let content = body["content"].as_object();
    let types: Vec<&String> = content.into_iter().flat_map(Map::keys).collect();
    let reference = content.and_then(|content| content.values().next());
    let reference = reference.and_then(|media| media.pointer("/schema/$ref")?.as_str());
    let reference = reference.unwrap_or_default().replace(SCHEMAS, "#/definitions/");
    (json!(types), json!({"$ref": reference}))
}
