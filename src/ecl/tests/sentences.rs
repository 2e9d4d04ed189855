//! Sentences made from the grammar itself, with every freedom of layout and case that it gives: each is read, and written and
//! read again in both syntaxes.
//!
//! The grammar is written down here a second time, in a notation of its own, so that what the reader takes for granted
//! (blanks between words, the order of alternatives) shows. A quoted identifier of another scheme is left out where
//! the grammar can read it as text.

use crate::ecl::{Constraint, Limits, Syntax, print};
use crate::testing::Dice;
use proptest::prelude::*;

/// Rules: alternatives are separated by ` / `, parts by blanks. `_` is where blanks and comments may stand, `+` where they must; `'x'`
/// is a keyword in any case, `x?` may be left out, `x*` may stand up to twice, `x;1` is a list of `x` with blanks between
/// its items, in brackets or alone; other parts are rules or stand for themselves, `~` for a blank and `plus` for its sign.
const RULES: &[(&str, &str)] = &[
    (
        "whole",
        "_ refined _ / _ conjoined _ / _ disjoined _ / _ sub _ 'minus' + sub _ / _ dotted _ / _ sub _",
    ),
    ("refined", "sub _ : _ refinement"),
    ("conjoined", "sub _ and _ sub / sub _ and _ sub _ and _ sub"),
    ("disjoined", "sub _ 'or' + sub / sub _ 'or' + sub _ 'or' + sub"),
    ("dotted", "sub dot dot*"),
    ("dot", "_ . _ sub"),
    ("and", "'and' + / ,"),
    ("sub", "operator? base outer* history?"),
    ("operator", "symbol _ / word +"),
    ("symbol", "< / << / <! / <<! / > / >> / >! / >>! / !!> / !!<"),
    (
        "word",
        "'descendantOf' / 'descendantOrSelfOf' / 'childOf' / 'childOrSelfOf' / 'ancestorOf' / 'ancestorOrSelfOf' / 'parentOf' \
         / 'parentOrSelfOf' / 'top' / 'bottom'",
    ),
    (
        "base",
        "focus / focus / focus / containing _ focus inner* / member fields? _ focus inner*",
    ),
    ("containing", "^ 'R' / 'refsetContainingAny'"),
    ("member", "^ / 'memberOf'"),
    ("fields", "_ [ _ any _ ] / _ [ _ field _ ] / _ [ _ field _ , _ field _ ]"),
    ("field", "mapTarget / a / R / activeX"),
    ("any", "* / 'any'"),
    ("focus", "concept / concept / concept / any / other / nested"),
    ("nested", "( whole )"),
    ("concept", "id term?"),
    ("id", "404684003 / 123456 / 900000000000207008 / 999999999999999999"),
    ("term", "_ | _ words _ |"),
    ("words", "a / finding / (x) / {y} / #é中"),
    ("other", "scheme # code ~ term? / \" scheme # quoted \" term?"),
    ("scheme", "LOINC / a / R / 'any' / AND / A-b-1 / true / match / x0 / d-"),
    ("code", "54486-6 / A.b_c-9 / 1 / __ / . / -"),
    ("quoted", "54486-6 / (é) / a#b / |"),
    (
        "refinement",
        "part _ / part _ / part _ and _ part / part _ 'or' + part _ 'or' + part / ( _ refinement _ )",
    ),
    ("part", "attribute / attributes / group / ( _ refinement _ )"),
    ("attributes", "attribute / ( _ set _ )"),
    (
        "set",
        "attribute / attributes _ and _ attributes / attributes _ 'or' + attributes",
    ),
    ("group", "cardinality? { _ set _ }"),
    ("cardinality", "[ count ] _"),
    (
        "count",
        "0..0 / 1..* / 2..10 / 0..99999999999999999999999 / 1 + 'to' + 'many' / 3 + 'to' + 3",
    ),
    (
        "attribute",
        "cardinality? reverse? sub _ equal _ sub / cardinality? sub _ equal _ text;1 / sub _ equal _ bool / sub _ order _ # number",
    ),
    ("reverse", "'R' _ / 'reverseOf' _"),
    ("equal", "= / != / <> / 'not' _ ="),
    ("order", "equal / < / <= / > / >="),
    ("number", "0 / -5 / +10 / 0.0 / -12.050 / 123456789012345678901.1"),
    (
        "text",
        "\"a~b\" / \"é\" / \"\\\"\" / \"\\\\\" / \"\\*\" / \"#5\" / \"*\" / \"|\" / \"/*\" / \"(\" / \")\"",
    ),
    ("bool", "'true' / 'false'"),
    ("outer", "_ {{ _ 'c' _ cs _ }} / _ {{ _ 'd' _ ds _ }} / _ {{ _ ds _ }}"),
    ("inner", "_ {{ _ M _ ms _ }}"),
    ("cs", "cf / cf _ , _ cf"),
    ("ds", "df / df _ , _ df"),
    ("ms", "mf / mf _ , _ mf"),
    (
        "cf",
        "common / 'definitionStatusId' _ equal _ several / 'definitionStatus' _ equal _ status;1",
    ),
    ("status", "'primitive' / 'defined'"),
    (
        "several",
        "sub / ( _ concept + concept _ ) / ( _ concept + concept + concept _ )",
    ),
    (
        "common",
        "'moduleId' _ equal _ several / 'effectiveTime' _ order _ date;1 / 'active' _ equal _ state",
    ),
    ("state", "1 / 0 / true / false / any"),
    ("date", "\"\" / \"20250131\" / \"20241231\""),
    (
        "df",
        "common / 'term' _ equal _ sought;1 / 'language' _ equal _ language;1 / 'typeId' _ equal _ several \
         / 'type' _ equal _ type;1 / 'id' _ equal _ description;1 / dialect _ accepted? / dialect",
    ),
    ("sought", "words_sought / 'match' _ : _ words_sought / 'wild' _ : _ pattern"),
    (
        "words_sought",
        "\"heart~att\" / \"~é~\" / \"\\\"\" / \"\\\\x\" / \"*\" / \"o'b/(x)\"",
    ),
    ("pattern", "\"a*\" / \"*\" / \"\\*\" / \"a~b\" / \"\\\"\\\\\""),
    ("language", "en / SV"),
    (
        "type",
        "'syn' / 'fsn' / 'def' / 'synonym' / 'fullySpecifiedName' / 'definition'",
    ),
    ("description", "3032638017"),
    (
        "dialect",
        "'dialectId' _ equal _ sub / 'dialectId' _ equal _ ( _ concept accepted? + concept accepted? _ ) \
         / 'dialect' _ equal _ alias / 'dialect' _ equal _ ( _ alias accepted? + alias accepted? _ )",
    ),
    ("alias", "en-gb / EN-us / sv / x / en-x-nhs-1"),
    (
        "accepted",
        "_ ( _ concept + concept _ ) / _ ( _ acceptability _ ) / _ ( _ acceptability + acceptability _ )",
    ),
    ("acceptability", "'accept' / 'prefer' / 'acceptable' / 'preferred'"),
    (
        "mf",
        "common / field _ equal _ sub / field _ order _ # number / field _ equal _ sought;1 / field _ equal _ bool \
         / field _ order _ date;1",
    ),
    (
        "history",
        "_ {{ _ plus _ 'history' _ }} / _ {{ _ plus _ 'history-' profile _ }} / _ {{ _ plus _ 'history_' profile _ }} / _ {{ _ plus _ 'history' _ nested _ }}",
    ),
    ("profile", "'min' / 'mod' / 'max'"),
];

/// Rules nest no further once they are so deep.
const DEEP: usize = 14;

struct Maker {
    dice: Dice,
    text: String,
}

impl Maker {
    fn blanks(&mut self, needed: bool) {
        let all = ["", "", "", " ", "\t", "\r\n", "/**/", " /* OR ( \" é */ "];
        let some = if needed { &all[3..] } else { &all[..] };
        let chosen: &&str = self.dice.pick(some);
        self.text.push_str(chosen);
    }

    fn rule(&mut self, name: &str, depth: usize) {
        let Some((_, alternatives)) = RULES.iter().find(|(rule, _)| *rule == name) else {
            self.text.push_str(&name.replace('~', " "));
            return;
        };
        let alternatives: Vec<&str> = alternatives.split(" / ").map(str::trim).collect();
        let chosen = match name {
            _ if depth <= DEEP => self.dice.pick(&alternatives),
            "whole" | "several" => "sub",
            "focus" => "concept",
            "refinement" | "part" | "attributes" | "set" => "attribute",
            _ => self.dice.pick(&alternatives),
        };
        for part in chosen.split_ascii_whitespace() {
            self.part(part, depth + 1);
        }
    }

    fn part(&mut self, part: &str, depth: usize) {
        let deep = depth > DEEP;
        match part {
            "_" => self.blanks(false),
            "+" => self.blanks(true),
            "plus" => self.text.push('+'),
            _ => match (part.strip_suffix('?'), part.strip_suffix('*').filter(|rule| !rule.is_empty())) {
                (Some(rule), _) => {
                    if !deep && self.dice.one_in(4) {
                        self.rule(rule, depth);
                    }
                }
                (_, Some(rule)) if RULES.iter().any(|(name, _)| *name == rule) => {
                    while !deep && self.dice.one_in(6) {
                        self.rule(rule, depth);
                    }
                }
                _ => self.list_or_word(part, depth),
            },
        }
    }

    fn list_or_word(&mut self, part: &str, depth: usize) {
        if let Some(rule) = part.strip_suffix(";1") {
            if self.dice.one_in(2) {
                return self.rule(rule, depth);
            }
            self.text.push('(');
            self.blanks(false);
            self.rule(rule, depth);
            while self.dice.one_in(2) {
                self.blanks(true);
                self.rule(rule, depth);
            }
            self.blanks(false);
            self.text.push(')');
        } else if let Some(keyword) = part.strip_prefix('\'').and_then(|part| part.strip_suffix('\'')) {
            for letter in keyword.chars() {
                let upper = self.dice.one_in(2);
                self.text.push(if upper {
                    letter.to_ascii_uppercase()
                } else {
                    letter.to_ascii_lowercase()
                });
            }
        } else {
            self.rule(part, depth);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(4_000), ..ProptestConfig::default() })]
    #[test]
    fn sentences_of_the_grammar_are_read(seed in any::<u64>()) {
        let mut maker = Maker { dice: Dice(seed | 1), text: String::new() };
        maker.rule("whole", 0);
        let (text, limits) = (maker.text, Limits::default());
        let read = Constraint::parse(&text, &limits).unwrap_or_else(|error| panic!("{text}\n{error}"));
        for syntax in [Syntax::Brief, Syntax::Long] {
            let printed = print(read.expression(), syntax);
            let again = Constraint::parse(&printed, &limits).unwrap_or_else(|error| panic!("{text}\n{error}"));
            prop_assert_eq!(again.expression(), read.expression(), "{}", text);
        }
    }
}
