//! Columns that fit the terminal.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::printable;

/// Spaces between two columns.
const GAP: usize = 2;

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Shown above it on a terminal.
    pub(crate) head: &'static str,
    /// Whether it is set flush right.
    pub(crate) right: bool,
    /// What may be done to it on a narrow terminal.
    pub(crate) fit: Fit,
}

/// What a column puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Always shown in full.
    Whole,
    /// May be cut down to this width.
    Cut(usize),
    /// The same for names, which often differ at their end only: what has to go is taken out of the middle.
    Middle(usize),
    /// May be left out.
    Optional,
}

/// One field.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A field without style.
    pub(crate) fn plain(text: impl AsRef<str>) -> Self {
        Self::styled(text, Style::new())
    }

    /// A field with a style.
    pub(crate) fn styled(text: impl AsRef<str>, style: Style) -> Self {
        Self { text: printable(text.as_ref()).into_owned(), style }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

/// Sets rows under each other, a line each. `limit` is the width of the terminal; without one, nothing is cut. `header`
/// adds a first line with the names of the columns.
pub(crate) fn table(
    columns: &[Column],
    rows: &[Vec<Cell>],
    limit: Option<usize>,
    header: bool,
) -> String {
    let bold = Style::new().bold();
    let head: Vec<Cell> = columns.iter().map(|column| Cell::styled(column.head, bold)).collect();
    let lines: Vec<&Vec<Cell>> = header.then_some(&head).into_iter().chain(rows).collect();
    let widths = fit(columns, &natural(columns.len(), &lines), limit);
    lines.iter().map(|cells| line(columns, cells, &widths)).collect()
}

/// The width each column would like.
fn natural(count: usize, lines: &[&Vec<Cell>]) -> Vec<usize> {
    let widest = |i: usize| lines.iter().filter_map(|cells| cells.get(i)).map(Cell::width).max();
    (0..count).map(|i| widest(i).unwrap_or(0)).collect()
}

/// The width each column gets; `None` leaves it out.
fn fit(columns: &[Column], natural: &[usize], limit: Option<usize>) -> Vec<Option<usize>> {
    let mut widths: Vec<Option<usize>> = natural.iter().copied().map(Some).collect();
    let Some(limit) = limit else { return widths };
    let least = |i: usize, width: usize| match columns[i].fit {
        Fit::Cut(least) | Fit::Middle(least) => width.min(least),
        Fit::Whole | Fit::Optional => width,
    };
    for i in (0..columns.len()).rev() {
        let needed = total(widths.iter().enumerate().filter_map(|(i, w)| w.map(|w| least(i, w))));
        if needed > limit && columns[i].fit == Fit::Optional {
            widths[i] = None;
        }
    }
    let mut excess = total(widths.iter().flatten().copied()).saturating_sub(limit);
    for i in (0..columns.len()).rev() {
        let Some(width) = widths[i] else { continue };
        let cut = excess.min(width - least(i, width));
        widths[i] = Some(width - cut);
        excess -= cut;
    }
    widths
}

fn total(widths: impl Iterator<Item = usize>) -> usize {
    widths.map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

fn line(columns: &[Column], cells: &[Cell], widths: &[Option<usize>]) -> String {
    let mut text = String::new();
    let mut owed = 0;
    for ((cell, column), width) in cells.iter().zip(columns).zip(widths) {
        let Some(width) = *width else { continue };
        let shown = match column.fit {
            Fit::Middle(_) => cut_middle(&cell.text, width),
            Fit::Cut(_) | Fit::Whole | Fit::Optional => cut(&cell.text, width),
        };
        let pad = width - shown.width();
        if !shown.is_empty() {
            let lead = owed + if column.right { pad } else { 0 };
            text.push_str(&" ".repeat(lead));
            text.push_str(&format!("{}{shown}{:#}", cell.style, cell.style));
            owed = if column.right { 0 } else { pad };
        } else {
            owed += pad;
        }
        owed += GAP;
    }
    text.push('\n');
    text
}

/// The text in at most `width` columns, an ellipsis in the place of what had to go.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        shown.push(c);
    }
    if width > 0 {
        shown.push('…');
    }
    shown
}

/// The same with the ellipsis in the middle.
fn cut_middle(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let fits = |(_, c): &(usize, char)| {
        used += c.width().unwrap_or(0);
        used <= width.saturating_sub(1) / 2
    };
    let end = text.char_indices().rev().take_while(fits).last().map_or("", |(at, _)| &text[at..]);
    cut(text, width - end.width()) + end
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { head: "NAME", right: false, fit: Fit::Cut(4) },
        Column { head: "SIZE", right: true, fit: Fit::Optional },
        Column { head: "WHY", right: false, fit: Fit::Cut(5) },
    ];

    fn rows() -> Vec<Vec<Cell>> {
        [["web", "1.5M", "pid 12"], ["workers:w_01", "-", "so it is said"]]
            .map(|cells| cells.map(Cell::plain).to_vec())
            .to_vec()
    }

    #[test]
    fn without_a_limit_nothing_is_cut() {
        assert_eq!(
            table(&COLUMNS, &rows(), None, false),
            "web           1.5M  pid 12\nworkers:w_01     -  so it is said\n"
        );
    }

    #[test]
    fn the_last_column_gives_way_first_and_then_the_one_before() {
        assert_eq!(
            table(&COLUMNS, &rows(), Some(28), false),
            "web           1.5M  pid 12\nworkers:w_01     -  so it i…\n"
        );
        assert_eq!(
            table(&COLUMNS, &rows(), Some(20), false),
            "web      1.5M  pid …\nworker…     -  so i…\n"
        );
    }

    #[test]
    fn what_is_optional_goes_when_cutting_is_not_enough() {
        assert_eq!(table(&COLUMNS, &rows(), Some(12), false), "web    pid …\nwork…  so i…\n");
    }

    #[test]
    fn the_header_counts_as_a_row_and_is_bold() {
        let text = table(&COLUMNS, &[], None, true);
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), "NAME  SIZE  WHY\n");
        assert!(text.starts_with("\u{1b}[1mNAME"), "{text:?}");
    }

    #[test]
    fn width_is_that_of_the_terminal_not_of_the_bytes() {
        let rows = [["日本", "1", "x"], ["ab", "2", "y"]].map(|row| row.map(Cell::plain).to_vec());
        assert_eq!(table(&COLUMNS, &rows, None, false), "日本  1  x\nab    2  y\n");
        assert_eq!(cut("日本語", 4), "日…");
    }

    #[test]
    fn a_name_keeps_its_end() {
        for (name, width, shown) in [
            ("workers:w_01", 12, "workers:w_01"),
            ("workers:w_01", 9, "work…w_01"),
            ("日本語日本語", 8, "日本…語"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ] {
            assert_eq!(cut_middle(name, width), shown, "{name} {width}");
        }
    }

    #[test]
    fn no_line_ends_in_spaces() {
        let rows = [["a", "1", ""], ["b", "", ""]].map(|row| row.map(Cell::plain).to_vec());
        assert_eq!(table(&COLUMNS, &rows, None, false), "a  1\nb\n");
    }
}
