//! One look at an application: ordered steps, and one place where the outcome is written.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use windlass_cluster::{Cluster, Interest};
use windlass_engine::compare::Comparison;
use windlass_engine::state::{Condition as Found, ConditionType as Kind};
use windlass_engine::sync::Options;
use windlass_engine::tracking::instance_name;
use windlass_object::ResourceKey;

use super::apps::{AppKey, Level};
use super::autosync::{self, Decision};
use super::clusters::Connected;
use super::compare::{Compared, Prepared, Subject};
use super::context::Context;
use super::events::Reason;
use super::gather::{Gathered, gather};
use super::memory::{Asked, Memory};
use super::operation::{self, Driven};
use super::project::{counts_as_orphan, permits_kind, permits_namespace, permits_sync};
use super::refusal::refuse;
use super::retry;
use super::settings::Settings;
use super::status::{self, Also, COMPARED};
use super::{deletion, dependencies, drift, ignored, sent, spec, unreachable};
use crate::types::{
    AppProject, Application, ApplicationStatus, Condition, ConditionType, SyncStatusCode,
};

const SKIP: &str = "argocd.argoproj.io/skip-reconcile";
/// How soon it is looked whether a kind that a sync lacked has come.
const KINDS: Duration = Duration::from_secs(10);
/// How long a cluster that is being connected to is waited for.
const CONNECTING: Duration = Duration::from_secs(60);
/// How often a repository on this machine's disk is asked, which costs next to nothing and has no
/// webhook to tell of a change.
const LOCAL_POLL: Duration = Duration::from_secs(1);

/// Whether its deletion is what there is to do. An operation that was asked for ends first, as Argo
/// CD has it: who else would take the finalizers of its hooks away?
fn leaves(app: &Application) -> bool {
    app.is_terminating() && app.operation.is_none()
}

/// Looks at an application. Answers when to look again, if nothing happens before.
pub(crate) async fn reconcile(
    context: &Arc<Context>,
    key: &AppKey,
    app: &Arc<Application>,
    memory: &mut Memory,
    asked: Asked,
) -> Option<Duration> {
    let mut waking = None;
    let mut level = asked.level;
    let refreshed = level >= Level::Refresh;
    // Not even deleted, as in Argo CD: who stops an application stops that, too.
    if app.annotation(SKIP) == Some("true") {
        memory.rest();
        return None;
    }
    if leaves(app) {
        waking = deletion::advance(context, key, app, &mut memory.deletion).await;
        // Status goes on telling what is left, as long as that asks no repository, unless somebody does.
        memory.poll = None;
        if !refreshed {
            level = level.min(Level::Live);
        }
        if memory.gathered.as_ref().is_none_or(|known| known.unreachable) {
            return waking;
        }
    }
    let settings = context.settings();
    let place = context.clusters.find(&app.spec.destination);
    let project = context.project(app.project());
    if let Some(project) = &project
        && !permits_namespace(project, app.namespace(), &context.namespace)
    {
        let problem = format!(
            "application '{}' in namespace '{}' is not permitted to use project '{}'",
            app.name(),
            app.namespace(),
            project.name()
        );
        refuse(context, key, app, &[Found::new(Kind::UnknownError, problem)], level).await;
        return None;
    }
    let owner = place.as_ref().map(|(server, _)| context.clusters.owner(server));
    let owner = owner.unwrap_or_default();
    let problems = spec::problems(app, project.as_deref(), &place, &owner);
    let (Some(project), Ok((server, _)), true) = (project, place, problems.is_empty()) else {
        memory.rest();
        if !leaves(app) {
            let found = problems.iter().map(|p| Found::new(Kind::InvalidSpecError, p.as_str()));
            refuse(context, key, app, &found.collect::<Vec<_>>(), level).await;
        }
        return waking;
    };
    let connected = match connect(context, &server).await {
        Ok(connected) => connected,
        Err(error) => {
            memory.rest();
            if leaves(app) {
                return waking;
            }
            let found = unreachable::conditions(&server, &error);
            refuse(context, key, app, &found, level).await;
            return Some(retry::LONGEST);
        }
    };
    let instance = instance_name(app.name(), app.namespace(), &context.namespace);
    // What was waited for may have taken a while.
    let app = &context.apps.get(key)?;
    let look = Look {
        context,
        key,
        app,
        connected: &connected,
        cluster: &connected.cluster,
        project: &project,
        settings: &settings,
        asked: Asked { by_time: asked.by_time && !leaves(app), ..asked },
        refreshed,
    };
    [waking, look.look(&instance, memory, level).await].into_iter().flatten().min()
}

async fn connect(context: &Arc<Context>, server: &str) -> Result<Connected, String> {
    let connected = context.clusters.connect(context, server)?;
    match tokio::time::timeout(CONNECTING, connected.cluster.synced()).await {
        Ok(Ok(())) => Ok(connected),
        Ok(Err(error)) => Err(unreachable::why(server, &error)),
        Err(_) => Err(format!("the cluster at {server} is still being read; this goes on")),
    }
}

/// One look, and all that it involves.
struct Look<'a> {
    context: &'a Arc<Context>,
    key: &'a AppKey,
    app: &'a Arc<Application>,
    connected: &'a Connected,
    cluster: &'a Cluster,
    project: &'a AppProject,
    settings: &'a Arc<Settings>,
    asked: Asked,
    /// Whether somebody asked for it: what asks is taken away.
    refreshed: bool,
}

impl Look<'_> {
    /// Whether Git says what it said when it was last compared with the cluster, whose changes are told
    /// of by themselves: there is nothing to compare again.
    fn is_nothing_new(&self, memory: &Memory, gathered: &Gathered) -> bool {
        let known = |(compared, version): &(Arc<Gathered>, String)| {
            version == self.app.resource_version()
                && gathered.revisions == compared.revisions
                && gathered.is_same(compared)
        };
        self.is_compared()
            && !gathered.unreachable
            && gathered.is_complete()
            && memory.compared.as_ref().is_some_and(known)
    }

    async fn look(&self, instance: &str, memory: &mut Memory, level: Level) -> Option<Duration> {
        let state = self.app.status.operation_state.as_ref();
        let running = state.is_some_and(|state| !state.phase.is_completed());
        if level == Level::Tree && memory.gathered.is_some() && !running {
            let mut next = self.app.status.clone();
            next.summary = status::summary(self.cluster, self.app, instance);
            self.write(self.app, next, Also::default()).await;
            return None;
        }
        let gathered = self.gather(memory, level).await;
        if gathered.unreachable && !running && self.bears(memory, level) && self.is_compared() {
            return memory.asking.left(Instant::now());
        }
        if self.asked.by_time && !running && self.is_nothing_new(memory, &gathered) {
            let now = Instant::now();
            let left = self.asked.wake.map(|at| at.saturating_duration_since(now));
            return [left, memory.asking.left(now)].into_iter().flatten().min();
        }
        let mut next = self.app.status.clone();
        // Only now: a repository that hangs must not hold a place.
        let anew = memory.compared.as_ref().is_none_or(|(known, _)| !known.is_same(&gathered));
        let _slot = self.connected.slot(anew).await;
        let subject = Subject {
            context: self.context,
            app: self.app,
            instance,
            cluster: self.cluster,
            project: self.project,
            settings: self.settings,
        };
        memory.orphans = self.interest_in_orphans(instance);
        let prepared = subject.prepare(&gathered, memory.prepared.as_ref());
        memory.prepared = Some(prepared.clone());
        memory.compared = None;
        let incomplete = !gathered.is_complete();
        let mut compared = match subject.compare(&prepared, incomplete).await {
            Ok(compared) => compared,
            Err(error) => {
                let problem = format!("Failed to load live state: {error}");
                let found = [Found::new(Kind::ComparisonError, problem)];
                refuse(self.context, self.key, self.app, &found, level).await;
                return Some(retry::FIRST);
            }
        };
        if !compared.blind {
            let version = self.app.resource_version().to_owned();
            memory.compared = Some((gathered.clone(), version));
        }
        let incomplete = incomplete || compared.blind;
        self.take(&mut next, &gathered, &compared);

        // Before anything is delivered or told: who deletes an application that is synced has its
        // hooks run.
        if !incomplete
            && let Some(now) = self.context.apps.get(self.key).filter(|a| !a.is_terminating())
        {
            deletion::expect_hooks(self.context, self.key, &now, &prepared.targets).await;
        }
        let main = (&gathered, &prepared, &compared);
        let (driven, wake) = if leaves(self.app) {
            (Driven::default(), None)
        } else {
            self.sync(&subject, memory, &mut next, main, incomplete).await
        };
        if driven.acted
            && let Ok(again) = subject.compare(&prepared, incomplete).await
        {
            compared = again;
            self.take(&mut next, &gathered, &compared);
        }
        next.summary = status::summary(self.cluster, self.app, instance);
        let also = Also {
            refreshed: self.refreshed,
            clear_operation: driven.ended,
            uncompared: false,
            former: memory.former.as_ref().filter(|_| driven.ended),
        };
        let before = self.context.apps.get(self.key)?;
        self.write(&before, next, also).await;
        if driven.ended {
            self.context.apps.raise(self.key, Level::Revision);
        }
        [driven.wake, wake, memory.asking.left(Instant::now())].into_iter().flatten().min()
    }

    /// What Git says now; what it said before if nothing asks for more.
    async fn gather(&self, memory: &mut Memory, level: Level) -> Arc<Gathered> {
        memory.set_hard(self.settings.hard_refresh, level);
        let sources = self.app.spec.effective_sources();
        let wanted = || sources.iter().map(|s| s.target_revision.clone()).collect::<Vec<_>>();
        let sent = sent::manifests(self.app);
        if !sent.is_empty() {
            let known = memory.gathered.take().filter(|k| k.sent == sent && k.sources == sources);
            let make = || Arc::new(Gathered::sent(self.project, sources, &wanted(), sent));
            let gathered = known.unwrap_or_else(make);
            memory.gathered = Some(gathered.clone());
            memory.poll = None;
            return gathered;
        }
        if let Some(known) = &memory.gathered
            && level < Level::Revision
            && known.sent.is_empty()
            && known.sources == sources
            && known.fits(self.cluster)
            && !known.unreachable
        {
            return known.clone();
        }
        let wanted = wanted();
        let another = level >= Level::Refresh
            || memory.gathered.as_ref().is_none_or(|known| known.sources != sources);
        let repositories = self.context.repositories();
        let gathered =
            Arc::new(gather(self.context, self.app, self.cluster, sources, &wanted, level).await);
        memory.asking.note(gathered.unreachable, another, repositories, Instant::now());
        if gathered.unreachable
            && self.bears(memory, level)
            && let Some(known) = &memory.gathered
            && known.is_complete()
            && known.sent.is_empty()
            && known.sources == sources
        {
            let now = Instant::now();
            memory.poll = memory.asking.left(now).map(|left| now + left);
            return known.clone();
        }
        memory.gathered = Some(gathered.clone());
        let local = sources.iter().any(|source| source.repo_url.starts_with("file://"));
        let pause = if local { LOCAL_POLL } else { self.settings.refresh + self.jitter() };
        // Zero means that only webhooks and people have them asked.
        let polls = local || !self.settings.refresh.is_zero();
        memory.poll = polls.then(|| Instant::now() + pause);
        gathered
    }

    /// Whether it is too early to tell that a repository does not answer: nobody asked, and it may do so
    /// again in a moment.
    fn bears(&self, memory: &Memory, level: Level) -> bool {
        let grace = self.settings.repository_grace;
        level < Level::Refresh && memory.asking.fails_since(Instant::now(), grace)
    }

    /// Whether its status is of the sources that it has now, and nothing is asked of it.
    fn is_compared(&self) -> bool {
        let (app, compared) = (self.app, &self.app.status.sync.compared_to);
        let sources = match compared.sources.as_slice() {
            [] => std::slice::from_ref(&compared.source),
            several => several,
        };
        app.operation.is_none()
            && matches!(app.status.sync.status, SyncStatusCode::Synced | SyncStatusCode::OutOfSync)
            && sources == app.spec.effective_sources()
    }

    /// Spreads applications over time, each always at the same place.
    fn jitter(&self) -> Duration {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        self.app.uid().hash(&mut hasher);
        let longest = u64::try_from(self.settings.jitter.as_millis()).unwrap_or(0);
        Duration::from_millis(if longest == 0 { 0 } else { hasher.finish() % longest })
    }

    fn take(&self, next: &mut ApplicationStatus, gathered: &Gathered, compared: &Compared) {
        let comparison = &compared.comparison;
        let health = self.settings.resource_health;
        status::set_compared(next, self.app, gathered, comparison, health);
        let mut found: Vec<_> = gathered
            .problems
            .iter()
            .chain(&gathered.distrust)
            .chain(&comparison.conditions)
            .map(status::condition)
            .collect();
        found.extend(drift::describe(comparison).map(|message| Condition {
            kind: ConditionType::DriftWarning,
            message,
            last_transition_time: None,
        }));
        let policy = self.app.spec.sync_policy.as_ref();
        let entries = policy.iter().flat_map(|p| p.sync_options.iter().map(String::as_str));
        let (_, unknown) = Options::from_sync_options(entries);
        found.extend(spec::unsupported(self.app, &unknown));
        let jq = |path: &str| self.context.jq(path).ok();
        let rules = self.app.spec.ignore_differences.iter().enumerate();
        let rules: Vec<_> = rules.map(|(i, rule)| (i, rule.rule(&jq))).collect();
        found.extend(ignored::idle(&rules, comparison).map(|message| Condition {
            kind: ConditionType::IdleRuleWarning,
            message,
            last_transition_time: None,
        }));
        found.extend(self.orphans(comparison).map(|message| Condition {
            kind: ConditionType::OrphanedResourceWarning,
            message,
            last_transition_time: None,
        }));
        status::set_conditions(next, &COMPARED, found, Timestamp::now());
    }

    /// Has the application woken by what comes and goes in its namespace, if it tells of orphans.
    fn interest_in_orphans(&self, instance: &str) -> Option<Interest> {
        let namespace = &self.app.spec.destination.namespace;
        if self.project.spec.orphaned_resources.is_none() || namespace.is_empty() {
            return None;
        }
        let interest = self.cluster.interest(instance);
        interest.add(&ResourceKey::new("", "", namespace, ""));
        Some(interest)
    }

    /// What to say of objects in the destination namespace that belong to no application, if the
    /// project wants to know.
    fn orphans(&self, comparison: &Comparison) -> Option<String> {
        let Some(wanted) = &self.project.spec.orphaned_resources else {
            // As Argo CD: where nobody asks there are none.
            self.context.metrics.orphans(self.app, 0);
            return None;
        };
        let namespace = &self.app.spec.destination.namespace;
        if namespace.is_empty() {
            return None;
        }
        let roots = self.cluster.roots_in(namespace).into_iter().filter(|node| {
            let key = node.key();
            counts_as_orphan(self.project, &key)
                && !comparison.resources.iter().any(|r| r.status.key() == key)
        });
        // What came of an orphan is one too, unless it is another application's.
        let mut passed_over = BTreeSet::new();
        let mut count = 0;
        for entry in self.cluster.tree(roots.collect()) {
            let key = entry.node.key();
            let of_another = entry.node.application().is_some_and(|instance| {
                let app = AppKey::of_instance(instance, &self.context.namespace);
                self.context.apps.get(&app).is_some()
            });
            if of_another
                || !permits_kind(self.project, &key.group_kind(), &key.name, true)
                || entry.parent.is_some_and(|parent| passed_over.contains(&parent))
            {
                passed_over.insert(key);
            } else {
                count += 1;
            }
        }
        self.context.metrics.orphans(self.app, count);
        (count > 0 && wanted.warn == Some(true))
            .then(|| format!("Application has {count} orphaned resources"))
    }

    /// Carries a sync on, or begins one.
    async fn sync(
        &self,
        subject: &Subject<'_>,
        memory: &mut Memory,
        next: &mut ApplicationStatus,
        main: (&Arc<Gathered>, &Prepared, &Compared),
        incomplete: bool,
    ) -> (Driven, Option<Duration>) {
        let now = Timestamp::now();
        let running = next.operation_state.as_ref().is_some_and(|s| !s.phase.is_completed());
        let mut wake = None;
        let mut refused = Vec::new();
        let holds = self.context.holds(self.app, &next.sync.revision);
        let waits = dependencies::conditions(&holds, next, self.app);
        status::set_conditions(next, &dependencies::CONDITIONS, waits, now);
        if !running {
            let begun = match &self.app.operation {
                Some(operation) => Some(operation.clone()),
                None if !matches!(
                    permits_sync(self.project, self.app, false, now, None),
                    Ok(true)
                ) =>
                {
                    wake = Some(operation::WINDOW);
                    None
                }
                None => match autosync::decide(
                    self.app,
                    next,
                    incomplete,
                    &self.settings.self_heal,
                    &main.2.kinds,
                    now,
                ) {
                    Decision::Stay => None,
                    Decision::Later(wait) => {
                        wake = Some(wait);
                        None
                    }
                    Decision::Refuse(message) => {
                        let last = next.operation_state.as_ref();
                        if last.is_some_and(|state| autosync::lacked(state).next().is_some()) {
                            wake = Some(KINDS);
                        }
                        refused.push(Found::new(Kind::SyncError, message));
                        None
                    }
                    Decision::Sync(operation)
                        if autosync::only_waits(&operation, &main.2.comparison) =>
                    {
                        None
                    }
                    Decision::Sync(_) if !holds.is_empty() => None,
                    Decision::Sync(operation) => {
                        let message =
                            format!("Initiated automated sync to [{}]", main.0.revisions.join(" "));
                        self.context.record(self.app, Reason::OperationStarted, false, &message);
                        Some(*operation)
                    }
                },
            };
            let shown = refused.iter().map(status::condition).collect();
            status::set_conditions(next, &[ConditionType::SyncError], shown, now);
            let Some(operation) = begun else { return (Driven::default(), wake) };
            let former = next.operation_state.replace(operation::begin(operation, now));
            memory.former = former.filter(|_| self.app.operation.is_some());
        }
        let memory = &mut memory.operation;
        let driven = operation::drive(self.context, self.key, subject, memory, next, main).await;
        (driven, wake)
    }

    async fn write(&self, before: &Application, next: ApplicationStatus, also: Also<'_>) {
        status::write(self.context, self.key, before, next, also, Timestamp::now()).await;
    }
}
