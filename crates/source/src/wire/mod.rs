//! The Git wire protocol, client side, for reading: versions 0, 1 and 2 over HTTP and SSH.
//!
//! A [`Session`] is a connection to a remote's git-upload-pack after its greeting. Negotiation takes
//! one round: the few commits that a mirror fetched last are named, and `done` follows at once. The
//! remote knows nearly always the commit that was its tip a moment ago; where it does not (a
//! force-push), the pack is a bit larger and one round trip is saved.

mod advert;
mod fetch;
mod github_app;
mod http;
mod packet;
mod ssh;
mod tls;

use std::pin::Pin;

use tokio::io::AsyncRead;

use crate::address::Address;
use crate::{Limits, Repository, SourceError};

pub(crate) use advert::Scope;
pub(crate) use fetch::{Part, Request, fetch};
pub(crate) use http::{Client, text_of};
pub(crate) use ssh::{Host, run as ssh_run};

type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// A connection whose remote has greeted.
pub(crate) struct Session {
    url: String,
    channel: Channel,
    greeting: advert::Greeting,
}

enum Channel {
    Http { remote: http::Remote, reader: Option<Reader> },
    Ssh(ssh::Channel),
}

impl Session {
    /// Connects, signs in and reads the greeting.
    pub(crate) async fn open(
        repository: &Repository,
        limits: &Limits,
    ) -> Result<Self, SourceError> {
        let url = repository.shown();
        let (channel, greeting) = match Address::parse(&repository.url)? {
            Address::Http { .. } => {
                let (mut remote, mut reader) = http::Remote::open(repository).await?;
                let greeting = advert::read(&url, &mut reader, limits.refs_bytes).await?;
                if matches!(greeting, advert::Greeting::Old { .. }) {
                    remote.speak_old();
                }
                (Channel::Http { remote, reader: None }, greeting)
            }
            Address::Ssh { user, host, port, path } => {
                let command = format!("git-upload-pack {}", quote(&path));
                let at = ssh::Host { user, host, port };
                let mut channel = ssh::Channel::open(repository, &at, &command).await?;
                let greeting = advert::read(&url, &mut channel, limits.refs_bytes).await;
                let greeting = match greeting {
                    Ok(greeting) => greeting,
                    Err(error) => return Err(channel.explain(&url, error).await),
                };
                (Channel::Ssh(channel), greeting)
            }
            Address::File { .. } => {
                return Err(SourceError::NotSupported { url, what: "a file over the wire".into() });
            }
        };
        Ok(Self { url, channel, greeting })
    }

    /// Sends one request and gives the reader of its answer.
    async fn ask(
        &mut self,
        body: Vec<u8>,
    ) -> Result<Pin<&mut (dyn AsyncRead + Send)>, SourceError> {
        match &mut self.channel {
            Channel::Http { remote, reader } => {
                let answer = remote.ask(body).await?;
                Ok(reader.insert(answer).as_mut())
            }
            Channel::Ssh(channel) => {
                channel
                    .send(body)
                    .await
                    .map_err(|why| SourceError::Unreachable { url: self.url.clone(), why })?;
                let channel: Pin<&mut ssh::Channel> = Pin::new(channel);
                Ok(channel)
            }
        }
    }

    /// The remote's refs.
    pub(crate) async fn refs(
        &mut self,
        scope: &Scope,
        limits: &Limits,
    ) -> Result<crate::Refs, SourceError> {
        if let advert::Greeting::Old { refs, .. } = &self.greeting {
            return Ok(refs.clone());
        }
        let body = advert::list_request(scope);
        let url = self.url.clone();
        let reader = self.ask(body).await?;
        advert::read_list(&url, reader, limits.refs_bytes).await
    }

    /// Says goodbye where the transport wants it.
    pub(crate) async fn close(self) {
        if let Channel::Ssh(channel) = self.channel {
            channel.close().await;
        }
    }
}

/// `text` as one word of a POSIX shell.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''").replace('!', "'\\!'"))
}
