//! A LOINC release: the table of terms with its official columns, parts, part links, the component hierarchy.
//!
//! Check digits verify; three quarters of the terms are laboratory terms with six axes, as in the real table.

use super::Lines;
use super::words::{Random, Words};
use std::path::Path;

const COLUMNS: &str = "LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,METHOD_TYP,CLASS,VersionLastChanged,CHNG_TYPE,\
    DefinitionDescription,STATUS,CONSUMER_NAME,CLASSTYPE,FORMULA,EXMPL_ANSWERS,SURVEY_QUEST_TEXT,SURVEY_QUEST_SRC,UNITSREQUIRED,\
    RELATEDNAMES2,SHORTNAME,ORDER_OBS,HL7_FIELD_SUBFIELD_ID,EXTERNAL_COPYRIGHT_NOTICE,EXAMPLE_UNITS,LONG_COMMON_NAME,\
    EXAMPLE_UCUM_UNITS,STATUS_REASON,STATUS_TEXT,CHANGE_REASON_PUBLIC,COMMON_TEST_RANK,COMMON_ORDER_RANK,\
    HL7_ATTACHMENT_STRUCTURE,EXTERNAL_COPYRIGHT_LINK,PanelType,AskAtOrderEntry,AssociatedObservations,VersionFirstReleased,\
    ValidHL7AttachmentRequest,DisplayName";
const PROPERTIES: [(&str, &str, &str); 5] = [
    ("MCnc", "Mass/volume", "mg/dL"),
    ("SCnc", "Moles/volume", "mmol/L"),
    ("NCnc", "#/volume", "10*3/uL"),
    ("PrThr", "Presence", ""),
    ("CCnc", "Enzymatic activity/volume", "U/L"),
];
const SYSTEMS: [(&str, &str); 5] = [
    ("Bld", "Blood"),
    ("Ser/Plas", "Serum or Plasma"),
    ("Urine", "Urine"),
    ("CSF", "Cerebral spinal fluid"),
    ("Stool", "Stool"),
];

/// Writes the release.
pub fn write(directory: &Path, size: u32, seed: u64) -> anyhow::Result<()> {
    let mut random = Random::new(seed);
    let words = Words::new(12_000, &mut random);
    let open = |path: &str, header: &str| -> anyhow::Result<Lines> {
        let mut lines = Lines::create(directory, path, "\r\n")?;
        lines.line(format_args!("{header}"))?;
        Ok(lines)
    };
    let mut terms = open("LoincTable/Loinc.csv", COLUMNS)?;
    let mut parts = open(
        "AccessoryFiles/PartFile/Part.csv",
        "PartNumber,PartTypeName,PartName,PartDisplayName,Status",
    )?;
    let mut links = open(
        "AccessoryFiles/PartFile/LoincPartLink_Primary.csv",
        "LoincNumber,LongCommonName,PartNumber,PartName,PartCodeSystem,PartTypeName,LinkTypeName,Property",
    )?;
    let mut tree = open(
        "AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv",
        "PATH_TO_ROOT,SEQUENCE,IMMEDIATE_PARENT,CODE,CODE_TEXT",
    )?;

    let components = (size / 4).max(1);
    let names: Vec<String> = (0..components).map(|_| words.phrase(1, 3, &mut random)).collect();
    tree.line(format_args!(",1,,{},\"{{root}}\"", part_number(0)))?;
    for (name, number) in names.iter().zip(1u32..) {
        let (part, parent) = (part_number(number), part_number(random.below(number)));
        parts.line(format_args!("{part},COMPONENT,\"{name}\",\"{name}\",ACTIVE"))?;
        tree.line(format_args!(",{number},{parent},{part},\"{name}\""))?;
    }
    for number in 0..size {
        let code = checked(u64::from(number) + 1);
        let component = random.below(components);
        let name = &names[component as usize];
        let (property, property_name, unit) = PROPERTIES[random.below(5) as usize];
        let (system, system_name) = SYSTEMS[random.skewed(5) as usize];
        let scale = if property == "PrThr" { "Ord" } else { "Qn" };
        let method = if random.one_in(3) {
            words.phrase(1, 1, &mut random)
        } else {
            String::new()
        };
        let status = if random.one_in(25) { "DEPRECATED" } else { "ACTIVE" };
        let by = if method.is_empty() {
            String::new()
        } else {
            format!(" by {method}")
        };
        let long = format!("{name} [{property_name}] in {system_name}{by}");
        let related = words.phrase(4, 12, &mut random).replace(' ', "; ");
        terms.line(format_args!(
            "{code},\"{name}\",{property},Pt,{system},{scale},\"{method}\",CHEM,2.81,,,{status},,1,,,,,,\"{related}\",\
             \"{name} {system}\",Both,,,{unit},\"{long}\",{unit},,,,{},0,,,,,,2.0,,\"{name}\"",
            if random.one_in(30) { random.below(20_000) } else { 0 }
        ))?;
        let part = part_number(component + 1);
        links.line(format_args!(
            "{code},\"{long}\",{part},\"{name}\",http://loinc.org,COMPONENT,Primary,http://loinc.org/property/COMPONENT"
        ))?;
        tree.line(format_args!(",{number},{part},{code},\"{long}\""))?;
    }
    terms.finish()?;
    parts.finish()?;
    links.finish()?;
    tree.finish()
}

fn part_number(number: u32) -> String {
    format!("LP{}", checked(u64::from(number) + 100_000))
}

/// A number with the check digit that LOINC appends: modulus ten, every second digit doubled from the right.
fn checked(number: u64) -> String {
    let digits = number.to_string();
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip(0u32..)
        .map(|(digit, place)| {
            let value = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    format!("{digits}-{}", (10 - sum % 10) % 10)
}

#[test]
fn a_published_code_verifies() {
    assert_eq!(checked(2345), "2345-7");
    assert_eq!(checked(4548), "4548-4");
}
