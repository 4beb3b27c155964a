//! How many pods a rolling update may have, and how a new size is spread over ReplicaSets.

use serde_json::Value;
use windlass_object::Object;

/// A Deployment's limits at its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The size asked for.
    pub(crate) replicas: i64,
    /// How many more there may be.
    pub(crate) surge: i64,
    /// How many may be unavailable.
    pub(crate) unavailable: i64,
}

impl Limits {
    /// Of a Deployment.
    pub(crate) fn of(deployment: &Object) -> Self {
        let replicas = deployment.int_at(&["spec", "replicas"]).unwrap_or(1);
        if !is_rolling(deployment) {
            return Self { replicas, surge: 0, unavailable: 0 };
        }
        let part = |name, up| {
            scaled(deployment.get(&["spec", "strategy", "rollingUpdate", name]), replicas, up)
        };
        let (surge, mut unavailable) = (part("maxSurge", true), part("maxUnavailable", false));
        if surge == 0 && unavailable == 0 {
            unavailable = 1;
        }
        Self { replicas, surge, unavailable: unavailable.min(replicas) }
    }

    /// The most pods there may be.
    pub(crate) fn most(self) -> i64 {
        self.replicas + self.surge
    }

    /// The fewest available pods there must be.
    pub(crate) fn fewest(self) -> i64 {
        self.replicas - self.unavailable
    }
}

/// Whether the Deployment rolls, which is the default.
pub(crate) fn is_rolling(deployment: &Object) -> bool {
    deployment.str_at(&["spec", "strategy", "type"]) != "Recreate"
}

/// A number, or a percentage of `total`, rounded up or down.
pub(crate) fn scaled(value: Option<&Value>, total: i64, up: bool) -> i64 {
    match value {
        Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
        Some(Value::String(text)) => {
            let percent: i64 =
                text.strip_suffix('%').and_then(|digits| digits.parse().ok()).unwrap_or(0);
            let product = percent.saturating_mul(total);
            if up { (product + 99).div_euclid(100) } else { product.div_euclid(100) }
        }
        _ => 0,
    }
}

/// What the rollout knows of a ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    /// Its name.
    pub(crate) name: String,
    /// When it was made, as written; orders by age.
    pub(crate) created: String,
    /// The size asked of it.
    pub(crate) replicas: i64,
    /// Its available pods.
    pub(crate) available: i64,
    /// The most pods its Deployment might have had when it was last scaled.
    pub(crate) most_before: Option<i64>,
}

/// The new ReplicaSet's next size.
pub(crate) fn new_size(limits: Limits, rolling: bool, new: i64, all: i64) -> i64 {
    if new >= limits.replicas || !rolling {
        return limits.replicas;
    }
    if all >= limits.most() {
        return new;
    }
    new + (limits.most() - all).min(limits.replicas - new)
}

/// The next sizes of the old ReplicaSets in a rolling update, of those that change.
pub(crate) fn old_sizes(limits: Limits, new: &Set, old: &[Set]) -> Vec<(String, i64)> {
    let mut old: Vec<Set> = old.iter().filter(|set| set.replicas > 0).cloned().collect();
    old.sort_by(|a, b| (&a.created, &a.name).cmp(&(&b.created, &b.name)));
    let before: Vec<i64> = old.iter().map(|set| set.replicas).collect();
    let total: i64 = before.iter().sum::<i64>() + new.replicas;
    let mut spare = total - limits.fewest() - (new.replicas - new.available);
    if spare <= 0 {
        return Vec::new();
    }
    // Pods that are not available go first: their loss costs nothing.
    for set in &mut old {
        let less = spare.min((set.replicas - set.available).max(0));
        set.replicas -= less;
        spare -= less;
    }
    let available: i64 = old.iter().map(|set| set.available).sum::<i64>() + new.available;
    let mut surplus = available - limits.fewest();
    for set in &mut old {
        let less = surplus.clamp(0, set.replicas);
        set.replicas -= less;
        surplus -= less;
    }
    let changed = old.into_iter().zip(before).filter(|(set, before)| set.replicas != *before);
    changed.map(|(set, _)| (set.name, set.replicas)).collect()
}

/// The sizes after the Deployment was scaled in the middle of a rollout: the difference is spread
/// over all active ReplicaSets in proportion to their sizes, the rest goes to the largest.
/// `deployment_replicas` is the Deployment's observed size.
pub(crate) fn proportional(
    limits: Limits,
    mut active: Vec<Set>,
    deployment_replicas: i64,
) -> Vec<(String, i64)> {
    let allowed = if limits.replicas > 0 { limits.most() } else { 0 };
    let to_add = allowed - active.iter().map(|set| set.replicas).sum::<i64>();
    active.sort_by(|a, b| {
        let age = (&a.created, &a.name).cmp(&(&b.created, &b.name));
        b.replicas.cmp(&a.replicas).then(if to_add > 0 { age.reverse() } else { age })
    });
    let mut added = 0;
    let mut sizes = Vec::new();
    for set in &active {
        let share = match to_add {
            0 => 0,
            _ => share(limits, set, deployment_replicas, to_add - added),
        };
        added += share;
        sizes.push((set.name.clone(), set.replicas + share));
    }
    if let Some((_, largest)) = sizes.first_mut() {
        *largest = (*largest + to_add - added).max(0);
    }
    sizes
}

fn share(limits: Limits, set: &Set, deployment_replicas: i64, left: i64) -> i64 {
    if set.replicas == 0 || left == 0 {
        return 0;
    }
    let fraction = if limits.replicas == 0 {
        -set.replicas
    } else {
        let base = set.most_before.filter(|most| *most != 0).unwrap_or(deployment_replicas);
        if base == 0 {
            return 0;
        }
        // Rounded half away from zero; both are positive.
        (2 * set.replicas * limits.most() + base) / (2 * base) - set.replicas
    };
    if left > 0 { fraction.min(left) } else { fraction.max(left) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use windlass_object::Object;

    use super::{Limits, Set, new_size, old_sizes, proportional, scaled};

    fn set(name: &str, replicas: i64, available: i64) -> Set {
        Set { name: name.into(), created: name.into(), replicas, available, most_before: None }
    }

    fn limits(replicas: i64, surge: &Value, unavailable: &Value) -> Limits {
        let rolling = json!({"maxSurge": surge, "maxUnavailable": unavailable});
        let spec = json!({"spec": {"replicas": replicas, "strategy": {"rollingUpdate": rolling}}});
        Limits::of(&Object::try_from(spec).unwrap())
    }

    #[test]
    fn percentages_round_up_for_surge_and_down_for_unavailable() {
        assert_eq!(scaled(Some(&json!("25%")), 10, true), 3);
        assert_eq!(scaled(Some(&json!("25%")), 10, false), 2);
        let one = limits(1, &json!("25%"), &json!("25%"));
        assert_eq!(one, Limits { replicas: 1, surge: 1, unavailable: 0 });
        assert_eq!(limits(4, &json!(0), &json!(0)).unavailable, 1);
    }

    #[test]
    fn a_rolling_update_ends_within_its_limits_at_every_step() {
        for replicas in 1..12 {
            for (surge, unavailable) in [(1, 0), (0, 1), (3, 2), (12, 12)] {
                let limits = limits(replicas, &json!(surge), &json!(unavailable));
                let (mut new, mut old) = (set("new", 0, 0), set("old", replicas, replicas));
                for _ in 0..100 {
                    new.replicas =
                        new_size(limits, true, new.replicas, new.replicas + old.replicas);
                    assert!(new.replicas + old.replicas <= limits.most());
                    if let Some((_, size)) = old_sizes(limits, &new, &[old.clone()]).pop() {
                        old.replicas = size;
                        old.available = old.available.min(size);
                    }
                    assert!(new.available + old.available >= limits.fewest());
                    new.available = new.replicas;
                }
                assert_eq!((new.replicas, old.replicas), (replicas, 0));
            }
        }
    }

    #[test]
    fn unavailable_old_pods_go_first() {
        let limits = limits(10, &json!(3), &json!(2));
        let sizes = old_sizes(limits, &set("new", 5, 0), &[set("a", 3, 3), set("b", 5, 3)]);
        assert_eq!(sizes, []);
        let sizes = old_sizes(limits, &set("new", 1, 0), &[set("a", 5, 5), set("b", 5, 3)]);
        assert_eq!(sizes, [("b".to_owned(), 3)]);
    }

    #[test]
    fn scaling_in_a_rollout_keeps_proportions() {
        let of = |name: &str, replicas| Set { most_before: Some(13), ..set(name, replicas, 0) };
        let sizes =
            proportional(limits(15, &json!(3), &json!(2)), vec![of("new", 5), of("old", 8)], 13);
        assert_eq!(sizes, [("old".to_owned(), 11), ("new".to_owned(), 7)]);
        let sizes =
            proportional(limits(0, &json!(3), &json!(2)), vec![of("new", 5), of("old", 8)], 13);
        assert_eq!(sizes, [("old".to_owned(), 0), ("new".to_owned(), 0)]);
    }
}
