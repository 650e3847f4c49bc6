use std::fmt;

use runsheet_model::hex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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
        canonical(&essence(plan), &mut text);
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

fn essence(plan: &Plan) -> Value {
    let hosts: Vec<_> = plan.hosts.iter().map(|host| json!([host.name, host.vars])).collect();
    let steps: Vec<_> =
        plan.steps.iter().filter(|step| step.left_out.is_none()).map(|step| step_essence(plan, step)).collect();
    let mut essence =
        json!({"format": plan.format, "runsheet": plan.runsheet, "vars": plan.vars, "hosts": hosts, "steps": steps});
    if let (Some(locks), Some(fields)) = (&plan.host_locks, essence.as_object_mut()) {
        fields.insert("host_locks".to_owned(), json!(locks));
    }
    essence
}

fn step_essence(plan: &Plan, step: &PlanStep) -> Value {
    // A plan that was read may name steps that it does not have.
    let id = |index: usize| plan.steps.get(index).map(|step| &step.id);
    let after: Vec<_> = step.after.iter().map(|&index| id(index)).collect();
    let work = match &step.work {
        Work::Manual { instructions } => json!({"manual": instructions}),
        Work::Hosts(HostWork { hosts, skipped, forks, links, always, rollout, policy }) => {
            let links: Vec<_> = links.iter().map(link_essence).collect();
            let always: Vec<_> = always.iter().map(link_essence).collect();
            json!({
                "hosts": hosts,
                "skipped": skipped,
                "forks": forks,
                "links": links,
                "always": always,
                "rollout": rollout,
                "policy": policy,
            })
        }
    };
    let undoes = step.undoes.map(id);
    let makes: Vec<_> = step.makes.iter().map(|file| &file.name).collect();
    json!({"id": step.id, "after": after, "undoes": undoes, "makes": makes, "work": work})
}

fn link_essence(link: &PlanLink) -> Value {
    let args: Vec<_> = link
        .args
        .iter()
        .map(|args| args.iter().map(|(name, value)| json!([name, content(value)])).collect::<Vec<_>>())
        .collect();
    let shell: Vec<_> = link.shell.iter().collect();
    let mut essence = json!({
        "task": link.task,
        "idempotent": link.idempotent,
        "timeout_ms": link.timeout.as_millis(),
        "shell": shell,
        "args": args,
        "retries": link.retries,
        "receipt": link.receipt,
        "delegate": link.delegate,
        "reboots": link.reboots,
        "even_if_lost": link.even_if_lost,
    });
    // Those of before there were scripts keep their hashes.
    if let Some(code) = &link.code {
        essence["code"] = code.as_str().into();
    }
    essence
}

/// A file or a folder of this machine counts by its content, wherever it lies; a file that is yet to be made by who makes it.
fn content(value: &Value) -> Value {
    let mut value = value.clone();
    let is_local = ["sha256", "made", "files", "text"].iter().any(|name| value.get(*name).is_some());
    if let Some(fields) = value.as_object_mut().filter(|_| is_local) {
        fields.remove("path");
    }
    value
}

/// Writes JSON with sorted keys and without white space, so that equal values give equal bytes (as RFC 8785 does; numbers here
/// are whole or come from the same reader, so its rules for them are not needed).
fn canonical(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort();
            text.push(b'{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                plain(key, text);
                text.push(b':');
                canonical(&map[key], text);
            }
            text.push(b'}');
        }
        Value::Array(items) => {
            text.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                canonical(item, text);
            }
            text.push(b']');
        }
        value => plain(value, text),
    }
}

/// What has no keys as JSON.
fn plain(value: &(impl Serialize + ?Sized), text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("a value of JSON can be written");
}
