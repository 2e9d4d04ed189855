//! Why a concept of SNOMED CT was retired, and what has taken its place.
//!
//! The reason is in the attribute value reference set of inactivation indicators, the successors are in the association
//! reference sets. Nothing is inferred: a successor may itself be retired, and says so. Other code systems have no
//! rows of reference sets, and no history here.

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
    let mut successors: Vec<(usize, Successor)> = Vec::new();
    let mut reason = None;
    let mut referring: Vec<Ordinal> = index.rows_of(concept).map(|(refset, _)| refset).collect();
    referring.dedup();
    for refset in referring {
        let Some(rows) = index.refset_rows(refset) else { continue };
        match index.code(refset) {
            INACTIVATION_INDICATOR => {
                reason = targets(&rows, concept, "valueId")
                    .first()
                    .map(|value| Named::of(index, *value))
            }
            MOVED_FROM => {}
            code => {
                let rank = ASSOCIATIONS
                    .iter()
                    .position(|known| *known == code)
                    .unwrap_or(ASSOCIATIONS.len());
                successors.extend(targets(&rows, concept, "targetComponentId").into_iter().map(|target| {
                    let successor = Successor {
                        association: Named::of(index, refset),
                        target: Named::of(index, target),
                        active: index.is_active(target),
                    };
                    (rank, successor)
                }));
            }
        }
    }
    successors.sort_by_key(|(rank, _)| *rank);
    let successors: Vec<Successor> = successors.into_iter().map(|(_, successor)| successor).collect();
    (reason.is_some() || !successors.is_empty()).then_some(Retirement { reason, successors })
}

/// The concepts that rows in use have for a concept in a column.
fn targets(rows: &RefsetRows<'_>, concept: Ordinal, column: &str) -> Vec<Ordinal> {
    let Some(field) = rows.field(column) else {
        return Vec::new();
    };
    let own = rows.rows_of(concept).iter().filter(|row| rows.is_active(**row));
    own.filter_map(|row| rows.concept_value(*row, &field)).collect()
}
