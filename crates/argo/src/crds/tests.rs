//! The notation.

#[test]
fn a_constraint_is_written_as_kubernetes_wants_it() {
    let schema = super::fields::expand("T\n  a! match(1 ^x$)\n  b string(..9)\n  c {}[]intstr\n");
    assert_eq!(schema["required"], windlass_object::json!(["a"]));
    assert_eq!(schema["properties"]["a"]["pattern"], "^x$");
    assert_eq!(schema["properties"]["b"]["maxLength"], 9);
    let item = &schema["properties"]["c"]["additionalProperties"]["items"];
    assert_eq!(item["x-kubernetes-int-or-string"], true);
}
