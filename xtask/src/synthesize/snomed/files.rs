//! The files of the release, open for writing, with one method per kind of row.

use super::super::Lines;
use super::ids;
use super::metadata::{CORE, IS_A, MODEL};
use std::path::Path;

const DATE: &str = "20260101";
const US: &str = "900000000000509007";
const GB: &str = "900000000000508004";
const PREFERRED: &str = "900000000000548007";
const ACCEPTABLE: &str = "900000000000549004";

/// What a description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The fully specified name.
    FullName,
    /// Any other name.
    Synonym,
    /// A text definition.
    Definition,
}

/// How a term stands in one dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Preferred,
    Acceptable,
    Absent,
}

/// The open files.
pub struct Files {
    concepts: Lines,
    descriptions: Lines,
    definitions: Lines,
    relationships: Lines,
    values: Lines,
    axioms: Lines,
    language: Lines,
    associations: Lines,
    attribute_values: Lines,
    simple: Lines,
    simple_map: Lines,
    extended_map: Lines,
    dependencies: Lines,
    next_description: u64,
    next_relationship: u64,
    next_member: u64,
    /// Rows in use, for the summary.
    pub counts: Counts,
}

/// Rows written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub concepts: u64,
    pub active_concepts: u64,
    pub active_descriptions: u64,
    pub active_relationships: u64,
    pub members: u64,
}

impl Files {
    pub fn create(directory: &Path) -> anyhow::Result<Self> {
        let open = |path: &str, columns: &str| -> anyhow::Result<Lines> {
            let path = format!("SnomedCT_SyntheticRF2_{DATE}T120000Z/Snapshot/{path}_INT_{DATE}.txt");
            let mut lines = Lines::create(directory, &path, "\r\n")?;
            let header = format!("id effectiveTime active moduleId {columns}").replace(' ', "\t");
            lines.line(format_args!("{header}"))?;
            Ok(lines)
        };
        let refset = |path: &str, columns: &str| {
            open(
                &format!("Refset/{path}"),
                format!("refsetId referencedComponentId {columns}").trim_end(),
            )
        };
        let description = "conceptId languageCode typeId term caseSignificanceId";
        Ok(Self {
            concepts: open("Terminology/sct2_Concept_Snapshot", "definitionStatusId")?,
            descriptions: open("Terminology/sct2_Description_Snapshot-en", description)?,
            definitions: open("Terminology/sct2_TextDefinition_Snapshot-en", description)?,
            relationships: open(
                "Terminology/sct2_Relationship_Snapshot",
                "sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId",
            )?,
            values: open(
                "Terminology/sct2_RelationshipConcreteValues_Snapshot",
                "sourceId value relationshipGroup typeId characteristicTypeId modifierId",
            )?,
            axioms: open(
                "Terminology/sct2_sRefset_OWLExpressionSnapshot",
                "refsetId referencedComponentId owlExpression",
            )?,
            language: refset("Language/der2_cRefset_LanguageSnapshot-en", "acceptabilityId")?,
            associations: refset("Content/der2_cRefset_AssociationSnapshot", "targetComponentId")?,
            attribute_values: refset("Content/der2_cRefset_AttributeValueSnapshot", "valueId")?,
            simple: refset("Content/der2_Refset_SimpleSnapshot", "")?,
            simple_map: refset("Map/der2_sRefset_SimpleMapSnapshot", "mapTarget")?,
            extended_map: refset(
                "Map/der2_iisssccRefset_ExtendedMapSnapshot",
                "mapGroup mapPriority mapRule mapAdvice mapTarget correlationId mapCategoryId",
            )?,
            dependencies: refset(
                "Metadata/der2_ssRefset_ModuleDependencySnapshot",
                "sourceEffectiveTime targetEffectiveTime",
            )?,
            next_description: 1,
            next_relationship: 1,
            next_member: 1,
            counts: Counts::default(),
        })
    }

    /// A concept of the core module; metadata are of the model's.
    pub fn concept(&mut self, id: &str, active: bool, defined: bool, time: u32) -> anyhow::Result<()> {
        self.counts.concepts += 1;
        self.counts.active_concepts += u64::from(active);
        let status = if defined { "900000000000073002" } else { "900000000000074008" };
        let active = u8::from(active);
        let module = if id.starts_with("900000000000") { MODEL } else { CORE };
        self.concepts.line(format_args!("{id}\t{time}\t{active}\t{module}\t{status}"))
    }

    /// A description with its standing in American and British English; one that is in neither is not in use.
    pub fn description(
        &mut self,
        concept: &str,
        term: &str,
        kind: Kind,
        standing: [Standing; 2],
        time: u32,
    ) -> anyhow::Result<()> {
        let id = ids::description(self.next_description);
        self.next_description += 1;
        let type_ = match kind {
            Kind::FullName => "900000000000003001",
            Kind::Synonym => "900000000000013009",
            Kind::Definition => "900000000000550004",
        };
        let active = standing != [Standing::Absent; 2];
        self.counts.active_descriptions += u64::from(active && kind != Kind::Definition);
        let file = if kind == Kind::Definition {
            &mut self.definitions
        } else {
            &mut self.descriptions
        };
        let in_use = u8::from(active);
        file.line(format_args!(
            "{id}\t{time}\t{in_use}\t{CORE}\t{concept}\ten\t{type_}\t{term}\t900000000000448009"
        ))?;
        for (refset, standing) in [(US, standing[0]), (GB, standing[1])] {
            let acceptability = match standing {
                Standing::Preferred => PREFERRED,
                Standing::Acceptable => ACCEPTABLE,
                Standing::Absent => continue,
            };
            let member = self.member();
            self.language
                .line(format_args!("{member}\t{time}\t1\t{CORE}\t{refset}\t{id}\t{acceptability}"))?;
        }
        Ok(())
    }

    pub fn is_a(&mut self, child: &str, parent: &str, active: bool) -> anyhow::Result<()> {
        self.relationship(child, parent, 0, IS_A, active)
    }

    pub fn relationship(&mut self, source: &str, target: &str, group: u32, kind: &str, active: bool) -> anyhow::Result<()> {
        let id = ids::relationship(self.next_relationship);
        self.next_relationship += 1;
        self.counts.active_relationships += u64::from(active);
        let active = u8::from(active);
        self.relationships.line(format_args!(
            "{id}\t{DATE}\t{active}\t{CORE}\t{source}\t{target}\t{group}\t{kind}\t900000000000011006\t900000000000451002"
        ))
    }

    pub fn value(&mut self, source: &str, value: &str, group: u32, kind: &str) -> anyhow::Result<()> {
        let id = ids::relationship(self.next_relationship);
        self.next_relationship += 1;
        self.counts.active_relationships += 1;
        self.values.line(format_args!(
            "{id}\t{DATE}\t1\t{CORE}\t{source}\t{value}\t{group}\t{kind}\t900000000000011006\t900000000000451002"
        ))
    }

    fn member(&mut self) -> String {
        self.next_member += 1;
        self.counts.members += 1;
        ids::member(self.next_member)
    }

    pub fn axiom(&mut self, concept: &str, axiom: &str) -> anyhow::Result<()> {
        let member = self.member();
        self.axioms
            .line(format_args!("{member}\t{DATE}\t1\t{CORE}\t733073007\t{concept}\t{axiom}"))
    }

    pub fn association(&mut self, refset: &str, source: &str, target: &str) -> anyhow::Result<()> {
        let member = self.member();
        self.associations
            .line(format_args!("{member}\t{DATE}\t1\t{CORE}\t{refset}\t{source}\t{target}"))
    }

    pub fn reason(&mut self, concept: &str, reason: &str) -> anyhow::Result<()> {
        let member = self.member();
        self.attribute_values.line(format_args!(
            "{member}\t{DATE}\t1\t{CORE}\t900000000000489007\t{concept}\t{reason}"
        ))
    }

    pub fn simple(&mut self, refset: &str, concept: &str) -> anyhow::Result<()> {
        let member = self.member();
        self.simple
            .line(format_args!("{member}\t{DATE}\t1\t{CORE}\t{refset}\t{concept}"))
    }

    pub fn simple_map(&mut self, refset: &str, concept: &str, target: &str) -> anyhow::Result<()> {
        let member = self.member();
        self.simple_map
            .line(format_args!("{member}\t{DATE}\t1\t{CORE}\t{refset}\t{concept}\t{target}"))
    }

    /// A row of the map to ICD-10; `place` is group and priority.
    pub fn icd(
        &mut self,
        concept: &str,
        place: (u32, u32),
        rule: &str,
        advice: &str,
        target: &str,
        category: &str,
    ) -> anyhow::Result<()> {
        let member = self.member();
        let (group, priority) = place;
        self.extended_map.line(format_args!(
            "{member}\t{DATE}\t1\t{CORE}\t447562003\t{concept}\t{group}\t{priority}\t{rule}\t{advice}\t{target}\t447561005\t{category}"
        ))
    }

    pub fn finish(mut self) -> anyhow::Result<Counts> {
        let member = self.member();
        self.dependencies.line(format_args!(
            "{member}\t{DATE}\t1\t{CORE}\t900000000000534007\t{MODEL}\t{DATE}\t{DATE}"
        ))?;
        for lines in [
            self.concepts,
            self.descriptions,
            self.definitions,
            self.relationships,
            self.values,
            self.axioms,
            self.language,
            self.associations,
            self.attribute_values,
            self.simple,
            self.simple_map,
            self.extended_map,
            self.dependencies,
        ] {
            lines.finish()?;
        }
        Ok(self.counts)
    }
}
