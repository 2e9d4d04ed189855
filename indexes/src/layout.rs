//! Names of the files of an index and numbers of their sections: the table in FORMAT.md, as constants.

/// Files of a code system, in the order in which they are written.
pub mod file {
    /// Codes to ordinals.
    pub const CODES: &str = "codes";
    /// Flags and status of concepts.
    pub const CONCEPTS: &str = "concepts";
    /// Terms.
    pub const DESIGNATIONS: &str = "designations";
    /// Parents, children, descendants.
    pub const HIERARCHY: &str = "hierarchy";
    /// Properties and relations, with inverted sets.
    pub const RELATIONS: &str = "relations";
    /// Reference sets.
    pub const REFSETS: &str = "refsets";
    /// Rows of reference sets with their columns, and alternate identifiers.
    pub const MEMBERS: &str = "members";
    /// Words of designations.
    pub const TEXT: &str = "text";
    /// What a code system says about what it does not list.
    pub const AXIOMS: &str = "axioms";
    /// Rows of a concept map.
    pub const MAPS: &str = "maps";
    /// FHIR resources kept whole.
    pub const RESOURCES: &str = "resources";
}

/// Kinds in file headers.
pub mod kind {
    /// `codes`
    pub const CODES: &[u8; 4] = b"CODE";
    /// `concepts`
    pub const CONCEPTS: &[u8; 4] = b"CONC";
    /// `designations`
    pub const DESIGNATIONS: &[u8; 4] = b"DESG";
    /// `hierarchy`
    pub const HIERARCHY: &[u8; 4] = b"HIER";
    /// `relations`
    pub const RELATIONS: &[u8; 4] = b"RELA";
    /// `refsets`
    pub const REFSETS: &[u8; 4] = b"REFS";
    /// `members`
    pub const MEMBERS: &[u8; 4] = b"MEMB";
    /// `text`
    pub const TEXT: &[u8; 4] = b"TEXT";
    /// `axioms`
    pub const AXIOMS: &[u8; 4] = b"AXIO";
    /// `maps`
    pub const MAPS: &[u8; 4] = b"MAPS";
    /// `resources`
    pub const RESOURCES: &[u8; 4] = b"RESO";
}

/// Sections of `codes`.
pub mod codes {
    /// fst: code -> ordinal.
    pub const EXACT: u32 = 1;
    /// fst: folded code -> ordinal; only for case-insensitive systems.
    pub const FOLDED: u32 = 2;
    /// Strings: ordinal -> code (2 sections).
    pub const CODES: u32 = 3;
}

/// Sections of `concepts`.
pub mod concepts {
    /// u8 per concept: bit 0 active, bit 1 not selectable.
    pub const FLAGS: u32 = 1;
    /// u32 per concept: number of its status + 1, 0 for none.
    pub const STATUS: u32 = 2;
    /// Strings: statuses (2 sections).
    pub const STATUSES: u32 = 3;
    /// u32 list, sorted: concepts with extensions.
    pub const EXTENDED: u32 = 5;
    /// Strings: their extensions, JSON (2 sections).
    pub const EXTENSIONS: u32 = 6;
    /// Bit 0 of FLAGS.
    pub const FLAG_ACTIVE: u8 = 1;
    /// Bit 1 of FLAGS.
    pub const FLAG_NOT_SELECTABLE: u8 = 2;
}

/// Sections of `designations`.
pub mod designations {
    /// u32 per concept + 1: first designation.
    pub const FIRST: u32 = 1;
    /// u16 per designation: language number + 1, 0 for none.
    pub const LANGUAGE: u32 = 2;
    /// u16 per designation: use number + 1, 0 for none.
    pub const USE: u32 = 3;
    /// u8 per designation: kind; bit 7 set when inactive, bit 6 when the text is long.
    pub const KIND: u32 = 4;
    /// Strings: short texts; of a long one, its number among the long texts in decimal (2 sections).
    pub const TEXTS: u32 = 5;
    /// Strings: languages (2 sections).
    pub const LANGUAGES: u32 = 7;
    /// Strings: uses, four strings each: system, version, code, display (2 sections).
    pub const USES: u32 = 9;
    /// Strings: publisher's ids; empty list when no designation has one (2 sections).
    pub const IDS: u32 = 11;
    /// CSR per designation: dialect number * 2 + acceptability (2 sections); absent when there is none.
    pub const DIALECTS: u32 = 13;
    /// Strings: dialect reference set codes (2 sections).
    pub const DIALECT_NAMES: u32 = 15;
    /// u32 list, sorted: designations with extensions.
    pub const EXTENDED: u32 = 17;
    /// Strings: their extensions (2 sections).
    pub const EXTENSIONS: u32 = 18;
    /// Blocks: long texts (5 sections).
    pub const LONG: u32 = 20;
    /// u16 per designation: module number + 1, 0 for none. Absent, with all below it, where no designation says.
    pub const MODULE: u32 = 25;
    /// u16 per designation: effective time number + 1, 0 for none.
    pub const TIME: u32 = 26;
    /// u8 per designation: case significance number + 1, 0 for none.
    pub const CASE: u32 = 27;
    /// Strings: modules (2 sections).
    pub const MODULES: u32 = 28;
    /// u32 list, sorted: effective times, YYYYMMDD.
    pub const TIMES: u32 = 30;
    /// Strings: case significances (2 sections).
    pub const CASES: u32 = 31;
    /// u32 list: designations with an id, sorted by id (bytes). Absent where MODULE is.
    pub const BY_ID: u32 = 33;
    /// Texts longer than this many bytes go to blocks.
    pub const LONG_TEXT: usize = 320;
    /// Bit 3 of KIND: made from another designation by the loader.
    pub const KIND_MADE: u8 = 0x08;
    /// Bit 7 of KIND.
    pub const KIND_INACTIVE: u8 = 0x80;
    /// Bit 6 of KIND.
    pub const KIND_LONG: u8 = 0x40;
}

/// Sections of `hierarchy`.
pub mod hierarchy {
    /// CSR per concept: parents (2 sections).
    pub const PARENTS: u32 = 1;
    /// CSR per concept: children (2 sections).
    pub const CHILDREN: u32 = 3;
    /// CSR per concept: descendants as runs [first, last] (2 sections).
    pub const DESCENDANTS: u32 = 5;
    /// u64 per parent link, as in PARENTS: its publisher's id, 0 for none. Absent where no link has one.
    pub const IDS: u32 = 7;
}

/// Sections of `relations`.
pub mod relations {
    /// Strings: property codes (2 sections).
    pub const PROPERTIES: u32 = 1;
    /// CSR per concept: entries (property u16, group u16, value u32) as u32 pairs (2 sections).
    pub const ENTRIES: u32 = 3;
    /// u8 per value: kind.
    pub const VALUE_KIND: u32 = 5;
    /// Strings: values as text, sorted inside each kind; codings are four lines (2 sections).
    pub const VALUES: u32 = 6;
    /// u32 per value: ordinal of the concept a code names, or u32::MAX.
    pub const VALUE_ORDINAL: u32 = 8;
    /// u32 pairs, sorted: (property, value) keys.
    pub const KEYS: u32 = 9;
    /// CSR per key: concepts that have it (2 sections).
    pub const POSTINGS: u32 = 10;
    /// u32 list, sorted: entries with extensions.
    pub const EXTENDED: u32 = 12;
    /// Strings: their extensions (2 sections).
    pub const EXTENSIONS: u32 = 13;
    /// u64 per entry: its publisher's id, 0 for none. Absent where no entry has one.
    pub const IDS: u32 = 15;
    /// u32 per property + 1: its first row below. Absent, with those below, where no property is a concept.
    pub const ROWS_FIRST: u32 = 16;
    /// u32 per row: concept.
    pub const ROWS_CONCEPT: u32 = 17;
    /// u32 per row: group, or from ALONE on the place of an entry in no group.
    pub const ROWS_SLOT: u32 = 18;
    /// u32 per row: a concept, or from the number of concepts on the number of a value.
    pub const ROWS_VALUE: u32 = 19;
    /// The first slot that is no group.
    pub const ALONE: u32 = 1 << 16;
}

/// Sections of `refsets`.
pub mod refsets {
    /// u32 list, sorted: ordinals of the reference sets.
    pub const REFSETS: u32 = 1;
    /// CSR per reference set: members in the order of the release (2 sections).
    pub const MEMBERS: u32 = 2;
    /// CSR per member row: pairs (name number, value number) (2 sections).
    pub const FIELDS: u32 = 4;
    /// Strings: names and values of fields (2 sections).
    pub const STRINGS: u32 = 6;
}

/// Sections of `members`.
pub mod members {
    /// u32 list, sorted: ordinals of the reference sets.
    pub const REFSETS: u32 = 1;
    /// u32 per reference set + 1: its first row.
    pub const FIRST_ROW: u32 = 2;
    /// u8 per row: bit 0 active.
    pub const FLAGS: u32 = 3;
    /// u16 per row: module number.
    pub const MODULE: u32 = 4;
    /// u16 per row: effective time number.
    pub const TIME: u32 = 5;
    /// u64 pairs per row: member id, high half first.
    pub const ID: u32 = 6;
    /// u32 per row: referenced component.
    pub const COMPONENT: u32 = 7;
    /// CSR per concept: rows that refer to it (2 sections).
    pub const BY_CONCEPT: u32 = 8;
    /// Strings: modules (2 sections).
    pub const MODULES: u32 = 10;
    /// u32 list, sorted: effective times, YYYYMMDD.
    pub const TIMES: u32 = 12;
    /// Strings: components that are neither concept nor designation of the index (2 sections).
    pub const OTHERS: u32 = 13;
    /// u32 per reference set + 1: its first field.
    pub const FIRST_FIELD: u32 = 15;
    /// u32 x 8 per field: see FORMAT.md.
    pub const FIELDS: u32 = 16;
    /// Strings: names of fields (2 sections).
    pub const NAMES: u32 = 17;
    /// u32: distinct values of fields that are coded by them.
    pub const DICTIONARIES: u32 = 19;
    /// Bytes: cells.
    pub const CELLS: u32 = 20;
    /// u32: rows of a field sorted by value, for component fields without a dictionary.
    pub const SORTED: u32 = 21;
    /// Strings: distinct short strings, sorted (2 sections).
    pub const STRINGS: u32 = 22;
    /// Blocks: distinct long strings, sorted (5 sections).
    pub const LONG: u32 = 24;
    /// Strings: alternate identifiers, sorted (2 sections).
    pub const ALTERNATES: u32 = 30;
    /// u32 per alternate identifier: its scheme, a component.
    pub const ALTERNATE_SCHEME: u32 = 32;
    /// u32 per alternate identifier: what it identifies, a component.
    pub const ALTERNATE_COMPONENT: u32 = 33;
    /// u8 per alternate identifier: bit 0 active.
    pub const ALTERNATE_FLAGS: u32 = 34;
    /// CSR per concept: its alternate identifiers (2 sections).
    pub const ALTERNATES_BY_CONCEPT: u32 = 35;
    /// Bit 0 of FLAGS and ALTERNATE_FLAGS.
    pub const FLAG_ACTIVE: u8 = 1;
    /// The component of an empty cell.
    pub const NO_COMPONENT: u32 = u32::MAX;
    /// Strings longer than this many bytes go to blocks.
    pub const LONG_STRING: usize = 96;
    /// u32 in FIELDS per field.
    pub const FIELD_WORDS: usize = 8;
}

/// Sections of a list of packed long texts, counted from the first.
pub mod blocks {
    /// u32 per text: block.
    pub const BLOCK: u32 = 0;
    /// u32 pairs per text: offset and length in the unpacked block.
    pub const PLACE: u32 = 1;
    /// u64 per block + 1: offset in the packed bytes.
    pub const OFFSETS: u32 = 2;
    /// zstd frames.
    pub const PACKED: u32 = 3;
    /// zstd dictionary; empty when the texts are too few to train one.
    pub const DICTIONARY: u32 = 4;
}

/// Sections of `text`.
pub mod text {
    /// u32 per document: designation.
    pub const DESIGNATION: u32 = 1;
    /// u32 per document: concept.
    pub const CONCEPT: u32 = 2;
    /// u16 per document: length of the term in characters, capped.
    pub const LENGTH: u32 = 3;
    /// u8 per document: kind and flags as in `designations`, plus bit 5 when the concept is inactive.
    pub const KIND: u32 = 4;
    /// Strings: names of the tantivy files (2 sections).
    pub const FILE_NAMES: u32 = 5;
    /// u64 pairs per tantivy file: offset and length in FILES.
    pub const FILE_PLACES: u32 = 7;
    /// The tantivy files, each aligned to eight.
    pub const FILES: u32 = 8;
    /// Bit 5 of KIND.
    pub const KIND_CONCEPT_INACTIVE: u8 = 0x20;
}

/// Sections of `axioms`.
pub mod axioms {
    /// u32 list, sorted: roles, each the ordinal of an attribute, u32::MAX the role group, those before it made for chains.
    pub const ROLES: u32 = 1;
    /// u8 per role: bit 0 never in a role group, bit 1 links everything to itself.
    pub const ROLE_FLAGS: u32 = 2;
    /// CSR per role: roles that it is below (2 sections).
    pub const ABOVE: u32 = 3;
    /// u32 x 3: first and second role of a chain, and the role that they make.
    pub const CHAINS: u32 = 5;
    /// u32 per condition, sorted: the concept by which it is found, u32::MAX where it names none.
    pub const NAMES: u32 = 6;
    /// CSR per condition: conclusion and condition as bytes (2 sections).
    pub const CONDITIONS: u32 = 7;
    /// u32 x 4: axioms that were read, rows that are none that could be, depth of conditions, whether one names nothing
    /// that the thing itself is.
    pub const SUMMARY: u32 = 9;
    /// Bit 0 of ROLE_FLAGS.
    pub const FLAG_ALONE: u8 = 1;
    /// Bit 1 of ROLE_FLAGS.
    pub const FLAG_REFLEXIVE: u8 = 2;
}

/// Sections of `maps`.
pub mod maps {
    /// Strings: systems and versions, two strings each (2 sections).
    pub const SYSTEMS: u32 = 1;
    /// u32 x 2 per row: source and target system numbers.
    pub const ROW_SYSTEMS: u32 = 3;
    /// Strings: source codes, sorted (2 sections).
    pub const SOURCE_CODES: u32 = 4;
    /// Strings: distinct displays, target codes, rules and other texts; number 0 is "none" (2 sections).
    pub const TEXTS: u32 = 6;
    /// u32 x 6 per row: source display, target code, target display, rule, advice, comment.
    pub const ROW_TEXTS: u32 = 8;
    /// u16 x 4 per row: relationship, group, priority, zero.
    pub const ROW_NUMBERS: u32 = 9;
    /// u32 list: rows sorted by target code.
    pub const BY_TARGET: u32 = 10;
    /// CSR per row: attributes, six text numbers each (2 sections).
    pub const ATTRIBUTES: u32 = 11;
}

/// Sections of `resources`.
pub mod resources {
    /// Strings: per resource, sorted: url, version, type, id, FHIR version (2 sections).
    pub const KEYS: u32 = 1;
    /// u64 per resource + 1: offset in PACKED.
    pub const OFFSETS: u32 = 3;
    /// zstd frames, one per resource.
    pub const PACKED: u32 = 4;
    /// zstd dictionary; may be empty.
    pub const DICTIONARY: u32 = 5;
    /// Strings in KEYS per resource.
    pub const KEY_FIELDS: usize = 5;
}
