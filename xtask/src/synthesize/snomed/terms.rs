//! Terms as clinicians write them, put together from the parts of Latin and Greek that their words are made of.
//!
//! The parts are common property of medicine; which of them come together is chance. Some words are spelt
//! differently in America and Britain, as in the real terminology.

use super::super::words::Random;

const ROOTS: [&str; 48] = [
    "cardi",
    "hepat",
    "nephr",
    "gastr",
    "enter",
    "derm",
    "neur",
    "my",
    "oste",
    "arthr",
    "pneum",
    "bronch",
    "rhin",
    "ot",
    "ophthalm",
    "kerat",
    "encephal",
    "mening",
    "angi",
    "phleb",
    "arteri",
    "lymph",
    "splen",
    "pancreat",
    "cholecyst",
    "col",
    "proct",
    "cyst",
    "ureter",
    "prostat",
    "orchi",
    "oophor",
    "metr",
    "salping",
    "mast",
    "thyr",
    "adren",
    "hypophys",
    "thym",
    "chondr",
    "tend",
    "burs",
    "spondyl",
    "crani",
    "stomat",
    "gingiv",
    "laryng",
    "pharyng",
];
const ENDINGS: [&str; 16] = [
    "itis",
    "osis",
    "opathy",
    "oma",
    "algia",
    "ectasia",
    "omalacia",
    "osclerosis",
    "orrhagia",
    "oplegia",
    "odynia",
    "ocele",
    "oschisis",
    "oplasia",
    "otrophy",
    "olith",
];
const ACTIONS: [&str; 14] = [
    "ectomy",
    "otomy",
    "ostomy",
    "oplasty",
    "oscopy",
    "ography",
    "opexy",
    "orrhaphy",
    "ocentesis",
    "otripsy",
    "olysis",
    "odesis",
    "ometry",
    "ogram",
];
const BEFORE: [&str; 14] = [
    "peri", "endo", "epi", "hypo", "hyper", "pan", "poly", "para", "sub", "inter", "retro", "micro", "pseudo", "dys",
];
const MODIFIERS: [&str; 28] = [
    "Acute",
    "Chronic",
    "Recurrent",
    "Congenital",
    "Acquired",
    "Primary",
    "Secondary",
    "Severe",
    "Mild",
    "Subacute",
    "Idiopathic",
    "Familial",
    "Traumatic",
    "Infective",
    "Allergic",
    "Drug-induced",
    "Postoperative",
    "Juvenile",
    "Diffuse",
    "Focal",
    "Bilateral",
    "Left",
    "Right",
    "Benign",
    "Malignant",
    "Suspected",
    "Relapsing",
    "Neonatal",
];
const PLACES: [&str; 24] = [
    "upper limb",
    "lower limb",
    "hand",
    "foot",
    "knee joint",
    "hip joint",
    "shoulder region",
    "thorax",
    "abdomen",
    "pelvis",
    "neck",
    "scalp",
    "cervical spine",
    "lumbar spine",
    "left lung",
    "right kidney",
    "anterior wall",
    "posterior wall",
    "proximal part",
    "distal end",
    "superior lobe",
    "inferior border",
    "lateral aspect",
    "medial surface",
];
const LINKS: [&str; 8] = [
    "of",
    "in",
    "due to",
    "following",
    "with",
    "without",
    "associated with",
    "caused by",
];
/// American and British spelling.
const SPELLINGS: [(&str, &str); 8] = [
    ("anemia", "anaemia"),
    ("edema", "oedema"),
    ("tumor", "tumour"),
    ("hemorrhage", "haemorrhage"),
    ("esophagus", "oesophagus"),
    ("fetal", "foetal"),
    ("leukemia", "leukaemia"),
    ("diarrhea", "diarrhoea"),
];

fn pick<'t>(from: &[&'t str], random: &mut Random) -> &'t str {
    from[random.below(from.len() as u32) as usize]
}

/// A word, in small letters.
pub fn word(action: bool, random: &mut Random) -> String {
    let mut word = String::new();
    if random.one_in(4) {
        word += pick(&BEFORE, random);
    }
    word += pick(&ROOTS, random);
    if random.one_in(4) {
        word.push('o');
        word += pick(&ROOTS, random);
    }
    word + pick(if action { &ACTIONS } else { &ENDINGS }, random)
}

/// A name of its own for a concept: modifiers, a word, perhaps a place and what it comes with.
pub fn name(action: bool, random: &mut Random) -> String {
    let mut name = String::new();
    for times in [2, 5] {
        if random.one_in(times) {
            name += pick(&MODIFIERS, random);
            name.push(' ');
        }
    }
    name += &word(action, random);
    if random.one_in(7) {
        name.push(' ');
        name += pick(&SPELLINGS.map(|(american, _)| american), random);
    }
    if random.one_in(2) {
        name += " of ";
        name += pick(&PLACES, random);
    }
    if random.one_in(3) {
        name.push(' ');
        name += pick(&LINKS, random);
        name.push(' ');
        name += &word(false, random);
    }
    capital(&name)
}

/// The first letter large, the others as they are after it.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters.as_str().to_lowercase().chars()).collect()
}

/// The name as the British spell it, where they spell it otherwise.
pub fn british(name: &str) -> Option<String> {
    let (american, british) = SPELLINGS.iter().find(|(american, _)| name.contains(american))?;
    Some(name.replace(american, british))
}

#[test]
fn names_are_words_and_the_same_from_the_same_seed() {
    let names = |seed| {
        (0..200)
            .map({
                let mut random = Random::new(seed);
                move |_| name(false, &mut random)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(names(1), names(1));
    assert_ne!(names(1), names(2));
    assert!(
        names(1)
            .iter()
            .all(|name| name.is_ascii() && name.starts_with(|c: char| c.is_ascii_uppercase()))
    );
    assert_eq!(british("Acute anemia of hand").as_deref(), Some("Acute anaemia of hand"));
}
