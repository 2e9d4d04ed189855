//! The specification, concept by concept: slow, and short enough to be read against it.

use super::world::{
    CORE, Concept, DEFINED, DEFINITION, HISTORICAL, IS_A, MODEL, MOVED_FROM, Member, NAME, PARTIALLY, PRIMITIVE, REPLACED_BY,
    ROOT, Row, SAME_AS, SYNONYM, Term, Value, WAS_A, World,
};
use crate::ecl::ast::{
    Acceptability, Attribute, Cardinality, CommonFilter, Comparison, ConceptFilter, Concepts, Date, DescriptionFilter,
    DescriptionType, Dialects, Expression, Fields, Filter, Focus, Hierarchy, History, MemberFilter, Order, Refinement,
    RefsetOperator, SearchTerm, SetOperator, SubExpression,
};
use crate::ecl::dialects::language_reference_set;
use std::collections::BTreeSet;

type Set = BTreeSet<String>;

/// Concepts that satisfy a constraint; `None` where the specification calls it erroneous.
pub fn evaluate(world: &World, expression: &Expression) -> Option<Set> {
    Naive(world).expression(expression)
}

struct Naive<'w>(&'w World);

impl Naive<'_> {
    fn concept(&self, code: &str) -> &Concept {
        &self.0.concepts[code]
    }

    fn all(&self) -> Set {
        self.0.concepts.keys().cloned().collect()
    }

    fn active(&self, set: Set) -> Set {
        set.into_iter().filter(|code| self.concept(code).active).collect()
    }

    fn ancestors(&self, code: &str) -> Set {
        let mut found = Set::new();
        for parent in &self.concept(code).parents {
            found.insert(parent.clone());
            found.extend(self.ancestors(parent));
        }
        found
    }

    fn any(&self) -> Set {
        let below = |code: &String| code == ROOT || self.ancestors(code).contains(ROOT);
        self.active(self.all().into_iter().filter(below).collect())
    }

    fn that(&self, test: impl Fn(&str) -> bool) -> Set {
        self.all().into_iter().filter(|code| test(code)).collect()
    }

    fn expression(&self, expression: &Expression) -> Option<Set> {
        Some(match expression {
            Expression::Sub(sub) => self.sub(sub)?,
            Expression::Refined { focus, refinement } => {
                let mut found = Set::new();
                // What is wrong in the refinement is wrong whatever the focus.
                self.satisfies(ROOT, refinement)?;
                for code in self.active(self.sub(focus)?) {
                    if self.satisfies(&code, refinement)? {
                        found.insert(code);
                    }
                }
                found
            }
            Expression::Compound { operator, operands } => {
                let sets: Option<Vec<Set>> = operands.iter().map(|operand| self.sub(operand)).collect();
                sets?
                    .into_iter()
                    .reduce(|a, b| match operator {
                        SetOperator::And => &a & &b,
                        SetOperator::Or => &a | &b,
                        SetOperator::Minus => &a - &b,
                    })
                    .unwrap_or_default()
            }
            Expression::Dotted { focus, attributes } => {
                let mut found = self.sub(focus)?;
                for attribute in attributes {
                    let names = self.names(attribute)?;
                    let mut values = Set::new();
                    for source in self.active(found) {
                        for row in self.rows(&source) {
                            if let (Value::Concept(target), true) = (&row.value, names(&row.attribute)) {
                                values.insert(target.clone());
                            }
                        }
                    }
                    found = self.active(values);
                }
                found
            }
        })
    }

    fn sub(&self, sub: &SubExpression) -> Option<Set> {
        let asks = sub.filters.iter().any(|filter| match filter {
            Filter::Concept(filters) => filters
                .iter()
                .any(|filter| matches!(filter, ConceptFilter::Common(CommonFilter::Active { .. }))),
            Filter::Description(_) => false,
        });
        let mut found = match (&sub.focus, &sub.refset) {
            (Focus::Any, Some(_)) => self.all(),
            (Focus::Any, None) if asks && sub.operator.is_none() => self.all(),
            (Focus::Any, None) => self.any(),
            (Focus::Concept(concept), _) => Set::from([concept.id.clone()]),
            (Focus::Alternate(alternate), _) => {
                let found = self.0.alternates.iter().find(|(code, _)| *code == alternate.code)?;
                Set::from([found.1.clone()])
            }
            (Focus::Nested(inner), _) => match &**inner {
                Expression::Sub(star) if star.is_any() && sub.refset.is_some() => self.all(),
                Expression::Sub(star) if star.is_any() && asks && sub.operator.is_none() => self.all(),
                inner => self.expression(inner)?,
            },
        };
        found = match &sub.refset {
            None if !sub.members.is_empty() => return None,
            None => found,
            Some(RefsetOperator::Containing) => {
                let mut refsets = Set::new();
                for member in &self.0.members {
                    if self.member_passes(sub, member)? && found.contains(&member.component) {
                        refsets.insert(member.refset.clone());
                    }
                }
                refsets
            }
            Some(RefsetOperator::MemberOf(fields)) => self.members(sub, &found, fields.as_ref())?,
        };
        if let Some(operator) = sub.operator {
            found = self.hierarchy(operator, &found);
        }
        for filter in &sub.filters {
            let mut passing = Set::new();
            for code in found {
                let passes = match filter {
                    Filter::Concept(filters) => self.concept_passes(&code, filters)?,
                    Filter::Description(filters) => self.some_description_passes(&code, filters)?,
                };
                if passes {
                    passing.insert(code);
                }
            }
            found = passing;
        }
        if let Some(history) = &sub.history {
            let refsets = match history {
                History::Minimum => Set::from([SAME_AS.to_owned()]),
                History::Moderate => [SAME_AS, REPLACED_BY, WAS_A, PARTIALLY].map(str::to_owned).into(),
                History::Maximum | History::Any => self.that(|code| self.ancestors(code).contains(HISTORICAL)),
                History::Refsets(expression) => match &**expression {
                    Expression::Sub(sub) if sub.is_any() => self.that(|code| self.ancestors(code).contains(HISTORICAL)),
                    expression => self.expression(expression)?,
                },
            };
            let mut added = Set::new();
            for member in self.0.members.iter().filter(|member| member.active) {
                let Some(target) = &member.target else { continue };
                // MOVED FROM leads the other way, and is to be read as SAME AS.
                let moved = member.refset == MOVED_FROM;
                let (from, to) = if moved {
                    (target, &member.component)
                } else {
                    (&member.component, target)
                };
                let wanted = refsets.contains(&member.refset) || (moved && refsets.contains(SAME_AS));
                if wanted && found.contains(to) {
                    added.insert(from.clone());
                }
            }
            found.extend(added);
        }
        Some(found)
    }

    fn hierarchy(&self, operator: Hierarchy, set: &Set) -> Set {
        let above = |code: &str| self.ancestors(code);
        let below_any = |code: &str| !above(code).is_disjoint(set);
        let above_any = |code: &str| set.iter().any(|own| above(own).contains(code));
        let child_of_any = |code: &str| !self.concept(code).parents.is_disjoint(set);
        let parent_of_any = |code: &str| set.iter().any(|own| self.concept(own).parents.contains(code));
        let own = |code: &str| set.contains(code);
        self.active(self.that(|code| match operator {
            Hierarchy::DescendantOf => below_any(code),
            Hierarchy::DescendantOrSelfOf => own(code) || below_any(code),
            Hierarchy::ChildOf => child_of_any(code),
            Hierarchy::ChildOrSelfOf => own(code) || child_of_any(code),
            Hierarchy::AncestorOf => above_any(code),
            Hierarchy::AncestorOrSelfOf => own(code) || above_any(code),
            Hierarchy::ParentOf => parent_of_any(code),
            Hierarchy::ParentOrSelfOf => own(code) || parent_of_any(code),
            Hierarchy::Top => own(code) && !below_any(code),
            Hierarchy::Bottom => own(code) && !above_any(code),
        }))
    }

    /// Relationships, the hierarchy among them.
    fn rows(&self, code: &str) -> Vec<Row> {
        let concept = self.concept(code);
        let parents = concept.parents.iter().map(|parent| Row {
            attribute: IS_A.to_owned(),
            group: 0,
            value: Value::Concept(parent.clone()),
        });
        concept.rows.iter().cloned().chain(parents).collect()
    }

    fn names(&self, name: &SubExpression) -> Option<impl Fn(&str) -> bool + use<>> {
        let any = name.is_any();
        let meant = self.sub(name)?;
        Some(move |code: &str| if any { code != IS_A } else { meant.contains(code) })
    }

    fn satisfies(&self, code: &str, refinement: &Refinement) -> Option<bool> {
        Some(match refinement {
            Refinement::And(parts) => {
                let all: Option<Vec<bool>> = parts.iter().map(|part| self.satisfies(code, part)).collect();
                all?.into_iter().all(|one| one)
            }
            Refinement::Or(parts) => {
                let all: Option<Vec<bool>> = parts.iter().map(|part| self.satisfies(code, part)).collect();
                all?.into_iter().any(|one| one)
            }
            Refinement::Attribute(attribute) => self.attribute(code, attribute, &self.rows(code))?,
            Refinement::Group(group) => {
                let rows = self.rows(code);
                let parents = self.mentions_parents(&group.set)?;
                let mut groups: Vec<Vec<Row>> = Vec::new();
                let numbers: BTreeSet<u16> = rows.iter().map(|row| row.group).filter(|group| *group > 0).collect();
                for number in numbers {
                    groups.push(rows.iter().filter(|row| row.group == number).cloned().collect());
                }
                let alone = rows.iter().filter(|row| row.group == 0 && (parents || row.attribute != IS_A));
                groups.extend(alone.map(|row| vec![row.clone()]));
                // Faults show even where there is no group.
                self.in_group(code, &group.set, &[])?;
                let mut count = 0;
                for rows in groups.iter().filter(|rows| !rows.is_empty()) {
                    count += u64::from(self.in_group(code, &group.set, rows)?);
                }
                group.cardinality.unwrap_or(Cardinality::DEFAULT).admits(count)
            }
        })
    }

    fn mentions_parents(&self, set: &Refinement) -> Option<bool> {
        Some(match set {
            Refinement::And(parts) | Refinement::Or(parts) => {
                let all: Option<Vec<bool>> = parts.iter().map(|part| self.mentions_parents(part)).collect();
                all?.contains(&true)
            }
            Refinement::Attribute(attribute) => self.names(&attribute.name)?(IS_A),
            Refinement::Group(_) => false,
        })
    }

    fn in_group(&self, code: &str, set: &Refinement, rows: &[Row]) -> Option<bool> {
        Some(match set {
            Refinement::And(parts) => {
                let all: Option<Vec<bool>> = parts.iter().map(|part| self.in_group(code, part, rows)).collect();
                all?.into_iter().all(|one| one)
            }
            Refinement::Or(parts) => {
                let all: Option<Vec<bool>> = parts.iter().map(|part| self.in_group(code, part, rows)).collect();
                all?.into_iter().any(|one| one)
            }
            Refinement::Attribute(attribute) => self.attribute(code, attribute, rows)?,
            Refinement::Group(_) => return None,
        })
    }

    fn attribute(&self, code: &str, attribute: &Attribute, rows: &[Row]) -> Option<bool> {
        let names = self.names(&attribute.name)?;
        let cardinality = attribute.cardinality.unwrap_or(Cardinality::DEFAULT);
        if attribute.reverse {
            let Comparison::Concepts { equal, value } = &attribute.comparison else {
                return None;
            };
            let (any, wanted) = (value.is_any(), self.sub(value)?);
            let points = |source: &str| {
                self.rows(source)
                    .iter()
                    .any(|row| names(&row.attribute) && row.value == Value::Concept(code.to_owned()))
            };
            let sources = self.that(|source| points(source) && (if any { *equal } else { wanted.contains(source) == *equal }));
            return Some(cardinality.admits(sources.len() as u64));
        }
        let mut count = 0;
        for row in rows {
            count += u64::from(self.value_passes(&row.value, &attribute.comparison)? && names(&row.attribute));
        }
        // The value may be wrong where there is no row to look at.
        self.value_passes(&Value::Boolean(true), &attribute.comparison)?;
        Some(cardinality.admits(count))
    }

    fn value_passes(&self, value: &Value, comparison: &Comparison) -> Option<bool> {
        Some(match (comparison, value) {
            (Comparison::Concepts { equal, value: wanted }, value) => {
                let set = self.sub(wanted)?;
                match value {
                    _ if wanted.is_any() => *equal,
                    Value::Concept(code) => set.contains(code) == *equal,
                    _ => false,
                }
            }
            (Comparison::Number { order, value: wanted }, Value::Number(found)) => {
                let wanted: f64 = wanted.parse().unwrap();
                order.accepts((*found as f64).partial_cmp(&wanted).unwrap())
            }
            (Comparison::Text { equal, terms }, Value::Text(found)) => {
                terms.iter().any(|term| text_matches(term, found)) == *equal
            }
            (Comparison::Boolean { equal, value: wanted }, Value::Boolean(found)) => (wanted == found) == *equal,
            _ => false,
        })
    }

    fn concepts(&self, concepts: &Concepts) -> Option<Set> {
        match concepts {
            Concepts::Expression(sub) => self.sub(sub),
            Concepts::Listed(listed) => Some(listed.iter().map(|concept| concept.id.clone()).collect()),
        }
    }

    fn common(&self, filter: &CommonFilter, active: bool, module: &str, time: u32) -> Option<bool> {
        Some(match filter {
            CommonFilter::Module { equal, modules } => self.concepts(modules)?.contains(module) == *equal,
            CommonFilter::EffectiveTime { order, dates } => date_passes(*order, dates, time),
            CommonFilter::Active { equal, value } => value.is_none_or(|value| value == active) == *equal,
        })
    }

    fn concept_passes(&self, code: &str, filters: &[ConceptFilter]) -> Option<bool> {
        let concept = self.concept(code);
        let status = if concept.defined { DEFINED } else { PRIMITIVE };
        let mut passes = true;
        for filter in filters {
            passes &= match filter {
                ConceptFilter::DefinitionStatus { equal, defined } => defined.contains(&concept.defined) == *equal,
                ConceptFilter::DefinitionStatusId { equal, statuses } => self.concepts(statuses)?.contains(status) == *equal,
                ConceptFilter::Common(common) => self.common(common, concept.active, concept.module, concept.time)?,
            };
        }
        Some(passes)
    }

    fn some_description_passes(&self, code: &str, filters: &[DescriptionFilter]) -> Option<bool> {
        let asks = filters
            .iter()
            .any(|filter| matches!(filter, DescriptionFilter::Common(CommonFilter::Active { .. })));
        let mut found = false;
        for term in &self.concept(code).terms {
            let mut passes = asks || term.active;
            for filter in filters {
                passes &= self.description_passes(term, filter)?;
            }
            found |= passes;
        }
        Some(found)
    }

    fn description_passes(&self, term: &Term, filter: &DescriptionFilter) -> Option<bool> {
        Some(match filter {
            DescriptionFilter::Term { equal, terms } => terms.iter().any(|sought| text_matches(sought, &term.text)) == *equal,
            DescriptionFilter::Language { equal, codes } => codes.iter().any(|code| code == term.language) == *equal,
            DescriptionFilter::Type { equal, types } => {
                let is = |kind: &DescriptionType| {
                    term.kind
                        == match kind {
                            DescriptionType::Synonym => SYNONYM,
                            DescriptionType::FullySpecifiedName => NAME,
                            DescriptionType::Definition => DEFINITION,
                        }
                };
                types.iter().any(is) == *equal
            }
            DescriptionFilter::TypeId { equal, types } => self.concepts(types)?.contains(term.kind) == *equal,
            DescriptionFilter::Id { equal, ids } => ids.contains(&term.id) == *equal,
            DescriptionFilter::Dialect {
                equal,
                dialects,
                acceptability,
            } => {
                let fits = |refset: &str, wanted: &[Acceptability]| {
                    let mut own = term.dialects.iter().filter(|(dialect, _)| *dialect == refset);
                    own.any(|(_, preferred)| wanted.is_empty() || wanted.iter().any(|wanted| is_preferred(wanted) == *preferred))
                };
                let either = |own: &Vec<Acceptability>| if own.is_empty() { acceptability.clone() } else { own.clone() };
                let found = match dialects {
                    Dialects::Expression(sub) => self.sub(sub)?.iter().any(|refset| fits(refset, acceptability)),
                    Dialects::Ids(ids) => ids.iter().any(|(id, own)| fits(&id.id, &either(own))),
                    Dialects::Aliases(aliases) => aliases
                        .iter()
                        .any(|(alias, own)| fits(&language_reference_set(&alias.name).unwrap(), &either(own))),
                };
                found == *equal
            }
            DescriptionFilter::Common(common) => self.common(common, term.active, term.module, term.time)?,
        })
    }

    fn members(&self, sub: &SubExpression, refsets: &Set, fields: Option<&Fields>) -> Option<Set> {
        let field = match fields {
            None => "referencedComponentId",
            Some(Fields::Named(names)) if names.len() == 1 => names[0].as_str(),
            Some(_) => return None,
        };
        let mut found = Set::new();
        for member in self.0.members.iter().filter(|member| refsets.contains(&member.refset)) {
            if let (true, Some(Value::Concept(code))) = (self.member_passes(sub, member)?, cell(member, field)) {
                found.insert(code);
            }
        }
        Some(found)
    }

    fn member_passes(&self, sub: &SubExpression, member: &Member) -> Option<bool> {
        let filters: Vec<&MemberFilter> = sub.members.iter().flatten().collect();
        let asks = filters
            .iter()
            .any(|filter| matches!(filter, MemberFilter::Common(CommonFilter::Active { .. })));
        let mut passes = asks || member.active;
        for filter in &filters {
            passes &= match filter {
                MemberFilter::Common(common) => self.common(common, member.active, member.module, member.time)?,
                MemberFilter::Field { name, comparison, .. } => match cell(member, name) {
                    None => false,
                    Some(value) => self.cell_passes(&value, comparison)?,
                },
            };
        }
        Some(passes)
    }

    fn cell_passes(&self, value: &Value, comparison: &Comparison) -> Option<bool> {
        Some(match (comparison, value) {
            (Comparison::Concepts { equal, value: wanted }, Value::Concept(code)) => {
                (wanted.is_any() || self.sub(wanted)?.contains(code)) == *equal
            }
            (Comparison::Concepts { equal, .. }, _) => !equal,
            (Comparison::Text { equal, terms }, value) => {
                let text = match value {
                    Value::Concept(text) | Value::Text(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    Value::Boolean(_) => return Some(false),
                };
                terms.iter().any(|term| text_matches(term, &text)) == *equal
            }
            (comparison, value) => self.value_passes(value, comparison)?,
        })
    }
}

fn cell(member: &Member, field: &str) -> Option<Value> {
    match field {
        "referencedComponentId" => Some(Value::Concept(member.component.clone())),
        "targetComponentId" => member.target.clone().map(Value::Concept),
        "mapGroup" => member.number.map(|number| Value::Number(number.into())),
        "mapPriority" => member.number.map(|number| Value::Number((3 - number).into())),
        "mapTarget" => member.text.clone().map(Value::Text),
        _ => None,
    }
}

fn is_preferred(acceptability: &Acceptability) -> bool {
    match acceptability {
        Acceptability::Preferred => true,
        Acceptability::Acceptable => false,
        Acceptability::Concept(concept) => concept.id == "900000000000548007",
    }
}

fn date_passes(order: Order, dates: &[Date], found: u32) -> bool {
    let mut one = dates.iter().map(|date| match date {
        Some(date) => order.accepts(found.cmp(date)),
        None => order == Order::NotEqual,
    });
    if order == Order::NotEqual {
        one.all(|passes| passes)
    } else {
        one.any(|passes| passes)
    }
}

/// Terms of the test editions are words of plain letters, and `Ménière`.
fn text_matches(term: &SearchTerm, text: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['é', 'è'], "e");
    let folded = |sought: &str| {
        // What is sought without marks is found with any.
        if sought.is_ascii() {
            (plain(sought), plain(text))
        } else {
            (sought.to_lowercase(), text.to_lowercase())
        }
    };
    match term {
        SearchTerm::Exact(exact) => exact == text,
        SearchTerm::Match(words) => words.iter().flat_map(|word| word.split('.')).all(|word| {
            let (word, text) = folded(word);
            text.split([' ', '.', '-']).any(|own| own.starts_with(&word))
        }),
        SearchTerm::Wild(pieces) => {
            let letter = |letter: char| match letter {
                'e' | 'E' => "[eéè]".to_owned(),
                other => regex::escape(&other.to_string()),
            };
            let pieces: Vec<String> = pieces.iter().map(|piece| piece.chars().map(letter).collect()).collect();
            let pattern = format!("(?i)^{}$", pieces.join(".*"));
            regex::Regex::new(&pattern).unwrap().is_match(text)
        }
    }
}

const _: [&str; 2] = [CORE, MODEL];
