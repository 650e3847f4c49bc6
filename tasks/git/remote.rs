use crate::early::Early;

/// A repository's URL that git may be given, and the protocols that it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote<'a> {
    pub(crate) url: &'a str,
    /// With `:` between them, as `GIT_ALLOW_PROTOCOL` has them (git(1)).
    pub(crate) allowed: String,
}

impl<'a> Remote<'a> {
    /// Refuses what is no URL, holds a password, or needs a protocol that is not among those allowed.
    pub(crate) fn new(url: &'a str, protocols: &[&str]) -> Result<Self, Early> {
        let refused = |why: String| Err(Early::mistake(why));
        if url.trim().is_empty() || url.starts_with('-') || url.contains(char::is_control) {
            return refused(format!("`{}` is no repository", url.escape_default()));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+.-".contains(c);
        if let Some(bad) = protocols.iter().find(|word| word.is_empty() || !word.chars().all(plain)) {
            return refused(format!("`{}` is no protocol", bad.escape_default()));
        }
        if has_password(url) {
            return refused("the repository's URL holds a password, which everybody on the host could read".to_owned());
        }
        let Some(protocol) = protocol(url) else {
            return refused(format!("`{url}` is no URL of a repository, and no whole path"));
        };
        if !protocols.contains(&protocol.as_str()) {
            let allowed = protocols.join("`, `");
            return refused(format!(
                "the repository needs the protocol `{protocol}`, and only `{allowed}` may be used"
            ));
        }
        Ok(Self { url, allowed: protocols.join(":") })
    }
}

/// The protocol by which git would reach it (git-clone(1), "GIT URLS"); nothing for a path that begins nowhere.
fn protocol(url: &str) -> Option<String> {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    // A helper by its name, such as `ext::`.
    if let Some((helper, _)) = url.split_once("::").filter(|(helper, _)| word(helper)) {
        return Some(helper.to_ascii_lowercase());
    }
    if let Some((scheme, _)) = url.split_once("://").filter(|(scheme, _)| word(scheme)) {
        return Some(match scheme.to_ascii_lowercase().as_str() {
            "git+ssh" | "ssh+git" => "ssh".to_owned(),
            scheme => scheme.to_owned(),
        });
    }
    if url.starts_with('/') {
        return Some("file".to_owned());
    }
    // `host:path`, in which no `/` comes before the `:`.
    let before = url.split_once(':').map(|(before, _)| before)?;
    (!before.is_empty() && !before.contains('/')).then(|| "ssh".to_owned())
}

fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_apart() {
        for (url, expected) in [
            ("https://git.example.com/shop.git", Some("https")),
            ("HTTPS://git.example.com/shop.git", Some("https")),
            ("ssh://git@git.example.com:2222/shop.git", Some("ssh")),
            ("git+ssh://git.example.com/shop.git", Some("ssh")),
            ("git@git.example.com:shop.git", Some("ssh")),
            ("[::1]:shop.git", Some("ssh")),
            ("git://git.example.com/shop.git", Some("git")),
            ("/srv/git/shop.git", Some("file")),
            ("/srv/git/a:b.git", Some("file")),
            ("file:///srv/git/shop.git", Some("file")),
            ("ext::sh -c 'touch /gone'", Some("ext")),
            ("file::/srv/git/shop.git", Some("file")),
            ("fd::17", Some("fd")),
            ("shop.git", None),
            ("./a:b", None),
            (":x", None),
        ] {
            assert_eq!(protocol(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn only_what_is_allowed_may_be_used() {
        let good = Remote::new("https://git.example.com/shop.git", &["https", "ssh"]).expect("it is allowed");
        assert_eq!(good.allowed, "https:ssh");
        for (url, protocols, why) in [
            ("ext::sh -c id", &["https", "ssh"][..], "needs the protocol `ext`"),
            ("/srv/git/shop.git", &["https", "ssh"], "needs the protocol `file`"),
            ("--upload-pack=touch /gone", &["file"], "is no repository"),
            ("", &["https"], "is no repository"),
            ("https://x/\n", &["https"], "is no repository"),
            ("shop.git", &["file"], "is no URL"),
            ("https://anna:secret@git.example.com/shop.git", &["https"], "holds a password"),
            ("https://x/y", &["https:ext"], "is no protocol"),
        ] {
            let refused = Remote::new(url, protocols).expect_err(url);
            let Early::Known(refused) = refused else { panic!("{refused:?}") };
            assert!(refused.message.contains(why) && refused.value == 2, "{url}: {refused:?}");
            assert!(!refused.message.contains("secret"), "{refused:?}");
        }
        assert!(Remote::new("https://anna@git.example.com/shop.git", &["https"]).is_ok());
    }
}
