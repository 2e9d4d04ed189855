//! tern: a terminology mapping service, as a library that the program and its tests share.

pub mod fhir;
