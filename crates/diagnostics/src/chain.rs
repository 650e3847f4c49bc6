use std::error::Error;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use runsheet_model::visible;

use crate::Hint;

/// Renders an error for people: `error: …`, one `caused by: …` line a cause, and its hints after an empty line.
///
/// The text carries colour codes; whoever prints it takes them out where colour is not wanted. What stands in the messages
/// is made safe for a terminal.
pub fn chain(error: &dyn Hint) -> String {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let cyan = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
    let mut text = format!("{red}error{red:#}: {}\n", visible(error.to_string().as_bytes()));
    let mut cause = error.source();
    while let Some(error) = cause {
        _ = writeln!(text, "  {red}caused by{red:#}: {}", visible(error.to_string().as_bytes()));
        cause = error.source();
    }
    for (index, hint) in error.hints().iter().enumerate() {
        if index == 0 {
            text.push('\n');
        }
        _ = writeln!(text, "{cyan}hint{cyan:#}: {}", visible(hint.as_bytes()));
    }
    text
}

/// An error with its causes, on one line.
pub fn in_one_line(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;
    use crate::Hints;

    #[derive(Debug, Error)]
    #[error("step `restart` failed on `web-1`")]
    struct Outer(#[source] Inner);

    #[derive(Debug, Error)]
    #[error("host said \x1b[2J")]
    struct Inner;

    impl Hint for Outer {
        fn hints(&self) -> Hints {
            Hints::from("look at its log")
        }
    }

    #[test]
    fn an_error_is_told_with_its_causes_and_its_hint() {
        let text = chain(&Outer(Inner));
        let plain: String = text.replace("\x1b[0m", "").replace("\x1b[1m\x1b[31m", "").replace("\x1b[1m\x1b[36m", "");
        assert_eq!(
            plain,
            "error: step `restart` failed on `web-1`\n  caused by: host said \\x1b[2J\n\nhint: look at its log\n"
        );
    }
}
