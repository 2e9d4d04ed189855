//! Any text is a constraint or a located fault; what is read is printed and read again the same, in both syntaxes, and
//! is evaluated within its limits. The same text is tried as a post-coordinated expression.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;
use tern::ecl::expression::Expression;
use tern::ecl::meaning::Meaning;
use tern::ecl::{Constraint, Limits, Syntax, print};
use tern_index::build::ArtefactInfo;
use tern_index::read::CodeSystemIndex;

static INDEX: LazyLock<CodeSystemIndex> = LazyLock::new(|| {
    let sample = tern_fuzz::sample(true);
    let found = sample.iter().find_map(|artefact| match &artefact.info {
        ArtefactInfo::CodeSystem(header) => CodeSystemIndex::open((**header).clone(), &artefact.files).ok(),
        _ => None,
    });
    found.expect("the fixtures have a code system")
});

libfuzzer_sys::fuzz_target!(|text: &str| {
    let limits = Limits {
        time: Duration::from_secs(1),
        ..Limits::default()
    };
    match Constraint::parse(text, &limits) {
        Err(error) => assert!(error.position <= text.len(), "the place is outside of the text"),
        Ok(constraint) => {
            for syntax in [Syntax::Brief, Syntax::Long] {
                let printed = print(constraint.expression(), syntax);
                let again = Constraint::parse(&printed, &limits).expect("what is printed reads");
                assert_eq!(again.expression(), constraint.expression(), "printing changed the constraint");
            }
            let found = constraint.evaluate(&INDEX);
            assert!(found.is_err() || found.is_ok_and(|answer| answer.concepts.max().is_none_or(|last| (last as usize) < INDEX.len())));
            let _ = constraint.rows(&INDEX);
        }
    }
    if let Ok(expression) = Expression::parse(text, &limits) {
        let printed = expression.print(&|concept| concept.term.clone());
        assert_eq!(Expression::parse(&printed, &limits).expect("what is printed reads"), expression);
        let _ = Meaning::of(&INDEX, &expression);
    }
});
