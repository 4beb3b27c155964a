//! `windlass app logs`.

use std::process::ExitCode;
use std::time::Duration;

use futures::{StreamExt as _, pin_mut, stream};
use jiff::Timestamp;
use windlass_cluster::{Error, LogLine, LogLines, LogOptions};
use windlass_object::{Object, ResourceKey};

use super::comparison::check_destination;
use super::connection::Connection;
use super::repositories::config_map;
use super::tree::{self, Node};
use crate::cli::failure::Failure;
use crate::cli::output;

/// How many pods are read at once where `server.maxPodLogsToRender` says nothing else.
const MAX_PODS: usize = 10;
/// How long a quiet pod holds up the lines of the others.
const PATIENCE: Duration = Duration::from_millis(100);
/// The pause before a log that broke off is followed again.
const AGAIN: Duration = Duration::from_secs(1);

/// Print the logs of an application's pods, by time.
///
/// The pods are those that match, or that belong to an object that matches, --group, --kind,
/// --namespace and --name.
///
/// Examples:
///   windlass app logs guestbook
///   windlass app logs guestbook --kind Deployment --name web --tail 100
///   windlass app logs guestbook --filter error --follow
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Group of the object.
    #[arg(long, value_name = "GROUP", default_value = "")]
    group: String,
    /// Kind of the object.
    #[arg(long, value_name = "KIND", default_value = "")]
    kind: String,
    /// Namespace of the object.
    #[arg(long, value_name = "NAMESPACE", default_value = "")]
    namespace: String,
    /// Name of the object.
    #[arg(long = "name", value_name = "NAME", default_value = "", id = "object_name")]
    object_name: String,
    /// Go on as lines come.
    #[arg(long, short)]
    follow: bool,
    /// This many lines from the end of each log; 0 is all.
    #[arg(long, value_name = "LINES", default_value_t = 0)]
    tail: u64,
    /// What was written in the last so many seconds; 0 is all.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    since_seconds: u64,
    /// What was written until then, such as 2026-10-10T15:30:00Z.
    #[arg(long, value_name = "TIME")]
    until_time: Option<Timestamp>,
    /// Lines that contain this, in either case; with a leading `!`, the others.
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// The filter's case counts.
    #[arg(long, short)]
    match_case: bool,
    /// Container, where a pod has several.
    #[arg(long, short, value_name = "NAME", default_value = "")]
    container: String,
    /// Of the container's previous run.
    #[arg(long, short)]
    previous: bool,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, None);
    let found = connection.get(&name).await;
    let app = found.map_err(|e| Failure::fatal(format!("stream read failed: {e:#}")))?.app;
    check_destination(&app)?;
    let mut pods = Vec::new();
    for root in tree::build(connection, &app).await? {
        args.select(root, false, &mut pods);
    }
    if pods.len() > max_pods(connection).await? {
        return Err(Failure::fatal(
            "max pods to view logs are reached. Please provide more granular query",
        ));
    }
    let mut options = args.options();
    let filter = Filter::new(&args.filter, args.match_case);
    loop {
        let logs = stream::iter(&pods).map(|pod| open(connection, pod, &options));
        let logs: Vec<LogLines> = logs.buffered(MAX_PODS).collect().await;
        let lines = windlass_cluster::merge_logs(logs, PATIENCE);
        pin_mut!(lines);
        loop {
            match lines.next().await {
                Some(Ok(line)) => {
                    if args.until_time.is_some_and(|end| line.time.is_some_and(|t| t > end)) {
                        return Ok(ExitCode::SUCCESS);
                    }
                    if filter.takes(&line.text) {
                        output::print_or_end(&format!("{}\n", line.text))?;
                    }
                }
                Some(Err(error)) if args.follow && error.is_transient() => break,
                Some(Err(error)) => {
                    return Err(Failure::fatal(format!("stream read failed: {error}")));
                }
                None => return Ok(ExitCode::SUCCESS),
            }
        }
        tokio::time::sleep(AGAIN).await;
        options.since_seconds = Some(AGAIN.as_secs());
    }
}

/// A pod's log. Why there is none is its only line, as argocd shows it: the other pods' logs are
/// still there.
async fn open(connection: &Connection, pod: &ResourceKey, options: &LogOptions) -> LogLines {
    let opened = windlass_cluster::logs(&connection.client, &pod.namespace, &pod.name, options);
    match opened.await {
        Ok(lines) => lines,
        Err(error) => {
            let line = LogLine { time: None, text: error.to_string() };
            stream::iter([Ok::<_, Error>(line)]).boxed()
        }
    }
}

async fn max_pods(connection: &Connection) -> anyhow::Result<usize> {
    let settings = config_map(connection, "argocd-cm").await?;
    let set = settings.get("server.maxPodLogsToRender").and_then(|text| text.parse().ok());
    Ok(set.unwrap_or(MAX_PODS))
}

impl Args {
    fn options(&self) -> LogOptions {
        LogOptions {
            container: self.container.clone(),
            follow: self.follow,
            tail: Some(self.tail).filter(|lines| *lines > 0),
            since_seconds: Some(self.since_seconds).filter(|seconds| *seconds > 0),
            previous: self.previous,
        }
    }

    fn matches(&self, object: &Object) -> bool {
        let key = object.key();
        let is = |wanted: &str, there: &str| wanted.is_empty() || wanted == there;
        is(&self.group, &key.group)
            && is(&self.kind, &key.kind)
            && is(&self.namespace, &key.namespace)
            && is(&self.object_name, &key.name)
    }

    /// The pods among a node and what it owns that match, or whose owner does.
    fn select(&self, node: Node, owner_matches: bool, pods: &mut Vec<ResourceKey>) {
        let matches = owner_matches || self.matches(&node.object);
        if matches && node.object.kind() == "Pod" && node.object.gvk().group.is_empty() {
            pods.push(node.object.key());
        }
        for child in node.children {
            self.select(child, matches, pods);
        }
    }
}

/// `--filter`.
struct Filter {
    text: String,
    inverse: bool,
    match_case: bool,
}

impl Filter {
    fn new(text: &str, match_case: bool) -> Self {
        let (text, inverse) = text.strip_prefix('!').map_or((text, false), |rest| (rest, true));
        let text = if match_case { text.to_owned() } else { text.to_lowercase() };
        Self { text, inverse, match_case }
    }

    fn takes(&self, line: &str) -> bool {
        let contains = if self.match_case {
            line.contains(&self.text)
        } else {
            line.to_lowercase().contains(&self.text)
        };
        contains != self.inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_lines() {
        let check = |filter: &str, case: bool, line: &str, wanted: bool| {
            assert_eq!(Filter::new(filter, case).takes(line), wanted, "{filter} {case} {line}");
        };
        check("", false, "anything", true);
        check("error", false, "an ERROR", true);
        check("error", true, "an ERROR", false);
        check("!error", false, "an ERROR", false);
        check("!error", false, "fine", true);
        check("!", false, "anything", false);
    }
}
