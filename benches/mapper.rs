//! What it costs to map one distinct row, and to prepare a target.
//!
//! Corpus: a synthetic LOINC release of `xtask` (seed 1), at 10,000 and 100,000 terms, loaded through the loader. Rows
//! are its own names with words left out and changed, with specimen and unit, as laboratories write them: they
//! are found by rank, which is the expensive way. A row of a real extract is mapped once, however often it occurs.
//!
//! Run: `cargo bench --bench mapper`. The first run builds the corpus.

// The chore is a command of xtask; here only the writing is wanted.
#[allow(dead_code)]
#[path = "../xtask/src/synthesize/mod.rs"]
mod synthesize;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::path::{Path, PathBuf};
use tern::mapper::{MapOptions, Mapper, Role, SourceItem};
use tern::service::Terminology;
use tern_index::build::FaultPolicy;
use tern_index::store::{Load, Store};
use tern_loaders::source::{Limits, members};
use tern_loaders::{LoadOptions, loaders, recognise};

const SYSTEM: &str = "http://loinc.org";

/// The store of a size, built if it is not there.
fn store(size: u32) -> Store {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-loinc-{size}"));
    if let Some(store) = Store::open(&directory).ok().filter(|store| !store.artefacts().is_empty()) {
        return store;
    }
    let _ = std::fs::remove_dir_all(&directory);
    let release = tempfile::tempdir().unwrap();
    // The real release has 100,000 terms.
    let scale = f64::from(size) / 100_000.0;
    synthesize::write(synthesize::Release::Loinc, release.path(), scale, 1).unwrap();
    load(&directory, release.path());
    Store::open(&directory).unwrap()
}

fn load(directory: &Path, release: &Path) {
    let options = LoadOptions::default();
    let (releases, _) = recognise(members(&[release.to_owned()], Limits::default()).unwrap(), &options).unwrap();
    let loader = loaders().iter().find(|loader| loader.name() == releases[0].loader).unwrap();
    let mut load = Load::begin(directory).unwrap();
    load.release(
        "Bench",
        "loinc",
        FaultPolicy::default(),
        |_| {},
        |sink| loader.load(&releases[0], &options, sink),
    )
    .unwrap();
    load.commit().unwrap();
}

/// Rows as a laboratory would name the terms: words of the component, one of them shortened.
fn rows(terminology: &Terminology) -> Vec<SourceItem> {
    let index = terminology.code_system(SYSTEM, None).unwrap();
    let step = index.len() / 200;
    let concepts = (0..index.len() as u32).step_by(step).map(tern_index::model::Ordinal);
    let terms = concepts.filter_map(|concept| index.property_text(concept, "COMPONENT"));
    let items = terms.enumerate().map(|(place, component)| {
        let mut words: Vec<&str> = component.split(' ').collect();
        let short = words[0].get(..4).unwrap_or(words[0]);
        if place % 2 == 0 {
            words[0] = short;
        }
        let mut item = SourceItem::default();
        item.set(Role::Name, &words.join(" "));
        item.set(Role::Specimen, ["Blood", "Urine", "Serum"][place % 3]);
        item.set(Role::Unit, ["mg/dL", "mmol/L", ""][place % 3]);
        item
    });
    items.collect()
}

fn map(criterion: &mut Criterion) {
    for size in [10_000, 100_000] {
        let terminology = Terminology::new(&store(size), Vec::new());
        let options = MapOptions {
            target: SYSTEM.to_owned(),
            candidates: 5,
            ..MapOptions::default()
        };
        let mut group = criterion.benchmark_group("map");
        group.sample_size(10);
        group.bench_function(BenchmarkId::new("prepare the target", size), |bencher| {
            bencher.iter(|| Mapper::new(&options, &terminology).unwrap());
        });
        let mapper = Mapper::new(&options, &terminology).unwrap();
        let items = rows(&terminology);
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("row", size), |bencher| {
            bencher.iter(|| {
                turn = (turn + 1) % items.len();
                mapper.map_one(&items[turn])
            });
        });
        group.finish();
    }
}

criterion_group!(benches, map);
criterion_main!(benches);
