//! Leader election by a `coordination.k8s.io` Lease, as client-go does it, so that several replicas
//! of one controller may run and one acts.
//!
//! Whether a holder is alive is judged by our own clock: a lease is free when its record has not
//! changed for its whole duration *since we saw it change*. Clocks of two machines never meet.

use std::time::{Duration, Instant};

use kube::api::{Api, ObjectMeta, PostParams};
use kube::{Client, ResourceExt};
use tokio_util::sync::CancellationToken;
use windlass_object::{Value, json};

use k8s_openapi::api::coordination::v1::Lease;

/// How long a holder may be silent.
const DURATION: Duration = Duration::from_secs(15);
/// How often a holder speaks, and others look.
const RETRY: Duration = Duration::from_secs(2);
/// How long a holder that cannot speak still acts: less than [`DURATION`], so that it has stopped
/// before another begins.
const RENEW_DEADLINE: Duration = Duration::from_secs(10);

/// Which lease, and who we are.
#[derive(Clone, Debug)]
pub struct LeaseName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Unique among the replicas, such as the pod's name with a random end.
    pub identity: String,
}

/// A lease that is held until [`Held::lost`] or [`Held::release`].
pub struct Held {
    client: Client,
    name: LeaseName,
    lost: CancellationToken,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Waits until the lease is ours, then keeps it. `None` when `shutdown` comes first.
pub async fn acquire(
    client: Client,
    name: LeaseName,
    shutdown: &CancellationToken,
) -> Option<Held> {
    let mut seen = Observation::default();
    let mut asked;
    loop {
        asked = Instant::now();
        match tokio::time::timeout(RENEW_DEADLINE, attempt(&client, &name, &mut seen)).await {
            // An answer that was long on its way: others have had that time too.
            Ok(Ok(Attempt::Ours)) if asked.elapsed() < RENEW_DEADLINE => break,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(lease = name.name, %error, "cannot take the lease"),
            Err(_) => tracing::warn!(lease = name.name, "cannot take the lease: no answer"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return None,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
    let (lost, stop) = (CancellationToken::new(), CancellationToken::new());
    let ends = (lost.clone(), stop.clone());
    let task = tokio::spawn(keep(client.clone(), name.clone(), seen, asked, ends));
    Some(Held { client, name, lost, stop, task })
}

impl Held {
    /// Completes when another may hold the lease: the caller must stop acting at once.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Gives the lease up, so that another need not wait for its end.
    pub async fn release(self) {
        self.stop.cancel();
        let _ = self.task.await;
        if self.lost.is_cancelled() {
            return;
        }
        let api: Api<Lease> = Api::namespaced(self.client, &self.name.namespace);
        let Ok(mut lease) = api.get(&self.name.name).await else { return };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(&self.name.identity) {
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            let _ = api.replace(&self.name.name, &PostParams::default(), &lease).await;
        }
    }
}

async fn keep(
    client: Client,
    name: LeaseName,
    mut seen: Observation,
    asked: Instant,
    (lost, stop): (CancellationToken, CancellationToken),
) {
    let mut spoke = asked;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RETRY) => {}
        }
        let left = RENEW_DEADLINE.saturating_sub(spoke.elapsed());
        // Others may have seen it as soon as it was sent, so that is when their clocks began.
        let sent = Instant::now();
        match tokio::time::timeout(left, attempt(&client, &name, &mut seen)).await {
            Ok(Ok(Attempt::Ours)) => spoke = sent,
            Ok(Ok(Attempt::Theirs)) => break,
            // Somebody wrote at the same time, or we did and were not told: the next look shows.
            Ok(Ok(Attempt::Conflict)) => {}
            Ok(Err(error)) => tracing::warn!(lease = name.name, %error, "cannot renew the lease"),
            Err(_) => {}
        }
        if spoke.elapsed() >= RENEW_DEADLINE {
            break;
        }
    }
    lost.cancel();
}

/// What was last seen of a lease, and when it was first seen so.
#[derive(Debug, Default)]
struct Observation {
    record: Option<(String, Value)>,
    since: Option<Instant>,
}

/// What to do about a lease that exists.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// It is ours.
    Renew,
    /// It is nobody's, or its holder is silent.
    Take,
    /// Somebody else's.
    Wait,
}

impl Observation {
    fn note(&mut self, holder: &str, renewed: Value, now: Instant) {
        let record = Some((holder.to_owned(), renewed));
        if self.record != record {
            self.record = record;
            self.since = Some(now);
        }
    }

    fn decide(&self, me: &str, duration: Duration, now: Instant) -> Decision {
        let Some((holder, _)) = &self.record else { return Decision::Take };
        if holder == me {
            return Decision::Renew;
        }
        let silent = self.since.is_some_and(|t| now.saturating_duration_since(t) >= duration);
        if holder.is_empty() || silent { Decision::Take } else { Decision::Wait }
    }
}

/// What a try came to.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    /// The lease is ours as of when it was asked for.
    Ours,
    /// Another holds it.
    Theirs,
    /// Another wrote it meanwhile, or the answer to what we wrote was lost.
    Conflict,
}

/// One try.
async fn attempt(
    client: &Client,
    name: &LeaseName,
    seen: &mut Observation,
) -> Result<Attempt, kube::Error> {
    let api: Api<Lease> = Api::namespaced(client.clone(), &name.namespace);
    let params = PostParams::default();
    let Some(mut lease) = api.get_opt(&name.name).await? else {
        let mut lease = Lease {
            metadata: ObjectMeta { name: Some(name.name.clone()), ..ObjectMeta::default() },
            ..Lease::default()
        };
        stamp(&mut lease, name, true);
        return settled(api.create(&params, &lease).await);
    };
    let spec = lease.spec.clone().unwrap_or_default();
    let holder = spec.holder_identity.unwrap_or_default();
    let renewed = json!(spec.renew_time);
    let now = Instant::now();
    seen.note(&holder, renewed, now);
    let duration = spec
        .lease_duration_seconds
        .and_then(|s| u64::try_from(s).ok())
        .map_or(DURATION, Duration::from_secs);
    match seen.decide(&name.identity, duration, now) {
        Decision::Wait => Ok(Attempt::Theirs),
        decision => {
            stamp(&mut lease, name, decision == Decision::Take);
            debug_assert!(lease.resource_version().is_some(), "replaced only as it was read");
            settled(api.replace(&name.name, &params, &lease).await)
        }
    }
}

fn settled(answer: Result<Lease, kube::Error>) -> Result<Attempt, kube::Error> {
    match answer {
        Ok(_) => Ok(Attempt::Ours),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(Attempt::Conflict),
        Err(error) => Err(error),
    }
}

fn stamp(lease: &mut Lease, name: &LeaseName, taken: bool) {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
    let now = MicroTime(k8s_openapi::jiff::Timestamp::now());
    let spec = lease.spec.get_or_insert_default();
    spec.holder_identity = Some(name.identity.clone());
    spec.lease_duration_seconds = i32::try_from(DURATION.as_secs()).ok();
    spec.renew_time = Some(now.clone());
    if taken {
        spec.acquire_time = Some(now);
        spec.lease_transitions = Some(spec.lease_transitions.map_or(0, |n| n + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_holder_is_succeeded_only_after_its_whole_duration() {
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let decide = |seen: &Observation, s| seen.decide("me", DURATION, at(s));
        let mut seen = Observation::default();
        assert_eq!(decide(&seen, 0), Decision::Take);
        seen.note("other", json!("t1"), at(0));
        assert_eq!(decide(&seen, 14), Decision::Wait);
        seen.note("other", json!("t2"), at(14));
        assert_eq!(decide(&seen, 28), Decision::Wait);
        seen.note("other", json!("t2"), at(28));
        assert_eq!(decide(&seen, 29), Decision::Take);
        seen.note("", json!("t3"), at(29));
        assert_eq!(decide(&seen, 29), Decision::Take);
        seen.note("me", json!("t4"), at(30));
        assert_eq!(decide(&seen, 300), Decision::Renew);
    }

    #[test]
    fn a_holder_stops_before_its_successor_begins() {
        assert!(RENEW_DEADLINE + RETRY < DURATION);
    }
}
