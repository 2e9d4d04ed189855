//! `CodeSystem/$find-matches`: from properties and text to the codes that have them.
//!
//! A complete match has every property, a partial one some, and says which it lacks. For a machine (`exact`) text must be
//! a term as it stands, and partial matches are answered only where there is no complete one. For people text is
//! ranked by the mapper, and each match says how good it is. Sub-properties must stand in one role group. In a
//! compositional code system what is lacking can be said by an expression around the best concept.

use super::algorithmic;
use super::code_system::View;
use super::constraint_sets::Constraints;
use super::value_set::filter::{Place, evaluate};
use super::{CodeSystemIndex, Failure, Terminology, refusals};
use crate::mapper::{Ask, MOST_CANDIDATES, Mapper, Role, SourceItem, Status};
use std::collections::{BTreeMap, BTreeSet};
use tern_index::model::{Coding, Ordinal, PropertyValue};
use tern_index::read::ConceptSet;
use tern_index::value_set::Filter;

/// Matches that are answered where nobody says how many.
pub const MATCHES: usize = 20;
/// Matches that can be asked for.
pub const MOST_MATCHES: usize = 1000;
/// Properties of one request.
pub const MOST_PROPERTIES: usize = 100;

/// Properties that are text of a concept.
const TEXT: [&str; 2] = ["display", "designation"];

/// Concepts that are tried as the focus of an expression.
const FOCUSES: usize = 100;

/// Where filters stand that are in no value set; seen by nobody, since their failures are answered as no match.
const PLACE: Place<'_> = Place {
    value_set: "",
    list: "include",
    include: 0,
    filter: 0,
};

/// A property that a code should have.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its code.
    pub code: String,
    /// Its value; nothing where only its parts matter.
    pub value: Option<PropertyValue>,
    /// Properties of one role group.
    pub parts: Vec<Wanted>,
}

/// A request to find codes.
#[derive(Debug, Clone, PartialEq)]
pub struct FindMatchesRequest {
    /// The code system.
    pub system: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// What the code should have.
    pub properties: Vec<Wanted>,
    /// Whether a machine asks: only what is certain.
    pub exact: bool,
    /// Whether expressions are welcome.
    pub compositional: bool,
    /// Matches wanted.
    pub count: usize,
}

/// A code, and what it has not.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundMatch {
    /// The code, or an expression.
    pub code: Coding,
    /// Properties of the request that it lacks.
    pub unmatched: Vec<Wanted>,
    /// How good it is.
    pub comment: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundMatches {
    /// The best matches.
    pub matches: Vec<FoundMatch>,
    /// How many there are in all.
    pub total: u64,
}

/// Finds matches.
pub fn find_matches(terminology: &Terminology, request: &FindMatchesRequest) -> Result<FoundMatches, Failure> {
    let system = request
        .system
        .as_deref()
        .ok_or_else(|| refusals::no_system("$find-matches"))?;
    if request.properties.is_empty() || request.properties.len() > MOST_PROPERTIES {
        return Err(refusals::count_of_properties(MOST_PROPERTIES));
    }
    if !(1..=MOST_MATCHES).contains(&request.count) {
        return Err(refusals::out_of_range("count", 1.0, MOST_MATCHES as f32));
    }
    let index = terminology
        .code_system(system, request.version.as_deref())
        .map_err(|unresolved| refusals::unknown_system(&unresolved))?;
    let mut search = Search {
        view: View::plain(index),
        request,
        likelihood: BTreeMap::new(),
        constraints: terminology.constraints(),
    };
    let text = search.text();
    let mapper = match text.is_empty() {
        true => None,
        false => Some(algorithmic::mapper(terminology, system, request.version.as_deref())?),
    };
    let sets = search.sets(mapper.as_deref(), &text);
    // A filter that was stopped has found nothing, which is no answer.
    terminology.stop().check()?;
    Ok(search.answer(&sets))
}

struct Search<'r> {
    view: View,
    request: &'r FindMatchesRequest,
    /// Probability of the concepts that text was ranked for.
    likelihood: BTreeMap<u32, f32>,
    constraints: &'r Constraints,
}

impl Search<'_> {
    fn index(&self) -> &CodeSystemIndex {
        &self.view.index
    }

    /// The values of text properties.
    fn text(&self) -> Vec<String> {
        let texts = self.request.properties.iter().filter(|wanted| is_text(wanted));
        texts.map(text_of).filter(|text| !text.is_empty()).collect()
    }

    /// For each property the concepts that have it.
    fn sets(&mut self, mapper: Option<&Mapper>, text: &[String]) -> Vec<ConceptSet> {
        if let (Some(mapper), false) = (mapper, self.request.exact) {
            self.likelihood = rank(mapper, self.index(), &text.join(" "));
        }
        let ranked: ConceptSet = self.likelihood.keys().copied().collect();
        let with = |wanted: &Wanted| match mapper {
            Some(mapper) if is_text(wanted) => {
                let named: ConceptSet = mapper.named(&text_of(wanted)).into_iter().map(|concept| concept.0).collect();
                // The display also names what is no target of mapping: retired and abstract concepts.
                let own = wanted.value.as_ref().map(|value| self.with_value("display", value));
                named | &ranked | own.unwrap_or_default()
            }
            _ => self.with(wanted),
        };
        self.request.properties.iter().map(with).collect()
    }

    /// Concepts that have a property.
    fn with(&self, wanted: &Wanted) -> ConceptSet {
        let own = wanted.value.as_ref().map(|value| self.with_value(&wanted.code, value));
        if wanted.parts.is_empty() {
            return own.unwrap_or_else(|| self.index().having_property(&wanted.code));
        }
        let together = self.together(&wanted.parts);
        own.map_or_else(|| together.clone(), |own| own & &together)
    }

    fn with_value(&self, property: &str, value: &PropertyValue) -> ConceptSet {
        let evaluated = |text: String| {
            let filter = Filter {
                property: property.to_owned(),
                op: "=".into(),
                value: Some(text),
            };
            // What the code system has no such property for matches nothing: the match says that it is lacking.
            evaluate(&self.view, &filter, PLACE, self.constraints).unwrap_or_default()
        };
        match value {
            PropertyValue::Coding(coding) if coding.system.as_deref().is_none_or(|system| system == self.view.url()) => {
                evaluated(coding.code.clone())
            }
            PropertyValue::Coding(coding) => {
                evaluated(format!("{}|{}", coding.system.as_deref().unwrap_or_default(), coding.code))
            }
            other => evaluated(other.to_string()),
        }
    }

    /// Concepts that have all parts, coded ones in one role group.
    fn together(&self, parts: &[Wanted]) -> ConceptSet {
        let sets = parts.iter().map(|part| self.with(part));
        let all = sets.reduce(|left, right| left & right).unwrap_or_default();
        let targets: Vec<(&str, Ordinal)> = parts
            .iter()
            .filter_map(|part| Some((part.code.as_str(), self.index().find(&code_of(part.value.as_ref()?))?)))
            .collect();
        if targets.len() < 2 {
            return all;
        }
        let in_one_group = |concept: &u32| {
            let groups = |(property, target): &(&str, Ordinal)| -> BTreeSet<u16> {
                let found = self.index().property_targets(Ordinal(*concept), property).into_iter();
                found.filter(|(_, other)| other == target).map(|(group, _)| group).collect()
            };
            let shared = targets.iter().map(groups).reduce(|left, right| &left & &right);
            shared.is_some_and(|groups| !groups.is_empty())
        };
        all.iter().filter(in_one_group).collect()
    }

    /// How many properties each concept has, for those that have any.
    fn counted(&self, sets: &[ConceptSet]) -> Vec<(usize, u32)> {
        let mut counts = vec![0u16; self.index().len()];
        for concept in sets.iter().flat_map(ConceptSet::iter) {
            if let Some(count) = counts.get_mut(concept as usize) {
                *count += 1;
            }
        }
        let most = counts.iter().copied().max().unwrap_or_default();
        // A machine gets nothing that has less than the best; people get all, the best first.
        let least = if self.request.exact { most.max(1) } else { 1 };
        let concepts = (0u32..).zip(&counts);
        concepts
            .filter(|(_, count)| **count >= least)
            .map(|(concept, count)| (usize::from(*count), concept))
            .collect()
    }

    fn answer(&self, sets: &[ConceptSet]) -> FoundMatches {
        let mut counted = self.counted(sets);
        let likelihood = |concept: u32| self.likelihood.get(&concept).copied().unwrap_or_default();
        counted.sort_by(|left, right| {
            let by_count = right.0.cmp(&left.0);
            by_count
                .then_with(|| likelihood(right.1).total_cmp(&likelihood(left.1)))
                .then(left.1.cmp(&right.1))
        });
        let total = counted.len() as u64;
        let mut matches: Vec<FoundMatch> = Vec::new();
        if self.request.compositional && self.index().header().compositional {
            let most = counted.first().map_or(0, |(count, _)| *count);
            let best = counted.iter().take_while(|(count, _)| *count == most && most < sets.len());
            matches.extend(
                best.take(FOCUSES)
                    .find_map(|(_, concept)| self.composed(Ordinal(*concept), sets)),
            );
        }
        let found = counted
            .iter()
            .map(|(count, concept)| self.found(*count, Ordinal(*concept), sets));
        matches.extend(found);
        matches.truncate(self.request.count);
        FoundMatches { matches, total }
    }

    fn lacking(&self, concept: Ordinal, sets: &[ConceptSet]) -> Vec<Wanted> {
        let wanted = self.request.properties.iter().zip(sets);
        wanted
            .filter(|(_, set)| !set.contains(concept.0))
            .map(|(wanted, _)| wanted.clone())
            .collect()
    }

    fn found(&self, count: usize, concept: Ordinal, sets: &[ConceptSet]) -> FoundMatch {
        let kind = match (count == sets.len(), self.likelihood.get(&concept.0)) {
            (true, None) => "complete match".to_owned(),
            (false, None) => format!("partial match: {count} of {} properties", sets.len()),
            (complete, Some(likelihood)) => {
                let kind = if complete {
                    "possible match"
                } else {
                    "possible, partial match"
                };
                format!("{kind}: the text has probability {likelihood:.4}")
            }
        };
        FoundMatch {
            code: self.coding(
                self.index().code(concept),
                self.index().display(concept).map(|text| text.into_owned()),
            ),
            unmatched: self.lacking(concept, sets),
            comment: kind,
        }
    }

    fn coding(&self, code: &str, display: Option<String>) -> Coding {
        Coding {
            system: Some(self.view.url().to_owned()),
            version: self.index().header().version.clone(),
            code: code.to_owned(),
            display,
        }
    }

    /// An expression: the concept, refined by the attributes that it lacks. `None` where something that is lacking is no
    /// attribute.
    fn composed(&self, focus: Ordinal, sets: &[ConceptSet]) -> Option<FoundMatch> {
        let lacking = self.lacking(focus, sets);
        let refinements: Option<Vec<String>> = lacking.iter().map(|wanted| self.refinement(wanted)).collect();
        let refinements = refinements.filter(|refinements| !refinements.is_empty())?;
        let code = format!("{}:{}", self.index().code(focus), refinements.join(","));
        Some(FoundMatch {
            code: self.coding(&code, None),
            unmatched: Vec::new(),
            comment: "complete match by a post-coordinated expression; nobody has said that it is sensible".to_owned(),
        })
    }

    fn refinement(&self, wanted: &Wanted) -> Option<String> {
        if !wanted.parts.is_empty() {
            let parts: Option<Vec<String>> = wanted.parts.iter().map(|part| self.refinement(part)).collect();
            return Some(format!("{{{}}}", parts?.join(",")));
        }
        let value = code_of(wanted.value.as_ref()?);
        self.index().find(&wanted.code)?;
        self.index().find(&value)?;
        Some(format!("{}={value}", wanted.code))
    }
}

fn is_text(wanted: &Wanted) -> bool {
    TEXT.contains(&wanted.code.as_str())
}

fn text_of(wanted: &Wanted) -> String {
    wanted.value.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn code_of(value: &PropertyValue) -> String {
    match value {
        PropertyValue::Coding(coding) => coding.code.clone(),
        other => other.to_string(),
    }
}

/// What the mapper makes of a text: its candidates with their probabilities.
fn rank(mapper: &Mapper, index: &CodeSystemIndex, text: &str) -> BTreeMap<u32, f32> {
    let mut item = SourceItem::default();
    item.set(Role::Name, text);
    let ask = Ask {
        keep: MOST_CANDIDATES,
        ..Ask::default()
    };
    let outcome = mapper.answer(&item, ask);
    if !matches!(outcome.status, Status::Mapped | Status::Ambiguous) {
        return BTreeMap::new();
    }
    let found = outcome.candidates.iter();
    found
        .filter_map(|candidate| Some((index.find(&candidate.code)?.0, candidate.probability)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ANIMALS, terminology};
    use super::*;
    use crate::service::Resource;
    use std::sync::Arc;
    use tern_index::build::CodeSystemBuilder;
    use tern_index::model::{CodeSystemHeader, DesignationKind};
    use tern_index::record::{At, ConceptRecord, DesignationRecord, PropertyRecord, ValueRecord};

    fn code(property: &str, value: &str) -> Wanted {
        Wanted {
            code: property.into(),
            value: Some(PropertyValue::Code(value.into())),
            parts: Vec::new(),
        }
    }

    fn find(terminology: &Terminology, exact: bool, compositional: bool, properties: Vec<Wanted>) -> Vec<(String, usize)> {
        let request = FindMatchesRequest {
            system: Some("http://example.org/animals".into()),
            version: None,
            properties,
            exact,
            compositional,
            count: MATCHES,
        };
        let found = find_matches(terminology, &request).unwrap();
        assert!(found.total as usize >= found.matches.len() - usize::from(compositional));
        let shown = found.matches.iter();
        shown.map(|found| (found.code.code.clone(), found.unmatched.len())).collect()
    }

    fn pairs(list: &[(&str, usize)]) -> Vec<(String, usize)> {
        list.iter().map(|(code, lacking)| ((*code).to_owned(), *lacking)).collect()
    }

    #[test]
    fn complete_matches_have_every_property_and_machines_get_no_worse() {
        let terminology = terminology(&[ANIMALS]);
        let cat = vec![code("legs", "4"), code("eats", "fish")];
        assert_eq!(find(&terminology, true, false, cat.clone()), pairs(&[("cat", 0)]));
        assert_eq!(find(&terminology, false, false, cat), pairs(&[("cat", 0), ("eagle", 1)]));
        let none = vec![code("legs", "3"), code("parent", "bird"), code("colour", "red")];
        assert_eq!(find(&terminology, true, false, none), pairs(&[("eagle", 2), ("dodo", 2)]));
        assert_eq!(find(&terminology, true, false, vec![code("legs", "3")]), pairs(&[]));
        assert_eq!(
            find(&terminology, true, false, vec![code("inactive", "true")]),
            pairs(&[("dodo", 0)])
        );
    }

    #[test]
    fn text_must_be_a_term_for_machines_and_is_ranked_for_people() {
        let terminology = terminology(&[ANIMALS]);
        assert_eq!(
            find(&terminology, true, false, vec![code("designation", "adler")]),
            pairs(&[("eagle", 0)])
        );
        assert_eq!(
            find(&terminology, true, false, vec![code("display", "Animal")]),
            pairs(&[("animal", 0)])
        );
        assert_eq!(find(&terminology, true, false, vec![code("display", "big fish")]), pairs(&[]));
        let ranked = find(
            &terminology,
            false,
            false,
            vec![code("display", "big fish"), code("legs", "2")],
        );
        assert!(ranked.contains(&("fish".into(), 1)), "{ranked:?}");
    }

    /// An attribute, its values, and two concepts with them: in one role group, and in two.
    fn grouped() -> Terminology {
        let mut header = CodeSystemHeader::new("http://example.org/animals", None, "test");
        header.compositional = true;
        let mut builder = CodeSystemBuilder::new(header, false);
        for concept in ["site", "kind", "arm", "burn", "together", "apart", "bare"] {
            let record = ConceptRecord {
                code: concept,
                active: true,
                ..ConceptRecord::default()
            };
            builder.concept(At::default(), record, &mut |_, _| Ok(())).unwrap();
            builder.designation(
                At::default(),
                DesignationRecord::new(concept, concept, DesignationKind::Display),
            );
        }
        for (concept, property, value, group) in [
            ("together", "site", "arm", 1),
            ("together", "kind", "burn", 1),
            ("apart", "site", "arm", 1),
            ("apart", "kind", "burn", 2),
        ] {
            let record = PropertyRecord {
                must_resolve: true,
                ..PropertyRecord::new(concept, property, group, ValueRecord::Code(value))
            };
            builder.property(At::default(), record);
        }
        let (header, files, _) = builder.finish(&mut |_, _| Ok(())).unwrap();
        let index = CodeSystemIndex::open(header, &files).unwrap();
        Terminology::of_resources(vec![Resource::CodeSystem(Arc::new(index))])
    }

    #[test]
    fn parts_stand_in_one_role_group() {
        let terminology = grouped();
        let group = Wanted {
            code: "group".into(),
            value: None,
            parts: vec![code("site", "arm"), code("kind", "burn")],
        };
        assert_eq!(find(&terminology, true, false, vec![group]), pairs(&[("together", 0)]));
        let loose = vec![code("site", "arm"), code("kind", "burn")];
        assert_eq!(
            find(&terminology, true, false, loose),
            pairs(&[("together", 0), ("apart", 0)])
        );
    }

    #[test]
    fn an_expression_says_what_no_code_does_where_it_may() {
        let terminology = grouped();
        let wanted = vec![code("display", "bare"), code("site", "arm")];
        let found = find(&terminology, true, true, wanted.clone());
        assert_eq!(
            found
                .iter()
                .filter(|(code, lacking)| code.contains(':') && *lacking == 0)
                .count(),
            1,
            "{found:?}"
        );
        assert!(
            find(&terminology, true, false, wanted)
                .iter()
                .all(|(code, _)| !code.contains(':'))
        );
        let nonsense = vec![code("display", "bare"), code("colour", "red")];
        assert!(
            find(&terminology, true, true, nonsense)
                .iter()
                .all(|(code, _)| !code.contains(':'))
        );
    }

    #[test]
    fn requests_that_ask_nothing_or_too_much_are_refused() {
        let terminology = terminology(&[ANIMALS]);
        let mut request = FindMatchesRequest {
            system: None,
            version: None,
            properties: Vec::new(),
            exact: true,
            compositional: false,
            count: 1,
        };
        assert!(find_matches(&terminology, &request).is_err());
        request.system = Some("http://example.org/animals".into());
        assert!(find_matches(&terminology, &request).is_err());
        request.properties = vec![code("legs", "4"); MOST_PROPERTIES + 1];
        assert!(find_matches(&terminology, &request).is_err());
        request.properties.truncate(1);
        assert!(find_matches(&terminology, &request).is_ok());
        request.count = MOST_MATCHES + 1;
        assert!(find_matches(&terminology, &request).is_err());
    }
}
