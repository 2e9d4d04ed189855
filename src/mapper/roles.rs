//! Which column plays which part: by flags, by configuration, else guessed from the header.
//!
//! Guesses look at names only, never at values, so that the same header always gives the same binding. Columns that
//! this program writes itself are never guessed.

use super::error::MapError;
use super::item::{Role, SourceItem};
use std::collections::{BTreeMap, HashMap};
use tern_index::text::fold;

/// Names that columns of extracts have, in the order in which they are preferred. A column name is compared in lower
/// case with runs of other characters than letters and digits made one `_`.
pub const GUESSES: &[(Role, &[&str])] = &[
    (
        Role::Name,
        &[
            "name",
            "source_name",
            "sourcename",
            "test_name",
            "testname",
            "label",
            "description",
            "source_description",
            "source_code_description",
            "concept_name",
            "local_name",
            "item_name",
            "display",
            "source_display",
            "term",
            "drug_name",
            "drug",
            "medication",
            "product_name",
            "product",
            "diagnosis",
            "long_title",
            "title",
            "analyte",
            "test",
            "text",
            "omschrijving",
            "bezeichnung",
        ],
    ),
    (
        Role::Code,
        &[
            "code",
            "source_code",
            "sourcecode",
            "local_code",
            "test_code",
            "lab_code",
            "item_code",
            "itemid",
            "item_id",
            "concept_code",
            "icd_code",
            "ndc",
            "loinc",
            "loinc_code",
            "snomed_code",
            "rxcui",
        ],
    ),
    (
        Role::System,
        &[
            "system",
            "code_system",
            "codesystem",
            "source_system",
            "source_vocabulary_id",
            "vocabulary",
            "vocabulary_id",
            "coding_system",
        ],
    ),
    (
        Role::Specimen,
        &[
            "specimen",
            "specimen_type",
            "fluid",
            "material",
            "sample",
            "sample_type",
            "specimen_source",
            "matrix",
            "materiaal",
        ],
    ),
    (
        Role::Unit,
        &[
            "unit",
            "units",
            "uom",
            "valueuom",
            "unit_of_measure",
            "result_unit",
            "result_units",
            "unit_name",
            "dose_unit",
            "eenheid",
            "einheit",
            "ucum",
        ],
    ),
    (
        Role::Section,
        &[
            "section",
            "category",
            "lab_section",
            "department",
            "discipline",
            "order_category",
            "test_category",
            "group",
        ],
    ),
    (
        Role::Strength,
        &["strength", "prod_strength", "dose_strength", "drug_strength"],
    ),
    (
        Role::Form,
        &[
            "form",
            "dose_form",
            "dosage_form",
            "drug_form",
            "form_rx",
            "pharmaceutical_form",
        ],
    ),
    (Role::Route, &["route", "route_of_administration", "admin_route"]),
    (
        Role::Ingredient,
        &[
            "ingredient",
            "ingredients",
            "active_ingredient",
            "active_substance",
            "substance",
            "inn",
        ],
    ),
    (Role::Brand, &["brand", "brand_name", "trade_name", "proprietary_name"]),
    (
        Role::Count,
        &[
            "count",
            "frequency",
            "source_frequency",
            "sourcefrequency",
            "occurrences",
            "n",
            "records",
        ],
    ),
];

/// Columns asked for, by role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns(BTreeMap<Role, String>);

impl Columns {
    /// Binds a column to a role; a later binding of the role wins.
    pub fn bind(&mut self, role: Role, column: impl Into<String>) {
        self.0.insert(role, column.into());
    }

    /// Binds as in `--context COLUMN=role`.
    pub fn bind_pair(&mut self, pair: &str) -> Result<(), MapError> {
        let (column, role) = pair.rsplit_once('=').unwrap_or((pair, ""));
        let known = Role::parse(role.trim()).ok_or_else(|| MapError::UnknownRole { role: role.to_owned() })?;
        self.bind(known, column.trim());
        Ok(())
    }

    /// Takes over the bindings of `other` for roles that are not bound here.
    pub fn fill_from(&mut self, other: &Self) {
        for (role, column) in &other.0 {
            self.0.entry(*role).or_insert_with(|| column.clone());
        }
    }
}

/// Columns by position, settled for one header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    places: Vec<(Role, usize)>,
}

impl Binding {
    /// Only the columns that are named; nothing is guessed.
    pub fn named(path: &str, header: &[String], asked: &Columns) -> Result<Self, MapError> {
        let mut places = Self::asked(path, header, asked)?;
        // Columns of one role stay in the order in which they were asked for.
        places.sort_by_key(|(role, _)| *role);
        Ok(Self { places })
    }

    fn asked(path: &str, header: &[String], asked: &Columns) -> Result<Vec<(Role, usize)>, MapError> {
        let mut places: Vec<(Role, usize)> = Vec::new();
        for (role, column) in &asked.0 {
            let Some(found) = columns_named(header, column) else {
                return Err(MapError::NoSuchColumn {
                    path: path.to_owned(),
                    column: column.clone(),
                    role: *role,
                    found: header.join(", "),
                });
            };
            places.extend(found.into_iter().map(|place| (*role, place)));
        }
        Ok(places)
    }

    /// Settles which column plays which part.
    pub fn settle(path: &str, header: &[String], asked: &Columns) -> Result<Self, MapError> {
        let mut places = Self::asked(path, header, asked)?;
        let plain: Vec<String> = header.iter().map(|name| plain(name)).collect();
        for (role, names) in GUESSES {
            if places.iter().any(|(bound, _)| bound == role) {
                continue;
            }
            let free = |place: &usize| !places.iter().any(|(_, taken)| taken == place);
            let guess = names
                .iter()
                .find_map(|name| plain.iter().position(|column| column == name).filter(free));
            if let Some(place) = guess {
                places.push((*role, place));
            }
        }
        if !places.iter().any(|(role, _)| matches!(role, Role::Name | Role::Code)) {
            return Err(MapError::NothingToMap {
                path: path.to_owned(),
                found: header.join(", "),
            });
        }
        // Columns of one role stay in the order in which they were asked for.
        places.sort_by_key(|(role, _)| *role);
        Ok(Self { places })
    }

    /// Roles with the places of their columns, in the order of the roles.
    pub fn places(&self) -> &[(Role, usize)] {
        &self.places
    }

    /// Only the roles that belong to a tuple.
    pub fn tuple_places(&self) -> impl Iterator<Item = (Role, usize)> {
        self.places.iter().copied().filter(|(role, _)| *role != Role::Count)
    }

    /// The tuple of a row, values translated by the site's own tables.
    pub fn item<'r>(&self, values: &Values, field: impl Fn(usize) -> &'r str) -> SourceItem {
        let mut item = SourceItem::default();
        for (role, place) in self.tuple_places() {
            let value = values.translate(role, field(place));
            match item.get(role) {
                "" => item.set(role, value),
                before => item.set(role, &format!("{before} {value}")),
            }
        }
        item
    }
}

/// The places of a column, or of several that are named with `+` between them and read as one text.
fn columns_named(header: &[String], named: &str) -> Option<Vec<usize>> {
    let place = |column: &str| {
        let same = header.iter().position(|name| name == column);
        same.or_else(|| header.iter().position(|name| name.trim().eq_ignore_ascii_case(column)))
    };
    let whole = place(named).map(|place| vec![place]);
    whole.or_else(|| named.split('+').map(|column| place(column.trim())).collect())
}

fn plain(name: &str) -> String {
    let folded = fold(name.trim());
    let mut plain = String::new();
    for character in folded.chars() {
        if character.is_alphanumeric() {
            plain.push(character);
        } else if !plain.ends_with('_') && !plain.is_empty() {
            plain.push('_');
        }
    }
    plain.trim_end_matches('_').to_owned()
}

/// A site's own words for values of a column, by role: `BLD` means `blood`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(HashMap<(Role, String), String>);

impl Values {
    /// Adds a word. Case and blanks around it do not matter.
    pub fn add(&mut self, role: Role, value: &str, meaning: impl Into<String>) {
        self.0.insert((role, fold(value.trim())), meaning.into());
    }

    fn translate<'v>(&'v self, role: Role, value: &'v str) -> &'v str {
        if self.0.is_empty() {
            return value;
        }
        self.0.get(&(role, fold(value.trim()))).map_or(value, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn headers_of_extracts_are_understood() {
        let names = header(&["id", "Test Name", "Fluid", "category", "Unit", "target_code", "count"]);
        let binding = Binding::settle("x", &names, &Columns::default()).unwrap();
        let roles: Vec<Role> = binding.places().iter().map(|(role, _)| *role).collect();
        assert_eq!(roles, [Role::Name, Role::Specimen, Role::Unit, Role::Section, Role::Count]);
    }

    #[test]
    fn flags_win_and_a_column_is_used_once() {
        let names = header(&["name", "label"]);
        let mut asked = Columns::default();
        asked.bind_pair("NAME=code").unwrap();
        let binding = Binding::settle("x", &names, &asked).unwrap();
        assert_eq!(binding.places(), [(Role::Code, 0), (Role::Name, 1)]);
    }

    #[test]
    fn several_columns_are_read_as_one_text_in_the_order_asked_for() {
        let names = header(&["strength", "drug", "a+b"]);
        let mut asked = Columns::default();
        asked.bind_pair("drug+strength=name").unwrap();
        asked.bind_pair("a+b=unit").unwrap();
        let binding = Binding::named("x", &names, &asked).unwrap();
        let item = binding.item(&Values::default(), |place| ["5 mg", "zorvamide", "ml"][place]);
        assert_eq!((item.get(Role::Name), item.get(Role::Unit)), ("zorvamide 5 mg", "ml"));
    }

    #[test]
    fn what_is_missing_is_named_with_the_remedy() {
        let names = header(&["a", "b"]);
        let error = Binding::settle("labs.csv", &names, &Columns::default()).unwrap_err();
        assert!(error.to_string().contains("--name") && error.to_string().contains("a, b"));
        let mut asked = Columns::default();
        asked.bind(Role::Unit, "uom");
        assert!(
            Binding::settle("labs.csv", &names, &asked)
                .unwrap_err()
                .to_string()
                .contains("uom")
        );
        assert!(asked.bind_pair("a=colour").is_err() && asked.bind_pair("a").is_err());
    }
}
