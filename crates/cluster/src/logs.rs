//! The logs of Pods' containers, alone and merged by time.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use http_body_util::BodyExt as _;
use jiff::Timestamp;

use crate::Error;
use crate::http::{Call, Transport};
use crate::limits::Limits;

/// Longest line that is kept in one piece, in bytes; the rest of it is the next line.
const LINE_BYTES: usize = 1 << 20;

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
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, as the kubelet says; none for a line that is no part of the log.
    pub time: Option<Timestamp>,
    /// Without its end.
    pub text: String,
}

/// Lines as they come.
pub type LogLines = BoxStream<'static, Result<LogLine, Error>>;

/// The log of a container as it comes.
///
/// # Errors
/// As the API answers.
pub async fn logs(
    client: &kube::Client,
    namespace: &str,
    pod: &str,
    options: &LogOptions,
) -> Result<LogLines, Error> {
    let mut call = Call::get(format!("/api/v1/namespaces/{namespace}/pods/{pod}/log"));
    call.accept = "*/*";
    call = call.query("timestamps", "true");
    if !options.container.is_empty() {
        call = call.query("container", options.container.clone());
    }
    for (name, on) in [("follow", options.follow), ("previous", options.previous)] {
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
    let transport = Transport::new(client.clone(), Limits::new(None));
    let body = transport.stream(&call).await?.into_body();
    let pieces = stream::unfold(body, |mut body| async move {
        loop {
            match body.frame().await? {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Some((Ok(data), body));
                    }
                }
                Err(error) => {
                    return Some((Err(Error::Unreachable { message: error.to_string() }), body));
                }
            }
        }
    });
    Ok(lines(pieces.boxed()).boxed())
}

/// Cuts a log with timestamps into its lines.
fn lines(
    pieces: BoxStream<'static, Result<bytes::Bytes, Error>>,
) -> impl Stream<Item = Result<LogLine, Error>> + Send + 'static {
    let state = (pieces, BytesMut::new(), false);
    let chunks = stream::unfold(state, |(mut pieces, mut buffer, mut ended)| async move {
        loop {
            let end = buffer.iter().position(|b| *b == b'\n');
            let line = match end {
                Some(end) if end <= LINE_BYTES => {
                    let line = buffer.split_to(end);
                    buffer.advance(1);
                    Some(line)
                }
                _ if buffer.len() > LINE_BYTES => Some(buffer.split_to(LINE_BYTES)),
                _ if ended && !buffer.is_empty() => Some(buffer.split()),
                _ => None,
            };
            if let Some(line) = line {
                return Some((Ok(parse(&line)), (pieces, buffer, ended)));
            }
            if ended {
                return None;
            }
            match pieces.next().await {
                Some(Ok(piece)) => buffer.extend_from_slice(&piece),
                Some(Err(error)) => return Some((Err(error), (pieces, BytesMut::new(), true))),
                None => ended = true,
            }
        }
    });
    chunks.flat_map(|lines| {
        stream::iter(match lines {
            Ok(lines) => lines.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
    })
}

/// A line and its timestamp; carriage returns divide it, as progress bars write them.
fn parse(line: &[u8]) -> Vec<LogLine> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let time = first.parse::<Timestamp>().ok();
    let text = if time.is_some() { rest } else { text };
    text.split('\r').map(|part| LogLine { time, text: part.to_owned() }).collect()
}

/// Several logs as one, the oldest line first. A log that has nothing to say holds up the others no
/// longer than `patience`.
pub fn merge(
    logs: Vec<LogLines>,
    patience: Duration,
) -> impl Stream<Item = Result<LogLine, Error>> {
    let heads = logs.iter().map(|_| None).collect();
    stream::unfold(
        Merge { logs: logs.into_iter().map(Some).collect(), heads },
        move |mut merge| async move {
            loop {
                if merge.waits() {
                    let none_known = merge.heads.iter().all(Option::is_none);
                    let more = merge.fill();
                    if none_known {
                        more.await;
                        continue;
                    }
                    if tokio::time::timeout(patience, more).await.is_ok() {
                        continue;
                    }
                }
                return merge.oldest().map(|line| (line, merge));
            }
        },
    )
}

/// The first line of each log that has more.
struct Merge {
    logs: Vec<Option<LogLines>>,
    heads: Vec<Option<Result<LogLine, Error>>>,
}

impl Merge {
    /// Whether some log may still have a line that is not known.
    fn waits(&self) -> bool {
        self.logs.iter().zip(&self.heads).any(|(log, head)| log.is_some() && head.is_none())
    }

    /// Reads on in the logs whose first line is not known, until one of them has something.
    fn fill(&mut self) -> impl Future<Output = ()> + '_ {
        std::future::poll_fn(|cx| {
            let mut moved = false;
            for (log, head) in self.logs.iter_mut().zip(&mut self.heads) {
                if head.is_some() {
                    continue;
                }
                let Some(lines) = log else { continue };
                match Pin::new(lines).poll_next(cx) {
                    Poll::Ready(Some(line)) => *head = Some(line),
                    Poll::Ready(None) => *log = None,
                    Poll::Pending => continue,
                }
                moved = true;
            }
            if moved { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// Takes the oldest known line; errors and what has no time come first.
    fn oldest(&mut self) -> Option<Result<LogLine, Error>> {
        let time = |head: &Result<LogLine, Error>| head.as_ref().ok().and_then(|line| line.time);
        let known = self.heads.iter_mut().filter(|head| head.is_some());
        known.min_by_key(|head| head.as_ref().and_then(time))?.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, text: &str) -> LogLine {
        LogLine { time: Some(Timestamp::from_second(second).unwrap()), text: text.to_owned() }
    }

    fn log(parts: Vec<&'static str>) -> LogLines {
        lines(stream::iter(parts).map(|p| Ok(bytes::Bytes::from(p))).boxed()).boxed()
    }

    async fn all(stream: impl Stream<Item = Result<LogLine, Error>>) -> Vec<LogLine> {
        stream.map(Result::unwrap).collect().await
    }

    #[tokio::test]
    async fn lines_are_cut_where_they_end() {
        let parts =
            vec!["1970-01-01T00:00:01Z on", "e two\r\n1970-01-01T00:00:02.0", "0Z a\rb\nno time"];
        let untimed = LogLine { time: None, text: "no time".to_owned() };
        let wanted = vec![line(1, "one two"), line(2, "a"), line(2, "b"), untimed];
        assert_eq!(all(log(parts)).await, wanted);
        assert_eq!(all(log(vec!["1970-01-01T00:00:01Z\n"])).await, vec![line(1, "")]);
        assert_eq!(all(log(vec![])).await, vec![]);
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut() {
        let text: &'static str = Box::leak("x".repeat(LINE_BYTES + 3).into_boxed_str());
        let lines = all(log(vec![text])).await;
        let lengths: Vec<usize> = lines.iter().map(|l| l.text.len()).collect();
        assert_eq!(lengths, [LINE_BYTES, 3]);
    }

    #[tokio::test]
    async fn logs_are_merged_by_time() {
        let a = log(vec!["1970-01-01T00:00:01Z a1\n1970-01-01T00:00:04Z a4\n"]);
        let b = log(vec!["1970-01-01T00:00:02Z b2\n", "1970-01-01T00:00:03Z b3\n"]);
        let silent = stream::pending().boxed();
        let merged = merge(vec![a, b, silent], Duration::from_millis(1)).take(4);
        let texts: Vec<String> = all(merged).await.into_iter().map(|l| l.text).collect();
        assert_eq!(texts, ["a1", "b2", "b3", "a4"]);
    }
}
