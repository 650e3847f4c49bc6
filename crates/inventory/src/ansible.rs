use std::path::{Path, PathBuf};

use runsheet_diagnostics::{Place, nearest};
use runsheet_model::{valid_host, valid_user};
use runsheet_yaml::{Entries, Mark, Spanned};

use crate::builder::{Builder, HostEntry, mistake};
use crate::error::InventoryError;
use crate::file_mistake::FileMistake;
use crate::file_text::FileText;
use crate::jump::parse_port;
use crate::node::Node;
use crate::range::Dialect;
use crate::settings::{Layer, placed};

/// Adds an Ansible YAML inventory to the inventory.
///
/// `ansible_host`, `ansible_port`, `ansible_user` and `ansible_ssh_private_key_file` are honoured, also under their older
/// names. What else changes how a host is reached (`ansible_connection` other than SSH, SSH arguments) is kept: asking for an
/// endpoint of such a host is an error unless somebody names its jump hosts, because the connection would end elsewhere. Passwords and
/// `become` settings are left out with a warning. All other variables are kept as variables.
pub(crate) fn add(text: FileText, file: &Path, builder: &mut Builder) -> Result<(), InventoryError> {
    let file_id = builder.file(Layer::default());
    let mut reader = Reader { file: Place::file(file), file_id, builder, open: Vec::new() };
    let has_all = text.others.0.iter().any(|(name, _)| name.value == "all");
    for (name, group) in text.others {
        // Ansible puts every group of the top level into `all`.
        let parent = if has_all && name.value != "all" {
            let place = reader.place(&name);
            Some(reader.builder.group("all", &place, None)?)
        } else {
            None
        };
        reader.open.push((parent, name, group));
    }
    reader.open.reverse();
    // A list of what is still to be read instead of recursion: the nesting is the file's.
    while let Some((parent, name, group)) = reader.open.pop() {
        reader.group(parent, &name, group)?;
    }
    Ok(())
}

struct Reader<'a> {
    file: Place,
    file_id: usize,
    builder: &'a mut Builder,
    open: Vec<(Option<usize>, Spanned<String>, Spanned<Node>)>,
}

impl Reader<'_> {
    fn place<T>(&self, value: &Spanned<T>) -> Place {
        let mark = Mark::of(value);
        self.file.at(mark.line, mark.column)
    }

    fn group(
        &mut self,
        parent: Option<usize>,
        name: &Spanned<String>,
        group: Spanned<Node>,
    ) -> Result<(), InventoryError> {
        let place = self.place(name);
        let id = self.builder.group(&name.value, &place, None)?;
        if let Some(parent) = parent {
            self.builder.hold(parent, placed(name.value.clone(), &place));
        }
        for (key, value) in self.map(&name.value, group)? {
            match key.value.as_str() {
                "hosts" => {
                    for (host, vars) in self.map("hosts", value)? {
                        self.host(id, &host, vars)?;
                    }
                }
                "children" => {
                    let children = self.map("children", value)?;
                    let at = self.open.len();
                    self.open.extend(children.into_iter().map(|(name, group)| (Some(id), name, group)));
                    self.open[at..].reverse();
                }
                "vars" => {
                    let vars = self.map("vars", value)?;
                    let (layer, address) = self.layer(vars)?;
                    if let Some(address) = address {
                        let key = "ansible_host".to_owned();
                        return Err(mistake(&address.place, FileMistake::HostOnly { key }));
                    }
                    self.builder.group(&name.value, &place, Some(layer))?;
                }
                other => {
                    // A file of ours with a slip in `groups` ends up here too.
                    let known = ["hosts", "children", "vars", "groups"];
                    let nearest = nearest(other, known).map(str::to_owned);
                    let key_place = self.place(&key);
                    return Err(mistake(&key_place, FileMistake::UnknownKey { key: other.to_owned(), nearest }));
                }
            }
        }
        Ok(())
    }

    fn host(&mut self, group: usize, name: &Spanned<String>, vars: Spanned<Node>) -> Result<(), InventoryError> {
        let vars = self.map(&name.value, vars)?;
        let plain = vars.0.is_empty();
        let (layer, address) = self.layer(vars)?;
        let entry = HostEntry {
            name: placed(name.value.clone(), &self.place(name)),
            address,
            layer: (!plain).then_some(layer),
            dialect: Dialect::Ansible,
        };
        self.builder.list(self.file_id, group, entry)
    }

    fn map(&self, what: &str, value: Spanned<Node>) -> Result<Entries<Spanned<Node>>, InventoryError> {
        let place = self.place(&value);
        match value.value {
            Node::Map(entries) => Ok(entries),
            Node::Scalar(serde_json::Value::Null) => Ok(Entries::default()),
            _ => Err(mistake(&place, FileMistake::Kind { what: what.to_owned(), expected: "a map" })),
        }
    }

    fn layer(
        &mut self,
        vars: Entries<Spanned<Node>>,
    ) -> Result<(Layer, Option<runsheet_diagnostics::Placed<String>>), InventoryError> {
        let mut layer = Layer::default();
        let mut address = None;
        for (key, value) in vars {
            let place = self.place(&value);
            let text = || {
                let kind = || FileMistake::Kind { what: key.value.clone(), expected: "a text" };
                value.value.as_text().ok_or_else(|| mistake(&place, kind()))
            };
            let bad = |error: FileMistake| mistake(&place, error);
            match key.value.as_str() {
                "ansible_host" | "ansible_ssh_host" => {
                    let text = text()?;
                    valid_host(&text).map_err(|error| bad(error.into()))?;
                    address = Some(placed(text, &place));
                }
                "ansible_user" | "ansible_ssh_user" => {
                    let text = text()?;
                    valid_user(&text).map_err(|error| bad(error.into()))?;
                    layer.user = Some(placed(text, &place));
                }
                "ansible_port" | "ansible_ssh_port" => {
                    let text = text()?;
                    let port = parse_port(&text).ok_or_else(|| bad(FileMistake::Port { text }))?;
                    layer.port = Some(placed(port, &place));
                }
                "ansible_ssh_private_key_file" | "ansible_private_key_file" => {
                    layer.identity = Some(placed(PathBuf::from(text()?), &place));
                }
                "ansible_connection" => {
                    let text = text()?;
                    if !["ssh", "smart", "paramiko", "paramiko_ssh"].contains(&text.as_str()) {
                        layer.unhonoured = Some(placed(format!("`ansible_connection: {text}`"), &place));
                    }
                }
                "ansible_ssh_common_args"
                | "ansible_ssh_extra_args"
                | "ansible_ssh_args"
                | "ansible_ssh_executable" => {
                    if value.value.as_text().is_some_and(|text| !text.trim().is_empty()) {
                        layer.unhonoured = Some(placed(format!("`{}`", key.value), &place));
                    }
                }
                other if is_secret_or_become(other) => {
                    self.builder.warn(&format!("{place}: `{other}` is not honoured and left out"));
                }
                _ => {
                    let place = self.place(&key);
                    layer.vars.insert(key.value, placed(value.value.into_value(), &place));
                }
            }
        }
        Ok((layer, address))
    }
}

/// Variables that must not become variables of ours: a password would stand in plans and templates.
fn is_secret_or_become(name: &str) -> bool {
    let ansible = name.starts_with("ansible_");
    ansible && (name.ends_with("_pass") || name.ends_with("_password") || name.ends_with("_passphrase"))
        || name == "ansible_become"
        || name.starts_with("ansible_become_")
}
