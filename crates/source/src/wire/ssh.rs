//! SSH: a command run on the remote, its host key checked.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use parking_lot::Mutex;
use russh::client;
use russh::keys::ssh_key::HashAlg;
use russh::keys::{Algorithm, PrivateKeyWithHashAlg, PublicKey, decode_secret_key};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use tokio::sync::mpsc;

use super::packet::refused;
use crate::known_hosts::{KnownHosts, Verdict, host_name};
use crate::{Credentials, Repository, SourceError};

/// Bytes of a remote's complaint that are kept.
const STDERR: usize = 4 << 10;
/// Pieces of output that wait for the reader; beyond them the remote is slowed down.
const PIECES: usize = 16;

/// Where to sign in, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// A command's output and input.
pub(super) struct Channel {
    output: mpsc::Receiver<Bytes>,
    piece: Bytes,
    input: russh::ChannelWriteHalf<client::Msg>,
    stderr: Arc<Mutex<Vec<u8>>>,
    _connection: client::Handle<Gate>,
}

impl Channel {
    /// Connects, checks the host's key, signs in and starts `command`.
    pub(super) async fn open(
        repository: &Repository,
        at: &Host,
        command: &str,
    ) -> Result<Self, SourceError> {
        let url = repository.shown();
        if repository.proxy.is_some() {
            return Err(SourceError::NotSupported { url, what: "a proxy for ssh".into() });
        }
        let gate = Gate {
            url: url.clone(),
            at: at.clone(),
            known: (!repository.insecure_host_key).then(|| repository.known_hosts.clone()),
        };
        let config = config(&repository.known_hosts, at);
        let address = (at.host.as_str(), at.port);
        let mut connection =
            client::connect(Arc::new(config), address, gate).await.map_err(|e| e.told(&url))?;
        sign_in(repository, at, &mut connection).await?;
        let broken =
            |e: russh::Error| SourceError::Unreachable { url: url.clone(), why: e.to_string() };
        let channel = connection.channel_open_session().await.map_err(broken)?;
        // A server that does not take the variable speaks version 0, which will do.
        channel.set_env(false, "GIT_PROTOCOL", "version=2").await.map_err(broken)?;
        channel.exec(false, command).await.map_err(broken)?;
        let (mut read, input) = channel.split();
        let (sender, output) = mpsc::channel(PIECES);
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let complaints = stderr.clone();
        tokio::spawn(async move {
            while let Some(message) = read.wait().await {
                match message {
                    russh::ChannelMsg::Data { data } => {
                        let reader_gone = sender.send(data).await.is_err();
                        if reader_gone {
                            break;
                        }
                    }
                    russh::ChannelMsg::ExtendedData { data, .. } => {
                        let mut kept = complaints.lock();
                        let room = STDERR.saturating_sub(kept.len()).min(data.len());
                        kept.extend_from_slice(&data[..room]);
                    }
                    russh::ChannelMsg::Close => break,
                    _ => {}
                }
            }
        });
        Ok(Self { output, piece: Bytes::new(), input, stderr, _connection: connection })
    }

    /// Sends bytes to the command.
    pub(super) async fn send(&self, bytes: Vec<u8>) -> Result<(), String> {
        self.input.data_bytes(bytes).await.map_err(|e| e.to_string())
    }

    /// A command that ended at once has said why on its error output.
    pub(super) async fn explain(mut self, url: &str, error: SourceError) -> SourceError {
        // Its last words may still be on the way; they come before the channel closes.
        let drain = async { while self.output.recv().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(1), drain).await;
        let said = self.stderr.lock().clone();
        if said.is_empty() { error } else { refused(url, &said) }
    }

    /// Ends the command.
    pub(super) async fn close(self) {
        // It ends as well when the connection is dropped; this is politeness.
        let _ = self.input.data_bytes(super::packet::FLUSH.to_vec()).await;
        let _ = self.input.eof().await;
    }
}

impl AsyncRead for Channel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        while self.piece.is_empty() {
            match self.output.poll_recv(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(piece)) => self.piece = piece,
            }
        }
        let take = self.piece.len().min(buffer.remaining());
        buffer.put_slice(&self.piece[..take]);
        self.piece.advance(take);
        Poll::Ready(Ok(()))
    }
}

/// Runs a command that takes no input and gives its output, at most `limit` bytes.
pub(crate) async fn run(
    repository: &Repository,
    at: &Host,
    command: &str,
    limit: u64,
) -> Result<Vec<u8>, SourceError> {
    let url = repository.shown();
    let mut channel = Channel::open(repository, at, command).await?;
    let mut out = Vec::new();
    let read = (&mut channel).take(limit).read_to_end(&mut out).await;
    read.map_err(|e| SourceError::Unreachable { url: url.clone(), why: e.to_string() })?;
    if out.is_empty() {
        let why = format!("{command} answers nothing");
        return Err(channel
            .explain(&url, SourceError::ServerError { url: url.clone(), why })
            .await);
    }
    Ok(out)
}

/// Host key types that are known come first, so that a host with several keys shows one of them.
fn config(known: &KnownHosts, at: &Host) -> client::Config {
    let all = russh::Preferred::DEFAULT.key;
    let named = known.algorithms(&at.host, at.port);
    let is_known = |a: &Algorithm| {
        // The three signatures of an RSA key share its type in known_hosts.
        let name = if a.clone().is_rsa() { "ssh-rsa" } else { a.as_str() };
        named.contains(&name)
    };
    let (mut first, rest): (Vec<_>, Vec<_>) = all.iter().cloned().partition(is_known);
    first.extend(rest);
    client::Config {
        preferred: russh::Preferred { key: Cow::Owned(first), ..russh::Preferred::DEFAULT },
        nodelay: true,
        keepalive_interval: Some(Duration::from_secs(10)),
        ..client::Config::default()
    }
}

async fn sign_in(
    repository: &Repository,
    at: &Host,
    connection: &mut client::Handle<Gate>,
) -> Result<(), SourceError> {
    let refused = |why: &str| SourceError::AuthenticationFailed {
        url: repository.shown(),
        why: why.to_owned(),
    };
    let broken = |e: russh::Error| SourceError::Unreachable {
        url: repository.shown(),
        why: format!("while signing in: {e}"),
    };
    match &repository.credentials {
        Credentials::Ssh { private_key } => {
            let key = decode_secret_key(private_key.expose_secret(), None)
                .map_err(|_| refused("sshPrivateKey is not an unencrypted private key in PEM"))?;
            let hash = connection.best_supported_rsa_hash().await.map_err(broken)?.flatten();
            let hash = hash.or(Some(HashAlg::Sha256));
            let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
            let result = connection.authenticate_publickey(&at.user, key).await.map_err(broken)?;
            if result.success() {
                return Ok(());
            }
            Err(refused(&format!("the host refuses the key for user {}", at.user)))
        }
        Credentials::None => {
            let result = connection.authenticate_none(&at.user).await.map_err(broken)?;
            if result.success() {
                return Ok(());
            }
            Err(refused("no sshPrivateKey is configured"))
        }
        _ => Err(refused("an ssh address needs sshPrivateKey, not a password or token")),
    }
}

/// Lets in hosts that show a known key.
struct Gate {
    url: String,
    at: Host,
    /// `None` lets everyone in.
    known: Option<Arc<KnownHosts>>,
}

#[derive(Debug)]
enum Trouble {
    Ssh(russh::Error),
    Key(SourceError),
}

impl From<russh::Error> for Trouble {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl Trouble {
    fn told(self, url: &str) -> SourceError {
        match self {
            Self::Key(error) => error,
            Self::Ssh(error) => {
                SourceError::Unreachable { url: url.to_owned(), why: error.to_string() }
            }
        }
    }
}

impl client::Handler for Gate {
    type Error = Trouble;

    async fn check_server_key(
        &mut self,
        shown: &russh::keys::PublicKeyOrCertificate,
    ) -> Result<bool, Trouble> {
        let Some(known) = &self.known else { return Ok(true) };
        let russh::keys::PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            return Ok(false);
        };
        let bytes = key.to_bytes().map_err(|e| Trouble::Ssh(russh::Error::Keys(e.into())))?;
        let (url, host) = (self.url.clone(), host_name(&self.at.host, self.at.port));
        let fingerprint = fingerprint(key);
        match known.judge(&self.at.host, self.at.port, &bytes) {
            Verdict::Trusted => Ok(true),
            Verdict::Unknown => {
                Err(Trouble::Key(SourceError::HostKeyUnknown { url, host, fingerprint }))
            }
            Verdict::Mismatch => {
                Err(Trouble::Key(SourceError::HostKeyMismatch { url, host, fingerprint }))
            }
        }
    }
}

fn fingerprint(key: &PublicKey) -> String {
    format!("{} {}", key.algorithm().as_str(), key.fingerprint(HashAlg::Sha256))
}
