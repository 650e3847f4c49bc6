use runsheet_model::visible;

/// The longest that a host is quoted, in characters.
const LONGEST: usize = 200;

/// The first line of what a host said that says anything: safe to print and short. `nothing` if it said nothing.
pub(crate) fn quoted(said: &str) -> String {
    match said.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => format!("`{}`", shortened(line)),
        None => "nothing".to_owned(),
    }
}

fn shortened(line: &str) -> String {
    // Escapes are longer than what they stand for.
    let safe = visible(line.chars().take(LONGEST + 1).collect::<String>().as_bytes()).replace('\t', " ");
    match safe.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &safe[..end]),
        None => safe,
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
