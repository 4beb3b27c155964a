//! A binary named `argocd`: core mode, and nothing done where an API server is named.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use windlass_object::Value;

/// What a run ended with and printed: of a fatal line of JSON the message.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    code: i32,
    out: String,
    err: String,
}

fn argocd(home: &Path, arguments: &str, environment: &[(&str, &str)]) -> Answer {
    let program = home.join("argocd");
    if !program.exists() {
        symlink(env!("CARGO_BIN_EXE_windlass"), &program).unwrap();
    }
    // No cluster is there: a command that goes to one fails in another way than one that refuses.
    let output = Command::new(program)
        .args(arguments.split(' '))
        .env_clear()
        .env("HOME", home)
        .env("KUBECONFIG", home.join("nowhere"))
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let err = match serde_json::from_str::<Value>(&err) {
        Ok(line) => {
            assert_eq!(line["level"], "fatal");
            line["msg"].as_str().unwrap().to_owned()
        }
        Err(_) => err,
    };
    let out = String::from_utf8(output.stdout).unwrap();
    Answer { code: output.status.code().unwrap(), out, err }
}

#[test]
fn refuses_servers() {
    let home = tempfile::tempdir().unwrap();
    let check = |arguments: &str, environment: &[(&str, &str)], names: &str| {
        let answer = argocd(home.path(), arguments, environment);
        assert_eq!(answer.code, 20, "{arguments}: {answer:?}");
        assert!(answer.err.contains(names), "{arguments}: {answer:?}");
        assert!(answer.err.contains("nothing was done"), "{arguments}: {answer:?}");
    };
    check("app list --server cd.example.com", &[], "cd.example.com");
    check("--server=cd.example.com app sync x", &[], "cd.example.com");
    check("app list", &[("ARGOCD_SERVER", "cd.example.com")], "cd.example.com");
    check("app list", &[("ARGOCD_AUTH_TOKEN", "t")], "token");
    check("app list", &[("ARGOCD_OPTS", "--server cd.example.com")], "cd.example.com");
    check("app list", &[("ARGOCD_OPTS", "--grpc-web")], "gRPC-web");
    check("app list --grpc-web-root-path /cd", &[], "gRPC-web");
    check("app list --port-forward", &[], "port forward");
    check("version", &[("ARGOCD_SERVER", "cd.example.com")], "cd.example.com");
    check("login cd.example.com", &[], "cd.example.com");
    for command in [
        "app get x",
        "app wait x",
        "app logs x",
        "app terminate-op x",
        "app delete x -y",
        "proj list",
        "proj role list x",
        "repo list",
        "repocreds list",
        "cluster list",
        "cert list",
        "gpg list",
        "admin export",
        "admin import x",
        "admin proj update-role-policy x remove get",
    ] {
        check(&format!("{command} --server cd.example.com"), &[], "cd.example.com");
        check(command, &[("ARGOCD_SERVER", "cd.example.com")], "cd.example.com");
        check(command, &[("ARGOCD_OPTS", "--server=cd.example.com")], "cd.example.com");
        check(&format!("{command} --port-forward-namespace argocd"), &[], "port forward");
    }
    check("app list --core=false --server cd.example.com", &[], "cd.example.com");
    check("app list", &[("ARGOCD_OPTS", "--port-forward --plaintext")], "port forward");
    check("app list", &[("ARGOCD_OPTS", "--auth-token t")], "token");
    check("app list --kube-context x -n y --server cd.example.com", &[], "cd.example.com");
    let config = home.path().join(".config/argocd/config");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    let text = "contexts:\n- {name: cd, server: cd.example.com, user: cd}\ncurrent-context: cd\n\
                servers:\n- {server: cd.example.com}\nusers:\n- {name: cd, auth-token: x}\n";
    std::fs::write(&config, text).unwrap();
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).unwrap();
    check("app list", &[], "context cd");
    check("app list --argocd-context cd", &[], "context cd");
    // Wherever that configuration stands.
    let elsewhere = home.path().join("elsewhere");
    std::fs::create_dir_all(elsewhere.join("argocd")).unwrap();
    for file in [elsewhere.join("config"), elsewhere.join("argocd/config")] {
        std::fs::copy(&config, file).unwrap();
    }
    std::fs::remove_file(&config).unwrap();
    let dir = elsewhere.to_str().unwrap();
    let file = format!("{dir}/config");
    check(&format!("app list --config {file}"), &[], "context cd");
    check("app list", &[("ARGOCD_CONFIG_DIR", dir)], "context cd");
    check("app list", &[("XDG_CONFIG_HOME", dir)], "context cd");
    check("app list", &[("ARGOCD_OPTS", &format!("--config={file}"))], "context cd");
    // Who says --core means the kubeconfig, which is not there, whatever else is named.
    let core = |arguments: &str, environment: &[(&str, &str)]| {
        let answer = argocd(home.path(), arguments, environment);
        assert_eq!(answer.code, 20, "{arguments}: {answer:?}");
        assert!(answer.err.contains("kubeconfig"), "{arguments}: {answer:?}");
    };
    let server = ("ARGOCD_SERVER", "cd.example.com");
    core("app list", &[]);
    core("app list --core", &[server]);
    core("app list --core --server cd.example.com", &[]);
    core("app list", &[server, ("ARGOCD_OPTS", "--core")]);
    core("app list --core", &[("ARGOCD_CONFIG_DIR", dir)]);
    core("app list --core", &[("ARGOCD_OPTS", "--port-forward")]);
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("{server: cd.example.com}", "{server: cd.example.com, core: true}");
    std::fs::write(&file, text).unwrap();
    core(&format!("app list --config {file}"), &[]);
    core(&format!("app list --config {file} --argocd-context cd"), &[]);
}

#[test]
fn contexts_are_argocds() {
    let home = tempfile::tempdir().unwrap();
    let check = |arguments: &str, code: i32, out: &str, err: &str| {
        let want = Answer { code, out: out.to_owned(), err: err.to_owned() };
        assert_eq!(argocd(home.path(), arguments, &[]), want, "{arguments}");
    };
    let config = home.path().join(".config/argocd/config");
    let none = format!("No contexts defined in {}", config.display());
    check("context", 1, "", &none);
    check("logout kubernetes", 1, "", "Nothing to logout from");
    check("configure --prompts-enabled", 1, "No local configuration found\n", "");
    check("login --core", 0, "Context 'kubernetes' updated\n", "");
    check("login --core --name two", 0, "Context 'two' updated\n", "");
    let table = "CURRENT  NAME        SERVER\n         kubernetes  kubernetes\n\
                 *        two         kubernetes\n";
    check("context", 0, table, "");
    check("context kubernetes", 0, "Switched to context 'kubernetes'\n", "");
    check("context kubernetes", 0, "Already at context 'kubernetes'\n", "");
    check("context nope", 1, "", "Context 'nope' undefined");
    check("context -", 0, "Switched to context 'two'\n", "");
    let text =
        "Successfully updated the following configuration settings:\nprompts-enabled: true\n";
    check("configure --prompts-enabled=true", 0, text, "");
    // What argocd 3.2.6 writes after the same commands.
    let want = "contexts:\n- name: kubernetes\n  server: kubernetes\n  user: kubernetes\n\
                - name: two\n  server: kubernetes\n  user: two\ncurrent-context: two\n\
                prompts-enabled: true\nservers:\n- core: true\n  grpc-web-root-path: \"\"\n  \
                server: kubernetes\nusers:\n- name: kubernetes\n- name: two\n";
    assert_eq!(std::fs::read_to_string(&config).unwrap(), want);
    assert_eq!(std::fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o644)).unwrap();
    let err = "config file has incorrect permission flags -rw-r--r--, change the file permission \
               either to 0400 or 0600";
    check("context", 20, "", err);
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).unwrap();
    check("context two --delete", 0, "Context 'two' deleted\n", "");
    assert!(!config.exists(), "its server was that of the other too");
}

#[test]
fn version_names_the_argo_cd_it_stands_for() {
    let home = tempfile::tempdir().unwrap();
    let answer = argocd(home.path(), "version --client -o json", &[]);
    let value: Value = serde_json::from_str(&answer.out).unwrap();
    let version = value["client"]["Version"].as_str().unwrap();
    assert!(version.starts_with("v3.2.6+windlass-"), "{version}");
    let short = argocd(home.path(), "version --short", &[]).out;
    assert_eq!(short, format!("argocd: {version}\nargocd-server: {version}\n"));
    assert_eq!(argocd(home.path(), "nothing", &[]).code, 1);
}

/// Runs a shell on a script of ours, and then on what it is asked.
fn completed(shell: &str, script: &str, asked: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("_argocd");
    std::fs::write(&file, script).unwrap();
    let asked = asked.replace("SCRIPT", &file.display().to_string());
    match Command::new(shell).args(["-c", &asked]).output() {
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{shell}: {told}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        // Not every machine has every shell.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{shell}: {error}"),
    }
}

#[test]
fn shells_complete_commands_and_flags() {
    let home = tempfile::tempdir().unwrap();
    let script = |shell: &str| {
        let answer = argocd(home.path(), &format!("completion {shell}"), &[]);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{shell}");
        answer.out
    };
    let asked = "source SCRIPT; COMP_WORDS=(argocd proj role add-p); COMP_CWORD=3; __windlass_argocd; \
                 echo \"${COMPREPLY[@]}\"";
    assert_eq!(completed("bash", &script("bash"), asked).unwrap(), "add-policy\n");
    // What zsh offers is told by what would take it; as the script's page has it, compdef follows.
    let asked = "compdef() { :; }; _files() { :; }; compadd() { shift; print -l -- \"$@\"; }; \
                 source SCRIPT; compdef _argocd argocd; words=(argocd app syn); CURRENT=3; _argocd";
    if let Some(told) = completed("zsh", &script("zsh"), asked) {
        assert!(told.lines().any(|word| word == "sync"), "{told}");
    }
    let asked = "source SCRIPT; complete -C 'argocd app sync --pr'";
    if let Some(told) = completed("fish", &script("fish"), asked) {
        assert!(told.contains("--prune") && told.contains("--preview-changes"), "{told}");
    }
    let answer = argocd(home.path(), "completion tcsh", &[]);
    let words = "Invalid shell 'tcsh'. The supported shells are bash, zsh and fish.\n";
    assert_eq!((answer.code, answer.out.as_str()), (1, words));
}

#[test]
fn help_is_shown_where_an_argument_is_missing() {
    let home = tempfile::tempdir().unwrap();
    for (line, code) in [
        ("app get", 1),
        ("app diff", 2),
        ("app sync", 1),
        ("proj role create one", 1),
        ("repo add", 1),
        ("cluster get", 1),
        ("admin app generate-spec", 1),
        ("completion", 1),
        ("account can-i get", 1),
    ] {
        let answer = argocd(home.path(), line, &[]);
        assert_eq!((answer.code, answer.err.as_str()), (code, ""), "{line}");
        assert!(answer.out.contains("Usage: argocd "), "{line}: {answer:?}");
    }
    // A flag that must be given is named, as cobra does.
    let answer = argocd(home.path(), "app actions run", &[]);
    assert_eq!(answer.err, "Error: required flag(s) \"kind\" not set\n");
}

#[test]
fn a_password_is_hashed_as_argo_cd_reads_it() {
    let home = tempfile::tempdir().unwrap();
    let answer = argocd(home.path(), "account bcrypt --password secret", &[]);
    assert_eq!((answer.code, answer.out.len()), (0, 60), "{answer:?}");
    assert!(answer.out.starts_with("$2a$10$"), "{answer:?}");
    assert!(bcrypt::verify("secret", &answer.out).unwrap());
}
