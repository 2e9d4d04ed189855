//! A local laboratory test as the mapper understands it: readings of its name, specimen, section, unit.

use super::challenge::Challenge;
use super::features::Method;
use super::specimen::{self, Specimen, affinity};
use crate::mapper::abbreviations::{EXPRESSION_WORDS, LONGEST, laboratory};
use crate::mapper::item::{Role, SourceItem};
use crate::mapper::units::{self, Unit};
use crate::mapper::words::words;

/// The part of a laboratory that reports a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Section {
    #[default]
    Unknown,
    Chemistry,
    Hematology,
    BloodGas,
    Coagulation,
    Urinalysis,
    Microbiology,
    Serology,
    Toxicology,
}

impl Section {
    /// All sections, in the order of their numbers in feature names.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Chemistry,
        Self::Hematology,
        Self::BloodGas,
        Self::Coagulation,
        Self::Urinalysis,
        Self::Microbiology,
        Self::Serology,
        Self::Toxicology,
    ];

    /// Its name in feature names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Chemistry => "chemistry",
            Self::Hematology => "hematology",
            Self::BloodGas => "gas",
            Self::Coagulation => "coagulation",
            Self::Urinalysis => "urinalysis",
            Self::Microbiology => "microbiology",
            Self::Serology => "serology",
            Self::Toxicology => "toxicology",
        }
    }

    /// Reads a section or category column by the beginnings of its words.
    pub fn read(text: &str) -> Self {
        const STARTS: &[(&str, Section)] = &[
            ("gas", Section::BloodGas),
            ("astrup", Section::BloodGas),
            ("abg", Section::BloodGas),
            ("respir", Section::BloodGas),
            ("coag", Section::Coagulation),
            ("stol", Section::Coagulation),
            ("hemost", Section::Coagulation),
            ("hem", Section::Hematology),
            ("cbc", Section::Hematology),
            ("tox", Section::Toxicology),
            ("drug", Section::Toxicology),
            ("tdm", Section::Toxicology),
            ("micro", Section::Microbiology),
            ("viro", Section::Microbiology),
            ("bact", Section::Microbiology),
            ("sero", Section::Serology),
            ("imm", Section::Serology),
            ("urinal", Section::Urinalysis),
            ("chem", Section::Chemistry),
            ("klin", Section::Chemistry),
            ("endo", Section::Chemistry),
        ];
        let all = words(text);
        let found = STARTS
            .iter()
            .find(|(start, _)| all.iter().any(|word| word.starts_with(start)));
        found.map_or(Self::Unknown, |(_, section)| *section)
    }
}

/// Words that ask for a number.
const NUMBER_WORDS: &[&str] = &[
    "value",
    "level",
    "quantitative",
    "quant",
    "concentration",
    "index",
    "titer",
    "spiegel",
    "waarde",
];
/// Words that ask for one quantity divided by another.
const RATIO_WORDS: &[&str] = &["ratio", "index", "fraction", "percent", "quotient"];
/// Properties of what was divided.
const RATIOS: &[&str] = &["NFr", "MFr", "VFr", "SFr", "Ratio", "MRto", "SRto", "RelACnc"];

/// A local test, understood.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    /// Readings of the name as words of a component, the plainest first.
    pub readings: Vec<Vec<String>>,
    /// All words of the name and its readings, for comparison with whole long names.
    pub everything: Vec<String>,
    /// The specimen, by name or column.
    pub specimen: Specimen,
    /// Whether it is blood only by default or by a column that says no more than "blood".
    pub blood_unspecific: bool,
    /// The name states one specimen and the column another.
    pub specimens_contradict: bool,
    /// The section.
    pub section: Section,
    /// The unit.
    pub unit: Unit,
    /// Properties that words of the name imply.
    pub hints: Vec<&'static str>,
    /// The method that the name asks for.
    pub method: Option<Method>,
    /// When the specimen was taken, where the name says it.
    pub challenge: Option<Challenge>,
    /// The name asks for a number rather than a word ("value", "level", "quantitative").
    pub number_asked: bool,
    /// The name or unit asks for one quantity divided by another.
    pub ratio: bool,
    /// The name is of somebody else than the patient.
    pub subject: bool,
    /// The name asks for a panel.
    pub panel: bool,
    /// The name or specimen says that the collection is timed.
    pub timed: bool,
}

impl Query {
    /// Understands a source; the words that are known to the index decide whether `cd 15` is `cd15`.
    pub fn read(item: &SourceItem, known: impl Fn(&str) -> bool) -> Self {
        let name = item.get(Role::Name);
        let section_text = item.get(Role::Section);
        let column = [item.get(Role::Specimen), section_text]
            .into_iter()
            .map(specimen::of_column)
            .find(|specimen| *specimen != Specimen::Unknown)
            .unwrap_or(Specimen::Unknown);
        let mut query = Self {
            section: Section::read(section_text),
            unit: units::parse(item.get(Role::Unit)),
            ..Self::default()
        };
        let all = words(name);
        let mut tokens = Vec::new();
        let mut named = Specimen::Unknown;
        for segment in name.split([',', '(', ')', ';', '[', ']', '<', '>', '{', '}']) {
            let segment = words(segment);
            match specimen::of_words(&segment) {
                Some(found) if !segment.is_empty() && segment.len() < all.len() => named = found,
                _ => tokens.extend(segment),
            }
        }
        join_known(&mut tokens, &known);
        if named == Specimen::Unknown {
            named = take_specimen(&mut tokens, column);
        }
        query.timed = all.iter().any(|word| word == "24h" || word == "24hr" || word == "24") || query.unit.per_day;
        query.timed |= words(item.get(Role::Specimen)).iter().any(|word| word.starts_with("24"));
        query.method = Method::of_words(&all);
        query.number_asked = all.iter().any(|word| NUMBER_WORDS.contains(&word.as_str()));
        query.ratio = name.contains('/')
            || all.iter().any(|word| RATIO_WORDS.contains(&word.as_str()))
            || query.unit.properties.iter().any(|property| RATIOS.contains(property));
        query.subject = all.iter().any(|word| super::SUBJECTS.contains(&word.as_str()));
        query.panel = all.iter().any(|word| word == "panel" || word == "profile" || word == "pnl");
        query.specimen = if named == Specimen::Unknown { column } else { named };
        let stated = named != Specimen::Unknown && column != Specimen::Unknown;
        query.specimens_contradict = stated && affinity(named, column) == 0.0 && affinity(column, named) == 0.0;
        // A name that says "(blood)" beside a section is taken at its word: sites that write it map drugs to whole blood.
        let generic = matches!(query.specimen, Specimen::Unknown | Specimen::Blood | Specimen::SerumPlasma);
        query.blood_unspecific = generic && (named == Specimen::Unknown);
        let urine = matches!(query.specimen, Specimen::Urine | Specimen::UrineSediment);
        query.challenge = Challenge::take(&mut tokens, urine);
        // "ug/mL FEU": the unit says of what.
        tokens.extend(
            units::annotations(item.get(Role::Unit))
                .into_iter()
                .filter(|word| known(word)),
        );
        query.set_readings(tokens);
        query.everything = all;
        query
            .everything
            .extend(query.challenge.iter().flat_map(|challenge| challenge.words()));
        for reading in &query.readings {
            query.everything.extend(reading.iter().cloned());
        }
        query
    }

    fn set_readings(&mut self, tokens: Vec<String>) {
        // Expression words go, unless they are all there is.
        let mut kept: Vec<String> = Vec::new();
        for token in &tokens {
            match EXPRESSION_WORDS.iter().find(|(word, _)| word == token) {
                Some((_, "")) => {}
                Some((_, property)) => self.hints.push(property),
                None => kept.push(token.clone()),
            }
        }
        if kept.is_empty() {
            kept = tokens;
        }
        let anti = kept.iter().position(|word| word == "anti");
        if let Some(at) = anti {
            kept.remove(at);
            if !kept.iter().any(|word| word == "ab") {
                kept.push("ab".to_owned());
            }
        }
        let spans = expansions(&kept);
        let mut readings = vec![kept.clone()];
        for choice in 0..2 {
            let mut reading = Vec::new();
            let mut at = 0;
            let mut differs = false;
            while at < kept.len() {
                match spans.iter().find(|(start, ..)| *start == at) {
                    Some((_, length, found)) => {
                        let expansion = found.get(choice).or_else(|| found.first());
                        if let Some(expansion) = expansion {
                            reading.extend(expansion.words.iter().cloned());
                            if !expansion.property.is_empty() {
                                self.hints.push(expansion.property);
                            }
                            differs = true;
                        }
                        at += length;
                    }
                    None => {
                        reading.extend(kept.get(at).cloned());
                        at += 1;
                    }
                }
            }
            if differs && !readings.contains(&reading) {
                readings.push(reading);
            }
        }
        self.hints.sort_unstable();
        self.hints.dedup();
        self.readings = readings;
    }
}

type Span = (usize, usize, &'static [crate::mapper::abbreviations::Expansion]);

/// Short forms in the words, longest first at each place.
fn expansions(kept: &[String]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    while at < kept.len() {
        let found = (1..=LONGEST.min(kept.len() - at)).rev().find_map(|length| {
            let phrase = kept.get(at..at + length)?;
            let found = laboratory(phrase);
            (!found.is_empty()).then_some((at, length, found))
        });
        match found {
            Some(span) => {
                at += span.1;
                spans.push(span);
            }
            None => at += 1,
        }
    }
    spans
}

/// Takes the words that name a specimen out of a name, unless they are part of the analyte: of a short form ("blood
/// urea nitrogen"), or all there is.
fn take_specimen(tokens: &mut Vec<String>, column: Specimen) -> Specimen {
    for length in (1..=tokens.len().min(4)).rev() {
        for start in 0..=tokens.len() - length {
            let Some(phrase) = tokens.get(start..start + length) else {
                continue;
            };
            let Some(found) = specimen::of_words(phrase) else { continue };
            let short = length == 1 && phrase.iter().any(|word| word.chars().count() < 4);
            let within_short_form = expansions(tokens)
                .iter()
                .any(|(at, long, _)| *long > 1 && *at < start + length && start < at + long);
            let analyte = found.is_blood() && !matches!(column, Specimen::Unknown) && !column.is_blood();
            let contradicted = matches!(found, Specimen::WhiteCells | Specimen::RedCells | Specimen::Any);
            if short || within_short_form || analyte || contradicted || length == tokens.len() {
                continue;
            }
            tokens.drain(start..start + length);
            return found;
        }
    }
    Specimen::Unknown
}

/// Joins `cd` and `15` where the vocabulary writes `cd15`.
fn join_known(tokens: &mut Vec<String>, known: &impl Fn(&str) -> bool) {
    let mut at = 0;
    while at + 1 < tokens.len() {
        let (Some(left), Some(right)) = (tokens.get(at), tokens.get(at + 1)) else {
            break;
        };
        let joined = format!("{left}{right}");
        let splittable = left.chars().count() <= 3 || !known(left);
        if splittable
            && left.chars().all(char::is_alphabetic)
            && right.starts_with(|c: char| c.is_ascii_digit())
            && known(&joined)
        {
            tokens.splice(at..at + 2, [joined]);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, specimen: &str, section: &str, unit: &str) -> Query {
        let mut item = SourceItem::default();
        item.set(Role::Name, name);
        item.set(Role::Specimen, specimen);
        item.set(Role::Section, section);
        item.set(Role::Unit, unit);
        Query::read(&item, |word| word == "cd15")
    }

    #[test]
    fn names_are_taken_apart() {
        let query = read("Total Protein, Joint Fluid", "Joint Fluid", "Chemistry", "g/dL");
        assert_eq!(query.specimen, Specimen::SynovialFluid);
        assert_eq!(query.readings[0], ["total", "protein"]);
        assert_eq!(query.readings[1], ["protein"]);

        let query = read("Blood Urea Nitrogen", "", "", "mg/dL");
        assert_eq!(query.specimen, Specimen::Unknown);
        assert!(query.readings.contains(&words("urea nitrogen")));

        let query = read("Potassium, Whole Blood", "Blood", "Blood Gas", "mEq/L");
        assert_eq!((query.specimen, query.blood_unspecific), (Specimen::Blood, false));
        assert_eq!(query.section, Section::BloodGas);

        assert_eq!(read("CD 15", "Blood", "Hematology", "%").readings[0], ["cd15"]);
        assert_eq!(read("Absolute Lymphs", "Blood", "", "").hints, ["NCnc"]);
        assert_eq!(read("Anti-Widget Antibody", "Blood", "", "").readings[0], ["widget", "ab"]);
        assert_eq!(read("Blood", "Urine", "", "").readings[0], ["blood"]);
    }

    #[test]
    fn sections_are_read_in_several_tongues() {
        assert_eq!(Section::read("LAB-Chem-bloed"), Section::Chemistry);
        assert_eq!(Section::read("Haematology"), Section::Hematology);
        assert_eq!(Section::read("LAB ASTRUPS"), Section::BloodGas);
        assert_eq!(Section::read(""), Section::Unknown);
    }

    proptest::proptest! {
        #[test]
        fn any_source_is_read_without_panic(name in "\\PC{0,50}", specimen in "\\PC{0,20}", unit in "\\PC{0,10}") {
            let _ = read(&name, &specimen, &specimen, &unit);
        }
    }
}
