//! Which language reference set a tag names: the one table of dialects, for constraints and for the languages clients ask for.
//!
//! The tags are those of appendix C of the expression constraint specification and those of editions published since.
//! A reference set that is not loaded is no fault here: it lists no description, and who asked decides what follows.

/// Aliases of dialects (BCP 47, in lower case) and their language reference sets.
const DIALECTS: [(&str, &str); 32] = [
    ("da-dk", "554461000005103"),
    ("de", "722130004"),
    ("de-ch", "2041000195100"),
    ("en-au", "32570271000036106"),
    ("en-ca", "19491000087109"),
    ("en-gb", "900000000000508004"),
    ("en-gb-x-drug", "999000681000001101"),
    ("en-gb-x-ext", "999001251000000103"),
    ("en-ie", "21000220103"),
    ("en-nz", "271000210107"),
    ("en-nz-x-pat", "281000210109"),
    ("en-us", "900000000000509007"),
    ("en-x-gmdn", "608771002"),
    ("en-x-nhs-clinical", "999001261000000100"),
    ("en-x-nhs-dmd", "999000671000001103"),
    ("en-x-nhs-pharmacy", "999000691000001104"),
    ("es", "450828004"),
    ("es-uy", "5641000179103"),
    ("et-ee", "71000181105"),
    ("fr", "722131000"),
    ("fr-be", "21000172104"),
    ("fr-ca", "20581000087109"),
    ("fr-ch", "2021000195106"),
    ("it-ch", "2031000195108"),
    ("ja", "722129009"),
    ("mi", "291000210106"),
    ("nb-no", "61000202103"),
    ("nl-be", "31000172101"),
    ("nl-nl", "31000146106"),
    ("nn-no", "91000202106"),
    ("sv-se", "46011000052107"),
    ("zh", "722128001"),
];

/// The language reference set that a tag names, whatever its case: an alias of the table, or `x-sctlang` with the identifier in
/// groups of up to eight digits (`en-x-sctlang-90000000-00005080-04`).
pub fn language_reference_set(tag: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let named = lower.split_once("-x-sctlang-").map(|(_, digits)| digits);
    if let Some(groups) = named.or_else(|| lower.strip_prefix("x-sctlang-")) {
        let identifier = groups.replace('-', "");
        let sound = (6..=18).contains(&identifier.len()) && identifier.bytes().all(|byte| byte.is_ascii_digit());
        return sound.then_some(identifier);
    }
    let known = |name: &str| DIALECTS.iter().find(|(alias, _)| *alias == name);
    // `en-nhs-clinical` of the specification's examples is `en-x-nhs-clinical` of its appendix.
    let found = known(&lower).or_else(|| known(&lower.replacen("-nhs-", "-x-nhs-", 1)));
    found.map(|(_, refset)| (*refset).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tern_loaders::snomed::sctid::Sctid;

    #[test]
    fn tags_name_reference_sets() {
        for (tag, refset) in [
            ("en-GB", Some("900000000000508004")),
            ("fr-ca", Some("20581000087109")),
            ("en-nhs-clinical", Some("999001261000000100")),
            ("en-x-sctlang-90000000-00005080-04", Some("900000000000508004")),
            ("X-SCTLANG-72213100-0", Some("722131000")),
            ("en-x-sctlang-nothing", None),
            ("pt", None),
            ("en", None),
        ] {
            assert_eq!(language_reference_set(tag).as_deref(), refset, "{tag}");
        }
    }

    #[test]
    fn the_table_is_in_order_and_names_concepts() {
        assert!(DIALECTS.is_sorted_by(|a, b| a.0 < b.0));
        for (alias, refset) in DIALECTS {
            assert!(Sctid::parse(refset).is_ok_and(Sctid::is_concept), "{alias} {refset}");
        }
    }
}
