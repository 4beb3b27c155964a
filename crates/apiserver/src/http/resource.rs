//! Requests for resources.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use jiff::Timestamp;
use windlass_object::GroupVersionKind;

use super::accept::{Negotiated, Shape};
use super::body::Body;
use super::path::ResourcePath;
use super::query::{Query, WriteKind, WriteOptions};
use super::render::{Renderer, text};
use crate::auth::{Attributes, Authenticator, Authorizer, UserInfo};
use crate::catalog::{ResourceType, Subresource, Verb};
use crate::logs::{self, LogOptions};
use crate::registry::{
    Call, DeleteOptions, Deleted, Feed, FeedItem, ListOptions, Media, Patch, Registry, Warnings,
    Written, decode,
};
use crate::reviews;
use crate::status::Status;

/// A request for a resource that has passed authentication.
pub(super) struct ResourceRequest<'a> {
    pub(super) registry: &'a Arc<Registry>,
    pub(super) authorizer: &'a Authorizer,
    pub(super) authenticator: &'a Authenticator,
    pub(super) parts: &'a Parts,
    pub(super) path: &'a ResourcePath,
    pub(super) query: &'a Query,
    pub(super) user: &'a UserInfo,
    pub(super) warnings: &'a Warnings,
    pub(super) stop: &'a tokio_util::sync::CancellationToken,
}

/// The verb of a request, as RBAC and discovery name it.
pub(super) fn verb(method: &Method, path: &ResourcePath, query: &Query) -> Option<Verb> {
    let named = !path.name.is_empty();
    let watch = path.watch || query.bool("watch").unwrap_or_default();
    Some(match *method {
        Method::GET | Method::HEAD if watch && path.subresource.is_empty() => Verb::Watch,
        Method::GET | Method::HEAD if named => Verb::Get,
        Method::GET | Method::HEAD => Verb::List,
        Method::POST => Verb::Create,
        Method::PUT => Verb::Update,
        Method::PATCH => Verb::Patch,
        Method::DELETE if named => Verb::Delete,
        Method::DELETE => Verb::DeleteCollection,
        _ => return None,
    })
}

impl ResourceRequest<'_> {
    fn header(&self, name: header::HeaderName) -> &str {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Answers; none means that there is no such path.
    pub(super) async fn answer(
        &self,
        verb: Verb,
        body: Bytes,
    ) -> Option<Result<Response<Body>, Status>> {
        let snapshot = self.registry.catalog.snapshot();
        let path = self.path;
        let absent = || Some(Err(Status::no_such_resource()));
        let Some(resource) = snapshot.resource(&path.group, &path.version, &path.resource) else {
            let group = snapshot.group(&path.group)?;
            group.version(&path.version)?;
            return absent();
        };
        let subresource = match path.subresource.as_str() {
            "" => None,
            name => match resource.subresource(name) {
                Some(subresource) => Some(subresource),
                None => return absent(),
            },
        };
        let misplaced = resource.namespaced && path.namespace.is_empty() && !path.name.is_empty()
            || !resource.namespaced && !path.namespace.is_empty() && path.resource != "namespaces";
        if misplaced {
            return absent();
        }
        let verbs = subresource.map_or(resource.verbs, |found| found.verbs);
        if !verbs.contains(verb) || !is_place(verb, resource, path) {
            return Some(Err(match resource.custom() {
                None => Status::method_not_allowed(),
                Some(_) => {
                    Status::method_not_supported(&resource.group, &resource.plural, verb.name())
                }
            }));
        }
        let namespace = if resource.namespaced { path.namespace.as_str() } else { "" };
        let call = Call {
            registry: self.registry,
            resource: Arc::clone(resource),
            subresource: &path.subresource,
            namespace,
            name: &path.name,
            user: self.user,
            user_agent: self.header(header::USER_AGENT),
            warnings: self.warnings,
            now: Timestamp::now(),
        };
        let answer = match self.negotiate(&call) {
            Ok(renderer) => match subresource {
                None | Some(Subresource { .. }) if is_object_endpoint(subresource, resource) => {
                    self.object_request(&call, verb, body, &renderer).await
                }
                _ => self.special(&call, subresource, verb, &body, &renderer).await,
            },
            Err(status) => Err(status),
        };
        if answer.is_err() && !matches!(verb, Verb::Get | Verb::List | Verb::Watch) {
            // A write that is not on disk yet may be the reason: whoever reads to see why sees it.
            self.registry.store.settled().await;
        }
        Some(answer)
    }

    fn negotiate<'c>(&self, call: &'c Call<'_>) -> Result<Renderer<'c>, Status> {
        let accept: Vec<&str> = self
            .parts
            .headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let pretty = self.query.bool("pretty");
        let chosen = Negotiated::choose(&accept.join(","), call.user_agent, pretty);
        let negotiated = chosen.map_err(|status| match call.resource.custom() {
            None => Status::no_such_representation(),
            Some(_) => status,
        })?;
        let include = self.query.str("includeObject").to_owned();
        if negotiated.shape == Shape::Table
            && !matches!(include.as_str(), "" | "None" | "Metadata" | "Object")
        {
            return Err(Status::bad_request(format!(
                "unrecognized includeObject value: {include}"
            )));
        }
        Ok(Renderer { resource: &call.resource, negotiated, include })
    }

    async fn object_request(
        &self,
        call: &Call<'_>,
        verb: Verb,
        body: Bytes,
        renderer: &Renderer<'_>,
    ) -> Result<Response<Body>, Status> {
        let query = self.query;
        match verb {
            Verb::Get => {
                let entry = call.get(query.str("resourceVersion")).await?;
                Ok(self.respond(StatusCode::OK, Body::full(renderer.entry(&entry)?)))
            }
            Verb::List => {
                let options = ListOptions::parse(query, call, false)?;
                let page = call.list(&options).await?;
                Ok(self.respond(StatusCode::OK, renderer.list(&page)?))
            }
            Verb::Watch => {
                let options = ListOptions::parse(query, call, true)?;
                let feed = call.watch(options).await?;
                Ok(self.respond(StatusCode::OK, self.stream(feed, renderer)))
            }
            Verb::Create => {
                let options = WriteOptions::parse(query, WriteKind::Create)?;
                let object = self.decode(call, &call.resource.gvk(), &body, &options)?;
                let written = call.create(object, &options).await?;
                self.written(written, renderer)
            }
            Verb::Update => {
                let options = WriteOptions::parse(query, WriteKind::Update)?;
                let object = self.decode(call, &call.resource.gvk(), &body, &options)?;
                let may_create = || self.may_create(call);
                let written = call.update(object, &options, &may_create).await?;
                self.written(written, renderer)
            }
            Verb::Patch => {
                let content_type = self.header(header::CONTENT_TYPE);
                let apply = Patch::is_apply_type(content_type);
                let kind = if apply { WriteKind::Apply } else { WriteKind::Patch };
                let custom = call.resource.custom().is_some();
                let patch = Patch::parse(content_type, &body, custom);
                let options = WriteOptions::parse(query, kind)?;
                let may_create = || self.may_create(call);
                let written = call.patch(&patch?, &options, &may_create).await?;
                self.written(written, renderer)
            }
            Verb::Delete => {
                let options = self.delete_options(&body)?;
                match call.delete(&options).await? {
                    Deleted::Object(object) => {
                        Ok(self.respond(StatusCode::OK, Body::full(renderer.object(object)?)))
                    }
                    Deleted::Success(status) => {
                        Ok(self.respond(StatusCode::OK, Body::full(text(&status))))
                    }
                }
            }
            Verb::DeleteCollection => {
                let list = ListOptions::parse(query, call, false)?;
                let options = self.delete_options(&body)?;
                let page = call.delete_collection(&list, &options).await?;
                Ok(self.respond(StatusCode::OK, renderer.list(&page)?))
            }
        }
    }

    /// Subresources that are no view of their object, and resources that are not stored.
    async fn special(
        &self,
        call: &Call<'_>,
        subresource: Option<&Subresource>,
        verb: Verb,
        body: &Bytes,
        renderer: &Renderer<'_>,
    ) -> Result<Response<Body>, Status> {
        let Some(subresource) = subresource else {
            let options = WriteOptions::parse(self.query, WriteKind::Create)?;
            let object = self.decode(call, &call.resource.gvk(), body, &options)?;
            let object = call.record(None, object, &options);
            let answer = reviews::create(call, self.authorizer, self.authenticator, object).await?;
            return Ok(self.respond(StatusCode::CREATED, Body::full(text(&answer.into_value()))));
        };
        let gvk = kind_of(&call.resource, subresource);
        if subresource.name == "scale" {
            let scale = match verb {
                Verb::Get => call.get_scale().await?,
                Verb::Update => {
                    let options = WriteOptions::parse(self.query, WriteKind::Update)?;
                    let scale = self.decode(call, &gvk, body, &options)?;
                    call.update_scale(&scale, &options).await?
                }
                _ => {
                    let content_type = self.header(header::CONTENT_TYPE);
                    let apply = Patch::is_apply_type(content_type);
                    let kind = if apply { WriteKind::Apply } else { WriteKind::Patch };
                    let options = WriteOptions::parse(self.query, kind)?;
                    let patch = Patch::parse(content_type, body, false)?;
                    call.patch_scale(&patch, &options).await?
                }
            };
            return Ok(self.respond(StatusCode::OK, Body::full(text(&scale.into_value()))));
        }
        let options = WriteOptions::parse(self.query, WriteKind::Create)?;
        let answer = match (subresource.name.as_str(), verb) {
            ("token" | "eviction" | "binding", Verb::Create) => {
                let object = self.decode(call, &gvk, body, &options)?;
                match subresource.name.as_str() {
                    "eviction" => call.evict(&object, &options).await?,
                    "binding" => call.bind(&object, &options).await?,
                    _ => reviews::token_request(call, self.authenticator, object).await?,
                }
            }
            ("log", Verb::Get) => {
                let log = LogOptions::parse(call, self.query)?;
                let Some(text) = logs::read(call, &log)? else {
                    let mut response = Response::new(Body::full(Bytes::new()));
                    *response.status_mut() = StatusCode::NO_CONTENT;
                    return Ok(response);
                };
                let body = if log.follow {
                    let one = ListOptions::parse(&Query::default(), call, true)?;
                    self.until_gone(text, call.watch(one).await?)
                } else {
                    Body::full(text)
                };
                let mut response = self.respond(StatusCode::OK, body);
                let plain = HeaderValue::from_static("text/plain");
                response.headers_mut().insert(header::CONTENT_TYPE, plain);
                return Ok(response);
            }
            _ => {
                let _ = renderer;
                let what = format!("{}/{}", call.resource.plural, subresource.name);
                return Err(Status::not_implemented(&what));
            }
        };
        Ok(self.respond(StatusCode::CREATED, Body::full(text(&answer.into_value()))))
    }

    fn decode(
        &self,
        call: &Call<'_>,
        kind: &GroupVersionKind,
        body: &[u8],
        options: &WriteOptions,
    ) -> Result<windlass_object::Object, Status> {
        let custom = call.resource.custom().is_some();
        let media = Media::of(self.header(header::CONTENT_TYPE), custom)?;
        let validation = options.field_validation;
        decode(self.registry, &call.resource, kind, media, body, validation, self.warnings)
    }

    fn delete_options(&self, body: &[u8]) -> Result<DeleteOptions, Status> {
        if body.is_empty() {
            return DeleteOptions::parse(self.query, None);
        }
        let media = Media::of(self.header(header::CONTENT_TYPE), false)?;
        let object = crate::registry::decode_options(media, body)?;
        DeleteOptions::parse(self.query, Some(&object))
    }

    fn may_create(&self, call: &Call<'_>) -> Result<(), Status> {
        let attributes = Attributes::resource("create", self.path);
        self.authorizer.check(call.user, &attributes)
    }

    fn written(&self, written: Written, renderer: &Renderer<'_>) -> Result<Response<Body>, Status> {
        let code = if written.created { StatusCode::CREATED } else { StatusCode::OK };
        Ok(self.respond(code, Body::full(renderer.object(written.object)?)))
    }

    fn respond(&self, code: StatusCode, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = code;
        let json = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    /// Text, and an end when the object that is watched is gone.
    fn until_gone(&self, text: String, mut feed: Feed) -> Body {
        let stop = self.stop.clone();
        let gone = async move {
            let last = |item: &FeedItem| matches!(item, FeedItem::Deleted(_) | FeedItem::Error(_));
            while feed.next().await.is_some_and(|items| !items.iter().any(last)) {}
            Bytes::new()
        };
        let gone = futures::stream::once(gone).take_until(async move { stop.cancelled().await });
        let text = futures::stream::once(async move { Bytes::from(text) });
        Body::stream(text.chain(gone))
    }

    fn stream(&self, feed: Feed, renderer: &Renderer<'_>) -> Body {
        let negotiated = renderer.negotiated;
        let include = renderer.include.clone();
        let stop = self.stop.clone();
        let lines = futures::stream::unfold((feed, true), move |(mut feed, mut first)| {
            let include = include.clone();
            async move {
                let items = feed.next().await?;
                let resource = Arc::clone(feed.resource());
                let renderer = Renderer { resource: &resource, negotiated, include };
                let mut lines = Vec::new();
                for item in items {
                    match renderer.watch_line(item, first) {
                        Ok(line) => lines.extend_from_slice(&line),
                        Err(status) => {
                            let item = FeedItem::Error(Box::new(status));
                            if let Ok(line) = renderer.watch_line(item, first) {
                                lines.extend_from_slice(&line);
                            }
                            feed.close();
                            break;
                        }
                    }
                    first = false;
                }
                Some((Bytes::from(lines), (feed, first)))
            }
        });
        Body::stream(lines.take_until(async move { stop.cancelled().await }))
    }
}

/// Whether a verb can be meant by a path: objects are made in a namespace and changed by name.
fn is_place(verb: Verb, resource: &ResourceType, path: &ResourcePath) -> bool {
    let across = resource.namespaced && path.namespace.is_empty();
    let named = !path.name.is_empty();
    match verb {
        Verb::Create => !across && (!named || !path.subresource.is_empty()),
        Verb::DeleteCollection => !across,
        Verb::Update | Verb::Patch => named,
        _ => true,
    }
}

fn kind_of(resource: &ResourceType, subresource: &Subresource) -> GroupVersionKind {
    let (group, version) = match &subresource.group_version {
        Some(gv) => (gv.group.as_str(), gv.version.as_str()),
        None => (resource.group.as_str(), resource.version.as_str()),
    };
    GroupVersionKind::new(group, version, &subresource.kind)
}

/// Whether an endpoint reads and writes the stored object itself.
fn is_object_endpoint(subresource: Option<&Subresource>, resource: &ResourceType) -> bool {
    match subresource {
        None => resource.storage.is_some(),
        Some(subresource) => {
            // A pod's log is said to be of kind Pod, and is none.
            subresource.group_version.is_none()
                && subresource.kind == resource.kind
                && subresource.name != "log"
        }
    }
}
