//! The four patch types.

use serde_json::Value;
use windlass_object::{Object, patch as json_patches};
use windlass_schema::{managed, strategic};

use super::decode::check_fields;
use super::{Call, parse};
use crate::http::query::{FieldValidation, WriteOptions};
use crate::status::{Cause, FieldError, FieldErrorKind, Status};

/// A patch as the client sent it.
pub enum Patch {
    /// RFC 6902.
    Json(json_patches::JsonPatch),
    /// RFC 7386.
    Merge(Value),
    /// Strategic merge.
    Strategic(Value),
    /// Server-side apply.
    Apply {
        /// The configuration.
        config: Object,
        /// Fields that stood twice in it.
        duplicates: Vec<String>,
    },
}

const CUSTOM: [&str; 3] =
    ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

impl Patch {
    /// Whether a content type is that of an apply.
    pub fn is_apply_type(content_type: &str) -> bool {
        content_type.split(';').next() == Some("application/apply-patch+yaml")
    }

    /// Whether it is an apply.
    pub fn is_apply(&self) -> bool {
        matches!(self, Self::Apply { .. })
    }

    /// Reads a patch; custom resources take no strategic ones.
    pub fn parse(content_type: &str, body: &[u8], custom: bool) -> Result<Self, Status> {
        let media = content_type.split(';').next().unwrap_or_default();
        let json = || {
            parse::json(body)
                .map(|(value, _)| value)
                .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))
        };
        match media {
            "application/json-patch+json" => {
                let patch = json_patches::JsonPatch::from_value(&json()?);
                patch.map(Self::Json).map_err(|error| match error {
                    json_patches::JsonPatchError::TooMany(_) => {
                        Status::entity_too_large(error.to_string())
                    }
                    json_patches::JsonPatchError::NotAList => Status::bad_request(
                        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
                    ),
                    other => Status::bad_request(format!("error decoding patch: {other}")),
                })
            }
            "application/merge-patch+json" => match json()? {
                patch @ Value::Object(_) => Ok(Self::Merge(patch)),
                _ => Err(Status::bad_request("Invalid JSON Patch")),
            },
            "application/strategic-merge-patch+json" if !custom => match json()? {
                patch @ Value::Object(_) => Ok(Self::Strategic(patch)),
                _ => Err(Status::bad_request("the patch is not an object")),
            },
            "application/apply-patch+yaml" => {
                let (value, duplicates) = parse::yaml(body).map_err(|error| {
                    Status::bad_request(format!("error decoding YAML: {error}"))
                })?;
                let config = Object::try_from(value).map_err(|error| {
                    Status::bad_request(format!("error decoding YAML: {error}"))
                })?;
                Ok(Self::Apply { config, duplicates })
            }
            _ if custom => Err(Status::unsupported_media_type(&CUSTOM)),
            _ => Err(Status::unsupported_patch()),
        }
    }
}

impl Call<'_> {
    /// The object that a patch makes of `live`; unknown fields are met as the options say.
    pub(super) fn apply_patch(
        &self,
        patch: &Patch,
        live: Option<&Object>,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        let Some(live) = live else {
            return match patch {
                Patch::Apply { config, duplicates } => {
                    self.server_side_apply(None, config, duplicates, options)
                }
                _ => Err(self.not_found()),
            };
        };
        let patched = match patch {
            Patch::Apply { config, duplicates } => {
                return self.server_side_apply(Some(live), config, duplicates, options);
            }
            Patch::Json(patch) => {
                let mut value = live.to_value();
                patch.apply(&mut value).map_err(|_| Status::rejected())?;
                value
            }
            Patch::Merge(patch) => {
                let mut value = live.to_value();
                json_patches::apply_merge_patch(&mut value, patch);
                value
            }
            Patch::Strategic(patch) => {
                let Some(schema) = self.registry.schema(&self.resource) else {
                    return Err(Status::unsupported_media_type(&CUSTOM));
                };
                strategic::apply(&live.to_value(), patch, &schema)
                    .map_err(|error| Status::bad_request(error.to_string()))?
            }
        };
        let text = || serde_json::to_string(&patched).unwrap_or_default();
        let mut object = Object::try_from(patched.clone())
            .map_err(|error| self.invalid_patch(&text(), &error.to_string()))?;
        check_fields(
            self.registry,
            &self.resource,
            &mut object,
            Vec::new(),
            options.field_validation,
            self.warnings,
        )
        .map_err(|status| self.invalid_patch(&text(), &status.message))?;
        Ok(object)
    }

    fn invalid_patch(&self, patched: &str, why: &str) -> Status {
        let why = match why.split_once("cannot be handled as a ") {
            Some((_, rest)) => rest.split_once(": ").map_or(why, |(_, rest)| rest),
            None => why,
        };
        let error = FieldError::with_value(FieldErrorKind::Invalid, "patch", patched, why);
        Status::invalid("", "", "", &[error])
    }

    fn server_side_apply(
        &self,
        live: Option<&Object>,
        config: &Object,
        duplicates: &[String],
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        self.check_config(config)?;
        let Some(schema) = self.registry.schema(&self.resource) else {
            return Err(Status::not_implemented("server-side apply of a kind without a schema"));
        };
        let mut config = config.clone();
        let strict =
            duplicates.iter().map(|field| format!("duplicate field \"{field}\"")).collect();
        if self.resource.custom().is_some() {
            check_fields(
                self.registry,
                &self.resource,
                &mut config,
                strict,
                options.field_validation,
                self.warnings,
            )?;
        } else if let (FieldValidation::Strict, Some(first)) =
            (options.field_validation, strict.first())
        {
            return Err(Status::bad_request(format!("error strict decoding YAML: {first}")));
        }
        let reset = self.reset_fields();
        let time = self.time();
        let write = managed::Write {
            manager: &options.field_manager,
            subresource: self.subresource,
            time: &time,
            reset: &reset,
        };
        managed::apply(live, &config, &write, options.force, &schema).map_err(|error| match error {
            managed::ApplyError::Conflicts { message, conflicts } => {
                let causes = conflicts.into_iter().map(|conflict| Cause {
                    reason: "FieldManagerConflict".to_owned(),
                    message: format!("conflict with {}", conflict.manager),
                    field: conflict.field,
                });
                Status::apply_conflict(message, causes.collect())
            }
            managed::ApplyError::BadRequest(message) => Status::bad_request(message),
            managed::ApplyError::Schema(message) => Status::unclassified(message),
        })
    }

    /// An applied configuration names its kind and, where it names the object, names this one.
    fn check_config(&self, config: &Object) -> Result<(), Status> {
        let gvk = self.resource.gvk();
        if config.get(&["metadata", "managedFields"]).is_some_and(|v| !v.is_null()) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        if config.kind().is_empty() {
            return Err(Status::bad_request(
                "Object 'Kind' is missing in the applied configuration",
            ));
        }
        if config.gvk() != gvk {
            return Err(Status::bad_request(format!("invalid object type: {}", config.gvk())));
        }
        if !config.name().is_empty() && config.name() != self.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                config.name(),
                self.name
            )));
        }
        Ok(())
    }
}
