use anstyle::{AnsiColor, Style};

/// The colours of a display. Every line reads without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Headings and names.
    pub strong: Style,
    /// What went well.
    pub good: Style,
    /// What went wrong.
    pub bad: Style,
    /// What deserves a look.
    pub warn: Style,
    /// What matters less.
    pub faint: Style,
    /// The host before a line of its standard output.
    pub host_out: Style,
    /// The host before a line of its standard error.
    pub host_err: Style,
}

impl Palette {
    /// With colours.
    pub fn colored() -> Self {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        Self {
            strong: Style::new().bold(),
            good: color(AnsiColor::Green),
            bad: color(AnsiColor::Red).bold(),
            warn: color(AnsiColor::Yellow),
            faint: Style::new().dimmed(),
            host_out: color(AnsiColor::Cyan),
            host_err: color(AnsiColor::Yellow),
        }
    }

    /// Without any code.
    pub fn plain() -> Self {
        let none = Style::new();
        Self { strong: none, good: none, bad: none, warn: none, faint: none, host_out: none, host_err: none }
    }
}

/// Puts a style's codes around a text.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
