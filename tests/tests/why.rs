//! What `app why` says of applications in many states, whole: `fixtures/why.txt`.

use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Result, ensure};
use regex::Regex;
use windlass_object::{Value, json, yaml};
use windlass_stories::{App, Plane, World, define_workflows, manifest, workflow_hook};
use windlass_testkit::GitRepository;

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";
const WORKFLOW: &str = "argoproj.io/v1alpha1/Workflow";

static BLANKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"\b[0-9a-f]{40}\b", "COMMIT"),
        (r"file:///\S+?/(shop|changing)\.git", "REPO"),
    ]
    .map(|(pattern, blank)| (Regex::new(pattern).expect("a pattern of ours"), blank))
    .into()
});

/// A pod that no node takes: it never starts.
const WAITS: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: waits\n  annotations:\n    \
    windlass.dev/simulate: creating\nspec:\n  containers:\n  - name: waits\n    image: \
    example.com/waits\n";
const THING: &str =
    "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: thing\nspec:\n  size: 1\n";
const BROKEN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [\n";
/// The API takes no port of that number.
const REFUSED: &str =
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: refused\nspec:\n  ports:\n  - port: 99999\n";

struct Shop<'a> {
    world: &'a World,
    repository: GitRepository,
    /// Of the one that changes: a new revision is tried where the last has failed.
    changing: GitRepository,
}

impl Shop<'_> {
    fn app(&self, name: &str) -> App {
        let repository = if name == "extra" { &self.changing } else { &self.repository };
        App::new(&self.world.control(), name, &repository.url(), name, name)
    }

    fn project(&self, name: &str, spec: &Value) -> Result<()> {
        self.world.api().create(&json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": name, "namespace": self.world.control()}, "spec": spec,
        }))
    }

    fn wait(&self, name: &str, what: &str, condition: impl FnMut(&Value) -> bool) -> Result<()> {
        self.world.wait_app(what, name, condition).map(|_| ())
    }

    fn text(&self, text: &str) -> String {
        let text = text.replace(&self.world.control(), "argocd");
        BLANKS.iter().fold(text, |text, (rule, blank)| rule.replace_all(&text, *blank).into_owned())
    }

    /// What is said of an application, which is the same in all notations.
    fn why(&self, name: &str) -> Result<String> {
        let said = self.world.windlass(&["app", "why", name])?;
        let as_json = self.world.windlass(&["app", "why", name, "-o", "json"])?;
        let as_yaml = self.world.windlass(&["app", "why", name, "-o", "yaml"])?;
        let reasons: Value = serde_json::from_str(&as_json.out)?;
        ensure!(
            yaml::parse_one(as_yaml.out.as_bytes(), &yaml::Options::default())? == reasons,
            "{} is not {}",
            as_yaml.out,
            as_json.out
        );
        ensure!(as_json.code == said.code && as_yaml.code == said.code, "codes differ");
        for reason in reasons.as_array().into_iter().flatten() {
            let parts = ["what", "next"].map(|part| reason[part].as_str().unwrap_or_default());
            for part in parts {
                ensure!(said.out.contains(part.trim()), "{} lacks {part}", said.out);
            }
        }
        let reasons: Vec<String> = reasons
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| format!("{} {}", r["about"], r.get("object").unwrap_or(&Value::Null)))
            .collect();
        Ok(self.text(&format!(
            "$ app why {name}\n{}{}\nabout: {}\nexit code {}\n\n",
            said.out,
            said.err,
            reasons.join(", "),
            said.code
        )))
    }
}

fn sync_is(app: &Value, status: &str) -> bool {
    app["status"]["sync"]["status"] == status
}

fn message(app: &Value) -> &str {
    app["status"]["operationState"]["message"].as_str().unwrap_or_default()
}

fn ended(app: &Value, phase: &str) -> bool {
    app["status"]["operationState"]["phase"] == phase && app.get("operation").is_none()
}

fn has_condition(app: &Value, kind: &str) -> bool {
    let all = app["status"]["conditions"].as_array();
    all.into_iter().flatten().any(|condition| condition["type"] == kind)
}

fn make(shop: &Shop<'_>) -> Result<()> {
    let (world, api) = (shop.world, shop.world.api());
    define_workflows(api)?;
    shop.repository.commit(
        "all",
        &[
            ("well/a.yaml", &manifest::config_map("a", "1")),
            ("new/a.yaml", &manifest::config_map("a", "1")),
            ("drifted/a.yaml", &manifest::config_map("a", "1")),
            ("waves/a.yaml", WAITS),
            ("waves/b.yaml", &manifest::config_map_in_wave("b", "1", 1)),
            ("window/a.yaml", &manifest::config_map("a", "1")),
            ("hook/a.yaml", &manifest::config_map("a", "1")),
            ("hook/pre.yaml", &workflow_hook("pre", "PreSync", "BeforeHookCreation")),
            ("kind/a.yaml", &manifest::config_map("a", "1")),
            ("kind/thing.yaml", THING),
            ("broken/a.yaml", &manifest::config_map("a", "1")),
            ("broken/b.yaml", BROKEN),
            ("destination/a.yaml", &manifest::config_map("a", "1")),
            ("denied/a.yaml", &manifest::config_map("a", "1")),
            ("refused/a.yaml", REFUSED),
            ("deleted/a.yaml", &manifest::config_map("a", "1")),
        ],
    )?;
    shop.changing.commit(
        "two",
        &[
            ("extra/a.yaml", &manifest::config_map("a", "1")),
            ("extra/b.yaml", &manifest::config_map("b", "1")),
        ],
    )?;
    let always =
        json!({"kind": "deny", "schedule": "* * * * *", "duration": "24h", "applications": ["*"]});
    let anywhere = json!([{"server": "*", "namespace": "*"}]);
    shop.project(
        "frozen",
        &json!({"sourceRepos": ["*"], "destinations": anywhere, "syncWindows": [always]}),
    )?;
    shop.project(
        "narrow",
        &json!({"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "other"}]}),
    )?;
    let denied = json!([{"group": "", "kind": "ConfigMap"}]);
    shop.project("strict", &json!({"sourceRepos": ["*"], "destinations": anywhere, "namespaceResourceBlacklist": denied, "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}))?;

    let auto = || json!({});
    // What fails is not tried again.
    let once = |name: &str| {
        let policy = json!({
            "automated": {}, "retry": {"limit": 0}, "syncOptions": ["CreateNamespace=true"],
        });
        shop.app(name).spec("syncPolicy", policy)
    };
    world.create(&shop.app("well").automated(auto()))?;
    world.create(&shop.app("new"))?;
    world.create(&shop.app("drifted").automated(auto()))?;
    world.create(&shop.app("extra").automated(auto()))?;
    world.create(&shop.app("waves").automated(auto()))?;
    world.create(&shop.app("window").automated(auto()).spec("project", json!("frozen")))?;
    world.create(&once("hook"))?;
    world.create(&once("kind"))?;
    world.create(&shop.app("broken").automated(auto()))?;
    world.create(&shop.app("destination").automated(auto()).spec("project", json!("narrow")))?;
    world.create(&once("denied").spec("project", json!("strict")))?;
    world.create(&shop.app("noproject").spec("project", json!("absent")))?;
    world.create(&shop.app("nopath").automated(auto()))?;
    world.create(&once("refused"))?;
    world.create(&shop.app("deleted").automated(auto()).cascading())?;
    Ok(())
}

/// Brings every application into its state.
fn bring(shop: &Shop<'_>) -> Result<()> {
    let api = shop.world.api();
    for name in ["well", "drifted", "extra", "deleted"] {
        shop.wait(name, "it is delivered", |app| {
            sync_is(app, "Synced")
                && app["status"]["health"]["status"] == "Healthy"
                && ended(app, "Succeeded")
        })?;
    }
    let by_hand = json!({"data": {"key": "by hand", "more": "x"}});
    api.patch_as("kubectl-edit", "v1/ConfigMap", "drifted", "a", &by_hand)?;
    shop.changing.git(&["rm", "-q", "extra/b.yaml"])?;
    shop.changing.commit("less", &[])?;
    shop.world.refresh("extra")?;
    api.patch(
        "v1/ConfigMap",
        "deleted",
        "a",
        &json!({"metadata": {"finalizers": ["example.com/stays"]}}),
    )?;
    api.delete(APPLICATION, &shop.world.control(), "deleted")?;
    let hook = (WORKFLOW, "hook", "pre");
    api.wait("the hook runs", hook, |o| !o.is_null() && o["status"].get("phase").is_none())?;
    api.patch(
        WORKFLOW,
        "hook",
        "pre",
        &json!({"status": {"phase": "Failed", "message": "no such table"}}),
    )?;

    shop.wait("drifted", "the drift is seen", |app| has_condition(app, "DriftWarning"))?;
    shop.wait("extra", "what is left is seen", |app| sync_is(app, "OutOfSync"))?;
    shop.wait("waves", "its wave waits", |app| message(app).contains("waiting for healthy state"))?;
    shop.wait("new", "it is compared", |app| sync_is(app, "OutOfSync"))?;
    shop.wait("window", "it is compared", |app| sync_is(app, "OutOfSync"))?;
    shop.wait("hook", "its hook has failed", |app| ended(app, "Failed"))?;
    shop.wait("broken", "it cannot be compared", |app| has_condition(app, "ComparisonError"))?;
    shop.wait("nopath", "it cannot be compared", |app| has_condition(app, "ComparisonError"))?;
    for name in ["destination", "noproject"] {
        shop.wait(name, "it is refused", |app| has_condition(app, "InvalidSpecError"))?;
    }
    for name in ["denied", "refused", "kind"] {
        shop.wait(name, "its sync has failed", |app| ended(app, "Failed"))?;
    }
    shop.wait("deleted", "it is being deleted", |app| {
        app["metadata"]["deletionTimestamp"].is_string()
    })?;
    api.wait("its object is being deleted", ("v1/ConfigMap", "deleted", "a"), |o| {
        o["metadata"]["deletionTimestamp"].is_string()
    })?;
    Ok(())
}

fn story(world: &mut World) -> Result<()> {
    let shop = Shop {
        world,
        repository: world.repository("shop")?,
        changing: world.repository("changing")?,
    };
    make(&shop)?;
    bring(&shop)?;
    let mut said = String::new();
    for name in [
        "well",
        "new",
        "drifted",
        "extra",
        "waves",
        "window",
        "hook",
        "kind",
        "broken",
        "nopath",
        "destination",
        "noproject",
        "denied",
        "refused",
        "deleted",
    ] {
        said += &shop.why(name)?;
    }
    let none = world.windlass(&["app", "why", "absent"])?;
    said += &format!("$ app why absent\n{}{}exit code {}\n", none.out, none.err, none.code);
    api_free(&shop)?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/why.txt");
    if std::env::var_os("WINDLASS_RECORD").is_some() {
        std::fs::write(&file, &said)?;
    }
    let expected = std::fs::read_to_string(&file)?;
    let diff = similar::TextDiff::from_lines(&expected, &said);
    ensure!(expected == said, "{}", diff.unified_diff().context_radius(2));
    Ok(())
}

/// What a story holds back goes.
fn api_free(shop: &Shop<'_>) -> Result<()> {
    let none = json!({"metadata": {"finalizers": null}});
    shop.world.api().patch("v1/ConfigMap", "deleted", "a", &none)
}

#[test]
fn why_is_said_whole() -> Result<()> {
    World::start(Plane::Embedded, "why_is_said_whole", story)
}
