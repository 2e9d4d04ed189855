//! One version of a code system, opened: the readers of its files behind one set of questions.

use super::{
    Alternate, Axioms, ConceptBits, ConceptSet, FileSource, Member, PropertyRows, RefsetRows,
    codes::Codes,
    concepts::Concepts,
    designations::{DesignationColumns, Designations, StoredTexts},
    hierarchy::Hierarchy,
    members::Members,
    refsets::Refsets,
    relations::{Posting, Relation, RelationValue, Relations},
    text::{Text, WordPart},
};
use crate::container::ContainerError;
use crate::model::{Acceptability, CodeSystemHeader, Coding, Designation, DesignationKind, Ordinal, Property, PropertyValue};
use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Sets of so few concepts are joined as sets; more are joined bit by bit.
const FEW: u64 = 32;

/// A code system version. All methods are cheap unless they say otherwise; an ordinal that is out of range
/// (it comes from another index) reads as a concept without content, never as a panic.
#[derive(Debug)]
pub struct CodeSystemIndex {
    header: CodeSystemHeader,
    codes: Codes,
    concepts: Concepts,
    designations: Designations,
    hierarchy: Hierarchy,
    relations: Relations,
    refsets: Option<Refsets>,
    members: Option<Members>,
    text: Option<Text>,
    axioms: Option<Axioms>,
    active: OnceLock<ConceptSet>,
    derived: Derived,
}

/// What others have worked out of a code system, by its type. Each has a lock of its own, so that nobody waits for what
/// others need.
#[derive(Default)]
struct Derived(Mutex<BTreeMap<TypeId, Arc<OnceLock<Anything>>>>);

type Anything = Arc<dyn Any + Send + Sync>;

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived")
    }
}

impl CodeSystemIndex {
    /// Opens the code system whose header is known from the manifest or the builder.
    pub fn open(header: CodeSystemHeader, source: &dyn FileSource) -> Result<Self, ContainerError> {
        let codes = Codes::open(source)?;
        let count = codes.len();
        let designations = Designations::open(source, count)?;
        Ok(Self {
            concepts: Concepts::open(source, count)?,
            members: Members::open(source, count, designations.len())?,
            designations,
            hierarchy: Hierarchy::open(source, count)?,
            relations: Relations::open(source, count)?,
            refsets: Refsets::open(source)?,
            text: Text::open(source)?,
            axioms: Axioms::open(source)?,
            active: OnceLock::new(),
            derived: Derived::default(),
            codes,
            header,
        })
    }

    /// What is known of it besides its concepts.
    pub fn header(&self) -> &CodeSystemHeader {
        &self.header
    }

    /// What is worked out of the whole code system by `make`, once for as long as it is open; others who ask for the same
    /// meanwhile wait. `make` must not ask for what it makes.
    pub fn derived<T: Any + Send + Sync>(&self, make: impl Fn(&Self) -> T) -> Arc<T> {
        let mut kept = self.derived.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.entry(TypeId::of::<T>()).or_default().clone();
        drop(kept);
        let known = place.get_or_init(|| Arc::new(make(self))).clone();
        // What is kept under a type is of that type.
        known.downcast::<T>().unwrap_or_else(|_| Arc::new(make(self)))
    }

    /// How many concepts it has.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // Codes.

    /// The concept with this code; case is ignored where the code system ignores it (exact matches first).
    pub fn find(&self, code: &str) -> Option<Ordinal> {
        self.codes.find(code)
    }

    /// The concept with exactly this code.
    pub fn find_exact(&self, code: &str) -> Option<Ordinal> {
        self.codes.find_exact(code)
    }

    /// The code of a concept.
    pub fn code(&self, concept: Ordinal) -> &str {
        self.codes.code(concept)
    }

    /// Concepts whose codes start with `prefix`, in code order, at most `limit`.
    pub fn codes_starting_with(&self, prefix: &str, limit: usize) -> Vec<Ordinal> {
        self.codes.starting_with(prefix, limit)
    }

    // Concepts.

    /// All concepts, retired ones included.
    pub fn all(&self) -> ConceptSet {
        let mut all = ConceptSet::new();
        all.insert_range(0..self.len() as u32);
        all
    }

    /// Concepts in use. Computed once per open index.
    pub fn active(&self) -> &ConceptSet {
        self.active.get_or_init(|| self.concepts.active())
    }

    /// Concepts that may not be chosen.
    pub fn not_selectable(&self) -> ConceptSet {
        self.concepts.not_selectable()
    }

    /// Whether a concept is in use.
    pub fn is_active(&self, concept: Ordinal) -> bool {
        self.concepts.is_active(concept)
    }

    /// Whether a concept only groups others and may not be chosen.
    pub fn is_not_selectable(&self, concept: Ordinal) -> bool {
        self.concepts.is_not_selectable(concept)
    }

    /// The publisher's status of a concept.
    pub fn status(&self, concept: Ordinal) -> Option<&str> {
        self.concepts.status(concept)
    }

    /// FHIR extensions of a concept, as a JSON array.
    pub fn extensions(&self, concept: Ordinal) -> Option<&str> {
        self.concepts.extensions(concept)
    }

    // Designations.

    /// The display: the designation of kind display, else the first that is no definition.
    pub fn display(&self, concept: Ordinal) -> Option<Cow<'_, str>> {
        let mut range = self.designations.range(concept);
        let number = range.find(|number| self.designations.kind(*number) != DesignationKind::Definition)?;
        Some(self.designations.text(number))
    }

    /// The first definition.
    pub fn definition(&self, concept: Ordinal) -> Option<Cow<'_, str>> {
        let mut range = self.designations.range(concept);
        let number = range.find(|number| self.designations.kind(*number) == DesignationKind::Definition)?;
        Some(self.designations.text(number))
    }

    /// All designations of a concept, its display first, definitions included.
    pub fn designations(&self, concept: Ordinal) -> impl Iterator<Item = Designation> {
        self.designations.range(concept).map(|number| self.designations.get(number))
    }

    /// Numbers of the designations of a concept, for the cheap single-field readers below.
    pub fn designation_numbers(&self, concept: Ordinal) -> impl Iterator<Item = u32> + use<> {
        self.designations.range(concept).map(|number| number as u32)
    }

    /// How many designations there are in all; their numbers run from 0, sorted by concept.
    pub fn designation_count(&self) -> u32 {
        self.designations.len() as u32
    }

    /// The concept of a designation.
    pub fn designation_concept(&self, number: u32) -> Ordinal {
        self.designations.concept(number as usize)
    }

    /// Gives each of ascending designations with its concept: the same as asking for each, in one pass.
    pub fn with_designation_concepts(&self, numbers: &[u32], mut each: impl FnMut(u32, Ordinal)) {
        self.designations
            .with_concepts(numbers, |number, concept| each(number, Ordinal(concept)));
    }

    /// The whole designation.
    pub fn designation(&self, number: u32) -> Designation {
        self.designations.get(number as usize)
    }

    /// The text of a designation.
    pub fn designation_text(&self, number: u32) -> Cow<'_, str> {
        self.designations.text(number as usize)
    }

    /// The texts of all designations as they are stored.
    pub fn stored_texts(&self) -> StoredTexts<'_> {
        self.designations.stored()
    }

    /// The kind of a designation.
    pub fn designation_kind(&self, number: u32) -> DesignationKind {
        self.designations.kind(number as usize)
    }

    /// Whether a designation is in use.
    pub fn designation_is_active(&self, number: u32) -> bool {
        self.designations.is_active(number as usize)
    }

    /// The code of what a designation is for, without the rest of the coding.
    pub fn designation_use_code(&self, number: u32) -> Option<&str> {
        self.designations.use_code(number as usize)
    }

    /// The language of a designation.
    pub fn designation_language(&self, number: u32) -> Option<&str> {
        self.designations.language(number as usize)
    }

    /// Dialects of a designation with its acceptability in each.
    pub fn designation_acceptability(&self, number: u32) -> impl Iterator<Item = (&str, Acceptability)> {
        self.designations.acceptability(number as usize)
    }

    /// The same with numbers: places in [`CodeSystemIndex::dialects`].
    pub fn designation_dialect_numbers(&self, number: u32) -> impl Iterator<Item = (u32, Acceptability)> {
        self.designations.dialect_numbers(number as usize)
    }

    /// What is known of all designations, in numbers.
    pub fn designation_columns(&self) -> DesignationColumns<'_> {
        self.designations.columns()
    }

    /// Codes of what designations are for.
    pub fn designation_use_codes(&self) -> impl Iterator<Item = &str> {
        self.designations.use_codes()
    }

    /// Codes of the modules of designations.
    pub fn designation_modules(&self) -> impl Iterator<Item = &str> {
        self.designations.modules()
    }

    /// Release dates of designations, YYYYMMDD.
    pub fn designation_times(&self) -> &[u32] {
        self.designations.times()
    }

    /// Numbers of the definitions, ascending: they have no words in the word index. Reads a byte of every designation.
    pub fn definition_numbers(&self) -> impl Iterator<Item = u32> {
        self.designations.definitions()
    }

    /// Numbers of the designations, definitions aside, of which every part is found in some word: the folded word begins
    /// with it, ends with it, is it or contains it. `None` where there is no word index.
    pub fn designations_with(&self, parts: &[WordPart<'_>]) -> Option<ConceptBits> {
        let documents = self.text.as_ref()?.with_parts(parts);
        let mut found = ConceptBits::new(self.designations.len());
        let designation = &self.text.as_ref()?.designation;
        let numbers = documents.iter().filter_map(|document| designation.get(document as usize));
        numbers.for_each(|number| found.insert(*number));
        Some(found)
    }

    /// The publisher's id of a designation.
    pub fn designation_id(&self, number: u32) -> Option<&str> {
        self.designations.id(number as usize)
    }

    /// The designation with a publisher's id (a SNOMED CT description id).
    pub fn find_designation(&self, id: &str) -> Option<u32> {
        self.designations.find(id)
    }

    /// What a designation is for (for SNOMED CT, its type).
    pub fn designation_use(&self, number: u32) -> Option<Coding> {
        self.designations.use_(number as usize)
    }

    /// Whether a designation was made from another one and is no term of the release.
    pub fn designation_is_made(&self, number: u32) -> bool {
        self.designations.is_made(number as usize)
    }

    /// The module of a designation, where the publisher says (SNOMED CT).
    pub fn designation_module(&self, number: u32) -> Option<&str> {
        self.designations.module(number as usize)
    }

    /// The release date of a designation's state, YYYYMMDD.
    pub fn designation_effective_time(&self, number: u32) -> Option<u32> {
        self.designations.effective_time(number as usize)
    }

    /// The code of a designation's case significance.
    pub fn designation_case_significance(&self, number: u32) -> Option<&str> {
        self.designations.case_significance(number as usize)
    }

    /// FHIR extensions of a designation, as a JSON array.
    pub fn designation_extensions(&self, number: u32) -> Option<&str> {
        self.designations.extensions(number as usize)
    }

    /// Languages that designations carry.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.designations.languages()
    }

    /// Dialect reference sets that designations carry.
    pub fn dialects(&self) -> impl Iterator<Item = &str> {
        self.designations.dialects()
    }

    // Hierarchy.

    /// Whether any concept has a parent.
    pub fn has_hierarchy(&self) -> bool {
        self.hierarchy.has_links()
    }

    /// Direct parents.
    pub fn parents(&self, concept: Ordinal) -> impl ExactSizeIterator<Item = Ordinal> {
        self.hierarchy.parents(concept).iter().map(|ordinal| Ordinal(*ordinal))
    }

    /// Direct children, in their order.
    pub fn children(&self, concept: Ordinal) -> impl ExactSizeIterator<Item = Ordinal> {
        self.hierarchy.children(concept).iter().map(|ordinal| Ordinal(*ordinal))
    }

    /// Concepts without parents.
    pub fn roots(&self) -> ConceptSet {
        self.hierarchy.roots()
    }

    /// Everything strictly above.
    pub fn ancestors(&self, concept: Ordinal) -> ConceptSet {
        self.ancestors_of(&[concept.0].into_iter().collect())
    }

    /// Everything strictly below.
    pub fn descendants(&self, concept: Ordinal) -> ConceptSet {
        self.descendants_of(&[concept.0].into_iter().collect())
    }

    /// Everything strictly above any of `concepts`.
    pub fn ancestors_of(&self, concepts: &ConceptSet) -> ConceptSet {
        if concepts.len() <= FEW {
            let mut set = ConceptSet::new();
            for concept in concepts {
                self.hierarchy
                    .walk_ancestors(Ordinal(concept), &mut |above| set.insert(above));
            }
            return set;
        }
        let mut above = ConceptBits::new(self.len());
        for concept in concepts {
            // What is above one of them brought all that is above itself.
            if !above.contains(concept) {
                self.hierarchy.walk_ancestors(Ordinal(concept), &mut |found| {
                    let new = !above.contains(found);
                    above.insert(found);
                    // What is out of range would be new again and again.
                    new && above.contains(found)
                });
            }
        }
        above.into_set()
    }

    /// Everything strictly below any of `concepts`.
    pub fn descendants_of(&self, concepts: &ConceptSet) -> ConceptSet {
        if concepts.len() <= FEW {
            let mut set = ConceptSet::new();
            for concept in concepts {
                for (first, last) in self.hierarchy.descendants(Ordinal(concept)) {
                    set.insert_range(first..=last);
                }
            }
            return set;
        }
        let mut below = ConceptBits::new(self.len());
        for concept in concepts {
            // What is below one of them brought all that is below itself.
            if !below.contains(concept) {
                let runs = self.hierarchy.descendants(Ordinal(concept));
                runs.for_each(|(first, last)| below.insert_run(first, last));
            }
        }
        below.into_set()
    }

    /// How many lie strictly below a concept.
    pub fn descendant_count(&self, concept: Ordinal) -> u64 {
        let runs = self.hierarchy.descendants(concept);
        runs.map(|(first, last)| u64::from(last.saturating_sub(first)) + 1).sum()
    }

    /// Whether `ancestor` is strictly above `descendant`.
    pub fn subsumes(&self, ancestor: Ordinal, descendant: Ordinal) -> bool {
        self.hierarchy.is_below(descendant, ancestor)
    }

    // Properties.

    /// All properties of a concept, in the order of the source.
    pub fn properties(&self, concept: Ordinal) -> Vec<Property> {
        self.relations.all(concept)
    }

    /// FHIR extensions of each property of [`CodeSystemIndex::properties`], as JSON arrays.
    pub fn property_extensions(&self, concept: Ordinal) -> Vec<Option<&str>> {
        self.relations.extensions(concept)
    }

    /// The number of a property.
    pub fn property_number(&self, code: &str) -> Option<u32> {
        self.relations.property(code)
    }

    /// The codes of all properties that concepts have or may have, in the order of their numbers.
    pub fn property_codes(&self) -> impl Iterator<Item = &str> {
        self.relations.codes()
    }

    /// All properties of a concept in the order of the source, read where they lie.
    pub fn relations(&self, concept: Ordinal) -> impl Iterator<Item = Relation<'_>> {
        self.relations.of(concept)
    }

    /// All rows of a property, by concept, read where they lie.
    pub fn property_rows(&self, property: u32) -> PropertyRows<'_> {
        self.relations.rows_of_property(property)
    }

    /// (property, slot, value) of every property of a concept, numbered as in [`CodeSystemIndex::property_rows`].
    pub fn relation_slots(&self, concept: Ordinal) -> impl Iterator<Item = (u32, u32, u32)> {
        self.relations.slots(concept)
    }

    /// All values of properties that are no concepts, numbered as in [`CodeSystemIndex::property_rows`].
    pub fn relation_literals(&self) -> impl Iterator<Item = (u32, RelationValue<'_>)> {
        self.relations.literals()
    }

    /// Every distinct value of a property with the concepts that have it, read where they lie.
    pub fn relation_postings(&self, property: u32) -> impl Iterator<Item = Posting<'_>> {
        self.relations.postings(property)
    }

    /// Concepts of which one of `properties` has this concept as value: a list for each property, each ascending.
    pub fn relation_sources<'i, 'p>(
        &'i self,
        properties: &'p [u32],
        target: Ordinal,
    ) -> impl Iterator<Item = &'i [u32]> + use<'i, 'p> {
        let value = self.relations.number_of_code(self.codes.code(target));
        let lists = value.into_iter().flat_map(move |value| {
            properties
                .iter()
                .map(move |property| self.relations.posting(*property, value))
        });
        lists.filter(|list| !list.is_empty())
    }

    /// How many distinct values a property has, and how many times concepts have one.
    pub fn relation_extent(&self, property: u32) -> (usize, usize) {
        self.relations.extent(property)
    }

    /// The publisher's ids of each property of [`CodeSystemIndex::properties`] that is a relationship, else 0; empty
    /// where the publisher has none.
    pub fn property_ids(&self, concept: Ordinal) -> &[u64] {
        self.relations.ids(concept)
    }

    /// The publisher's ids of the links to each of [`CodeSystemIndex::parents`]; empty where there are none.
    pub fn parent_ids(&self, concept: Ordinal) -> &[u64] {
        self.hierarchy.parent_ids(concept)
    }

    /// The values of one property.
    pub fn property_values(&self, concept: Ordinal, property: &str) -> Vec<PropertyValue> {
        let number = self.relations.property(property);
        number
            .map(|number| self.relations.values_of(concept, number).collect())
            .unwrap_or_default()
    }

    /// The first value of one property as text, without copying; codings read as their four lines.
    pub fn property_text(&self, concept: Ordinal, property: &str) -> Option<&str> {
        self.relations.text_of(concept, self.relations.property(property)?)
    }

    /// Concepts that a coded property names, with the role group.
    pub fn property_targets(&self, concept: Ordinal, property: &str) -> Vec<(u16, Ordinal)> {
        let number = self.relations.property(property);
        number
            .map(|number| self.relations.targets(concept, number).collect())
            .unwrap_or_default()
    }

    /// Whether any concept may have this property.
    pub fn has_property(&self, property: &str) -> bool {
        self.relations.property(property).is_some()
    }

    /// Concepts whose property has this value: a code, a number, true/false, or `system|code` of a coding.
    pub fn with_property(&self, property: &str, value: &str) -> ConceptSet {
        let number = self.relations.property(property);
        number
            .map(|number| self.relations.with_text(number, value))
            .unwrap_or_default()
    }

    /// Concepts that have the property at all.
    pub fn having_property(&self, property: &str) -> ConceptSet {
        let number = self.relations.property(property);
        number.map(|number| self.relations.having(number)).unwrap_or_default()
    }

    /// Concepts whose coded property names one of `targets`.
    pub fn with_property_in(&self, property: &str, targets: &ConceptSet) -> ConceptSet {
        let number = self.relations.property(property);
        number
            .map(|number| self.relations.with_target_in(number, targets))
            .unwrap_or_default()
    }

    /// Every distinct value of a property with the concepts that have it.
    pub fn property_value_sets(&self, property: &str) -> Vec<(PropertyValue, ConceptSet)> {
        let number = self.relations.property(property);
        number
            .map(|number| self.relations.distinct(number).collect())
            .unwrap_or_default()
    }

    // Reference sets.

    /// Reference sets that have members.
    pub fn refsets(&self) -> ConceptSet {
        self.refsets.as_ref().map(Refsets::all).unwrap_or_default()
    }

    /// Members of a reference set; `None` when the concept is none.
    pub fn refset(&self, refset: Ordinal) -> Option<ConceptSet> {
        self.refsets.as_ref()?.set(refset, self.len())
    }

    /// Reference sets that have rows, in use or not (SNOMED CT).
    pub fn refsets_with_rows(&self) -> ConceptSet {
        self.members.as_ref().map(Members::refsets).unwrap_or_default()
    }

    /// The rows of a reference set with all their columns, inactive ones included (SNOMED CT); `None` where it has none.
    pub fn refset_rows(&self, refset: Ordinal) -> Option<RefsetRows<'_>> {
        self.members.as_ref()?.rows(refset)
    }

    /// Codes of the modules that maintain rows of reference sets.
    pub fn row_modules(&self) -> impl Iterator<Item = &str> {
        self.members.iter().flat_map(|members| members.modules())
    }

    /// The rows of any reference set that refer to a concept, in use or not, with their reference sets.
    pub fn rows_of(&self, concept: Ordinal) -> impl Iterator<Item = (Ordinal, u32)> {
        self.members.iter().flat_map(move |members| members.rows_of(concept))
    }

    /// What its axioms say about what it does not list, where that was worked out when it was loaded (SNOMED CT).
    pub fn axioms(&self) -> Option<&Axioms> {
        self.axioms.as_ref()
    }

    /// What an identifier of another scheme identifies (RF2 Identifier file), for every scheme that has it.
    pub fn alternates_named(&self, identifier: &str) -> impl Iterator<Item = Alternate<'_>> {
        self.members
            .iter()
            .flat_map(move |members| members.alternates_named(identifier))
    }

    /// Identifiers that other schemes give to a concept.
    pub fn alternates_of(&self, concept: Ordinal) -> impl Iterator<Item = Alternate<'_>> {
        self.members.iter().flat_map(move |members| members.alternates_of(concept))
    }

    /// Members of a simple list with their extra columns, in the order of the release. Those of RF2 reference sets
    /// have none here: see [`CodeSystemIndex::refset_rows`].
    pub fn refset_members(&self, refset: Ordinal) -> Vec<Member> {
        self.refsets
            .as_ref()
            .map(|refsets| refsets.members(refset))
            .unwrap_or_default()
    }

    pub(super) fn text(&self) -> Option<&Text> {
        self.text.as_ref()
    }
}
