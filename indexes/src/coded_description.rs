//! Descriptions of things as bytes, which is how the file `axioms` keeps them.
//!
//! A description is a conjunction: concepts that a thing is, and attributes that it has, whose values may be described
//! in turn. The bytes are read where they lie: what is nested says how long it is, so that who has seen enough goes on.
//! Bytes that are no description read as one that fits nothing. What follows from a description is not known here.

/// The role of what holds attributes together, which need not be a concept.
pub const ROLE_GROUP: u32 = u32::MAX;
/// Levels of nesting that are read: expressions of a hundred levels, each of them in a group, have fewer.
pub const DEEPEST: usize = 256;

const DESCRIPTION: u64 = 0;
const CONCEPT: u64 = 1;
const NUMBER: u64 = 2;
const TEXT: u64 = 3;
const FALSE: u64 = 4;
const TRUE: u64 = 5;
/// Bits that the kind of a value takes.
const KIND_BITS: u32 = 3;

/// The value of an attribute, to be written or as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodedValue<'d> {
    /// Something that is so described.
    Description(CodedDescription<'d>),
    /// A concept and nothing more.
    Concept(u32),
    /// A number as text.
    Number(&'d str),
    /// Text.
    Text(&'d str),
    /// True or false.
    Boolean(bool),
    /// What cannot be read, so that nothing has it. It is not written.
    Unreadable,
}

/// Writes one description: its concepts first, then its attributes one by one.
#[derive(Debug, Clone)]
pub struct DescriptionCoder(Vec<u8>);

impl DescriptionCoder {
    /// Begins with the concepts that the thing is.
    pub fn new(concepts: impl ExactSizeIterator<Item = u32>) -> Self {
        let mut made = Self(Vec::new());
        put(&mut made.0, concepts.len() as u64);
        for concept in concepts {
            put(&mut made.0, u64::from(concept));
        }
        made
    }

    /// Adds an attribute.
    pub fn attribute(&mut self, role: u32, value: CodedValue<'_>) {
        // The role group comes often, so it has the shortest code.
        let role = (u64::from(role) + 1) & u64::from(u32::MAX);
        let kind = match value {
            CodedValue::Description(_) => DESCRIPTION,
            CodedValue::Concept(_) => CONCEPT,
            CodedValue::Number(_) => NUMBER,
            CodedValue::Text(_) => TEXT,
            CodedValue::Boolean(false) => FALSE,
            CodedValue::Boolean(true) => TRUE,
            CodedValue::Unreadable => return,
        };
        put(&mut self.0, role << KIND_BITS | kind);
        match value {
            CodedValue::Description(inner) => put_bytes(&mut self.0, inner.bytes),
            CodedValue::Concept(concept) => put(&mut self.0, u64::from(concept)),
            CodedValue::Number(text) | CodedValue::Text(text) => put_bytes(&mut self.0, text.as_bytes()),
            CodedValue::Boolean(_) | CodedValue::Unreadable => {}
        }
    }

    /// The description.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Writes a number, seven bits to a byte, the low ones first; all bytes but the last have the high bit.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Writes how many bytes there are, and the bytes.
fn put_bytes(bytes: &mut Vec<u8>, own: &[u8]) {
    put(bytes, own.len() as u64);
    bytes.extend_from_slice(own);
}

/// Takes a number off the front; `None` where there is none.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(take(bytes)?).ok()
}

/// Takes as many bytes off the front as the number before them says.
fn take_bytes<'d>(bytes: &mut &'d [u8]) -> Option<&'d [u8]> {
    let length = usize::try_from(take(bytes)?).ok()?;
    let (own, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(own)
}

/// What fits the condition fits the conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedCondition<'d> {
    /// What something must be.
    pub condition: CodedDescription<'d>,
    /// What it is then.
    pub conclusion: CodedDescription<'d>,
}

impl<'d> CodedCondition<'d> {
    /// Writes both, the conclusion with its length before it.
    pub(crate) fn put(self, bytes: &mut Vec<u8>) {
        put_bytes(bytes, self.conclusion.bytes);
        bytes.extend_from_slice(self.condition.bytes);
    }

    /// Reads both; where there are no two, nothing fits the condition.
    pub(crate) fn read(mut bytes: &'d [u8]) -> Self {
        let conclusion = take_bytes(&mut bytes).map(CodedDescription::new);
        Self {
            condition: conclusion.map_or(CodedDescription::UNREADABLE, |_| CodedDescription::new(bytes)),
            conclusion: conclusion.unwrap_or(CodedDescription::UNREADABLE),
        }
    }
}

/// A description that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedDescription<'d> {
    bytes: &'d [u8],
    /// How deep it is nested in others.
    level: usize,
}

impl<'d> CodedDescription<'d> {
    /// What fits nothing.
    pub const UNREADABLE: Self = Self { bytes: &[], level: 0 };

    /// What bytes say.
    pub fn new(bytes: &'d [u8]) -> Self {
        Self { bytes, level: 0 }
    }

    /// The concepts that the thing is; the last is `u32::MAX`, which is none, if they cannot be read to their end.
    pub fn concepts(self) -> impl Iterator<Item = u32> {
        let mut rest = self.bytes;
        let mut open = take(&mut rest).unwrap_or(u64::MAX);
        std::iter::from_fn(move || {
            open = open.checked_sub(1)?;
            let read = take_u32(&mut rest);
            if read.is_none() {
                open = 0;
            }
            Some(read.unwrap_or(u32::MAX))
        })
    }

    /// The attributes, by their roles; what cannot be read is the last.
    pub fn attributes(self) -> impl Iterator<Item = (u32, CodedValue<'d>)> {
        let mut rest = self.bytes;
        let concepts = take(&mut rest);
        // What is wrong with the concepts shows in them.
        if concepts.is_none_or(|count| (0..count).any(|_| take(&mut rest).is_none())) {
            rest = &[];
        }
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            Some(self.take_attribute(&mut rest).unwrap_or_else(|| {
                rest = &[];
                (ROLE_GROUP, CodedValue::Unreadable)
            }))
        })
    }

    fn take_attribute(self, rest: &mut &'d [u8]) -> Option<(u32, CodedValue<'d>)> {
        let code = take(rest)?;
        let role = u32::try_from(code >> KIND_BITS).ok()?.wrapping_sub(1);
        let value = match code & ((1 << KIND_BITS) - 1) {
            DESCRIPTION => CodedValue::Description(Self {
                bytes: take_bytes(rest)?,
                level: Some(self.level + 1).filter(|level| *level < DEEPEST)?,
            }),
            CONCEPT => CodedValue::Concept(take_u32(rest)?),
            NUMBER => CodedValue::Number(std::str::from_utf8(take_bytes(rest)?).ok()?),
            TEXT => CodedValue::Text(std::str::from_utf8(take_bytes(rest)?).ok()?),
            FALSE => CodedValue::Boolean(false),
            TRUE => CodedValue::Boolean(true),
            _ => return None,
        };
        Some((role, value))
    }

    /// Visits all concepts that are named somewhere in it, attributes aside.
    pub fn visit_concepts(self, visit: &mut impl FnMut(u32)) {
        self.concepts().for_each(&mut *visit);
        for (_, value) in self.attributes() {
            match value {
                CodedValue::Description(inner) => inner.visit_concepts(visit),
                CodedValue::Concept(concept) => visit(concept),
                _ => {}
            }
        }
    }

    /// How many attributes deep it looks.
    pub fn depth(self) -> usize {
        let depths = self.attributes().map(|(_, value)| match value {
            CodedValue::Description(inner) => 1 + inner.depth(),
            CodedValue::Concept(_) => 1,
            _ => 0,
        });
        depths.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A description as it would be kept in memory.
    #[derive(Debug, Clone, PartialEq)]
    struct Plain {
        concepts: Vec<u32>,
        attributes: Vec<(u32, PlainValue)>,
    }

    #[derive(Debug, Clone, PartialEq)]
    enum PlainValue {
        Description(Plain),
        Concept(u32),
        Number(String),
        Text(String),
        Boolean(bool),
    }

    fn coded(plain: &Plain) -> Vec<u8> {
        let mut coder = DescriptionCoder::new(plain.concepts.iter().copied());
        for (role, value) in &plain.attributes {
            let inner = match value {
                PlainValue::Description(inner) => coded(inner),
                _ => Vec::new(),
            };
            coder.attribute(
                *role,
                match value {
                    PlainValue::Description(_) => CodedValue::Description(CodedDescription::new(&inner)),
                    PlainValue::Concept(concept) => CodedValue::Concept(*concept),
                    PlainValue::Number(text) => CodedValue::Number(text),
                    PlainValue::Text(text) => CodedValue::Text(text),
                    PlainValue::Boolean(value) => CodedValue::Boolean(*value),
                },
            );
        }
        coder.finish()
    }

    fn read(coded: CodedDescription<'_>) -> Plain {
        let attributes = coded.attributes().map(|(role, value)| {
            let value = match value {
                CodedValue::Description(inner) => PlainValue::Description(read(inner)),
                CodedValue::Concept(concept) => PlainValue::Concept(concept),
                CodedValue::Number(text) => PlainValue::Number(text.to_owned()),
                CodedValue::Text(text) => PlainValue::Text(text.to_owned()),
                CodedValue::Boolean(value) => PlainValue::Boolean(value),
                CodedValue::Unreadable => PlainValue::Text("unreadable".into()),
            };
            (role, value)
        });
        Plain {
            concepts: coded.concepts().collect(),
            attributes: attributes.collect(),
        }
    }

    fn role() -> impl Strategy<Value = u32> {
        prop_oneof![concept(), Just(ROLE_GROUP)]
    }

    fn concept() -> impl Strategy<Value = u32> {
        prop_oneof![0u32..200, 0..u32::MAX, Just(u32::MAX - 1)]
    }

    fn plain() -> impl Strategy<Value = Plain> {
        let leaf = prop_oneof![
            concept().prop_map(PlainValue::Concept),
            "-?[0-9.]{0,6}".prop_map(PlainValue::Number),
            "\\PC{0,4}".prop_map(PlainValue::Text),
            any::<bool>().prop_map(PlainValue::Boolean),
        ];
        let value = leaf.prop_recursive(4, 32, 4, |inner| described(inner).prop_map(PlainValue::Description));
        described(value)
    }

    fn described(value: impl Strategy<Value = PlainValue>) -> impl Strategy<Value = Plain> {
        let parts = (
            prop::collection::vec(concept(), 0..4),
            prop::collection::vec((role(), value), 0..4),
        );
        parts.prop_map(|(concepts, attributes)| Plain { concepts, attributes })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(plain in plain()) {
            let bytes = coded(&plain);
            prop_assert_eq!(read(CodedDescription::new(&bytes)), plain);
        }

        /// Whatever the bytes: reading ends, and what is cut short fits nothing.
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(prop_oneof![0u8..16, any::<u8>()], 0..64)) {
            let read = CodedDescription::new(&bytes);
            let mut named = 0;
            read.visit_concepts(&mut |_| named += 1);
            prop_assert!(named <= bytes.len() + 2);
            prop_assert!(read.depth() <= bytes.len());
        }

        #[test]
        fn what_is_cut_short_is_never_the_same(plain in plain(), at in any::<prop::sample::Index>()) {
            let bytes = coded(&plain);
            let cut = &bytes[..at.index(bytes.len())];
            prop_assert_ne!(read(CodedDescription::new(cut)), plain);
        }
    }

    #[test]
    fn bytes_that_are_no_description_fit_nothing() {
        for (bytes, concepts, attributes) in [
            // Nothing at all, and a number without end.
            (&[][..], vec![u32::MAX], 0),
            (&[0xFF; 12][..], vec![u32::MAX], 0),
            // Two concepts, of which there is one.
            (&[2, 7][..], vec![7, u32::MAX], 0),
            // An attribute without its value, and one whose kind is not known.
            (&[1, 7, 9][..], vec![7], 1),
            (&[1, 7, 15][..], vec![7], 1),
            // Text longer than what is left, and text that is none.
            (&[0, 11, 9, b'a'][..], vec![], 1),
            (&[0, 11, 1, 0xFF][..], vec![], 1),
        ] {
            let read = CodedDescription::new(bytes);
            assert_eq!(read.concepts().collect::<Vec<_>>(), concepts, "{bytes:?}");
            let found: Vec<_> = read.attributes().collect();
            assert_eq!(found, vec![(ROLE_GROUP, CodedValue::Unreadable); attributes], "{bytes:?}");
        }
    }

    #[test]
    fn nesting_that_no_writer_makes_is_not_followed() {
        let mut bytes = vec![0];
        for _ in 0..100_000 {
            let mut coder = DescriptionCoder::new([].into_iter());
            coder.attribute(1, CodedValue::Description(CodedDescription::new(&bytes)));
            bytes = coder.finish();
            if bytes.len() > 4_000 {
                break;
            }
        }
        assert_eq!(CodedDescription::new(&bytes).depth(), DEEPEST - 1);
    }
}
