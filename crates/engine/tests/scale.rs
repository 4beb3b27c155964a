//! A sync of many objects takes time in proportion to their number.

mod support;

use std::time::{Duration, Instant};

use support::Story;
use windlass_engine::state::OperationPhase;

#[test]
fn two_thousand_objects_are_no_trouble() {
    let manifests: String = (0..2000)
        .map(|i| {
            let wave = i % 4;
            format!(
                "---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c{i}, namespace: ns, annotations: {{argocd.argoproj.io/sync-wave: '{wave}'}}}}}}\n"
            )
        })
        .collect();
    let mut story = Story::new(&manifests);
    let start = Instant::now();
    story.run();
    assert_eq!(story.state.phase, OperationPhase::Succeeded);
    assert_eq!(story.state.results.len(), 2000);
    // It takes half a second without optimisation; the bound is for busy machines.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
