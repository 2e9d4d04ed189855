//! Countries (ISO 3166-1, all three kinds of codes), currencies (ISO 4217) and areas of the world (UN M49).
//!
//! Subdivisions of countries are not here: there is no free list of them.

use super::{Grammar, Named, languages, rows};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Codes and their names.
type Names = BTreeMap<Cow<'static, str>, Named>;

fn named(name: &str) -> Named {
    Named {
        display: Some(name.to_owned()),
        ..Named::default()
    }
}

/// Field by field, four of them; a row with fewer is left out, which the tests would notice.
fn quadruples(table: &'static str) -> impl Iterator<Item = [&'static str; 4]> {
    rows(table).filter_map(|row| <[&str; 4]>::try_from(row).ok())
}

const COUNTRIES: &str = include_str!("countries.tsv");

static COUNTRY_NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names::new();
    for [two, three, number, name] in quadruples(COUNTRIES) {
        for code in [two, three, number] {
            names.insert(Cow::Borrowed(code), named(name));
        }
    }
    for code in user_assigned() {
        let open = Named {
            open: true,
            ..named("User-assigned")
        };
        names.insert(Cow::Owned(code), open);
    }
    names
});

/// The codes of two letters that ISO 3166-1 leaves to its users.
fn user_assigned() -> Vec<String> {
    let from = |first: char, range: std::ops::RangeInclusive<char>| range.map(move |second| format!("{first}{second}"));
    let ends = ["AA".to_owned(), "ZZ".to_owned()];
    ends.into_iter()
        .chain(from('Q', 'M'..='Z'))
        .chain(from('X', 'A'..='Z'))
        .collect()
}

/// Countries.
pub(super) struct Countries;

impl Grammar for Countries {
    fn url(&self) -> &'static str {
        "urn:iso:std:iso:3166"
    }

    fn version(&self) -> Option<&'static str> {
        Some("2018")
    }

    fn name(&self) -> &'static str {
        "CountryCodes"
    }

    fn title(&self) -> &'static str {
        "Country codes (ISO 3166-1)"
    }

    fn read(&self, code: &str) -> Result<Named, Option<String>> {
        COUNTRY_NAMES.get(code).cloned().ok_or(None)
    }

    fn all(&self) -> Option<Vec<Cow<'static, str>>> {
        Some(COUNTRY_NAMES.keys().cloned().collect())
    }
}

static CURRENCY_NAMES: LazyLock<Names> = LazyLock::new(|| {
    let table = quadruples(include_str!("currencies.tsv"));
    table.map(|[code, _, _, name]| (Cow::Borrowed(code), named(name))).collect()
});

/// Currencies.
pub(super) struct Currencies;

impl Grammar for Currencies {
    fn url(&self) -> &'static str {
        "urn:iso:std:iso:4217"
    }

    fn name(&self) -> &'static str {
        "CurrencyCodes"
    }

    fn title(&self) -> &'static str {
        "Currency codes (ISO 4217)"
    }

    fn read(&self, code: &str) -> Result<Named, Option<String>> {
        CURRENCY_NAMES.get(code).cloned().ok_or(None)
    }

    fn all(&self) -> Option<Vec<Cow<'static, str>>> {
        Some(CURRENCY_NAMES.keys().cloned().collect())
    }
}

static AREA_NAMES: LazyLock<Names> = LazyLock::new(|| {
    let of = |class: &'static str, name: &str| Named {
        properties: vec![("class", class)],
        ..named(name)
    };
    let mut names = Names::new();
    for (code, name) in languages::numeric_regions() {
        names.insert(Cow::Borrowed(code), of("region", name));
    }
    for [_, _, number, name] in quadruples(COUNTRIES) {
        names.insert(Cow::Borrowed(number), of("country", name));
    }
    names
});

/// Regions of the world and countries by number.
pub(super) struct Areas;

impl Grammar for Areas {
    fn url(&self) -> &'static str {
        "http://unstats.un.org/unsd/methods/m49/m49.htm"
    }

    fn name(&self) -> &'static str {
        "AreaCodes"
    }

    fn title(&self) -> &'static str {
        "Areas of the world (UN M49)"
    }

    fn read(&self, code: &str) -> Result<Named, Option<String>> {
        AREA_NAMES.get(code).cloned().ok_or(None)
    }

    fn all(&self) -> Option<Vec<Cow<'static, str>>> {
        Some(AREA_NAMES.keys().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_three_codes_and_one_name() {
        let name = |code: &str| Countries.read(code).unwrap().display.unwrap();
        for code in ["CH", "CHE", "756"] {
            assert_eq!(name(code), "Switzerland");
        }
        assert_eq!(name("XY"), "User-assigned");
        assert!(Countries.read("XY").unwrap().open && Countries.read("ch").is_err());
        let all = Countries.all().unwrap();
        assert_eq!(all.len(), 3 * 249 + 42);
    }

    #[test]
    fn currencies_and_areas_are_known() {
        assert_eq!(Currencies.read("EUR").unwrap().display.as_deref(), Some("Euro"));
        assert_eq!(Areas.read("150").unwrap().display.as_deref(), Some("Europe"));
        assert_eq!(Areas.read("756").unwrap().properties, [("class", "country")]);
        assert!(Currencies.all().unwrap().len() > 150 && Areas.all().unwrap().len() > 270);
    }
}
