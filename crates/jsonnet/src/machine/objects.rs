//! Objects: what they are made of, and their fields.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Machine, Result, whole};
use crate::ast::{Assert, Body, Clause, FieldName, Name, Visibility};
use crate::error::Error;
use crate::value::{Content, Layer, Object, ObjectId, Scope, ScopeId, Slot, Thunk, ThunkId, Value};

impl Machine<'_> {
    pub(crate) fn object(&mut self, layers: Vec<Rc<Layer>>) -> Result<Value> {
        self.cell()?;
        let count = layers.len();
        self.spend(count * 16)?;
        self.objects.push(Object {
            layers,
            scopes: vec![None; count],
            known: BTreeMap::new(),
            asserted: false,
        });
        Ok(Value::Object(ObjectId(u32::try_from(self.objects.len() - 1).unwrap_or(u32::MAX))))
    }

    /// An object of these fields.
    pub(crate) fn given(&mut self, fields: Vec<(Name, ThunkId, Visibility)>) -> Result<Value> {
        let fields = fields.into_iter().map(|(name, thunk, visibility)| {
            (name, Slot { visibility, plus: false, content: Content::Given(thunk) })
        });
        let layer = Layer {
            fields: fields.collect(),
            locals: Vec::new(),
            asserts: Rc::new([]),
            scope: None,
        };
        self.object(vec![Rc::new(layer)])
    }

    pub(super) fn object_of(&mut self, body: &Rc<Body>, scope: ScopeId) -> Result<Value> {
        let mut fields = BTreeMap::new();
        for field in &body.fields {
            let name = match &field.name {
                FieldName::Fixed(name) => name.clone(),
                FieldName::Computed(name) => match self.eval(name, scope)? {
                    Value::Text(name) => name,
                    Value::Null => continue,
                    other => {
                        let kind = other.kind();
                        return Err(Error::new(format!("Field name must be string, got {kind}")));
                    }
                },
            };
            let content = Content::Written(field.value.clone());
            let slot = Slot { visibility: field.visibility, plus: field.plus, content };
            if fields.insert(name.clone(), slot).is_some() {
                return Err(Error::new(format!("Duplicate field name: {name:?}")));
            }
        }
        let asserts = body.asserts.iter().map(|assert| Assert {
            condition: assert.condition.clone(),
            message: assert.message.clone(),
        });
        let layer = Layer {
            fields,
            locals: body.locals.clone(),
            asserts: asserts.collect(),
            scope: Some(scope),
        };
        self.object(vec![Rc::new(layer)])
    }

    pub(super) fn comprehension(
        &mut self,
        body: &Rc<Body>,
        clauses: &[Clause],
        scope: ScopeId,
    ) -> Result<Value> {
        let mut fields = BTreeMap::new();
        let field = &body.fields[0];
        let FieldName::Computed(name) = &field.name else {
            return Err(Error::new("Object comprehension needs a name in brackets"));
        };
        self.rounds(clauses, scope, &mut |machine, inner| {
            let name = match machine.eval(name, inner)? {
                Value::Text(name) => name,
                Value::Null => return Ok(()),
                other => {
                    let kind = other.kind();
                    return Err(Error::new(format!("Field name must be string, got {kind}")));
                }
            };
            // The names of this round, innermost first.
            let mut names = Vec::new();
            let mut at = Some(inner);
            while let Some(id) = at.filter(|id| *id != scope) {
                let round = &machine.scopes[id.0 as usize];
                names.extend(round.names.iter().cloned());
                at = round.outer;
            }
            names.reverse();
            let content = Content::Within(field.value.clone(), names);
            let slot = Slot { visibility: field.visibility, plus: field.plus, content };
            if fields.insert(name.clone(), slot).is_some() {
                return Err(Error::new(format!("Duplicate field name: {name:?}")));
            }
            Ok(())
        })?;
        let layer =
            Layer { fields, locals: body.locals.clone(), asserts: Rc::new([]), scope: Some(scope) };
        self.object(vec![Rc::new(layer)])
    }

    pub(super) fn layers(&self, object: ObjectId) -> &[Rc<Layer>] {
        &self.objects[object.0 as usize].layers
    }

    pub(crate) fn has(&self, object: ObjectId, name: &str, below: usize) -> bool {
        self.layers(object)[..below].iter().any(|layer| layer.fields.contains_key(name))
    }

    pub(crate) fn has_any(&self, object: ObjectId, name: &str) -> bool {
        self.has(object, name, self.layers(object).len())
    }

    /// Names of fields, sorted, and whether they are hidden.
    pub(crate) fn names(&mut self, object: ObjectId) -> Result<Vec<(Name, bool)>> {
        let count: usize = self.layers(object).iter().map(|layer| 1 + layer.fields.len()).sum();
        self.work(count.saturating_mul(8))?;
        let mut names: BTreeMap<Name, bool> = BTreeMap::new();
        for layer in self.layers(object) {
            for (name, slot) in &layer.fields {
                match slot.visibility {
                    Visibility::Inherit => {
                        names.entry(name.clone()).or_insert(false);
                    }
                    Visibility::Hidden => {
                        names.insert(name.clone(), true);
                    }
                    Visibility::Visible => {
                        names.insert(name.clone(), false);
                    }
                }
            }
        }
        Ok(names.into_iter().collect())
    }

    /// The scope in which the fields of a layer stand.
    pub(super) fn layer_scope(&mut self, object: ObjectId, at: usize) -> Result<ScopeId> {
        if let Some(known) = self.objects[object.0 as usize].scopes[at] {
            return Ok(known);
        }
        let layer = self.layers(object)[at].clone();
        let dollar = match layer.scope {
            Some(outer) => self.scopes[outer.0 as usize].dollar.or(Some(object)),
            None => Some(object),
        };
        let names = Vec::new();
        let scope = Scope { names, outer: layer.scope, own: Some((object, at)), dollar };
        let scope = self.scope(scope)?;
        self.objects[object.0 as usize].scopes[at] = Some(scope);
        for bind in &layer.locals {
            let thunk = self.thunk(Thunk::Pending(bind.value.clone(), scope))?;
            self.scopes[scope.0 as usize].names.push((bind.name.clone(), thunk));
        }
        Ok(scope)
    }

    /// A field of an object.
    pub(crate) fn field_thunk(&mut self, object: ObjectId, name: &Name) -> Result<ThunkId> {
        let below = self.layers(object).len();
        self.field_below(object, name, below)
    }

    pub(super) fn field_below(
        &mut self,
        object: ObjectId,
        name: &Name,
        below: usize,
    ) -> Result<ThunkId> {
        let key = (name.clone(), below);
        if let Some(known) = self.objects[object.0 as usize].known.get(&key) {
            return Ok(*known);
        }
        let thunk = self.thunk(Thunk::Field(object, name.clone(), below))?;
        self.objects[object.0 as usize].known.insert(key, thunk);
        Ok(thunk)
    }

    pub(super) fn field(&mut self, object: ObjectId, name: &Name, below: usize) -> Result<Value> {
        self.work(below)?;
        if !self.has(object, name, below) {
            return Err(Error::new(format!("Field does not exist: {name}")));
        }
        let thunk = self.field_below(object, name, below)?;
        self.force(thunk)
    }

    pub(super) fn work_out(
        &mut self,
        object: ObjectId,
        name: &Name,
        below: usize,
    ) -> Result<Value> {
        let found = (0..below)
            .rev()
            .find_map(|at| Some((at, self.layers(object)[at].fields.get(name)?.clone())));
        let Some((at, slot)) = found else {
            return Err(Error::new(format!("Field does not exist: {name}")));
        };
        let value = match &slot.content {
            Content::Given(thunk) => self.force(*thunk)?,
            Content::Written(expr) => {
                let scope = self.layer_scope(object, at)?;
                self.eval(expr, scope)?
            }
            Content::Within(expr, names) => {
                // Names of the round lie between the outer scope and the object's locals.
                let layer = self.layers(object)[at].clone();
                let outer = self.layer_scope(object, at)?;
                let Scope { own, dollar, .. } = self.scopes[outer.0 as usize];
                let round = Scope { names: names.clone(), outer: layer.scope, own, dollar };
                let round = self.scope(round)?;
                let scope = self.bind(round, &layer.locals)?;
                self.eval(expr, scope)?
            }
        };
        if slot.plus && self.has(object, name, at) {
            let base = self.field(object, name, at)?;
            return self.add(&base, &value);
        }
        Ok(value)
    }

    /// Fails if an assertion of the object does not hold.
    pub(crate) fn check(&mut self, object: ObjectId) -> Result<()> {
        if std::mem::replace(&mut self.objects[object.0 as usize].asserted, true) {
            return Ok(());
        }
        for at in 0..self.layers(object).len() {
            let asserts = self.layers(object)[at].asserts.clone();
            if asserts.is_empty() {
                continue;
            }
            let scope = self.layer_scope(object, at)?;
            for assert in asserts.iter() {
                self.assert(assert, scope)?;
            }
        }
        Ok(())
    }

    pub(crate) fn index(&mut self, of: &Value, index: &Value) -> Result<Value> {
        match (of, index) {
            (Value::Object(object), Value::Text(name)) => {
                self.check(*object)?;
                self.field(*object, name, self.layers(*object).len())
            }
            (Value::Array(items), Value::Number(at)) => {
                let place = whole(*at).and_then(|at| usize::try_from(at).ok());
                match place.and_then(|place| items.get(place)) {
                    Some(item) => self.force(*item),
                    None => Err(Error::new(format!(
                        "Index {at} out of bounds, not within [0, {})",
                        items.len()
                    ))),
                }
            }
            (Value::Text(text), Value::Number(at)) => {
                self.work(text.len())?;
                let place = whole(*at).and_then(|at| usize::try_from(at).ok());
                match place.and_then(|place| text.chars().nth(place)) {
                    Some(c) => Ok(Value::text(&c.to_string())),
                    None => Err(Error::new(format!(
                        "Index {at} out of bounds, not within [0, {})",
                        text.chars().count()
                    ))),
                }
            }
            (Value::Object(_), other) => {
                Err(Error::new(format!("Unexpected type {}, expected string", other.kind())))
            }
            (Value::Array(_) | Value::Text(_), other) => {
                Err(Error::new(format!("Unexpected type {}, expected number", other.kind())))
            }
            (other, _) => Err(Error::new(format!("Value non indexable: {}", other.kind()))),
        }
    }
}
