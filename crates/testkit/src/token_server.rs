//! A stand-in for the token servers of public registries: it hands out what docker-registry's
//! `token` sign-in asks for (distribution's token specification), to one user.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::certificates::{Authority, Signed};
use crate::listener::{Listener, head};

/// Who signs tokens, and for whom: what the registry is told, too.
pub(crate) const ISSUER: &str = "windlass-test";
/// What the registry calls itself.
pub(crate) const SERVICE: &str = "registry.test";

/// A running server without TLS. Ends when dropped.
#[derive(Debug)]
pub struct TokenServer {
    listener: Listener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    username: String,
    password: String,
    signed: Signed,
    given: AtomicUsize,
}

impl TokenServer {
    /// Starts it on a free port of 127.0.0.1; its tokens are signed by a key of `authority`.
    ///
    /// # Errors
    /// When no port or key can be had.
    pub fn start(username: &str, password: &str, authority: &Authority) -> Result<Self> {
        let shared = Arc::new(Shared {
            username: username.to_owned(),
            password: password.to_owned(),
            signed: authority.sign(&["tokens"])?,
            given: AtomicUsize::new(0),
        });
        let own = shared.clone();
        let listener = Listener::start(move |stream| {
            // A client that has gone away has its answer.
            let _ = answer(&own, stream);
        })?;
        Ok(Self { listener, shared })
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.listener.address().to_owned()
    }

    /// How many tokens were handed out.
    pub fn given(&self) -> usize {
        self.shared.given.load(Ordering::SeqCst)
    }
}

fn answer(shared: &Shared, stream: &TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let (first, headers) = head(&mut reader)?;
    let (mut login, mut length) = (String::new(), 0);
    for (name, value) in headers {
        match name.as_str() {
            "authorization" => login = value,
            "content-length" => length = value.parse()?,
            _ => {}
        }
    }
    let mut body = vec![0; length.min(1 << 16)];
    reader.read_exact(&mut body)?;
    let form = String::from_utf8(body)?;
    let target = first.split(' ').nth(1).unwrap_or("/");
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let asked = fields(if first.starts_with("POST") { &form } else { query });
    let find = |name: &str| asked.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let basic = STANDARD.encode(format!("{}:{}", shared.username, shared.password));
    let by_form =
        find("username") == Some(&shared.username) && find("password") == Some(&shared.password);
    let mut out = stream;
    if login != format!("Basic {basic}") && !by_form {
        out.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        )?;
        return Ok(());
    }
    shared.given.fetch_add(1, Ordering::SeqCst);
    let scopes = asked.iter().filter(|(name, _)| name == "scope").map(|(_, scope)| scope.as_str());
    let token = token(shared, scopes.flat_map(|scopes| scopes.split(' ')))?;
    let body = json!({"token": token, "access_token": token, "expires_in": 300}).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    out.write_all(head.as_bytes())?;
    out.write_all(body.as_bytes())?;
    Ok(())
}

/// The fields of a query or form.
fn fields(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        let hex = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &rest[2..];
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A token for `TYPE:NAME:ACTION,ACTION` each.
fn token<'a>(shared: &Shared, scopes: impl Iterator<Item = &'a str>) -> Result<String> {
    let access: Vec<Value> = scopes
        .filter_map(|scope| {
            let (kind, rest) = scope.split_once(':')?;
            let (name, actions) = rest.rsplit_once(':')?;
            let actions: Vec<&str> = actions.split(',').collect();
            Some(json!({"type": kind, "name": name, "actions": actions}))
        })
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let head = json!({
        "typ": "JWT", "alg": "ES256", "x5c": [STANDARD.encode(shared.signed.certificate.der())],
    });
    let claims = json!({
        "iss": ISSUER, "sub": shared.username, "aud": SERVICE, "jti": format!("{now}"),
        "iat": now - 10, "nbf": now - 10, "exp": now + 300, "access": access,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&head), part(&claims));
    let key = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        &shared.signed.key.serialize_der(),
    )
    .ok()
    .context("the key is no ECDSA key")?;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let signature = key.sign(&random, text.as_bytes()).ok().context("signing failed")?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
}
