//! The FDA's National Drug Code Directory: `product.txt` and `package.txt`, tab-separated with a header.
//!
//! Products (`0002-0152`) and packages (`0002-0152-01`) are concepts under the codes that the files spell, with
//! the displays that FHIR terminology servers give: the proprietary name, for a package also its description. A
//! package is grouped under its product. Its form of eleven digits is the property [`CODE_11`] and a synonym, not
//! a concept of its own: a second concept for the same package would be counted and expanded twice. Use
//! [`eleven_digits`] to bring a code into that form. The other columns are properties by the names of their
//! columns. A concept is inactive where its marketing ended before the release date.
//!
//! The version is the date in the name of the folder or archive (`2025-07-11`); the files themselves state none.
//! It does not read the files of unfinished, excluded or compounded drugs.

mod code;

#[cfg(test)]
mod tests;

pub use code::eleven_digits;

use crate::decode::squeeze;
use crate::table::{Dialect, Row, Table};
use crate::{LoadError, LoadOptions, Loader, Release, source::Member};
use code::{Shape, shape};
use std::collections::{HashMap, HashSet};
use tern_index::model::{
    CodeSystemHeader, Coding, ConceptOrder, DesignationKind, FilterDefinition, PropertyDefinition, PropertyType,
};
use tern_index::record::{
    At, ConceptRecord, DesignationRecord, Problem, ProblemKind, PropertyRecord, Record, RecordSink, ValueRecord,
};

/// Canonical URL of the national drug codes.
pub const SYSTEM: &str = "http://hl7.org/fhir/sid/ndc";
/// Property of a package: its code in eleven digits.
pub const CODE_11: &str = "code11";
/// Property that says what a code names: `product` or `10-digit` (a package), in the words of tx.fhir.org.
pub const CODE_TYPE: &str = "code-type";
/// Property of a package: the product that it holds.
pub const PRODUCT: &str = "product";

const NAME: &str = "ndc";

/// The loader.
pub struct Ndc;

impl Loader for Ndc {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognise(&self, members: &[Member], options: &LoadOptions) -> Result<Vec<Release>, LoadError> {
        let mut folders: Vec<String> = Vec::new();
        for member in members {
            let known = is(member, "product.txt") || is(member, "package.txt");
            if known && has_header(member)? && !folders.iter().any(|folder| folder == member.folder()) {
                folders.push(member.folder().to_owned());
            }
        }
        let release = |folder: String| {
            let members: Vec<Member> = members
                .iter()
                .filter(|member| member.folder() == folder && (is(member, "product.txt") || is(member, "package.txt")))
                .cloned()
                .collect();
            let version = members
                .first()
                .and_then(version)
                .or_else(|| options.version.clone())
                .unwrap_or_default();
            Release {
                loader: NAME,
                title: format!("National Drug Code Directory {version}").trim_end().to_owned(),
                members,
                part: version,
            }
        };
        Ok(folders.into_iter().map(release).collect())
    }

    fn load(&self, release: &Release, _: &LoadOptions, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let find = |name: &str| {
            let member = release.members.iter().find(|member| is(member, name));
            member.ok_or_else(|| LoadError::MissingFile {
                release: release.title.clone(),
                file: name.to_owned(),
            })
        };
        let (products, packages) = (find("product.txt")?, find("package.txt")?);
        let header = header(&release.part);
        sink.accept(At::default(), Record::CodeSystem(&header))?;
        let mut directory = Directory {
            today: release.part.replace('-', ""),
            products: HashMap::new(),
            packages: HashSet::new(),
        };
        directory.load_products(products, sink)?;
        directory.load_packages(packages, sink)
    }
}

fn is(member: &Member, name: &str) -> bool {
    member.file_name().eq_ignore_ascii_case(name)
}

fn has_header(member: &Member) -> Result<bool, LoadError> {
    let head = crate::decode::decode(member.head(4096)?);
    let first = head.lines().next().unwrap_or("").to_ascii_uppercase();
    Ok(first.split('\t').any(|column| column.trim() == "PRODUCTNDC"))
}

/// The date in the name of the nearest folder or archive that has one.
fn version(member: &Member) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    member.shown().rsplit(['/', '\\', '!']).skip(1).take(3).find_map(|part| {
        let dated = part.as_bytes().windows(10).find_map(|window| {
            let window = std::str::from_utf8(window).ok()?;
            let sound = window.get(4..5) == Some("-") && window.get(7..8) == Some("-") && digits(&window.replace('-', ""));
            (sound && window.starts_with("20") && window.replace('-', "").len() == 8).then(|| window.to_owned())
        });
        dated.or_else(|| {
            let bare = part
                .split(|letter: char| !letter.is_ascii_digit())
                .find(|number| number.len() == 8 && number.starts_with("20"));
            bare.and_then(iso_date)
        })
    })
}

/// `20250711` as a FHIR date.
fn iso_date(text: &str) -> Option<String> {
    let (year, month, day) = (text.get(..4)?, text.get(4..6)?, text.get(6..8)?);
    let sound = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    (sound && ("01"..="12").contains(&month) && ("01"..="31").contains(&day)).then(|| format!("{year}-{month}-{day}"))
}

/// What packages need to know of their product.
struct Product {
    name: String,
    end: String,
}

struct Directory {
    /// Release date as digits; empty where it is not known.
    today: String,
    products: HashMap<String, Product>,
    packages: HashSet<String>,
}

/// Columns that become properties of their name.
struct Columns(Vec<(usize, String, bool)>);

impl Columns {
    fn new(table: &Table, without: &[usize]) -> Self {
        let columns = table.header().iter().enumerate();
        let kept = columns.filter(|(place, name)| !without.contains(place) && !name.is_empty());
        Self(
            kept.map(|(place, name)| {
                (
                    place,
                    name.to_ascii_uppercase(),
                    name.to_ascii_uppercase().ends_with("MARKETINGDATE"),
                )
            })
            .collect(),
        )
    }

    fn emit(&self, row: &Row<'_>, code: &str, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        for (place, name, is_date) in &self.0 {
            let text = row.get(*place).trim();
            if text.is_empty() {
                continue;
            }
            if !is_date {
                property(row.at(), code, name, ValueRecord::String(text), sink)?;
            } else if let Some(date) = iso_date(text) {
                property(row.at(), code, name, ValueRecord::DateTime(&date), sink)?;
            } else {
                let at = row.at_column(*place, sink);
                sink.problem(
                    at,
                    Problem::new(ProblemKind::BadValue, format!("{text:?} is no date such as 20250711")),
                )?;
            }
        }
        Ok(())
    }
}

impl Directory {
    fn load_products(&mut self, member: &Member, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let mut table = Table::open_decoded(member, Dialect::Tab, sink)?;
        let (ndc, name) = (table.require(&["PRODUCTNDC"])?, table.require(&["PROPRIETARYNAME"])?);
        let (suffix, generic) = (table.find(&["PROPRIETARYNAMESUFFIX"]), table.find(&["NONPROPRIETARYNAME"]));
        let (strength, unit) = (
            table.find(&["ACTIVE_NUMERATOR_STRENGTH"]),
            table.find(&["ACTIVE_INGRED_UNIT"]),
        );
        let (form, end) = (table.find(&["DOSAGEFORMNAME"]), table.find(&["ENDMARKETINGDATE"]));
        let id = table.find(&["PRODUCTID"]);
        let columns = Columns::new(&table, &[Some(ndc), id].into_iter().flatten().collect::<Vec<_>>());
        while let Some(row) = table.next(sink)? {
            let code = row.get(ndc).trim();
            if !self.is_fresh(&row, ndc, code, Shape::Product, sink)? {
                continue;
            }
            let optional = |column| row.optional(column).unwrap_or("");
            let trade = squeeze(&format!("{} {}", row.get(name), optional(suffix)));
            let end = optional(end).trim().to_owned();
            self.concept(&row, code, &end, "product", sink)?;
            designation(
                row.at(),
                code,
                None,
                &format!("{trade} (product)"),
                DesignationKind::Display,
                sink,
            )?;
            let strengths = strengths(optional(strength), optional(unit));
            for (term, kind) in [
                (trade.as_str(), DesignationKind::Synonym),
                (optional(generic), DesignationKind::Related),
            ] {
                if !term.trim().is_empty() {
                    let full = squeeze(&format!("{term} {strengths} {}", optional(form)));
                    designation(row.at(), code, None, &full, kind, sink)?;
                }
            }
            columns.emit(&row, code, sink)?;
            self.products.insert(code.to_owned(), Product { name: trade, end });
        }
        Ok(())
    }

    fn load_packages(&mut self, member: &Member, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        let mut table = Table::open_decoded(member, Dialect::Tab, sink)?;
        let (ndc, product) = (table.require(&["NDCPACKAGECODE"])?, table.require(&["PRODUCTNDC"])?);
        let description = table.require(&["PACKAGEDESCRIPTION"])?;
        let (end, id) = (table.find(&["ENDMARKETINGDATE"]), table.find(&["PRODUCTID"]));
        let columns = Columns::new(
            &table,
            &[Some(ndc), Some(product), id].into_iter().flatten().collect::<Vec<_>>(),
        );
        let eleven = Coding {
            code: "NDC11".to_owned(),
            display: Some("Code in eleven digits".to_owned()),
            ..Coding::default()
        };
        while let Some(row) = table.next(sink)? {
            let code = row.get(ndc).trim();
            if !self.is_fresh(&row, ndc, code, Shape::Package, sink)? {
                continue;
            }
            let of = self.products.get(row.get(product).trim());
            let own_end = row.optional(end).unwrap_or("").trim();
            let end = of.map_or("", |product| product.end.as_str());
            self.concept(&row, code, if own_end.is_empty() { end } else { own_end }, "10-digit", sink)?;
            let name = of.map(|product| product.name.as_str()).filter(|name| !name.is_empty());
            let comma = if name.is_some() { ", " } else { "" };
            let display = squeeze(&format!("{}{comma}{} (package)", name.unwrap_or(""), row.get(description)));
            designation(row.at(), code, None, &display, DesignationKind::Display, sink)?;
            if let Some(digits) = eleven_digits(code) {
                designation(row.at(), code, Some(&eleven), &digits, DesignationKind::Synonym, sink)?;
                property(row.at(), code, CODE_11, ValueRecord::String(&digits), sink)?;
            }
            if of.is_some() {
                let parent = row.get(product).trim();
                sink.accept(row.at(), Record::Parent { child: code, parent })?;
                property(row.at(), code, PRODUCT, ValueRecord::Code(parent), sink)?;
            } else {
                let at = row.at_column(product, sink);
                let message = format!("the product {} of package {code} is not in product.txt", row.get(product));
                sink.problem(at, Problem::new(ProblemKind::UnknownReference, message))?;
            }
            columns.emit(&row, code, sink)?;
            self.packages.insert(code.to_owned());
        }
        Ok(())
    }

    /// Whether the code has the shape wanted and was not there before; a fault is reported.
    fn is_fresh(
        &self,
        row: &Row<'_>,
        column: usize,
        code: &str,
        wanted: Shape,
        sink: &mut dyn RecordSink,
    ) -> Result<bool, LoadError> {
        let problem = if shape(code) != Some(wanted) {
            Problem::new(
                ProblemKind::BadIdentifier,
                format!("{code:?} has not the shape of the NDC of a {wanted:?}"),
            )
        } else if self.products.contains_key(code) || self.packages.contains(code) {
            Problem::new(ProblemKind::DuplicateKey, format!("{code} is in an earlier row"))
        } else {
            return Ok(true);
        };
        let at = row.at_column(column, sink);
        sink.problem(at, problem)?;
        Ok(false)
    }

    fn concept(&self, row: &Row<'_>, code: &str, end: &str, code_type: &str, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
        // Both are eight digits, so they compare as dates.
        let ended = end.len() == 8 && !self.today.is_empty() && end < self.today.as_str();
        let record = ConceptRecord {
            code,
            active: !ended,
            ..ConceptRecord::default()
        };
        sink.accept(row.at(), Record::Concept(record))?;
        property(row.at(), code, CODE_TYPE, ValueRecord::String(code_type), sink)
    }
}

/// `2.5; 10` and `mg/.5mL; mg/1` as `2.5 mg/.5mL / 10 mg/1`.
fn strengths(numbers: &str, units: &str) -> String {
    let mut units = units.split(';');
    let pairs: Vec<String> = numbers
        .split(';')
        .map(|number| squeeze(&format!("{number} {}", units.next().unwrap_or(""))))
        .filter(|pair| !pair.is_empty())
        .collect();
    pairs.join(" / ")
}

fn property(at: At, code: &str, property: &str, value: ValueRecord<'_>, sink: &mut dyn RecordSink) -> Result<(), LoadError> {
    Ok(sink.accept(at, Record::Property(PropertyRecord::new(code, property, 0, value)))?)
}

fn designation(
    at: At,
    code: &str,
    use_: Option<&Coding>,
    value: &str,
    kind: DesignationKind,
    sink: &mut dyn RecordSink,
) -> Result<(), LoadError> {
    let record = DesignationRecord {
        language: Some("en"),
        use_,
        ..DesignationRecord::new(code, value, kind)
    };
    Ok(sink.accept(at, Record::Designation(record))?)
}

fn header(version: &str) -> CodeSystemHeader {
    let version = Some(version.to_owned()).filter(|version| !version.is_empty());
    let date = version.clone();
    let mut header = CodeSystemHeader::new(SYSTEM, version, NAME);
    header.name = Some("NDC".to_owned());
    header.title = Some("National Drug Code Directory".to_owned());
    header.date = date;
    header.publisher = Some("U.S. Food and Drug Administration".to_owned());
    header.copyright = Some("A work of the U.S. federal government, in the public domain in the United States.".to_owned());
    header.language = Some("en".to_owned());
    header.hierarchy_meaning = Some("grouped-by".to_owned());
    header.identifiers = vec!["urn:oid:2.16.840.1.113883.6.69".to_owned()];
    header.order = ConceptOrder::ByCode;
    let define = |code: &str, description: &str, property_type| PropertyDefinition {
        code: code.to_owned(),
        uri: None,
        description: Some(description.to_owned()),
        property_type,
    };
    header.properties = vec![
        define(CODE_TYPE, "product, or 10-digit for a package", PropertyType::String),
        define(CODE_11, "The code of a package in eleven digits", PropertyType::String),
        define(PRODUCT, "The product of a package", PropertyType::Code),
    ];
    header.filters = vec![FilterDefinition {
        code: CODE_TYPE.to_owned(),
        description: Some("What the code names".to_owned()),
        operators: vec!["=".to_owned()],
        value: Some("product or 10-digit".to_owned()),
    }];
    header
}
