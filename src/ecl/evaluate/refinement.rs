//! Refinements: attributes, their values, counts and groups.
//!
//! A condition on one attribute is a union of postings: concepts by (property, value). Conditions joined by AND narrow
//! the focus one after the other, the rarest first; each chooses between reading postings and reading the rows of the
//! concepts that are left, by what costs less. Groups and counts are looked at concept by concept, but only in what
//! the postings of their attributes leave.
//!
//! A relationship in group 0 is a group of its own. Reversed attributes belong to no group of the concept: inside
//! braces they are asked of the concept as a whole.

use super::{Evaluator, Found};
use crate::ecl::ast::{Attribute, Cardinality, Comparison, Group, Order, Refinement, SubExpression};
use crate::ecl::error::{Fault, Kind};
use crate::ecl::number::Decimal;
use crate::ecl::print::print_refinement;
use crate::ecl::terms::Matcher;
use tern_index::model::Ordinal;
use tern_index::read::{ConceptSet, Relation, RelationValue};

/// `116680003`: an attribute like any other to those who name it, but stored as the hierarchy.
const IS_A: &str = "116680003";
/// The number of no property: the hierarchy.
const HIERARCHY: u32 = u32::MAX;
/// What reading the rows of a concept costs, in postings.
const ROWS: u64 = 12;
/// What finding one key costs, in postings.
const LOOKUP: u64 = 24;

/// Attributes of the edition: properties that are concepts and not reference sets.
#[derive(Debug)]
pub(super) struct Attributes(Vec<(u32, Option<Ordinal>)>);

/// Which attributes a name means.
#[derive(Debug, Clone)]
struct Names {
    /// Numbers of properties, ascending.
    properties: Vec<u32>,
    is_a: bool,
}

impl Names {
    fn has(&self, property: u32) -> bool {
        self.properties.binary_search(&property).is_ok() || (self.is_a && property == HIERARCHY)
    }
}

/// What a value must be.
#[derive(Debug)]
enum Test {
    Any,
    Never,
    Concepts { set: ConceptSet, equal: bool },
    Number { value: String, order: Order },
    Text { matchers: Vec<Matcher>, equal: bool },
    Boolean(bool),
}

impl Test {
    fn accepts_concept(&self, concept: u32) -> bool {
        match self {
            Self::Any => true,
            Self::Concepts { set, equal } => set.contains(concept) == *equal,
            _ => false,
        }
    }

    fn accepts(&self, value: RelationValue<'_>) -> bool {
        match (self, value) {
            (Self::Any, _) => true,
            (Self::Concepts { .. }, RelationValue::Concept(concept)) => self.accepts_concept(concept.0),
            (Self::Number { value, order }, RelationValue::Number(found)) => {
                match (Decimal::parse(found), Decimal::parse(value)) {
                    (Some(found), Some(value)) => order.accepts(found.cmp(&value)),
                    _ => false,
                }
            }
            (Self::Text { matchers, equal }, RelationValue::Text(found)) => {
                matchers.iter().any(|matcher| matcher.is_match(found)) == *equal
            }
            (Self::Boolean(wanted), RelationValue::Boolean(found)) => found == *wanted,
            _ => false,
        }
    }
}

/// A condition made ready: names and values evaluated.
#[derive(Debug)]
pub(super) struct Condition {
    names: Names,
    test: Test,
    reverse: bool,
    cardinality: Cardinality,
    shown: String,
}

impl Condition {
    /// Whether a value passes.
    pub(super) fn accepts(&self, value: RelationValue<'_>) -> bool {
        self.test.accepts(value)
    }
}

#[derive(Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    One(Condition),
    Group {
        cardinality: Cardinality,
        set: Box<Node>,
        shown: String,
    },
}

impl Node {
    /// Whether a condition names the hierarchy as an attribute.
    fn asks_for_parents(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::asks_for_parents),
            Self::One(condition) => condition.names.is_a,
            Self::Group { set, .. } => set.asks_for_parents(),
        }
    }
}

impl<'i> Evaluator<'i> {
    fn attributes(&self) -> &Attributes {
        self.attributes.get_or_init(|| {
            let refsets = self.index.refsets();
            let codes = (0u32..).zip(self.index.property_codes());
            let attributes = codes.filter(|(_, code)| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit()));
            let found = attributes.map(|(number, code)| (number, self.index.find_exact(code)));
            // Associations are stored as properties named by their reference set; they are no attributes.
            Attributes(
                found
                    .filter(|(_, concept)| concept.is_none_or(|concept| !refsets.contains(concept.0)))
                    .collect(),
            )
        })
    }

    fn names(&mut self, name: &SubExpression) -> Found<Names> {
        if name.is_any() {
            let properties = self.attributes().0.iter().map(|(number, _)| *number).collect();
            return Ok(Names { properties, is_a: false });
        }
        let meant = self.sub(name)?;
        let attributes = self.attributes().0.iter();
        let properties: Vec<u32> = attributes
            .filter(|(_, concept)| concept.is_some_and(|concept| meant.contains(concept.0)))
            .map(|(number, _)| *number)
            .collect();
        let is_a = self.index.find_exact(IS_A).is_some_and(|is_a| meant.contains(is_a.0));
        if properties.is_empty() && !is_a {
            self.warn(name.span, "no concept of the edition has this attribute".to_owned());
        }
        Ok(Names { properties, is_a })
    }

    /// The concepts of `focus` that satisfy a refinement.
    pub(super) fn refined(&mut self, refinement: &Refinement, focus: ConceptSet) -> Found<ConceptSet> {
        let node = self.ready(refinement)?;
        self.narrow(&node, focus)
    }

    fn ready(&mut self, refinement: &Refinement) -> Found<Node> {
        Ok(match refinement {
            Refinement::And(parts) => Node::And(self.all_ready(parts)?),
            Refinement::Or(parts) => Node::Or(self.all_ready(parts)?),
            Refinement::Attribute(attribute) => Node::One(self.condition(attribute)?),
            Refinement::Group(group) => {
                let Group { cardinality, set, .. } = &**group;
                Node::Group {
                    cardinality: cardinality.unwrap_or(Cardinality::DEFAULT),
                    set: Box::new(self.ready(set)?),
                    shown: print_refinement(refinement),
                }
            }
        })
    }

    fn all_ready(&mut self, parts: &[Refinement]) -> Found<Vec<Node>> {
        parts.iter().map(|part| self.ready(part)).collect()
    }

    pub(super) fn condition(&mut self, attribute: &Attribute) -> Found<Condition> {
        let names = self.names(&attribute.name)?;
        let test = match &attribute.comparison {
            Comparison::Concepts { equal, value } if value.is_any() => {
                if *equal {
                    Test::Any
                } else {
                    Test::Never
                }
            }
            Comparison::Concepts { equal, value } => Test::Concepts {
                set: self.sub(value)?,
                equal: *equal,
            },
            _ if attribute.reverse => {
                let message = "a reversed attribute is compared with the concepts that have it; numbers and texts have none";
                return Err(Fault::new(Kind::Meaning, attribute.span.start, message));
            }
            Comparison::Number { order, value } => Test::Number {
                value: value.clone(),
                order: *order,
            },
            Comparison::Text { equal, terms } => Test::Text {
                matchers: terms.iter().map(Matcher::new).collect(),
                equal: *equal,
            },
            Comparison::Boolean { equal, value } => Test::Boolean(value == equal),
            // The grammar has dates in member filters only.
            Comparison::Time { .. } => Test::Never,
        };
        Ok(Condition {
            names,
            test,
            reverse: attribute.reverse,
            cardinality: attribute.cardinality.unwrap_or(Cardinality::DEFAULT),
            shown: print_refinement(&Refinement::Attribute(Box::new(attribute.clone()))),
        })
    }

    /// An upper bound of how many concepts satisfy a node, cheaply.
    fn estimate(&self, node: &Node) -> u64 {
        match node {
            Node::And(parts) => parts.iter().map(|part| self.estimate(part)).min().unwrap_or(u64::MAX),
            Node::Or(parts) => parts.iter().map(|part| self.estimate(part)).fold(0, u64::saturating_add),
            Node::One(condition) if condition.cardinality.minimum == 0 => u64::MAX,
            Node::One(condition) => self.cost(condition).1,
            Node::Group { cardinality, .. } if cardinality.minimum == 0 => u64::MAX,
            Node::Group { set, .. } => self.estimate(set),
        }
    }

    /// What reading the postings of a condition costs, and an upper bound of the concepts found.
    fn cost(&self, condition: &Condition) -> (u64, u64) {
        let extents = condition
            .names
            .properties
            .iter()
            .map(|property| self.index.relation_extent(*property));
        let (keys, postings) = extents.fold((0u64, 0u64), |(keys, postings), (own, times)| {
            (keys + own as u64, postings + times as u64)
        });
        match &condition.test {
            Test::Never => (0, 0),
            Test::Concepts { set, equal: true } if set.len() <= 64 => {
                let targets = set.iter().map(Ordinal);
                let sources: u64 = targets
                    .map(|target| {
                        self.sources_of(&condition.names, target)
                            .map(|own| own.len() as u64)
                            .sum::<u64>()
                    })
                    .sum();
                let lookups = set.len() * condition.names.properties.len() as u64 * LOOKUP;
                (lookups + sources, if condition.reverse { set.len() * ROWS } else { sources })
            }
            _ => (keys + postings, postings),
        }
    }

    fn sources_of<'n>(&'n self, names: &'n Names, target: Ordinal) -> impl Iterator<Item = &'i [u32]> + 'n {
        let index = self.index;
        names
            .properties
            .iter()
            .map(move |property| index.relation_sources(*property, target))
    }

    /// The concepts of `focus` that satisfy a node.
    fn narrow(&mut self, node: &Node, focus: ConceptSet) -> Found<ConceptSet> {
        self.tick(1)?;
        if focus.is_empty() {
            return Ok(focus);
        }
        match node {
            Node::And(parts) => {
                let mut order: Vec<&Node> = parts.iter().collect();
                order.sort_by_cached_key(|part| self.estimate(part));
                order.into_iter().try_fold(focus, |left, part| self.narrow(part, left))
            }
            Node::Or(parts) => {
                let mut found = ConceptSet::new();
                for part in parts {
                    let left = &focus - &found;
                    found |= self.narrow(part, left)?;
                }
                Ok(found)
            }
            Node::One(condition) => {
                let begun = self.plan.begin(|| condition.shown.clone());
                let (found, way) = self.one(condition, focus)?;
                self.plan.note(&begun, way);
                self.plan.end(&begun, found.len());
                Ok(found)
            }
            Node::Group { cardinality, set, shown } => {
                let begun = self.plan.begin(|| shown.clone());
                let found = self.group(*cardinality, set, focus)?;
                self.plan.note(&begun, "joined by group");
                self.plan.end(&begun, found.len());
                Ok(found)
            }
        }
    }

    fn one(&mut self, condition: &Condition, focus: ConceptSet) -> Found<(ConceptSet, &'static str)> {
        let Cardinality { minimum, maximum } = condition.cardinality;
        if minimum == 0 && maximum.is_none() {
            return Ok((focus, "no constraint"));
        }
        let (having, way) = self.having(condition, &focus)?;
        if minimum == 0 && maximum == Some(0) {
            return Ok((focus - having, way));
        }
        if minimum <= 1 && maximum.is_none() {
            return Ok((having, way));
        }
        let mut counted = ConceptSet::new();
        for concept in &having {
            self.tick(ROWS as u32)?;
            if condition.cardinality.admits(self.count(condition, Ordinal(concept))) {
                counted.insert(concept);
            }
        }
        let found = if minimum == 0 { (focus - having) | counted } else { counted };
        Ok((found, way))
    }

    /// How many attributes of a concept satisfy a condition; of a reversed one, how many concepts have it as value.
    fn count(&self, condition: &Condition, concept: Ordinal) -> u64 {
        if !condition.reverse {
            return self.rows(concept).filter(|row| satisfies(condition, row)).count() as u64;
        }
        let mut sources = ConceptSet::new();
        for own in self.sources_of(&condition.names, concept) {
            sources.extend(own.iter().copied().filter(|source| condition.test.accepts_concept(*source)));
        }
        if condition.names.is_a {
            let children = self.index.children(concept).map(|child| child.0);
            sources.extend(children.filter(|child| condition.test.accepts_concept(*child)));
        }
        sources.len()
    }

    /// The relationships of a concept, its parents among them.
    fn rows(&self, concept: Ordinal) -> impl Iterator<Item = Relation<'i>> + use<'i> {
        let parents = self.index.parents(concept).map(|parent| Relation {
            property: HIERARCHY,
            group: 0,
            value: RelationValue::Concept(parent),
        });
        self.index.relations(concept).chain(parents)
    }

    /// The concepts of `focus` of which at least one attribute satisfies a condition, and how they were found.
    fn having(&mut self, condition: &Condition, focus: &ConceptSet) -> Found<(ConceptSet, &'static str)> {
        if matches!(condition.test, Test::Never) {
            return Ok((ConceptSet::new(), "nothing"));
        }
        let by_rows = focus.len().saturating_mul(if condition.reverse { LOOKUP } else { ROWS });
        if by_rows < self.cost(condition).0 {
            let mut found = ConceptSet::new();
            for concept in focus {
                self.tick(ROWS as u32)?;
                let own = Ordinal(concept);
                let satisfied = if condition.reverse {
                    self.count(condition, own) > 0
                } else {
                    self.rows(own).any(|row| satisfies(condition, &row))
                };
                if satisfied {
                    found.insert(concept);
                }
            }
            return Ok((found, "rows of what is left"));
        }
        let mut gathered = Gathered::new(self.index.len());
        if condition.reverse {
            self.gather_values(condition, &mut gathered)?;
        } else {
            self.gather_sources(condition, &mut gathered)?;
        }
        Ok((gathered.into_set() & focus, "postings"))
    }

    fn gather_sources(&mut self, condition: &Condition, gathered: &mut Gathered) -> Found<()> {
        let index = self.index;
        if let Test::Concepts { set, equal: true } = &condition.test {
            if condition.names.is_a {
                let children = set.iter().flat_map(|target| index.children(Ordinal(target)));
                children.for_each(|child| gathered.insert(child.0));
            }
            let properties = &condition.names.properties;
            let keys: u64 = properties
                .iter()
                .map(|property| index.relation_extent(*property).0 as u64)
                .sum();
            if set.len().saturating_mul(properties.len() as u64).saturating_mul(LOOKUP) < keys {
                for target in set {
                    self.tick(1)?;
                    let sources = self.sources_of(&condition.names, Ordinal(target)).flatten();
                    sources.for_each(|source| gathered.insert(*source));
                }
                return Ok(());
            }
        } else if condition.names.is_a {
            for concept in index.active() {
                let accepted = |parent: Ordinal| condition.test.accepts_concept(parent.0);
                if index.parents(Ordinal(concept)).any(accepted) {
                    gathered.insert(concept);
                }
            }
        }
        for property in &condition.names.properties {
            for (value, sources) in index.relation_postings(*property) {
                self.tick(1)?;
                if condition.test.accepts(value) {
                    sources.iter().for_each(|source| gathered.insert(*source));
                }
            }
        }
        Ok(())
    }

    /// Values that concepts which pass the test have in the attributes.
    fn gather_values(&mut self, condition: &Condition, gathered: &mut Gathered) -> Found<()> {
        let index = self.index;
        let small = match &condition.test {
            Test::Concepts { set, equal: true } => Some(set).filter(|set| {
                let extents = condition
                    .names
                    .properties
                    .iter()
                    .map(|property| index.relation_extent(*property).1 as u64);
                set.len().saturating_mul(ROWS) < extents.sum::<u64>()
            }),
            _ => None,
        };
        if let Some(set) = small {
            return self.gather_values_of(set, &condition.names, gathered);
        }
        for property in &condition.names.properties {
            for (value, sources) in index.relation_postings(*property) {
                self.tick(1)?;
                if let RelationValue::Concept(target) = value
                    && sources.iter().any(|source| condition.test.accepts_concept(*source))
                {
                    gathered.insert(target.0);
                }
            }
        }
        if condition.names.is_a {
            for concept in index.active() {
                if condition.test.accepts_concept(concept) {
                    index.parents(Ordinal(concept)).for_each(|parent| gathered.insert(parent.0));
                }
            }
        }
        Ok(())
    }

    fn gather_values_of(&mut self, sources: &ConceptSet, names: &Names, gathered: &mut Gathered) -> Found<()> {
        for source in sources {
            self.tick(ROWS as u32)?;
            for row in self.rows(Ordinal(source)) {
                if let RelationValue::Concept(target) = row.value
                    && names.has(row.property)
                {
                    gathered.insert(target.0);
                }
            }
        }
        Ok(())
    }

    /// `. attribute`: the concepts that are values of an attribute of any of `sources`.
    pub(super) fn values(&mut self, sources: &ConceptSet, attribute: &SubExpression) -> Found<ConceptSet> {
        let names = self.names(attribute)?;
        let mut gathered = Gathered::new(self.index.len());
        let condition = Condition {
            names,
            test: Test::Concepts {
                set: sources & self.index.active(),
                equal: true,
            },
            reverse: true,
            cardinality: Cardinality::DEFAULT,
            shown: String::new(),
        };
        self.gather_values(&condition, &mut gathered)?;
        Ok(gathered.into_set() & self.index.active())
    }

    fn group(&mut self, cardinality: Cardinality, set: &Node, focus: ConceptSet) -> Found<ConceptSet> {
        if cardinality.minimum == 0 && cardinality.maximum.is_none() {
            return Ok(focus);
        }
        let possible = self.possible(set, &focus)?;
        let mut admitted = ConceptSet::new();
        for concept in possible.as_ref().unwrap_or(&focus) {
            self.tick(ROWS as u32)?;
            if cardinality.admits(self.groups(set, Ordinal(concept))) {
                admitted.insert(concept);
            }
        }
        if let Some(possible) = possible.filter(|_| cardinality.minimum == 0) {
            // The others have no such group, which is few enough.
            admitted |= focus - possible;
        }
        Ok(admitted)
    }

    /// How many groups of a concept satisfy a node.
    fn groups(&self, set: &Node, concept: Ordinal) -> u64 {
        let mut rows: Vec<Relation<'i>> = self.rows(concept).collect();
        rows.sort_by_key(|row| row.group);
        let own = rows.partition_point(|row| row.group == 0);
        let (alone, grouped) = rows.split_at(own);
        let alone = alone.chunks(1);
        let groups = grouped.chunk_by(|a, b| a.group == b.group).chain(alone);
        let parents = set.asks_for_parents();
        groups
            .filter(|group| self.is_group(group, parents))
            .filter(|group| self.admits(set, concept, group))
            .count() as u64
    }

    /// Whether rows have an attribute among them: associations and what else is kept as a property make no group, nor
    /// does a parent where nobody asks for parents.
    fn is_group(&self, rows: &[Relation<'_>], parents: bool) -> bool {
        let attributes = &self.attributes().0;
        rows.iter().any(|row| match row.property {
            HIERARCHY => parents,
            property => attributes.binary_search_by_key(&property, |(number, _)| *number).is_ok(),
        })
    }

    fn admits(&self, node: &Node, concept: Ordinal, rows: &[Relation<'_>]) -> bool {
        match node {
            Node::And(parts) => parts.iter().all(|part| self.admits(part, concept, rows)),
            Node::Or(parts) => parts.iter().any(|part| self.admits(part, concept, rows)),
            Node::One(condition) if condition.reverse => condition.cardinality.admits(self.count(condition, concept)),
            Node::One(condition) => {
                let count = rows.iter().filter(|row| satisfies(condition, row)).count();
                condition.cardinality.admits(count as u64)
            }
            // The grammar has no groups in groups.
            Node::Group { .. } => false,
        }
    }

    /// Concepts of `focus` that may have a group which satisfies a node; `None` where all may.
    fn possible(&mut self, node: &Node, focus: &ConceptSet) -> Found<Option<ConceptSet>> {
        match node {
            Node::And(parts) => {
                let mut order: Vec<&Node> = parts.iter().collect();
                order.sort_by_cached_key(|part| self.estimate(part));
                let mut left: Option<ConceptSet> = None;
                for part in order {
                    let narrowed = self.possible(part, left.as_ref().unwrap_or(focus))?;
                    left = narrowed.or(left);
                }
                Ok(left)
            }
            Node::Or(parts) => {
                let mut found = ConceptSet::new();
                for part in parts {
                    match self.possible(part, focus)? {
                        Some(possible) => found |= possible,
                        None => return Ok(None),
                    }
                }
                Ok(Some(found))
            }
            Node::One(condition) if condition.cardinality.minimum == 0 => Ok(None),
            Node::One(condition) => {
                let begun = self.plan.begin(|| condition.shown.clone());
                let (found, way) = self.having(condition, focus)?;
                self.plan.note(&begun, way);
                self.plan.end(&begun, found.len());
                Ok(Some(found))
            }
            Node::Group { .. } => Ok(None),
        }
    }
}

fn satisfies(condition: &Condition, row: &Relation<'_>) -> bool {
    condition.names.has(row.property) && condition.test.accepts(row.value)
}

/// Concepts in any order, many of them twice: a bit each.
struct Gathered {
    words: Vec<u64>,
}

impl Gathered {
    fn new(concepts: usize) -> Self {
        Self {
            words: vec![0; concepts.div_ceil(64)],
        }
    }

    fn insert(&mut self, concept: u32) {
        if let Some(word) = self.words.get_mut(concept as usize / 64) {
            *word |= 1 << (concept % 64);
        }
    }

    fn into_set(self) -> ConceptSet {
        let bits = (0u32..).zip(self.words).flat_map(|(place, mut word)| {
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                Some(place * 64 + bit)
            })
        });
        // Ascending by construction, which is the only thing that could be wrong.
        ConceptSet::from_sorted_iter(bits).unwrap_or_default()
    }
}
