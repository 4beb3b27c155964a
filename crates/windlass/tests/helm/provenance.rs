//! Signed charts.

use windlass_testkit::{FileServer, available};

use crate::pair::Pair;

/// A key that signs charts here; nobody trusts it, and everybody has it.
const SECRET_KEY: &[u8] = include_bytes!("../fixtures/signing.secret.gpg");
const PUBLIC_KEY: &[u8] = include_bytes!("../fixtures/signing.pub.gpg");
const OTHER_KEY: &[u8] = include_bytes!("../fixtures/other.pub.gpg");

/// Puts a file beside the charts of both.
fn place(pair: &Pair, name: &str, bytes: &[u8]) {
    for who in ["real", "ours"] {
        std::fs::write(pair.work(who).join(name), bytes).unwrap();
    }
}

#[test]
fn provenance() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::with_charts();
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

/// Packs and signs in both, and lets each verify what the other signed.
#[test]
fn signing() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    place(&pair, "secret.gpg", SECRET_KEY);
    place(&pair, "public.gpg", PUBLIC_KEY);
    place(&pair, "phrase", b"unused\nsecond line\n");
    let sign = |rest: &[&'static str]| [&["package", "web", "--sign"][..], rest].concat();
    pair.same(&sign(&[]));
    pair.same(&sign(&["--key", "Plain RSA"]));
    pair.same(&sign(&["--key", "Plain RSA", "--keyring", ""]));
    pair.same(&sign(&["--key", "Plain RSA", "--keyring", "none.gpg"]));
    pair.same(&sign(&["--key", "Plain RSA", "--keyring", "public.gpg"]));
    pair.same(&sign(&["--key", "nobody", "--keyring", "secret.gpg"]));
    let good = ["--key", "Plain RSA", "--keyring", "secret.gpg"];
    pair.same(&sign(&[&good[..], &["--passphrase-file", "none"]].concat()));
    pair.same(&sign(&[&good[..], &["--passphrase-file", "phrase"]].concat()));
    pair.same(&sign(&good));
    let read = |pair: &Pair, who: &str| {
        let file = |name: &str| std::fs::read(pair.work(who).join(name)).unwrap();
        (file("web-1.2.3.tgz"), String::from_utf8(file("web-1.2.3.tgz.prov")).unwrap())
    };
    let (real, ours) = (read(&pair, "real"), read(&pair, "ours"));
    // The archives need not be the same; what is said of each is.
    let told = |text: &str| {
        let (body, _) = text.split_once("-----BEGIN PGP SIGNATURE-----").unwrap();
        let lines = body.lines().filter(|line| !line.contains("sha256:"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&real.1), told(&ours.1));
    assert!(ours.1.ends_with("-----END PGP SIGNATURE-----"), "{}", ours.1);
    for (archive, signature) in [real, ours] {
        place(&pair, "web-1.2.3.tgz", &archive);
        place(&pair, "web-1.2.3.tgz.prov", signature.as_bytes());
        let verify = ["verify", "web-1.2.3.tgz", "--keyring", "public.gpg"];
        pair.same(&verify);
        assert_eq!(pair.run("ours", &verify).code, Some(0));
    }
    pair.finish();
}

/// Keys of other kinds, and such that a passphrase opens, sign in both, and both verify it.
#[test]
fn kinds_of_keys() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    place(&pair, "secret.gpg", include_bytes!("../fixtures/kinds.secret.gpg"));
    place(&pair, "public.gpg", include_bytes!("../fixtures/kinds.pub.gpg"));
    place(&pair, "phrase", b"unlock\n");
    place(&pair, "wrong", b"wrong\n");
    for key in ["Locked RSA", "Plain ECDSA", "Plain Ed25519", "Locked Ed25519"] {
        let sign = ["package", "web", "--sign", "--keyring", "secret.gpg", "--key", key];
        if key.starts_with("Locked") {
            pair.same(&[&sign[..], &["--passphrase-file", "wrong"]].concat());
        }
        pair.same(&[&sign[..], &["--passphrase-file", "phrase"]].concat());
        let made = ["real", "ours"].map(|who| {
            let file = |name: &str| std::fs::read(pair.work(who).join(name)).unwrap();
            (who, file("web-1.2.3.tgz"), file("web-1.2.3.tgz.prov"))
        });
        for (signer, archive, signature) in made {
            place(&pair, "web-1.2.3.tgz", &archive);
            place(&pair, "web-1.2.3.tgz.prov", &signature);
            let verify = ["verify", "web-1.2.3.tgz", "--keyring", "public.gpg"];
            pair.same(&verify);
            let ours = pair.run("ours", &verify);
            assert!(ours.out.contains(key), "{key} of {signer}: {ours:?}");
        }
        for who in ["real", "ours"] {
            std::fs::remove_file(pair.work(who).join("web-1.2.3.tgz.prov")).unwrap();
        }
    }
    pair.finish();
}

/// Dependencies of a repository where one version is signed and another is not.
#[test]
fn dependencies() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    for who in ["real", "ours"] {
        std::fs::write(pair.work(who).join("secret.gpg"), SECRET_KEY).unwrap();
        std::fs::write(pair.work(who).join("public.gpg"), PUBLIC_KEY).unwrap();
        std::fs::write(pair.work(who).join("other.gpg"), OTHER_KEY).unwrap();
    }
    let repository = tempfile::tempdir().unwrap();
    let dir = repository.path().display().to_string();
    let sign = ["--sign", "--key", "Plain RSA", "--keyring", "secret.gpg", "-d", &dir];
    assert_eq!(pair.run("real", &[&["package", "web"], &sign[..]].concat()).code, Some(0));
    pair.run("real", &["package", "web", "--version", "2.0.0", "-d", &dir]);
    pair.run("real", &["repo", "index", &dir]);
    let server = FileServer::start(repository.path(), "me", "secret").unwrap();
    let url = server.url().clone();
    pair.same(&["repo", "add", "here", &url]);
    for version in ["1.2.3", "2.0.0"] {
        pair.umbrella(&format!("- {{name: web, version: {version}, repository: \"{url}\"}}\n"));
        for keyring in ["public.gpg", "other.gpg", "none.gpg"] {
            for command in ["update", "build"] {
                let args = ["dependency", command, "all", "--verify", "--keyring", keyring];
                let (real, ours) = (pair.run("real", &args), pair.run("ours", &args));
                assert_eq!(real.code, ours.code, "{version} {args:?}\n{real:?}\n{ours:?}");
                // Of the signature that lies beside an archive it says that it is no archive.
                let mut told = real.out.clone();
                while let Some(at) = told.find("Could not verify all/tmpcharts-") {
                    let end = told[at..].find("(Skipping)").unwrap() + "(Skipping)".len();
                    told.replace_range(at..at + end, "");
                }
                assert_eq!((&told, &real.err), (&ours.out, &ours.err), "{version} {args:?}");
            }
        }
    }
    pair.finish();
}
