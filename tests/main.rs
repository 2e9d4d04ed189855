//! The one integration binary: a module per door of the program, and the rules of the house.
//!
//! One binary links once. Each module opens with what it tests; fixtures are in `tests/fixtures`, goldens in
//! `tests/cases`. Nothing here needs the network or licensed content.

mod cli;
mod docs;
mod ecl;
mod expressions;
mod formats;
mod http;
mod review;
mod shared;
mod snomed;
mod support;
mod tidy;
mod train;
