//! The Identifier file: what other schemes call a component.
//!
//! Its rows have no identifier of their own: scheme and alternate identifier are the key, and the newest state counts.

use super::files::{ReleaseType, Rf2File, read_date};
use super::rows::fault;
use super::sctid::Sctid;
use crate::LoadError;
use crate::table::{Dialect, Row, Table};
use std::collections::BTreeMap;
use tern_index::record::{AlternateRecord, At, ProblemKind, Record, RecordSink, Stopped};

/// The newest state of an alternate identifier.
struct Newest {
    time: u32,
    active: bool,
    component: Sctid,
    at: At,
}

struct Columns {
    identifier: usize,
    time: usize,
    active: usize,
    scheme: usize,
    component: usize,
}

/// Reads the files and writes the newest state of each alternate identifier.
pub(super) fn read(files: Vec<&Rf2File>, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    let mut found: BTreeMap<(Sctid, String), Newest> = BTreeMap::new();
    for file in files {
        let mut table = Table::open(&file.member, Dialect::Tab, None, sink)?;
        let columns = Columns {
            identifier: table.require(&["alternateIdentifier"])?,
            time: table.require(&["effectiveTime"])?,
            active: table.require(&["active"])?,
            scheme: table.require(&["identifierSchemeId"])?,
            component: table.require(&["referencedComponentId"])?,
        };
        while let Some(row) = table.next(sink)? {
            let Some((scheme, state)) = state(&row, &columns, sink)? else {
                continue;
            };
            if state.time > file.until {
                continue;
            }
            let key = (scheme, row.get(columns.identifier).to_owned());
            let known = found.get(&key).map(|known| known.time);
            if file.release_type == ReleaseType::Snapshot && known == Some(state.time) {
                fault(
                    &row,
                    sink,
                    columns.identifier,
                    ProblemKind::DuplicateKey,
                    "is there a second time; the first is kept",
                )?;
            }
            if known.is_none_or(|known| known < state.time) {
                found.insert(key, state);
            }
        }
    }
    for ((scheme, identifier), state) in &found {
        let record = AlternateRecord {
            scheme: &scheme.to_string(),
            identifier,
            component: &state.component.to_string(),
            active: state.active,
        };
        sink.accept(state.at, Record::Alternate(record))?;
    }
    Ok(())
}

fn state(row: &Row<'_>, columns: &Columns, sink: &mut dyn RecordSink) -> Result<Option<(Sctid, Newest)>, Stopped> {
    let sctid = |column: usize, sink: &mut dyn RecordSink| match Sctid::parse(row.get(column)) {
        Ok(id) => Ok(Some(id)),
        Err(why) => fault(row, sink, column, ProblemKind::BadIdentifier, &why.to_string()).map(|()| None),
    };
    let (Some(scheme), Some(component)) = (sctid(columns.scheme, sink)?, sctid(columns.component, sink)?) else {
        return Ok(None);
    };
    if row.get(columns.identifier).is_empty() {
        return fault(row, sink, columns.identifier, ProblemKind::BadIdentifier, "is no identifier").map(|()| None);
    }
    let Some(time) = read_date(row.get(columns.time)) else {
        let why = "is not a date of the form YYYYMMDD";
        return fault(row, sink, columns.time, ProblemKind::BadValue, why).map(|()| None);
    };
    let active = match row.get(columns.active) {
        "1" => true,
        "0" => false,
        _ => return fault(row, sink, columns.active, ProblemKind::BadValue, "is neither 0 nor 1").map(|()| None),
    };
    let at = row.at();
    Ok(Some((
        scheme,
        Newest {
            time,
            active,
            component,
            at,
        },
    )))
}
