//! A small edition as plain lists: what the naive evaluator reads, and what an index is built from.

#![allow(
    clippy::explicit_auto_deref,
    reason = "without the star the list would be one of unsized texts"
)]

use crate::testing::Dice;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use tern_index::build::CodeSystemBuilder;
use tern_index::model::{Acceptability, CodeSystemHeader, Coding, ConceptOrder, DesignationKind};
use tern_index::read::CodeSystemIndex;
use tern_index::record::{
    AlternateRecord, At, ConceptRecord, DesignationRecord, FieldRecord, PropertyRecord, Provenance, RowRecord, ValueRecord,
};
use tern_loaders::snomed::sctid::Sctid;

pub const ROOT: &str = "138875005";
pub const IS_A: &str = "116680003";
pub const ATTRIBUTES: &str = "410662002";
pub const CORE: &str = "900000000000207008";
pub const MODEL: &str = "900000000000012004";
pub const PRIMITIVE: &str = "900000000000074008";
pub const DEFINED: &str = "900000000000073002";
pub const SYNONYM: &str = "900000000000013009";
pub const NAME: &str = "900000000000003001";
pub const DEFINITION: &str = "900000000000550004";
pub const GB: &str = "900000000000508004";
pub const US: &str = "900000000000509007";
pub const HISTORICAL: &str = "900000000000522004";
pub const SAME_AS: &str = "900000000000527005";
pub const REPLACED_BY: &str = "900000000000526001";
pub const POSSIBLY: &str = "900000000000523009";
pub const MOVED_FROM: &str = "900000000000525002";
pub const WAS_A: &str = "900000000000528000";
pub const PARTIALLY: &str = "1186924009";

#[derive(Debug, Clone)]
pub struct Concept {
    pub active: bool,
    pub defined: bool,
    pub module: &'static str,
    pub time: u32,
    pub parents: BTreeSet<String>,
    pub rows: Vec<Row>,
    pub terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Concept(String),
    Number(i64),
    Text(String),
    Boolean(bool),
}

#[derive(Debug, Clone)]
pub struct Row {
    pub attribute: String,
    pub group: u16,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub struct Term {
    pub id: String,
    pub text: String,
    pub kind: &'static str,
    pub language: &'static str,
    pub active: bool,
    pub module: &'static str,
    pub time: u32,
    pub dialects: Vec<(&'static str, bool)>,
}

#[derive(Debug, Clone)]
pub struct Member {
    pub refset: String,
    pub component: String,
    pub active: bool,
    pub module: &'static str,
    pub time: u32,
    pub target: Option<String>,
    pub number: Option<i32>,
    pub text: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct World {
    pub concepts: BTreeMap<String, Concept>,
    pub members: Vec<Member>,
    pub attributes: Vec<String>,
    pub ordinary: Vec<String>,
    pub refsets: Vec<String>,
    /// (identifier, concept) in the scheme `T-1`.
    pub alternates: Vec<(String, String)>,
}

/// Concepts that an edition is to have besides those of its own making.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'g> {
    pub attributes: &'g [String],
    pub ordinary: &'g [String],
    pub refsets: &'g [String],
    pub associations: &'g [String],
    /// The beginning of a scheme's name, and an identifier.
    pub alternate: Option<(&'g str, &'g str)>,
}

pub const WORDS: [&str; 10] = [
    "heart",
    "attack",
    "attic",
    "Ménière",
    "disease",
    "left",
    "lung",
    "eye",
    "red",
    "edema",
];

/// An identifier with its check digit.
fn identifier(number: usize, partition: &str) -> String {
    let stem = format!("{}{partition}", 1_000 + number);
    (0..10)
        .map(|digit| format!("{stem}{digit}"))
        .find(|id| Sctid::parse(id).is_ok())
        .unwrap()
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self::with(seed, Given::default())
    }

    /// An edition with concepts that are given.
    pub fn with(seed: u64, given: Given<'_>) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut world = Self::default();
        for (code, parent) in [
            (ROOT, None),
            (ATTRIBUTES, Some(ROOT)),
            (IS_A, Some(ROOT)),
            (CORE, Some(ROOT)),
            (MODEL, Some(ROOT)),
            (PRIMITIVE, Some(ROOT)),
            (DEFINED, Some(ROOT)),
            (SYNONYM, Some(ROOT)),
            (NAME, Some(ROOT)),
            (DEFINITION, Some(ROOT)),
            (GB, Some(ROOT)),
            (US, Some(ROOT)),
            (HISTORICAL, Some(ROOT)),
            (SAME_AS, Some(HISTORICAL)),
            (REPLACED_BY, Some(HISTORICAL)),
            (POSSIBLY, Some(HISTORICAL)),
            (MOVED_FROM, Some(HISTORICAL)),
        ] {
            world.add(
                code.to_owned(),
                parent.map(str::to_owned).into_iter().collect(),
                true,
                &mut dice,
            );
        }
        for code in given.associations {
            world.add(code.clone(), BTreeSet::from([HISTORICAL.to_owned()]), true, &mut dice);
        }
        for (place, code) in given.attributes.iter().enumerate() {
            let above = if place > 0 && dice.one_in(2) {
                dice.pick(&world.attributes).clone()
            } else {
                ATTRIBUTES.to_owned()
            };
            world.add(code.clone(), BTreeSet::from([above]), true, &mut dice);
            world.attributes.push(code.clone());
        }
        let mut number = 0;
        let mut fresh = || {
            number += 1;
            identifier(number, "00")
        };
        for place in 0..5 {
            let code = fresh();
            let parent = match place {
                3 => world.attributes[0].clone(),
                4 => world.attributes[1].clone(),
                _ => ATTRIBUTES.to_owned(),
            };
            world.add(code.clone(), BTreeSet::from([parent]), true, &mut dice);
            world.attributes.push(code);
        }
        let own = given.ordinary.len();
        for place in 0..own + 36 {
            let given = given.ordinary.get(place).cloned();
            // What is given is in use, as far as it matters where it stands.
            let active = given.is_some() || !dice.one_in(6);
            let code = given.unwrap_or_else(&mut fresh);
            let mut parents = BTreeSet::new();
            for _ in 0..=dice.roll(2) {
                let above: Vec<&String> = world.ordinary.iter().filter(|code| world.concepts[*code].active).collect();
                parents.insert(if place < 3 || above.is_empty() {
                    ROOT.to_owned()
                } else {
                    (*dice.pick(&above)).clone()
                });
            }
            let parents = if active { parents } else { BTreeSet::new() };
            world.add(code.clone(), parents, active, &mut dice);
            world.ordinary.push(code);
        }
        world.relate(&mut dice);
        for place in 0..given.refsets.len() + 3 {
            let code = given.refsets.get(place).cloned().unwrap_or_else(&mut fresh);
            world.add(code.clone(), BTreeSet::from([ROOT.to_owned()]), true, &mut dice);
            world.refsets.push(code);
        }
        world.list(given.associations, &mut dice);
        // The scheme is known by the beginning of a term.
        let mut scheme = world.concepts[ATTRIBUTES].terms[0].clone();
        scheme.id = identifier(8_000, "01");
        scheme.text = "T 1 identifiers".to_owned();
        world.concepts.get_mut(ATTRIBUTES).unwrap().terms.push(scheme);
        for place in 0..4 {
            let concept = dice.pick(&world.ordinary).clone();
            world.alternates.push((format!("{place}-7.x"), concept));
        }
        if let Some((scheme, code)) = given.alternate {
            let concept = dice.pick(&world.ordinary).clone();
            world.alternates.push((code.to_owned(), concept));
            let terms = &mut world.concepts.get_mut(ATTRIBUTES).unwrap().terms;
            let mut named = terms[0].clone();
            (named.id, named.text) = (identifier(8_001, "01"), format!("{scheme} identifiers"));
            terms.push(named);
        }
        world
    }

    fn add(&mut self, code: String, parents: BTreeSet<String>, active: bool, dice: &mut Dice) {
        let terms = (0..=dice.roll(4))
            .map(|place| {
                let words: Vec<&str> = (0..=dice.roll(3)).map(|_| *dice.pick(&WORDS)).collect();
                Term {
                    id: identifier(self.concepts.len() * 8 + place, "01"),
                    text: words.join(*dice.pick(&[" ", " ", " ", "-"])),
                    kind: if place == 0 {
                        NAME
                    } else {
                        *dice.pick(&[SYNONYM, SYNONYM, DEFINITION])
                    },
                    language: *dice.pick(&["en", "en", "sv"]),
                    active: !dice.one_in(5),
                    module: *dice.pick(&[CORE, MODEL]),
                    time: *dice.pick(&[20_020_131, 20_200_731, 20_250_101]),
                    dialects: [GB, US]
                        .into_iter()
                        .filter(|_| dice.one_in(2))
                        .map(|dialect| (dialect, dialect == GB))
                        .collect(),
                }
            })
            .collect();
        let concept = Concept {
            active,
            defined: dice.one_in(2),
            module: *dice.pick(&[CORE, MODEL]),
            time: *dice.pick(&[20_020_131, 20_200_731, 20_250_101]),
            parents,
            rows: Vec::new(),
            terms,
        };
        self.concepts.insert(code, concept);
    }

    fn relate(&mut self, dice: &mut Dice) {
        let (ordinary, attributes) = (self.ordinary.clone(), self.attributes.clone());
        let targets: Vec<&String> = ordinary.iter().filter(|code| self.concepts[*code].active).collect();
        for code in &ordinary {
            if !self.concepts[code].active {
                continue;
            }
            let mut rows: Vec<Row> = Vec::new();
            for _ in 0..dice.roll(6) {
                let attribute = dice.pick(&attributes).clone();
                let value = match dice.roll(8) {
                    0 => Value::Number(dice.roll(5) as i64 - 1),
                    1 => Value::Text((*dice.pick(&["alpha", "beta"])).to_owned()),
                    2 => Value::Boolean(dice.one_in(2)),
                    _ => Value::Concept((*dice.pick(&targets)).clone()),
                };
                // Some groups are beyond those that have a bit.
                let group = match dice.roll(10) {
                    0 => 22 + dice.roll(4) as u16,
                    roll => roll as u16 % 3,
                };
                let same = |row: &Row| row.attribute == attribute && row.group == group && row.value == value;
                if !rows.iter().any(same) {
                    rows.push(Row { attribute, group, value });
                }
            }
            self.concepts.get_mut(code).unwrap().rows = rows;
        }
    }

    fn list(&mut self, associations: &[String], dice: &mut Dice) {
        let lists: Vec<String> = self
            .refsets
            .iter()
            .cloned()
            .chain([SAME_AS, REPLACED_BY, POSSIBLY, MOVED_FROM].map(str::to_owned))
            .chain(associations.iter().cloned())
            .collect();
        for refset in &lists {
            for _ in 0..dice.roll(12) + 1 {
                let association = self.concepts[refset].parents.contains(HISTORICAL);
                let component = dice.pick(&self.ordinary).clone();
                self.members.push(Member {
                    refset: refset.clone(),
                    component,
                    active: !dice.one_in(4),
                    module: *dice.pick(&[CORE, MODEL]),
                    time: *dice.pick(&[20_020_131, 20_200_731]),
                    target: association.then(|| dice.pick(&self.ordinary).clone()),
                    number: (!association).then(|| dice.roll(4) as i32),
                    text: (!association).then(|| format!("{}{}.{}", dice.pick(&["J", "K"]), dice.roll(3), dice.roll(3))),
                });
            }
        }
    }

    /// The same as an index.
    pub fn index(&self) -> CodeSystemIndex {
        let header = CodeSystemHeader {
            order: ConceptOrder::ByCode,
            ..CodeSystemHeader::new(
                "http://snomed.info/sct",
                Some("http://snomed.info/sct/1/version/20250101".into()),
                "test",
            )
        };
        let mut builder = CodeSystemBuilder::new(header, true);
        let mut report = |_, problem| panic!("{problem:?}");
        let at = At::default;
        for (code, concept) in &self.concepts {
            let status = if concept.defined { DEFINED } else { PRIMITIVE };
            let record = ConceptRecord {
                code,
                active: concept.active,
                status: Some(status),
                ..ConceptRecord::default()
            };
            builder.concept(at(), record, &mut report).unwrap();
            let time = concept.time.to_string();
            let mut property = |property: &str, group, value| {
                builder.property(at(), PropertyRecord::new(code, property, group, value));
            };
            property("sufficientlyDefined", 0, ValueRecord::Boolean(concept.defined));
            property("moduleId", 0, ValueRecord::Code(concept.module));
            property("effectiveTime", 0, ValueRecord::String(&time));
            for row in &concept.rows {
                let value = match &row.value {
                    Value::Concept(target) => ValueRecord::Code(target),
                    Value::Number(number) => ValueRecord::Integer(*number),
                    Value::Text(text) => ValueRecord::String(text),
                    Value::Boolean(value) => ValueRecord::Boolean(*value),
                };
                property(&row.attribute, row.group, value);
            }
            for parent in &concept.parents {
                builder.parent(at(), code, parent);
            }
            for term in &concept.terms {
                self.describe(&mut builder, code, term);
            }
        }
        for (place, member) in self.members.iter().enumerate() {
            let mut fields = Vec::new();
            fields.extend(
                member
                    .target
                    .as_deref()
                    .map(|target| ("targetComponentId", FieldRecord::Component(target))),
            );
            fields.extend(member.number.map(|number| ("mapGroup", FieldRecord::Integer(number))));
            fields.extend(member.number.map(|number| ("mapPriority", FieldRecord::Integer(3 - number))));
            fields.extend(member.text.as_deref().map(|text| ("mapTarget", FieldRecord::String(text))));
            let record = RowRecord {
                refset: &member.refset,
                component: &member.component,
                must_resolve: true,
                id: place as u128,
                active: member.active,
                module: member.module,
                effective_time: member.time,
                fields: &fields,
            };
            builder.row(at(), &record);
            if member.active
                && let Some(target) = &member.target
            {
                // As the loader does: an association is a property of its source too.
                let record = PropertyRecord::new(&member.component, &member.refset, 0, ValueRecord::Code(target));
                builder.property(at(), record);
            }
        }
        for (identifier, component) in &self.alternates {
            builder.alternate(&AlternateRecord {
                scheme: ATTRIBUTES,
                identifier,
                component,
                active: true,
            });
        }
        let (header, files, _) = builder.finish(&mut report).unwrap();
        CodeSystemIndex::open(header, &files).unwrap()
    }

    fn describe(&self, builder: &mut CodeSystemBuilder, code: &str, term: &Term) {
        let use_ = Coding::new("http://snomed.info/sct", term.kind);
        let acceptability: Vec<(&str, Acceptability)> = term
            .dialects
            .iter()
            .map(|(dialect, preferred)| {
                let acceptability = if *preferred {
                    Acceptability::Preferred
                } else {
                    Acceptability::Acceptable
                };
                (*dialect, acceptability)
            })
            .collect();
        let kind = match term.kind {
            NAME => DesignationKind::FullySpecifiedName,
            DEFINITION => DesignationKind::Definition,
            _ => DesignationKind::Synonym,
        };
        builder.designation(
            At::default(),
            DesignationRecord {
                id: Some(&term.id),
                language: Some(term.language),
                use_: Some(&use_),
                active: term.active,
                acceptability: &acceptability,
                provenance: Some(Provenance {
                    module: term.module,
                    effective_time: term.time,
                    case_significance: None,
                }),
                ..DesignationRecord::new(code, &term.text, kind)
            },
        );
    }
}

/// Several editions with their indexes, made once.
pub fn worlds() -> &'static [(World, CodeSystemIndex)] {
    static WORLDS: OnceLock<Vec<(World, CodeSystemIndex)>> = OnceLock::new();
    WORLDS.get_or_init(|| {
        (1..=12)
            .map(|seed| {
                let world = World::new(seed);
                let index = world.index();
                (world, index)
            })
            .collect()
    })
}
