//! Names of substances: what RxNorm (USAN) says for an international name (INN, BAN), which words are salts, and
//! what short names of infusion fluids stand for.
//!
//! From public nomenclature (WHO INN lists, USAN Council, national names), never from an evaluation set. Both sides are words as
//! [`super::super::words`] gives them.

use super::local;
use super::strength::{Kind, Strength};
use crate::mapper::words::words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Names that differ between countries, and what RxNorm says.
const INTERNATIONAL: &[(&str, &str)] = &[
    ("paracetamol", "acetaminophen"),
    ("salbutamol", "albuterol"),
    ("levosalbutamol", "levalbuterol"),
    ("adrenaline", "epinephrine"),
    ("noradrenaline", "norepinephrine"),
    ("frusemide", "furosemide"),
    ("lignocaine", "lidocaine"),
    ("pethidine", "meperidine"),
    ("rifampicin", "rifampin"),
    ("glibenclamide", "glyburide"),
    ("ciclosporin", "cyclosporine"),
    ("cyclosporin", "cyclosporine"),
    ("aciclovir", "acyclovir"),
    ("valaciclovir", "valacyclovir"),
    ("cefalexin", "cephalexin"),
    ("cefradine", "cephradine"),
    ("beclometasone", "beclomethasone"),
    ("dexamfetamine", "dextroamphetamine"),
    ("amfetamine", "amphetamine"),
    ("metamfetamine", "methamphetamine"),
    ("isoprenaline", "isoproterenol"),
    ("orciprenaline", "metaproterenol"),
    ("phytomenadione", "vitamin k 1"),
    ("phytonadione", "vitamin k 1"),
    ("colecalciferol", "cholecalciferol"),
    ("oestradiol", "estradiol"),
    ("thyroxine", "levothyroxine"),
    ("suxamethonium", "succinylcholine"),
    ("glyceryl trinitrate", "nitroglycerin"),
    ("trinitrate", "nitroglycerin"),
    ("hyoscine", "scopolamine"),
    ("ergometrine", "ergonovine"),
    ("methylergometrine", "methylergonovine"),
    ("metamizole", "dipyrone"),
    ("chlorphenamine", "chlorpheniramine"),
    ("dexchlorphenamine", "dexchlorpheniramine"),
    ("amethocaine", "tetracaine"),
    ("benzylpenicillin", "penicillin g"),
    ("phenoxymethylpenicillin", "penicillin v"),
    ("mercaptamine", "cysteamine"),
    ("mesalazine", "mesalamine"),
    ("torasemide", "torsemide"),
    ("bendrofluazide", "bendroflumethiazide"),
    ("etacrynic acid", "ethacrynate"),
    ("chlortalidone", "chlorthalidone"),
    ("clomethiazole", "chlormethiazole"),
    ("clomifene", "clomiphene"),
    ("dosulepin", "dothiepin"),
    ("indometacin", "indomethacin"),
    ("ketorolac trometamol", "ketorolac tromethamine"),
    ("levomepromazine", "methotrimeprazine"),
    ("nicotinic acid", "niacin"),
    ("retinol", "vitamin a"),
    ("sodium cromoglicate", "cromolyn sodium"),
    ("cromoglicic acid", "cromolyn"),
    ("tetracosactide", "cosyntropin"),
    ("tiotixene", "thiothixene"),
    ("benzhexol", "trihexyphenidyl"),
    ("benzatropine", "benztropine"),
    ("valproic acid", "valproate"),
    ("vitamin c", "ascorbic acid"),
    ("chlormethine", "mechlorethamine"),
    ("hydroxycarbamide", "hydroxyurea"),
    ("tioguanine", "thioguanine"),
    ("dicycloverine", "dicyclomine"),
    ("eformoterol", "formoterol"),
    ("glycopyrronium", "glycopyrrolate"),
    ("glycopyrronium bromide", "glycopyrrolate"),
    ("lysine acetylsalicylate", "aspirin lysine"),
    ("oxetacaine", "oxethazaine"),
    ("oxybuprocaine", "benoxinate"),
    ("proxymetacaine", "proparacaine"),
    ("cinchocaine", "dibucaine"),
    ("pizotifen", "pizotyline"),
    ("riboflavine", "riboflavin"),
    ("simeticone", "simethicone"),
    ("dimeticone", "dimethicone"),
    ("dextropropoxyphene", "propoxyphene"),
    ("diamorphine", "heroin"),
    ("alimemazine", "trimeprazine"),
    ("carbocisteine", "carbocysteine"),
    ("stilboestrol", "diethylstilbestrol"),
    ("diethylstilboestrol", "diethylstilbestrol"),
    ("ethinylestradiol", "ethinyl estradiol"),
    ("ethinyloestradiol", "ethinyl estradiol"),
    ("norethisterone", "norethindrone"),
    ("colestyramine", "cholestyramine"),
    ("argipressin", "vasopressin"),
    ("desferrioxamine", "deferoxamine"),
    ("folinic acid", "leucovorin"),
    ("calcium folinate", "leucovorin"),
    ("calcium levofolinate", "levoleucovorin"),
    ("methylthioninium chloride", "methylene blue"),
    ("methylthioninium", "methylene blue"),
    ("sodium picosulfate", "picosulfate sodium"),
    ("macrogol", "polyethylene glycol"),
    ("mepacrine", "quinacrine"),
    ("pentamidine isetionate", "pentamidine isethionate"),
    ("co trimoxazole", "sulfamethoxazole trimethoprim"),
    ("cotrimoxazole", "sulfamethoxazole trimethoprim"),
    ("co amoxiclav", "amoxicillin clavulanate"),
    ("clavulanic acid", "clavulanate"),
    ("amoxycillin", "amoxicillin"),
    ("cefalotin", "cephalothin"),
    ("cefazoline", "cefazolin"),
    ("ceftriaxon", "ceftriaxone"),
    ("colistimethate", "colistin"),
    ("fusidic acid", "fusidate"),
    ("alendronic acid", "alendronate"),
    ("risedronic acid", "risedronate"),
    ("pamidronic acid", "pamidronate"),
    ("etidronic acid", "etidronate"),
    ("clodronic acid", "clodronate"),
    ("mycophenolic acid", "mycophenolate"),
    ("dextrose", "glucose"),
    ("ns", "sodium chloride"),
    ("saline", "sodium chloride"),
    ("kcl", "potassium chloride"),
    ("nacl", "sodium chloride"),
    ("nahco3", "sodium bicarbonate"),
    ("cacl2", "calcium chloride"),
    ("cacl", "calcium chloride"),
    ("asa", "aspirin"),
    ("acetylsalicylic acid", "aspirin"),
    ("apap", "acetaminophen"),
    ("hctz", "hydrochlorothiazide"),
    ("inh", "isoniazid"),
    ("mtx", "methotrexate"),
    ("tpa", "alteplase"),
    ("ntg", "nitroglycerin"),
    ("vit", "vitamin"),
    ("mgso4", "magnesium sulfate"),
    ("na bicarb", "sodium bicarbonate"),
    ("bicarb", "bicarbonate"),
    ("k acetate", "potassium acetate"),
    ("na acetate", "sodium acetate"),
    ("ca gluconate", "calcium gluconate"),
    ("ffp", "plasma"),
];

/// Salts, hydrates and esters, which RxNorm's names of clinical drugs may leave out or add.
const SALTS: &[&str] = &[
    "sodium",
    "potassium",
    "calcium",
    "magnesium",
    "hydrochloride",
    "hcl",
    "dihydrochloride",
    "sulfate",
    "acetate",
    "maleate",
    "fumarate",
    "tartrate",
    "bitartrate",
    "succinate",
    "mesylate",
    "mesilate",
    "besylate",
    "besilate",
    "tosylate",
    "tosilate",
    "phosphate",
    "citrate",
    "bromide",
    "hydrobromide",
    "chloride",
    "nitrate",
    "anhydrous",
    "monohydrate",
    "dihydrate",
    "trihydrate",
    "disodium",
    "hemihydrate",
    "medoxomil",
    "axetil",
    "proxetil",
    "dimeglumine",
    "meglumine",
    "tromethamine",
    "trometamol",
    "base",
    "malate",
    "dimaleate",
    "hemifumarate",
    "esylate",
    "esilate",
    "ditosylate",
    "edisylate",
    "isethionate",
    "isetionate",
    "arginine",
    "lysine",
    "olamine",
    "erbumine",
    "dipropionate",
    "pamoate",
    "embonate",
    "gluconate",
    "lactate",
    "trifenatate",
    "xinafoate",
    "furoate",
    "carbonate",
    "hyclate",
    "sesquihydrate",
    "hydrate",
    "camsylate",
    "dimesylate",
    "salt",
    "orotate",
    "aspartate",
    "iodide",
    "hydroiodide",
    "oxalate",
    "adipate",
    "sulfonate",
];

/// Short names of infusion fluids, without blanks, and what they stand for.
const FLUIDS: &[(&str, &str)] = &[
    ("d5w", "glucose 5 % injectable solution"),
    ("d10w", "glucose 10 % injectable solution"),
    ("d20w", "glucose 20 % injectable solution"),
    ("d50w", "glucose 50 % injectable solution"),
    ("d70w", "glucose 70 % injectable solution"),
    ("d50", "glucose 50 % injectable solution"),
    ("1/2ns", "sodium chloride 0.45 % injectable solution"),
    ("0.5ns", "sodium chloride 0.45 % injectable solution"),
    ("ns", "sodium chloride 0.9 % injectable solution"),
    ("d5ns", "glucose 5 % / sodium chloride 0.9 % injectable solution"),
    ("d5/ns", "glucose 5 % / sodium chloride 0.9 % injectable solution"),
    ("d51/2ns", "glucose 5 % / sodium chloride 0.45 % injectable solution"),
    ("d5/1/2ns", "glucose 5 % / sodium chloride 0.45 % injectable solution"),
    ("d5-1/2ns", "glucose 5 % / sodium chloride 0.45 % injectable solution"),
    ("swfi", "water injectable solution"),
    ("wfi", "water injectable solution"),
    (
        "lr",
        "calcium chloride / potassium chloride / sodium chloride / sodium lactate injectable solution",
    ),
    (
        "d5lr",
        "calcium chloride / glucose / potassium chloride / sodium chloride / sodium lactate injectable solution",
    ),
];

type Phrases = HashMap<String, Vec<(Vec<String>, Vec<String>)>>;

/// International names by their first word, longer names first.
static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let mut phrases = Phrases::new();
    for (local, ours) in INTERNATIONAL {
        let local = words(local);
        if let Some(first) = local.first().cloned() {
            phrases.entry(first).or_default().push((local, words(ours)));
        }
    }
    phrases
        .values_mut()
        .for_each(|entries| entries.sort_by_key(|(local, _)| std::cmp::Reverse(local.len())));
    phrases
});

/// Words with international names replaced by those of RxNorm.
pub(super) fn international(all: &[String]) -> Vec<String> {
    let mut found = Vec::with_capacity(all.len());
    let mut at = 0;
    while let Some(word) = all.get(at) {
        let rest = all.get(at..).unwrap_or_default();
        let entry = PHRASES
            .get(word)
            .and_then(|entries| entries.iter().find(|(local, _)| rest.starts_with(local)));
        match entry {
            Some((local, ours)) => {
                found.extend(ours.iter().cloned());
                at += local.len();
            }
            None => {
                found.push(word.clone());
                at += 1;
            }
        }
    }
    found
}

/// Whether a word names a salt, hydrate or ester.
pub(super) fn is_salt(word: &str) -> bool {
    SALTS.contains(&word)
}

/// Salts whose amount is stated in grams or in equivalents: their words, the mass of a mole in grams and its equivalents,
/// with the water that the salt is sold with.
const ELECTROLYTES: &[(&[&str], f64, f64)] = &[
    (&["potassium", "chloride"], 74.55, 1.0),
    (&["sodium", "chloride"], 58.44, 1.0),
    (&["sodium", "bicarbonate"], 84.01, 1.0),
    (&["potassium", "bicarbonate"], 100.12, 1.0),
    (&["calcium", "chloride"], 147.01, 2.0),
    (&["magnesium", "sulfate"], 246.47, 2.0),
    (&["magnesium", "chloride"], 203.3, 2.0),
    (&["sodium", "acetate"], 82.03, 1.0),
    (&["potassium", "acetate"], 98.14, 1.0),
    (&["sodium", "lactate"], 112.06, 1.0),
];

/// Salts that American labels state as another salt: metoprolol succinate 47.5 mg is sold as 50 mg there, the amount of tartrate.
const LABELLED: &[(&[&str], f64)] = &[(&["metoprolol", "succinate"], 50.0 / 47.5)];

/// Strengths in the other units in which labels state them.
pub(super) fn converted(name: &[String], strengths: &[Strength]) -> Vec<Strength> {
    let named = |salt: &[&str]| salt.iter().all(|word| name.iter().any(|other| other == word));
    let mut found = Vec::new();
    let [strength] = strengths else { return found };
    let mut add = |kind: Kind, amount: f64| {
        found.push(Strength {
            kind,
            amount,
            ..*strength
        })
    };
    if let Some((_, mass, equivalents)) = ELECTROLYTES.iter().find(|(salt, ..)| named(salt)) {
        let moles = match strength.kind {
            Kind::Mass => strength.amount / mass,
            Kind::Substance => strength.amount,
            Kind::Equivalents => strength.amount / equivalents,
            _ => return found,
        };
        for (kind, amount) in [
            (Kind::Mass, moles * mass),
            (Kind::Substance, moles),
            (Kind::Equivalents, moles * equivalents),
        ] {
            if kind != strength.kind {
                add(kind, amount);
            }
        }
    }
    let labelled = LABELLED.iter().find(|(salt, _)| named(salt) && strength.kind == Kind::Mass);
    if let Some((_, factor)) = labelled {
        add(Kind::Mass, strength.amount * factor);
    }
    found
}

/// The salt that a word names in the spelling of another language (`succinaat`, `hydrochlorid`).
pub(super) fn salt_spelled(word: &str) -> Option<&'static str> {
    static BY_SKELETON: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
        let long = SALTS.iter().filter(|salt| salt.len() > 4);
        long.map(|salt| (local::skeleton(salt), *salt)).collect()
    });
    (word.len() > 4).then(|| BY_SKELETON.get(&local::skeleton(word)).copied())?
}

/// The words that are translated by themselves.
pub(super) fn translated() -> impl Iterator<Item = &'static str> {
    INTERNATIONAL.iter().map(|(name, _)| *name).filter(|name| !name.contains(' '))
}

/// Words without salts; `None` when nothing changes or nothing is left.
pub(super) fn unsalted(all: &[String]) -> Option<Vec<String>> {
    let left: Vec<String> = all.iter().filter(|word| !is_salt(word)).cloned().collect();
    (!left.is_empty() && left.len() < all.len()).then_some(left)
}

/// What the short name of an infusion fluid stands for.
pub(super) fn fluid(text: &str) -> Option<&'static str> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    let entry = FLUIDS.iter().find(|(short, _)| *short == plain);
    entry.map(|(_, long)| *long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn international_names_become_those_of_rxnorm() {
        let ours = |text: &str| international(&words(text)).join(" ");
        assert_eq!(ours("Paracetamol"), "acetaminophen");
        assert_eq!(ours("co-trimoxazole"), "sulfamethoxazole trimethoprim");
        assert_eq!(ours("glyceryl trinitrate"), "nitroglycerin");
        assert_eq!(ours("zorvamide"), "zorvamide");
    }

    #[test]
    fn amounts_of_electrolytes_meet_in_any_unit() {
        let found = crate::mapper::drugs::strength::find("7.45 %").strengths;
        let converted = converted(&words("potassium chloride"), &found);
        let amounts: Vec<f64> = converted
            .iter()
            .map(|strength| (strength.amount * 100.0).round() / 100.0)
            .collect();
        assert_eq!(amounts, [1.0, 1.0]);
    }

    #[test]
    fn salts_and_fluids_are_known() {
        assert_eq!(
            unsalted(&words("plectarine hydrochloride")),
            Some(vec!["plectarine".to_owned()])
        );
        assert_eq!(unsalted(&words("sodium chloride")), None);
        assert_eq!(
            fluid("D5 1/2 NS"),
            Some("glucose 5 % / sodium chloride 0.45 % injectable solution")
        );
        assert_eq!(fluid("zorvamide"), None);
    }
}
