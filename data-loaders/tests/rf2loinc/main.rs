//! Loading SNOMED CT and LOINC: the invented releases of `tests/fixtures`, damaged copies of them, and, where they
//! lie beside the project, real subsets.

mod loinc;
mod snomed;
mod snomed_versions;
mod support;
