//! Reviews: objects that are questions, answered and not kept.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use windlass_object::Object;

use crate::auth::{AUDIENCE, Attributes, Authenticator, Authorizer, Claims, Rule, UserInfo};
use crate::registry::{Call, timestamp};
use crate::status::{FieldError, FieldErrorKind, Status};

/// Answers a review.
// The signature leaves room for reviews that must ask others.
#[allow(clippy::unused_async)]
pub(crate) async fn create(
    call: &Call<'_>,
    authorizer: &Authorizer,
    authenticator: &Authenticator,
    mut object: Object,
) -> Result<Object, Status> {
    let status = match call.resource.plural.as_str() {
        "selfsubjectaccessreviews" => access(call, authorizer, call.user, &object)?,
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            let user = subject(&object);
            if user.name.is_empty() && user.groups.is_empty() {
                let detail = "at least one of user or group must be specified";
                return Err(invalid(call, "spec.user", json!(""), detail));
            }
            if call.resource.namespaced {
                let found = object.str_at(&["spec", "resourceAttributes", "namespace"]);
                if found != call.namespace {
                    let detail = "must match metadata.namespace";
                    let field = "spec.resourceAttributes.namespace";
                    return Err(invalid(call, field, json!(found), detail));
                }
            }
            access(call, authorizer, &user, &object)?
        }
        "selfsubjectrulesreviews" => {
            let namespace = object.str_at(&["spec", "namespace"]);
            if namespace.is_empty() {
                return Err(Status::bad_request("no namespace on request"));
            }
            let status = rules(&authorizer.rules(call.user, namespace));
            object.set(&["spec"], json!({}));
            status
        }
        "selfsubjectreviews" => {
            object.set(&["metadata", "creationTimestamp"], timestamp(call.now));
            json!({"userInfo": user_info(call.user)})
        }
        "tokenreviews" => token(call, authenticator, &object)?,
        other => return Err(Status::not_implemented(other)),
    };
    object.set(&["status"], status);
    if object.get(&["metadata"]).is_none() {
        object.set(&["metadata"], json!({}));
    }
    Ok(object)
}

/// Whether a user may do what the review asks about.
fn access(
    call: &Call<'_>,
    authorizer: &Authorizer,
    user: &UserInfo,
    review: &Object,
) -> Result<Value, Status> {
    let resource = review.get(&["spec", "resourceAttributes"]).filter(|value| value.is_object());
    let path = review.get(&["spec", "nonResourceAttributes"]).filter(|value| value.is_object());
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let wish = match (resource, path) {
        (Some(resource), None) => Attributes {
            verb: text(resource, "verb"),
            group: text(resource, "group"),
            version: text(resource, "version"),
            resource: text(resource, "resource"),
            subresource: text(resource, "subresource"),
            namespace: text(resource, "namespace"),
            name: text(resource, "name"),
            path: String::new(),
        },
        (None, Some(path)) => Attributes {
            verb: text(path, "verb"),
            path: text(path, "path"),
            ..Attributes::default()
        },
        (resource, _) => {
            let (field, detail) = match resource {
                None => (
                    "spec.resourceAttributes",
                    "exactly one of nonResourceAttributes or resourceAttributes must be specified",
                ),
                Some(_) => (
                    "spec.nonResourceAttributes",
                    "cannot be specified in combination with resourceAttributes",
                ),
            };
            let value = path.cloned().unwrap_or(Value::Null);
            return Err(invalid(call, field, value, detail));
        }
    };
    Ok(json!({"allowed": authorizer.allows(user, &wish)}))
}

/// Whom a review is about.
fn subject(review: &Object) -> UserInfo {
    let strings = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let extra = review.get(&["spec", "extra"]).and_then(Value::as_object);
    let extra: BTreeMap<String, Vec<String>> =
        extra.into_iter().flatten().map(|(key, value)| (key.clone(), strings(value))).collect();
    UserInfo {
        name: review.str_at(&["spec", "user"]).to_owned(),
        uid: review.str_at(&["spec", "uid"]).to_owned(),
        groups: review.get(&["spec", "groups"]).map(strings).unwrap_or_default(),
        extra,
    }
}

/// The status of a SelfSubjectRulesReview.
fn rules(rules: &[Rule]) -> Value {
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    for (at, rule) in rules.iter().enumerate() {
        // Several bindings may grant the same.
        if rules[..at].contains(rule) {
            continue;
        }
        if !rule.resources.is_empty() {
            let mut out = json!({
                "verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources,
            });
            if !rule.resource_names.is_empty() {
                out["resourceNames"] = json!(rule.resource_names);
            }
            resources.push(out);
        }
        if !rule.non_resource_urls.is_empty() {
            paths.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls}));
        }
    }
    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
}

/// A user as reviews show one.
fn user_info(user: &UserInfo) -> Value {
    let mut out = Map::new();
    out.insert("username".to_owned(), json!(user.name));
    if !user.uid.is_empty() {
        out.insert("uid".to_owned(), json!(user.uid));
    }
    if !user.groups.is_empty() {
        out.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        out.insert("extra".to_owned(), json!(user.extra));
    }
    Value::Object(out)
}

/// Whose token it is.
fn token(call: &Call<'_>, authenticator: &Authenticator, review: &Object) -> Result<Value, Status> {
    let token = review.str_at(&["spec", "token"]);
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let asked = review.get(&["spec", "audiences"]).and_then(Value::as_array);
    let asked: Vec<String> =
        asked.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(match authenticator.user(token, &asked, call.now.as_second()) {
        Some(user) => {
            let audiences = if asked.is_empty() { vec![AUDIENCE.to_owned()] } else { asked };
            json!({"authenticated": true, "user": user_info(&user), "audiences": audiences})
        }
        None => json!({"user": {}, "error": "invalid bearer token"}),
    })
}

/// Answers a TokenRequest of a service account.
#[allow(clippy::unused_async)]
pub(crate) async fn token_request(
    call: &Call<'_>,
    authenticator: &Authenticator,
    mut object: Object,
) -> Result<Object, Status> {
    const SHORTEST: i64 = 600;
    const LONGEST: i64 = 1 << 32;
    let Some(account) = call.registry.find("", "serviceaccounts", call.namespace, call.name) else {
        return Err(Status::not_found("", "serviceaccounts", call.name));
    };
    let seconds = object.int_at(&["spec", "expirationSeconds"]).unwrap_or(3600);
    let fault = if seconds < SHORTEST {
        Some("may not specify a duration less than 10 minutes")
    } else if seconds > LONGEST {
        Some("may not specify a duration larger than 2^32 seconds")
    } else {
        None
    };
    if let Some(detail) = fault {
        let field = "spec.expirationSeconds";
        let error = FieldError::with_value(FieldErrorKind::Invalid, field, seconds, detail);
        return Err(Status::invalid("authentication.k8s.io", "TokenRequest", "", &[error]));
    }
    if object.get(&["spec", "boundObjectRef"]).is_some_and(Value::is_object) {
        return Err(Status::not_implemented("a token that is bound to another object"));
    }
    let audiences = object.get(&["spec", "audiences"]).and_then(Value::as_array);
    let mut audiences: Vec<String> =
        audiences.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if audiences.is_empty() {
        audiences.push(AUDIENCE.to_owned());
    }
    let issued = call.now.as_second();
    let expires = issued + seconds;
    let token = authenticator.signer().sign(&Claims {
        namespace: call.namespace.to_owned(),
        name: call.name.to_owned(),
        uid: account.uid().to_owned(),
        audiences: audiences.clone(),
        issued,
        expires,
    });
    let expiration = jiff::Timestamp::from_second(expires).map_err(Status::internal)?;
    object.set(
        &["metadata"],
        json!({
            "name": call.name, "namespace": call.namespace, "uid": account.uid(),
            "creationTimestamp": timestamp(call.now),
        }),
    );
    object.set(
        &["spec"],
        json!({"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null}),
    );
    object.set(&["status"], json!({"token": token, "expirationTimestamp": timestamp(expiration)}));
    Ok(object)
}

/// The real server forgets the kind when it refuses a review.
fn invalid(call: &Call<'_>, field: &str, value: Value, detail: &str) -> Status {
    let error = FieldError::with_value(FieldErrorKind::Invalid, field, value, detail);
    Status::invalid(&call.resource.group, "", "", &[error])
}
