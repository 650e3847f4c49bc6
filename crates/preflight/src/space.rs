use crate::finding::{Amount, Check, Finding};
use crate::said::quoted;

const HINT: &str = "make room there, or say with `--free` how much is enough";

/// What `df -Pk` says of one file system.
#[derive(Debug, PartialEq, Eq)]
struct Space {
    free: u64,
    mounted_on: String,
}

/// Judges the room on a host by what `df` said of each place. Places on the same file system count once.
pub(crate) fn judge<'a>(answers: impl Iterator<Item = (&'a str, &'a str)>, bound: u64) -> Vec<Finding> {
    let mut seen = Vec::new();
    let mut findings = Vec::new();
    for (place, said) in answers {
        let Some(space) = read(said) else {
            let says = format!("the free space in {place} cannot be told: `df` says {}", quoted(said));
            findings.push(Finding::wrong(Check::Space, says));
            continue;
        };
        if seen.contains(&space.mounted_on) {
            continue;
        }
        seen.push(space.mounted_on);
        if space.free < bound {
            let says = format!("less than {} is free in {place}", size(bound));
            findings.push(Finding::wrong(Check::Space, says).amount(Amount::Bytes(space.free)).hint(HINT));
        }
    }
    findings
}

/// Reads the table with a line for one file system (POSIX.1-2024, `df`): names may hold spaces, so the three numbers before the percentage
/// are looked for.
fn read(said: &str) -> Option<Space> {
    said.lines().rev().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.windows(4).position(|four| {
            four[..3].iter().all(|word| word.parse::<i128>().is_ok()) && (four[3].ends_with('%') || four[3] == "-")
        })?;
        // Where the reserve is in use, less than nothing is left.
        let free: u64 = words[at + 2].parse().unwrap_or_default();
        let mounted_on = words[at + 4..].join(" ");
        (!mounted_on.is_empty()).then_some(Space { free: free.saturating_mul(1024), mounted_on })
    })
}

/// A size as one writes it: `100MiB`, `1.5GiB`.
pub fn size(bytes: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        None => format!("{bytes}B"),
        Some((name, unit)) if bytes.is_multiple_of(unit) => format!("{}{name}", bytes / unit),
        Some((name, unit)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            format!("{}.{}{name}", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Filesystem     1024-blocks    Used Available Capacity Mounted on\n";

    #[test]
    fn tables_of_many_systems_are_read() {
        for (line, free, mounted_on) in [
            ("/dev/sda1        8200000 4000000   3800000      52% /", 3_800_000, "/"),
            ("//nas/my share 10 5 100 5% 400 100 20% /mnt/my share", 100, "400 100 20% /mnt/my share"),
            ("overlay 100 200 -100 101% /var lib", 0, "/var lib"),
            ("udev 0 0 0 - /dev", 0, "/dev"),
        ] {
            let text = format!("{HEADER}{line}\n");
            assert_eq!(read(&text), Some(Space { free: free * 1024, mounted_on: mounted_on.to_owned() }), "{line}");
        }
        for bad in ["", HEADER, "df: /tmp: No such file or directory\n", "1 2 3 4%"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_file_system_counts_once() {
        let full = format!("{HEADER}/dev/sda1 1000 999 1 99% /\n");
        let answers = [("/", full.as_str()), ("/tmp", full.as_str()), ("the login folder", "df: gone\x1b[2J\n")];
        let findings = judge(answers.into_iter(), 1 << 20);
        let says: Vec<_> = findings.iter().map(|finding| finding.says.as_str()).collect();
        assert_eq!(
            says,
            [
                "less than 1MiB is free in /",
                "the free space in the login folder cannot be told: `df` says `df: gone\\x1b[2J`"
            ]
        );
        assert_eq!(findings[0].amount, Some(Amount::Bytes(1024)));
        assert_eq!(judge(answers.into_iter().take(1), 1024), []);
    }

    #[test]
    fn sizes_are_written_as_one_reads_them() {
        assert_eq!(
            [0, 1023, 1024, 1536, 100 << 20, u64::MAX].map(size),
            ["0B", "1023B", "1KiB", "1.5KiB", "100MiB", "16777215.9TiB"]
        );
    }
}
