use std::borrow::Cow;
use std::path::{Path, PathBuf};

use runsheet_diagnostics::{Place, Placed, nearest};
use runsheet_model::valid_user;
use runsheet_yaml::{Entries, Mark, Spanned};
use serde_json::Value;

use crate::builder::{Builder, HostEntry, mistake};
use crate::error::InventoryError;
use crate::file_mistake::FileMistake;
use crate::file_text::{Connection, FileText, HostText};
use crate::jump::Jumps;
use crate::range::Dialect;
use crate::settings::{Layer, placed};

/// Adds a file of host groups to the inventory.
pub(crate) fn add(text: FileText, file: &Path, builder: &mut Builder) -> Result<(), InventoryError> {
    let reader = Reader { file: Place::file(file), folder: file.parent().unwrap_or(Path::new("")) };
    if let Some((key, _)) = text.others.0.first() {
        let nearest = nearest(&key.value, ["groups", "defaults"]).map(str::to_owned);
        return Err(mistake(&reader.place(key), FileMistake::UnknownKey { key: key.value.clone(), nearest }));
    }
    let defaults = text.defaults.unwrap_or_default();
    let file_id = builder.file(reader.layer(defaults.into())?);
    for (name, group) in text.groups.unwrap_or_default() {
        let group = group.unwrap_or_default();
        let place = reader.place(&name);
        let (hosts, groups) = (group.hosts.unwrap_or_default(), group.groups.unwrap_or_default());
        let layer = reader.layer(Connection {
            user: group.user,
            port: group.port,
            identity: group.identity,
            jump: group.jump,
            protected: group.protected,
            vars: group.vars,
        })?;
        let id = builder.group(&name.value, &place, Some(layer))?;
        for host in hosts {
            let entry = reader.host(host)?;
            builder.list(file_id, id, entry)?;
        }
        for child in groups {
            let place = reader.place(&child);
            builder.hold(id, placed(child.value, &place));
        }
    }
    Ok(())
}

struct Reader<'a> {
    file: Place,
    folder: &'a Path,
}

impl Reader<'_> {
    fn place<T>(&self, value: &Spanned<T>) -> Place {
        let mark = Mark::of(value);
        self.file.at(mark.line, mark.column)
    }

    fn placed<T>(&self, value: Spanned<T>) -> Placed<T> {
        let place = self.place(&value);
        Placed { value: value.value, place }
    }

    fn host(&self, host: Spanned<HostText>) -> Result<HostEntry, InventoryError> {
        let place = self.place(&host);
        let (name, settings) = match host.value {
            HostText::Name(name) => {
                let name = placed(name, &place);
                return Ok(HostEntry { name, address: None, layer: None, dialect: Dialect::Ours });
            }
            HostText::With(name, settings) => (self.placed(name), settings),
            HostText::Keys(count) => return Err(mistake(&place, FileMistake::OneName { count })),
        };
        let address = settings.address.map(|address| self.placed(address));
        let layer = self.layer(Connection {
            user: settings.user,
            port: settings.port,
            identity: settings.identity,
            jump: settings.jump,
            protected: settings.protected,
            vars: settings.vars,
        })?;
        Ok(HostEntry { name, address, layer: Some(layer), dialect: Dialect::Ours })
    }

    /// Checks settings, so that nobody has to check them again.
    fn layer(&self, text: Connection) -> Result<Layer, InventoryError> {
        let user = text.user.map(|user| self.placed(user));
        if let Some(user) = &user {
            valid_user(&user.value).map_err(|error| mistake(&user.place, error.into()))?;
        }
        let port = text.port.map(|port| self.placed(port));
        if let Some(port) = port.as_ref().filter(|port| port.value == 0) {
            return Err(mistake(&port.place, FileMistake::Port { text: "0".to_owned() }));
        }
        let jump = text.jump.map(|jump| {
            let jump = self.placed(jump);
            let jumps = Jumps::parse(&jump.value).map_err(|error| mistake(&jump.place, error.into()))?;
            Ok::<_, InventoryError>(placed(jumps, &jump.place))
        });
        let identity = text.identity.map(|identity| {
            let identity = self.placed(identity);
            if identity.value.is_empty() {
                return Err(mistake(&identity.place, FileMistake::Empty { setting: "identity" }));
            }
            Ok(placed(self.path(&identity.value), &identity.place))
        });
        Ok(Layer {
            user,
            port,
            identity: identity.transpose()?,
            jump: jump.transpose()?,
            protected: text.protected.map(|protected| self.placed(protected)),
            vars: self.vars(text.vars.unwrap_or_default()),
            unhonoured: None,
        })
    }

    fn vars(&self, vars: Entries<Spanned<Value>>) -> std::collections::BTreeMap<String, Placed<Value>> {
        vars.into_iter()
            .map(|(name, value)| {
                let place = self.place(&name);
                (name.value, placed(value.value, &place))
            })
            .collect()
    }

    /// A key file: `~/…` waits until the home folder is known, anything else that is relative is so to this file's folder.
    fn path(&self, text: &str) -> PathBuf {
        let relative = !text.starts_with('~') && !Path::new(text).is_absolute();
        let path = if relative { Cow::Owned(self.folder.join(text)) } else { Cow::Borrowed(Path::new(text)) };
        path.into_owned()
    }
}
