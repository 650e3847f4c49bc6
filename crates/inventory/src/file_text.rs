use std::borrow::Cow;
use std::fmt;

use runsheet_yaml::{Entries, Spanned};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::node::Node;

/// A file of host groups as it stands; `others` are top-level keys that only an Ansible inventory has.
#[derive(Debug, Default, JsonSchema)]
#[schemars(title = "runsheet host groups", deny_unknown_fields)]
pub(crate) struct FileText {
    /// Connection settings and variables for every host of this file.
    #[schemars(default, with = "Option<Settings>")]
    pub(crate) defaults: Option<Settings>,
    /// The host groups by name.
    #[schemars(default, with = "Option<std::collections::BTreeMap<String, Option<GroupText>>>")]
    pub(crate) groups: Option<Entries<Option<GroupText>>>,
    #[schemars(skip)]
    pub(crate) others: Entries<Spanned<Node>>,
    #[schemars(skip)]
    native: bool,
}

impl FileText {
    /// Whether it has `groups` or `defaults`.
    pub(crate) fn is_native(&self) -> bool {
        self.native
    }
}

/// Connection settings and variables of every host of a file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Login name.
    #[schemars(with = "Option<String>")]
    pub(crate) user: Option<Spanned<String>>,
    /// TCP port.
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub(crate) port: Option<Spanned<u16>>,
    /// Private key file; relative to this file's folder, `~` is the home folder.
    #[schemars(with = "Option<String>")]
    pub(crate) identity: Option<Spanned<String>>,
    /// Jump hosts: `user@host:port`, several with `,`, or `none`.
    #[schemars(with = "Option<String>")]
    pub(crate) jump: Option<Spanned<String>>,
    /// Known, and refused as a target.
    #[schemars(with = "Option<bool>")]
    pub(crate) protected: Option<Spanned<bool>>,
    /// Variables, for templates as `host.vars`.
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub(crate) vars: Option<Entries<Spanned<Value>>>,
}

/// A host group.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GroupText {
    /// Hosts and ranges of hosts.
    #[schemars(with = "Option<Vec<HostText>>")]
    pub(crate) hosts: Option<Vec<Spanned<HostText>>>,
    /// Groups whose hosts belong to this one as well.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) groups: Option<Vec<Spanned<String>>>,
    /// Login name.
    #[schemars(with = "Option<String>")]
    pub(crate) user: Option<Spanned<String>>,
    /// TCP port.
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub(crate) port: Option<Spanned<u16>>,
    /// Private key file; relative to this file's folder, `~` is the home folder.
    #[schemars(with = "Option<String>")]
    pub(crate) identity: Option<Spanned<String>>,
    /// Jump hosts: `user@host:port`, several with `,`, or `none`.
    #[schemars(with = "Option<String>")]
    pub(crate) jump: Option<Spanned<String>>,
    /// Known, and refused as a target.
    #[schemars(with = "Option<bool>")]
    pub(crate) protected: Option<Spanned<bool>>,
    /// Variables, for templates as `host.vars`.
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub(crate) vars: Option<Entries<Spanned<Value>>>,
}

/// What a host says about itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HostSettings {
    /// Name or IP address to dial instead of the host's name; a range pairs up with the names of a range.
    #[schemars(with = "Option<String>")]
    pub(crate) address: Option<Spanned<String>>,
    /// Login name.
    #[schemars(with = "Option<String>")]
    pub(crate) user: Option<Spanned<String>>,
    /// TCP port.
    #[schemars(with = "Option<u16>", range(min = 1))]
    pub(crate) port: Option<Spanned<u16>>,
    /// Private key file; relative to this file's folder, `~` is the home folder.
    #[schemars(with = "Option<String>")]
    pub(crate) identity: Option<Spanned<String>>,
    /// Jump hosts: `user@host:port`, several with `,`, or `none`.
    #[schemars(with = "Option<String>")]
    pub(crate) jump: Option<Spanned<String>>,
    /// Known, and refused as a target.
    #[schemars(with = "Option<bool>")]
    pub(crate) protected: Option<Spanned<bool>>,
    /// Variables, for templates as `host.vars`.
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub(crate) vars: Option<Entries<Spanned<Value>>>,
}

/// The settings that a file, a group and a host have in common.
///
/// The three repeat them because serde loses places in flattened fields.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) user: Option<Spanned<String>>,
    pub(crate) port: Option<Spanned<u16>>,
    pub(crate) identity: Option<Spanned<String>>,
    pub(crate) jump: Option<Spanned<String>>,
    pub(crate) protected: Option<Spanned<bool>>,
    pub(crate) vars: Option<Entries<Spanned<Value>>>,
}

impl From<Settings> for Connection {
    fn from(settings: Settings) -> Self {
        let Settings { user, port, identity, jump, protected, vars } = settings;
        Self { user, port, identity, jump, protected, vars }
    }
}

/// An entry of `hosts`: a name or a range, alone or with settings.
#[derive(Debug)]
pub(crate) enum HostText {
    Name(String),
    With(Spanned<String>, Box<HostSettings>),
    /// A map of several keys, or of none: most likely the settings are not indented.
    Keys(usize),
}

/// Returns the JSON Schema of a host groups file, for editors.
pub fn schema() -> Value {
    schemars::schema_for!(FileText).to_value()
}

impl<'de> Deserialize<'de> for FileText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FileVisitor)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = FileText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with `groups`")
    }

    fn visit_unit<E>(self) -> Result<FileText, E> {
        Ok(FileText::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FileText, A::Error> {
        let mut text = FileText::default();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            match key.value.as_str() {
                "defaults" => text.defaults = map.next_value()?,
                "groups" => text.groups = map.next_value()?,
                _ => {
                    text.others.0.push((key, map.next_value()?));
                    continue;
                }
            }
            text.native = true;
        }
        Ok(text)
    }
}

impl<'de> Deserialize<'de> for HostText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HostVisitor)
    }
}

struct HostVisitor;

impl<'de> Visitor<'de> for HostVisitor {
    type Value = HostText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a host (in quotes if it is a number)")
    }

    fn visit_str<E>(self, name: &str) -> Result<HostText, E> {
        Ok(HostText::Name(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HostText, A::Error> {
        let Some((name, settings)) = map.next_entry::<_, Option<HostSettings>>()? else {
            return Ok(HostText::Keys(0));
        };
        let mut count = 1;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(if count == 1 {
            HostText::With(name, Box::new(settings.unwrap_or_default()))
        } else {
            HostText::Keys(count)
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _list: A) -> Result<HostText, A::Error> {
        Err(serde::de::Error::custom(
            "a list stands where a host is expected: a range such as `web[01-20]` stands in a block list or in quotes",
        ))
    }
}

impl JsonSchema for HostText {
    fn schema_name() -> Cow<'static, str> {
        "Host".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let settings = generator.subschema_for::<Option<HostSettings>>();
        json_schema!({
            "description": "A host or a range of hosts, alone or with settings.",
            "anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": settings, "minProperties": 1, "maxProperties": 1},
            ],
        })
    }
}
