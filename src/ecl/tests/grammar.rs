//! What is read, what is refused with which words, and that nothing outside is trusted.

use crate::ecl::{Constraint, EclError, Kind, Limits, Syntax, print};
use proptest::prelude::*;

fn parse(text: &str) -> Result<Constraint, EclError> {
    Constraint::parse(text, &Limits::default())
}

fn printed(text: &str, syntax: Syntax) -> String {
    let constraint = parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    print(constraint.expression(), syntax)
}

#[test]
fn both_syntaxes_and_every_spelling_are_read() {
    for (text, brief) in [
        ("  404684003 |Clinical finding|  ", "404684003 |Clinical finding|"),
        ("descendantOrSelfOf 404684003", "<< 404684003"),
        ("CHILDOF 404684003", "<! 404684003"),
        ("<<!404684003", "<<! 404684003"),
        ("parentOrSelfOf ANY", ">>! *"),
        ("top (memberOf 700043003)", "!!> (^ 700043003)"),
        ("!!<404684003", "!!< 404684003"),
        ("refsetContainingAny 404684003", "^R 404684003"),
        ("^R404684003", "^R 404684003"),
        ("^[a, b]700043003", "^ [a, b] 700043003"),
        ("memberOf [ANY] 700043003", "^ [*] 700043003"),
        (
            "< 404684003 , < 404684004 and < 404684005",
            "< 404684003 AND < 404684004 AND < 404684005",
        ),
        ("404684003/* a comment */minus/**/404684004", "404684003 MINUS 404684004"),
        ("LOINC#54486-6 |Type|", "LOINC#54486-6 |Type|"),
        ("\"LOINC#54 486\"", "LOINC#\"54 486\""),
        ("LOINC#\"54486-6\"", "LOINC#54486-6"),
        ("404684003:R363698007=*", "404684003 : R 363698007 = *"),
        ("404684003:reverseOf 363698007=*", "404684003 : R 363698007 = *"),
        ("404684003:[1 to many]363698007 not = *", "404684003 : [1..*] 363698007 != *"),
        ("404684003:363698007<>#+5.50", "404684003 : 363698007 != #+5.50"),
        ("404684003:363698007=TRUE", "404684003 : 363698007 = true"),
        ("404684003:363698007=(\"a\" \"b\")", "404684003 : 363698007 = (\"a\" \"b\")"),
        ("404684003:((363698007=*))", "404684003 : 363698007 = *"),
        (
            "404684003:(<< 363698007 OR 363698008)=*",
            "404684003 : (<< 363698007 OR 363698008) = *",
        ),
        (
            "404684003:(363698007=* OR 363698008=*),{363698007=*}",
            "404684003 : (363698007 = * OR 363698008 = *), { 363698007 = * }",
        ),
        ("404684003 . 363698007.<<363698008", "404684003 . 363698007 . << 363698008"),
        ("*{{term=\"heart  att\"}}", "* {{ D term = \"heart att\" }}"),
        (
            "* {{ d TERM = (match:\"a\" wild:\"*b\\*\") }}",
            "* {{ D term = (\"a\" wild:\"*b\\*\") }}",
        ),
        (
            "* {{ D type = (synonym FSN), language != (EN sv) }}",
            "* {{ D type = (syn fsn), language != (en sv) }}",
        ),
        (
            "* {{ D dialect = (en-GB (preferred) en-us) (accept) }}",
            "* {{ D dialect = (en-gb (prefer) en-us) (accept) }}",
        ),
        (
            "* {{ D dialectId = 900000000000508004 (prefer) }}",
            "* {{ D dialectId = 900000000000508004 (prefer) }}",
        ),
        (
            "* {{ D id = (3032638017 264553015) }}",
            "* {{ D id = (3032638017 264553015) }}",
        ),
        (
            "* {{ C definitionStatus = (primitive defined), active = true }}",
            "* {{ C definitionStatus = (primitive defined), active = 1 }}",
        ),
        (
            "* {{ C effectiveTime >= (\"20250131\" \"\") }}",
            "* {{ C effectiveTime >= (\"20250131\" \"\") }}",
        ),
        (
            "^ 447562003 {{ M mapGroup = #2, mapTarget = \"J45.9\" }}",
            "^ 447562003 {{ M mapGroup = #2, mapTarget = \"J45.9\" }}",
        ),
        ("^ 447562003 {{ M active = \"*\" }}", "^ 447562003 {{ M active = * }}"),
        (
            "^ 447562003 {{ m sourceEffectiveTime < \"20250131\" }}",
            "^ 447562003 {{ M sourceEffectiveTime < \"20250131\" }}",
        ),
        ("<< 195967001 {{+HISTORY_min}}", "<< 195967001 {{ + HISTORY-MIN }}"),
        ("<< 195967001 {{ + history (*) }}", "<< 195967001 {{ + HISTORY (*) }}"),
        ("<< 195967001 {{ + HISTORY }}", "<< 195967001 {{ + HISTORY }}"),
    ] {
        assert_eq!(printed(text, Syntax::Brief), brief, "{text}");
        let long = printed(text, Syntax::Long);
        assert_eq!(printed(&long, Syntax::Brief), brief, "{long}");
    }
}

#[test]
fn long_syntax_is_words() {
    assert_eq!(
        printed("<< 404684003 : [1..*] R 363698007 != >! *", Syntax::Long),
        "descendantOrSelfOf 404684003 : [1 to many] reverseOf 363698007 NOT = parentOf ANY"
    );
}

#[test]
fn faults_say_where_and_what_was_expected() {
    for (text, line, column, part) in [
        ("", 1, 1, "expected a concept identifier"),
        ("<<", 1, 3, "expected a concept identifier"),
        ("<< abc", 1, 4, "found \"abc\""),
        ("<< 10200004 <<", 1, 13, "the end"),
        ("<< 128045006 OR << 10200004 AND << 64572001", 1, 29, "do not mix"),
        ("<< 128045006 MINUS << 10200004 MINUS << 64572001", 1, 32, "do not mix"),
        ("404684003 |no end", 1, 11, "no end"),
        ("404684003 ||", 1, 11, "found none"),
        ("12345", 1, 1, "6 to 18 digits"),
        ("012345678", 1, 1, "do not start with 0"),
        ("404684003\n  AND(404684004)", 2, 6, "a blank after AND"),
        ("404684003 /* open", 1, 11, "no end"),
        ("< < 404684003", 1, 3, "one operator at a time"),
        ("^ < 700043003", 1, 3, "one operator at a time"),
        ("(404684003", 1, 11, "\")\""),
        ("404684003 :", 1, 12, "expected"),
        ("404684003 : 363698007", 1, 22, "a comparison"),
        ("404684003 : 363698007 < 404684003", 1, 25, "\"#\" and a number"),
        ("404684003 : 363698007 = #05", 1, 26, "does not start with 0"),
        ("404684003 : [2..1] 363698007 = *", 1, 13, "above its upper bound"),
        ("404684003 : [1-2] 363698007 = *", 1, 15, "\"..\""),
        ("404684003 : { { 363698007 = * } }", 1, 15, "groups do not nest"),
        (
            "404684003 : 363698007 = * OR 363698008 = *, 363698009 = *",
            1,
            43,
            "do not mix",
        ),
        ("404684003 : 363698007 = \"a", 1, 25, "no end"),
        ("404684003 : 363698007 = \"\"", 1, 25, "found none"),
        ("404684003 : 363698007 = \"\\x\"", 1, 26, "backslash"),
        ("404684003 . 363698007 AND *", 1, 23, "need brackets"),
        ("* {{ X term = \"a\" }}", 1, 6, "\"D\", \"C\", \"M\""),
        ("* {{ C term = \"a\" }}", 1, 8, "a concept filter"),
        ("* {{ term = \"a\"", 1, 16, "}}"),
        ("* {{ C effectiveTime = \"20251301\" }}", 1, 24, "YYYYMMDD"),
        ("* {{ C active = 2 }}", 1, 17, "1, 0, true, false"),
        ("* {{ + HISTORY-ALL }}", 1, 16, "MIN, MOD or MAX"),
        ("* {{ + HISTORY }} {{ term = \"a\" }}", 1, 19, "nothing may follow"),
        ("* {{ term = \"a\" }} {{ M a = #1 }}", 1, 20, "stand before"),
        ("LOINC#", 1, 7, "an identifier of the scheme"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind, Kind::Syntax, "{text}: {error}");
        assert_eq!((error.line, error.column), (line, column), "{text}\n{error}");
        assert!(error.message.contains(part), "{text}\n{error}");
        assert!(error.excerpt.lines().last().unwrap().ends_with('^'), "{error}");
    }
}

#[test]
fn hostile_input_is_refused_quickly_and_without_a_deep_stack() {
    let refused = |text: &str| {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind, Kind::Limit, "{error}");
        assert!(error.message.contains("raise the limit"), "{error}");
    };
    refused(&"(".repeat(10_000));
    refused(&format!("{}*{}", "(".repeat(10_000), ")".repeat(10_000)));
    refused(&format!("* : {}* = *{}", "(".repeat(10_000), ")".repeat(10_000)));
    refused(&"* {{ C moduleId = ".repeat(10_000));
    refused(&"* {{ + HISTORY (".repeat(10_000));
    refused(&"* : * = (".repeat(10_000));
    refused(&"* OR ".repeat(2 << 20));
    // As deep as is allowed, on the stack that threads have.
    let deep = Limits::DEEPEST - 1;
    let text = format!("{}*{}", "(* : * = ".repeat(deep / 2 - 1), ")".repeat(deep / 2 - 1));
    let read = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let constraint = parse(&text).map_err(|error| error.to_string())?;
        let (_, index) = &super::world::worlds()[0];
        constraint.explain(index).map_err(|error| error.to_string())?;
        Ok::<String, String>(print(constraint.expression(), Syntax::Long))
    });
    assert!(read.unwrap().join().unwrap().unwrap().starts_with("(ANY"));
}

#[test]
fn long_lists_take_time_in_proportion() {
    let text = ["(<< 404684003 : (363698007 = *, 363698008 = *))"; 5_000].join(" OR ");
    assert!(parse(&text).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_answered(text in r#"[0-9<>!^R*|:{}=,+#"( )\[\].a-zA-Z/\\-]{0,80}"#) {
        if let Ok(constraint) = parse(&text) {
            for syntax in [Syntax::Brief, Syntax::Long] {
                let again = print(constraint.expression(), syntax);
                let read = parse(&again).unwrap();
                prop_assert_eq!(read.expression(), constraint.expression(), "{} -> {}", text, again);
            }
        }
    }

    #[test]
    fn any_unicode_is_answered(text in any::<String>()) {
        let _ = parse(&text);
        let _ = parse(&format!("404684003 |{text}"));
        let _ = parse(&format!("* {{{{ term = \"{text}\" }}}}"));
    }
}

#[test]
fn common_mistakes_are_told_with_what_was_probably_meant() {
    let mut untold = Vec::new();
    for (text, column, hint) in [
        // Refinements without their signs.
        ("< 404684003 363698007 = *", 13, "before attributes stands \":\""),
        ("< 404684003 << 363698007", 13, "joined by AND, OR or MINUS"),
        ("< 404684003 AND 363698007 = *", 27, "behind a concept and \":\""),
        ("363698007 = *", 11, "behind a concept and \":\""),
        ("< 404684003 : 363698007 = * 363698008 = *", 29, "joined by \",\" or OR"),
        (
            "< 404684003 : 363698007 = 123037004 : 363698008 = *",
            37,
            "stands in brackets",
        ),
        ("< 404684003 : 363698007 == *", 26, "a single \"=\""),
        ("< 404684003 : 363698007 => #5", 28, "written \">=\""),
        ("< 404684003 : 363698007 =< #5", 28, "written \"<=\""),
        ("< 404684003 : 363698007 = 5", 27, "write #5"),
        ("< 404684003 : 363698007 >= -2.5", 28, "write #-2.5"),
        ("< 404684003 : 363698007 ≥ #5", 25, "written \">=\""),
        ("< 404684003 : 363698007 [1..2] = *", 25, "before it"),
        ("< 404684003 : [1..] 363698007 = *", 19, "write \"*\""),
        ("< 404684003 : [..3] 363698007 = *", 16, "write 0"),
        // Words.
        ("<< diabetes", 4, "{{ term = \"...\" }}"),
        ("diabetes", 1, "{{ term = \"...\" }}"),
        ("Clinical finding |404684003|", 1, "{{ term = \"...\" }}"),
        ("|Clinical finding| 404684003", 1, "the identifier stands first"),
        ("404684003 Clinical finding", 11, "a term stands between bars"),
        ("< 404684003 : 363698007 = heart", 27, "text stands in double quotes"),
        ("descendentsOf 404684003", 1, "probably descendantOf is meant"),
        ("decendantOrSelf 404684003", 1, "probably descendantOrSelfOf is meant"),
        ("members 700043003", 1, "probably memberOf is meant"),
        ("<< 404684003 AND NOT << 64572001", 18, "stands behind MINUS"),
        ("<< 404684003 EXCEPT << 64572001", 14, "stands behind MINUS"),
        ("<< 404684003 WHERE 363698007 = *", 14, "stand behind \":\""),
        ("is-a 404684003", 1, "\"<<\""),
        ("AND << 404684003", 1, "what it joins is missing"),
        // Signs of elsewhere.
        ("<< 404684003 && << 64572001", 14, "AND is written as a word"),
        ("<< 404684003; << 64572001", 13, "a comma, or AND"),
        ("* {{ term = “heart” }}", 13, "straight double quotes"),
        ("* {{ term = 'heart' }}", 13, "in double quotes"),
        ("&lt;&lt; 404684003", 1, "HTML"),
        ("%3C%3C404684003", 1, "percent-encoded"),
        ("<<\u{a0}404684003", 3, "a blank that does not break"),
        // What is open or closed.
        ("(<< 404684003 OR << 64572001", 29, "the \"(\" at column 1 is not closed"),
        ("<< (404684003 OR (64572001)", 28, "the \"(\" at column 4 is not closed"),
        ("<< 404684003)", 13, "nothing is open that this closes"),
        ("< 404684003 : { 363698007 = *", 30, "the \"{\" at column 15 is not closed"),
        ("< 404684003 : 363698007 = *,", 29, "nothing stands behind the comma"),
        ("< 404684003 : { 363698007 = *, }", 32, "nothing stands behind the comma"),
        ("<< 404684003 OR", 16, "nothing stands behind OR"),
        // Filters.
        ("* { C active = 1 }", 3, "filters stand in two braces"),
        ("* {{ C active = 1 }", 19, "filters end with two braces"),
        ("* {{ term = heart }}", 13, "write \"heart\" in quotes"),
        ("* {{ C effectiveTime > 20240101 }}", 24, "write \"20240101\" in quotes"),
        ("* {{ C term = \"heart\" }}", 8, "{{ D term ... }}"),
        ("* {{ D definitionStatus = defined }}", 8, "{{ C definitionStatus ... }}"),
        ("* {{ D terms = \"heart\" }}", 8, "probably term is meant"),
        ("* {{ C definitonStatus = defined }}", 8, "probably definitionStatus is meant"),
        ("* {{ definitionStatus = defined }}", 6, "{{ C definitionStatus ... }}"),
        ("^ 447562003 [mapTarget]", 13, "right behind \"^\""),
    ] {
        let told = match parse(text) {
            Err(error) if error.column == column && error.message.contains(hint) => continue,
            told => told.map_or_else(|error| error.to_string(), |_| "nothing".to_owned()),
        };
        untold.push(format!("{text}\n{told}"));
    }
    assert!(untold.is_empty(), "{}", untold.join("\n\n"));
}
