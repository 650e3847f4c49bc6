//! Send a signal to processes of each host.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::{HostScript, account, host_path};
use crate::patience::Patience;

const SCRIPT: HostScript = HostScript::new("signal", &[include_str!("signal.sh")]);

/// More processes than anybody means.
const MOST: usize = 1000;
/// The longest name of a file.
const LONGEST_NAME: usize = 255;
/// After which a process is expected to be gone.
const ENDING: [&str; 4] = ["TERM", "KILL", "INT", "QUIT"];

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("process.signal", "Sends a signal to processes.")
        .details(
            "They are found by `name`, which is the whole name of the program and no pattern, or by `pidfile`. With `user` only those that run as \
             that user are meant. Process 1 gets no signal, nor does what works for this task: its shell and all that this came from. No \
             process is no failure, unless `required`.\n\n\
             After `TERM`, `KILL`, `INT` and `QUIT` the processes are waited for; one that is still there after `wait` is a failure. Whether a \
             process heeds another signal cannot be seen. For Linux hosts: processes are looked up in `/proc`.",
        )
        .arg(Arg::optional("name", ArgKind::Text, "The name of the program, such as `nginx`."))
        .arg(Arg::optional("pidfile", ArgKind::Text, "A file on the host that holds the process's number."))
        .arg(Arg::optional("user", ArgKind::Text, "The user as whom they run."))
        .arg(
            Arg::optional(
                "signal",
                ArgKind::choice(["TERM", "HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "STOP", "CONT", "WINCH"]),
                "The signal.",
            )
            .default("TERM"),
        )
        .arg(Arg::optional("required", ArgKind::Boolean, "Whether no process is a failure.").default(false))
        .arg(Arg::optional("wait", ArgKind::Duration, "How long they may take to end.").default("10s"))
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let (name, pidfile) = (config.opt_text("name").unwrap_or_default(), config.opt_text("pidfile").unwrap_or_default());
    let meant = match (name, pidfile) {
        ("", "") => return Err(Early::mistake("`name` or `pidfile` has to be given")),
        (name, "") => {
            if name.len() > LONGEST_NAME || name.contains(|c: char| c.is_control() || c == '/') {
                let name = name.escape_default();
                return Err(Early::mistake(format!("`{name}` is no name of a program: it has no folder")));
            }
            format!("called `{name}`")
        }
        ("", pidfile) => format!("that `{}` means", host_path("pidfile", pidfile)?),
        _ => return Err(Early::mistake("only one of `name` and `pidfile` can be given")),
    };
    let user = config.opt_text("user").map(|user| account("user", user)).transpose()?.unwrap_or_default();
    let signal = config.text("signal")?;

    let found = ask(host, ["look", name, pidfile, user]).await?;
    let found = read(&found).ok_or_else(|| Early::failed("cannot tell which processes the host has"))?;
    if found.is_empty() {
        let none = format!("there is no process {meant}");
        return if config.boolean("required")? { Err(Early::failed(none)) } else { Ok(Outcome::unchanged(none)) };
    }
    let numbers: Vec<_> = found.iter().filter_map(|line| line.split_once(' ')).map(|(pid, _)| pid).collect();
    let numbers = numbers.join(", ");
    let words = || found.iter().flat_map(|line| line.split(' '));
    host.would(format!("send {signal} to {} {meant}: {numbers}", number_of(found.len())))?;
    let sent = ask(host, ["send", signal].into_iter().chain(words())).await?;
    let sent = sent.trim().parse().map_err(|_| Early::failed("cannot tell which processes got the signal"))?;
    if sent == 0 {
        return Ok(Outcome::unchanged(format!("the processes {meant} ended by themselves")));
    }
    if ENDING.contains(&signal) {
        gone(host, &words().collect::<Vec<_>>(), config.duration("wait")?, signal).await?;
        return Ok(Outcome::changed(format!("{} {meant} ended after {signal}: {numbers}", number_of(sent))));
    }
    Ok(Outcome::changed(format!("{signal} sent to {} {meant}: {numbers}", number_of(sent))))
}

/// Waits until the processes have ended.
async fn gone(host: &Host, words: &[&str], wait: Duration, signal: &str) -> Result<(), Early> {
    let mut patience = Patience::new(host, wait);
    loop {
        let left = ask(host, ["left"].into_iter().chain(words.iter().copied())).await?;
        let left = read(&left).ok_or_else(|| Early::failed("cannot tell which processes are left"))?;
        if left.is_empty() {
            return Ok(());
        }
        if !patience.pause().await {
            let waited = format_duration(patience.waited());
            let numbers: Vec<_> = left.iter().filter_map(|line| line.split(' ').next()).collect();
            let (number, numbers) = (number_of(left.len()), numbers.join(", "));
            return Err(Early::failed(format!("{number} did not end within {waited} after {signal}: {numbers}")));
        }
    }
}

async fn ask<'a>(host: &Host, words: impl IntoIterator<Item = &'a str>) -> Result<String, Early> {
    Early::unless_ok(host.run(SCRIPT.with(words)).await?)
}

fn number_of(count: usize) -> String {
    if count == 1 { "1 process".to_owned() } else { format!("{count} processes") }
}

/// Reads lines of `PID START`.
fn read(said: &str) -> Option<Vec<&str>> {
    let number = |word: &str| !word.is_empty() && word.len() <= 20 && word.bytes().all(|byte| byte.is_ascii_digit());
    let lines: Vec<_> = said.lines().collect();
    let all = lines.iter().all(|line| line.split_once(' ').is_some_and(|(pid, start)| number(pid) && number(start)));
    (all && lines.len() <= MOST).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_process_is_not_taken_for_one() {
        assert_eq!(read("12 345\n13 346\n"), Some(vec!["12 345", "13 346"]));
        assert_eq!(read(""), Some(vec![]));
        for said in ["12", "12 ", "-1 5", "12 345 6", "a 1", "12 345\n\n"] {
            assert_eq!(read(said), None, "{said:?}");
        }
    }
}
