//! Webhooks and admission policies: group `admissionregistration.k8s.io`.

use windlass_object::json;

use super::{Fields, absent};

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition.rsplit('.').next().unwrap_or_default() {
        "ValidatingWebhook" => webhook(map),
        "MutatingWebhook" => {
            webhook(map);
            absent(map, "reinvocationPolicy", "Never");
        }
        "RuleWithOperations" | "NamedRuleWithOperations" => absent(map, "scope", "*"),
        "ServiceReference" => absent(map, "port", 443),
        "ValidatingAdmissionPolicySpec" | "MutatingAdmissionPolicySpec" => {
            absent(map, "failurePolicy", "Fail");
        }
        "MatchResources" => matches(map),
        _ => {}
    }
}

fn webhook(map: &mut Fields) {
    absent(map, "failurePolicy", "Fail");
    absent(map, "timeoutSeconds", 10);
    matches(map);
}

fn matches(map: &mut Fields) {
    absent(map, "matchPolicy", "Equivalent");
    absent(map, "namespaceSelector", json!({}));
    absent(map, "objectSelector", json!({}));
}
