//! What a medical word is made of: its stem, and the organs and processes that its Greek and Latin parts name.
//!
//! `nephritic` and `nephritis` share a stem; `nephritis` is made of *kidney* and *inflammation*, which is how it meets
//! `inflammation of the kidney`. Both sides go through the same functions, so a wrong cut does little harm as long as it
//! is the same on both. It knows no context and no language but the Greek and Latin that medicine uses everywhere.

/// Endings of adjectives, nouns and participles with what is left of them, longest first within a family.
const ENDINGS: &[(&str, &str)] = &[
    ("itides", "it"),
    ("itis", "it"),
    ("itic", "it"),
    ("osis", ""),
    ("oses", ""),
    ("otic", ""),
    ("psis", "pt"),
    ("psy", "pt"),
    ("plasia", "plas"),
    ("plastic", "plas"),
    ("isation", ""),
    ("ization", ""),
    ("ational", ""),
    ("ation", ""),
    ("ative", ""),
    ("ated", ""),
    ("ating", ""),
    ("ement", ""),
    ("iency", ""),
    ("ience", ""),
    ("ient", ""),
    ("ancy", ""),
    ("ance", ""),
    ("ency", ""),
    ("ence", ""),
    ("ant", ""),
    ("ent", ""),
    ("ical", ""),
    ("eous", ""),
    ("ious", ""),
    ("ous", ""),
    ("ial", ""),
    ("eal", ""),
    ("ian", ""),
    ("ine", ""),
    ("ary", ""),
    ("ory", ""),
    ("ive", ""),
    ("ion", ""),
    ("ing", ""),
    ("ity", ""),
    ("al", ""),
    ("ar", ""),
    ("ic", ""),
    ("ia", ""),
    ("ed", ""),
    ("es", ""),
    ("is", ""),
    ("us", ""),
    ("um", ""),
    ("ae", ""),
    ("or", ""),
    ("y", ""),
    ("e", ""),
    ("a", ""),
    ("i", ""),
];

/// Letters that a stem keeps at least.
const STEM: usize = 4;

/// The stem of a normalised word; the word itself when it is short or no plain word.
pub fn stem(word: &str) -> String {
    if word.len() <= STEM || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    for (ending, rest) in ENDINGS {
        if let Some(start) = word.strip_suffix(ending)
            && start.len() >= STEM
        {
            return format!("{start}{rest}");
        }
    }
    word.to_owned()
}

/// Combining forms of organs and causes, with the plain word for each.
const ROOTS: &[(&str, &str)] = &[
    ("acous", "hearing"),
    ("aden", "gland"),
    ("adip", "fat"),
    ("angi", "vessel"),
    ("aort", "aorta"),
    ("append", "appendix"),
    ("arteri", "artery"),
    ("arthr", "joint"),
    ("bacter", "bacteria"),
    ("balan", "penis"),
    ("blephar", "eyelid"),
    ("bronch", "bronchus"),
    ("burs", "bursa"),
    ("calc", "calcium"),
    ("carcin", "cancer"),
    ("cardi", "heart"),
    ("cephal", "head"),
    ("cerebr", "brain"),
    ("cervic", "cervix"),
    ("cheil", "lip"),
    ("cholangi", "bile duct"),
    ("cholecyst", "gallbladder"),
    ("choledoch", "bile duct"),
    ("chondr", "cartilage"),
    ("col", "colon"),
    ("colp", "vagina"),
    ("conjunctiv", "conjunctiva"),
    ("cost", "rib"),
    ("crani", "skull"),
    ("cyst", "bladder"),
    ("dacryocyst", "lacrimal sac"),
    ("dacry", "lacrimal"),
    ("dent", "tooth"),
    ("derm", "skin"),
    ("dermat", "skin"),
    ("diverticul", "diverticulum"),
    ("duoden", "duodenum"),
    ("encephal", "brain"),
    ("enter", "intestine"),
    ("epididym", "epididymis"),
    ("esophag", "esophagus"),
    ("fasci", "fascia"),
    ("gastr", "stomach"),
    ("gingiv", "gum"),
    ("gloss", "tongue"),
    ("glyc", "glucose"),
    ("gynec", "female"),
    ("hem", "blood"),
    ("hemat", "blood"),
    ("hepat", "liver"),
    ("hidr", "sweat"),
    ("hydr", "fluid"),
    ("hyster", "uterus"),
    ("irid", "iris"),
    ("jejun", "jejunum"),
    ("kerat", "cornea"),
    ("laryng", "larynx"),
    ("leuk", "leukocyte"),
    ("lip", "fat"),
    ("lith", "calculus"),
    ("lymph", "lymph"),
    ("lymphaden", "lymph gland"),
    ("lymphangi", "lymph vessel"),
    ("mast", "breast"),
    ("mastoid", "mastoid"),
    ("mening", "meninges"),
    ("metr", "uterus"),
    ("mandibul", "jaw"),
    ("myc", "fungus"),
    ("myel", "marrow"),
    ("my", "muscle"),
    ("myos", "muscle"),
    ("myring", "eardrum"),
    ("nas", "nose"),
    ("nephr", "kidney"),
    ("neur", "nerve"),
    ("odont", "tooth"),
    ("onych", "nail"),
    ("oophor", "ovary"),
    ("ophthalm", "eye"),
    ("orchi", "testis"),
    ("orchid", "testis"),
    ("oste", "bone"),
    ("ot", "ear"),
    ("pancreat", "pancreas"),
    ("path", "disease"),
    ("peritone", "peritoneum"),
    ("pharyng", "pharynx"),
    ("phleb", "vein"),
    ("pleur", "pleura"),
    ("pneum", "lung"),
    ("pneumon", "lung"),
    ("poli", "gray matter"),
    ("proct", "rectum"),
    ("prostat", "prostate"),
    ("psych", "mental"),
    ("py", "pus"),
    ("pyel", "kidney pelvis"),
    ("rect", "rectum"),
    ("ren", "kidney"),
    ("retin", "retina"),
    ("rhin", "nose"),
    ("sacr", "sacrum"),
    ("salping", "tube"),
    ("scler", "sclera"),
    ("sial", "salivary"),
    ("sialaden", "salivary gland"),
    ("sinus", "sinus"),
    ("splen", "spleen"),
    ("spondyl", "spine"),
    ("stomat", "mouth"),
    ("synov", "synovium"),
    ("tars", "tarsus"),
    ("ten", "tendon"),
    ("tend", "tendon"),
    ("tendin", "tendon"),
    ("thorac", "chest"),
    ("thromb", "thrombus"),
    ("thym", "thymus"),
    ("thyr", "thyroid"),
    ("thyroid", "thyroid"),
    ("tonsill", "tonsil"),
    ("toxic", "poison"),
    ("trache", "trachea"),
    ("tympan", "eardrum"),
    ("typhl", "cecum"),
    ("ureter", "ureter"),
    ("urethr", "urethra"),
    ("ur", "urine"),
    ("uve", "uvea"),
    ("vagin", "vagina"),
    ("valvul", "valve"),
    ("vas", "vessel"),
    ("vascul", "vessel"),
    ("ven", "vein"),
    ("ventricul", "ventricle"),
    ("vesic", "bladder"),
    ("viscer", "viscera"),
    ("vulv", "vulva"),
];

/// What a word may begin with before its roots, with the plain word it stands for, if that says something.
const PREFIXES: &[(&str, &str)] = &[
    ("hyper", "high"),
    ("hypo", "low"),
    ("poly", "multiple"),
    ("pan", ""),
    ("peri", ""),
    ("endo", ""),
    ("epi", ""),
    ("para", ""),
    ("post", "after"),
    ("pre", "before"),
    ("intra", ""),
    ("extra", ""),
    ("sub", ""),
    ("supra", ""),
    ("an", ""),
    ("a", ""),
    ("dys", "abnormal"),
    ("brady", "slow"),
    ("tachy", "fast"),
    ("mega", "large"),
    ("micro", "small"),
    ("macro", "large"),
    ("hemi", "half"),
    ("oligo", "few"),
    ("neo", "new"),
];

/// Final parts with the process they name.
const PROCESSES: &[(&str, &str)] = &[
    ("itis", "inflammation"),
    ("itides", "inflammation"),
    ("oma", "tumor"),
    ("omata", "tumor"),
    ("pathy", "disease"),
    ("osis", ""),
    ("iasis", ""),
    ("lithiasis", "calculus"),
    ("algia", "pain"),
    ("dynia", "pain"),
    ("rrhagia", "hemorrhage"),
    ("rrhage", "hemorrhage"),
    ("rrhea", "discharge"),
    ("megaly", "enlargement"),
    ("malacia", "softening"),
    ("sclerosis", "sclerosis"),
    ("stenosis", "stenosis"),
    ("ectasis", "dilation"),
    ("ectasia", "dilation"),
    ("cele", "hernia"),
    ("ptosis", "prolapse"),
    ("plegia", "paralysis"),
    ("paresis", "paralysis"),
    ("penia", "deficiency"),
    ("cytosis", "excess"),
    ("emia", "blood"),
    ("uria", "urine"),
    ("ectomy", "excision"),
    ("otomy", "incision"),
    ("ostomy", "opening"),
    ("plasty", "repair"),
    ("pexy", "fixation"),
    ("rrhaphy", "suture"),
    ("scopy", "inspection"),
    ("graphy", "imaging"),
    ("centesis", "puncture"),
    ("desis", "fusion"),
    ("lysis", "destruction"),
    ("trophy", "growth"),
    ("plasia", "growth"),
    ("genesis", "origin"),
    ("spasm", "spasm"),
    ("pnea", "breathing"),
    ("phagia", "swallowing"),
    ("phasia", "speech"),
    ("opia", "vision"),
    ("opsia", "vision"),
    ("rrhexis", "rupture"),
    ("ia", ""),
    ("al", ""),
    ("ic", ""),
    ("itic", "inflammation"),
    ("pathic", "disease"),
    ("ous", ""),
    ("us", ""),
    ("y", ""),
];

/// Plain words for the parts of a compound: at least one root and a process, or two roots. Empty for other words.
pub fn parts(word: &str) -> Vec<&'static str> {
    if word.len() < 6 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let with_prefix = PREFIXES
        .iter()
        .filter_map(|(prefix, plain)| Some((word.strip_prefix(prefix)?, *plain)));
    for (rest, plain) in std::iter::once((word, "")).chain(with_prefix) {
        found.clear();
        if split(rest, &mut found, 0) {
            if !plain.is_empty() {
                found.push(plain);
            }
            let mut plain: Vec<&'static str> = found.iter().flat_map(|part| part.split(' ')).collect();
            plain.retain(|part| !part.is_empty());
            plain.dedup();
            return plain;
        }
    }
    Vec::new()
}

/// Cuts roots, each with an optional linking vowel, and one process at the end.
fn split(rest: &str, found: &mut Vec<&'static str>, roots: usize) -> bool {
    if roots > 0
        && let Some((_, plain)) = PROCESSES.iter().find(|(process, _)| *process == rest)
    {
        found.push(plain);
        return true;
    }
    if roots == 4 {
        return false;
    }
    let mut fitting: Vec<&(&str, &'static str)> = ROOTS.iter().filter(|(root, _)| rest.starts_with(root)).collect();
    fitting.sort_by_key(|(root, _)| std::cmp::Reverse(root.len()));
    for (root, plain) in fitting {
        let Some(after) = rest.strip_prefix(root) else { continue };
        let kept = found.len();
        found.push(plain);
        if split(after, found, roots + 1) {
            return true;
        }
        // "cardi" and "itis" share their vowel in "carditis".
        if root.ends_with('i')
            && let Some(shared) = rest.get(root.len() - 1..)
            && let Some((_, process)) = PROCESSES.iter().find(|(process, _)| *process == shared)
        {
            found.push(process);
            return true;
        }
        if let Some(linked) = after.strip_prefix(['o', 'i', 'a'])
            && split(linked, found, roots + 1)
        {
            return true;
        }
        found.truncate(kept);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjectives_meet_their_nouns() {
        for (noun, adjective) in [
            ("arthritis", "arthritic"),
            ("diabetes", "diabetic"),
            ("infection", "infectious"),
            ("hypertension", "hypertensive"),
            ("deficiency", "deficient"),
            ("epilepsy", "epileptic"),
            ("fibrosis", "fibrotic"),
            ("ovary", "ovarian"),
        ] {
            assert_eq!(stem(noun), stem(adjective), "{noun}");
        }
        assert_ne!(stem("arthritis"), stem("arthrosis"));
        assert_eq!(stem("hand"), "hand");
    }

    #[test]
    fn compounds_name_their_organs_and_processes() {
        assert_eq!(parts("nephritis"), ["kidney", "inflammation"]);
        assert_eq!(parts("cholecystolithiasis"), ["gallbladder", "calculus"]);
        assert_eq!(parts("osteoarthropathy"), ["bone", "joint", "disease"]);
        assert_eq!(parts("pancarditis"), ["heart", "inflammation"]);
        assert!(parts("fracture").is_empty());
        assert!(parts("hepat").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_word_has_a_stem_and_its_parts_are_plain_words(word in "\\PC{0,24}") {
            proptest::prop_assert!(stem(&word).len() <= word.len());
            proptest::prop_assert!(parts(&word).iter().all(|part| !part.is_empty() && !part.contains(' ')));
        }
    }
}
