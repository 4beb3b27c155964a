//! Acting as someone else.

use http::HeaderMap;

use super::{AUTHENTICATED, Attributes, Authorizer, UNAUTHENTICATED, UserInfo};
use crate::status::Status;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// The user that the request acts as: the one that its headers name, if `user` may act as that one.
pub fn impersonate(
    user: UserInfo,
    headers: &HeaderMap,
    authorizer: &Authorizer,
) -> Result<UserInfo, Status> {
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let one = |name: &str| headers.get(name).map(text).filter(|value| !value.is_empty());
    let groups: Vec<String> = headers.get_all(GROUP).iter().map(text).collect();
    let extra = headers.iter().filter_map(|(name, value)| {
        let key = name.as_str().strip_prefix(EXTRA)?;
        Some((key.to_owned(), text(value)))
    });
    let extra: Vec<(String, String)> = extra.collect();
    let uid = one(UID);
    let Some(name) = one(USER) else {
        if groups.is_empty() && extra.is_empty() && uid.is_none() {
            return Ok(user);
        }
        return Err(Status::internal(format!(
            "requested [{}] without impersonating a user",
            groups.iter().map(|g| format!("groups={g}")).collect::<Vec<_>>().join(" ")
        )));
    };
    let mut target = UserInfo { name: name.clone(), ..UserInfo::default() };
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let may = |group: &str, resource: &str, namespace: &str, name: &str, sub: &str| {
        let wish = Attributes {
            verb: "impersonate".to_owned(),
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
            subresource: sub.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            path: String::new(),
        };
        authorizer.check(&user, &wish)
    };
    match account {
        Some((namespace, account)) => {
            may("", "serviceaccounts", namespace, account, "")?;
            if groups.is_empty() {
                target.groups = UserInfo::service_account(namespace, account, "").groups;
            }
        }
        None => may("", "users", "", &name, "")?,
    }
    for group in &groups {
        may("", "groups", "", group, "")?;
    }
    target.groups.extend(groups);
    if let Some(uid) = uid {
        may("authentication.k8s.io", "uids", "", &uid, "")?;
        target.uid = uid;
    }
    for (key, value) in extra {
        may("authentication.k8s.io", "userextras", "", &value, &key)?;
        target.extra.entry(key).or_default().push(value);
    }
    let anonymous = name == "system:anonymous";
    let implied = if anonymous { UNAUTHENTICATED } else { AUTHENTICATED };
    if !target.groups.iter().any(|g| g == AUTHENTICATED || g == UNAUTHENTICATED) {
        target.groups.push(implied.to_owned());
    }
    Ok(target)
}
