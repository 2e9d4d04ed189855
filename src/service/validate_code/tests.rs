//! Codes, codings and codeable concepts against small value sets.

use super::{ValidateCodeRequest, Validation, ValidationInput, ValidationTarget, validate_code};
use crate::service::expand::ValueSetReference;
use crate::service::testing::{ANIMALS, ANIMALS_2, terminology, value_set};
use crate::service::{Parameters, Severity, Terminology};
use tern_index::model::{Canonical, Coding};

fn coding(text: &str) -> Coding {
    let (code, display) = text
        .split_once('/')
        .map_or((text, None), |(code, display)| (code, Some(display)));
    let (code, version) = code
        .split_once('|')
        .map_or((code, None), |(code, version)| (code, Some(version)));
    Coding {
        version: version.map(str::to_owned),
        display: display.map(str::to_owned),
        ..Coding::new("http://example.org/animals", code)
    }
}

fn ask(terminology: &Terminology, set: &str, input: ValidationInput, parameters: Parameters) -> Validation {
    let canonical = Canonical::new(format!("http://example.org/{set}"), None);
    let request = ValidateCodeRequest {
        target: ValidationTarget::ValueSet(ValueSetReference::Canonical(canonical)),
        input,
        parameters,
    };
    validate_code(terminology, &request).unwrap()
}

fn ids(validation: &Validation) -> Vec<&str> {
    validation.issues.iter().filter_map(|issue| issue.message_id).collect()
}

fn animals() -> Terminology {
    let birds = value_set(
        "birds",
        r#"{"include": [{"system": "http://example.org/animals", "filter": [{"property": "concept", "op": "is-a", "value": "bird"}]}]}"#,
    );
    terminology(&[ANIMALS, &birds])
}

const NOT_IN: &str = "None_of_the_provided_codes_are_in_the_value_set_one";

#[test]
fn one_coding_is_judged() {
    let terminology = animals();
    let judged = |text: &str| {
        ask(
            &terminology,
            "birds",
            ValidationInput::Coding(coding(text)),
            Parameters::default(),
        )
    };
    let good = judged("eagle/EAGLE");
    assert!(good.result && good.issues.is_empty() && good.message.is_none());
    assert_eq!(
        (good.display.as_deref(), good.version.as_deref()),
        (Some("Eagle"), Some("1.0.0"))
    );
    assert_eq!(ids(&judged("cat")), [NOT_IN]);
    assert_eq!(ids(&judged("nothing")), ["Unknown_Code_in_Version", NOT_IN]);
    let wrong = judged("eagle/Sparrow");
    assert_eq!(ids(&wrong), ["Display_Name_for__should_be_one_of__instead_of"]);
    assert_eq!(wrong.issues[0].expression.as_deref(), Some("Coding.display"));
    assert_eq!(
        ids(&judged("eagle/ Eagle")),
        ["Display_Name_WS_for__should_be_one_of__instead_of"]
    );
    let retired = judged("dodo");
    assert!(retired.result);
    assert_eq!((retired.inactive, retired.status.as_deref()), (Some(true), Some("retired")));
    assert_eq!(ids(&retired), ["INACTIVE_CONCEPT_FOUND"]);
    let other_version = judged("eagle|7");
    assert_eq!(
        ids(&other_version),
        ["UNKNOWN_CODESYSTEM_VERSION", "VALUESET_VALUE_MISMATCH_DEFAULT"]
    );
    assert_eq!(other_version.caused_by_unknown_systems, ["http://example.org/animals|7"]);
}

#[test]
fn parameters_change_the_judgement() {
    let terminology = animals();
    let judged = |text: &str, parameters: Parameters| ask(&terminology, "birds", ValidationInput::Code(coding(text)), parameters);
    let active = Parameters {
        active_only: Some(true),
        ..Parameters::default()
    };
    let retired = judged("dodo", active);
    assert!(!retired.result);
    let mut said = ids(&retired);
    said.sort_unstable();
    assert_eq!(said, ["INACTIVE_CONCEPT_FOUND", NOT_IN, "STATUS_CODE_WARNING_CODE"]);
    let lenient = Parameters {
        lenient_display_validation: Some(true),
        ..Parameters::default()
    };
    let wrong = judged("eagle/Sparrow", lenient);
    assert!(wrong.result && wrong.issues[0].severity == Severity::Warning);
    let german = Parameters {
        display_language: Some("de".into()),
        ..Parameters::default()
    };
    assert_eq!(judged("eagle/Adler", german.clone()).display.as_deref(), Some("Adler"));
    assert_eq!(
        ids(&judged("eagle/Eagle", german)),
        ["Display_Name_for__should_be_one_of__instead_of"]
    );
}

#[test]
fn a_codeable_concept_needs_one_good_coding() {
    let terminology = animals();
    let judged = |texts: &[&str]| {
        let input = ValidationInput::CodeableConcept {
            codings: texts.iter().map(|text| coding(text)).collect(),
            text: None,
        };
        ask(&terminology, "birds", input, Parameters::default())
    };
    let good = judged(&["cat", "eagle"]);
    assert!(good.result);
    assert_eq!((good.code.as_deref(), ids(&good)), (Some("eagle"), vec![NOT_IN]));
    assert_eq!(good.issues[0].severity, Severity::Information);
    let none = judged(&["cat", "fish"]);
    assert!(!none.result && none.code.is_none());
    assert_eq!(ids(&none), ["TX_GENERAL_CC_ERROR_MESSAGE", NOT_IN, NOT_IN]);
    let spoilt = judged(&["nothing", "eagle"]);
    assert!(!spoilt.result);
    assert_eq!(spoilt.code.as_deref(), Some("eagle"));
}

#[test]
fn a_missing_system_is_inferred_where_it_can_be() {
    let terminology = animals();
    let judged = |code: &str| {
        let input = ValidationInput::Code(Coding {
            code: code.into(),
            ..Coding::default()
        });
        ask(&terminology, "birds", input, Parameters::default())
    };
    let found = judged("eagle");
    assert!(found.result && found.system.as_deref() == Some("http://example.org/animals"));
    assert_eq!(ids(&judged("cat")), [NOT_IN, "UNABLE_TO_INFER_CODESYSTEM"]);
}

#[test]
fn systems_that_are_not_what_they_should_be_are_named() {
    let terminology = animals();
    let judged = |system: &str| {
        let input = ValidationInput::Coding(Coding::new(system, "x"));
        ask(&terminology, "birds", input, Parameters::default())
    };
    let unknown = judged("http://example.org/stones");
    assert_eq!(ids(&unknown), [NOT_IN, "UNKNOWN_CODESYSTEM"]);
    assert_eq!(unknown.unknown_systems, ["http://example.org/stones"]);
    assert_eq!(
        ids(&judged("http://example.org/birds")),
        [NOT_IN, "Terminology_TX_System_ValueSet2"]
    );
    assert_eq!(ids(&judged("animals")), [NOT_IN, "Terminology_TX_System_Relative"]);
}

#[test]
fn the_display_picks_the_version() {
    let both = value_set(
        "both",
        r#"{"include": [{"system": "http://example.org/animals", "version": "1.0.0"}, {"system": "http://example.org/animals", "version": "2.0.0"}]}"#,
    );
    let terminology = terminology(&[ANIMALS, ANIMALS_2, &both]);
    let version = |text: &str| {
        let validation = ask(
            &terminology,
            "both",
            ValidationInput::Coding(coding(text)),
            Parameters::default(),
        );
        assert!(validation.result, "{:?}", validation.issues);
        validation.version.unwrap()
    };
    assert_eq!(version("bird"), "2.0.0");
    assert_eq!(version("bird/Bird"), "1.0.0");
    assert_eq!(version("cat"), "1.0.0");
    assert_eq!(version("bird|1.0.0/Bird"), "1.0.0");
}

#[test]
fn a_code_system_validates_its_own_codes() {
    let terminology = animals();
    let judged = |text: &str| {
        let request = ValidateCodeRequest {
            target: ValidationTarget::CodeSystem(Some(Canonical::new("http://example.org/animals", None))),
            input: ValidationInput::Code(coding(text)),
            parameters: Parameters::default(),
        };
        validate_code(&terminology, &request).unwrap()
    };
    assert!(judged("cat").result);
    assert_eq!(ids(&judged("nothing")), ["Unknown_Code_in_Version"]);
    assert_eq!(ids(&judged("cat|9")), ["UNKNOWN_CODESYSTEM_VERSION"]);
    // By its object identifier.
    assert!(terminology.code_system("urn:oid:1.2.3.4", None).is_ok());
}
