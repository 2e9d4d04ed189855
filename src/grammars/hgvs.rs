//! HGVS (`http://varnomen.hgvs.org`): descriptions of variants in DNA, RNA and protein, by the rules of the nomenclature.
//!
//! It reads how a variant is written. Whether the reference sequence exists and has what is said to change there is
//! not looked up: that needs the sequences.

use super::{Grammar, Named};
use regex::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// HGVS.
pub(super) struct Variants;

/// Longer texts are no description of one variant that a person or a system would exchange.
const LONGEST: usize = 4096;

/// Reference sequences: of NCBI, Ensembl and LRG, with the transcript or gene in brackets.
const REFERENCE: &str =
    r"(?:[NX][A-Z]_\d+(?:\.\d+)?|ENS[A-Z]{0,3}[EGPT]\d+(?:\.\d+)?|LRG_\d+(?:[tp]\d+)?)(?:\([A-Za-z0-9_.-]+\))?";
/// A position: in the sequence, before or behind what is coded, in an intron, or unknown.
const POSITION: &str = r"(?:\?|[-*]?\d+(?:[+-](?:\d+|\?))?)";
/// The amino acids, the stop, and any.
const RESIDUE: &str =
    r"(?:Ala|Arg|Asn|Asp|Cys|Gln|Glu|Gly|His|Ile|Leu|Lys|Met|Phe|Pro|Pyl|Sec|Ser|Thr|Trp|Tyr|Val|Asx|Glx|Xaa|Xle|Ter|\*)";

/// A pattern for one kind of sequence; the patterns are ours and compile, which the tests show.
fn pattern(kinds: &str, change: &str) -> Option<Regex> {
    let one = format!(r"(?:{change})");
    // One change, several in one allele, or several alleles; any of them may be uncertain, in brackets.
    let allele = format!(r"(?:\[{one}(?:;{one})*\])");
    let text = format!(r"^{REFERENCE}:[{kinds}]\.(?:{one}|\({one}\)|{allele}(?:;{allele}|\(;\){allele})*)$");
    // Digits of ASCII only: the patterns are many times smaller.
    RegexBuilder::new(&text).unicode(false).size_limit(1 << 24).build().ok()
}

/// Changes of a sequence of bases.
fn of_bases(bases: &str) -> String {
    let place = format!(r"(?:\({POSITION}_{POSITION}\)|{POSITION})");
    let range = format!(r"{place}(?:_{place})?");
    let inserted = format!(r"(?:{bases}+|\(?\d+\)?|{range}(?:inv)?|\[[A-Za-z0-9_.:;()>*+-]+\]|{bases}\[\d+\])");
    [
        format!(r"{POSITION}{bases}>{bases}"),
        format!(r"{range}="),
        format!(r"{range}del(?:{bases}+|\d+)?(?:ins{inserted})?"),
        format!(r"{range}dup(?:{bases}+)?"),
        format!(r"{range}inv"),
        format!(r"{place}_{place}ins{inserted}"),
        format!(r"{range}(?:{bases}*\[\d+(?:_\d+)?\])+"),
        r"[=?]|0".to_owned(),
    ]
    .join("|")
}

fn of_residues() -> String {
    let place = format!(r"{RESIDUE}\d+");
    let range = format!(r"{place}(?:_{place})?");
    [
        format!(r"{place}(?:{RESIDUE}|=|\?)"),
        format!(r"{place}{RESIDUE}?fs(?:{RESIDUE}(?:\d+|\?))?"),
        format!(r"{place}{RESIDUE}?ext(?:-\d+|{RESIDUE}(?:\d+|\?))"),
        format!(r"{range}(?:del|dup)"),
        format!(r"{range}delins(?:{RESIDUE}+|\d+)"),
        format!(r"{place}_{place}ins(?:{RESIDUE}+|\d+)"),
        format!(r"{range}\[\d+(?:_\d+)?\]"),
        r"[=?]|0\??".to_owned(),
    ]
    .join("|")
}

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [
        pattern("cgmno", &of_bases("[ACGTBDHKMNRSVWY]")),
        pattern("r", &of_bases("[acgubdhkmnrsvwy]")),
        pattern("p", &of_residues()),
    ];
    patterns.into_iter().flatten().collect()
});

impl Grammar for Variants {
    fn url(&self) -> &'static str {
        "http://varnomen.hgvs.org"
    }

    fn name(&self) -> &'static str {
        "HGVS"
    }

    fn title(&self) -> &'static str {
        "Variants of sequences (HGVS nomenclature)"
    }

    fn read(&self, code: &str) -> Result<Named, Option<String>> {
        if code.len() <= LONGEST && PATTERNS.iter().any(|pattern| pattern.is_match(code)) {
            return Ok(Named {
                display: Some(code.to_owned()),
                ..Named::default()
            });
        }
        Err(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_written_as_the_nomenclature_says() {
        assert_eq!(PATTERNS.len(), 3);
        for code in [
            "NM_004006.2:c.4375C>T",
            "NC_000023.11:g.33344590_33344592=",
            "NM_004006.2:c.4375_4379del",
            "NM_004006.2:c.4375_4379dup",
            "NM_004006.2:c.4375_4376insACCT",
            "NM_004006.2:c.4375_4376delinsACTT",
            "NC_000023.10:g.1234_2345inv",
            "NM_004006.3:c.93+1G>T",
            "LRG_199t1:c.-1_*2del",
            "NC_000023.11(NM_004006.2):c.(4071+1_4072-1)_(5154+1_5155-1)del",
            "NM_023035.2:c.6955CAG[26]",
            "NM_004006.2:c.[2376G>C;3103del]",
            "NM_004006.2:c.[2376G>C];[3103del]",
            "NM_004006.3:r.123c>g",
            "NP_003997.1:p.Trp24Cys",
            "NP_003997.1:p.(Trp24Ter)",
            "NP_003997.1:p.Lys23_Val25del",
            "NP_0123456.1:p.Arg97ProfsTer23",
            "NP_003997.2:p.Met1ext-5",
            "NP_003997.1:p.?",
            "LRG_199p1:p.0",
        ] {
            assert!(Variants.read(code).is_ok(), "{code}");
        }
        for code in [
            "c.4375C>T",
            "NM_004006.2:4375C>T",
            "NM_004006.2:c.4375C>",
            "NM_004006.2:c.4375X>T",
            "NM_004006.2:q.1C>T",
            "NM_004006.2:r.123C>G",
            "NP_003997.1:p.Trp24Foo",
            "NM_004006.2:c.[2376G>C;3103del",
            "NM_004006.2:c.",
        ] {
            assert!(Variants.read(code).is_err(), "{code}");
        }
    }
}
