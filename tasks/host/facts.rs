//! Tell what each host is.

use runsheet_model::plural;
use runsheet_task::{Config, Facts, Host, Outcome, TaskError, TaskSpec};

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("host.facts", "Tells what a host is: system, packaging, init system, processors, memory, disks, boot id.")
        .details(
            "It is what the host says of itself, asked in one command. In a run a host is asked at most once, also by tasks of your own \
             (`host.facts()`), and only if something wants to know. What a host says is never part of a template, and takes the place of no variable.",
        )
        .idempotent()
}

pub(crate) async fn do_work(_: &Config, host: &Host) -> Result<Outcome, TaskError> {
    Ok(Outcome::unchanged(told(host.facts().await?)))
}

fn told(facts: &Facts) -> String {
    const GIB: u64 = 1 << 30;
    let processors = plural(usize::try_from(facts.cpus).unwrap_or(usize::MAX), "processor");
    let mut lines = vec![
        format!("{} ({} {})", or_unknown(&facts.os_name), or_unknown(&facts.kernel), or_unknown(&facts.arch)),
        format!("packages by {}, services by {}", or_unknown(&facts.packaging), or_unknown(&facts.init)),
        format!("{processors}, {} GiB of memory, {} GiB of swap", facts.memory_bytes / GIB, facts.swap_bytes / GIB),
    ];
    for disk in &facts.disks {
        lines.push(format!("{}: {} of {} GiB free", disk.mount, disk.free_bytes / GIB, disk.size_bytes / GIB));
    }
    lines.push(format!("boot {}", or_unknown(&facts.boot_id)));
    lines.join("\n")
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}
