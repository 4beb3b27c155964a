//! Every object of Kubernetes' own round-trip data, in protobuf and in JSON, is read the same.

use std::fs;
use std::path::PathBuf;

use super::*;

/// Kubernetes' data in the Go module cache, which the peers' build fills.
fn testdata() -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    let at = PathBuf::from(home).join("go/pkg/mod/k8s.io/api@v0.36.3/testdata/HEAD");
    at.is_dir().then_some(at)
}

#[test]
fn kubernetes_own_data_is_read_as_its_json() {
    let Some(at) = testdata() else {
        assert!(
            std::env::var_os("WINDLASS_PEERS").is_none(),
            "k8s.io/api@v0.36.3 is not in the module cache"
        );
        eprintln!("skipped: k8s.io/api@v0.36.3 is not in the Go module cache");
        return;
    };
    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "pb") {
            continue;
        }
        let expected: Value =
            serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        // Watch events are answers only, and say nothing of their kind.
        if path.file_name().is_some_and(|name| name == "core.v1.WatchEvent.pb") {
            continue;
        }
        seen += 1;
        match decode(&fs::read(&path).unwrap()) {
            Ok(value) if value == expected => {}
            Ok(value) => {
                wrong.push(format!("{}: {}", path.display(), difference(&value, &expected, "")));
            }
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(seen, 184);
}

/// The first path at which two values differ.
fn difference(value: &Value, expected: &Value, path: &str) -> String {
    match (value, expected) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()) {
                let path = format!("{path}.{key}");
                match (a.get(key), b.get(key)) {
                    (Some(x), Some(y)) if x != y => return difference(x, y, &path),
                    (Some(x), None) => return format!("{path} is {x}, should be absent"),
                    (None, Some(y)) => return format!("{path} is absent, should be {y}"),
                    _ => {}
                }
            }
            format!("{path} differs")
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let at = a.iter().zip(b).position(|(x, y)| x != y).unwrap_or(0);
            difference(&a[at], &b[at], &format!("{path}[{at}]"))
        }
        _ => format!("{path} is {value}, should be {expected}"),
    }
}

#[test]
fn broken_bodies_are_refused() {
    let check = |body: &[u8], error: ProtobufError| assert_eq!(decode(body), Err(error));
    check(b"{}", ProtobufError::NoPrefix);
    check(b"", ProtobufError::NoPrefix);
    check(b"k8s\0\x0a\xff", ProtobufError::Malformed { what: "length beyond the end", offset: 2 });
    check(
        b"k8s\0\x0a\x0b\x0a\x04v1/x\x12\x03Foo",
        ProtobufError::UnknownKind { api_version: "v1/x".into(), kind: "Foo".into() },
    );
}

proptest::proptest! {
    #[test]
    fn no_body_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let mut body = b"k8s\0\x0a\x15\x0a\x07apps/v1\x12\x0aDeployment\x12".to_vec();
        body.push(u8::try_from(bytes.len().min(127)).unwrap());
        body.extend_from_slice(&bytes);
        let _ = decode(&body);
    }
}
