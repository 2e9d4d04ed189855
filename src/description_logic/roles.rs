//! How attributes follow from each other: subtypes, chains, transitivity, reflexivity.

use super::description::{Names, Role};
use super::grouping::Grouping;
use super::owl::Axiom;
use std::collections::{BTreeMap, BTreeSet};
use tern_index::build::{AxiomsBuilder, RoleFacts};
use tern_index::model::Ordinal;
use tern_index::read::{Axioms, CodeSystemIndex};

/// What is linked by the first and then the second is linked by what they make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chain {
    pub first: Role,
    pub second: Role,
    pub makes: Role,
}

/// How attributes follow from each other, besides what the hierarchy of the edition says.
#[derive(Debug, Default)]
pub(super) struct Roles {
    /// By attribute: all that it is below.
    above: BTreeMap<Role, BTreeSet<Role>>,
    chains: Vec<Chain>,
    reflexive: BTreeSet<Role>,
    /// Roles that stand for the beginning of a longer chain.
    made: u32,
}

impl Roles {
    /// What was kept of them.
    pub fn of(axioms: &Axioms) -> Self {
        let mut made = Self::default();
        for (role, facts) in axioms.roles() {
            if !facts.above.is_empty() {
                made.above.insert(Role(role), facts.above.into_iter().map(Role).collect());
            }
            if facts.reflexive {
                made.reflexive.insert(Role(role));
            }
        }
        let chains = axioms.chains().iter().map(|[first, second, makes]| Chain {
            first: Role(*first),
            second: Role(*second),
            makes: Role(*makes),
        });
        made.chains = chains.collect();
        made
    }

    /// Writes them down, with which of them are never in a group.
    pub fn keep(&self, grouping: &Grouping, builder: &mut AxiomsBuilder) {
        let mut facts: BTreeMap<Role, RoleFacts> = BTreeMap::new();
        for role in grouping.alone() {
            facts.entry(role).or_default().alone = true;
        }
        for role in &self.reflexive {
            facts.entry(*role).or_default().reflexive = true;
        }
        for (role, above) in &self.above {
            facts.entry(*role).or_default().above = above.iter().map(|above| above.0).collect();
        }
        for (role, facts) in facts {
            builder.role(role.0, facts);
        }
        for chain in &self.chains {
            builder.chain([chain.first.0, chain.second.0, chain.makes.0]);
        }
    }

    /// Takes what an axiom says of properties. One on what the edition does not have says nothing of what it has.
    pub fn add(&mut self, names: &Names, axiom: &Axiom) {
        let role = |id: &str| Role::find(names, id);
        match axiom {
            Axiom::SubDataPropertyOf(below, above) => self.add_below(role(below), role(above)),
            Axiom::SubObjectPropertyOf { chain, property } => match chain.as_slice() {
                [below] => self.add_below(role(below), role(property)),
                [first, middle @ .., last] => {
                    let all: Option<Vec<Role>> = middle.iter().map(|id| role(id)).collect();
                    if let (Some(first), Some(middle), Some(last), Some(makes)) = (role(first), all, role(last), role(property)) {
                        self.add_chain(first, &middle, last, makes);
                    }
                }
                [] => {}
            },
            Axiom::TransitiveObjectProperty(id) => {
                if let Some(role) = role(id) {
                    self.add_chain(role, &[], role, role);
                }
            }
            Axiom::ReflexiveObjectProperty(id) => self.reflexive.extend(role(id)),
            Axiom::SubClassOf(..) | Axiom::EquivalentClasses(_) | Axiom::SubAnnotationPropertyOf(..) => {}
        }
    }

    fn add_below(&mut self, below: Option<Role>, above: Option<Role>) {
        if let (Some(below), Some(above)) = (below, above) {
            self.above.entry(below).or_default().insert(above);
        }
    }

    /// A chain of more than two is made of chains of two.
    fn add_chain(&mut self, first: Role, middle: &[Role], last: Role, makes: Role) {
        let mut begun = first;
        for second in middle {
            self.made += 1;
            let part = Role(Role::GROUP.0 - self.made);
            self.chains.push(Chain {
                first: begun,
                second: *second,
                makes: part,
            });
            begun = part;
        }
        self.chains.push(Chain {
            first: begun,
            second: last,
            makes,
        });
    }

    /// Works out what follows from what has been added.
    pub fn finish(&mut self, index: &CodeSystemIndex) {
        self.chains.sort_unstable();
        self.chains.dedup();
        loop {
            self.close();
            let mut new = BTreeSet::new();
            for chain in &self.chains {
                // Where one of the two links everything to itself, the other alone makes it.
                if self.is_reflexive(index, chain.second) {
                    new.insert((chain.first, chain.makes));
                }
                if self.is_reflexive(index, chain.first) {
                    new.insert((chain.second, chain.makes));
                }
                if self.is_reflexive(index, chain.first) && self.is_reflexive(index, chain.second) {
                    self.reflexive.insert(chain.makes);
                }
            }
            new.retain(|(below, above)| !self.is_below(index, *below, *above));
            if new.is_empty() {
                return;
            }
            for (below, above) in new {
                self.add_below(Some(below), Some(above));
            }
        }
    }

    /// Adds what is above the above.
    fn close(&mut self) {
        let roles: Vec<Role> = self.above.keys().copied().collect();
        for role in roles {
            let mut open = vec![role];
            let mut found = BTreeSet::new();
            while let Some(next) = open.pop() {
                for above in self.above.get(&next).into_iter().flatten() {
                    if found.insert(*above) {
                        open.push(*above);
                    }
                }
            }
            self.above.insert(role, found);
        }
    }

    /// Whether what is linked by the one is linked by the other.
    pub fn is_below(&self, index: &CodeSystemIndex, below: Role, above: Role) -> bool {
        let is_within = |below: Role| {
            below == above || (below != Role::GROUP && above != Role::GROUP && index.subsumes(Ordinal(above.0), Ordinal(below.0)))
        };
        is_within(below)
            || self
                .above
                .get(&below)
                .is_some_and(|all| all.iter().any(|one| is_within(*one)))
    }

    /// Whether everything is linked to itself by it.
    pub fn is_reflexive(&self, index: &CodeSystemIndex, role: Role) -> bool {
        self.reflexive.iter().any(|reflexive| self.is_below(index, *reflexive, role))
    }

    /// All chains.
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }
}
