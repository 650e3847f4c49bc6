use crate::early::Early;

/// Writes a backup beside its place and puts it there when it is whole; see there.
pub(crate) const BACKUP: &str = include_str!("backup.sh");

/// A backup on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backup {
    pub(crate) bytes: u64,
    /// SHA-256 of it, in hexadecimal.
    pub(crate) sha256: String,
}

impl Backup {
    /// Reads it and then a line with how many things are in it.
    pub(crate) fn with_count(text: &str) -> Option<(Self, usize)> {
        let (first, count) = text.trim().split_once('\n')?;
        Some((Self::read(first)?, count.trim().parse().ok()?))
    }

    /// Reads `BYTES SHA256`.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let (bytes, sha256) = line.trim().split_once(' ')?;
        let is_hash = sha256.len() == 64 && sha256.chars().all(|c| c.is_ascii_hexdigit());
        is_hash.then_some(())?;
        Some(Self { bytes: bytes.parse().ok()?, sha256: sha256.to_ascii_lowercase() })
    }
}

/// The path of a backup on the host: absolute, since a command starts wherever `dir` and `sudo` take it.
pub(crate) fn backup_path(path: &str) -> Result<&str, Early> {
    if !path.starts_with('/') || path.ends_with('/') || path.chars().any(char::is_control) {
        return Err(Early::mistake(format!("`{}` is not the absolute path of a file", path.escape_default())));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_backup_is_not_taken_for_one() {
        let hash = "a".repeat(64);
        assert_eq!(Backup::read(&format!("12 {hash}\n")), Some(Backup { bytes: 12, sha256: hash.clone() }));
        for line in ["", "12", "12 abc", &format!("x {hash}"), &format!("12 {}", "z".repeat(64))] {
            assert_eq!(Backup::read(line), None, "{line}");
        }
    }
}
