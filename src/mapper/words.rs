//! Words as the mapper compares them: folded, split, lightly stemmed, British spellings made American.
//!
//! Both sides (vocabulary and source) go through the same functions, so it only matters that equal meanings
//! meet. Stemming stops at plurals: heavier stemming brings little for clinical names and costs precision.
//! It expands no abbreviation; that is [`super::abbreviations`].

use tern_index::text::fold;

/// Words that carry no meaning of their own in names of tests, drugs and diagnoses.
const STOP_WORDS: &[&str] = &[
    "in", "of", "by", "the", "and", "or", "for", "with", "to", "on", "from", "at", "as", "an", "per",
];

/// British (and older European) spellings and what stands for them, applied anywhere in a word.
const SPELLINGS: &[(&str, &str)] = &[
    ("haem", "hem"),
    ("aemia", "emia"),
    ("oedema", "edema"),
    ("oestr", "estr"),
    ("leuco", "leuko"),
    ("sulph", "sulf"),
    ("foet", "fet"),
    ("faec", "fec"),
    ("paed", "ped"),
    ("caec", "cec"),
    ("coel", "cel"),
    ("rrhoea", "rrhea"),
    ("anaes", "anes"),
    ("oesoph", "esoph"),
    ("tumour", "tumor"),
    ("orthopaedic", "orthopedic"),
];

/// Whole words with one preferred form.
const PREFERRED: &[(&str, &str)] = &[
    ("α", "alpha"),
    ("β", "beta"),
    ("γ", "gamma"),
    ("δ", "delta"),
    ("κ", "kappa"),
    ("λ", "lambda"),
    ("antibody", "ab"),
    ("antibodies", "ab"),
    ("abs", "ab"),
    ("antigen", "ag"),
    ("antigens", "ag"),
    ("ags", "ag"),
    ("viral", "virus"),
    ("percentage", "percent"),
    ("vit", "vitamin"),
    ("neutrophilic", "neutrophil"),
    ("grey", "gray"),
    ("centre", "center"),
    ("litre", "liter"),
];

/// The words of a text in order, stop words left out, each normalised. `%` and `#` become `percent` and `number`,
/// a decimal number stays one word.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut found = Vec::new();
    let mut word = String::new();
    let mut characters = folded.chars().peekable();
    while let Some(character) = characters.next() {
        let decimal_point = character == '.'
            && word.chars().all(|c| c.is_ascii_digit())
            && !word.is_empty()
            && characters.peek().is_some_and(char::is_ascii_digit);
        if character.is_alphanumeric() || decimal_point {
            word.push(character);
            continue;
        }
        push(&mut found, &mut word);
        match character {
            '%' => found.push("percent".to_owned()),
            '#' => found.push("number".to_owned()),
            // An apostrophe inside a name belongs to it: "crohn's" and "crohn" are one word.
            '\'' | '’' if characters.peek() == Some(&'s') => {
                characters.next();
                if characters.peek().is_some_and(|next| next.is_alphanumeric()) {
                    word.push('s');
                }
            }
            _ => {}
        }
    }
    push(&mut found, &mut word);
    found
}

fn push(found: &mut Vec<String>, word: &mut String) {
    if word.is_empty() {
        return;
    }
    let taken = std::mem::take(word);
    if !STOP_WORDS.contains(&taken.as_str()) {
        found.push(normalise(&taken));
    }
}

/// One folded word in the form in which it is compared.
pub(super) fn normalise(word: &str) -> String {
    if let Some((_, preferred)) = PREFERRED.iter().find(|(other, _)| *other == word) {
        return (*preferred).to_owned();
    }
    let mut normal = word.to_owned();
    if normal.len() > 4 {
        for (british, american) in SPELLINGS {
            if normal.contains(british) {
                normal = normal.replace(british, american);
            }
        }
    }
    singular(&normal).unwrap_or(normal)
}

/// The singular of an English plural; `None` when the word is none.
fn singular(word: &str) -> Option<String> {
    if word.len() < 4 || !word.is_ascii() || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    if ["ss", "us", "is", "as", "os"].iter().any(|end| word.ends_with(end)) {
        return None;
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return (stem.len() > 2).then(|| format!("{stem}y"));
    }
    for end in ["sses", "xes", "ches", "shes"] {
        if word.ends_with(end) {
            return word.strip_suffix("es").map(str::to_owned);
        }
    }
    word.strip_suffix('s').map(str::to_owned)
}

/// Whether a word tells variants of a thing apart (a number, a letter, `2a`, `igg`-like short words) so that a
/// match without it is doubtful.
pub(super) fn is_distinguishing(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit()) || word.chars().count() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_meet_in_one_form() {
        assert_eq!(words("Anti-Smooth Muscle Antibodies"), ["anti", "smooth", "muscle", "ab"]);
        assert_eq!(words("Haemoglobin A2, 0.5 mg"), ["hemoglobin", "a2", "0.5", "mg"]);
        assert_eq!(words("Lymphocytes %"), ["lymphocyte", "percent"]);
        assert_eq!(words("Crohn's disease of the colon"), ["crohn", "disease", "colon"]);
        assert_eq!(words("β-2 Microglobulin"), ["beta", "2", "microglobulin"]);
        assert_eq!(words("status diagnosis mass virus"), ["status", "diagnosis", "mass", "virus"]);
        assert_eq!(words(""), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_words_without_blanks(text in "\\PC{0,60}") {
            for word in words(&text) {
                proptest::prop_assert!(!word.is_empty() && !word.contains(char::is_whitespace));
            }
        }
    }
}
