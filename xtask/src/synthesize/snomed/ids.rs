//! Identifiers of SNOMED CT: namespaces, partitions, check digits, and UUIDs of reference set members.

/// A concept of the synthetic namespace.
pub fn concept(item: u32) -> String {
    identifier(u64::from(item) + 1, "10")
}

/// A description.
pub fn description(item: u64) -> String {
    identifier(item, "11")
}

/// A relationship.
pub fn relationship(item: u64) -> String {
    identifier(item, "12")
}

/// A member of a reference set. Its bits are scattered as those of a random UUID are.
pub fn member(number: u64) -> String {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^= mixed >> 29;
    let low = mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        mixed >> 32,
        mixed >> 16 & 0xffff,
        mixed & 0xfff,
        0x8000 | (low >> 48 & 0x3fff),
        // The number itself keeps ids distinct whatever the bits before it are.
        number & 0xffff_ffff_ffff
    )
}

/// An identifier of the namespace 9999999, which nobody has, with partition and check digit.
fn identifier(item: u64, partition: &str) -> String {
    let mut digits = format!("{item}9999999{partition}");
    let check = verhoeff(&digits);
    digits.push(char::from(b'0' + check));
    digits
}

/// The Verhoeff check digit, by its definition: products in the dihedral group of the pentagon.
fn verhoeff(digits: &str) -> u8 {
    const PERMUTATION: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let multiply = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a - 5 + 5 - (b - 5)) % 5,
    };
    let mut sum = 0;
    for (place, digit) in digits.bytes().rev().enumerate() {
        let mut permuted = digit - b'0';
        for _ in 0..(place + 1) % 8 {
            permuted = PERMUTATION[usize::from(permuted)];
        }
        sum = multiply(sum, permuted);
    }
    // Rotations have their opposite as inverse; reflections are their own.
    if sum < 5 { (5 - sum) % 5 } else { sum }
}

#[test]
fn published_identifiers_verify() {
    for id in [
        "138875005",
        "116680003",
        "900000000000207008",
        "900000000000448009",
        "31000003106",
    ] {
        let (digits, check) = id.split_at(id.len() - 1);
        assert_eq!(verhoeff(digits).to_string(), check, "{id}");
    }
}

#[test]
fn members_have_uuids_of_their_own() {
    let ids: std::collections::BTreeSet<String> = (0..5000).map(member).collect();
    assert_eq!(ids.len(), 5000);
    assert!(ids.iter().all(|id| id.len() == 36), "{:?}", ids.first());
}
