use super::SshMistake;

/// Splits a line into its keyword and what follows, in which nothing is unquoted; `None` for an empty line or a comment.
///
/// Keyword and value are parted by white space, by one `=`, or by both.
pub(crate) fn keyword(line: &str) -> Result<Option<(String, &str)>, SshMistake> {
    let line = line.trim_end_matches(|c| is_blank(c) || c == '\x0c').trim_start_matches(is_blank);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (keyword, value) = word_or_quoted(line)?;
    Ok(Some((keyword, value)))
}

/// Takes a word, with what follows: up to white space or one `=`, or to the end of a part in double quotes (`strdelim` in
/// OpenSSH's `misc.c`).
fn word_or_quoted(text: &str) -> Result<(String, &str), SshMistake> {
    let Some(end) = text.find(|c| is_blank(c) || c == '=' || c == '"') else {
        return Ok((text.to_owned(), ""));
    };
    let (word, rest) = text.split_at(end);
    if let Some(quoted) = rest.strip_prefix('"') {
        let (inner, behind) = quoted.split_once('"').ok_or(SshMistake::Quote)?;
        return Ok((format!("{word}{inner}"), behind.trim_start_matches(is_blank)));
    }
    let behind = rest[1..].trim_start_matches(is_blank);
    let behind = match behind.strip_prefix('=') {
        Some(behind) if !rest.starts_with('=') => behind.trim_start_matches(is_blank),
        _ => behind,
    };
    Ok((word.to_owned(), behind))
}

/// Splits the criteria of a `Match` line and their values, up to a comment.
pub(crate) fn criteria(text: &str) -> Result<Vec<String>, SshMistake> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while !rest.is_empty() && !rest.starts_with('#') {
        let (part, behind) = word_or_quoted(rest)?;
        parts.push(part);
        rest = behind;
    }
    Ok(parts)
}

/// What stands behind the keyword of a command: nothing is unquoted, and a `#` is part of it.
pub(crate) fn command(value: &str) -> &str {
    value.trim_start_matches(|c| is_blank(c) || c == '=')
}

/// Splits a value into words as OpenSSH does (`argv_split` in its `misc.c`): quotes of both kinds, a backslash before a quote,
/// a backslash or a space, and a comment from a `#` that starts a word.
pub(crate) fn words(text: &str) -> Result<Vec<String>, SshMistake> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&c) = rest.peek() {
        match c {
            ' ' | '\t' => _ = rest.next(),
            '#' => break,
            _ => words.push(word(&mut rest)?),
        }
    }
    Ok(words)
}

fn word(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, SshMistake> {
    let mut word = String::new();
    let mut quote = None;
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\\', _) => match rest.peek() {
                Some(&next) if matches!(next, '\'' | '"' | '\\') || (next == ' ' && quote.is_none()) => {
                    word.push(next);
                    rest.next();
                }
                _ => word.push('\\'),
            },
            (' ' | '\t', None) => return Ok(word),
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, _) => word.push(c),
        }
    }
    if quote.is_some() { Err(SshMistake::Quote) } else { Ok(word) }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_and_values_are_parted_by_blanks_or_an_equals_sign() {
        for line in ["Port 22", "Port=22", "  Port = 22\r", "Port\t=22", "\"Port\" 22", "Port 22 \x0c"] {
            assert_eq!(keyword(line), Ok(Some(("Port".to_owned(), "22"))), "{line:?}");
        }
        assert_eq!(keyword("  # Port 22"), Ok(None));
        assert_eq!(keyword(" "), Ok(None));
        assert_eq!(keyword("SetEnv A=b"), Ok(Some(("SetEnv".to_owned(), "A=b"))));
        assert_eq!(keyword("Port==22"), Ok(Some(("Port".to_owned(), "=22"))));
        assert_eq!(keyword("\"Port 22"), Err(SshMistake::Quote));
    }

    #[test]
    fn words_know_quotes_escapes_and_comments() {
        let cases: [(&str, &[&str]); 6] = [
            ("a  b", &["a", "b"]),
            ("\"a b\" 'c d'", &["a b", "c d"]),
            ("a\\ b \\\"c", &["a b", "\"c"]),
            ("a # b", &["a"]),
            ("a#b", &["a#b"]),
            ("\"\" x", &["", "x"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text).expect(text), expected, "{text}");
        }
        assert_eq!(words("\"a"), Err(SshMistake::Quote));
    }

    #[test]
    fn criteria_know_double_quotes_and_equals_signs() {
        let parts = criteria("host=a,b exec \"test -f 'x y'\" user = c # d").expect("criteria");
        assert_eq!(parts, ["host", "a,b", "exec", "test -f 'x y'", "user", "c"]);
    }
}
