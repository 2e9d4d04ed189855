//! Dose forms and routes, from the words that labels, registers and RxNorm use.
//!
//! Three readings of the same words: a broad class that two sides must share ([`of`]), the finer form that a source states
//! ([`stated`]), and the dose form of an RxNorm name ([`dose_form`]). How a stated form and a dose form go together within
//! a class is learned, not written here.

/// What a drug is, as far as it matters for choosing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Tablet,
    Capsule,
    OralLiquid,
    OralPowder,
    Injection,
    Topical,
    Cream,
    Ointment,
    Gel,
    Patch,
    /// Inhaled, nothing more known.
    Inhalation,
    InhaledPowder,
    /// From a pressurised container, by the dose.
    InhaledAerosol,
    /// For a nebuliser.
    InhaledSolution,
    /// For the eye, nothing more known.
    Ophthalmic,
    EyeDrops,
    /// Ointments and gels for the eye.
    EyeOintment,
    Otic,
    Nasal,
    Rectal,
    Vaginal,
    Implant,
    /// By mouth, nothing more known.
    Oral,
}

impl Form {
    /// Its name in explanations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tablet => "tablet",
            Self::Capsule => "capsule",
            Self::OralLiquid => "oral liquid",
            Self::OralPowder => "oral powder",
            Self::Injection => "injection",
            Self::Topical => "topical",
            Self::Cream => "cream",
            Self::Ointment => "ointment",
            Self::Gel => "gel",
            Self::Patch => "patch",
            Self::Inhalation => "inhalation",
            Self::InhaledPowder => "inhaled powder",
            Self::InhaledAerosol => "inhaled aerosol",
            Self::InhaledSolution => "inhaled solution",
            Self::Ophthalmic => "ophthalmic",
            Self::EyeDrops => "eye drops",
            Self::EyeOintment => "eye ointment",
            Self::Otic => "otic",
            Self::Nasal => "nasal",
            Self::Rectal => "rectal",
            Self::Vaginal => "vaginal",
            Self::Implant => "implant",
            Self::Oral => "oral",
        }
    }
}

/// Words that decide, tried in this order: the first rule whose words are all there wins.
const RULES: &[(&[&str], Form)] = &[
    (&["powder", "capsule", "opening"], Form::OralPowder),
    (&["granule", "capsule", "opening"], Form::OralPowder),
    (&["powder", "inhalation"], Form::InhaledPowder),
    (&["powder", "inhaler"], Form::InhaledPowder),
    (&["powder", "inhalant"], Form::InhaledPowder),
    (&["vaginal"], Form::Vaginal),
    (&["pessary"], Form::Vaginal),
    (&["tablet"], Form::Tablet),
    (&["tab"], Form::Tablet),
    (&["caplet"], Form::Tablet),
    (&["lozenge"], Form::Tablet),
    (&["pill"], Form::Tablet),
    (&["nasal", "inhaler"], Form::Nasal),
    (&["nasal", "inhalant"], Form::Nasal),
    (&["nebuliser"], Form::InhaledSolution),
    (&["nebulizer"], Form::InhaledSolution),
    (&["nebulisation"], Form::InhaledSolution),
    (&["pressurised"], Form::InhaledAerosol),
    (&["metered", "inhaler"], Form::InhaledAerosol),
    (&["inhalation", "solution"], Form::InhaledSolution),
    (&["inhalation", "suspension"], Form::InhaledSolution),
    (&["inhalant", "solution"], Form::InhaledSolution),
    (&["inhalation"], Form::Inhalation),
    (&["inhalant"], Form::Inhalation),
    // An inhaler is a pressurised one by default; powders say so, or the name of their device does.
    (&["inhaler"], Form::InhaledAerosol),
    (&["capsule"], Form::Capsule),
    (&["cap"], Form::Capsule),
    (&["softgel"], Form::Capsule),
    (&["eye", "ointment"], Form::EyeOintment),
    (&["eye", "gel"], Form::EyeOintment),
    (&["ophthalmic", "ointment"], Form::EyeOintment),
    (&["ophthalmic", "gel"], Form::EyeOintment),
    (&["eye", "drop"], Form::EyeDrops),
    (&["ophthalmic", "drop"], Form::EyeDrops),
    (&["ophthalmic", "solution"], Form::EyeDrops),
    (&["ophthalmic", "suspension"], Form::EyeDrops),
    (&["eye"], Form::Ophthalmic),
    (&["ophthalmic"], Form::Ophthalmic),
    (&["ocular"], Form::Ophthalmic),
    (&["ear"], Form::Otic),
    (&["otic"], Form::Otic),
    (&["nasal"], Form::Nasal),
    (&["suppository"], Form::Rectal),
    (&["supp"], Form::Rectal),
    (&["rectal"], Form::Rectal),
    (&["enema"], Form::Rectal),
    (&["implant"], Form::Implant),
    (&["patch"], Form::Patch),
    (&["transdermal"], Form::Patch),
    (&["injection"], Form::Injection),
    (&["inj"], Form::Injection),
    (&["injectable"], Form::Injection),
    (&["infusion"], Form::Injection),
    (&["injector"], Form::Injection),
    (&["syringe"], Form::Injection),
    (&["cartridge"], Form::Injection),
    (&["vial"], Form::Injection),
    (&["ampoule"], Form::Injection),
    (&["intravenous"], Form::Injection),
    (&["subcutaneous"], Form::Injection),
    (&["intramuscular"], Form::Injection),
    (&["intravitreal"], Form::Injection),
    (&["pen"], Form::Injection),
    (&["iv"], Form::Injection),
    (&["im"], Form::Injection),
    (&["sc"], Form::Injection),
    (&["sq"], Form::Injection),
    (&["push"], Form::Injection),
    (&["drip"], Form::Injection),
    (&["continuous"], Form::Injection),
    (&["powder", "oral"], Form::OralPowder),
    (&["granule"], Form::OralPowder),
    (&["sachet"], Form::OralPowder),
    (&["oral", "solution"], Form::OralLiquid),
    (&["oral", "suspension"], Form::OralLiquid),
    (&["oral", "liquid"], Form::OralLiquid),
    (&["oral", "emulsion"], Form::OralLiquid),
    (&["syrup"], Form::OralLiquid),
    (&["elixir"], Form::OralLiquid),
    (&["oral", "drop"], Form::OralLiquid),
    (&["cream"], Form::Cream),
    (&["ointment"], Form::Ointment),
    (&["oint"], Form::Ointment),
    (&["gel"], Form::Gel),
    (&["lotion"], Form::Topical),
    (&["topical"], Form::Topical),
    (&["cutaneous"], Form::Topical),
    // What is suspended is drunk unless something else is said.
    (&["suspension"], Form::OralLiquid),
    (&["oral"], Form::Oral),
    (&["po"], Form::Oral),
];

/// Words that tell variants of a form apart.
const RELEASES: &[(&[&str], &str)] = &[
    (&["extended", "release"], "extended"),
    (&["prolonged", "release"], "extended"),
    (&["modified", "release"], "extended"),
    (&["sustained", "release"], "extended"),
    (&["controlled", "release"], "extended"),
    (&["xr"], "extended"),
    (&["xl"], "extended"),
    (&["er"], "extended"),
    (&["delayed", "release"], "delayed"),
    (&["gastro", "resistant"], "delayed"),
    (&["gastroresistant"], "delayed"),
    (&["enteric"], "delayed"),
    (&["ec"], "delayed"),
    (&["chewable"], "chewable"),
    (&["disintegrating"], "disintegrating"),
    (&["orodispersible"], "disintegrating"),
    (&["effervescent"], "effervescent"),
];

/// Words of forms and routes that name no ingredient.
const NOISE: &[&str] = &[
    "use",
    "hard",
    "soft",
    "film",
    "coated",
    "solution",
    "soln",
    "suspension",
    "susp",
    "powder",
    "solvent",
    "concentrate",
    "dispersion",
    "emulsion",
    "pre",
    "filled",
    "prefilled",
    "pen",
    "oral",
    "release",
    "extended",
    "prolonged",
    "delayed",
    "modified",
    "sustained",
    "resistant",
    "gastro",
    "product",
    "dose",
    "single",
    "multi",
    "med",
    "drug",
    "drop",
    "spray",
    "chewable",
    "disintegrating",
    "orodispersible",
    "effervescent",
    "topical",
    "system",
    "kit",
    "pack",
    "and",
    "liquid",
    "lipid",
    "dispersible",
    "sublingual",
    "buccal",
    "auto",
    "glass",
    "bottle",
    "blister",
    "bag",
    "metered",
    "dry",
    "strength",
    "lipo",
    "wafer",
    "strip",
    "foam",
    "shampoo",
    "pad",
    "mouthwash",
    "swab",
    "ocular",
    "dispensed",
    "pressurised",
    "opening",
];

/// Forms as sources state them, tried in this order: name for the feature, and the words that must all be there.
const STATED: &[(&str, &[&str])] = &[
    ("opened_capsule", &["capsule", "opening"]),
    ("vaginal", &["vaginal"]),
    ("sublingual_tablet", &["sublingual"]),
    ("buccal", &["buccal"]),
    ("orodispersible_tablet", &["orodispersible"]),
    ("orodispersible_tablet", &["disintegrating"]),
    ("chewable_tablet", &["chewable"]),
    ("effervescent_tablet", &["effervescent"]),
    ("soluble_tablet", &["dispersible"]),
    ("soluble_tablet", &["soluble", "tablet"]),
    ("prolonged_tablet", &["prolonged", "tablet"]),
    ("prolonged_tablet", &["extended", "tablet"]),
    ("prolonged_tablet", &["sustained", "tablet"]),
    ("prolonged_tablet", &["modified", "tablet"]),
    ("resistant_tablet", &["resistant", "tablet"]),
    ("resistant_tablet", &["delayed", "tablet"]),
    ("resistant_tablet", &["enteric", "tablet"]),
    ("coated_tablet", &["coated", "tablet"]),
    ("tablet", &["tablet"]),
    ("tablet", &["tab"]),
    ("tablet", &["caplet"]),
    ("inhalation_powder", &["inhalation", "powder"]),
    ("inhalation_powder", &["dry", "powder"]),
    ("nebuliser", &["nebuliser"]),
    ("nebuliser", &["nebulizer"]),
    ("nebuliser", &["nebulisation"]),
    ("pressurised_inhalation", &["pressurised"]),
    ("pressurised_inhalation", &["metered", "dose"]),
    ("inhalation", &["inhalation"]),
    // An inhaler is a pressurised one by default; powders say so, or the name of their device does.
    ("pressurised_inhalation", &["inhaler"]),
    ("prolonged_capsule", &["prolonged", "capsule"]),
    ("prolonged_capsule", &["extended", "capsule"]),
    ("prolonged_capsule", &["modified", "capsule"]),
    ("resistant_capsule", &["resistant", "capsule"]),
    ("resistant_capsule", &["delayed", "capsule"]),
    ("soft_capsule", &["capsule", "soft"]),
    ("capsule", &["capsule"]),
    ("capsule", &["cap"]),
    ("eye_ointment", &["eye", "ointment"]),
    ("eye_suspension", &["eye", "suspension"]),
    ("eye_drops", &["eye"]),
    ("eye_drops", &["ophthalmic"]),
    ("ear_drops", &["ear"]),
    ("nasal", &["nasal"]),
    ("rectal", &["suppository"]),
    ("rectal", &["rectal"]),
    ("implant", &["implant"]),
    ("patch", &["patch"]),
    ("patch", &["transdermal"]),
    ("pen", &["pen"]),
    ("syringe", &["syringe"]),
    ("cartridge", &["cartridge"]),
    ("powder_for_concentrate", &["powder", "concentrate"]),
    ("concentrate", &["concentrate"]),
    ("powder_for_suspension", &["powder", "suspension", "injection"]),
    ("powder_for_injection", &["powder", "injection"]),
    ("powder_for_infusion", &["powder", "infusion"]),
    ("prolonged_injection", &["prolonged", "injection"]),
    ("injected_suspension", &["suspension", "injection"]),
    ("injected_emulsion", &["emulsion", "injection"]),
    ("injected_emulsion", &["emulsion", "infusion"]),
    ("injection_or_infusion", &["injection", "infusion"]),
    ("infusion", &["infusion"]),
    ("injected_solution", &["injection"]),
    ("injected_solution", &["inj"]),
    ("powder_for_oral_suspension", &["powder", "oral", "suspension"]),
    ("powder_for_oral_solution", &["powder", "oral", "solution"]),
    ("oral_powder", &["powder", "oral"]),
    ("granules_for_suspension", &["granule", "suspension"]),
    ("granules", &["granule"]),
    ("oral_suspension", &["oral", "suspension"]),
    ("oral_solution", &["oral", "solution"]),
    ("oral_solution", &["syrup"]),
    ("oral_drops", &["oral", "drop"]),
    ("cream", &["cream"]),
    ("ointment", &["ointment"]),
    ("gel", &["gel"]),
    ("cutaneous", &["cutaneous"]),
    ("cutaneous", &["topical"]),
];

/// Dose forms of RxNorm that are told apart, tried in this order on the words of a name.
const DOSE_FORMS: &[&[&str]] = &[
    &["prefilled", "syringe"],
    &["auto", "injector"],
    &["pen", "injector"],
    &["cartridge"],
    &["injectable", "solution"],
    &["injectable", "suspension"],
    &["injectable", "product"],
    &["injection"],
    &["extended", "release", "chewable"],
    &["extended", "release", "tablet"],
    &["extended", "release", "capsule"],
    &["extended", "release", "suspension"],
    &["delayed", "release", "tablet"],
    &["delayed", "release", "capsule"],
    &["delayed", "release"],
    &["enteric", "coated"],
    &["effervescent"],
    &["disintegrating"],
    &["chewable"],
    &["sublingual"],
    &["buccal"],
    &["tablet", "suspension"],
    &["oral", "tablet"],
    &["oral", "capsule"],
    &["granule"],
    &["pellet"],
    &["powder", "oral", "solution"],
    &["powder", "oral", "suspension"],
    &["oral", "solution"],
    &["oral", "suspension"],
    &["oral", "powder"],
    &["oral", "film"],
    &["oral", "product"],
    &["pill"],
    &["dry", "powder", "inhaler"],
    &["metered", "dose", "inhaler"],
    &["inhalation", "powder"],
    &["inhalant", "powder"],
    &["inhalation", "solution"],
    &["inhalant", "solution"],
    &["inhalation", "suspension"],
    &["inhalation"],
    &["inhalant"],
    &["nasal", "spray"],
    &["nasal"],
    &["ophthalmic", "solution"],
    &["ophthalmic", "suspension"],
    &["ophthalmic"],
    &["otic"],
    &["rectal"],
    &["vaginal"],
    &["implant"],
    &["intrauterine"],
    &["transdermal", "system"],
    &["patch"],
    &["cream"],
    &["ointment"],
    &["gel"],
    &["topical"],
];

fn all_there(wanted: &[&str], words: &[String]) -> bool {
    wanted.iter().all(|word| words.iter().any(|other| other == word))
}

/// The class of a text's form; `None` where nothing is said.
pub(super) fn of(words: &[String]) -> Option<Form> {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    if has("non") && (has("iv") || has("injection")) {
        return Some(Form::Oral);
    }
    let rule = RULES.iter().find(|(wanted, _)| all_there(wanted, words));
    rule.map(|(_, form)| *form)
}

/// The release of a text's form; "" for the plain one.
pub(super) fn release(words: &[String]) -> &'static str {
    let rule = RELEASES.iter().find(|(wanted, _)| all_there(wanted, words));
    rule.map_or("", |(_, release)| release)
}

/// Whether a word belongs to a form or route rather than to a name.
pub(super) fn is_noise(word: &str) -> bool {
    NOISE.contains(&word) || RULES.iter().any(|(wanted, _)| wanted.contains(&word))
}

/// Names of the forms that sources state; the last is for none of them.
pub(super) fn stated_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in STATED {
        if !names.contains(name) {
            names.push(name);
        }
    }
    names.push("none");
    names
}

/// The form that a text states: a place in [`stated_names`].
pub(super) fn stated(words: &[String], names: &[&'static str]) -> usize {
    let name = STATED
        .iter()
        .find(|(_, wanted)| all_there(wanted, words))
        .map(|(name, _)| *name);
    let place = name.and_then(|name| names.iter().position(|other| *other == name));
    place.unwrap_or(names.len().saturating_sub(1))
}

/// Names of the dose forms that are told apart; the last is for any other.
pub(super) fn dose_form_names() -> Vec<String> {
    let named = DOSE_FORMS.iter().map(|form| form.join("_"));
    named.chain(std::iter::once("other".to_owned())).collect()
}

/// The dose form of a name's words: a place in [`dose_form_names`].
pub(super) fn dose_form(words: &[String]) -> usize {
    let place = DOSE_FORMS.iter().position(|wanted| all_there(wanted, words));
    place.unwrap_or(DOSE_FORMS.len())
}

/// Routes that change which of several dose forms is meant; the last is for none of them.
pub(super) const ROUTES: [&str; 6] = ["intravenous", "subcutaneous", "intramuscular", "oral", "other", "none"];

/// The route that words state, a place in [`ROUTES`]. Several routes of injection are the first of them.
pub(super) fn route(words: &[String]) -> usize {
    let has = |all: &[&str]| all.iter().any(|wanted| words.iter().any(|word| word == wanted));
    if has(&["intravenous", "iv"]) {
        0
    } else if has(&["subcutaneous", "sc", "sq", "subcut"]) {
        1
    } else if has(&["intramuscular", "im"]) {
        2
    } else if has(&["oral", "po"]) {
        3
    } else if words.is_empty() {
        5
    } else {
        4
    }
}

/// The unspecific class of a form.
fn broad(form: Form) -> Option<Form> {
    match form {
        Form::Cream | Form::Ointment | Form::Gel => Some(Form::Topical),
        Form::InhaledPowder | Form::InhaledAerosol | Form::InhaledSolution => Some(Form::Inhalation),
        Form::EyeDrops | Form::EyeOintment => Some(Form::Ophthalmic),
        _ => None,
    }
}

/// How well two classes fit: 1 the same, 0.6 one is unspecific of the other, 0 not.
pub(super) fn affinity(source: Form, target: Form) -> f32 {
    use Form as F;
    match (source, target) {
        (left, right) if left == right => 1.0,
        (F::Oral, F::Tablet | F::Capsule | F::OralLiquid | F::OralPowder) => 0.6,
        (F::Tablet | F::Capsule | F::OralLiquid | F::OralPowder, F::Oral) => 0.6,
        (F::OralPowder, F::OralLiquid) | (F::OralLiquid, F::OralPowder) => 0.6,
        (left, right) if broad(left) == Some(right) || broad(right) == Some(left) => 0.6,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::words::words;

    #[test]
    fn forms_of_two_registers_meet() {
        assert_eq!(of(&words("Film-coated tablet")), of(&words("Oral Tablet")));
        assert_eq!(
            of(&words("Powder and solvent for solution for injection")),
            of(&words("Injection"))
        );
        assert_eq!(of(&words("Oral solution")), Some(Form::OralLiquid));
        assert_eq!(of(&words("Non Iv Meds")), Some(Form::Oral));
        assert_eq!(of(&words("widget")), None);
        let fit = |left: &str, right: &str| {
            of(&words(left))
                .zip(of(&words(right)))
                .map(|(left, right)| affinity(left, right))
        };
        assert_eq!(fit("Pressurised inhalation, suspension", "Metered Dose Inhaler"), Some(1.0));
        assert_eq!(fit("pressurised inhalation", "Dry Powder Inhaler"), Some(0.0));
        assert_eq!(fit("inhaler", "Inhalation Powder"), Some(0.0));
        assert_eq!(fit("inhaler", "Metered Dose Inhaler"), Some(1.0));
        assert_eq!(fit("eye drops", "Ophthalmic Gel"), Some(0.0));
        assert_eq!(fit("1 % cream", "Topical Product"), Some(0.6));
        assert_eq!(
            release(&words("Prolonged-release tablet")),
            release(&words("Extended Release Oral Tablet"))
        );
    }

    #[test]
    fn forms_have_names() {
        let (stated_names, dose_forms) = (stated_names(), dose_form_names());
        let said = |text: &str| stated_names[stated(&words(text), &stated_names)];
        assert_eq!(said("Gastro-resistant capsule, hard"), "resistant_capsule");
        assert_eq!(said("Solution for injection in pre-filled pen"), "pen");
        assert_eq!(said("widget"), "none");
        let meant = |text: &str| dose_forms[dose_form(&words(text))].clone();
        assert_eq!(
            meant("24 HR zorvamide 3 MG Extended Release Oral Tablet"),
            "extended_release_tablet"
        );
        assert_eq!(meant("zorvamide 3 MG"), "other");
    }

    #[test]
    fn routes_are_read() {
        assert_eq!(ROUTES[route(&words("Subcutaneous use"))], "subcutaneous");
        assert_eq!(ROUTES[route(&words("Subcutaneous or intravenous use"))], "intravenous");
        assert_eq!(ROUTES[route(&words(""))], "none");
        assert_eq!(ROUTES[route(&words("Cutaneous use"))], "other");
    }
}
