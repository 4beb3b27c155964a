//! Where the random draws of charts come from.
//!
//! `helm template` draws anew each time. A delivery must not: what a chart draws is a password that
//! is in use. There, all draws follow from a key that only the installation has, from whom they are
//! for, and from all that is put in. The same input draws the same, after a restart too; another
//! application or installation draws something else, and nobody who can read the application and its
//! repository, but not the key, can tell what.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use secrecy::{ExposeSecret as _, SecretBox};
use windlass_sprig::{Certificates, Environment, Renewal};

use crate::chart::Chart;
use crate::render::Release;
use crate::values::Values;

/// Where the random draws of charts come from.
#[derive(Clone)]
pub struct Draws {
    key: Arc<SecretBox<[u8; 32]>>,
    is_steady: bool,
}

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_steady { "Draws(steady)" } else { "Draws(fresh)" })
    }
}

impl PartialEq for Draws {
    fn eq(&self, other: &Self) -> bool {
        self.is_steady == other.is_steady && self.key.expose_secret() == other.key.expose_secret()
    }
}

impl Eq for Draws {}

impl Draws {
    /// Draws that follow from random bytes and are not to be had again: what Helm does.
    pub fn fresh(random: [u8; 32]) -> Self {
        Self { key: Arc::new(SecretBox::new(Box::new(random))), is_steady: false }
    }

    /// The draws of the application with a uid, in the installation with a key.
    pub fn of_application(installation: &[u8; 32], uid: &str) -> Self {
        let key = mac(installation, &[b"application", uid.as_bytes()]);
        Self { key: Arc::new(SecretBox::new(Box::new(key))), is_steady: true }
    }

    /// The environment in which a chart is rendered at `now`, nanoseconds since 1970; and, of steady
    /// draws, what tells when its certificates are to be renewed.
    pub fn environment(
        &self,
        now: i128,
        chart: &Chart,
        values: &Values,
        release: &Release,
    ) -> (Environment, Option<Renewal>) {
        let input = input(chart, values, release);
        let seed = mac(self.key.expose_secret(), &[b"input", &input]);
        let mut environment = Environment::new(now, seed);
        let renewal = self.is_steady.then(Renewal::default);
        if let Some(renewal) = renewal.clone() {
            environment.certificates = Certificates::ByPeriod(renewal);
        }
        (environment, renewal)
    }
}

/// HMAC-SHA256 of several parts, each with its length.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// The SHA-256 of all that is put in: the chart, the values that are given, and the release.
fn input(chart: &Chart, values: &Values, release: &Release) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut add = |part: &[u8]| {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    add(release.name.as_bytes());
    add(release.namespace.as_bytes());
    for file in &chart.raw {
        add(file.name.as_bytes());
        add(&file.data);
    }
    // A map of JSON always prints.
    add(serde_json::to_string(values.as_map()).unwrap_or_default().as_bytes());
    let mut out = [0; 32];
    out.copy_from_slice(hash.finish().as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::File;

    #[test]
    fn a_seed_follows_from_key_application_and_input_alone() {
        let chart = |text: &str| Chart {
            raw: vec![File::new("templates/a.yaml", text.as_bytes())],
            ..Chart::default()
        };
        let values = |text: &str| Values::from_map(serde_json::from_str(text).unwrap());
        let seed = |key: u8, uid: &str, text: &str, given: &str, release: &str| {
            let draws = Draws::of_application(&[key; 32], uid);
            let release = Release::new(release, "space");
            draws.environment(0, &chart(text), &values(given), &release).0.seed
        };
        let first = seed(1, "uid", "a", "{}", "r");
        assert_eq!(first, seed(1, "uid", "a", "{}", "r"));
        for other in [
            seed(2, "uid", "a", "{}", "r"),
            seed(1, "other", "a", "{}", "r"),
            seed(1, "uid", "b", "{}", "r"),
            seed(1, "uid", "a", r#"{"x":1}"#, "r"),
            seed(1, "uid", "a", "{}", "other"),
        ] {
            assert_ne!(first, other);
        }
        let draws = Draws::of_application(&[1; 32], "uid");
        assert_eq!(format!("{draws:?}"), "Draws(steady)");
        assert_ne!(draws, Draws::fresh([1; 32]));
    }
}
