//! Signed charts.

use windlass_testkit::{FileServer, available};

use crate::pair::Pair;

/// A key that signs charts here; nobody trusts it, and everybody has it.
const SECRET_KEY: &[u8] = include_bytes!("../fixtures/signing.secret.gpg");
const PUBLIC_KEY: &[u8] = include_bytes!("../fixtures/signing.pub.gpg");
const OTHER_KEY: &[u8] = include_bytes!("../fixtures/other.pub.gpg");

#[test]
fn provenance() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    let place = |pair: &Pair, name: &str, bytes: &[u8]| {
        for who in ["real", "ours"] {
            std::fs::write(pair.work(who).join(name), bytes).unwrap();
        }
    };
    place(&pair, "secret.gpg", SECRET_KEY);
    place(&pair, "public.gpg", PUBLIC_KEY);
    place(&pair, "other.gpg", OTHER_KEY);
    let sign = ["package", "web", "--sign", "--key", "Plain RSA", "--keyring", "secret.gpg"];
    let signed = pair.run("real", &sign);
    assert_eq!(signed.code, Some(0), "{signed:?}");
    let read = |name: &str| std::fs::read(pair.work("real").join(name)).unwrap();
    let (archive, signature) = (read("web-1.2.3.tgz"), read("web-1.2.3.tgz.prov"));
    place(&pair, "web-1.2.3.tgz", &archive);
    place(&pair, "web-1.2.3.tgz.prov", &signature);
    let good = ["verify", "web-1.2.3.tgz", "--keyring", "public.gpg"];
    pair.same(&good);
    assert!(pair.run("ours", &good).out.contains("Signed by: Plain RSA <rsa@test.invalid>"));
    pair.same(&["verify", "web-1.2.3.tgz", "--keyring", "other.gpg"]);
    pair.same(&["verify", "web-1.2.3.tgz", "--keyring", "missing.gpg"]);
    pair.same(&["verify", "web", "--keyring", "public.gpg"]);
    pair.same(&["verify", "secret.gpg", "--keyring", "public.gpg"]);
    pair.same(&["verify", "missing.tgz", "--keyring", "public.gpg"]);
    pair.same(&["template", "r", "web-1.2.3.tgz", "--verify", "--keyring", "public.gpg"]);
    pair.same(&["template", "r", "web-1.2.3.tgz", "--verify", "--keyring", "other.gpg"]);

    // From a repository, where one version is signed, one is not, and one is another's.
    let repository = tempfile::tempdir().unwrap();
    let put =
        |name: &str, bytes: &[u8]| std::fs::write(repository.path().join(name), bytes).unwrap();
    put("web-1.2.3.tgz", &archive);
    put("web-1.2.3.tgz.prov", &signature);
    pair.run("real", &["package", "web", "--version", "2.0.0"]);
    pair.run("real", &["package", "web", "--version", "3.0.0"]);
    let read = |name: &str| std::fs::read(pair.work("real").join(name)).unwrap();
    put("web-2.0.0.tgz", &read("web-2.0.0.tgz"));
    put("web-3.0.0.tgz", &read("web-3.0.0.tgz"));
    put("web-3.0.0.tgz.prov", &signature);
    let dir = repository.path().display().to_string();
    pair.run("real", &["repo", "index", &dir]);
    let server = FileServer::start(repository.path(), "me", "secret").unwrap();
    let url = format!("{}/private", server.url());
    for version in ["1.2.3", "2.0.0", "3.0.0"] {
        for keyring in ["public.gpg", "other.gpg"] {
            let args = [
                "pull",
                "web",
                "--repo",
                &url,
                "--username",
                "me",
                "--password",
                "secret",
                "--version",
                version,
                "-d",
                "down",
                "--verify",
                "--keyring",
                keyring,
            ];
            for who in ["real", "ours"] {
                let down = pair.work(who).join("down");
                let _ = std::fs::remove_dir_all(&down);
                std::fs::create_dir_all(&down).unwrap();
            }
            if version == "2.0.0" {
                pair.refused(&args);
            } else {
                pair.same(&args);
            }
        }
    }

    // What was changed after it was signed.
    for (name, archive, signature) in [
        ("archive", [&archive[..], b"x"].concat(), signature.clone()),
        ("text", archive.clone(), String::from_utf8_lossy(&signature).replace("9.0", "9.1").into()),
        ("no signature", archive.clone(), b"name: web\n".to_vec()),
    ] {
        place(&pair, "web-1.2.3.tgz", &archive);
        place(&pair, "web-1.2.3.tgz.prov", &signature);
        pair.same(&good);
        let ours = pair.run("ours", &good);
        assert_eq!(ours.code, Some(1), "{name}: {ours:?}");
    }
    for who in ["real", "ours"] {
        std::fs::remove_file(pair.work(who).join("web-1.2.3.tgz.prov")).unwrap();
    }
    pair.same(&good);
    pair.finish();
}
