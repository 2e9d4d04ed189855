//! Parts, the links from terms to parts, and the component hierarchy.

use super::code::CodeKind;
use super::content::Content;
use super::terms::AXES;
use crate::LoadError;
use crate::source::Member;
use crate::table::Table;
use std::collections::HashSet;
use tern_index::model::DesignationKind;
use tern_index::record::{At, ProblemKind, Record, Stopped, ValueRecord};

/// Reads the parts.
pub(super) fn parts(content: &mut Content<'_>, member: &Member) -> Result<(), LoadError> {
    let columns = |table: &Table| {
        let (name, shown) = (table.require(&["PartName"])?, table.find(&["PartDisplayName"]));
        Ok((
            table.require(&["PartNumber"])?,
            table.require(&["PartTypeName"])?,
            name,
            shown,
            table.find(&["Status"]),
        ))
    };
    content.each(member, columns, |content, (number, type_, name, shown, status), row| {
        let Some(code) = content.code(row, *number, &[CodeKind::Part])? else {
            return Ok(());
        };
        let (at, status, name) = (row.at(), row.optional(*status), row.get(*name));
        let active = !matches!(status, Some("DEPRECATED" | "INACTIVE"));
        if !content.concept(at, code, active, status)? {
            let why = "is the number of an earlier row, which is kept";
            return Ok(content.fault(row, *number, ProblemKind::DuplicateKey, why)?);
        }
        content.term(at, code, Some("PartName"), DesignationKind::Display, name)?;
        if let Some(shown) = row.optional(*shown).filter(|shown| *shown != name) {
            content.term(at, code, Some("DisplayName"), DesignationKind::Synonym, shown)?;
        }
        content.property(at, code, "PartTypeName", ValueRecord::String(row.get(*type_)))?;
        if let Some(status) = status {
            content.property(at, code, "STATUS", ValueRecord::String(status))?;
        }
        if row.get(*type_) == "CLASS" {
            content.classes.insert(name.to_owned(), code.to_owned());
        }
        Ok(())
    })
}

/// Writes a part that the table of parts lacks, under the name by which another file calls it.
fn missing_part(content: &mut Content<'_>, at: At, code: &str, name: &str) -> Result<(), Stopped> {
    if content.known.contains(code) {
        return Ok(());
    }
    content.concept(at, code, true, None)?;
    content.term(at, code, Some("PartName"), DesignationKind::Display, name)
}

/// Reads links from terms to parts. The property's URI ends with its name; a link that repeats an axis in the
/// detailed model adds nothing to the primary link and is passed over.
pub(super) fn links(content: &mut Content<'_>, member: &Member, primary: bool) -> Result<(), LoadError> {
    let columns = |table: &Table| {
        let (part, name) = (table.require(&["PartNumber"])?, table.find(&["PartName"]));
        Ok((table.require(&["LoincNumber"])?, part, name, table.require(&["Property"])?))
    };
    content.each(member, columns, |content, (number, part, name, property), row| {
        let Some(code) = content.code(row, *number, &[CodeKind::Term])? else {
            return Ok(());
        };
        let Some(target) = content.code(row, *part, &[CodeKind::Part])? else {
            return Ok(());
        };
        let uri = row.get(*property);
        let property_name = uri.rsplit(['/', '#']).next().unwrap_or(uri);
        if property_name.is_empty() {
            return Ok(content.fault(row, *property, ProblemKind::BadValue, "names no property")?);
        }
        if let Some(place) = AXES.iter().position(|axis| *axis == property_name) {
            let linked = content.linked_axes.entry(code.to_owned()).or_default();
            if !primary && *linked & 1 << place != 0 {
                return Ok(());
            }
            *linked |= 1 << place;
        }
        missing_part(content, row.at(), target, row.optional(*name).unwrap_or(target))?;
        Ok(content.link(row.at(), code, property_name, target)?)
    })
}

/// Reads the component hierarchy. A code lies below the same parent in several paths; it is written once.
pub(super) fn hierarchy(content: &mut Content<'_>, member: &Member) -> Result<(), LoadError> {
    let mut written: HashSet<(String, String)> = HashSet::new();
    let columns = |table: &Table| {
        let (code, text) = (table.require(&["CODE"])?, table.require(&["CODE_TEXT"])?);
        Ok((table.require(&["IMMEDIATE_PARENT"])?, code, text))
    };
    content.each(member, columns, |content, (parent, code, text), row| {
        let Some(child) = content.code(row, *code, &[CodeKind::Term, CodeKind::Part])? else {
            return Ok(());
        };
        if CodeKind::of(child) == Some(CodeKind::Part) {
            missing_part(content, row.at(), child, row.get(*text))?;
        }
        if row.get(*parent).is_empty() {
            return Ok(()); // A root.
        }
        let Some(above) = content.code(row, *parent, &[CodeKind::Term, CodeKind::Part])? else {
            return Ok(());
        };
        if written.insert((child.to_owned(), above.to_owned())) {
            content.sink.accept(row.at(), Record::Parent { child, parent: above })?;
        }
        Ok(())
    })
}
