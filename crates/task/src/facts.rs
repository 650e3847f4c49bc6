use std::sync::Arc;

use runsheet_model::shortened;
use serde::Serialize;
use tokio::sync::OnceCell;

use crate::{Host, TaskError, quote};

const SCRIPT: &str = include_str!("facts.sh");
/// The longest text that is believed, in characters.
const LONGEST: usize = 200;
/// The most disks that are told.
const MOST_DISKS: usize = 200;

/// What a host is, as it tells itself. For tasks to look at: never part of a template, and never in the place of what the operator says
/// about the host.
///
/// What a host does not tell is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Its operating system, such as `debian` (os-release(5), `ID`).
    pub os_id: String,
    /// Its version, such as `12`.
    pub os_version: String,
    /// Both for people.
    pub os_name: String,
    /// The systems that it is like, such as `rhel fedora`.
    pub os_like: String,
    /// Kernel and its release.
    pub kernel: String,
    /// The machine, such as `x86_64`.
    pub arch: String,
    /// Its own name.
    pub hostname: String,
    /// How packages are installed: `apt`, `dnf`, `yum`, `zypper`, `apk` or `pacman`.
    pub packaging: String,
    /// What runs its services: `systemd`, `openrc` or `sysvinit`.
    pub init: String,
    /// Processors on line.
    pub cpus: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Memory that could be had without swapping, in bytes.
    pub memory_available_bytes: u64,
    /// Swap in bytes.
    pub swap_bytes: u64,
    /// Since it was started, in seconds.
    pub uptime_s: u64,
    /// Another one each time it is started.
    pub boot_id: String,
    /// Its local file systems that lie on devices.
    pub disks: Vec<Disk>,
}

/// A file system of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// Where it is mounted.
    pub mount: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What an ordinary user may still write, in bytes.
    pub free_bytes: u64,
}

/// The facts of a host, asked for at most once. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct FactsCell(Arc<OnceCell<Facts>>);

impl FactsCell {
    /// The facts; the first who wants them asks the host, in one command.
    pub(crate) async fn of(&self, host: &Host) -> Result<&Facts, TaskError> {
        self.0
            .get_or_try_init(|| async {
                let said = host.run(format!("/bin/sh -c {} facts", quote(SCRIPT))).await?;
                if !said.ok() {
                    return Err(TaskError::failed(format!("the host does not tell what it is: {}", said.complaint())));
                }
                Ok(Facts::read(&said.stdout))
            })
            .await
    }
}

impl Facts {
    /// Reads what the script says. Whatever a host makes of it, it is bounded and drives no terminal.
    fn read(said: &str) -> Self {
        let mut facts = Self::default();
        for line in said.lines() {
            let Some((name, value)) = line.split_once(' ') else { continue };
            let text = || shortened(value, LONGEST);
            let number = || value.trim().parse::<u64>().unwrap_or(0);
            match name {
                "os_id" => facts.os_id = text(),
                "os_version" => facts.os_version = text(),
                "os_name" => facts.os_name = text(),
                "os_like" => facts.os_like = text(),
                "kernel" => facts.kernel = text(),
                "arch" => facts.arch = text(),
                "hostname" => facts.hostname = text(),
                "packaging" => facts.packaging = text(),
                "init" => facts.init = text(),
                "cpus" => facts.cpus = number(),
                "memory_kib" => facts.memory_bytes = number().saturating_mul(1024),
                "memory_available_kib" => facts.memory_available_bytes = number().saturating_mul(1024),
                "swap_kib" => facts.swap_bytes = number().saturating_mul(1024),
                "uptime_s" => facts.uptime_s = number(),
                "boot_id" => facts.boot_id = text(),
                "disk" if facts.disks.len() < MOST_DISKS => facts.disks.extend(Disk::read(value)),
                _ => {}
            }
        }
        facts
    }
}

impl Disk {
    fn read(said: &str) -> Option<Self> {
        let mut words = said.splitn(3, ' ');
        let mut bytes = || words.next()?.parse::<u64>().ok()?.checked_mul(1024);
        let (size_bytes, free_bytes) = (bytes()?, bytes()?);
        Some(Self { size_bytes, free_bytes, mount: shortened(words.next()?, LONGEST) })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn this_machine_tells_what_it_is() {
        for shell in [&["dash"][..], &["bash"], &["busybox", "sh"]] {
            let ended = Command::new(shell[0]).args(&shell[1..]).args(["-c", SCRIPT, "facts"]).output();
            let ended = ended.expect("the shells are installed by scripts/install-test-packages");
            assert!(ended.status.success() && ended.stderr.is_empty(), "{shell:?}: {ended:?}");
            let facts = Facts::read(&String::from_utf8_lossy(&ended.stdout));
            let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux");
            assert_eq!(facts.boot_id, boot_id.trim(), "{shell:?}");
            let release = std::fs::read_to_string("/etc/os-release").expect("os-release");
            assert!(release.contains(&format!("ID={}", facts.os_id)) && !facts.os_id.is_empty(), "{facts:?}");
            assert!(facts.memory_bytes > 1 << 20 && facts.cpus > 0 && facts.uptime_s > 0, "{facts:?}");
        }
    }

    #[test]
    fn what_a_hostile_host_says_is_bounded() {
        let mut said = format!("os_id {}\nos_name \x1b[2Jdebian\ncpus many\nnonsense\n", "x".repeat(10_000));
        said.push_str(&"disk 100 50 /with a space\ndisk 18446744073709551615 1 /overflow\ndisk x\n".repeat(10_000));
        let facts = Facts::read(&said);
        assert!(facts.os_id.len() < 300 && !facts.os_name.contains('\x1b') && facts.cpus == 0);
        assert_eq!(facts.disks.len(), MOST_DISKS);
        let expected = Disk { mount: "/with a space".to_owned(), size_bytes: 102_400, free_bytes: 51_200 };
        assert!(facts.disks.iter().all(|disk| *disk == expected));
    }
}
