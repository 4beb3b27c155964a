//! Quantities and selectors: no text panics, and what is written is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_object::quantity::Quantity;
use windlass_object::selector::{FieldSelector, LabelSelector};

fuzz_target!(|text: &str| {
    if let Ok(quantity) = text.parse::<Quantity>() {
        let again = quantity.canonical().parse::<Quantity>();
        assert_eq!(again.map(|q| q.canonical()).ok(), Some(quantity.canonical()));
    }
    if let Ok(labels) = text.parse::<LabelSelector>() {
        let again = labels.to_string().parse::<LabelSelector>();
        assert_eq!(again.map(|l| l.to_string()).ok(), Some(labels.to_string()));
        let _ = labels.matches(None);
    }
    if let Ok(fields) = text.parse::<FieldSelector>() {
        let again = fields.to_string().parse::<FieldSelector>();
        assert_eq!(again.map(|f| f.to_string()).ok(), Some(fields.to_string()));
    }
});
