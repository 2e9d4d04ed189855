//! Reads `axioms`: what an edition says about what it does not list.
//!
//! Conditions are found by a concept and read where they lie. It says nothing of what follows from them, nor how they
//! came about: who made the file knows.

use super::{FileSource, open_optional};
use crate::build::RoleFacts;
use crate::coded_description::{CodedCondition, DEEPEST};
use crate::container::{Column, ContainerError, Csr};
use crate::layout::{axioms, file, kind};
use std::ops::Range;

/// What an edition says about what it does not list; by default nothing.
#[derive(Debug, Clone, Default)]
pub struct Axioms {
    roles: Column<u32>,
    flags: Column<u8>,
    above: Csr<u32>,
    chains: Column<[u32; 3]>,
    names: Column<u32>,
    conditions: Csr<u8>,
    counts: [u32; 2],
    depth: usize,
    anonymous: bool,
}

impl Axioms {
    /// Opens the file; `None` where there is none.
    pub fn open(source: &dyn FileSource) -> Result<Option<Self>, ContainerError> {
        let Some(container) = open_optional(source, file::AXIOMS, kind::AXIOMS)? else {
            return Ok(None);
        };
        let roles = container.column::<u32>(axioms::ROLES)?;
        let names = container.column::<u32>(axioms::NAMES)?;
        let summary = container.column_of::<u32>(axioms::SUMMARY, 4)?;
        let [read, unreadable, depth, anonymous] = summary[..] else {
            return Err(container.structure("its summary is not what it should be"));
        };
        let depth = depth as usize;
        if depth > DEEPEST {
            return Err(container.structure("its conditions are deeper than any that are written"));
        }
        Ok(Some(Self {
            flags: container.column_of(axioms::ROLE_FLAGS, roles.len())?,
            above: container.csr(axioms::ABOVE, roles.len())?,
            chains: container.column(axioms::CHAINS)?,
            conditions: container.csr(axioms::CONDITIONS, names.len())?,
            roles,
            names,
            counts: [read, unreadable],
            depth,
            anonymous: anonymous != 0,
        }))
    }

    /// All roles of which something is known, ascending.
    pub fn roles(&self) -> impl Iterator<Item = (u32, RoleFacts)> {
        let places = self.roles.iter().zip(self.flags.iter()).enumerate();
        places.map(|(place, (role, flags))| {
            let facts = RoleFacts {
                alone: flags & axioms::FLAG_ALONE != 0,
                reflexive: flags & axioms::FLAG_REFLEXIVE != 0,
                above: self.above.get(place).to_vec(),
            };
            (*role, facts)
        })
    }

    /// Chains: what is linked by the first and then the second role is linked by the third.
    pub fn chains(&self) -> &[[u32; 3]] {
        &self.chains
    }

    /// How many conditions there are; their numbers run from 0.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Numbers of the conditions that are found by a concept: the rarest that they name.
    pub fn found_by(&self, concept: u32) -> Range<u32> {
        let names: &[u32] = &self.names;
        let first = names.partition_point(|name| *name < concept);
        let rest = names.get(first..).unwrap_or_default();
        let last = first + rest.partition_point(|name| *name == concept);
        // There are at most as many as the format can number.
        first as u32..last as u32
    }

    /// Numbers of the conditions that name no concept.
    pub fn nameless(&self) -> Range<u32> {
        self.found_by(u32::MAX)
    }

    /// A condition; nothing fits one that is out of range.
    pub fn condition(&self, number: u32) -> CodedCondition<'_> {
        CodedCondition::read(self.conditions.get(number as usize))
    }

    /// How many attributes deep conditions look.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether a condition may be met by what is no concept, as groups are.
    pub fn anonymous(&self) -> bool {
        self.anonymous
    }

    /// How many axioms were read, and how many rows are none that could be.
    pub fn counts(&self) -> (usize, usize) {
        let [read, unreadable] = self.counts.map(|count| count as usize);
        (read, unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::testing::{axioms, build, open, sample};
    use crate::build::{AxiomsBuilder, Files};
    use crate::coded_description::{CodedDescription, CodedValue, DescriptionCoder, ROLE_GROUP};
    use proptest::prelude::*;

    fn files() -> Files {
        let (finished, _) = build(false, sample);
        axioms(&open(&finished)).unwrap()
    }

    fn walk(axioms: &Axioms) -> usize {
        let mut seen = axioms.roles().map(|(_, facts)| 1 + facts.above.len()).sum::<usize>() + axioms.chains().len();
        for name in (0..8).chain([u32::MAX]) {
            for number in axioms.found_by(name).chain(name..name.saturating_add(1)) {
                let found = axioms.condition(number);
                for part in [found.condition, found.conclusion] {
                    part.visit_concepts(&mut |_| seen += 1);
                    seen += part.depth();
                }
            }
        }
        seen
    }

    #[test]
    fn what_is_written_is_read() {
        let axioms = Axioms::open(&files()).unwrap().unwrap();
        let roles: Vec<_> = axioms.roles().collect();
        let shown: Vec<_> = roles
            .iter()
            .map(|(role, facts)| (*role, facts.alone, facts.reflexive, facts.above.as_slice()))
            .collect();
        assert_eq!(
            shown,
            [
                (0, true, false, &[2][..]),
                (1, false, true, &[0, 2]),
                (ROLE_GROUP, true, false, &[])
            ]
        );
        assert_eq!(axioms.chains(), [[0, 1, u32::MAX - 1], [u32::MAX - 1, 0, 1]]);
        assert_eq!((axioms.counts(), axioms.depth(), axioms.anonymous()), ((9, 1), 2, true));
        // Of what each names, 1 is named by three of four (twice by one), 2 by two, 3 by one.
        let found = |name| axioms.found_by(name).map(|number| axioms.condition(number).condition);
        let named = |name| found(name).map(|one| one.concepts().collect::<Vec<_>>()).collect::<Vec<_>>();
        assert_eq!(named(1), Vec::<Vec<u32>>::new());
        assert_eq!(named(2), [[1], [1]]);
        assert_eq!(named(3), [[1, 3]]);
        assert_eq!(axioms.nameless().len(), 1);
        let texts: Vec<_> = found(u32::MAX)
            .flat_map(|one| one.attributes())
            .map(|(_, value)| value)
            .collect();
        assert_eq!(
            texts,
            [
                CodedValue::Text("längst"),
                CodedValue::Boolean(true),
                CodedValue::Boolean(false)
            ]
        );
        assert_eq!(axioms.condition(4).condition, CodedDescription::UNREADABLE);
    }

    #[test]
    fn an_index_without_the_file_has_no_axioms() {
        let (finished, _) = build(false, sample);
        assert!(open(&finished).axioms().is_none());
        assert!(Axioms::default().is_empty());
        assert_eq!(walk(&Axioms::default()), walk(&Axioms::default()));
    }

    /// As if the checksum had not seen it: an error, or another answer.
    #[test]
    fn every_flipped_byte_is_survived() {
        let sound = files();
        let (mut refused, mut answered) = (0, 0);
        for place in 0..sound.0[0].bytes.len() {
            for bit in [0x01, 0x40, 0x80, 0xFF] {
                let mut damaged = files_of(&sound);
                damaged.0[0].bytes[place] ^= bit;
                match Axioms::open(&damaged) {
                    Ok(axioms) => {
                        answered += 1;
                        if let Some(axioms) = axioms {
                            walk(&axioms);
                        }
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 100 && answered > 100, "{refused}, {answered}");
    }

    fn files_of(files: &Files) -> Files {
        let copies = files.0.iter().map(|file| crate::build::File {
            name: file.name,
            bytes: file.bytes.clone(),
            checksum: file.checksum,
        });
        Files(copies.collect())
    }

    proptest! {
        /// Each condition is found by one of the concepts that it names, one that is named as seldom as any.
        #[test]
        fn conditions_are_found_by_the_rarest_name(all in prop::collection::vec(prop::collection::vec(0u32..12, 0..4), 0..30)) {
            let mut builder = AxiomsBuilder::new(12);
            for (number, names) in all.iter().enumerate() {
                let condition = DescriptionCoder::new(names.iter().copied()).finish();
                let conclusion = DescriptionCoder::new([number as u32].into_iter()).finish();
                builder.condition(CodedCondition {
                    condition: CodedDescription::new(&condition),
                    conclusion: CodedDescription::new(&conclusion),
                });
            }
            let axioms = Axioms::open(&builder.finish().unwrap()).unwrap().unwrap();
            let count = |name: u32| all.iter().flatten().filter(|other| **other == name).count();
            let mut found = Vec::new();
            for name in (0..12).chain([u32::MAX]) {
                for number in axioms.found_by(name) {
                    let one = axioms.condition(number);
                    let own = one.conclusion.concepts().next().unwrap();
                    let names = &all[own as usize];
                    prop_assert_eq!(&one.condition.concepts().collect::<Vec<_>>(), names);
                    let rarest = names.iter().map(|name| count(*name)).min();
                    let seldom = (name != u32::MAX).then(|| count(name));
                    prop_assert_eq!(seldom, rarest);
                    prop_assert!(seldom.is_none() || names.contains(&name));
                    found.push(own);
                }
            }
            found.sort_unstable();
            prop_assert_eq!(found, (0..all.len() as u32).collect::<Vec<_>>());
            prop_assert_eq!(axioms.anonymous(), all.iter().any(Vec::is_empty));
        }
    }
}
