//! Who asks, and whether they may.

mod attributes;
mod authenticate;
mod impersonate;
mod rbac;
mod token;

use std::collections::BTreeMap;

pub use attributes::Attributes;
pub use authenticate::Authenticator;
pub use impersonate::impersonate;
pub use rbac::{Authorizer, Rule};
pub use token::{AUDIENCE, Claims, TokenSigner};

/// Who may do everything.
pub const MASTERS: &str = "system:masters";
/// Everyone who has proved who they are.
pub const AUTHENTICATED: &str = "system:authenticated";
/// Everyone else.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";

/// Who a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// Name.
    pub name: String,
    /// Identity, if there is one.
    pub uid: String,
    /// Groups, in order.
    pub groups: Vec<String>,
    /// What else is known.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl UserInfo {
    /// A user in groups, and in the group of those who are authenticated.
    pub fn authenticated(name: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().copied().chain([AUTHENTICATED]).map(str::to_owned).collect();
        Self { name: name.to_owned(), groups, ..Self::default() }
    }

    /// Nobody in particular.
    pub fn anonymous() -> Self {
        Self {
            name: "system:anonymous".to_owned(),
            groups: vec![UNAUTHENTICATED.to_owned()],
            ..Self::default()
        }
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str, uid: &str) -> Self {
        let all = "system:serviceaccounts";
        let own = format!("{all}:{namespace}");
        let user = format!("system:serviceaccount:{namespace}:{name}");
        Self { uid: uid.to_owned(), ..Self::authenticated(&user, &[all, &own]) }
    }
}
