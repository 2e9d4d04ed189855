//! Mapping sets as tables: columns of a format's own, and columns that carry what it has no place for.
//!
//! A [`Layout`] says how a row looks in the format's own columns and what they say when they are read. Whatever
//! the own columns would not give back is carried in columns of ours beside them, so every layout is without loss by
//! construction; readers that know the format ignore them.

use super::super::error::MapError;
use super::super::read::{Input, Row};
use super::mapping_set::{FIELDS, MappingRow, carried, uncarried};
use std::collections::BTreeSet;

pub(super) use tern_loaders::local_map::systems::decoded;

/// A table in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sheet {
    /// The names of the columns.
    pub header: Vec<String>,
    /// Where each row stands, and its fields.
    pub rows: Vec<(String, Vec<String>)>,
}

/// One row of a sheet.
pub(super) struct Fields<'s> {
    header: &'s [String],
    row: &'s [String],
}

impl<'s> Fields<'s> {
    /// The value of a column by its name, case aside; empty where there is none.
    pub fn get(&self, name: &str) -> &'s str {
        let place = self.header.iter().position(|column| column.eq_ignore_ascii_case(name));
        place.and_then(|place| self.row.get(place)).map_or("", String::as_str)
    }

    /// All columns with their values.
    pub fn all(&self) -> impl Iterator<Item = (&'s str, &'s str)> + use<'s> {
        self.header
            .iter()
            .map(String::as_str)
            .zip(self.row.iter().map(String::as_str))
    }
}

/// The columns of a format.
pub(super) trait Layout {
    /// The format's own columns for these rows.
    fn columns(&self, rows: &[MappingRow]) -> Vec<String>;
    /// The values of the own columns.
    fn write(&self, row: &MappingRow, columns: &[String]) -> Vec<String>;
    /// What the own columns say.
    fn read(&self, fields: &Fields) -> Result<MappingRow, String>;
    /// Before the name of a field in the name of the column that carries it; empty where nothing is carried.
    fn carrier(&self) -> &'static str;

    /// The column that carries a field.
    fn column_of(&self, field: &str) -> String {
        format!("{}{field}", self.carrier())
    }

    /// The field that a column carries.
    fn field_of(&self, column: &str) -> Option<String> {
        let field = column.strip_prefix(self.carrier())?;
        (!self.carrier().is_empty()).then(|| field.to_owned())
    }
}

/// The place of a field among the columns that carry.
fn order(name: &str) -> (usize, &str) {
    (FIELDS.iter().position(|field| *field == name).unwrap_or(FIELDS.len()), name)
}

/// Rows as a sheet. Bare, it has the format's own columns only; then the fields that are lost come with it.
pub(super) fn write_sheet(rows: &[MappingRow], layout: &dyn Layout, bare: bool) -> Result<(Sheet, Vec<String>), String> {
    let columns = layout.columns(rows);
    let mut own = Vec::with_capacity(rows.len());
    let mut beyond = Vec::with_capacity(rows.len());
    let mut names: BTreeSet<String> = BTreeSet::new();
    for row in rows {
        let cells = layout.write(row, &columns);
        let said = layout.read(&Fields {
            header: &columns,
            row: &cells,
        })?;
        let missing = row.beyond(&said);
        names.extend(missing.iter().map(|(name, _)| name.clone()));
        own.push(cells);
        beyond.push(missing);
    }
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_by(|left, right| order(left).cmp(&order(right)));
    if bare {
        let rows = own.into_iter().map(|cells| (String::new(), cells)).collect();
        return Ok((Sheet { header: columns, rows }, names));
    }
    let mut header = columns;
    header.extend(names.iter().map(|name| layout.column_of(name)));
    let rows = own.into_iter().zip(beyond).map(|(mut cells, missing)| {
        cells.extend(names.iter().map(|name| {
            let value = missing.iter().find(|(field, _)| field == name);
            value.map(|(_, value)| carried(value)).unwrap_or_default()
        }));
        (String::new(), cells)
    });
    let rows = rows.collect();
    Ok((Sheet { header, rows }, Vec::new()))
}

/// Most faults that one message shows.
const SHOWN_FAULTS: usize = 5;

/// Rows of a sheet. A row that cannot be read refuses the whole: half a set is none.
pub(super) fn read_sheet(sheet: &Sheet, layout: &dyn Layout, shown: &str) -> Result<Vec<MappingRow>, MapError> {
    let mut faults = Vec::new();
    let mut rows = Vec::with_capacity(sheet.rows.len());
    for (place, row) in &sheet.rows {
        let fields = Fields {
            header: &sheet.header,
            row,
        };
        match read_row(&fields, layout) {
            Ok(row) => rows.push(row),
            Err(fault) => faults.push(format!("{place}: {fault}")),
        }
    }
    refuse(shown, &faults)?;
    Ok(rows)
}

fn read_row(fields: &Fields, layout: &dyn Layout) -> Result<MappingRow, String> {
    let mut row = layout.read(fields)?;
    for (column, cell) in fields.all() {
        let Some(field) = layout.field_of(column) else {
            continue;
        };
        let Some(value) = uncarried(cell) else { continue };
        if !row.set(&field, value)? {
            // Somebody else's column that looks like one of ours.
            row.other.insert(column.to_owned(), cell.to_owned());
        }
    }
    row.normalise();
    if row.source.code.is_empty() && row.source.label.is_empty() {
        return Err("the source has neither a code nor a name".to_owned());
    }
    Ok(row)
}

/// An error that lists faults, if there are any.
pub(super) fn refuse(shown: &str, faults: &[String]) -> Result<(), MapError> {
    if faults.is_empty() {
        return Ok(());
    }
    let listed = faults
        .iter()
        .take(SHOWN_FAULTS)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("; ");
    let message = match faults.len() {
        1 => listed,
        number if number <= SHOWN_FAULTS => format!("{number} rows cannot be read: {listed}"),
        number => format!("{number} rows cannot be read, the first ones: {listed}"),
    };
    Err(MapError::Malformed {
        path: shown.to_owned(),
        message,
    })
}

/// A whole table; a row with a fault refuses it.
pub(super) fn sheet_of(mut input: Input) -> Result<Sheet, MapError> {
    let mut sheet = Sheet {
        header: input.header().to_vec(),
        rows: Vec::new(),
    };
    let (mut row, mut faults) = (Row::default(), Vec::new());
    while input.next(&mut row)? {
        match row.fault.take() {
            Some(fault) => faults.push(fault),
            None => {
                let place = format!("row {}", sheet.rows.len() + faults.len() + 1);
                sheet.rows.push((place, row.fields.iter().map(str::to_owned).collect()));
            }
        }
    }
    refuse(input.shown(), &faults)?;
    Ok(sheet)
}

/// Text with everything but letters, digits, `.`, `_` and `-` as `%XX`.
pub(in super::super) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A moment as milliseconds since 1970: of a date, its midnight in UTC.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let days = date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
        return Some(i64::from(days) * 86_400_000);
    }
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// Milliseconds since 1970 as a moment, at midnight as a date.
pub(super) fn moment(milliseconds: i64) -> String {
    let text = jiff::Timestamp::from_millisecond(milliseconds).map_or_else(|_| String::new(), |moment| moment.to_string());
    match text.strip_suffix("T00:00:00Z") {
        Some(date) => date.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_back() {
        for text in ["2024-02-29", "2024-02-29T12:30:00Z", "1969-12-31"] {
            assert_eq!(moment(milliseconds(text).unwrap()), text);
        }
        assert_eq!(milliseconds("soon"), None);
    }
}
