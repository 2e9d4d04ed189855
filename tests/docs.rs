//! Every command that README and docs show is run, or at least parsed, so that no document can go stale unnoticed.
//!
//! Blocks fenced as `console` are run, on the store of the demonstration: `$` begins a command, and every line shown
//! under it must be among the lines that it prints. `curl` commands go to a server on that store. Those fenced as
//! `console expressions` are run on the store of an invented SNOMED CT release. Blocks fenced as
//! `sh` need something that is not here (a licensed release): their `tern` commands must parse.

use crate::support::{demo, model, root, tern, text};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A command with the output shown under it.
#[derive(Debug)]
struct Shown {
    place: String,
    runs: bool,
    store: fn() -> &'static std::path::Path,
    command: String,
    output: Vec<String>,
}

fn documents() -> Vec<std::path::PathBuf> {
    let mut found = vec![root().join("README.md")];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        found.push(entry.unwrap().path());
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found
}

fn shown() -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    for path in documents() {
        let content = std::fs::read_to_string(&path).unwrap();
        let mut fence: Option<String> = None;
        for (number, line) in content.lines().enumerate() {
            if let Some(info) = line.trim_start().strip_prefix("```") {
                fence = if fence.is_some() { None } else { Some(info.trim().to_owned()) };
                continue;
            }
            let Some(fence) = fence
                .as_deref()
                .filter(|fence| ["console", "console expressions", "sh"].contains(fence))
            else {
                continue;
            };
            let command = line.strip_prefix("$ ").or((fence == "sh").then_some(line));
            match (command, found.last_mut()) {
                (Some(command), _) if command.trim().is_empty() || command.starts_with('#') => {}
                (Some(command), _) => found.push(Shown {
                    place: format!("{}:{}", path.display(), number + 1),
                    runs: fence.starts_with("console"),
                    store: if fence == "console" { demo } else { model },
                    command: command.to_owned(),
                    output: Vec::new(),
                }),
                (None, Some(last)) if !line.trim().is_empty() => last.output.push(line.trim_end().to_owned()),
                _ => {}
            }
        }
    }
    found
}

/// A server on the store of the demonstration, stopped with it.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve() -> Server {
    let mut command = tern();
    command
        .arg("--store")
        .arg(demo())
        .args(["serve", "--port", "0", "--writable"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines
        .find_map(|line| line.ok().filter(|line| line.contains("http://")))
        .unwrap();
    let address = line.rsplit_once("http://").unwrap().1.trim_end_matches("/fhir").to_owned();
    // The pipe stays open, or the server could not write to it.
    std::thread::spawn(move || lines.for_each(drop));
    Server { child, address }
}

fn shell(command: &str, room: &std::path::Path, store: &std::path::Path) -> (bool, String, String) {
    let program = env!("CARGO_BIN_EXE_tern");
    let bin = std::path::Path::new(program).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(room)
        .env("PATH", path)
        .env("TERN_STORE", store)
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// The lines of the examples show tables, as on a terminal.
fn as_on_a_terminal(command: &str) -> String {
    let data = ["status", "search", "expand", "translate", "verify", "load"];
    let mut words = command.split_whitespace();
    let shows = words.next() == Some("tern") && words.next().is_some_and(|name| data.contains(&name));
    if shows && !command.contains("--json") && !command.contains('|') && !command.contains('>') {
        format!("{command} --table")
    } else {
        command.to_owned()
    }
}

#[test]
fn commands_in_documents_work_and_print_what_is_shown() {
    let shown: Vec<Shown> = shown().into_iter().filter(|shown| shown.runs).collect();
    assert!(!shown.is_empty());
    let curl = Command::new("curl").arg("--version").output().is_ok();
    let server = (curl && shown.iter().any(|shown| shown.command.starts_with("curl"))).then(serve);
    // Commands see the demonstration's files under the names that they have in the project.
    let room = tempfile::tempdir().unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(root().join("demo"), room.path().join("demo")).unwrap();
    for one in shown {
        let command = match &server {
            Some(server) => one.command.replace("127.0.0.1:8080", &server.address),
            None if one.command.starts_with("curl") => {
                eprintln!("{}: skipped, there is no curl here", one.place);
                continue;
            }
            None => one.command.clone(),
        };
        if command.starts_with("cargo ") || command.starts_with("tern serve") {
            continue;
        }
        let (success, out, err) = shell(&as_on_a_terminal(&command), room.path(), (one.store)());
        assert!(success, "{}: {command}\n{out}\n{err}", one.place);
        // Words count, not the blanks that line columns up.
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let printed: Vec<String> = out.lines().chain(err.lines()).map(words).collect();
        for line in one.output.iter().filter(|line| line.trim() != "...") {
            assert!(
                printed.contains(&words(line)),
                "{}: {command}\ndoes not print {line:?} but\n{out}\n{err}",
                one.place
            );
        }
    }
}

#[test]
fn commands_that_need_a_release_parse() {
    for one in shown().into_iter().filter(|shown| shown.command.starts_with("tern ")) {
        let line = one
            .command
            .split(" | ")
            .next()
            .unwrap()
            .split(" > ")
            .next()
            .unwrap()
            .trim_end_matches(" &");
        let mut words = vec![String::new()];
        let mut quote = None;
        for character in line.chars() {
            match (quote, character) {
                (None, '"' | '\'') => quote = Some(character),
                (Some(open), _) if open == character => quote = None,
                (None, ' ') => words.push(String::new()),
                _ => words.last_mut().unwrap().push(character),
            }
        }
        words.retain(|word| !word.is_empty());
        let parsed = tern::cli::command().try_get_matches_from(&words);
        assert!(parsed.is_ok(), "{}: {line}\n{}", one.place, parsed.unwrap_err());
    }
}

/// The table of the limits is that of the options: name, variable, default and meaning. A default with a star depends on the
/// machine.
#[test]
fn the_limits_of_the_server_are_told_as_they_are() {
    let text = std::fs::read_to_string(root().join("docs/serve.md")).unwrap();
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with("| `--")).collect();
    let command = tern::cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let limits = serve
        .get_arguments()
        .filter(|option| option.get_help_heading() == Some("Limits"));
    let mut rows = told.iter();
    for option in limits {
        let name = option.get_long().unwrap();
        let row = rows.next().unwrap_or_else(|| panic!("--{name} is not told"));
        let default = option.get_default_values()[0].to_str().unwrap();
        let told = row.split(" | ").nth(2).unwrap();
        let default = if told.ends_with('*') { told } else { default };
        let variable = option.get_env().unwrap().to_str().unwrap();
        assert_eq!(
            *row,
            format!("| `--{name}` | `{variable}` | {default} | {} |", option.get_help().unwrap())
        );
    }
    assert_eq!(rows.next(), None);
}
