//! Running the program, and the stores that several tests read.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The project's own folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, in the project's folder, away from the stores and settings of whoever runs the tests.
pub fn tern() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tern"));
    command.current_dir(root());
    for ours in ["TERN_STORE", "TERN_DECISIONS_DB", "TERN_SCOPE", "TERN_REVIEWER"] {
        command.env_remove(ours);
    }
    command.env("COLUMNS", "100");
    command
}

/// Runs the program with these arguments on a store.
pub fn run(store: &Path, arguments: &[&str]) -> Output {
    tern().arg("--store").arg(store).args(arguments).output().unwrap()
}

/// Standard output of a run that must succeed.
pub fn stdout(store: &Path, arguments: &[&str]) -> String {
    let output = run(store, arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "tern {arguments:?}: {}\n{out}\n{err}", output.status);
    out
}

/// Standard output as JSON.
pub fn json(store: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(store, arguments)).unwrap()
}

/// Exit code, standard output, standard error.
pub fn outcome(store: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = run(store, arguments);
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder that lives as long as the tests.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A store with the small fixtures.
pub fn small() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| {
        let store = folder("small");
        stdout(
            &store,
            &["load", "tests/fixtures/icd", "tests/fixtures/loinc", "tests/fixtures/snomed"],
        );
        store
    })
}

/// A store with a SNOMED CT release that has its history: maps with rules, retired concepts, every kind of reference set.
pub fn history() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| {
        let store = folder("history");
        stdout(&store, &["load", "tests/fixtures/snomed-history"]);
        store
    })
}

/// A store with several editions and versions of SNOMED CT side by side: two versions of one edition, an older one of it that is not
/// published, and the edition of an extension.
pub fn editions() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| {
        let store = folder("editions");
        let history = "tests/fixtures/snomed-history";
        let unpublished = "http://snomed.info/xsct/1019999997108/version/20240101";
        stdout(&store, &["load", history]);
        stdout(&store, &["load", history, "--as-of", "20240701"]);
        stdout(
            &store,
            &["load", history, "--as-of", "20240101", "--release-version", unpublished],
        );
        stdout(&store, &["load", "tests/fixtures/snomed"]);
        store
    })
}

/// A store with a SNOMED CT release that has axioms and a concept model.
pub fn model() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| {
        let store = folder("model");
        stdout(&store, &["load", "tests/fixtures/snomed-model"]);
        store
    })
}

/// The store of the demonstration.
pub fn demo() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| {
        let store = folder("demo");
        stdout(&store, &["demo", "--build-only"]);
        store
    })
}
