use std::fmt::Write;

use runsheet_model::{plural, visible};
use runsheet_plan::{HostWork, OnFailure, Plan, PlanStep, Scope};
use runsheet_runner::{Policy, Tally, Verdict};

/// How many failures are looked at.
const FAILURES: [usize; 3] = [1, 2, 5];

/// Tells for each step what failures would lead to, by the rules that the run itself judges by.
pub(crate) fn foresee(plan: &Plan) -> String {
    let mut text = String::new();
    for (index, step) in plan.steps.iter().enumerate().filter(|(_, step)| step.left_out.is_none()) {
        let Some(work) = step.host_work() else { continue };
        _ = writeln!(
            text,
            "{}. {} ({})",
            index + 1,
            visible(step.name.as_bytes()).replace('\n', " "),
            plural(work.hosts.len(), "host")
        );
        if step.undoes.is_some() {
            _ = writeln!(text, "   runs only to undo; what fails there keeps nothing else from being undone");
            continue;
        }
        step_failures(plan, step, work, &mut text);
    }
    text
}

fn step_failures(plan: &Plan, step: &PlanStep, work: &HostWork, text: &mut String) {
    let policy = Policy::new(work, false);
    let first_wave = work.rollout.waves.first().copied().unwrap_or(0);
    let (tolerated, counted) = policy.tolerates(first_wave);
    let hosts = work.hosts.len();
    let share = work
        .policy
        .max_fail
        .map(|share| {
            format!(" ({share} of {counted}{})", if work.policy.of == Scope::Wave { " in the first wave" } else { "" })
        })
        .unwrap_or_default();
    let unreachable = match work.policy.max_unreachable {
        Some(most) => format!("; and {} unreachable, counted apart", most.of(counted)),
        None => "; unreachable hosts count as failed".to_owned(),
    };
    _ = writeln!(text, "   tolerates {}{share}{unreachable}", plural(tolerated, "failure"));
    let mut last: Option<(Vec<usize>, String)> = None;
    let mut told = Vec::new();
    for failed in FAILURES.into_iter().filter(|&failed| failed <= hosts) {
        let tally = Tally { failed, ..Tally::default() };
        let what = what_happens(plan, step, work, policy.judge(tally, tally, first_wave));
        match &mut last {
            Some((counts, before)) if *before == what => counts.push(failed),
            _ => told.extend(last.replace((vec![failed], what))),
        }
    }
    told.extend(last);
    for (counts, what) in told {
        let counts: Vec<_> = counts.iter().map(ToString::to_string).collect();
        _ = writeln!(text, "   {} failed: {what}", counts.join(" or "));
    }
    _ = writeln!(text, "   1 lost: never tolerated; nothing later starts, exit 8");
}

fn what_happens(plan: &Plan, step: &PlanStep, work: &HostWork, verdict: Verdict) -> String {
    let several = work.rollout.waves.len() > 1;
    match verdict {
        Verdict::GoOn => "the sheet goes on without those hosts, exit 5 at its end".to_owned(),
        Verdict::FinishWave if several => {
            "the wave is finished on its other hosts, nothing later starts, exit 5".to_owned()
        }
        Verdict::FinishWave => "the step is finished on its other hosts, nothing later starts, exit 5".to_owned(),
        Verdict::NoFurtherHost => "hosts in the window are finished, nothing later starts, exit 5".to_owned(),
        Verdict::NothingNew if work.policy.on_failure == OnFailure::Rollback => {
            let own = plan.steps.iter().position(|other| other.id == step.id).unwrap_or(0);
            let undone = plan.steps.iter().filter_map(|step| step.undoes).filter(|undone| *undone <= own);
            let mut undone: Vec<_> = undone.map(|undone| format!("`{}`", plan.steps[undone].id)).collect();
            undone.dedup();
            undone.reverse();
            format!("nothing new starts at once; what {} changed is undone, exit 5", undone.join(", then "))
        }
        Verdict::NothingNew => "nothing new starts at once, exit 5".to_owned(),
    }
}
