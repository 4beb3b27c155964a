//! Whether a payload comes from who it says: signatures, tokens and passwords.

use std::collections::BTreeMap;

use aws_lc_rs::{constant_time, hmac};
use secrecy::{ExposeSecret, SecretString};

use super::WebhookError;

/// What argocd-secret says of webhooks.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    values: BTreeMap<&'static str, SecretString>,
}

const GITHUB: &str = "webhook.github.secret";
const GITLAB: &str = "webhook.gitlab.secret";
const GOGS: &str = "webhook.gogs.secret";
const BITBUCKET: &str = "webhook.bitbucket.uuid";
const BITBUCKET_SERVER: &str = "webhook.bitbucketserver.secret";
const AZURE_USER: &str = "webhook.azuredevops.username";
const AZURE_PASSWORD: &str = "webhook.azuredevops.password";
const GENERIC: &str = "webhook.generic.secret";

impl Secrets {
    /// From the decoded data of argocd-secret. A value `$key` stands for the value of that key, and
    /// `$secret:key` for one of `others`, the secrets that are marked as parts of Argo CD.
    pub fn new(
        data: &BTreeMap<String, Vec<u8>>,
        others: &BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    ) -> Self {
        let text = |key: &str| {
            let value = String::from_utf8_lossy(data.get(key)?).trim().to_owned();
            Some(value).filter(|v| !v.is_empty())
        };
        let referred = |reference: &str| match reference.split_once(':') {
            Some((secret, key)) => {
                let value = String::from_utf8_lossy(others.get(secret)?.get(key)?);
                Some(value.trim().to_owned())
            }
            None => text(reference),
        };
        let mut values = BTreeMap::new();
        for key in
            [GITHUB, GITLAB, GOGS, BITBUCKET, BITBUCKET_SERVER, AZURE_USER, AZURE_PASSWORD, GENERIC]
        {
            let Some(value) = text(key) else { continue };
            let value = value.strip_prefix('$').and_then(referred).unwrap_or(value);
            values.insert(key, SecretString::from(value));
        }
        Self { values }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(ExposeSecret::expose_secret)
    }

    /// A signature in hex over the body, behind `prefix`.
    fn signed(
        &self,
        key: &'static str,
        signature: &str,
        prefix: &str,
        body: &[u8],
    ) -> Result<(), WebhookError> {
        let Some(secret) = self.get(key) else { return Ok(()) };
        if signature.is_empty() {
            return Err(WebhookError::Unsigned { what: "the payload is not signed", key });
        }
        let wrong = WebhookError::Unsigned { what: "the payload's signature is wrong", key };
        let hex = signature.strip_prefix(prefix).unwrap_or(signature);
        let Ok(bytes) = hex::decode(hex) else { return Err(wrong) };
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hmac::verify(&secret, body, &bytes).map_err(|_| wrong)
    }

    /// A value that is shown as it is.
    fn shown(
        &self,
        key: &'static str,
        value: &str,
        what: &'static str,
    ) -> Result<(), WebhookError> {
        match self.get(key) {
            Some(secret) if !equal(secret, value) => Err(WebhookError::Unsigned { what, key }),
            _ => Ok(()),
        }
    }

    pub(super) fn github(&self, signature: &str, body: &[u8]) -> Result<(), WebhookError> {
        self.signed(GITHUB, signature, "sha256=", body)
    }

    pub(super) fn gogs(&self, signature: &str, body: &[u8]) -> Result<(), WebhookError> {
        self.signed(GOGS, signature, "", body)
    }

    pub(super) fn bitbucket_server(&self, sig: &str, body: &[u8]) -> Result<(), WebhookError> {
        self.signed(BITBUCKET_SERVER, sig, "sha256=", body)
    }

    pub(super) fn generic(&self, signature: &str, body: &[u8]) -> Result<(), WebhookError> {
        if self.get(GENERIC).is_none() {
            let what = "no secret for the generic webhook is configured";
            return Err(WebhookError::Unsigned { what, key: GENERIC });
        }
        self.signed(GENERIC, signature, "sha256=", body)
    }

    pub(super) fn gitlab(&self, token: &str) -> Result<(), WebhookError> {
        self.shown(GITLAB, token, "the token is missing or wrong")
    }

    pub(super) fn bitbucket(&self, uuid: &str) -> Result<(), WebhookError> {
        self.shown(BITBUCKET, uuid, "the hook's UUID is wrong")
    }

    pub(super) fn azure(&self, authorization: &str) -> Result<(), WebhookError> {
        use base64::Engine as _;
        let (user, password) = (self.get(AZURE_USER), self.get(AZURE_PASSWORD));
        if user.is_none() && password.is_none() {
            return Ok(());
        }
        let wanted = format!("{}:{}", user.unwrap_or_default(), password.unwrap_or_default());
        let given = authorization
            .strip_prefix("Basic ")
            .and_then(|code| base64::engine::general_purpose::STANDARD.decode(code).ok())
            .unwrap_or_default();
        if equal(&wanted, &String::from_utf8_lossy(&given)) {
            return Ok(());
        }
        let what = "the user name or password is missing or wrong";
        Err(WebhookError::Unsigned { what, key: AZURE_PASSWORD })
    }
}

/// In a time that tells nothing of where they differ; only of whether their lengths do.
fn equal(left: &str, right: &str) -> bool {
    constant_time::verify_slices_are_equal(left.as_bytes(), right.as_bytes()).is_ok()
}
