//! Statements are printed as they are read; what is no statement has its place named.

use super::{Axiom, ClassExpression, Datatype, Literal, Statement};
use proptest::prelude::*;

#[test]
fn statements_are_printed_as_releases_write_them() {
    for text in [
        "SubClassOf(:1209999997103 :64572001)",
        "EquivalentClasses(:1209999997103 ObjectIntersectionOf(:64572001 ObjectSomeValuesFrom(:609096000 \
         ObjectSomeValuesFrom(:1059999997107 :1109999997107))))",
        "SubClassOf(ObjectIntersectionOf(:64572001 DataHasValue(:1089999997101 \"2.5\"^^xsd:decimal)) :1209999997103)",
        "SubObjectPropertyOf(:1059999997107 :762705008)",
        "SubObjectPropertyOf(ObjectPropertyChain(:1059999997107 :1069999997105) :1059999997107)",
        "SubDataPropertyOf(:1089999997101 :762706009)",
        "SubAnnotationPropertyOf(:1089999997101 :1295447006)",
        "TransitiveObjectProperty(:1059999997107)",
        "ReflexiveObjectProperty(:1059999997107)",
        "Prefix(:=<http://snomed.info/id/>)",
        "Prefix(xsd:=<http://www.w3.org/2001/XMLSchema#>)",
        "Ontology(<http://snomed.info/sct/900000000000207008>)",
    ] {
        assert_eq!(Statement::parse(text).unwrap().to_string(), text);
    }
    let long = Statement::parse(" SubClassOf ( <http://snomed.info/id/1209999997103>\n :64572001 ) ").unwrap();
    assert_eq!(long.to_string(), "SubClassOf(:1209999997103 :64572001)");
}

#[test]
fn faults_have_a_place() {
    for (text, column, part) in [
        ("", 1, "an axiom"),
        ("DisjointClasses(:123456 :654321)", 1, "an axiom"),
        ("SubClassOf(:123456)", 19, "expected a concept"),
        ("SubClassOf(:123456 :654321", 27, "\")\""),
        ("SubClassOf(:123456 :654321) x", 29, "the end of the statement"),
        ("SubClassOf(:12 :654321)", 13, "no SNOMED CT identifier"),
        ("SubClassOf(<http://example.org/1> :654321)", 12, "expected a concept"),
        (
            "EquivalentClasses(:123456 ObjectIntersectionOf(:123456))",
            55,
            "expected a concept",
        ),
        (
            "SubClassOf(:123456 DataHasValue(:654321 \"a\"^^xsd:integer))",
            41,
            "not of the type",
        ),
        ("SubClassOf(:123456 DataHasValue(:654321 \"1\"^^xsd:date))", 50, "a type"),
        ("Prefix(:=<http://x)", 10, "has no end"),
    ] {
        let error = Statement::parse(text).unwrap_err();
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.message.contains(part), "{text}: {error}");
    }
    let deep = format!("SubClassOf(:123456 {}", "ObjectSomeValuesFrom(:654321 ".repeat(100));
    assert!(Statement::parse(&deep).unwrap_err().message.contains("nests deeper"));
    let long = " ".repeat(super::LONGEST + 1);
    assert!(Statement::parse(&long).unwrap_err().message.contains("bytes long"));
}

fn name() -> impl Strategy<Value = String> {
    "[1-9][0-9]{5,17}"
}

fn literal() -> impl Strategy<Value = Literal> {
    let of = |datatype| move |value| Literal { value, datatype };
    prop_oneof![
        "-?[0-9]{1,4}\\.[0-9]{1,3}".prop_map(of(Datatype::Decimal)),
        "-?[0-9]{1,4}".prop_map(of(Datatype::Integer)),
        "[ -~é]{0,12}".prop_map(of(Datatype::String)),
        "true|false".prop_map(of(Datatype::Boolean)),
    ]
}

fn class_expression() -> impl Strategy<Value = ClassExpression> {
    let leaf = prop_oneof![
        name().prop_map(ClassExpression::Class),
        (name(), literal()).prop_map(|(property, value)| ClassExpression::DataHasValue(property, value)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(ClassExpression::ObjectIntersectionOf),
            (name(), inner).prop_map(|(property, value)| ClassExpression::ObjectSomeValuesFrom(property, Box::new(value))),
        ]
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    prop_oneof![
        (class_expression(), class_expression()).prop_map(|(below, above)| Axiom::SubClassOf(below, above)),
        prop::collection::vec(class_expression(), 2..4).prop_map(Axiom::EquivalentClasses),
        (prop::collection::vec(name(), 1..4), name())
            .prop_map(|(chain, property)| Axiom::SubObjectPropertyOf { chain, property }),
        (name(), name()).prop_map(|(below, above)| Axiom::SubDataPropertyOf(below, above)),
        name().prop_map(Axiom::TransitiveObjectProperty),
        name().prop_map(Axiom::ReflexiveObjectProperty),
    ]
    .prop_map(Statement::Axiom)
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(statement in statement()) {
        let text = statement.to_string();
        prop_assert_eq!(Statement::parse(&text).unwrap(), statement, "{}", text);
    }

    #[test]
    fn any_text_is_answered(text in "(SubClassOf|EquivalentClasses|ObjectIntersectionOf|DataHasValue|[()<>: \"^]|:123456|xsd:integer){0,14}") {
        match Statement::parse(&text) {
            Ok(statement) => prop_assert_eq!(Statement::parse(&statement.to_string()).unwrap(), statement),
            Err(error) => prop_assert!(error.position <= text.len()),
        }
    }
}
