//! A sync of many objects takes time in proportion to their number.

#![allow(clippy::unwrap_used)]

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
    // A build without optimisation on a busy machine takes some tenths of this; one that compares
    // each object with each takes several times as long.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    println!("{:?}", start.elapsed());
}
