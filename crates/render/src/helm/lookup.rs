//! `lookup`: what a chart asks of the cluster, by what is given.
//!
//! What is not given yet is noted as a need and answered as if it were not there; the render that
//! comes of it is thrown away.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use windlass_helm::Lookup;
use windlass_object::{Value, json};
use windlass_tree::{Given, Need};

/// Answers a chart's lookups, and notes them.
#[derive(Debug)]
pub(crate) struct Lookups {
    given: Given,
    noted: Mutex<Noted>,
}

/// What came up.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// What is not given yet.
    pub(crate) needs: BTreeSet<Need>,
    /// Why answers show less than the cluster has.
    pub(crate) hidden: BTreeSet<String>,
}

impl Lookups {
    pub(crate) fn new(given: &Given) -> Self {
        Self { given: given.clone(), noted: Mutex::default() }
    }

    pub(crate) fn noted(&self) -> Noted {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Lookup for Lookups {
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Value, String> {
        let need = Need::Lookup {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        match self.given.lookup(&need) {
            None => {
                noted.needs.insert(need);
                Ok(json!({}))
            }
            Some(Ok(found)) => {
                noted.hidden.extend(found.hidden.clone());
                Ok(Value::clone(&found.value))
            }
            Some(Err(why)) => Err(why.to_owned()),
        }
    }
}
