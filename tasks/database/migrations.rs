use std::cmp::Ordering;

use runsheet_model::plural;
use runsheet_task::{Arg, ArgKind, Config, Host, LocalFile, LocalFolder, Outcome, TaskSpec};

use crate::early::Early;
use crate::planned_text::planned_text;

/// As long as the column of their names.
const LONGEST_NAME: usize = 190;
/// How many names stand in one message.
const MOST_NAMED: usize = 10;

/// A folder of migrations: files whose names begin with a number, in the order of their numbers, then of the rest of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Migrations {
    files: Vec<(String, LocalFile)>,
}

/// What a database says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) name: String,
    /// SHA-256 of it when it was applied, in hexadecimal.
    pub(crate) sha256: String,
}

/// A file that is to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) name: String,
    pub(crate) sha256: String,
    pub(crate) text: Vec<u8>,
}

/// Adds the arguments of the tasks that apply migrations.
pub(crate) fn migration_args(spec: TaskSpec) -> TaskSpec {
    spec.arg(Arg::required("source", ArgKind::LocalFolder, "The folder with the files on this machine."))
        .arg(
            Arg::optional("table", ArgKind::Text, "The table in which they are recorded.")
                .default("runsheet_migrations"),
        )
        .arg(
            Arg::optional(
                "out_of_order",
                ArgKind::Boolean,
                "Whether a file is applied that comes before one that was applied already.",
            )
            .default(false),
        )
        .arg(Arg::optional("wait", ArgKind::Duration, "How long another run may hold the lock.").default("60s"))
}

/// The argument `table`: a plain name, the same with quotes and without.
pub(crate) fn table(config: &Config) -> Result<&str, Early> {
    let table = config.text("table")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let fits = table.starts_with(|c: char| c.is_ascii_lowercase()) && table.len() < 60 && table.chars().all(plain);
    if !fits {
        let message = format!("`{}` is no name of a table of small letters, digits and `_`", table.escape_default());
        return Err(Early::mistake(message));
    }
    Ok(table)
}

impl Migrations {
    /// Those of a folder; a failure if it has others that look like some.
    pub(crate) fn of(folder: &LocalFolder) -> Result<Self, Early> {
        let wrong = |name: &str, why: &str| Err(Early::mistake(format!("`{name}` {why}")));
        let mut files = Vec::new();
        for (name, file) in &folder.files {
            if !name.to_ascii_lowercase().ends_with(".sql") {
                continue;
            }
            if name.contains('/') {
                return wrong(name, "is in a folder of its own: its place in the order is not clear");
            }
            if !name.starts_with(|c: char| c.is_ascii_digit()) {
                return wrong(name, "does not begin with a number: its place in the order is not clear");
            }
            if name.chars().count() > LONGEST_NAME {
                return wrong(name, "has too long a name");
            }
            files.push((name.clone(), file.clone()));
        }
        if files.is_empty() {
            return Err(Early::mistake(format!("`{}` has no `.sql` files", folder.path.display())));
        }
        files.sort_by(|(one, _), (other, _)| in_order(one, other));
        Ok(Self { files })
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The files that the database has not recorded, in their order, read; a failure if one was changed since it was applied, or comes
    /// before one that was applied already and `out_of_order` does not let it.
    pub(crate) async fn pending(
        &self,
        recorded: &[Recorded],
        out_of_order: bool,
        host: &Host,
    ) -> Result<Vec<Pending>, Early> {
        let (changed, pending) = self.compare(recorded);
        if !changed.is_empty() {
            let message = format!(
                "{} changed after it was applied: {}; nothing was applied",
                plural(changed.len(), "file"),
                named(&changed)
            );
            return Err(Early::failed(message));
        }
        let late = self.late(recorded, &pending);
        if !late.is_empty() {
            let message =
                format!("{} before one that was applied already: {}", plural(late.len(), "file"), named(&late));
            if !out_of_order {
                let advice = "`out_of_order: true` applies them all the same";
                return Err(Early::failed(format!("{message}; nothing was applied, {advice}")));
            }
            host.note(message);
        }
        let gone: Vec<_> = recorded
            .iter()
            .map(|recorded| recorded.name.as_str())
            .filter(|name| !self.files.iter().any(|(file, _)| file == name))
            .collect();
        if !gone.is_empty() {
            host.note(format!("{} applied once, not in the folder: {}", plural(gone.len(), "file"), named(&gone)));
        }
        let mut read = Vec::new();
        for (name, file) in pending {
            match planned_text(file, "a migration").await {
                Ok(text) => read.push(Pending { name: name.clone(), sha256: file.sha256.clone(), text }),
                Err(why) => return Err(Early::failed(format!("`{name}` {why}; nothing was applied"))),
            }
        }
        Ok(read)
    }

    /// The names of those that were changed after they were applied, and those that were not applied.
    fn compare(&self, recorded: &[Recorded]) -> (Vec<&str>, Vec<&(String, LocalFile)>) {
        let (mut changed, mut pending) = (Vec::new(), Vec::new());
        for migration in &self.files {
            let (name, file) = migration;
            match recorded.iter().find(|recorded| recorded.name == *name) {
                None => pending.push(migration),
                Some(recorded) if !recorded.sha256.eq_ignore_ascii_case(&file.sha256) => changed.push(name.as_str()),
                Some(_) => {}
            }
        }
        (changed, pending)
    }

    /// Those that come before the last one that was applied.
    fn late<'a>(&self, recorded: &[Recorded], pending: &[&'a (String, LocalFile)]) -> Vec<&'a str> {
        let applied = |name: &str| recorded.iter().any(|recorded| recorded.name == name);
        let last = self.files.iter().map(|(name, _)| name).rfind(|name| applied(name));
        let is_late = |name: &str| last.is_some_and(|last| in_order(name, last) == Ordering::Less);
        pending.iter().map(|(name, _)| name.as_str()).filter(|name| is_late(name)).collect()
    }
}

/// How it ended once all that was pending is applied, by this run or another.
pub(crate) fn all_applied(database: &str, of: &Migrations, pending: &[Pending], applied: &[&str]) -> Outcome {
    if applied.is_empty() {
        let names: Vec<_> = pending.iter().map(|file| file.name.as_str()).collect();
        return Outcome::unchanged(format!("another run has applied {} to `{database}` meanwhile", named(&names)));
    }
    let (done, all) = (applied.len(), of.len());
    Outcome::changed(format!("{done} of {all} files applied to `{database}`: {}", named(applied)))
}

/// Names for a message.
pub(crate) fn named<T: AsRef<str>>(names: &[T]) -> String {
    let mut shown: Vec<_> = names.iter().take(MOST_NAMED).map(|name| format!("`{}`", name.as_ref())).collect();
    if names.len() > MOST_NAMED {
        shown.push(format!("and {} more", names.len() - MOST_NAMED));
    }
    shown.join(", ")
}

/// By the number at the beginning, of any length, then by the rest.
fn in_order(one: &str, other: &str) -> Ordering {
    let split = |name: &str| {
        let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = name[..digits].trim_start_matches('0').to_owned();
        (number.len(), number, name[digits..].to_owned(), name.to_owned())
    };
    split(one).cmp(&split(other))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn migrations(names: &[&str]) -> Result<Migrations, Early> {
        let file = |name: &&str| {
            let file =
                LocalFile { path: PathBuf::from(name), sha256: format!("hash of {name}"), bytes: 1, executable: false };
            ((*name).to_owned(), file)
        };
        Migrations::of(&LocalFolder { path: PathBuf::from("db"), files: names.iter().map(file).collect() })
    }

    fn recorded(names: &[&str]) -> Vec<Recorded> {
        names.iter().map(|name| Recorded { name: (*name).to_owned(), sha256: format!("hash of {name}") }).collect()
    }

    #[test]
    fn files_are_in_the_order_of_their_numbers() {
        let found =
            migrations(&["10_b.sql", "10_a.sql", "2_x.sql", "0001.sql", "README.md", "99999999999999999999999.sql"]);
        let names: Vec<_> = found.expect("migrations").files.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["0001.sql", "2_x.sql", "10_a.sql", "10_b.sql", "99999999999999999999999.sql"]);
    }

    #[test]
    fn a_file_whose_place_is_not_clear_is_refused() {
        for name in ["a.sql", "sub/1.sql", "_1.SQL"] {
            let wrong = migrations(&["1.sql", name]).expect_err("its place is not clear");
            assert!(matches!(&wrong, Early::Known(outcome) if outcome.message.contains(name)), "{wrong:?}");
        }
        assert!(migrations(&["README.md"]).is_err());
    }

    #[test]
    fn what_was_changed_and_what_comes_too_late_is_found() {
        let found = migrations(&["1.sql", "2.sql", "3.sql", "4.sql"]).expect("migrations");
        let pending = |done: &[Recorded]| {
            let (changed, pending) = found.compare(done);
            let late: Vec<_> = found.late(done, &pending).into_iter().map(str::to_owned).collect();
            let changed: Vec<_> = changed.into_iter().map(str::to_owned).collect();
            (changed, pending.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), late)
        };
        let none = Vec::<String>::new;
        assert_eq!(pending(&[]), (none(), ["1.sql", "2.sql", "3.sql", "4.sql"].map(str::to_owned).to_vec(), none()));
        let (changed, left, late) = pending(&recorded(&["1.sql", "3.sql", "9.sql"]));
        assert_eq!(
            (changed, left, late),
            (none(), vec!["2.sql".to_owned(), "4.sql".to_owned()], vec!["2.sql".to_owned()])
        );
        let other = [Recorded { name: "1.sql".to_owned(), sha256: "another".to_owned() }];
        assert_eq!(pending(&other).0, ["1.sql"]);
    }
}
