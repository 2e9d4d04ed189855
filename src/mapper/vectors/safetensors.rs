//! The matrix of a `model.safetensors` file: eight bytes with the length of a JSON header, the header, then the numbers.
//!
//! The layout is so small that it is read here rather than by a crate. Only the tensors that are asked for are read, and
//! nothing of the file is believed: offsets, shapes and lengths must agree with each other and with the file.

use crate::mapper::MapError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

/// Bytes of a header; those of the largest published models have far less.
const LONGEST_HEADER: u64 = 16 << 20;
/// Bytes of a tensor.
const LARGEST_TENSOR: u64 = 4 << 30;

#[derive(Debug, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// A file whose header was read.
#[derive(Debug)]
pub(super) struct SafeTensors<R> {
    reader: R,
    shown: String,
    entries: BTreeMap<String, Entry>,
    data: u64,
    length: u64,
}

/// A tensor as numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    /// Lengths of its dimensions.
    pub shape: Vec<usize>,
    /// Its values, the last dimension first.
    pub values: Vec<f32>,
}

impl<R: Read + Seek> SafeTensors<R> {
    /// Reads the header.
    pub fn open(mut reader: R, shown: &str) -> Result<Self, MapError> {
        let fault = |message: String| malformed(shown, message);
        let io = |error| MapError::io(shown, error);
        let length = reader.seek(SeekFrom::End(0)).map_err(io)?;
        reader.seek(SeekFrom::Start(0)).map_err(io)?;
        if length < 8 {
            return Err(fault(format!(
                "the file has {length} bytes; a safetensors file begins with eight that say its header's length"
            )));
        }
        let mut size = [0; 8];
        reader.read_exact(&mut size).map_err(io)?;
        let size = u64::from_le_bytes(size);
        if size > LONGEST_HEADER || size > length - 8 {
            return Err(fault(format!(
                "byte 0: a header of {size} bytes is stated, but the file has {length} and {LONGEST_HEADER} are read at most; is it a safetensors file?"
            )));
        }
        // It fits: at most 16 MiB.
        let mut header = vec![0; size as usize];
        reader.read_exact(&mut header).map_err(io)?;
        let raw: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&header).map_err(|error| fault(format!("the header is not JSON as it should be: {error}")))?;
        let mut entries = BTreeMap::new();
        for (name, value) in raw.into_iter().filter(|(name, _)| name != "__metadata__") {
            let entry = serde_json::from_value(value).map_err(|error| fault(format!("tensor {name:?}: {error}")))?;
            entries.insert(name, entry);
        }
        Ok(Self {
            reader,
            shown: shown.to_owned(),
            entries,
            data: 8 + size,
            length,
        })
    }

    /// Reads a tensor; none where there is none of that name.
    pub fn tensor(&mut self, name: &str) -> Result<Option<Tensor>, MapError> {
        let Some(entry) = self.entries.get(name) else {
            return Ok(None);
        };
        let fault = |message: String| malformed(&self.shown, format!("tensor {name:?}: {message}"));
        let width: u64 = match entry.dtype.as_str() {
            "F32" | "I32" => 4,
            "F16" | "BF16" => 2,
            "F64" | "I64" => 8,
            "I8" => 1,
            other => {
                return Err(fault(format!(
                    "numbers of type {other} are not read; save the model as F32 or F16"
                )));
            }
        };
        let count = entry
            .shape
            .iter()
            .try_fold(1u64, |product, length| product.checked_mul(*length));
        let bytes = count.and_then(|count| count.checked_mul(width));
        let (start, stop) = entry.data_offsets;
        let size = stop.checked_sub(start).filter(|size| Some(*size) == bytes);
        let Some(size) = size else {
            return Err(fault(format!(
                "offsets {start} to {stop} do not hold a shape of {:?}",
                entry.shape
            )));
        };
        if size > LARGEST_TENSOR || self.data.checked_add(stop).is_none_or(|end| end > self.length) {
            return Err(fault(format!(
                "it ends at byte {stop} of the data, which is past the end of the file, or it is larger than {LARGEST_TENSOR} bytes"
            )));
        }
        let io = |error| MapError::io(self.shown.as_str(), error);
        self.reader.seek(SeekFrom::Start(self.data + start)).map_err(io)?;
        let mut raw = Vec::new();
        (&mut self.reader).take(size).read_to_end(&mut raw).map_err(io)?;
        let values: Vec<f32> = raw
            .chunks_exact(width as usize)
            .map(|bytes| number(&entry.dtype, bytes))
            .collect();
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(fault(format!("value {place} is no number")));
        }
        Ok(Some(Tensor {
            shape: entry.shape.iter().map(|length| *length as usize).collect(),
            values,
        }))
    }
}

fn malformed(path: &str, message: String) -> MapError {
    MapError::Malformed {
        path: path.to_owned(),
        message,
    }
}

/// One number; the bytes are as many as its type has.
fn number(dtype: &str, bytes: &[u8]) -> f32 {
    fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
        bytes.try_into().unwrap_or([0; N])
    }
    match dtype {
        "F32" => f32::from_le_bytes(array(bytes)),
        "F64" => f64::from_le_bytes(array(bytes)) as f32,
        "I64" => i64::from_le_bytes(array(bytes)) as f32,
        "I32" => i32::from_le_bytes(array(bytes)) as f32,
        "I8" => f32::from(i8::from_le_bytes(array(bytes))),
        "BF16" => f32::from_bits(u32::from(u16::from_le_bytes(array(bytes))) << 16),
        _ => half(u16::from_le_bytes(array(bytes))),
    }
}

/// A half-precision number (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Cursor;

    /// A file with one matrix.
    pub fn file(name: &str, rows: &[&[f32]]) -> Vec<u8> {
        let width = rows.first().map_or(0, |row| row.len());
        let bytes: Vec<u8> = rows
            .iter()
            .flat_map(|row| row.iter().flat_map(|value| value.to_le_bytes()))
            .collect();
        let header = serde_json::json!({"__metadata__": {"format": "pt"},
            name: {"dtype": "F32", "shape": [rows.len(), width], "data_offsets": [0, bytes.len()]}})
        .to_string();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file.extend(bytes);
        file
    }

    #[test]
    fn a_matrix_is_read_and_what_is_wrong_is_located() {
        let good = file("embeddings", &[&[1.0, 2.0], &[3.0, -4.5]]);
        let mut open = SafeTensors::open(Cursor::new(&good), "m").unwrap();
        let tensor = open.tensor("embeddings").unwrap().unwrap();
        assert_eq!((tensor.shape, tensor.values), (vec![2, 2], vec![1.0, 2.0, 3.0, -4.5]));
        assert!(open.tensor("weights").unwrap().is_none());
        let cut = &good[..good.len() - 1];
        let error = SafeTensors::open(Cursor::new(cut), "m")
            .unwrap()
            .tensor("embeddings")
            .unwrap_err();
        assert!(error.to_string().contains("past the end"), "{error}");
        assert!(SafeTensors::open(Cursor::new(&good[..20]), "m").is_err());
        assert!(SafeTensors::open(Cursor::new(b"short"), "m").is_err());
    }

    #[test]
    fn half_precision_is_read() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3800, 0.5),
            (0x0001, 2f32.powi(-24)),
            (0x7bff, 65504.0),
            (0, 0.0),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
        assert_eq!(number("BF16", &0x3f80u16.to_le_bytes()), 1.0);
    }

    proptest::proptest! {
        #[test]
        fn damaged_files_are_errors_never_panics(place in 0usize..200, byte: u8, cut in 0usize..200) {
            let mut bytes = file("embeddings", &[&[1.0, 2.0], &[3.0, 4.0]]);
            let at = place % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut % bytes.len());
            if let Ok(mut open) = SafeTensors::open(Cursor::new(&bytes), "m") {
                let _ = open.tensor("embeddings");
            }
        }
    }
}
