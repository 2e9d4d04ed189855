//! What words cannot find: signs between words, and marked letters, looked for in the bytes of all terms.
//!
//! The word index knows letters and digits without their marks. A pattern that has others (`*-*`, `*é*`) is looked for in the
//! stored texts, many at once, not term by term: a sign of ASCII is the same byte in every term of ASCII, and a term of
//! ASCII has no marked letters. What is not ASCII, and what is stored packed, is left to be read.

use super::Found;
use super::budget::Budget;
use crate::ecl::terms::Signs;
use memchr::memmem::Finder;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use tern_index::read::{CodeSystemIndex, ConceptBits, StoredTexts};

/// Designations that one thread looks at in one go.
const CHUNK: u32 = 1 << 14;
/// Designations whose bytes are looked at together.
const BLOCK: u32 = 64;

/// Designations that must be read to know what is in them: their text is not ASCII, or not stored as it is. Found once for as
/// long as the index is open.
pub(super) struct Beyond(Vec<u32>);

impl Beyond {
    pub fn of(index: &CodeSystemIndex) -> Arc<Self> {
        index.derived(|index| {
            let texts = index.stored_texts();
            let found = chunks(index).flat_map_iter(|chunk| beyond(texts, chunk));
            Self(found.collect())
        })
    }

    pub fn numbers(&self) -> &[u32] {
        &self.0
    }
}

fn chunks(index: &CodeSystemIndex) -> impl IndexedParallelIterator<Item = Range<u32>> + use<> {
    let total = index.designation_count();
    (0..total.div_ceil(CHUNK))
        .into_par_iter()
        .map(move |chunk| chunk * CHUNK..(chunk * CHUNK).saturating_add(CHUNK).min(total))
}

fn beyond(texts: StoredTexts<'_>, chunk: Range<u32>) -> Vec<u32> {
    let mut found = Vec::new();
    for start in chunk.clone().step_by(BLOCK as usize) {
        let block = start..start.saturating_add(BLOCK).min(chunk.end);
        let plain = texts.bytes(block.clone()).is_ascii();
        let beyond = |number: &u32| texts.is_long(*number) || (!plain && !texts.bytes(*number..*number + 1).is_ascii());
        found.extend(block.filter(beyond));
    }
    found
}

/// Designations that may match, and those of them that do, by the signs that a search term must have.
pub(super) fn swept(index: &CodeSystemIndex, signs: &Signs, budget: &mut Budget<'_>) -> Found<(ConceptBits, ConceptBits)> {
    let total = index.designation_count();
    let (mut possible, mut certain) = (ConceptBits::new(total as usize), ConceptBits::new(total as usize));
    budget.spend(u64::from(total))?;
    budget.end.check()?;
    let beyond = Beyond::of(index);
    if let Signs::Text { sought, enough } = signs {
        let finder = Finder::new(sought);
        let texts = index.stored_texts();
        let end = &budget.end;
        let parts = chunks(index).map(|chunk| {
            end.check()?;
            Ok(with_text(texts, chunk, &finder))
        });
        let parts: Vec<Vec<u32>> = parts.collect::<Found<_>>()?;
        parts.iter().for_each(|part| possible.insert_all(part));
        if *enough {
            certain.add(&possible);
            // Of these the bytes do not tell.
            certain.remove_all(beyond.numbers());
        }
    }
    possible.insert_all(beyond.numbers());
    Ok((possible, certain))
}

/// Designations of a run in whose text something is found, ascending.
fn with_text(texts: StoredTexts<'_>, chunk: Range<u32>, sought: &Finder<'_>) -> Vec<u32> {
    let bytes = texts.bytes(chunk.clone());
    let offsets = texts.offsets(chunk.clone());
    let first = offsets.first().copied().unwrap_or(0);
    let (mut found, mut number, mut from) = (Vec::new(), 0_usize, 0_usize);
    // The end of a text of the run, in its bytes.
    let end_of = |number: usize| offsets.get(number + 1).map(|end| (end - first) as usize);
    while let Some(hit) = bytes.get(from..).and_then(|rest| sought.find(rest)) {
        let (start, end) = (from + hit, from + hit + sought.needle().len());
        while end_of(number).is_some_and(|text_end| text_end <= start) {
            number += 1;
        }
        let Some(text_end) = end_of(number) else { break };
        if end <= text_end {
            found.push(chunk.start + number as u32);
            from = text_end;
        } else {
            // It goes from one text into the next.
            from = start + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecl::Limits;
    use crate::testing::code_system;

    /// More designations than one thread looks at in one go, with signs, marked letters and long texts here and there.
    fn index() -> Arc<CodeSystemIndex> {
        let display = |number: u32| match number {
            _ if number.is_multiple_of(5_000) => format!("{} -{number}", "long ".repeat(100)),
            _ if number.is_multiple_of(97) => format!("Ménière-{number}"),
            _ if number.is_multiple_of(31) => format!("naïve {number}"),
            _ if number.is_multiple_of(7) => format!("-{number}-"),
            _ => format!("plain {number}"),
        };
        let concepts: Vec<String> = (0..CHUNK + 3_000)
            .map(|number| format!(r#"{{"code":"c{number}","display":"{}"}}"#, display(number)))
            .collect();
        code_system("http://example.org/many", &concepts)
    }

    #[test]
    fn what_is_swept_is_what_reading_finds() {
        let index = index();
        let limits = Limits::default();
        let text = |sought: &str, enough| Signs::Text {
            sought: sought.to_owned(),
            enough,
        };
        for signs in [
            text("-", true),
            text("--", false),
            text(" -", true),
            text("~", true),
            Signs::Never,
        ] {
            let (possible, certain) = swept(&index, &signs, &mut Budget::new(&limits)).unwrap();
            let mut sure = 0;
            for number in 0..index.designation_count() {
                let own = index.designation_text(number);
                let (has, enough) = match &signs {
                    Signs::Text { sought, enough } => (own.contains(sought.as_str()), *enough),
                    _ => (false, false),
                };
                let unsure = !own.is_ascii() || own.len() > 400;
                assert_eq!(possible.contains(number), has || unsure, "{signs:?} {own}");
                assert_eq!(certain.contains(number), has && enough && !unsure, "{signs:?} {own}");
                sure += u64::from(certain.contains(number));
            }
            assert_eq!(certain.len(), sure);
        }
        assert!(Beyond::of(&index).numbers().is_sorted());
    }
}
