//! Writes `axioms`: what an edition says about what it does not list, as those who work out what follows need it.
//!
//! It is made of an index that is already there, by whoever knows what axioms mean; here it is counted, put in order
//! and written. A condition is found by the rarest concept that it names, since only what has that concept somewhere in
//! it can meet the condition.

use super::{BuildError, Files, count_u32};
use crate::coded_description::{CodedCondition, DEEPEST};
use crate::container::ContainerWriter;
use crate::layout::{axioms, file, kind};
use std::collections::BTreeMap;

/// What is known of a role: an attribute, the role group ([`ROLE_GROUP`](crate::coded_description::ROLE_GROUP)), or one
/// that stands for the beginning of a longer chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleFacts {
    /// Whether it is never in a role group.
    pub alone: bool,
    /// Whether it links everything to itself.
    pub reflexive: bool,
    /// Roles that it is below.
    pub above: Vec<u32>,
}

/// Collects what `axioms` holds.
#[derive(Debug, Default)]
pub struct AxiomsBuilder {
    concepts: usize,
    roles: BTreeMap<u32, RoleFacts>,
    chains: Vec<[u32; 3]>,
    /// What a thing is that meets a condition, with its length before it, and the condition; one after the other.
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    depth: usize,
    anonymous: bool,
    counts: [u32; 2],
}

impl AxiomsBuilder {
    /// For an index of so many concepts.
    pub fn new(concepts: usize) -> Self {
        Self {
            concepts,
            ..Self::default()
        }
    }

    /// What is known of a role; what was said of it before is gone.
    pub fn role(&mut self, role: u32, facts: RoleFacts) {
        self.roles.insert(role, facts);
    }

    /// What is linked by the first and then the second role is linked by the third.
    pub fn chain(&mut self, chain: [u32; 3]) {
        self.chains.push(chain);
    }

    /// Adds a condition.
    pub fn condition(&mut self, condition: CodedCondition<'_>) {
        self.depth = self.depth.max(condition.condition.depth());
        self.anonymous |= condition.condition.concepts().next().is_none();
        condition.put(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// How many axioms were read, and how many rows are none that could be.
    pub fn counts(&mut self, read: u32, unreadable: u32) {
        self.counts = [read, unreadable];
    }

    /// The file.
    pub fn finish(self) -> Result<Files, BuildError> {
        count_u32("conditions of axioms", self.ends.len())?;
        count_u32("bytes of axioms", self.bytes.len())?;
        count_u32("chains of attributes", self.chains.len())?;
        let mut writer = ContainerWriter::new(kind::AXIOMS);
        let roles: Vec<u32> = self.roles.keys().copied().collect();
        writer.column(axioms::ROLES, &roles);
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = |facts: &RoleFacts| flag(facts.alone, axioms::FLAG_ALONE) | flag(facts.reflexive, axioms::FLAG_REFLEXIVE);
        writer.column(axioms::ROLE_FLAGS, &self.roles.values().map(flags).collect::<Vec<u8>>());
        let (mut first, mut above) = (vec![0u32], Vec::<u32>::new());
        for facts in self.roles.values() {
            above.extend(&facts.above);
            first.push(count_u32("attributes above others", above.len())?);
        }
        writer.csr(axioms::ABOVE, &first, &above);
        writer.column(axioms::CHAINS, &self.chains);
        let (mut names, mut first, mut bytes) = (Vec::new(), vec![0u32], Vec::with_capacity(self.bytes.len()));
        for (name, number) in self.by_rarest() {
            names.push(name);
            bytes.extend_from_slice(self.row(number));
            first.push(bytes.len() as u32);
        }
        writer.column(axioms::NAMES, &names);
        writer.csr(axioms::CONDITIONS, &first, &bytes);
        let [read, unreadable] = self.counts;
        // What lies deeper than is read cannot be met, so that nobody need look there.
        let depth = self.depth.min(DEEPEST) as u32;
        writer.column(axioms::SUMMARY, &[read, unreadable, depth, u32::from(self.anonymous)]);
        let mut files = Files::default();
        files.add(file::AXIOMS, writer);
        Ok(files)
    }

    /// Conclusion and condition as they lie in the file.
    fn row(&self, number: usize) -> &[u8] {
        let end = |number: usize| self.ends.get(number).copied();
        let start = number.checked_sub(1).and_then(end).unwrap_or(0);
        self.bytes.get(start..end(number).unwrap_or(start)).unwrap_or_default()
    }

    /// All conditions with the concept by which they are found, `u32::MAX` where they name none; in the order of both.
    fn by_rarest(&self) -> Vec<(u32, usize)> {
        let mut counts = vec![0u32; self.concepts];
        for number in 0..self.ends.len() {
            CodedCondition::read(self.row(number)).condition.visit_concepts(&mut |name| {
                if let Some(count) = counts.get_mut(name as usize) {
                    *count += 1;
                }
            });
        }
        let count = |name: u32| counts.get(name as usize).copied().unwrap_or(0);
        let rarest = |number: usize| {
            let mut rarest = None;
            CodedCondition::read(self.row(number)).condition.visit_concepts(&mut |name| {
                let own = (count(name), name);
                rarest = Some(rarest.map_or(own, |known| own.min(known)));
            });
            rarest.map_or(u32::MAX, |(_, name)| name)
        };
        let mut found: Vec<(u32, usize)> = (0..self.ends.len()).map(|number| (rarest(number), number)).collect();
        found.sort_unstable();
        found
    }
}
