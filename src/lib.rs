//! The operations of tern and the ways to call them.
