//! Reads `codes`: code to ordinal and back.

use super::{FileSource, open};
use crate::container::{Column, ContainerError, Strings};
use crate::layout::{codes, file, kind};
use crate::model::Ordinal;
use crate::text::fold;
use fst::{IntoStreamer, Streamer};

#[derive(Debug)]
pub(super) struct Codes {
    exact: fst::Map<Column<u8>>,
    folded: Option<fst::Map<Column<u8>>>,
    codes: Strings,
}

impl Codes {
    pub fn open(source: &dyn FileSource) -> Result<Self, ContainerError> {
        let container = open(source, file::CODES, kind::CODES)?;
        let map = |id| -> Result<fst::Map<Column<u8>>, ContainerError> {
            fst::Map::new(container.column::<u8>(id)?).map_err(|error| container.structure(error.to_string()))
        };
        let codes = container.strings(codes::CODES)?;
        let exact = map(codes::EXACT)?;
        if exact.len() != codes.len() {
            return Err(container.structure("the fst and the list of codes differ in length"));
        }
        Ok(Self {
            exact,
            folded: container.has(codes::FOLDED).then(|| map(codes::FOLDED)).transpose()?,
            codes,
        })
    }

    pub fn len(&self) -> usize {
        self.codes.len()
    }

    fn checked(&self, ordinal: u64) -> Option<Ordinal> {
        let ordinal = u32::try_from(ordinal).ok()?;
        ((ordinal as usize) < self.len()).then_some(Ordinal(ordinal))
    }

    pub fn find_exact(&self, code: &str) -> Option<Ordinal> {
        self.exact.get(code).and_then(|ordinal| self.checked(ordinal))
    }

    pub fn find(&self, code: &str) -> Option<Ordinal> {
        self.find_exact(code).or_else(|| {
            let folded = self.folded.as_ref()?;
            folded.get(fold(code)).and_then(|ordinal| self.checked(ordinal))
        })
    }

    pub fn code(&self, ordinal: Ordinal) -> &str {
        self.codes.get(ordinal.0 as usize)
    }

    /// Codes that start with `prefix`, in code order, at most `limit`.
    pub fn starting_with(&self, prefix: &str, limit: usize) -> Vec<Ordinal> {
        use fst::Automaton;
        let starts = fst::automaton::Str::new(prefix).starts_with();
        let mut stream = self.exact.search(starts).into_stream();
        let mut found = Vec::new();
        while let Some((_, ordinal)) = stream.next() {
            if found.len() == limit {
                break;
            }
            found.extend(self.checked(ordinal));
        }
        found
    }
}
