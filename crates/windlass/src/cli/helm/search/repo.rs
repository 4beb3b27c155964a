//! `windlass helm search repo`.
//!
//! Charts are found by their name, their name behind the repository's, their description and their
//! keywords; where a word is found decides the order.

use std::cmp::Ordering;

use anyhow::{Context, bail};
use serde_json::Value;
use windlass_charts::ChartVersion;
use windlass_object::{json, yaml};
use windlass_semver::{Constraint, Version};

use crate::cli::helm::environment::{Entry, Repositories};
use crate::cli::helm::table;

/// Search repositories for a keyword in charts.
///
/// Examples:
///   helm search repo shop
///   helm search repo team/shop --versions --output json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(override_usage = "helm search repo [keyword] [flags]")]
pub(crate) struct Args {
    /// What to find; all without it.
    keyword: Vec<String>,
    /// The keyword is a regular expression.
    #[arg(short, long)]
    regexp: bool,
    /// Every version, not the greatest alone.
    #[arg(short = 'l', long)]
    versions: bool,
    /// Versions that are not finished, too.
    #[arg(long)]
    devel: bool,
    /// Range of versions.
    #[arg(long, default_value = "", hide_default_value = true)]
    version: String,
    /// The widest column.
    #[arg(long, default_value_t = 50)]
    max_col_width: usize,
    /// Fail if nothing is found.
    #[arg(long)]
    fail_on_no_result: bool,
    /// table, json or yaml.
    #[arg(short, long, default_value = "table", value_parser = table::format)]
    output: String,
}

/// A chart that was found.
struct Found {
    name: String,
    score: usize,
    chart: ChartVersion,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let range = match args.version.as_str() {
        "" if args.devel => ">0.0.0-0",
        "" => ">0.0.0",
        version => version,
    };
    let Some(known) = Repositories::load().ok().flatten().filter(|k| !k.repositories.is_empty())
    else {
        bail!("no repositories configured");
    };
    let mut found = Vec::new();
    let word = args.keyword.join(" ");
    let finder = Finder::new(&word, args)?;
    for entry in &known.repositories {
        collect(entry, &finder, &mut found);
    }
    found.sort_by(order);
    let constraint = Constraint::parse(range).context("an invalid version/constraint format")?;
    let mut names = std::collections::BTreeSet::new();
    found.retain(|one| {
        let fits = (args.versions || !names.contains(&one.name))
            && Version::parse(&one.chart.version).is_ok_and(|v| constraint.matches(&v));
        if fits {
            names.insert(one.name.clone());
        }
        fits
    });
    if found.is_empty() && args.fail_on_no_result {
        bail!("no results found");
    }
    crate::cli::persona::print(&shown(&found, args)?)
}

fn shown(found: &[Found], args: &Args) -> anyhow::Result<String> {
    let text = |one: &Found, field: &str| {
        one.chart.metadata.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    if args.output == "table" {
        if found.is_empty() {
            return Ok("No results found\n".to_owned());
        }
        let heads = ["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"].map(str::to_owned);
        let rows = found.iter().map(|one| {
            let (app, about) = (text(one, "appVersion"), text(one, "description"));
            vec![one.name.clone(), one.chart.version.clone(), app, about]
        });
        let rows: Vec<Vec<String>> = std::iter::once(heads.to_vec()).chain(rows).collect();
        return Ok(table::print(&rows, args.max_col_width));
    }
    let all = found.iter().map(|one| {
        json!({
            "name": one.name, "version": one.chart.version,
            "app_version": text(one, "appVersion"), "description": text(one, "description"),
        })
    });
    let all: Vec<Value> = all.collect();
    if args.output == "json" {
        // As Go's struct has them.
        let items: Vec<String> = all
            .iter()
            .map(|one| {
                let field = |name: &str| windlass_object::go::to_json(&one[name]);
                format!(
                    "{{\"name\":{},\"version\":{},\"app_version\":{},\"description\":{}}}",
                    field("name"),
                    field("version"),
                    field("app_version"),
                    field("description")
                )
            })
            .collect();
        return Ok(format!("[{}]\n", items.join(",")));
    }
    Ok(yaml::to_string(&Value::Array(all)))
}

/// What decides whether a chart's line is meant.
enum Finder {
    All,
    Text(String),
    Pattern(regex::Regex),
}

impl Finder {
    fn new(word: &str, args: &Args) -> anyhow::Result<Self> {
        Ok(match word {
            _ if args.keyword.is_empty() => Self::All,
            word if args.regexp => Self::Pattern(regex::Regex::new(word)?),
            word => Self::Text(word.to_lowercase()),
        })
    }

    /// How many parts of the line lie before what is found.
    fn score(&self, line: &str) -> Option<usize> {
        let (at, line) = match self {
            Self::All => return Some(0),
            Self::Text(word) => {
                let line = line.to_lowercase();
                (line.find(word)?, line)
            }
            Self::Pattern(pattern) => (pattern.find(line)?.start(), line.to_owned()),
        };
        Some(line[..at].matches(SEPARATOR).count())
    }
}

/// What lies between the parts of a chart's line.
const SEPARATOR: char = '\u{b}';

fn collect(entry: &Entry, finder: &Finder, found: &mut Vec<Found>) {
    let index = match entry.cached_index() {
        Ok(index) => index,
        Err(error) => {
            let (repo, error) = (&entry.name, format!("{error:#}"));
            let error = error.split_once("(try 'helm repo update'): ").map_or(&*error, |(_, e)| e);
            let _ = crate::cli::helm::tell(&format!(
                "level=WARN msg=\"repo is corrupt or missing\" repo={repo} error={error:?}\n"
            ));
            return;
        }
    };
    for (name, chart) in index
        .entries
        .into_iter()
        .flat_map(|(name, all)| all.into_iter().map(move |c| (name.clone(), c)))
    {
        let text = |field: &str| chart.metadata.get(field).and_then(Value::as_str);
        let own = text("name").unwrap_or_default();
        let keywords = chart.metadata.get("keywords").and_then(Value::as_array);
        let keywords: Vec<&str> =
            keywords.into_iter().flatten().filter_map(Value::as_str).collect();
        let line = [
            own,
            &format!("{}/{own}", entry.name),
            text("description").unwrap_or_default(),
            &keywords.join(" "),
        ]
        .join(&SEPARATOR.to_string());
        if let Some(score) = finder.score(&line) {
            found.push(Found { name: format!("{}/{name}", entry.name), score, chart });
        }
    }
}

/// The best first; of one chart the greatest version.
fn order(left: &Found, right: &Found) -> Ordering {
    let versions = || {
        let of = |one: &Found| Version::parse(&one.chart.version);
        match (of(left), of(right)) {
            (Ok(left), Ok(right)) => right.cmp(&left),
            _ => Ordering::Equal,
        }
    };
    left.score.cmp(&right.score).then_with(|| left.name.cmp(&right.name)).then_with(versions)
}
