//! POST: an object that is not there yet.

use windlass_object::Object;
use windlass_schema::managed;

use super::rules::{Generation, Rules};
use super::{Call, Written, meta};
use crate::http::query::WriteOptions;
use crate::status::Status;
use crate::store::{Accepted, Encoded, Expect};
use crate::{admission, convert};

/// Longest generated name, and how much of it is random.
const MAX_GENERATED: usize = 63;
const RANDOM: usize = 5;
/// How often a generated name is tried again when it is taken.
const NAME_ATTEMPTS: usize = 8;

impl Call<'_> {
    /// Creates an object.
    pub async fn create(&self, object: Object, options: &WriteOptions) -> Result<Written, Status> {
        let generated =
            object.name().is_empty() && !object.str_at(&["metadata", "generateName"]).is_empty();
        let mut attempts = if generated { NAME_ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            let new = self.prepare(object.clone(), options, false)?;
            let key = self.key_of(new.name());
            if options.dry_run {
                return match self.registry.store.latest(&key) {
                    Some(found) => Err(self.exists(new.name(), &found.object())),
                    None => Ok(Written { object: new, created: true }),
                };
            }
            let stored = convert::to_storage(new, &self.resource)?;
            match self.registry.store.put(key, Expect::Absent, &Encoded::new(&stored)) {
                Ok(accepted) => return self.created(accepted).await,
                Err(_) if attempts > 0 => {}
                Err(unexpected) => {
                    let found = unexpected.found.map(|entry| entry.object()).unwrap_or_default();
                    return Err(self.exists(stored.name(), &found));
                }
            }
        }
    }

    /// Creates the object that a PUT or an apply names.
    pub(super) async fn create_named(
        &self,
        mut object: Object,
        options: &WriteOptions,
        applied: bool,
    ) -> Result<Written, Status> {
        if object.name().is_empty() {
            object.set(&["metadata", "name"], self.name);
        }
        let new = self.prepare(object, options, applied)?;
        if options.dry_run {
            return Ok(Written { object: new, created: true });
        }
        let stored = convert::to_storage(new, &self.resource)?;
        match self.registry.store.put(self.key(), Expect::Absent, &Encoded::new(&stored)) {
            Ok(accepted) => self.created(accepted).await,
            Err(unexpected) => {
                let found = unexpected.found.map(|entry| entry.object()).unwrap_or_default();
                Err(self.exists(self.name, &found))
            }
        }
    }

    async fn created(&self, accepted: Accepted) -> Result<Written, Status> {
        let object = self.settle(accepted).await?;
        admission::written(self.registry, &self.resource, None, Some(&object));
        Ok(Written { object, created: true })
    }

    fn exists(&self, name: &str, found: &Object) -> Status {
        let mut status = Status::already_exists(&self.resource.group, &self.resource.plural, name);
        if found.is_terminating() {
            status.message = format!("object is being deleted: {}", status.message);
        }
        status
    }

    /// The object as it is to be stored; an applied one has its managed fields already.
    fn prepare(
        &self,
        mut object: Object,
        options: &WriteOptions,
        applied: bool,
    ) -> Result<Object, Status> {
        let rules = Rules::of(&self.resource);
        if !object.resource_version().is_empty() && object.resource_version() != "0" {
            return Err(Status::unclassified(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        self.own_namespace(&mut object)?;
        let system = [
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
            "resourceVersion",
        ];
        for field in system {
            object.remove(&["metadata", field]);
        }
        if self.resource.has_status() && self.resource.plural != "customresourcedefinitions" {
            object.remove(&["status"]);
        }
        self.normalise(&mut object);
        if !applied {
            object = self.record(None, object, options);
        }
        // Jobs are labelled by their name and uid.
        self.complete_name(&mut object);
        object.set(&["metadata", "creationTimestamp"], self.time());
        object.set(&["metadata", "uid"], uuid::Uuid::new_v4().to_string());
        let attributes = self.attributes(admission::Operation::Create, options);
        admission::admit(&attributes, None, &mut object)?;
        if rules.generation != Generation::None {
            object.set(&["metadata", "generation"], 1);
        }
        self.normalise(&mut object);
        let mut errors = meta::check(&object, self.resource.namespaced, rules.name);
        errors.extend(admission::validate(&attributes, None, &object));
        if !errors.is_empty() {
            return Err(self.invalid(object.name(), &errors));
        }
        self.check_namespace(object.name())?;
        Ok(object)
    }

    /// Puts the request's namespace into the object, and refuses another one.
    pub(super) fn own_namespace(&self, object: &mut Object) -> Result<(), Status> {
        let expected = if self.resource.namespaced { self.namespace } else { "" };
        let found = object.namespace();
        if found == expected {
            if found.is_empty() {
                object.remove(&["metadata", "namespace"]);
            }
        } else if found.is_empty() {
            object.set(&["metadata", "namespace"], expected);
        } else if self.resource.namespaced {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        } else {
            // A namespace in an object of a cluster-wide kind is dropped.
            object.remove(&["metadata", "namespace"]);
        }
        Ok(())
    }

    fn complete_name(&self, object: &mut Object) {
        let prefix = object.str_at(&["metadata", "generateName"]);
        if !object.name().is_empty() || prefix.is_empty() {
            return;
        }
        let stem: String = prefix.chars().take(MAX_GENERATED - RANDOM).collect();
        object.set(&["metadata", "name"], format!("{stem}{}", random_suffix()));
    }

    /// New content needs a namespace that is there and stays.
    fn check_namespace(&self, name: &str) -> Result<(), Status> {
        if !self.resource.namespaced {
            return Ok(());
        }
        let Some(namespace) = self.registry.find("", "namespaces", "", self.namespace) else {
            return Err(Status::not_found("", "namespaces", self.namespace));
        };
        if !namespace.is_terminating() {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {} because it is being terminated",
            self.namespace
        );
        Err(Status::forbidden(&self.resource.group, &self.resource.plural, name, &why).with_cause(
            "NamespaceTerminating",
            &format!("namespace {} is being terminated", self.namespace),
            "metadata.namespace",
        ))
    }

    /// Defaults, and what typed decoding makes of an object.
    pub(super) fn normalise(&self, object: &mut Object) {
        if self.resource.custom().is_none() {
            windlass_schema::defaults::builtin(object);
            return;
        }
        let Some(schema) = self.registry.schema(&self.resource) else { return };
        let mut value = std::mem::take(object).into_value();
        windlass_schema::default(&mut value, &schema);
        if let Ok(defaulted) = Object::try_from(value) {
            *object = defaulted;
        }
    }

    /// Records who wrote which fields.
    pub(crate) fn record(
        &self,
        live: Option<&Object>,
        object: Object,
        options: &WriteOptions,
    ) -> Object {
        let Some(schema) = self.registry.schema(&self.resource) else { return object };
        let manager = self.manager(options);
        let time = self.time();
        let reset = self.reset_fields();
        let empty = match live {
            None => windlass_schema::defaults::empty(&self.resource.gvk()),
            Some(_) => None,
        };
        let write = managed::Write {
            manager: &manager,
            subresource: self.subresource,
            time: &time,
            reset: &reset,
        };
        let mut object = managed::update(live.or(empty.as_ref()), object, &write, &schema);
        if self.subresource == "scale" {
            super::subresource::forget_time_of_scale(&mut object);
        }
        object
    }

    /// Fields that this endpoint does not write.
    pub(super) fn reset_fields(&self) -> windlass_schema::fields::FieldSet {
        managed::reset_fields(&self.resource.gvk(), self.subresource, self.resource.has_status())
    }

    pub(super) fn attributes<'a>(
        &'a self,
        operation: admission::Operation,
        options: &WriteOptions,
    ) -> admission::Attributes<'a> {
        admission::Attributes {
            registry: self.registry,
            resource: &self.resource,
            subresource: self.subresource,
            operation,
            namespace: self.namespace,
            user: self.user,
            dry_run: options.dry_run,
            now: self.now,
            warnings: self.warnings,
        }
    }
}

/// Five characters that spell no word.
fn random_suffix() -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let bytes = uuid::Uuid::new_v4().into_bytes();
    bytes.iter().take(RANDOM).map(|b| char::from(ALPHABET[usize::from(*b) % 27])).collect()
}
