//! How far the watches of a connection have got.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::watch as channel;
use windlass_object::GroupKind;

use crate::connection::Connection;
use crate::error::Error;

/// What the watches have got to.
pub(crate) struct Progress {
    pub(crate) states: Mutex<HashMap<(GroupKind, String), State>>,
    pub(crate) connection: channel::Sender<Connection>,
    pub(crate) rediscover: channel::Sender<u64>,
}

#[derive(Clone, Debug)]
pub(crate) enum State {
    Starting,
    Complete,
    Failed(Error),
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            states: Mutex::default(),
            connection: channel::Sender::new(Connection::Connecting),
            rediscover: channel::Sender::new(0),
        }
    }

    /// A kind's present state is known. Answers whether it was not before.
    pub(crate) fn complete(&self, kind: &GroupKind, namespace: &str) -> bool {
        !matches!(self.set(kind, namespace, State::Complete), Some(State::Complete))
    }

    /// A kind's watch has failed; it will be tried again.
    pub(crate) fn failed(&self, kind: &GroupKind, namespace: &str, error: Error) {
        self.set(kind, namespace, State::Failed(error));
    }

    /// An object of a kind came or changed. Whether a kind is defined or withdrawn changes what
    /// there is to see.
    pub(crate) fn heard(&self, kind: &GroupKind) {
        let defines = (kind.group == "apiextensions.k8s.io"
            && kind.kind == "CustomResourceDefinition")
            || (kind.group == "apiregistration.k8s.io" && kind.kind == "APIService");
        if defines {
            self.rediscover.send_modify(|n| *n += 1);
        }
    }

    /// Answers with the state before.
    fn set(&self, kind: &GroupKind, namespace: &str, state: State) -> Option<State> {
        let mut states = self.states.lock();
        let before = states.insert((kind.clone(), namespace.to_owned()), state);
        let down = states.values().find_map(|state| match state {
            State::Failed(error) if error.is_unreachable() => Some(error.clone()),
            _ => None,
        });
        let starting = states.values().any(|s| matches!(s, State::Starting));
        // Told while nobody else can change it: otherwise the last but one of two kinds could tell
        // last, and the cluster would seem to be read for ever.
        self.connected(match down {
            Some(error) => Connection::Down(error),
            None if starting => Connection::Connecting,
            None => Connection::Up,
        });
        drop(states);
        before
    }

    /// Tells how the connection is, if it is otherwise than before.
    pub(crate) fn connected(&self, now: Connection) {
        self.connection.send_if_modified(|known| {
            let turned = std::mem::discriminant(known) != std::mem::discriminant(&now);
            *known = now;
            turned
        });
    }

    pub(crate) fn started(&self, kind: &GroupKind, namespace: &str) {
        self.states.lock().insert((kind.clone(), namespace.to_owned()), State::Starting);
    }

    pub(crate) fn stopped(&self, kind: &GroupKind) {
        self.states.lock().retain(|(known, _), _| known != kind);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn when_all_are_complete_the_connection_is_up_whoever_was_last() {
        let kinds: Vec<GroupKind> = (0..2).map(|n| GroupKind::new("", format!("K{n}"))).collect();
        for _ in 0..5_000 {
            let progress = Progress::new();
            for kind in &kinds {
                progress.started(kind, "");
            }
            let together = Barrier::new(kinds.len());
            std::thread::scope(|scope| {
                for kind in &kinds {
                    scope.spawn(|| {
                        together.wait();
                        progress.complete(kind, "");
                    });
                }
            });
            assert!(matches!(*progress.connection.borrow(), Connection::Up));
        }
    }
}
