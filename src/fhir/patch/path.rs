//! The part of FHIRPath that says where something is: names, `[n]`, `first()`, `last()`, `where(...)` with equalities
//! joined by `and`, and `extension('url')`.

/// A path, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FhirPath {
    pub steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The element of a name.
    Name(String),
    /// The item of a number, from 0.
    Item(usize),
    /// The last item.
    Last,
    /// The items of which all of these hold.
    Where(Vec<(Vec<String>, Literal)>),
}

/// A literal in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Other(String),
}

impl FhirPath {
    /// Reads a path; the error says where it stops being one that is understood.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0 };
        let mut steps = Vec::new();
        loop {
            reader.blanks();
            reader.step(&mut steps)?;
            while reader.eat('[') {
                steps.push(Step::Item(reader.number()?));
                reader.must_be(']')?;
            }
            reader.blanks();
            if reader.rest().is_empty() {
                return Ok(Self { steps });
            }
            reader.must_be('.')?;
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.blanks();
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn wrong<T>(&self, expected: &str) -> Result<T, String> {
        let place = self.text.get(..self.at).map_or(0, |before| before.chars().count()) + 1;
        Err(format!("the path '{}' needs {expected} at character {place}", self.text))
    }

    fn must_be(&mut self, wanted: char) -> Result<(), String> {
        match self.eat(wanted) {
            true => Ok(()),
            false => self.wrong(&format!("'{wanted}'")),
        }
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest
            .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn number(&mut self) -> Result<usize, String> {
        self.blanks();
        self.word().parse().or_else(|_| self.wrong("a number of an item"))
    }

    /// Reads a name or a function; `extension('url')` is two steps.
    fn step(&mut self, steps: &mut Vec<Step>) -> Result<(), String> {
        let name = self.word();
        if name.is_empty() {
            return self.wrong("the name of an element");
        }
        if !self.eat('(') {
            steps.push(Step::Name(name.to_owned()));
            return Ok(());
        }
        let step = match name {
            "first" => Step::Item(0),
            "last" => Step::Last,
            "where" => Step::Where(self.conditions()?),
            "extension" => {
                steps.push(Step::Name("extension".to_owned()));
                Step::Where(vec![(vec!["url".to_owned()], self.literal()?)])
            }
            _ => return self.wrong("one of the functions first, last, where and extension before the bracket"),
        };
        steps.push(step);
        self.must_be(')')
    }

    fn conditions(&mut self) -> Result<Vec<(Vec<String>, Literal)>, String> {
        let mut conditions = Vec::new();
        loop {
            let mut path = Vec::new();
            loop {
                self.blanks();
                let name = self.word();
                if name.is_empty() {
                    return self.wrong("the name of an element");
                }
                path.push(name.to_owned());
                if !self.eat('.') {
                    break;
                }
            }
            self.must_be('=')?;
            conditions.push((path, self.literal()?));
            self.blanks();
            match self.rest().strip_prefix("and") {
                Some(rest) if rest.starts_with(|next: char| !next.is_alphanumeric()) => self.at += "and".len(),
                _ => return Ok(conditions),
            }
        }
    }

    fn literal(&mut self) -> Result<Literal, String> {
        self.blanks();
        let Some(rest) = self.rest().strip_prefix('\'') else {
            let rest = self.rest();
            let end = rest
                .find(|letter: char| !letter.is_ascii_alphanumeric() && !"@.-:+".contains(letter))
                .unwrap_or(rest.len());
            if end == 0 {
                return self.wrong("a literal such as 'text', 5 or true");
            }
            self.at += end;
            return Ok(Literal::Other(
                rest.get(..end).unwrap_or_default().trim_start_matches('@').to_owned(),
            ));
        };
        let mut text = String::new();
        let mut letters = rest.char_indices();
        while let Some((place, letter)) = letters.next() {
            match letter {
                '\'' => {
                    self.at += 1 + place + 1;
                    return Ok(Literal::Text(text));
                }
                '\\' => text.extend(letters.next().map(|(_, escaped)| match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                })),
                other => text.push(other),
            }
        }
        self.wrong("a closing ' of the text")
    }
}
