//! What expression constraints cost in process: reading, evaluating, and the worst of a mixed pool.
//!
//! Corpus: the synthetic SNOMED CT release of `cargo xtask synth snomed` at full size (520,000 concepts, 3.4 million
//! relationships), seed 20260101, loaded by the ordinary loader and kept in the target directory. The pool is made from
//! the same seed; the slowest of it is printed, with its time, when the bench starts. Only one thread works.
//!
//! Run: `cargo bench --bench ecl`. The first run makes and loads the release.

#[allow(dead_code, reason = "the other releases are for other benches")]
#[path = "../xtask/src/synthesize/mod.rs"]
mod synthesize;

use criterion::{Criterion, criterion_group, criterion_main};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tern::ecl::{Constraint, Limits};
use tern::service::Terminology;
use tern_index::build::FaultPolicy;
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;
use tern_index::store::{Load, Store};

const SEED: u64 = 20260101;

/// The edition, made and loaded if it is not there.
fn edition() -> Arc<CodeSystemIndex> {
    let room = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let directory = room.join(format!("bench-snomed-{SEED}"));
    if Store::open(&directory).is_ok_and(|store| store.artefacts().is_empty()) || !directory.exists() {
        let release = room.join("bench-snomed-release");
        synthesize::write(synthesize::Release::Snomed, &release, 1.0, SEED).unwrap();
        load(&release, &directory);
        std::fs::remove_dir_all(&release).unwrap();
    }
    let store = Store::open(&directory).unwrap();
    let terminology = Terminology::new(&store, Vec::new());
    terminology.code_system("http://snomed.info/sct", None).unwrap()
}

fn load(release: &std::path::Path, directory: &std::path::Path) {
    let options = tern_loaders::LoadOptions::default();
    let members = tern_loaders::source::members(&[release.to_owned()], tern_loaders::source::Limits::default()).unwrap();
    let found = tern_loaders::recognise(members, &options).unwrap().0;
    let loader = tern_loaders::loaders()
        .iter()
        .find(|loader| loader.name() == "snomed")
        .unwrap();
    let mut load = Load::begin(directory).unwrap();
    let policy = FaultPolicy::default();
    load.release(
        &found[0].title,
        "snomed",
        policy,
        |_| {},
        |sink| loader.load(&found[0], &options, sink),
    )
    .unwrap();
    load.commit().unwrap();
}

/// Constraints of every kind over concepts taken at random.
fn pool(index: &CodeSystemIndex) -> Vec<String> {
    let active: Vec<u32> = index.active().iter().collect();
    let mut state = SEED;
    let mut roll = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut pool = Vec::new();
    while pool.len() < 500 {
        let a = index.code(Ordinal(active[roll(active.len())])).to_owned();
        let b = index.code(Ordinal(active[roll(active.len())])).to_owned();
        let top = ["404684003", "71388002", "123037004", "105590001"][roll(4)];
        pool.push(match roll(16) {
            0 => format!("<< {top}"),
            1 => format!("<< {a} OR << {b} OR < {top}"),
            2 => format!("<< 404684003 MINUS << {a}"),
            3 => format!("< {top} : * = << {a}"),
            4 => "< 404684003 : 363698007 = << 123037004, 116676008 = *".to_owned(),
            5 => "< 404684003 : { 363698007 = *, 116676008 = * }".to_owned(),
            6 => "< 404684003 : [2..*] 363698007 = *".to_owned(),
            7 => "< 404684003 : [0..0] 116676008 = *".to_owned(),
            8 => "< 404684003 . 363698007".to_owned(),
            9 => "< 123037004 : R 363698007 = < 404684003".to_owned(),
            10 => format!("<< {top} {{{{ + HISTORY }}}}"),
            11 => "^ 900000000000527005 OR ^ 447562003".to_owned(),
            12 => "^ 447562003 {{ M mapGroup = #2 }}".to_owned(),
            13 => "< 404684003 {{ C definitionStatus = defined }}".to_owned(),
            14 => format!("(<< {top} : * = *) AND >> {a}"),
            _ => "!!> (< 404684003 : 363698007 = *)".to_owned(),
        });
    }
    pool
}

fn constraints(criterion: &mut Criterion) {
    let index = edition();
    let limits = Limits::default();
    let read = |text: &str| Constraint::parse(text, &limits).unwrap();
    let mut slowest: (Duration, String, u64) = Default::default();
    let mut total = Duration::ZERO;
    let pool = pool(&index);
    for text in &pool {
        let constraint = read(text);
        // The second of two runs: pages of the index are in memory then, as in a server.
        let mut took = Duration::ZERO;
        let mut found = 0;
        for _ in 0..2 {
            let start = Instant::now();
            found = constraint.evaluate(&index).unwrap().concepts.len();
            took = start.elapsed();
        }
        total += took;
        if took > slowest.0 {
            slowest = (took, text.clone(), found);
        }
    }
    let (took, text, found) = slowest;
    eprintln!(
        "pool of {}: {:?} on average; slowest {took:?} for {text} ({found} concepts)",
        pool.len(),
        total / pool.len() as u32
    );
    let mut group = criterion.benchmark_group("constraint");
    for (name, text) in [
        ("a large subtree", "<< 404684003"),
        ("a refinement", "< 404684003 : 363698007 = << 123037004"),
        ("a group", "< 404684003 : { 363698007 = *, 116676008 = * }"),
        ("a count", "< 404684003 : [2..*] 363698007 = *"),
        ("a dot", "< 404684003 . 363698007"),
        ("a history supplement", "<< 404684003 {{ + HISTORY-MAX }}"),
        ("words", "< 404684003 {{ D term = \"a b\" }}"),
        ("a pattern over all terms", "* {{ D term = wild:\"*ab*\" }}"),
        ("wildcards on both sides", "* : * = *"),
    ] {
        let constraint = read(text);
        group.bench_function(name, |bencher| {
            bencher.iter(|| constraint.evaluate(&index).unwrap().concepts.len());
        });
        group.bench_function(format!("{name}, the first ten"), |bencher| {
            bencher.iter(|| {
                let found = constraint.evaluate(&index).unwrap().concepts;
                found
                    .iter()
                    .take(10)
                    .map(|concept| index.display(Ordinal(concept)).map_or(0, |text| text.len()))
                    .sum::<usize>()
            });
        });
    }
    group.finish();
    criterion.bench_function("read a constraint", |bencher| {
        let text = "< 404684003 |Finding| : { 363698007 = << 123037004, 116676008 = * } ";
        bencher.iter(|| Constraint::parse(text, &limits).map(|constraint| constraint.expression().clone()));
    });
}

criterion_group!(benches, constraints);
criterion_main!(benches);
