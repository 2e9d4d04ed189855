//! A whole table: blocks of rows, distinct tuples mapped once, rows written in the order in which they came.
//!
//! Reading and writing each have a thread of their own, and a few blocks of rows go round between them: memory is
//! bounded by these blocks and the distinct tuples. New tuples of a block are mapped in parallel and taken in the order
//! of their first row, so nothing depends on the number of threads. One pass, so stdin will do.

use super::distinct::{Distinct, add_field};
use super::error::MapError;
use super::formats::exchange::write_mapping_set;
use super::formats::from_outcome::{self, Run};
use super::formats::mapping_set::MappingSet;
use super::formats::set_table::encoded;
use super::item::{Role, SourceItem};
use super::outcome::{Outcome, Status};
use super::read::{Input, Row, is_stream};
use super::resolve::Mapper;
use super::roles::{Binding, Values};
use super::write::{Format, Renderer, TableSink, open_table, table_columns};
use super::{MapOptions, Vocabularies};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

/// Rows per block.
const BLOCK: usize = 8_192;
/// Blocks that go round.
const BLOCKS: usize = 4;

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
    /// The distinct tuples with their outcomes, if they were to be kept.
    pub kept: Vec<Kept>,
    /// What the output's format had no place for.
    pub lost: Vec<String>,
}

/// A distinct tuple with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The tuple.
    pub source: SourceItem,
    /// Its outcome.
    pub outcome: Outcome,
    /// How often it occurs: the sum of its counts, or its rows where no column counts.
    pub count: f64,
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
    let input = Input::open_as(input, &options.input)?;
    let header = input.header().to_vec();
    let binding = Binding::settle(input.shown(), &header, &options.columns)?;
    let start = Instant::now();
    let mapper = Mapper::new(options, vocabularies)?;
    let prepared = start.elapsed();
    let start = Instant::now();
    let sink = if format.is_set() {
        None
    } else {
        Some(open_table(output, format, table_columns(&header, options))?)
    };
    let mut table = Table {
        options,
        binding: &binding,
        mapper: &mapper,
        renderer: Renderer::new(mapper.target_url(), options),
        known: Distinct::default(),
        rows: Vec::new(),
        weights: Vec::new(),
        distinct: Vec::new(),
        summary: Summary {
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
            prepared,
            mapped: Duration::ZERO,
            kept: Vec::new(),
            lost: Vec::new(),
        },
    };
    match sink {
        Some(sink) => table.run(input, sink, progress)?,
        None => {
            table.run_set(input, progress)?;
            let set = table.mapping_set(output, vocabularies);
            table.summary.lost = write_mapping_set(&set, output, format, &options.set)?;
        }
    }
    let mut summary = table.summary(binding.places().iter().any(|(role, _)| *role == Role::Count));
    summary.mapped = start.elapsed();
    Ok(summary)
}

/// A block of rows with the numbers of their tuples, and what is to be written for the tuples that are new.
struct Numbered {
    block: Block,
    numbers: Vec<Option<u32>>,
    fresh: Vec<Vec<String>>,
}

/// A block of rows; its room is used again.
#[derive(Default)]
struct Block {
    rows: Vec<Row>,
    filled: usize,
    bytes: u64,
}

impl Block {
    fn rows(&self) -> &[Row] {
        self.rows.get(..self.filled).unwrap_or_default()
    }

    fn fill(&mut self, input: &mut Input) -> Result<(), MapError> {
        self.filled = 0;
        for place in 0..BLOCK {
            if self.rows.len() <= place {
                self.rows.push(Row::default());
            }
            // Pushed above if it was not there.
            let Some(row) = self.rows.get_mut(place) else { break };
            if !input.next(row)? {
                break;
            }
            self.filled += 1;
        }
        self.bytes = input.bytes_read();
        Ok(())
    }
}

/// Reads blocks until the end or until nobody wants them.
fn read_blocks(mut input: Input, free: &Receiver<Block>, full: &SyncSender<Result<Block, MapError>>) {
    while let Ok(mut block) = free.recv() {
        let read = block.fill(&mut input);
        let last = read.is_err() || block.filled < BLOCK;
        if full.send(read.map(|()| block)).is_err() || last {
            return;
        }
    }
}

/// Writes blocks in the order in which they come; gives the sink back to be finished.
fn write_blocks(
    mut sink: Box<dyn TableSink>,
    renderer: &Renderer,
    numbered: &Receiver<Numbered>,
    free: &Sender<Block>,
) -> Result<Box<dyn TableSink>, MapError> {
    let mut known = Vec::new();
    while let Ok(Numbered { block, numbers, fresh }) = numbered.recv() {
        known.extend(fresh.into_iter().map(|fields| sink.encode(fields)));
        for (row, number) in block.rows().iter().zip(numbers) {
            match number.and_then(|number| known.get(number as usize)) {
                Some(encoded) => sink.row(&row.fields, encoded)?,
                None => {
                    let reason = row.fault.clone().unwrap_or_default();
                    let encoded = sink.encode(renderer.render(&Outcome::invalid(reason)));
                    sink.row(&row.fields, &encoded)?;
                }
            }
        }
        // Where the reader has gone, nobody needs the room.
        let _ = free.send(block);
    }
    Ok(sink)
}

/// Maps the rows of a table in three steps side by side: read, number and map, write.
struct Table<'r> {
    options: &'r MapOptions,
    binding: &'r Binding,
    mapper: &'r Mapper,
    renderer: Renderer,
    known: Distinct<Status>,
    /// Rows and weights by the number of their tuple.
    rows: Vec<u64>,
    weights: Vec<f64>,
    /// For mapping sets: the distinct sources as they came, with what was found.
    distinct: Vec<(SourceItem, Outcome)>,
    summary: Summary,
}

impl Table<'_> {
    /// Maps the rows without writing them: a mapping set is about their distinct sources.
    fn run_set(&mut self, mut input: Input, progress: &mut dyn FnMut(Progress)) -> Result<(), MapError> {
        let (mut block, mut done) = (Block::default(), Progress::default());
        loop {
            block.fill(&mut input)?;
            let (filled, bytes) = (block.filled, block.bytes);
            done.rows += filled as u64;
            done.bytes += bytes;
            let known = self.known.len() as u32;
            let (numbers, outcomes) = self.number(&block);
            let (binding, asis) = (self.binding, Values::default());
            let mut next = known;
            let mut outcomes = outcomes.into_iter();
            for (row, number) in block.rows().iter().zip(numbers) {
                if number == Some(next)
                    && let Some(outcome) = outcomes.next()
                {
                    let item = binding.item(&asis, |place| row.fields.get(place).unwrap_or(""));
                    self.distinct.push((item, outcome));
                    next += 1;
                }
            }
            done.distinct = u64::from(next);
            progress(done);
            if filled < BLOCK {
                self.summary.rows = done.rows;
                return Ok(());
            }
        }
    }

    /// The distinct sources as a mapping set.
    fn mapping_set(&self, output: &Path, vocabularies: &dyn Vocabularies) -> MappingSet {
        let run = Run {
            target: (self.mapper.target_url().to_owned(), self.mapper.target_version().to_owned()),
            date: self.options.date.clone().unwrap_or_default(),
            explain: self.options.explain,
        };
        let counted = self.binding.places().iter().any(|(role, _)| *role == Role::Count);
        let default_system = self.options.code_system.as_deref().unwrap_or("");
        let counts = self.rows.iter().zip(&self.weights);
        let rows = self.distinct.iter().zip(counts).map(|((item, outcome), (rows, weight))| {
            let named = item.get(Role::System);
            let system = vocabularies.canonical_url(if named.is_empty() { default_system } else { named });
            let count = if counted { weight.round() as u64 } else { *rows };
            from_outcome::row(&run, item, system, count, outcome)
        });
        let stem = output
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let stem = stem
            .split('.')
            .next()
            .filter(|stem| !matches!(*stem, "" | "-"))
            .unwrap_or("mapped")
            .to_owned();
        MappingSet {
            id: format!("urn:tern:map:{}", encoded(&stem)),
            date: run.date.clone(),
            rows: rows.collect(),
            ..MappingSet::default()
        }
    }

    fn run(&mut self, input: Input, sink: Box<dyn TableSink>, progress: &mut dyn FnMut(Progress)) -> Result<(), MapError> {
        let renderer = self.renderer.clone();
        let sink = std::thread::scope(|scope| {
            let (free_in, free_out) = channel();
            let (full_in, full_out) = sync_channel(BLOCKS);
            let (numbered_in, numbered_out) = sync_channel(BLOCKS);
            for _ in 0..BLOCKS {
                // The other end is held here.
                let _ = free_in.send(Block::default());
            }
            scope.spawn(move || read_blocks(input, &free_out, &full_in));
            let writer = scope.spawn(move || write_blocks(sink, &renderer, &numbered_out, &free_in));
            let mut done = Progress::default();
            let mut failed = None;
            while let Ok(read) = full_out.recv() {
                let block = match read {
                    Ok(block) => block,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                };
                done.rows += block.filled as u64;
                done.bytes += block.bytes;
                let (numbers, outcomes) = self.number(&block);
                let fresh = outcomes.iter().map(|outcome| self.renderer.render(outcome)).collect();
                let numbered = Numbered { block, numbers, fresh };
                done.distinct = self.known.len() as u64;
                if numbered_in.send(numbered).is_err() {
                    break;
                }
                progress(done);
            }
            drop((numbered_in, full_out));
            let written = writer
                .join()
                .map_err(|_| MapError::io("the output", io::Error::other("writing it failed")))?;
            self.summary.rows = done.rows;
            failed.map_or(written, Err)
        })?;
        sink.finish()
    }

    /// The number of each row's tuple; new tuples are mapped, and their outcomes given in the order of their numbers.
    fn number(&mut self, block: &Block) -> (Vec<Option<u32>>, Vec<Outcome>) {
        let (mapper, binding, values) = (self.mapper, self.binding, &self.options.values);
        let key = |row: &Row, key: &mut String| {
            for (_, place) in binding.tuple_places() {
                add_field(key, row.fields.get(place).unwrap_or(""));
            }
            row.fault.is_none()
        };
        let map = |row: &Row| {
            let source = binding.item(values, |place| row.fields.get(place).unwrap_or(""));
            let outcome = mapper.map_one(&source);
            (source, outcome)
        };
        let mut outcomes = Vec::new();
        let (kept, keep) = (&mut self.summary.kept, self.options.keep_outcomes);
        let numbers = self
            .known
            .place(block.rows(), key, map, |(source, outcome): (SourceItem, Outcome)| {
                let status = outcome.status;
                if keep {
                    kept.push(Kept {
                        source,
                        outcome: outcome.clone(),
                        count: 0.0,
                    });
                }
                outcomes.push(outcome);
                status
            });
        self.rows.resize(self.known.len(), 0);
        self.weights.resize(self.known.len(), 0.0);
        let count = binding.places().iter().find(|(role, _)| *role == Role::Count);
        for (row, number) in block.rows().iter().zip(&numbers) {
            let weight = count.map(|(_, place)| row.fields.get(*place).unwrap_or(""));
            let weight = weight.and_then(|text| text.trim().parse::<f64>().ok());
            let weight = weight.filter(|weight| *weight > 0.0).unwrap_or_default();
            let place = number.map(|number| number as usize);
            // Made as long as there are numbers.
            let counted = place.and_then(|place| self.rows.get_mut(place).zip(self.weights.get_mut(place)));
            if let Some((rows, total)) = counted {
                *rows += 1;
                *total += weight;
            } else {
                *self.summary.statuses.entry(Status::Invalid).or_default() += 1;
                *self.summary.counts.entry(Status::Invalid).or_default() += weight;
            }
        }
        (numbers, outcomes)
    }

    /// What the run came to.
    fn summary(mut self, counted: bool) -> Summary {
        self.summary.distinct = self.known.len() as u64;
        for (number, (rows, weight)) in (0..).zip(self.rows.iter().zip(&self.weights)) {
            let Some(status) = self.known.get(number) else { continue };
            *self.summary.distinct_statuses.entry(*status).or_default() += 1;
            *self.summary.statuses.entry(*status).or_default() += rows;
            *self.summary.counts.entry(*status).or_default() += weight;
        }
        if !counted {
            self.summary.counts.clear();
        }
        let counts = self.rows.iter().zip(&self.weights);
        for (kept, (rows, weight)) in self.summary.kept.iter_mut().zip(counts) {
            kept.count = if counted { *weight } else { *rows as f64 };
        }
        self.summary
    }
}
