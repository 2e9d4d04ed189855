//! Candidates by meaning: terms near a name in the space of a static embedding that the user points to.
//!
//! Off unless `--embedding-model` names one, and never needed. A text is the mean of its words' (or pieces') vectors, each
//! weighted by how rare the word is among the terms of the target, brought to length 1; every term is embedded once. Rows
//! are kept as bytes with a scale each, and all of them are compared with the name: no approximate index. A search is one
//! thread's work, since sources are mapped in parallel.
//!
//! It adds candidates and says how near they are; it scores and accepts nothing. Models that compute (ONNX, transformers)
//! are not run.

mod safetensors;
mod word_piece;
mod word_vectors;

use super::MapError;
use super::index::MatchIndex;
use rayon::prelude::*;
use safetensors::SafeTensors;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use word_piece::WordPiece;
use word_vectors::WordVectors;

/// Terms that a name is given by meaning, at most.
const NEAREST: usize = 24;
/// Terms that are less near are unrelated.
const LEAST_COSINE: f32 = 0.4;
/// Bytes of a `tokenizer.json`.
const LARGEST_TOKENIZER: u64 = 256 << 20;

/// A static embedding: vectors of words.
#[derive(Debug)]
pub(super) enum Embedding {
    /// The layout of model2vec: a WordPiece vocabulary, and a vector for each piece.
    Pieces {
        tokenizer: WordPiece,
        width: usize,
        values: Vec<f32>,
        /// Row of each piece, where rows are shared.
        rows: Option<Vec<f32>>,
        /// Weight of each piece, where the model has some.
        weights: Option<Vec<f32>>,
    },
    /// A vector for each word.
    Words(WordVectors),
}

impl Embedding {
    /// Opens a folder with `tokenizer.json` and `model.safetensors`, or with one table of word vectors, or such a table.
    pub fn open(path: &Path) -> Result<Self, MapError> {
        if path.is_file() {
            return Self::open_words(path);
        }
        let matrix = path.join("model.safetensors");
        if matrix.is_file() {
            return Self::open_pieces(&path.join("tokenizer.json"), &matrix);
        }
        let shown = path.display().to_string();
        let entries = std::fs::read_dir(path).map_err(|error| MapError::io(&shown, error))?;
        let mut tables: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        tables.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let name = name.strip_suffix(".gz").unwrap_or(&name);
            name.ends_with(".vec") || name.ends_with(".txt")
        });
        match tables.as_slice() {
            [table] => Self::open_words(table),
            others => Err(MapError::Malformed {
                path: shown,
                message: format!(
                    "there is no model.safetensors, and {} tables of word vectors (.vec, .txt, also .gz); name a folder with a model2vec model, or one table",
                    others.len()
                ),
            }),
        }
    }

    fn open_words(path: &Path) -> Result<Self, MapError> {
        let shown = path.display().to_string();
        let file = File::open(path).map_err(|error| MapError::io(&shown, error))?;
        let table = if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz")) {
            WordVectors::read(BufReader::new(flate2::read::MultiGzDecoder::new(file)), &shown)
        } else {
            WordVectors::read(BufReader::new(file), &shown)
        };
        table.map(Self::Words)
    }

    fn open_pieces(tokenizer: &Path, matrix: &Path) -> Result<Self, MapError> {
        let shown = tokenizer.display().to_string();
        let mut text = Vec::new();
        let file = File::open(tokenizer).map_err(|error| MapError::io(&shown, error))?;
        let read = file.take(LARGEST_TOKENIZER).read_to_end(&mut text);
        read.map_err(|error| MapError::io(&shown, error))?;
        let tokenizer = WordPiece::parse(&text, &shown)?;
        let shown = matrix.display().to_string();
        let file = File::open(matrix).map_err(|error| MapError::io(&shown, error))?;
        let fault = |message: String| MapError::Malformed {
            path: shown.clone(),
            message,
        };
        let mut tensors = SafeTensors::open(BufReader::new(file), &shown)?;
        let missing = || fault("there is no tensor \"embeddings\"; name a static model as model2vec saves it".to_owned());
        let table = tensors.tensor("embeddings")?.ok_or_else(missing)?;
        let [height, width] = table.shape[..] else {
            return Err(fault(format!(
                "the embeddings have the shape {:?}, which is no matrix",
                table.shape
            )));
        };
        if !(2..=4096).contains(&width) {
            return Err(fault(format!(
                "the embeddings have {width} columns; between 2 and 4096 are read"
            )));
        }
        let mut of_pieces =
            |name: &str| -> Result<Option<Vec<f32>>, MapError> { Ok(tensors.tensor(name)?.map(|tensor| tensor.values)) };
        let (rows, weights) = (of_pieces("mapping")?, of_pieces("weights")?);
        let known = rows.as_ref().map_or(height, Vec::len);
        if tokenizer.largest() as usize >= known {
            return Err(fault(format!(
                "the tokenizer numbers its pieces up to {}, and there are vectors for {known}; the two files are not of one model",
                tokenizer.largest()
            )));
        }
        Ok(Self::Pieces {
            tokenizer,
            width,
            values: table.values,
            rows,
            weights,
        })
    }

    fn width(&self) -> usize {
        match self {
            Self::Pieces { width, .. } => *width,
            Self::Words(table) => table.width,
        }
    }

    /// Adds a word's vector; an unknown word adds nothing.
    fn add(&self, word: &str, weight: f32, sum: &mut [f32]) {
        let mut add = |vector: &[f32], weight: f32| sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += weight * value);
        match self {
            Self::Words(table) => {
                if let Some(vector) = table.get(word) {
                    add(vector, weight);
                }
            }
            Self::Pieces {
                tokenizer,
                width,
                values,
                rows,
                weights,
            } => {
                for piece in tokenizer.pieces(word) {
                    let piece = piece as usize;
                    let row = rows
                        .as_ref()
                        .map_or(Some(piece), |rows| rows.get(piece).map(|row| *row as usize));
                    let own = weights
                        .as_ref()
                        .and_then(|weights| weights.get(piece))
                        .copied()
                        .unwrap_or(1.0);
                    let start = row.and_then(|row| row.checked_mul(*width));
                    if let Some(vector) = start.and_then(|start| values.get(start..start.checked_add(*width)?)) {
                        add(vector, weight * own);
                    }
                }
            }
        }
    }
}

/// A vector as bytes: 127 is its largest value.
fn bytes_of(vector: &[f32]) -> Option<(Vec<i8>, f32)> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    let largest = vector.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    if !length.is_finite() || largest <= 0.0 {
        return None;
    }
    let bytes = vector.iter().map(|value| (value / largest * 127.0).round() as i8).collect();
    Some((bytes, largest / 127.0 / length))
}

/// The product of two vectors of bytes, the left one widened once for all rows. Written so that the compiler finds sixteen
/// bytes at a time: 79,000 rows of 256 take 2.4 ms instead of 4.5.
fn product(left: &[i16], right: &[i8]) -> i32 {
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<16>(), right.as_chunks::<16>());
    let mut sums = [0i32; 8];
    for (left, right) in left.iter().zip(right) {
        for at in 0..8 {
            // No value is beyond 127, so two products are at most 32,258, which an i16 holds; and at most 4096 of them are
            // far from the end of an i32. All four places are below 16.
            let first = left[at].wrapping_mul(i16::from(right[at]));
            let second = left[at + 8].wrapping_mul(i16::from(right[at + 8]));
            sums[at] += i32::from(first.wrapping_add(second));
        }
    }
    let rest = left_rest
        .iter()
        .zip(right_rest)
        .map(|(left, right)| i32::from(*left) * i32::from(*right));
    sums.iter().sum::<i32>() + rest.sum::<i32>()
}

/// A name as a vector.
#[derive(Debug)]
pub(super) struct Near {
    bytes: Vec<i16>,
    scale: f32,
}

/// The terms of an index as vectors.
#[derive(Debug)]
pub(super) struct TermVectors {
    embedding: Arc<Embedding>,
    width: usize,
    bytes: Vec<i8>,
    /// What brings a row of bytes to length 1; 0 for a term of which no word is known.
    scales: Vec<f32>,
}

impl TermVectors {
    /// Embeds every term of an index.
    pub fn build(index: &MatchIndex, embedding: Arc<Embedding>) -> Self {
        let width = embedding.width();
        let rows: Vec<Option<(Vec<i8>, f32)>> = (0..index.terms())
            .into_par_iter()
            .map(|term| {
                let mut sum = vec![0.0; width];
                for word in index.term_words(term) {
                    embedding.add(index.word(*word), index.weight(*word), &mut sum);
                }
                bytes_of(&sum)
            })
            .collect();
        let mut bytes = Vec::with_capacity(rows.len() * width);
        let mut scales = Vec::with_capacity(rows.len());
        for row in rows {
            let (row, scale) = row.unwrap_or_else(|| (vec![0; width], 0.0));
            bytes.extend(row);
            scales.push(scale);
        }
        Self {
            embedding,
            width,
            bytes,
            scales,
        }
    }

    /// A name's words as a vector; none where the embedding knows none of them.
    pub fn embed(&self, index: &MatchIndex, words: &[String]) -> Option<Near> {
        let mut sum = vec![0.0; self.width];
        for word in words {
            self.embedding.add(word, index.weight_of(word), &mut sum);
        }
        let (bytes, scale) = bytes_of(&sum)?;
        Some(Near {
            bytes: bytes.into_iter().map(i16::from).collect(),
            scale,
        })
    }

    fn of_row(&self, near: &Near, row: &[i8], scale: f32) -> f32 {
        product(&near.bytes, row) as f32 * near.scale * scale
    }

    /// How near a term is.
    pub fn cosine(&self, near: &Near, term: u32) -> f32 {
        let start = term as usize * self.width;
        let row = self.bytes.get(start..start + self.width).unwrap_or(&[]);
        self.of_row(near, row, self.scales.get(term as usize).copied().unwrap_or_default())
    }

    /// The nearest terms, best first.
    pub fn nearest(&self, near: &Near) -> Vec<(u32, f32)> {
        let mut found: Vec<(u32, f32)> = Vec::new();
        let mut least = LEAST_COSINE;
        let better = |left: &(u32, f32), right: &(u32, f32)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
        for ((term, row), scale) in (0u32..).zip(self.bytes.chunks_exact(self.width)).zip(&self.scales) {
            let cosine = self.of_row(near, row, *scale);
            if cosine <= least {
                continue;
            }
            found.push((term, cosine));
            if found.len() >= 8 * NEAREST {
                found.sort_unstable_by(better);
                found.truncate(NEAREST);
                least = found.last().map_or(least, |(_, cosine)| *cosine);
            }
        }
        found.sort_unstable_by(better);
        found.truncate(NEAREST);
        found
    }
}

#[cfg(test)]
mod tests;
