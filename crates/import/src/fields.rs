//! Which fields there are, and how people call them in the title of a column.
//!
//! The first title of a field is its own word with blanks: it is what `--map` knows it by. Titles are compared as
//! [`crate::title::plain`] makes them: lower case, and one blank for everything that is neither letter nor digit.

/// A field of a step or a host.
#[derive(Debug)]
pub struct Field {
    /// Its word in records, and in the sheet or the host groups if it stands there.
    pub word: &'static str,
    /// What stands in its cells.
    pub kind: Kind,
    /// What its column may be called.
    pub titles: &'static [&'static str],
}

/// What stands in the cells of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Read in a way of its own, together with other cells of its row.
    Own,
    /// Text.
    Text,
    /// Yes or no.
    Flag,
    /// Yes, no or a text.
    FlagOrText,
    /// A length of time.
    Duration,
    /// A length of time or a word.
    DurationOrText,
    /// A whole number.
    Number,
    /// A number of hosts or a percentage.
    Share,
    /// Several of them.
    Shares,
    /// Names and values.
    Map,
    /// A text or several.
    Texts,
    /// Read by people only.
    Unread,
    /// Written after a run; never read.
    Timing,
}

const fn field(word: &'static str, kind: Kind, titles: &'static [&'static str]) -> Field {
    Field { word, kind, titles }
}

/// The fields of a step, in the order in which they stand in a sheet.
pub const STEP_FIELDS: &[Field] = &[
    field(
        "number",
        Kind::Own,
        &[
            "number",
            "step number",
            "step no",
            "step nr",
            "step num",
            "no",
            "nr",
            "num",
            "seq",
            "sequence",
            "pos",
            "position",
        ],
    ),
    field("step", Kind::Own, &["step", "steps"]),
    field(
        "name",
        Kind::Own,
        &["name", "title", "step name", "step title", "what", "activity", "action", "summary", "headline"],
    ),
    field(
        "description",
        Kind::Own,
        &["description", "step description", "desc", "instructions", "instruction", "what to do", "how"],
    ),
    field("id", Kind::Own, &["id", "step id", "key", "ref", "reference"]),
    field("manual", Kind::Own, &["manual", "manual step", "by hand"]),
    field("task", Kind::Own, &["task", "tasks", "task name", "module", "task module", "runsheet task"]),
    field("command", Kind::Own, &["command", "commands", "cmd", "shell", "shell command", "command line"]),
    field(
        "hosts",
        Kind::Own,
        &[
            "hosts",
            "host",
            "group",
            "groups",
            "host group",
            "host groups",
            "hostgroup",
            "hostgroups",
            "servers",
            "server",
            "target",
            "targets",
            "target hosts",
            "machines",
            "machine",
            "where",
            "run on",
            "hosts group",
            "hosts groups",
            "server group",
        ],
    ),
    field(
        "args",
        Kind::Own,
        &["args", "arguments", "argument", "parameters", "parameter", "params", "param", "task args", "task arguments"],
    ),
    field(
        "after",
        Kind::Own,
        &[
            "after",
            "depends on",
            "depends",
            "dependencies",
            "dependency",
            "depends upon",
            "dependent on",
            "predecessor",
            "predecessors",
            "prerequisite",
            "prerequisites",
            "waits for",
            "wait for",
            "blocked by",
            "runs after",
            "start after",
        ],
    ),
    field(
        "enabled",
        Kind::Own,
        &[
            "enabled",
            "enable",
            "active",
            "enabled y n",
            "active y n",
            "include",
            "included",
            "in use",
            "is active",
            "is enabled",
        ],
    ),
    field(
        "skip",
        Kind::Own,
        &["skip", "skipped", "disabled", "disable", "inactive", "leave out", "do not run", "skip y n"],
    ),
    field("when", Kind::FlagOrText, &["when", "condition", "only if", "only when", "if"]),
    field(
        "owner",
        Kind::Text,
        &[
            "owner",
            "who",
            "owners",
            "step owner",
            "responsible",
            "responsible person",
            "assignee",
            "assigned to",
            "assigned",
            "person",
            "engineer",
            "contact",
            "done by",
            "executor",
            "operator",
        ],
    ),
    field(
        "expect",
        Kind::Duration,
        &[
            "expect",
            "expected",
            "expected duration",
            "expected time",
            "duration",
            "duration expected",
            "eta",
            "estimate",
            "estimated",
            "estimated duration",
            "estimated time",
            "est",
            "est duration",
            "est time",
            "planned duration",
            "planned time",
            "duration planned",
            "time needed",
            "how long",
            "length",
        ],
    ),
    field("notes", Kind::Text, &["notes", "note", "comment", "comments", "remark", "remarks"]),
    field("forks", Kind::Number, &["forks", "parallel", "parallelism", "at once", "hosts at once"]),
    field(
        "timeout",
        Kind::Duration,
        &["timeout", "time out", "time limit", "max time", "max duration", "maximum time"],
    ),
    field("sudo", Kind::FlagOrText, &["sudo", "become", "as root", "as user", "run as"]),
    field("doas", Kind::FlagOrText, &["doas"]),
    field("su", Kind::FlagOrText, &["su"]),
    field("env", Kind::Map, &["env", "environment", "environment variables", "env vars"]),
    field("dir", Kind::Text, &["dir", "directory", "folder", "working directory", "work dir", "cwd"]),
    field("pty", Kind::Flag, &["pty", "tty", "terminal"]),
    field("idempotent", Kind::Flag, &["idempotent", "repeatable"]),
    field("receipt", Kind::Flag, &["receipt"]),
    field("reboots", Kind::Flag, &["reboots", "reboot"]),
    field("batch", Kind::Share, &["batch", "batch size", "batches"]),
    field("waves", Kind::Shares, &["waves", "wave", "ramp", "canary"]),
    field("pause", Kind::DurationOrText, &["pause", "pause between waves", "pause between"]),
    field("window", Kind::Share, &["window", "out of service", "max unavailable"]),
    field("floor", Kind::Share, &["floor", "min in service", "min available"]),
    field("order", Kind::Text, &["order", "host order", "hosts order"]),
    field("once", Kind::Flag, &["once", "run once", "one host only"]),
    field(
        "max_fail",
        Kind::Share,
        &["max fail", "max failures", "max failed", "max failed hosts", "failures allowed", "allowed failures"],
    ),
    field("unreachable", Kind::Own, &["unreachable", "max unreachable"]),
    field("of", Kind::Text, &["of", "max fail of"]),
    field("on_failure", Kind::Text, &["on failure", "on error", "if it fails", "on fail"]),
    field("retries", Kind::Number, &["retries", "retry", "max retries"]),
    field("straggler", Kind::Text, &["straggler", "stragglers"]),
    field("delegate", Kind::Text, &["delegate", "delegate to", "delegated to"]),
    field("makes", Kind::Texts, &["makes", "builds", "makes file"]),
];

/// What is written to a step's row after a run. These columns are never read.
pub const TIMING_FIELDS: &[Field] = &[
    field("start", Kind::Timing, &["start", "started", "started at", "start time", "actual start", "begin", "began"]),
    field(
        "end",
        Kind::Timing,
        &["end", "ended", "ended at", "end time", "actual end", "finished", "finished at", "finish", "done at"],
    ),
    field(
        "elapsed",
        Kind::Timing,
        &["elapsed", "took", "actual", "actual duration", "actual time", "time taken", "elapsed time", "real duration"],
    ),
    field("ok", Kind::Timing, &["hosts ok", "ok", "ok hosts", "succeeded"]),
    field("failed", Kind::Timing, &["hosts failed", "failed", "failed hosts", "failures"]),
    field("error", Kind::Timing, &["error", "first error"]),
    field("run", Kind::Timing, &["run", "run id", "last run"]),
    field("forecast_error", Kind::Timing, &["forecast error", "off forecast"]),
];

/// The fields of a host, in the order in which they stand in a file of host groups.
pub const HOST_FIELDS: &[Field] = &[
    field(
        "group",
        Kind::Own,
        &[
            "group",
            "groups",
            "host group",
            "host groups",
            "hostgroup",
            "hostgroups",
            "group name",
            "cluster",
            "pool",
            "tier",
            "role",
            "roles",
        ],
    ),
    field(
        "host",
        Kind::Own,
        &[
            "host",
            "hosts",
            "name",
            "server",
            "servers",
            "host name",
            "hostname",
            "hostnames",
            "server name",
            "machine",
            "machines",
            "node",
            "nodes",
            "fqdn",
            "box",
        ],
    ),
    field(
        "members",
        Kind::Own,
        &[
            "members",
            "member groups",
            "sub groups",
            "subgroups",
            "child groups",
            "children",
            "groups of groups",
            "contains",
        ],
    ),
    field("address", Kind::Own, &["address", "ip", "ip address", "addr", "host address", "dns name", "connect to"]),
    field("port", Kind::Own, &["port", "ssh port", "tcp port"]),
    field(
        "user",
        Kind::Own,
        &["user", "ssh user", "login", "login name", "username", "user name", "login user", "account"],
    ),
    field("identity", Kind::Own, &["identity", "identity file", "key", "key file", "ssh key", "private key"]),
    field(
        "jump",
        Kind::Own,
        &["jump", "jump host", "jump hosts", "bastion", "proxy jump", "proxyjump", "gateway", "via"],
    ),
    field(
        "protected",
        Kind::Own,
        &[
            "protected",
            "protect",
            "do not deploy",
            "don t deploy",
            "no deploy",
            "never deploy",
            "hands off",
            "do not touch",
            "not deployed to",
        ],
    ),
    field(
        "vars",
        Kind::Own,
        &["vars", "variables", "variable", "var", "host vars", "host variables", "parameters", "params"],
    ),
    field(
        "notes",
        Kind::Unread,
        &["notes", "note", "comment", "comments", "remark", "remarks", "description", "owner", "purpose", "what"],
    ),
];

/// Whether a word is that of a field among these.
pub(crate) fn is_input(fields: &[Field], word: &str) -> bool {
    fields.iter().any(|field| field.word == word)
}

/// The fields that a plain title fits.
pub(crate) fn titled<'a>(fields: &'a [Field], plain: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.titles.contains(&plain))
}

/// The field that a person means by a word: its own word first.
pub(crate) fn meant<'a>(fields: &'a [Field], plain: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.word.replace('_', " ") == plain).or_else(|| titled(fields, plain))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::title::plain;

    #[test]
    fn no_title_stands_for_two_fields_and_each_is_plain() {
        let steps: Vec<_> = STEP_FIELDS.iter().chain(TIMING_FIELDS).collect();
        for fields in [steps, HOST_FIELDS.iter().collect()] {
            let mut seen = BTreeMap::new();
            for field in fields {
                for title in field.titles {
                    assert_eq!(plain(title).text, *title);
                    assert_eq!(
                        seen.insert(*title, field.word),
                        None,
                        "`{title}` is {} and {}",
                        seen[title],
                        field.word
                    );
                }
                assert!(field.kind == Kind::Timing || field.titles.contains(&&*field.word.replace('_', " ")));
            }
        }
    }
}
