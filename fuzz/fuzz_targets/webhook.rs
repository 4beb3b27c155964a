//! No webhook's body makes the server panic, whoever says it is from.
#![no_main]

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use windlass_server::webhook::{self, Secrets};

const EVENTS: [(&str, &str); 7] = [
    ("x-github-event", "push"),
    ("x-gitlab-event", "Push Hook"),
    ("x-gogs-event", "push"),
    ("x-gitea-event", "push"),
    ("x-event-key", "repo:refs_changed"),
    ("x-event-key", "repo:push"),
    ("x-windlass-signature", ""),
];

fuzz_target!(|body: &[u8]| {
    for (name, value) in EVENTS {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        if value == "repo:push" {
            headers.insert("x-hook-uuid", HeaderValue::from_static("u"));
        }
        let Some(provider) = webhook::provider(&headers) else { continue };
        if let Ok(Some(event)) = webhook::parse(provider, &headers, body, &Secrets::default()) {
            let _ = event.concerns("https://host.example/team/repository.git", "HEAD");
        }
    }
});
