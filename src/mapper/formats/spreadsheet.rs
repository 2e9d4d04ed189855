//! XLSX in: one sheet, its first row that is not blank the header.
//!
//! The sheet is held in memory, so what the workbook may unpack to is limited ([`super::workbook::LARGEST`]). Cells become the text that
//! a person would have typed: whole numbers without `.0`, dates as ISO dates. A number of 16 digits and more has lost
//! digits in the spreadsheet; it is given with an exponent, as spreadsheets show it, and never as invented digits.
//! Formulas are their last values, number formats (a display with leading zeros) are not applied.

use super::super::error::MapError;
use super::super::read::{Row, Rows};
use super::workbook::{MOST_COLUMNS, check_size, number_text};
use calamine::{CellErrorType, DataRef, ExcelDateTime, Reader, Xlsx};
use std::fs::File;
use std::io::{self, BufReader};

/// A sheet that was read.
pub(in super::super) struct Spreadsheet {
    rows: std::vec::IntoIter<Row>,
    bytes: u64,
}

impl Spreadsheet {
    /// Reads a sheet, the first one unless named.
    pub fn open(file: File, sheet: Option<&str>, shown: &str) -> Result<(Self, Vec<String>), MapError> {
        let fail = |message: String| MapError::Malformed {
            path: shown.to_owned(),
            message,
        };
        let bytes = check_size(&file, shown)?;
        let mut book: Xlsx<_> =
            Xlsx::new(BufReader::new(file)).map_err(|error| fail(format!("it is no XLSX workbook: {error}")))?;
        let names = book.sheet_names();
        let name = match sheet {
            Some(wanted) => names.iter().find(|name| *name == wanted),
            None => names.first(),
        };
        let Some(name) = name else {
            let wanted = sheet.unwrap_or_default();
            return Err(fail(format!(
                "there is no sheet {wanted:?}; the sheets are: {}",
                names.join(", ")
            )));
        };
        let (rows, header) = read_sheet(&mut book, name).map_err(|error| fail(format!("sheet {name:?}: {error}")))?;
        if header.iter().all(String::is_empty) {
            return Err(fail(format!(
                "sheet {name:?} is empty; its first row must name the columns. The sheets are: {}",
                names.join(", ")
            )));
        }
        let rows = Self {
            rows: rows.into_iter(),
            bytes,
        };
        Ok((rows, header))
    }
}

type Sheet = (Vec<Row>, Vec<String>);

/// The rows of a sheet under its header; blank rows are no rows, as in CSV.
fn read_sheet<R: io::Read + io::Seek>(book: &mut Xlsx<R>, name: &str) -> Result<Sheet, calamine::XlsxError> {
    let mut cells = book.worksheet_cells_reader(name)?;
    let mut header: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    let mut line = Line::default();
    while let Some(cell) = cells.next_cell()? {
        let (row, column) = cell.get_position();
        if row != line.number {
            line.close(name, &mut header, &mut rows);
            line.number = row;
        }
        line.set(name, column as usize, cell.get_value());
    }
    line.close(name, &mut header, &mut rows);
    Ok((rows, header.unwrap_or_default()))
}

/// The row that is being read.
#[derive(Default)]
struct Line {
    number: u32,
    fields: Vec<String>,
    fault: Option<String>,
}

impl Line {
    fn set(&mut self, sheet: &str, column: usize, value: &DataRef) {
        let text = match value {
            DataRef::Empty => return,
            DataRef::Int(number) => number.to_string(),
            DataRef::Float(number) => number_text(*number),
            DataRef::String(text) => text.clone(),
            DataRef::SharedString(text) => (*text).to_owned(),
            DataRef::Bool(true) => "TRUE".to_owned(),
            DataRef::Bool(false) => "FALSE".to_owned(),
            DataRef::DateTime(moment) => moment_text(moment),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
            DataRef::Error(error) => {
                let error = error_text(error);
                let place = format!("sheet {sheet:?}, cell {}{}", column_name(column), self.number + 1);
                self.fault
                    .get_or_insert_with(|| format!("{place}: the spreadsheet shows the error {error}"));
                error.to_owned()
            }
        };
        if column >= MOST_COLUMNS {
            self.fault
                .get_or_insert_with(|| format!("sheet {sheet:?}, row {}: a cell lies outside the sheet", self.number + 1));
            return;
        }
        if self.fields.len() <= column {
            self.fields.resize(column + 1, String::new());
        }
        // Just made long enough.
        if let Some(field) = self.fields.get_mut(column) {
            *field = text;
        }
    }

    /// Ends the row: the first one that is not blank is the header.
    fn close(&mut self, sheet: &str, header: &mut Option<Vec<String>>, rows: &mut Vec<Row>) {
        let mut fields = std::mem::take(&mut self.fields);
        let mut fault = self.fault.take();
        if fields.iter().all(String::is_empty) {
            return;
        }
        let Some(header) = header else {
            while fields.last().is_some_and(String::is_empty) {
                fields.pop();
            }
            *header = Some(fields);
            return;
        };
        if let Some(beyond) = fields.iter().skip(header.len()).position(|field| !field.is_empty()) {
            let cell = format!("{}{}", column_name(header.len() + beyond), self.number + 1);
            fault.get_or_insert_with(|| format!("sheet {sheet:?}, cell {cell}: the column has no name in the header"));
        }
        fields.resize(header.len(), String::new());
        rows.push(Row {
            fields: csv::StringRecord::from(fields),
            fault,
        });
    }
}

/// A date, a time or both, as ISO writes them.
fn moment_text(moment: &ExcelDateTime) -> String {
    if moment.is_duration() {
        return number_text(moment.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (moment.as_f64() < 1.0, moment.as_f64().fract() == 0.0) {
        (true, _) => time,
        (false, true) => date,
        (false, false) => format!("{date}T{time}"),
    }
}

fn error_text(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        _ => "#ERROR",
    }
}

/// The letters of a column: A, B, ..., Z, AA, ...
pub(in super::super) fn column_name(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

impl Rows for Spreadsheet {
    fn next(&mut self, row: &mut Row) -> Result<bool, MapError> {
        let Some(next) = self.rows.next() else {
            return Ok(false);
        };
        *row = next;
        Ok(true)
    }

    fn position(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_xlsxwriter::{ExcelDateTime as Date, Format, Workbook};
    use std::io::Write;

    fn open(fill: impl FnOnce(&mut Workbook), sheet: Option<&str>) -> Result<(Spreadsheet, Vec<String>), MapError> {
        let mut book = Workbook::new();
        fill(&mut book);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&book.save_to_buffer().unwrap()).unwrap();
        Spreadsheet::open(file, sheet, "book.xlsx")
    }

    fn fill(book: &mut Workbook) {
        let sheet = book.add_worksheet().set_name("Labs").unwrap();
        sheet.write_string(1, 0, "code").unwrap().write_string(1, 1, "name").unwrap();
        sheet.write_string(1, 2, "when").unwrap();
        sheet.write_number(2, 0, 7.0).unwrap().write_string(2, 1, "007").unwrap();
        let date = Format::new().set_num_format("yyyy-mm-dd");
        sheet
            .write_datetime_with_format(2, 2, Date::from_ymd(2024, 2, 29).unwrap(), &date)
            .unwrap();
        sheet.write_number(4, 0, 123_456_789_012_345_678.0).unwrap();
        sheet.write_number(4, 1, 0.1).unwrap().write_boolean(4, 2, true).unwrap();
        sheet.write_string(5, 1, "x").unwrap().write_string(5, 5, "beyond").unwrap();
        book.add_worksheet()
            .set_name("Other")
            .unwrap()
            .write_string(0, 0, "a")
            .unwrap();
    }

    #[test]
    fn cells_are_what_a_person_would_have_typed() {
        let (mut rows, header) = open(fill, None).unwrap();
        assert_eq!(header, ["code", "name", "when"]);
        let mut row = Row::default();
        let mut found = Vec::new();
        while rows.next(&mut row).unwrap() {
            found.push((row.fields.iter().map(str::to_owned).collect::<Vec<_>>(), row.fault.clone()));
        }
        assert_eq!(found[0].0, ["7", "007", "2024-02-29"]);
        assert_eq!(found[1].0, ["1.2345678901234568E+17", "0.1", "TRUE"]);
        assert!(found[2].1.as_ref().unwrap().contains("cell F6"), "{:?}", found[2].1);
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn sheets_go_by_their_names() {
        assert_eq!(open(fill, Some("Other")).unwrap().1, ["a"]);
        let message = open(fill, Some("None")).err().unwrap().to_string();
        assert!(message.contains("Labs, Other"), "{message}");
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"PK\x03\x04 no workbook").unwrap();
        assert!(Spreadsheet::open(file, None, "x").is_err());
    }

    #[test]
    fn columns_have_letters() {
        let names: Vec<String> = [0, 25, 26, 701, 702, 16_383].map(column_name).into();
        assert_eq!(names, ["A", "Z", "AA", "ZZ", "AAA", "XFD"]);
    }
}
