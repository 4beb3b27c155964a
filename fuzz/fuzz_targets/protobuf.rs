//! No protobuf body makes the API server panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_apiserver::registry::{Media, decode_options};

fuzz_target!(|body: &[u8]| {
    // With the frame that every body has, so that the fuzzer need not find it.
    let framed = [b"k8s\0", body].concat();
    for body in [body, &framed] {
        let _ = decode_options(Media::Protobuf, body);
    }
});
