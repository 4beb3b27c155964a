//! Argo CD's scenarios, against what the real one gave.

use anyhow::Result;

#[test]
fn as_argo_cd() -> Result<()> {
    windlass_stories::scenario::run()
}

#[test]
fn every_line_of_the_checklist_names_a_scenario_or_a_reason() -> Result<()> {
    windlass_stories::scenario::check_checklist()
}
