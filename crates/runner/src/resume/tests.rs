//! The rule of resuming against a table written by hand, over its whole domain, and what must hold of whole chains.

use std::time::Duration;

use proptest::prelude::*;
use runsheet_events::{AttemptKey, EventKind, HostResult, LostAnswer, Prior, RunEvent};
use runsheet_model::{Failure, HostName, LostReason, Outcome, State, StepId};

use super::onward::{Onward, Unclear, onward};
use super::table::{Decision, Known, Promise, Said, decide};

const KNOWN: [Known; 7] =
    [Known::Nothing, Known::NotStarted, Known::Ok, Known::Failed, Known::Ended, Known::Lost, Known::TakenForFailed];
const LOST: [Option<LostAnswer>; 4] = [None, Some(LostAnswer::Retry), Some(LostAnswer::Ok), Some(LostAnswer::Fail)];

/// The table as it stands in docs/design/recording.md, one line a case: what is known; what is done if the task is idempotent, if it
/// is not, and if the host keeps a receipt.
const TABLE: &str = "
    Nothing          run    run    run
    NotStarted       run    run    run
    Ok               skip   skip   skip
    Failed           run    run    run
    Ended            run    person host
    Lost             run    person host
    TakenForFailed   leave  leave  leave
";

/// What the table says, with what was said by whoever resumes.
fn oracle(known: Known, promise: Promise, said: Said) -> Decision {
    let line = TABLE.lines().find(|line| line.trim_start().starts_with(&format!("{known:?} "))).expect("a line");
    let words: Vec<_> = line.split_whitespace().collect();
    let column = if promise.receipt { 3 } else { 2 - usize::from(promise.idempotent) };
    match (words[column], said.lost) {
        ("run", _) if known == Known::Failed && said.skip_failed => Decision::Leave,
        ("run", _) | ("person", Some(LostAnswer::Retry)) => Decision::Run,
        ("skip", _) => Decision::Done,
        ("leave", _) => Decision::Leave,
        ("host", _) => Decision::AskHost,
        ("person", Some(answer)) => Decision::Take(answer),
        _ => Decision::AskPerson,
    }
}

#[test]
fn every_case_is_decided_as_the_table_says() {
    let flags = [false, true];
    let mut cases = 0;
    for known in KNOWN {
        for (idempotent, receipt) in flags.into_iter().flat_map(|one| flags.map(|two| (one, two))) {
            for (lost, skip_failed) in LOST.into_iter().flat_map(|lost| flags.map(|skip| (lost, skip))) {
                let (promise, said) = (Promise { idempotent, receipt }, Said { lost, skip_failed });
                assert_eq!(
                    decide(known, promise, said),
                    oracle(known, promise, said),
                    "{known:?} {promise:?} {said:?}"
                );
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 7 * 4 * 8);
}

/// How an attempt ends, or that nobody saw its end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Ok,
    Failed,
    TimedOut,
    Lost,
    NotSeen,
}

const CHAIN: usize = 3;

fn names() -> (StepId, HostName) {
    (StepId::new("s").expect("an id"), HostName::new("h").expect("a name"))
}

fn state(end: End) -> Option<State> {
    Some(match end {
        End::Ok => State::Ok { changed: true },
        End::Failed => State::Failed { failure: Failure::Task { value: 1 } },
        End::TimedOut => State::Failed { failure: Failure::TimedOut { limit_ms: 1 } },
        End::Lost => State::Lost { reason: LostReason::ConnectionClosed },
        End::NotSeen => return None,
    })
}

fn result(state: State) -> HostResult {
    HostResult { state, outcome: Outcome::changed(""), hint: None, took: Duration::ZERO }
}

/// A host of a step with three links, resumed again and again: each epoch goes on where the record says, its attempts end as
/// `ends` has it, and it is cut off after so many events.
fn epochs(promises: &[Promise], ends: &[End], cuts: &[usize], lost: Option<LostAnswer>) -> (Vec<EventKind>, Prior) {
    let (step, host) = names();
    let said = Said { lost, skip_failed: false };
    let mut record: Vec<EventKind> = Vec::new();
    let mut ends = ends.iter().copied().cycle();
    for &cut in cuts {
        let prior = fold(&record);
        let known = prior.host(&step, &host).cloned().unwrap_or_default();
        let Ok(way) = onward(&known, 0, promises, CHAIN, said, "dana") else { break };
        let mut epoch = Vec::new();
        let key = |link: u32, attempt| AttemptKey { step: step.clone(), link, host: host.clone(), attempt };
        for (link, answer) in way.taken {
            let attempt = known.link(link).expect("begun").attempts;
            epoch.push(EventKind::LostAnswered { key: key(link, attempt), answer, who: "dana".to_owned() });
        }
        match way.onward {
            Onward::Over { recorded: true, .. } => {}
            Onward::Over { result, .. } => {
                epoch.push(EventKind::HostFinished { step: step.clone(), host: host.clone(), result });
            }
            Onward::From(start) => {
                epoch.push(EventKind::HostStarted { step: step.clone(), host: host.clone() });
                let mut ended = start.before.map(|before| before.state);
                for link in (start.link..CHAIN).filter(|link| !start.done.contains(link)) {
                    let attempt = start.attempts.get(link).copied().unwrap_or(0) + 1;
                    let key = key(u32::try_from(link).expect("small"), attempt);
                    epoch.push(EventKind::AttemptStarted(key.clone()));
                    let Some(state) = ends.next().and_then(state) else {
                        ended = None;
                        break;
                    };
                    ended = Some(state.clone());
                    let good = state.is_good();
                    epoch.push(EventKind::AttemptFinished {
                        key,
                        started: true,
                        result: result(state),
                        commands: vec![],
                    });
                    if !good {
                        break;
                    }
                }
                if let Some(state) = ended {
                    let result = result(state);
                    epoch.push(EventKind::HostFinished { step: step.clone(), host: host.clone(), result });
                }
            }
        }
        epoch.truncate(cut);
        record.extend(epoch);
    }
    let prior = fold(&record);
    (record, prior)
}

fn fold(record: &[EventKind]) -> Prior {
    let mut prior = Prior::default();
    for (seq, kind) in (1..).zip(record) {
        let event =
            RunEvent { seq, at: std::time::UNIX_EPOCH, elapsed: Duration::from_millis(seq), kind: kind.clone() };
        prior.apply(&event);
    }
    prior
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![4 => Just(End::Ok), 1 => Just(End::Failed), 1 => Just(End::TimedOut), 1 => Just(End::Lost), 1 => Just(End::NotSeen)]
}

fn promises() -> impl Strategy<Value = Vec<Promise>> {
    prop::collection::vec(any::<bool>().prop_map(|idempotent| Promise { idempotent, receipt: false }), CHAIN)
}

fn answers() -> impl Strategy<Value = Option<LostAnswer>> {
    prop::sample::select(LOST.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_ended_well_is_never_done_again_and_what_nobody_knows_only_if_somebody_says_so(
        promises in promises(),
        ends in prop::collection::vec(end(), 1..12),
        cuts in prop::collection::vec(0_usize..10, 1..12),
        lost in answers(),
    ) {
        let (record, _) = epochs(&promises, &ends, &cuts, lost);
        for (link, promise) in (0_u32..).zip(&promises) {
            let mut open = false;
            let mut well = false;
            for kind in &record {
                match kind {
                    EventKind::AttemptStarted(key) if key.link == link => {
                        prop_assert!(!well, "it had ended well");
                        prop_assert!(!open || promise.idempotent, "nobody knew how it had ended");
                        open = true;
                    }
                    EventKind::AttemptFinished { key, result, .. } if key.link == link => {
                        well = result.state.is_good();
                        let failed = matches!(result.state, State::Failed { failure: Failure::Task { .. } });
                        open = !well && !failed;
                    }
                    EventKind::LostAnswered { key, answer, .. } if key.link == link => {
                        open = *answer == LostAnswer::Fail;
                        well = *answer == LostAnswer::Ok;
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_run_that_is_over_stays_over_and_asking_twice_gives_one_answer(
        promises in promises(),
        ends in prop::collection::vec(end(), 1..12),
        cuts in prop::collection::vec(0_usize..10, 0..12),
        lost in answers(),
    ) {
        let (step, host) = names();
        let (record, prior) = epochs(&promises, &ends, &cuts, lost);
        let known = prior.host(&step, &host).cloned().unwrap_or_default();
        let said = Said { lost, skip_failed: false };
        let way = onward(&known, 0, &promises, CHAIN, said, "dana");
        prop_assert_eq!(&way, &onward(&known, 0, &promises, CHAIN, said, "dana"));
        match way {
            Err(Unclear(link)) => {
                prop_assert!(lost.is_none());
                prop_assert!(!promises[link as usize].idempotent);
            }
            Ok(way) => {
                let over = matches!(way.onward, Onward::Over { recorded: true, .. });
                let (again, _) = epochs(&promises, &ends, &[cuts.as_slice(), &[100; 1]].concat(), lost);
                prop_assert_eq!(over && way.taken.is_empty(), again.len() == record.len());
            }
        }
    }
}
