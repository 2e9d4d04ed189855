//! When a specimen was taken, as far as LOINC tells terms apart by it: fasting, two hours after a load, trough, peak.
//!
//! LOINC writes it after the component ("Glucose^2H post 75 g glucose PO") or at the end of a long name ("--2 hours post
//! 75 g glucose PO"); laboratories write `GTT 2h`, `glucose pp`, `vanc trough`. Both are read to a kind and minutes. Doses
//! and routes are not compared: names rarely say them. Collections of half a day and more are the TIME axis, not this.

/// What a collection follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    Fasting,
    /// After a meal.
    Meal,
    /// After a dose of glucose or of another stimulus.
    Load,
    /// Before the next dose of a drug.
    Trough,
    /// After a dose of a drug, at its height.
    Peak,
    /// Before a stimulus.
    Baseline,
    Morning,
    Evening,
    BeforeDialysis,
    AfterDialysis,
    /// After something that is not said.
    After,
    /// One that LOINC has and names are not read for.
    Other,
}

/// When a specimen was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Challenge {
    occasion: Occasion,
    /// After how many minutes, where it is said.
    minutes: Option<u32>,
}

/// From this on a time is a timed collection.
const TIMED_COLLECTION: u32 = 12 * 60;

/// Words, normalised, that say the occasion; phrases first.
const OCCASIONS: &[(&[&str], Occasion)] = &[
    (&["post", "dialysis"], Occasion::AfterDialysis),
    (&["after", "dialysis"], Occasion::AfterDialysis),
    (&["pre", "dialysis"], Occasion::BeforeDialysis),
    (&["before", "dialysis"], Occasion::BeforeDialysis),
    (&["post", "cfst"], Occasion::Fasting),
    (&["post", "meal"], Occasion::Meal),
    (&["post", "prandial"], Occasion::Meal),
    (&["after", "meal"], Occasion::Meal),
    (&["morning", "specimen"], Occasion::Morning),
    (&["evening", "specimen"], Occasion::Evening),
    (&["tolerance", "test"], Occasion::Load),
    (&["postdialysis"], Occasion::AfterDialysis),
    (&["predialysis"], Occasion::BeforeDialysis),
    (&["postprandial"], Occasion::Meal),
    (&["pp"], Occasion::Meal),
    (&["fasting"], Occasion::Fasting),
    (&["fasted"], Occasion::Fasting),
    (&["nuchter"], Occasion::Fasting),
    (&["nuchtern"], Occasion::Fasting),
    (&["jeun"], Occasion::Fasting),
    (&["ayuna"], Occasion::Fasting),
    (&["gtt"], Occasion::Load),
    (&["ogtt"], Occasion::Load),
    (&["tolerance"], Occasion::Load),
    (&["challenge"], Occasion::Load),
    (&["stimulation"], Occasion::Load),
    (&["stimulated"], Occasion::Load),
    (&["trough"], Occasion::Trough),
    (&["dalspiegel"], Occasion::Trough),
    (&["talspiegel"], Occasion::Trough),
    (&["peak"], Occasion::Peak),
    (&["topspiegel"], Occasion::Peak),
    (&["baseline"], Occasion::Baseline),
    (&["basal"], Occasion::Baseline),
    (&["am"], Occasion::Morning),
    (&["pm"], Occasion::Evening),
    (&["post"], Occasion::After),
    (&["after"], Occasion::After),
];

/// Words that stand for an analyte and an occasion at once.
const BOTH: &[(&str, &str, Option<Occasion>)] = &[
    ("fbs", "glucose", Some(Occasion::Fasting)),
    ("fbg", "glucose", Some(Occasion::Fasting)),
    ("fpg", "glucose", Some(Occasion::Fasting)),
    ("ppbs", "glucose", Some(Occasion::Meal)),
    ("ppbg", "glucose", Some(Occasion::Meal)),
    ("rbs", "glucose", None),
    ("rbg", "glucose", None),
];

impl Challenge {
    /// Reads what follows a component or a long name in LOINC.
    pub fn read(text: &str) -> Self {
        let mut words = crate::mapper::words::words(text);
        let minutes = take_minutes(&mut words);
        // "2 hours post 75 g glucose PO": what is taken after it is a load unless it is a meal.
        let found = OCCASIONS.iter().find(|(phrase, _)| position(&words, phrase).is_some());
        let occasion = match found.map(|(_, occasion)| *occasion) {
            Some(Occasion::After) if words.len() > 1 => Occasion::Load,
            Some(occasion) => occasion,
            None if minutes.is_some() => Occasion::After,
            None => Occasion::Other,
        };
        Self { occasion, minutes }
    }

    /// Takes what a local name says of it out of the words of the name. Nothing is taken if no word of an analyte would
    /// be left, nor is a bare time where times are lengths of collections (`timed`: urine).
    pub fn take(words: &mut Vec<String>, timed: bool) -> Option<Self> {
        let mut rest = words.clone();
        let mut occasion = None;
        for word in &mut rest {
            if let Some((_, analyte, of_it)) = BOTH.iter().find(|(both, ..)| both == word) {
                (*analyte).clone_into(word);
                occasion = occasion.or(*of_it);
            }
        }
        let minutes = take_minutes(&mut rest);
        for (phrase, of_it) in OCCASIONS {
            // "After" alone says nothing without a time.
            if *of_it == Occasion::After && minutes.is_none() {
                continue;
            }
            if let Some(at) = position(&rest, phrase) {
                rest.drain(at..at + phrase.len());
                occasion = match (occasion, *of_it) {
                    (Some(earlier), Occasion::After) => Some(earlier),
                    (None | Some(Occasion::After), found) => Some(found),
                    (earlier, _) => earlier,
                };
            }
        }
        if rest.is_empty() || (occasion.is_none() && (timed || minutes.is_none())) {
            if occasion.is_none() && minutes.is_none() && !rest.is_empty() {
                *words = rest;
            }
            return None;
        }
        *words = rest;
        Some(Self {
            occasion: occasion.unwrap_or(Occasion::After),
            minutes,
        })
    }

    /// Whether a term of this kind is what a name with `asked` means.
    pub fn answers(self, asked: Self) -> bool {
        let same = self.occasion == asked.occasion
            || matches!(
                (asked.occasion, self.occasion),
                (Occasion::After, Occasion::Load | Occasion::Meal)
            );
        same && (asked.minutes == self.minutes || asked.minutes.is_none() || self.minutes.is_none())
    }

    /// The words by which LOINC says the time, for comparison with long names.
    pub fn words(self) -> Vec<String> {
        let occasion: &[&str] = match self.occasion {
            Occasion::Fasting => &["fasting"],
            Occasion::Meal => &["post", "meal"],
            Occasion::Load | Occasion::After => &["post"],
            Occasion::Trough => &["trough"],
            Occasion::Peak => &["peak"],
            Occasion::Baseline => &["baseline"],
            Occasion::Morning => &["morning", "specimen"],
            Occasion::Evening => &["evening", "specimen"],
            Occasion::BeforeDialysis => &["pre", "dialysis"],
            Occasion::AfterDialysis => &["post", "dialysis"],
            Occasion::Other => &[],
        };
        let mut words: Vec<String> = occasion.iter().map(|word| (*word).to_owned()).collect();
        match self.minutes {
            Some(minutes) if minutes % 60 == 0 => words.extend([(minutes / 60).to_string(), "hour".to_owned()]),
            Some(minutes) => words.extend([minutes.to_string(), "minute".to_owned()]),
            None => {}
        }
        words
    }
}

fn position(words: &[String], phrase: &[&str]) -> Option<usize> {
    words.windows(phrase.len()).position(|window| window.iter().eq(phrase))
}

/// Takes the first time ("2h", "2 hour", "90 min") out of words, in minutes.
fn take_minutes(words: &mut Vec<String>) -> Option<u32> {
    for at in 0..words.len() {
        let word = words.get(at)?;
        let digits = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let Ok(number) = word[..word.len() - digits.len()].parse::<f32>() else {
            continue;
        };
        let next = words.get(at + 1).map_or("", String::as_str);
        let (factor, taken) = match (factor_of(digits), factor_of(next)) {
            (Some(factor), _) => (factor, 1),
            (None, Some(factor)) if digits.is_empty() => (factor, 2),
            _ => continue,
        };
        let minutes = (number * factor).round();
        if minutes < TIMED_COLLECTION as f32 {
            words.drain(at..at + taken);
            return Some(minutes as u32);
        }
    }
    None
}

/// Minutes of a unit of time as names abbreviate it.
fn factor_of(unit: &str) -> Option<f32> {
    match unit {
        "h" | "hr" | "hrs" | "hour" | "uur" | "std" | "stunde" | "stunden" => Some(60.0),
        "min" | "minute" | "minuten" | "m" => Some(1.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::words::words;

    fn taken(name: &str) -> (Option<Challenge>, Vec<String>) {
        let mut rest = words(name);
        let found = Challenge::take(&mut rest, false);
        (found, rest)
    }

    fn is(name: &str, term: &str) -> bool {
        let asked = taken(name).0.expect("a challenge in the name");
        Challenge::read(term).answers(asked)
    }

    #[test]
    fn names_and_terms_meet() {
        assert!(is("Glucose tolerance test 2h", "2 hours post 75 g glucose PO"));
        assert!(is("Glucose 2 hr post", "2H post 75 g glucose PO"));
        assert!(is("GTT glucose 90 min", "1.5 hours post 75 g glucose PO"));
        assert!(!is("GTT glucose 60 min", "2 hours post 75 g glucose PO"));
        assert!(!is("Glucose pp", "2 hours post 75 g glucose PO"));
        assert!(is("Glucose 2h pp", "2 hours post meal"));
        assert!(is("Vancomycin trough", "trough"));
        assert!(!is("Vancomycin peak", "trough"));
        assert!(is("Fasting glucose", "post CFst"));
        assert!(is("Cortisol AM", "morning specimen"));
        assert!(is("BUN post-dialysis", "post dialysis"));
    }

    #[test]
    fn what_is_left_is_the_analyte() {
        assert_eq!(taken("FBS").1, ["glucose"]);
        assert_eq!(taken("RBS"), (None, vec!["glucose".to_owned()]));
        assert_eq!(taken("Gentamicin, trough").1, ["gentamicin"]);
        assert_eq!(taken("Trough"), (None, vec!["trough".to_owned()]));
        assert_eq!(taken("HIV viral load").0, None);
        assert_eq!(taken("Protein 24 h").0, None);
        assert_eq!(taken("Vitamin B12"), (None, words("Vitamin B12")));
        let mut urine = words("Protein 2h");
        assert_eq!(Challenge::take(&mut urine, true), None);
        assert_eq!(urine, words("Protein 2h"));
    }

    proptest::proptest! {
        #[test]
        fn any_words_are_read_without_panic(text in "\\PC{0,40}", spaced in "([0-9.]{1,4} ?(h|min|post|pp|trough| ){0,3}){0,3}") {
            for text in [text, spaced] {
                let _ = Challenge::read(&text);
                let mut words = words(&text);
                let before = words.len();
                let _ = Challenge::take(&mut words, false);
                proptest::prop_assert!(words.is_empty() == (before == 0));
            }
        }
    }
}
