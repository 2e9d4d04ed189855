//! The files of `demo/`, inside the program, so that the demonstration runs wherever the program is.

/// A file: its path below `demo/` and its bytes.
pub struct DemoFile {
    /// Path, `/` between parts.
    pub path: &'static str,
    /// Content.
    pub bytes: &'static [u8],
}

macro_rules! file {
    ($path:literal) => {
        DemoFile {
            path: $path,
            bytes: include_bytes!(concat!("../../demo/", $path)),
        }
    };
}

/// All of them; where they come from is in `demo/SOURCES.md`.
pub const FILES: &[DemoFile] = &[
    file!("diabetes.json"),
    file!("extract/diagnoses.csv"),
    file!("extract/drugs.csv"),
    file!("extract/labs.csv"),
    file!("hl7/hl7-fhir-r4-terminology.ndjson.zst"),
    file!("icd/CMS32_DESC_LONG_DX.txt.zst"),
    file!("icd/CMS32_DESC_SHORT_DX.txt.zst"),
    file!("icd/I10gem.txt.zst"),
    file!("icd/I9gem.txt.zst"),
    file!("icd/icd10c-tabular-April-1-2026.xml.zst"),
    file!("icd/icd10cm-codes-2024.txt.zst"),
    file!("invented/Loinc_0.1/LoincTable/Loinc.csv"),
    file!("invented/Loinc_0.1/LoincTable/MapTo.csv"),
    file!("invented/RxNorm_full_01012026/rrf/RXNCONSO.RRF"),
    file!("invented/RxNorm_full_01012026/rrf/RXNREL.RRF"),
    file!("invented/RxNorm_full_01012026/rrf/RXNSAB.RRF"),
    file!("invented/RxNorm_full_01012026/rrf/RXNSAT.RRF"),
    file!("invented/RxNorm_full_01012026/rrf/RXNSTY.RRF"),
    file!(
        "invented/SnomedCT_InventedExample_20260101T000000Z/Snapshot/Refset/Language/xder2_cRefset_LanguageSnapshot-en_XX9999998_20260101.txt"
    ),
    file!(
        "invented/SnomedCT_InventedExample_20260101T000000Z/Snapshot/Refset/Map/xder2_iisssccRefset_ExtendedMapSnapshot_XX9999998_20260101.txt"
    ),
    file!(
        "invented/SnomedCT_InventedExample_20260101T000000Z/Snapshot/Terminology/xsct2_Concept_Snapshot_XX9999998_20260101.txt"
    ),
    file!(
        "invented/SnomedCT_InventedExample_20260101T000000Z/Snapshot/Terminology/xsct2_Description_Snapshot-en_XX9999998_20260101.txt"
    ),
    file!(
        "invented/SnomedCT_InventedExample_20260101T000000Z/Snapshot/Terminology/xsct2_Relationship_Snapshot_XX9999998_20260101.txt"
    ),
];
