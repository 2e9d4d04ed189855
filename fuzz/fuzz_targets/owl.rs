//! Any text is an axiom or a located fault; what is read is printed and read again the same.

#![no_main]

use tern::description_logic::owl::Statement;

libfuzzer_sys::fuzz_target!(|text: &str| match Statement::parse(text) {
    Err(error) => assert!(error.position <= text.len(), "the place is outside of the text"),
    Ok(statement) => {
        let printed = statement.to_string();
        assert_eq!(Statement::parse(&printed).expect("what is printed reads"), statement, "{printed}");
    }
});
