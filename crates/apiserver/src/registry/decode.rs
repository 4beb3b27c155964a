//! From a request's body to an object.

use serde_json::Value;
use windlass_object::{GroupVersionKind, Object, go};

use super::{Registry, Warnings};
use crate::catalog::ResourceType;
use crate::http::query::FieldValidation;
use crate::status::Status;

/// What a body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`
    Json,
    /// `application/yaml`
    Yaml,
    /// `application/vnd.kubernetes.protobuf`
    Protobuf,
}

const BUILTIN: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
/// How many bytes of a bad body the answer shows.
const SHOWN: usize = 30;
const CUSTOM: [&str; 2] = ["application/json", "application/yaml"];

impl Media {
    /// By the `Content-Type` header; absent means JSON. Custom resources take no protobuf.
    pub fn of(content_type: &str, custom: bool) -> Result<Self, Status> {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        match media {
            "" | "application/json" => Ok(Self::Json),
            "application/yaml" => Ok(Self::Yaml),
            "application/vnd.kubernetes.protobuf" if !custom => Ok(Self::Protobuf),
            _ if custom => Err(Status::unsupported_media_type(&CUSTOM)),
            _ => Err(Status::unsupported_media_type(&BUILTIN)),
        }
    }
}

/// Parses JSON or YAML, and tells which fields came twice.
pub(super) fn parse(media: Media, body: &[u8]) -> Result<(Value, Vec<String>), String> {
    match media {
        Media::Json | Media::Protobuf => super::parse::json(body),
        Media::Yaml => super::parse::yaml(body),
    }
}

/// Decodes a body that is an object of `resource` (or of `kind`, where a subresource takes another
/// kind). Unknown fields are met as `validation` says, and dropped.
pub fn decode(
    registry: &Registry,
    resource: &ResourceType,
    kind: &GroupVersionKind,
    media: Media,
    body: &[u8],
    validation: FieldValidation,
    warnings: &Warnings,
) -> Result<Object, Status> {
    let (value, duplicates) = match media {
        Media::Protobuf => {
            let value = crate::protobuf::decode(body)
                .map_err(|error| Status::bad_request(error.to_string()))?;
            (value, Vec::new())
        }
        _ => parse(media, body).map_err(|error| unrecognised(resource, kind, &error, body))?,
    };
    let mut object = match value {
        Value::Object(map) => Object::from(map),
        other => {
            let error = format!(
                "json: cannot unmarshal {} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
                go::json_type(&other)
            );
            return Err(unrecognised(resource, kind, &error, body));
        }
    };
    complete_kind(&mut object, kind, resource, registry)?;
    let strict: Vec<String> =
        duplicates.into_iter().map(|field| format!("duplicate field \"{field}\"")).collect();
    let checked = check_fields(registry, resource, &mut object, strict, validation, warnings);
    if let Err(mut status) = checked {
        // Patches of custom resources are refused without these words, whole objects with them.
        if resource.custom().is_some() {
            let (kind, version) = (&kind.kind, &kind.version);
            status.message = format!(
                "{kind} in version \"{version}\" cannot be handled as a {kind}: {}",
                status.message
            );
        }
        return Err(status);
    }
    Ok(object)
}

/// Decodes a body that holds options, whatever group they name.
pub fn decode_options(media: Media, body: &[u8]) -> Result<Object, Status> {
    let value = match media {
        Media::Protobuf => {
            crate::protobuf::decode(body).map_err(|error| Status::bad_request(error.to_string()))?
        }
        _ => parse(media, body).map_err(Status::bad_request)?.0,
    };
    Object::try_from(value).map_err(Status::bad_request_from)
}

/// Fills in an absent apiVersion and kind, and refuses others.
fn complete_kind(
    object: &mut Object,
    kind: &GroupVersionKind,
    resource: &ResourceType,
    registry: &Registry,
) -> Result<(), Status> {
    if object.kind().is_empty() {
        if resource.custom().is_some() {
            let text = serde_json::to_string(object.fields()).unwrap_or_default();
            return Err(Status::bad_request(format!("Object 'Kind' is missing in '{text}'")));
        }
        object.set(&["kind"], kind.kind.clone());
    }
    if object.api_version().is_empty() {
        if resource.custom().is_some() {
            let text = serde_json::to_string(object.fields()).unwrap_or_default();
            return Err(Status::bad_request(format!("Object 'apiVersion' is missing in '{text}'")));
        }
        object.set(&["apiVersion"], kind.api_version());
    }
    let found = object.gvk();
    if resource.custom().is_none() && found != *kind {
        let what = &kind.kind;
        let of = if found.kind == kind.kind { &kind.version } else { &found.version };
        let is = format!("{} in version \"{of}\" cannot be handled as a {what}", found.kind);
        let known = registry.catalog.snapshot().kind(&found).is_some_and(|r| r.custom().is_none());
        if !known {
            return Err(Status::bad_request(format!(
                "{is}: no kind \"{}\" is registered for version \"{}\" in scheme \"pkg/runtime/scheme.go:111\"",
                found.kind,
                found.api_version()
            )));
        }
        if found.kind != kind.kind {
            let package = match kind.group.split('.').next() {
                None | Some("") => "core",
                Some(package) => package,
            };
            return Err(Status::bad_request(format!(
                "{is}: converting ({}.{}) to ({package}.{what}): unknown conversion",
                found.version, found.kind
            )));
        }
    }
    if found != *kind {
        return Err(Status::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            found.api_version(),
            kind.api_version()
        )));
    }
    Ok(())
}

/// Metadata is typed on the server, and empty maps and lists of it are not written out.
fn drop_empty_metadata(object: &mut Object) {
    let Some(Value::Object(metadata)) = object.fields_mut().get_mut("metadata") else { return };
    for field in ["annotations", "labels", "finalizers", "ownerReferences"] {
        let empty = match metadata.get(field) {
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            _ => false,
        };
        if empty {
            metadata.remove(field);
        }
    }
}

/// Drops unknown fields and reports them; refuses fields of the wrong type.
pub(super) fn check_fields(
    registry: &Registry,
    resource: &ResourceType,
    object: &mut Object,
    mut strict: Vec<String>,
    validation: FieldValidation,
    warnings: &Warnings,
) -> Result<(), Status> {
    drop_empty_metadata(object);
    let gvk = object.gvk();
    if let Some(schema) = registry.schemas.load().of(&gvk) {
        let mut value = std::mem::take(object).into_value();
        let unknown = windlass_schema::prune(&mut value, &schema);
        strict.extend(unknown.into_iter().map(|path| format!("unknown field \"{path}\"")));
        // Custom resources are checked against their schema later, as invalid rather than malformed.
        let error = match resource.custom() {
            None => windlass_schema::validate::decode_error(&value, &schema),
            Some(_) => None,
        };
        if let Ok(back) = Object::try_from(value) {
            *object = back;
        }
        if let Some(error) = error {
            return Err(Status::bad_request(format!(
                "{} in version \"{}\" cannot be handled as a {}: {error}",
                gvk.kind, gvk.version, gvk.kind
            )));
        }
    }
    match validation {
        FieldValidation::Ignore => {}
        FieldValidation::Warn => strict.into_iter().for_each(|text| warnings.add(text)),
        FieldValidation::Strict if strict.is_empty() => {}
        FieldValidation::Strict => {
            let list = strict.join(", ");
            return Err(Status::bad_request(match resource.custom() {
                None => format!(
                    "{} in version \"{}\" cannot be handled as a {}: strict decoding error: {list}",
                    gvk.kind, gvk.version, gvk.kind
                ),
                Some(_) => format!("strict decoding error: {list}"),
            }));
        }
    }
    Ok(())
}

/// A body that is not even JSON; how the server shows the beginning of it is its own habit.
fn unrecognised(
    resource: &ResourceType,
    kind: &GroupVersionKind,
    error: &str,
    body: &[u8],
) -> Status {
    if resource.custom().is_some() {
        return Status::bad_request(error);
    }
    let (start, more) = match body.get(..SHOWN) {
        Some(start) if body.len() > SHOWN => (start, " ..."),
        _ => (body, ""),
    };
    let shown = match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => String::from_utf8_lossy(start).into_owned(),
        Some(_) => hex::encode(start),
    };
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: {error} ({shown}{more})",
        kind.kind
    ))
}
