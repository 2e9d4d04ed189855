//! The rules that keep the house liveable, as code.
//!
//! Each test is one rule of ARCHITECTURE.md and names what breaks it: file, line and the remedy. They read the
//! tree as it lies here, so they run from a bare clone, offline. What a compiler or clippy can check is not here.

mod lexer;

use lexer::code_of;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Source files over [`LONGEST`] lines, and why each may be.
const LONG_FILES: &[(&str, &str)] = &[];
const LONGEST: usize = 800;
/// Files that may say `unsafe`, and why.
const UNSAFE_FILES: &[(&str, &str)] = &[("indexes/src/bytes.rs", "maps files; nothing else does")];
/// Folders that tools fill.
const NOT_OURS: &[&str] = &["target", ".git", "corpus", "artifacts"];
/// No file of the project is larger: what is, is data that belongs elsewhere.
const LARGEST: u64 = 8 << 20;

/// What a room may not name, and why.
struct Absence {
    /// Paths that start with this.
    room: &'static str,
    except: &'static [&'static str],
    /// Rooms of this crate (`crate::http`).
    rooms: &'static [&'static str],
    /// Other crates (`clap::`).
    crates: &'static [&'static str],
    why: &'static str,
}

const ABSENCES: &[Absence] = &[
    Absence {
        room: "src/service/",
        except: &[],
        rooms: &["fhir", "http", "cli"],
        crates: &["clap", "serde_json", "actix_web"],
        why: "operations are pure: the wire, the command line and JSON stay at the edge",
    },
    Absence {
        room: "src/ecl/",
        except: &[],
        rooms: &["fhir", "http", "cli"],
        crates: &["clap", "serde_json", "actix_web"],
        why: "expression constraints are a language over a code system, not a request",
    },
    Absence {
        room: "src/description_logic/",
        except: &[],
        rooms: &["fhir", "http", "cli", "service", "concept_model"],
        crates: &["clap", "serde_json", "actix_web"],
        why: "what follows from axioms does not depend on who asks, nor on what is allowed",
    },
    Absence {
        room: "src/concept_model/",
        except: &[],
        rooms: &["fhir", "http", "cli", "service"],
        crates: &["clap", "serde_json", "actix_web"],
        why: "the rules of the concept model are facts of an edition; what comes of breaking them is the caller's",
    },
    Absence {
        room: "src/mapper/",
        except: &[],
        rooms: &["http", "cli"],
        crates: &["clap", "actix_web"],
        why: "the mapper takes rows and gives rows, whoever calls it",
    },
    Absence {
        room: "src/mapper/",
        except: &[],
        rooms: &["review"],
        crates: &["rusqlite", "ratatui"],
        why: "the mapper is given decisions; where people's are kept is the review's business",
    },
    Absence {
        room: "src/review/",
        except: &[],
        rooms: &["http", "cli", "fhir"],
        crates: &["clap", "actix_web"],
        why: "reviewing knows items and decisions, whoever calls it",
    },
    Absence {
        room: "src/",
        except: &["src/review/"],
        rooms: &[],
        crates: &["ratatui"],
        why: "src/review is the only room that draws a terminal",
    },
    Absence {
        room: "src/",
        except: &["src/review/", "src/written/", "src/database.rs"],
        rooms: &[],
        crates: &["rusqlite"],
        why: "decisions and written resources are all that is kept in databases",
    },
    Absence {
        room: "src/written/",
        except: &[],
        rooms: &["fhir", "http", "cli"],
        crates: &["clap", "actix_web", "serde_json"],
        why: "what is written is kept and served, whoever wrote it; its text is opaque",
    },
    Absence {
        room: "src/fhir/",
        except: &[],
        rooms: &["http", "cli"],
        crates: &["clap", "actix_web"],
        why: "the wire knows shapes, not sockets",
    },
    Absence {
        room: "src/",
        except: &["src/http/"],
        rooms: &[],
        crates: &["actix_web", "actix_http", "actix_rt", "actix_server"],
        why: "src/http is the only room that imports actix",
    },
    Absence {
        room: "data-loaders/src/",
        except: &[],
        rooms: &[],
        crates: &["tantivy", "fst", "actix_web", "memmap2", "roaring", "clap"],
        why: "loaders turn files into records and know no index",
    },
    Absence {
        room: "indexes/src/",
        except: &[],
        rooms: &[],
        crates: &["actix_web", "clap", "csv", "zip", "tern_loaders"],
        why: "indexes know no release format and no caller",
    },
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project, by its path from the root with `/`, sorted.
fn files() -> Vec<String> {
    fn walk(directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if NOT_OURS.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                walk(&path, found);
            } else {
                let inner = path.strip_prefix(root()).unwrap();
                found.push(inner.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    found.sort();
    found
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Rust sources with their text.
fn sources() -> Vec<(String, String)> {
    let rust = files().into_iter().filter(|path| path.ends_with(".rs"));
    rust.map(|path| (path.clone(), read(&path))).collect()
}

/// Whether a source is only ever compiled for tests, benches or fuzzing.
fn is_test(path: &str, test_modules: &[String]) -> bool {
    let folders = ["tests", "benches", "fuzz"];
    path.split('/').any(|part| folders.contains(&part)) || test_modules.iter().any(|module| path.starts_with(module))
}

/// Modules declared as `#[cfg(test)] mod name;`, as the paths their files start with.
fn test_modules(sources: &[(String, String)]) -> Vec<String> {
    let mut modules = Vec::new();
    for (path, source) in sources {
        let home = path
            .trim_end_matches("/mod.rs")
            .trim_end_matches("/lib.rs")
            .trim_end_matches(".rs");
        for declared in source.split("#[cfg(test)]").skip(1) {
            let line = declared.trim_start().lines().next().unwrap_or("");
            if let Some(name) = line.split("mod ").nth(1).and_then(|name| name.strip_suffix(';')) {
                modules.extend([format!("{home}/{name}.rs"), format!("{home}/{name}/")]);
            }
        }
    }
    modules
}

/// Collects what breaks a rule, so that one run shows all of it.
#[derive(Default)]
struct Faults(String);

impl Faults {
    fn add(&mut self, path: &str, line: usize, what: &str) {
        writeln!(self.0, "  {path}:{line}: {what}").unwrap();
    }

    fn none(self) {
        assert!(self.0.is_empty(), "the house is not tidy:\n{}", self.0);
    }
}

/// Places of a word in a text: not inside longer words.
fn words<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let bounds = |character: Option<char>| !character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .map(|(place, _)| place)
        .filter(move |place| bounds(text[..*place].chars().next_back()) && bounds(text[place + word.len()..].chars().next()))
}

fn line_of(text: &str, place: usize) -> usize {
    text[..place].matches('\n').count() + 1
}

/// Whether the statement around `place` reaches into the crate's own rooms.
fn reaches_room(code: &str, place: usize) -> bool {
    let before = &code[..place];
    let start = before.rfind([';', '}']).map_or(0, |end| end + 1);
    let statement = before[start..].trim_start().trim_start_matches("pub ");
    let path = before.trim_end().ends_with("crate::") || before.trim_end().ends_with("super::");
    path || (statement.starts_with("use ") && (statement.contains("crate::") || statement.contains("super::")) && {
        // Inside the braces of `use crate::{...}`, at a place where a path starts.
        before.trim_end().ends_with(['{', ','])
    })
}

/// Whether the word at `place` names a crate: it starts a path or is imported whole.
fn is_crate(code: &str, place: usize, name: &str) -> bool {
    let (before, after) = (&code[..place], &code[place + name.len()..]);
    (after.starts_with("::") && !before.ends_with("::")) || before.ends_with("use ")
}

#[test]
fn rooms_import_only_what_they_may() {
    let mut faults = Faults::default();
    for (path, source) in sources() {
        let code = code_of(&source);
        for absence in ABSENCES {
            let exempt = absence.except.iter().any(|except| path.starts_with(except));
            if !path.starts_with(absence.room) || exempt {
                continue;
            }
            for room in absence.rooms {
                for place in words(&code, room).filter(|place| reaches_room(&code, *place)) {
                    faults.add(&path, line_of(&code, place), &format!("names {room}: {}", absence.why));
                }
            }
            for name in absence.crates {
                for place in words(&code, name).filter(|place| is_crate(&code, *place, name)) {
                    faults.add(&path, line_of(&code, place), &format!("names {name}: {}", absence.why));
                }
            }
        }
    }
    faults.none();
}

#[test]
fn the_room_rule_sees_what_it_must() {
    let sees = |code: &str| words(code, "fhir").any(|place| reaches_room(code, place));
    assert!(sees("use crate::fhir::render;"));
    assert!(sees("use crate::{cli, fhir};"));
    assert!(sees("fn f() { crate::fhir::x() }"));
    assert!(!sees("use tern_loaders::fhir::parse;"));
    assert!(!sees("use crate::service::fhir_version;"));
    assert!(!sees("let fhir = 1;"));
}

#[test]
fn data_loaders_build_without_an_index() {
    let workspace: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let index = &workspace["workspace"]["dependencies"]["tern-index"];
    assert_eq!(
        index["default-features"],
        false.into(),
        "the store is asked for by who needs it"
    );
    assert!(index.get("features").is_none());
    let loaders: toml::Table = toml::from_str(&read("data-loaders/Cargo.toml")).unwrap();
    let own = loaders["dependencies"].as_table().unwrap();
    assert!(
        own["tern-index"].get("features").is_none(),
        "loaders see the model and the records"
    );
    for heavy in ["tantivy", "fst", "roaring", "memmap2", "actix-web", "clap"] {
        assert!(!own.contains_key(heavy), "{heavy} is no business of the loaders");
    }
    // The chain is straight: indexes <- data-loaders <- tern.
    let indexes = read("indexes/Cargo.toml");
    assert!(!indexes.contains("tern-loaders") && !indexes.contains("\ntern "));
    assert!(!read("data-loaders/Cargo.toml").contains("\ntern."));
}

#[test]
fn every_module_opens_with_what_it_is() {
    let mut faults = Faults::default();
    for (path, source) in sources() {
        if !source.starts_with("//! ") {
            faults.add(
                &path,
                1,
                "open the module with //! saying what it is, why, and what it does not do",
            );
        }
    }
    faults.none();
}

#[test]
fn files_are_of_a_size_to_be_read() {
    let mut faults = Faults::default();
    let mut excused: BTreeSet<&(&str, &str)> = BTreeSet::new();
    for (path, source) in sources() {
        let lines = source.lines().count();
        let reason = LONG_FILES.iter().find(|(long, _)| *long == path);
        match (lines > LONGEST, reason) {
            (true, None) => faults.add(&path, lines, "over 800 lines: split it, or give the reason in LONG_FILES"),
            (false, Some(_)) => faults.add(&path, lines, "short again: take it out of LONG_FILES"),
            _ => {}
        }
        excused.extend(reason);
    }
    assert_eq!(excused.len(), LONG_FILES.len(), "LONG_FILES names a file that is gone");
    for path in files() {
        let size = std::fs::metadata(root().join(&path)).unwrap().len();
        if size > LARGEST {
            faults.add(
                &path,
                1,
                &format!("{size} bytes; data of that size is made or fetched, not kept here"),
            );
        }
    }
    faults.none();
}

#[test]
fn nothing_is_left_unfinished() {
    let mut faults = Faults::default();
    for (path, source) in sources() {
        let code = code_of(&source);
        for word in ["todo!", "unimplemented!", "dbg!", "#[ignore"] {
            for (place, _) in code.match_indices(word) {
                faults.add(&path, line_of(&code, place), &format!("{word} is no code"));
            }
        }
        if path != "tests/tidy.rs" {
            for word in ["TODO", "FIXME"] {
                for place in words(&source, word) {
                    faults.add(
                        &path,
                        line_of(&source, place),
                        &format!("{word}: finish it, or file it as an issue"),
                    );
                }
            }
        }
    }
    faults.none();
}

#[test]
fn unsafe_stays_where_it_is_proven() {
    let mut faults = Faults::default();
    let mut used = BTreeSet::new();
    for (path, source) in sources() {
        let code = code_of(&source);
        for place in words(&code, "unsafe") {
            match UNSAFE_FILES.iter().find(|(file, _)| *file == path) {
                Some(file) => _ = used.insert(file),
                None => faults.add(&path, line_of(&code, place), "unsafe outside UNSAFE_FILES"),
            }
        }
    }
    assert_eq!(
        used.len(),
        UNSAFE_FILES.len(),
        "UNSAFE_FILES names a file that needs it no more"
    );
    faults.none();
}

/// The code with every item under `#[cfg(test)]` blanked out.
fn without_tests(code: &str) -> String {
    let mut kept = code.to_owned();
    for (start, mark) in code.match_indices("#[cfg(test)]") {
        let body = &code[start + mark.len()..];
        let mut depth = 0;
        let end = body.char_indices().find_map(|(place, character)| {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            let over = depth == 0 && matches!(character, '}' | ';');
            over.then_some(place + character.len_utf8())
        });
        let end = start + mark.len() + end.unwrap_or(body.len());
        let blank: String = code[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        // A blank has one byte where the character had more; only the line count matters after this.
        kept = kept.replacen(&code[start..end], &blank, 1);
    }
    kept
}

/// Whether a comment stands on one of the lines of the statement that ends at `line`, or right above it.
fn is_proven(lines: &[&str], line: usize) -> bool {
    if lines[line - 1].contains("//") {
        return true;
    }
    for above in lines[..line - 1].iter().rev().map(|text| text.trim()) {
        if above.starts_with("//") {
            return true;
        }
        if above.is_empty() || above.ends_with([';', '{', '}']) {
            return false;
        }
    }
    false
}

#[test]
fn what_may_panic_is_proven_not_to() {
    let mut faults = Faults::default();
    let sources = sources();
    let test_modules = test_modules(&sources);
    for (path, source) in &sources {
        if is_test(path, &test_modules) {
            continue;
        }
        let code = without_tests(&code_of(source));
        let lines: Vec<&str> = source.lines().collect();
        for word in [".unwrap()", ".expect(", "panic!(", "unreachable!("] {
            for (place, _) in code.match_indices(word) {
                // A parser may well have a method of that name.
                let own = word == ".expect(" && code[..place].ends_with("self");
                let line = line_of(&code, place);
                if !own && !is_proven(&lines, line) {
                    faults.add(path, line, &format!("{word} without a comment that proves it cannot happen"));
                }
            }
        }
    }
    faults.none();
}

#[test]
fn every_path_that_is_named_exists() {
    let mut faults = Faults::default();
    let documents = files().into_iter().filter(|path| {
        let top = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "indexes/FORMAT.md"];
        top.contains(&path.as_str()) || (path.starts_with("docs/") && path.ends_with(".md"))
    });
    for document in documents {
        let text = read(&document);
        let room = document.rsplit_once('/').map_or("", |(room, _)| room);
        for (number, line) in text.lines().enumerate() {
            for named in named_paths(line) {
                let exists = [root().join(&named), root().join(room).join(&named)]
                    .iter()
                    .any(|path| path.exists());
                if !exists {
                    faults.add(&document, number + 1, &format!("names {named}, which is not there"));
                }
            }
        }
    }
    faults.none();
}

/// Paths of the project in a line of a document: those that start with one of its rooms, and links.
fn named_paths(line: &str) -> Vec<String> {
    const ROOMS: &[&str] = &[
        "indexes",
        "data-loaders",
        "src",
        "tests",
        "benches",
        "docs",
        "demo",
        "xtask",
        "fuzz",
        ".ci",
    ];
    let mut named = Vec::new();
    for word in line.split(|c: char| c.is_whitespace() || "`\"'()[]|,;<>".contains(c)) {
        let word = word.trim_end_matches(['.', ':']).trim_start_matches("./");
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        let (first, rest) = word.split_once('/').unwrap_or((word, ""));
        if plain && ROOMS.contains(&first) && !rest.is_empty() {
            named.push(word.to_owned());
        }
    }
    for (place, _) in line.match_indices("](") {
        let target = line[place + 2..].split([')', '#', ' ']).next().unwrap_or("");
        if !target.is_empty() && !target.contains(':') {
            named.push(target.to_owned());
        }
    }
    named.dedup();
    named
}

#[test]
fn the_path_rule_sees_what_it_must() {
    assert_eq!(
        named_paths("see `src/http/app.rs`, [docs](docs/api.md#x)."),
        ["src/http/app.rs", "docs/api.md"]
    );
    assert!(named_paths("GET /fhir/metadata, CodeSystem/$lookup, src/{a,b}.rs, tests/*.rs").is_empty());
}

/// The folder that lies beside the project on the machines where it is built; never part of it.
pub fn shared() -> Option<PathBuf> {
    let rooms = ["../shared", "../../shared"].map(|room| root().join(room));
    rooms.into_iter().find(|room| room.join("vocab").is_dir())
}

#[test]
fn nothing_that_lies_beside_the_project_is_in_it() {
    let mut faults = Faults::default();
    let ours = files();
    for path in &ours {
        let named = path.split('/').any(|part| {
            [
                "tx-suite",
                "tx-source",
                "truth",
                "vocab",
                "shared",
                "txtests.py",
                "evaluate.py",
            ]
            .contains(&part)
                || (part.ends_with(".tsv")
                    && ["mimic4-", "aumc-", "ship-", "ema-products-", "mondo-"]
                        .iter()
                        .any(|set| part.starts_with(set)))
        });
        if named {
            faults.add(path, 1, "has the name of what lies beside the project and may not enter it");
        }
    }
    let Some(shared) = shared() else {
        println!("skipped: ../shared is not here, so contents are not compared");
        return faults.none();
    };
    let mut beside: Vec<(u64, PathBuf)> = Vec::new();
    let mut open = vec![shared.clone()];
    while let Some(directory) = open.pop() {
        // ICD content is in the public domain and may enter.
        for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() && path != shared.join("vocab/icd") {
                open.push(path);
            } else if path.is_file() {
                beside.push((path.metadata().unwrap().len(), path));
            }
        }
    }
    for path in &ours {
        let size = root().join(path).metadata().unwrap().len();
        // Below this, equal content is a coincidence: an empty file, a `{}`.
        for (_, theirs) in beside.iter().filter(|(length, _)| *length == size && size > 200) {
            if std::fs::read(root().join(path)).unwrap() == std::fs::read(theirs).unwrap() {
                faults.add(
                    path,
                    1,
                    &format!("is a copy of {}, which may not enter the project", theirs.display()),
                );
            }
        }
    }
    faults.none();
}
