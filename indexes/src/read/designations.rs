//! Reads `designations`: terms of a concept, its display first.

use super::{FileSource, blocks::Blocks, open, sparse};
use crate::container::{Column, Container, ContainerError, Csr, Strings};
use crate::layout::{designations, file, kind};
use crate::model::{Acceptability, Coding, Designation, DesignationKind, Ordinal};
use std::borrow::Cow;
use std::ops::Range;

/// What is known of all designations in numbers, by designation: each is the place in a list of names and one more, 0 for
/// none. Columns that the publisher says nothing for are empty.
#[derive(Debug, Clone, Copy)]
pub struct DesignationColumns<'i> {
    /// Places in [`CodeSystemIndex::languages`](super::CodeSystemIndex::languages).
    pub language: &'i [u16],
    /// Places in [`CodeSystemIndex::designation_use_codes`](super::CodeSystemIndex::designation_use_codes).
    pub use_: &'i [u16],
    /// Places in [`CodeSystemIndex::designation_modules`](super::CodeSystemIndex::designation_modules).
    pub module: &'i [u16],
    /// Places in [`CodeSystemIndex::designation_times`](super::CodeSystemIndex::designation_times).
    pub time: &'i [u16],
}

/// Texts of designations one after the other, for those who look for bytes in all of them at once.
#[derive(Debug, Clone, Copy)]
pub struct StoredTexts<'i> {
    offsets: &'i [u64],
    heap: &'i [u8],
    kinds: &'i [u8],
}

impl<'i> StoredTexts<'i> {
    /// The bytes of a run of designations, one after the other; empty when out of range.
    pub fn bytes(&self, numbers: Range<u32>) -> &'i [u8] {
        let offset = |number: u32| self.offsets.get(number as usize).map(|offset| *offset as usize);
        let range = offset(numbers.start).zip(offset(numbers.end));
        range.and_then(|(start, end)| self.heap.get(start..end)).unwrap_or(&[])
    }

    /// Where each of a run begins in [`bytes`](Self::bytes) of all, and where the last ends.
    pub fn offsets(&self, numbers: Range<u32>) -> &'i [u64] {
        self.offsets.get(numbers.start as usize..=numbers.end as usize).unwrap_or(&[])
    }

    /// Whether a text is so long that it is packed elsewhere: its bytes here are not it.
    pub fn is_long(&self, number: u32) -> bool {
        self.kinds
            .get(number as usize)
            .is_some_and(|kind| kind & designations::KIND_LONG != 0)
    }
}

#[derive(Debug)]
pub(super) struct Designations {
    first: Column<u32>,
    language: Column<u16>,
    use_: Column<u16>,
    kind: Column<u8>,
    texts: Strings,
    languages: Strings,
    uses: Strings,
    ids: Strings,
    dialects: Option<Csr<u32>>,
    dialect_names: Strings,
    extended: Column<u32>,
    extensions: Strings,
    long: Blocks,
    provenance: Option<Provenances>,
}

/// What the publisher says of each designation.
#[derive(Debug)]
struct Provenances {
    module: Column<u16>,
    time: Column<u16>,
    case: Column<u8>,
    modules: Strings,
    times: Column<u32>,
    cases: Strings,
    by_id: Column<u32>,
}

impl Provenances {
    fn open(container: &Container, total: usize) -> Result<Self, ContainerError> {
        Ok(Self {
            module: container.column_of(designations::MODULE, total)?,
            time: container.column_of(designations::TIME, total)?,
            case: container.column_of(designations::CASE, total)?,
            modules: container.strings(designations::MODULES)?,
            times: container.column(designations::TIMES)?,
            cases: container.strings(designations::CASES)?,
            by_id: container.column(designations::BY_ID)?,
        })
    }
}

impl Designations {
    pub fn open(source: &dyn FileSource, count: usize) -> Result<Self, ContainerError> {
        let container = open(source, file::DESIGNATIONS, kind::DESIGNATIONS)?;
        let first = container.column_of::<u32>(designations::FIRST, count + 1)?;
        let total = first.last().copied().unwrap_or(0) as usize;
        let texts = container.strings(designations::TEXTS)?;
        if texts.len() != total {
            return Err(container.structure("texts and designations differ in number"));
        }
        Ok(Self {
            language: container.column_of(designations::LANGUAGE, total)?,
            use_: container.column_of(designations::USE, total)?,
            kind: container.column_of(designations::KIND, total)?,
            languages: container.strings(designations::LANGUAGES)?,
            uses: container.strings(designations::USES)?,
            ids: container.strings(designations::IDS)?,
            dialects: container
                .has(designations::DIALECTS)
                .then(|| container.csr(designations::DIALECTS, total))
                .transpose()?,
            dialect_names: container.strings(designations::DIALECT_NAMES)?,
            extended: container.column(designations::EXTENDED)?,
            extensions: container.strings(designations::EXTENSIONS)?,
            long: Blocks::open(&container, designations::LONG)?,
            provenance: container
                .has(designations::MODULE)
                .then(|| Provenances::open(&container, total))
                .transpose()?,
            first,
            texts,
        })
    }

    pub fn columns(&self) -> DesignationColumns<'_> {
        let known = self.provenance.as_ref();
        DesignationColumns {
            language: &self.language,
            use_: &self.use_,
            module: known.map_or(&[], |known| &known.module),
            time: known.map_or(&[], |known| &known.time),
        }
    }

    pub fn use_codes(&self) -> impl Iterator<Item = &str> {
        (0..self.uses.len() / 4).map(|number| self.uses.get(number * 4 + 2))
    }

    pub fn modules(&self) -> impl Iterator<Item = &str> {
        self.provenance.iter().flat_map(|known| known.modules.iter())
    }

    pub fn times(&self) -> &[u32] {
        self.provenance.as_ref().map_or(&[], |known| &known.times)
    }

    /// Numbers of the definitions.
    pub fn definitions(&self) -> impl Iterator<Item = u32> {
        let is_definition = |kind: &u8| kind & 0x07 == DesignationKind::Definition as u8;
        (0u32..)
            .zip(self.kind.iter())
            .filter(move |(_, kind)| is_definition(kind))
            .map(|(number, _)| number)
    }

    /// Numbers of a concept's designations.
    pub fn range(&self, ordinal: Ordinal) -> Range<usize> {
        let row = ordinal.0 as usize;
        match self.first.get(row..row + 2) {
            Some([start, stop]) if start <= stop && (*stop as usize) <= self.kind.len() => *start as usize..*stop as usize,
            _ => 0..0,
        }
    }

    pub fn len(&self) -> usize {
        self.kind.len()
    }

    /// The concept of a designation.
    pub fn concept(&self, number: usize) -> Ordinal {
        let after = self.first.partition_point(|first| *first as usize <= number);
        Ordinal(after.saturating_sub(1) as u32)
    }

    /// Gives each of ascending numbers with its concept; numbers in any other order may get another one.
    pub fn with_concepts(&self, numbers: &[u32], mut each: impl FnMut(u32, u32)) {
        let Some(first) = numbers.first() else { return };
        let mut concept = self.concept(*first as usize).0;
        for number in numbers {
            // Most are of the same concept as the last, or of one of the next.
            while self.first.get(concept as usize + 1).is_some_and(|next| next <= number) {
                concept += 1;
            }
            each(*number, concept);
        }
    }

    pub fn kind(&self, number: usize) -> DesignationKind {
        self.kind
            .get(number)
            .and_then(|kind| DesignationKind::from_u8(kind & 0x07))
            .unwrap_or(DesignationKind::Synonym)
    }

    pub fn is_active(&self, number: usize) -> bool {
        self.kind
            .get(number)
            .is_some_and(|kind| kind & designations::KIND_INACTIVE == 0)
    }

    pub fn is_made(&self, number: usize) -> bool {
        self.kind.get(number).is_some_and(|kind| kind & designations::KIND_MADE != 0)
    }

    pub fn id(&self, number: usize) -> Option<&str> {
        Some(self.ids.get(number)).filter(|id| !id.is_empty())
    }

    pub fn use_code(&self, number: usize) -> Option<&str> {
        let use_ = usize::from(self.use_.get(number)?.checked_sub(1)?);
        Some(self.uses.get(use_ * 4 + 2))
    }

    pub fn module(&self, number: usize) -> Option<&str> {
        let known = self.provenance.as_ref()?;
        let module = known.module.get(number)?.checked_sub(1)?;
        Some(known.modules.get(usize::from(module)))
    }

    pub fn effective_time(&self, number: usize) -> Option<u32> {
        let known = self.provenance.as_ref()?;
        let time = known.time.get(number)?.checked_sub(1)?;
        known.times.get(usize::from(time)).copied()
    }

    pub fn case_significance(&self, number: usize) -> Option<&str> {
        let known = self.provenance.as_ref()?;
        let case = known.case.get(number)?.checked_sub(1)?;
        Some(known.cases.get(usize::from(case)))
    }

    /// The designation with a publisher's id.
    pub fn find(&self, id: &str) -> Option<u32> {
        let Some(known) = &self.provenance else {
            let found = (0..self.ids.len()).find(|number| self.ids.get(*number) == id);
            return found.filter(|_| !id.is_empty()).map(|number| number as u32);
        };
        let place = known.by_id.partition_point(|number| self.ids.get(*number as usize) < id);
        let found = *known.by_id.get(place)?;
        (self.ids.get(found as usize) == id).then_some(found)
    }

    pub fn text(&self, number: usize) -> Cow<'_, str> {
        let text = self.texts.get(number);
        if self.kind.get(number).is_none_or(|kind| kind & designations::KIND_LONG == 0) {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.parse().ok().and_then(|long| self.long.get(long)).unwrap_or_default())
    }

    /// The texts as they are stored, long ones aside, which are packed elsewhere.
    pub fn stored(&self) -> StoredTexts<'_> {
        let (offsets, heap) = self.texts.raw();
        let kinds = &self.kind;
        StoredTexts { offsets, heap, kinds }
    }

    pub fn language(&self, number: usize) -> Option<&str> {
        let language = *self.language.get(number)?;
        language
            .checked_sub(1)
            .map(|language| self.languages.get(usize::from(language)))
    }

    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.iter()
    }

    pub fn dialects(&self) -> impl Iterator<Item = &str> {
        self.dialect_names.iter()
    }

    pub fn use_(&self, number: usize) -> Option<Coding> {
        let use_ = usize::from(self.use_.get(number)?.checked_sub(1)?);
        let part = |place: usize| {
            Some(self.uses.get(use_ * 4 + place))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Some(Coding {
            system: part(0),
            version: part(1),
            code: part(2).unwrap_or_default(),
            display: part(3),
        })
    }

    pub fn acceptability(&self, number: usize) -> impl Iterator<Item = (&str, Acceptability)> {
        self.dialect_numbers(number)
            .map(|(dialect, acceptability)| (self.dialect_names.get(dialect as usize), acceptability))
    }

    pub fn dialect_numbers(&self, number: usize) -> impl Iterator<Item = (u32, Acceptability)> {
        let packed = self.dialects.as_ref().map_or(&[][..], |dialects| dialects.get(number));
        packed.iter().map(|packed| {
            let acceptability = if packed % 2 == 0 {
                Acceptability::Preferred
            } else {
                Acceptability::Acceptable
            };
            (packed / 2, acceptability)
        })
    }

    pub fn extensions(&self, number: usize) -> Option<&str> {
        sparse(&self.extended, number).map(|place| self.extensions.get(place))
    }

    pub fn get(&self, number: usize) -> Designation {
        Designation {
            id: self.id(number).map(str::to_owned),
            language: self.language(number).map(str::to_owned),
            use_: self.use_(number),
            value: self.text(number).into_owned(),
            active: self.is_active(number),
            kind: self.kind(number),
            acceptability: self
                .acceptability(number)
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }
}
