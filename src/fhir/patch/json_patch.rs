//! JSON Patch (RFC 6902): add, remove, replace, move, copy and test at JSON Pointers (RFC 6901).

use super::malformed;
use crate::fhir::outcome::{Refusal, RefusalKind};
use serde_json::Value;

/// Applies operations one after another.
pub(super) fn apply(operations: &[Value], mut resource: Value) -> Result<Value, Refusal> {
    for (number, operation) in operations.iter().enumerate() {
        let place = format!("Patch[{number}]");
        resource = step(operation, &place, resource)?;
    }
    Ok(resource)
}

fn step(operation: &Value, place: &str, mut resource: Value) -> Result<Value, Refusal> {
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
            let copied = from.find(&resource)?.clone();
            path.add(&mut resource, copied)?;
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
