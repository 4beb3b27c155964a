//! Random small templates, as the real helm renders or refuses them. `WINDLASS_TEMPLATES=N` makes N
//! of them instead of the few of every test, `WINDLASS_SEED=N` others.

#![allow(clippy::unwrap_used)] // Tests.

mod support;

#[path = "random/generator.rs"]
mod generator;
#[path = "random/signatures.rs"]
mod signatures;

use support::{batch, helm_is_there};

/// Templates of a test, most of which render, and how many of those that fail are looked at.
const TEMPLATES: usize = 1_500;
const FAILURES: usize = 100;

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_templates_end_as_in_helm() {
    if !helm_is_there() {
        return;
    }
    let count = number("WINDLASS_TEMPLATES").unwrap_or(TEMPLATES);
    let seed = number("WINDLASS_SEED").unwrap_or(20_261_127);
    let mut random = generator::Random::new(seed as u64);
    let all: Vec<String> = (0..count).map(|i| random.template(i)).collect();
    let failing = batch::twofold(&all, |text| batch::fails(text));
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (text, fails) in all.iter().zip(failing) {
        if fails { &mut bad } else { &mut good }.push(text);
    }
    println!("{} render, {} fail", good.len(), bad.len());
    let mut wrong = Vec::new();
    for part in good.chunks(1_000) {
        wrong.extend(batch::rendered(&part.iter().map(|text| text.as_str()).collect::<Vec<_>>()));
    }
    // Failures cost a run each.
    let every = (bad.len() * TEMPLATES / count.max(1)).div_ceil(FAILURES).max(1);
    let bad: Vec<_> = bad.into_iter().step_by(every).collect();
    let differences = batch::twofold(&bad, |text| {
        let (theirs, ours) = (batch::really_alone(text), batch::alone(text));
        let words = |answer: &batch::Answer| {
            answer.as_ref().map_err(|text| batch::own_words(text).to_owned()).cloned()
        };
        (words(&theirs) != words(&ours))
            .then(|| format!("{text}\n  helm: {theirs:?}\n  ours: {ours:?}"))
    });
    wrong.extend(differences.into_iter().flatten());
    let exhausted = wrong.iter().filter(|text| text.contains(support::EXHAUSTED)).count();
    println!("{exhausted} skipped: {}", support::EXHAUSTED);
    assert!(exhausted <= count / 500, "too many are skipped");
    wrong.retain(|text| !text.contains(support::EXHAUSTED));
    // Of a map that holds itself the real helm dies, and ours prints a part.
    wrong.retain(|text| !text.contains(support::CYCLE));
    batch::none(&wrong);
}
