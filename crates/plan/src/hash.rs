use std::fmt;

use runsheet_model::{Vars, hex};
use runsheet_task::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{HostWork, Plan, PlanLink, PlanStep, Work};

/// Names a plan by what would run: `sha256:` and 64 hexadecimal digits.
///
/// Inside: the selection and order of hosts, their variables, steps with their ids, order, tasks, rendered arguments (secrets as
/// their names, files by their content, those that are yet to be made by the step that makes them), environment, folder, user, limits, and the version of runsheet. Outside: how hosts are
/// reached, owners, titles, notes, expected times and paths of files, so that the same work has the same hash on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanHash(String);

impl PlanHash {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut text = Vec::new();
        write_plan(plan, &mut text);
        Self(format!("sha256:{}", hex(&Sha256::digest(&text))))
    }

    /// The hash of no plan; for a plan under construction.
    pub(crate) fn none() -> Self {
        Self(String::new())
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(7..19).unwrap_or("")
    }

    /// Whether its digits begin so; `sha256:` may stand before them.
    pub fn starts_with(&self, digits: &str) -> bool {
        self.0.starts_with(digits) || self.0.strip_prefix("sha256:").is_some_and(|all| all.starts_with(digits))
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes what counts of a plan. A plan can be large, and nothing of it is copied for this.
fn write_plan(plan: &Plan, text: &mut Vec<u8>) {
    let steps = || plan.steps.iter().filter(|step| step.left_out.is_none());
    let locks = plan.host_locks.as_ref();
    object(
        &[
            ("format", &|text| plain(&plan.format, text)),
            ("runsheet", &|text| plain(&plan.runsheet, text)),
            ("vars", &|text| write_vars(&plan.vars, text)),
            ("hosts", &|text| {
                array(&plan.hosts, text, |host, text| pair(&host.name, text, |text| write_vars(&host.vars, text)));
            }),
            ("steps", &|text| array(steps(), text, |step, text| write_step(plan, step, text))),
        ],
        locks.is_some().then_some(("host_locks", &|text| written(&locks, text))),
        text,
    );
}

fn write_vars(vars: &Vars, text: &mut Vec<u8>) {
    object_of(vars.iter().map(|(name, value)| (name.as_str(), value)), text);
}

fn write_step(plan: &Plan, step: &PlanStep, text: &mut Vec<u8>) {
    // A plan that was read may name steps that it does not have.
    let id = |index: usize| plan.steps.get(index).map(|step| &step.id);
    let after: Vec<_> = step.after.iter().map(|&index| id(index)).collect();
    let makes: Vec<_> = step.makes.iter().map(|file| &file.name).collect();
    object(
        &[
            ("id", &|text| plain(&step.id, text)),
            ("after", &|text| plain(&after, text)),
            ("undoes", &|text| plain(&step.undoes.map(id), text)),
            ("makes", &|text| plain(&makes, text)),
            ("work", &|text| match &step.work {
                Work::Manual { instructions } => object(&[("manual", &|text| plain(instructions, text))], None, text),
                Work::Hosts(work) => write_work(work, text),
            }),
        ],
        None,
        text,
    );
}

fn write_work(HostWork { hosts, skipped, forks, links, always, rollout, policy }: &HostWork, text: &mut Vec<u8>) {
    object(
        &[
            ("hosts", &|text| plain(hosts, text)),
            ("skipped", &|text| written(skipped, text)),
            ("forks", &|text| plain(forks, text)),
            ("links", &|text| array(links, text, write_link)),
            ("always", &|text| array(always, text, write_link)),
            ("rollout", &|text| written(rollout, text)),
            ("policy", &|text| written(policy, text)),
        ],
        None,
        text,
    );
}

fn write_link(link: &PlanLink, text: &mut Vec<u8>) {
    object(
        &[
            ("task", &|text| plain(&link.task, text)),
            ("idempotent", &|text| plain(&link.idempotent, text)),
            ("timeout_ms", &|text| plain(&link.timeout.as_millis(), text)),
            ("shell", &|text| array(link.shell.iter(), text, written)),
            ("args", &|text| array(link.args.iter(), text, write_args)),
            ("retries", &|text| plain(&link.retries, text)),
            ("receipt", &|text| plain(&link.receipt, text)),
            ("delegate", &|text| written(&link.delegate, text)),
            ("reboots", &|text| plain(&link.reboots, text)),
            ("even_if_lost", &|text| plain(&link.even_if_lost, text)),
        ],
        // Those of before there were scripts keep their hashes.
        link.code.is_some().then_some(("code", &|text| plain(&link.code, text))),
        text,
    );
}

fn write_args(args: &Args, text: &mut Vec<u8>) {
    array(args.iter(), text, |(name, value), text| pair(name, text, |text| write_argument(value, text)));
}

/// A file or a folder of this machine counts by its content, wherever it lies; a file that is yet to be made by who makes it.
fn write_argument(value: &Value, text: &mut Vec<u8>) {
    let is_local = |fields: &Map<String, Value>| {
        ["sha256", "seen", "made", "files", "text"].iter().any(|name| fields.contains_key(*name))
    };
    match value.as_object().filter(|fields| is_local(fields)) {
        Some(fields) => {
            let fields = fields.iter().filter(|(name, _)| name.as_str() != "path");
            object_of(fields.map(|(name, value)| (name.as_str(), value)), text);
        }
        None => canonical(value, text),
    }
}

/// A name, and what writes its value.
type Field<'a> = (&'a str, &'a dyn Fn(&mut Vec<u8>));

/// Writes an object with sorted keys.
fn object(fields: &[Field<'_>], one_more: Option<Field<'_>>, text: &mut Vec<u8>) {
    let mut fields: Vec<_> = fields.iter().copied().chain(one_more).collect();
    fields.sort_by_key(|(name, _)| *name);
    separated(b'{', b'}', fields, text, |(name, write), text| {
        plain(name, text);
        text.push(b':');
        write(text);
    });
}

fn object_of<'a>(fields: impl Iterator<Item = (&'a str, &'a Value)>, text: &mut Vec<u8>) {
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by_key(|(name, _)| *name);
    separated(b'{', b'}', fields, text, |(name, value), text| {
        plain(name, text);
        text.push(b':');
        canonical(value, text);
    });
}

fn array<T>(items: impl IntoIterator<Item = T>, text: &mut Vec<u8>, write: impl Fn(T, &mut Vec<u8>)) {
    separated(b'[', b']', items, text, write);
}

/// Writes an array of a name and a value.
fn pair(name: &(impl Serialize + ?Sized), text: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    text.push(b'[');
    plain(name, text);
    text.push(b',');
    write(text);
    text.push(b']');
}

fn separated<T>(
    open: u8,
    close: u8,
    items: impl IntoIterator<Item = T>,
    text: &mut Vec<u8>,
    write: impl Fn(T, &mut Vec<u8>),
) {
    text.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        write(item, text);
    }
    text.push(close);
}

/// Writes something small, which may have keys anywhere.
fn written(value: &impl Serialize, text: &mut Vec<u8>) {
    canonical(&serde_json::to_value(value).expect("a part of a plan can be written"), text);
}

/// Writes JSON with sorted keys and without white space, so that equal values give equal bytes (as RFC 8785 does; numbers here
/// are whole or come from the same reader, so its rules for them are not needed).
fn canonical(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(map) => object_of(map.iter().map(|(name, value)| (name.as_str(), value)), text),
        Value::Array(items) => array(items, text, canonical),
        value => plain(value, text),
    }
}

/// Writes what has no keys.
fn plain(value: &(impl Serialize + ?Sized), text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("a value of JSON can be written");
}
