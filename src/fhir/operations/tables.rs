//! The lists themselves: of each operation the parameters that the standard gives it, and those that are ours.
//!
//! Which of them mean something, and what, is decided where requests are read.

use super::{Defined, OperationParameter, Use};
use crate::fhir::FhirVersion;
use crate::fhir::interaction::Operation;

const fn parameter(
    direction: Use,
    name: &'static str,
    cardinality: &'static str,
    of: &'static str,
    says: &'static str,
) -> OperationParameter {
    OperationParameter {
        name,
        direction,
        cardinality,
        of,
        says,
        parts: &[],
        only: None,
    }
}

/// A parameter that goes in, at most once.
const fn one(name: &'static str, of: &'static str, says: &'static str) -> OperationParameter {
    parameter(Use::In, name, "0..1", of, says)
}

/// A parameter that goes in and may be repeated.
const fn many(name: &'static str, of: &'static str, says: &'static str) -> OperationParameter {
    parameter(Use::In, name, "0..*", of, says)
}

/// A parameter that comes out.
const fn out(name: &'static str, cardinality: &'static str, of: &'static str, says: &'static str) -> OperationParameter {
    parameter(Use::Out, name, cardinality, of, says)
}

const fn with(parts: &'static [OperationParameter], whole: OperationParameter) -> OperationParameter {
    OperationParameter { parts, ..whole }
}

const fn only(version: FhirVersion, all: OperationParameter) -> OperationParameter {
    OperationParameter {
        only: Some(version),
        ..all
    }
}

use FhirVersion::{R4, R5};

/// What nearly every operation takes.
pub(super) const SHARED: &[OperationParameter] = &[
    one(
        "displayLanguage",
        "string",
        "Languages of displays, the most wanted first (as in Accept-Language); it goes before that header",
    ),
    one(
        "date",
        "dateTime",
        "Versions of code systems and value sets that were current on this day are used where none is named",
    ),
    many(
        "tx-resource",
        "Resource",
        "CodeSystem, ValueSet, ConceptMap, NamingSystem or StructureDefinition that stands before what is loaded, for this request",
    ),
    one(
        "cache-id",
        "id",
        "A name under which tx-resources of earlier requests are remembered (the older form of X-Cache-Id)",
    ),
];

/// What says which versions are meant.
pub(super) const VERSIONS: &[OperationParameter] = &[
    many(
        "system-version",
        "canonical",
        "system|version: the version of a code system where the value set names none",
    ),
    many(
        "check-system-version",
        "canonical",
        "system|version: likewise, and any other version is an error",
    ),
    many(
        "force-system-version",
        "canonical",
        "system|version: the version to use, whatever the value set says",
    ),
    many(
        "default-valueset-version",
        "canonical",
        "url|version: the version of a value set where it is named without one, in the request or by an import",
    ),
    many(
        "check-valueset-version",
        "canonical",
        "url|version: likewise, and any other version is an error",
    ),
    many(
        "force-valueset-version",
        "canonical",
        "url|version: the version of a value set to use, whatever names it",
    ),
    many("useSupplement", "canonical", "A supplement that must be used"),
];

const WHICH: &[OperationParameter] = &[
    one(
        "url",
        "uri",
        "The value set, by its canonical URL (with |version, too); implicit value sets have URLs as well",
    ),
    one("valueSet", "ValueSet", "The value set itself"),
    one("valueSetVersion", "string", "The version of the value set named by url"),
    one(
        "context",
        "uri",
        "The element whose value set is meant: URL of a StructureDefinition, '#' and the element's path",
    ),
    one(
        "contextDirection",
        "code",
        "incoming or outgoing: for what the context is used; elements have one binding for both",
    ),
];

pub(super) const EXPANSION: &[OperationParameter] = &[
    one("filter", "string", "Words that a display or designation must have"),
    one("offset", "integer", "The first code of the page, from 0"),
    one("count", "integer", "How many codes are on the page; 0 for the total alone"),
    one("includeDesignations", "boolean", "Whether entries have their designations"),
    many(
        "designation",
        "string",
        "Designations to include: a language, or urn:ietf:bcp:47|language, or use system|use code",
    ),
    one(
        "includeDefinition",
        "boolean",
        "Whether the definition of the value set comes along",
    ),
    one("activeOnly", "boolean", "Whether inactive codes are left out"),
    one("excludeNested", "boolean", "Whether the answer is a flat list"),
    one(
        "excludeNotForUI",
        "boolean",
        "Whether codes that are not for choosing are left out",
    ),
    one(
        "excludePostCoordinated",
        "boolean",
        "Whether post-coordinated codes are left out",
    ),
    many("property", "string", "Properties that entries have"),
    many(
        "exclude-system",
        "canonical",
        "system|version: a code system whose codes are left out",
    ),
    one("limit", "integer", "More codes than this are an error rather than an answer"),
];

const EXPANDED: &[OperationParameter] = &[out("return", "1..1", "ValueSet", "The value set with its expansion")];

const CHECKED: &[OperationParameter] = &[
    one("code", "code", "The code to check, with its system"),
    one("display", "string", "The display to check"),
    one("coding", "Coding", "The coding to check"),
    one(
        "codeableConcept",
        "CodeableConcept",
        "The concept to check: one of its codings must be right, and none wrong",
    ),
    one("abstract", "boolean", "Whether a code that is not for choosing is right"),
    one(
        "lenient-display-validation",
        "boolean",
        "Whether a wrong display is a warning only",
    ),
];

const CHECKED_IN_VALUE_SET: &[OperationParameter] = &[
    one("system", "uri", "The code system of the code"),
    one("systemVersion", "string", "The version of the code system"),
    one("version", "string", "Another name of systemVersion"),
    one(
        "inferSystem",
        "boolean",
        "Whether a code without a system is looked for among the systems of the value set",
    ),
    one(
        "valueset-membership-only",
        "boolean",
        "Whether nothing else is checked than that the code is in the value set",
    ),
    one("activeOnly", "boolean", "Whether inactive codes are wrong"),
];

const CHECKED_IN_CODE_SYSTEM: &[OperationParameter] = &[
    one("url", "uri", "The code system"),
    one("codeSystem", "CodeSystem", "The code system itself"),
    one("version", "string", "The version of the code system"),
    one("system", "uri", "Another name of url"),
    one("systemVersion", "string", "Another name of version"),
];

const VALIDATED: &[OperationParameter] = &[
    out("result", "1..1", "boolean", "Whether it is right"),
    out("message", "0..1", "string", "What is wrong or doubtful, in words"),
    out("display", "0..1", "string", "The display to use"),
    out("code", "0..1", "code", "The code that decided"),
    out("system", "0..1", "uri", "Its code system"),
    out("version", "0..1", "string", "The version that was used"),
    out("codeableConcept", "0..1", "CodeableConcept", "The concept as it was given"),
    out("normalized-code", "0..1", "code", "The code as the code system writes it"),
    out("inactive", "0..1", "boolean", "That the code is inactive"),
    out(
        "status",
        "0..1",
        "code",
        "The status of the code, where it is not plainly active",
    ),
    out("x-unknown-system", "0..*", "canonical", "A code system that is not known"),
    out(
        "x-caused-by-unknown-system",
        "0..*",
        "canonical",
        "A code system that the value set needs and that is not known",
    ),
    out(
        "issues",
        "0..1",
        "OperationOutcome",
        "What is wrong or doubtful, for programs",
    ),
];

const BATCH: &[OperationParameter] = &[
    parameter(
        Use::In,
        "validation",
        "1..*",
        "Resource",
        "Parameters of one validation; what is given beside them holds for all",
    ),
    out(
        "validation",
        "1..*",
        "Resource",
        "The answer of each, in their order: Parameters, or an OperationOutcome",
    ),
];

const LOOKED_UP: &[OperationParameter] = &[
    one("code", "code", "The code, with its system"),
    one("system", "uri", "The code system"),
    one("version", "string", "The version of the code system"),
    one("coding", "Coding", "The code as a coding"),
    many(
        "property",
        "code",
        "Properties to tell; all that are usual where none is named",
    ),
    many("useSupplement", "canonical", "A supplement that must be used"),
    out("name", "1..1", "string", "The name of the code system"),
    out("code", "0..1", "code", "The code"),
    out("system", "0..1", "uri", "The code system"),
    out("version", "0..1", "string", "The version that was used"),
    out("display", "1..1", "string", "The preferred display"),
    out("definition", "0..1", "string", "What the code means"),
    out("abstract", "0..1", "boolean", "Whether it is not for choosing"),
    with(
        &[
            out("language", "0..1", "code", "Its language"),
            out("use", "0..1", "Coding", "What it is for"),
            out("source", "0..1", "canonical", "The supplement that it is from"),
            out("value", "1..1", "string", "The term"),
        ],
        out("designation", "0..*", "", "Another term"),
    ),
    with(
        &[
            out("code", "1..1", "code", "Which property"),
            out("value", "0..1", "Element", "Its value"),
            out("description", "0..1", "string", "The value in words"),
            out("source", "0..1", "canonical", "The supplement that it is from"),
            with(
                &[
                    out("code", "1..1", "code", "Which property"),
                    out("value", "1..1", "Element", "Its value"),
                    out("description", "0..1", "string", "The value in words"),
                ],
                out("subproperty", "0..*", "", "A property of a role group"),
            ),
        ],
        out("property", "0..*", "", "A property"),
    ),
    out("used-supplement", "0..*", "canonical", "A supplement that was used"),
];

const SUBSUMED: &[OperationParameter] = &[
    one("codeA", "code", "The first code, with system"),
    one("codeB", "code", "The second code, with system"),
    one("system", "uri", "The code system of both"),
    one("version", "string", "Its version"),
    one("codingA", "Coding", "The first code as a coding"),
    one("codingB", "Coding", "The second code as a coding"),
    out(
        "outcome",
        "1..1",
        "code",
        "equivalent, subsumes (the first is the broader), subsumed-by or not-subsumed",
    ),
];

const MATCHED: &[OperationParameter] = &[
    one("system", "uri", "The code system"),
    one("version", "string", "Its version"),
    with(
        &[
            parameter(
                Use::In,
                "code",
                "1..1",
                "code",
                "Which property; display and designation are terms",
            ),
            one("value", "Element", "Its value"),
            with(
                &[
                    parameter(Use::In, "code", "1..1", "code", "Which property"),
                    parameter(Use::In, "value", "1..1", "Element", "Its value"),
                ],
                many("subproperty", "", "A property of one role group"),
            ),
        ],
        many("property", "", "A property that is wanted"),
    ),
    parameter(
        Use::In,
        "exact",
        "1..1",
        "boolean",
        "Whether only complete matches count where there are any, and terms as they stand",
    ),
    one("compositional", "boolean", "Whether post-coordinated expressions are wanted"),
    one("count", "integer", "How many matches are wanted"),
    with(
        &[
            out("code", "1..1", "Coding", "The code"),
            with(
                &[
                    out("code", "1..1", "code", "Which property"),
                    out("value", "1..1", "Element", "Its value"),
                ],
                out("unmatched", "0..*", "", "A property that it lacks"),
            ),
            out("comment", "0..1", "string", "How sure it is"),
        ],
        out("match", "0..*", "", "A code with these properties"),
    ),
    out("total", "0..1", "integer", "How many there are"),
];

const COMPARED: &[OperationParameter] = &[
    one("thisUrl", "uri", "The first value set, by its URL"),
    one("thisValueSet", "ValueSet", "The first value set itself"),
    one("otherUrl", "uri", "The second value set, by its URL"),
    one("otherValueSet", "ValueSet", "The second value set itself"),
    one("valueSetVersion", "string", "The version of value sets named by URLs"),
    one(
        "version-policy",
        "code",
        "always, as-needed or never: whether versions of a code system are told apart",
    ),
    one("diagnostics", "boolean", "Whether to say what the answer rests on"),
    out(
        "result",
        "1..1",
        "code",
        "same, subset, superset, overlapping, disjoint, empty or indeterminate, said of the first",
    ),
    out("message", "1..1", "string", "The same in words"),
    out(
        "performed-expansion",
        "0..1",
        "boolean",
        "Whether the definitions were not enough to tell",
    ),
    out("missing-codes", "0..1", "string", "Codes of the second only"),
    out("extra-codes", "0..1", "string", "Codes of the first only"),
    out("common-codes", "0..1", "string", "Codes of both"),
];

const TRANSLATED: &[OperationParameter] = &[
    one(
        "url",
        "uri",
        "The concept map, by its canonical URL; all that fit where none is named",
    ),
    one("conceptMap", "ConceptMap", "The concept map itself"),
    one("conceptMapVersion", "string", "The version of the concept map"),
    only(R4, one("code", "code", "The code to translate, with its system")),
    only(R5, one("sourceCode", "code", "The code to translate, with its system")),
    one("system", "uri", "The code system of the code"),
    one("sourceSystem", "uri", "Another name of system"),
    one("version", "string", "The version of the code system"),
    only(R4, one("coding", "Coding", "The coding to translate")),
    only(R5, one("sourceCoding", "Coding", "The coding to translate")),
    only(
        R4,
        one(
            "codeableConcept",
            "CodeableConcept",
            "The concept to translate: each of its codings",
        ),
    ),
    only(
        R5,
        one(
            "sourceCodeableConcept",
            "CodeableConcept",
            "The concept to translate: each of its codings",
        ),
    ),
    only(R4, one("source", "uri", "The source value set of the maps to look in")),
    only(R5, one("sourceScope", "uri", "The source value set of the maps to look in")),
    only(R4, one("target", "uri", "The target value set of the maps to look in")),
    only(R5, one("targetScope", "uri", "The target value set of the maps to look in")),
    only(R4, one("targetsystem", "uri", "The code system of the answers")),
    only(
        R5,
        one(
            "targetSystem",
            "uri",
            "The code system of the answers; of targetCode, where that is given",
        ),
    ),
    only(R5, one("targetCode", "code", "The target whose sources are wanted")),
    only(R5, one("targetCoding", "Coding", "The target whose sources are wanted")),
    only(
        R5,
        one(
            "targetCodeableConcept",
            "CodeableConcept",
            "The targets whose sources are wanted",
        ),
    ),
    only(
        R4,
        one("reverse", "boolean", "Whether the code is a target, whose sources are wanted"),
    ),
    only(
        R4,
        with(
            &[
                one("element", "uri", "What it is a value of"),
                one("concept", "CodeableConcept", "The value"),
            ],
            many("dependency", "", "The value of another element, on which mappings may depend"),
        ),
    ),
    only(
        R5,
        with(
            &[
                one("attribute", "uri", "What it is a value of"),
                one("value", "Element", "The value"),
            ],
            many("dependency", "", "The value of another element, on which mappings may depend"),
        ),
    ),
];

const ALGORITHMIC: &[OperationParameter] = &[
    one(
        "algorithmic",
        "boolean",
        "Whether the mapper is asked where no concept map has an answer",
    ),
    one("display", "string", "The local name of the code"),
    one("candidates", "integer", "How many suggestions of the mapper are wanted"),
    one("accept", "decimal", "The probability from which a suggestion is a result"),
    one("error-budget", "decimal", "The share of wrong results that is put up with"),
    one("explain", "boolean", "Whether suggestions are explained"),
    one("specimen", "string", "The local specimen"),
    one("unit", "string", "The local unit"),
    one("section", "string", "The local section"),
    one("strength", "string", "The local strength"),
    one("form", "string", "The local dose form"),
    one("route", "string", "The local route"),
    one("ingredient", "string", "The local ingredient"),
    one("brand", "string", "The local brand"),
];

const TRANSLATION: &[OperationParameter] = &[
    out(
        "result",
        "1..1",
        "boolean",
        "Whether there is a match that says more than 'not related'",
    ),
    out(
        "message",
        "0..1",
        "string",
        "Why there is none, or what would change the answer",
    ),
    only(
        R4,
        with(
            &[
                out("equivalence", "0..1", "code", "How the target relates to the source"),
                out("concept", "0..1", "Coding", "The target; with reverse the source"),
                with(
                    &[
                        out("element", "0..1", "uri", "What it is a value of"),
                        out("concept", "0..1", "Coding", "The value"),
                    ],
                    out("product", "0..*", "", "What else the mapping gives"),
                ),
                out("source", "0..1", "uri", "The concept map that it is from"),
            ],
            out("match", "0..*", "", "A match"),
        ),
    ),
    only(
        R5,
        with(
            &[
                out("relationship", "0..1", "code", "How the source relates to the target"),
                out("concept", "0..1", "Coding", "The target"),
                out("source", "0..1", "Coding", "The source, where a target was given"),
                with(
                    &[
                        out("uri", "0..1", "uri", "Which property"),
                        out("value", "0..1", "Element", "Its value"),
                    ],
                    out("property", "0..*", "", "A property of the mapping"),
                ),
                with(
                    &[
                        out("attribute", "0..1", "uri", "What it is a value of"),
                        out("value", "0..1", "Element", "The value"),
                    ],
                    out("product", "0..*", "", "What else the mapping gives"),
                ),
                with(
                    &[
                        out("attribute", "0..1", "uri", "What it is a value of"),
                        out("value", "0..1", "Element", "The value"),
                    ],
                    out("dependsOn", "0..*", "", "A context that the mapping needs"),
                ),
                out("originMap", "0..1", "uri", "The concept map that it is from"),
                out("comment", "0..1", "string", "What the map's publisher says of it"),
            ],
            out("match", "0..*", "", "A match"),
        ),
    ),
];

const CLOSURE: &[OperationParameter] = &[
    parameter(Use::In, "name", "1..1", "string", "The name of the table"),
    many("concept", "Coding", "A concept to add"),
    one("version", "string", "What came after this version is asked for"),
    out("return", "1..1", "ConceptMap", "The relations that are new"),
];

const PREFERRED_ID: &[OperationParameter] = &[
    parameter(Use::In, "id", "1..1", "string", "The name that the client has"),
    parameter(
        Use::In,
        "type",
        "1..1",
        "code",
        "The type of name that is wanted: oid, uuid, uri or other",
    ),
    one("date", "dateTime", "The day on which the name is to be valid"),
    out("result", "1..1", "string", "The preferred name of that type"),
];

const TRANSLATE_ID: &[OperationParameter] = &[
    parameter(Use::In, "id", "1..1", "string", "The name that the client has"),
    parameter(Use::In, "sourceType", "1..1", "code", "The type of that name"),
    parameter(Use::In, "targetType", "1..1", "code", "The type of name that is wanted"),
    one("preferredOnly", "boolean", "Whether only preferred names are wanted"),
    one("date", "dateTime", "The day on which the names are to be valid"),
    out("result", "1..1", "boolean", "Whether there is such a name"),
    out("targetIdentifier", "0..*", "string", "A name of that type"),
    out(
        "targetIdentifier.preferred",
        "0..*",
        "boolean",
        "Whether the name before it is the preferred one",
    ),
];

const SERVER_VERSIONS: &[OperationParameter] = &[
    out("version", "1..*", "code", "A FHIR version that is spoken here"),
    out("default", "1..1", "code", "The one that is spoken where none is asked for"),
];

const CACHE_CONTROL: &[OperationParameter] = &[
    parameter(Use::In, "mode", "1..1", "code", "start, check or end"),
    one("sealed", "boolean", "With start: whether later requests add nothing"),
    many("tx-resource", "Resource", "With start: what is kept"),
    out("cache-id", "0..1", "id", "The id, for the header X-Cache-Id"),
    out("sealed", "0..1", "boolean", "Whether later requests add nothing"),
    out("valid", "0..1", "boolean", "With check: whether it is still there"),
    out("resource-count", "0..1", "unsignedInt", "How much is kept"),
    out("idle", "0..1", "unsignedInt", "Seconds since it was used"),
    out("timeout", "0..1", "unsignedInt", "Seconds after which it is gone"),
    out("outcome", "0..1", "OperationOutcome", "Why it is not there"),
];

const RESOURCE_VALIDATED: &[OperationParameter] = &[
    one("resource", "Resource", "The resource, where it is not the body by itself"),
    one(
        "mode",
        "code",
        "Taken, and of no consequence: what is written is checked the same way",
    ),
    one(
        "profile",
        "uri",
        "Taken, and of no consequence: the rules are those of the type",
    ),
    out("return", "1..1", "OperationOutcome", "What is wrong, or that nothing is"),
];

pub(super) fn of(defined: Defined) -> &'static [&'static [OperationParameter]] {
    let operation = match defined {
        Defined::OfType(operation) => operation,
        Defined::Versions => return &[SERVER_VERSIONS],
        Defined::CacheControl => return &[CACHE_CONTROL],
        Defined::Validate => return &[RESOURCE_VALIDATED],
    };
    match operation {
        Operation::Lookup => &[LOOKED_UP, SHARED],
        Operation::ValidateInCodeSystem => &[CHECKED_IN_CODE_SYSTEM, CHECKED, VERSIONS, SHARED, VALIDATED],
        Operation::BatchValidateInCodeSystem => &[BATCH, CHECKED_IN_CODE_SYSTEM, CHECKED, VERSIONS, SHARED],
        Operation::Subsumes => &[SUBSUMED, SHARED],
        Operation::FindMatches => &[MATCHED, SHARED],
        Operation::Translate => &[TRANSLATED, ALGORITHMIC, SHARED, TRANSLATION],
        Operation::Expand => &[WHICH, EXPANSION, VERSIONS, SHARED, EXPANDED],
        Operation::ValidateInValueSet => &[WHICH, CHECKED, CHECKED_IN_VALUE_SET, VERSIONS, SHARED, VALIDATED],
        Operation::BatchValidateInValueSet => &[BATCH, WHICH, CHECKED, CHECKED_IN_VALUE_SET, VERSIONS, SHARED],
        Operation::Compare => &[COMPARED, VERSIONS, SHARED],
        Operation::Closure => &[CLOSURE],
        Operation::PreferredId => &[PREFERRED_ID],
        Operation::TranslateId => &[TRANSLATE_ID],
    }
}
