//! What every release has: modules, reference sets, attributes, the tops of the hierarchies. Identifiers are the
//! published ones, since loaders and expression constraints name them; the terms are our own words.

/// The concept on top.
pub const ROOT: &str = "138875005";
/// The module of all content.
pub const CORE: &str = "900000000000207008";
/// The module of the metadata.
pub const MODEL: &str = "900000000000012004";
/// The relationship of the hierarchy.
pub const IS_A: &str = "116680003";
/// Above all metadata.
pub const METADATA: &str = "900000000000441003";
/// Above all attributes.
pub const ATTRIBUTE: &str = "410662002";
/// Above all reference sets.
pub const REFSET: &str = "900000000000455006";

/// Metadata concepts: id, parent, term, semantic tag.
pub const CONCEPTS: &[(&str, &str, &str, &str)] = &[
    (METADATA, ROOT, "Model component", "metadata"),
    ("900000000000443000", METADATA, "Module", "core metadata concept"),
    (CORE, "900000000000443000", "Core content module", "core metadata concept"),
    (MODEL, "900000000000443000", "Model module", "core metadata concept"),
    ("106237007", METADATA, "Linkage", "linkage concept"),
    (ATTRIBUTE, "106237007", "Model attribute", "attribute"),
    (IS_A, ATTRIBUTE, "Kind of", "attribute"),
    ("609096000", ATTRIBUTE, "Group of roles", "attribute"),
    ("900000000000003001", METADATA, "Full name", "core metadata concept"),
    ("900000000000013009", METADATA, "Other name", "core metadata concept"),
    ("900000000000550004", METADATA, "Explanation", "core metadata concept"),
    ("900000000000548007", METADATA, "First choice", "foundation metadata concept"),
    ("900000000000549004", METADATA, "Also right", "foundation metadata concept"),
    ("900000000000074008", METADATA, "Not fully defined", "core metadata concept"),
    ("900000000000073002", METADATA, "Fully defined", "core metadata concept"),
    ("900000000000011006", METADATA, "Inferred link", "core metadata concept"),
    ("900000000000448009", METADATA, "Any case", "core metadata concept"),
    ("900000000000017005", METADATA, "This case", "core metadata concept"),
    ("900000000000451002", METADATA, "Existential", "core metadata concept"),
    (REFSET, METADATA, "Reference set", "foundation metadata concept"),
    ("900000000000509007", REFSET, "American words", "foundation metadata concept"),
    ("900000000000508004", REFSET, "British words", "foundation metadata concept"),
    (
        "900000000000534007",
        REFSET,
        "Module dependencies",
        "foundation metadata concept",
    ),
    ("733073007", REFSET, "Axioms", "foundation metadata concept"),
    (
        "900000000000489007",
        REFSET,
        "Reasons for retirement",
        "foundation metadata concept",
    ),
    (
        "900000000000522004",
        REFSET,
        "Links of history",
        "foundation metadata concept",
    ),
    (
        "900000000000527005",
        "900000000000522004",
        "Same as",
        "foundation metadata concept",
    ),
    (
        "900000000000526001",
        "900000000000522004",
        "Replaced by",
        "foundation metadata concept",
    ),
    (
        "900000000000523009",
        "900000000000522004",
        "Possibly the same as",
        "foundation metadata concept",
    ),
    (
        "900000000000530003",
        "900000000000522004",
        "One of several",
        "foundation metadata concept",
    ),
    (
        "900000000000524003",
        "900000000000522004",
        "Moved to",
        "foundation metadata concept",
    ),
    ("900000000000482003", METADATA, "Repeated", "foundation metadata concept"),
    ("900000000000483008", METADATA, "Outdated", "foundation metadata concept"),
    ("900000000000484002", METADATA, "Ambiguous", "foundation metadata concept"),
    (
        "900000000000487009",
        METADATA,
        "Kept elsewhere",
        "foundation metadata concept",
    ),
    ("447562003", REFSET, "Map to ICD-10", "foundation metadata concept"),
    ("446608001", REFSET, "Map to ICD-O", "foundation metadata concept"),
    ("723264001", REFSET, "Body parts with sides", "foundation metadata concept"),
    ("447637006", METADATA, "Classified", "foundation metadata concept"),
    ("447638001", METADATA, "Not classifiable", "foundation metadata concept"),
    ("447639009", METADATA, "Depends on context", "foundation metadata concept"),
    ("447561005", METADATA, "No relation stated", "foundation metadata concept"),
];

/// Attributes: id and term.
pub const ATTRIBUTES: &[(&str, &str)] = &[
    ("363698007", "Site of finding"),
    ("116676008", "Morphology"),
    ("246075003", "Causative agent"),
    ("42752001", "Owing to"),
    ("370135005", "Process"),
    ("263502005", "Course"),
    ("246112005", "Severity"),
    ("363714003", "Interprets"),
    ("246454002", "Occurrence"),
    ("260686004", "Method"),
    ("405813007", "Direct site of procedure"),
    ("363700003", "Direct morphology"),
    ("424226004", "Device used"),
    ("363701004", "Direct substance"),
    ("260507000", "Access"),
    ("272741003", "Laterality"),
    ("127489000", "Active ingredient"),
    ("411116001", "Dose form"),
    ("1142139005", "Number of active ingredients"),
    ("1142135004", "Strength"),
    ("704321009", "Inheres in"),
    ("704318007", "Kind of property"),
    ("704327008", "Direct site of observation"),
];

/// Groups of attributes that go together.
pub type Pattern = &'static [(&'static str, usize)];

/// A hierarchy: its top, semantic tag, share of the concepts in a thousand, and which attributes its concepts have: the
/// attribute and the hierarchy (by place in this list) of its values.
pub struct Hierarchy {
    /// The concept on top.
    pub top: &'static str,
    /// Its term.
    pub term: &'static str,
    /// The semantic tag of its concepts.
    pub tag: &'static str,
    /// Its share of all concepts, in a thousand.
    pub share: u32,
    /// What its concepts' groups are made of.
    pub pattern: Pattern,
    /// Groups per concept, in tenths.
    pub groups: u32,
}

/// Where body structures are in the list.
pub const BODY: usize = 0;
/// Where clinical findings are in the list.
pub const FINDING: usize = 6;
/// Where products are in the list.
pub const PRODUCT: usize = 8;

/// All hierarchies; those that others refer to come first, so that there is something to refer to.
pub const HIERARCHIES: [Hierarchy; 14] = [
    plain("123037004", "Body structure", "body structure", 105),
    plain("49755003", "Changed structure", "morphologic abnormality", 15),
    plain("105590001", "Substance", "substance", 75),
    plain("410607006", "Organism", "organism", 98),
    plain("362981000", "Qualifier", "qualifier value", 35),
    plain("260787004", "Physical object", "physical object", 40),
    Hierarchy {
        top: "404684003",
        term: "Clinical finding",
        tag: "disorder",
        share: 330,
        pattern: &[
            ("363698007", BODY),
            ("116676008", 1),
            ("246075003", 3),
            ("370135005", 4),
            ("263502005", 4),
            ("246112005", 4),
            ("246454002", 4),
        ],
        groups: 32,
    },
    Hierarchy {
        top: "71388002",
        term: "Procedure",
        tag: "procedure",
        share: 160,
        pattern: &[
            ("260686004", 4),
            ("405813007", BODY),
            ("363700003", 1),
            ("424226004", 5),
            ("363701004", 2),
            ("260507000", 4),
        ],
        groups: 36,
    },
    Hierarchy {
        top: "373873005",
        term: "Pharmaceutical product",
        tag: "product",
        share: 62,
        pattern: &[("127489000", 2), ("411116001", 4)],
        groups: 30,
    },
    Hierarchy {
        top: "363787002",
        term: "Observable",
        tag: "observable entity",
        share: 30,
        pattern: &[("704321009", BODY), ("704318007", 4), ("704327008", BODY)],
        groups: 20,
    },
    Hierarchy {
        top: "243796009",
        term: "Situation",
        tag: "situation",
        share: 20,
        pattern: &[("363714003", 9), ("246454002", 4)],
        groups: 20,
    },
    plain("272379006", "Event", "event", 10),
    plain("123038009", "Specimen", "specimen", 8),
    plain("48176007", "Social context", "person", 12),
];

const fn plain(top: &'static str, term: &'static str, tag: &'static str, share: u32) -> Hierarchy {
    Hierarchy {
        top,
        term,
        tag,
        share,
        pattern: &[],
        groups: 0,
    }
}

#[test]
fn shares_are_of_a_thousand_and_values_come_before_what_refers_to_them() {
    assert_eq!(HIERARCHIES.iter().map(|one| one.share).sum::<u32>(), 1000);
    assert_eq!(HIERARCHIES[FINDING].top, "404684003");
    assert_eq!(HIERARCHIES[PRODUCT].top, "373873005");
    for (place, hierarchy) in HIERARCHIES.iter().enumerate() {
        assert!(
            hierarchy.pattern.iter().all(|(_, values)| *values < place),
            "{}",
            hierarchy.term
        );
    }
}
