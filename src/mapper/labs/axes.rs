//! The six axes of a LOINC term, from its fully specified name, else read off its long common name.
//!
//! A licensed release has all axes. Where one is empty (derived files, local extensions in the LOINC layout) the long
//! common name says most of it: `component [property] in system --challenge by method`.

use super::specimen::{self, Specimen};

/// The axes of a concept, as the mapper compares them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Axes {
    /// What is measured, without denominator and challenge.
    pub component: String,
    /// What it is divided by, if a ratio ("100 leukocytes").
    pub denominator: String,
    /// Challenge and adjustments after `^`.
    pub challenge: String,
    /// PROPERTY; empty when unknown.
    pub property: String,
    /// TIME_ASPCT; empty when unknown.
    pub time: String,
    /// SYSTEM as written; empty when unknown.
    pub system: String,
    /// SCALE_TYP; empty when unknown.
    pub scale: String,
    /// METHOD_TYP; empty for none.
    pub method: String,
    /// The part of the long common name that names the component.
    pub head: String,
}

/// Words in brackets of long common names, and the property they stand for.
const PROPERTIES: &[(&str, &str)] = &[
    ("presence", "PrThr"),
    ("mass/volume", "MCnc"),
    ("moles/volume", "SCnc"),
    ("units/volume", "ACnc"),
    ("enzymatic activity/volume", "CCnc"),
    ("#/volume", "NCnc"),
    ("#/area", "Naric"),
    ("titer", "Titr"),
    ("identifier", "Prid"),
    ("interpretation", "Imp"),
    ("ratio", "Ratio"),
    ("mass ratio", "MRto"),
    ("molar ratio", "SRto"),
    ("mass/mass", "MCnt"),
    ("moles/mass", "SCnt"),
    ("enzymatic activity/mass", "CCnt"),
    ("mass/time", "MRat"),
    ("moles/time", "SRat"),
    ("volume", "Vol"),
    ("entitic volume", "EntVol"),
    ("entitic mass", "EntMass"),
    ("entitic substance", "EntSub"),
    ("entitic number", "EntNum"),
    ("partial pressure", "PPres"),
    ("pressure", "Pres"),
    ("time", "Time"),
    ("length", "Len"),
    ("mass", "Mass"),
    ("type", "Type"),
    ("susceptibility", "Susc"),
    ("volume fraction", "VFr"),
    ("pure volume fraction", "VFr"),
    ("pure mass fraction", "MFr"),
    ("mass or moles/volume", "MSCnc"),
    ("log #/volume", "LnCnc"),
    ("log units/volume", "LaCnc"),
    ("velocity", "Vel"),
    ("volume rate", "VRat"),
    ("likelihood", "Likelihood"),
    ("osmolality", "Osmol"),
    ("temperature", "Temp"),
    ("score", "Score"),
];

/// Properties whose results are words rather than numbers.
const WORD_PROPERTIES: &[&str] = &["PrThr", "Prid", "Imp", "Type"];

impl Axes {
    /// Reads a concept's names. `six` is the fully specified name `COMPONENT:PROPERTY:TIME:SYSTEM:SCALE:METHOD`.
    pub fn read(six: Option<&str>, long_name: &str) -> Self {
        let mut axes = from_long_name(long_name);
        if let Some(six) = six {
            axes.overlay(six);
        }
        axes.settle();
        axes
    }

    fn overlay(&mut self, six: &str) {
        // The method is last and components may hold colons, so the name is read from its end.
        let mut parts = six.rsplitn(6, ':');
        let mut next = || parts.next().unwrap_or_default().trim();
        let (method, scale, system, time, property) = (next(), next(), next(), next(), next());
        let component = next();
        let take = |axis: &mut String, value: &str| {
            if !value.is_empty() && value != "-" {
                value.clone_into(axis);
            }
        };
        take(&mut self.property, property);
        take(&mut self.time, time);
        take(&mut self.system, system);
        take(&mut self.scale, scale);
        take(&mut self.method, method);
        if !component.is_empty() {
            let (component, denominator, challenge) = split_component(component);
            (self.component, self.denominator) = (component, denominator);
            if !challenge.is_empty() {
                self.challenge = challenge;
            }
        }
    }

    /// Fills what follows from the rest.
    fn settle(&mut self) {
        if self.property.is_empty() && !self.denominator.is_empty() {
            let denominator = self.denominator.to_lowercase();
            let per_cells = denominator.starts_with("100 ") || denominator.starts_with("1000 ");
            self.property = if per_cells { "NFr" } else { "MFr" }.to_owned();
        }
        // "Arterial blood pH", whose component is known to be "pH": the specimen goes before it.
        if self.system.is_empty()
            && let Some(before) = before_ending(&self.head, &self.component)
            && let Some(found) = specimen::of_name(before)
        {
            specimen::code(found).unwrap_or(before).clone_into(&mut self.system);
        }
        if self.property.is_empty() && self.denominator.is_empty() && names_a_time(&self.head) {
            "Time".clone_into(&mut self.property);
        }
        // "Fasting glucose": the long name of `Glucose^post CFst`.
        if self.challenge.is_empty() && self.head.to_lowercase().starts_with("fasting ") {
            "post CFst".clone_into(&mut self.challenge);
        }
        if self.scale.is_empty() && WORD_PROPERTIES.contains(&self.property.as_str()) {
            self.scale = "Ord".to_owned();
        }
    }

    /// The specimen of its system.
    pub fn specimen(&self) -> Specimen {
        specimen::of_system(&self.system)
    }
}

/// `numerator/denominator^challenge`. A `/` inside a name without blanks around words of a ratio is still a ratio in
/// LOINC, where only ratios are written with one.
fn split_component(component: &str) -> (String, String, String) {
    let (body, challenge) = component.split_once('^').unwrap_or((component, ""));
    let (top, bottom) = split_ratio(body);
    (top.to_owned(), bottom.to_owned(), challenge.to_owned())
}

fn split_ratio(body: &str) -> (&str, &str) {
    // Not inside brackets: "DNA (dsDNA/ssDNA)" is one thing.
    let mut depth = 0i32;
    for (at, character) in body.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '/' if depth == 0 => return (&body[..at], &body[at + 1..]),
            _ => {}
        }
    }
    (body, "")
}

fn from_long_name(name: &str) -> Axes {
    let mut axes = Axes::default();
    let (body, method) = split_last(name, " by ");
    axes.method = method.to_owned();
    let (body, challenge) = body.split_once(" --").unwrap_or((body, ""));
    axes.challenge = challenge.to_owned();
    let (head, rest) = match body.split_once(" [") {
        Some((head, rest)) => {
            let (property, rest) = rest.split_once(']').unwrap_or((rest, ""));
            let property = property.to_lowercase();
            if let Some((_, code)) = PROPERTIES.iter().find(|(words, _)| *words == property) {
                (*code).clone_into(&mut axes.property);
            }
            let rest = rest.trim_start();
            (
                head,
                rest.strip_prefix("in ").or_else(|| rest.strip_prefix("of ")).unwrap_or(""),
            )
        }
        None => split_specimen(body),
    };
    let system = rest.trim();
    if let Some(found) = specimen::of_name(system) {
        specimen::code(found).unwrap_or(system).clone_into(&mut axes.system);
    } else if !system.is_empty() {
        system.clone_into(&mut axes.system);
    }
    for (phrase, time) in [("24 hour ", "24H"), ("12 hour ", "12H"), ("2 hour ", "2H")] {
        if system.to_lowercase().starts_with(phrase) {
            time.clone_into(&mut axes.time);
        }
    }
    head.trim().clone_into(&mut axes.head);
    let (top, bottom) = split_ratio(head);
    top.trim().clone_into(&mut axes.component);
    bottom.trim().clone_into(&mut axes.denominator);
    axes
}

/// The text before its last words, if it ends with these.
fn before_ending<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let before = text.strip_suffix(end).filter(|_| !end.is_empty())?;
    before.ends_with(' ').then(|| before.trim())
}

/// Whether a long name without a property in brackets names a length of time: "Prothrombin time (PT)".
fn names_a_time(head: &str) -> bool {
    let before = head.split(" (").next().unwrap_or(head);
    before.ends_with(" time")
}

/// `X in Y` and `X of Y` where Y is a known specimen; else all is head.
fn split_specimen(body: &str) -> (&str, &str) {
    for preposition in [" in ", " of "] {
        if let Some(at) = body.rfind(preposition) {
            let (head, phrase) = (&body[..at], &body[at + preposition.len()..]);
            if specimen::of_name(phrase).is_some() {
                return (head, phrase);
            }
        }
    }
    (body, "")
}

fn split_last<'t>(text: &'t str, separator: &str) -> (&'t str, &'t str) {
    match text.rfind(separator) {
        Some(at) => (&text[..at], &text[at + separator.len()..]),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_six_axes_win_over_the_long_name() {
        let axes = Axes::read(
            Some("Widgets.band form/100 leukocytes:NFr:Pt:Bld:Qn:Automated count"),
            "Band form widgets/100 leukocytes in Blood by Automated count",
        );
        assert_eq!(
            (axes.component.as_str(), axes.denominator.as_str()),
            ("Widgets.band form", "100 leukocytes")
        );
        assert_eq!((axes.property.as_str(), axes.method.as_str()), ("NFr", "Automated count"));
        assert_eq!(axes.specimen(), Specimen::Blood);
        assert_eq!(axes.head, "Band form widgets/100 leukocytes");
    }

    #[test]
    fn a_long_name_alone_gives_what_it_says() {
        let axes = Axes::read(
            Some("Widgetase::::: "),
            "Widgetase [Enzymatic activity/volume] in Serum or Plasma --trough",
        );
        assert_eq!((axes.property.as_str(), axes.challenge.as_str()), ("CCnc", "trough"));
        assert_eq!(axes.specimen(), Specimen::SerumPlasma);
        let axes = Axes::read(None, "Widget A/Widget.total in 24 hour Urine by Electrophoresis");
        assert_eq!((axes.property.as_str(), axes.time.as_str()), ("MFr", "24H"));
        assert_eq!(axes.denominator, "Widget.total");
        let axes = Axes::read(None, "Feeling of hope");
        assert_eq!((axes.head.as_str(), axes.system.as_str()), ("Feeling of hope", ""));
    }

    proptest::proptest! {
        #[test]
        fn any_names_are_read_without_panic(six in "\\PC{0,60}", long in "[ -~é]{0,80}") {
            let _ = Axes::read(Some(&six), &long);
        }
    }
}
