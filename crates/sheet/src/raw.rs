//! The sheet as it stands in the file, before anything is checked.
//!
//! A word with nothing behind it (`after:`) is a mistake, except for those that people leave open in a form: `owner`,
//! `expect` and `notes`.

use std::fmt;

use runsheet_yaml::{Entries, Spanned};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::one_or_many::{Files, Ids, OneOrMany};

/// A deploy sheet.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[schemars(rename = "Sheet")]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSheet {
    /// The title; the file's name where it has none.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) name: Option<Spanned<String>>,
    /// Variables, for templates as `vars.NAME`; changed by `--set NAME=VALUE`.
    #[serde(default)]
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub(crate) vars: Option<Entries<Spanned<Value>>>,
    /// `hosts`: its hosts are locked on the hosts themselves, too, against runs of other machines.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<WordOrFolder>")]
    pub(crate) lock: Option<Spanned<Value>>,
    /// The steps, in their order.
    #[schemars(with = "Vec<RawStep>")]
    pub(crate) steps: Spanned<Vec<Spanned<RawStep>>>,
}

/// One row of the sheet. It has exactly one of `task`, `do` and `manual`.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[schemars(rename = "Step")]
#[serde(deny_unknown_fields)]
pub(crate) struct RawStep {
    /// The title.
    #[schemars(with = "String")]
    pub(crate) name: Spanned<String>,
    /// A stable id; by default made out of the name.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) id: Option<Spanned<String>>,
    /// One task, such as `service.restart`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) task: Option<Spanned<String>>,
    /// The arguments of `task`.
    #[serde(default)]
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub(crate) args: Option<Entries<Spanned<Value>>>,
    /// A chain of tasks, run one after the other on each host.
    #[serde(default, rename = "do", deserialize_with = "present")]
    #[schemars(with = "Option<Vec<RawLink>>")]
    pub(crate) chain: Option<Spanned<Vec<RawLink>>>,
    /// What a person is asked to do.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) manual: Option<Spanned<String>>,
    /// The hosts, as a pattern such as `web,!web01`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) hosts: Option<Spanned<String>>,
    /// `local`: the work is done on the machine that runs runsheet, once.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Local>")]
    pub(crate) on: Option<Spanned<String>>,
    /// The id or ids of the steps that must be over; by default the row above; `[]` starts at once.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<OneOrMore>")]
    pub(crate) after: Option<Spanned<OneOrMany<Ids>>>,
    /// `false` keeps the row without running it.
    #[serde(default, deserialize_with = "present")]
    pub(crate) enabled: Option<bool>,
    /// A condition per host; a host for which it is false is skipped.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) when: Option<Spanned<String>>,
    /// Who answers for it.
    pub(crate) owner: Option<String>,
    /// How long it is expected to take, such as `12m`.
    #[schemars(with = "Option<String>")]
    pub(crate) expect: Option<Spanned<String>>,
    /// Free text.
    pub(crate) notes: Option<String>,
    /// How many hosts are worked on at once.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<u64>", range(min = 1, max = 10000))]
    pub(crate) forks: Option<Spanned<u64>>,
    /// How long one attempt of a task may take, such as `5m`. Default: `1h`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) timeout: Option<Spanned<String>>,
    /// Becomes another user by sudo: `true` for root, or a user's name.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) sudo: Option<Spanned<Value>>,
    /// The same by doas.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) doas: Option<Spanned<Value>>,
    /// The same by su.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) su: Option<Spanned<Value>>,
    /// Environment variables of its commands.
    #[serde(default)]
    #[schemars(with = "Option<std::collections::BTreeMap<String, TextOrNumber>>")]
    pub(crate) env: Option<Entries<Spanned<String>>>,
    /// The folder on the host in which its commands run.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) dir: Option<Spanned<String>>,
    /// `true` gives its commands a terminal.
    #[serde(default, deserialize_with = "present")]
    pub(crate) pty: Option<bool>,
    /// Whether it may be repeated without harm, where that is not what the task itself says.
    #[serde(default, deserialize_with = "present")]
    pub(crate) idempotent: Option<bool>,
    /// `true`: the host keeps a receipt, so that its end can be found out where it was not seen.
    #[serde(default, deserialize_with = "present")]
    pub(crate) receipt: Option<bool>,
    /// `true`: it starts the host anew, and is over when that is back.
    #[serde(default, deserialize_with = "present")]
    pub(crate) reboots: Option<bool>,
    /// How many hosts form a wave: a number or a percentage of the step's hosts.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<NumberOrText>")]
    pub(crate) batch: Option<Spanned<Value>>,
    /// The sizes of the waves, such as `[1, 10%, 100%]`; the last is repeated until no host is left.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Vec<NumberOrText>>")]
    pub(crate) waves: Option<Spanned<Vec<Spanned<Value>>>>,
    /// What happens between two waves: a length of time, or `ask` for a person's go-ahead.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) pause: Option<Spanned<String>>,
    /// How many hosts may be out of service at once, sliding: a number or a percentage.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<NumberOrText>")]
    pub(crate) window: Option<Spanned<Value>>,
    /// How many of its hosts must be in service: a number or a percentage.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<NumberOrText>")]
    pub(crate) floor: Option<Spanned<Value>>,
    /// In which order hosts come: `listed`, `reversed`, `shuffled`, or `{by: VAR}` for one value of a host's variable at a time.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<OrderWord>")]
    pub(crate) order: Option<Spanned<Value>>,
    /// `true` does the work on the first host only.
    #[serde(default, deserialize_with = "present")]
    pub(crate) once: Option<bool>,
    /// How many hosts may fail: a number or a percentage.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<NumberOrText>")]
    pub(crate) max_fail: Option<Spanned<Value>>,
    /// How many hosts may be unreachable, counted apart from those that fail.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<RawUnreachable>")]
    pub(crate) unreachable: Option<RawUnreachable>,
    /// Over what failures are counted: `step` or `wave`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) of: Option<Spanned<String>>,
    /// What happens when more fail than may: `stop`, `continue` or `rollback`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) on_failure: Option<Spanned<String>>,
    /// How it is undone: tasks for the hosts that it changed, or ids of steps that do nothing else.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Vec<IdOrLink>>")]
    pub(crate) rollback: Option<Spanned<Vec<Spanned<RawUndo>>>>,
    /// How often a task that failed is tried again.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<u32>", range(max = 100))]
    pub(crate) retries: Option<Spanned<u64>>,
    /// What happens to a host that takes far longer than its peers: `warn`, `exclude` or `fail`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) straggler: Option<Spanned<String>>,
    /// Tasks that run on each host after its chain, whatever happened to it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Vec<RawLink>>")]
    pub(crate) always: Option<Spanned<Vec<RawLink>>>,
    /// Another host on which the commands run instead.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) delegate: Option<Spanned<String>>,
    /// The file or files of this machine that are there once it has ended well, relative to the project's folder; later steps may send
    /// them.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<OneOrMore>")]
    pub(crate) makes: Option<Spanned<OneOrMany<Files>>>,
}

/// One task of a chain.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[schemars(rename = "Link")]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLink {
    /// The task.
    #[schemars(with = "String")]
    pub(crate) task: Spanned<String>,
    /// Its arguments.
    #[serde(default)]
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub(crate) args: Option<Entries<Spanned<Value>>>,
    /// How long one attempt may take; by default the step's.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) timeout: Option<Spanned<String>>,
    /// Becomes another user by sudo: `true` for root, `false`, or a user's name; by default as the step does.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) sudo: Option<Spanned<Value>>,
    /// The same by doas.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) doas: Option<Spanned<Value>>,
    /// The same by su.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) su: Option<Spanned<Value>>,
    /// Whether it may be repeated without harm; by default the step's.
    #[serde(default, deserialize_with = "present")]
    pub(crate) idempotent: Option<bool>,
    /// `true`: the host keeps a receipt, so that its end can be found out where it was not seen.
    #[serde(default, deserialize_with = "present")]
    pub(crate) receipt: Option<bool>,
    /// `true`: it starts the host anew, and is over when that is back.
    #[serde(default, deserialize_with = "present")]
    pub(crate) reboots: Option<bool>,
    /// Another host on which its commands run instead; by default the step's.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) delegate: Option<Spanned<String>>,
    /// How often it is tried again when it failed; by default the step's.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<u32>", range(max = 100))]
    pub(crate) retries: Option<Spanned<u64>>,
    /// In `always`: whether it runs even where nobody knows how the chain ended.
    #[serde(default, deserialize_with = "present")]
    pub(crate) even_if_lost: Option<bool>,
}

/// How many hosts may be unreachable.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[schemars(rename = "Unreachable")]
#[serde(deny_unknown_fields)]
pub(crate) struct RawUnreachable {
    /// The most: a number or a percentage.
    #[schemars(with = "NumberOrText")]
    pub(crate) max: Spanned<Value>,
}

/// What undoes a step: another one, or a task.
#[derive(Debug)]
pub(crate) enum RawUndo {
    Step(String),
    Link(Box<RawLink>),
}

impl<'de> Deserialize<'de> for RawUndo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawUndoVisitor)
    }
}

struct RawUndoVisitor;

impl<'de> Visitor<'de> for RawUndoVisitor {
    type Value = RawUndo;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a step or a task such as `{task: service.restart}`")
    }

    fn visit_str<E>(self, id: &str) -> Result<RawUndo, E> {
        Ok(RawUndo::Step(id.to_owned()))
    }

    fn visit_u64<E>(self, id: u64) -> Result<RawUndo, E> {
        Ok(RawUndo::Step(id.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawUndo, A::Error> {
        RawLink::deserialize(MapAccessDeserializer::new(map)).map(|link| RawUndo::Link(Box::new(link)))
    }
}

/// What `after` and `makes` look like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// What `sudo`, `doas`, `su` and `when` look like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum TextOrFlag {
    Flag(bool),
    Text(String),
}

/// What a number of hosts or a percentage looks like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum NumberOrText {
    Number(u32),
    Text(String),
}

/// What `lock` looks like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum WordOrFolder {
    Word(String),
    Folder { hosts: String },
}

/// What `on` looks like to an editor.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Local {
    Local,
}

/// What `order` looks like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OrderWord {
    Word(String),
    By { by: String },
}

/// What an item of `rollback` looks like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum IdOrLink {
    Id(String),
    Link(Box<RawLink>),
}

/// What a value of `env` looks like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum TextOrNumber {
    Flag(bool),
    Number(f64),
    Text(String),
}

/// Reads what must be there if its word is.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
