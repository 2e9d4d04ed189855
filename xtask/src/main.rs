//! Developer chores that are too slow or too large for CI.

fn main() {}
