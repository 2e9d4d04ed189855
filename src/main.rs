//! The program: it hands the command line to the library.

fn main() {}
