//! The values of a Parquet column as the text of fields.
//!
//! Whole floating-point numbers lose their `.0`: tables that went through a data frame have integers with gaps as
//! floats. Columns of lists, maps and undecodable kinds are refused by name rather than rendered somehow.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

/// How the values of a column are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Unsigned,
    Text,
    Date,
    /// Fractions of a second per second, and whether it is a moment in UTC.
    Timestamp(i64, bool),
    Time(i64),
    Decimal(u32),
    Uuid,
}

/// How a column is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rendering(Kind);

fn per_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

impl Rendering {
    /// How a column is rendered; what is wrong with it if it cannot be.
    pub fn of(column: &ColumnDescriptor) -> Result<Self, String> {
        if column.max_rep_level() > 0 {
            return Err("it holds lists or maps; flatten it to one value per row".to_owned());
        }
        let kind = match (column.logical_type_ref(), column.converted_type()) {
            (Some(LogicalType::Timestamp(stamp)), _) => Kind::Timestamp(per_second(&stamp.unit), stamp.is_adjusted_to_u_t_c),
            (Some(LogicalType::Time(time)), _) => Kind::Time(per_second(&time.unit)),
            (Some(LogicalType::Uuid), _) => Kind::Uuid,
            (_, ConvertedType::TIMESTAMP_MILLIS) => Kind::Timestamp(1_000, true),
            (_, ConvertedType::TIMESTAMP_MICROS) => Kind::Timestamp(1_000_000, true),
            (_, ConvertedType::TIME_MILLIS) => Kind::Time(1_000),
            (_, ConvertedType::TIME_MICROS) => Kind::Time(1_000_000),
            (Some(LogicalType::Date), _) | (_, ConvertedType::DATE) => Kind::Date,
            (Some(LogicalType::Decimal(_)), _) | (_, ConvertedType::DECIMAL) => {
                let scale = u32::try_from(column.type_scale()).ok().filter(|scale| *scale <= 38);
                Kind::Decimal(scale.ok_or("its decimals have an impossible scale")?)
            }
            (_, ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64) => {
                Kind::Unsigned
            }
            (Some(LogicalType::Integer(integer)), _) if !integer.is_signed => Kind::Unsigned,
            _ if column.physical_type() == Type::BYTE_ARRAY => Kind::Text,
            _ => Kind::Plain,
        };
        let readable = match column.physical_type() {
            Type::FIXED_LEN_BYTE_ARRAY => matches!(kind, Kind::Decimal(_) | Kind::Uuid),
            Type::BYTE_ARRAY => matches!(kind, Kind::Text | Kind::Decimal(_)),
            _ => true,
        };
        if readable {
            Ok(Self(kind))
        } else {
            Err("its values are neither text nor numbers nor dates; convert it to text".to_owned())
        }
    }

    fn whole(self, value: i64, narrow: bool) -> String {
        match self.0 {
            Kind::Unsigned if narrow => (value as u32).to_string(),
            Kind::Unsigned => (value as u64).to_string(),
            Kind::Decimal(scale) => decimal(i128::from(value), scale),
            Kind::Date => date(value),
            Kind::Timestamp(unit, utc) => timestamp(value, unit, utc),
            Kind::Time(unit) => time(value, unit),
            _ => value.to_string(),
        }
    }

    fn bytes(self, value: &[u8], buffer: &mut String) -> bool {
        match self.0 {
            Kind::Decimal(scale) => match unscaled(value) {
                Some(number) => buffer.push_str(&decimal(number, scale)),
                None => return false,
            },
            Kind::Uuid => match uuid::Uuid::from_slice(value) {
                Ok(uuid) => buffer.push_str(&uuid.to_string()),
                Err(_) => return false,
            },
            _ => match std::str::from_utf8(value) {
                Ok(text) => buffer.push_str(text),
                Err(_) => {
                    buffer.push_str(&String::from_utf8_lossy(value));
                    return false;
                }
            },
        }
        true
    }
}

/// Big-endian two's complement.
fn unscaled(bytes: &[u8]) -> Option<i128> {
    if bytes.is_empty() || bytes.len() > 16 {
        return None;
    }
    let negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    let start = if negative { -1 } else { 0 };
    Some(
        bytes
            .iter()
            .fold(start, |number: i128, byte| (number << 8) | i128::from(*byte)),
    )
}

fn decimal(number: i128, scale: u32) -> String {
    let digits = number.unsigned_abs().to_string();
    let scale = scale as usize;
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if number < 0 { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

/// A date outside the calendar is its number of days.
fn date(days: i64) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = i32::try_from(days)
        .ok()
        .and_then(|days| epoch.checked_add(jiff::Span::new().try_days(days).ok()?).ok());
    date.map_or_else(|| days.to_string(), |date| date.to_string())
}

fn timestamp(value: i64, unit: i64, utc: bool) -> String {
    let nanoseconds = value.rem_euclid(unit) * (1_000_000_000 / unit);
    let moment = jiff::Timestamp::new(value.div_euclid(unit), nanoseconds as i32);
    moment.map_or_else(
        |_| value.to_string(),
        |moment| {
            let text = moment.to_string();
            if utc { text } else { text.trim_end_matches('Z').to_owned() }
        },
    )
}

fn time(value: i64, unit: i64) -> String {
    let seconds = value.div_euclid(unit);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = value.rem_euclid(unit);
    let mut text = format!("{hours:02}:{minutes:02}:{seconds:02}");
    if fraction > 0 {
        let digits = unit.ilog10() as usize;
        text.push_str(&format!(".{fraction:0digits$}"));
    }
    text
}

/// The values of one column of a batch, one after the other; nulls are empty.
#[derive(Debug, Default)]
pub(super) struct Values {
    text: String,
    ends: Vec<usize>,
    /// Numbers of rows whose value is no text.
    pub bad: Vec<usize>,
}

impl Values {
    /// The value of a row of the batch.
    pub fn get(&self, row: usize) -> &str {
        let start = row.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let range = start.zip(self.ends.get(row).copied());
        range.and_then(|(start, end)| self.text.get(start..end)).unwrap_or("")
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.bad.clear();
    }

    /// Reads `rows` values of a column.
    pub fn fill(&mut self, reader: &mut ColumnReader, rendering: Rendering, depth: i16, rows: usize) -> Result<(), ParquetError> {
        self.clear();
        match reader {
            ColumnReader::BoolColumnReader(reader) => self.of(reader, depth, rows, |value, text| {
                text.push_str(if *value { "true" } else { "false" });
                true
            }),
            ColumnReader::Int32ColumnReader(reader) => self.of(reader, depth, rows, |value, text| {
                text.push_str(&rendering.whole(i64::from(*value), true));
                true
            }),
            ColumnReader::Int64ColumnReader(reader) => self.of(reader, depth, rows, |value, text| {
                text.push_str(&rendering.whole(*value, false));
                true
            }),
            ColumnReader::Int96ColumnReader(reader) => self.of(reader, depth, rows, |value, text| {
                text.push_str(&timestamp(value.to_micros(), 1_000_000, false));
                true
            }),
            ColumnReader::FloatColumnReader(reader) => self.of(reader, depth, rows, |value, text| {
                text.push_str(&value.to_string());
                true
            }),
            ColumnReader::DoubleColumnReader(reader) => self.of(reader, depth, rows, |value, text| {
                text.push_str(&value.to_string());
                true
            }),
            ColumnReader::ByteArrayColumnReader(reader) => self.of(reader, depth, rows, |value: &ByteArray, text| {
                value.is_empty() || rendering.bytes(value.data(), text)
            }),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                self.of(reader, depth, rows, |value: &FixedLenByteArray, text| {
                    rendering.bytes(value.data(), text)
                })
            }
        }
    }

    fn of<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        depth: i16,
        rows: usize,
        render: impl Fn(&T::T, &mut String) -> bool,
    ) -> Result<(), ParquetError> {
        let (mut levels, mut values): (Vec<i16>, Vec<T::T>) = (Vec::new(), Vec::new());
        let mut read = 0;
        while read < rows {
            let (records, ..) = reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
            if records == 0 {
                return Err(ParquetError::EOF(format!("it ends after {read} of {rows} values")));
            }
            read += records;
        }
        let mut present = values.iter();
        for row in 0..rows {
            let is_null = depth > 0 && levels.get(row).is_none_or(|level| *level < depth);
            if !is_null {
                let value = present
                    .next()
                    .ok_or_else(|| ParquetError::EOF("it has fewer values than its levels say".to_owned()))?;
                if !render(value, &mut self.text) {
                    self.bad.push(row);
                }
            }
            self.ends.push(self.text.len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_moments_read_as_people_write_them() {
        assert_eq!(
            (decimal(-1050, 2), decimal(7, 3), decimal(700, 2)),
            ("-10.5".into(), "0.007".into(), "7".into())
        );
        assert_eq!((unscaled(&[0xff]), unscaled(&[1, 0])), (Some(-1), Some(256)));
        assert_eq!((date(0), date(-1)), ("1970-01-01".into(), "1969-12-31".into()));
        assert_eq!(date(i64::MAX), i64::MAX.to_string());
        assert_eq!(timestamp(1_500, 1_000, true), "1970-01-01T00:00:01.5Z");
        assert_eq!(timestamp(-1, 1_000_000_000, false), "1969-12-31T23:59:59.999999999");
        assert_eq!(
            (time(3_661_000, 1_000), time(1, 1_000)),
            ("01:01:01".into(), "00:00:00.001".into())
        );
    }
}
