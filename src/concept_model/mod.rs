//! The machine readable concept model (MRCM) of an edition: which attributes may refine what, with which values, and how
//! often. Post-coordinated expressions are held against it.
//!
//! The rules are rows of reference sets that are known by their columns: domains, attribute domains, attribute ranges, and
//! which of those apply to which module. Domains and ranges are expression constraints, evaluated by `ecl` when they are
//! first needed. What the rules say of pre-coordinated content is not looked at, nor are the templates, which repeat the
//! rules as text. A rule on something that the edition does not have cannot be judged and is not broken.

mod check;
mod range;
#[cfg(test)]
mod tests;

pub use check::{Breach, check};

use crate::ecl::ast::Cardinality;
use crate::ecl::{Constraint, Limits};
use range::Range;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptSet, Field, RefsetRows};

/// `723597001`: a rule that must be kept; any other should be.
const MANDATORY: &str = "723597001";
/// `723596005` and `723595009`: rules on all content, and on what is post-coordinated.
const CONTENT: [&str; 2] = ["723596005", "723595009"];

/// The rules of an edition.
#[derive(Debug, Default)]
pub struct ConceptModel {
    attributes: BTreeMap<Ordinal, Attribute>,
    /// Attributes whose rules are all on other content.
    elsewhere: BTreeSet<Ordinal>,
    domains: BTreeMap<Ordinal, Selection>,
}

/// The rules on an attribute.
#[derive(Debug, Default)]
struct Attribute {
    domains: Vec<DomainRule>,
    ranges: Vec<RangeRule>,
}

/// What an attribute may refine.
#[derive(Debug)]
struct DomainRule {
    /// The domain; `None` for one that the edition does not have.
    domain: Option<Ordinal>,
    grouped: bool,
    count: Cardinality,
    in_group: Cardinality,
    mandatory: bool,
}

/// Which values an attribute may have.
#[derive(Debug)]
struct RangeRule {
    range: Range,
    mandatory: bool,
}

/// Reads how often something may be there, `0..1` or `1..*`; what is neither says nothing.
fn cardinality(text: &str) -> Cardinality {
    let (minimum, maximum) = text.trim().split_once("..").unwrap_or(("0", "*"));
    Cardinality {
        minimum: minimum.trim().parse().unwrap_or(0),
        maximum: maximum.trim().parse().ok(),
    }
}

/// An expression constraint with the concepts that satisfy it, found when they are first asked for.
#[derive(Debug)]
struct Selection {
    text: String,
    constraint: Option<Constraint>,
    found: OnceLock<Option<ConceptSet>>,
}

impl Selection {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            constraint: Constraint::parse(text, &Limits::default()).ok(),
            found: OnceLock::new(),
        }
    }

    /// The concepts; `None` where the constraint cannot be evaluated in this edition.
    fn concepts(&self, index: &CodeSystemIndex) -> Option<&ConceptSet> {
        let find = || Some(self.constraint.as_ref()?.evaluate(index).ok()?.concepts);
        self.found.get_or_init(find).as_ref()
    }
}

/// The concept model of an edition, read when it is first asked for; `None` where it has none.
pub fn concept_model(index: &CodeSystemIndex) -> Option<Arc<ConceptModel>> {
    let model = index.derived(ConceptModel::of);
    (!model.attributes.is_empty()).then_some(model)
}

impl ConceptModel {
    /// Reads the rules.
    pub fn of(index: &CodeSystemIndex) -> Self {
        let mut model = Self::default();
        let scope = scope(index);
        for refset in index.refsets_with_rows() {
            let refset = Ordinal(refset);
            let Some(rows) = index.refset_rows(refset) else { continue };
            if scope.as_ref().is_some_and(|scope| !scope.contains(&refset)) {
                continue;
            }
            let table = Table { index, rows };
            if table.has(&["domainId", "grouped", "attributeCardinality"]) {
                model.read_attribute_domains(&table);
            } else if table.has(&["rangeConstraint", "attributeRule"]) {
                model.read_ranges(&table);
            } else if table.has(&["domainConstraint", "parentDomain"]) {
                model.read_domains(&table);
            }
        }
        model.elsewhere.retain(|attribute| !model.attributes.contains_key(attribute));
        model
    }

    /// Keeps which attributes have rules on other content.
    fn read_elsewhere(&mut self, table: &Table<'_>) {
        let others = table.in_use().filter(|row| !table.is_on_expressions(*row));
        self.elsewhere.extend(others.filter_map(|row| table.rows.concept(row)));
    }

    fn read_attribute_domains(&mut self, table: &Table<'_>) {
        self.read_elsewhere(table);
        for row in table.rules() {
            let Some(attribute) = table.rows.concept(row) else { continue };
            let text = |name: &str| table.text(row, name);
            let rule = DomainRule {
                domain: table.index.find_exact(&text("domainId")),
                grouped: matches!(text("grouped").as_str(), "1" | "true"),
                count: cardinality(&text("attributeCardinality")),
                in_group: cardinality(&text("attributeInGroupCardinality")),
                mandatory: text("ruleStrengthId") == MANDATORY,
            };
            self.attributes.entry(attribute).or_default().domains.push(rule);
        }
    }

    fn read_ranges(&mut self, table: &Table<'_>) {
        self.read_elsewhere(table);
        for row in table.rules() {
            let Some(attribute) = table.rows.concept(row) else { continue };
            let rule = RangeRule {
                range: Range::new(&table.text(row, "rangeConstraint")),
                mandatory: table.text(row, "ruleStrengthId") == MANDATORY,
            };
            self.attributes.entry(attribute).or_default().ranges.push(rule);
        }
    }

    fn read_domains(&mut self, table: &Table<'_>) {
        for row in table.in_use() {
            let constraint = table.text(row, "domainConstraint");
            if let Some(domain) = table.rows.concept(row).filter(|_| !constraint.is_empty()) {
                self.domains.insert(domain, Selection::new(&constraint));
            }
        }
    }
}

/// The rule reference sets that apply to the module of the edition; `None` where it is not said.
fn scope(index: &CodeSystemIndex) -> Option<BTreeSet<Ordinal>> {
    let module = index.header().version.as_deref()?.split('/').nth(4)?;
    let module = index.find_exact(module)?;
    let mut found = BTreeSet::new();
    for refset in index.refsets_with_rows() {
        let Some(rows) = index.refset_rows(Ordinal(refset)) else {
            continue;
        };
        let Some(rule) = rows.field("ruleRefsetId") else { continue };
        let own = rows.rows_of(module).iter().filter(|row| rows.is_active(**row));
        found.extend(own.filter_map(|row| rows.concept_value(*row, &rule)));
    }
    (!found.is_empty()).then_some(found)
}

/// The rows of a reference set with their cells as text.
struct Table<'i> {
    index: &'i CodeSystemIndex,
    rows: RefsetRows<'i>,
}

impl Table<'_> {
    fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.rows.field(name).is_some())
    }

    fn in_use(&self) -> impl Iterator<Item = u32> {
        self.rows.range().filter(|row| self.rows.is_active(*row))
    }

    fn is_on_expressions(&self, row: u32) -> bool {
        CONTENT.contains(&self.text(row, "contentTypeId").as_str())
    }

    /// Rows in use whose rules apply to expressions.
    fn rules(&self) -> impl Iterator<Item = u32> {
        self.in_use().filter(|row| self.is_on_expressions(*row))
    }

    fn text(&self, row: u32, name: &str) -> String {
        let value = self
            .rows
            .field(name)
            .and_then(|field: Field<'_>| self.rows.value(row, &field));
        value.map_or_else(String::new, |value| value.text(self.index).trim().to_owned())
    }
}
