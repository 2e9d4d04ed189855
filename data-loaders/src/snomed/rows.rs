//! Rows of RF2 files as component states, reduced to the newest state of each component.
//!
//! A Snapshot alone is read once. Several packages, Full files, or a Snapshot with Deltas are read twice: first to learn which row holds
//! the newest state of each identifier, then to use those rows. A fault in a row is reported the first time the
//! row is read and never again. Nothing is kept but an identifier and the place of its row.

use super::files::{ReleaseType, Rf2File, read_date};
use super::sctid::{Partition, Sctid};
use crate::LoadError;
use crate::gate::Gate;
use crate::table::{Dialect, Row, Table};
use std::collections::HashMap;
use std::hash::Hash;
use tern_index::record::{At, Problem, ProblemKind, RecordSink, Stopped};

/// The identifier of a component or of a reference set member.
pub(super) trait Key: Copy + Eq + Hash {
    fn read(text: &str) -> Result<Self, String>;

    /// What a component's identifier names; members of reference sets have no partition.
    fn partition(self) -> Option<Partition>;
}

impl Key for Sctid {
    fn read(text: &str) -> Result<Self, String> {
        Sctid::parse(text).map_err(|fault| fault.to_string())
    }

    fn partition(self) -> Option<Partition> {
        Sctid::partition(self)
    }
}

/// The UUID of a reference set member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Uuid(pub(super) u128);

impl Key for Uuid {
    fn read(text: &str) -> Result<Self, String> {
        let dashes = text
            .bytes()
            .enumerate()
            .all(|(place, byte)| (byte == b'-') == matches!(place, 8 | 13 | 18 | 23));
        let number = (text.len() == 36 && dashes)
            .then(|| {
                text.bytes().filter(|byte| *byte != b'-').try_fold(0, |number: u128, byte| {
                    let digit = char::from(byte).to_digit(16)?;
                    Some(number << 4 | u128::from(digit))
                })
            })
            .flatten();
        number.map(Self).ok_or_else(|| "is not a UUID".into())
    }

    fn partition(self) -> Option<Partition> {
        None
    }
}

/// A row: one state of one component.
pub(super) struct State<'t, K> {
    pub(super) id: K,
    pub(super) id_text: &'t str,
    pub(super) time: u32,
    pub(super) active: bool,
    pub(super) row: Row<'t>,
}

impl<'t, K> State<'t, K> {
    /// The field of a column.
    pub(super) fn get(&self, column: usize) -> &'t str {
        self.row.get(column)
    }

    /// Where the row is.
    pub(super) fn at(&self) -> At {
        self.row.at()
    }

    /// Reports a fault in one field.
    pub(super) fn fault(&self, sink: &mut dyn RecordSink, column: usize, kind: ProblemKind, why: &str) -> Result<(), Stopped> {
        fault(&self.row, sink, column, kind, why)
    }

    /// Reads a field as an identifier; a bad one is reported.
    pub(super) fn sctid(&self, sink: &mut dyn RecordSink, column: usize) -> Result<Option<Sctid>, Stopped> {
        match Sctid::parse(self.get(column)) {
            Ok(id) => Ok(Some(id)),
            Err(why) => self
                .fault(sink, column, ProblemKind::BadIdentifier, &why.to_string())
                .map(|()| None),
        }
    }

    /// Reads a field as the identifier of a concept; a bad one is reported.
    pub(super) fn concept(&self, sink: &mut dyn RecordSink, column: usize) -> Result<Option<Sctid>, Stopped> {
        match self.sctid(sink, column)? {
            Some(id) if !id.is_concept() => {
                self.fault(sink, column, ProblemKind::BadIdentifier, "is not the identifier of a concept")?;
                Ok(None)
            }
            other => Ok(other),
        }
    }

    /// Reads a field as a small whole number (role and map groups, priorities); a bad one is reported.
    pub(super) fn number(&self, sink: &mut dyn RecordSink, column: usize) -> Result<Option<u16>, Stopped> {
        match self.get(column).parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => {
                self.fault(sink, column, ProblemKind::BadValue, "is not a whole number from 0 to 65535")?;
                Ok(None)
            }
        }
    }
}

pub(super) fn fault(
    row: &Row<'_>,
    sink: &mut dyn RecordSink,
    column: usize,
    kind: ProblemKind,
    why: &str,
) -> Result<(), Stopped> {
    let at = row.at_column(column, sink);
    sink.problem(at, Problem::new(kind, format!("{:?} {why}", row.get(column))))
}

/// The columns that every RF2 file has.
struct Common {
    id: usize,
    time: usize,
    active: usize,
}

impl Common {
    fn of(table: &Table) -> Result<Self, LoadError> {
        Ok(Self {
            id: table.require(&["id"])?,
            time: table.require(&["effectiveTime"])?,
            active: table.require(&["active"])?,
        })
    }

    fn state<'t, K: Key>(&self, row: Row<'t>, sink: &mut dyn RecordSink) -> Result<Option<State<'t, K>>, Stopped> {
        let id_text = row.get(self.id);
        let id = match K::read(id_text) {
            Ok(id) => id,
            Err(why) => return fault(&row, sink, self.id, ProblemKind::BadIdentifier, &why).map(|()| None),
        };
        let Some(time) = read_date(row.get(self.time)) else {
            return fault(
                &row,
                sink,
                self.time,
                ProblemKind::BadValue,
                "is not a date of the form YYYYMMDD",
            )
            .map(|()| None);
        };
        let active = match row.get(self.active) {
            "1" => true,
            "0" => false,
            _ => return fault(&row, sink, self.active, ProblemKind::BadValue, "is neither 0 nor 1").map(|()| None),
        };
        Ok(Some(State {
            id,
            id_text,
            time,
            active,
            row,
        }))
    }
}

/// The place of the row that holds the newest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    time: u32,
    line: u32,
    file: u16,
}

/// The files of one kind of component, and which of their rows count.
pub(super) struct Components<'f, K> {
    files: Vec<&'f Rf2File>,
    /// What the identifiers must name; `None` for reference set members.
    partition: Option<Partition>,
    newest: HashMap<K, Stamp>,
    surveyed: bool,
    used: bool,
}

impl<'f, K: Key> Components<'f, K> {
    /// Components of a partition, or members of reference sets (`None`).
    pub(super) fn new(files: Vec<&'f Rf2File>, partition: Option<Partition>) -> Self {
        Self {
            files,
            partition,
            newest: HashMap::new(),
            surveyed: false,
            used: false,
        }
    }

    /// Hands the newest state of every component to `take`, with the columns that `columns` found in its file.
    /// Files for which `wanted` says no are passed over.
    pub(super) fn each_in<C>(
        &mut self,
        wanted: impl Fn(usize) -> bool,
        sink: &mut dyn RecordSink,
        columns: impl Fn(&Table, &Rf2File) -> Result<C, LoadError>,
        mut take: impl FnMut(&mut dyn RecordSink, usize, &C, &State<'_, K>) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let single = matches!(self.files.as_slice(), [only] if only.release_type == ReleaseType::Snapshot);
        if !single && !self.surveyed {
            self.survey(sink)?;
        }
        // A lone Snapshot is surveyed while it is used for the first time.
        let learning = !self.surveyed;
        let mut gate = Gate::new(sink, learning);
        for (number, file) in self.files.iter().enumerate().filter(|(number, _)| wanted(*number)) {
            let mut table = Table::open(&file.member, Dialect::Tab, None, &mut gate)?;
            let (common, mine) = (Common::of(&table)?, columns(&table, file)?);
            loop {
                gate.problems = learning;
                let Some(row) = table.next(&mut gate)? else { break };
                let Some(state) = common.state::<K>(row, &mut gate)?.filter(|state| state.time <= file.until) else {
                    continue;
                };
                let stamp = stamp(number, &state);
                if learning {
                    if !learn(&mut self.newest, file, self.partition, &common, &state, stamp, &mut gate)? {
                        continue;
                    }
                } else if self.newest.get(&state.id) != Some(&stamp) {
                    continue;
                }
                gate.problems = !self.used;
                take(&mut gate, number, &mine, &state)?;
            }
        }
        self.surveyed = true;
        self.used = true;
        Ok(())
    }

    /// [`Components::each_in`] over all files.
    pub(super) fn each<C>(
        &mut self,
        sink: &mut dyn RecordSink,
        columns: impl Fn(&Table, &Rf2File) -> Result<C, LoadError>,
        mut take: impl FnMut(&mut dyn RecordSink, &C, &State<'_, K>) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        self.each_in(|_| true, sink, columns, |sink, _, columns, state| take(sink, columns, state))
    }

    fn survey(&mut self, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        for (number, file) in self.files.iter().enumerate() {
            let mut table = Table::open(&file.member, Dialect::Tab, None, sink)?;
            let common = Common::of(&table)?;
            while let Some(row) = table.next(sink)? {
                if let Some(state) = common.state::<K>(row, sink)?.filter(|state| state.time <= file.until) {
                    learn(
                        &mut self.newest,
                        file,
                        self.partition,
                        &common,
                        &state,
                        stamp(number, &state),
                        sink,
                    )?;
                }
            }
        }
        self.surveyed = true;
        Ok(())
    }
}

fn stamp<K>(number: usize, state: &State<'_, K>) -> Stamp {
    Stamp {
        time: state.time,
        line: state.at().line,
        file: u16::try_from(number).unwrap_or(u16::MAX),
    }
}

/// Notes a row's state if it is the newest so far, and says whether it was the first of its identifier. An
/// identifier that a Snapshot has twice, or a Full file twice at one time, is a fault: the first row is kept.
/// The same state in two packages is no fault, because extensions carry International content with them.
fn learn<K: Key>(
    newest: &mut HashMap<K, Stamp>,
    file: &Rf2File,
    partition: Option<Partition>,
    common: &Common,
    state: &State<'_, K>,
    stamp: Stamp,
    sink: &mut dyn RecordSink,
) -> Result<bool, Stopped> {
    if let Some(wanted) = partition
        && state.id.partition() != partition
    {
        let why = format!("is not the identifier of a {wanted}");
        return state.fault(sink, common.id, ProblemKind::BadIdentifier, &why).map(|()| false);
    }
    let Some(known) = newest.get_mut(&state.id) else {
        newest.insert(state.id, stamp);
        return Ok(true);
    };
    let snapshot = file.release_type == ReleaseType::Snapshot;
    if known.file == stamp.file && (snapshot || known.time == stamp.time) {
        let why = format!("is also the identifier of line {}; that row is kept", known.line);
        return state.fault(sink, common.id, ProblemKind::DuplicateKey, &why).map(|()| false);
    }
    if stamp.time > known.time {
        *known = stamp;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_read_whatever_their_case() {
        let lower = Uuid::read("93c2b74b-d933-4f3e-ac5e-181eecfb5894").unwrap();
        assert_eq!(Uuid::read("93C2B74B-D933-4F3E-AC5E-181EECFB5894").unwrap(), lower);
        for bad in [
            "",
            "93c2b74bd9334f3eac5e181eecfb5894",
            "93c2b74b-d933-4f3e-ac5e-181eecfb589g",
            "93c2b74b-d933-4f3e-ac5e-181eecfb58941",
        ] {
            assert!(Uuid::read(bad).is_err(), "{bad}");
        }
    }
}
