//! The logs of a Pod's container.

use futures::stream::{self, Stream};
use http_body_util::BodyExt as _;

use crate::Error;
use crate::connection::Cluster;
use crate::http::Call;

/// Which lines.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// Container; the only one when empty.
    pub container: String,
    /// Whether to go on as lines come.
    pub follow: bool,
    /// Lines from the end; all when none.
    pub tail: Option<u64>,
    /// Seconds to look back; all when none.
    pub since_seconds: Option<u64>,
    /// Of the container's previous run.
    pub previous: bool,
    /// Each line preceded by its time.
    pub timestamps: bool,
}

impl Cluster {
    /// The bytes of a container's log as they come.
    ///
    /// # Errors
    /// As the API answers.
    pub async fn logs(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
    ) -> Result<impl Stream<Item = Result<bytes::Bytes, Error>> + use<>, Error> {
        let mut call = Call::get(format!("/api/v1/namespaces/{namespace}/pods/{pod}/log"));
        call.accept = "*/*";
        if !options.container.is_empty() {
            call = call.query("container", options.container.clone());
        }
        for (name, on) in [
            ("follow", options.follow),
            ("previous", options.previous),
            ("timestamps", options.timestamps),
        ] {
            if on {
                call = call.query(name, "true");
            }
        }
        if let Some(tail) = options.tail {
            call = call.query("tailLines", tail.to_string());
        }
        if let Some(since) = options.since_seconds {
            call = call.query("sinceSeconds", since.to_string());
        }
        let body = self.transport().stream(&call).await?.into_body();
        Ok(stream::unfold(body, |mut body| async move {
            loop {
                match body.frame().await? {
                    Ok(frame) => {
                        if let Ok(data) = frame.into_data() {
                            return Some((Ok(data), body));
                        }
                    }
                    Err(error) => {
                        let error = Error::Unreachable { message: error.to_string() };
                        return Some((Err(error), body));
                    }
                }
            }
        }))
    }
}
