//! FHIRPath Patch: a Parameters resource whose operations name elements by paths and bring values with FHIR types.

use super::path::{FhirPath, Literal, Step};
use super::{DEEPEST, levels, malformed};
use crate::fhir::FhirVersion;
use crate::fhir::outcome::{Refusal, RefusalKind};
use crate::fhir::parameters::{Parameter, Parameters};
use crate::fhir::xml::{Shape, Type};
use crate::stop::Stop;
use serde_json::{Map, Value};

/// Applies the operations one after another.
pub(super) fn apply(patch: &Value, mut resource: Value, version: FhirVersion, stop: &Stop) -> Result<Value, Refusal> {
    let parameters = Parameters::from_body(patch.clone(), &[])?;
    let mut operations = parameters.all("operation").enumerate().peekable();
    if operations.peek().is_none() {
        return Err(malformed("Parameters", "a FHIRPath Patch has parameters 'operation'".into()));
    }
    for (number, parameter) in operations {
        stop.check()?;
        let operation = Operation::read(parameter, number, version)?;
        operation.run(&mut resource)?;
    }
    Ok(resource)
}

/// One operation.
struct Operation {
    number: usize,
    parts: Parameters,
    shown: String,
    path: FhirPath,
    version: FhirVersion,
}

/// A place in a resource, and what may stand there.
#[derive(Debug, Clone)]
struct Found {
    /// Names and numbers from the resource down.
    pointer: Vec<Key>,
    /// The type of what is there, if it has elements.
    of: Option<Type>,
}

#[derive(Debug, Clone, PartialEq)]
enum Key {
    Name(String),
    Item(usize),
}

impl Operation {
    fn read(parameter: &Parameter, number: usize, version: FhirVersion) -> Result<Self, Refusal> {
        let place = format!("Parameters.parameter[{number}]");
        let parts = parameter.parts()?;
        let shown = parts.text(&["path"])?;
        let shown = shown.ok_or_else(|| malformed(&place, "a patch operation needs the part 'path'".into()))?;
        let path = FhirPath::read(&shown).map_err(|message| malformed(&place, message))?;
        Ok(Self {
            number,
            parts,
            shown,
            path,
            version,
        })
    }

    fn wrong(&self, message: String) -> Refusal {
        malformed(&format!("Parameters.parameter[{}]", self.number), message)
    }

    /// The patch is well-formed, but does not fit the resource.
    fn misfit(&self, message: &str) -> Refusal {
        let text = format!("operation {} of the patch: at '{}' {message}", self.number, self.shown);
        Refusal::new(RefusalKind::Unprocessable, text)
    }

    /// Refuses a value that would make the resource deeper than can be read again, below what it is put into.
    fn check_depth(&self, holder: &[Key], value: &Value) -> Result<(), Refusal> {
        // Its name, and its number if it is in a list.
        match holder.len() + 2 + levels(value) <= DEEPEST {
            true => Ok(()),
            false => Err(self.misfit(&format!("the resource would be nested more deeply than {DEEPEST} levels"))),
        }
    }

    fn number(&self, name: &str) -> Result<usize, Refusal> {
        let found = self.parts.count(name)?;
        found.ok_or_else(|| self.wrong(format!("this patch operation needs the part '{name}'")))
    }

    fn run(&self, resource: &mut Value) -> Result<(), Refusal> {
        let operation = self.parts.text(&["type"])?;
        match operation.as_deref() {
            Some("add") => self.add(resource),
            Some("insert") => {
                let (index, (holder, name)) = (self.number("index")?, self.list(resource)?);
                let (_, value) = self.value(holder.of, &name)?;
                self.check_depth(&holder.pointer, &value)?;
                let items = self.items(resource, &holder, &name)?;
                if index > items.len() {
                    return Err(self.misfit(&format!("there is no place {index}: the list has {} items", items.len())));
                }
                items.insert(index, value);
                let beside = beside(resource, &holder.pointer, &name);
                if let Some(beside) = beside.filter(|beside| index < beside.len()) {
                    beside.insert(index, Value::Null);
                }
                Ok(())
            }
            Some("delete") => match self.select(resource).as_slice() {
                // Nothing to delete is as good as deleted.
                [] => Ok(()),
                [found] => {
                    remove(resource, &found.pointer);
                    Ok(())
                }
                several => Err(self.misfit(&format!("there are {} elements; name one", several.len()))),
            },
            Some("replace") => self.replace(resource),
            Some("move") => {
                let (source, destination) = (self.number("source")?, self.number("destination")?);
                let (holder, name) = self.list(resource)?;
                let items = self.items(resource, &holder, &name)?;
                if source.max(destination) >= items.len() {
                    return Err(self.misfit(&format!("there are only {} items", items.len())));
                }
                let moved = items.remove(source);
                items.insert(destination, moved);
                if let Some(beside) = beside(resource, &holder.pointer, &name) {
                    beside.resize(beside.len().max(source + 1).max(destination + 1), Value::Null);
                    let moved = beside.remove(source);
                    beside.insert(destination, moved);
                }
                Ok(())
            }
            Some(other) => Err(self.wrong(format!(
                "'type' must be add, insert, delete, replace or move, but it is '{other}'"
            ))),
            None => Err(self.wrong("a patch operation needs the part 'type'".into())),
        }
    }

    fn add(&self, resource: &mut Value) -> Result<(), Refusal> {
        let name = self.parts.text(&["name"])?;
        let name = name.ok_or_else(|| self.wrong("'add' needs the part 'name'".into()))?;
        let holder = self.one(resource)?;
        let (key, value) = self.value(holder.of, &name)?;
        self.check_depth(&holder.pointer, &value)?;
        let repeats = holder.of.and_then(|of| of.element(&key)).is_some_and(|place| place.repeats);
        let Some(Value::Object(object)) = at(resource, &holder.pointer) else {
            return Err(self.misfit("there is nothing that has elements"));
        };
        match object.get_mut(&key) {
            Some(Value::Array(items)) => items.push(value),
            Some(_) => return Err(self.misfit(&format!("there is a '{name}' already; use 'replace'"))),
            None => {
                object.insert(key, if repeats { Value::Array(vec![value]) } else { value });
            }
        }
        Ok(())
    }

    fn replace(&self, resource: &mut Value) -> Result<(), Refusal> {
        let found = self.one(resource)?;
        let Some((last, before)) = found.pointer.split_last() else {
            return Err(self.misfit("is the resource itself; use PUT"));
        };
        // The holder of the element; of an item of a list, that of the list.
        let (key, holder) = match (last, before.split_last()) {
            (Key::Name(name), _) => (name.clone(), before),
            (Key::Item(_), Some((Key::Name(name), holder))) => (name.clone(), holder),
            _ => return Err(self.misfit("there is a list in a list")),
        };
        let of = self.type_at(resource, holder);
        let base = of.and_then(|of| of.element(&key)).map_or(key.as_str(), |place| place.base);
        let (new_key, value) = self.value(of, base)?;
        self.check_depth(holder, &value)?;
        if new_key != key
            && let Some(Value::Object(object)) = at(resource, holder)
        {
            object.shift_remove(&key);
            object.insert(new_key, value);
        } else if let Some(place) = at(resource, &found.pointer) {
            *place = value;
        }
        Ok(())
    }

    /// The list that the path ends with: what holds it, and its name.
    fn list(&self, resource: &Value) -> Result<(Found, String), Refusal> {
        let Some((Step::Name(name), before)) = self.path.steps.split_last() else {
            return Err(self.wrong("the path of a list must end with the name of an element".into()));
        };
        let holders = self.walk(resource, before);
        match holders.as_slice() {
            [one] => Ok((one.clone(), name.clone())),
            several => Err(self.misfit(&format!("there are {} elements that could hold the list", several.len()))),
        }
    }

    fn items<'v>(&self, resource: &'v mut Value, holder: &Found, name: &str) -> Result<&'v mut Vec<Value>, Refusal> {
        let repeats = holder.of.and_then(|of| of.element(name)).is_some_and(|place| place.repeats);
        let list = match at(resource, &holder.pointer) {
            Some(Value::Object(object)) if repeats => Some(object.entry(name).or_insert_with(|| Value::Array(Vec::new()))),
            _ => None,
        };
        match list {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(self.misfit("there is no list")),
        }
    }

    fn one(&self, resource: &Value) -> Result<Found, Refusal> {
        let found = self.select(resource);
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(self.misfit("there is nothing in the resource")),
            several => Err(self.misfit(&format!("there are {} elements; name one", several.len()))),
        }
    }

    fn select(&self, resource: &Value) -> Vec<Found> {
        self.walk(resource, &self.path.steps)
    }

    fn type_at(&self, resource: &Value, pointer: &[Key]) -> Option<Type> {
        let root = Found {
            pointer: Vec::new(),
            of: self.root(resource),
        };
        let walked = pointer.iter().try_fold(root, |found, key| match key {
            Key::Item(_) => Some(found),
            Key::Name(name) => Some(Found {
                of: below(found.of?, name),
                ..found
            }),
        });
        walked?.of
    }

    fn root(&self, resource: &Value) -> Option<Type> {
        Type::resource(resource.get("resourceType")?.as_str()?, self.version)
    }

    fn walk(&self, resource: &Value, steps: &[Step]) -> Vec<Found> {
        let of = self.root(resource);
        let steps = match (steps.split_first(), of) {
            // A path may begin with the type.
            (Some((Step::Name(name), rest)), Some(of)) if *name == of.name() => rest,
            _ => steps,
        };
        let root = Found { pointer: Vec::new(), of };
        steps.iter().fold(vec![root], |found, step| match step {
            Step::Name(name) => found.iter().flat_map(|one| children(resource, one, name)).collect(),
            Step::Item(number) => found.into_iter().nth(*number).into_iter().collect(),
            Step::Last => found.into_iter().next_back().into_iter().collect(),
            Step::Where(conditions) => {
                let holds = |one: &Found| get(resource, &one.pointer).is_some_and(|value| all_hold(value, conditions));
                found.into_iter().filter(holds).collect()
            }
        })
    }

    /// The part `value` as JSON, with the name under which it stands in what has this type.
    fn value(&self, of: Option<Type>, name: &str) -> Result<(String, Value), Refusal> {
        let value = self.parts.all("value").next();
        let value = value.ok_or_else(|| self.wrong("this patch operation needs the part 'value'".into()))?;
        self.element(of, name, value)
    }

    fn element(&self, of: Option<Type>, name: &str, value: &Parameter) -> Result<(String, Value), Refusal> {
        let plain = of.and_then(|of| of.element(name));
        if let Ok((suffix, json)) = value.value() {
            let key = match (plain, of.and_then(|of| of.element(&format!("{name}{suffix}")))) {
                (None, Some(place)) if place.base == name => format!("{name}{suffix}"),
                _ => name.to_owned(),
            };
            return Ok((key, json.into_owned()));
        }
        if let Ok(resource) = value.resource() {
            return Ok((name.to_owned(), resource.clone()));
        }
        let of = plain.and_then(|place| match place.shape {
            Shape::Complex(of) => Some(of),
            _ => None,
        });
        let mut object = Map::new();
        for part in value.parts()?.iter() {
            let (key, json) = self.element(of, &part.name, part)?;
            let repeats = of.and_then(|of| of.element(&key)).is_some_and(|place| place.repeats);
            match object.get_mut(&key) {
                Some(Value::Array(items)) if repeats => items.push(json),
                Some(_) => return Err(self.wrong(format!("the value has more than one '{key}'"))),
                None => {
                    object.insert(key, if repeats { Value::Array(vec![json]) } else { json });
                }
            }
        }
        Ok((name.to_owned(), Value::Object(object)))
    }
}

/// The type of an element that has elements.
fn below(of: Type, name: &str) -> Option<Type> {
    match of.element(name)?.shape {
        Shape::Complex(of) => Some(of),
        _ => None,
    }
}

fn children(resource: &Value, found: &Found, name: &str) -> Vec<Found> {
    let Some(Value::Object(object)) = get(resource, &found.pointer) else {
        return Vec::new();
    };
    let mut children = Vec::new();
    for (key, value) in object {
        let is_choice = || {
            found
                .of
                .and_then(|of| of.element(key))
                .is_some_and(|place| place.base == name)
        };
        if key != name && !is_choice() {
            continue;
        }
        let child = |extra: Option<usize>, value: &Value| {
            let mut pointer = found.pointer.clone();
            pointer.push(Key::Name(key.clone()));
            pointer.extend(extra.map(Key::Item));
            // A contained resource says itself what it is.
            let own = value.get("resourceType").and_then(Value::as_str);
            let of = own.and_then(|own| Type::resource(own, found.of?.version()));
            Found {
                pointer,
                of: of.or_else(|| below(found.of?, key)),
            }
        };
        match value {
            Value::Array(items) => children.extend(items.iter().enumerate().map(|(number, item)| child(Some(number), item))),
            one => children.push(child(None, one)),
        }
    }
    children
}

fn all_hold(value: &Value, conditions: &[(Vec<String>, Literal)]) -> bool {
    conditions.iter().all(|(path, literal)| {
        let own = path.iter().try_fold(value, |value, name| match value.get(name)? {
            Value::Array(items) => items.first(),
            one => Some(one),
        });
        match (own, literal) {
            (Some(Value::String(own)), Literal::Text(wanted) | Literal::Other(wanted)) => own == wanted,
            (Some(Value::Number(own)), Literal::Other(wanted)) => own.as_str() == wanted,
            (Some(Value::Bool(own)), Literal::Other(wanted)) => wanted.parse() == Ok(*own),
            _ => false,
        }
    })
}

fn get<'v>(resource: &'v Value, pointer: &[Key]) -> Option<&'v Value> {
    pointer.iter().try_fold(resource, |value, key| match key {
        Key::Name(name) => value.get(name),
        Key::Item(number) => value.get(number),
    })
}

fn at<'v>(resource: &'v mut Value, pointer: &[Key]) -> Option<&'v mut Value> {
    pointer.iter().try_fold(resource, |value, key| match key {
        Key::Name(name) => value.get_mut(name),
        Key::Item(number) => value.get_mut(number),
    })
}

/// What stands beside the primitives of a list: their ids and extensions, each at the place of its own.
fn beside<'v>(resource: &'v mut Value, holder: &[Key], name: &str) -> Option<&'v mut Vec<Value>> {
    at(resource, holder)?.get_mut(format!("_{name}"))?.as_array_mut()
}

/// Takes an element away, with what stands beside a primitive; a list that becomes empty goes, too.
fn remove(resource: &mut Value, pointer: &[Key]) {
    let Some((last, before)) = pointer.split_last() else {
        return;
    };
    match (last, at(resource, before)) {
        (Key::Name(name), Some(Value::Object(object))) => {
            object.shift_remove(name);
            object.shift_remove(&format!("_{name}"));
        }
        (Key::Item(number), Some(Value::Array(items))) if *number < items.len() => {
            items.remove(*number);
            if items.is_empty() {
                remove(resource, before);
            } else if let Some((Key::Name(name), holder)) = before.split_last()
                && let Some(beside) = beside(resource, holder, name).filter(|beside| *number < beside.len())
            {
                beside.remove(*number);
            }
        }
        _ => {}
    }
}
