use runsheet_model::HostLocks;
use runsheet_yaml::Spanned;
use serde_json::Value;

use crate::SheetError;
use crate::reader::Reader;

impl Reader<'_> {
    /// `hosts`, or `{hosts: FOLDER}`.
    pub(crate) fn lock(&self, raw: Spanned<Value>) -> Result<HostLocks, SheetError> {
        let place = self.at(&raw);
        match raw.value {
            Value::String(word) if word == "hosts" => Ok(HostLocks::default()),
            Value::Object(mut words) if words.len() == 1 => match words.remove("hosts") {
                Some(Value::String(folder)) if !folder.is_empty() && !folder.contains('\0') => {
                    let folder = folder.strip_prefix("~/").unwrap_or(&folder).to_owned();
                    Ok(HostLocks { folder: Some(folder) })
                }
                _ => Err(SheetError::Lock { place }),
            },
            _ => Err(SheetError::Lock { place }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Sheet;

    fn lock(text: &str) -> Result<Option<HostLocks>, SheetError> {
        let text = format!("lock: {text}\nsteps: [{{name: A, task: command, hosts: web}}]\n");
        Sheet::parse(&text, Path::new("x.yaml")).map(|sheet| sheet.lock)
    }

    #[test]
    fn a_sheet_says_where_its_hosts_are_locked() {
        assert_eq!(lock("hosts").expect("a lock"), Some(HostLocks::default()));
        let folder = |folder: &str| Some(HostLocks { folder: Some(folder.to_owned()) });
        assert_eq!(lock("{hosts: /srv/locks}").expect("a lock"), folder("/srv/locks"));
        assert_eq!(lock("{hosts: ~/locks}").expect("a lock"), folder("locks"));
        for bad in ["host", "true", "[hosts]", "{hosts: ''}", "{host: x}", "{hosts: 1}"] {
            let error = lock(bad).expect_err(bad).to_string();
            assert_eq!(error, "x.yaml:1:7: this is no way to lock", "{bad}");
        }
    }
}
