//! What unit tests of several rooms share: numbers by chance.
//!
//! Worlds and ontologies are the business of the rooms that test with them; integration tests have `tests/support.rs`.

/// Numbers from a seed, the same on every machine.
pub(crate) struct Dice(pub u64);

impl Dice {
    /// A number below another; 0 below 0.
    pub fn roll(&mut self, below: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % below.max(1)
    }

    /// Whether something comes to pass that does so once in so many times.
    pub fn one_in(&mut self, chances: usize) -> bool {
        self.roll(chances) == 0
    }

    /// One of a list that is not empty.
    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.roll(from.len())]
    }
}
