//! Reads every YAML file below the directories that are given and says how fast that was, or with
//! `--json` what each file holds, a line of JSON a file.
//!
//! ```sh
//! cargo run --release -p windlass-object --example read -- DIR...
//! ```

#![allow(clippy::print_stdout)] // A program for a terminal.

use std::path::{Path, PathBuf};
use std::time::Instant;

use windlass_object::{json, yaml};

fn main() -> std::io::Result<()> {
    let (mut dump, mut files) = (false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => dump = true,
            dir => find(Path::new(dir), &mut files)?,
        }
    }
    let texts: Vec<Vec<u8>> = files.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    let options = yaml::Options::default();
    let begin = Instant::now();
    let parsed: Vec<_> = texts.iter().map(|text| yaml::parse(text, &options)).collect();
    let seconds = begin.elapsed().as_secs_f64();
    if dump {
        for (file, parsed) in files.iter().zip(&parsed) {
            let values: Vec<_> = parsed.documents.iter().map(|d| &d.value).collect();
            let errors: Vec<_> = parsed.errors.iter().map(ToString::to_string).collect();
            println!("{}", json!({"file": file, "values": values, "errors": errors}));
        }
        return Ok(());
    }
    let bytes: usize = texts.iter().map(Vec::len).sum();
    let megabytes = bytes as f64 / 1e6;
    let documents: usize = parsed.iter().map(|p| p.documents.len()).sum();
    let errors: usize = parsed.iter().map(|p| p.errors.len()).sum();
    println!(
        "{} files, {documents} documents, {errors} errors, {megabytes:.1} MB in {seconds:.3} s: {:.1} MB/s",
        files.len(),
        megabytes / seconds,
    );
    Ok(())
}

fn find(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
        if path.is_dir() && !path.is_symlink() {
            find(&path, files)?;
        } else if is_yaml && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
