//! What is mapped: one distinct tuple of the columns that a user has bound to roles.

/// The part a column of an extract plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Role {
    /// The local or standard code.
    Code = 0,
    /// The name of the test, drug or diagnosis.
    Name = 1,
    /// The code system of [`Role::Code`], per row.
    System = 2,
    /// Specimen, fluid, material.
    Specimen = 3,
    /// Unit of the result or of the dose.
    Unit = 4,
    /// Laboratory section, category, order category.
    Section = 5,
    /// Strength of a drug.
    Strength = 6,
    /// Dose form of a drug.
    Form = 7,
    /// Route of administration.
    Route = 8,
    /// Ingredients of a drug, where the name is that of a product.
    Ingredient = 9,
    /// Brand of a drug.
    Brand = 10,
    /// How often the tuple occurs in the source; never part of a tuple.
    Count = 11,
}

impl Role {
    /// All roles, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Code,
        Self::Name,
        Self::System,
        Self::Specimen,
        Self::Unit,
        Self::Section,
        Self::Strength,
        Self::Form,
        Self::Route,
        Self::Ingredient,
        Self::Brand,
        Self::Count,
    ];

    /// The word for it in flags, configuration and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Name => "name",
            Self::System => "system",
            Self::Specimen => "specimen",
            Self::Unit => "unit",
            Self::Section => "section",
            Self::Strength => "strength",
            Self::Form => "form",
            Self::Route => "route",
            Self::Ingredient => "ingredient",
            Self::Brand => "brand",
            Self::Count => "count",
        }
    }

    /// Reads the word for it.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// How many roles belong to a tuple.
pub(super) const TUPLE_ROLES: usize = Role::Count as usize;

/// One distinct tuple: a value per role, empty where the source has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceItem {
    values: [String; TUPLE_ROLES],
}

impl SourceItem {
    /// The value of a role, blanks around it removed; empty when there is none.
    pub fn get(&self, role: Role) -> &str {
        self.values.get(role as usize).map_or("", |value| value)
    }

    /// Sets the value of a role. A count is no part of a tuple and is left out.
    pub fn set(&mut self, role: Role, value: &str) {
        if let Some(slot) = self.values.get_mut(role as usize) {
            value.trim().clone_into(slot);
        }
    }

    /// Whether nothing is given that could be mapped.
    pub fn is_empty(&self) -> bool {
        self.get(Role::Code).is_empty() && self.get(Role::Name).is_empty()
    }

    /// Whether it says more than a code and a name.
    pub fn has_context(&self) -> bool {
        let context = [
            Role::Specimen,
            Role::Unit,
            Role::Section,
            Role::Strength,
            Role::Form,
            Role::Route,
            Role::Ingredient,
            Role::Brand,
        ];
        context.iter().any(|role| !self.get(*role).is_empty())
    }
}
