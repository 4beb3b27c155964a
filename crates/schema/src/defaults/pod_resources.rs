//! Resources of whole pods.
//!
//! A pod that has limits of its own gets requests of its own: what its containers ask for, or else
//! its limits.

use std::collections::BTreeMap;

use windlass_object::Value;
use windlass_object::quantity::{Format, Quantity};

use super::{Fields, inner};

type Requests = BTreeMap<&'static str, Quantity>;

/// What containers may ask for that a pod may ask for as well.
const SHARED: [&str; 2] = ["cpu", "memory"];

pub(super) fn requests(spec: &mut Fields) {
    let limits = spec.get("resources").and_then(|r| r.get("limits")).and_then(Value::as_object);
    let Some(limits) = limits.cloned().filter(|limits| !limits.is_empty()) else { return };
    let of_containers = aggregate(spec);
    let Some(resources) = inner(spec, "resources") else { return };
    let mut requests =
        resources.get("requests").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, quantity) in of_containers {
        requests.entry(name).or_insert_with(|| quantity.canonical().into());
    }
    for (name, limit) in limits {
        if SHARED.contains(&name.as_str()) || name.starts_with("hugepages-") {
            requests.entry(name).or_insert(limit);
        }
    }
    if !requests.is_empty() {
        resources.insert("requests".into(), Value::Object(requests));
    }
}

/// What all containers together need at the worst moment: the regular ones and the sidecars at
/// once, or one initial container beside the sidecars that were started before it.
fn aggregate(spec: &Fields) -> Requests {
    let containers = |list: &str| {
        spec.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    };
    let mut running = Requests::new();
    for container in containers("containers") {
        add(&mut running, &of_container(container));
    }
    let (mut sidecars, mut initial) = (Requests::new(), Requests::new());
    for container in containers("initContainers") {
        let mut needed = of_container(container);
        if container["restartPolicy"] == "Always" {
            add(&mut running, &needed);
            add(&mut sidecars, &needed);
            needed = sidecars.clone();
        } else {
            add(&mut needed, &sidecars);
        }
        raise(&mut initial, needed);
    }
    raise(&mut running, initial);
    running
}

fn of_container(container: &Value) -> Requests {
    SHARED
        .into_iter()
        .filter_map(|name| {
            let quantity = container.get("resources")?.get("requests")?.get(name)?;
            let text = quantity.as_str().map_or_else(|| quantity.to_string(), str::to_owned);
            Some((name, text.parse().ok()?))
        })
        .collect()
}

fn add(sum: &mut Requests, more: &Requests) {
    for (name, quantity) in more {
        let total = match sum.get(name) {
            None => quantity.clone(),
            Some(before) => plus(before, quantity),
        };
        sum.insert(name, total);
    }
}

fn raise(most: &mut Requests, other: Requests) {
    for (name, quantity) in other {
        if most.get(name).is_none_or(|before| *before < quantity) {
            most.insert(name, quantity);
        }
    }
}

/// The sum in thousandths, in the notation of the first.
fn plus(a: &Quantity, b: &Quantity) -> Quantity {
    let thousandths = a.scaled(-3).saturating_add(b.scaled(-3));
    let text = if a.format() == Format::BinarySi && thousandths % (1000 * 1024) == 0 {
        format!("{}Ki", thousandths / (1000 * 1024))
    } else {
        format!("{thousandths}m")
    };
    text.parse().unwrap_or_else(|_| a.clone())
}
