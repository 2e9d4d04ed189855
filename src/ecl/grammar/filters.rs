//! What stands in double braces: member, description and concept filters, history supplements.

use super::Parser;
use super::cursor::Read;
use super::refinement::Plain;
use crate::ecl::ast::{
    Acceptability, Alias, CommonFilter, Comparison, ConceptFilter, Concepts, Date, DescriptionFilter, DescriptionType, Dialects,
    Filter, History, MemberFilter, Order, SubExpression,
};

const DESCRIPTION_KEYWORDS: [&str; 10] = [
    "term",
    "language",
    "type",
    "typeId",
    "dialect",
    "dialectId",
    "moduleId",
    "effectiveTime",
    "active",
    "id",
];

const CONCEPT_KEYWORDS: [&str; 5] = [
    "definitionStatus",
    "definitionStatusId",
    "moduleId",
    "effectiveTime",
    "active",
];

const COMMON_KEYWORDS: [&str; 3] = ["moduleId", "effectiveTime", "active"];

/// What a pair of braces holds.
enum Braces {
    Members,
    Descriptions,
    Concepts,
    History,
}

impl Parser<'_> {
    /// All braces behind a focus.
    pub(super) fn braces(&mut self, made: &mut SubExpression) -> Read<()> {
        loop {
            let before = self.cursor.at();
            self.cursor.blanks()?;
            let open = self.cursor.at();
            if !self.cursor.take("{{") {
                self.cursor.back_to(before);
                return Ok(());
            }
            if made.history.is_some() {
                let message = "nothing may follow a history supplement; put what is before it in brackets";
                return self.cursor.wrong(open, message);
            }
            self.cursor.blanks()?;
            match self.kind_of_braces()? {
                Braces::Members => {
                    if !made.filters.is_empty() {
                        return self
                            .cursor
                            .wrong(open, "member filters stand before description and concept filters");
                    }
                    let filters = self.filters(Self::member_filter)?;
                    made.members.push(filters);
                }
                Braces::Descriptions => {
                    let filters = self.filters(Self::description_filter)?;
                    made.filters.push(Filter::Description(filters));
                }
                Braces::Concepts => {
                    let filters = self.filters(Self::concept_filter)?;
                    made.filters.push(Filter::Concept(filters));
                }
                Braces::History => made.history = Some(self.history()?),
            }
            self.cursor.blanks()?;
            if !self.cursor.take("}}") {
                return self.cursor.expected("\",\" and another filter, or \"}}\"");
            }
        }
    }

    fn kind_of_braces(&mut self) -> Read<Braces> {
        if self.cursor.take("+") {
            self.cursor.blanks()?;
            return Ok(Braces::History);
        }
        let word = self.cursor.word();
        let kinds = [("c", Braces::Concepts), ("d", Braces::Descriptions), ("m", Braces::Members)];
        for (letter, kind) in kinds {
            if word.eq_ignore_ascii_case(letter) {
                self.cursor.advance(1);
                self.cursor.blanks()?;
                return Ok(kind);
            }
        }
        let one_of = |keywords: &[&str], word: &str| keywords.iter().any(|keyword| is_filter(keyword, word));
        if one_of(&DESCRIPTION_KEYWORDS, word) {
            return Ok(Braces::Descriptions);
        }
        // The letter may stand right before the filter; what is a filter of descriptions as a whole is no letter and a field.
        let found = match word.split_at_checked(1) {
            Some(("c" | "C", rest)) if one_of(&CONCEPT_KEYWORDS, rest) => Some(Braces::Concepts),
            Some(("d" | "D", rest)) if one_of(&DESCRIPTION_KEYWORDS, rest) => Some(Braces::Descriptions),
            // Of a small letter it is not sure: `mapTarget` is rather a filter without its letter.
            Some(("M", _)) if self.compares_after(word.len())? => Some(Braces::Members),
            Some(("m", rest)) if one_of(&COMMON_KEYWORDS, rest) => Some(Braces::Members),
            _ => None,
        };
        if let Some(found) = found {
            self.cursor.advance(1);
            return Ok(found);
        }
        self.cursor
            .expected("\"D\", \"C\", \"M\" or \"+\" and a filter, or the name of a description filter")
    }

    /// Whether a comparison stands behind the next so many bytes.
    fn compares_after(&mut self, bytes: usize) -> Read<bool> {
        let here = self.cursor.at();
        self.cursor.advance(bytes);
        self.cursor.blanks()?;
        let found = matches!(self.cursor.peek(), b'=' | b'!' | b'<' | b'>') || self.cursor.name().eq_ignore_ascii_case("not");
        self.cursor.back_to(here);
        Ok(found)
    }

    fn filters<T>(&mut self, mut filter: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut filters = vec![filter(self)?];
        loop {
            let before = self.cursor.at();
            self.cursor.blanks()?;
            if !self.cursor.take(",") {
                self.cursor.back_to(before);
                return Ok(filters);
            }
            self.cursor.blanks()?;
            filters.push(filter(self)?);
        }
    }

    /// Takes the name of a filter and the blanks behind it.
    fn keyword(&mut self, keyword: &str) -> Read<bool> {
        let found = self.cursor.value(keyword);
        if found {
            self.cursor.blanks()?;
        }
        Ok(found)
    }

    /// Filters that concepts, descriptions and members share.
    fn common_filter(&mut self) -> Read<Option<CommonFilter>> {
        if self.keyword("moduleId")? {
            let equal = self.equality()?;
            let modules = self.concepts()?;
            return Ok(Some(CommonFilter::Module { equal, modules }));
        }
        if self.keyword("effectiveTime")? {
            let order = self.order()?;
            let dates = self.list(Self::date)?;
            return Ok(Some(CommonFilter::EffectiveTime { order, dates }));
        }
        if self.keyword("active")? {
            let equal = self.equality()?;
            let value = self.active_value()?;
            return Ok(Some(CommonFilter::Active { equal, value }));
        }
        Ok(None)
    }

    fn active_value(&mut self) -> Read<Option<bool>> {
        // The grammar has a bare star and bare words, the prose both in quotes too.
        if self.cursor.take("*") || self.cursor.take("\"*\"") || self.cursor.keyword("any") {
            return Ok(None);
        }
        for (quoted, value) in [("\"true\"", true), ("\"false\"", false)] {
            if self.cursor.take(quoted) {
                return Ok(Some(value));
            }
        }
        if let Some(value) = self.boolean() {
            return Ok(Some(value));
        }
        let value = match (self.cursor.peek(), self.cursor.peek_at(1)) {
            (_, next) if next.is_ascii_digit() => None,
            (b'1', _) => Some(true),
            (b'0', _) => Some(false),
            _ => None,
        };
        match value {
            Some(_) => {
                self.cursor.advance(1);
                Ok(value)
            }
            None => self.cursor.expected("1, 0, true, false or \"*\""),
        }
    }

    /// `timeValue`
    fn date(&mut self) -> Read<Date> {
        let start = self.cursor.at();
        if self.cursor.peek() != b'"' {
            return self.cursor.expected("a date in double quotes (\"YYYYMMDD\")");
        }
        let text = self.cursor.quoted()?;
        match date_of(text) {
            Some(date) => Ok(date),
            None => self
                .cursor
                .wrong(start, "expected a date \"YYYYMMDD\", or \"\" for what has none"),
        }
    }

    /// A subexpression, or a list of at least two concepts.
    fn concepts(&mut self) -> Read<Concepts> {
        if self.opens_list()? {
            return Ok(Concepts::Listed(self.list(Self::concept)?));
        }
        Ok(Concepts::Expression(self.sub_expression()?))
    }

    /// Whether the bracket here opens a list: a concept follows, and then another.
    fn opens_list(&mut self) -> Read<bool> {
        let here = self.cursor.at();
        if !self.cursor.take("(") {
            return Ok(false);
        }
        self.cursor.blanks()?;
        let mut found = false;
        if self.cursor.peek().is_ascii_digit() {
            self.concept()?;
            self.cursor.blanks()?;
            found = self.cursor.peek().is_ascii_digit();
        }
        self.cursor.back_to(here);
        Ok(found)
    }

    fn concept_filter(&mut self) -> Read<ConceptFilter> {
        if self.keyword("definitionStatusId")? {
            let equal = self.equality()?;
            let statuses = self.concepts()?;
            return Ok(ConceptFilter::DefinitionStatusId { equal, statuses });
        }
        if self.keyword("definitionStatus")? {
            let equal = self.equality()?;
            let defined =
                self.list(|parser| parser.one_of(&[("primitive", false), ("defined", true)], "\"primitive\" or \"defined\""))?;
            return Ok(ConceptFilter::DefinitionStatus { equal, defined });
        }
        match self.common_filter()? {
            Some(common) => Ok(ConceptFilter::Common(common)),
            None => self
                .cursor
                .expected("a concept filter: definitionStatus, definitionStatusId, moduleId, effectiveTime or active"),
        }
    }

    fn one_of<T: Copy>(&mut self, keywords: &[(&str, T)], what: &str) -> Read<T> {
        match keywords.iter().find(|(keyword, _)| self.cursor.keyword(keyword)) {
            Some((_, value)) => Ok(*value),
            None => self.cursor.expected(what),
        }
    }

    fn description_filter(&mut self) -> Read<DescriptionFilter> {
        if self.keyword("term")? {
            let equal = self.equality()?;
            let terms = self.terms(Plain::Match)?;
            return Ok(DescriptionFilter::Term { equal, terms });
        }
        if self.keyword("language")? {
            let equal = self.equality()?;
            let codes = self.list(Self::language_code)?;
            return Ok(DescriptionFilter::Language { equal, codes });
        }
        if self.keyword("typeId")? {
            let equal = self.equality()?;
            let types = self.concepts()?;
            return Ok(DescriptionFilter::TypeId { equal, types });
        }
        if self.keyword("type")? {
            let equal = self.equality()?;
            let types = self.list(Self::description_type)?;
            return Ok(DescriptionFilter::Type { equal, types });
        }
        if self.keyword("dialectId")? {
            let equal = self.equality()?;
            let dialects = self.dialect_ids()?;
            return self.dialect_filter(equal, dialects);
        }
        if self.keyword("dialect")? {
            let equal = self.equality()?;
            let dialects = self.dialect_aliases()?;
            return self.dialect_filter(equal, dialects);
        }
        if self.keyword("id")? {
            let equal = self.equality()?;
            let ids = self.list(|parser| parser.cursor.sctid())?;
            return Ok(DescriptionFilter::Id { equal, ids });
        }
        match self.common_filter()? {
            Some(common) => Ok(DescriptionFilter::Common(common)),
            None => self.cursor.expected(
                "a description filter: term, language, type, typeId, dialect, dialectId, moduleId, effectiveTime, active or id",
            ),
        }
    }

    fn language_code(&mut self) -> Read<String> {
        let word = self.cursor.word();
        if word.len() != 2 {
            return self.cursor.expected("a language of two letters (ISO 639-1)");
        }
        self.cursor.advance(2);
        Ok(word.to_ascii_lowercase())
    }

    fn description_type(&mut self) -> Read<DescriptionType> {
        let keywords = [
            ("syn", DescriptionType::Synonym),
            ("synonym", DescriptionType::Synonym),
            ("fsn", DescriptionType::FullySpecifiedName),
            ("fullySpecifiedName", DescriptionType::FullySpecifiedName),
            ("def", DescriptionType::Definition),
            ("definition", DescriptionType::Definition),
        ];
        self.one_of(&keywords, "a description type: syn, fsn or def")
    }

    fn dialect_filter(&mut self, equal: bool, dialects: Dialects) -> Read<DescriptionFilter> {
        Ok(DescriptionFilter::Dialect {
            equal,
            dialects,
            acceptability: self.acceptability()?,
        })
    }

    fn dialect_ids(&mut self) -> Read<Dialects> {
        // "(a)" may be either; "(a (prefer))" and "(a b)" are lists.
        let here = self.cursor.at();
        let mut listed = self.opens_list()?;
        if !listed && self.cursor.take("(") {
            self.cursor.blanks()?;
            if self.cursor.peek().is_ascii_digit() {
                self.concept()?;
                self.cursor.blanks()?;
                listed = self.cursor.peek() == b'(';
            }
            self.cursor.back_to(here);
        }
        if !listed {
            return Ok(Dialects::Expression(self.sub_expression()?));
        }
        let ids = self.list(|parser| Ok((parser.concept()?, parser.acceptability()?)))?;
        Ok(Dialects::Ids(ids))
    }

    fn dialect_aliases(&mut self) -> Read<Dialects> {
        if self.cursor.peek() == b'(' {
            let aliases = self.list(|parser| Ok((parser.alias()?, parser.acceptability()?)))?;
            return Ok(Dialects::Aliases(aliases));
        }
        Ok(Dialects::Aliases(vec![(self.alias()?, Vec::new())]))
    }

    fn alias(&mut self) -> Read<Alias> {
        let start = self.cursor.at();
        let name = self.cursor.name();
        if name.is_empty() {
            return self.cursor.expected("the alias of a dialect, such as en-gb");
        }
        self.cursor.advance(name.len());
        Ok(Alias {
            span: self.span_from(start),
            name: name.to_ascii_lowercase(),
        })
    }

    /// `acceptabilitySet`, if one follows; empty where none does.
    fn acceptability(&mut self) -> Read<Vec<Acceptability>> {
        let before = self.cursor.at();
        self.cursor.blanks()?;
        if self.cursor.peek() != b'(' {
            self.cursor.back_to(before);
            return Ok(Vec::new());
        }
        self.list(|parser| {
            if parser.cursor.peek().is_ascii_digit() {
                return Ok(Acceptability::Concept(parser.concept()?));
            }
            for keyword in ["prefer", "preferred"] {
                if parser.cursor.keyword(keyword) {
                    return Ok(Acceptability::Preferred);
                }
            }
            for keyword in ["accept", "acceptable"] {
                if parser.cursor.keyword(keyword) {
                    return Ok(Acceptability::Acceptable);
                }
            }
            parser
                .cursor
                .expected("\"prefer\", \"accept\" or the concept of an acceptability")
        })
    }

    fn member_filter(&mut self) -> Read<MemberFilter> {
        if let Some(common) = self.common_filter()? {
            return Ok(MemberFilter::Common(common));
        }
        let start = self.cursor.at();
        let name = self.field_name()?;
        let span = self.span_from(start);
        self.cursor.blanks()?;
        let comparison = self.field_comparison()?;
        Ok(MemberFilter::Field { span, name, comparison })
    }

    fn field_comparison(&mut self) -> Read<Comparison> {
        let order = self.order()?;
        let equal = match order {
            Order::Equal => true,
            Order::NotEqual => false,
            _ if self.cursor.peek() == b'#' => return self.number(order),
            _ if matches!(self.cursor.peek(), b'"' | b'(') => {
                let dates = self.list(Self::date)?;
                return Ok(Comparison::Time { order, dates });
            }
            _ => {
                return self
                    .cursor
                    .expected("\"#\" and a number, or a date in quotes, after this comparison");
            }
        };
        if self.cursor.peek() == b'#' {
            return self.number(order);
        }
        if self.starts_text()? {
            // Of a column of dates the empty text asks for those without one; of other columns nothing is "".
            let start = self.cursor.at();
            match self.list(Self::date) {
                Ok(dates) if dates.contains(&None) => return Ok(Comparison::Time { order, dates }),
                _ => self.cursor.back_to(start),
            }
            return Ok(Comparison::Text {
                equal,
                terms: self.terms(Plain::Match)?,
            });
        }
        Ok(match self.boolean() {
            Some(value) => Comparison::Boolean { equal, value },
            None => Comparison::Concepts {
                equal,
                value: self.sub_expression()?,
            },
        })
    }

    /// What follows `{{ +`.
    fn history(&mut self) -> Read<History> {
        if !self.cursor.word().eq_ignore_ascii_case("history") {
            return self.cursor.expected("HISTORY, HISTORY-MIN, HISTORY-MOD or HISTORY-MAX");
        }
        self.cursor.advance("history".len());
        if matches!(self.cursor.peek(), b'-' | b'_') {
            self.cursor.advance(1);
            let profiles = [
                ("min", History::Minimum),
                ("mod", History::Moderate),
                ("max", History::Maximum),
            ];
            for (suffix, profile) in profiles {
                if self.cursor.keyword(suffix) {
                    return Ok(profile);
                }
            }
            return self.cursor.expected("MIN, MOD or MAX");
        }
        let before = self.cursor.at();
        self.cursor.blanks()?;
        if !self.cursor.take("(") {
            self.cursor.back_to(before);
            return Ok(History::Any);
        }
        let refsets = self.expression()?;
        self.cursor.need(")")?;
        Ok(History::Refsets(Box::new(refsets)))
    }
}

/// Whether a word is the name of a filter, by itself or with the `NOT` of the comparison.
fn is_filter(name: &str, word: &str) -> bool {
    word.split_at_checked(name.len())
        .is_some_and(|(own, rest)| own.eq_ignore_ascii_case(name) && (rest.is_empty() || rest.eq_ignore_ascii_case("not")))
}

/// `YYYYMMDD` with a month and a day that can be; `""` for none.
fn date_of(text: &str) -> Option<Date> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let date: u32 = text.parse().ok().filter(|_| digits)?;
    let sound = (1..=12).contains(&(date / 100 % 100)) && (1..=31).contains(&(date % 100));
    sound.then_some(Some(date))
}
