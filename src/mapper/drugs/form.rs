//! Dose forms and routes as classes, from the words that labels, registers and RxNorm use.

/// What a drug is, as far as it matters for choosing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Tablet,
    Capsule,
    OralLiquid,
    OralPowder,
    Injection,
    Topical,
    Patch,
    Inhalation,
    Ophthalmic,
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
            Self::Patch => "patch",
            Self::Inhalation => "inhalation",
            Self::Ophthalmic => "ophthalmic",
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
    (&["tablet"], Form::Tablet),
    (&["tab"], Form::Tablet),
    (&["caplet"], Form::Tablet),
    (&["lozenge"], Form::Tablet),
    (&["pill"], Form::Tablet),
    (&["powder", "inhalation"], Form::Inhalation),
    (&["inhalation"], Form::Inhalation),
    (&["inhalant"], Form::Inhalation),
    (&["inhaler"], Form::Inhalation),
    (&["nebuliser"], Form::Inhalation),
    (&["nebulizer"], Form::Inhalation),
    (&["nebulisation"], Form::Inhalation),
    (&["capsule"], Form::Capsule),
    (&["cap"], Form::Capsule),
    (&["eye"], Form::Ophthalmic),
    (&["ophthalmic"], Form::Ophthalmic),
    (&["ocular"], Form::Ophthalmic),
    (&["ear"], Form::Otic),
    (&["otic"], Form::Otic),
    (&["nasal"], Form::Nasal),
    (&["suppository"], Form::Rectal),
    (&["rectal"], Form::Rectal),
    (&["enema"], Form::Rectal),
    (&["vaginal"], Form::Vaginal),
    (&["implant"], Form::Implant),
    (&["patch"], Form::Patch),
    (&["transdermal"], Form::Patch),
    (&["injection"], Form::Injection),
    (&["injectable"], Form::Injection),
    (&["infusion"], Form::Injection),
    (&["injector"], Form::Injection),
    (&["syringe"], Form::Injection),
    (&["cartridge"], Form::Injection),
    (&["vial"], Form::Injection),
    (&["intravenous"], Form::Injection),
    (&["subcutaneous"], Form::Injection),
    (&["intramuscular"], Form::Injection),
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
    (&["syrup"], Form::OralLiquid),
    (&["elixir"], Form::OralLiquid),
    (&["oral", "drop"], Form::OralLiquid),
    (&["cream"], Form::Topical),
    (&["ointment"], Form::Topical),
    (&["gel"], Form::Topical),
    (&["lotion"], Form::Topical),
    (&["topical"], Form::Topical),
    (&["cutaneous"], Form::Topical),
    (&["oral"], Form::Oral),
    (&["po"], Form::Oral),
];

/// Words that tell variants of a form apart.
const RELEASES: &[(&[&str], &str)] = &[
    (&["extended", "release"], "extended"),
    (&["prolonged", "release"], "extended"),
    (&["modified", "release"], "extended"),
    (&["sustained", "release"], "extended"),
    (&["xr"], "extended"),
    (&["er"], "extended"),
    (&["delayed", "release"], "delayed"),
    (&["gastro", "resistant"], "delayed"),
    (&["enteric"], "delayed"),
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
    "suspension",
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
];

/// The class of a text's form; `None` where nothing is said.
pub(super) fn of(words: &[String]) -> Option<Form> {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    if has("non") && (has("iv") || has("injection")) {
        return Some(Form::Oral);
    }
    let rule = RULES.iter().find(|(wanted, _)| wanted.iter().all(|word| has(word)));
    rule.map(|(_, form)| *form)
}

/// The release of a text's form; "" for the plain one.
pub(super) fn release(words: &[String]) -> &'static str {
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let rule = RELEASES.iter().find(|(wanted, _)| wanted.iter().all(|word| has(word)));
    rule.map_or("", |(_, release)| release)
}

/// Whether a word belongs to a form or route rather than to a name.
pub(super) fn is_noise(word: &str) -> bool {
    NOISE.contains(&word) || RULES.iter().any(|(wanted, _)| wanted.contains(&word))
}

/// How well two classes fit: 1 the same, 0.6 one is unspecific of the other, 0 not.
pub(super) fn affinity(source: Form, target: Form) -> f32 {
    use Form as F;
    match (source, target) {
        (left, right) if left == right => 1.0,
        (F::Oral, F::Tablet | F::Capsule | F::OralLiquid | F::OralPowder) => 0.6,
        (F::Tablet | F::Capsule | F::OralLiquid | F::OralPowder, F::Oral) => 0.6,
        (F::OralPowder, F::OralLiquid) | (F::OralLiquid, F::OralPowder) => 0.6,
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
        assert_eq!(
            release(&words("Prolonged-release tablet")),
            release(&words("Extended Release Oral Tablet"))
        );
    }
}
