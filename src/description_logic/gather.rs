//! What the axioms of an edition say, read from their text and brought into the form that is asked: conditions, how
//! attributes follow from each other, which of them are never in a group.
//!
//! It is done once, when an edition is loaded, and kept in its index; an index without it has it done in memory. The text
//! of hundreds of thousands of axioms is never held at once, nor are their trees: what was read is kept as bytes.

use super::description::{Description, Filler, Names, Role};
use super::grouping::Evidence;
use super::owl::{Axiom, ClassExpression, Statement};
use super::roles::Roles;
use super::stated::Stated;
use std::collections::BTreeSet;
use tern_index::build::{AxiomsBuilder, BuildError, Files};
use tern_index::coded_description::{CodedCondition, CodedDescription};
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet, RefsetRows};

/// The column of axioms in the reference sets that have them.
const AXIOMS: &str = "owlExpression";
/// Axioms that are read at once, which bounds the memory for their text.
const AT_ONCE: usize = 16_384;
/// Axioms that are worth a thread.
const LEAST: usize = 2_048;

/// What an index keeps of its axioms: nothing, where it has none and no definitions that could take their place.
pub fn derive(index: &CodeSystemIndex) -> Result<Files, BuildError> {
    if axiom_rows(index).next().is_none() && defined(index).is_empty() {
        return Ok(Files::default());
    }
    gather(index)
}

/// Reads the axioms of an edition, and the definitions of concepts that have none.
pub(super) fn gather(index: &CodeSystemIndex) -> Result<Files, BuildError> {
    let mut gathered = Gathered::default();
    gathered.read(index);
    gathered.roles.finish(index);
    let mut evidence = Evidence::of(index);
    for (role, alone) in &gathered.shown {
        evidence.add(*role, *alone);
    }
    let stated = Stated::new(index, evidence.weigh());
    let mut builder = AxiomsBuilder::new(index.len());
    for (condition, conclusion) in gathered.conditions() {
        let condition = condition.grouped(&stated.grouping);
        add(&mut builder, &condition, &conclusion.grouped(&stated.grouping));
    }
    define(index, &stated, &gathered.defined, &mut builder);
    gathered.roles.keep(&stated.grouping, &mut builder);
    builder.counts(gathered.axioms, gathered.unreadable);
    builder.finish()
}

/// Reference sets whose rows are axioms.
fn axiom_rows(index: &CodeSystemIndex) -> impl Iterator<Item = RefsetRows<'_>> {
    let refsets = index.refsets_with_rows().into_iter();
    let rows = refsets.filter_map(|refset| index.refset_rows(Ordinal(refset)));
    rows.filter(|rows| rows.field(AXIOMS).is_some())
}

/// Concepts in use of which the release says that they are defined.
fn defined(index: &CodeSystemIndex) -> ConceptSet {
    index.with_property("sufficientlyDefined", "true") & index.active()
}

/// The necessary normal forms of defined concepts without axioms are their definitions. One that has a single parent and
/// nothing else would mean no more than that parent; it is not believed to be defined.
fn define(index: &CodeSystemIndex, stated: &Stated, by_axioms: &ConceptSet, builder: &mut AxiomsBuilder) {
    for concept in defined(index) - by_axioms {
        let concept = Ordinal(concept);
        let names: Vec<Ordinal> = index.parents(concept).collect();
        let Some(roles) = stated.definition(index, concept) else {
            continue;
        };
        if !roles.is_empty() || names.len() > 1 {
            add(builder, &Description { names, roles }, &Description::named(concept));
        }
    }
}

fn add(builder: &mut AxiomsBuilder, condition: &Description, conclusion: &Description) {
    builder.condition(CodedCondition {
        condition: CodedDescription::new(&condition.coded()),
        conclusion: CodedDescription::new(&conclusion.coded()),
    });
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

/// What is taken from axioms before it is known which attributes are never in a group.
#[derive(Default)]
struct Gathered {
    roles: Roles,
    /// Conditions and conclusions, one after the other.
    bytes: Vec<u8>,
    /// Where each condition ends, and its conclusion.
    ends: Vec<[usize; 2]>,
    /// Concepts of which an axiom says what they are.
    defined: ConceptSet,
    /// Attributes that axioms have outside of all groups, or in one.
    shown: BTreeSet<(Role, bool)>,
    axioms: u32,
    unreadable: u32,
}

impl Gathered {
    fn read(&mut self, index: &CodeSystemIndex) {
        let mut all = axiom_rows(index).peekable();
        if all.peek().is_none() {
            return;
        }
        let names = Names::of(index);
        for rows in all {
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
                    self.take(&names, &texts);
                    texts.clear();
                }
            });
            self.take(&names, &texts);
        }
    }

    fn take(&mut self, names: &Names, texts: &[String]) {
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
                    self.defined.extend(defined.iter().map(|concept| concept.0));
                    implied
                        .iter()
                        .for_each(|(condition, conclusion)| self.imply(condition, conclusion));
                }
            }
        }
    }

    fn imply(&mut self, condition: &Description, conclusion: &Description) {
        self.show(condition, true);
        self.bytes.extend(condition.coded());
        let end = self.bytes.len();
        self.bytes.extend(conclusion.coded());
        self.ends.push([end, self.bytes.len()]);
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

    /// Conditions and conclusions as they were written.
    fn conditions(&self) -> impl Iterator<Item = (Description, Description)> {
        let read = |start, end| Description::decoded(CodedDescription::new(self.bytes.get(start..end).unwrap_or_default()));
        let mut start = 0;
        self.ends.iter().map(move |[middle, end]| {
            let both = (read(start, *middle), read(*middle, *end));
            start = *end;
            both
        })
    }
}
