use std::time::SystemTime;

use runsheet_events::{EventKind, RunEvent, RunStats, StepTotals};
use runsheet_model::{State, format_duration, plural, shortened};

use crate::wording::{counted, said, state_word, why};

/// The longest text of an entry, in characters.
const LONGEST: usize = 800;

/// How grave an entry is, with the numbers of syslog (RFC 5424, table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
}

/// What the log is told of an event: one line that drives no terminal.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) at: SystemTime,
    pub(super) seq: u64,
    pub(super) severity: Severity,
    /// What happened, such as `host_finished`.
    pub(super) event: &'static str,
    pub(super) text: String,
    pub(super) step: Option<String>,
    pub(super) host: Option<String>,
    pub(super) state: Option<&'static str>,
}

impl Entry {
    /// What is worth a line; nothing for the many events between.
    pub(super) fn of(event: &RunEvent, run: &RunStats) -> Option<Self> {
        let sheet = run.header.as_ref().map_or("", |header| header.sheet.as_str());
        let (severity, name, text) = match &event.kind {
            EventKind::RunStarted(header) => {
                let again = if header.epoch > 1 { " goes on" } else { " started" };
                let by = format!("{} by {} on {}", header.command, header.user, header.machine);
                (Severity::Notice, "run_started", format!("`{sheet}`{again}: {by}, {}", plural(header.hosts, "host")))
            }
            EventKind::StepStarted { step, hosts } => {
                (Severity::Info, "step_started", format!("step {step} started on {}", plural(*hosts, "host")))
            }
            EventKind::HostFinished { step, host, result } => {
                let severity = match result.state {
                    State::Failed { .. } | State::Unreachable(_) | State::Lost { .. } => Severity::Error,
                    State::Cancelled => Severity::Warning,
                    State::Ok { .. } | State::Skipped => Severity::Info,
                };
                let (ended, took) = (state_word(&result.state), format_duration(result.took));
                let message = said(result);
                (severity, "host_finished", format!("step {step} on {host}: {ended} after {took}: {message}"))
            }
            EventKind::PersonAsked { step, question } => {
                (Severity::Notice, "person_asked", format!("step {step} waits for a person: {question}"))
            }
            EventKind::PersonAnswered { step, proceed, who, note, .. } => {
                let answer = if *proceed { "go on" } else { "stop" };
                (Severity::Notice, "person_answered", format!("step {step}: {who} said to {answer} {note}"))
            }
            EventKind::StepFinished { step, totals, took } => {
                let text = format!("step {step} finished after {}: {}", format_duration(*took), counted(totals));
                (graver(totals), "step_finished", text)
            }
            EventKind::RunCancelled { reason } => {
                (Severity::Error, "run_cancelled", format!("`{sheet}` starts nothing new: {}", why(reason)))
            }
            EventKind::Warned { message } => (Severity::Warning, "warned", message.clone()),
            EventKind::RunFinished { totals, took } => {
                let text = format!("`{sheet}` finished after {}: {}", format_duration(*took), counted(totals));
                (graver(totals), "run_finished", text)
            }
            _ => return None,
        };
        let (step, host, state) = about(&event.kind);
        let text = shortened(&text, LONGEST);
        Some(Self { at: event.at, seq: event.seq, severity, event: name, text, step, host, state })
    }
}

fn about(kind: &EventKind) -> (Option<String>, Option<String>, Option<&'static str>) {
    match kind {
        EventKind::HostFinished { step, host, result } => {
            (Some(step.to_string()), Some(host.to_string()), Some(state_word(&result.state)))
        }
        EventKind::StepStarted { step, .. }
        | EventKind::PersonAsked { step, .. }
        | EventKind::PersonAnswered { step, .. }
        | EventKind::StepFinished { step, .. } => (Some(step.to_string()), None, None),
        _ => (None, None, None),
    }
}

fn graver(totals: &StepTotals) -> Severity {
    if totals.bad() > 0 { Severity::Error } else { Severity::Notice }
}
