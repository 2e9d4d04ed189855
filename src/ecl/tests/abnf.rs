//! The official grammar, rule by rule: every alternative of every rule of the brief and the long syntax (2.2, which ECL Core is
//! part of) is read, and what it is read as is told by what is printed.

use crate::ecl::{Constraint, Limits, Syntax, print};

/// A rule, and texts that use its alternatives with what they are in the brief syntax: `=` where that is the text itself, `!` where
/// the text is of no rule.
const RULES: &[(&str, &[(&str, &str)])] = &[
    (
        "ws, mws, comment",
        &[
            ("\t\r\n <<\n\t404684003\r\n ", "<< 404684003"),
            ("/**/<</*a*/404684003/* * / ** é */", "<< 404684003"),
            ("<< 404684003/**/AND/**/<< 404684004", "<< 404684003 AND << 404684004"),
            (
                "< 404684003/*a*/:/*b*/[1..2]/*c*/{/*d*/R/*e*/363698007/*f*/=/*g*/*/*h*/}/*i*/",
                "< 404684003 : [1..2] { R 363698007 = * }",
            ),
            ("404684003/*a*/./*b*/363698007", "404684003 . 363698007"),
            (
                "*/*a*/{{/*b*/D/*c*/term/*d*/=/*e*/match/*f*/:/*g*/\"a\"/*h*/,/*i*/active/*j*/=/*k*/1/*l*/}}/*m*/",
                "* {{ D term = \"a\", active = 1 }}",
            ),
            ("*{{/*a*/+/*b*/HISTORY/*c*/(/*d*/*/*e*/)/*f*/}}", "* {{ + HISTORY (*) }}"),
            ("^/*a*/[/*b*/a/*c*/,/*d*/b/*e*/]/*f*/700043003", "^ [a, b] 700043003"),
            ("404684003/*a*/|/*no comment*/|", "404684003 |/*no comment*/|"),
        ],
    ),
    (
        "conceptId, term",
        &[
            ("123456", "="),
            ("123456789012345678", "="),
            ("404684003|a|", "404684003 |a|"),
            ("404684003 | a  b |", "404684003 |a  b|"),
            (
                "404684003 |(a) {b} \"c\" /d/ # é 中国|",
                "404684003 |(a) {b} \"c\" /d/ # é 中国|",
            ),
        ],
    ),
    (
        "altIdentifier",
        &[
            ("LOINC#54486-6", "="),
            ("\"LOINC#54486-6\"", "LOINC#54486-6"),
            ("\"A-b-12#(x y)|z\"", "A-b-12#\"(x y)|z\""),
            ("a-0#A.b_c-9 |term|", "="),
            ("<<LOINC#54486-6", "<< LOINC#54486-6"),
            ("R#1", "="),
            ("ANY#1", "="),
            ("404684003 : LOINC#1 = LOINC#2", "="),
            ("404684003 : LOINC#1 = \"LOINC#2\"|a|", "404684003 : LOINC#1 = LOINC#2 |a|"),
            (
                "404684003 : LOINC#1 = (\"LOINC#2\" OR \"LOINC#3\")",
                "404684003 : LOINC#1 = (LOINC#2 OR LOINC#3)",
            ),
            ("404684003 : LOINC#1 = \"LOINC#2\"", "="),
            ("404684003 : R R#1 = true#1", "="),
        ],
    ),
    (
        "wildCard",
        &[("*", "="), ("any", "*"), ("<<ANY", "<< *"), ("Any: Any = aNY", "* : * = *")],
    ),
    (
        "constraintOperator",
        &[
            ("<404684003", "< 404684003"),
            ("<<404684003", "<< 404684003"),
            ("<!404684003", "<! 404684003"),
            ("<<!404684003", "<<! 404684003"),
            (">404684003", "> 404684003"),
            (">>404684003", ">> 404684003"),
            (">!404684003", ">! 404684003"),
            (">>!404684003", ">>! 404684003"),
            ("!!>404684003", "!!> 404684003"),
            ("!!<404684003", "!!< 404684003"),
            ("DESCENDANTOF 404684003", "< 404684003"),
            ("descendantorselfof/**/404684003", "<< 404684003"),
            ("childOf 404684003", "<! 404684003"),
            ("childOrSelfOf 404684003", "<<! 404684003"),
            ("ancestorOf 404684003", "> 404684003"),
            ("ancestorOrSelfOf 404684003", ">> 404684003"),
            ("parentOf 404684003", ">! 404684003"),
            ("parentOrSelfOf 404684003", ">>! 404684003"),
            ("top 404684003", "!!> 404684003"),
            ("Bottom 404684003", "!!< 404684003"),
        ],
    ),
    (
        "refsetOperator",
        &[
            ("^700043003", "^ 700043003"),
            ("^*", "^ *"),
            ("^(<700043003)", "^ (< 700043003)"),
            ("memberOf 700043003", "^ 700043003"),
            ("memberOf[a]700043003", "^ [a] 700043003"),
            ("memberOf700043003", "^ 700043003"),
            ("refsetContainingAny404684003", "^R 404684003"),
            ("^[*]700043003", "^ [*] 700043003"),
            ("^ [ any ] 700043003", "^ [*] 700043003"),
            ("^R404684003", "^R 404684003"),
            ("^r404684003", "^R 404684003"),
            ("^R#1", "^ R#1"),
            ("memberOfANY", "^ *"),
            ("^[any, b]700043003", "^ [any, b] 700043003"),
            ("^R (404684003 OR 404684004)", "="),
            ("refsetContainingAny (< 404684003)", "^R (< 404684003)"),
            ("<<^700043003", "<< ^ 700043003"),
            ("!!> ^ [a] 700043003", "="),
        ],
    ),
    (
        "compoundExpressionConstraint",
        &[
            (
                "404684003 and 404684004 AnD 404684005",
                "404684003 AND 404684004 AND 404684005",
            ),
            ("404684003,404684004", "404684003 AND 404684004"),
            ("404684003 or 404684004 OR(404684005)", "!"),
            (
                "404684003 or 404684004 OR (404684005)",
                "404684003 OR 404684004 OR (404684005)",
            ),
            ("404684003 minus 404684004", "404684003 MINUS 404684004"),
            ("((404684003))", "="),
            ("(404684003 : 363698007 = *) AND 404684004", "="),
        ],
    ),
    (
        "dottedExpressionConstraint",
        &[
            ("404684003.363698007.*", "404684003 . 363698007 . *"),
            ("404684003 . (363698007 OR 363698008)", "="),
            ("404684003 {{ C active = 1 }} . 363698007", "="),
        ],
    ),
    (
        "eclRefinement",
        &[
            ("* : 363698007 = *, 363698008 = *", "="),
            ("* : 363698007 = * and 363698008 = *", "* : 363698007 = *, 363698008 = *"),
            (
                "* : 363698007 = * OR {363698008 = *}",
                "* : 363698007 = * OR { 363698008 = * }",
            ),
            (
                "* : {363698007 = *},{363698008 = *}",
                "* : { 363698007 = * }, { 363698008 = * }",
            ),
            ("* : (363698007 = *)", "* : 363698007 = *"),
            (
                "* : ({363698007 = *} OR {363698008 = *}), 363698009 = *",
                "* : ({ 363698007 = * } OR { 363698008 = * }), 363698009 = *",
            ),
            (
                "* : {(363698007 = *, 363698008 = *) OR 363698009 = *}",
                "* : { (363698007 = *, 363698008 = *) OR 363698009 = * }",
            ),
            ("* {{ D term = \"a\" }} : 363698007 = *", "="),
        ],
    ),
    (
        "cardinality, reverseFlag",
        &[
            ("* : [0..0]363698007=*", "* : [0..0] 363698007 = *"),
            ("* : [10..*] R363698007=*", "* : [10..*] R 363698007 = *"),
            ("* : [1 to 2] 363698007=*", "* : [1..2] 363698007 = *"),
            ("* : [0/**/TO/**/MANY] {363698007=*}", "* : [0..*] { 363698007 = * }"),
            (
                "* : [1..many] {[2 to *] REVERSEOF << 363698007 = *}",
                "* : [1..*] { [2..*] R << 363698007 = * }",
            ),
            ("* : reverseOf363698007=*", "* : R 363698007 = *"),
            ("* : r 363698007=*", "* : R 363698007 = *"),
            (
                "* : [0..99999999999999999999] 363698007=*",
                "* : [0..18446744073709551615] 363698007 = *",
            ),
        ],
    ),
    (
        "comparison operators",
        &[
            ("* : 363698007 != *", "="),
            ("* : 363698007 <> *", "* : 363698007 != *"),
            ("* : 363698007 NOT= *", "* : 363698007 != *"),
            ("* : 363698007 not /**/ = *", "* : 363698007 != *"),
            (
                "* : 363698007 = #1, 363698007 != #1, 363698007 <> #1, 363698007 not = #1",
                "* : 363698007 = #1, 363698007 != #1, 363698007 != #1, 363698007 != #1",
            ),
            ("* : 363698007 < #1, 363698007 <= #1, 363698007 > #1, 363698007 >= #1", "="),
            (
                "* : 363698007 = true, 363698007 != False",
                "* : 363698007 = true, 363698007 != false",
            ),
            (
                "* : 363698007 = \"a\", 363698007 not = \"b\"",
                "* : 363698007 = \"a\", 363698007 != \"b\"",
            ),
        ],
    ),
    (
        "numericValue",
        &[
            ("* : 363698007 = #0", "="),
            ("* : 363698007 = #-0.050", "="),
            ("* : 363698007 = #+10.0", "="),
            ("* : 363698007 = #-123456789012345678901234567890", "="),
            ("* : 363698007 = # 1", "!"),
            ("* : 363698007 = #1.", "!"),
            ("* : 363698007 = #.5", "!"),
        ],
    ),
    (
        "concreteString",
        &[
            ("* : 363698007 = \"a b  c\"", "="),
            ("* : 363698007 = \"a \\\"b\\\" \\\\ c\"", "="),
            ("* : 363698007 = ( \"a\"\n\"b\" )", "* : 363698007 = (\"a\" \"b\")"),
            ("* : 363698007 = (\"a\")", "* : 363698007 = \"a\""),
            ("* : 363698007 = \"|/*é*/|\"", "="),
            // Of 2.0 and 2.1.
            ("* : 363698007 = match:\"a b\"", "="),
            ("* : 363698007 = (wild:\"a*\" match:\"b\")", "="),
        ],
    ),
    (
        "termFilter",
        &[
            ("* {{ term = \"heart att\" }}", "* {{ D term = \"heart att\" }}"),
            ("*{{D TERM=\" heart\tatt \"}}", "* {{ D term = \"heart att\" }}"),
            ("* {{ D term = \"a\\\"b \\\\c\" }}", "="),
            ("* {{ D term != MATCH : \"a\" }}", "* {{ D term != \"a\" }}"),
            (
                "* {{ D term = Wild: \"a * \\* \\\"b\\\" \\\\\" }}",
                "* {{ D term = wild:\"a * \\* \\\"b\\\" \\\\\" }}",
            ),
            (
                "* {{ D term = ( \"a\" wild:\"b\" match:\"c\" ) }}",
                "* {{ D term = (\"a\" wild:\"b\" \"c\") }}",
            ),
            ("* {{ D term = (\"a\") }}", "* {{ D term = \"a\" }}"),
        ],
    ),
    (
        "languageFilter",
        &[
            ("* {{ D language = EN }}", "* {{ D language = en }}"),
            ("* {{ D LANGUAGE != ( en Sv da ) }}", "* {{ D language != (en sv da) }}"),
        ],
    ),
    (
        "typeFilter",
        &[
            ("* {{ D type = SYN }}", "* {{ D type = syn }}"),
            ("* {{ D type != (fsn syn def) }}", "="),
            (
                "* {{ D type = (fullySpecifiedName synonym definition) }}",
                "* {{ D type = (fsn syn def) }}",
            ),
            ("* {{ D typeId = 900000000000013009 }}", "="),
            ("* {{ D typeId = << 900000000000446008 }}", "="),
            ("* {{ D typeId != (900000000000013009 |a| 900000000000003001) }}", "="),
            ("* {{ D typeId = (< 900000000000446008 MINUS 900000000000003001) }}", "="),
        ],
    ),
    (
        "dialectFilter",
        &[
            ("* {{ D dialect = en-gb }}", "="),
            ("* {{ D dialect != en-x-nhs-clinical }}", "="),
            (
                "* {{ D dialect = ( en-gb en-us ) ( prefer accept ) }}",
                "* {{ D dialect = (en-gb en-us) (prefer accept) }}",
            ),
            ("* {{ D dialect = (en-gb(prefer)en-us(accept)) }}", "!"),
            (
                "* {{ D dialect = (en-gb(prefer) en-us (accept)) }}",
                "* {{ D dialect = (en-gb (prefer) en-us (accept)) }}",
            ),
            (
                "* {{ D dialect = en-us (PREFERRED Acceptable) }}",
                "* {{ D dialect = en-us (prefer accept) }}",
            ),
            ("* {{ D dialect = en-us (900000000000548007 |a| 900000000000549004) }}", "="),
            ("* {{ D dialectId = 900000000000508004 |a| }}", "="),
            ("* {{ D dialectId = < 900000000000506000 (accept) }}", "="),
            ("* {{ D dialectId = (900000000000508004 900000000000509007 (prefer)) }}", "="),
            ("* {{ D dialectId = (900000000000508004 (prefer)) (accept) }}", "="),
        ],
    ),
    (
        "descriptionIdFilter",
        &[
            ("* {{ D id = 3032638017 }}", "="),
            (
                "* {{ ID <> (3032638017 264553015) }}",
                "* {{ D id != (3032638017 264553015) }}",
            ),
            ("* {{ D id = (3032638017) }}", "* {{ D id = 3032638017 }}"),
        ],
    ),
    (
        "moduleFilter, effectiveTimeFilter, activeFilter",
        &[
            ("* {{ C moduleId = 900000000000207008 }}", "="),
            ("* {{ C moduleId != (900000000000207008 900000000000012004) }}", "="),
            ("* {{ D moduleId = (< 900000000000443000) }}", "="),
            ("^ 700043003 {{ M moduleId = << 900000000000443000 }}", "="),
            (
                "* {{ C effectiveTime = \"20250101\", effectiveTime != \"20250102\", effectiveTime < \"20250103\" }}",
                "=",
            ),
            (
                "* {{ C effectiveTime <= \"20250101\", effectiveTime > \"20250102\", effectiveTime >= \"20250131\" }}",
                "=",
            ),
            (
                "* {{ D effectiveTime not = (\"20250101\" \"20250102\") }}",
                "* {{ D effectiveTime != (\"20250101\" \"20250102\") }}",
            ),
            ("^ 700043003 {{ M effectiveTime = \"\" }}", "="),
            ("* {{ C active = 1, active != 0 }}", "="),
            ("* {{ C active = true, active = false }}", "* {{ C active = 1, active = 0 }}"),
            ("* {{ C active = * }}", "="),
            ("* {{ C active = \"true\" }}", "* {{ C active = 1 }}"),
            (
                "* {{cActiveNOT=1}}{{Dactive=1}}{{moduleId=*}}",
                "* {{ C active != 1 }} {{ D active = 1 }} {{ D moduleId = * }}",
            ),
            (
                "^*{{MmapTarget=\"a\"}}{{mactive=1}}",
                "^ * {{ M mapTarget = \"a\" }} {{ M active = 1 }}",
            ),
            ("* {{ mapTarget = \"a\" }}", "!"),
            ("^ 700043003 {{ m ACTIVE = any }}", "^ 700043003 {{ M active = * }}"),
        ],
    ),
    (
        "definitionStatusFilter",
        &[
            (
                "* {{ c definitionStatus = PRIMITIVE }}",
                "* {{ C definitionStatus = primitive }}",
            ),
            ("* {{ C definitionStatus != (primitive defined) }}", "="),
            ("* {{ C definitionStatusId = 900000000000074008 |a| }}", "="),
            ("* {{ C definitionStatusId = (900000000000074008 900000000000073002) }}", "="),
            ("* {{ C definitionStatusId = < 900000000000444006 }}", "="),
        ],
    ),
    (
        "memberFilterConstraint",
        &[
            ("^ 447562003 {{ M targetComponentId = << 404684003 }}", "="),
            ("^ 447562003 {{ M targetComponentId != (404684003 OR 404684004) }}", "="),
            (
                "^ 447562003 {{ M a = #1, b != #2, c <= #-3, d < #4.5, e >= #+6, f > #7 }}",
                "=",
            ),
            ("^ 447562003 {{ M mapTarget = \"a b\" }}", "="),
            ("^ 447562003 {{ M mapTarget = (wild:\"J*\" \"K\") }}", "="),
            ("^ 447562003 {{ M flag = true, other != false }}", "="),
            (
                "^ 447562003 {{ M time >= \"20250101\", other < (\"20250101\" \"20250102\"), another = \"\" }}",
                "=",
            ),
            ("^ 447562003 {{ M time = (\"20250101\" \"\"), time != \"\" }}", "="),
            (
                "^ 447562003 {{ M a = #1 }} {{ M b = #2 }} {{ C active = 1 }} {{ D term = \"a\" }}",
                "=",
            ),
            ("^ [a] (< 447562003) {{ M a = #1 }}", "="),
            ("<< ^ 447562003 {{ M a = #1 }}", "="),
        ],
    ),
    (
        "historySupplement",
        &[
            ("* {{+HISTORY}}", "* {{ + HISTORY }}"),
            ("* {{ + history_MIN }}", "* {{ + HISTORY-MIN }}"),
            ("* {{ + HISTORY-mod }}", "* {{ + HISTORY-MOD }}"),
            ("* {{ + HISTORY-MAX }}", "="),
            (
                "* {{ + HISTORY(900000000000527005)}}",
                "* {{ + HISTORY (900000000000527005) }}",
            ),
            ("* {{ + HISTORY (< 900000000000522004 MINUS 900000000000527005) }}", "="),
            ("* {{ C active = 1 }} {{ D term = \"a\" }} {{ + HISTORY }}", "="),
            ("(* {{ + HISTORY }}) {{ C active = 0 }}", "="),
        ],
    ),
];

/// What is wrong with a text of a rule.
fn fault(text: &str, brief: &str) -> Option<String> {
    let limits = Limits::default();
    let read = match (Constraint::parse(text, &limits), brief) {
        (Ok(read), "!") => return Some(format!("{text} was read as {}", print(read.expression(), Syntax::Brief))),
        (Err(_), "!") => return None,
        (Ok(read), _) => read,
        (Err(error), _) => return Some(format!("{text}\n{error}")),
    };
    let (printed, long) = [Syntax::Brief, Syntax::Long]
        .map(|syntax| print(read.expression(), syntax))
        .into();
    let expected = if brief == "=" { text } else { brief };
    if printed != expected {
        return Some(format!("{text} is printed as {printed}"));
    }
    match Constraint::parse(&long, &limits) {
        Ok(again) if again.expression() == read.expression() => None,
        Ok(_) => Some(format!("{text} is something else in the long syntax: {long}")),
        Err(error) => Some(format!("{text} is not read in the long syntax: {long}\n{error}")),
    }
}

#[test]
fn every_alternative_of_the_grammar_is_read() {
    let texts = RULES
        .iter()
        .flat_map(|(rule, texts)| texts.iter().map(move |text| (rule, text)));
    let faults: Vec<String> = texts
        .filter_map(|(rule, (text, brief))| Some(format!("{rule}: {}", fault(text, brief)?)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
