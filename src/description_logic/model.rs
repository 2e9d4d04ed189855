//! The most general thing that is as a description says: what else it is, one looks up in it.
//!
//! It is the canonical model of the description, made as far as needed. Its nodes are the thing itself, its groups, the
//! nested descriptions, and the concepts that are values; the latter are as the release says, whatever the expression.
//! A node learns what it is: from its names all that is above them, with the attributes that the release gives them;
//! then every condition that it meets makes it more, until nothing is new. Attributes lead to nodes, and chains of them
//! to further nodes.
//!
//! What a description says is true of exactly those things of which it is true in their models, which is what makes this
//! complete for what SNOMED CT uses of OWL; `tests/` compares it with the completion rules of the textbook.

use super::description::{Description, Filler, Role, Value};
use super::ontology::Ontology;
use std::collections::{BTreeMap, BTreeSet};
use tern_index::coded_description::{CodedDescription, CodedValue};
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet};

/// Steps to make or ask a model at most; an ordinary one takes some thousand.
const MOST_STEPS: u64 = 1 << 21;
/// Nodes that a model may have.
const MOST_NODES: usize = 1 << 16;

/// That an expression takes more work than is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes too much work to classify; say it with fewer attributes and less nesting")]
pub struct Exhausted;

type Done<T> = Result<T, Exhausted>;

/// A node of a model.
type Place = usize;

/// Where an attribute leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Node(Place),
    Value(Value),
}

#[derive(Debug, Clone)]
enum Kind {
    /// A concept of the release.
    Concept(Ordinal),
    /// What is described, with all that it is.
    Described(ConceptSet),
}

#[derive(Debug, Clone)]
struct Edge {
    role: Role,
    target: Target,
    /// The edge of the same node that begins the chain from which it follows, if it does.
    follows: Option<usize>,
}

#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    /// Whether its attributes are known: those of concepts are read when they are needed.
    open: bool,
    edges: Vec<Edge>,
    known: BTreeSet<(Role, Target)>,
    /// Edges that lead here.
    from: Vec<(Place, usize)>,
}

/// What is asked in.
#[derive(Debug, Clone, Copy)]
struct World<'w> {
    index: &'w CodeSystemIndex,
    ontology: &'w Ontology,
}

/// The model of a description.
#[derive(Debug, Clone)]
pub struct Model {
    nodes: Vec<Node>,
    concepts: BTreeMap<Ordinal, Place>,
    /// Edges of which it has not been looked at what they make with others.
    waiting: Vec<(Place, usize)>,
    steps: u64,
}

/// The node of the description itself.
const ROOT: Place = 0;

impl Model {
    /// Makes the model of a description.
    pub fn of(index: &CodeSystemIndex, ontology: &Ontology, description: &Description) -> Done<Self> {
        let world = World { index, ontology };
        let mut model = Self {
            nodes: Vec::new(),
            concepts: BTreeMap::new(),
            waiting: Vec::new(),
            steps: 0,
        };
        match description.name() {
            // Of a concept the release has said all.
            Some(concept) => _ = model.concept(concept)?,
            None => {
                let root = model.add(Kind::Described(ConceptSet::new()), true)?;
                model.describe(world, root, description)?;
                model.saturate(world)?;
            }
        }
        Ok(model)
    }

    /// All concepts that it is.
    pub fn subsumers(&self, index: &CodeSystemIndex) -> ConceptSet {
        match self.nodes.get(ROOT).map(|node| &node.kind) {
            Some(Kind::Described(names)) => names.clone(),
            Some(Kind::Concept(concept)) => {
                let mut all = index.ancestors(*concept);
                all.insert(concept.0);
                all
            }
            None => ConceptSet::new(),
        }
    }

    /// Whether it is as a description says.
    pub fn is(&mut self, index: &CodeSystemIndex, ontology: &Ontology, description: &Description) -> Done<bool> {
        self.steps = 0;
        self.holds(World { index, ontology }, ROOT, description)
    }

    /// It with all that is known of it and nothing twice: the closest concepts above it, and its attributes without those
    /// that say no more than another.
    pub fn normal_form(&mut self, index: &CodeSystemIndex, ontology: &Ontology) -> Done<Description> {
        self.steps = 0;
        let mut form = self.shown(World { index, ontology }, ROOT, true)?;
        sort(index, &mut form);
        Ok(form)
    }

    fn tick(&mut self) -> Done<()> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err(Exhausted) } else { Ok(()) }
    }

    fn add(&mut self, kind: Kind, open: bool) -> Done<Place> {
        if self.nodes.len() >= MOST_NODES {
            return Err(Exhausted);
        }
        self.nodes.push(Node {
            kind,
            open,
            edges: Vec::new(),
            known: BTreeSet::new(),
            from: Vec::new(),
        });
        Ok(self.nodes.len() - 1)
    }

    fn concept(&mut self, concept: Ordinal) -> Done<Place> {
        if let Some(place) = self.concepts.get(&concept) {
            return Ok(*place);
        }
        let place = self.add(Kind::Concept(concept), false)?;
        self.concepts.insert(concept, place);
        Ok(place)
    }

    /// Makes a node be what a description says.
    fn describe(&mut self, world: World<'_>, node: Place, description: &Description) -> Done<()> {
        for name in &description.names {
            self.name(world, node, *name)?;
        }
        self.attach(world, node, &description.roles)
    }

    /// Makes a node be a concept, with all that is above it and what the release gives it.
    fn name(&mut self, world: World<'_>, node: Place, name: Ordinal) -> Done<()> {
        self.tick()?;
        let Some(Kind::Described(names)) = self.nodes.get_mut(node).map(|node| &mut node.kind) else {
            return Ok(());
        };
        if !names.insert(name.0) {
            return Ok(());
        }
        *names |= world.index.ancestors(name);
        let own = world.ontology.attributes(world.index, name);
        self.attach(world, node, &own)
    }

    fn attach(&mut self, world: World<'_>, node: Place, roles: &[(Role, Filler)]) -> Done<()> {
        for (role, filler) in roles {
            let target = match filler {
                Filler::Value(value) => Target::Value(value.clone()),
                Filler::Description(inner) => Target::Node(match inner.name() {
                    Some(concept) => self.concept(concept)?,
                    None => {
                        let place = self.add(Kind::Described(ConceptSet::new()), true)?;
                        self.describe(world, place, inner)?;
                        place
                    }
                }),
            };
            self.link(node, *role, target, None)?;
        }
        Ok(())
    }

    fn link(&mut self, node: Place, role: Role, target: Target, follows: Option<usize>) -> Done<()> {
        self.tick()?;
        let Some(from) = self.nodes.get_mut(node) else { return Ok(()) };
        if !from.known.insert((role, target.clone())) {
            return Ok(());
        }
        from.edges.push(Edge {
            role,
            target: target.clone(),
            follows,
        });
        let number = from.edges.len() - 1;
        self.waiting.push((node, number));
        if let Target::Node(place) = target
            && let Some(to) = self.nodes.get_mut(place)
        {
            to.from.push((node, number));
        }
        Ok(())
    }

    /// Reads the attributes of a node that is a concept, if that has not been done.
    fn open(&mut self, world: World<'_>, node: Place) -> Done<()> {
        let Some(found) = self.nodes.get_mut(node).filter(|found| !found.open) else {
            return Ok(());
        };
        found.open = true;
        if let Kind::Concept(concept) = found.kind {
            let own = world.ontology.attributes(world.index, concept);
            self.attach(world, node, &own)?;
        }
        Ok(())
    }

    /// Adds what follows by chains, until nothing is new.
    fn chain(&mut self, world: World<'_>) -> Done<()> {
        let roles = &world.ontology.roles;
        let is_below = |below, above| roles.is_below(world.index, below, above);
        while let Some((node, number)) = self.waiting.pop() {
            let edge = self.nodes.get(node).and_then(|node| node.edges.get(number)).cloned();
            let Some(edge) = edge.filter(|_| !roles.chains().is_empty()) else {
                continue;
            };
            for chain in roles.chains() {
                self.tick()?;
                if let Target::Node(middle) = edge.target
                    && is_below(edge.role, chain.first)
                {
                    self.open(world, middle)?;
                    for next in self.edges(middle) {
                        self.tick()?;
                        if is_below(next.role, chain.second) {
                            self.link(node, chain.makes, next.target, Some(number))?;
                        }
                    }
                }
                if is_below(edge.role, chain.second) {
                    let before = self.nodes.get(node).map(|node| node.from.clone()).unwrap_or_default();
                    for (first, by) in before {
                        self.tick()?;
                        let role = self
                            .nodes
                            .get(first)
                            .and_then(|node| node.edges.get(by))
                            .map(|edge| edge.role);
                        if role.is_some_and(|role| is_below(role, chain.first)) {
                            self.link(first, chain.makes, edge.target.clone(), Some(by))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn edges(&self, node: Place) -> Vec<Edge> {
        self.nodes.get(node).map(|node| node.edges.clone()).unwrap_or_default()
    }

    /// Makes every described node all that the conditions it meets make it, until nothing is new.
    fn saturate(&mut self, world: World<'_>) -> Done<()> {
        loop {
            self.chain(world)?;
            let mut changed = false;
            let mut node = 0;
            while node < self.nodes.len() {
                changed |= self.advance(world, node)?;
                node += 1;
            }
            if !changed {
                return Ok(());
            }
        }
    }

    /// Whether a node has become more.
    fn advance(&mut self, world: World<'_>, node: Place) -> Done<bool> {
        match self.nodes.get(node).map(|node| &node.kind) {
            Some(Kind::Described(names)) if !names.is_empty() || world.ontology.anonymous() => {}
            _ => return Ok(false),
        }
        let mut changed = false;
        for number in self.candidates(world, node)? {
            self.tick()?;
            let found = world.ontology.condition(number);
            if !self.meets(world, node, found.conclusion)? && self.meets(world, node, found.condition)? {
                self.describe(world, node, &Description::decoded(found.conclusion))?;
                self.chain(world)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    /// Conditions that a node may meet, by what is named in it.
    fn candidates(&mut self, world: World<'_>, node: Place) -> Done<BTreeSet<u32>> {
        let mut names = ConceptSet::new();
        let mut seen = BTreeSet::from([node]);
        let mut level = vec![node];
        for depth in 0..=world.ontology.depth() {
            let mut next = Vec::new();
            for place in level {
                self.tick()?;
                match self.nodes.get(place).map(|node| &node.kind) {
                    Some(Kind::Described(own)) => names |= own,
                    Some(Kind::Concept(concept)) => {
                        names.insert(concept.0);
                        names |= world.index.ancestors(*concept);
                    }
                    None => {}
                }
                if depth == world.ontology.depth() {
                    continue;
                }
                self.open(world, place)?;
                self.chain(world)?;
                let targets = self.edges(place).into_iter().filter_map(|edge| match edge.target {
                    Target::Node(place) => Some(place),
                    Target::Value(_) => None,
                });
                next.extend(targets.filter(|place| seen.insert(*place)));
            }
            level = next;
        }
        let mut found: BTreeSet<u32> = world.ontology.nameless().collect();
        for name in names {
            found.extend(world.ontology.found_by(name));
        }
        Ok(found)
    }

    fn is_named(&self, index: &CodeSystemIndex, node: Place, name: Ordinal) -> bool {
        match self.nodes.get(node).map(|node| &node.kind) {
            Some(Kind::Described(names)) => names.contains(name.0),
            Some(Kind::Concept(concept)) => *concept == name || index.subsumes(name, *concept),
            None => false,
        }
    }

    /// Whether a node is as a description says.
    fn holds(&mut self, world: World<'_>, node: Place, description: &Description) -> Done<bool> {
        if let Some(name) = description.name() {
            return Ok(self.is_named(world.index, node, name));
        }
        self.meets(world, node, CodedDescription::new(&description.coded()))
    }

    fn meets(&mut self, world: World<'_>, node: Place, wanted: CodedDescription<'_>) -> Done<bool> {
        self.tick()?;
        if !wanted.concepts().all(|name| self.is_named(world.index, node, Ordinal(name))) {
            return Ok(false);
        }
        for (role, value) in wanted.attributes() {
            if !self.has(world, node, Role(role), value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a node is what the value of an attribute is to be.
    fn suits(&mut self, world: World<'_>, node: Place, wanted: CodedValue<'_>) -> Done<bool> {
        match wanted {
            CodedValue::Description(wanted) => self.meets(world, node, wanted),
            CodedValue::Concept(concept) => {
                self.tick()?;
                Ok(self.is_named(world.index, node, Ordinal(concept)))
            }
            _ => Ok(false),
        }
    }

    /// Whether a node has an attribute with a value that is as wanted.
    fn has(&mut self, world: World<'_>, node: Place, role: Role, wanted: CodedValue<'_>) -> Done<bool> {
        if world.ontology.roles.is_reflexive(world.index, role) && self.suits(world, node, wanted)? {
            return Ok(true);
        }
        self.open(world, node)?;
        self.chain(world)?;
        let mut number = 0;
        while let Some(edge) = self.nodes.get(node).and_then(|node| node.edges.get(number)) {
            number += 1;
            let edge = (edge.role, edge.target.clone());
            self.tick()?;
            if !world.ontology.roles.is_below(world.index, edge.0, role) {
                continue;
            }
            let fits = match edge.1 {
                Target::Value(own) => own.is(wanted),
                Target::Node(place) => self.suits(world, place, wanted)?,
            };
            if fits {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A node as a description that says nothing twice.
    fn shown(&mut self, world: World<'_>, node: Place, whole: bool) -> Done<Description> {
        self.tick()?;
        let names = match self.nodes.get(node).map(|node| &node.kind) {
            Some(Kind::Concept(concept)) if !whole => return Ok(Description::named(*concept)),
            Some(Kind::Concept(concept)) => vec![*concept],
            Some(Kind::Described(names)) => closest(world.index, names),
            None => Vec::new(),
        };
        self.open(world, node)?;
        self.chain(world)?;
        let edges = self.edges(node);
        let mut fillers = Vec::with_capacity(edges.len());
        for edge in &edges {
            fillers.push(match &edge.target {
                Target::Value(value) => Filler::Value(value.clone()),
                Target::Node(place) => Filler::Description(self.shown(world, *place, false)?),
            });
        }
        let mut dropped = vec![false; edges.len()];
        for (place, edge) in edges.iter().enumerate() {
            let mut redundant = edge.follows.is_some();
            for (other, by) in edges.iter().enumerate() {
                // What follows from an edge that is gone is gone too, and nothing is said by what follows from itself.
                let basis = basis(&edges, other);
                if redundant || basis == place || dropped.get(basis).copied().unwrap_or(true) {
                    continue;
                }
                redundant = self.says_as_much(world, by, edge, &fillers, place)?;
            }
            if let Some(dropped) = dropped.get_mut(place) {
                *dropped = redundant;
            }
        }
        let kept = edges.iter().zip(fillers).zip(dropped).filter(|(_, dropped)| !dropped);
        let roles = kept.map(|((edge, filler), _)| (edge.role, filler)).collect();
        Ok(Description { names, roles })
    }

    /// Whether one edge of a node says all that another does, whose value is `fillers[place]`.
    fn says_as_much(&mut self, world: World<'_>, by: &Edge, edge: &Edge, fillers: &[Filler], place: usize) -> Done<bool> {
        self.tick()?;
        if !world.ontology.roles.is_below(world.index, by.role, edge.role) {
            return Ok(false);
        }
        match (&by.target, fillers.get(place)) {
            (Target::Value(own), Some(Filler::Value(other))) => Ok(own == other),
            (Target::Node(node), Some(Filler::Description(other))) => self.holds(world, *node, other),
            _ => Ok(false),
        }
    }
}

/// The edge from which one follows in the end; itself, if from none.
fn basis(edges: &[Edge], number: usize) -> usize {
    let mut basis = number;
    // What follows comes after that from which it follows.
    while let Some(before) = edges
        .get(basis)
        .and_then(|edge| edge.follows)
        .filter(|before| *before < basis)
    {
        basis = before;
    }
    basis
}

/// Those of a set, which has with each concept all that is above it, that have none of it below them.
fn closest(index: &CodeSystemIndex, names: &ConceptSet) -> Vec<Ordinal> {
    let mut above = ConceptSet::new();
    for name in names {
        above.extend(index.parents(Ordinal(name)).map(|parent| parent.0));
    }
    (names - above).iter().map(Ordinal).collect()
}

/// Puts a description in the order of the codes, which does not depend on how an index numbers them.
fn sort(index: &CodeSystemIndex, description: &mut Description) {
    description.names.sort_by_key(|name| index.code(*name));
    for (_, filler) in &mut description.roles {
        if let Filler::Description(inner) = filler {
            sort(index, inner);
        }
    }
    description
        .roles
        .sort_by_cached_key(|(role, filler)| spelled(index, *role, filler));
}

/// An attribute with its value as text that orders it: single attributes before groups.
fn spelled(index: &CodeSystemIndex, role: Role, filler: &Filler) -> String {
    let mut text = match role.concept() {
        Some(concept) => index.code(concept).to_owned(),
        None => "~".to_owned(),
    };
    match filler {
        Filler::Value(Value::Number(value) | Value::Text(value)) => text.push_str(value),
        Filler::Value(Value::Boolean(value)) => text.push_str(if *value { "true" } else { "false" }),
        Filler::Description(inner) => {
            for name in &inner.names {
                text.push('=');
                text.push_str(index.code(*name));
            }
            for (role, filler) in &inner.roles {
                text.push(',');
                text.push_str(&spelled(index, *role, filler));
            }
        }
    }
    text
}
