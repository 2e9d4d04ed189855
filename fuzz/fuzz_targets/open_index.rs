//! Any bytes as a file of an index are refused, or read within bounds, whatever they say of each other.
//!
//! The store verifies checksums before it comes to this; here they are left aside, so that the readers themselves are
//! reached. Left out are the two files whose content libraries read that trust it (fst and tantivy): it is for them
//! that the checksum is verified. Input: the number of a file; then either a whole file, or places and bytes to change.

#![no_main]

use std::sync::LazyLock;
use tern::description_logic::{Description, Filler, Model, Ontology, Role};
use tern_index::build::{ArtefactInfo, File, Files, Finished};
use tern_index::model::Ordinal;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex, RefsetRows, ResourcesIndex};

static SAMPLE: LazyLock<Vec<Finished>> = LazyLock::new(|| tern_fuzz::sample(false));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [artefact, file, raw, rest @ ..] = data else {
        return;
    };
    let artefact = &SAMPLE[usize::from(*artefact) % SAMPLE.len()];
    let names: Vec<&str> = artefact.files.0.iter().map(|file| file.name).filter(|name| *name != "codes").collect();
    let changed = names[usize::from(*file) % names.len()];
    let files = artefact.files.0.iter().map(|file| File {
        name: file.name,
        bytes: if file.name != changed {
            file.bytes.clone()
        } else if raw % 4 == 0 {
            rest.to_vec()
        } else {
            patched(&file.bytes, rest)
        },
        checksum: file.checksum,
    });
    let files = Files(files.collect());
    match &artefact.info {
        ArtefactInfo::CodeSystem(header) => {
            if let Ok(index) = CodeSystemIndex::open((**header).clone(), &files) {
                read_code_system(&index);
            }
        }
        ArtefactInfo::ConceptMap(header) => drop(ConceptMapIndex::open((**header).clone(), &files).map(|map| read_map(&map))),
        ArtefactInfo::Resources { .. } => drop(ResourcesIndex::open(&files).map(|index| {
            for number in 0..index.len() {
                let _ = (index.key(number), index.json(number));
            }
        })),
    }
});

/// The bytes with some of them changed: two bytes of place, one of value, again and again.
fn patched(sound: &[u8], patch: &[u8]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for change in patch.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(place) {
            *byte = change[2];
        }
    }
    bytes
}

fn read_code_system(index: &CodeSystemIndex) {
    for concept in (0..index.len() as u32 + 2).map(Ordinal) {
        let _ = (index.code(concept), index.display(concept), index.definition(concept), index.status(concept));
        let _ = (index.designations(concept).count(), index.extensions(concept), index.is_active(concept));
        let _ = (index.parents(concept).count(), index.children(concept).count());
        let _ = (index.ancestors(concept), index.descendants(concept), index.subsumes(Ordinal(0), concept));
        let _ = (index.properties(concept), index.property_extensions(concept));
        let _ = (index.refset(concept), index.refset_members(concept));
        let _ = (index.rows_of(concept).count(), index.alternates_of(concept).count());
        if let Some(rows) = index.refset_rows(concept) {
            read_rows(&rows);
        }
    }
    let _ = (index.active(), index.roots(), index.refsets(), index.languages().count(), index.dialects().count());
    for property in index.header().properties.iter().take(8) {
        let _ = (index.having_property(&property.code), index.property_value_sets(&property.code));
        let _ = index.with_property(&property.code, "true");
    }
    let _ = index.search("example", &tern_index::read::SearchOptions::default());
    ask_axioms(index);
}

fn ask_axioms(index: &CodeSystemIndex) {
    let ontology = Ontology::of(index);
    for concept in (0..index.len() as u32 + 1).step_by(7).map(Ordinal) {
        let asked = ontology.grouped(Description {
            names: index.parents(concept).collect(),
            roles: vec![(Role::attribute(Ordinal(concept.0 / 2)), Filler::named(concept))],
        });
        if let Ok(mut model) = Model::of(index, &ontology, &asked) {
            let _ = (model.subsumers(index), model.normal_form(index, &ontology), model.is(index, &ontology, &asked));
        }
    }
}

fn read_rows(rows: &RefsetRows<'_>) {
    for field in rows.fields() {
        let _ = rows.rows_where(&field, |value| value.is_some());
        for row in rows.range().take(64) {
            let _ = (rows.value(row, &field), rows.component(row), rows.module(row), rows.effective_time(row));
        }
    }
}

fn read_map(map: &ConceptMapIndex) {
    assert!(map.rows().count() <= map.len());
    for code in ["1", "X", ""] {
        let _ = (map.by_source(code), map.by_target(code));
    }
    let _ = map.systems();
}
