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

    /// The roles that make a tuple, which is all that can be mapped or decided upon.
    pub const TUPLE: [Self; Self::Count as usize] = [
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
    ];

    /// What tells sources of the same code and name apart.
    pub const CONTEXT: [Self; 8] = [
        Self::Specimen,
        Self::Unit,
        Self::Section,
        Self::Strength,
        Self::Form,
        Self::Route,
        Self::Ingredient,
        Self::Brand,
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

/// One distinct tuple: a value per role, empty where the source has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceItem {
    values: [String; Role::TUPLE.len()],
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
        self.kind() != Kind::default()
    }

    /// The columns beside code and name that it fills.
    pub fn kind(&self) -> Kind {
        let filled = Role::CONTEXT.into_iter().filter(|role| !self.get(*role).is_empty());
        filled.fold(Kind::default(), Kind::with)
    }
}

/// Which columns a source fills beside code and name: lists that state the same are mapped equally well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(u16);

impl Kind {
    /// The word for sources that state nothing else.
    const NOTHING: &'static str = "nothing";

    fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u16)
    }

    /// Reads what is displayed.
    pub fn parse(words: &str) -> Option<Self> {
        if words == Self::NOTHING {
            return Some(Self::default());
        }
        let mut roles = words.split('+').map(Role::parse);
        roles.try_fold(Self::default(), |kind, role| {
            role.filter(|role| Role::CONTEXT.contains(role)).map(|role| kind.with(role))
        })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        if *self == Self::default() {
            return out.write_str(Self::NOTHING);
        }
        let own = Role::CONTEXT.into_iter().filter(|role| self.with(*role) == *self);
        out.write_str(&own.map(Role::as_str).collect::<Vec<&str>>().join("+"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_but_the_count_belongs_to_a_tuple_and_has_its_own_place() {
        let but_the_count: Vec<Role> = Role::ALL.into_iter().filter(|role| *role != Role::Count).collect();
        assert_eq!(Role::TUPLE.to_vec(), but_the_count);
        let mut item = SourceItem::default();
        for role in Role::TUPLE {
            item.set(role, role.as_str());
        }
        assert!(Role::TUPLE.iter().all(|role| item.get(*role) == role.as_str()));
    }

    #[test]
    fn context_is_what_a_tuple_says_besides_code_name_and_system() {
        let base = [Role::Code, Role::Name, Role::System];
        let rest: Vec<Role> = Role::TUPLE.into_iter().filter(|role| !base.contains(role)).collect();
        assert_eq!(Role::CONTEXT.to_vec(), rest);
        for role in Role::TUPLE {
            let mut item = SourceItem::default();
            item.set(role, "x");
            assert_eq!(item.has_context(), rest.contains(&role), "{}", role.as_str());
            assert_eq!(Kind::parse(&item.kind().to_string()), Some(item.kind()));
        }
    }
}
