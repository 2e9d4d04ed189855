//! `tern`: a terminology mapping service.

pub mod mapper;
