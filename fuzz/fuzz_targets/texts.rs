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
        // Sorted as they are written, as in Go, where `==` is printed as `=`: the first printing may
        // stand in another order.
        let again = |text: &str| text.parse::<FieldSelector>().map(|f| f.to_string()).ok();
        let printed = again(&fields.to_string());
        assert_eq!(printed.as_deref().and_then(again), printed);
        assert_eq!(printed.map(|text| text.len()), Some(fields.to_string().len()));
    }
});
