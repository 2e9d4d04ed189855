//! The file of a trained model, as `tern train` writes it and `--model` reads it.
//!
//! It is the table of [`Model::table`] under two lines that say what it is for. A compiled-in table is trusted; a file
//! is checked line by line, since a model that is half read, or made for another target, would map a million rows with
//! other probabilities than it says. Nothing falls back to the shipped model in silence.

use super::error::MapError;
use super::rank::Model;
use super::renderings;
use std::collections::HashSet;
use std::path::Path;

/// The version that is written, and the only one that is read.
const VERSION: &str = "2";
/// A model is a few hundred kilobytes; what is larger is something else.
const LARGEST: u64 = 64 << 20;

/// The whole file.
pub(super) fn write(model: &Model, features: &[String], target: &str, comment: &str) -> String {
    let mut file: String = comment.lines().map(|line| format!("# {line}\n")).collect();
    file.push_str(&format!("version\t{VERSION}\ntarget\t{target}\n"));
    file.push_str(&model.table(features, ""));
    file
}

/// Reads a model that was trained for this target and these features.
pub(super) fn read(path: &Path, features: &[String], target: &str) -> Result<Model, MapError> {
    let shown = path.display().to_string();
    let length = std::fs::metadata(path).map_err(|error| MapError::io(&shown, error))?.len();
    if length > LARGEST {
        return Err(fault(
            &shown,
            "it is too large to be a model that `tern train` wrote".to_owned(),
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|error| MapError::io(&shown, error))?;
    parse(&text, &shown, features, target)
}

fn fault(path: &str, message: String) -> MapError {
    MapError::Malformed {
        path: path.to_owned(),
        message,
    }
}

fn parse(text: &str, path: &str, features: &[String], target: &str) -> Result<Model, MapError> {
    let (mut version, mut own_target) = (None, None);
    let mut seen: HashSet<&str> = HashSet::new();
    let mut blank = Model {
        weights: vec![0.0; features.len()],
        ..Model::default()
    };
    for (place, line) in text.lines().enumerate() {
        let fail = |message: String| Err(fault(path, format!("line {}: {message}", place + 1)));
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let Some((name, value)) = line.split_once('\t') else {
            return fail("there is no tab; a line is a name, a tab and a value, as `tern train` writes it".to_owned());
        };
        let repeated = !name.starts_with("calibration.") && !seen.insert(name);
        if repeated {
            return fail(format!("{name} is there for the second time"));
        }
        match name {
            "version" if value != VERSION => {
                return fail(format!(
                    "the model is of version {value:?}, and this program reads version {VERSION}; train it again with `tern train`"
                ));
            }
            "version" => version = Some(value),
            "target" if value != target => {
                return fail(format!(
                    "the model was trained for {value}, not for {target}; name the model of this target or train one with `tern train`"
                ));
            }
            "target" => own_target = Some(value),
            "trained" => {}
            _ if version.is_none() || own_target.is_none() => {
                return fail("version and target must come first; only files that `tern train` wrote are models".to_owned());
            }
            _ => {
                if let Err(message) = check_line(&mut blank, name, value, features) {
                    return fail(message);
                }
            }
        }
    }
    if version.is_none() || own_target.is_none() {
        return Err(fault(
            path,
            "it has no line for version or target; only files that `tern train` wrote are models".to_owned(),
        ));
    }
    let model = Model::parse(text, features);
    if !model.trained {
        return Err(fault(
            path,
            "the model is not trained, or its calibration is cut off; train it again with `tern train`".to_owned(),
        ));
    }
    Ok(model)
}

/// What is wrong with a line of a weight or of the calibration.
fn check_line(blank: &mut Model, name: &str, value: &str, features: &[String]) -> Result<(), String> {
    let other = "was the model trained by another version of this program? Train it again with `tern train`";
    if let Some(part) = name.strip_prefix("calibration.") {
        let read = blank.calibration.read_line(part, value, features);
        return read.ok_or_else(|| format!("{name} is damaged, or made for other inputs than this program's; {other}"));
    }
    if let Some(word) = name.strip_prefix(renderings::PREFIX) {
        let read = blank.renderings.read_line(word, value);
        return read.ok_or_else(|| format!("{name} is damaged; {other}"));
    }
    if !features.iter().any(|known| known == name) {
        return Err(format!("{name:?} is no feature of this target; {other}"));
    }
    match value.trim().parse::<f32>() {
        Ok(weight) if weight.is_finite() => Ok(()),
        _ => Err(format!("the weight {value:?} of {name} is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::calibrate::{Calibration, Judged};
    use super::super::item::Kind;
    use super::*;
    use proptest::prelude::*;

    fn features() -> Vec<String> {
        vec!["first".to_owned(), "second".to_owned()]
    }

    fn file() -> String {
        let blank = Calibration::of_features(vec![0]);
        let scored = super::super::rank::tests::scored(1.0);
        let rows: Vec<Judged> = (0..200)
            .map(|n| {
                let like = blank.judged(std::slice::from_ref(&scored), Kind::default(), n % 97 > 30, 0, n % 5);
                Judged {
                    inputs: vec![(n % 97) as f32 / 97.0; like.inputs.len()],
                    ..like
                }
            })
            .collect();
        let model = Model {
            weights: vec![0.5, -1.0],
            calibration: Calibration::train(vec![0], &rows, 5),
            trained: true,
            ..Model::default()
        };
        write(&model, &features(), "urn:t", "a test\nin two lines")
    }

    fn message(text: &str) -> String {
        parse(text, "m.tsv", &features(), "urn:t").unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let model = parse(&file(), "m.tsv", &features(), "urn:t").unwrap();
        assert_eq!(write(&model, &features(), "urn:t", "a test\nin two lines"), file());
        assert!(model.trained);
    }

    #[test]
    fn what_is_of_another_target_version_or_program_is_refused_with_its_line() {
        let file = file();
        for (from, to, said) in [
            ("version\t2", "version\t3", "line 3: the model is of version"),
            ("target\turn:t", "target\turn:other", "trained for urn:other"),
            ("first\t", "third\t", "line 6: \"third\" is no feature"),
            ("first\t0.5", "first\tx0.5", "is no number"),
            ("first\t0.5", "first\tNaN", "is no number"),
            ("second\t", "first\t", "second time"),
            ("calibration.tree\t", "calibration.tree\tx", "damaged"),
            ("trained\t1", "trained\t0", "not trained"),
            ("version\t2\n", "", "version and target must come first"),
        ] {
            assert!(file.contains(from), "{from}");
            let found = message(&file.replacen(from, to, 1));
            assert!(found.contains(said) && found.starts_with("m.tsv"), "{from} -> {to}: {found}");
        }
        let cut: String = file
            .lines()
            .take_while(|line| !line.starts_with("calibration"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(message(&cut).contains("cut off"));
        assert!(message("").contains("only files that"));
        assert!(message("name,code\n").contains("no tab"));
    }

    proptest! {
        #[test]
        fn damage_never_panics(at in 0usize..4000, byte in 0u8..128) {
            let mut bytes = file().into_bytes();
            let place = at % bytes.len();
            bytes[place] = byte;
            let _ = parse(&String::from_utf8(bytes).unwrap(), "m.tsv", &features(), "urn:t");
        }
    }
}
