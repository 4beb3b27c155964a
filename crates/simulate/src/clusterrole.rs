//! ClusterRoles that are made of others.

use serde_json::{Value, json};
use windlass_object::Object;

use crate::plan::{Action, Plan, Target};
use crate::resource::Kind;
use crate::selector;
use crate::world::World;

pub(crate) fn reconcile(world: &World, role: &Object) -> Plan {
    let mut plan = Plan::nothing();
    let selectors =
        role.get(&["aggregationRule", "clusterRoleSelectors"]).and_then(Value::as_array);
    let Some(selectors) = selectors.filter(|_| !role.is_terminating()) else { return plan };
    let mut rules: Vec<Value> = Vec::new();
    for selector in selectors {
        let mut parts: Vec<&Object> = world
            .list_all(Kind::ClusterRole)
            .map(|part| &**part)
            .filter(|part| part.name() != role.name() && selector::matches(Some(selector), part))
            .collect();
        parts.sort_by(|a, b| a.name().cmp(b.name()));
        for rule in parts.iter().filter_map(|part| part.get(&["rules"])?.as_array()).flatten() {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    let old = role.get(&["rules"]).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if old != rules {
        plan.actions.push(Action::Patch {
            target: Target::of(Kind::ClusterRole, role),
            subresource: "",
            patch: json!({ "rules": rules }),
        });
    }
    plan
}
