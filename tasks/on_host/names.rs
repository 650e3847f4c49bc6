use crate::early::Early;

/// The longest name of a user or a group on Linux (useradd(8)).
const LONGEST_ACCOUNT: usize = 32;

/// A path of the host that cannot be taken for an option, a pattern or another place: from the root folder, and without `.` and `..`.
pub(crate) fn host_path<'a>(argument: &str, text: &'a str) -> Result<&'a str, Early> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_path = text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain));
    if is_path && !text.contains(char::is_control) {
        return Ok(text);
    }
    Err(Early::mistake(format!(
        "`{argument}` is `{}`, but has to be a path that begins with `/`, without `.`, `..` and a `/` at its end",
        text.escape_default()
    )))
}

/// The name of a user or a group, or its number.
pub(crate) fn account<'a>(argument: &str, text: &'a str) -> Result<&'a str, Early> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !text.is_empty() && text.len() <= LONGEST_ACCOUNT && !text.starts_with(['-', '.']) && text.chars().all(plain) {
        return Ok(text);
    }
    Err(Early::mistake(format!("`{argument}` is `{}`, which is no name of a user or a group", text.escape_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_one_place() {
        for path in ["/etc", "/srv/a b; rm -rf $HOME", "/srv/-rf", "/srv/..a/b."] {
            assert!(host_path("path", path).is_ok(), "{path}");
        }
        for path in ["", "/", "etc", "-rf", "/etc/", "//etc", "/etc/../root", "/etc/.", "/a\nb"] {
            assert!(host_path("path", path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn an_account_is_one_word_that_is_no_option() {
        for name in ["www-data", "_apt", "1000", "a.b"] {
            assert!(account("owner", name).is_ok(), "{name}");
        }
        for name in ["", "-x", "a b", "a:b", "a\n", "root;", "\u{e4}", &"a".repeat(33)] {
            assert!(account("owner", name).is_err(), "{name:?}");
        }
    }
}
