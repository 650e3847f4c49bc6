//! Look whether each host has room.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::{HostScript, host_path};

const SCRIPT: HostScript = HostScript::new("disk", &[include_str!("check.sh")]);

pub(crate) fn spec() -> TaskSpec {
    let percent = || ArgKind::Integer { min: 1, max: 99 };
    TaskSpec::new("disk.check", "Looks whether a disk has room.")
        .details(
            "It is the file system on which `path` is. What is free is what an ordinary user may still take. A host that has \
             less than wanted of anything is a failure, which says what there is. At least one of `free`, `free_percent` and \
             `free_inodes` has to be given. A file system that does not count its inodes, such as btrfs, has enough of them. For Linux hosts: \
             it is asked of `stat -f`.",
        )
        .arg(Arg::optional("path", ArgKind::Text, "A file or folder on the host.").default("/"))
        .arg(Arg::optional("free", ArgKind::Text, "How much has to be free: bytes, or with `K`, `M`, `G` or `T` (of 1024) such as `2G`."))
        .arg(Arg::optional("free_percent", percent(), "How many percent of it have to be free."))
        .arg(Arg::optional("free_inodes", percent(), "How many percent of its inodes have to be free."))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let path = match config.text("path")? {
        "/" => "/",
        path => host_path("path", path)?,
    };
    let free = config.opt_text("free").map(|text| {
        bytes(text).ok_or_else(|| {
            Early::mistake(format!(
                "`free` is `{}`, but has to be a size such as `500M` or `2G`",
                text.escape_default()
            ))
        })
    });
    let free = free.transpose()?;
    let percent = |name| config.args.integer(name).and_then(|percent| u64::try_from(percent).ok());
    let (free_percent, free_inodes) = (percent("free_percent"), percent("free_inodes"));
    if free.is_none() && free_percent.is_none() && free_inodes.is_none() {
        return Err(Early::mistake("`free`, `free_percent` or `free_inodes` has to be given"));
    }

    let said = Early::unless_ok(host.run(SCRIPT.with([path])).await?)?;
    let (disk, inodes) =
        read(&said).ok_or_else(|| Early::failed(format!("cannot tell how much is free at `{path}`")))?;
    let there = format!("{} of {} ({} %) free at `{path}`", size(disk.free), size(disk.all), disk.percent());
    let mut lacks = Vec::new();
    if let Some(wanted) = free.filter(|wanted| disk.free < *wanted) {
        lacks.push(size(wanted));
    }
    if let Some(wanted) = free_percent.filter(|wanted| disk.has_less_than(*wanted)) {
        lacks.push(format!("{wanted} %"));
    }
    if let Some((wanted, inodes)) = free_inodes.zip(inodes).filter(|(wanted, inodes)| inodes.has_less_than(*wanted)) {
        let found = format!("{} of {} are free", inodes.free, inodes.all);
        lacks.push(format!("{wanted} % of the inodes ({found})"));
    }
    if lacks.is_empty() {
        return Ok(Outcome::unchanged(there));
    }
    Err(Early::failed(format!("{there}, but wanted: {}", lacks.join(", "))))
}

/// How much there is of something, and how much of it is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    all: u64,
    free: u64,
}

impl Room {
    fn has_less_than(self, percent: u64) -> bool {
        u128::from(self.free) * 100 < u128::from(self.all) * u128::from(percent)
    }

    /// Rounded down: what is told as enough is enough.
    fn percent(self) -> u128 {
        u128::from(self.free) * 100 / u128::from(self.all.max(1))
    }
}

/// Bytes, and inodes where the file system counts them.
fn read(said: &str) -> Option<(Room, Option<Room>)> {
    let numbers: Vec<u64> = said.trim_end().split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [block, all, free, inodes, free_inodes] = numbers[..] else { return None };
    let disk = Room { all: all.checked_mul(block)?, free: free.checked_mul(block)? };
    let inodes = Room { all: inodes, free: free_inodes };
    (free <= all && inodes.free <= inodes.all).then_some((disk, Some(inodes).filter(|inodes| inodes.all > 0)))
}

/// Bytes of a size such as `2G`.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match &text[digits.len()..] {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return None,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(1 << power)
}

/// A size for people, rounded down.
fn size(bytes: u64) -> String {
    let (power, unit) = match bytes {
        0..0x10_0000 => (10, "KiB"),
        0x10_0000..0x4000_0000 => (20, "MiB"),
        0x4000_0000..0x100_0000_0000 => (30, "GiB"),
        _ => (40, "TiB"),
    };
    let tenths = (u128::from(bytes) * 10) >> power;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_strictly() {
        for (text, wanted) in [("0", 0), ("7", 7), ("2K", 2048), ("1T", 1 << 40)] {
            assert_eq!(bytes(text), Some(wanted), "{text}");
        }
        for text in ["", "G", "-1", "+1", "1.5G", "1 G", "1g", "1GB", "99999999999999999999", "99999999T"] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert_eq!((size(1536).as_str(), size(5 << 30).as_str()), ("1.5 KiB", "5.0 GiB"));
    }

    #[test]
    fn what_is_no_room_is_not_taken_for_some() {
        let disk = Room { all: 1024 * 100, free: 1024 * 9 };
        assert_eq!(read("1024 100 9 10 5\n"), Some((disk, Some(Room { all: 10, free: 5 }))));
        assert_eq!(read("1024 100 9 0 0\n"), Some((disk, None)));
        assert!(disk.has_less_than(10) && !disk.has_less_than(9));
        for said in
            ["", "1024 100 9", "1024 100 -9 1 1", "1024 100 101 1 1", "4096 100 9 1 2", "1024 100 9 1 1 1", "a 1 1 1 1"]
        {
            assert_eq!(read(said), None, "{said:?}");
        }
    }
}
