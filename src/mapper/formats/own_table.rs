//! Mapping sets in tern's own table: what `tern map` writes, one row per distinct source.
//!
//! Columns beside those of a mapped table appear when some row needs them, under the names of the fields. A table that
//! `tern map` wrote of an extract is read by the roles of its columns; its rows are joined to distinct sources.

use super::super::error::MapError;
use super::super::item::Role;
use super::super::outcome::Status;
use super::super::roles::{Binding, Columns};
use super::super::write::OUTCOME_COLUMNS;
use super::mapping_set::{ATTRIBUTES, CONTEXT, FIELDS, MappingRow, OTHER, State};
use super::set_table::{Fields, Layout, Sheet};
use std::collections::{BTreeMap, BTreeSet};

const FIRST: [&str; 3] = ["source_system", "source_code", "source_name"];

/// The layout of tern's own table.
pub(super) struct OwnTable {
    roles: Vec<(String, Role)>,
}

/// The status of a row in a mapped table.
fn status(row: &MappingRow) -> Status {
    match row.state {
        State::Invalid => Status::Invalid,
        _ if !row.has_target() => Status::Unmapped,
        State::Auto | State::Accepted if !row.negated => Status::Mapped,
        _ => Status::Ambiguous,
    }
}

fn state(status: &str, match_type: &str) -> State {
    match (Status::parse(status), match_type) {
        (Some(Status::Mapped), "decision") => State::Accepted,
        (Some(Status::Mapped), _) => State::Auto,
        (Some(Status::Invalid), _) => State::Invalid,
        _ => State::Suggested,
    }
}

/// The field of a source that a column with a role holds.
fn field_of(role: Role) -> String {
    match role {
        Role::Code => "source_code".to_owned(),
        Role::Name => "source_name".to_owned(),
        Role::System => "source_system".to_owned(),
        Role::Count => "count".to_owned(),
        role => format!("{CONTEXT}{}", role.as_str()),
    }
}

fn is_field(column: &str) -> bool {
    FIELDS.contains(&column) || column == ATTRIBUTES || column.starts_with(CONTEXT) || column.starts_with(OTHER)
}

impl OwnTable {
    /// To write.
    pub fn new() -> Self {
        Self { roles: Vec::new() }
    }

    /// To read a table with this header; also the columns that a mapping set has no place for.
    pub fn of_header(header: &[String], shown: &str) -> Result<(Self, Vec<String>), MapError> {
        let is_ours = |column: &String| is_field(column) || OUTCOME_COLUMNS.contains(&column.as_str());
        let rest: Vec<String> = header.iter().filter(|column| !is_ours(column)).cloned().collect();
        let mut roles = Vec::new();
        if !header.iter().any(|column| column == "source_code" || column == "source_name") || !rest.is_empty() {
            match Binding::settle(shown, &rest, &Columns::default()) {
                Ok(binding) => {
                    let bound = binding.places().iter();
                    roles.extend(bound.filter_map(|(role, place)| Some((rest.get(*place)?.clone(), *role))));
                }
                // Names and codes are in columns of ours; what else is there may still be context by its name.
                Err(error) if !header.iter().any(|column| column == "source_code" || column == "source_name") => {
                    return Err(error);
                }
                Err(_) => {
                    let context = rest.iter().filter_map(|column| Some((column.clone(), Role::parse(column)?)));
                    roles.extend(context);
                }
            }
        }
        roles.retain(|(_, role)| !header.contains(&field_of(*role)));
        let lost = rest
            .into_iter()
            .filter(|column| !roles.iter().any(|(bound, _)| bound == column));
        let lost = lost.collect();
        Ok((Self { roles }, lost))
    }
}

impl Layout for OwnTable {
    fn columns(&self, rows: &[MappingRow]) -> Vec<String> {
        let mut columns: Vec<String> = FIRST.map(str::to_owned).into();
        let named: BTreeSet<&String> = rows.iter().flat_map(|row| row.context.keys()).collect();
        let (roles, others): (Vec<&String>, Vec<&String>) = named.into_iter().partition(|name| is_context_role(name));
        columns.extend(roles.into_iter().cloned());
        columns.push("count".to_owned());
        columns.extend(OUTCOME_COLUMNS.map(str::to_owned));
        let mut needed: BTreeSet<String> = BTreeSet::new();
        for row in rows {
            let own = row
                .fields()
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, _)| name);
            needed.extend(own.filter(|name| name != "state" && !name.starts_with(CONTEXT)));
            if state(status(row).as_str(), &row.match_type) != row.state {
                needed.insert("state".to_owned());
            }
        }
        let order = FIELDS.iter().copied().chain([ATTRIBUTES]);
        columns.extend(
            order
                .filter(|name| needed.contains(*name))
                .map(str::to_owned)
                .filter(|name| !columns.contains(name))
                .collect::<Vec<_>>(),
        );
        columns.extend(others.into_iter().map(|name| format!("{CONTEXT}{name}")));
        columns.extend(needed.into_iter().filter(|name| name.starts_with(OTHER)));
        columns
    }

    fn write(&self, row: &MappingRow, columns: &[String]) -> Vec<String> {
        let fields: BTreeMap<String, String> = row.fields().into_iter().collect();
        let value = |column: &String| match column.as_str() {
            "status" => status(row).as_str().to_owned(),
            // A mapped table says no relationship where there is no target.
            "relationship" if !row.has_target() && row.relationship == tern_index::model::Relationship::Equivalent => {
                String::new()
            }
            column => match fields.get(column) {
                Some(value) => value.clone(),
                None => fields.get(&format!("{CONTEXT}{column}")).cloned().unwrap_or_default(),
            },
        };
        columns.iter().map(value).collect()
    }

    fn read(&self, fields: &Fields) -> Result<MappingRow, String> {
        let mut row = MappingRow::default();
        let mut stated = "";
        for (column, value) in fields.all() {
            if column == "state" {
                stated = value;
            } else if column == "count" {
                set_count(&mut row, value);
            } else if is_field(column) {
                row.set(column, value)?;
            } else if let Some((_, role)) = self.roles.iter().find(|(bound, _)| bound == column) {
                match role {
                    Role::Count => set_count(&mut row, value),
                    role => {
                        row.set(&field_of(*role), value.trim())?;
                    }
                }
            } else if self.roles.is_empty() && is_context_role(column) {
                row.set(&format!("{CONTEXT}{column}"), value)?;
            }
        }
        row.state = state(fields.get("status"), &row.match_type);
        if !stated.is_empty() {
            row.set("state", stated)?;
        }
        Ok(row)
    }

    fn carrier(&self) -> &'static str {
        ""
    }
}

fn is_context_role(name: &str) -> bool {
    Role::parse(name).is_some_and(|role| field_of(role).starts_with(CONTEXT))
}

/// Counts of extracts may be decimal or missing; they are no reason to refuse a row.
fn set_count(row: &mut MappingRow, text: &str) {
    let text = text.trim();
    let decimal = || {
        text.parse::<f64>()
            .ok()
            .filter(|count| (0.0..1e15).contains(count))
            .map(|count| count.round() as u64)
    };
    row.count = text.parse::<u64>().ok().or_else(decimal);
}

/// Joins rows that say the same of the same source; their counts are added. In an extract without a count column rows
/// are counted; a table of sources states no count where it has none, and NDJSON leaves empty columns out.
pub(super) fn joined(sheet: &Sheet, roles: &OwnTable, rows: Vec<MappingRow>) -> Vec<MappingRow> {
    let has = |name: &str| sheet.header.iter().any(|column| column == name);
    let counted = has("count") || roles.roles.iter().any(|(_, role)| *role == Role::Count);
    let of_sources = has("source_code") || has("source_name");
    let mut places: BTreeMap<Vec<(String, String)>, (usize, u64)> = BTreeMap::new();
    let mut joined: Vec<MappingRow> = Vec::new();
    for mut row in rows {
        let count = row.count.take();
        let (place, times) = places.entry(row.fields()).or_insert((joined.len(), 0));
        if *place == joined.len() {
            joined.push(row);
        }
        *times += 1;
        let Some(known) = joined.get_mut(*place) else { continue };
        if counted {
            known.count = count.map_or(known.count, |count| Some(known.count.unwrap_or(0).saturating_add(count)));
        } else if !of_sources || *times > 1 {
            known.count = Some(*times);
        }
    }
    joined
}
