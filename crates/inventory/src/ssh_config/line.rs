use super::SshMistake;

/// Splits a line into its keyword and what follows; `None` for an empty line or a comment.
///
/// Keyword and value are parted by white space, by one `=`, or by both (`strdelim` in OpenSSH's `misc.c`).
pub(crate) fn keyword(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_matches(is_blank);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c| is_blank(c) || c == '=' || c == '"').unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    Some((keyword, rest.strip_prefix('=').unwrap_or(rest).trim_start_matches(is_blank)))
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

/// Splits the criteria of a `Match` line: white space, `=` or both part a criterion from its value, double quotes hold spaces.
pub(crate) fn criteria(text: &str) -> Result<Vec<String>, SshMistake> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while !rest.is_empty() && !rest.starts_with('#') {
        let part = if let Some(quoted) = rest.strip_prefix('"') {
            let (part, behind) = quoted.split_once('"').ok_or(SshMistake::Quote)?;
            rest = behind;
            part
        } else {
            let end = rest.find(|c| is_blank(c) || c == '=' || c == '"').unwrap_or(rest.len());
            let (part, behind) = rest.split_at(end);
            rest = behind;
            part
        };
        rest = rest.trim_start_matches(is_blank);
        rest = rest.strip_prefix('=').unwrap_or(rest).trim_start_matches(is_blank);
        parts.push(part.to_owned());
    }
    Ok(parts)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\x0c')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_and_values_are_parted_by_blanks_or_an_equals_sign() {
        for line in ["Port 22", "Port=22", "  Port = 22\r", "Port\t=22"] {
            assert_eq!(keyword(line), Some(("Port", "22")), "{line:?}");
        }
        assert_eq!(keyword("  # Port 22"), None);
        assert_eq!(keyword(" "), None);
        assert_eq!(keyword("SetEnv A=b"), Some(("SetEnv", "A=b")));
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
}
