use runsheet_model::shortened;

/// The most that is shown of what a host says, in characters.
const LONGEST: usize = 500;

/// Makes what a host said fit to be printed.
pub(crate) fn server_text(said: &str) -> String {
    shortened(said, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_says_is_one_short_line_that_drives_no_terminal() {
        assert_eq!(server_text(" go\naway\x1b[2J\n"), "go away\\x1b[2J");
        assert_eq!(server_text(&"ä".repeat(10_000)).chars().count(), LONGEST + 1);
    }
}
