//! An RxNorm release in RRF: ingredients, brands, components, clinical and branded drugs, dose forms, NDC attributes.
//!
//! Shares of the term types and relations per drug are roughly those of a full release. RRF rows have no header and
//! end with a delimiter.

use super::Lines;
use super::words::{Random, Words};
use std::path::Path;

const FORMS: [&str; 6] = [
    "Oral Tablet",
    "Oral Capsule",
    "Oral Solution",
    "Injectable Solution",
    "Topical Cream",
    "Nasal Spray",
];
const STRENGTHS: [&str; 8] = ["1 MG", "5 MG", "10 MG", "25 MG", "50 MG", "100 MG", "250 MG", "500 MG"];

/// Writes the release.
pub fn write(directory: &Path, size: u32, seed: u64) -> anyhow::Result<()> {
    let mut random = Random::new(seed);
    let words = Words::new(20_000, &mut random);
    let mut files = Files {
        names: Lines::create(directory, "rrf/RXNCONSO.RRF", "\n")?,
        relations: Lines::create(directory, "rrf/RXNREL.RRF", "\n")?,
        attributes: Lines::create(directory, "rrf/RXNSAT.RRF", "\n")?,
        types: Lines::create(directory, "rrf/RXNSTY.RRF", "\n")?,
        atom: 0,
        relation: 0,
    };
    for (form, number) in FORMS.iter().zip(1u32..) {
        files.concept(number, "DF", form, "T122|A1.4.1|Biomedical or Dental Material")?;
    }
    let first = FORMS.len() as u32 + 1;
    let ingredients = (size / 12).max(1);
    let names: Vec<String> = (0..ingredients)
        .map(|_| words.phrase(1, 2, &mut random).to_lowercase())
        .collect();
    for (name, number) in names.iter().zip(first..) {
        files.concept(number, "IN", name, "T109|A1.4.1.2.1|Organic Chemical")?;
    }
    for number in first + ingredients..=size {
        let ingredient = random.skewed(ingredients);
        let (name, ingredient) = (&names[ingredient as usize], first + ingredient);
        let form = random.skewed(FORMS.len() as u32);
        let strength = STRENGTHS[random.below(STRENGTHS.len() as u32) as usize];
        let drug = format!("{name} {strength} {}", FORMS[form as usize]);
        match random.below(10) {
            0 => {
                files.concept(number, "BN", &words.phrase(1, 1, &mut random), CLINICAL)?;
                files.relate(number, "tradename_of", "has_tradename", ingredient)?;
            }
            1..=2 => {
                files.concept(number, "SCDC", &format!("{name} {strength}"), CLINICAL)?;
                files.relate(number, "has_ingredient", "ingredient_of", ingredient)?;
            }
            kind => {
                let brand = words.phrase(1, 1, &mut random);
                let (kind, name) = if kind < 7 {
                    ("SCD", drug)
                } else {
                    ("SBD", format!("{drug} [{brand}]"))
                };
                files.concept(number, kind, &name, CLINICAL)?;
                files.relate(number, "has_ingredient", "ingredient_of", ingredient)?;
                files.relate(number, "has_dose_form", "dose_form_of", form + 1)?;
                for _ in 0..random.below(3) {
                    let package = format!("{:011}", random.next() % 100_000_000_000);
                    files.attribute(number, "NDC", &package)?;
                }
                files.attribute(number, "RXN_AVAILABLE_STRENGTH", strength)?;
            }
        }
    }
    files.names.finish()?;
    files.relations.finish()?;
    files.attributes.finish()?;
    files.types.finish()
}

const CLINICAL: &str = "T200|A1.3.3|Clinical Drug";

struct Files {
    names: Lines,
    relations: Lines,
    attributes: Lines,
    types: Lines,
    atom: u64,
    relation: u64,
}

impl Files {
    fn concept(&mut self, number: u32, kind: &str, name: &str, semantic_type: &str) -> anyhow::Result<()> {
        self.atom += 1;
        let atom = self.atom;
        self.names.line(format_args!(
            "{number}|ENG||||||{atom}|{atom}|{number}||RXNORM|{kind}|{number}|{name}||N|4096|"
        ))?;
        self.types.line(format_args!("{number}|{semantic_type}||4096|"))
    }

    /// Both directions. As in the publisher's file, the relation is the one that the second concept has to the first.
    fn relate(&mut self, from: u32, relation: &str, inverse: &str, to: u32) -> anyhow::Result<()> {
        for (first, name, second) in [(to, relation, from), (from, inverse, to)] {
            self.relation += 1;
            let id = self.relation;
            self.relations
                .line(format_args!("{first}||CUI|RO|{second}||CUI|{name}|{id}||RXNORM||||N|4096|"))?;
        }
        Ok(())
    }

    fn attribute(&mut self, number: u32, name: &str, value: &str) -> anyhow::Result<()> {
        self.atom += 1;
        let atom = self.atom;
        self.attributes
            .line(format_args!("{number}||||CUI|{number}|{atom}||{name}|RXNORM|{value}|N|4096|"))
    }
}
