//! What one way to a set costs compared with another: the evaluator takes the cheaper.
//!
//! Measured on a release of full size, in rows of an attribute read one after the other. The answer is the same by every
//! way; tests take each of them by giving costs that nothing has.

/// Costs of ways, in rows of an attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    /// Reading all rows of one concept.
    pub rows: u64,
    /// Finding the concepts that have one value.
    pub lookup: u64,
    /// Concepts whose descriptions are read rather than looked up in the word index.
    pub read: u64,
    /// Descriptions to look at instead of one concept with all that it has.
    pub descriptions: u64,
    /// Concepts that one thread takes at once.
    pub chunk: usize,
}

impl Default for Costs {
    fn default() -> Self {
        Self {
            rows: 64,
            lookup: 64,
            read: 2_000,
            descriptions: 4,
            chunk: 4_096,
        }
    }
}

#[cfg(test)]
impl Costs {
    /// Each way taken wherever it can be.
    pub fn extremes() -> [Self; 4] {
        const NEVER: u64 = 1 << 40;
        let way = |rows, lookup, read, descriptions, chunk| Self {
            rows,
            lookup,
            read,
            descriptions,
            chunk,
        };
        [
            way(0, NEVER, 0, NEVER, 7),
            way(NEVER, NEVER, NEVER, 0, 1),
            way(16, 0, 0, 0, 4_096),
            way(0, 0, 0, NEVER, 1),
        ]
    }
}
