//! From JSON text to the rules, without a tree between.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::{Document, EXACT, Place, Rules, Scalar, Schema, Types, find};

/// Words with a meaning that is not known here, of all drafts.
const FOR_THE_LIBRARY: [&str; 31] = [
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
    "additionalItems",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "maxContains",
    "maxProperties",
    "minContains",
    "minProperties",
    "multipleOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// The schemas of a document that others refer to.
type Named = Vec<(Box<str>, Schema)>;

impl Document {
    /// Reads a schema; none if it is no plain one.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut found = Found::default();
        let mut input = serde_json::Deserializer::from_slice(text);
        let root = Reader { found: &mut found, is_root: true }.deserialize(&mut input).ok()?;
        input.end().ok()?;
        let reference_alone = match &found.draft {
            None => false,
            Some(draft) => {
                let draft = draft.strip_suffix('#').unwrap_or(draft);
                match draft.strip_prefix("http://").or(draft.strip_prefix("https://"))? {
                    "json-schema.org/schema"
                    | "json-schema.org/draft/2019-09/schema"
                    | "json-schema.org/draft/2020-12/schema" => false,
                    "json-schema.org/draft-07/schema" => true,
                    _ => return None,
                }
            }
        };
        let Found { definitions, defs, references, .. } = found;
        let known = references.iter().all(|(place, name)| match place {
            Place::Definitions => find(&definitions, name).is_some(),
            Place::Defs => find(&defs, name).is_some(),
        });
        known.then_some(Self { root, definitions, defs, reference_alone })
    }
}

/// What is found on the way and concerns the whole document.
#[derive(Default)]
struct Found {
    draft: Option<Box<str>>,
    definitions: Named,
    defs: Named,
    references: Vec<(Place, Box<str>)>,
}

/// Reads one schema. The bound of its depth is that of JSON.
struct Reader<'f> {
    found: &'f mut Found,
    is_root: bool,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Schema;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Schema, D::Error> {
        input.deserialize_any(self)
    }
}

/// What the library is to judge.
fn not_plain<E: Error>() -> E {
    E::custom("not plain")
}

/// Sets what may stand there once.
fn once<T, E: Error>(target: &mut Option<T>, value: T) -> Result<(), E> {
    if target.is_some() {
        return Err(not_plain());
    }
    *target = Some(value);
    Ok(())
}

fn fill<T, E: Error>(target: &mut Vec<T>, values: Vec<T>) -> Result<(), E> {
    if !target.is_empty() {
        return Err(not_plain());
    }
    *target = values;
    Ok(())
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Schema;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schema")
    }

    fn visit_bool<E>(self, fits: bool) -> Result<Schema, E> {
        Ok(Schema::Always(fits))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Schema, A::Error> {
        let Self { found, is_root } = self;
        let mut rules = Rules::default();
        while let Some(Word(word)) = map.next_key()? {
            let slot = match &*word {
                "additionalProperties" => Some(&mut rules.additional),
                "items" => Some(&mut rules.items),
                "not" => Some(&mut rules.not),
                "if" => Some(&mut rules.condition),
                "then" => Some(&mut rules.then),
                "else" => Some(&mut rules.otherwise),
                _ => None,
            };
            if let Some(slot) = slot {
                once(slot, map.next_value_seed(Reader { found, is_root: false })?)?;
                continue;
            }
            match &*word {
                "type" => once(&mut rules.types, map.next_value()?)?,
                "properties" => fill(&mut rules.properties, map.next_value_seed(Names(found))?)?,
                "definitions" | "$defs" => {
                    let named = map.next_value_seed(Names(found))?;
                    match &*word {
                        _ if !is_root => {}
                        "definitions" => fill(&mut found.definitions, named)?,
                        _ => fill(&mut found.defs, named)?,
                    }
                }
                "allOf" => fill(&mut rules.all, map.next_value_seed(Several(found))?)?,
                "anyOf" => fill(&mut rules.any, map.next_value_seed(Several(found))?)?,
                "oneOf" => fill(&mut rules.one, map.next_value_seed(Several(found))?)?,
                "required" => {
                    let mut names: Vec<Box<str>> = map.next_value()?;
                    names.sort_unstable();
                    if names.windows(2).any(|pair| pair[0] == pair[1]) {
                        return Err(not_plain());
                    }
                    fill(&mut rules.required, names)?;
                }
                "enum" => {
                    let choices: Vec<Scalar> = map.next_value()?;
                    let twice = |i: usize| choices[i + 1..].contains(&choices[i]);
                    if choices.is_empty() || (0..choices.len()).any(twice) {
                        return Err(not_plain());
                    }
                    once(&mut rules.choices, choices)?;
                }
                "minimum" => once(&mut rules.minimum, bound(map.next_value()?)?)?,
                "maximum" => once(&mut rules.maximum, bound(map.next_value()?)?)?,
                "minLength" => once(&mut rules.min_length, map.next_value()?)?,
                "maxLength" => once(&mut rules.max_length, map.next_value()?)?,
                "minItems" => once(&mut rules.min_items, map.next_value()?)?,
                "maxItems" => once(&mut rules.max_items, map.next_value()?)?,
                "$ref" => {
                    let Word(at) = map.next_value()?;
                    let reference = reference(&at).ok_or_else(not_plain)?;
                    found.references.push(reference.clone());
                    once(&mut rules.reference, reference)?;
                }
                "$schema" if is_root => once(&mut found.draft, map.next_value()?)?,
                "uniqueItems" if !map.next_value::<bool>()? => {}
                "$comment" | "description" | "title" => {
                    map.next_value::<Word<'_>>()?;
                }
                "examples" => {
                    map.next_value::<Vec<IgnoredAny>>()?;
                }
                "deprecated" | "readOnly" | "writeOnly" => {
                    map.next_value::<bool>()?;
                }
                "$schema" | "uniqueItems" => return Err(not_plain()),
                word if FOR_THE_LIBRARY.contains(&word) => return Err(not_plain()),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Schema::Rules(Box::new(rules)))
    }
}

fn bound<E: Error>(number: f64) -> Result<f64, E> {
    if number.abs() < EXACT { Ok(number) } else { Err(not_plain()) }
}

/// A reference to a named schema of the same document.
fn reference(at: &str) -> Option<(Place, Box<str>)> {
    let (place, name) = match at.strip_prefix("#/definitions/") {
        Some(name) => (Place::Definitions, name),
        None => (Place::Defs, at.strip_prefix("#/$defs/")?),
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.bytes().all(plain).then(|| (place, name.into()))
}

/// Reads schemas by name.
struct Names<'f>(&'f mut Found);

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = Named;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Named, D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = Named;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("schemas by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named, A::Error> {
        let mut named = Named::new();
        while let Some(name) = map.next_key()? {
            named.push((name, map.next_value_seed(Reader { found: self.0, is_root: false })?));
        }
        named.sort_by(|a, b| a.0.cmp(&b.0));
        if named.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(not_plain());
        }
        Ok(named)
    }
}

/// Reads schemas in a row, of which there must be one.
struct Several<'f>(&'f mut Found);

impl<'de> DeserializeSeed<'de> for Several<'_> {
    type Value = Vec<Schema>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Vec<Schema>, D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Several<'_> {
    type Value = Vec<Schema>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("schemas")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Schema>, A::Error> {
        let mut schemas = Vec::new();
        while let Some(schema) =
            items.next_element_seed(Reader { found: self.0, is_root: false })?
        {
            schemas.push(schema);
        }
        if schemas.is_empty() { Err(not_plain()) } else { Ok(schemas) }
    }
}

/// A text, copied only where the input does not hold it as it is.
#[derive(Deserialize)]
struct Word<'t>(#[serde(borrow)] std::borrow::Cow<'t, str>);

impl<'de> Deserialize<'de> for Types {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Types;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("types")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Types, E> {
                Types::named(name).ok_or_else(not_plain)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Types, A::Error> {
                let mut types = Types::default();
                while let Some(Word(name)) = names.next_element()? {
                    let next = Types::named(&name).ok_or_else(not_plain)?;
                    if types.has_any(next) {
                        return Err(not_plain());
                    }
                    types = types.with(next);
                }
                if types == Types::default() { Err(not_plain()) } else { Ok(types) }
            }
        }
        input.deserialize_any(Read)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Read;
        impl de::Visitor<'_> for Read {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scalar")
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }

            fn visit_bool<E>(self, b: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(b))
            }

            // What is rounded lies beyond the bound.
            #[allow(clippy::cast_precision_loss)]
            fn visit_i64<E: Error>(self, n: i64) -> Result<Scalar, E> {
                bound(n as f64).map(Scalar::Number)
            }

            #[allow(clippy::cast_precision_loss)]
            fn visit_u64<E: Error>(self, n: u64) -> Result<Scalar, E> {
                bound(n as f64).map(Scalar::Number)
            }

            fn visit_f64<E: Error>(self, n: f64) -> Result<Scalar, E> {
                bound(n).map(Scalar::Number)
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.into()))
            }
        }
        input.deserialize_any(Read)
    }
}
