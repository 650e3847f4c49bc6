use crate::early::Early;

/// A package that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted<'a> {
    /// As it was written: `NAME` or `NAME=VERSION`.
    pub(crate) text: &'a str,
    pub(crate) name: &'a str,
    pub(crate) version: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// Reads `NAME` or `NAME=VERSION`. What a package manager would take for an option, a pattern, a file or the wish to remove it
    /// (`NAME-`, apt-get(8)) is no name.
    pub(crate) fn read(text: &'a str) -> Result<Self, Early> {
        let (name, version) = match text.split_once('=') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let begins = |word: &str| word.starts_with(|c: char| c.is_ascii_alphanumeric());
        let plain = |word: &str, marks: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c));
        let is_name = begins(name) && plain(name, "+-._:") && !name.ends_with('-');
        let is_version = version.is_none_or(|version| begins(version) && plain(version, "+-._:~^"));
        if is_name && is_version {
            return Ok(Self { text, name, version });
        }
        Err(Early::mistake(format!("`{}` is no `NAME` or `NAME=VERSION` of a package", text.escape_default())))
    }

    /// Reads a list, which has to name something, and nothing twice.
    pub(crate) fn list(texts: &[&'a str]) -> Result<Vec<Self>, Early> {
        if texts.is_empty() {
            return Err(Early::mistake("`names` is empty"));
        }
        let mut all: Vec<Self> = Vec::new();
        for text in texts {
            let wanted = Self::read(text)?;
            if all.iter().any(|other| other.name == wanted.name) {
                return Err(Early::mistake(format!("`{}` is named twice", wanted.name)));
            }
            all.push(wanted);
        }
        Ok(all)
    }

    /// Reads a list of names without versions.
    pub(crate) fn names(texts: &[&'a str]) -> Result<Vec<Self>, Early> {
        let all = Self::list(texts)?;
        match all.iter().find(|wanted| wanted.version.is_some()) {
            Some(wanted) => Err(Early::mistake(format!("`{}`: a version makes no sense here", wanted.text))),
            None => Ok(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_package_and_no_wish_of_another_kind() {
        for text in ["nginx", "g++", "libc6:amd64", "python3.11", "nginx=1.22.1-9+deb12u1", "a=2:1.0~rc1"] {
            assert!(Wanted::read(text).is_ok(), "{text}");
        }
        for text in
            ["", "-y", "--purge", "nginx-", "a b", "a;b", "a*", "./a.deb", "@group", "a=", "a=-1", "a=1=2", "a\n"]
        {
            assert!(Wanted::read(text).is_err(), "{text:?}");
        }
        assert!(Wanted::list(&[]).is_err());
        assert!(Wanted::list(&["a", "a=1"]).is_err());
        assert!(Wanted::names(&["a=1"]).is_err());
    }
}
