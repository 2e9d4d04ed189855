//! What an edition has to say about what it does not list: conditions that make a thing something, by what they name.
//!
//! A definition is such a condition, and so is a general concept inclusion. There are more than a hundred thousand, so
//! they lie in one run of numbers, and each is found by the rarest concept that it names: only what has that concept
//! somewhere in it can meet the condition.

use super::description::{Description, Filler, Names, Role, Value};
use super::grouping::Grouping;
use super::owl::{Axiom, ClassExpression, Statement};
use super::roles::Roles;
use std::collections::{BTreeMap, BTreeSet};
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet, Relation, RelationValue};

/// The column of axioms in the reference sets that have them.
const AXIOMS: &str = "owlExpression";
/// Axioms that are read at once, which bounds the memory for their text.
const AT_ONCE: usize = 16_384;
/// Axioms that are worth a thread.
const LEAST: usize = 2_048;

/// What an edition has to say about what it does not list.
#[derive(Debug)]
pub struct Ontology {
    pub(super) roles: Roles,
    pub(super) grouping: Grouping,
    /// By the number of a property: the attribute that it is.
    attributes: Vec<Option<Role>>,
    /// Descriptions, written by [`Writer`].
    words: Vec<u32>,
    values: Vec<Value>,
    /// What is a condition, and what a thing is that meets it: places in `words`.
    conditions: Vec<[u32; 2]>,
    /// Pairs of a name and a condition that is found by it, ascending.
    by_name: Vec<[u32; 2]>,
    /// Conditions that name nothing.
    nameless: Vec<u32>,
    /// Whether a condition may be met by what is no concept, as groups are.
    anonymous: bool,
    depth: usize,
    axioms: usize,
    unreadable: usize,
}

impl Ontology {
    /// Reads the axioms of an edition, and the definitions of concepts that have none.
    pub fn of(index: &CodeSystemIndex) -> Self {
        let refsets = index.refsets();
        let attributes = index
            .property_codes()
            .map(|code| Role::of_property(index, &refsets, code))
            .collect();
        let mut made = Self {
            roles: Roles::default(),
            grouping: Grouping::of(index),
            attributes,
            words: Vec::new(),
            values: Vec::new(),
            conditions: Vec::new(),
            by_name: Vec::new(),
            nameless: Vec::new(),
            anonymous: false,
            depth: 0,
            axioms: 0,
            unreadable: 0,
        };
        let mut gathered = Gathered::default();
        made.read_axioms(index, &mut gathered);
        made.roles.finish(index);
        for (role, alone) in std::mem::take(&mut gathered.shown) {
            made.grouping.add(role, alone);
        }
        made.define(index, &mut gathered);
        made.write(gathered.conditions);
        made.sort(index);
        made
    }

    /// How many axioms were read, and how many rows are none that could be.
    pub fn axioms(&self) -> (usize, usize) {
        (self.axioms, self.unreadable)
    }

    /// How many conditions make a thing something.
    pub fn len(&self) -> usize {
        self.conditions.len()
    }

    /// Whether nothing is known to make a thing something.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// A description with its attributes where they belong.
    pub fn grouped(&self, description: Description) -> Description {
        description.grouped(&self.grouping)
    }

    /// Whether an attribute is never in a role group.
    pub fn is_alone(&self, role: Role) -> bool {
        self.grouping.is_alone(role)
    }

    /// What is linked by the one is linked by the other.
    pub fn is_below(&self, index: &CodeSystemIndex, below: Role, above: Role) -> bool {
        self.roles.is_below(index, below, above)
    }

    fn read_axioms(&mut self, index: &CodeSystemIndex, gathered: &mut Gathered) {
        let names = Names::of(index);
        for refset in index.refsets_with_rows() {
            let Some(rows) = index.refset_rows(Ordinal(refset)) else {
                continue;
            };
            let Some(field) = rows.field(AXIOMS) else { continue };
            let mut texts: Vec<String> = Vec::new();
            rows.visit_texts(&field, |_, text| {
                // Most rows say what is above a concept, which the hierarchy has.
                if text.starts_with("SubClassOf(:") {
                    self.axioms += 1;
                    return;
                }
                texts.push(text.to_owned());
                if texts.len() == AT_ONCE {
                    self.take(&names, &texts, gathered);
                    texts.clear();
                }
            });
            self.take(&names, &texts, gathered);
        }
    }

    fn take(&mut self, names: &Names, texts: &[String], gathered: &mut Gathered) {
        for taken in in_threads(texts, |text| Taken::read(names, text)) {
            match taken {
                Taken::Unreadable => self.unreadable += 1,
                Taken::Nothing => {}
                Taken::Property(axiom) => {
                    self.axioms += 1;
                    self.roles.add(names, &axiom);
                }
                Taken::Classes { defined, implied } => {
                    self.axioms += 1;
                    gathered.take(&defined, implied);
                }
            }
        }
    }

    /// The necessary normal forms of defined concepts without axioms are their definitions. One that has a single parent
    /// and nothing else would mean no more than that parent; it is not believed to be defined.
    fn define(&mut self, index: &CodeSystemIndex, gathered: &mut Gathered) {
        let defined = index.with_property("sufficientlyDefined", "true") & index.active();
        for concept in defined - &gathered.defined {
            let concept = Ordinal(concept);
            let names: Vec<Ordinal> = index.parents(concept).collect();
            let Some(roles) = self.definition(index, concept) else {
                continue;
            };
            if !roles.is_empty() || names.len() > 1 {
                let condition = Description { names, roles };
                gathered.conditions.push((condition, Description::named(concept)));
            }
        }
    }

    /// The attributes of a concept as the release has them; `None` where one has a value that the edition lacks.
    fn definition(&self, index: &CodeSystemIndex, concept: Ordinal) -> Option<Vec<(Role, Filler)>> {
        let mut complete = true;
        let roles = self.stated(index, concept, &mut complete);
        complete.then_some(roles)
    }

    /// The attributes of a concept as the release has them, leaving out values that the edition lacks.
    pub fn attributes(&self, index: &CodeSystemIndex, concept: Ordinal) -> Vec<(Role, Filler)> {
        self.stated(index, concept, &mut true)
    }

    fn stated(&self, index: &CodeSystemIndex, concept: Ordinal, complete: &mut bool) -> Vec<(Role, Filler)> {
        let mut groups: BTreeMap<u16, Vec<(Role, Filler)>> = BTreeMap::new();
        let mut roles = Vec::new();
        for relation in index.relations(concept) {
            let Some(role) = self.attributes.get(relation.property as usize).copied().flatten() else {
                continue;
            };
            match (filler(&relation), relation.group) {
                (None, _) => *complete = false,
                (Some(filler), 0) => roles.push((role, filler)),
                (Some(filler), group) => groups.entry(group).or_default().push((role, filler)),
            }
        }
        let groups = groups.into_values().map(|roles| {
            let names = Vec::new();
            (Role::GROUP, Filler::Description(Description { names, roles }))
        });
        roles.extend(groups);
        Description {
            names: Vec::new(),
            roles,
        }
        .grouped(&self.grouping)
        .roles
    }

    fn write(&mut self, conditions: Vec<(Description, Description)>) {
        let mut writer = Writer::default();
        for (condition, conclusion) in conditions {
            let condition = condition.grouped(&self.grouping);
            self.depth = self.depth.max(depth(&condition));
            self.anonymous |= condition.names.is_empty();
            let start = writer.words.len() as u32;
            writer.write(&condition);
            self.conditions.push([start, writer.words.len() as u32]);
            writer.write(&conclusion.grouped(&self.grouping));
        }
        self.values = writer.values();
        self.words = writer.words;
    }

    /// Finds for each condition the rarest of the concepts that it names.
    fn sort(&mut self, index: &CodeSystemIndex) {
        let mut counts = vec![0u32; index.len()];
        let names: Vec<Vec<u32>> = self
            .conditions
            .iter()
            .map(|[start, stop]| self.names(*start, *stop))
            .collect();
        for name in names.iter().flatten() {
            if let Some(count) = counts.get_mut(*name as usize) {
                *count += 1;
            }
        }
        let count = |name: &u32| counts.get(*name as usize).copied().unwrap_or(0);
        for (condition, names) in names.iter().enumerate() {
            match names.iter().min_by_key(|name| (count(name), **name)) {
                Some(rarest) => self.by_name.push([*rarest, condition as u32]),
                None => self.nameless.push(condition as u32),
            }
        }
        self.by_name.sort_unstable();
    }

    /// The concepts that a description in `words` names.
    fn names(&self, start: u32, stop: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let description = Words {
            words: self.words.get(start as usize..stop as usize).unwrap_or_default(),
            values: &self.values,
        };
        description.add_names(&mut found);
        found
    }

    /// Conditions that are found by a name.
    pub(super) fn found_by(&self, name: u32) -> impl Iterator<Item = u32> {
        let first = self.by_name.partition_point(|[known, _]| *known < name);
        let rest = self.by_name.get(first..).unwrap_or_default();
        rest.iter()
            .take_while(move |[known, _]| *known == name)
            .map(|[_, condition]| *condition)
    }

    pub(super) fn nameless(&self) -> &[u32] {
        &self.nameless
    }

    pub(super) fn anonymous(&self) -> bool {
        self.anonymous
    }

    /// How many attributes deep conditions look.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// A condition, and what a thing is that meets it.
    pub(super) fn condition(&self, number: u32) -> (Words<'_>, Words<'_>) {
        let [condition, conclusion] = self.conditions.get(number as usize).copied().unwrap_or_default();
        let from = |place: u32| Words {
            words: self.words.get(place as usize..).unwrap_or_default(),
            values: &self.values,
        };
        (from(condition), from(conclusion))
    }
}

/// What an axiom says that the hierarchy does not.
enum Taken {
    /// It cannot be read.
    Unreadable,
    /// Something that is no axiom.
    Nothing,
    /// Something of attributes.
    Property(Axiom),
    /// Something of classes.
    Classes {
        /// Concepts of which it says what they are.
        defined: Vec<Ordinal>,
        /// What is so, and what is then so too.
        implied: Vec<(Description, Description)>,
    },
}

impl Taken {
    fn read(names: &Names, text: &str) -> Self {
        let axiom = match Statement::parse(text) {
            Ok(Statement::Axiom(axiom)) => axiom,
            Ok(_) => return Self::Nothing,
            Err(_) => return Self::Unreadable,
        };
        let (mut defined, mut implied) = (Vec::new(), Vec::new());
        match &axiom {
            Axiom::EquivalentClasses(parts) => {
                for (place, part) in parts.iter().enumerate() {
                    if let ClassExpression::Class(id) = part {
                        defined.extend(names.find(id));
                    }
                    let others = parts.iter().enumerate().filter(|(other, _)| *other != place);
                    implied.extend(others.filter_map(|(_, other)| implication(names, part, other)));
                }
            }
            Axiom::SubClassOf(below, above) => implied.extend(implication(names, below, above)),
            _ => return Self::Property(axiom),
        }
        Self::Classes { defined, implied }
    }
}

/// What is so is so too; what is above a concept the hierarchy has.
fn implication(names: &Names, below: &ClassExpression, above: &ClassExpression) -> Option<(Description, Description)> {
    if matches!(below, ClassExpression::Class(_)) && !matches!(above, ClassExpression::Class(_)) {
        return None;
    }
    Some((Description::of(names, below)?, Description::of(names, above)?))
}

/// What `make` makes of each, in their order, by as many threads as there are processors. They are threads of their own: one
/// of a pool that waits here could be given work that waits for the same.
fn in_threads<T: Sync, M: Send>(items: &[T], make: impl Fn(&T) -> M + Sync) -> Vec<M> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let chunk = items.len().div_ceil(threads).max(LEAST);
    let make = &make;
    std::thread::scope(|scope| {
        let chunks = items.chunks(chunk);
        let running: Vec<_> = chunks
            .map(|chunk| scope.spawn(move || chunk.iter().map(make).collect()))
            .collect();
        let made = running.into_iter().map(|one| one.join());
        made.flat_map(|made: std::thread::Result<Vec<M>>| made.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// What is taken from axioms before it is written down.
#[derive(Default)]
struct Gathered {
    conditions: Vec<(Description, Description)>,
    /// Concepts of which an axiom says what they are.
    defined: ConceptSet,
    /// Attributes that axioms have outside of all groups, or in one.
    shown: BTreeSet<(Role, bool)>,
}

impl Gathered {
    fn take(&mut self, defined: &[Ordinal], implied: Vec<(Description, Description)>) {
        self.defined.extend(defined.iter().map(|concept| concept.0));
        for (condition, conclusion) in implied {
            self.show(&condition, true);
            self.conditions.push((condition, conclusion));
        }
    }

    fn show(&mut self, description: &Description, alone: bool) {
        for (role, filler) in &description.roles {
            if *role != Role::GROUP {
                self.shown.insert((*role, alone));
            }
            if let Filler::Description(inner) = filler {
                self.show(inner, *role != Role::GROUP);
            }
        }
    }
}

fn filler(relation: &Relation<'_>) -> Option<Filler> {
    Some(match relation.value {
        RelationValue::Concept(concept) => Filler::named(concept),
        RelationValue::Number(number) => Filler::Value(Value::number(number)),
        RelationValue::Text(text) => Filler::Value(Value::Text(text.to_owned())),
        RelationValue::Boolean(value) => Filler::Value(Value::Boolean(value)),
        RelationValue::Other(_) => return None,
    })
}

/// Writes descriptions as numbers: how many names, the names, how many attributes, and of each its role, what kind of
/// value it has and how many numbers that takes, and the value.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub words: Vec<u32>,
    pub numbers: BTreeMap<Value, u32>,
}

const DESCRIBED: u32 = 0;
const VALUE: u32 = 1;

impl Writer {
    pub fn write(&mut self, description: &Description) {
        self.words.push(description.names.len() as u32);
        self.words.extend(description.names.iter().map(|name| name.0));
        self.words.push(description.roles.len() as u32);
        for (role, filler) in &description.roles {
            self.words.push(role.0);
            match filler {
                Filler::Value(value) => {
                    let next = self.numbers.len() as u32;
                    let number = *self.numbers.entry(value.clone()).or_insert(next);
                    self.words.extend([VALUE, 1, number]);
                }
                Filler::Description(inner) => {
                    self.words.extend([DESCRIBED, 0]);
                    let start = self.words.len();
                    self.write(inner);
                    let length = (self.words.len() - start) as u32;
                    if let Some(place) = self.words.get_mut(start - 1) {
                        *place = length;
                    }
                }
            }
        }
    }

    /// The values by their numbers.
    pub fn values(&self) -> Vec<Value> {
        let mut values: Vec<(&u32, &Value)> = self.numbers.iter().map(|(value, number)| (number, value)).collect();
        values.sort_unstable();
        values.into_iter().map(|(_, value)| value.clone()).collect()
    }
}

/// How many attributes deep a description looks.
fn depth(description: &Description) -> usize {
    let depths = description.roles.iter().map(|(_, filler)| match filler {
        Filler::Description(inner) => 1 + depth(inner),
        Filler::Value(_) => 0,
    });
    depths.max().unwrap_or(0)
}

/// A description as numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'w> {
    pub words: &'w [u32],
    pub values: &'w [Value],
}

/// The value of an attribute in a description that is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Read<'w> {
    Description(Words<'w>),
    Value(&'w Value),
}

impl<'w> Words<'w> {
    /// The names, and the attributes one by one.
    pub fn read(self) -> (&'w [u32], impl Iterator<Item = (Role, Read<'w>)>) {
        let (names, rest) = counted(self.words);
        let (count, mut rest) = match rest.split_first() {
            Some((count, rest)) => (*count as usize, rest),
            None => (0, rest),
        };
        let roles = (0..count).map_while(move |_| {
            let [role, kind, length, ..] = *rest else { return None };
            let value = rest.get(3..)?.get(..length as usize)?;
            rest = rest.get(3 + length as usize..)?;
            let read = match kind {
                VALUE => Read::Value(self.values.get(*value.first()? as usize)?),
                _ => Read::Description(Words {
                    words: value,
                    values: self.values,
                }),
            };
            Some((Role(role), read))
        });
        (names, roles)
    }

    /// Adds all concepts that are named somewhere in it.
    fn add_names(self, found: &mut Vec<u32>) {
        let (names, roles) = self.read();
        found.extend(names);
        for (_, value) in roles {
            if let Read::Description(inner) = value {
                inner.add_names(found);
            }
        }
    }
}

/// A count and as many numbers.
fn counted(words: &[u32]) -> (&[u32], &[u32]) {
    let Some((count, rest)) = words.split_first() else {
        return (&[], &[]);
    };
    rest.split_at((*count as usize).min(rest.len()))
}
