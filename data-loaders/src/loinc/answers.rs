//! Answer lists, their answers, and the terms that use them.
//!
//! A list is a concept and a named list of members, so that a value set can select it; an answer is a concept that
//! several lists may share. What an answer is called or scored in one list is kept with its membership.

use super::code::CodeKind;
use super::content::Content;
use crate::LoadError;
use crate::source::Member;
use crate::table::{Row, Table};
use std::collections::HashSet;
use tern_index::model::{Coding, DesignationKind};
use tern_index::record::{At, MemberRecord, ProblemKind, Record, Stopped, ValueRecord};

/// Columns that are kept with the membership.
const FIELDS: [&str; 6] = [
    "SequenceNumber",
    "DisplayText",
    "LocalAnswerCode",
    "LocalAnswerCodeSystem",
    "Score",
    "SubsequentTextPrompt",
];

/// Columns that say something of the list.
const OF_LIST: [&str; 4] = [
    "AnswerListOID",
    "ExtDefinedYN",
    "ExtDefinedAnswerListCodeSystem",
    "ExtDefinedAnswerListLink",
];

/// Columns that say something of the answer.
const OF_ANSWER: [&str; 2] = ["LocalAnswerCode", "Score"];

struct Columns {
    list: usize,
    list_name: usize,
    answer: usize,
    text: usize,
    sequence: Option<usize>,
    description: Option<usize>,
    external: [Option<usize>; 4],
    of_list: Vec<(usize, &'static str)>,
    of_answer: Vec<(usize, &'static str)>,
    fields: Vec<(usize, &'static str)>,
}

impl Columns {
    fn of(table: &Table) -> Result<Self, LoadError> {
        let present = |names: &[&'static str]| -> Vec<(usize, &'static str)> {
            names.iter().filter_map(|name| Some((table.find(&[name])?, *name))).collect()
        };
        Ok(Self {
            list: table.require(&["AnswerListId"])?,
            list_name: table.require(&["AnswerListName"])?,
            answer: table.require(&["AnswerStringId"])?,
            text: table.require(&["DisplayText"])?,
            sequence: table.find(&["SequenceNumber"]),
            description: table.find(&["Description"]),
            external: ["ExtCodeSystem", "ExtCodeSystemVersion", "ExtCodeId", "ExtCodeDisplayName"]
                .map(|name| table.find(&[name])),
            of_list: present(&OF_LIST),
            of_answer: present(&OF_ANSWER),
            fields: present(&FIELDS),
        })
    }
}

/// A row of a list, kept until the list can be put in order.
struct Answer {
    list: String,
    sequence: u64,
    answer: String,
    fields: Vec<(&'static str, String)>,
    at: At,
}

/// Reads the answer lists.
pub(super) fn answer_lists(content: &mut Content<'_>, member: &Member) -> Result<(), LoadError> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut said: HashSet<(String, &'static str, String)> = HashSet::new();
    content.each(member, Columns::of, |content, columns, row| {
        let Some(list) = content.code(row, columns.list, &[CodeKind::AnswerList])? else {
            return Ok(());
        };
        if content.concept(row.at(), list, true, None)? {
            describe_list(content, columns, row, list)?;
        }
        // A list that another organisation defines has one row without an answer.
        if row.get(columns.answer).is_empty() {
            return Ok(());
        }
        let Some(answer) = content.code(row, columns.answer, &[CodeKind::Answer])? else {
            return Ok(());
        };
        content.concept(row.at(), answer, true, None)?;
        describe_answer(content, columns, row, answer, &mut said)?;
        let sequence = match row.optional(columns.sequence).map(str::parse) {
            None => 0,
            Some(Ok(number)) => number,
            Some(Err(_)) => {
                let column = columns.sequence.unwrap_or_default();
                content.fault(
                    row,
                    column,
                    ProblemKind::BadValue,
                    "is not a whole number; the answer is listed last",
                )?;
                u64::MAX
            }
        };
        let kept = columns
            .fields
            .iter()
            .filter_map(|(column, name)| Some((*name, row.optional(Some(*column))?.to_owned())));
        answers.push(Answer {
            list: list.to_owned(),
            sequence,
            answer: answer.to_owned(),
            fields: kept.collect(),
            at: row.at(),
        });
        Ok(())
    })?;
    answers.sort_by(|a, b| (&a.list, a.sequence).cmp(&(&b.list, b.sequence)));
    for row in &answers {
        let fields: Vec<(&str, &str)> = row.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let record = MemberRecord {
            refset: &row.list,
            member: &row.answer,
            fields: &fields,
        };
        content.sink.accept(row.at, Record::Member(record))?;
        content.link(row.at, &row.list, "Answer", &row.answer)?;
        content.link(row.at, &row.answer, "LIST", &row.list)?;
    }
    Ok(())
}

fn describe_list(content: &mut Content<'_>, columns: &Columns, row: &Row<'_>, list: &str) -> Result<(), Stopped> {
    content.term(
        row.at(),
        list,
        Some("AnswerListName"),
        DesignationKind::Display,
        row.get(columns.list_name),
    )?;
    for (column, name) in &columns.of_list {
        if let Some(text) = row.optional(Some(*column)) {
            content.property(row.at(), list, name, ValueRecord::String(text))?;
        }
    }
    Ok(())
}

/// Writes what a row says of an answer, unless a row of another list has said the same.
fn describe_answer(
    content: &mut Content<'_>,
    columns: &Columns,
    row: &Row<'_>,
    answer: &str,
    said: &mut HashSet<(String, &'static str, String)>,
) -> Result<(), Stopped> {
    let at = row.at();
    let mut news = |what: &'static str, text: &str| said.insert((answer.to_owned(), what, text.to_owned()));
    let text = row.get(columns.text);
    if news("DisplayText", text) {
        // The first text is the display; a sink makes those of other lists synonyms.
        content.term(at, answer, Some("DisplayText"), DesignationKind::Display, text)?;
    }
    if let Some(description) = row.optional(columns.description).filter(|text| news("Description", text)) {
        content.term(at, answer, Some("Description"), DesignationKind::Definition, description)?;
    }
    for (column, name) in &columns.of_answer {
        if let Some(text) = row.optional(Some(*column)).filter(|text| news(name, text)) {
            content.property(at, answer, name, ValueRecord::String(text))?;
        }
    }
    let [system, version, code, display] = columns.external.map(|column| row.optional(column).map(str::to_owned));
    if let (Some(system), Some(code)) = (system, code)
        && news("ExtCode", &format!("{system}|{code}"))
    {
        let coding = Coding {
            version,
            display,
            ..Coding::new(system, code)
        };
        content.property(at, answer, "ExtCode", ValueRecord::Coding(&coding))?;
    }
    Ok(())
}

/// Reads which terms use which lists.
pub(super) fn answer_list_links(content: &mut Content<'_>, member: &Member) -> Result<(), LoadError> {
    let columns = |table: &Table| Ok((table.require(&["LoincNumber"])?, table.require(&["AnswerListId"])?));
    let mut written: HashSet<(String, String)> = HashSet::new();
    content.each(member, columns, |content, (number, list), row| {
        let Some(term) = content.code(row, *number, &[CodeKind::Term])? else {
            return Ok(());
        };
        let Some(list) = content.code(row, *list, &[CodeKind::AnswerList])? else {
            return Ok(());
        };
        // A term may use one list in several contexts.
        if written.insert((term.to_owned(), list.to_owned())) {
            content.link(row.at(), term, "answer-list", list)?;
            content.link(row.at(), list, "answers-for", term)?;
        }
        Ok(())
    })
}
