//! Tokens of service accounts: JWTs that this server signs and reads.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Namespace of the service account.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Audiences; empty for this server.
    pub audiences: Vec<String>,
    /// Seconds of the epoch at which the token begins.
    pub issued: i64,
    /// Seconds of the epoch at which it ends.
    pub expires: i64,
}

/// The audience of tokens that are for this server.
pub const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";

/// Signs and checks tokens. Has no `Debug`: it holds the key.
pub struct TokenSigner(hmac::Key);

impl TokenSigner {
    /// From a secret of at least 32 bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A token that says so.
    pub fn sign(&self, claims: &Claims) -> String {
        let subject = format!("system:serviceaccount:{}:{}", claims.namespace, claims.name);
        let audiences = match claims.audiences.as_slice() {
            [] => vec![AUDIENCE.to_owned()],
            some => some.to_vec(),
        };
        let payload = json!({
            "iss": AUDIENCE, "sub": subject, "aud": audiences,
            "iat": claims.issued, "nbf": claims.issued, "exp": claims.expires,
            "kubernetes.io": {
                "namespace": claims.namespace,
                "serviceaccount": {"name": claims.name, "uid": claims.uid},
            },
        });
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&payload));
        let signature = hmac::sign(&self.0, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// What a token says, if this server signed it and it holds at `now` (seconds of the epoch).
    pub fn verify(&self, token: &str, now: i64) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.0, signed.as_bytes(), &signature).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
        let payload: Value = serde_json::from_slice(&payload).ok()?;
        let own = &payload["kubernetes.io"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let audiences: Vec<String> = payload["aud"].as_array()?.iter().filter_map(text).collect();
        let claims = Claims {
            namespace: text(&own["namespace"])?,
            name: text(&own["serviceaccount"]["name"])?,
            uid: text(&own["serviceaccount"]["uid"])?,
            audiences,
            issued: payload["nbf"].as_i64()?,
            expires: payload["exp"].as_i64()?,
        };
        (claims.issued <= now && now < claims.expires).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_hold_for_their_time_and_key() {
        let signer = TokenSigner::new(&[7; 32]);
        let claims = Claims {
            namespace: "ns".into(),
            name: "sa".into(),
            uid: "u".into(),
            audiences: vec![],
            issued: 100,
            expires: 200,
        };
        let token = signer.sign(&claims);
        let read = signer.verify(&token, 150).unwrap();
        assert_eq!((read.name.as_str(), read.audiences), ("sa", vec![AUDIENCE.to_owned()]));
        assert_eq!(signer.verify(&token, 200), None);
        assert_eq!(signer.verify(&token, 99), None);
        assert_eq!(TokenSigner::new(&[8; 32]).verify(&token, 150), None);
        assert_eq!(signer.verify("a.b.c", 150), None);
    }
}
