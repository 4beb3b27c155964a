//! `sortOptions`, and the SortOrderTransformer.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::id::Gvk;
use crate::kind_order;
use crate::kustomization::SortOptions;
use crate::resmap::ResMap;
use crate::resource::Resource;

/// Puts the resources in order.
///
/// # Errors
/// For an order that there is not.
pub fn transform(map: &mut ResMap, options: &SortOptions) -> Result<()> {
    match (&*options.order, &options.legacy_sort_options) {
        ("fifo", None) => Ok(()),
        ("fifo", Some(_)) => Err(Error::told(
            "the field 'sortOptions.legacySortOptions' is set but the selected sort order is \
             'fifo', not 'legacy'",
        )),
        ("legacy", None) => {
            by_rank(map, kind_order::rank);
            Ok(())
        }
        ("legacy", Some(order)) => {
            let ranks = ranks(&order.order_first, &order.order_last);
            by_rank(map, |kind| ranks.get(kind).copied().unwrap_or(0));
            Ok(())
        }
        _ => Err(Error::told("the field 'sortOptions.order' must be one of [fifo, legacy]")),
    }
}

fn ranks<'a>(first: &'a [String], last: &'a [String]) -> HashMap<&'a str, i32> {
    let first = first.iter().rev().zip(1..).map(|(kind, at): (_, i32)| (&**kind, -at));
    let last = last.iter().zip(1..).map(|(kind, at)| (&**kind, at));
    // Of a kind that is named twice the later place counts.
    let first: Vec<_> = first.collect();
    first.into_iter().rev().chain(last).collect()
}

fn by_rank(map: &mut ResMap, rank: impl Fn(&str) -> i32) {
    let key = |resource: &Resource| {
        let gvk = resource.gvk();
        let rank = rank(&gvk.kind);
        // A Namespace of the core group goes before those of other groups.
        let is_foreign = rank != 0 && gvk.kind == "Namespace" && !gvk.group.is_empty();
        (rank, is_foreign, gvk.stable_sort_string(), id(&gvk, resource))
    };
    map.list_mut().sort_by_cached_key(key);
}

fn id(gvk: &Gvk, resource: &Resource) -> String {
    let or =
        |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    format!("{gvk}|{}|{}", or(resource.namespace(), "~X"), or(resource.name(), "~N"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kustomization::LegacySortOptions;
    use crate::openapi::OpenApi;

    #[track_caller]
    fn check(options: &SortOptions, ids: &[&str], expected: &[&str]) {
        let mut map = ResMap::new(&OpenApi::builtin());
        for id in ids {
            let [api_version, kind, name] = id.split(' ').collect::<Vec<_>>()[..] else { panic!() };
            let value =
                json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
            map.append(Resource::new(value)).unwrap();
        }
        transform(&mut map, options).unwrap();
        let sorted: Vec<_> =
            map.iter().map(|r| format!("{} {} {}", r.api_version(), r.kind(), r.name())).collect();
        assert_eq!(sorted, expected);
    }

    #[test]
    fn sorts_by_kind_and_name() {
        let legacy = SortOptions { order: "legacy".into(), legacy_sort_options: None };
        check(
            &legacy,
            &[
                "v1 Service b",
                "x/v1 Foo a",
                "apps/v1 Deployment a",
                "v1 Service a",
                "v1 Namespace n",
                "x/v1 Namespace n",
                "v1 Pod p",
            ],
            &[
                "v1 Namespace n",
                "x/v1 Namespace n",
                "v1 Service a",
                "v1 Service b",
                "apps/v1 Deployment a",
                "x/v1 Foo a",
                "v1 Pod p",
            ],
        );
        let own = LegacySortOptions {
            order_first: vec!["Pod".into(), "Foo".into()],
            order_last: vec!["Namespace".into()],
        };
        check(
            &SortOptions { order: "legacy".into(), legacy_sort_options: Some(own) },
            &["v1 Namespace n", "x/v1 Foo a", "v1 Service a", "v1 Pod p"],
            &["v1 Pod p", "x/v1 Foo a", "v1 Service a", "v1 Namespace n"],
        );
        let fifo = SortOptions { order: "fifo".into(), legacy_sort_options: None };
        check(&fifo, &["v1 Pod p", "v1 Namespace n"], &["v1 Pod p", "v1 Namespace n"]);
    }
}
