//! What every reader and writer of XLSX keeps to: the limits of the format, the limit of what a file may unpack to, what
//! text a number becomes, and the one date that is in what we write. It reads and writes no sheet itself.

use super::super::error::MapError;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, XlsxError};
use std::fs::File;
use std::io::{self, BufReader, Read};

/// Most bytes that a workbook may unpack to.
pub const LARGEST: u64 = 2 << 30;
/// Rows of a sheet, its header included, by the format's definition.
pub const MOST_ROWS: u32 = 1_048_576;
/// Columns of a sheet, by the format's definition.
pub const MOST_COLUMNS: usize = 16_384;
/// Characters of a cell, in UTF-16 units, by the format's definition.
pub const LONGEST_CELL: usize = 32_767;
/// From here on a number in a cell has lost digits: a spreadsheet keeps fifteen.
const LOSSY: f64 = 1e15;

/// Refuses a workbook that unpacks to more than [`LARGEST`], by unpacking it: what an archive states of itself is no
/// limit. Returns the bytes that it unpacks to.
pub fn check_size(file: &File, shown: &str) -> Result<u64, MapError> {
    let fail = |message: String| MapError::Malformed {
        path: shown.to_owned(),
        message,
    };
    let file = file.try_clone().map_err(|error| MapError::io(shown, error))?;
    let mut archive =
        zip::ZipArchive::new(BufReader::new(file)).map_err(|error| fail(format!("it is no XLSX workbook: {error}")))?;
    let mut total = 0;
    for number in 0..archive.len() {
        let member = archive.by_index(number).map_err(|error| fail(error.to_string()))?;
        let mut member = member.take(LARGEST - total + 1);
        total += io::copy(&mut member, &mut io::sink()).map_err(|error| fail(format!("it is no XLSX workbook: {error}")))?;
        if total > LARGEST {
            return Err(fail(format!(
                "the workbook unpacks to more than {} GiB; save the sheet as CSV",
                LARGEST >> 30
            )));
        }
    }
    Ok(total)
}

/// A number of a cell as a person would have typed it; one that has lost digits has an exponent, never invented digits.
pub fn number_text(number: f64) -> String {
    if number.abs() < LOSSY {
        return format!("{number}");
    }
    format!("{number:E}").replacen('E', "E+", 1)
}

/// The properties of what we write: the same rows give the same bytes, so no clock is asked.
pub fn properties() -> Result<DocProperties, XlsxError> {
    Ok(DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?))
}
