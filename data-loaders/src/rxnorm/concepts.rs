//! What RXNCONSO says of each RXCUI: whether it is RxNorm's own, its display, its term types, its sources.
//!
//! Atoms of a concept may lie anywhere in the file, so a first pass over it decides which atom is the display,
//! and a second one says everything. What is kept between them is a few bytes a concept.

use std::collections::HashMap;

/// Term types of RxNorm names, best display first. Ingredient-like and drug-like types never share a concept
/// except where a name is both (an ingredient that is also a precise ingredient).
const DISPLAY_ORDER: [&str; 20] = [
    "SCD", "SBD", "GPCK", "BPCK", "SCDC", "SBDC", "SCDF", "SBDF", "SCDFP", "SBDFP", "SCDG", "SBDG", "SCDGP", "MIN", "IN", "PIN",
    "BN", "DF", "DFG", "OCD",
];

/// Term types of other wordings, best first; they are a display only where a concept has nothing else.
const WORDINGS: [&str; 4] = ["PSN", "SY", "TMSY", "ET"];

/// What is known of a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concept {
    /// Line of the atom that is the display.
    pub display: u64,
    /// Rank of that atom; lower is better.
    rank: u16,
    /// Whether any RxNorm atom is in use.
    pub active: bool,
    /// Sources with an atom here, as bits of [`Concepts::sources`].
    pub sources: u64,
    /// Term types of RxNorm atoms, as bits of [`Concepts::types`].
    pub types: u64,
    /// The term type of the display.
    pub main_type: u8,
}

/// A table of up to 64 short names; a name past that is not remembered.
#[derive(Debug, Default)]
pub struct Names(Vec<String>);

impl Names {
    fn place(&mut self, name: &str) -> Option<u8> {
        let place = self.0.iter().position(|known| known == name).or_else(|| {
            (self.0.len() < 64).then(|| {
                self.0.push(name.to_owned());
                self.0.len() - 1
            })
        })?;
        u8::try_from(place).ok()
    }

    /// The names whose bits are set, in the order in which they were first seen.
    pub fn of(&self, bits: u64) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .enumerate()
            .filter(move |(place, _)| bits >> place & 1 == 1)
            .map(|(_, name)| name.as_str())
    }

    /// A name by its place.
    pub fn name(&self, place: u8) -> Option<&str> {
        self.0.get(usize::from(place)).map(String::as_str)
    }
}

/// All concepts of a release.
#[derive(Debug, Default)]
pub struct Concepts {
    of: HashMap<u32, Concept>,
    /// Sources by bit.
    pub sources: Names,
    /// Term types by bit.
    pub types: Names,
    other_sources: HashMap<u32, u64>,
}

/// An RXCUI as a number, if it is one in its normal spelling.
pub fn rxcui(text: &str) -> Option<u32> {
    let sound = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| sound)
}

impl Concepts {
    /// Takes note of an atom of RxNorm itself.
    pub fn note(&mut self, cui: u32, tty: &str, suppress: &str, line: u64) {
        let rank = rank(tty, suppress);
        let place = self.types.place(tty).unwrap_or(u8::MAX);
        let bit = 1u64.checked_shl(place.into()).unwrap_or(0);
        let concept = self.of.entry(cui).or_insert(Concept {
            display: line,
            rank,
            active: false,
            sources: 0,
            types: 0,
            main_type: place,
        });
        concept.active |= suppress != "O";
        if is_type(tty) {
            concept.types |= bit;
        }
        if rank < concept.rank {
            concept.rank = rank;
            concept.display = line;
            concept.main_type = place;
        }
    }

    /// Takes note of an atom's source, whether or not the concept is known yet.
    pub fn note_source(&mut self, cui: u32, source: &str) {
        let bit = self
            .sources
            .place(source)
            .and_then(|place| 1u64.checked_shl(place.into()))
            .unwrap_or(0);
        match self.of.get_mut(&cui) {
            Some(concept) => concept.sources |= bit,
            None => *self.other_sources.entry(cui).or_default() |= bit,
        }
    }

    /// Ends the first pass.
    pub fn settle(&mut self) {
        for (cui, bits) in std::mem::take(&mut self.other_sources) {
            if let Some(concept) = self.of.get_mut(&cui) {
                concept.sources |= bits;
            }
        }
    }

    /// A concept.
    pub fn get(&self, cui: u32) -> Option<&Concept> {
        self.of.get(&cui)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

/// Whether a term type says what the concept is, rather than how an atom words it. A concept that is known by
/// a wording only has that for its type.
pub fn is_type(tty: &str) -> bool {
    tty != "SY"
}

fn rank(tty: &str, suppress: &str) -> u16 {
    let by_type = DISPLAY_ORDER.iter().position(|known| *known == tty).unwrap_or_else(|| {
        let wording = WORDINGS.iter().position(|known| *known == tty);
        DISPLAY_ORDER.len() + wording.map_or(0, |place| place + 1)
    });
    let by_use = match suppress {
        "N" | "" => 0,
        "O" => 2,
        _ => 1,
    };
    // There are 25 types, so this does not overflow.
    by_type as u16 * 3 + by_use
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_name_is_the_display_wherever_it_stands() {
        let mut concepts = Concepts::default();
        concepts.note_source(7, "MTHSPL");
        concepts.note(7, "SY", "N", 1);
        concepts.note(7, "PSN", "N", 2);
        concepts.note(7, "SCD", "O", 3);
        concepts.note_source(7, "RXNORM");
        concepts.settle();
        let concept = concepts.get(7).unwrap();
        assert_eq!((concept.display, concept.active), (3, true));
        assert_eq!(concepts.types.name(concept.main_type), Some("SCD"));
        assert_eq!(concepts.types.of(concept.types).collect::<Vec<_>>(), ["PSN", "SCD"]);
        assert_eq!(concepts.sources.of(concept.sources).collect::<Vec<_>>(), ["MTHSPL", "RXNORM"]);
    }

    #[test]
    fn an_rxcui_is_a_number_without_leading_zeros() {
        assert_eq!(rxcui("161"), Some(161));
        for bad in ["", "0161", "16a", "-1", "+1", "99999999999", "é"] {
            assert_eq!(rxcui(bad), None, "{bad}");
        }
    }
}
