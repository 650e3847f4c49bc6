//! Every event is read as it was written.

use std::time::{Duration, UNIX_EPOCH};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use runsheet_events::{
    AttemptKey, CancelReason, CommandRecord, EventKind, HostResult, MadeFile, PlannedStep, RunEvent, RunHeader,
    StepTotals, TookLonger, decode, encode,
};
use runsheet_journal::FORMAT;
use runsheet_model::{
    Debt, Failure, HostName, LostReason, Outcome, Phase, RunId, State, StepId, TaskName, Unreachable,
};

use crate::sample::{event, header, record, state};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), Just("\u{1b}[31m\0\"\\\n\u{2028},\"chain\":\"".to_owned()), Just(String::new()),]
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![any::<u32>().prop_map(u64::from), Just(0), 0..u64::MAX / 2].prop_map(Duration::from_millis)
}

fn step_id() -> impl Strategy<Value = StepId> {
    "[a-zé][a-zé0-9_-]{0,20}".prop_map(|id| StepId::new(id).expect("an id"))
}

fn host_name() -> impl Strategy<Value = HostName> {
    "[a-zA-Z0-9:%~][a-zA-Z0-9.:%~]{0,29}".prop_map(|name| HostName::new(name).expect("a name"))
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        any::<i32>().prop_map(|value| Failure::Task { value }),
        text().prop_map(|name| Failure::Signal { name }),
        any::<u64>().prop_map(|limit_ms| Failure::TimedOut { limit_ms }),
        Just(Failure::Stopped),
        Just(Failure::Connection),
        Just(Failure::Transfer),
        Just(Failure::Internal),
    ]
}

fn unreachable() -> impl Strategy<Value = Unreachable> {
    let phase = prop_oneof![
        Just(Phase::Local),
        Just(Phase::Name),
        Just(Phase::Tcp),
        Just(Phase::Handshake),
        Just(Phase::HostKey),
        Just(Phase::Login),
        Just(Phase::Channel),
    ];
    (phase, text(), option::of(text()), any::<bool>()).prop_map(|(phase, reason, hint, transient)| Unreachable {
        phase,
        reason,
        hint,
        transient,
    })
}

fn host_state() -> impl Strategy<Value = State> {
    let reason = prop_oneof![
        Just(LostReason::ConnectionClosed),
        Just(LostReason::PeerSilent),
        Just(LostReason::ClosedWithoutStatus),
        Just(LostReason::TimedOut),
        Just(LostReason::Stopped),
        Just(LostReason::RenameUnanswered),
        Just(LostReason::RunEnded),
    ];
    prop_oneof![
        any::<bool>().prop_map(|changed| State::Ok { changed }),
        failure().prop_map(|failure| State::Failed { failure }),
        unreachable().prop_map(State::Unreachable),
        reason.prop_map(|reason| State::Lost { reason }),
        Just(State::Skipped),
        Just(State::Cancelled),
    ]
}

fn result() -> impl Strategy<Value = HostResult> {
    let debts = || vec(text().prop_map(Debt), 0..3);
    let lasts_ms = option::of(any::<u64>());
    let outcome = (text(), any::<i32>(), any::<bool>(), debts(), debts(), lasts_ms).prop_map(
        |(message, value, changed, opens, closes, lasts_ms)| Outcome {
            message,
            value,
            changed,
            opens,
            closes,
            lasts_ms,
        },
    );
    (host_state(), outcome, option::of(text()), time()).prop_map(|(state, outcome, hint, took)| HostResult {
        state,
        outcome,
        hint,
        took,
    })
}

fn key() -> impl Strategy<Value = AttemptKey> {
    (step_id(), any::<u32>(), host_name(), any::<u32>()).prop_map(|(step, link, host, attempt)| AttemptKey {
        step,
        link,
        host,
        attempt,
    })
}

fn command() -> impl Strategy<Value = CommandRecord> {
    (text(), option::of(any::<u32>()), time(), time(), any::<u64>(), text(), any::<bool>()).prop_map(
        |(command, code, started, took, output_bytes, output_sha256, leaked)| CommandRecord {
            command,
            code,
            started,
            took,
            output_bytes,
            output_sha256,
            leaked,
        },
    )
}

fn totals() -> impl Strategy<Value = StepTotals> {
    any::<[u16; 7]>().prop_map(|counts| {
        let [changed, unchanged, failed, unreachable, lost, skipped, cancelled] = counts.map(usize::from);
        StepTotals { changed, unchanged, failed, unreachable, lost, skipped, cancelled }
    })
}

fn planned() -> impl Strategy<Value = PlannedStep> {
    let tasks = vec("[a-z][a-z.]{0,9}".prop_map(|name| TaskName::new(name).expect("a name")), 0..3);
    (step_id(), text(), tasks, any::<u16>(), option::of(text()), option::of(any::<u64>())).prop_map(
        |(step, name, tasks, hosts, owner, expect_ms)| PlannedStep {
            step,
            name,
            tasks,
            hosts: hosts.into(),
            owner,
            expect_ms,
            forecast_ms: None,
            undoes: None,
            after: None,
        },
    )
}

fn run_header() -> impl Strategy<Value = RunHeader> {
    (any::<u32>(), vec(text(), 7), vec(planned(), 0..4), any::<u16>()).prop_map(|(epoch, texts, steps, hosts)| {
        let mut texts = texts.into_iter();
        let mut text = || texts.next().unwrap_or_default();
        RunHeader {
            format: FORMAT,
            run: RunId::fresh(),
            epoch,
            sheet: text(),
            command: text(),
            plan_hash: text(),
            version: text(),
            user: text(),
            machine: text(),
            steps,
            hosts: hosts.into(),
            request: None,
            forecast: None,
        }
    })
}

fn cancel_reason() -> impl Strategy<Value = CancelReason> {
    prop_oneof![
        step_id().prop_map(|step| CancelReason::HostsFailed { step }),
        step_id().prop_map(|step| CancelReason::Person { step }),
        (step_id(), text(), text()).prop_map(|(step, path, reason)| CancelReason::FileNotMade { step, path, reason }),
        any::<u32>().prop_map(|times| CancelReason::Interrupted { times }),
        Just(CancelReason::Terminated),
        (host_name(), text()).prop_map(|(host, holder)| CancelReason::HostsLocked { hosts: vec![host], holder }),
        (host_name(), text()).prop_map(|(host, holder)| CancelReason::LockLost { host, holder }),
        text().prop_map(|reason| CancelReason::JournalFailed { reason }),
    ]
}

fn kind() -> impl Strategy<Value = EventKind> {
    let step_started =
        (step_id(), any::<u16>()).prop_map(|(step, hosts)| EventKind::StepStarted { step, hosts: hosts.into() });
    let connected =
        (host_name(), time(), text(), text(), any::<bool>()).prop_map(|(host, took, address, host_key, learned)| {
            EventKind::HostConnected { host, took, address, host_key, learned }
        });
    let attempt_finished = (key(), any::<bool>(), result(), vec(command(), 0..3))
        .prop_map(|(key, started, result, commands)| EventKind::AttemptFinished { key, started, result, commands });
    let renewal_finished = (key(), any::<bool>(), result())
        .prop_map(|(key, started, result)| EventKind::RenewalFinished { key, started, result });
    let answered = (step_id(), any::<bool>(), text(), text(), time()).prop_map(|(step, proceed, note, who, waited)| {
        EventKind::PersonAnswered { step, proceed, choice: None, note, who, waited }
    });
    prop_oneof![
        run_header().prop_map(|header| EventKind::RunStarted(Box::new(header))),
        step_started,
        connected,
        (step_id(), host_name()).prop_map(|(step, host)| EventKind::HostStarted { step, host }),
        key().prop_map(EventKind::AttemptStarted),
        attempt_finished,
        key().prop_map(EventKind::RenewalStarted),
        renewal_finished,
        (step_id(), host_name(), text()).prop_map(|(step, host, note)| EventKind::HostNoted { step, host, note }),
        (step_id(), host_name(), result()).prop_map(|(step, host, result)| EventKind::HostFinished {
            step,
            host,
            result
        }),
        (step_id(), text()).prop_map(|(step, question)| EventKind::PersonAsked { step, question }),
        answered,
        (step_id(), totals(), time()).prop_map(|(step, totals, took)| EventKind::StepFinished { step, totals, took }),
        cancel_reason().prop_map(|reason| EventKind::RunCancelled { reason }),
        (step_id(), text(), text(), any::<u64>(), any::<bool>()).prop_map(|(step, path, sha256, bytes, executable)| {
            EventKind::FileMade { step, file: MadeFile { path, sha256, bytes, executable } }
        }),
        (step_id(), option::of(host_name()), time(), time(), 0..100_usize).prop_map(
            |(step, host, took, usual, runs)| EventKind::TookLonger(TookLonger { step, host, took, usual, runs })
        ),
        text().prop_map(|message| EventKind::Warned { message }),
        (totals(), time()).prop_map(|(totals, took)| EventKind::RunFinished { totals, took }),
    ]
}

proptest! {
    #[test]
    fn an_event_is_one_line_and_is_read_as_it_was_written(kind in kind(), elapsed in time(), at_ms in 0..4_000_000_000_000_u64) {
        let event = RunEvent { seq: 7, at: UNIX_EPOCH + Duration::from_millis(at_ms), elapsed, kind };
        let line = encode(&event).expect("a line");
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(decode(&line).expect("an event"), event);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_journal_is_read_as_it_was_written(kinds in vec(kind(), 0..20)) {
        let (_temporary, state) = state();
        let run = RunId::fresh();
        let first = EventKind::RunStarted(Box::new(header(run)));
        let events: Vec<RunEvent> =
            (1..).zip(std::iter::once(first).chain(kinds)).map(|(seq, kind)| event(seq, kind)).collect();
        let reader = record(&state, run, &events).reader().expect("the journal");
        let read: Vec<RunEvent> = reader.events().expect("events").collect::<Result<_, _>>().expect("sound lines");
        prop_assert_eq!(read, events);
        reader.stats().expect("statistics");
        reader.prior().expect("what is known");
    }
}
