//! A terminal's page: every span is cleaned on its way in, wrapped or cut to the width, and painted last.

use super::Style;
use super::escape;

/// What a span of text says beside its words; the words alone are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As it is.
    Plain,
    /// What is looked for first.
    Strong,
    /// What is read last.
    Faint,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
}

impl Paint {
    /// Cyan and yellow are told apart by every kind of colour vision, on dark and on light.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Good => Some("36"),
            Self::Bad => Some("33"),
        }
    }
}

/// Widest column of a table, the last one apart.
const WIDEST_CELL: usize = 36;

fn padded(cell: &str, width: usize, right: bool) -> String {
    if cell.chars().count() > width {
        return cell
            .chars()
            .take(width.saturating_sub(1))
            .chain(['…'])
            .collect();
    }
    if right {
        format!("{cell:>width$}")
    } else {
        format!("{cell:<width$}")
    }
}

/// Text under construction.
#[derive(Debug)]
pub(crate) struct Screen {
    style: Style,
    out: String,
}

impl Screen {
    /// An empty page; a terminal that claims to be tiny is not believed.
    #[must_use]
    pub(crate) fn new(style: &Style) -> Self {
        let width = style.width.max(40);
        Self {
            style: Style { width, ..*style },
            out: String::new(),
        }
    }

    /// Columns to fill.
    #[must_use]
    pub(crate) fn width(&self) -> usize {
        self.style.width
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// One line of spans, cut at the width.
    pub(crate) fn line(&mut self, spans: &[(Paint, &str)]) {
        let mut left = self.style.width;
        let mut line = String::new();
        for (position, (paint, text)) in spans.iter().enumerate() {
            let mut text = self.fold(&escape::terminal(text));
            if position == 0 {
                text = escape::terminal_line(&text);
            }
            let count = text.chars().count();
            if count > left {
                text = text.chars().take(left.saturating_sub(1)).collect();
                text.push_str(if self.style.ascii { "~" } else { "…" });
            }
            left = left.saturating_sub(count);
            line.push_str(&self.painted(*paint, &text));
            if left == 0 {
                break;
            }
        }
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// A paragraph, wrapped; later lines are indented by `hang` more.
    pub(crate) fn text(&mut self, indent: usize, hang: usize, paint: Paint, text: &str) {
        for (at, line) in self.lines_of(indent, hang, text) {
            self.wrapped(at, paint, &line);
        }
    }

    /// The beginning of a paragraph, at most `most` lines of it; whether there is more.
    pub(crate) fn opening(&mut self, indent: usize, hang: usize, most: usize, text: &str) -> bool {
        let lines = self.lines_of(indent, hang, text);
        for (number, (at, line)) in lines.iter().take(most).enumerate() {
            if number + 1 == most && lines.len() > most {
                let room = self.style.width.saturating_sub(at + 2);
                let kept: String = line.chars().take(room).collect();
                self.wrapped(*at, Paint::Plain, &format!("{kept} …"));
            } else {
                self.wrapped(*at, Paint::Plain, line);
            }
        }
        lines.len() > most
    }

    /// The lines of a paragraph, each behind its indent.
    fn lines_of(&self, indent: usize, hang: usize, text: &str) -> Vec<(usize, String)> {
        let text = escape::terminal(text);
        let mut lines = Vec::new();
        let mut line = String::new();
        let mut at = indent;
        for word in text.split_whitespace() {
            let room = self.style.width.saturating_sub(at);
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
                lines.push((at, std::mem::take(&mut line)));
                at = indent + hang;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            lines.push((at, line));
        }
        lines
    }

    fn wrapped(&mut self, indent: usize, paint: Paint, text: &str) {
        // The text of a wrapped line may begin with what a runner would execute.
        let text = escape::terminal_line(text);
        self.line(&[(Paint::Plain, &" ".repeat(indent)), (paint, &text)]);
    }

    /// A table under its head; where a row is too wide, its last cell continues on a line of its own.
    pub(crate) fn table(&mut self, right: &[bool], rows: &[Vec<String>]) {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| escape::terminal(cell)).collect())
            .collect();
        let last = right.len().saturating_sub(1);
        let widths: Vec<usize> = (0..right.len())
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
                if column == last {
                    widest
                } else {
                    widest.min(WIDEST_CELL)
                }
            })
            .collect();
        // Columns move together before a row has to break.
        let wide = widths.iter().sum::<usize>() + 2 * last > self.style.width;
        let gap = if wide { " " } else { "  " };
        for (number, row) in rows.iter().enumerate() {
            let paint = if number == 0 {
                Paint::Faint
            } else {
                Paint::Plain
            };
            let cells: Vec<String> = row
                .iter()
                .zip(widths.iter().zip(right))
                .map(|(cell, (width, right))| padded(cell, *width, *right))
                .collect();
            let whole = cells.join(gap);
            if whole.trim_end().chars().count() <= self.style.width || cells.len() <= last {
                self.line(&[(paint, whole.trim_end())]);
            } else {
                self.line(&[(paint, cells[..last].join(gap).trim_end())]);
                self.text(4, 0, paint, &row[last]);
            }
        }
    }

    /// The page.
    #[must_use]
    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn painted(&self, paint: Paint, text: &str) -> String {
        match paint.code() {
            Some(code) if self.style.colour && !text.is_empty() => {
                format!("\x1b[{code}m{text}\x1b[0m")
            }
            _ => text.to_owned(),
        }
    }

    /// Without Unicode each character becomes one of ASCII, so that columns stay.
    fn fold(&self, text: &str) -> String {
        if !self.style.ascii {
            return text.to_owned();
        }
        text.chars()
            .map(|c| match c {
                c if c.is_ascii() => c,
                '▁' => '_',
                '▂' => '.',
                '▃' => ':',
                '▄' => '=',
                '▅' | '└' | '┴' => '+',
                '▆' => '*',
                '▇' => '%',
                '█' => '#',
                '–' | '−' | '─' | '—' => '-',
                '·' | '│' | '┤' => '|',
                '⋅' => ' ',
                '↑' => '^',
                '↓' => 'v',
                '→' => '>',
                '×' => 'x',
                '…' => '~',
                '’' => '\'',
                _ => '?',
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(style: Style, draw: impl Fn(&mut Screen)) -> String {
        let mut screen = Screen::new(&style);
        draw(&mut screen);
        screen.finish()
    }

    #[test]
    fn nothing_hostile_reaches_a_terminal() {
        let out = drawn(Style::default(), |s| {
            s.line(&[(Paint::Plain, "::error::\x1b[2J")]);
            s.text(2, 2, Paint::Bad, "ok ::warning::x\u{202e}\r\n::error::y");
        });
        assert!(!out.contains('\x1b') && !out.contains('\u{202e}') && !out.contains('\r'));
        assert!(
            out.lines().all(|line| !line.trim_start().starts_with("::")),
            "{out}"
        );
    }

    #[test]
    fn a_command_wrapped_to_a_line_s_beginning_is_broken() {
        let narrow = Style {
            width: 40,
            ..Style::default()
        };
        let out = drawn(narrow, |s| {
            s.text(
                0,
                0,
                Paint::Plain,
                "thirty-five letters stand here, so ::error::x",
            );
        });
        assert!(out.contains("\n: :error::x"), "{out}");
    }

    #[test]
    fn lines_never_pass_the_width_and_ascii_is_ascii() {
        let style = Style {
            ascii: true,
            ..Style::default()
        };
        let out = drawn(style, |s| {
            s.line(&[(Paint::Plain, &"é→▁".repeat(50))]);
            s.text(4, 2, Paint::Plain, &"Wörter und mehr ".repeat(20));
        });
        assert!(out.is_ascii());
        assert!(out.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn colour_is_only_used_when_asked_for() {
        let style = Style {
            colour: true,
            ..Style::default()
        };
        assert_eq!(
            drawn(style, |s| s.line(&[(Paint::Good, "x")])),
            "\x1b[36mx\x1b[0m\n"
        );
        assert_eq!(
            drawn(Style::default(), |s| s.line(&[(Paint::Good, "x")])),
            "x\n"
        );
    }
}
