//! Just enough of Rust's lexical rules to tell code from comments and literals.
//!
//! The rules of the house look for words such as `unsafe`; a word in a comment or a message must not count. It
//! parses nothing: what is left is text of the same length, with the same lines.

/// The source with comments blanked out, and the insides of string and character literals too.
pub fn code_of(source: &str) -> String {
    let text: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut place = 0;
    while place < text.len() {
        let end = match (text[place], text.get(place + 1)) {
            ('/', Some('/')) => find(&text, place, &['\n']),
            ('/', Some('*')) => block_comment(&text, place),
            ('"', _) => string(&text, place),
            ('r', Some('"' | '#')) if !is_word(&text, place) => raw_string(&text, place).unwrap_or(place),
            ('\'', _) => character(&text, place).unwrap_or(place),
            _ => place,
        };
        if end == place {
            code.push(text[place]);
            place += 1;
        } else {
            code.extend(
                text[place..end]
                    .iter()
                    .map(|character| if *character == '\n' { '\n' } else { ' ' }),
            );
            place = end;
        }
    }
    code
}

/// Whether the character before `place` belongs to a word: the `r` of `for"` opens no raw string.
fn is_word(text: &[char], place: usize) -> bool {
    place > 0 && (text[place - 1].is_alphanumeric() || text[place - 1] == '_') && text[place - 1] != 'b'
}

fn find(text: &[char], from: usize, wanted: &[char]) -> usize {
    (from..text.len())
        .find(|place| text[*place..].starts_with(wanted))
        .unwrap_or(text.len())
}

fn block_comment(text: &[char], from: usize) -> usize {
    let (mut depth, mut place) = (0, from);
    while place < text.len() {
        if text[place..].starts_with(&['/', '*']) {
            depth += 1;
            place += 2;
        } else if text[place..].starts_with(&['*', '/']) {
            depth -= 1;
            place += 2;
            if depth == 0 {
                return place;
            }
        } else {
            place += 1;
        }
    }
    text.len()
}

fn string(text: &[char], from: usize) -> usize {
    let mut place = from + 1;
    while place < text.len() {
        match text[place] {
            '\\' => place += 2,
            '"' => return place + 1,
            _ => place += 1,
        }
    }
    text.len()
}

fn raw_string(text: &[char], from: usize) -> Option<usize> {
    let hashes = text[from + 1..].iter().take_while(|character| **character == '#').count();
    if text.get(from + 1 + hashes) != Some(&'"') {
        return None;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    Some(find(text, from + 2 + hashes, &end) + end.len()).map(|end| end.min(text.len()))
}

/// The end of a character literal; `None` for a lifetime.
fn character(text: &[char], from: usize) -> Option<usize> {
    if text.get(from + 1) == Some(&'\\') {
        return Some(find(text, from + 3, &['\'']) + 1);
    }
    (text.get(from + 2) == Some(&'\'')).then_some(from + 3)
}

#[test]
fn comments_and_literals_are_blanked_and_lines_stay() {
    let source = "let a = \"unsafe \\\" x\"; // unsafe\n/* un/*s*/afe */ fn f<'a>(c: char) { c == 'u'; c == '\\''; r#\"un\"safe\"#; }\nfor x in y {}";
    let code = code_of(source);
    assert!(!code.contains("un"), "{code}");
    assert!(code.contains("fn f<'a>(c: char)") && code.contains("for x in y {}"), "{code}");
    assert_eq!(code.lines().count(), source.lines().count());
}
