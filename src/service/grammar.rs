//! Code systems that are rules, made into indexes: the codes that a request speaks of, and those in common use where
//! it wants all.
//!
//! One reader serves lists and rules alike: what a request names is read by the grammar, and what is a code becomes
//! a concept of an index that lives as long as the request. A code system of the same URL that is loaded goes before.

use super::resource::Resource;
use super::terminology::Terminology;
use super::value_set::Members;
use crate::grammars::{self, Grammar};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tern_index::build::CodeSystemBuilder;
use tern_index::model::{Canonical, CodeSystemHeader, Coding, DesignationKind, FilterDefinition};
use tern_index::read::CodeSystemIndex;
use tern_index::record::{At, ConceptRecord, DesignationRecord, PropertyRecord, ValueRecord};
use tern_index::value_set::{Include, ValueSet};

/// What a request says of code systems that are rules.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    systems: BTreeMap<&'static str, Mention>,
    /// Value sets that have been looked through.
    seen: BTreeSet<Canonical>,
}

#[derive(Debug, Default)]
struct Mention {
    codes: BTreeSet<String>,
    /// Whether all codes are meant, or those that pass a filter.
    open: bool,
}

impl Mentions {
    /// Those of a code.
    pub fn coding(&mut self, terminology: &Terminology, system: &str, code: &str) {
        if let Some(grammar) = grammar_of(terminology, system) {
            self.systems.entry(grammar.url()).or_default().codes.insert(code.to_owned());
        }
    }

    /// Those of codings.
    pub fn codings<'c>(&mut self, terminology: &Terminology, codings: impl IntoIterator<Item = &'c Coding>) {
        for coding in codings {
            if let Some(system) = &coding.system {
                self.coding(terminology, system, &coding.code);
            }
        }
    }

    /// Those of a value set and of what it imports; `unsystematic` are codes that may be of any of its systems.
    pub fn value_set(&mut self, terminology: &Terminology, value_set: &ValueSet, unsystematic: &[&str]) {
        if let Some(compose) = &value_set.compose {
            for include in compose.include.iter().chain(&compose.exclude) {
                self.include(terminology, include, unsystematic);
                for import in &include.value_sets {
                    self.import(terminology, value_set, import, unsystematic);
                }
            }
        } else if let Some(expansion) = &value_set.expansion {
            let mut entries: Vec<_> = expansion.contains.iter().collect();
            while let Some(entry) = entries.pop() {
                self.codings(terminology, [&entry.coding]);
                entries.extend(&entry.contains);
            }
        }
    }

    fn include(&mut self, terminology: &Terminology, include: &Include, unsystematic: &[&str]) {
        let system = include.system.as_deref();
        let Some(grammar) = system.and_then(|system| grammar_of(terminology, system)) else {
            return;
        };
        let mention = self.systems.entry(grammar.url()).or_default();
        mention.open |= include.concepts.is_empty();
        mention
            .codes
            .extend(include.concepts.iter().map(|concept| concept.code.clone()));
        mention.codes.extend(unsystematic.iter().map(|code| (*code).to_owned()));
        // A filter on codes names them.
        let on_codes = include
            .filters
            .iter()
            .filter(|filter| matches!(filter.property.as_str(), "code" | "concept"));
        let named = on_codes.flat_map(|filter| filter.value.as_deref().unwrap_or("").split(','));
        mention.codes.extend(named.map(|code| code.trim().to_owned()));
    }

    fn import(&mut self, terminology: &Terminology, value_set: &ValueSet, import: &Canonical, unsystematic: &[&str]) {
        if let Some(id) = import.url.strip_prefix('#') {
            let contained = value_set.contained.iter().find(|inner| inner.id.as_deref() == Some(id));
            if let Some(contained) = contained.filter(|_| self.seen.insert(import.clone())) {
                self.value_set(terminology, contained, unsystematic);
            }
            return;
        }
        if self.seen.insert(import.clone())
            && let Ok(imported) = terminology.value_set(&import.url, import.version.as_deref())
        {
            self.value_set(terminology, &imported, unsystematic);
        }
    }

    /// A view of the terminology in which what is mentioned are code systems; with codes in common use where
    /// `listing` asks for codes.
    pub fn speaking(self, terminology: &Terminology, listing: bool) -> Terminology {
        let indexes = self.systems.iter().filter_map(|(url, mention)| {
            let grammar = grammars::by_url(url)?;
            index(terminology, grammar, mention, listing).map(Resource::CodeSystem)
        });
        terminology.with_overlay(indexes.collect())
    }
}

/// The grammar of a code system that is not loaded as a list.
fn grammar_of(terminology: &Terminology, system: &str) -> Option<&'static dyn Grammar> {
    let url = terminology.canonical_url(system);
    grammars::by_url(url).filter(|grammar| terminology.loaded_versions(grammar.url()) == 0)
}

/// Indexes of the finite ones, which are the same for all requests.
static FINITE: LazyLock<Mutex<BTreeMap<&'static str, Arc<CodeSystemIndex>>>> = LazyLock::new(Mutex::default);

fn index(
    terminology: &Terminology,
    grammar: &'static dyn Grammar,
    mention: &Mention,
    listing: bool,
) -> Option<Arc<CodeSystemIndex>> {
    if let Some(all) = grammar.all() {
        // A poisoned lock holds a map that was whole before and is whole now.
        let mut finite = FINITE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = finite.get(grammar.url()) {
            return Some(index.clone());
        }
        let built = build(grammar, all.iter().map(|code| (code.as_ref(), None)))?;
        finite.insert(grammar.url(), built.clone());
        return Some(built);
    }
    let common = in_use(terminology, grammar);
    let concepts = || {
        let includes = common.iter().filter_map(|common| common.compose.as_ref());
        let includes = includes.flat_map(|compose| &compose.include);
        includes
            .filter(|include| include.system.as_deref() == Some(grammar.url()))
            .flat_map(|include| &include.concepts)
    };
    let mut named: BTreeMap<&str, Option<&str>> = mention.codes.iter().map(|code| (code.as_str(), None)).collect();
    for concept in concepts() {
        let wanted = listing && mention.open;
        if wanted || named.contains_key(concept.code.as_str()) {
            named.insert(&concept.code, concept.display.as_deref());
        }
    }
    build(grammar, named.into_iter())
}

/// The value set that stands for the codes in use of an infinite code system.
pub(super) fn in_use(terminology: &Terminology, grammar: &dyn Grammar) -> Option<Arc<ValueSet>> {
    let mut candidates = grammar.in_use().iter();
    candidates.find_map(|url| terminology.value_set(url, None).ok())
}

fn build<'c>(
    grammar: &'static dyn Grammar,
    codes: impl Iterator<Item = (&'c str, Option<&'c str>)>,
) -> Option<Arc<CodeSystemIndex>> {
    let mut builder = CodeSystemBuilder::new(header(grammar), false);
    // Nothing here comes from a file.
    let at = At {
        file: 0,
        column: 0,
        line: 0,
    };
    for (code, common) in codes {
        let Ok(named) = grammar.read(code) else { continue };
        let concept = ConceptRecord {
            code,
            active: true,
            not_selectable: false,
            status: None,
            extensions: None,
        };
        // The only error is a report that says stop, and this one never does.
        let _ = builder.concept(at, concept, &mut |_, _| Ok(()));
        let mut term = |value: &str, kind| {
            let record = DesignationRecord {
                language: Some("en"),
                ..DesignationRecord::new(code, value, kind)
            };
            builder.designation(at, record);
        };
        if let Some(display) = &named.display {
            term(display, DesignationKind::Display);
        }
        let others = named.terms.iter().map(String::as_str).chain(common);
        for other in others.filter(|other| Some(*other) != named.display.as_deref()) {
            term(other, DesignationKind::Synonym);
        }
        for (property, value) in &named.properties {
            builder.property(at, PropertyRecord::new(code, property, 0, ValueRecord::Code(value)));
        }
    }
    let (header, files, _) = builder.finish(&mut |_, _| Ok(())).ok()?;
    CodeSystemIndex::open(header, &files).ok().map(Arc::new)
}

fn header(grammar: &dyn Grammar) -> CodeSystemHeader {
    let filter = |(code, operators): &(&str, &[&str])| FilterDefinition {
        code: (*code).to_owned(),
        description: None,
        operators: operators.iter().map(|operator| (*operator).to_owned()).collect(),
        value: None,
    };
    CodeSystemHeader {
        name: Some(grammar.name().into()),
        title: Some(grammar.title().into()),
        language: Some("en".into()),
        compositional: grammar.all().is_none(),
        filters: grammar.filters().iter().map(filter).collect(),
        ..CodeSystemHeader::new(grammar.url(), grammar.version().map(str::to_owned), "grammar")
    }
}

/// Headers of all grammars of which no list is loaded.
pub(super) fn headers(terminology: &Terminology) -> Vec<CodeSystemHeader> {
    let unlisted = grammars::ALL
        .into_iter()
        .filter(|grammar| terminology.loaded_versions(grammar.url()) == 0);
    unlisted.map(header).collect()
}

/// A code system with infinitely many codes of which the members hold some, not because they are listed.
pub(super) fn open(members: &Members) -> Option<&'static dyn Grammar> {
    let mut parts = members.parts.iter().filter(|part| part.listing.is_none());
    parts.find_map(|part| grammars::by_url(part.view.url()).filter(|grammar| grammar.all().is_none()))
}

/// What a grammar says of a text that is none of its codes.
pub(super) fn fault(system: &str, code: &str) -> Option<String> {
    grammars::by_url(system)?.read(code).err().flatten()
}

/// Whether any display will do for a code.
pub(super) fn is_open_code(system: &str, code: &str) -> bool {
    grammars::by_url(system).is_some_and(|grammar| grammar.read(code).is_ok_and(|named| named.open))
}

/// Why a code does not pass the filters of the includes of its system.
pub(super) fn refusals(value_set: &ValueSet, system: &str, code: &str) -> Vec<String> {
    let Some(grammar) = grammars::by_url(system).filter(|grammar| grammar.read(code).is_ok()) else {
        return Vec::new();
    };
    let includes = value_set.compose.iter().flat_map(|compose| &compose.include);
    let own = includes.filter(|include| include.system.as_deref() == Some(system));
    let filters = own.flat_map(|include| &include.filters);
    let judged = filters.filter_map(|filter| {
        let value = filter.value.as_deref().unwrap_or("");
        grammar.passes(code, &filter.property, &filter.op, value)?.err()
    });
    judged.collect()
}
