//! A whole table: blocks of rows, distinct tuples mapped once, rows written in the order in which they came.
//!
//! Memory is bounded by one block of rows and the distinct tuples. New tuples of a block are mapped in parallel and
//! taken in the order of their first row, so nothing depends on the number of threads. One pass, so stdin will do.

use super::distinct::{Distinct, add_field};
use super::error::MapError;
use super::item::Role;
use super::outcome::{Outcome, Status};
use super::read::{Input, Row, is_stream};
use super::resolve::Mapper;
use super::roles::Binding;
use super::write::{Format, Output, Rendered};
use super::{MapOptions, Vocabularies};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Rows per block.
const BLOCK: usize = 16_384;

/// What has been done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Rows written.
    pub rows: u64,
    /// Distinct tuples mapped.
    pub distinct: u64,
    /// Bytes of the input read, after decompression.
    pub bytes: u64,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Canonical URL of the target.
    pub target: String,
    /// Which column played which part.
    pub columns: Vec<(Role, String)>,
    /// Rows of the input.
    pub rows: u64,
    /// Distinct tuples.
    pub distinct: u64,
    /// Rows by status.
    pub statuses: BTreeMap<Status, u64>,
    /// Distinct tuples by status.
    pub distinct_statuses: BTreeMap<Status, u64>,
    /// Rows weighed by the count column, by status; empty without such a column.
    pub counts: BTreeMap<Status, f64>,
    /// Time to prepare the target.
    pub prepared: Duration,
    /// Time to read, map and write.
    pub mapped: Duration,
}

/// Maps a table. `input` and `output` may be `-`. `progress` is told after every block.
pub fn run(
    input: &Path,
    output: &Path,
    options: &MapOptions,
    vocabularies: &dyn Vocabularies,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, MapError> {
    if !is_stream(input) && input == output {
        return Err(MapError::SameFile {
            path: input.display().to_string(),
        });
    }
    let format = options.format.map_or_else(|| Format::of_path(output), Ok)?;
    // The header is looked at before the target is read: a wrong column name should not take a minute to say.
    let input = Input::open(input)?;
    let binding = Binding::settle(input.shown(), input.header(), &options.columns)?;
    let start = Instant::now();
    let mapper = Mapper::new(options, vocabularies)?;
    let prepared = start.elapsed();
    let output = Output::open(output, format, input.header(), mapper.target_url(), options)?;
    let mut summary = map_rows(input, output, options, &binding, &mapper, progress)?;
    summary.prepared = prepared;
    Ok(summary)
}

fn map_rows(
    mut input: Input,
    mut output: Output,
    options: &MapOptions,
    binding: &Binding,
    mapper: &Mapper,
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, MapError> {
    let start = Instant::now();
    let header = input.header().to_vec();
    let count_place = binding
        .places()
        .iter()
        .find(|(role, _)| *role == Role::Count)
        .map(|(_, place)| *place);
    let mut summary = Summary {
        target: mapper.target_url().to_owned(),
        columns: binding
            .places()
            .iter()
            .map(|(role, place)| (*role, header.get(*place).cloned().unwrap_or_default()))
            .collect(),
        rows: 0,
        distinct: 0,
        statuses: BTreeMap::new(),
        distinct_statuses: BTreeMap::new(),
        counts: BTreeMap::new(),
        prepared: Duration::ZERO,
        mapped: Duration::ZERO,
    };
    let mut known = Distinct::default();
    let mut block: Vec<Row> = Vec::new();
    let mut done = Progress::default();
    loop {
        let filled = fill(&mut input, &mut block)?;
        let rows = block.get(..filled).unwrap_or_default();
        let numbers = number(rows, options, binding, mapper, &mut known, &output, &mut summary);
        for (row, number) in rows.iter().zip(numbers) {
            let status = match (&row.fault, number.and_then(|number| known.get(number))) {
                (None, Some((status, rendered))) => {
                    output.row(&row.fields, rendered)?;
                    *status
                }
                (fault, _) => {
                    let reason = fault.clone().unwrap_or_default();
                    output.row(&row.fields, &output.render(&Outcome::invalid(reason)))?;
                    Status::Invalid
                }
            };
            *summary.statuses.entry(status).or_default() += 1;
            if let Some(count) = count_place.and_then(|place| row.fields.get(place)?.trim().parse::<f64>().ok()) {
                *summary.counts.entry(status).or_default() += count.max(0.0);
            }
        }
        done.rows += filled as u64;
        done.distinct = known.len() as u64;
        done.bytes += input.bytes_read();
        progress(done);
        if filled < BLOCK {
            break;
        }
    }
    output.finish()?;
    summary.rows = done.rows;
    summary.distinct = done.distinct;
    summary.mapped = start.elapsed();
    Ok(summary)
}

/// Reads up to a block of rows into the room of the last one.
fn fill(input: &mut Input, block: &mut Vec<Row>) -> Result<usize, MapError> {
    for at in 0..BLOCK {
        if block.len() <= at {
            block.push(Row::default());
        }
        // Pushed above if it was not there.
        let Some(row) = block.get_mut(at) else { break };
        if !input.next(row)? {
            return Ok(at);
        }
    }
    Ok(BLOCK)
}

/// The number of each row's tuple; new tuples are mapped.
fn number(
    rows: &[Row],
    options: &MapOptions,
    binding: &Binding,
    mapper: &Mapper,
    known: &mut Distinct<(Status, Rendered)>,
    output: &Output,
    summary: &mut Summary,
) -> Vec<Option<u32>> {
    let key = |row: &Row, key: &mut String| {
        for (_, place) in binding.tuple_places() {
            add_field(key, row.fields.get(place).unwrap_or(""));
        }
        row.fault.is_none()
    };
    let map = |row: &Row| mapper.map_one(&binding.item(&options.values, |place| row.fields.get(place).unwrap_or("")));
    known.place(rows, key, map, |outcome| {
        *summary.distinct_statuses.entry(outcome.status).or_default() += 1;
        (outcome.status, output.render(&outcome))
    })
}
