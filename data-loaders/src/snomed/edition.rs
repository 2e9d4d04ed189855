//! Which edition a release is, and its version URI.
//!
//! The edition is a module: the one on which all else that is loaded comes to rest. It is read from the module
//! dependency reference set. Published editions are known by their modules; among several, and for modules that
//! are not known, the one that depends on most others is the edition. A module of another namespace that depends
//! on a published edition (a hospital's own extension) takes its place. Where only International modules are
//! present, the edition is the International one, although its map modules depend on the core module. An extension whose
//! module the reference set does not mention at all is the edition, too: what is loaded is no longer what the others say.
//!
//! The date is the newest release date in the file names, or failing those the newest date of a concept. Of a release
//! read as of a past day it is the newest date of a concept or dependency until then.
//!
//! The same reference set says which version of which module each module rests on. A release whose modules rest on what
//! is not there, or on another version of it, is refused: its hierarchy would have holes, or hang in the wrong place.
//!
//! The URI is `http://snomed.info/sct/<module>/version/<date>`. It begins `http://snomed.info/xsct`, the form the
//! SNOMED CT URI standard keeps for content that is not published, when the release says so in one of these ways:
//! its files carry the `x` prefix of alpha and beta releases; its readme names an edition under that URI; or its
//! readme calls it a subset or subontology of SNOMED CT and its module is none of the published editions.

use super::files::{Content, RefsetRole, Rf2File, read_date};
use super::rows::{Components, Uuid};
use super::sctid::{Partition, Sctid};
use crate::gate::Gate;
use crate::source::Member;
use crate::{LoadError, LoadOptions};
use std::collections::{BTreeMap, BTreeSet};
use tern_index::record::{ProblemKind, RecordSink};

/// The International Edition's core module.
pub(super) const CORE_MODULE: Sctid = Sctid(900_000_000_000_207_008);

/// Editions that are published, by module. The United States' ICD-10-CM map module is left out on purpose: it depends
/// on the edition's own module, and would otherwise be taken for the edition.
const PUBLISHED: [(u64, &str); 30] = [
    (CORE_MODULE.0, "International"),
    (11_000_221_109, "Argentina"),
    (32_506_021_000_036_107, "Australia"),
    (11_000_234_105, "Austria"),
    (11_000_172_109, "Belgium"),
    (20_611_000_087_101, "Canada"),
    (20_621_000_087_109, "Canada, English"),
    (21_000_325_107, "Chile"),
    (11_000_279_109, "Czechia"),
    (554_471_000_005_108, "Denmark"),
    (11_000_181_102, "Estonia"),
    (11_000_229_106, "Finland"),
    (11_000_241_103, "Common French"),
    (11_000_274_103, "Germany"),
    (1_121_000_189_102, "India"),
    (827_022_005, "International Patient Summary"),
    (11_000_220_105, "Ireland"),
    (11_000_267_109, "Republic of Korea"),
    (11_010_000_107, "LOINC Ontology"),
    (11_000_146_104, "Netherlands"),
    (21_000_210_109, "New Zealand"),
    (51_000_202_101, "Norway"),
    (449_081_005, "International, Spanish"),
    (900_000_001_000_122_104, "Spain"),
    (45_991_000_052_106, "Sweden"),
    (2_011_000_195_101, "Switzerland"),
    (83_821_000_000_107, "United Kingdom"),
    (999_000_021_000_000_109, "United Kingdom, clinical"),
    (5_631_000_179_106, "Uruguay"),
    (731_000_124_108, "United States"),
];

/// The name of a published edition, by its module.
pub fn published_edition(module: &str) -> Option<&'static str> {
    let module: u64 = module.parse().ok()?;
    let found = PUBLISHED.iter().find(|(own, _)| *own == module);
    found.map(|(_, name)| *name)
}

/// An edition at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edition {
    /// The version URI.
    pub(super) version: String,
    /// What people call it.
    pub(super) title: String,
    /// FHIR date of the release, where it is known.
    pub(super) date: Option<String>,
    /// Whether it is not a published edition.
    pub(super) experimental: bool,
}

fn published(module: u64) -> Option<&'static str> {
    PUBLISHED.iter().find(|(known, _)| *known == module).map(|(_, name)| *name)
}

/// Which module depends on which, and all of those in turn.
#[derive(Debug, Default)]
struct Dependencies {
    targets: BTreeMap<u64, BTreeSet<u64>>,
    /// In use: module, its version, what it rests on, in which version.
    versions: Vec<(u64, u32, u64, u32)>,
    newest: Option<u32>,
}

impl Dependencies {
    fn read(files: Vec<&Rf2File>, sink: &mut dyn RecordSink) -> Result<Self, LoadError> {
        let mut found = Self::default();
        Components::<Uuid>::new(files, None).each(
            sink,
            |table, _| {
                let times = (
                    table.require(&["sourceEffectiveTime"])?,
                    table.require(&["targetEffectiveTime"])?,
                );
                Ok((
                    table.require(&["moduleId"])?,
                    table.require(&["referencedComponentId"])?,
                    times,
                ))
            },
            |sink, (module, target, (own_time, target_time)), state| {
                let (Some(module), Some(target)) = (state.concept(sink, *module)?, state.concept(sink, *target)?) else {
                    return Ok(());
                };
                found.newest = found.newest.max(Some(state.time));
                let targets = found.targets.entry(module.0).or_default();
                // Some releases state that a module depends on itself.
                if !state.active || module == target {
                    return Ok(());
                }
                targets.insert(target.0);
                let times = [own_time, target_time].map(|column| read_date(state.get(*column)));
                if let [Some(own), Some(other)] = times {
                    found.versions.push((module.0, own, target.0, other));
                } else {
                    let column = if times[0].is_none() { own_time } else { target_time };
                    state.fault(sink, *column, ProblemKind::BadValue, "is not a date of the form YYYYMMDD")?;
                }
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// What a module that is loaded rests on and is not there, or is there in another version. `modules` are those that
    /// have concepts, `as_of` the day that is read.
    fn fault(&self, modules: &BTreeMap<u64, u64>, as_of: Option<u32>) -> Option<String> {
        let version_of = |module: u64| {
            let own = self.versions.iter().filter(|(known, ..)| *known == module);
            own.map(|(_, version, ..)| *version).max()
        };
        let named = |module: u64| published(module).map_or_else(|| module.to_string(), |name| format!("{module} ({name})"));
        self.versions.iter().find_map(|(module, version, target, wanted)| {
            // Rows of earlier versions of the module are not withdrawn by every publisher.
            if version_of(*module) != Some(*version) {
                return None;
            }
            let needs = || {
                format!(
                    "module {} of {version} rests on module {} of {wanted}",
                    named(*module),
                    named(*target)
                )
            };
            match version_of(*target) {
                Some(there) if there != *wanted => {
                    // The Full files have the day on which the module was released, too.
                    let then = as_of.filter(|_| there > *version);
                    let then = then.map_or_else(String::new, |_| format!(", or as of the day of the former (--as-of {version})"));
                    Some(format!(
                        "{}, but what is given with it is the version of {there}; load both in the versions that belong together{then}",
                        needs()
                    ))
                }
                None if !modules.contains_key(target) => Some(format!(
                    "{}, which is not there; name its release as well (tern load EXTENSION BASE), or the loaded one (--onto)",
                    needs()
                )),
                _ => None,
            }
        })
    }

    /// All modules that a module rests on.
    fn closure(&self, module: u64) -> BTreeSet<u64> {
        let (mut reached, mut open) = (BTreeSet::new(), vec![module]);
        while let Some(next) = open.pop() {
            let targets = self.targets.get(&next).into_iter().flatten();
            open.extend(targets.copied().filter(|target| reached.insert(*target)));
        }
        reached
    }

    /// The module of `candidates` that rests on most others; the lowest of equals, so that the answer is stable.
    fn broadest(&self, candidates: impl Iterator<Item = u64>) -> Option<u64> {
        candidates.min_by_key(|module| (std::cmp::Reverse(self.closure(*module).len()), *module))
    }

    /// An extension's module of most concepts of which the reference set says nothing: neither on what it rests, nor that
    /// anything rests on it. Its concepts are there, so that what is loaded is more than the edition that is told of.
    fn untold(&self, modules: &BTreeMap<u64, u64>) -> Option<u64> {
        let rested_on = |module: &u64| self.targets.values().any(|targets| targets.contains(module));
        let told = |module: &u64| self.targets.contains_key(module) || rested_on(module);
        let untold = modules
            .iter()
            .filter(|(module, _)| Sctid(**module).namespace().is_some() && !told(module));
        untold
            .max_by_key(|(module, count)| (**count, **module))
            .map(|(module, _)| *module)
    }

    fn edition(&self) -> Option<u64> {
        let known = self.broadest(
            self.targets
                .keys()
                .copied()
                .filter(|id| *id != CORE_MODULE.0 && published(*id).is_some()),
        );
        let namespaced = |id: &u64| Sctid(*id).namespace().is_some() && published(*id).is_none();
        let own = self.broadest(self.targets.keys().copied().filter(|id| {
            let elsewhere = |known: u64| Sctid(*id).namespace() != Sctid(known).namespace() && self.closure(*id).contains(&known);
            namespaced(id) && known.is_none_or(elsewhere)
        }));
        let core = self.targets.contains_key(&CORE_MODULE.0).then_some(CORE_MODULE.0);
        own.or(known).or(core).or_else(|| self.broadest(self.targets.keys().copied()))
    }
}

/// Concepts by module, and the newest date of a concept.
fn from_concepts(files: Vec<&Rf2File>, sink: &mut dyn RecordSink) -> Result<(BTreeMap<u64, u64>, Option<u32>), LoadError> {
    let mut modules: BTreeMap<u64, u64> = BTreeMap::new();
    let mut newest = None;
    let mut quiet = Gate::silent(sink);
    Components::<Sctid>::new(files, Some(Partition::Concept)).each(
        &mut quiet,
        |table, _| table.require(&["moduleId"]),
        |sink, module, state| {
            newest = newest.max(Some(state.time));
            if let Some(module) = state.concept(sink, *module)? {
                *modules.entry(module.0).or_default() += 1;
            }
            Ok(())
        },
    )?;
    Ok((modules, newest))
}

/// The module of most extension concepts, else the core module: where no dependencies are told at all.
fn most_used(modules: &BTreeMap<u64, u64>) -> u64 {
    let extension = modules.iter().filter(|(module, _)| Sctid(**module).namespace().is_some());
    let module = extension.max_by_key(|(module, count)| (**count, **module));
    module.map_or(CORE_MODULE.0, |(module, _)| *module)
}

/// What a readme says about whether the content is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    NothingSaid,
    Subset,
    Experimental,
}

fn standing(text: &str) -> Standing {
    let text = text.to_lowercase();
    if text.contains("http://snomed.info/xsct") {
        Standing::Experimental
    } else if text.contains("subset of snomed ct") || text.contains("subontology") {
        Standing::Subset
    } else {
        Standing::NothingSaid
    }
}

/// Whether a member is a readme.
pub(super) fn is_readme(member: &Member) -> bool {
    let name = member.file_name().to_ascii_lowercase();
    name.starts_with("readme") && (name.ends_with(".txt") || name.ends_with(".md"))
}

/// Works out which edition the release is.
pub(super) fn read(
    release: &str,
    used: &[Rf2File],
    roles: &[(&Rf2File, RefsetRole)],
    readmes: &[&Member],
    options: &LoadOptions,
    sink: &mut dyn RecordSink,
) -> Result<Edition, LoadError> {
    let of_role = roles
        .iter()
        .filter(|(_, role)| *role == RefsetRole::ModuleDependency)
        .map(|(file, _)| *file);
    let dependencies = Dependencies::read(of_role.collect(), sink)?;
    let concepts = used.iter().filter(|file| file.content == Content::Concept).collect();
    let (modules, newest) = from_concepts(concepts, sink)?;
    if let (Some(day), true) = (options.as_of, modules.is_empty()) {
        let message = format!("holds nothing as of {day}; name a later day");
        let release = release.to_owned();
        return Err(LoadError::Dependency { release, message });
    }
    if let Some(message) = dependencies.fault(&modules, options.as_of) {
        let release = release.to_owned();
        return Err(LoadError::Dependency { release, message });
    }
    let date = match options.as_of {
        Some(_) => newest.max(dependencies.newest),
        None => used.iter().filter_map(|file| file.date).max().or(newest),
    };
    let told = dependencies.edition();
    let module = match told {
        Some(edition) if edition != CORE_MODULE.0 => edition,
        _ => dependencies.untold(&modules).or(told).unwrap_or_else(|| most_used(&modules)),
    };
    let module = options.edition.clone().unwrap_or_else(|| module.to_string());
    let name = module.parse().ok().and_then(published);
    let mut said = Standing::NothingSaid;
    for readme in readmes {
        said = said.max(standing(&String::from_utf8_lossy(&readme.head(1 << 16)?)));
    }
    let prefixed = used.iter().any(|file| file.experimental);
    let experimental = prefixed || said == Standing::Experimental || (said == Standing::Subset && name.is_none());
    Ok(compose(&module, name, date, experimental, options))
}

fn compose(module: &str, name: Option<&str>, date: Option<u32>, experimental: bool, options: &LoadOptions) -> Edition {
    let scheme = if experimental { "xsct" } else { "sct" };
    let mut day = date.map(|date| date.to_string());
    let mut version = None;
    match options.version.as_deref() {
        Some(given) if given.contains("://") => version = Some(given.to_owned()),
        Some(given) => day = Some(given.to_owned()),
        None => {}
    }
    let version = version.unwrap_or_else(|| match &day {
        Some(day) => format!("http://snomed.info/{scheme}/{module}/version/{day}"),
        None => format!("http://snomed.info/{scheme}/{module}"),
    });
    let label = name.map_or_else(|| format!("module {module}"), |name| format!("{name} Edition"));
    Edition {
        title: [Some("SNOMED CT".to_owned()), Some(label), day]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        version,
        date: date.map(|date| format!("{:04}-{:02}-{:02}", date / 10_000, date / 100 % 100, date % 100)),
        experimental,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(pairs: &[(u64, u64)]) -> Option<u64> {
        let mut dependencies = Dependencies::default();
        for (module, target) in pairs {
            dependencies.targets.entry(*module).or_default().insert(*target);
        }
        dependencies.edition()
    }

    const MODEL: u64 = 900_000_000_000_012_004;
    const ICD10_MAP: u64 = 449_080_006;
    const US: u64 = 731_000_124_108;
    const US_MAP: u64 = 5_991_000_124_107;
    const LOCAL: u64 = 31_000_003_106;

    #[test]
    fn published_editions_are_identifiers_of_concepts() {
        for (id, name) in PUBLISHED {
            assert!(Sctid::parse(&id.to_string()).is_ok_and(Sctid::is_concept), "{id} {name}");
        }
    }

    #[test]
    fn the_edition_is_the_module_on_which_all_rests() {
        let core = CORE_MODULE.0;
        let international = [(core, MODEL), (ICD10_MAP, core), (ICD10_MAP, MODEL)];
        assert_eq!(edition(&international), Some(core));
        let mut states = international.to_vec();
        states.extend([(US, core), (US, MODEL), (US_MAP, US), (US_MAP, core), (US_MAP, ICD10_MAP)]);
        assert_eq!(edition(&states), Some(US));
        states.extend([(LOCAL, US), (LOCAL, core)]);
        assert_eq!(edition(&states), Some(LOCAL), "an extension of a published edition");
        assert_eq!(edition(&[(core, MODEL), (LOCAL, core), (LOCAL, LOCAL)]), Some(LOCAL));
        assert_eq!(edition(&[]), None);
        assert_eq!(edition(&[(LOCAL, US), (US, LOCAL)]), Some(LOCAL), "a circle ends");
    }

    #[test]
    fn an_extension_that_no_dependency_mentions_is_told_apart() {
        let core = CORE_MODULE.0;
        let mut dependencies = Dependencies::default();
        dependencies.targets.entry(core).or_default().insert(MODEL);
        let modules = |list: &[(u64, u64)]| list.iter().copied().collect::<BTreeMap<u64, u64>>();
        assert_eq!(dependencies.untold(&modules(&[(core, 100), (MODEL, 9)])), None);
        assert_eq!(
            dependencies.untold(&modules(&[(core, 100), (LOCAL, 3), (US, 2)])),
            Some(LOCAL)
        );
        dependencies.targets.entry(LOCAL).or_default();
        assert_eq!(dependencies.untold(&modules(&[(core, 100), (LOCAL, 3)])), None);
    }

    #[test]
    fn what_a_module_rests_on_must_be_there_in_its_version() {
        let core = CORE_MODULE.0;
        let fault = |versions: &[(u64, u32, u64, u32)], modules: &[u64]| {
            let dependencies = Dependencies {
                versions: versions.to_vec(),
                ..Dependencies::default()
            };
            dependencies.fault(&modules.iter().map(|module| (*module, 1)).collect(), None)
        };
        let base = (core, 20_250_101, MODEL, 20_250_101);
        let sound = [
            base,
            (LOCAL, 20_250_301, core, 20_250_101),
            (LOCAL, 20_250_301, MODEL, 20_250_101),
        ];
        assert_eq!(fault(&sound, &[core, MODEL, LOCAL]), None);
        let older = fault(&[base, (LOCAL, 20_250_301, core, 20_240_101)], &[core, MODEL, LOCAL]).unwrap();
        assert!(older.contains("of 20240101") && older.contains("of 20250101"), "{older}");
        let dependencies = Dependencies {
            versions: vec![base, (LOCAL, 20_241_130, core, 20_240_101)],
            ..Dependencies::default()
        };
        let then = dependencies
            .fault(&BTreeMap::from([(core, 1), (MODEL, 1), (LOCAL, 1)]), Some(20_250_201))
            .unwrap();
        assert!(then.ends_with("(--as-of 20241130)"), "{then}");
        let missing = fault(&sound[1..], &[LOCAL]).unwrap();
        assert!(
            missing.contains("900000000000207008 (International)") && missing.contains("not there"),
            "{missing}"
        );
        let earlier = [
            base,
            (LOCAL, 20_240_301, core, 20_240_101),
            (LOCAL, 20_250_301, core, 20_250_101),
        ];
        assert_eq!(
            fault(&earlier, &[core, MODEL, LOCAL]),
            None,
            "rows of an earlier version do not count"
        );
    }

    #[test]
    fn options_take_precedence() {
        let options = |version: Option<&str>| LoadOptions {
            version: version.map(str::to_owned),
            ..LoadOptions::default()
        };
        let made = |version| {
            compose(
                "731000124108",
                Some("United States"),
                Some(20_250_901),
                false,
                &options(version),
            )
        };
        assert_eq!(made(None).version, "http://snomed.info/sct/731000124108/version/20250901");
        assert_eq!(made(None).title, "SNOMED CT United States Edition 20250901");
        assert_eq!(made(None).date.as_deref(), Some("2025-09-01"));
        assert_eq!(
            made(Some("20260101")).version,
            "http://snomed.info/sct/731000124108/version/20260101"
        );
        assert_eq!(made(Some("http://example.org/x")).version, "http://example.org/x");
    }
}
