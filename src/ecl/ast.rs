//! Expression constraints as trees: one type per rule of the grammar that carries meaning.
//!
//! Positions are byte offsets into the text. They are for messages and plans only: two trees that differ in nothing
//! else are equal, so that what is printed and read again equals what it was printed from. Comments, brackets round a
//! single attribute and the spelling of keywords are not kept.

/// Where something stands in the text, as byte offsets. All spans are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

/// An expression constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// A subexpression by itself.
    Sub(Box<SubExpression>),
    /// `focus : refinement`
    Refined {
        /// What is refined.
        focus: Box<SubExpression>,
        /// The conditions.
        refinement: Refinement,
    },
    /// `a AND b AND c`, `a OR b`, `a MINUS b`: one operator, at least two operands.
    Compound {
        /// The operator.
        operator: SetOperator,
        /// The operands; exactly two where the operator is `MINUS`.
        operands: Vec<SubExpression>,
    },
    /// `a . b . c`
    Dotted {
        /// Whose attributes.
        focus: Box<SubExpression>,
        /// Names of attributes, in the order in which they are followed.
        attributes: Vec<SubExpression>,
    },
}

/// What joins subexpressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOperator {
    /// `AND`, or a comma.
    And,
    /// `OR`
    Or,
    /// `MINUS`
    Minus,
}

/// An operator, a focus, and what is hung behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubExpression {
    /// Where it stands.
    pub span: Span,
    /// `<`, `>>!` ...
    pub operator: Option<Hierarchy>,
    /// `^` or `^R`
    pub refset: Option<RefsetOperator>,
    /// What they are applied to.
    pub focus: Focus,
    /// `{{ M ... }}`, one list of filters for each pair of braces.
    pub members: Vec<Vec<MemberFilter>>,
    /// `{{ D ... }}` and `{{ C ... }}`, in their order.
    pub filters: Vec<Filter>,
    /// `{{ + HISTORY ... }}`
    pub history: Option<History>,
}

impl SubExpression {
    /// A focus alone.
    pub fn plain(focus: Focus) -> Self {
        Self {
            span: Span::default(),
            operator: None,
            refset: None,
            focus,
            members: Vec::new(),
            filters: Vec::new(),
            history: None,
        }
    }

    /// Whether it is `*` and nothing else.
    pub fn is_any(&self) -> bool {
        matches!(self.focus, Focus::Any) && self.is_nothing_but_its_focus()
    }

    /// Whether nothing stands before or behind its focus.
    pub fn is_nothing_but_its_focus(&self) -> bool {
        self.operator.is_none()
            && self.refset.is_none()
            && self.members.is_empty()
            && self.filters.is_empty()
            && self.history.is_none()
    }
}

/// Operators that follow the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hierarchy {
    /// `<`
    DescendantOf,
    /// `<<`
    DescendantOrSelfOf,
    /// `<!`
    ChildOf,
    /// `<<!`
    ChildOrSelfOf,
    /// `>`
    AncestorOf,
    /// `>>`
    AncestorOrSelfOf,
    /// `>!`
    ParentOf,
    /// `>>!`
    ParentOrSelfOf,
    /// `!!>`
    Top,
    /// `!!<`
    Bottom,
}

impl Hierarchy {
    /// Every operator with its brief and long spelling, longer spellings before those they start with.
    pub const SPELLINGS: [(Self, &'static str, &'static str); 10] = [
        (Self::ChildOrSelfOf, "<<!", "childOrSelfOf"),
        (Self::DescendantOrSelfOf, "<<", "descendantOrSelfOf"),
        (Self::ChildOf, "<!", "childOf"),
        (Self::DescendantOf, "<", "descendantOf"),
        (Self::ParentOrSelfOf, ">>!", "parentOrSelfOf"),
        (Self::AncestorOrSelfOf, ">>", "ancestorOrSelfOf"),
        (Self::ParentOf, ">!", "parentOf"),
        (Self::AncestorOf, ">", "ancestorOf"),
        (Self::Top, "!!>", "top"),
        (Self::Bottom, "!!<", "bottom"),
    ];
}

/// Operators that follow reference sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefsetOperator {
    /// `^`, with the fields to select where they are named.
    MemberOf(Option<Fields>),
    /// `^R`: reference sets that contain any of the focus.
    Containing,
}

/// Fields of a reference set to select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// `[*]`
    All,
    /// `[a, b]`
    Named(Vec<String>),
}

/// What operators are applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Focus {
    /// A concept.
    Concept(ConceptReference),
    /// `*`
    Any,
    /// `scheme#code`
    Alternate(AlternateIdentifier),
    /// An expression constraint in brackets.
    Nested(Box<Expression>),
}

/// A concept by its identifier, perhaps with a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConceptReference {
    /// Where the identifier stands.
    pub span: Span,
    /// The identifier, 6 to 18 digits.
    pub id: String,
    /// What stands between the bars.
    pub term: Option<String>,
}

/// A concept by an identifier of another scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlternateIdentifier {
    /// Where it stands.
    pub span: Span,
    /// The alias of the scheme.
    pub scheme: String,
    /// The identifier in that scheme.
    pub code: String,
    /// What stands between the bars.
    pub term: Option<String>,
}

/// Conditions on attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refinement {
    /// All of them; at least two.
    And(Vec<Refinement>),
    /// Any of them; at least two.
    Or(Vec<Refinement>),
    /// One attribute.
    Attribute(Box<Attribute>),
    /// Attributes of one role group. What is inside has no groups.
    Group(Box<Group>),
}

/// `[1..2] { ... }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where it stands.
    pub span: Span,
    /// How many groups must satisfy it; `[1..*]` where nothing is said.
    pub cardinality: Option<Cardinality>,
    /// What one group must satisfy.
    pub set: Refinement,
}

/// `[1..1] R name = value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Where it stands.
    pub span: Span,
    /// How many attributes must satisfy it; `[1..*]` where nothing is said.
    pub cardinality: Option<Cardinality>,
    /// Whether the concept is the value and the constraint is on the source.
    pub reverse: bool,
    /// Which attributes.
    pub name: SubExpression,
    /// Their values.
    pub comparison: Comparison,
}

/// `[minimum..maximum]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cardinality {
    /// At least so many.
    pub minimum: u64,
    /// At most so many; `None` for `*`.
    pub maximum: Option<u64>,
}

impl Cardinality {
    /// `[1..*]`
    pub const DEFAULT: Self = Self {
        minimum: 1,
        maximum: None,
    };

    /// Whether a count is within.
    pub fn admits(self, count: u64) -> bool {
        count >= self.minimum && self.maximum.is_none_or(|maximum| count <= maximum)
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// `= << 123456`, `!= ...`
    Concepts {
        /// `=` rather than `!=`.
        equal: bool,
        /// The concepts.
        value: SubExpression,
    },
    /// `>= #5`
    Number {
        /// The comparison.
        order: Order,
        /// A number as it is written, without `#`.
        value: String,
    },
    /// `= "text"`, `!= ("a" "b")`
    Text {
        /// `=` rather than `!=`.
        equal: bool,
        /// What may match.
        terms: Vec<SearchTerm>,
    },
    /// `= true`
    Boolean {
        /// `=` rather than `!=`.
        equal: bool,
        /// The value.
        value: bool,
    },
    /// `>= "20250101"`, in member filters.
    Time {
        /// The comparison.
        order: Order,
        /// Dates.
        dates: Vec<Date>,
    },
}

/// How numbers and dates are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Order {
    /// Whether a comparison's outcome satisfies it.
    pub fn accepts(self, found: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::NotEqual => found.is_ne(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }

    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// What a text is matched with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchTerm {
    /// The very text.
    Exact(String),
    /// Beginnings of words, in any order.
    Match(Vec<String>),
    /// The whole text; between the pieces stands anything.
    Wild(Vec<String>),
}

/// A date, YYYYMMDD, or `None` for `""`: not published yet.
pub type Date = Option<u32>;

/// `{{ D ... }}` or `{{ C ... }}`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Some description satisfies all of these.
    Description(Vec<DescriptionFilter>),
    /// The concept satisfies all of these.
    Concept(Vec<ConceptFilter>),
}

/// Concepts in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concepts {
    /// A constraint.
    Expression(SubExpression),
    /// `(a b)`, at least two.
    Listed(Vec<ConceptReference>),
}

/// What concepts, descriptions and members have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommonFilter {
    /// `moduleId = ...`
    Module {
        /// `=` rather than `!=`.
        equal: bool,
        /// Modules.
        modules: Concepts,
    },
    /// `effectiveTime >= ...`
    EffectiveTime {
        /// The comparison.
        order: Order,
        /// Dates.
        dates: Vec<Date>,
    },
    /// `active = 1`; `None` for `*`.
    Active {
        /// `=` rather than `!=`.
        equal: bool,
        /// The state.
        value: Option<bool>,
    },
}

/// A condition on a concept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConceptFilter {
    /// `definitionStatus = primitive`
    DefinitionStatus {
        /// `=` rather than `!=`.
        equal: bool,
        /// Of each: whether sufficiently defined.
        defined: Vec<bool>,
    },
    /// `definitionStatusId = ...`
    DefinitionStatusId {
        /// `=` rather than `!=`.
        equal: bool,
        /// Statuses.
        statuses: Concepts,
    },
    /// Module, time, activity.
    Common(CommonFilter),
}

/// A condition on a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DescriptionFilter {
    /// `term = ...`
    Term {
        /// `=` rather than `!=`.
        equal: bool,
        /// What may match.
        terms: Vec<SearchTerm>,
    },
    /// `language = en`
    Language {
        /// `=` rather than `!=`.
        equal: bool,
        /// Two letters each.
        codes: Vec<String>,
    },
    /// `type = syn`
    Type {
        /// `=` rather than `!=`.
        equal: bool,
        /// Types.
        types: Vec<DescriptionType>,
    },
    /// `typeId = ...`
    TypeId {
        /// `=` rather than `!=`.
        equal: bool,
        /// Types.
        types: Concepts,
    },
    /// `dialect = en-gb (prefer)`, `dialectId = ...`
    Dialect {
        /// `=` rather than `!=`.
        equal: bool,
        /// Language reference sets.
        dialects: Dialects,
        /// Acceptabilities asked for in those that name none themselves; empty for any.
        acceptability: Vec<Acceptability>,
    },
    /// `id = ...`
    Id {
        /// `=` rather than `!=`.
        equal: bool,
        /// Identifiers of descriptions.
        ids: Vec<String>,
    },
    /// Module, time, activity.
    Common(CommonFilter),
}

/// Types of descriptions that have a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptionType {
    /// `syn`
    Synonym,
    /// `fsn`
    FullySpecifiedName,
    /// `def`
    Definition,
}

/// Language reference sets of a dialect filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialects {
    /// `dialectId = << 123456`
    Expression(SubExpression),
    /// `dialectId = (a (prefer) b)`
    Ids(Vec<(ConceptReference, Vec<Acceptability>)>),
    /// `dialect = (en-gb (prefer) en-us)`, or one alias.
    Aliases(Vec<(Alias, Vec<Acceptability>)>),
}

/// The alias of a language reference set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Where it stands.
    pub span: Span,
    /// The alias, in small letters.
    pub name: String,
}

/// How good a description is in a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptability {
    /// `prefer`
    Preferred,
    /// `accept`
    Acceptable,
    /// By its concept.
    Concept(ConceptReference),
}

/// A condition on a row of a reference set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberFilter {
    /// Module, time, activity.
    Common(CommonFilter),
    /// A column.
    Field {
        /// Where its name stands.
        span: Span,
        /// Its name.
        name: String,
        /// Its value.
        comparison: Comparison,
    },
}

/// Inactive concepts to add by their associations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// `HISTORY-MIN`
    Minimum,
    /// `HISTORY-MOD`
    Moderate,
    /// `HISTORY-MAX`
    Maximum,
    /// `HISTORY` alone: as the maximum.
    Any,
    /// `HISTORY ( ... )`
    Refsets(Box<Expression>),
}
