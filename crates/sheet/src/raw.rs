//! The sheet as it stands in the file, before anything is checked.
//!
//! A word with nothing behind it (`after:`) is a mistake, except for those that people leave open in a form: `owner`,
//! `expect` and `notes`.

use std::fmt;

use runsheet_yaml::{Entries, Spanned};
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::Value;

/// Words of steps and links that a later version will know. They are refused, never ignored.
pub(crate) const LATER: &[&str] = &[
    "waves",
    "window",
    "batch",
    "pause",
    "floor",
    "order",
    "once",
    "max_fail",
    "unreachable",
    "of",
    "on_failure",
    "rollback",
    "retries",
    "straggler",
    "always",
    "delegate",
    "on",
    "makes",
    "receipt",
    "reboots",
    "even_if_lost",
];

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
    /// The id or ids of the steps that must be over; by default the row above; `[]` starts at once.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<OneOrMore>")]
    pub(crate) after: Option<Spanned<Ids>>,
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
    /// `true` for root, or a user's name.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) sudo: Option<Spanned<Value>>,
    /// Environment variables of its commands.
    #[serde(default)]
    #[schemars(with = "Option<std::collections::BTreeMap<String, TextOrNumber>>")]
    pub(crate) env: Option<Entries<Spanned<String>>>,
    /// The folder on the host in which its commands run.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    pub(crate) dir: Option<Spanned<String>>,
    /// Whether it may be repeated without harm, where that is not what the task itself says.
    #[serde(default, deserialize_with = "present")]
    pub(crate) idempotent: Option<bool>,
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
    /// `true` for root, `false`, or a user's name; by default the step's.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<TextOrFlag>")]
    pub(crate) sudo: Option<Spanned<Value>>,
    /// Whether it may be repeated without harm; by default the step's.
    #[serde(default, deserialize_with = "present")]
    pub(crate) idempotent: Option<bool>,
}

/// One id, or a list of them.
#[derive(Debug)]
pub(crate) enum Ids {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdsVisitor)
    }
}

struct IdsVisitor;

impl<'de> Visitor<'de> for IdsVisitor {
    type Value = Ids;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a step or a list of ids")
    }

    fn visit_str<E>(self, id: &str) -> Result<Ids, E> {
        Ok(Ids::One(id.to_owned()))
    }

    fn visit_u64<E>(self, id: u64) -> Result<Ids, E> {
        Ok(Ids::One(id.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ids, A::Error> {
        let mut ids = Vec::new();
        while let Some(id) = list.next_element()? {
            ids.push(id);
        }
        Ok(Ids::Many(ids))
    }
}

/// What `after` looks like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// What `sudo` and `when` look like to an editor.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum TextOrFlag {
    Flag(bool),
    Text(String),
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
