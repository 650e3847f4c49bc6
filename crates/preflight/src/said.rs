use runsheet_model::shortened;

/// The longest that a host is quoted, in characters.
const LONGEST: usize = 200;

/// The first line of what a host said that says anything: safe to print and short. `nothing` if it said nothing.
pub(crate) fn quoted(said: &str) -> String {
    match said.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => format!("`{}`", shortened(line, LONGEST)),
        None => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_quoted_in_one_short_line_that_drives_no_terminal() {
        assert_eq!(quoted("\n \n  hello\x1b[2J \nworld"), "`hello\\x1b[2J`");
        assert_eq!(quoted(" \n\t"), "nothing");
        assert_eq!(quoted(&"\x1b".repeat(100_000)).chars().count(), LONGEST + 3);
    }
}
