//! In which dialects a term of SNOMED CT is preferred or acceptable, as the extension of designations that SNOMED
//! International's group for FHIR has defined: one for each language reference set that lists the term.

use super::postcoordinated::SNOMED;
use std::fmt::Write;
use tern_index::model::{Acceptability, Designation};

/// The extension.
const URL: &str = "http://snomed.info/fhir/StructureDefinition/designation-use-context";

/// The extensions of a term, as a JSON array; `None` for a term that no language reference set lists.
pub fn of(designation: &Designation) -> Option<String> {
    let type_ = designation
        .use_
        .as_ref()
        .filter(|use_| use_.system.as_deref() == Some(SNOMED));
    let type_ = type_.map(|use_| format!(",{}", part("type", &use_.code, None)));
    let type_ = type_.unwrap_or_default();
    let mut text = String::new();
    for (dialect, acceptability) in &designation.acceptability {
        let (role, name) = match acceptability {
            Acceptability::Preferred => ("900000000000548007", "PREFERRED"),
            Acceptability::Acceptable => ("900000000000549004", "ACCEPTABLE"),
        };
        let (context, role) = (part("context", dialect, None), part("role", role, Some(name)));
        let between = if text.is_empty() { '[' } else { ',' };
        // Writing to a String cannot fail.
        let _ = write!(text, r#"{between}{{"extension":[{context},{role}{type_}],"url":"{URL}"}}"#);
    }
    (!text.is_empty()).then(|| text + "]")
}

/// One part; codes and names are digits and words, which need no escapes.
fn part(name: &str, code: &str, display: Option<&str>) -> String {
    let display = display
        .map(|display| format!(r#","display":"{display}""#))
        .unwrap_or_default();
    format!(r#"{{"url":"{name}","valueCoding":{{"system":"{SNOMED}","code":"{code}"{display}}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tern_index::model::{Coding, DesignationKind};
    use tern_loaders::fhir::json::{self, Node};

    #[test]
    fn each_dialect_is_a_context() {
        let mut term = Designation {
            id: None,
            language: Some("en".into()),
            use_: Some(Coding::new(SNOMED, "900000000000013009")),
            value: "Heart".into(),
            active: true,
            kind: DesignationKind::Synonym,
            acceptability: Vec::new(),
        };
        assert_eq!(of(&term), None);
        term.acceptability = vec![
            ("900000000000508004".into(), Acceptability::Acceptable),
            ("900000000000509007".into(), Acceptability::Preferred),
        ];
        let text = of(&term).unwrap();
        let parsed = json::parse(text.as_bytes()).unwrap();
        let Node::Array(contexts) = &parsed else {
            panic!("{text}");
        };
        assert_eq!(contexts.len(), 2);
        for part in ["900000000000508004", "PREFERRED", "ACCEPTABLE", "900000000000013009"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
