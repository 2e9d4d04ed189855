//! What was probably meant: a remedy for the mistakes that are made most, told behind what was expected and found.
//!
//! The parser says where it stopped and what it could have read there. Whoever writes a constraint by hand more often
//! needs the next sentence: that text has quotes, that a colon is missing, which keyword looks like this one. It is found
//! from the place of the fault and the characters around it, and said only where it is clear; it changes no meaning.

use crate::ecl::ast::Hierarchy;
use crate::ecl::error::{Fault, Kind};
use crate::suggest;

/// Keywords that may stand before a concept.
const OPERATORS: [&str; 4] = ["memberOf", "refsetContainingAny", "reverseOf", "any"];

/// Names of filters, with the letter of the braces in which they stand; `?` for those that stand in several.
const FILTERS: [(&str, char); 12] = [
    ("term", 'D'),
    ("language", 'D'),
    ("type", 'D'),
    ("typeId", 'D'),
    ("dialect", 'D'),
    ("dialectId", 'D'),
    ("id", 'D'),
    ("definitionStatus", 'C'),
    ("definitionStatusId", 'C'),
    ("moduleId", '?'),
    ("effectiveTime", '?'),
    ("active", '?'),
];

/// Signs that other languages and word processors have for what has another sign here.
const SIGNS: [(&str, &str); 27] = [
    ("\u{201c}", "text stands in straight double quotes"),
    ("\u{201d}", "text stands in straight double quotes"),
    ("\u{201e}", "text stands in straight double quotes"),
    ("\u{ab}", "text stands in straight double quotes"),
    ("\u{2018}", "text stands in straight double quotes"),
    ("\u{2019}", "text stands in straight double quotes"),
    ("'", "text stands in double quotes"),
    ("`", "text stands in double quotes"),
    ("&lt;", "this is a sign of HTML: write \"<\" for \"&lt;\""),
    ("&gt;", "this is a sign of HTML: write \">\" for \"&gt;\""),
    ("&amp;", "this is a sign of HTML; AND is written as a word, or as \",\""),
    ("&quot;", "this is a sign of HTML: write a double quote for \"&quot;\""),
    ("&", "AND is written as a word, or as \",\""),
    ("||", "OR is written as a word"),
    (";", "a comma, or AND, joins what must all be so"),
    ("\u{2264}", "less or equal is written \"<=\""),
    ("\u{2265}", "greater or equal is written \">=\""),
    ("\u{2260}", "not equal is written \"!=\""),
    ("\u{ff1a}", "write a plain colon"),
    ("\u{ff0c}", "write a plain comma"),
    ("\u{2013}", "this is a dash; what is taken away stands behind MINUS"),
    ("\u{2014}", "this is a dash; what is taken away stands behind MINUS"),
    ("\u{2026}", "write two dots"),
    ("\u{a0}", "this is a blank that does not break; write a plain one"),
    ("\u{202f}", "this is a blank that does not break; write a plain one"),
    ("\u{200b}", "this is a blank without width; leave it out"),
    ("\u{feff}", "this is a mark of a file's encoding; leave it out"),
];

/// Words of other languages and of everyday speech.
const WORDS: [(&str, &str); 19] = [
    ("not", "what is not wanted stands behind MINUS"),
    ("but", "what is not wanted stands behind MINUS"),
    ("except", "what is not wanted stands behind MINUS"),
    ("excluding", "what is not wanted stands behind MINUS"),
    ("without", "what is not wanted stands behind MINUS"),
    ("xor", "only AND, OR and MINUS join sets"),
    ("union", "sets are joined by OR"),
    ("intersect", "what is in both sets is found with AND"),
    ("intersection", "what is in both sets is found with AND"),
    ("where", "attributes stand behind \":\""),
    ("with", "attributes stand behind \":\""),
    ("having", "attributes stand behind \":\""),
    ("is", "\"is a kind of\" is written \"<<\" before the concept"),
    ("isa", "\"is a kind of\" is written \"<<\" before the concept"),
    ("is-a", "\"is a kind of\" is written \"<<\" before the concept"),
    (
        "self",
        "a concept and all below it is \"<<\" or descendantOrSelfOf before the concept",
    ),
    ("in", "one of several values is written \"= (a OR b)\""),
    ("like", "words of terms are asked with {{ term = \"...\" }}"),
    ("contains", "words of terms are asked with {{ term = \"...\" }}"),
];

/// A fault with what was probably meant, where that is clear.
pub(super) fn hinted(text: &str, fault: Fault) -> Fault {
    if fault.kind != Kind::Syntax {
        return fault;
    }
    let Some((before, rest)) = text.split_at_checked(fault.position) else {
        return fault;
    };
    let place = Place {
        before: before.trim_end(),
        rest,
        message: &fault.message,
    };
    match place.hint() {
        Some(hint) => Fault::new(fault.kind, fault.position, format!("{}; {hint}", fault.message)),
        None => fault,
    }
}

/// Where the parser stopped.
struct Place<'t> {
    /// What stands before it, without the blanks at its end.
    before: &'t str,
    rest: &'t str,
    message: &'t str,
}

impl Place<'_> {
    fn hint(&self) -> Option<String> {
        let plain = |hint: &str| hint.to_owned();
        self.sign()
            .map(plain)
            .or_else(|| self.encoded().map(plain))
            .or_else(|| self.comparison().map(plain))
            .or_else(|| self.end())
            .or_else(|| self.bracket().map(plain))
            .or_else(|| self.number())
            .or_else(|| self.colon().map(plain))
            .or_else(|| self.filter())
            .or_else(|| self.word())
    }

    fn expects(&self, what: &str) -> bool {
        self.message.contains(what)
    }

    /// Whether a part of a set was expected.
    fn expects_concept(&self) -> bool {
        self.expects("expected a concept")
    }

    /// The letters, digits and dashes here.
    fn name(&self) -> &str {
        let inner = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_');
        let length = self.rest.find(|character| !inner(character)).unwrap_or(self.rest.len());
        self.rest.get(..length).unwrap_or("")
    }

    fn sign(&self) -> Option<&'static str> {
        let known = SIGNS.iter().find(|(sign, _)| self.rest.starts_with(sign));
        known.map(|(_, hint)| *hint)
    }

    fn encoded(&self) -> Option<&'static str> {
        let code = self.rest.strip_prefix('%')?.get(..2)?;
        let is_code = code.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_code.then_some("this is percent-encoded as in a URL; decode it first")
    }

    fn comparison(&self) -> Option<&'static str> {
        let first = self.rest.chars().next()?;
        if self.before.ends_with('=') && matches!(first, '=') {
            return Some("equality is a single \"=\"");
        }
        if self.before.ends_with("=>") || (self.before.ends_with('=') && first == '>') {
            return Some("greater or equal is written \">=\"");
        }
        (self.before.ends_with("=<") && self.expects_concept()).then_some("less or equal is written \"<=\"")
    }

    /// What is missing where the text ends too early.
    fn end(&self) -> Option<String> {
        let ends = self
            .rest
            .trim_start()
            .chars()
            .next()
            .is_none_or(|next| matches!(next, ')' | '}'));
        if !ends {
            return None;
        }
        if self.before.ends_with(',') {
            return Some("nothing stands behind the comma: leave it out, or add what belongs there".to_owned());
        }
        if !self.rest.trim().is_empty() {
            return None;
        }
        if let Some((place, open)) = unclosed(self.before) {
            let column = self
                .before
                .get(..place)
                .unwrap_or("")
                .chars()
                .rev()
                .take_while(|letter| *letter != '\n')
                .count()
                + 1;
            return Some(format!("the \"{open}\" at column {column} is not closed"));
        }
        let last = self.before.rsplit(|letter: char| !letter.is_ascii_alphabetic()).next()?;
        let joins = ["and", "or", "minus"].iter().any(|word| last.eq_ignore_ascii_case(word));
        joins.then(|| format!("nothing stands behind {}", last.to_ascii_uppercase()))
    }

    fn bracket(&self) -> Option<&'static str> {
        let opens = |letter: char| self.before.ends_with(letter);
        match self.rest.chars().next()? {
            ')' | '}' | ']' if unclosed(self.before).is_none() => Some("nothing is open that this closes"),
            '}' if self.expects("\"}}\"") => Some("filters end with two braces"),
            '{' if !opens('{') && !self.rest.starts_with("{{") && !opens(':') => match self.rest.contains('=') {
                true if self.expects("\"{{\"") => Some("filters stand in two braces, groups of attributes behind \":\""),
                _ => None,
            },
            '[' if self.expects("a comparison") => {
                Some("how often an attribute may be there is said before it: [1..3] attribute")
            }
            '[' if self.before.contains('^') => Some("fields are named right behind \"^\": ^ [field] reference set"),
            ']' if self.expects("a number of times") => Some("where there is no upper bound, write \"*\""),
            '.' if self.expects("a number of times") => Some("where there is no lower bound, write 0"),
            _ => None,
        }
    }

    /// Numbers have a sign before them, texts quotes around them.
    fn number(&self) -> Option<String> {
        let compared = self.before.ends_with(['=', '<', '>']);
        let signed = self.rest.strip_prefix(['-', '+']).unwrap_or(self.rest);
        let inner = |character: char| !(character.is_ascii_digit() || character == '.');
        let number = signed.get(..signed.find(inner).unwrap_or(signed.len()))?;
        let short = number.contains('.') || number.len() < 6;
        let is_number = number.starts_with(|first: char| first.is_ascii_digit()) && short;
        let wanted = self.expects("no SNOMED CT identifier") || self.expects_concept() || self.expects("\"#\" and a number");
        let unit = signed
            .get(number.len()..)
            .is_some_and(|behind| behind.starts_with(char::is_alphabetic));
        if compared && is_number && wanted && !unit {
            let number = number.trim_end_matches('.');
            let sign = self.rest.get(..self.rest.len() - signed.len()).unwrap_or("");
            return Some(format!("if a number is meant, write #{sign}{number}"));
        }
        None
    }

    /// A refinement without its colon, or a second one.
    fn colon(&self) -> Option<&'static str> {
        let first = self.rest.chars().next()?;
        let joins = self.expects("\":\"") || self.expects("the same operator");
        if first == '=' && (joins || self.expects("after MINUS")) {
            return Some("attributes and their values stand behind a concept and \":\", as in < A : B = C");
        }
        if first == ':' {
            return Some(
                "after the first \":\" attributes are joined by \",\"; a value that is refined itself stands in brackets",
            );
        }
        if !(first.is_ascii_digit() || matches!(first, '<' | '>' | '^' | '*' | '(')) {
            return None;
        }
        if joins {
            return Some(match self.rest.contains('=') {
                true => "before attributes stands \":\"; concepts are joined by AND, OR or MINUS",
                false => "concepts are joined by AND, OR or MINUS",
            });
        }
        (self.expects("\",\", \"AND\", \"OR\"")).then_some("attributes are joined by \",\" or OR")
    }

    /// A filter with another name, or in other braces.
    fn filter(&self) -> Option<String> {
        let name = self.name();
        if name.is_empty() {
            return None;
        }
        if self.expects("text in double quotes") || self.expects("a date in double quotes") {
            return Some(format!("write \"{name}\" in quotes"));
        }
        let wanted = match () {
            () if self.expects("expected a concept filter") => 'C',
            () if self.expects("expected a description filter") => 'D',
            () if self.expects("\"D\", \"C\", \"M\"") => '?',
            () => return None,
        };
        let (known, letter) = FILTERS
            .iter()
            .filter_map(|known| Some((distance(name, known.0)?, known)))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| *known)?;
        let exact = known.eq_ignore_ascii_case(name);
        match (wanted, letter) {
            (_, 'C' | 'D') if exact && letter != wanted => {
                let what = if letter == 'C' { "concepts" } else { "descriptions" };
                Some(format!("{known} is said of {what}: {{{{ {letter} {known} ... }}}}"))
            }
            _ if exact => None,
            _ => Some(format!("probably {known} is meant")),
        }
    }

    /// Words where a concept, or what joins concepts, was expected.
    fn word(&self) -> Option<String> {
        let name = self.name();
        if self.rest.starts_with('|') && self.expects_concept() {
            return Some("the identifier stands first, then its term between bars".to_owned());
        }
        let joined =
            self.expects_concept() || self.expects("\":\"") || self.expects("the same operator") || self.expects("the end");
        if !name.starts_with(char::is_alphabetic) || !joined {
            return None;
        }
        if let Some((_, hint)) = WORDS.iter().find(|(word, _)| name.eq_ignore_ascii_case(word)) {
            return Some((*hint).to_owned());
        }
        if !self.expects_concept() {
            return (self.before.ends_with(|last: char| last.is_ascii_digit()))
                .then(|| "a term stands between bars: 404684003 |Clinical finding|".to_owned());
        }
        let joint = ["and", "or", "minus"].iter().any(|word| name.eq_ignore_ascii_case(word));
        if joint {
            return Some("what it joins is missing".to_owned());
        }
        let long = Hierarchy::SPELLINGS.iter().map(|(_, _, long)| *long).chain(OPERATORS);
        let near = long
            .filter_map(|known| Some((distance(name, known)?, known)))
            .min_by_key(|(distance, _)| *distance);
        if let Some((_, known)) = near {
            return Some(format!("probably {known} is meant"));
        }
        if self.before.ends_with('=') {
            return Some("a concept is named by its identifier; text stands in double quotes".to_owned());
        }
        Some(
            "concepts are named by their identifiers; to find some by words of their terms, write * {{ term = \"...\" }}"
                .to_owned(),
        )
    }
}

/// The innermost bracket that is not closed, with its place. Terms, comments and texts are left out.
fn unclosed(text: &str) -> Option<(usize, &str)> {
    let mut open: Vec<(usize, &str, &str)> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let skipped = [("|", "|"), ("/*", "*/")].into_iter().find_map(|(start, end)| {
            let inside = rest.strip_prefix(start)?;
            Some(start.len() + inside.find(end).map_or(inside.len(), |length| length + end.len()))
        });
        if let Some(length) = skipped {
            at += length;
            continue;
        }
        if rest.starts_with('"') {
            at += quoted(rest);
            continue;
        }
        if let Some((_, _, close)) = open.last()
            && rest.starts_with(close)
        {
            at += close.len();
            open.pop();
            continue;
        }
        let opened = [("{{", "}}"), ("{", "}"), ("(", ")"), ("[", "]")]
            .into_iter()
            .find(|(opening, _)| rest.starts_with(opening));
        let length = rest.chars().next().map_or(1, char::len_utf8);
        at += match opened {
            Some((opening, close)) => {
                open.push((at, rest.get(..opening.len()).unwrap_or(""), close));
                opening.len()
            }
            None => length,
        };
    }
    open.last().map(|(place, opening, _)| (*place, *opening))
}

/// The length of the text in quotes at the start.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (place, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    rest.len()
}

/// How many letters a word must be changed by to be another, whatever the case; `None` where they are not alike.
fn distance(word: &str, known: &str) -> Option<usize> {
    let (word, known) = (word.to_ascii_lowercase(), known.to_ascii_lowercase());
    let most = if known.len() > 8 { 4 } else { known.len() / 4 };
    if word.len().abs_diff(known.len()) > most || word.len() > 64 {
        return None;
    }
    Some(suggest::distance(&word, &known)).filter(|distance| *distance <= most)
}
