//! How a step goes through its hosts, and what happens when they fail: what is taken, and what contradicts itself.

use std::path::Path;
use std::time::Duration;

use runsheet_model::Share;

use crate::tests::told;
use crate::{Chain, OnFailure, Order, Pause, Scope, Shape, Sheet, SheetError, Straggler, Undo, Work};

fn parse(words: &str) -> Result<Sheet, SheetError> {
    Sheet::parse(&format!("steps:\n  - {{name: a, hosts: web, {words}}}\n"), Path::new("x.yaml"))
}

fn step(words: &str) -> crate::Step {
    parse(words).unwrap_or_else(|error| panic!("{words}: {error}")).steps.remove(0)
}

fn shares(shape: &Shape) -> Vec<String> {
    match shape {
        Shape::Whole => Vec::new(),
        Shape::Waves(waves) => waves.iter().map(|wave| wave.value.to_string()).collect(),
        Shape::Window { size, floor } => {
            [Some(size), floor.as_ref()].iter().flatten().map(|share| share.value.to_string()).collect()
        }
    }
}

#[test]
fn a_rollout_is_read() {
    assert_eq!(shares(&step("task: t, waves: [1, 10%, 100%]").rollout.shape), ["1", "10%", "100%"]);
    let batch = step("task: t, batch: 5, pause: 2m, order: {by: rack}").rollout;
    assert_eq!(shares(&batch.shape), ["5"]);
    assert_eq!(batch.pause, Some(Pause::For(Duration::from_mins(2))));
    assert!(matches!(batch.order, Order::By(variable) if variable.value == "rack"));
    let window = step("task: t, window: 25%, floor: 3, order: shuffled").rollout;
    assert_eq!((shares(&window.shape), window.order), (vec!["25%".to_owned(), "3".to_owned()], Order::Shuffled));
    assert_eq!(step("task: t, batch: 1, pause: ask").rollout.pause, Some(Pause::Ask));
    assert!(step("task: t, once: true").rollout.once);
}

#[test]
fn a_policy_is_read() {
    let policy = step(
        "do: [{task: t, delegate: lb1, retries: 2}], always: [{task: u, even_if_lost: true}], batch: 5, max_fail: 5%, \
         unreachable: {max: 2}, of: wave, on_failure: rollback, rollback: [{task: v, args: {x: 1}}], straggler: exclude, \
         retries: 1, delegate: lb2",
    );
    let Work::Chain(Chain { links, always }) = &policy.work else { panic!("a chain") };
    assert_eq!(links[0].delegate.as_ref().map(|delegate| delegate.value.as_str()), Some("lb1"));
    assert_eq!((links[0].retries, policy.retries, always[0].even_if_lost), (Some(2), 1, true));
    assert_eq!(policy.delegate.as_ref().map(|delegate| delegate.place.to_string()).as_deref(), Some("x.yaml:2:270"));
    let policy = policy.policy;
    assert_eq!((policy.max_fail, policy.max_unreachable), (Share::parse("5%").ok(), Some(Share::Hosts(2))));
    assert_eq!(
        (policy.of, policy.on_failure, policy.straggler),
        (Scope::Wave, OnFailure::Rollback, Straggler::Exclude)
    );
    let Some(Undo::Links(links)) = policy.rollback else { panic!("tasks") };
    assert_eq!(links[0].args["x"].place.to_string(), "x.yaml:2:222");
}

const MISTAKES: &[(&str, &str)] = &[
    ("task: t, window: 2, waves: [1]", "x.yaml:2:5: `waves` does not go with `window`"),
    ("task: t, window: 2, batch: 1", "x.yaml:2:5: `batch` does not go with `window`"),
    ("task: t, waves: [1], batch: 1", "x.yaml:2:5: `batch` does not go with `waves`"),
    ("task: t, once: true, batch: 1", "x.yaml:2:5: `batch` does not go with `once`"),
    ("task: t, order: {by: rack}, waves: [1]", "x.yaml:2:5: `waves` does not go with `order: {by: …}`"),
    ("task: t, floor: 2", "x.yaml:2:5: `floor` needs a `window`"),
    ("task: t, pause: 5m", "x.yaml:2:5: `pause` needs `batch` or `waves`"),
    ("task: t, of: wave", "x.yaml:2:5: `of: wave` needs `batch` or `waves`"),
    (
        "task: t, always: [{task: u}]",
        "x.yaml:2:5: `always` needs a `do` -> write the task as a chain: `do: [{task: …}]`",
    ),
    ("do: [{task: t, even_if_lost: true}]", "x.yaml:2:31: `even_if_lost` needs to stand in `always`"),
    ("do: [{task: t}], always: []", "x.yaml:2:52: `always` cannot be empty"),
    ("task: t, waves: []", "x.yaml:2:43: `waves` cannot be empty"),
    ("task: t, waves: [1, 0]", "x.yaml:2:47: `waves` cannot be 0"),
    ("task: t, batch: 0%", "x.yaml:2:43: `batch` cannot be 0"),
    ("task: t, max_fail: 101%", "x.yaml:2:46: `max_fail` cannot be used -> write it as `3`, `10%` or `2.5%`"),
    ("task: t, window: -1", "x.yaml:2:44: `window` cannot be used -> write it as `3`, `10%` or `2.5%`"),
    (
        "task: t, order: by rack",
        "x.yaml:2:43: `order` is `listed`, `reversed`, `shuffled`, or `{by: VAR}` with a variable of the hosts",
    ),
    ("task: t, of: hosts", "x.yaml:2:40: `of` is `step` or `wave`"),
    ("task: t, on_failure: panic", "x.yaml:2:48: `on_failure` is `stop`, `continue` or `rollback`"),
    ("task: t, straggler: kill", "x.yaml:2:47: `straggler` is `warn`, `exclude` or `fail`"),
    (
        "task: t, batch: 1, pause: soon",
        "x.yaml:2:53: `soon` is not a length of time -> write it as `90s`, `5m`, `1h30m` or `250ms`",
    ),
    ("task: t, retries: 101", "x.yaml:2:45: `retries` is 101, which is more than 100"),
    (
        "task: t, on_failure: rollback",
        "x.yaml:2:5: `on_failure: rollback`, and neither this step nor one before it says how it is undone -> give the step a `rollback:` with the tasks that undo it",
    ),
    ("task: t, rollback: []", "x.yaml:2:46: `rollback` cannot be empty"),
    ("task: t, rollback: [b]", "x.yaml:2:47: no step has the id `b`"),
    ("task: t, rollback: [a]", "x.yaml:2:47: `a` undoes another step, so it cannot be that step itself"),
    ("task: t, rollback: [b, {task: t}]", "x.yaml:2:46: `rollback` is a list of ids or a list of tasks, not both"),
    ("task: t, rollback: [{task: t, x: 1}]", "x.yaml:2:57: unknown setting `x`"),
    ("manual: m", "x.yaml:2:5: `hosts` does not go with `manual`"),
];

#[test]
fn what_contradicts_itself_is_told_with_its_place() {
    for (words, expected) in MISTAKES {
        let told = told(parse(words));
        assert!(told.contains(expected), "{words}: {told}");
    }
}

#[test]
fn a_step_that_undoes_another_is_nothing_else() {
    let sheet = |rows: &str| Sheet::parse(&format!("steps:\n{rows}"), Path::new("x.yaml"));
    let rows = "  - {name: a, hosts: web, task: t, rollback: [back]}\n  - {name: back, hosts: web, task: t}\n";
    assert_eq!(sheet(rows).expect("a sheet").undoing(), [None, Some(0)]);
    let told = |more: &str| match sheet(&format!("{rows}{more}")) {
        Ok(sheet) => format!("taken: {sheet:?}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        told("  - {name: c, hosts: web, task: t, after: back}\n"),
        "x.yaml:4:43: `back` undoes another step, so nothing can come after it"
    );
    assert_eq!(
        told("  - {name: c, hosts: web, task: t, rollback: [back]}\n"),
        "x.yaml:4:47: `back` undoes another step, so it cannot undo yet another"
    );
    assert_eq!(
        told("  - {name: c, hosts: web, task: t, rollback: [m]}\n  - {name: m, manual: x}\n"),
        "x.yaml:4:47: `m` undoes another step, so it has to be work on hosts"
    );
}
