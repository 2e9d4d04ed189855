//! Numbers the concepts depth first and writes parents, children and the descendant closure.
//!
//! A depth-first numbering makes the descendants of a concept in a tree one run of ordinals, and in a
//! polyhierarchy few runs; the closure is stored as those runs. Links that close a cycle are reported and cut.

use super::{BuildError, CodeSystemBuilder, Report, csr_offsets};
use crate::container::ContainerWriter;
use crate::layout::{hierarchy, kind};
use crate::record::{At, Problem, ProblemKind};

/// The final numbering and the hierarchy in it.
pub(super) struct Numbering {
    /// Provisional number -> ordinal; `u32::MAX` for codes that are only referred to.
    pub ordinals: Vec<u32>,
    /// Ordinal -> provisional number.
    pub provisional: Vec<u32>,
    /// (child, parent) as ordinals, sorted, without the links that closed a cycle.
    parents: Vec<(u32, u32)>,
    /// Ordinals in an order in which children come before parents.
    finished: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Done,
}

impl Numbering {
    pub fn new(builder: &CodeSystemBuilder, order: &[u32], report: Report<'_>) -> Result<Self, BuildError> {
        let all = builder.concepts.len();
        let mut rank = vec![u32::MAX; all];
        for (place, number) in order.iter().enumerate() {
            rank[*number as usize] = place as u32;
        }
        // Children of each concept in the asked order; the link's place of origin goes along for messages.
        let mut links: Vec<(u32, u32, At)> = builder
            .parents
            .iter()
            .map(|(child, parent, at)| (*parent, rank[*child as usize], *at))
            .collect();
        links.sort_by_key(|(parent, child, _)| (*parent, *child));
        links.dedup_by_key(|(parent, child, _)| (*parent, *child));
        let first = csr_offsets(all, links.iter().map(|(parent, _, _)| *parent));
        let mut has_parent = vec![false; all];
        for (_, child, _) in &links {
            has_parent[order[*child as usize] as usize] = true;
        }

        let mut ordinals = vec![u32::MAX; all];
        let mut provisional = Vec::with_capacity(order.len());
        let mut state = vec![Visit::New; all];
        let mut parents = Vec::with_capacity(links.len());
        let mut finished = Vec::with_capacity(order.len());
        let roots = order.iter().filter(|number| !has_parent[**number as usize]);
        // After the roots, what is still new hangs in a cycle without a root: start it at its first concept.
        for start in roots.chain(order.iter()) {
            if state[*start as usize] != Visit::New {
                continue;
            }
            let mut path = vec![(*start, first[*start as usize])];
            state[*start as usize] = Visit::Open;
            ordinals[*start as usize] = provisional.len() as u32;
            provisional.push(*start);
            while let Some((number, next)) = path.last_mut() {
                let current = *number;
                if *next == first[current as usize + 1] {
                    state[current as usize] = Visit::Done;
                    finished.push(ordinals[current as usize]);
                    path.pop();
                    continue;
                }
                let (_, child_rank, at) = links[*next as usize];
                *next += 1;
                let child = order[child_rank as usize];
                match state[child as usize] {
                    Visit::Open => {
                        let (child, parent) = (builder.codes.get(child), builder.codes.get(current));
                        let message = format!("{child} is below {parent} and above it; the link is left out");
                        report(at, Problem::new(ProblemKind::Cycle, message))?;
                        continue;
                    }
                    Visit::New => {
                        state[child as usize] = Visit::Open;
                        ordinals[child as usize] = provisional.len() as u32;
                        provisional.push(child);
                        path.push((child, first[child as usize]));
                    }
                    Visit::Done => {}
                }
                parents.push((ordinals[child as usize], ordinals[current as usize]));
            }
        }
        parents.sort_unstable();
        Ok(Self {
            ordinals,
            provisional,
            parents,
            finished,
        })
    }

    /// How many concepts there are.
    pub fn len(&self) -> usize {
        self.provisional.len()
    }

    /// The ordinal of a provisional number, if it is a concept.
    pub fn ordinal(&self, number: u32) -> Option<u32> {
        self.ordinals
            .get(number as usize)
            .copied()
            .filter(|ordinal| *ordinal != u32::MAX)
    }

    /// Writes the file; `ids` are publisher's ids of links by provisional numbers (child, parent, id).
    pub fn write(&self, ids: &[(u32, u32, u64)]) -> ContainerWriter {
        let count = self.len();
        let mut writer = ContainerWriter::new(kind::HIERARCHY);
        let parents: Vec<u32> = self.parents.iter().map(|(_, parent)| *parent).collect();
        writer.csr(
            hierarchy::PARENTS,
            &csr_offsets(count, self.parents.iter().map(|(child, _)| *child)),
            &parents,
        );
        let mut down: Vec<(u32, u32)> = self.parents.iter().map(|(child, parent)| (*parent, *child)).collect();
        down.sort_unstable();
        let first_child = csr_offsets(count, down.iter().map(|(parent, _)| *parent));
        let children: Vec<u32> = down.into_iter().map(|(_, child)| child).collect();
        let (first_run, runs) = closure(&self.finished, &first_child, &children);
        writer.csr(hierarchy::CHILDREN, &first_child, &children);
        writer.csr(hierarchy::DESCENDANTS, &first_run, &runs);
        if !ids.is_empty() {
            let mut known: Vec<((u32, u32), u64)> = ids
                .iter()
                .filter_map(|(child, parent, id)| Some(((self.ordinal(*child)?, self.ordinal(*parent)?), *id)))
                .collect();
            known.sort_unstable();
            let id = |link: &(u32, u32)| {
                let place = known.partition_point(|(known, _)| known < link);
                known.get(place).filter(|(known, _)| known == link).map_or(0, |(_, id)| *id)
            };
            writer.column(hierarchy::IDS, &self.parents.iter().map(id).collect::<Vec<u64>>());
        }
        writer
    }
}

/// Descendants of every concept as sorted, disjoint, non-adjacent runs `[first, last]`, in CSR form.
fn closure(finished: &[u32], first_child: &[u32], children: &[u32]) -> (Vec<u32>, Vec<[u32; 2]>) {
    let mut below: Vec<Vec<[u32; 2]>> = vec![Vec::new(); finished.len()];
    for concept in finished {
        let concept = *concept as usize;
        let own = &children[first_child[concept] as usize..first_child[concept + 1] as usize];
        let mut runs: Vec<[u32; 2]> = Vec::new();
        for child in own {
            runs.push([*child, *child]);
            runs.extend_from_slice(&below[*child as usize]);
        }
        below[concept] = coalesce(runs);
    }
    let mut first = vec![0u32];
    let mut all = Vec::new();
    for runs in below {
        all.extend(runs);
        first.push(all.len() as u32);
    }
    (first, all)
}

fn coalesce(mut runs: Vec<[u32; 2]>) -> Vec<[u32; 2]> {
    runs.sort_unstable();
    let mut merged: Vec<[u32; 2]> = Vec::new();
    for [start, stop] in runs {
        match merged.last_mut() {
            Some(last) if start <= last[1].saturating_add(1) => last[1] = last[1].max(stop),
            _ => merged.push([start, stop]),
        }
    }
    merged.shrink_to_fit();
    merged
}
