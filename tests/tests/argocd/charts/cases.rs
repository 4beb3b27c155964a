//! The Applications: those of `cases.yaml`, and random ones.

use anyhow::{Context as _, Result};
use windlass_object::{Map, Value, json, yaml};

use super::places::Places;
use crate::CONTROL;

/// Random Applications beside those that are named; the seed is recorded.
const RANDOM: usize = 64;
pub(super) const SEED: u64 = 20_261_127;

/// An Application.
pub(super) struct Case {
    pub(super) name: String,
    /// What is written of it, in the words of [`Places`].
    pub(super) text: Value,
    sources: Vec<Value>,
    several: bool,
}

/// All of them.
pub(super) fn all() -> Result<Vec<Case>> {
    let text = std::fs::read_to_string(super::fixture("cases.yaml"))?;
    let named = yaml::parse_one(text.as_bytes(), &yaml::Options::strict())?;
    let named = named.as_array().context("a list of cases")?.clone();
    let mut random = Random(SEED);
    let random = (0..RANDOM).map(|number| random.case(number));
    named.into_iter().chain(random.collect::<Vec<_>>()).map(Case::read).collect()
}

impl Case {
    fn read(text: Value) -> Result<Self> {
        let name = text["name"].as_str().context("a case has a name")?.to_owned();
        let several = text["sources"].as_array();
        let parts = several.cloned().unwrap_or_else(|| vec![text.clone()]);
        let sources = parts.iter().map(source).collect::<Result<_>>();
        let sources = sources.with_context(|| name.clone())?;
        Ok(Self { name, several: several.is_some(), sources, text })
    }

    /// The object.
    pub(super) fn application(&self, places: &Places) -> Result<Value> {
        let namespace = self.text["namespace"].as_str().unwrap_or("charts");
        let mut app = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": self.name, "namespace": CONTROL},
            "spec": {
                "project": "default",
                "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            },
        });
        if self.several {
            app["spec"]["sources"] = json!(self.sources);
        } else {
            app["spec"]["source"] = self.sources[0].clone();
        }
        Ok(serde_json::from_str(&places.fill(&app.to_string()))?)
    }

    /// The command that prints its manifests, in the order of the repository server.
    pub(super) fn command(&self) -> Vec<String> {
        let mut words = vec!["app".to_owned(), "manifests".to_owned(), self.name.clone()];
        for (i, source) in self.sources.iter().enumerate() {
            let revision = source["targetRevision"].as_str().unwrap_or("HEAD").to_owned();
            if self.several {
                let position = (i + 1).to_string();
                let more = ["--revisions".to_owned(), revision];
                words.extend(more);
                words.extend(["--source-positions".to_owned(), position]);
            } else {
                words.extend(["--revision".to_owned(), revision]);
            }
        }
        words
    }
}

fn source(part: &Value) -> Result<Value> {
    let text = |name: &str| part[name].as_str();
    let mut source = json!({});
    if let Some(chart) = text("chart") {
        let mut words = chart.splitn(3, ' ');
        let mut next = || words.next().context("PLACE CHART VERSION");
        source["repoURL"] = json!(place(next()?)?);
        source["chart"] = json!(next()?);
        source["targetRevision"] = json!(next()?);
    } else {
        let repository = text("repository").unwrap_or("apps");
        source["repoURL"] = json!(format!("http://@GIT@/{repository}.git"));
        source["targetRevision"] = json!(text("revision").unwrap_or("HEAD"));
        if let Some(path) = text("path") {
            source["path"] = json!(path);
        }
    }
    for field in ["helm", "ref"] {
        if let Some(value) = part.get(field) {
            source[field] = value.clone();
        }
    }
    Ok(source)
}

fn place(name: &str) -> Result<&'static str> {
    Ok(match name {
        "PLAIN" => "http://@HTTP@/public",
        "CHARTS" => "https://@HTTPS@/public",
        "PRIVATE" => "https://@HTTPS@/private/public",
        "ELSEWHERE" => "https://@HTTPS@/private/elsewhere",
        "REFUSED" => "https://@HTTPS@/private/refused",
        "NOBODY" => "http://127.0.0.1:1/charts",
        "OCI" => "@OCI@",
        "OCIWRONG" => "@WRONG@",
        other => anyhow::bail!("no place {other}"),
    })
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap_or_default()
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn case(&mut self, number: usize) -> Value {
        let name = format!("random-{number}");
        let place = ["", "", "CHARTS web ^1", "PRIVATE web *", "OCI web >=1.0.0", "OCI web 2.0.0"];
        let place = self.of(&place);
        let in_git = place.is_empty();
        let several = self.below(3) == 0;
        let helm = self.helm(in_git, several);
        let mut part = if in_git { json!({"path": "web"}) } else { json!({"chart": place}) };
        part["helm"] = helm;
        if several {
            let values = json!({"repository": "values", "ref": "values"});
            let mut sources = vec![part, values];
            if self.below(2) == 0 {
                sources.swap(0, 1);
            }
            return json!({"name": name, "sources": sources});
        }
        part["name"] = json!(name);
        part
    }

    /// Fields in random combinations. No two parameters touch one value: in which order Argo CD
    /// gives them to Helm is chance.
    fn helm(&mut self, in_git: bool, several: bool) -> Value {
        let mut helm = Map::new();
        for flag in ["skipCrds", "skipTests", "ignoreMissingValueFiles", "skipSchemaValidation"] {
            if self.below(3) == 0 {
                helm.insert(flag.to_owned(), json!(true));
            }
        }
        if self.below(3) == 0 {
            let name = self.of(&["r", "web", "a-rather-long-release"]);
            helm.insert("releaseName".to_owned(), json!(name));
        }
        if self.below(5) == 0 {
            helm.insert("namespace".to_owned(), json!("elsewhere"));
        }
        if self.below(3) == 0 {
            let version = self.of(&["1.29.3", "v1.30", "1.31.0"]);
            helm.insert("kubeVersion".to_owned(), json!(version));
        }
        if self.below(3) == 0 {
            let api = self.of(&["batch/v1", "x/v1/Y", "acme.test/v1/Thing"]);
            helm.insert("apiVersions".to_owned(), json!([api]));
        }
        if self.below(2) == 0 {
            let mut places = vec!["one.yaml", "two.yaml", "empty.yaml"];
            if in_git {
                places.extend(["/env/prod.yaml", "../env/off.yaml", "/env/null.yaml"]);
            }
            if several {
                places.extend(["$values/prod.yaml", "$values/envs/us/more.yaml"]);
            }
            let mut all: Vec<&str> = (0..=self.below(3)).map(|_| self.of(&places)).collect();
            if self.below(5) == 0 {
                all.push("none.yaml");
            }
            helm.insert("valueFiles".to_owned(), json!(all));
        }
        match self.below(4) {
            0 => {
                let n = self.below(90_000);
                let object = json!({"a": "object", "num": n, "nested": {"deep": null}});
                helm.insert("valuesObject".to_owned(), object);
            }
            1 => {
                let text = ["a: inline\nnum: 5\n", "list: []\nsub: {own: {x: 1}}\n"];
                helm.insert("values".to_owned(), json!(self.of(&text)));
            }
            _ => {}
        }
        if self.below(2) == 0 {
            let names = [
                "a",
                "num",
                "list[0]",
                "nested.deep.value",
                "sub.own",
                "global.region",
                "new.x\\.y",
            ];
            let values =
                ["1", "text", "true", "null", "{a,b}", "x,y", "0x1F", "", "$ARGOCD_APP_NAME"];
            let first = self.below(names.len());
            let all = (0..=self.below(3)).map(|i| {
                let value = self.of(&values);
                let string = self.below(3) == 0;
                let name = names[(first + i) % names.len()];
                json!({"name": name, "value": value, "forceString": string})
            });
            helm.insert("parameters".to_owned(), all.collect());
        }
        if self.below(4) == 0 {
            let mut places = vec!["notes.txt"];
            if in_git {
                places.push("/env/prod.yaml");
            }
            if several {
                places.push("$values/text.txt");
            }
            let path = self.of(&places);
            helm.insert("fileParameters".to_owned(), json!([{"name": "file", "path": path}]));
        }
        Value::Object(helm)
    }
}
