//! Bearer tokens to users.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::{HeaderMap, header};

use super::token::AUDIENCE;
use super::{MASTERS, TokenSigner, UserInfo};
use crate::registry::Registry;
use crate::status::Status;

/// Knows who a token stands for. Has no `Debug`: it holds secrets.
pub struct Authenticator {
    registry: Arc<Registry>,
    admin: String,
    signer: TokenSigner,
}

impl Authenticator {
    /// `admin` is the token of the one who may do everything.
    pub fn new(registry: Arc<Registry>, admin: String, signer: TokenSigner) -> Self {
        Self { registry, admin, signer }
    }

    /// Signs tokens of service accounts.
    pub fn signer(&self) -> &TokenSigner {
        &self.signer
    }

    /// Who sends these headers; none without a token, an error with a wrong one.
    pub fn authenticate(&self, headers: &HeaderMap, now: i64) -> Result<Option<UserInfo>, Status> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
        let value = value.to_str().map_err(|_| Status::unauthorized())?;
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Status::unauthorized());
        }
        self.user(token.trim(), &[], now).map(Some).ok_or_else(Status::unauthorized)
    }

    /// Who a token stands for, if it is for this server or one of `audiences`.
    pub fn user(&self, token: &str, audiences: &[String], now: i64) -> Option<UserInfo> {
        if verify_slices_are_equal(token.as_bytes(), self.admin.as_bytes()).is_ok() {
            return Some(UserInfo::authenticated("kubernetes-admin", &[MASTERS]));
        }
        let claims = self.signer.verify(token, now)?;
        let meant = |audience: &String| match audiences {
            [] => audience == AUDIENCE,
            some => some.contains(audience),
        };
        if !claims.audiences.iter().any(meant) {
            return None;
        }
        let account = self.registry.find("", "serviceaccounts", &claims.namespace, &claims.name)?;
        (account.uid() == claims.uid)
            .then(|| UserInfo::service_account(&claims.namespace, &claims.name, &claims.uid))
    }
}
