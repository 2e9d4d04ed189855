//! The one integration binary: the program and the server as their users meet them.
//!
//! Everything runs offline, on the fixtures and on what `demo/` holds.

mod cli;
mod docs;
mod support;
