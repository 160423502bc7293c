use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
pub(crate) use ringwall_drawing::printable;
use ringwall_model::Severity;

/// Headings.
pub(crate) const HEADING: Style = Style::new().bold();
/// Where something is written, and what matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What went wrong.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// What deserves a look.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What to do.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();
/// Yes.
pub(crate) const YES: Style = AnsiColor::Green.on_default().bold();
/// No.
pub(crate) const NO: Style = AnsiColor::Red.on_default().bold();
/// Nothing special.
pub(crate) const PLAIN: Style = Style::new();

/// Narrowest width that is laid out for: below it lines are left to the terminal.
const NARROWEST: usize = 40;
/// Widest line of prose: longer ones are hard to read.
const WIDEST: usize = 160;
/// Width when the output is not a terminal.
const UNKNOWN: usize = 120;

/// Wraps a text in a style; streams that take no colour drop it again.
pub(crate) fn paint(style: Style, text: &str) -> String {
    if style == PLAIN { text.to_owned() } else { format!("{style}{text}{style:#}") }
}

/// The style of a severity.
pub(crate) fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Blue.on_default(),
    }
}

/// Columns to lay out for: the terminal's, or a fixed number so that files and pipes get the same bytes.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size_of(std::io::stdout())
        .map_or(UNKNOWN, |(columns, _)| usize::from(columns.0).clamp(NARROWEST, WIDEST))
}

/// Breaks a text into lines of a width, each but the first behind an indent.
pub(crate) fn wrap(text: &str, width: usize, indent: &str) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .subsequent_indent(indent)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(|line| line.into_owned()).collect()
}

/// Prints a text behind a margin, its further lines behind an indent of their own.
pub(crate) fn print_wrapped(
    out: &mut dyn Write,
    text: &str,
    margin: usize,
    width: usize,
    indent: &str,
    looks: Style,
) -> io::Result<()> {
    for line in wrap(text, width.saturating_sub(margin), indent) {
        writeln!(out, "{}{}", " ".repeat(margin), paint(looks, &line))?;
    }
    Ok(())
}
