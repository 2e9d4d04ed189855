//! Specimens: what LOINC writes in SYSTEM, what its long names say, and what hospitals call them.
//!
//! One table, one row per kind of specimen. The words of hospitals come in a few languages of the sites that
//! publish their extracts; more can be added as rows. How well a target's system fits a source's specimen is
//! graded by [`affinity`].

use crate::mapper::words::words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A kind of specimen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::mapper) enum Specimen {
    /// Nothing known.
    #[default]
    Unknown,
    SerumPlasma,
    Serum,
    Plasma,
    SerumPlasmaBlood,
    Blood,
    ArterialBlood,
    VenousBlood,
    CapillaryBlood,
    MixedVenousBlood,
    CordBlood,
    DriedBlood,
    PoorPlasma,
    RichPlasma,
    RedCells,
    WhiteCells,
    Urine,
    UrineSediment,
    CerebrospinalFluid,
    PleuralFluid,
    PeritonealFluid,
    SynovialFluid,
    AmnioticFluid,
    PericardialFluid,
    DialysisFluid,
    PeritonealDialysisFluid,
    GastricFluid,
    BodyFluid,
    BoneMarrow,
    Stool,
    Saliva,
    Sputum,
    Respiratory,
    Semen,
    Throat,
    Genital,
    Tissue,
    Hair,
    Air,
    Isolate,
    /// Any specimen: the message names it.
    Any,
    /// Anything else that is no patient's fluid.
    Other,
}

struct Row {
    specimen: Specimen,
    /// LOINC SYSTEM codes.
    systems: &'static [&'static str],
    /// As long common names say it, lower case.
    names: &'static [&'static str],
    /// As hospitals say it.
    words: &'static [&'static str],
}

const fn row(
    specimen: Specimen,
    systems: &'static [&'static str],
    names: &'static [&'static str],
    words: &'static [&'static str],
) -> Row {
    Row {
        specimen,
        systems,
        names,
        words,
    }
}

const TABLE: &[Row] = &[
    row(
        Specimen::SerumPlasma,
        &["Ser/Plas", "SerPl", "SerPlas"],
        &["serum or plasma"],
        &["serum/plasma", "serum or plasma", "ser/plas", "serpl"],
    ),
    row(Specimen::Serum, &["Ser"], &["serum"], &["serum", "ser", "sst"]),
    row(Specimen::Plasma, &["Plas"], &["plasma"], &["plasma", "plas", "edta plasma"]),
    row(
        Specimen::SerumPlasmaBlood,
        &["Ser/Plas/Bld", "Plas/Bld"],
        &["serum, plasma or blood", "plasma or blood"],
        &[],
    ),
    row(
        Specimen::Blood,
        &["Bld", "WBC/Bld"],
        &["blood"],
        &[
            "blood",
            "whole blood",
            "bld",
            "wb",
            "bloed",
            "volbloed",
            "blut",
            "vollblut",
            "sang",
            "sangre",
            "sangue",
            "venous/arterial blood",
        ],
    ),
    row(
        Specimen::ArterialBlood,
        &["BldA"],
        &["arterial blood"],
        &[
            "arterial blood",
            "arterial",
            "blood arterial",
            "art",
            "abg",
            "arterieel",
            "arterieel bloed",
        ],
    ),
    row(
        Specimen::VenousBlood,
        &["BldV"],
        &["venous blood"],
        &["venous blood", "venous", "blood venous", "vbg", "veneus", "veneus bloed"],
    ),
    row(
        Specimen::CapillaryBlood,
        &["BldC"],
        &["capillary blood"],
        &["capillary blood", "capillary", "blood capillary", "fingerstick", "capillair"],
    ),
    row(
        Specimen::MixedVenousBlood,
        &["BldMV"],
        &["mixed venous blood"],
        &["mixed venous blood", "mixed venous", "gemengd veneus"],
    ),
    row(
        Specimen::CordBlood,
        &["BldCo", "BldCoA", "BldCoV"],
        &["cord blood", "arterial cord blood", "venous cord blood"],
        &["cord blood", "navelstrengbloed", "cord", "blood cord"],
    ),
    row(
        Specimen::DriedBlood,
        &["Bld.dot"],
        &["dbs", "dried blood spot"],
        &["dried blood spot", "dbs", "blood spot"],
    ),
    row(
        Specimen::PoorPlasma,
        &["PPP", "PPP^Control", "PPP^control"],
        &["platelet poor plasma", "control platelet poor plasma"],
        &[
            "platelet poor plasma",
            "citrated plasma",
            "citrate plasma",
            "citraatplasma",
            "ppp",
        ],
    ),
    row(
        Specimen::RichPlasma,
        &["PRP"],
        &["platelet rich plasma"],
        &["platelet rich plasma", "prp"],
    ),
    row(
        Specimen::RedCells,
        &["RBC"],
        &["red blood cells", "rbc"],
        &["red blood cells", "erythrocytes"],
    ),
    row(
        Specimen::WhiteCells,
        &["WBC"],
        &["leukocytes"],
        &["leukocytes", "white blood cells"],
    ),
    row(
        Specimen::Urine,
        &["Urine", "Urine+Ser/Plas", "Urine^Confirm"],
        &[
            "urine",
            "24 hour urine",
            "12 hour urine",
            "2 hour urine",
            "urine collected for unspecified duration",
        ],
        &[
            "urine",
            "urn",
            "ur",
            "urin",
            "orina",
            "u",
            "random urine",
            "24 hour urine",
            "24h urine",
            "spot urine",
            "urine random",
        ],
    ),
    row(
        Specimen::UrineSediment,
        &["Urine sed"],
        &["urine sediment"],
        &["urine sediment", "urinesediment", "urine microscopy", "sediment"],
    ),
    row(
        Specimen::CerebrospinalFluid,
        &["CSF"],
        &["cerebral spinal fluid", "cerebrospinal fluid"],
        &[
            "cerebrospinal fluid",
            "cerebral spinal fluid",
            "csf",
            "spinal fluid",
            "liquor",
            "lcr",
            "liquor cerebrospinalis",
        ],
    ),
    row(
        Specimen::PleuralFluid,
        &["Plr fld"],
        &["pleural fluid"],
        &[
            "pleural",
            "pleural fluid",
            "pleuravocht",
            "thoracentesis fluid",
            "pleural effusion",
        ],
    ),
    row(
        Specimen::PeritonealFluid,
        &["Periton fld"],
        &["peritoneal fluid", "ascites"],
        &[
            "peritoneal fluid",
            "peritoneal",
            "ascites",
            "ascites fluid",
            "ascitic fluid",
            "ascitesvocht",
            "paracentesis fluid",
        ],
    ),
    row(
        Specimen::SynovialFluid,
        &["Synv fld"],
        &["synovial fluid"],
        &[
            "synovial fluid",
            "synovial",
            "joint fluid",
            "joint",
            "gewrichtsvocht",
            "synoviaal vocht",
        ],
    ),
    row(
        Specimen::AmnioticFluid,
        &["Amnio fld"],
        &["amniotic fluid"],
        &["amniotic fluid", "amniotic", "vruchtwater"],
    ),
    row(
        Specimen::PericardialFluid,
        &["Pericard fld"],
        &["pericardial fluid"],
        &["pericardial fluid", "pericardial", "pericardvocht"],
    ),
    row(
        Specimen::DialysisFluid,
        &["Dial fld"],
        &["dialysis fluid"],
        &["dialysis fluid", "dialysate", "dialysaat", "dialysat", "hemodialysis fluid"],
    ),
    row(
        Specimen::PeritonealDialysisFluid,
        &["Dial fld prt"],
        &["peritoneal dialysis fluid"],
        &[
            "peritoneal dialysis fluid",
            "peritoneal dialysate",
            "pd fluid",
            "capd",
            "capd fluid",
        ],
    ),
    row(
        Specimen::GastricFluid,
        &["Gast fld"],
        &["gastric fluid"],
        &["gastric fluid", "gastric", "gastric aspirate", "maagsap", "maagvocht"],
    ),
    row(
        Specimen::BodyFluid,
        &["Body fld"],
        &["body fluid"],
        &[
            "body fluid",
            "other body fluid",
            "other fluid",
            "fluid",
            "misc fluid",
            "drain fluid",
            "drainvocht",
            "punctaat",
            "vocht",
            "fluid other",
        ],
    ),
    row(
        Specimen::BoneMarrow,
        &["Bone mar"],
        &["bone marrow"],
        &["bone marrow", "marrow", "beenmerg", "bm"],
    ),
    row(
        Specimen::Stool,
        &["Stool"],
        &["stool", "24 hour stool"],
        &["stool", "feces", "faeces", "fecal", "ontlasting", "stuhl"],
    ),
    row(
        Specimen::Saliva,
        &["Saliva"],
        &["saliva (oral fluid)", "saliva"],
        &["saliva", "oral fluid", "speeksel"],
    ),
    row(Specimen::Sputum, &["Sputum"], &["sputum"], &["sputum"]),
    row(
        Specimen::Respiratory,
        &[
            "Respiratory system specimen.lower",
            "Respiratory system specimen.upper",
            "Respiratory System Specimen",
            "Nph",
            "Nose",
            "BAL",
            "Bronchial",
            "Respiratory",
        ],
        &[
            "lower respiratory specimen",
            "upper respiratory specimen",
            "respiratory system specimen",
            "respiratory specimen",
            "nasopharynx",
            "nose",
            "bronchoalveolar lavage",
            "bronchial specimen",
        ],
        &[
            "respiratory",
            "nasopharyngeal swab",
            "nasopharynx",
            "bal",
            "bronchoalveolar lavage",
            "nasal swab",
            "np swab",
            "nasopharyngeal",
        ],
    ),
    row(Specimen::Semen, &["Semen"], &["semen"], &["semen", "sperm fluid"]),
    row(Specimen::Throat, &["Thrt"], &["throat"], &["throat", "throat swab", "keel"]),
    row(
        Specimen::Genital,
        &["Genital", "Vag", "Cvx", "Urethra", "Penis"],
        &["genital specimen", "vaginal fluid", "cervix", "urethra"],
        &[
            "genital",
            "cervical",
            "cervix",
            "vaginal",
            "vaginal swab",
            "urethral",
            "endocervical",
        ],
    ),
    row(
        Specimen::Tissue,
        &["Tiss", "Bld/Tiss"],
        &["tissue", "blood or tissue"],
        &["tissue", "biopsy", "weefsel"],
    ),
    row(Specimen::Hair, &["Hair", "Nail"], &["hair", "nail"], &["hair", "nail"]),
    row(
        Specimen::Air,
        &["Air", "Exhl gas", "Ventilator", "Inhl gas"],
        &["air", "exhaled gas", "inhaled gas", "ventilator"],
        &["air", "breath", "ventilator"],
    ),
    row(Specimen::Isolate, &["Isolate"], &["isolate"], &["isolate"]),
    row(
        Specimen::Any,
        &["Specimen", "xxx", "Isolate/Specimen", "Unk sub"],
        &["specimen", "unspecified specimen", "isolate or specimen"],
        &[],
    ),
];

static BY_SYSTEM: LazyLock<HashMap<String, Specimen>> = LazyLock::new(|| {
    let pairs = TABLE
        .iter()
        .flat_map(|row| row.systems.iter().map(|system| (system.to_lowercase(), row.specimen)));
    pairs.collect()
});

static BY_NAME: LazyLock<HashMap<&'static str, Specimen>> = LazyLock::new(|| {
    TABLE
        .iter()
        .flat_map(|row| row.names.iter().map(|name| (*name, row.specimen)))
        .collect()
});

static BY_WORDS: LazyLock<HashMap<Vec<String>, Specimen>> = LazyLock::new(|| {
    let phrases = TABLE
        .iter()
        .flat_map(|row| row.words.iter().map(|phrase| (words(phrase), row.specimen)));
    phrases.collect()
});

/// The specimen of a LOINC SYSTEM; `Unknown` for an empty one.
pub(in crate::mapper) fn of_system(system: &str) -> Specimen {
    if system.is_empty() || system == "-" {
        return Specimen::Unknown;
    }
    let folded = system.to_lowercase();
    let known = BY_SYSTEM
        .get(&folded)
        .or_else(|| BY_SYSTEM.get(folded.split('^').next().unwrap_or_default()));
    known.copied().unwrap_or(Specimen::Other)
}

/// The specimen that a long common name states after "in" or "of"; `None` when the words name none.
pub(in crate::mapper) fn of_name(phrase: &str) -> Option<Specimen> {
    let folded = phrase.to_lowercase();
    let base = folded.split(" --").next().unwrap_or_default();
    let base = base.split(" from ").next().unwrap_or_default();
    BY_NAME.get(base.trim()).copied()
}

/// A SYSTEM that [`of_system`] reads back as this specimen.
pub(in crate::mapper) fn code(specimen: Specimen) -> Option<&'static str> {
    let row = TABLE.iter().find(|row| row.specimen == specimen)?;
    row.systems.first().copied()
}

/// The specimen that a phrase of a hospital names, its words already normalised.
pub(in crate::mapper) fn of_words(phrase: &[String]) -> Option<Specimen> {
    BY_WORDS.get(phrase).copied()
}

/// The specimen named in a column's value: the whole value, else the longest phrase in it.
pub(in crate::mapper) fn of_column(value: &str) -> Specimen {
    let all = words(value);
    longest(&all).map_or(Specimen::Unknown, |(_, _, specimen)| specimen)
}

/// The longest phrase among words that names a specimen: start, length, specimen.
pub(in crate::mapper) fn longest(all: &[String]) -> Option<(usize, usize, Specimen)> {
    for length in (1..=all.len().min(4)).rev() {
        for (start, phrase) in all.windows(length).enumerate() {
            if let Some(specimen) = of_words(phrase) {
                return Some((start, length, specimen));
            }
        }
    }
    None
}

impl Specimen {
    /// Whether it is blood or a part of it.
    pub fn is_blood(self) -> bool {
        use Specimen as S;
        matches!(
            self,
            S::SerumPlasma
                | S::Serum
                | S::Plasma
                | S::SerumPlasmaBlood
                | S::Blood
                | S::ArterialBlood
                | S::VenousBlood
                | S::CapillaryBlood
                | S::MixedVenousBlood
                | S::CordBlood
                | S::DriedBlood
                | S::PoorPlasma
                | S::RichPlasma
                | S::RedCells
                | S::WhiteCells
        )
    }

    /// Whether it is a fluid of a body cavity, which some names call just "body fluid".
    pub fn is_cavity_fluid(self) -> bool {
        use Specimen as S;
        matches!(
            self,
            S::PleuralFluid
                | S::PeritonealFluid
                | S::SynovialFluid
                | S::AmnioticFluid
                | S::PericardialFluid
                | S::DialysisFluid
                | S::GastricFluid
                | S::CerebrospinalFluid
        )
    }
}

/// Whether a target's system is what the source states: LOINC writes `Ser/Plas` for either of the two.
pub(in crate::mapper) fn satisfies(source: Specimen, target: Specimen) -> bool {
    use Specimen as S;
    source == target || matches!((source, target), (S::Serum | S::Plasma, S::SerumPlasma))
}

/// How well a target's system fits a source's specimen where blood's own rules do not apply: 1 the same, 0 excluded.
/// Either side unknown gives a middling grade.
pub(in crate::mapper) fn affinity(source: Specimen, target: Specimen) -> f32 {
    use Specimen as S;
    if source == S::Unknown || target == S::Unknown {
        return 0.5;
    }
    if satisfies(source, target) {
        return 1.0;
    }
    match (source, target) {
        (S::SerumPlasma, S::Serum | S::Plasma) => 0.9,
        (S::Serum | S::Plasma | S::SerumPlasma, S::SerumPlasmaBlood) => 0.9,
        // Coagulation is measured in plasma without platelets, and laboratories call it plasma.
        (S::Plasma | S::SerumPlasma, S::PoorPlasma) => 0.85,
        // Serum is blood, but a result of one is not reported as a result of the other.
        (S::Serum, S::Plasma) | (S::Plasma, S::Serum) => 0.3,
        (S::Serum | S::Plasma | S::SerumPlasma, target) if target.is_blood() => 0.2,
        (S::Urine, S::UrineSediment) | (S::UrineSediment, S::Urine) => 0.85,
        (S::BodyFluid, cavity) if cavity.is_cavity_fluid() => 0.45,
        (cavity, S::BodyFluid) if cavity.is_cavity_fluid() => 0.7,
        (S::DialysisFluid, S::PeritonealDialysisFluid) | (S::PeritonealDialysisFluid, S::DialysisFluid) => 0.7,
        (S::PeritonealDialysisFluid, S::PeritonealFluid) => 0.5,
        (S::Sputum | S::Throat, S::Respiratory) | (S::Respiratory, S::Sputum | S::Throat) => 0.6,
        (S::BodyFluid, S::Genital | S::Throat | S::Respiratory | S::Semen | S::Sputum | S::Saliva) => 0.4,
        (_, S::Any) => 0.55,
        (_, S::Other) => 0.15,
        (S::ArterialBlood | S::VenousBlood | S::CapillaryBlood | S::MixedVenousBlood, S::SerumPlasma | S::Serum | S::Plasma) => {
            0.4
        }
        (source, target) if source.is_blood() && target.is_blood() => 0.6,
        (source, S::Tissue) if source.is_blood() || source == S::BoneMarrow => 0.4,
        (S::BoneMarrow, target) if target.is_blood() => 0.3,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_say_it_leads_to_the_specimen() {
        assert_eq!(of_system("Ser/Plas"), Specimen::SerumPlasma);
        assert_eq!(of_system("Ser/Plas^Donor"), Specimen::SerumPlasma);
        assert_eq!(of_system(""), Specimen::Unknown);
        assert_eq!(of_system("Heart"), Specimen::Other);
        assert_eq!(of_name("Serum or Plasma --trough"), Some(Specimen::SerumPlasma));
        assert_eq!(of_name("Childhood"), None);
        assert_eq!(of_column("Other Body Fluid"), Specimen::BodyFluid);
        assert_eq!(of_column("BLOOD, VENOUS"), Specimen::VenousBlood);
        assert_eq!(of_column("LAB-Chem-bloed"), Specimen::Blood);
        assert_eq!(of_column("Q"), Specimen::Unknown);
    }

    #[test]
    fn serum_and_plasma_are_what_ser_plas_says_and_whole_blood_is_not() {
        for source in [Specimen::Serum, Specimen::Plasma] {
            assert!(satisfies(source, Specimen::SerumPlasma));
            assert!(affinity(source, Specimen::SerumPlasma) > affinity(source, Specimen::SerumPlasmaBlood));
            assert!(affinity(source, Specimen::Blood) < affinity(Specimen::ArterialBlood, Specimen::Blood));
        }
        assert!(!satisfies(Specimen::SerumPlasma, Specimen::Serum));
    }

    #[test]
    fn conflicts_are_worse_than_the_unknown() {
        assert_eq!(affinity(Specimen::Urine, Specimen::CerebrospinalFluid), 0.0);
        assert!(affinity(Specimen::Urine, Specimen::Unknown) > affinity(Specimen::Urine, Specimen::SerumPlasma));
        assert!(affinity(Specimen::PleuralFluid, Specimen::BodyFluid) > affinity(Specimen::PleuralFluid, Specimen::Any));
    }
}
