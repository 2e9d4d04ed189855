//! The rules of complex and extended map reference sets (SNOMED CT to ICD-10, ICD-10-CM...): of each map group, the one
//! row whose rule the patient satisfies.
//!
//! Rows of a group are tried by priority. A rule is `TRUE`, `OTHERWISE TRUE`, or clauses `IFA concept [operator value]`
//! joined by `AND`: on the age at onset, on sex, or on any other finding, of which the code that is translated is one. What
//! nobody has said of the patient makes a rule neither true nor false: the answer is then the row that holds without it,
//! and the answer names what would change it. It chooses no map and filters no systems: that is `translate`.

mod age;

pub use age::Age;

use super::postcoordinated::SNOMED;
use super::translate::Dependency;
use age::Operator;
use tern_index::model::{Mapping, MappingAttribute, MappingAttributeRole};

const AGE_AT_ONSET: &str = "445518008";
const CURRENT_AGE: &str = "424144002";
const FEMALE: &str = "248152002";
const MALE: &str = "248153007";

/// Whether a finding of the patient is the concept of a rule or below it: (finding, concept).
pub type IsA<'f> = &'f dyn Fn(&str, &str) -> bool;

/// What is known of the patient.
#[derive(Debug, Clone, Default, PartialEq)]
struct Patient {
    age_at_onset: Option<Age>,
    current_age: Option<Age>,
    sex: Option<&'static str>,
    /// Codes of SNOMED CT.
    findings: Vec<String>,
    /// Codes of what the patient has not got.
    absent: Vec<String>,
    /// What was said and cannot be read.
    unread: Vec<String>,
}

impl Patient {
    /// What is known of a patient who has a condition, by its code.
    fn of(condition: &str, dependencies: &[Dependency]) -> Self {
        let mut patient = Self::default();
        patient.findings.push(condition.to_owned());
        for dependency in dependencies {
            // `age-at-onset`, `http://snomed.info/id/445518008`, `Patient.gender`: the last part is the name.
            let name = dependency.attribute.rsplit(['/', '#', '.', '|']).next().unwrap_or("");
            let name = name.to_ascii_lowercase().replace(['-', '_'], "");
            match name.as_str() {
                "age" => {
                    let age = patient.age(&dependency.value);
                    patient.age_at_onset = patient.age_at_onset.or(age);
                    patient.current_age = patient.current_age.or(age);
                }
                // A finding may be asked after by its own code, and be there or not.
                code if is_identifier(code) && dependency.value == "true" => patient.findings.push(name),
                code if is_identifier(code) && dependency.value == "false" => patient.absent.push(name),
                AGE_AT_ONSET | "ageatonset" | "onsetage" => patient.age_at_onset = patient.age(&dependency.value),
                CURRENT_AGE | "currentage" => patient.current_age = patient.age(&dependency.value),
                _ => match dependency.value.to_ascii_lowercase().as_str() {
                    "female" | "f" | FEMALE => patient.sex = Some(FEMALE),
                    "male" | "m" | MALE => patient.sex = Some(MALE),
                    _ if dependency.system.as_deref().is_none_or(|system| system == SNOMED) => {
                        patient.findings.push(dependency.value.clone());
                    }
                    _ => {}
                },
            }
        }
        patient
    }

    /// The sex, as far as it follows from what was said.
    fn sex(&self) -> Option<&'static str> {
        let named = |list: &[String], sex: &str| list.iter().any(|code| code == sex);
        let by_finding = [FEMALE, MALE].into_iter().find(|sex| named(&self.findings, sex));
        self.sex.or(by_finding)
    }

    fn age(&mut self, text: &str) -> Option<Age> {
        let age = Age::parse(text);
        if age.is_none() {
            self.unread.push(format!(
                "the age \"{text}\" cannot be read and counts as not given: give years, or a number with days, weeks, months or years"
            ));
        }
        age
    }
}

fn is_identifier(name: &str) -> bool {
    name.len() >= 6 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// One condition of a rule.
#[derive(Debug, Clone, PartialEq)]
struct Clause {
    concept: String,
    /// The condition in words, as the rule has them.
    shown: String,
    value: Option<(Operator, Age)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    True,
    All(Vec<Clause>),
    /// Not of the grammar: nobody can say whether it holds.
    Unreadable,
}

impl Rule {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        let upper = text.to_ascii_uppercase();
        if matches!(upper.as_str(), "" | "TRUE" | "OTHERWISE TRUE") {
            return Self::True;
        }
        let mut clauses = Vec::new();
        let mut rest = text;
        while let Some((clause, after)) = clause(rest) {
            clauses.push(clause);
            let after = after.trim_start();
            if after.is_empty() {
                return Self::All(clauses);
            }
            match after.get(..3) {
                Some(word) if word.eq_ignore_ascii_case("AND") => rest = after.get(3..).unwrap_or(""),
                _ => break,
            }
        }
        Self::Unreadable
    }
}

/// Reads `IFA 445518008 | Age at onset of clinical finding (observable entity) | < 28.0 days` and returns what follows.
fn clause(text: &str) -> Option<(Clause, &str)> {
    let text = text.trim_start();
    let text = text
        .get(..3)
        .filter(|word| word.eq_ignore_ascii_case("IFA"))
        .and(text.get(3..))?;
    let text = text.trim_start();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (concept, text) = text.split_at(digits);
    if concept.is_empty() {
        return None;
    }
    let text = text.trim_start();
    let (term, text) = match text.strip_prefix('|') {
        Some(named) => {
            let (term, rest) = named.split_once('|')?;
            (term.trim(), rest)
        }
        None => (concept, text),
    };
    let make = |value| Clause {
        concept: concept.to_owned(),
        shown: term.to_owned(),
        value,
    };
    let text = text.trim_start();
    let operators = [
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Below),
        (">", Operator::Above),
        ("=", Operator::Equal),
    ];
    let found = operators
        .into_iter()
        .find_map(|(sign, operator)| Some((sign, operator, text.strip_prefix(sign)?)));
    let Some((sign, operator, value)) = found else {
        return Some((make(None), text));
    };
    let upper = value.to_ascii_uppercase();
    let (value, rest) = value.split_at(upper.find(" AND ").unwrap_or(value.len()));
    let mut made = make(Some((operator, Age::parse(value)?)));
    made.shown = format!("{term} {sign} {}", value.trim());
    Some((made, rest))
}

/// Whether something holds, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    Unknown,
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }
}

fn holds(clause: &Clause, patient: &Patient, is_a: IsA<'_>) -> Truth {
    if let Some((operator, limit)) = clause.value {
        let age = match clause.concept.as_str() {
            AGE_AT_ONSET => patient.age_at_onset,
            CURRENT_AGE => patient.current_age,
            _ => None,
        };
        return age.map_or(Truth::Unknown, |age| age.satisfies(operator, limit));
    }
    match (clause.concept.as_str(), patient.sex()) {
        (concept @ (FEMALE | MALE), Some(sex)) => Truth::from(concept == sex),
        (concept, _) if patient.findings.iter().any(|finding| is_a(finding, concept)) => Truth::Yes,
        // Who has not got something has not got what is a kind of it either.
        (concept, _) if patient.absent.iter().any(|absent| is_a(concept, absent)) => Truth::No,
        // That a finding is not among those given does not say that the patient has not got it.
        _ => Truth::Unknown,
    }
}

/// What a map says of one code, under its rules.
#[derive(Debug, Default)]
pub struct Selection {
    /// At most one row of each group; rows of groups without rules as they are.
    pub rows: Vec<Mapping>,
    /// What would change the answer if it were known, and the advice of the rows chosen: sentences for people.
    pub notes: Vec<String>,
}

/// Whether rows have rules at all.
pub fn has_rules(rows: &[Mapping]) -> bool {
    rows.iter().any(|row| row.rule.is_some())
}

/// Chooses among the rows of one code in one map; they come sorted by group and priority.
pub fn select(rows: Vec<Mapping>, dependencies: &[Dependency], is_a: IsA<'_>) -> Selection {
    let condition = rows.first().map_or("", |row| row.source.code.as_str());
    let patient = Patient::of(condition, dependencies);
    let mut selection = Selection::default();
    for group in rows.chunk_by(|a, b| a.group == b.group) {
        if group.iter().all(|row| row.rule.is_none()) {
            selection.rows.extend(group.iter().map(described));
            continue;
        }
        let mut pending: Vec<(&Mapping, String)> = Vec::new();
        let mut chosen = None;
        for row in group {
            match judged(row, &patient, is_a) {
                Ok(true) => {
                    chosen = Some(row);
                    break;
                }
                Ok(false) => {}
                Err(unknown) => pending.push((row, unknown)),
            }
        }
        for (row, unknown) in pending {
            selection.notes.push(would_change(row, chosen, &unknown));
        }
        if let Some(row) = chosen {
            selection.notes.extend(advice(row));
            selection.rows.push(described(row));
        }
    }
    selection.notes.extend(patient.unread);
    selection
}

/// Whether a row's rule holds; the error is what would have to be known.
fn judged(row: &Mapping, patient: &Patient, is_a: IsA<'_>) -> Result<bool, String> {
    let text = row.rule.as_deref().unwrap_or("");
    let clauses = match Rule::parse(text) {
        Rule::True => return Ok(true),
        Rule::Unreadable => return Err(text.to_owned()),
        Rule::All(clauses) => clauses,
    };
    let judged: Vec<(&Clause, Truth)> = clauses.iter().map(|clause| (clause, holds(clause, patient, is_a))).collect();
    if judged.iter().any(|(_, truth)| *truth == Truth::No) {
        return Ok(false);
    }
    let unknown: Vec<&str> = judged
        .iter()
        .filter(|(_, truth)| *truth == Truth::Unknown)
        .map(|(clause, _)| clause.shown.as_str())
        .collect();
    if unknown.is_empty() {
        Ok(true)
    } else {
        Err(unknown.join(" and "))
    }
}

fn code_of(row: &Mapping) -> &str {
    row.target.as_ref().map_or("no target", |target| &target.code)
}

fn would_change(row: &Mapping, chosen: Option<&Mapping>, unknown: &str) -> String {
    let otherwise = chosen.map_or("nothing", code_of);
    format!(
        "{} instead of {otherwise} in map group {} if this is so: {unknown}",
        code_of(row),
        row.group
    )
}

fn advice(row: &Mapping) -> Option<String> {
    let advice = row.advice.as_deref()?;
    let (code, rule) = (code_of(row), row.rule.as_deref().unwrap_or("TRUE"));
    Some(format!("{code} (map group {}, rule {rule}): {advice}", row.group))
}

/// The row with its place in the map, its rule and its advice among the properties.
pub fn described(row: &Mapping) -> Mapping {
    let mut described = row.clone();
    let property = |name: &str, kind: &str, value: String| MappingAttribute {
        role: MappingAttributeRole::Property,
        attribute: name.to_owned(),
        system: None,
        value,
        display: None,
        value_type: kind.to_owned(),
    };
    let texts = [("mapRule", &row.rule), ("mapAdvice", &row.advice)];
    let numbers = [("mapGroup", row.group), ("mapPriority", row.priority)];
    let mut attributes: Vec<MappingAttribute> = numbers
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(name, number)| property(name, "Integer", number.to_string()))
        .collect();
    attributes.extend(
        texts
            .into_iter()
            .filter_map(|(name, text)| Some(property(name, "String", text.clone()?))),
    );
    attributes.append(&mut described.attributes);
    described.attributes = attributes;
    described
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tern_index::model::{Coding, Relationship};

    fn row(group: u16, priority: u16, rule: &str, target: &str) -> Mapping {
        Mapping {
            source: Coding::new(SNOMED, "1"),
            target: (!target.is_empty()).then(|| Coding::new("icd", target)),
            relationship: Relationship::RelatedTo,
            group,
            priority,
            rule: Some(rule.to_owned()),
            advice: None,
            comment: None,
            attributes: Vec::new(),
        }
    }

    fn given(attribute: &str, value: &str) -> Dependency {
        Dependency {
            attribute: attribute.into(),
            system: None,
            value: value.into(),
        }
    }

    /// The targets chosen, and the notes.
    fn answer(rows: &[Mapping], patient: &[Dependency]) -> (Vec<String>, Vec<String>) {
        // 20 is below 10.
        let is_a = |finding: &str, concept: &str| finding == concept || (finding == "20" && concept == "10");
        let selection = select(rows.to_vec(), patient, &is_a);
        let codes = selection.rows.iter().map(|row| code_of(row).to_owned());
        (codes.collect(), selection.notes)
    }

    const NEWBORN: &str = "IFA 445518008 | Age at onset of clinical finding (observable entity) | < 28.0 days";

    #[test]
    fn the_first_rule_that_holds_answers_for_its_group() {
        let rows = [
            row(1, 1, NEWBORN, "P29.4"),
            row(1, 2, "IFA 248152002 | Female (finding) |", "N94"),
            row(1, 3, "OTHERWISE TRUE", "I20.9"),
            row(2, 1, "TRUE", "Z99"),
        ];
        let codes = |patient: &[Dependency]| answer(&rows, patient).0;
        assert_eq!(codes(&[given("age", "3 days"), given("sex", "female")]), ["P29.4", "Z99"]);
        assert_eq!(codes(&[given("age", "34"), given("sex", "female")]), ["N94", "Z99"]);
        assert_eq!(
            codes(&[given("age", "34"), given("Patient.gender", "male")]),
            ["I20.9", "Z99"]
        );
        assert_eq!(codes(&[given("http://snomed.info/id/445518008", "27 d")]), ["P29.4", "Z99"]);
        let (codes, notes) = answer(&rows, &[given("age", "34")]);
        assert_eq!(codes, ["I20.9", "Z99"]);
        assert_eq!(notes, ["N94 instead of I20.9 in map group 1 if this is so: Female (finding)"]);
        let (codes, notes) = answer(&rows, &[]);
        assert_eq!((codes.len(), notes.len()), (2, 2));
        assert!(
            notes[0].ends_with("Age at onset of clinical finding (observable entity) < 28.0 days"),
            "{notes:?}"
        );
    }

    #[test]
    fn ages_between_limits_need_both_clauses() {
        let between = "IFA 445518008 | Age at onset (observable entity) | >= 12.0 years \
            AND IFA 445518008 | Age at onset (observable entity) | < 15.0 years";
        let rows = [row(1, 1, between, "A"), row(1, 2, "OTHERWISE TRUE", "B")];
        for (age, code) in [
            ("12", "A"),
            ("14.9 years", "A"),
            ("15", "B"),
            ("11", "B"),
            ("144 months", "A"),
            ("P12Y", "A"),
        ] {
            assert_eq!(answer(&rows, &[given("age", age)]).0, [code], "{age}");
        }
        let wait = answer(&rows, &[given("current-age", "13")]);
        assert_eq!(wait.0, ["B"], "the age now is not the age at onset");
        assert_eq!(wait.1.len(), 1);
    }

    #[test]
    fn an_age_in_coarse_units_leaves_open_what_it_does_not_say() {
        let rows = [row(1, 1, NEWBORN, "P29.4"), row(1, 2, "OTHERWISE TRUE", "I20.9")];
        let (codes, notes) = answer(&rows, &[given("age", "0 years")]);
        assert_eq!(codes, ["I20.9"]);
        assert!(notes[0].starts_with("P29.4 instead of I20.9"), "{notes:?}");
        assert_eq!(answer(&rows, &[given("age", "1 month")]), (vec!["I20.9".to_owned()], vec![]));
        let (codes, notes) = answer(&rows, &[given("age", "young")]);
        assert_eq!(codes, ["I20.9"]);
        assert!(notes[1].contains("the age \"young\" cannot be read"), "{notes:?}");
    }

    #[test]
    fn all_clauses_of_a_rule_must_hold() {
        let both =
            "IFA 10 | Some disorder | AND IFA 445518008 | Age at onset | >= 65.0 years AND IFA 248153007 | Male (finding) |";
        let rows = [row(1, 1, both, "A"), row(1, 2, "OTHERWISE TRUE", "B")];
        let finding = given("finding", "20");
        let all = [finding.clone(), given("age", "65"), given("sex", "male")];
        assert_eq!(answer(&rows, &all), (vec!["A".to_owned()], vec![]));
        // One that does not hold settles it, whatever else is not known.
        assert_eq!(answer(&rows, &[given("sex", "female")]), (vec!["B".to_owned()], vec![]));
        let (codes, notes) = answer(&rows, &[finding, given("sex", "male")]);
        assert_eq!(codes, ["B"]);
        assert_eq!(
            notes,
            ["A instead of B in map group 1 if this is so: Age at onset >= 65.0 years"]
        );
        let notes = answer(&rows, &[]).1;
        assert!(
            notes[0].ends_with("Some disorder and Age at onset >= 65.0 years and Male (finding)"),
            "{notes:?}"
        );
    }

    #[test]
    fn the_code_that_is_translated_is_a_finding_too() {
        let mut rows = [row(1, 1, "IFA 10 | Some disorder |", "A"), row(1, 2, "OTHERWISE TRUE", "B")];
        assert_eq!(answer(&rows, &[]).0, ["B"]);
        for row in &mut rows {
            row.source.code = "20".into();
        }
        assert_eq!(answer(&rows, &[]), (vec!["A".to_owned()], vec![]));
    }

    #[test]
    fn findings_count_with_what_is_below_them() {
        let rows = [row(1, 1, "IFA 10 | Some disorder (disorder) |", "A"), row(1, 2, "TRUE", "")];
        for finding in ["10", "20"] {
            let found = Dependency {
                system: Some(SNOMED.into()),
                ..given("finding", finding)
            };
            assert_eq!(answer(&rows, &[found]).0, ["A"], "{finding}");
        }
        let (codes, notes) = answer(&rows, &[given("finding", "30")]);
        assert_eq!(codes, ["no target"], "that there is none is an answer too");
        assert_eq!(
            notes,
            ["A instead of no target in map group 1 if this is so: Some disorder (disorder)"]
        );
        let foreign = Dependency {
            system: Some("http://loinc.org".into()),
            ..given("finding", "10")
        };
        assert_eq!(answer(&rows, &[foreign]).0, ["no target"]);
    }

    #[test]
    fn a_rule_that_nobody_can_read_is_not_taken_for_true() {
        for rule in [
            "IF 10",
            "IFA",
            "IFA 10 | x",
            "IFA 10 | x | < many years",
            "IFA 10 | x | OR IFA 11 | y |",
            "FALSE",
        ] {
            let rows = [row(1, 1, rule, "A"), row(1, 2, "OTHERWISE TRUE", "B")];
            let (codes, notes) = answer(&rows, &[given("finding", "10")]);
            assert_eq!(codes, ["B"], "{rule}");
            assert_eq!(notes.len(), 1, "{rule}");
        }
    }

    #[test]
    fn a_finding_is_there_or_not_by_its_own_code() {
        let rows = [row(1, 1, "IFA 123456 | x |", "A"), row(1, 2, "OTHERWISE TRUE", "B")];
        let said = |value| answer(&rows, &[given("http://snomed.info/id/123456", value)]);
        assert_eq!(said("true"), (vec!["A".to_owned()], vec![]));
        assert_eq!(said("false"), (vec!["B".to_owned()], vec![]));
        let rows = [row(1, 1, "IFA 248152002 | Female |", "A"), row(1, 2, "OTHERWISE TRUE", "B")];
        let said = |name: &str, value| answer(&rows, &[given(name, value)]);
        assert_eq!(said(FEMALE, "false"), (vec!["B".to_owned()], vec![]));
        assert_eq!(said(MALE, "true"), (vec!["B".to_owned()], vec![]));
    }

    #[test]
    fn a_group_in_which_nothing_holds_has_no_answer() {
        let rows = [row(1, 1, NEWBORN, "A")];
        assert_eq!(answer(&rows, &[given("age", "40")]), (vec![], vec![]));
        let (codes, notes) = answer(&rows, &[]);
        assert!(codes.is_empty() && notes[0].starts_with("A instead of nothing"), "{notes:?}");
    }

    #[test]
    fn rows_say_their_place_rule_and_advice() {
        let mut one = row(2, 1, "TRUE", "A");
        one.advice = Some("ALWAYS A".into());
        let selection = select(vec![one], &[], &|_, _| false);
        let names: Vec<(&str, &str)> = selection.rows[0]
            .attributes
            .iter()
            .map(|attribute| (attribute.attribute.as_str(), attribute.value.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("mapGroup", "2"),
                ("mapPriority", "1"),
                ("mapRule", "TRUE"),
                ("mapAdvice", "ALWAYS A")
            ]
        );
        assert_eq!(selection.notes, ["A (map group 2, rule TRUE): ALWAYS A"]);
    }

    proptest! {
        #[test]
        fn any_rule_is_answered(rule in ".{0,60}", words in "(IFA |AND |[0-9]{1,9} |\\|x\\| |< |>= |12 years |é){0,8}") {
            let _ = Rule::parse(&rule);
            let _ = Rule::parse(&words);
            let _ = Age::parse(&rule);
        }
    }
}
