//! Clusters beside the own one, as their Secrets describe them, on a real Kubernetes: how they are
//! reached and signed in to, which part of them is looked at, and what a few permissions are enough for.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use windlass_object::{Value, json};
use windlass_stories::{App, Plane, World, manifest};
use windlass_testkit::{Authority, FaultProxy, Kubernetes, Parts, TlsFront, wait_for};

/// What Argo CD says of a cluster that takes no credentials.
const REFUSED: &str = "the server has asked for the client to provide credentials";

const CONFIG_MAP: &str = "v1/ConfigMap";
const SECRET: &str = "v1/Secret";
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// A world on a hub as small as it can be, the cluster that it delivers to, and a repository.
struct Story<'a> {
    world: &'a World,
    spoke: &'a Kubernetes,
    repository: String,
    server: String,
    /// The authority of the cluster's certificate, as configs have it.
    authority: Value,
    /// The administrator's token.
    token: Value,
}

impl<'a> Story<'a> {
    fn tell(
        name: &str,
        spoke: &Kubernetes,
        story: impl FnOnce(&Story<'_>) -> Result<()>,
    ) -> Result<()> {
        World::start(Plane::Embedded, name, |world| {
            let begun = Story::begin(world, spoke)?;
            let told = story(&begun);
            for kind in ["clusterrole", "namespace"] {
                let listed = begun.kubectl(&["get", kind, "-o", "name"])?;
                let suffix = world.name("");
                for ours in listed.lines().filter(|name| name.ends_with(&suffix)) {
                    let _ = begun.kubectl(&["delete", "--wait=false", ours]);
                }
            }
            told
        })
    }

    fn begin(world: &'a World, spoke: &'a Kubernetes) -> Result<Self> {
        let repository = world.repository("git")?;
        let role = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {}}}\n",
            world.name("role")
        );
        let away = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: kube-system}\n";
        let files = [
            ("app/a.yaml", manifest::config_map("a", "one")),
            ("steady/steady.yaml", manifest::config_map("steady", "one")),
            ("wide/wide.yaml", manifest::config_map("wide", "one")),
            ("wide/role.yaml", role),
            ("away/away.yaml", away.to_owned()),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
        repository.commit("one", &files)?;
        let config: Value = serde_json::from_slice(&std::fs::read(spoke.kubeconfig())?)?;
        Ok(Self {
            world,
            spoke,
            repository: repository.url(),
            server: spoke.server()?,
            authority: config["clusters"][0]["cluster"]["certificate-authority-data"].clone(),
            token: config["users"][0]["user"]["token"].clone(),
        })
    }

    fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.spoke.kubectl(arguments)
    }

    /// A namespace of the other cluster with an account that may do everything to its ConfigMaps and
    /// nothing else; gives its token.
    fn account(&self, namespace: &str) -> Result<String> {
        self.kubectl(&["create", "namespace", namespace])?;
        let of = |arguments: &[&str]| self.kubectl(&[&["-n", namespace], arguments].concat());
        of(&["create", "serviceaccount", "deployer"])?;
        of(&["create", "role", "deployer", "--verb=*", "--resource=configmaps"])?;
        let account = format!("--serviceaccount={namespace}:deployer");
        of(&["create", "rolebinding", "deployer", "--role=deployer", &account])?;
        Ok(of(&["create", "token", "deployer"])?.trim().to_owned())
    }

    /// Describes a cluster: the fields of its Secret; what is no text becomes JSON.
    fn describe(&self, name: &str, fields: &Value) -> Result<()> {
        let mut content = json!({"name": name});
        for (key, value) in fields.as_object().into_iter().flatten() {
            content[key.as_str()] =
                value.as_str().map_or_else(|| json!(value.to_string()), |text| json!(text));
        }
        let control = self.world.control();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "stringData": content,
            "metadata": {"name": name, "namespace": control,
                "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
        });
        if self.world.api().get(SECRET, &control, name)?.is_some() {
            return self.world.api().patch(SECRET, &control, name, &secret);
        }
        self.world.api().create(&secret)
    }

    /// The application of a path, which syncs by itself.
    fn deliver(&self, destination: Value, path: &str, project: &str) -> Result<String> {
        let name = self.world.name(path);
        let app = App::new(&self.world.control(), &name, &self.repository, path, "")
            .spec("syncPolicy", json!({"automated": {}}))
            .spec("project", json!(project))
            .spec("destination", destination);
        self.world.create(&app)
    }

    fn is_delivered(&self, app: &str) -> Result<()> {
        self.world.wait_app("delivered", app, is_synced)?;
        Ok(())
    }

    /// Waits until a condition of the application has this part.
    fn is_told(&self, app: &str, part: &str) -> Result<Value> {
        self.world.wait_app(part, app, |app| messages(app).any(|message| message.contains(part)))
    }

    fn set(&self, key: &str, value: &str) -> Result<()> {
        let (api, control) = (self.world.api(), self.world.control());
        if api.get(CONFIG_MAP, &control, "argocd-cm")?.is_none() {
            api.create(&json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "argocd-cm", "namespace": control,
                    "labels": {"app.kubernetes.io/part-of": "argocd"}},
            }))?;
        }
        api.patch(CONFIG_MAP, &control, "argocd-cm", &json!({"data": {key: value}}))
    }
}

fn is_synced(app: &Value) -> bool {
    app["status"]["sync"]["status"] == "Synced" && app["status"]["conditions"].is_null()
}

fn messages(app: &Value) -> impl Iterator<Item = &str> {
    let conditions = app["status"]["conditions"].as_array().into_iter().flatten();
    conditions.filter_map(|condition| condition["message"].as_str())
}

/// A plugin that prints a credential, as `aws eks get-token` does.
fn plugin(token: &str) -> Value {
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": token},
    });
    json!({
        "command": "sh", "args": ["-c", "echo \"$CREDENTIAL\""],
        "env": {"CREDENTIAL": credential.to_string()},
        "apiVersion": "client.authentication.k8s.io/v1",
    })
}

#[test]
fn a_cluster_is_reached_over_tls_in_every_way() -> Result<()> {
    if !windlass_testkit::available(&["kubectl", "kube"]) {
        return Ok(());
    }
    let spoke = Kubernetes::start(Parts::Api)?;
    Story::tell("a_cluster_is_reached", &spoke, |story| {
        let namespace = story.world.name("reached");
        let ours = story.account(&namespace)?;
        let (ca, token) = (&story.authority, &story.token);
        let other = STANDARD.encode(Authority::new()?.pem());
        let (certificate, key) = story.spoke.client_certificate()?;
        let certified = json!({
            "caData": ca, "certData": STANDARD.encode(&certificate), "keyData": STANDARD.encode(key),
        });
        let tls = |config: Value| json!({"bearerToken": token, "tlsClientConfig": config});
        let with = |key: &str, value: Value| {
            let mut config = json!({"tlsClientConfig": {"caData": ca}});
            config[key] = value;
            config
        };
        let mut absent = plugin("");
        absent["command"] = json!("no-such-plugin");
        absent["installHint"] = json!("get it from https://plugins.example");
        let mut fails = plugin("");
        fails["args"] = json!(["-c", "echo no session >&2; exit 7"]);
        // What the cluster's config is, and a part of what is said of it; nothing where it serves.
        let cases = [
            ("trusted", tls(json!({"caData": ca})), ""),
            ("by a wrong authority", tls(json!({"caData": other})), "BadSignature"),
            ("by no authority of ours", tls(json!({})), "UnknownIssuer"),
            ("unverified", tls(json!({"insecure": true})), ""),
            (
                "unverified and verified",
                tls(json!({"insecure": true, "caData": ca})),
                "a root certificates file with the insecure flag is not allowed",
            ),
            (
                "by a name of the certificate",
                tls(json!({"caData": ca, "serverName": "localhost"})),
                "",
            ),
            (
                "by a name that it has not",
                tls(json!({"caData": ca, "serverName": "other.example"})),
                "other.example",
            ),
            ("as nobody", json!({"tlsClientConfig": {"caData": ca}}), "system:anonymous"),
            ("by a wrong token", with("bearerToken", json!("hunter2")), REFUSED),
            // Kubernetes takes no passwords any more: who has nothing else is nobody.
            (
                "by password",
                json!({"username": "a", "password": "hunter2", "tlsClientConfig": {"caData": ca}}),
                "system:anonymous",
            ),
            ("by a certificate", json!({"tlsClientConfig": certified}), ""),
            (
                "by a certificate without its key",
                json!({"tlsClientConfig": {"caData": ca, "certData": STANDARD.encode(&certificate)}}),
                "failed to load client key",
            ),
            ("by a plugin", with("execProviderConfig", plugin(token.as_str().unwrap_or(""))), ""),
            (
                "by a plugin that is not there",
                with("execProviderConfig", absent),
                "https://plugins.example",
            ),
            ("by a plugin that fails", with("execProviderConfig", fails), "no session"),
            (
                "by a plugin with a wrong token",
                with("execProviderConfig", plugin("hunter2")),
                REFUSED,
            ),
            ("as an account of few rights", with("bearerToken", json!(ours)), ""),
            (
                "as Argo CD signs in to AWS",
                with("awsAuthConfig", json!({"clusterName": "a"})),
                "awsAuthConfig is not supported",
            ),
            ("by what is no config", json!("hunter2"), "failed to unmarshal cluster config"),
        ];
        // The same cluster by another address is another cluster: it is drawn into nothing.
        let steady = story.server.replace("127.0.0.1", "localhost");
        story
            .describe("steady", &json!({"server": steady, "config": tls(json!({"caData": ca}))}))?;
        let steady = story.deliver(
            json!({"server": steady, "namespace": namespace}),
            "steady",
            "default",
        )?;
        story.is_delivered(&steady)?;

        let app =
            story.deliver(json!({"name": "spoke", "namespace": namespace}), "app", "default")?;
        story.is_told(&app, "there are no clusters with this name: spoke")?;
        let mut said: Vec<(&str, String)> = Vec::new();
        for (how, config, part) in &cases {
            let described = |config: &Value| {
                story.describe("spoke", &json!({"server": story.server, "config": config}))
            };
            let tried = || -> Result<Vec<String>> {
                if part.is_empty() {
                    // What was there before is no sign: it takes the connection to put it back.
                    described(&json!("gone"))?;
                    story.is_told(&app, "failed to unmarshal cluster config")?;
                    let gone = ["-n", &namespace, "delete", "configmap", "a", "--ignore-not-found"];
                    story.kubectl(&gone)?;
                    described(config)?;
                    story
                        .world
                        .wait_app("seen again", &app, |app| messages(app).next().is_none())?;
                    story.world.sync(&app, &json!({}))?;
                    story.is_delivered(&app)?;
                    let found = story.kubectl(&["-n", &namespace, "get", "configmap", "a"]);
                    return found.map(|_| Vec::new());
                }
                described(config)?;
                let app = story.is_told(&app, part)?;
                Ok(messages(&app).map(str::to_owned).collect())
            };
            let told = tried().with_context(|| (*how).to_owned())?;
            said.extend(told.into_iter().map(|message| (*how, message)));
            let still = story.world.wait_app(how, &steady, |app| app.get("status").is_some())?;
            ensure!(is_synced(&still), "{how}: drawn in: {still:#}");
        }
        let secrets = ["hunter2", ours.as_str(), token.as_str().unwrap_or("?")];
        for (how, message) in &said {
            println!("{how}: {message}");
            ensure!(secrets.iter().all(|secret| !message.contains(secret)), "{how}: {message}");
        }
        let log = story.world.log()?;
        ensure!(secrets.iter().all(|secret| !log.contains(secret)), "the log has a secret");
        Ok(())
    })
}

/// Kubernetes' own server takes no passwords since 1.19: a proxy that checks them, and shows it a token
/// instead, stands in for those that do.
#[test]
fn a_cluster_is_signed_in_to_by_password() -> Result<()> {
    if !windlass_testkit::available(&["kubectl", "kube"]) {
        return Ok(());
    }
    Story::tell("a_cluster_by_password", windlass_testkit::kubernetes()?, |story| {
        let namespace = story.world.name("password");
        story.kubectl(&["create", "namespace", &namespace])?;
        let ca = STANDARD.decode(story.authority.as_str().context("an authority")?)?;
        let proxy = FaultProxy::start(&story.server, &ca)?;
        proxy.by_password("somebody", "pass:word", story.token.as_str().context("a token")?);
        let authority = Authority::new()?;
        let front = TlsFront::start(proxy.url().trim_start_matches("http://"), &authority, false)?;
        let describe = |password: &str| {
            let tls = json!({"caData": STANDARD.encode(authority.pem())});
            let config =
                json!({"username": "somebody", "password": password, "tlsClientConfig": tls});
            story.describe("spoke", &json!({"server": front.url(), "config": config}))
        };
        describe("hunter2")?;
        let to = json!({"name": "spoke", "namespace": namespace});
        let app = story.deliver(to, "app", "default")?;
        let refused = story.is_told(&app, REFUSED)?;
        ensure!(!refused.to_string().contains("hunter2"), "{refused:#}");
        describe("pass:word")?;
        story.is_delivered(&app)?;
        story.kubectl(&["-n", &namespace, "get", "configmap", "a"])?;
        // What happens there is seen, so that watches are let in too.
        story.kubectl(&["-n", &namespace, "delete", "configmap", "a"])?;
        let drifts = |app: &Value| app["status"]["sync"]["status"] == "OutOfSync";
        story.world.wait_app("seen", &app, drifts)?;
        let log = story.world.log()?;
        for secret in ["hunter2", "pass:word"] {
            ensure!(!log.contains(secret), "the log has a secret");
        }
        Ok(())
    })
}

#[test]
fn a_part_of_a_cluster_is_looked_at() -> Result<()> {
    if !windlass_testkit::available(&["kubectl", "kube"]) {
        return Ok(());
    }
    Story::tell("a_part_of_a_cluster", windlass_testkit::kubernetes()?, |story| {
        let namespace = story.world.name("part");
        story.kubectl(&["create", "namespace", &namespace])?;
        let config = json!({
            "bearerToken": story.token, "tlsClientConfig": {"caData": story.authority},
        });
        let part = |clusterwide: &str, project: &str| {
            story.describe(
                "spoke",
                &json!({
                    "server": story.server, "config": config, "namespaces": namespace,
                    "clusterResources": clusterwide, "project": project,
                }),
            )
        };
        part("false", "")?;
        let to = json!({"name": "spoke", "namespace": namespace});
        let inside = story.deliver(to.clone(), "app", "default")?;
        story.is_delivered(&inside)?;
        let away = story.deliver(to.clone(), "away", "default")?;
        story.is_told(&away, "namespace \"kube-system\" for ConfigMap \"a\" is not managed")?;
        let wide = story.deliver(to.clone(), "wide", "default")?;
        story.is_told(&wide, "can not be managed when in namespaced mode")?;
        // What happens inside is seen, what happens elsewhere is not.
        story.kubectl(&["-n", &namespace, "delete", "configmap", "a"])?;
        let drifts = |app: &Value| app["status"]["sync"]["status"] == "OutOfSync";
        story.world.wait_app("seen inside", &inside, drifts)?;
        let seen = story.world.metric("argocd_cluster_api_resource_objects", &[&story.server])?;
        let all = story.kubectl(&["get", "configmaps,secrets,roles", "-A", "-o", "name"])?;
        ensure!(
            seen < f64::from(u32::try_from(all.lines().count())?),
            "{seen} objects are mirrored"
        );

        part("true", "")?;
        story.is_delivered(&wide)?;
        story.is_told(&away, "is not managed")?;

        // A project that takes only its own clusters takes this one when it is its own.
        let project = story.world.name("team");
        story.world.api().create(&json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": project, "namespace": story.world.control()},
            "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}],
                "permitOnlyProjectScopedClusters": true},
        }))?;
        let theirs = story.deliver(to, "steady", &project)?;
        story.is_told(&theirs, "do not match any of the allowed destinations in project")?;
        part("true", &project)?;
        story.is_delivered(&theirs)?;
        part("true", "other")?;
        story.is_told(&theirs, "do not match any of the allowed destinations in project")?;
        Ok(())
    })
}

#[test]
fn a_few_permissions_are_enough() -> Result<()> {
    if !windlass_testkit::available(&["kubectl", "kube"]) {
        return Ok(());
    }
    Story::tell("a_few_permissions", windlass_testkit::kubernetes()?, |story| {
        let namespace = story.world.name("few");
        let token = story.account(&namespace)?;
        story.describe(
            "spoke",
            &json!({
                "server": story.server, "namespaces": namespace,
                "config": {"bearerToken": token, "tlsClientConfig": {"caData": story.authority}},
            }),
        )?;
        let to = json!({"name": "spoke", "namespace": namespace});
        let app = story.deliver(to, "app", "default")?;
        story.is_delivered(&app)?;
        let told = || -> Result<usize> {
            Ok(story.world.log()?.matches("objects of this kind are not seen").count())
        };
        wait_for("what is not seen is told", PATIENCE, || Ok((told()? > 0).then_some(())))?;
        for value in ["normal", "strict"] {
            let before = told()?;
            story.set("resource.respectRBAC", value)?;
            let patch = "{\"data\":{\"key\":\"hand\"}}";
            story.kubectl(&["-n", &namespace, "patch", "configmap", "a", "-p", patch])?;
            let drifts = |app: &Value| app["status"]["sync"]["status"] == "OutOfSync";
            story.world.wait_app(value, &app, drifts)?;
            story.world.sync(&app, &json!({}))?;
            story.is_delivered(&app)?;
            ensure!(told()? == before, "{value}: it is meant that little is seen");
        }
        Ok(())
    })
}

/// As `cluster add --in-cluster` leaves it: the own cluster, by a login of its own.
fn the_own_cluster_by_a_login_of_its_own(plane: Plane) -> Result<()> {
    World::start(plane, "the_own_cluster", |world| {
        let repository = world.repository("git")?;
        repository.commit("one", &[("app/a.yaml", &manifest::config_map("a", "one"))])?;
        let kubeconfig: Value = windlass_object::yaml::parse_one(
            &std::fs::read(world.kubeconfig())?,
            &Default::default(),
        )?;
        let token = &kubeconfig["users"][0]["user"]["token"];
        let control = world.control();
        let describe = |token: &Value| {
            let config = json!({"bearerToken": token, "tlsClientConfig": {"insecure": false}});
            let data = json!({"name": "in-cluster", "config": config.to_string(),
                "server": "https://kubernetes.default.svc"});
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "stringData": data,
                "metadata": {"name": "own", "namespace": control,
                    "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
            });
            if world.api().get(SECRET, &control, "own")?.is_some() {
                return world.api().patch(SECRET, &control, "own", &secret);
            }
            world.api().create(&secret)
        };
        describe(&json!("hunter2"))?;
        let to = json!({"name": "in-cluster", "namespace": world.name("own")});
        let app = App::new(&control, &world.name("app"), &repository.url(), "app", "")
            .spec("syncPolicy", json!({"automated": {}, "syncOptions": ["CreateNamespace=true"]}))
            .spec("destination", to);
        let app = world.create(&app)?;
        world.wait_app("refused", &app, |app| messages(app).any(|m| m.contains(REFUSED)))?;
        describe(token)?;
        world.wait_app("delivered", &app, is_synced)?;
        let log = world.log()?;
        let secrets = ["hunter2", token.as_str().unwrap_or("?")];
        ensure!(secrets.iter().all(|secret| !log.contains(secret)), "the log has a secret");
        Ok(())
    })
}

#[test]
fn the_own_embedded_cluster_by_a_login_of_its_own() -> Result<()> {
    the_own_cluster_by_a_login_of_its_own(Plane::Embedded)
}

#[test]
fn the_own_kubernetes_by_a_login_of_its_own() -> Result<()> {
    if !windlass_testkit::available(&["kubectl", "kube"]) {
        return Ok(());
    }
    the_own_cluster_by_a_login_of_its_own(Plane::Kubernetes)
}
