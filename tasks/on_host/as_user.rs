use super::HostScript;

/// Runs another script as a user of the host, with no more rights than that: for what root does where a user may have put links.
///
/// Its arguments are the user, the text of the script, what it calls itself, and its arguments, before which it gets the user's home.
pub(crate) const AS_USER: HostScript = HostScript::new("as_user", &[include_str!("as_user.sh")]);
