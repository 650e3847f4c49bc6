use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{CommandResult, Host, HttpAnswer, TaskError};

use super::HostScript;

const SCRIPT: HostScript = HostScript::new("http", &[include_str!("http.sh")]);

/// What was heard of a web server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An answer, and how long it took: on the host itself where that tells, else with the way to it.
    Answer(HttpAnswer, Duration),
    /// No answer, and why.
    Nothing(String),
    /// Nothing, and another try would be in vain, and why.
    Impossible(String),
}

/// The most of a page that can be had, in bytes, with its headers: what is kept of a command's output.
const LARGE: &str = "250000";

/// Fetches a page from the host itself, with curl, else with wget; one try.
pub(crate) async fn http_get(host: &Host, url: &str, limit: Duration) -> Result<Heard, TaskError> {
    fetch(host, &[url, &seconds(limit)], limit).await
}

/// The same, for a page that may be larger than 64 KiB.
pub(crate) async fn http_get_large(host: &Host, url: &str, limit: Duration) -> Result<Heard, TaskError> {
    fetch(host, &[url, &seconds(limit), LARGE], limit).await
}

async fn fetch(host: &Host, args: &[&str], limit: Duration) -> Result<Heard, TaskError> {
    let mut said = host.run(SCRIPT.with(args.iter().copied())).await?;
    if let Some(took) = take_time(&mut said.stderr) {
        said.took = took;
    }
    Ok(read(&said, limit))
}

/// Takes the last line, `runsheet took FROM TO`, off what was written to standard error.
fn take_time(stderr: &mut String) -> Option<Duration> {
    let (before, line) = stderr.trim_end().rsplit_once('\n')?;
    let (from, to) = line.strip_prefix("runsheet took ")?.split_once(' ')?;
    let seconds: f64 = to.parse::<f64>().ok()? - from.parse::<f64>().ok()?;
    let took = Duration::try_from_secs_f64((seconds * 100.0).round() / 100.0).ok()?;
    *stderr = before.to_owned();
    Some(took)
}

/// Old versions of both take whole seconds only.
fn seconds(limit: Duration) -> String {
    limit.as_millis().div_ceil(1000).max(1).to_string()
}

fn read(said: &CommandResult, limit: Duration) -> Heard {
    let (program, page) = said.stdout.split_once('\n').unwrap_or_default();
    let answer = match program {
        "curl" => with_headers(page),
        "wget" => last_status(&said.stderr).map(|status| (status, page.to_owned())),
        "nothing" => {
            return Heard::Impossible("neither `curl` nor `wget` is installed on the host".to_owned());
        }
        _ => return Heard::Nothing(said.complaint()),
    };
    match (answer, program, said.code()) {
        // It was cut off because it had written enough: 23 of curl, 3 of wget, or 141, the end by SIGPIPE. And 8 is what wget ends
        // with for a status of 400 and more, and for a redirect.
        (Some((status, body)), "curl", 0 | 23) | (Some((status, body)), "wget", 0 | 3 | 8 | 141) => {
            Heard::Answer(HttpAnswer { status, body }, said.took)
        }
        // BusyBox's wget ends with 1 there, without the page.
        (Some((status, body)), "wget", 1) if status >= 300 => Heard::Answer(HttpAnswer { status, body }, said.took),
        // 28 of curl; 124, or 143 where it is BusyBox's, of timeout(1).
        (_, "curl", 28) | (_, "wget", 124 | 143) => {
            Heard::Nothing(format!("no answer within {}", format_duration(limit)))
        }
        (_, _, code) => Heard::Nothing(match said.stderr.trim() {
            "" => format!("`{program}` ended with {code}"),
            complaint => complaint.to_owned(),
        }),
    }
}

/// Takes the last status line of `HTTP/1.1 200 OK` lines, as wget writes them among other headers.
fn last_status(headers: &str) -> Option<u16> {
    headers.lines().rev().find_map(status)
}

/// Splits headers from the body; interim answers (status 1xx, RFC 9110 §15.2) come before the real one.
fn with_headers(mut page: &str) -> Option<(u16, String)> {
    loop {
        let status = status(page.lines().next()?)?;
        let end = ["\r\n\r\n", "\n\n"].iter().filter_map(|end| page.find(end).map(|at| at + end.len())).min();
        page = end.map_or("", |end| &page[end..]);
        if !(100..200).contains(&status) {
            return Some((status, page.to_owned()));
        }
    }
}

fn status(line: &str) -> Option<u16> {
    let (_, rest) = line.trim().strip_prefix("HTTP/")?.split_once(' ')?;
    rest.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use runsheet_task::Exit;

    use super::*;

    fn heard(code: u32, stdout: &str, stderr: &str) -> Heard {
        let said = CommandResult {
            exit: Exit::Status(code),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            took: Duration::ZERO,
        };
        read(&said, Duration::from_secs(10))
    }

    fn answer(status: u16, body: &str) -> Heard {
        Heard::Answer(HttpAnswer { status, body: body.to_owned() }, Duration::ZERO)
    }

    #[test]
    fn pages_of_curl_are_read() {
        assert_eq!(heard(0, "curl\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nhi\n\nyou", ""), answer(200, "hi\n\nyou"));
        assert_eq!(heard(0, "curl\nHTTP/2 204 \r\n\r\n", ""), answer(204, ""));
        assert_eq!(heard(23, "curl\nHTTP/1.1 200 OK\r\n\r\nxxx", "curl: (23) failed writing"), answer(200, "xxx"));
        let early = "curl\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\n\r\ngone";
        assert_eq!(heard(0, early, ""), answer(404, "gone"));
    }

    #[test]
    fn pages_of_wget_are_read() {
        assert_eq!(heard(0, "wget\nhi", "  HTTP/1.1 200 OK\n  A: b\n"), answer(200, "hi"));
        assert_eq!(heard(8, "wget\nsorry", "  HTTP/1.0 503 Sorry\n"), answer(503, "sorry"));
        let of_busybox = "  HTTP/1.0 404 No\n  A: b\nwget: server returned error: HTTP/1.0 404 No\n";
        assert_eq!(heard(1, "wget\n", of_busybox), answer(404, ""));
    }

    #[test]
    fn half_a_page_is_no_answer() {
        let half = heard(28, "curl\nHTTP/1.1 200 OK\r\n\r\nha", "curl: (28) timed out");
        assert_eq!(half, Heard::Nothing("no answer within 10.0s".to_owned()));
        let refused = heard(7, "curl\n", "curl: (7) Failed to connect\n");
        assert_eq!(refused, Heard::Nothing("curl: (7) Failed to connect".to_owned()));
    }

    #[test]
    fn how_long_it_took_is_taken_off_what_was_said() {
        let mut said = "  HTTP/1.1 200 OK\n\nrunsheet took 100.10 101.35\n".to_owned();
        assert_eq!(take_time(&mut said).map(|took| took.as_millis()), Some(1250));
        assert_eq!(said, "  HTTP/1.1 200 OK\n");
        for other in ["curl: no\nrunsheet took 5", "\nrunsheet took 2 1\n", "\nrunsheet took x y", ""] {
            let mut said = other.to_owned();
            assert_eq!((take_time(&mut said), said.as_str()), (None, other));
        }
    }

    #[test]
    fn a_host_without_any_program_is_not_asked_again() {
        assert!(matches!(heard(127, "nothing\n", ""), Heard::Impossible(_)));
    }
}
