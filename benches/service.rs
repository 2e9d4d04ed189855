//! What the operations cost without HTTP and JSON: lookup, validate-code, subsumes, translate, expand.
//!
//! Corpus: `corpus.rs`, seed 20260101, at 10,000 and 500,000 concepts. Everything goes through a `Terminology`, as a
//! request does: canonicals are resolved, value sets evaluated, issues collected. A page of an expansion must cost the
//! same at both sizes.
//!
//! Run: `cargo bench --bench service`. The first run builds the corpus.

mod corpus;

use corpus::{MAP, SIZES, SYSTEM, TARGET, code};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::sync::Arc;
use tern::service::expand::{ValueSetReference, expand};
use tern::service::lookup::lookup;
use tern::service::subsumes::subsumes;
use tern::service::translate::{MapChoice, translate};
use tern::service::validate_code::{ValidationInput, ValidationTarget, validate_code};
use tern::service::{
    ExpandRequest, LookupRequest, Parameters, SubsumesRequest, Terminology, TranslateRequest, ValidateCodeRequest, ValueSet,
};
use tern_index::model::{Canonical, Coding};
use tern_index::value_set::{Compose, Filter, Include};

fn coding(number: u32) -> Coding {
    Coding::new(SYSTEM, code(number))
}

/// A value set of one include.
fn value_set(filters: &[(&str, &str, String)]) -> ValueSetReference {
    let filters = filters.iter().map(|(property, op, value)| Filter {
        property: (*property).to_owned(),
        op: (*op).to_owned(),
        value: Some(value.clone()),
    });
    let include = Include {
        system: Some(SYSTEM.to_owned()),
        filters: filters.collect(),
        ..Include::default()
    };
    ValueSetReference::Inline(Arc::new(ValueSet {
        url: Some("http://example.org/bench-set".to_owned()),
        compose: Some(Compose {
            include: vec![include],
            ..Compose::default()
        }),
        ..ValueSet::default()
    }))
}

fn single_codes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one code");
    for size in SIZES {
        let terminology = Terminology::new(&corpus::store(size), Vec::new());
        let request = LookupRequest {
            coding: coding(size / 2),
            ..LookupRequest::default()
        };
        group.bench_function(BenchmarkId::new("lookup", size), |bencher| {
            bencher.iter(|| lookup(&terminology, &request).unwrap());
        });
        let request = SubsumesRequest {
            system: Some(SYSTEM.to_owned()),
            version: None,
            a: coding(1),
            b: coding(size / 2),
        };
        group.bench_function(BenchmarkId::new("subsumes", size), |bencher| {
            bencher.iter(|| subsumes(&terminology, &request).unwrap());
        });
        let request = TranslateRequest {
            maps: MapChoice::Canonical(Canonical::new(MAP, None)),
            given: vec![coding(size / 2 / 5 * 5)],
            wanted_system: Some(TARGET.to_owned()),
            ..TranslateRequest::default()
        };
        group.bench_function(BenchmarkId::new("translate", size), |bencher| {
            bencher.iter(|| translate(&terminology, &request).unwrap());
        });
        for (name, target) in [
            ("validate in code system", ValidationTarget::CodeSystem(None)),
            (
                "validate in value set",
                ValidationTarget::ValueSet(value_set(&[("concept", "is-a", code(0))])),
            ),
        ] {
            let request = ValidateCodeRequest {
                target,
                input: ValidationInput::Coding(coding(size / 2)),
                parameters: Parameters::default(),
            };
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| validate_code(&terminology, &request).unwrap());
            });
        }
    }
    group.finish();
}

fn expansions(criterion: &mut Criterion) {
    let (frequent, _) = corpus::query_words();
    let mut group = criterion.benchmark_group("expand, page of 20");
    for size in SIZES {
        let terminology = Terminology::new(&corpus::store(size), Vec::new());
        let cases = [
            ("whole system", value_set(&[]), 0, None),
            ("whole system, from the middle", value_set(&[]), size / 2, None),
            ("is-a", value_set(&[("concept", "is-a", code(1))]), 0, None),
            (
                "is-a and property",
                value_set(&[("concept", "is-a", code(0)), ("kind", "=", "kind-3".to_owned())]),
                0,
                None,
            ),
            ("whole system, filter", value_set(&[]), 0, Some(frequent[..3].to_owned())),
        ];
        for (name, value_set, offset, filter) in cases {
            let request = ExpandRequest {
                value_set,
                parameters: Parameters {
                    count: Some(20),
                    offset: Some(offset),
                    filter,
                    ..Parameters::default()
                },
            };
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| expand(&terminology, &request).unwrap());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, single_codes, expansions);
criterion_main!(benches);
