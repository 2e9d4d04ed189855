//! Words that qualify a condition: side, course, encounter, cause, number. One that only one side has is a feature;
//! two that exclude each other are a conflict.

use super::synonyms::SYNONYMS;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Qualifiers with words that say them; the first names the group.
pub const GROUPS: &[&[&str]] = &[
    &["unspecified", "nos"],
    &["other", "nec"],
    &["specified"],
    &["left"],
    &["right"],
    &["bilateral"],
    &["initial"],
    &["subsequent", "aftercare"],
    &["sequela", "late"],
    &["without"],
    &["acute"],
    &["chronic"],
    &["recurrent"],
    &["closed"],
    &["open"],
    &["displaced"],
    &["nondisplaced"],
    &["multiple"],
    &["history"],
    &["family"],
    &["congenital"],
    &["acquired", "secondary"],
    &["primary", "idiopathic"],
    &["complicating", "complication"],
    &["newborn", "neonatal"],
    &["pregnancy", "maternal", "childbirth"],
    &["trimester"],
    &["poisoning"],
    &["accidental", "unintentional"],
    &["self"],
    &["assault"],
    &["undetermined"],
    &["adverse"],
    &["malignant"],
    &["benign"],
    &["situ"],
    &["uncertain"],
    &["screening"],
    &["status"],
    &["remission"],
    &["relapse"],
    &["hemorrhage"],
    &["perforation"],
    &["gangrene"],
    &["coma"],
    &["male"],
    &["female"],
    &["upper"],
    &["lower"],
    &["drug"],
    &["due"],
    &["elsewhere"],
    &["type"],
    &["part"],
    &["site"],
    &["superficial"],
    &["disorder"],
    &["disease"],
    &["syndrome"],
    &["infection"],
    &["not"],
    &["mention"],
];

/// Words of which two different ones exclude each other, with what they are about.
const OPPOSITES: &[(&str, &[&str])] = &[
    ("laterality", &["left", "right", "bilateral"]),
    ("course", &["acute", "chronic"]),
    ("position", &["upper", "lower"]),
    ("order", &["primary", "secondary"]),
    ("behaviour", &["benign", "malignant"]),
    ("sex", &["male", "female"]),
    ("wound", &["open", "closed"]),
    ("severity", &["mild", "moderate", "severe"]),
    ("origin", &["congenital", "acquired"]),
    ("encounter", &["initial", "subsequent", "sequela"]),
    ("position", &["anterior", "posterior"]),
    ("position", &["medial", "lateral"]),
    ("position", &["internal", "external"]),
    ("position", &["proximal", "distal"]),
    ("pressure", &["hypertension", "hypotension"]),
    ("thyroid", &["hyperthyroidism", "hypothyroidism"]),
    ("glucose", &["hyperglycemia", "hypoglycemia"]),
    ("displacement", &["displaced", "nondisplaced"]),
    ("patient", &["maternal", "newborn"]),
    ("degree", &["first", "second", "third", "fourth"]),
    ("type", &["a", "b", "c", "d", "e"]),
    ("number", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]),
];

/// Which groups and opposites a set of classes has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Qualifiers {
    /// Groups, a bit each.
    pub groups: u64,
    /// Members of each set of opposites.
    opposites: [u16; OPPOSITES.len()],
}

/// Class -> its group and its places among the opposites.
static CLASSES: LazyLock<HashMap<String, Qualifiers>> = LazyLock::new(|| {
    let mut found: HashMap<String, Qualifiers> = HashMap::new();
    for (number, group) in GROUPS.iter().enumerate() {
        for word in *group {
            found.entry(SYNONYMS.class(word)).or_default().groups |= 1 << number;
        }
    }
    for (number, (_, set)) in OPPOSITES.iter().enumerate() {
        for (place, word) in set.iter().enumerate() {
            if let Some(bits) = found.entry(SYNONYMS.class(word)).or_default().opposites.get_mut(number) {
                *bits |= 1 << place;
            }
        }
    }
    found
});

impl Qualifiers {
    /// The qualifiers of classes.
    pub fn of<'c>(classes: impl Iterator<Item = &'c str>) -> Self {
        let mut found = Self::default();
        for class in classes {
            if let Some(own) = CLASSES.get(class) {
                found.add(own);
            }
        }
        found
    }

    /// The qualifiers of one class, if it is one.
    pub fn of_class(class: &str) -> Option<Self> {
        CLASSES.get(class).copied()
    }

    /// Takes those of another.
    pub fn add(&mut self, other: &Self) {
        self.groups |= other.groups;
        for (bits, more) in self.opposites.iter_mut().zip(other.opposites) {
            *bits |= more;
        }
    }

    /// Whether both state something of one kind, and nothing in common.
    pub fn contradicts(&self, other: &Self) -> bool {
        let mut sets = self.opposites.iter().zip(other.opposites);
        sets.any(|(ours, theirs)| *ours != 0 && theirs != 0 && ours & theirs == 0)
    }

    /// What either states of each axis: the axis, the words of both.
    pub fn axes(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        let stated = |bits: u16, set: &[&str]| {
            let words = set.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
            words.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
        };
        let sets = OPPOSITES.iter().zip(self.opposites.iter().zip(other.opposites));
        let stated_of_either = sets.filter(|(_, (ours, theirs))| **ours | *theirs != 0);
        stated_of_either
            .map(|((axis, set), (ours, theirs))| (*axis, stated(*ours, set), stated(theirs, set)))
            .collect()
    }

    /// Whether an encounter after the first is stated.
    pub fn is_later_encounter(&self) -> bool {
        self.has("subsequent") || self.has("sequela")
    }

    /// Whether a group is there.
    pub fn has(&self, group: &str) -> bool {
        let place = GROUPS.iter().position(|words| words.first() == Some(&group));
        place.is_some_and(|place| self.groups & (1 << place) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::words::words;

    fn of(text: &str) -> Qualifiers {
        let classes: Vec<String> = words(text).iter().map(|word| SYNONYMS.class(word)).collect();
        Qualifiers::of(classes.iter().map(String::as_str))
    }

    #[test]
    fn sides_numbers_and_courses_contradict() {
        for (left, right) in [
            ("pain in left knee", "pain in right knee"),
            ("type 1 diabetes", "type II diabetes"),
            ("acute bronchitis", "chronic bronchitis"),
            ("burn, initial encounter", "burn, sequela"),
        ] {
            assert!(of(left).contradicts(&of(right)), "{left}");
            assert!(!of(left).contradicts(&of(left)), "{left}");
        }
        assert!(!of("pain in knee").contradicts(&of("pain in left knee")));
        assert!(of("Fracture of left femur").has("left"));
    }
}
