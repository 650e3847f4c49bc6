use runsheet_model::Secret;
use runsheet_task::Config;

use crate::early::Early;

/// Takes a secret and a text from standard input; see there.
pub(crate) const PRIVATE: &str = include_str!("private.sh");

/// What a script that takes a secret and a text reads.
///
/// `secret` is what the client's own file of secrets holds; line breaks in it are those of that file.
pub(super) fn input(secret: Option<&str>, text: &[u8]) -> Secret<Vec<u8>> {
    // One line, as `printf %b` takes it.
    let line = secret.unwrap_or_default().replace('\\', "\\\\").replace('\n', "\\n");
    let mut bytes = line.into_bytes();
    bytes.push(b'\n');
    bytes.extend_from_slice(text);
    Secret::new(bytes)
}

/// A name that a client could take for nothing else.
pub(super) fn checked_name<'a>(what: &str, name: &'a str) -> Result<&'a str, Early> {
    if name.starts_with('-') || name.chars().any(char::is_control) {
        return Err(Early::mistake(format!("`{}` cannot be the {what}", name.escape_default())));
    }
    Ok(name)
}

/// The argument `password`, if it was given. It is one line.
pub(super) fn checked_password(config: &Config) -> Result<Option<Secret<String>>, Early> {
    let password = config.secret_or_text("password")?;
    if password.as_ref().is_some_and(|password| password.expose().chars().any(char::is_control)) {
        return Err(Early::mistake("the password has a line break or another control character in it"));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_before_the_text() {
        let read = |secret, text: &str| String::from_utf8(input(secret, text.as_bytes()).expose().clone());
        assert_eq!(read(None, "SELECT 1").as_deref(), Ok("\nSELECT 1"));
        assert_eq!(read(Some("[client]\npassword=a\\b"), "x").as_deref(), Ok("[client]\\npassword=a\\\\b\nx"));
    }

    #[test]
    fn an_option_is_no_name() {
        assert!(checked_name("database", "app; DROP").is_ok());
        for name in ["-c", "a\nb"] {
            assert!(checked_name("database", name).is_err(), "{name:?}");
        }
    }
}
