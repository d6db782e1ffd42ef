//! A drawing as rows of styled characters: what is between ariadne's output and ours. Printed without colour the styles are
//! left out; blanks at the end of a row always are.

/// How a character is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// As the terminal does it: also for source text that no label covers, because only the terminal knows its background.
    Plain,
    Bold,
    BoldRed,
    BoldYellow,
    Red,
    Yellow,
    Green,
    Blue,
    Cyan,
    Grey,
    DarkGrey,
}

impl Style {
    /// The parameters of the SGR sequence that switches it on.
    const fn parameters(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Bold => "1",
            Self::BoldRed => "1;31",
            Self::BoldYellow => "1;33",
            Self::Red => "31",
            Self::Yellow => "33",
            Self::Green => "32",
            Self::Blue => "94",
            Self::Cyan => "36",
            Self::Grey => "38;5;246",
            Self::DarkGrey => "38;5;240",
        }
    }

    /// The style that ariadne means by these parameters.
    fn of_ariadne(parameters: &str) -> Self {
        [Self::Red, Self::Yellow, Self::Blue, Self::Grey, Self::DarkGrey]
            .into_iter()
            .find(|style| style.parameters() == parameters)
            .unwrap_or(Self::Plain)
    }
}

/// One character with its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    character: char,
    style: Style,
}

/// One line of a drawing.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    cells: Vec<Cell>,
}

impl Row {
    /// Takes a line with SGR sequences apart.
    pub(super) fn parse(line: &str) -> Self {
        let mut row = Self::default();
        let mut pieces = line.split("\u{1b}[");
        row.text(pieces.next().unwrap_or_default(), Style::Plain);
        for piece in pieces {
            let (parameters, text) = piece.split_once('m').expect("ariadne writes SGR sequences only");
            row.text(text, Style::of_ariadne(parameters));
        }
        row
    }

    /// Adds text in one style.
    pub(super) fn text(&mut self, text: &str, style: Style) {
        self.cells.extend(text.chars().map(|character| Cell { character, style }));
    }

    /// Moves the row right.
    pub(super) fn indent(&mut self, columns: usize) {
        self.cells.splice(0..0, std::iter::repeat_n(Cell { character: ' ', style: Style::Plain }, columns));
    }

    /// The number in the margin of a row that shows source text: `12 │`.
    pub(super) fn line_number(&self) -> Option<usize> {
        let margin: String = self.cells[..self.margin()?].iter().map(|cell| cell.character).collect();
        margin.trim().parse().ok()
    }

    /// Puts other characters in the margin.
    pub(super) fn set_line_number(&mut self, margin: &str) {
        let Some(end) = self.margin() else { return };
        let style = self.cells[end].style;
        self.cells.splice(0..end, margin.chars().map(|character| Cell { character, style }));
    }

    /// The cells before the frame's vertical line.
    fn margin(&self) -> Option<usize> {
        self.cells.iter().position(|cell| cell.character == '│')
    }

    /// The number between two placeholder characters.
    pub(super) fn placeholder(&self, mark: char) -> Option<usize> {
        let number: String = self
            .cells
            .iter()
            .map(|cell| cell.character)
            .skip_while(|c| *c != mark)
            .skip(1)
            .take_while(|c| *c != mark)
            .collect();
        number.parse().ok()
    }

    /// Replaces the placeholder, and what follows up to a blank, by `text`.
    pub(super) fn replace_placeholder(&mut self, mark: char, text: &str) {
        let Some(start) = self.cells.iter().position(|cell| cell.character == mark) else { return };
        let length =
            self.cells[start..].iter().position(|cell| cell.character == ' ').unwrap_or(self.cells.len() - start);
        self.cells.splice(start..start + length, text.chars().map(|character| Cell { character, style: Style::Plain }));
    }
}

/// A whole drawing.
#[derive(Clone, Debug, Default)]
pub(super) struct Canvas {
    rows: Vec<Row>,
}

impl Canvas {
    /// Adds a row at the end.
    pub(super) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The drawing as text, each row ended by a newline.
    pub(super) fn print(&self, colour: bool) -> String {
        let mut printed = String::new();
        for row in &self.rows {
            let visible = row.cells.iter().rposition(|cell| cell.character != ' ').map_or(0, |last| last + 1);
            let mut style = Style::Plain;
            for cell in &row.cells[..visible] {
                if colour && cell.style != style && cell.character != ' ' {
                    if style != Style::Plain {
                        printed.push_str("\u{1b}[0m");
                    }
                    if cell.style != Style::Plain {
                        printed.extend(["\u{1b}[", cell.style.parameters(), "m"]);
                    }
                    style = cell.style;
                }
                printed.push(cell.character);
            }
            if style != Style::Plain {
                printed.push_str("\u{1b}[0m");
            }
            printed.push('\n');
        }
        printed
    }
}
