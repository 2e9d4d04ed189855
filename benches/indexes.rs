//! What the index answers by itself, without the service: open, find, subsumes, descendants, page, search, map rows.
//!
//! Corpus: `corpus.rs`, seed 20260101, at 10,000 and 500,000 concepts (two terms each) and a map of a fifth as many
//! rows. Files are mapped and in the page cache. "open" opens code system and map of a store whose stamps are known;
//! it must be the same at both sizes. "open and verify" is what the first opening after a change costs.
//!
//! Run: `cargo bench --bench indexes`. The first run builds the corpus.

mod corpus;

use corpus::{SIZES, code};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use tern_index::read::{CodeSystemIndex, ConceptMapIndex, ConceptSet, SearchOptions};
use tern_index::store::{ArtefactInfo, Store, verify};

/// The code system of a store.
fn code_system(store: &Store) -> CodeSystemIndex {
    let is = |info: &ArtefactInfo| matches!(info, ArtefactInfo::CodeSystem(_));
    let artefact = store.artefacts().iter().find(|artefact| is(&artefact.info)).unwrap();
    artefact.open_code_system().unwrap()
}

/// The concept map of a store.
fn concept_map(store: &Store) -> ConceptMapIndex {
    let is = |info: &ArtefactInfo| matches!(info, ArtefactInfo::ConceptMap(_));
    let artefact = store.artefacts().iter().find(|artefact| is(&artefact.info)).unwrap();
    artefact.open_concept_map().unwrap()
}

fn open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open");
    for size in SIZES {
        let directory = corpus::store(size).directory().to_owned();
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                let store = Store::open(&directory).unwrap();
                (code_system(&store).len(), concept_map(&store).len())
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("open and verify");
    group.sample_size(10);
    for size in SIZES {
        let store = corpus::store(size);
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| verify(&store, |_, result| result.unwrap()));
        });
    }
    group.finish();
}

fn concepts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("concepts");
    for size in SIZES {
        let index = code_system(&corpus::store(size));
        let codes: Vec<String> = (0..1_000).map(|number| code(number * (size / 1_000))).collect();
        let ordinals: Vec<_> = codes.iter().map(|code| index.find(code).unwrap()).collect();
        let mut turn = 0;
        let mut next = move || {
            turn = (turn + 1) % 1_000;
            turn
        };
        group.bench_function(BenchmarkId::new("find and display", size), |bencher| {
            bencher.iter(|| {
                let concept = index.find(black_box(&codes[next()])).unwrap();
                index.display(concept).map(|display| display.len())
            });
        });
        group.bench_function(BenchmarkId::new("subsumes", size), |bencher| {
            bencher.iter(|| index.subsumes(ordinals[next() / 10], ordinals[next()]));
        });
        group.bench_function(BenchmarkId::new("descendants", size), |bencher| {
            bencher.iter(|| index.descendants(ordinals[next() / 10]).len());
        });
        group.bench_function(BenchmarkId::new("filter by property, below, active", size), |bencher| {
            bencher.iter(|| (index.with_property("kind", "kind-0") & index.descendants(ordinals[1]) & index.active()).len());
        });
    }
    group.finish();
}

fn page(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("page of 100 from the middle");
    for size in SIZES {
        let index = code_system(&corpus::store(size));
        let set: ConceptSet = index.active().clone();
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                let first = set.select(set.len() as u32 / 2).unwrap();
                let concepts = set.range(first..).take(100).map(tern_index::model::Ordinal);
                concepts
                    .map(|concept| index.code(concept).len() + index.display(concept).map_or(0, |text| text.len()))
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

fn search(criterion: &mut Criterion) {
    let (frequent, rare) = corpus::query_words();
    let mut group = criterion.benchmark_group("search, best 20");
    for size in SIZES {
        let index = code_system(&corpus::store(size));
        let below = index.descendants(index.find(&code(1)).unwrap());
        let cases = [
            ("one word", frequent.clone(), None),
            ("two words", format!("{frequent} {rare}"), None),
            ("two prefixes", format!("{} {}", &frequent[..3], &rare[..3]), None),
            ("one prefix below a concept", frequent[..3].to_owned(), Some(&below)),
        ];
        for (name, query, within) in cases {
            let options = SearchOptions {
                within,
                limit: 20,
                ..SearchOptions::default()
            };
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| index.search(&query, &options).len())
            });
        }
    }
    group.finish();
}

fn map_rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rows of a concept map");
    for size in SIZES {
        let map = concept_map(&corpus::store(size));
        let codes: Vec<String> = (0..100).map(|number| code(number * (size / 100) / 5 * 5)).collect();
        let mut turn = 0;
        let mut next = move || {
            turn = (turn + 1) % 100;
            turn
        };
        group.bench_function(BenchmarkId::new("by source", size), |bencher| {
            bencher.iter(|| map.by_source(&codes[next()]).len())
        });
        group.bench_function(BenchmarkId::new("by target", size), |bencher| {
            bencher.iter(|| map.by_target(black_box("T5000")).len());
        });
    }
    group.finish();
}

criterion_group!(benches, open, concepts, page, search, map_rows);
criterion_main!(benches);
