//! One controller and many clusters: each signed in to in another way, each failing alone.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // As in all tests; helpers are not told apart.

mod gate;
mod world;

use std::time::{Duration, Instant};

use gate::Way;
use windlass_object::json;
use windlass_testkit::available;
use world::World;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// The same for those who must not wait for one that hangs: less than until that is given up.
const UNHELD: Duration = Duration::from_secs(55);

/// Clusters that are real, and embedded ones.
const SIZE: (usize, usize) = (2, 30);

#[tokio::test(flavor = "multi_thread")]
async fn a_spoke_that_fails_fails_alone() {
    if !available(&["kube"]) {
        return;
    }
    let (real, embedded) = SIZE;
    let began = Instant::now();
    let world = World::start(real, embedded).await;
    let first = world.commit("first");
    world.create_applications().await;
    let all: Vec<usize> = (0..world.spokes.len()).collect();
    world.until(&all, &first, PATIENCE).await;
    println!("{} spokes delivered after {:.1?}", all.len(), began.elapsed());

    // One hangs, one is cut: the others go on as if nothing were.
    let (hangs, cut) = (real, real + 1);
    world.spokes[hangs].gate.set(Way::Stalled);
    world.spokes[cut].gate.set(Way::Cut);
    let others: Vec<usize> = all.iter().copied().filter(|i| ![hangs, cut].contains(i)).collect();
    let second = world.commit("second");
    let took = world.until(&others, &second, UNHELD).await;
    println!("the others delivered after {took:.1?} while one hung and one was cut");
    for i in [hangs, cut] {
        assert!(!world.is_delivered(i, &second).await, "spoke {i} cannot have been delivered to");
    }
    world.until_unknown(cut, PATIENCE).await;
    for i in &others {
        assert!(world.is_delivered(*i, &second).await, "spoke {i} was drawn in");
    }

    // And both come back by themselves.
    world.spokes[hangs].gate.set(Way::Open);
    world.spokes[cut].gate.set(Way::Open);
    let took = world.until(&all, &second, PATIENCE).await;
    println!("back after {took:.1?}");

    // Each in its turn is cut, the real ones among them, while the others are delivered to: those that
    // have not been cut yet, since one that comes back may take its time.
    let mut last = second;
    for fails in &all {
        world.spokes[*fails].gate.set(Way::Cut);
        last = world.commit(&format!("without {fails}"));
        let others: Vec<usize> = all.iter().copied().filter(|i| i > fails).collect();
        world.until(&others, &last, UNHELD).await;
        assert!(!world.is_delivered(*fails, &last).await, "spoke {fails} is cut");
        world.spokes[*fails].gate.set(Way::Open);
    }
    let took = world.until(&all, &last, PATIENCE).await;
    println!("each was cut once; all are back after {took:.1?}");

    // A secret that changes connects its own cluster anew, and no other.
    let before: Vec<usize> = world.spokes.iter().map(|spoke| spoke.gate.accepted()).collect();
    world.limit_namespaces(hangs).await;
    let third = world.commit("third");
    world.until(&all, &third, PATIENCE).await;
    for i in all {
        let fresh = world.spokes[i].gate.accepted() - before[i];
        assert_eq!(fresh > 0, i == hangs, "spoke {i}: {fresh} new connections");
    }
}

/// Keys of those who sign are taken in while the controller runs, and nothing is delivered before.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_taken_in_while_it_runs() {
    let world = World::start(0, 1).await;
    let patience = PATIENCE;
    world.require_signature("4685AA86F9B64E4B").await;
    world.commit_unsigned_and_signed(include_str!("commit-2.sig"));
    world.create_applications().await;
    let unknown = "Found signature made with RSA key 4685AA86F9B64E4B, but verification result was \
                   invalid: 'gpg: Can't check signature: No public key'";
    let status = world.until_condition(0, unknown, patience).await;
    assert_eq!(status["sync"]["status"], "OutOfSync");
    assert_ne!(status["operationState"]["phase"], "Succeeded");
    let key = include_str!("../../../openpgp/tests/fixtures/detached/robot.asc");
    world.add_key("4685AA86F9B64E4B", key).await;
    let trusted = |status: &windlass_object::Value| {
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        !conditions.iter().any(|condition| condition["type"] == "ComparisonError")
    };
    world.until_status(0, patience, &trusted).await;
    world.patch_application(0, &json!({"operation": {"sync": {}}})).await;
    let delivered =
        |status: &windlass_object::Value| status["operationState"]["phase"] == "Succeeded";
    world.until_status(0, patience, &delivered).await;
}
