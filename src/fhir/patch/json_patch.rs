//! JSON Patch (RFC 6902): add, remove, replace, move, copy and test at JSON Pointers (RFC 6901).
//!
//! There is a crate for it, `json-patch` (looked at in version 5.0), which is not used: it takes a member away by putting
//! the last one in its place, so that elements change their order; it compares numbers as they are written, where the RFC
//! says by value (`1` is `1.0`); and a patch may copy without bounds, each copy doubling what is there.

use super::{DEEPEST, levels, malformed};
use crate::fhir::outcome::{Refusal, RefusalKind};
use crate::stop::Stop;
use serde_json::Value;

/// What a patch may copy in all, in bytes of memory or so: as much as the largest request could bring.
const COPIED: usize = 64 << 20;

/// Applies operations one after another.
pub(super) fn apply(operations: &[Value], mut resource: Value, stop: &Stop) -> Result<Value, Refusal> {
    let mut copied = 0;
    for (number, operation) in operations.iter().enumerate() {
        stop.check()?;
        let place = format!("Patch[{number}]");
        resource = step(operation, &place, resource, &mut copied)?;
    }
    Ok(resource)
}

fn step(operation: &Value, place: &str, mut resource: Value, copied: &mut usize) -> Result<Value, Refusal> {
    let text = |name: &str| {
        let text = operation.get(name).and_then(Value::as_str);
        text.ok_or_else(|| malformed(&format!("{place}.{name}"), "must be a string".into()))
    };
    let value = || {
        let value = operation.get("value").cloned();
        value.ok_or_else(|| malformed(&format!("{place}.value"), "is missing".into()))
    };
    let path = Pointer::read(text("path")?, place)?;
    match text("op")? {
        "add" => path.add(&mut resource, value()?)?,
        "remove" => {
            path.remove(&mut resource)?;
        }
        "replace" => path.replace(&mut resource, value()?)?,
        "move" => {
            let from = Pointer::read(text("from")?, place)?;
            if path.tokens.len() > from.tokens.len() && path.tokens.starts_with(&from.tokens) {
                return Err(malformed(place, "nothing can be moved into itself".into()));
            }
            let moved = from.remove(&mut resource)?;
            path.add(&mut resource, moved)?;
        }
        "copy" => {
            let from = Pointer::read(text("from")?, place)?;
            let original = from.find(&resource)?;
            *copied = copied.saturating_add(size(original));
            if *copied > COPIED {
                let text = format!(
                    "{place}: the patch copies more than {} megabytes; send the resource instead",
                    COPIED >> 20
                );
                return Err(Refusal::new(RefusalKind::TooCostly, text));
            }
            let original = original.clone();
            path.add(&mut resource, original)?;
        }
        "test" => {
            let (found, wanted) = (path.find(&resource)?, value()?);
            if !same(found, &wanted) {
                let text = format!("{place}: the test failed: at '{}' there is {found}, not {wanted}", path.shown);
                return Err(Refusal::new(RefusalKind::Unprocessable, text));
            }
        }
        other => {
            let text = format!("must be add, remove, replace, move, copy or test, but it is '{other}'");
            return Err(malformed(&format!("{place}.op"), text));
        }
    }
    Ok(resource)
}

/// The memory that a value takes, or so.
fn size(value: &Value) -> usize {
    let own = size_of::<Value>();
    match value {
        Value::String(text) => own + text.len(),
        Value::Array(items) => own + items.iter().map(size).sum::<usize>(),
        Value::Object(object) => {
            own + object
                .iter()
                .map(|(name, value)| own + name.len() + size(value))
                .sum::<usize>()
        }
        _ => own,
    }
}

/// Equality as the RFC has it: numbers by value, objects whatever the order of their members.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64().is_some_and(|a| b.as_f64() == Some(a)),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// A place in a document.
struct Pointer<'p> {
    shown: &'p str,
    place: &'p str,
    tokens: Vec<String>,
}

impl<'p> Pointer<'p> {
    fn read(shown: &'p str, place: &'p str) -> Result<Self, Refusal> {
        let tokens = match shown.strip_prefix('/') {
            Some(rest) => rest
                .split('/')
                .map(|token| token.replace("~1", "/").replace("~0", "~"))
                .collect(),
            None if shown.is_empty() => Vec::new(),
            None => {
                let text = format!("the path '{shown}' must begin with '/', as JSON Pointers do");
                return Err(malformed(place, text));
            }
        };
        Ok(Self { shown, place, tokens })
    }

    fn nowhere(&self) -> Refusal {
        let text = format!("{}: there is nothing at '{}' in the resource", self.place, self.shown);
        Refusal::new(RefusalKind::Unprocessable, text)
    }

    /// Refuses a value that would make the resource deeper than can be read again.
    fn check_depth(&self, value: &Value) -> Result<(), Refusal> {
        if self.tokens.len() + levels(value) <= DEEPEST {
            return Ok(());
        }
        let text = format!(
            "{}: the resource would be nested more deeply than {DEEPEST} levels",
            self.place
        );
        Err(Refusal::new(RefusalKind::Unprocessable, text))
    }

    fn find<'v>(&self, resource: &'v Value) -> Result<&'v Value, Refusal> {
        let step = |value: &'v Value, token: &String| match value {
            Value::Object(object) => object.get(token),
            Value::Array(items) => items.get(index(token)?),
            _ => None,
        };
        let found = self.tokens.iter().try_fold(resource, step);
        found.ok_or_else(|| self.nowhere())
    }

    /// What holds the place, and the last token; `None` for the document itself.
    fn holder<'v>(&self, resource: &'v mut Value) -> Result<Option<(&'v mut Value, &str)>, Refusal> {
        let Some((last, before)) = self.tokens.split_last() else {
            return Ok(None);
        };
        let mut holder = resource;
        for token in before {
            let next = match holder {
                Value::Object(object) => object.get_mut(token),
                Value::Array(items) => index(token).and_then(|index| items.get_mut(index)),
                _ => None,
            };
            holder = next.ok_or_else(|| self.nowhere())?;
        }
        Ok(Some((holder, last)))
    }

    fn add(&self, resource: &mut Value, value: Value) -> Result<(), Refusal> {
        self.check_depth(&value)?;
        match self.holder(resource)? {
            None => *resource = value,
            Some((Value::Object(object), name)) => {
                object.insert(name.to_owned(), value);
            }
            Some((Value::Array(items), "-")) => items.push(value),
            Some((Value::Array(items), token)) => match index(token).filter(|index| *index <= items.len()) {
                Some(index) => items.insert(index, value),
                None => return Err(self.nowhere()),
            },
            Some(_) => return Err(self.nowhere()),
        }
        Ok(())
    }

    fn remove(&self, resource: &mut Value) -> Result<Value, Refusal> {
        let removed = match self.holder(resource)? {
            None => {
                return Err(malformed(
                    self.place,
                    "the resource itself cannot be removed; use DELETE".into(),
                ));
            }
            Some((Value::Object(object), name)) => object.shift_remove(name),
            Some((Value::Array(items), token)) => {
                let index = index(token).filter(|index| *index < items.len());
                index.map(|index| items.remove(index))
            }
            Some(_) => None,
        };
        removed.ok_or_else(|| self.nowhere())
    }

    fn replace(&self, resource: &mut Value, value: Value) -> Result<(), Refusal> {
        self.check_depth(&value)?;
        let place = match self.holder(resource)? {
            None => {
                *resource = value;
                return Ok(());
            }
            Some((Value::Object(object), name)) => object.get_mut(name),
            Some((Value::Array(items), token)) => index(token).and_then(|index| items.get_mut(index)),
            Some(_) => None,
        };
        *place.ok_or_else(|| self.nowhere())? = value;
        Ok(())
    }
}

/// The number of an item: digits, without a zero before others.
fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
    token.parse().ok().filter(|_| plain && !token.is_empty())
}
