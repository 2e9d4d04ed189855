//! What words of sources are rendered as in a target, learned from reviewed maps: `forearm` as *wrist* where a legacy
//! system means the joint, `amputation` as *absence*.
//!
//! It counts *answers*, not rows: a rendering is kept only when several different concepts were the right ones where it
//! occurred. So what it holds is how two vocabularies speak, and no name or mapping comes back from it. Who measures a
//! model has to learn the renderings anew without the rows that are measured, as [`super::train`] does.
//!
//! It knows no domain: what a word is, and which words of a name its answer lacks, is the caller's.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use tern_index::model::Ordinal;

/// Different right concepts that the rendering of a word needs, and that of two words together.
const ANSWERS: [usize; 2] = [2, 3];
/// Least trust that is kept.
const TRUST: f32 = 0.04;
/// How much oftener than anywhere else a target's word must follow a source's word.
const LIFT: f32 = 2.0;
/// Renderings of one word that are kept.
const MOST: usize = 12;
/// The beginning of the names of their lines in a model's table.
pub(super) const PREFIX: &str = "word.";

/// A word of the target that a word of sources stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rendering {
    /// The target's word.
    pub word: String,
    /// Of the right concepts that lack the source's word, the share that has this one.
    pub trust: f32,
    /// Logarithm of how much oftener that is than for any word.
    pub lift: f32,
}

/// Words of sources with their renderings, likeliest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Renderings(HashMap<String, Vec<Rendering>>);

/// A right concept, with the words that only the source has and those that only the concept has. Two neighbouring words of
/// the source, with a blank between them, may be one of its words.
pub(super) struct Unmatched {
    /// The concept.
    pub answer: Ordinal,
    /// Words of the source that it lacks.
    pub source: BTreeSet<String>,
    /// Words of it that the source lacks.
    pub target: BTreeSet<String>,
}

impl Renderings {
    /// Learns from reviewed rows.
    pub fn learn(reviewed: &[Unmatched]) -> Self {
        let mut all: BTreeSet<Ordinal> = BTreeSet::new();
        let mut anywhere: BTreeMap<&str, BTreeSet<Ordinal>> = BTreeMap::new();
        let mut lacking: BTreeMap<&str, BTreeSet<Ordinal>> = BTreeMap::new();
        let mut together: BTreeMap<(&str, &str), BTreeSet<Ordinal>> = BTreeMap::new();
        for row in reviewed {
            all.insert(row.answer);
            for target in &row.target {
                anywhere.entry(target).or_default().insert(row.answer);
            }
            for source in &row.source {
                lacking.entry(source).or_default().insert(row.answer);
                for target in &row.target {
                    together.entry((source, target)).or_default().insert(row.answer);
                }
            }
        }
        let mut found: HashMap<String, Vec<Rendering>> = HashMap::new();
        let is_enough = |source: &str, answers: usize| answers >= ANSWERS[usize::from(source.contains(' '))];
        let enough = together
            .iter()
            .filter(|((source, _), answers)| is_enough(source, answers.len()));
        for ((source, target), answers) in enough {
            let count = |sets: &BTreeMap<&str, BTreeSet<Ordinal>>, word: &str| sets.get(word).map_or(0, BTreeSet::len) as f32;
            let trust = (answers.len() as f32 - 0.5) / (count(&lacking, source) + 2.0);
            let chance = (count(&anywhere, target) + 1.0) / (all.len() as f32 + 1.0);
            if trust > LIFT * chance && trust >= TRUST {
                found.entry((*source).to_owned()).or_default().push(Rendering {
                    word: (*target).to_owned(),
                    trust: rounded(trust),
                    lift: rounded((trust / chance).ln()),
                });
            }
        }
        for own in found.values_mut() {
            own.sort_by(|left, right| right.trust.total_cmp(&left.trust).then_with(|| left.word.cmp(&right.word)));
            own.truncate(MOST);
        }
        Self(found)
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a word is rendered as, likeliest first.
    pub fn of(&self, word: &str) -> &[Rendering] {
        self.0.get(word).map_or(&[], Vec::as_slice)
    }

    /// The lines of a table, which [`Renderings::read_line`] reads.
    pub fn lines(&self) -> Vec<String> {
        let sorted: BTreeMap<&String, &Vec<Rendering>> = self.0.iter().collect();
        let lines = sorted.into_iter().map(|(source, own)| {
            let mut line = format!("{PREFIX}{source}\t");
            for rendering in own {
                // Writing to a string cannot fail.
                let _ = write!(line, "{} {} {} ", rendering.word, rendering.trust, rendering.lift);
            }
            line.trim_end().to_owned()
        });
        lines.collect()
    }

    /// Reads the line of a word; `None` for a damaged one.
    pub fn read_line(&mut self, word: &str, value: &str) -> Option<()> {
        let mut own = Vec::new();
        let mut parts = value.split(' ');
        while let Some(target) = parts.next() {
            let mut number = || parts.next()?.parse::<f32>().ok().filter(|number| number.is_finite());
            let (trust, lift) = (number()?, number()?);
            if target.is_empty() || !(0.0..=1.0).contains(&trust) {
                return None;
            }
            own.push(Rendering {
                word: target.to_owned(),
                trust,
                lift,
            });
        }
        self.0.insert(word.to_owned(), own);
        Some(())
    }
}

/// Numbers are kept as they are written.
fn rounded(number: f32) -> f32 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(answer: u32, source: &str, target: &str) -> Unmatched {
        let set = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let mut words: BTreeSet<String> = set(source);
        words.insert(source.to_owned());
        Unmatched {
            answer: Ordinal(answer),
            source: words,
            target: set(target),
        }
    }

    /// Three answers say that a forearm is a wrist; three rows of one answer say what the quux is.
    fn reviewed() -> Vec<Unmatched> {
        let mut rows: Vec<Unmatched> = (0..3).map(|n| row(n, "forearm", "wrist unspecified")).collect();
        rows.extend((0..3).map(|_| row(7, "quux", "frob")));
        rows.extend((0..2).map(|n| row(n, "lower arm", "elbow")));
        rows.extend((10..40).map(|n| row(n, "other", "unspecified")));
        rows
    }

    #[test]
    fn what_several_answers_say_is_learned_and_one_name_is_not() {
        let found = Renderings::learn(&reviewed());
        let [first] = found.of("forearm") else { panic!("{found:?}") };
        assert_eq!((first.word.as_str(), first.trust), ("wrist", 0.5));
        assert!(found.of("quux").is_empty(), "three rows of one answer");
        assert!(found.of("lower arm").is_empty() && !found.of("arm").is_empty(), "two answers");
        assert!(found.of("unspecified").is_empty() && found.of("other").is_empty());
    }

    #[test]
    fn lines_come_back_as_they_were() {
        let found = Renderings::learn(&reviewed());
        let mut read = Renderings::default();
        for line in found.lines() {
            let (word, value) = line.split_once('\t').unwrap();
            read.read_line(word.strip_prefix(PREFIX).unwrap(), value).unwrap();
        }
        assert_eq!(read, found);
        for line in ["", "wrist", "wrist 0.5", "wrist 2 1", "wrist x 1", "wrist 0.5 NaN", " 0.5 1"] {
            assert!(Renderings::default().read_line("forearm", line).is_none(), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_without_panic(line in "[a-z0-9. -]{0,40}") {
            let _ = Renderings::default().read_line("word", &line);
        }
    }
}
