//! `helm create`, and commands that only tell something.

use windlass_testkit::available;

use crate::pair::Pair;

/// Our starter is not Helm's; that it is good is for the real Helm to say.
#[test]
fn create() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    pair.same(&["create"]);
    pair.same(&["create", "a", "b"]);
    pair.same(&["create", "my-app"]);
    pair.same(&["create", "my-app"]);
    pair.same(&["create", "none/app"]);
    pair.same(&["create", "my-app/"]);
    pair.same(&["create", "./my-app/sub"]);
    pair.same(&["create", "a b"]);
    pair.same(&["create", "x", "--starter", "none"]);
    pair.same(&["create", "x", "--chart-api-version", "v9"]);
    pair.write("file", "text");
    pair.same(&["create", "file"]);
    for who in ["real", "ours"] {
        let at = pair.work(who).join("my-app");
        for file in [
            "Chart.yaml",
            "values.yaml",
            ".helmignore",
            "templates/NOTES.txt",
            "templates/_helpers.tpl",
        ] {
            assert!(at.join(file).is_file(), "{who} {file}");
        }
        assert!(at.join("charts").is_dir());
    }
    let all = "ingress.enabled=true,autoscaling.enabled=true,httpRoute.enabled=true,podLabels.a=b,\
               serviceAccount.annotations.a=b,volumes[0].name=v";
    for args in [
        &["lint", "my-app", "--strict"][..],
        &["template", "r", "my-app"],
        &["template", "r", "my-app", "--set", all],
        &["template", "rel-my", "my-app", "--set", "serviceAccount.create=false"],
    ] {
        // The real Helm has both look at the chart that ours made.
        let ours = pair.work("ours").join("my-app").display().to_string();
        let args: Vec<&str> =
            args.iter().map(|a| if *a == "my-app" { &*ours } else { *a }).collect();
        let (real, own) = (pair.run("real", &args), pair.run("ours", &args));
        assert_eq!(real.code, Some(0), "{args:?} {real:?}");
        let plain = |text: &str| text.replace(&ours, "CHART").replace("HERE/work/my-app", "CHART");
        assert_eq!(plain(&real.out), plain(&own.out), "{args:?}");
    }
    // A starter of one's own, byte for byte.
    pair.write("starter/Chart.yaml", "apiVersion: v2\nname: s\nversion: 3.0.0\nicon: x\n");
    pair.write("starter/values.yaml", "# of <CHARTNAME>\nname: <CHARTNAME>\n");
    pair.write("starter/templates/a.yaml", "name: <CHARTNAME>\n");
    pair.write("starter/README.md", "<CHARTNAME>\n");
    for who in ["real", "ours"] {
        let starter = pair.work(who).join("starter").display().to_string();
        let made = pair.run(who, &["create", "made", "--starter", &starter]);
        assert_eq!(made.code, Some(0), "{made:?}");
    }
    pair.same_files("work/made", |_| true);
    pair.finish();
}

#[test]
fn what_only_tells() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    for args in [
        &["version"][..],
        &["version", "--short"],
        &["version", "--template", "{{.Version}} {{.GoVersion}}"],
        &["version", "--template", "{{.Nope}}"],
        &["version", "--template", "{{.}}"],
        &["version", "--template", "{{"],
        &["env", "HELM_NAMESPACE"],
        &["env", "NOPE"],
        &["env", "HELM_NAMESPACE", "-n", "x"],
        &["plugin", "list"],
        &["plugin", "ls", "--type", "cli/v1"],
    ] {
        pair.same(args);
    }
    let place = "home/.local/share/helm/plugins";
    for who in ["real", "ours"] {
        let dir = pair.dir.path().join(who).join(place).join("one");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(
            dir.join("plugin.yaml"),
            "apiVersion: v1\ntype: cli/v1\nname: one\nversion: 0.1.0\nruntime: subprocess\n\
             sourceURL: https://x.test/one\nconfig:\n  shortHelp: a\n  longHelp: b\n  usage: one\n\
             runtimeConfig:\n  platformCommand:\n  - command: echo\n",
        )
        .unwrap();
    }
    pair.same(&["plugin", "list"]);
    pair.same(&["plugin", "list", "--type", "getter/v1"]);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ours = pair.run("ours", &["completion", shell]);
        assert_eq!(ours.code, Some(0));
        assert!(ours.out.contains("template") && ours.out.contains("--values"), "{}", ours.out);
    }
    pair.finish();
}

/// What a shell answers to a script that it is given on standard input.
fn shell(name: &str, args: &[&str], script: &str) -> Option<String> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    // A place without files, which shells would offer too.
    let dir = tempfile::tempdir().unwrap();
    let started = Command::new(name)
        .args(args)
        .current_dir(dir.path())
        .env("HOME", dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    // Not every machine has every shell.
    let mut child = started.ok()?;
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((output.status.code(), &*text(&output.stderr)), (Some(0), ""), "{name}");
    Some(text(&output.stdout))
}

#[test]
fn shells_take_the_completion_scripts() {
    let pair = Pair::ours();
    let script = |shell: &str| pair.run("ours", &["completion", shell]).out;
    let check = |words: &str, current: usize, wanted: &[&str]| {
        let asked = format!(
            "{}\nCOMP_WORDS=({words}); COMP_CWORD={current}; __windlass_helm helm \"${{COMP_WORDS[{current}]}}\" \
             \"${{COMP_WORDS[$(({current} - 1))]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
            script("bash")
        );
        let Some(found) = shell("bash", &["--norc"], &asked) else { return };
        let found: Vec<&str> = found.lines().collect();
        assert_eq!(found, wanted, "{words}");
    };
    check("helm tem", 1, &["template"]);
    check("helm re", 1, &["registry", "repo"]);
    check("helm repo a", 2, &["add"]);
    check("helm dependency b", 2, &["build"]);
    check("helm lint --with-s", 2, &["--with-subcharts"]);
    // Reads the whole script, runs nothing of it.
    shell("zsh", &["-f", "-n"], &script("zsh"));
    let asked = format!("{}\ncomplete -C 'helm dependency b'\n", script("fish"));
    if let Some(found) = shell("fish", &["--no-config"], &asked) {
        assert_eq!(found, "build\n");
    }
}
