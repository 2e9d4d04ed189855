//! Word vectors as text: a word and its numbers on each line, in the manner of word2vec (with a line of counts first) and
//! GloVe (without).
//!
//! Words are normalised as all words of the mapper are; of several that become one the first is kept, which in such files
//! is the commonest. What is no single word is left out.

use crate::mapper::MapError;
use crate::mapper::words::words;
use std::collections::HashMap;
use std::io::BufRead;

/// Numbers of a word at most.
const WIDEST: usize = 4096;
/// Bytes of a line at most.
const LONGEST_LINE: u64 = 1 << 20;
/// Numbers in all at most: four gigabytes of them.
const MOST_NUMBERS: usize = 1 << 30;

/// Words with their vectors.
#[derive(Debug, Default)]
pub(in crate::mapper) struct WordVectors {
    /// Numbers of a word.
    pub width: usize,
    numbers: HashMap<Box<str>, u32>,
    values: Vec<f32>,
}

impl WordVectors {
    /// Reads a table.
    pub fn read(mut reader: impl BufRead, shown: &str) -> Result<Self, MapError> {
        let mut table = Self::default();
        let mut line = Vec::new();
        for number in 1u64.. {
            line.clear();
            let read = std::io::Read::take(&mut reader, LONGEST_LINE).read_until(b'\n', &mut line);
            if read.map_err(|error| MapError::io(shown, error))? == 0 {
                break;
            }
            let fault = |message: String| MapError::Malformed {
                path: shown.to_owned(),
                message: format!("line {number}: {message}"),
            };
            if line.len() as u64 == LONGEST_LINE {
                return Err(fault(format!(
                    "it is longer than the {LONGEST_LINE} bytes that are read; is this a table of word vectors?"
                )));
            }
            // Old files have words that were cut inside a character.
            table.take(number, &String::from_utf8_lossy(&line)).map_err(fault)?;
        }
        if table.numbers.is_empty() {
            return Err(MapError::Malformed {
                path: shown.to_owned(),
                message: "there is no word with a vector; each line must be a word and its numbers".to_owned(),
            });
        }
        Ok(table)
    }

    fn take(&mut self, number: u64, line: &str) -> Result<(), String> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        // The first line of word2vec says how many words and numbers there are.
        if fields.is_empty() || (number == 1 && fields.len() == 2) {
            return Ok(());
        }
        if self.width == 0 {
            self.width = fields.len() - 1;
        }
        if !(2..=WIDEST).contains(&self.width) {
            return Err(format!(
                "{} numbers follow the word; between 2 and {WIDEST} are read",
                self.width
            ));
        }
        // Some words have blanks in them; the numbers are the last.
        let place = fields.len().checked_sub(self.width).filter(|place| *place > 0);
        let Some((name, values)) = place.and_then(|place| fields.split_at_checked(place)) else {
            return Err(format!(
                "{} numbers are needed, as on the lines before, and {} are there",
                self.width,
                fields.len().saturating_sub(1)
            ));
        };
        let mut normal = words(&name.join(" "));
        let (Some(word), true) = (normal.pop(), normal.is_empty()) else {
            return Ok(());
        };
        if self.numbers.contains_key(word.as_str()) {
            return Ok(());
        }
        if self.values.len() + self.width > MOST_NUMBERS {
            return Err(format!("more than {MOST_NUMBERS} numbers are not read; take a smaller table"));
        }
        for value in values {
            let parsed = value.parse::<f32>().ok().filter(|value| value.is_finite());
            self.values.push(parsed.ok_or_else(|| format!("{value:?} is no number"))?);
        }
        let next = self.numbers.len() as u32;
        self.numbers.insert(word.into(), next);
        Ok(())
    }

    /// The vector of a normalised word.
    pub fn get(&self, word: &str) -> Option<&[f32]> {
        let start = *self.numbers.get(word)? as usize * self.width;
        self.values.get(start..start + self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let glove = WordVectors::read(&b"Sugar 1 0\n. . . 3 4\nsugars 9 9\n"[..], "g").unwrap();
        assert_eq!((glove.width, glove.get("sugar")), (2, Some(&[1.0, 0.0][..])));
        let word2vec = WordVectors::read(&b"1 3\nsugar 1 0 2e-1 \n"[..], "w").unwrap();
        assert_eq!(word2vec.get("sugar"), Some(&[1.0, 0.0, 0.2][..]));
    }

    #[test]
    fn what_is_wrong_is_located() {
        for (text, wanted) in [
            ("a 1 2\nb 1\n", "line 2: 2 numbers are needed"),
            ("a 1 x\n", "line 1: \"x\" is no number"),
            ("a 1 NaN\n", "line 1: \"NaN\""),
            ("name,code\n", "between 2 and"),
            ("", "no word"),
        ] {
            let error = WordVectors::read(text.as_bytes(), "t").unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120)) {
            let _ = WordVectors::read(&bytes[..], "t");
        }
    }
}
