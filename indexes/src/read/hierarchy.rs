//! Reads `hierarchy`: parents, children, ancestors, descendants, subsumption.

use super::{ConceptSet, FileSource, open};
use crate::container::{Column, ContainerError, Csr};
use crate::layout::{file, hierarchy, kind};
use crate::model::Ordinal;

#[derive(Debug)]
pub(super) struct Hierarchy {
    parents: Csr<u32>,
    children: Csr<u32>,
    descendants: Csr<[u32; 2]>,
    ids: Option<Column<u64>>,
    count: usize,
}

impl Hierarchy {
    pub fn open(source: &dyn FileSource, count: usize) -> Result<Self, ContainerError> {
        let container = open(source, file::HIERARCHY, kind::HIERARCHY)?;
        let parents = container.csr::<u32>(hierarchy::PARENTS, count)?;
        Ok(Self {
            ids: container
                .has(hierarchy::IDS)
                .then(|| container.column_of(hierarchy::IDS, parents.targets().len()))
                .transpose()?,
            parents,
            children: container.csr(hierarchy::CHILDREN, count)?,
            descendants: container.csr(hierarchy::DESCENDANTS, count)?,
            count,
        })
    }

    pub fn parents(&self, ordinal: Ordinal) -> &[u32] {
        self.parents.get(ordinal.0 as usize)
    }

    /// Publisher's ids of the links to the parents, in their order; empty where there are none.
    pub fn parent_ids(&self, ordinal: Ordinal) -> &[u64] {
        let range = self.parents.range(ordinal.0 as usize);
        self.ids.as_ref().and_then(|ids| ids.get(range)).unwrap_or_default()
    }

    pub fn children(&self, ordinal: Ordinal) -> &[u32] {
        self.children.get(ordinal.0 as usize)
    }

    pub fn has_links(&self) -> bool {
        !self.parents.targets().is_empty()
    }

    pub fn roots(&self) -> ConceptSet {
        (0..self.count as u32)
            .filter(|ordinal| self.parents.get(*ordinal as usize).is_empty())
            .collect()
    }

    /// Whether `descendant` lies strictly below `ancestor`.
    pub fn is_below(&self, descendant: Ordinal, ancestor: Ordinal) -> bool {
        let runs = self.descendants.get(ancestor.0 as usize);
        let place = runs.partition_point(|run| run[1] < descendant.0);
        runs.get(place).is_some_and(|run| run[0] <= descendant.0)
    }

    /// Everything strictly below `ordinal`, as runs from first to last.
    pub fn descendants(&self, ordinal: Ordinal) -> impl Iterator<Item = (u32, u32)> {
        let runs = self.descendants.get(ordinal.0 as usize).iter();
        runs.map(|[first, last]| (*first, *last))
    }

    /// Gives everything strictly above `ordinal` to `add`, which says whether it is new to it.
    pub fn walk_ancestors(&self, ordinal: Ordinal, add: &mut dyn FnMut(u32) -> bool) {
        let mut open = vec![ordinal.0];
        while let Some(next) = open.pop() {
            for parent in self.parents.get(next as usize) {
                if add(*parent) {
                    open.push(*parent);
                }
            }
        }
    }
}
