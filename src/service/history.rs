//! Why a concept of SNOMED CT was retired, and what has taken its place.
//!
//! The reason is in the attribute value reference set of inactivation indicators, the successors are in the association
//! reference sets. Nothing is inferred: a successor may itself be retired, says so, and says what has taken its own place
//! in the end. Other code systems have no rows of reference sets, and no history here.

use super::CodeSystemIndex;
use tern_index::model::Ordinal;
use tern_index::read::RefsetRows;

/// The reference set of inactivation indicators of concepts.
pub const INACTIVATION_INDICATOR: &str = "900000000000489007";

/// Associations, those that say most of the successor first; any other comes after them. MOVED FROM leads back.
const ASSOCIATIONS: [&str; 9] = [
    "900000000000527005", // SAME AS
    "900000000000526001", // REPLACED BY
    "1186924009",         // PARTIALLY EQUIVALENT TO
    "1186921001",         // POSSIBLY REPLACED BY
    "900000000000523009", // POSSIBLY EQUIVALENT TO
    "900000000000530003", // ALTERNATIVE
    "900000000000529008", // SIMILAR TO
    "900000000000524003", // MOVED TO
    "900000000000528000", // WAS A
];
const MOVED_FROM: &str = "900000000000525002";
/// More retired concepts than this are not passed on the way to one in use; published chains have a handful.
const LONGEST_CHAIN: usize = 64;

/// A concept by its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The code.
    pub code: String,
    /// Its display, where it is a concept of the code system.
    pub display: Option<String>,
}

impl Named {
    fn of(index: &CodeSystemIndex, concept: Ordinal) -> Self {
        Self {
            code: index.code(concept).to_owned(),
            display: index.display(concept).map(|display| display.into_owned()),
        }
    }
}

/// What has taken a concept's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// The association reference set that says so.
    pub association: Named,
    /// The concept to use.
    pub target: Named,
    /// Whether it is in use itself.
    pub active: bool,
    /// What is in use in its place, where it is not itself: the end of the chain, the closest first.
    pub in_the_end: Vec<Named>,
}

impl Successor {
    /// What to use: itself, or what has taken its place in the end; nothing where the chain ends in a retired concept.
    pub fn in_use(&self) -> &[Named] {
        if self.active {
            std::slice::from_ref(&self.target)
        } else {
            &self.in_the_end
        }
    }
}

/// Why a concept was retired, and what to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirement {
    /// The inactivation indicator, where there is one.
    pub reason: Option<Named>,
    /// What has taken its place, the closest first.
    pub successors: Vec<Successor>,
}

/// The history of a concept; `None` for one in use, and where nothing is known.
pub fn retirement(index: &CodeSystemIndex, concept: Ordinal) -> Option<Retirement> {
    if index.is_active(concept) {
        return None;
    }
    let reason = index.find_exact(INACTIVATION_INDICATOR).and_then(|indicator| {
        let rows = index.refset_rows(indicator)?;
        let reason = targets(&rows, concept, "valueId").first().copied()?;
        Some(Named::of(index, reason))
    });
    let successors: Vec<Successor> = successors(index, concept)
        .into_iter()
        .map(|(refset, target)| {
            let active = index.is_active(target);
            let mut passed = vec![concept];
            let mut ends = Vec::new();
            if !active {
                follow(index, target, &mut passed, &mut ends);
            }
            Successor {
                association: Named::of(index, refset),
                target: Named::of(index, target),
                active,
                in_the_end: ends.into_iter().map(|end| Named::of(index, end)).collect(),
            }
        })
        .collect();
    (reason.is_some() || !successors.is_empty()).then_some(Retirement { reason, successors })
}

/// What associations in use name in a concept's place, with their reference sets, the closest first.
fn successors(index: &CodeSystemIndex, concept: Ordinal) -> Vec<(Ordinal, Ordinal)> {
    let mut referring: Vec<Ordinal> = index.rows_of(concept).map(|(refset, _)| refset).collect();
    referring.dedup();
    let mut found: Vec<(usize, (Ordinal, Ordinal))> = Vec::new();
    for refset in referring {
        let code = index.code(refset);
        let Some(rows) = index.refset_rows(refset).filter(|_| code != MOVED_FROM) else {
            continue;
        };
        let known = ASSOCIATIONS.iter().position(|known| *known == code);
        let rank = known.unwrap_or(ASSOCIATIONS.len());
        let listed = targets(&rows, concept, "targetComponentId").into_iter();
        found.extend(listed.map(|target| (rank, (refset, target))));
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, found)| found).collect()
}

/// Goes from a retired concept to those in use; `passed` guards against associations that lead in a circle.
fn follow(index: &CodeSystemIndex, retired: Ordinal, passed: &mut Vec<Ordinal>, ends: &mut Vec<Ordinal>) {
    passed.push(retired);
    for (_, target) in successors(index, retired) {
        if index.is_active(target) {
            if !ends.contains(&target) {
                ends.push(target);
            }
        } else if !passed.contains(&target) && passed.len() < LONGEST_CHAIN {
            follow(index, target, passed, ends);
        }
    }
}

/// The concepts that rows in use have for a concept in a column.
fn targets(rows: &RefsetRows<'_>, concept: Ordinal, column: &str) -> Vec<Ordinal> {
    let Some(field) = rows.field(column) else {
        return Vec::new();
    };
    let own = rows.rows_of(concept).iter().filter(|row| rows.is_active(**row));
    own.filter_map(|row| rows.concept_value(*row, &field)).collect()
}
