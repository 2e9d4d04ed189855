//! What expression constraints cost in process: reading, evaluating, a page of an expansion, and the worst of a pool.
//!
//! Corpus: the synthetic SNOMED CT release of `cargo xtask synth snomed` at full size (520,000 concepts, 3.4 million
//! relationships), seed 20260101, loaded by the ordinary loader and kept in the target directory. The pool is made from
//! the same seed; the average and the slowest kinds of it are printed when the bench starts, each constraint at the
//! fastest of five runs, so that other programs show as little as can be. Descriptions are read by all threads, all
//! else by one. Expressions are what the release says of concepts taken at random, compared with each other and with
//! concepts; what the first question costs, which reads all axioms, is printed.
//!
//! Run: `cargo bench --bench ecl`. The first run makes and loads the release.

#[allow(
    dead_code,
    clippy::all,
    reason = "the other releases are for other benches, and xtask is checked by itself"
)]
#[path = "../xtask/src/synthesize/mod.rs"]
mod synthesize;

use criterion::{Criterion, criterion_group, criterion_main};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tern::ecl::{Constraint, Limits};
use tern::service::expand::{ValueSetReference, expand};
use tern::service::subsumes::{SubsumesRequest, Subsumption, subsumes};
use tern::service::{ExpandRequest, Parameters, Terminology};
use tern_index::build::FaultPolicy;
use tern_index::model::{Canonical, Coding, Ordinal};
use tern_index::read::{CodeSystemIndex, RelationValue};
use tern_index::store::{Load, Store};

const SEED: u64 = 20260101;
const SNOMED: &str = "http://snomed.info/sct";

/// The edition, made and loaded if it is not there.
fn terminology() -> Terminology {
    let room = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let directory = room.join(format!("bench-snomed-{SEED}"));
    if Store::open(&directory).is_ok_and(|store| store.artefacts().is_empty()) || !directory.exists() {
        let release = room.join("bench-snomed-release");
        synthesize::write(synthesize::Release::Snomed, &release, 1.0, SEED).unwrap();
        load(&release, &directory);
        std::fs::remove_dir_all(&release).unwrap();
    }
    Terminology::new(&Store::open(&directory).unwrap(), Vec::new())
}

fn load(release: &std::path::Path, directory: &std::path::Path) {
    let options = tern_loaders::LoadOptions::default();
    let members = tern_loaders::source::members(&[release.to_owned()], tern_loaders::source::Limits::default()).unwrap();
    let found = tern_loaders::recognise(members, &options).unwrap().0;
    let loader = tern_loaders::loaders()
        .iter()
        .find(|loader| loader.name() == "snomed")
        .unwrap();
    let mut load = Load::begin(directory).unwrap().deriving(tern::description_logic::derive);
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

/// Numbers from the seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// The beginning of a word of a concept's display.
fn beginning(index: &CodeSystemIndex, concept: Ordinal, place: usize, letters: usize) -> String {
    let display = index.display(concept).unwrap_or_default().to_lowercase();
    let words: Vec<&str> = display.split_whitespace().collect();
    let word = words.get(place % words.len().max(1)).copied().unwrap_or("a");
    word.chars().filter(|letter| letter.is_alphanumeric()).take(letters).collect()
}

/// Constraints of every kind over concepts taken at random.
fn pool(index: &CodeSystemIndex) -> Vec<String> {
    let active: Vec<u32> = index.active().iter().collect();
    let mut dice = Dice(SEED);
    (0..500)
        .map(|_| {
            let some = Ordinal(active[dice.roll(active.len())]);
            let other = Ordinal(active[dice.roll(active.len())]);
            let top = ["404684003", "71388002", "123037004", "105590001"][dice.roll(4)];
            kind(dice.roll(28), index, some, other, top)
        })
        .collect()
}

/// A constraint of one kind.
fn kind(number: usize, index: &CodeSystemIndex, some: Ordinal, other: Ordinal, top: &str) -> String {
    let (a, b) = (index.code(some), index.code(other));
    let word = |place, letters| beginning(index, some, place, letters);
    match number {
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
        15 => "!!> (< 404684003 : 363698007 = *)".to_owned(),
        16 => format!("<< {top} {{{{ D term = \"{}\" }}}}", word(0, 2)),
        17 => format!("<< {top} {{{{ D term = \"{} {}\", type = syn }}}}", word(0, 3), word(1, 3)),
        18 => format!("* {{{{ D term = wild:\"*{}*\" }}}}", word(1, 4)),
        19 => format!(
            "<< {top} {{{{ D term = wild:\"{}*\", dialect = en-us (prefer) }}}}",
            word(0, 3)
        ),
        20 => format!("< 404684003 : {{ 363698007 = << {a}, [0..0] 116676008 = * }}"),
        21 => "< 404684003 : [2..*] { 363698007 = * }".to_owned(),
        22 => format!("< 404684003 : {{ 363698007 = << 123037004, 116676008 != << {a} }}"),
        23 => "< 123037004 : [3..*] R 363698007 = < 404684003".to_owned(),
        24 => format!("<< {top} {{{{ D type = fsn, moduleId = 900000000000207008 }}}}"),
        25 => format!("<< {top} {{{{ C effectiveTime >= \"20200101\" }}}}"),
        26 => format!("(< 404684003 : * = << {a}) {{{{ + HISTORY-MIN }}}}"),
        _ => format!("< {top} : [1..2] * = << {a} OR {{ 363698007 = << {b} }}"),
    }
}

/// Prints what the pool costs on average, and the slowest constraint of each of the slowest kinds.
fn report(index: &CodeSystemIndex, read: &dyn Fn(&str) -> Constraint) {
    let mut measured: Vec<(Duration, String, u64)> = Vec::new();
    for text in pool(index) {
        let constraint = read(&text);
        let runs = (0..5).map(|_| {
            let start = Instant::now();
            let found = constraint.evaluate(index).unwrap().concepts.len();
            (start.elapsed(), found)
        });
        let (took, found) = runs.min().unwrap();
        measured.push((took, text, found));
    }
    let total: Duration = measured.iter().map(|(took, ..)| *took).sum();
    eprintln!("pool of {}: {:?} on average", measured.len(), total / measured.len() as u32);
    measured.sort();
    let mut kinds = BTreeSet::new();
    let of_kind = |text: &str| -> String { text.chars().filter(|letter| !letter.is_ascii_digit()).collect() };
    let slowest = measured.iter().rev().filter(|(_, text, _)| kinds.insert(of_kind(text)));
    for (took, text, found) in slowest.take(12) {
        eprintln!("  {took:?} for {text} ({found} concepts)");
    }
}

/// What the release says of a concept, written as an expression.
fn stated(index: &CodeSystemIndex, concept: Ordinal) -> Option<String> {
    let names: Vec<&str> = index.property_codes().collect();
    let mut groups: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for relation in index.relations(concept) {
        let name = names[relation.property as usize];
        let is_attribute = name.starts_with(|first: char| first.is_ascii_digit());
        if let (RelationValue::Concept(value), true) = (relation.value, is_attribute) {
            let attribute = format!("{name}={}", index.code(value));
            groups.entry(relation.group).or_default().push(attribute);
        }
    }
    let parent = index.parents(concept).next()?;
    let alone = groups.remove(&0).unwrap_or_default().into_iter();
    let grouped = groups.values().map(|group| format!("{{{}}}", group.join(",")));
    let groups: Vec<String> = alone.chain(grouped).collect();
    (!groups.is_empty()).then(|| format!("{}:{}", index.code(parent), groups.join(",")))
}

/// Pairs of an expression and what it is compared with: its own concept, a concept nearby, another expression.
fn questions(index: &CodeSystemIndex) -> Vec<(String, String)> {
    let findings = index.descendants(index.find("404684003").unwrap()) & index.active();
    let findings: Vec<u32> = findings.iter().collect();
    let mut dice = Dice(SEED);
    let mut found: Vec<(String, String)> = Vec::new();
    while found.len() < 600 {
        let place = dice.roll(findings.len() - 1);
        let (own, near) = (Ordinal(findings[place]), Ordinal(findings[place + 1]));
        if let (Some(a), Some(b)) = (stated(index, own), stated(index, near)) {
            found.push((a.clone(), index.code(own).to_owned()));
            found.push((a.clone(), index.code(near).to_owned()));
            found.push((a, b));
        }
    }
    found
}

/// The memory that is used now, in kilobytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn expressions(criterion: &mut Criterion) {
    let terminology = terminology();
    let index = terminology.code_system(SNOMED, None).unwrap();
    let questions = questions(&index);
    let coding = |code: &String| Coding {
        system: Some(SNOMED.to_owned()),
        code: code.clone(),
        ..Coding::default()
    };
    let ask = |(a, b): &(String, String)| {
        let request = SubsumesRequest {
            system: None,
            version: None,
            a: coding(a),
            b: coding(b),
        };
        subsumes(&terminology, &request).map(Subsumption::as_str)
    };
    let (start, before) = (Instant::now(), memory());
    ask(&questions[0]).unwrap();
    eprintln!(
        "the first question about an expression: {:?}, {} kB more",
        start.elapsed(),
        memory() - before
    );
    let mut measured: Vec<(Duration, &(String, String), &str)> = Vec::new();
    for question in &questions {
        let start = Instant::now();
        let answer = ask(question).unwrap_or("refused");
        measured.push((start.elapsed(), question, answer));
    }
    let total: Duration = measured.iter().map(|(took, ..)| *took).sum();
    measured.sort();
    let median = measured[measured.len() / 2].0;
    eprintln!(
        "{} questions: {:?} on average, {median:?} half of them",
        measured.len(),
        total / measured.len() as u32
    );
    let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, _, answer) in &measured {
        *answers.entry(answer).or_default() += 1;
    }
    eprintln!("  {answers:?}");
    for (took, (a, b), answer) in measured.iter().rev().take(5) {
        eprintln!("  {took:?} for {a} and {b}: {answer}");
    }
    let mut next = questions.iter().cycle();
    criterion.bench_function("an expression and a code or another", |bencher| {
        bencher.iter(|| ask(next.next().unwrap()));
    });
}

fn constraints(criterion: &mut Criterion) {
    let terminology = terminology();
    let index = terminology.code_system(SNOMED, None).unwrap();
    let limits = Limits::default();
    let read = |text: &str| Constraint::parse(text, &limits).unwrap();
    report(&index, &read);
    let mut group = criterion.benchmark_group("constraint");
    for (name, text) in [
        ("a large subtree", "<< 404684003"),
        ("a refinement", "< 404684003 : 363698007 = << 123037004"),
        ("a group", "< 404684003 : { 363698007 = *, 116676008 = * }"),
        ("a count", "< 404684003 : [2..*] 363698007 = *"),
        ("a dot", "< 404684003 . 363698007"),
        ("a history supplement", "<< 404684003 {{ + HISTORY-MAX }}"),
        ("a word of two letters", "< 404684003 {{ D term = \"ab\" }}"),
        ("words of a letter", "< 404684003 {{ D term = \"a b\" }}"),
        ("a pattern over all terms", "* {{ D term = wild:\"*ab*\" }}"),
        ("wildcards on both sides", "* : * = *"),
    ] {
        let constraint = read(text);
        group.bench_function(name, |bencher| {
            bencher.iter(|| constraint.evaluate(&index).unwrap().concepts.len());
        });
        // As a request: the implicit value set is resolved, the constraint read and evaluated, ten entries are made.
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let request = ExpandRequest {
            value_set: ValueSetReference::Canonical(Canonical::new(format!("{SNOMED}?fhir_vs=ecl/{encoded}"), None)),
            parameters: Parameters {
                count: Some(10),
                ..Parameters::default()
            },
        };
        group.bench_function(format!("{name}, expanded to ten"), |bencher| {
            bencher.iter(|| expand(&terminology, &request).unwrap());
        });
    }
    group.finish();
    criterion.bench_function("read a constraint", |bencher| {
        let text = "< 404684003 |Finding| : { 363698007 = << 123037004, 116676008 = * } ";
        bencher.iter(|| Constraint::parse(text, &limits).map(|constraint| constraint.expression().clone()));
    });
}

criterion_group!(benches, expressions, constraints);
criterion_main!(benches);
