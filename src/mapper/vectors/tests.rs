//! An embedding that a test has written: what it finds, what it leaves alone, and what is said of broken ones.

use super::safetensors::tests::file;
use super::*;
use crate::mapper::index::TermText;
use crate::mapper::{MapOptions, Mapper, Role, SourceItem, Status};
use crate::service::{Resource, Terminology};
use std::path::Path;

const TOKENIZER: &str = r###"{"normalizer": {"type": "BertNormalizer", "lowercase": true}, "model": {"type": "WordPiece", "unk_token": "[UNK]",
    "vocab": {"[UNK]": 0, "zuckar": 1, "gluc": 2, "##ose": 3, "sodium": 4, "dog": 5}}}"###;

fn write_model(folder: &Path) {
    let rows: [&[f32]; 6] = [
        &[0.0, 0.0, 9.0],
        &[1.0, 0.1, 0.0],
        &[0.9, 0.0, 0.0],
        &[0.2, 0.1, 0.0],
        &[0.0, 1.0, 0.0],
        &[0.0, 0.0, 1.0],
    ];
    std::fs::write(folder.join("tokenizer.json"), TOKENIZER).unwrap();
    std::fs::write(folder.join("model.safetensors"), file("embeddings", &rows)).unwrap();
}

fn item(name: &str) -> SourceItem {
    let mut item = SourceItem::default();
    item.set(Role::Name, name);
    item
}

fn mapper(url: &str, loader_names: &[(&str, &str)], embedding_model: Option<&Path>) -> Mapper {
    let concepts: Vec<serde_json::Value> = loader_names
        .iter()
        .map(|(code, display)| serde_json::json!({"code": code, "display": display}))
        .collect();
    let system = serde_json::json!({"resourceType": "CodeSystem", "url": url, "content": "complete", "concept": concepts});
    let terminology = Terminology::of_resources(vec![Resource::parse(&system.to_string()).unwrap()]);
    let options = MapOptions {
        target: url.to_owned(),
        embedding_model: embedding_model.map(Path::to_owned),
        ..MapOptions::default()
    };
    Mapper::new(&options, &terminology).unwrap()
}

#[test]
fn a_name_without_a_common_word_is_found_by_meaning_in_every_domain_and_never_accepted() {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path());
    for (url, code, name) in [
        ("http://example.org/tests", "1", "Glucose"),
        ("http://loinc.org", "2345-7", "Glucose [Mass/volume] in Serum or Plasma"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "4850", "glucose"),
    ] {
        let names = [(code, name), ("2951-2", "Sodium")];
        let without = mapper(url, &names, None).explain(&item("zuckar"));
        assert!(without.candidates.is_empty() && without.stages.iter().all(|stage| stage.stage != "vectors"));
        let found = mapper(url, &names, Some(folder.path())).explain(&item("zuckar"));
        assert_eq!(found.candidates[0].code, code, "{url}: {found:?}");
        assert_ne!(found.status, Status::Mapped);
        let explanation = found.candidates[0].explanation.as_ref().unwrap();
        let cosine = explanation
            .contributions
            .iter()
            .find(|part| part.feature == "vector_cosine")
            .unwrap();
        assert!(cosine.value > 0.9 && cosine.weight == 0.0, "{cosine:?}");
        assert!(explanation.contributions.iter().any(|part| part.feature == "vector_only"));
        let note = found.stages.iter().find(|stage| stage.stage == "vectors").unwrap();
        assert!(note.note.starts_with("1 of them by the embedding alone"), "{}", note.note);
    }
}

#[test]
fn an_embedding_that_knows_no_word_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("words.vec"), "1 2\nxyzzy 1 0\n").unwrap();
    let names = [("1", "Glucose in blood"), ("2", "Sodium in blood"), ("3", "Blood group")];
    let (plain, embedded) = (
        mapper("http://example.org/t", &names, None),
        mapper("http://example.org/t", &names, Some(folder.path())),
    );
    for name in ["glucose", "blood", "sodium blood", "xyz", "xyzzy"] {
        assert_eq!(plain.map_one(&item(name)), embedded.map_one(&item(name)), "{name}");
    }
}

#[test]
fn packed_word_vectors_find_candidates_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, b"zuckar 1 0\nglucose 0.9 0.1\nsodium -1 0\n").unwrap();
    std::fs::write(folder.path().join("glove.txt.gz"), packer.finish().unwrap()).unwrap();
    let found = mapper(
        "http://example.org/t",
        &[("1", "Glucose"), ("2", "Sodium")],
        Some(folder.path()),
    )
    .map_one(&item("zuckar"));
    let codes: Vec<&str> = found.candidates.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["1"]);
}

#[test]
fn models_that_cannot_be_used_are_said_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let fault = |folder: &Path| Embedding::open(folder).unwrap_err().to_string();
    assert!(fault(folder.path()).contains("there is no model.safetensors"));
    assert!(fault(&folder.path().join("nowhere")).contains("nowhere"));
    write_model(folder.path());
    std::fs::write(folder.path().join("model.safetensors"), file("embeddings", &[&[1.0, 2.0]])).unwrap();
    assert!(fault(folder.path()).contains("not of one model"));
    std::fs::write(folder.path().join("model.safetensors"), file("other", &[&[1.0, 2.0]])).unwrap();
    assert!(fault(folder.path()).contains("no tensor \"embeddings\""));
    std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    assert!(fault(folder.path()).contains("tokenizer.json"));
}

#[test]
fn the_nearest_are_those_that_a_full_sort_finds() {
    let lines: String = (0..400)
        .map(|at| format!("word{at} {} {}\n", (at as f32).cos(), (at as f32).sin()))
        .collect();
    let embedding = Arc::new(Embedding::Words(WordVectors::read(lines.as_bytes(), "t").unwrap()));
    let index = MatchIndex::build(400, |concept| {
        TermText::new(&format!("word{concept}"), 0).into_iter().collect()
    });
    let vectors = TermVectors::build(&index, embedding);
    let near = vectors.embed(&index, &["word7".to_owned()]).unwrap();
    let mut all: Vec<(u32, f32)> = (0..400).map(|term| (term, vectors.cosine(&near, term))).collect();
    all.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    all.truncate(NEAREST);
    assert_eq!(vectors.nearest(&near), all);
    assert_eq!(all[0].0, 7);
    assert!((all[0].1 - 1.0).abs() < 0.02, "{}", all[0].1);
    assert!(vectors.embed(&index, &["unheard".to_owned()]).is_none());
}

proptest::proptest! {
    #[test]
    fn products_are_those_of_wide_numbers(pairs in proptest::collection::vec((-127i8..=127, -127i8..=127), 0..80)) {
        let left: Vec<i16> = pairs.iter().map(|(left, _)| i16::from(*left)).collect();
        let right: Vec<i8> = pairs.iter().map(|(_, right)| *right).collect();
        let wanted: i32 = pairs.iter().map(|(left, right)| i32::from(*left) * i32::from(*right)).sum();
        proptest::prop_assert_eq!(product(&left, &right), wanted);
    }
}
