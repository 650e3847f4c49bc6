use std::mem::discriminant;
use std::time::Duration;

use runsheet_events::{Choice, HostResult, LostAnswer, PriorHost};
use runsheet_model::{Outcome, State};

use super::table::{Decision, Known, Promise, Said, decide};
use crate::host_run::{AskHost, Start};

/// What is done with a step on a host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Onward {
    /// It goes on, or begins.
    From(Start),
    /// Nothing is left to do.
    Over {
        /// How it ended.
        result: HostResult,
        /// Whether that is on record already.
        recorded: bool,
        /// What it means for others if it ended badly.
        means: Means,
    },
}

/// What a host that ended badly means for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// It counts for the policy, and takes no part in later steps.
    Failure,
    /// Somebody has said to go on without it.
    LeftOut,
    /// Somebody has said to go on as if it had not failed.
    Nothing,
}

/// What is done with a step on a host, and what a person's answer is taken for on the way there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Way {
    pub(crate) onward: Onward,
    /// The links about which somebody has decided just now, and how.
    pub(crate) taken: Vec<(u32, LostAnswer)>,
}

/// A link about which somebody has to decide first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unclear(pub(crate) u32);

/// Finds where a step goes on, on a host at `position` in it, from what is on record. The first `chain` of the promises are those of
/// its chain, the others those of what is always done.
pub(crate) fn onward(
    prior: &PriorHost,
    position: usize,
    promises: &[Promise],
    chain: usize,
    said: Said,
    who: &str,
) -> Result<Way, Unclear> {
    let mut taken = Vec::new();
    if let (Some(choice), Some(ended)) = (prior.settled, &prior.ended) {
        let means = if choice == Choice::Skip { Means::Nothing } else { Means::LeftOut };
        return Ok(Way { onward: Onward::Over { result: (**ended).clone(), recorded: true, means }, taken });
    }
    let mut failed: Option<HostResult> = None;
    let mut changed = false;
    let mut go_on = None;
    for (number, promise) in (0_u32..).zip(promises) {
        let in_chain = (number as usize) < chain;
        if in_chain && failed.is_some() {
            continue;
        }
        let known = Known::of(prior, number);
        let decision = decide(known, *promise, said);
        if decision == Decision::Run && matches!(known, Known::Lost | Known::Ended) && !promise.idempotent {
            taken.push((number, LostAnswer::Retry));
        }
        match decision {
            Decision::Done => {
                let ended = prior.link(number).and_then(|link| link.ended.as_ref());
                changed |= ended.is_some_and(|ended| matches!(ended.state, State::Ok { changed: true }));
            }
            Decision::Leave => {
                let ended = prior.link(number).and_then(|link| link.ended.as_deref().cloned());
                failed = failed.or(ended);
            }
            Decision::Take(answer) => {
                taken.push((number, answer));
                match answer.taken_for(who).filter(|ended| !ended.state.is_good()) {
                    Some(ended) => failed = failed.or(Some(ended)),
                    None => changed = true,
                }
            }
            // Nothing was done here or for it: nothing is to be tidied up.
            Decision::Run if !in_chain && number as usize == chain && chain > 0 && !was_begun(prior) => break,
            Decision::Run | Decision::AskHost => {
                go_on = Some((number as usize, decision == Decision::AskHost));
                break;
            }
            Decision::AskPerson => return Err(Unclear(number)),
        }
    }
    let before = failed.unwrap_or_else(|| done(changed));
    let Some((link, ask_host)) = go_on else {
        let kind = discriminant(&before.state);
        let means = if said.skip_failed { Means::LeftOut } else { Means::Failure };
        let onward = match prior.ended.as_deref().filter(|ended| discriminant(&ended.state) == kind) {
            Some(result) => Onward::Over { result: result.clone(), recorded: true, means },
            None => Onward::Over { result: before, recorded: false, means },
        };
        return Ok(Way { onward, taken });
    };
    // What is always done may have undone what the links before it did. They are done again as far as that does no harm.
    let tidied = (chain..promises.len()).any(|always| Known::of(prior, place(always)) != Known::Nothing);
    let again = Some(link).filter(|&link| link < chain && tidied && !ask_host);
    let again = again.and_then(|link| (0..link).find(|&before| promises[before].idempotent));
    let done = again.map_or_else(Vec::new, |again| (again..link).filter(|&link| !promises[link].idempotent).collect());
    let mut attempts = vec![0; promises.len()];
    for (number, known) in prior.links() {
        if let Some(slot) = attempts.get_mut(number as usize) {
            *slot = known.attempts;
        }
    }
    let before = (link > 0).then_some(before);
    let ask_host = ask_host.then(|| AskHost { said: said.lost, who: who.to_owned() });
    let onward = Onward::From(Start { position, link: again.unwrap_or(link), attempts, before, done, ask_host });
    Ok(Way { onward, taken })
}

/// Whether anything was done for the host.
fn was_begun(record: &PriorHost) -> bool {
    record.links().any(|(_, link)| link.begun)
}

fn place(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn done(changed: bool) -> HostResult {
    let outcome = if changed { Outcome::changed("done before") } else { Outcome::unchanged("done before") };
    HostResult { state: State::Ok { changed }, outcome, hint: None, took: Duration::ZERO }
}
