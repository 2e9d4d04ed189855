//! Transactions: the requests of a Bundle that are answered together, or not at all.
//!
//! Conditions are looked at as things are before anything is changed. Then comes what deletes, what creates, what updates
//! and patches, and at last what reads, whatever the order of the entries; the answers are in their order. All changes are
//! one change of the file, which is given up where an entry cannot be answered.

use super::answer::Answer;
use super::bundle::{self, BatchEntry, BatchRequest};
use super::interaction::{self, Body, Method, Request, Room, Target};
use super::links::{self, Places};
use super::outcome::{Refusal, RefusalKind};
use super::render_resource::type_name;
use super::search::Search;
use super::write::{self, Given, Incoming, Plan, Ready};
use crate::service::{ResourceKind, Terminology};
use crate::written::{self, Version};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An entry, with what it asks for.
struct Entry<'r> {
    number: usize,
    target: Target,
    full_url: Option<String>,
    body: Option<Value>,
    request: Request<'r>,
}

/// What an entry comes to.
enum Outcome {
    /// It is among the changes, at this place.
    Changes(usize),
    /// It changes nothing, and its answer is known.
    Known(Box<Answer>),
    /// It is answered from what is there after the changes.
    Reads,
}

/// Answers a transaction that writes.
pub fn answer(room: Room<'_>, entries: &[BatchEntry], request: &Request<'_>) -> Result<Vec<Answer>, Refusal> {
    if let Err(refusal) = write::check_writable(room) {
        let first = entries.iter().position(|entry| entry.as_ref().is_ok_and(changes));
        return Err(bundle::refused_entry(first.unwrap_or(0), refusal));
    }
    let asked = all_read(entries, request)?;
    let mut turn = room.library.turn()?;
    let terminology = turn.terminology();
    let before = Room {
        terminology: &terminology,
        ..room
    };
    let plans = plans(before, &asked)?;
    let places = places(&asked, &plans);
    let bodies = bodies(before, &asked, &plans, &places)?;
    let order = order(&asked, &plans);
    let ready = all_ready(&asked, &plans, &bodies, &order)?;
    let outcomes = outcomes(before, &asked, &plans, &order)?;
    let failed = |place: usize, refusal| bundle::refused_entry(order.get(place).copied().unwrap_or(place), refusal);
    let look = |after: &Arc<Terminology>, versions: &[Option<Version>]| -> Result<Vec<Answer>, Refusal> {
        let room = Room {
            terminology: after,
            ..room
        };
        let answers = asked.iter().zip(outcomes).map(|(entry, outcome)| {
            let answer = match outcome {
                Outcome::Known(answer) => Ok(*answer),
                Outcome::Reads => interaction::answer(room, &entry.target, entry.request.clone()),
                Outcome::Changes(place) => {
                    let version = versions.get(place).and_then(Option::as_ref);
                    let issues = ready.get(place).map_or(&[][..], Ready::issues);
                    write::told(room, &entry.request, version, issues)
                }
            };
            answer.map_err(|refusal| bundle::refused_entry(entry.number, refusal))
        });
        answers.collect()
    };
    write::make(&mut turn, &ready, request.version, failed, look)
}

/// Whether a Bundle asks for a change.
pub fn writes(entries: &[BatchEntry]) -> bool {
    entries.iter().flatten().any(changes)
}

fn changes(entry: &BatchRequest) -> bool {
    let method = Method::parse(&entry.method);
    Target::parse(&entry.path, method).is_ok_and(|target| !target.only_reads(&entry.path, method))
}

/// What the entries ask for.
fn all_read<'r>(entries: &'r [BatchEntry], outer: &Request<'r>) -> Result<Vec<Entry<'r>>, Refusal> {
    let read = entries.iter().enumerate().map(|(number, entry)| {
        let entry = entry.as_ref().map_err(Clone::clone);
        let read = entry.and_then(|entry| read(number, entry, outer));
        read.map_err(|refusal| bundle::refused_entry(number, refusal))
    });
    read.collect()
}

fn read<'r>(number: usize, entry: &'r BatchRequest, outer: &Request<'r>) -> Result<Entry<'r>, Refusal> {
    let method = Method::parse(&entry.method);
    let target = Target::parse(&entry.path, method)?;
    let from_the_file = matches!(target, Target::History(..) | Target::ReadVersion(..));
    if from_the_file {
        let text = "versions of resources are not read in a transaction that writes; ask for them afterwards";
        return Err(Refusal::new(RefusalKind::NotSupported, text));
    }
    if !target.only_reads(&entry.path, method) {
        match target {
            Target::Create(_) | Target::Update(..) | Target::Patch(..) | Target::Delete(..) => {
                write::check_target(&target)?;
            }
            _ => return Err(bundle::changes_in_transaction()),
        }
    }
    let body = entry.body.clone().filter(|_| method.has_body());
    let request = entry.request(body.clone(), outer);
    Ok(Entry {
        number,
        target,
        full_url: entry.full_url.clone(),
        body,
        request,
    })
}

fn kind_of(target: &Target) -> ResourceKind {
    write::check_target(target).unwrap_or(ResourceKind::CodeSystem)
}

/// What each entry that writes comes to; `None` for those that read. No resource may be changed by two entries.
fn plans(room: Room<'_>, entries: &[Entry<'_>]) -> Result<Vec<Option<Plan>>, Refusal> {
    let mut touched: BTreeMap<(ResourceKind, String), usize> = BTreeMap::new();
    let mut plans = Vec::with_capacity(entries.len());
    for entry in entries {
        if !matches!(
            entry.target,
            Target::Create(_) | Target::Update(..) | Target::Patch(..) | Target::Delete(..)
        ) {
            plans.push(None);
            continue;
        }
        let own = entry.body.as_ref().and_then(|body| body.get("id")).and_then(Value::as_str);
        let plan = write::plan(room.terminology, &entry.target, own, &entry.request);
        let plan = plan.map_err(|refusal| bundle::refused_entry(entry.number, refusal))?;
        if let Plan::Put(id, ..) | Plan::Patch(id, _) | Plan::Delete(id, _) = &plan {
            let key = (kind_of(&entry.target), id.clone());
            if let Some(other) = touched.insert(key, entry.number) {
                let text = format!(
                    "{}/{id} is changed by the entry {other}, too; a transaction may change a resource once",
                    type_name(kind_of(&entry.target))
                );
                let refusal = Refusal::new(RefusalKind::Invalid, text);
                return Err(bundle::refused_entry(entry.number, refusal));
            }
        }
        plans.push(Some(plan));
    }
    Ok(plans)
}

/// Where each entry with a full URL will be.
fn places(entries: &[Entry<'_>], plans: &[Option<Plan>]) -> Places {
    let mut places = Places::new();
    for (entry, plan) in entries.iter().zip(plans) {
        if let (Some(full_url), Some(Plan::Put(id, ..) | Plan::Stays(id) | Plan::Patch(id, _))) = (&entry.full_url, plan) {
            places.insert(full_url.clone(), format!("{}/{id}", type_name(kind_of(&entry.target))));
        }
    }
    places
}

/// The resources that will be written, by the number of their entry, with their links replaced.
fn bodies(
    room: Room<'_>,
    entries: &[Entry<'_>],
    plans: &[Option<Plan>],
    places: &Places,
) -> Result<BTreeMap<usize, Given<'static>>, Refusal> {
    let resolve = |query: &str| conditional_reference(room, query);
    let mut bodies = BTreeMap::new();
    for (entry, plan) in entries.iter().zip(plans) {
        let given = match (plan, &entry.body) {
            (Some(Plan::Put(..)), Some(body)) => {
                let mut body = body.clone();
                links::replace(&mut body, places, entry.request.version, &resolve).map(|()| Given::of_value(&body))
            }
            (Some(Plan::Put(..)), None) => Given::of(Body::None),
            (Some(Plan::Patch(id, _)), _) => write::patched(room, room.terminology, kind_of(&entry.target), id, &entry.request),
            _ => continue,
        };
        bodies.insert(
            entry.number,
            given.map_err(|refusal| bundle::refused_entry(entry.number, refusal))?,
        );
    }
    Ok(bodies)
}

/// The one resource that a reference of the form `ValueSet?url=...` means.
fn conditional_reference(room: Room<'_>, reference: &str) -> Result<Option<String>, Refusal> {
    let (name, query) = reference.split_once('?').unwrap_or((reference, ""));
    let Some(kind) = ResourceKind::parse(name) else {
        return Ok(None);
    };
    match Search::conditional(kind, query)?.ids(room.terminology, kind)?.as_slice() {
        [id] => Ok(Some(format!("{name}/{id}"))),
        found => {
            let many = if found.is_empty() { "no" } else { "more than one" };
            let text = format!("the reference '{reference}' fits {many} {name}");
            Err(Refusal::new(RefusalKind::PreconditionFailed, text))
        }
    }
}

/// The numbers of the entries that change something, in the order in which they do.
fn order(entries: &[Entry<'_>], plans: &[Option<Plan>]) -> Vec<usize> {
    let rank = |plan: &Plan| match plan {
        Plan::Delete(..) => Some(0),
        Plan::Put(_, written::Method::Post, _) => Some(1),
        Plan::Put(..) | Plan::Patch(..) => Some(2),
        Plan::Stays(_) | Plan::Nothing => None,
    };
    let ranked = entries.iter().zip(plans);
    let ranked: BTreeSet<(u8, usize)> = ranked
        .filter_map(|(entry, plan)| Some((rank(plan.as_ref()?)?, entry.number)))
        .collect();
    ranked.into_iter().map(|(_, number)| number).collect()
}

/// The changes, in the order in which they are made.
fn all_ready<'g>(
    entries: &[Entry<'_>],
    plans: &[Option<Plan>],
    bodies: &'g BTreeMap<usize, Given<'static>>,
    order: &[usize],
) -> Result<Vec<Ready<'g>>, Refusal> {
    let changes = order
        .iter()
        .filter_map(|number| Some((entries.get(*number)?, plans.get(*number)?.as_ref()?)));
    let ready = changes.map(|(entry, plan)| {
        let one = prepared(entry, plan, bodies.get(&entry.number));
        one.map_err(|refusal| bundle::refused_entry(entry.number, refusal))
    });
    ready.collect()
}

/// What the entries come to.
fn outcomes(room: Room<'_>, entries: &[Entry<'_>], plans: &[Option<Plan>], order: &[usize]) -> Result<Vec<Outcome>, Refusal> {
    let places: BTreeMap<usize, usize> = order.iter().enumerate().map(|(place, number)| (*number, place)).collect();
    let outcomes = entries.iter().zip(plans).map(|(entry, plan)| match plan {
        Some(Plan::Stays(id)) => {
            let known = write::existing(room, room.terminology, kind_of(&entry.target), id, &entry.request);
            let known = known.map_err(|refusal| bundle::refused_entry(entry.number, refusal))?;
            Ok(Outcome::Known(Box::new(known)))
        }
        Some(Plan::Nothing) => Ok(Outcome::Known(Box::new(write::deleted(&entry.request, None)))),
        Some(_) => Ok(places
            .get(&entry.number)
            .map_or(Outcome::Reads, |place| Outcome::Changes(*place))),
        None => Ok(Outcome::Reads),
    });
    outcomes.collect()
}

fn prepared<'g>(entry: &Entry<'_>, plan: &Plan, body: Option<&'g Given<'static>>) -> Result<Ready<'g>, Refusal> {
    let kind = kind_of(&entry.target);
    let missing = || Refusal::new(RefusalKind::Internal, "there is nothing to write");
    let incoming = || Incoming::read(body.ok_or_else(missing)?, kind, entry.request.version);
    Ok(match plan {
        Plan::Put(id, method, expected) => Ready::Put {
            incoming: incoming()?,
            id: id.clone(),
            method: *method,
            expected: expected.clone(),
        },
        Plan::Patch(id, expected) => Ready::Put {
            incoming: incoming()?,
            id: id.clone(),
            method: written::Method::Put,
            expected: expected.clone(),
        },
        Plan::Delete(id, expected) => Ready::Delete {
            kind,
            id: id.clone(),
            expected: expected.clone(),
        },
        Plan::Stays(_) | Plan::Nothing => return Err(missing()),
    })
}
