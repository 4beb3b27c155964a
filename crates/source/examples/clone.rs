//! `clone URL [REVISION] [CACHE]`: resolves, fetches and reads a whole tree, and says how long each
//! took. With a CACHE that is there already it shows what the next commit costs.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use windlass_source::credentials::Settings;
use windlass_source::{Options, Sources};
use windlass_tree::{EntryKind, Tree, TreePath};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: clone URL [REVISION] [CACHE]")?;
    let revision = arguments.next().unwrap_or_default();
    let cache = arguments.next().map_or_else(|| std::env::temp_dir().join("clone"), Into::into);
    let sources = Sources::new(Options::new(cache))?;
    let repository = std::sync::Arc::new(Settings::default()).repository(&url, "")?;

    let start = Instant::now();
    let resolved = sources.resolve(&repository, &revision).await?;
    println!("resolve {} {:?}", resolved.commit, start.elapsed());
    let start = Instant::now();
    let tree = sources.tree(&repository, &resolved.commit).await?;
    println!("tree    {:?}", start.elapsed());
    for pass in ["read", "again"] {
        let start = Instant::now();
        let (files, bytes) = read(&*tree)?;
        println!("{pass:7} {files} files, {bytes} bytes {:?}", start.elapsed());
    }
    Ok(())
}

fn read(tree: &dyn Tree) -> Result<(usize, usize), Box<dyn std::error::Error>> {
    let (mut files, mut bytes, mut todo) = (0, 0, vec![TreePath::root()]);
    while let Some(dir) = todo.pop() {
        for (name, entry) in tree.list(&dir)? {
            let path = dir.join(&name)?;
            if entry.kind == EntryKind::Directory {
                todo.push(path);
            } else {
                files += 1;
                bytes += tree.read(&path, u64::MAX)?.len();
            }
        }
    }
    Ok((files, bytes))
}
