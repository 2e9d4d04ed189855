//! National drug codes: their shapes, and the form of eleven digits that claims and RxNorm use.

/// What a code names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Labeler and product: `0002-0152`.
    Product,
    /// Labeler, product and package: `0002-0152-01`.
    Package,
}

/// The shape of a hyphenated code, if it is one.
pub fn shape(code: &str) -> Option<Shape> {
    let mut parts = code.split('-');
    let mut part = |sizes: std::ops::RangeInclusive<usize>| {
        parts
            .next()
            .map(|part| sizes.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    match (part(4..=6), part(3..=4), part(1..=2), part(0..=0)) {
        (Some(true), Some(true), None, None) => Some(Shape::Product),
        (Some(true), Some(true), Some(true), None) => Some(Shape::Package),
        _ => None,
    }
}

/// The form of eleven digits of a hyphenated package code: each part filled with zeros to 5, 4 and 2.
/// `None` for a product, for a code that is longer, and for what is no code.
pub fn eleven_digits(code: &str) -> Option<String> {
    if shape(code) != Some(Shape::Package) {
        return None;
    }
    let mut parts = code.split('-');
    let (labeler, product, package) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = format!("{labeler:0>5}{product:0>4}{package:0>2}");
    Some(digits).filter(|digits| digits.len() == 11)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_configuration_pads_its_own_part() {
        assert_eq!(eleven_digits("0777-3105-02").as_deref(), Some("00777310502"));
        assert_eq!(eleven_digits("12345-678-90").as_deref(), Some("12345067890"));
        assert_eq!(eleven_digits("12345-6789-0").as_deref(), Some("12345678900"));
        assert_eq!(eleven_digits("0777-3105"), None);
        assert_eq!(eleven_digits("123456-7890-12"), None);
        assert_eq!(shape("0777-3105"), Some(Shape::Product));
        for bad in ["", "-", "0777", "0777--02", "0777-3105-02-1", "0777-3105-", "077é-3105"] {
            assert_eq!(shape(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = eleven_digits(&text);
        }

        #[test]
        fn sound_codes_give_eleven_characters(code in "([0-9]{4}-[0-9]{4}-[0-9]{2}|[0-9]{5}-[0-9]{3}-[0-9]{2}|[0-9]{5}-[0-9]{4}-[0-9])") {
            prop_assert_eq!(eleven_digits(&code).map(|digits| digits.len()), Some(11));
        }
    }
}
