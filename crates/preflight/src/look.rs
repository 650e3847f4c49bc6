use std::time::SystemTime;

use runsheet_model::{LostReason, Secret, Switch, format_chosen_duration};
use runsheet_task::{AsUser, Capture, ExecRequest, Exit, Limits, Remote, RemoteError, ShellSettings};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::finding::{Check, Finding};
use crate::listener::Listener;
use crate::question::Question;
use crate::{Bounds, Preflight, reach, sudo};

/// Asks a host that is connected for everything. Where sudo is given a password, each user is asked for by a command of its own, since only such a
/// one can be told the password.
pub(crate) async fn look(remote: &dyn Remote, users: &[String], how: &Preflight) -> Vec<Finding> {
    let limit = how.bounds.answers;
    let limits = Limits { deadline: Instant::now() + limit, limit, cancel: CancellationToken::new() };
    let (at_once, one_by_one) = if how.sudo_by_password { (&[][..], users) } else { (users, &[][..]) };
    let (mut findings, goes_on) = ask(remote, at_once, &limits, how).await;
    if goes_on {
        for user in one_by_one {
            findings.extend(become_user(remote, user, &limits, how).await);
        }
    }
    findings
}

/// Asks what one command can answer. Returns whether another may be asked.
async fn ask(remote: &dyn Remote, users: &[String], limits: &Limits, how: &Preflight) -> (Vec<Finding>, bool) {
    let question = Question::new(users);
    let mut listener = Listener::awaiting(&format!("{} dated", question.word));
    let request = ExecRequest {
        command: question.command(),
        recorded: None,
        on_local: None,
        as_user: None,
        pty: false,
        stdin: Some(Secret::new(question.script().into_bytes())),
        quiet: true,
        limits: limits.clone(),
    };
    let asked = SystemTime::now();
    let end = remote.exec(&request, &mut listener).await;
    let (out, errors, dated) = listener.into_parts();
    let (out, errors) = (how.mask.text(&out), how.mask.text(&errors));
    let answer = Answer::read(&out, &errors, &question.word);
    let mut findings = answer.findings(users, &how.bounds, asked, dated);
    match end {
        Ok(_) if answer.is_whole() => return (findings, true),
        Ok(_) => findings.push(answer.shells()),
        Err(error) => findings.push(no_end(error, answer.unanswered(), &how.bounds)),
    }
    (findings, false)
}

async fn become_user(remote: &dyn Remote, user: &str, limits: &Limits, how: &Preflight) -> Option<Finding> {
    let wanted = AsUser { user: user.to_owned(), by: Switch::Sudo };
    let settings = ShellSettings { as_user: Some(wanted.clone()), ..ShellSettings::default() };
    let request = ExecRequest {
        command: settings.wrap(":"),
        recorded: None,
        on_local: None,
        pty: false,
        as_user: Some((wanted, ":".to_owned())),
        stdin: None,
        quiet: true,
        limits: limits.clone(),
    };
    let mut capture = Capture::default();
    match remote.exec(&request, &mut capture).await {
        Ok(end) if end.exit == Exit::Status(0) => None,
        Ok(_) => {
            let (out, errors) = capture.into_text();
            Some(sudo::refused(user, &how.mask.text(&format!("{errors}\n{out}"))))
        }
        Err(error) => Some(no_end(error, "sudo answered", &how.bounds)),
    }
}

/// Tells that the end of a command was not seen, and before what.
fn no_end(error: RemoteError, before: &str, bounds: &Bounds) -> Finding {
    match error {
        RemoteError::NotStarted(failure) => reach::finding(&failure),
        // Whether something still runs there is nothing that would be changed by it.
        RemoteError::TimedOut { .. } | RemoteError::Lost { reason: LostReason::TimedOut } => {
            let limit = format_chosen_duration(bounds.answers);
            Finding::wrong(Check::Shell, format!("{limit} went by before {before}"))
                .hint("a login script that waits, or a file system that does not answer; `-T` gives hosts more time")
        }
        other => Finding::wrong(Check::Shell, format!("{other}; that was before {before}")),
    }
}
