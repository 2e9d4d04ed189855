//! The table of FHIR's types: the elements of each, in their order. Written by `cargo xtask definitions`.

use crate::fhir::FhirVersion;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static R4: LazyLock<Definitions> = LazyLock::new(|| Definitions::read(include_str!("definitions-r4.txt")));
static R5: LazyLock<Definitions> = LazyLock::new(|| Definitions::read(include_str!("definitions-r5.txt")));

/// Elements of the other version stand behind those of the version asked for.
const BEHIND: usize = 1 << 16;

#[derive(Debug, Default)]
struct Definitions {
    types: BTreeMap<&'static str, Definition>,
}

/// A type as its line says it.
#[derive(Debug)]
struct Definition {
    name: &'static str,
    elements: Vec<Element>,
    is_resource: bool,
}

#[derive(Debug, Clone)]
struct Element {
    /// Without `[x]`.
    name: &'static str,
    types: Vec<&'static str>,
    /// Whether the name ends with the type.
    choice: bool,
    repeats: bool,
    attribute: bool,
}

impl Definitions {
    /// Reads the table, which is a part of the program; a test reads it in full.
    fn read(text: &'static str) -> Self {
        let mut lines: BTreeMap<&'static str, (&'static str, Vec<&'static str>)> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            if let (Some(name), Some(base)) = (words.next(), words.next()) {
                lines.insert(name, (base, words.collect()));
            }
        }
        let open: Vec<&str> = lines
            .remove("*")
            .map(|(open, _)| open.split('|').collect())
            .unwrap_or_default();
        let mut types = BTreeMap::new();
        for (name, (base, own)) in &lines {
            // Bases first; a chain longer than the table would be a circle.
            let mut chain = vec![(*name, own)];
            let mut base = *base;
            while let (Some((next, own)), true) = (lines.get(base), chain.len() <= lines.len()) {
                chain.push((base, own));
                base = next;
            }
            let is_resource = chain.iter().any(|(name, _)| *name == "Resource");
            let words = chain.iter().rev().flat_map(|(_, own)| own.iter());
            let elements = words.filter_map(|word| Element::read(word, &open)).collect();
            let definition = Definition {
                name,
                elements,
                is_resource,
            };
            types.insert(*name, definition);
        }
        Self { types }
    }

    fn of(version: FhirVersion) -> &'static Self {
        match version {
            FhirVersion::R4 => &R4,
            FhirVersion::R5 => &R5,
        }
    }
}

impl Element {
    fn read(word: &'static str, open: &[&'static str]) -> Option<Self> {
        let (name, types) = word.split_once(':')?;
        let bare = name.trim_start_matches(['@', '+']);
        Some(Self {
            name: bare.trim_end_matches("[x]"),
            types: if types == "*" {
                open.to_vec()
            } else {
                types.split('|').collect()
            },
            choice: bare.ends_with("[x]"),
            repeats: name.contains('+'),
            attribute: name.starts_with('@'),
        })
    }

    /// The type that an element of this name has.
    fn matches(&self, name: &str) -> Option<&'static str> {
        if !self.choice {
            return (self.name == name).then(|| self.types.first().copied()).flatten();
        }
        let suffix = name.strip_prefix(self.name)?;
        self.types.iter().copied().find(|one| {
            // Types are ASCII; only the first letter differs.
            one.get(1..) == suffix.get(1..)
                && suffix.starts_with(|letter: char| letter.is_ascii_uppercase())
                && one
                    .get(..1)
                    .is_some_and(|first| suffix.get(..1).is_some_and(|other| first.eq_ignore_ascii_case(other)))
        })
    }
}

/// A type with elements, in one of the versions.
#[derive(Debug, Clone, Copy)]
pub(in crate::fhir) struct Type {
    version: FhirVersion,
    definition: &'static Definition,
}

/// What an element holds.
#[derive(Debug, Clone, Copy)]
pub(in crate::fhir) enum Shape {
    /// A value: JSON's true and false.
    Boolean,
    /// A value: a whole number.
    Integer,
    /// A value: a number.
    Decimal,
    /// A value that JSON writes as a string.
    Text,
    /// Narrative.
    Xhtml,
    /// Any resource.
    Resource,
    /// Elements.
    Complex(Type),
}

/// An element of a type.
#[derive(Debug, Clone, Copy)]
pub(in crate::fhir) struct Place {
    /// Its position among all elements of its type.
    pub position: usize,
    /// Whether JSON writes it as an array.
    pub repeats: bool,
    /// Whether XML writes it as an attribute.
    pub attribute: bool,
    /// What it holds.
    pub shape: Shape,
    /// Its name, without the type that the name of a choice ends with.
    pub base: &'static str,
    /// The name of its type.
    pub type_name: &'static str,
}

impl Type {
    /// A type by its name, in this version or else in the other.
    pub fn named(name: &str, version: FhirVersion) -> Option<Self> {
        [version, other(version)].into_iter().find_map(|version| {
            let definition = Definitions::of(version).types.get(name)?;
            Some(Self { version, definition })
        })
    }

    /// A type of resources by its name.
    pub fn resource(name: &str, version: FhirVersion) -> Option<Self> {
        Self::named(name, version).filter(|found| found.definition.is_resource)
    }

    /// What ids and extensions of primitives are elements of.
    pub fn of_primitives(version: FhirVersion) -> Option<Self> {
        Self::named("Element", version)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.definition.name
    }

    /// The version of its shapes.
    pub fn version(self) -> FhirVersion {
        self.version
    }

    /// The element of a name.
    pub fn element(self, name: &str) -> Option<Place> {
        self.own_element(name).or_else(|| {
            let version = other(self.version);
            let definition = Definitions::of(version).types.get(self.definition.name)?;
            let place = Self { version, definition }.own_element(name)?;
            Some(Place {
                position: place.position + BEHIND,
                ..place
            })
        })
    }

    /// All types of resources of a version.
    #[cfg(test)]
    pub fn resources(version: FhirVersion) -> Vec<Self> {
        let definitions = Definitions::of(version).types.values();
        let resources = definitions.filter(|definition| definition.is_resource && !definition.name.contains('.'));
        resources.map(|definition| Self { version, definition }).collect()
    }

    /// The names of all elements, with one for each type of a choice.
    #[cfg(test)]
    pub fn element_names(self) -> Vec<String> {
        let names = self.definition.elements.iter().flat_map(|element| {
            element.types.iter().map(|one| match element.choice {
                true => format!("{}{}{}", element.name, one[..1].to_uppercase(), &one[1..]),
                false => element.name.to_owned(),
            })
        });
        names.collect()
    }

    fn own_element(self, name: &str) -> Option<Place> {
        let elements = self.definition.elements.iter().enumerate();
        let (position, element, type_name) = elements
            .into_iter()
            .find_map(|(position, element)| Some((position, element, element.matches(name)?)))?;
        Some(Place {
            position,
            repeats: element.repeats,
            attribute: element.attribute,
            shape: shape(type_name, self.version),
            base: element.name,
            type_name,
        })
    }
}

fn other(version: FhirVersion) -> FhirVersion {
    match version {
        FhirVersion::R4 => FhirVersion::R5,
        FhirVersion::R5 => FhirVersion::R4,
    }
}

fn shape(type_name: &str, version: FhirVersion) -> Shape {
    match type_name {
        "boolean" => Shape::Boolean,
        "integer" | "unsignedInt" | "positiveInt" => Shape::Integer,
        "decimal" => Shape::Decimal,
        "xhtml" => Shape::Xhtml,
        _ => match Type::named(type_name, version) {
            Some(found) if found.definition.is_resource => Shape::Resource,
            Some(found) => Shape::Complex(found),
            None => Shape::Text,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_an_element_names_is_in_the_table_or_a_primitive() {
        for version in [FhirVersion::R4, FhirVersion::R5] {
            let definitions = Definitions::of(version);
            assert!(definitions.types.len() > 600, "{version:?} {}", definitions.types.len());
            for (name, definition) in &definitions.types {
                let root = *name == "Base" || !definition.elements.is_empty();
                assert!(root, "{name} has no elements");
                for element in &definition.elements {
                    assert!(!element.types.is_empty(), "{name}.{}", element.name);
                    for one in &element.types {
                        let primitive = one.starts_with(|letter: char| letter.is_ascii_lowercase());
                        assert!(
                            primitive || definitions.types.contains_key(one),
                            "{name}.{} is a {one}, which is nowhere",
                            element.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn choices_are_found_by_the_name_of_their_type() {
        let parameter = Type::named("Parameters.parameter", FhirVersion::R4).unwrap();
        assert!(matches!(parameter.element("valueBoolean").unwrap().shape, Shape::Boolean));
        assert!(matches!(parameter.element("valueCoding").unwrap().shape, Shape::Complex(_)));
        assert!(matches!(parameter.element("valueDateTime").unwrap().shape, Shape::Text));
        for wrong in ["value", "valueboolean", "valueNothing", "valueé"] {
            assert!(parameter.element(wrong).is_none(), "{wrong}");
        }
        // R4 has no such type; R5 has.
        assert!(parameter.element("valueInteger64").unwrap().position > BEHIND);
    }

    #[test]
    fn what_is_inherited_stands_first() {
        let system = Type::resource("CodeSystem", FhirVersion::R5).unwrap();
        let position = |name: &str| system.element(name).unwrap().position;
        assert!(position("id") < position("text") && position("text") < position("url") && position("url") < position("concept"));
        assert!(Type::resource("Coding", FhirVersion::R4).is_none());
    }
}
