//! Schemas that those of charts refer to by URL.

use windlass_helm::Schemas;
use windlass_tree::Need;

use super::{Input, Stop};

/// Schemas that one chart may refer to.
const MAX: usize = 100;

impl Input<'_> {
    /// Puts in what was asked for; whether there was anything. What is not given yet is a need.
    pub(super) fn more_schemas(&self, schemas: &mut Schemas) -> Result<bool, Stop> {
        let lacking = schemas.lacking();
        if lacking.is_empty() || schemas.len() + lacking.len() > MAX {
            return Ok(false);
        }
        let mut needs = Vec::new();
        for url in lacking {
            match self.given.file(&url) {
                None => needs.push(Need::File { address: url }),
                Some(Ok(bytes)) => schemas.insert(url, Ok(bytes)),
                Some(Err(why)) => {
                    let why = format!("HTTP request failed for {url}: {why}");
                    schemas.insert(url, Err(why));
                }
            }
        }
        if needs.is_empty() { Ok(true) } else { Err(Stop::Lacks(needs)) }
    }
}
