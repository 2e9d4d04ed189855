//! The one way to print data: a table for people, tab-separated lines for pipes, JSON where it is asked for.
//!
//! Data goes to standard output and nothing else does. On a terminal a table fits its width and numbers have
//! thousands separators; in a pipe every row is one line, columns are separated by one tab, numbers are plain and
//! the first line has the names. Colour is one bold header, and NO_COLOR turns it off.

use comfy_table::{Attribute, Cell as TableCell, CellAlignment, ColumnConstraint, ContentArrangement, Table as Drawing};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// How a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct OutputArgs {
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Print a table even where the output is no terminal
    #[arg(long, conflicts_with = "json")]
    pub table: bool,
}

/// A column no wider than this is not broken into lines.
const UNBROKEN: usize = 18;

/// A value in a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// A number of things.
    Count(u64),
    /// A size.
    Bytes(u64),
    /// A time.
    Seconds(f64),
    /// Nothing.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Empty, Self::Text)
    }
}

impl Cell {
    /// A count that is left blank where there is nothing to count.
    pub fn count(number: u64) -> Self {
        if number == 0 { Self::Empty } else { Self::Count(number) }
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Count(_) | Self::Bytes(_) | Self::Seconds(_))
    }

    fn for_people(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(number) => thousands(*number),
            Self::Bytes(bytes) => size(*bytes),
            Self::Seconds(seconds) => format!("{seconds:.1}"),
            Self::Empty => String::new(),
        }
    }

    /// Plain, on one line: a tab or line feed inside a text would break the row.
    fn for_pipes(&self) -> String {
        match self {
            Self::Text(text) => text.replace(['\t', '\n', '\r'], " "),
            Self::Count(number) | Self::Bytes(number) => number.to_string(),
            Self::Seconds(seconds) => format!("{seconds:.3}"),
            Self::Empty => String::new(),
        }
    }
}

/// The name of a thing that counts resources, for people: a column of its own would be blank in most tables.
pub fn with_resources(label: String, resources: u64) -> String {
    match resources {
        0 => label,
        resources => format!("{label} ({} resources)", thousands(resources)),
    }
}

/// Rows under names.
#[derive(Debug, Clone, Default)]
pub struct Table {
    names: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(names: &[&'static str]) -> Self {
        Self {
            names: names.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, one cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Drawn for people, `width` columns wide at most. Columns that are blank in every row are left out.
    pub fn draw(&self, width: u16, bold: bool) -> String {
        let shown: Vec<usize> = (0..self.names.len())
            .filter(|column| {
                self.rows
                    .iter()
                    .any(|row| row.get(*column).is_some_and(|cell| *cell != Cell::Empty))
            })
            .collect();
        let mut table = Drawing::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
        let number = |column: usize| self.rows.iter().any(|row| row.get(column).is_some_and(Cell::is_number));
        let align = |column: usize| {
            if number(column) {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            }
        };
        table.set_header(
            shown
                .iter()
                .filter_map(|column| self.names.get(*column).map(|name| (*column, name)))
                .map(|(column, name)| {
                    let cell = TableCell::new(name).set_alignment(align(column));
                    if bold { cell.add_attribute(Attribute::Bold) } else { cell }
                }),
        );
        for row in &self.rows {
            let cells = shown.iter().filter_map(|column| row.get(*column).map(|cell| (*column, cell)));
            table.add_row(cells.map(|(column, cell)| TableCell::new(cell.for_people()).set_alignment(align(column))));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
            // Numbers, codes and other short texts are whole or they are nothing.
            let widest = self.widest(shown.get(column.index).copied());
            if widest <= UNBROKEN {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    /// Characters of the widest cell of a column.
    fn widest(&self, column: Option<usize>) -> usize {
        let Some(column) = column else { return 0 };
        let name = self.names.get(column).map_or(0, |name| name.len());
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.for_people().chars().count())
            .max()
            .unwrap_or(0)
            .max(name)
    }

    /// Tab-separated, one line a row, names first.
    pub fn separated(&self) -> String {
        let mut text = self.names.join("\t") + "\n";
        for row in &self.rows {
            text += &row.iter().map(Cell::for_pipes).collect::<Vec<_>>().join("\t");
            text.push('\n');
        }
        text
    }
}

/// Standard output and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    terminal: bool,
    bold: bool,
    width: u16,
}

impl Output {
    /// Standard output, as the arguments and the terminal have it.
    pub fn new(args: OutputArgs) -> Self {
        let shown = io::stdout().is_terminal();
        let terminal = shown || args.table;
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json: args.json,
            terminal,
            bold: shown && !no_color,
            width: width(shown),
        }
    }

    /// Whether people read it.
    pub fn is_for_people(&self) -> bool {
        self.terminal && !self.json
    }

    /// Whether JSON was asked for.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a table, or the value as JSON where that was asked for.
    pub fn table(&self, table: &Table, value: &impl Serialize) -> io::Result<()> {
        if self.json {
            return self.json(value);
        }
        self.text(&if self.terminal {
            table.draw(self.width, self.bold)
        } else {
            table.separated()
        })
    }

    /// Prints a value as JSON.
    pub fn json(&self, value: &impl Serialize) -> io::Result<()> {
        self.text(&(serde_json::to_string_pretty(value)? + "\n"))
    }

    /// Prints text.
    pub fn text(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Columns to fill.
    pub fn width(&self) -> u16 {
        self.width
    }
}

/// The terminal's width, or that of COLUMNS, or 80; what is not shown on a terminal is not squeezed below 80.
fn width(terminal: bool) -> u16 {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let own = || terminal.then(|| Drawing::new().width()).flatten();
    columns.or_else(own).unwrap_or(80).clamp(40, 200)
}

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in the largest unit in which it is at least one.
pub fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    match units.get(unit) {
        Some(unit) if unit != &"B" => format!("{value:.1} {unit}"),
        _ => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(12_345_678), "12.3 MB");
        assert_eq!(size(999_999), "1.0 MB");
    }

    #[test]
    fn a_row_in_a_pipe_is_one_line_whatever_its_text() {
        let mut table = Table::new(&["code", "display", "n"]);
        table.row(vec!["a".into(), "two\tparts\nand lines".into(), Cell::Count(1234)]);
        assert_eq!(table.separated(), "code\tdisplay\tn\na\ttwo parts and lines\t1234\n");
    }

    #[test]
    fn a_table_keeps_to_its_width_and_drops_blank_columns() {
        let mut table = Table::new(&["code", "nothing", "display"]);
        table.row(vec!["a".into(), Cell::Empty, "word ".repeat(40).into()]);
        let drawn = table.draw(50, false);
        assert!(drawn.lines().all(|line| line.chars().count() <= 50), "{drawn}");
        assert!(!drawn.contains("nothing"), "{drawn}");
    }
}
