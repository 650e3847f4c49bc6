use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{CommandResult, Host, TaskError};

use super::HostScript;

const SCRIPT: HostScript = HostScript::new("port", &[include_str!("port.sh")]);

/// How one try to connect went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// Somebody listens.
    Open,
    /// Nobody could be reached, and why.
    Closed(String),
    /// Another try would be in vain, and why.
    Impossible(String),
}

/// Connects from the host itself, with bash, nc, curl or python3, whichever is there; one try.
pub(crate) async fn try_port(host: &Host, address: &str, port: u16, limit: Duration) -> Result<Tried, TaskError> {
    let seconds = limit.as_millis().div_ceil(1000).max(1).to_string();
    let said = host.run(SCRIPT.with([address, &port.to_string(), &seconds])).await?;
    Ok(read(&said, limit))
}

fn read(said: &CommandResult, limit: Duration) -> Tried {
    match said.stdout.trim() {
        "nothing" => {
            Tried::Impossible("none of `bash`, `nc`, `curl` and `python3` is installed on the host".to_owned())
        }
        "bash" | "nc" | "curl" | "python3" if said.ok() => Tried::Open,
        // timeout(1) has ended it; BusyBox's says 143.
        _ if matches!(said.code(), 124 | 143) => Tried::Closed(format!("no answer within {}", format_duration(limit))),
        // The last line of bash says why; the ones before say where in its text.
        program => Tried::Closed(match said.stderr.trim().lines().last() {
            Some(complaint) => complaint.to_owned(),
            None => format!("`{program}` ended with {}", said.code()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use runsheet_task::Exit;

    use super::*;

    fn tried(code: u32, stdout: &str, stderr: &str) -> Tried {
        let said = CommandResult {
            exit: Exit::Status(code),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            took: Duration::ZERO,
        };
        read(&said, Duration::from_secs(5))
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(tried(0, "bash\n", ""), Tried::Open);
        assert_eq!(tried(124, "bash\n", ""), Tried::Closed("no answer within 5.0s".to_owned()));
        assert_eq!(tried(1, "nc\n", ""), Tried::Closed("`nc` ended with 1".to_owned()));
        assert_eq!(
            tried(1, "bash\n", "bash: connect: refused\nbash: refused\n"),
            Tried::Closed("bash: refused".to_owned())
        );
        assert!(matches!(tried(127, "nothing\n", ""), Tried::Impossible(_)));
        assert!(!matches!(tried(0, "", ""), Tried::Open), "silence is no open port");
    }
}
