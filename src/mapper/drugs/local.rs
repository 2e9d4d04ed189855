//! Labels as pharmacies outside America write them, brought into the English words of the other files: forms, devices and
//! routes in German, Dutch, French, Spanish and Italian, shorthand, salts written as one word with their substance, and
//! substances spelled as another language does.
//!
//! Only words that RxNorm does not know are touched, but for shorthand of release. Spellings meet by a rule (`ph` and
//! `f`, `y` and `i`, a vowel at the end, ...), not by a list, so that it holds for every substance. It decides nothing.

use super::names;
use std::collections::HashMap;
use std::sync::LazyLock;
use tern_index::text::fold;

/// Words of forms, devices and routes, folded and without their ending for number, and what stands for them.
const FORMS: &[(&str, &str)] = &[
    ("tabl", "tablet"),
    ("tbl", "tablet"),
    ("tablett", "tablet"),
    ("tah", "tablet"),
    ("comprime", "tablet"),
    ("comprimido", "tablet"),
    ("compress", "tablet"),
    ("cpr", "tablet"),
    ("dragee", "coated tablet"),
    ("filmtabl", "film coated tablet"),
    ("filmtablett", "film coated tablet"),
    ("ftbl", "film coated tablet"),
    ("brausetablett", "effervescent tablet"),
    ("bruistablett", "effervescent tablet"),
    ("bruistablet", "effervescent tablet"),
    ("schmelztablett", "orodispersible tablet"),
    ("smelttablet", "orodispersible tablet"),
    ("smelttablett", "orodispersible tablet"),
    ("odt", "orodispersible tablet"),
    ("kautablett", "chewable tablet"),
    ("kauwtablet", "chewable tablet"),
    ("kauwtablett", "chewable tablet"),
    ("retardtablett", "prolonged release tablet"),
    ("retardkapsel", "prolonged release capsule"),
    ("retard", "prolonged release"),
    ("ret", "prolonged release"),
    ("mga", "prolonged release"),
    ("magensaftresistent", "gastro resistant"),
    ("maagsapresistent", "gastro resistant"),
    ("gastrorresistent", "gastro resistant"),
    ("msr", "gastro resistant"),
    ("kapsel", "capsule"),
    ("kaps", "capsule"),
    ("kap", "capsule"),
    ("cps", "capsule"),
    ("gelul", "capsule"),
    ("capsula", "capsule"),
    ("hartkapsel", "hard capsule"),
    ("weichkapsel", "soft capsule"),
    ("ampull", "ampoule"),
    ("ampul", "ampoule"),
    ("amp", "ampoule"),
    ("ampolla", "ampoule"),
    ("fiala", "ampoule"),
    ("fial", "ampoule"),
    ("durchstechflasch", "vial"),
    ("spritz", "syringe"),
    ("fertigspritz", "prefilled syringe"),
    ("spuit", "syringe"),
    ("seringu", "syringe"),
    ("jeringa", "syringe"),
    ("siringa", "syringe"),
    ("fertigpen", "prefilled pen"),
    ("flexpen", "pen"),
    ("kwikpen", "pen"),
    ("solostar", "pen"),
    ("flextouch", "pen"),
    ("penfill", "cartridge"),
    ("injektion", "injection"),
    ("injekti", "injection"),
    ("injecti", "injection"),
    ("inyeccion", "injection"),
    ("iniezion", "injection"),
    ("inyectabl", "injection"),
    ("injektionslosung", "solution injection"),
    ("infusionslosung", "solution infusion"),
    ("injectievloeistof", "solution injection"),
    ("infusievloeistof", "solution infusion"),
    ("inf", "infusion"),
    ("infus", "infusion"),
    ("pulver", "powder"),
    ("poeder", "powder"),
    ("poudr", "powder"),
    ("polvo", "powder"),
    ("polver", "powder"),
    ("losung", "solution"),
    ("lsg", "solution"),
    ("oplossing", "solution"),
    ("solucion", "solution"),
    ("soluzion", "solution"),
    ("konzentrat", "concentrate"),
    ("concentraat", "concentrate"),
    ("suspensi", "suspension"),
    ("susp", "suspension"),
    ("tropf", "drop"),
    ("druppel", "drop"),
    ("goutt", "drop"),
    ("gota", "drop"),
    ("gocc", "drop"),
    ("gtt", "drop"),
    ("augentropf", "eye drop"),
    ("oogdruppel", "eye drop"),
    ("collyr", "eye drop"),
    ("colirio", "eye drop"),
    ("collirio", "eye drop"),
    ("augensalb", "eye ointment"),
    ("oogzalf", "eye ointment"),
    ("ohrentropf", "ear drop"),
    ("oordruppel", "ear drop"),
    ("nasenspray", "nasal spray"),
    ("neusspray", "nasal spray"),
    ("nasentropf", "nasal drop"),
    ("neusdruppel", "nasal drop"),
    ("salb", "ointment"),
    ("zalf", "ointment"),
    ("pommad", "ointment"),
    ("pomada", "ointment"),
    ("unguento", "ointment"),
    ("crem", "cream"),
    ("crema", "cream"),
    ("zapfch", "suppository"),
    ("zaepfch", "suppository"),
    ("suppositori", "suppository"),
    ("suppositorium", "suppository"),
    ("suppositoir", "suppository"),
    ("supositorio", "suppository"),
    ("zetpil", "suppository"),
    ("zetpill", "suppository"),
    ("klysma", "enema"),
    ("klistier", "enema"),
    ("pflaster", "patch"),
    ("pleister", "patch"),
    ("tts", "transdermal patch"),
    ("sirup", "syrup"),
    ("siroop", "syrup"),
    ("sirop", "syrup"),
    ("jarab", "syrup"),
    ("sciroppo", "syrup"),
    ("beutel", "sachet"),
    ("zakj", "sachet"),
    ("granulat", "granule"),
    ("granulaat", "granule"),
    ("inhalator", "inhaler"),
    ("dosieraerosol", "pressurised inhalation"),
    ("dosisaerosol", "pressurised inhalation"),
    ("mdi", "pressurised inhalation"),
    ("pmdi", "pressurised inhalation"),
    ("evohaler", "pressurised inhalation"),
    ("autohaler", "pressurised inhalation"),
    ("inhalationspulver", "inhalation powder"),
    ("inhalatiepoeder", "inhalation powder"),
    ("pulverinhalator", "inhalation powder"),
    ("dpi", "inhalation powder"),
    ("turbuhaler", "inhalation powder"),
    ("turbohaler", "inhalation powder"),
    ("accuhaler", "inhalation powder"),
    ("diskus", "inhalation powder"),
    ("easyhaler", "inhalation powder"),
    ("handihaler", "inhalation powder"),
    ("breezhaler", "inhalation powder"),
    ("novolizer", "inhalation powder"),
    ("ellipta", "inhalation powder"),
    ("nebul", "nebuliser"),
    ("neb", "nebuliser"),
    ("respul", "nebuliser"),
    ("inhalationslosung", "nebuliser"),
    ("fertiginhalat", "nebuliser"),
    ("vernevelvloeistof", "nebuliser"),
    ("peroral", "oral"),
    ("oraal", "oral"),
    ("intravenos", "intravenous"),
    ("intraveneus", "intravenous"),
    ("subkutan", "subcutaneous"),
    ("subcutaan", "subcutaneous"),
    ("intramuskular", "intramuscular"),
    ("intramusculair", "intramuscular"),
    ("vaginaltablett", "vaginal tablet"),
    ("vaginalcrem", "vaginal cream"),
    ("er", "extended release"),
    ("xr", "extended release"),
    ("xl", "extended release"),
    ("sr", "sustained release"),
    ("cr", "controlled release"),
    ("mr", "modified release"),
    ("ec", "enteric coated"),
];

/// Endings for number and gender that a word of [`FORMS`] may have.
const ENDINGS: [&str; 8] = ["", "s", "e", "n", "en", "es", "ten", "i"];

/// Names of substances that no rule of spelling brings to English.
const SUBSTANCES: &[(&str, &str)] = &[
    ("natrium", "sodium"),
    ("sodique", "sodium"),
    ("sodico", "sodium"),
    ("sodica", "sodium"),
    ("kalium", "potassium"),
    ("potassique", "potassium"),
    ("potasico", "potassium"),
    ("kalzium", "calcium"),
    ("chlorhydrate", "hydrochloride"),
    ("clorhidrato", "hydrochloride"),
    ("cloridrato", "hydrochloride"),
    ("cloruro", "chloride"),
    ("chlorure", "chloride"),
    ("hydrogencarbonat", "bicarbonate"),
    ("waterstofcarbonaat", "bicarbonate"),
    ("eisen", "iron"),
    ("ijzer", "iron"),
    ("ferro", "ferrous"),
    ("kochsalz", "sodium chloride"),
    ("ass", "aspirin"),
    ("acetylsalicylsaure", "aspirin"),
    ("acetylsalicylzuur", "aspirin"),
    ("folsaure", "folic acid"),
    ("foliumzuur", "folic acid"),
    ("ascorbinsaure", "ascorbic acid"),
    ("ascorbinezuur", "ascorbic acid"),
    ("valproinsaure", "valproate"),
    ("valproinezuur", "valproate"),
    ("valproaat", "valproate"),
    ("tranexamsaure", "tranexamic acid"),
    ("tranexaminezuur", "tranexamic acid"),
    ("zoledronsaure", "zoledronic acid"),
    ("zoledroninezuur", "zoledronic acid"),
    ("alendronsaure", "alendronate"),
    ("alendroninezuur", "alendronate"),
    ("fusidinsaure", "fusidate"),
    ("fusidinezuur", "fusidate"),
    ("clavulansaure", "clavulanate"),
    ("clavulaanzuur", "clavulanate"),
    ("clavulaan", "clavulanate"),
    ("amoxiclav", "amoxicillin clavulanate"),
    ("cotrim", "sulfamethoxazole trimethoprim"),
    ("ursodesoxycholsaure", "ursodiol"),
    ("ursodeoxycholic", "ursodiol"),
];

/// Fewest letters of a substance that is recognised by its skeleton, or that is left before a salt.
const LEAST: usize = 5;

/// What several spellings of one international name have in common: `Fenytoïne` and `phenytoin`, `Furosemida` and
/// `furosemide`. From the rules of the INN for other languages.
pub(super) fn skeleton(word: &str) -> String {
    let mut plain = word.to_owned();
    for (from, to) in [
        ("ph", "f"),
        ("th", "t"),
        ("ch", "k"),
        ("ae", "e"),
        ("oe", "e"),
        ("qu", "k"),
        ("c", "k"),
        ("y", "i"),
    ] {
        plain = plain.replace(from, to);
    }
    let mut found = String::with_capacity(plain.len());
    for letter in plain.chars() {
        if !found.ends_with(letter) {
            found.push(letter);
        }
    }
    let stem = found.trim_end_matches(['e', 'a', 'o']);
    stem.to_owned()
}

/// Words by their skeletons, without those that several words share.
#[derive(Debug, Default)]
pub(super) struct Spellings(HashMap<String, Option<String>>);

impl Spellings {
    /// Of the names that a release has, and those that are translated.
    pub fn of<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        let mut found: HashMap<String, Option<String>> = HashMap::new();
        for word in words.filter(|word| word.len() >= LEAST && word.bytes().all(|byte| byte.is_ascii_lowercase())) {
            let slot = found.entry(skeleton(word)).or_insert_with(|| Some(word.to_owned()));
            if slot.as_deref() != Some(word) {
                *slot = None;
            }
        }
        Self(found)
    }

    fn get(&self, word: &str) -> Option<&str> {
        let found = (word.len() >= LEAST).then(|| self.0.get(&skeleton(word)))?;
        found?.as_deref()
    }

    /// A word of a substance in English; a salt that is part of the word apart.
    fn substance(&self, word: &str, known: &dyn Fn(&str) -> bool) -> Option<String> {
        let whole = |part: &str| -> Option<String> {
            let listed = SUBSTANCES.iter().find(|(local, _)| *local == part);
            listed
                .map(|(_, english)| (*english).to_owned())
                .or_else(|| known(part).then(|| part.to_owned()))
                .or_else(|| self.get(part).map(str::to_owned))
                .or_else(|| names::salt_spelled(part).map(str::to_owned))
        };
        whole(word).or_else(|| {
            let cuts = word.char_indices().map(|(at, _)| at).filter(|at| *at >= LEAST);
            cuts.filter_map(|at| word.split_at_checked(at)).find_map(|(substance, salt)| {
                let salt = SUBSTANCES
                    .iter()
                    .find(|(local, english)| *local == salt && names::is_salt(english))
                    .map(|(_, english)| *english)
                    .or_else(|| names::salt_spelled(salt))?;
                Some(format!("{} {salt}", whole(substance)?))
            })
        })
    }

    /// A text in English words. `known` says whether a word is one of the release, `brand` whether two words name a brand.
    pub fn english(&self, text: &str, known: &dyn Fn(&str) -> bool, brand: &dyn Fn(&str, &str) -> bool) -> String {
        let folded = undotted(&fold(text));
        let mut found = String::with_capacity(folded.len() + 16);
        let (mut before, mut rest) = ("", folded.as_str());
        while let Some(first) = rest.chars().next() {
            let inside = |c: char| c.is_alphabetic() == first.is_alphabetic();
            let (run, after) = rest.split_at(rest.find(|c| !inside(c)).unwrap_or(rest.len()));
            rest = after;
            if !first.is_alphabetic() {
                found.push_str(run);
                continue;
            }
            let form = form(run).filter(|_| !brand(before, run));
            match form {
                Some(form) => found.push_str(form),
                None if known(run) => found.push_str(run),
                None => found.push_str(&self.substance(run, known).unwrap_or_else(|| run.to_owned())),
            }
            before = run;
        }
        found
    }
}

fn form(word: &str) -> Option<&'static str> {
    static BY_STEM: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| FORMS.iter().copied().collect());
    ENDINGS.iter().find_map(|ending| {
        let stem = word.strip_suffix(ending)?;
        // "e" and "n" alone would make words of two letters of any three.
        let whole = ending.is_empty() || stem.len() > 2;
        BY_STEM.get(stem).copied().filter(|_| whole)
    })
}

/// `i.v.`, `s.c.` and `I.E.` as one word.
fn undotted(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let at = |place: Option<usize>| place.and_then(|place| characters.get(place)).copied().unwrap_or(' ');
    let single = |place: usize| at(Some(place)).is_alphabetic() && !at(place.checked_sub(1)).is_alphabetic();
    let mut found = String::with_capacity(text.len());
    for (place, character) in characters.iter().enumerate() {
        let between = *character == '.'
            && place.checked_sub(1).is_some_and(single)
            && single(place + 1)
            && !at(Some(place + 2)).is_alphabetic();
        if !between {
            found.push(*character);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(text: &str) -> String {
        let release = [
            "metoprolol",
            "morphine",
            "phenytoin",
            "furosemide",
            "amoxicillin",
            "sodium",
            "chloride",
            "cardex",
        ];
        let known = |word: &str| release.contains(&word);
        let brand = |first: &str, second: &str| (first, second) == ("cardex", "xr");
        Spellings::of(release.into_iter()).english(text, &known, &brand)
    }

    #[test]
    fn forms_of_other_languages_become_english() {
        assert_eq!(english("40 mg Filmtabletten"), "40 mg film coated tablet");
        assert_eq!(english("Zetpillen 500 mg"), "suppository 500 mg");
        assert_eq!(english("10 mg/ml i.v. Amp."), "10 mg/ml iv. ampoule.");
        assert_eq!(english("100 I.E./ml"), "100 ie./ml");
        assert_eq!(english("Cardex XR 20 mg"), "cardex xr 20 mg", "a brand keeps its name");
    }

    #[test]
    fn substances_are_known_in_other_spellings() {
        assert_eq!(
            english("Metoprololsuccinat 47,5 mg ret."),
            "metoprolol succinate 47,5 mg prolonged release."
        );
        assert_eq!(english("Morphinhydrochlorid"), "morphine hydrochloride");
        assert_eq!(
            english("Fenytoïne / Furosemida / Amoxicilina"),
            "phenytoin / furosemide / amoxicillin"
        );
        assert_eq!(english("natriumchloride"), "sodium chloride");
        assert_eq!(english("zorvamid"), "zorvamid", "what is unknown stays");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
            let _ = english(&text);
        }
    }
}
