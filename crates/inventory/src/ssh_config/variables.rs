use crate::glob;
use crate::variables::Variables;

/// The longest value of a variable that is sent, in bytes.
const LONGEST: usize = 32 * 1024;

/// Reads `NAME=value`; `None` if the name is none that a shell knows, or the value none that an environment can hold.
pub(crate) fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let fits = is_name(name) && !value.contains('\0') && value.len() <= LONGEST;
    fits.then(|| (name.to_owned(), value.to_owned()))
}

/// Whether a text is a pattern for names of variables.
pub(crate) fn variable_pattern(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_*?".contains(c))
}

/// What `SendEnv` selects, by name; patterns that come later take away as well as add.
pub(crate) fn selected<'a>(
    patterns: impl Iterator<Item = &'a String> + Clone,
    environment: &Variables,
) -> Vec<(String, String)> {
    let kept = kept_patterns(patterns);
    let sent = |name: &str| kept.iter().any(|pattern| glob::matches(pattern, name));
    environment
        .iter()
        .filter(|(name, value)| is_name(name) && value.len() <= LONGEST && sent(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The patterns that are left when those with a `-` have taken away what stands before them.
pub(crate) fn kept_patterns<'a>(patterns: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut kept: Vec<&str> = Vec::new();
    for pattern in patterns {
        match pattern.strip_prefix('-') {
            Some(away) => kept.retain(|before| !glob::matches(away, before)),
            None if kept.contains(&pattern.as_str()) => {}
            None => kept.push(pattern),
        }
    }
    kept
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_select_variables_and_take_them_away() {
        let environment = [("LANG", "C"), ("LC_ALL", "C"), ("SECRET", "x"), ("odd name", "y"), ("LC_TIME", "D")];
        let environment = Variables::from_iter(environment);
        let names = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
            let found = selected(patterns.iter(), &environment);
            found.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["LANG", "LC_*"]), ["LANG", "LC_ALL", "LC_TIME"]);
        assert_eq!(names(&["LANG", "LC_*", "-LC_*"]), ["LANG"]);
        assert_eq!(names(&["*"]), ["LANG", "LC_ALL", "LC_TIME", "SECRET"]);
    }

    #[test]
    fn a_variable_has_a_name_that_a_shell_knows() {
        assert_eq!(variable("A=b=c"), Some(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(variable("A="), Some(("A".to_owned(), String::new())));
        for bad in ["A", "=b", "1A=b", "A;id=b", "A B=c", "A=\0"] {
            assert_eq!(variable(bad), None, "{bad:?}");
        }
    }
}
