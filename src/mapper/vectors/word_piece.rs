//! Words to pieces, as `tokenizer.json` describes it for WordPiece: the longest known beginning, then the longest known
//! continuation (`##ing`), until the word is used up; a word that cannot be cut so is unknown.
//!
//! Words come folded (lower case, no accents) from [`crate::mapper::words`], which is what the usual normalisers of such models do.
//! Other kinds of tokenizer are refused by name.

use crate::mapper::MapError;
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Debug, Deserialize)]
struct File {
    model: Model,
}

#[derive(Debug, Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default = "hashes")]
    continuing_subword_prefix: String,
    #[serde(default = "hundred")]
    max_input_chars_per_word: usize,
    #[serde(default)]
    vocab: serde_json::Value,
}

fn hashes() -> String {
    "##".to_owned()
}

fn hundred() -> usize {
    100
}

/// The vocabulary of a WordPiece tokenizer.
#[derive(Debug)]
pub(in crate::mapper) struct WordPiece {
    pieces: HashMap<String, u32>,
    prefix: String,
    longest: usize,
}

impl WordPiece {
    /// Reads a `tokenizer.json`.
    pub fn parse(text: &[u8], shown: &str) -> Result<Self, MapError> {
        let fault = |message: String| MapError::Malformed {
            path: shown.to_owned(),
            message,
        };
        let file: File = serde_json::from_slice(text).map_err(|error| fault(error.to_string()))?;
        match file.model.kind.as_deref() {
            Some("WordPiece") | None => {}
            Some(other) => {
                return Err(fault(format!(
                    "model.type is {other}; only WordPiece tokenizers are read, so choose a model that has one"
                )));
            }
        }
        let pieces: HashMap<String, u32> = serde_json::from_value(file.model.vocab)
            .map_err(|error| fault(format!("model.vocab is no list of pieces with their numbers: {error}")))?;
        if pieces.is_empty() {
            return Err(fault("model.vocab is empty".to_owned()));
        }
        Ok(Self {
            pieces,
            prefix: file.model.continuing_subword_prefix,
            // Work grows with the square of it.
            longest: file.model.max_input_chars_per_word.min(1000),
        })
    }

    /// The largest number of a piece.
    pub fn largest(&self) -> u32 {
        self.pieces.values().copied().max().unwrap_or(0)
    }

    /// The numbers of a word's pieces; none for an unknown word, which says nothing. Signs and ideographs are words
    /// of their own.
    pub fn pieces(&self, word: &str) -> Vec<u32> {
        let mut found = Vec::new();
        let mut part = String::new();
        for character in word.chars() {
            if character.is_alphanumeric() && !is_ideograph(character) {
                part.push(character);
                continue;
            }
            self.cut(&part, &mut found);
            part.clear();
            self.cut(character.encode_utf8(&mut [0; 4]), &mut found);
        }
        self.cut(&part, &mut found);
        found
    }

    fn cut(&self, word: &str, found: &mut Vec<u32>) {
        if word.chars().count() > self.longest {
            return;
        }
        let before = found.len();
        let mut rest = word;
        while !rest.is_empty() {
            let prefix = if rest.len() == word.len() { "" } else { self.prefix.as_str() };
            let ends = rest.char_indices().map(|(at, character)| at + character.len_utf8()).rev();
            let longest = ends.into_iter().find_map(|end| {
                let (start, after) = rest.split_at_checked(end)?;
                Some((*self.pieces.get(&format!("{prefix}{start}"))?, after))
            });
            let Some((piece, after)) = longest else {
                // One unknown part makes the whole word unknown.
                found.truncate(before);
                return;
            };
            found.push(piece);
            rest = after;
        }
    }
}

fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> WordPiece {
        let text = br###"{"model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "gluc": 1, "##ose": 2, "glu": 3, "5": 4, ".": 5, "0": 6}}}"###;
        WordPiece::parse(text, "t").unwrap()
    }

    #[test]
    fn words_are_cut_by_the_longest_piece() {
        let sample = sample();
        assert_eq!(sample.pieces("glucose"), [1, 2]);
        assert_eq!(sample.pieces("glu"), [3]);
        assert_eq!(sample.pieces("0.5"), [6, 5, 4]);
        assert!(sample.pieces("glucosez").is_empty() && sample.pieces("").is_empty());
    }

    #[test]
    fn other_tokenizers_are_refused() {
        let error = WordPiece::parse(br#"{"model": {"type": "Unigram", "vocab": []}}"#, "t").unwrap_err();
        assert!(error.to_string().contains("Unigram"), "{error}");
        assert!(WordPiece::parse(b"{", "t").is_err());
        assert!(WordPiece::parse(br#"{"model": {"vocab": {}}}"#, "t").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cut_or_refused(word in "\\PC{0,30}", json in "\\PC{0,60}") {
            sample().pieces(&word);
            let _ = WordPiece::parse(json.as_bytes(), "t");
        }
    }
}
