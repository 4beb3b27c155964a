use serde_json::{Value as Json, json};

use super::super::{Schemas, against};
use super::*;

/// Values that schemas are tried on: some fit, some do not.
fn values() -> Vec<Json> {
    vec![
        json!({}),
        json!({"a": 1, "b": "xy", "c": [1, 2], "d": {"e": null}, "f": true}),
        json!({"a": 1.5, "b": "", "c": [], "d": {}, "f": false}),
        json!({"a": "1", "b": 2, "c": {"e": 1}, "d": [{}], "f": null}),
        json!({"a": -3, "b": "long text", "c": ["x", 1, null], "d": {"e": {"e": {}}}, "g": 1}),
        json!({"a": 9_007_199_254_740_993_i64, "b": "é"}),
    ]
}

/// What is plain must be so to the library, too; `plain` says whether the schema is.
#[track_caller]
fn check(schema: &Json, plain: bool) {
    for draft in ["", "http://json-schema.org/schema#", "http://json-schema.org/draft-07/schema"] {
        let mut schema = schema.clone();
        if !draft.is_empty() {
            schema["$schema"] = draft.into();
        }
        let text = schema.to_string();
        let document = Document::read(text.as_bytes());
        assert_eq!(document.is_some(), plain, "{text}");
        let Some(document) = document else { continue };
        for value in values() {
            let value = crate::scope::from_json(&value);
            let Some(fits) = document.check(&document.root, &value, 0) else { continue };
            let library =
                super::super::by_the_library(text.as_bytes(), &value, &Schemas::default());
            assert_eq!(fits, library.is_ok(), "{text} {value:?} {library:?}");
            assert_eq!(against(text.as_bytes(), &value, &Schemas::default()), library);
        }
    }
}

fn of(name: &str, schema: &Json) -> Json {
    json!({"properties": {name: schema}})
}

#[test]
fn plain_schemas_are_judged_as_by_the_library() {
    for name in ["a", "b", "c", "d", "f"] {
        for kind in ["null", "boolean", "integer", "number", "string", "array", "object"] {
            check(&of(name, &json!({"type": kind})), true);
            check(&of(name, &json!({"type": [kind], "not": {"type": kind}})), true);
        }
        check(&of(name, &json!({"enum": [1, "xy", null, true, 1.5]})), true);
        check(&of(name, &json!({"minimum": 0, "maximum": 1.0})), true);
        check(
            &of(name, &json!({"minLength": 1, "maxLength": 2, "minItems": 1, "maxItems": 2})),
            true,
        );
        check(&of(name, &json!({"items": {"type": "integer"}, "required": ["e"]})), true);
        check(&of(name, &json!({"properties": {"e": {}}, "additionalProperties": false})), true);
        check(&of(name, &json!({"additionalProperties": {"type": "integer"}})), true);
        check(&of(name, &json!({"anyOf": [{"type": "string"}, {"minimum": 1}]})), true);
        check(&of(name, &json!({"oneOf": [{"type": "string"}, {"minimum": 1}]})), true);
        check(&of(name, &json!({"allOf": [{"type": "string"}, {"minLength": 1}]})), true);
        let branches = json!({"if": {"type": "integer"}, "then": {"minimum": 0}, "else": false});
        check(&of(name, &branches), true);
        check(&of(name, &json!({"then": false, "form": 1, "default": {"$ref": 1}})), true);
        let mut referred = of(name, &json!({"$ref": "#/$defs/x", "minimum": 7, "type": "string"}));
        referred["$defs"] = json!({"x": {"type": ["integer", "string"]}});
        check(&referred, true);
        let mut nested = of(name, &json!({"$ref": "#/definitions/x"}));
        nested["definitions"] = json!({"x": {"properties": {"e": {"$ref": "#/definitions/x"}},
            "additionalProperties": false}});
        check(&nested, true);
        check(&of(name, &json!(false)), true);
        check(&of(name, &json!(true)), true);
    }
    let cycle = json!({"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/x"}}});
    check(&cycle, true);
    check(&json!({"required": ["a", "b"], "title": "t", "examples": [1], "readOnly": true}), true);
}

#[test]
fn the_rest_is_for_the_library() {
    for schema in [
        json!({"pattern": "x"}),
        json!({"format": "uri"}),
        json!({"const": 1}),
        json!({"$id": "urn:x"}),
        json!({"$ref": "#"}),
        json!({"$ref": "#/$defs/none"}),
        json!({"$ref": "#/properties/a", "properties": {"a": {}}}),
        json!({"type": "text"}),
        json!({"type": []}),
        json!({"type": ["string", "string"]}),
        json!({"type": 1}),
        json!({"properties": {"a": 1}}),
        json!({"properties": []}),
        json!({"items": [{}]}),
        json!({"enum": []}),
        json!({"enum": [1, 1.0]}),
        json!({"enum": [{}]}),
        json!({"required": "a"}),
        json!({"required": ["a", "a"]}),
        json!({"required": [1]}),
        json!({"minimum": "1"}),
        json!({"minLength": -1}),
        json!({"minItems": 1.5}),
        json!({"uniqueItems": true}),
        json!({"allOf": []}),
        json!({"anyOf": {}}),
        json!({"title": 1}),
        json!({"description": null}),
        json!({"deprecated": "yes"}),
        json!({"properties": {"a": {"$schema": "http://json-schema.org/schema"}}}),
        json!({"$defs": {"x": 1}}),
    ] {
        check(&schema, false);
    }
    for text in ["", "{", "1", "{} {}", r#"{"type":"string","type":"object"}"#, "{\"properties\":"]
    {
        assert!(Document::read(text.as_bytes()).is_none(), "{text}");
    }
    for draft in ["http://json-schema.org/draft-04/schema#", "https://example.com/schema", "x"] {
        assert!(Document::read(json!({"$schema": draft}).to_string().as_bytes()).is_none());
    }
}
