//! Yes and no, as people write them into spreadsheets.

use runsheet_workbook::Value;

use crate::misread::{Misread, shown};
use crate::seen::text_of;

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A mark, such as `x` or `✓`: in a column of marks, no mark means no.
    Mark,
    /// Yes in words.
    Yes,
    /// No.
    No,
}

/// Reads yes or no: `yes`, `no`, `y`, `n`, `true`, `false`, `on`, `off`, `1`, `0`, `x`, `✓`, a checkbox.
pub(crate) fn read(value: &Value) -> Result<Answer, Misread> {
    let text = text_of(value);
    answer(&text)
        .ok_or_else(|| Misread::new(format!("{} is neither yes nor no", shown(&text)), "write `yes`, `no` or `x`"))
}

pub(crate) fn answer(text: &str) -> Option<Answer> {
    Some(match text.to_lowercase().as_str() {
        "x" | "✓" | "✔" | "✅" | "☑" | "☒" | "✔\u{fe0f}" | "☑\u{fe0f}" | "•" => Answer::Mark,
        "yes" | "y" | "true" | "on" | "1" | "enabled" | "active" => Answer::Yes,
        "no" | "n" | "false" | "off" | "0" | "✗" | "✘" | "❌" | "☐" | "-" | "disabled" | "inactive" => {
            Answer::No
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_read_as_people_write_them() {
        for (answers, expected) in
            [(["x", "X", "✓"], Answer::Mark), (["Yes", "TRUE", "y"], Answer::Yes), (["no", "FALSE", "✗"], Answer::No)]
        {
            for text in answers {
                assert_eq!(read(&Value::Text(text.to_owned())), Ok(expected), "{text}");
            }
        }
        assert_eq!(read(&Value::Bool(true)), Ok(Answer::Yes));
        assert_eq!(read(&Value::Number(0.0)), Ok(Answer::No));
        assert!(read(&Value::Text("maybe".to_owned())).is_err());
    }
}
