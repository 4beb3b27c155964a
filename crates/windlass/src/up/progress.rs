//! Deliveries as they happen, for a person at a terminal.
//!
//! [`Board`] is the model: it takes each Application as the API shows it. On a terminal its
//! picture is drawn over the last one; elsewhere each change is a line, so that a log reads well.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use windlass_argo::types::{
    Application, HealthStatusCode, OperationPhase, ResourceStatus, SyncStatusCode,
};

/// Everything that is shown.
#[derive(Debug, Default)]
pub(super) struct Board {
    applications: BTreeMap<String, Application>,
}

impl Board {
    /// Takes an Application's newest state, and says what changed, a line each.
    pub(super) fn update(&mut self, app: Application) -> Vec<String> {
        let name = app.name().to_owned();
        let before = self.applications.get(&name).map(summary);
        let now = summary(&app);
        let mut lines = Vec::new();
        let old = self.applications.get(&name);
        for resource in &app.status.resources {
            let was =
                old.and_then(|o| o.status.resources.iter().find(|r| r.key() == resource.key()));
            if was.is_none_or(|w| w.status != resource.status) {
                lines.push(format!("{name}  {}", resource_line(resource)));
            }
        }
        if before.as_ref() != Some(&now) {
            lines.push(format!("{name}  {now}"));
        }
        for condition in &app.status.conditions {
            let known = old.is_some_and(|o| {
                o.status
                    .conditions
                    .iter()
                    .any(|c| (&c.kind, &c.message) == (&condition.kind, &condition.message))
            });
            if !known {
                lines.push(format!("{name}  {}: {}", condition.kind, condition.message));
            }
        }
        self.applications.insert(name, app);
        lines
    }

    /// Forgets an Application that is gone.
    pub(super) fn remove(&mut self, name: &str) {
        self.applications.remove(name);
    }

    /// Whether there is something, and all of it is Synced and Healthy with no sync running.
    pub(super) fn all_healthy(&self) -> bool {
        !self.applications.is_empty() && self.applications.values().all(is_healthy)
    }

    /// The whole state as lines.
    pub(super) fn picture(&self, elapsed: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, app) in &self.applications {
            lines.push(format!("{name}  {}", summary(app)));
            for resource in &app.status.resources {
                lines.push(format!("  {}", resource_line(resource)));
            }
            for condition in &app.status.conditions {
                lines.push(format!("  {}: {}", condition.kind, condition.message));
            }
        }
        lines.push(self.progress_line(elapsed));
        lines
    }

    fn progress_line(&self, elapsed: Duration) -> String {
        let resources = self.applications.values().flat_map(|a| &a.status.resources);
        let (mut done, mut all) = (0_usize, 0_usize);
        for resource in resources {
            all += 1;
            done += usize::from(resource.status == SyncStatusCode::Synced);
        }
        const WIDTH: usize = 30;
        let filled = (done * WIDTH).checked_div(all).unwrap_or(0);
        format!(
            "[{}{}] {done}/{all} objects as in Git, {:.1} s",
            "#".repeat(filled),
            ".".repeat(WIDTH - filled),
            elapsed.as_secs_f64()
        )
    }
}

fn is_healthy(app: &Application) -> bool {
    let running = app.operation.is_some()
        || app.status.operation_state.as_ref().is_some_and(|o| !o.phase.is_completed());
    app.status.sync.status == SyncStatusCode::Synced
        && app.status.health.status == Some(HealthStatusCode::Healthy)
        && !running
}

fn summary(app: &Application) -> String {
    let status = &app.status;
    let sync = match status.sync.status {
        SyncStatusCode::None => "Unknown".to_owned(),
        code => code.to_string(),
    };
    let health = status.health.status.map_or_else(|| "Unknown".to_owned(), |h| h.to_string());
    let mut text = format!("{sync}, {health}");
    if !status.sync.revision.is_empty() {
        let _ = write!(text, " at {}", short(&status.sync.revision));
    }
    if let Some(operation) = &status.operation_state
        && operation.phase != OperationPhase::Succeeded
    {
        let _ = write!(text, " (sync {}: {})", operation.phase.as_str(), operation.message);
    }
    text
}

fn resource_line(resource: &ResourceStatus) -> String {
    let health = resource.health.as_ref().and_then(|h| h.status).map(|h| h.to_string());
    format!(
        "wave {:<3} {:<16} {:<24} {:<10} {}",
        resource.sync_wave,
        resource.kind,
        resource.name,
        resource.status,
        health.unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}

fn short(revision: &str) -> &str {
    revision.get(..7).unwrap_or(revision)
}

/// Where the board is shown.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: bool,
    drawn: usize,
}

impl Screen {
    /// Standard output, whatever it is.
    pub(super) fn new() -> Self {
        Self { terminal: std::io::stdout().is_terminal(), drawn: 0 }
    }

    /// Shows the state after a change. Output that is gone is not an error: delivery goes on.
    pub(super) fn show(&mut self, board: &Board, changes: &[String], elapsed: Duration) {
        let mut out = anstream::stdout().lock();
        if !self.terminal {
            for line in changes {
                let _ = writeln!(out, "{:7.3} s  {line}", elapsed.as_secs_f64());
            }
            return;
        }
        let picture = board.picture(elapsed);
        let up = if self.drawn > 0 { format!("\x1b[{}A", self.drawn) } else { String::new() };
        let mut text = up;
        for line in &picture {
            let _ = writeln!(text, "\x1b[2K{}", paint(line));
        }
        text.push_str("\x1b[J");
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
        self.drawn = picture.len();
    }

    /// Lines that stay: the next picture is drawn below them.
    pub(super) fn say(&mut self, text: &str) {
        let mut out = anstream::stdout().lock();
        let _ = writeln!(out, "{text}");
        self.drawn = 0;
    }
}

fn paint(line: &str) -> String {
    const COLOURS: &[(&str, &str)] = &[
        ("OutOfSync", "33"),
        ("Synced", "32"),
        ("Healthy", "32"),
        ("Progressing", "36"),
        ("Degraded", "31"),
        ("Missing", "33"),
    ];
    let mut out = String::new();
    for (i, word) in line.split_inclusive([' ', ',']).enumerate() {
        let bare = word.trim_end_matches([' ', ',']);
        match COLOURS.iter().find(|(w, _)| *w == bare) {
            Some((_, colour)) if i > 0 => {
                let _ = write!(out, "\x1b[{colour}m{bare}\x1b[0m{}", &word[bare.len()..]);
            }
            _ => out.push_str(word),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::{Object, json};

    fn app(sync: &str, health: &str, web: &str) -> Application {
        let value = json!({
            "metadata": {"name": "sample"},
            "spec": {"destination": {}, "project": "default"},
            "status": {
                "sync": {"status": sync, "revision": "0123456789abcdef"},
                "health": {"status": health},
                "resources": [
                    {"kind": "ConfigMap", "name": "settings", "status": "Synced", "syncWave": -1},
                    {"kind": "Deployment", "name": "web", "status": web},
                ],
            },
        });
        Application::from_object(&Object::try_from(value).unwrap()).unwrap()
    }

    #[test]
    fn tells_each_change_once() {
        let mut board = Board::default();
        insta::assert_snapshot!(
            board.update(app("OutOfSync", "Missing", "OutOfSync")).join("\n"),
            @r"
        sample  wave -1  ConfigMap        settings                 Synced
        sample  wave 0   Deployment       web                      OutOfSync
        sample  OutOfSync, Missing at 0123456
        "
        );
        assert!(board.update(app("OutOfSync", "Missing", "OutOfSync")).is_empty());
        assert!(!board.all_healthy());
        insta::assert_snapshot!(
            board.update(app("Synced", "Healthy", "Synced")).join("\n"),
            @r"
        sample  wave 0   Deployment       web                      Synced
        sample  Synced, Healthy at 0123456
        "
        );
        assert!(board.all_healthy());
        insta::assert_snapshot!(
            board.picture(Duration::from_millis(1250)).join("\n"),
            @r"
        sample  Synced, Healthy at 0123456
          wave -1  ConfigMap        settings                 Synced
          wave 0   Deployment       web                      Synced
        [##############################] 2/2 objects as in Git, 1.2 s
        "
        );
    }
}
