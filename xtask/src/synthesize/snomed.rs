//! A SNOMED CT release in RF2 Snapshot layout: concepts, descriptions, relationships, US and GB language sets.
//!
//! Three descriptions and two parents a concept on average, six relationships, one concept in fourteen retired, as
//! in the International Edition. Identifiers have their Verhoeff check digit and lie in a namespace nobody has.

use super::Lines;
use super::words::{Random, Words};
use std::path::Path;

const DATE: &str = "20260101";
const MODULE: &str = "900000000000207008";
const ROOT: &str = "138875005";
const IS_A: &str = "116680003";
/// Concepts that every release has and the loader looks for: id and term.
const METADATA: &[(&str, &str)] = &[
    (ROOT, "SNOMED CT Concept"),
    ("900000000000441003", "SNOMED CT Model Component"),
    (MODULE, "Core module"),
    ("900000000000012004", "Model component module"),
    (IS_A, "Is a"),
    ("900000000000003001", "Fully specified name"),
    ("900000000000013009", "Synonym"),
    ("900000000000550004", "Definition"),
    ("900000000000548007", "Preferred"),
    ("900000000000549004", "Acceptable"),
    ("900000000000509007", "US English"),
    ("900000000000508004", "GB English"),
    ("900000000000074008", "Primitive"),
    ("900000000000073002", "Sufficiently defined"),
    ("900000000000011006", "Inferred relationship"),
    ("900000000000448009", "Case insensitive"),
    ("900000000000451002", "Some"),
];
/// Attributes of the synthetic relationships.
const ATTRIBUTES: u32 = 40;
/// The first concepts are never retired, so that there is always a parent in use.
const PROTECTED: u32 = 200;

/// Writes the release.
pub fn write(directory: &Path, size: u32, seed: u64) -> anyhow::Result<()> {
    let mut random = Random::new(seed);
    let words = Words::new(30_000, &mut random);
    let mut files = Files::create(directory)?;
    for (place, (id, term)) in METADATA.iter().enumerate() {
        files.concept(id, true)?;
        files.term(id, term, true, &mut random)?;
        if place > 0 {
            let parent = if place == 1 { ROOT } else { METADATA[1].0 };
            files.relationship(id, parent, 0, IS_A)?;
        }
    }
    let mut active = Vec::with_capacity(size as usize);
    for number in 0..size {
        active.push(number < PROTECTED || !random.one_in(14));
        concept(&mut files, &words, &active, &mut random)?;
    }
    files.finish()
}

/// The last concept of `active`, with its terms and relationships to earlier ones.
fn concept(files: &mut Files, words: &Words, active: &[bool], random: &mut Random) -> anyhow::Result<()> {
    let number = active.len() as u32 - 1;
    let (id, in_use) = (concept_id(number), active.last() == Some(&true));
    files.concept(&id, in_use)?;
    let name = words.phrase(2, 6, random);
    files.term(&id, &name, in_use, random)?;
    for _ in 0..random.below(3) {
        let synonym = words.phrase(1, 5, random);
        files.description(&id, &synonym, "900000000000013009", in_use, false)?;
    }
    if !in_use {
        return Ok(());
    }
    if number < ATTRIBUTES {
        return files.relationship(&id, ROOT, 0, IS_A);
    }
    // Parents come earlier, so there is no cycle, and are in use, as the standard asks. The first makes a tree of
    // the depth of the real one; the others lie high in it.
    let mut parents = vec![random.below(number)];
    for times in [2, 4] {
        if random.one_in(times) {
            parents.push(random.skewed(number));
        }
    }
    for parent in &mut parents {
        while !active[*parent as usize] {
            *parent -= 1;
        }
    }
    parents.sort_unstable();
    parents.dedup();
    for parent in parents {
        files.relationship(&id, &concept_id(parent), 0, IS_A)?;
    }
    for group in 0..random.below(9) {
        let attribute = concept_id(random.below(ATTRIBUTES));
        let target = concept_id(random.skewed(number).min(PROTECTED.max(number / 2)));
        files.relationship(&id, &target, group / 2, &attribute)?;
    }
    Ok(())
}

struct Files {
    concepts: Lines,
    descriptions: Lines,
    relationships: Lines,
    language: Lines,
    next_description: u64,
    next_relationship: u64,
}

impl Files {
    fn create(directory: &Path) -> anyhow::Result<Self> {
        let open = |path: &str, header: &str| -> anyhow::Result<Lines> {
            let mut lines = Lines::create(directory, path, "\r\n")?;
            lines.line(format_args!("{header}"))?;
            Ok(lines)
        };
        Ok(Self {
            concepts: open(
                &format!("Snapshot/Terminology/sct2_Concept_Snapshot_INT_{DATE}.txt"),
                "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId",
            )?,
            descriptions: open(
                &format!("Snapshot/Terminology/sct2_Description_Snapshot-en_INT_{DATE}.txt"),
                "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId",
            )?,
            relationships: open(
                &format!("Snapshot/Terminology/sct2_Relationship_Snapshot_INT_{DATE}.txt"),
                "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId",
            )?,
            language: open(
                &format!("Snapshot/Refset/Language/der2_cRefset_LanguageSnapshot-en_INT_{DATE}.txt"),
                "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tacceptabilityId",
            )?,
            next_description: 1,
            next_relationship: 1,
        })
    }

    fn concept(&mut self, id: &str, active: bool) -> anyhow::Result<()> {
        let active = u8::from(active);
        self.concepts
            .line(format_args!("{id}\t{DATE}\t{active}\t{MODULE}\t900000000000074008"))
    }

    /// A fully specified name and the preferred term made from it.
    fn term(&mut self, id: &str, term: &str, active: bool, random: &mut Random) -> anyhow::Result<()> {
        let tag = ["disorder", "procedure", "finding", "body structure", "substance"][random.below(5) as usize];
        self.description(id, &format!("{term} ({tag})"), "900000000000003001", active, true)?;
        self.description(id, term, "900000000000013009", active, true)
    }

    fn description(&mut self, concept: &str, term: &str, kind: &str, active: bool, preferred: bool) -> anyhow::Result<()> {
        let id = identifier(self.next_description, "11");
        self.next_description += 1;
        let active = u8::from(active);
        self.descriptions.line(format_args!(
            "{id}\t{DATE}\t{active}\t{MODULE}\t{concept}\ten\t{kind}\t{term}\t900000000000448009"
        ))?;
        let acceptability = if preferred {
            "900000000000548007"
        } else {
            "900000000000549004"
        };
        for (number, refset) in ["900000000000509007", "900000000000508004"].into_iter().enumerate() {
            let member = uuid(self.next_description * 2 + number as u64);
            self.language
                .line(format_args!("{member}\t{DATE}\t1\t{MODULE}\t{refset}\t{id}\t{acceptability}"))?;
        }
        Ok(())
    }

    fn relationship(&mut self, source: &str, target: &str, group: u32, kind: &str) -> anyhow::Result<()> {
        let id = identifier(self.next_relationship, "12");
        self.next_relationship += 1;
        self.relationships.line(format_args!(
            "{id}\t{DATE}\t1\t{MODULE}\t{source}\t{target}\t{group}\t{kind}\t900000000000011006\t900000000000451002"
        ))
    }

    fn finish(self) -> anyhow::Result<()> {
        self.concepts.finish()?;
        self.descriptions.finish()?;
        self.relationships.finish()?;
        self.language.finish()
    }
}

fn uuid(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

fn concept_id(number: u32) -> String {
    identifier(u64::from(number) + 1, "10")
}

/// An identifier of the namespace 9999999 with partition and check digit.
fn identifier(item: u64, partition: &str) -> String {
    let mut digits = format!("{item}9999999{partition}");
    let check = verhoeff(&digits);
    digits.push(char::from(b'0' + check));
    digits
}

/// The Verhoeff check digit, by its definition: products in the dihedral group of the pentagon.
fn verhoeff(digits: &str) -> u8 {
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let multiply = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a - 5 + 5 - (b - 5)) % 5,
    };
    let mut sum = 0;
    for (place, digit) in digits.bytes().rev().enumerate() {
        let mut permuted = digit - b'0';
        for _ in 0..(place + 1) % 8 {
            permuted = PERMUTATION[usize::from(permuted)];
        }
        sum = multiply(sum, permuted);
    }
    // Rotations have their opposite as inverse; reflections are their own.
    if sum < 5 { (5 - sum) % 5 } else { sum }
}

#[test]
fn published_identifiers_verify() {
    for id in [ROOT, IS_A, MODULE, "900000000000448009", "31000003106"] {
        let (digits, check) = id.split_at(id.len() - 1);
        assert_eq!(verhoeff(digits).to_string(), check, "{id}");
    }
}
