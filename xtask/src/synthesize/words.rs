//! Invented words and a small random generator: the same seed gives the same text on every machine.

const ONSETS: [&str; 16] = [
    "b", "br", "c", "d", "f", "g", "gl", "k", "l", "m", "n", "p", "s", "st", "t", "v",
];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ae", "io", "ea"];
const ENDS: [&str; 12] = ["", "n", "r", "s", "l", "m", "x", "nt", "th", "rd", "sis", "tic"];

/// SplitMix64: tiny, good enough, and not a dependency.
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        (self.next() % u64::from(limit.max(1))) as u32
    }

    /// A number below `limit` that prefers small ones, as words and parents in real releases do.
    pub fn skewed(&mut self, limit: u32) -> u32 {
        let uniform = self.next() as f64 / u64::MAX as f64;
        ((uniform * uniform * uniform * f64::from(limit)) as u32).min(limit.saturating_sub(1))
    }

    /// True once in `times`.
    pub fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }
}

/// A vocabulary of invented words.
pub struct Words(Vec<String>);

impl Words {
    /// Makes `count` words of two or three syllables.
    pub fn new(count: usize, random: &mut Random) -> Self {
        let pick = |from: &[&'static str], random: &mut Random| from[random.below(from.len() as u32) as usize];
        let words = (0..count).map(|_| {
            let mut word = String::new();
            for _ in 0..2 + random.below(2) {
                word += pick(&ONSETS, random);
                word += pick(&VOWELS, random);
            }
            word + pick(&ENDS, random)
        });
        Self(words.collect())
    }

    /// A phrase of `least` to `most` words, its first letter large; frequent words are frequent.
    pub fn phrase(&self, least: u32, most: u32, random: &mut Random) -> String {
        let mut phrase = String::new();
        for number in 0..least + random.below(most - least + 1) {
            let word = &self.0[random.skewed(self.0.len() as u32) as usize];
            if number > 0 {
                phrase.push(' ');
                phrase += word;
            } else {
                let mut letters = word.chars();
                phrase.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                phrase += letters.as_str();
            }
        }
        phrase
    }
}
