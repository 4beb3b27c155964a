//! Scenarios: what happens to Argo CD's objects, as data, played on the real Argo CD and on Windlass.
//!
//! ```text
//! scenarios/NAME.yaml ──play──> Argo CD on a real Kubernetes ──observe──> recorded/NAME.json
//!                     └─play──> Windlass                     ──observe──> must be equal
//! ```
//!
//! A file names repositories with their files, Applications and other objects, and steps. What is
//! seen at its end (and at each `observe` step) are the Applications whole, the objects left in its
//! namespaces, and the events. Times, uids, resource versions, commit ids and addresses are
//! replaced by words; nothing else is. `differences.yaml` lists what may differ, each with its
//! reason; an entry that no longer differs fails the run.
//!
//! Everything of a scenario is named after it: its namespaces and Applications are `NAME` or begin
//! with `NAME--`. So scenarios share one system and run at once, except those that change settings.

mod artifacts;
mod charts;
mod checklist;
mod differences;
mod file;
mod guide;
mod player;
mod run;
mod snapshot;
mod system;

pub use checklist::{check as check_checklist, check_guide};
pub use run::run;
