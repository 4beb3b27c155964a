//! GET of one object and of many.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use serde_json::json;
use windlass_object::selector::{FieldSelector, LabelSelector};
use windlass_object::{Object, go};

use super::{Call, parse};
use crate::catalog::ResourceType;
use crate::http::query::Query;
use crate::selectors;
use crate::status::{FieldError, FieldErrorKind, Status};
use crate::store::{Compacted, Entry, Listed};

/// How long a reader waits for a revision that is yet to come.
const WAIT: Duration = Duration::from_secs(3);
/// As lenient about the last character as Go's decoder.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));
const TOKEN_VERSION: &str = "meta.k8s.io/v1";

/// What a list or a watch asks for.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Which labels.
    pub labels: LabelSelector,
    /// Which fields.
    pub fields: FieldSelector,
    /// Most items of a page; 0 for all.
    pub limit: usize,
    /// Where the last page ended.
    pub continue_token: String,
    /// The revision, as given.
    pub resource_version: String,
    /// `Exact`, `NotOlderThan` or empty.
    pub version_match: String,
    /// Whether changes are to follow.
    pub watch: bool,
    /// Whether marks without change are wanted.
    pub bookmarks: bool,
    /// Whether a watch begins with what is there.
    pub initial_events: Option<bool>,
    /// Seconds after which a watch ends; 0 for the server's choice.
    pub timeout_seconds: u64,
}

/// A page of a list.
pub struct Page {
    /// The revision that it shows.
    pub revision: u64,
    /// Path and object.
    pub items: Vec<(Arc<str>, Entry)>,
    /// Where the next page begins, if there is one.
    pub continue_token: Option<String>,
    /// How many follow, where that is known.
    pub remaining: Option<usize>,
}

impl ListOptions {
    /// Reads and checks the options; `name` is the object of a watch of one.
    pub fn parse(query: &Query, call: &Call<'_>, watch: bool) -> Result<Self, Status> {
        let labels = query.str("labelSelector").parse::<LabelSelector>();
        let labels = labels.map_err(Status::bad_request_from)?;
        let fields = query.str("fieldSelector").parse::<FieldSelector>();
        let mut fields = fields.map_err(|error| Status::bad_request(error.to_string()))?;
        selectors::check(&call.resource, &fields)?;
        if !call.name.is_empty() {
            let named = format!("metadata.name={}", call.name);
            if fields.is_empty() {
                fields = named.parse().map_err(Status::internal)?;
            } else if fields.required("metadata.name") != Some(call.name) {
                return Err(Status::bad_request(
                    "fieldSelector metadata.name doesn't match requested name",
                ));
            }
        }
        let positive = |key| -> Result<u64, Status> {
            Ok(query.int(key)?.and_then(|n| u64::try_from(n).ok()).unwrap_or_default())
        };
        let options = Self {
            labels,
            fields,
            limit: usize::try_from(positive("limit")?).unwrap_or(usize::MAX),
            continue_token: query.str("continue").to_owned(),
            resource_version: query.str("resourceVersion").to_owned(),
            version_match: query.str("resourceVersionMatch").to_owned(),
            watch: watch || query.bool("watch").unwrap_or_default(),
            bookmarks: query.bool("allowWatchBookmarks").unwrap_or_default(),
            initial_events: query.bool("sendInitialEvents"),
            timeout_seconds: positive("timeoutSeconds")?,
        };
        let errors = options.check();
        if errors.is_empty() {
            return Ok(options);
        }
        Err(Status::invalid("meta.k8s.io", "ListOptions", "", &errors))
    }

    fn check(&self) -> Vec<FieldError> {
        let field = "resourceVersionMatch";
        let matching = self.version_match.as_str();
        let mut errors = Vec::new();
        let mut forbid = |field: &str, detail: &str| {
            errors.push(FieldError::new(FieldErrorKind::Forbidden, field, detail));
        };
        let mut unsupported = None;
        if self.watch {
            if self.initial_events.is_some() && matching != "NotOlderThan" {
                forbid(
                    field,
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                );
            }
            if !matching.is_empty() {
                if self.initial_events.is_none() {
                    forbid(
                        field,
                        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                    );
                }
                if matching != "NotOlderThan" {
                    unsupported = Some("supported values: \"NotOlderThan\"");
                }
                if !self.continue_token.is_empty() {
                    forbid(field, "resourceVersionMatch is forbidden when continue is provided");
                }
            }
        } else {
            if !matching.is_empty() {
                if self.resource_version.is_empty() {
                    forbid(
                        field,
                        "resourceVersionMatch is forbidden unless resourceVersion is provided",
                    );
                }
                if !self.continue_token.is_empty() {
                    forbid(field, "resourceVersionMatch is forbidden when continue is provided");
                }
                if !matches!(matching, "Exact" | "NotOlderThan") {
                    unsupported = Some("supported values: \"Exact\", \"NotOlderThan\", \"\"");
                }
                if matching == "Exact" && self.resource_version == "0" {
                    forbid(
                        field,
                        "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
                    );
                }
            }
            if self.initial_events.is_some() {
                forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
            }
        }
        if let Some(supported) = unsupported {
            errors.push(FieldError::with_value(
                FieldErrorKind::NotSupported,
                field,
                matching,
                supported,
            ));
        }
        errors
    }

    /// The revision that is asked for; 0 for any.
    pub(super) fn revision(&self) -> Result<u64, Status> {
        match self.resource_version.as_str() {
            "" => Ok(0),
            text => text.parse().map_err(|_| {
                let quoted = go::quote(text);
                Status::bad_request(format!(
                    "invalid resource version: resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: invalid syntax"
                ))
            }),
        }
    }

    /// Whether it selects nothing in particular.
    pub(super) fn takes_all(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object at a path is selected. Names and labels need no parsing.
    pub(super) fn selects(&self, resource: &ResourceType, path: &str, entry: &Entry) -> bool {
        if !self.labels.matches_with(|key| entry.labels.get(key).map(|value| &**value)) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let own = |field: &str| matches!(field, "metadata.name" | "metadata.namespace");
        if self.fields.requirements().iter().all(|r| own(&r.field)) {
            return self.fields.matches(|f| if f == "metadata.name" { name } else { namespace });
        }
        selectors::matches(resource, &self.fields, &entry.object())
    }
}

impl Call<'_> {
    /// The prefix of the paths that the request reaches.
    pub(super) fn prefix(&self) -> String {
        let all = !self.resource.namespaced || self.namespace.is_empty();
        if all { String::new() } else { format!("{}/", self.namespace) }
    }

    /// Reads the named object, not older than a revision.
    pub async fn get(&self, resource_version: &str) -> Result<Entry, Status> {
        let options =
            ListOptions { resource_version: resource_version.to_owned(), ..ListOptions::default() };
        self.wait_for(options.revision()?).await?;
        self.registry.store.get(&self.key()).ok_or_else(|| self.not_found())
    }

    /// Reads the named object, parsed.
    pub async fn get_object(&self) -> Result<Object, Status> {
        Ok(self.get("").await?.object())
    }

    /// Waits until readers see a revision, for a while.
    pub(super) async fn wait_for(&self, revision: u64) -> Result<(), Status> {
        let store = &self.registry.store;
        if store.revision() >= revision {
            return Ok(());
        }
        let reached = async {
            let mut visible = store.subscribe_all();
            // The sender lives as long as the store.
            let _ = visible.wait_for(|now| *now >= revision).await;
        };
        if tokio::time::timeout(WAIT, reached).await.is_ok() {
            return Ok(());
        }
        let message =
            format!("Too large resource version: {revision}, current: {}", store.revision());
        Err(Status::timeout(&message, 1).with_cause(
            "ResourceVersionTooLarge",
            "Too large resource version",
            "",
        ))
    }

    /// Lists a page.
    pub async fn list(&self, options: &ListOptions) -> Result<Page, Status> {
        let prefix = self.prefix();
        let (listed, start) = if options.continue_token.is_empty() {
            (self.first_page(options, &prefix).await?, None)
        } else {
            let (listed, start) = self.next_page(options, &prefix)?;
            (listed, Some(start))
        };
        let revision = listed.revision;
        let limit = if options.limit == 0 { usize::MAX } else { options.limit };
        let mut items = Vec::new();
        let mut rest = listed.items.into_iter().filter(|(path, _)| {
            start.as_ref().is_none_or(|start: &String| path.as_bytes() >= start.as_bytes())
        });
        let all = options.takes_all();
        while items.len() < limit {
            let Some((path, entry)) = rest.next() else { break };
            if all || options.selects(&self.resource, &path, &entry) {
                items.push((path, entry));
            }
        }
        let more = rest.next().is_some();
        let continue_token = more.then(|| {
            let last = items.last().map_or("", |(path, _)| path);
            continue_token(revision, last.strip_prefix(prefix.as_str()).unwrap_or(last))
        });
        let remaining = (more && all).then(|| rest.count() + 1);
        Ok(Page { revision, items, continue_token, remaining })
    }

    async fn first_page(&self, options: &ListOptions, prefix: &str) -> Result<Listed, Status> {
        let revision = options.revision()?;
        self.wait_for(revision).await?;
        let legacy_exact = options.limit > 0 && revision > 0 && options.version_match.is_empty();
        let store = &self.registry.store;
        let collection = self.collection();
        if options.version_match == "Exact" || legacy_exact {
            return store.list_at(&collection, prefix, None, revision).map_err(
                |Compacted { oldest }| {
                    Status::expired(format!(
                        "The resourceVersion for the provided list is too old. (oldest: {oldest})"
                    ))
                },
            );
        }
        Ok(store.list(&collection, prefix, None))
    }

    /// Pages show the revision of the first one, or from where it was lost on, the present.
    fn next_page(&self, options: &ListOptions, prefix: &str) -> Result<(Listed, String), Status> {
        if !options.resource_version.is_empty() && options.resource_version != "0" {
            return Err(Status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let (revision, start) = read_token(&options.continue_token).map_err(|why| {
            Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
        })?;
        let start = format!("{prefix}{start}");
        let store = &self.registry.store;
        let collection = self.collection();
        let Some(revision) = revision else {
            return Ok((store.list(&collection, prefix, None), start));
        };
        match store.list_at(&collection, prefix, None, revision) {
            Ok(listed) => Ok((listed, start)),
            Err(Compacted { .. }) => {
                let mut status = Status::expired(EXPIRED_CONTINUE);
                let inner = start.strip_prefix(prefix).unwrap_or(&start);
                status.continue_token = Some(token(-1, inner).into());
                Err(status)
            }
        }
    }
}

const EXPIRED_CONTINUE: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

fn continue_token(revision: u64, last: &str) -> String {
    token(i64::try_from(revision).unwrap_or(i64::MAX), &format!("{last}\u{0}"))
}

fn token(revision: i64, start: &str) -> String {
    let token = json!({"v": TOKEN_VERSION, "rv": revision, "start": start});
    BASE64.encode(token.to_string())
}

/// The revision (none for the present) and where to go on.
fn read_token(token: &str) -> Result<(Option<u64>, String), String> {
    let text = BASE64.decode(token).map_err(|error| error.to_string())?;
    let (value, _) = parse::json(&text)?;
    if value["v"] != TOKEN_VERSION {
        return Err(format!("server does not recognize this encoded version {}", value["v"]));
    }
    let start = value["start"].as_str().unwrap_or_default();
    if start.is_empty() || start.contains('/') && start.split('/').any(|part| part == "..") {
        return Err("invalid start".to_owned());
    }
    match value["rv"].as_i64() {
        Some(-1) => Ok((None, start.to_owned())),
        Some(revision) => match u64::try_from(revision) {
            Ok(revision) if revision > 0 => Ok((Some(revision), start.to_owned())),
            _ => Err("incorrect encoded start resourceVersion".to_owned()),
        },
        None => Err("incorrect encoded start resourceVersion".to_owned()),
    }
}
