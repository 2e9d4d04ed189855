//! A SNOMED CT release in RF2 Snapshot layout with the shape of the International Edition.
//!
//! At scale 1: 520,000 concepts of which 370,000 are in use, 1.65 million descriptions in use with their acceptability in
//! two dialects, 3.4 million relationships in use, in groups, some of them concrete values; axioms; why concepts were
//! retired and what replaced them; a simple and an extended map, the latter with rules on age, sex and findings. The
//! hierarchies, their shares, depth and several parents are the real ones' in kind; terms are put together by chance.
//!
//! What it does not have: the logic of the real content (values are random, so that classifying it finds nothing).

mod files;
mod ids;
mod metadata;
mod terms;
#[cfg(test)]
mod tests;

use super::words::Random;
use files::{Counts, Files, Kind, Standing};
use metadata::{ATTRIBUTE, ATTRIBUTES, BODY, CONCEPTS, CORE, FINDING, HIERARCHIES, Hierarchy, PRODUCT, ROOT};
use std::path::Path;

/// Concepts of a release of full size, and those in use among them.
const ALL: f64 = 520_000.0;
const ACTIVE: f64 = 370_000.0;
const BOTH_PREFERRED: [Standing; 2] = [Standing::Preferred; 2];
const BOTH_ACCEPTABLE: [Standing; 2] = [Standing::Acceptable; 2];
const SIDED_PARTS: &str = "723264001";

/// The concepts of one hierarchy: numbers in use run from `first`, in order of age; parents are older.
struct Branch {
    first: u32,
    count: u32,
}

impl Branch {
    /// A concept that was there before `number` concepts were, as its identifier: the older the likelier, so that the
    /// hierarchy is about seven levels deep on average.
    fn older(&self, top: &str, number: u32, random: &mut Random) -> String {
        let share = random.next() as f64 / u64::MAX as f64;
        let place = (share.powf(1.6) * f64::from(number + 1)) as u32;
        match place.min(number) {
            0 => top.to_owned(),
            place => ids::concept(self.first + place - 1),
        }
    }
}

/// Writes the release and returns how much is in it.
pub fn write(directory: &Path, scale: f64, seed: u64) -> anyhow::Result<Counts> {
    let mut random = Random::new(seed);
    let mut files = Files::create(directory)?;
    fixed(&mut files)?;
    let active = (ACTIVE * scale).round().max(1.0) as u32;
    let mut branches: Vec<Branch> = Vec::new();
    let mut next = 0;
    for hierarchy in &HIERARCHIES {
        let count = (u64::from(active) * u64::from(hierarchy.share) / 1000) as u32;
        branches.push(Branch { first: next, count });
        for number in 0..count {
            concept(&mut files, hierarchy, &branches, number, &mut random)?;
        }
        next += count;
    }
    maps(&mut files, &branches, &mut random)?;
    let retired = ((ALL - ACTIVE) * scale).round() as u32;
    for number in 0..retired {
        retire(&mut files, next + number, &branches, &mut random)?;
    }
    files.finish()
}

/// What every release has.
fn fixed(files: &mut Files) -> anyhow::Result<()> {
    let mut add = |id: &str, parent: Option<&str>, term: &str, tag: &str| -> anyhow::Result<()> {
        files.concept(id, true, false, 20_020_131)?;
        files.description(id, &format!("{term} ({tag})"), Kind::FullName, BOTH_PREFERRED, 20_020_131)?;
        files.description(id, term, Kind::Synonym, BOTH_PREFERRED, 20_020_131)?;
        parent.map_or(Ok(()), |parent| files.is_a(id, parent, true))
    };
    add(ROOT, None, "Synthetic terminology", "root")?;
    for (id, parent, term, tag) in CONCEPTS {
        add(id, Some(parent), term, tag)?;
    }
    for (id, term) in ATTRIBUTES {
        add(id, Some(ATTRIBUTE), term, "attribute")?;
    }
    for hierarchy in &HIERARCHIES {
        add(hierarchy.top, Some(ROOT), hierarchy.term, hierarchy.tag)?;
    }
    for (id, term) in [
        ("248152002", "Woman"),
        ("248153007", "Man"),
        ("445518008", "Age at the beginning"),
    ] {
        add(id, Some(HIERARCHIES[FINDING].top), term, "finding")?;
    }
    Ok(())
}

/// A date of a release: every half year for two decades.
fn date(random: &mut Random) -> u32 {
    let half = random.below(46);
    (2002 + half / 2) * 10_000 + if half.is_multiple_of(2) { 131 } else { 731 }
}

/// One concept in use, with its terms, parents and attributes.
fn concept(
    files: &mut Files,
    hierarchy: &Hierarchy,
    branches: &[Branch],
    number: u32,
    random: &mut Random,
) -> anyhow::Result<()> {
    let Some(own) = branches.last() else { return Ok(()) };
    let id = ids::concept(own.first + number);
    let defined = !hierarchy.pattern.is_empty() && random.one_in(2);
    let time = date(random);
    files.concept(&id, true, defined, time)?;
    let name = describe(files, &id, hierarchy, time, random)?;
    // Terms beyond the name: one, or several.
    for times in [1, 3, 8] {
        if random.one_in(times) {
            let synonym = terms::name(hierarchy.tag == "procedure", random);
            files.description(&id, &synonym, Kind::Synonym, BOTH_ACCEPTABLE, time)?;
        }
    }
    if random.one_in(12) {
        files.description(&id, &format!("{name} NOS"), Kind::Synonym, [Standing::Absent; 2], time)?;
    }
    if random.one_in(50) {
        let text = format!(
            "{name}, as it is found after {} and before {}.",
            terms::word(false, random),
            terms::word(true, random)
        );
        files.description(&id, &text, Kind::Definition, BOTH_PREFERRED, time)?;
    }
    let mut parents = vec![own.older(hierarchy.top, number, random)];
    for times in [2, 8] {
        if random.one_in(times) {
            parents.push(own.older(hierarchy.top, number, random));
        }
    }
    parents.sort_unstable();
    parents.dedup();
    for parent in &parents {
        files.is_a(&id, parent, true)?;
    }
    let conjuncts = attributes(files, &id, hierarchy, branches, random)?;
    axiom(files, &id, &parents, &conjuncts, defined)?;
    if hierarchy.tag == "body structure" && random.one_in(2) {
        files.simple(SIDED_PARTS, &id)?;
    }
    Ok(())
}

/// The two names that every concept has; the British one apart where it is spelt otherwise.
fn describe(files: &mut Files, id: &str, hierarchy: &Hierarchy, time: u32, random: &mut Random) -> anyhow::Result<String> {
    let name = terms::name(hierarchy.tag == "procedure", random);
    files.description(
        id,
        &format!("{name} ({})", hierarchy.tag),
        Kind::FullName,
        BOTH_PREFERRED,
        time,
    )?;
    match terms::british(&name) {
        Some(british) => {
            files.description(id, &name, Kind::Synonym, [Standing::Preferred, Standing::Acceptable], time)?;
            files.description(id, &british, Kind::Synonym, [Standing::Acceptable, Standing::Preferred], time)?;
        }
        None => files.description(id, &name, Kind::Synonym, BOTH_PREFERRED, time)?,
    }
    Ok(name)
}

/// Attributes in groups of two to four, and concrete values of products; returns the groups as axioms have them.
fn attributes(
    files: &mut Files,
    id: &str,
    hierarchy: &Hierarchy,
    branches: &[Branch],
    random: &mut Random,
) -> anyhow::Result<Vec<String>> {
    let mut groups = Vec::new();
    if hierarchy.pattern.is_empty() {
        return Ok(groups);
    }
    let kinds = hierarchy.pattern.len() as u32;
    for group in 1..=(hierarchy.groups + random.below(20)) / 10 {
        let mut roles = Vec::new();
        let size = (2 + random.below(4)).min(kinds);
        let start = if random.one_in(3) { random.below(kinds) } else { 0 };
        for place in 0..size {
            let Some((attribute, values)) = hierarchy.pattern.get(((start + place) % kinds) as usize) else {
                continue;
            };
            let (Some(from), Some(of)) = (branches.get(*values), HIERARCHIES.get(*values)) else {
                continue;
            };
            let value = from.older(of.top, from.count, random);
            files.relationship(id, &value, group, attribute, true)?;
            roles.push(format!("ObjectSomeValuesFrom(:{attribute} :{value})"));
        }
        groups.push(roles.join(" "));
    }
    if hierarchy.top == HIERARCHIES[PRODUCT].top {
        files.value(id, &format!("#{}", 1 + random.below(3)), 0, "1142139005")?;
        if random.one_in(2) {
            let strength = [5, 10, 25, 50, 100, 250, 500][random.below(7) as usize];
            let value = if random.one_in(4) {
                format!("#{strength}.5")
            } else {
                format!("#{strength}")
            };
            files.value(id, &value, 1, "1142135004")?;
        }
    }
    Ok(groups)
}

fn axiom(files: &mut Files, id: &str, parents: &[String], groups: &[String], defined: bool) -> anyhow::Result<()> {
    let mut parts: Vec<String> = parents.iter().map(|parent| format!(":{parent}")).collect();
    for group in groups {
        // An intersection has two operands or more.
        let several = group.matches("ObjectSomeValuesFrom").count() > 1;
        let group = if several {
            format!("ObjectIntersectionOf({group})")
        } else {
            group.clone()
        };
        parts.push(format!("ObjectSomeValuesFrom(:609096000 {group})"));
    }
    let whole = match parts.as_slice() {
        [only] => only.clone(),
        _ => format!("ObjectIntersectionOf({})", parts.join(" ")),
    };
    let kind = if defined { "EquivalentClasses" } else { "SubClassOf" };
    files.axiom(id, &format!("{kind}(:{id} {whole})"))
}

/// The map of findings to ICD-10, one in ten of them with rules, and that of changed structures to ICD-O.
fn maps(files: &mut Files, branches: &[Branch], random: &mut Random) -> anyhow::Result<()> {
    let code = |random: &mut Random| {
        let letter = char::from(b'A' + random.below(26) as u8);
        format!("{letter}{:02}.{}", random.below(100), random.below(10))
    };
    let (Some(findings), Some(changes)) = (branches.get(FINDING), branches.get(BODY + 1)) else {
        return Ok(());
    };
    for number in 0..findings.count {
        let id = ids::concept(findings.first + number);
        if random.one_in(20) {
            files.icd(
                &id,
                (1, 1),
                "TRUE",
                "CANNOT BE CLASSIFIED WITH AVAILABLE DATA",
                "",
                "447638001",
            )?;
            continue;
        }
        let otherwise = code(random);
        if !random.one_in(10) {
            files.icd(&id, (1, 1), "TRUE", &format!("ALWAYS {otherwise}"), &otherwise, "447637006")?;
        } else {
            let first = code(random);
            let finding = ids::concept(findings.first + random.below(number + 1));
            let (rule, when) = match random.below(4) {
                0 => ("IFA 248152002 | Woman (finding) |".to_owned(), "FEMALE".to_owned()),
                1 => ("IFA 445518008 | Age at the beginning (observable entity) | < 28.0 days".to_owned(), "AGE BEFORE 28 DAYS".to_owned()),
                2 => (
                    "IFA 445518008 | Age at the beginning (observable entity) | >= 12.0 years AND IFA 445518008 | Age at the beginning (observable entity) | < 19.0 years".to_owned(),
                    "AGE FROM 12 TO 19 YEARS".to_owned(),
                ),
                _ => (format!("IFA {finding} | Other finding (disorder) |"), "OTHER FINDING".to_owned()),
            };
            files.icd(&id, (1, 1), &rule, &format!("IF {when} CHOOSE {first}"), &first, "447639009")?;
            files.icd(
                &id,
                (1, 2),
                "OTHERWISE TRUE",
                &format!("ALWAYS {otherwise}"),
                &otherwise,
                "447639009",
            )?;
        }
        if random.one_in(8) {
            let second = code(random);
            files.icd(&id, (2, 1), "TRUE", &format!("ALWAYS {second}"), &second, "447637006")?;
        }
    }
    for number in 0..changes.count {
        let target = format!("{}/{}", 8000 + random.below(1990), random.below(4));
        files.simple_map("446608001", &ids::concept(changes.first + number), &target)?;
    }
    Ok(())
}

/// A retired concept: its names, why it was retired, and what to use.
fn retire(files: &mut Files, number: u32, branches: &[Branch], random: &mut Random) -> anyhow::Result<()> {
    let place = random.below(HIERARCHIES.len() as u32) as usize;
    let (Some(hierarchy), Some(branch)) = (HIERARCHIES.get(place), branches.get(place)) else {
        return Ok(());
    };
    let id = ids::concept(number);
    let time = date(random);
    files.concept(&id, false, false, time)?;
    describe(files, &id, hierarchy, time, random)?;
    let first = branch.older(hierarchy.top, branch.count, random);
    let second = branch.older(hierarchy.top, branch.count, random);
    match random.below(10) {
        0..=3 => {
            files.reason(&id, "900000000000482003")?;
            files.association("900000000000527005", &id, &first)
        }
        4..=5 => {
            files.reason(&id, "900000000000483008")?;
            files.association("900000000000526001", &id, &first)
        }
        6..=7 => {
            files.reason(&id, "900000000000484002")?;
            files.association("900000000000523009", &id, &first)?;
            if first == second {
                return Ok(());
            }
            files.association("900000000000523009", &id, &second)
        }
        8 => {
            files.reason(&id, "900000000000487009")?;
            files.association("900000000000524003", &id, CORE)
        }
        _ => files.reason(&id, "900000000000483008"),
    }
}
