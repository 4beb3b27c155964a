//! A process that is killed loses nothing that it has acknowledged.

// A test ends at its first surprise.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use futures::future::join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, PostParams};
use windlass_apiserver::{ApiServer, Options};

const DIR: &str = "WINDLASS_CRASH_DIR";

fn options(dir: &Path) -> Options {
    Options { data_dir: Some(dir.to_owned()), ..Options::default() }
}

fn config_map(name: &str) -> ConfigMap {
    let data = BTreeMap::from([("name".to_owned(), name.to_owned())]);
    let metadata = kube::api::ObjectMeta { name: Some(name.to_owned()), ..Default::default() };
    ConfigMap { metadata, data: Some(data), ..ConfigMap::default() }
}

/// Writes as fast as it can, eight at a time, and prints what is acknowledged, until killed.
#[tokio::test]
#[ignore = "a child process: nothing_acknowledged_is_lost starts it with --ignored"]
async fn writer() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let server = ApiServer::open(options(Path::new(&dir))).await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    let process = std::process::id();
    for round in 0.. {
        join_all((0..8).map(|at| {
            let api = api.clone();
            async move {
                let name = format!("p{process}-{round}-{at}");
                let made = api.create(&PostParams::default(), &config_map(&name)).await.unwrap();
                println!("ACK {name} {}", made.metadata.resource_version.unwrap());
            }
        }))
        .await;
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer", "--ignored", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let highest = acknowledged.values().max().copied().unwrap_or_default();
        let mut read = 0;
        for line in lines.map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            let ["ACK", name, revision] = words.as_slice() else { continue };
            let revision: u64 = revision.parse().unwrap();
            assert!(revision > highest, "a revision was given out twice");
            acknowledged.insert((*name).to_owned(), revision);
            read += 1;
            if read == 100 {
                // SIGKILL; what is in the pipe by then was acknowledged too.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(read >= 100, "the writer ended by itself");
    }
    let server = ApiServer::open(options(dir.path())).await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    let found = api.list(&Default::default()).await.unwrap();
    let found: BTreeMap<String, u64> = found
        .items
        .into_iter()
        .map(|map| {
            let version = map.metadata.resource_version.unwrap();
            (map.metadata.name.unwrap(), version.parse().unwrap())
        })
        .collect();
    for (name, revision) in &acknowledged {
        assert_eq!(found.get(name), Some(revision), "{name} was acknowledged");
    }
}

/// Writes until the disk is full, and prints what is acknowledged and how the end was told.
#[tokio::test]
#[ignore = "a child process: a_full_disk_is_told_and_loses_nothing starts it with --ignored"]
async fn filler() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let server = ApiServer::open(options(Path::new(&dir))).await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    for round in 0..10_000 {
        let name = format!("f{round}");
        let mut map = config_map(&name);
        map.binary_data = Some(BTreeMap::from([(
            "filling".to_owned(),
            k8s_openapi::ByteString(vec![7; 20_000]),
        )]));
        match api.create(&PostParams::default(), &map).await {
            Ok(made) => println!("ACK {name} {}", made.metadata.resource_version.unwrap()),
            Err(error) => {
                println!("END {error}");
                break;
            }
        }
    }
    // Readers are not touched by it, and see nothing that was refused.
    println!("SEEN {}", api.list(&Default::default()).await.unwrap().items.len());
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // A bound on the size of files stands for the disk's; 512 bytes a block.
    let limited = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" --exact filler --ignored --nocapture";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env(DIR, dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let acknowledged: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("ACK ")?.split(' ').next()).collect();
    assert!(!acknowledged.is_empty(), "{text}");
    let end = text.lines().find(|line| line.starts_with("END ")).unwrap();
    assert!(end.contains("cannot write") && end.contains("objects.redb"), "{end}");
    // kube-root-ca.crt is there too.
    assert!(text.contains(&format!("SEEN {}", acknowledged.len() + 1)), "{text}");
    let server = ApiServer::open(options(dir.path())).await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(server.client(), "default");
    for name in acknowledged {
        api.get(name).await.unwrap();
    }
    api.create(&PostParams::default(), &config_map("again")).await.unwrap();
}
