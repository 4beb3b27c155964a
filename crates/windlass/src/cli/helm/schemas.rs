//! Schemas that those of charts refer to by URL: fetched, as Helm fetches them.

use windlass_helm::Schemas;

/// Schemas that one command fetches, at most.
const MAX: usize = 100;

/// Fetches what was asked for and is lacking; whether there was anything.
pub(super) fn fetch(schemas: &mut Schemas) -> bool {
    let lacking = schemas.lacking();
    if lacking.is_empty() || schemas.len() + lacking.len() > MAX {
        return false;
    }
    for url in lacking {
        let fetched = crate::cli::block_on(async { Ok(windlass_charts::fetch_file(&url).await?) });
        match fetched {
            Ok(bytes) => schemas.insert(url, Ok(&bytes)),
            Err(error) => {
                let why = format!("HTTP request failed for {url}: {error:#}");
                schemas.insert(url, Err(why));
            }
        }
    }
    true
}
