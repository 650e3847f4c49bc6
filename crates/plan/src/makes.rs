use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

use runsheet_diagnostics::Placed;
use runsheet_model::StepId;
use runsheet_sheet::Step;
use runsheet_task::{FileToMake, LocalFile, LocalFiles, LocalFolder, SeenFile};

use crate::{MadeWhen, PlanError, PlanFile};

/// The files that steps of a sheet make while it runs, and who may send them.
#[derive(Default)]
pub(crate) struct Makes {
    /// By where they lie.
    files: BTreeMap<PathBuf, Made>,
    /// For each step that makes some, those that start after it has ended.
    later: BTreeMap<usize, BTreeSet<usize>>,
}

struct Made {
    step: usize,
    file: FileToMake,
}

impl Makes {
    /// Adds the files that a step makes, as they are called after rendering.
    pub(crate) fn add(
        &mut self,
        index: usize,
        step: &Step,
        names: &[Placed<String>],
        files: &dyn LocalFiles,
        after: &[Vec<usize>],
    ) -> Result<(), PlanError> {
        for name in names {
            let path = files.place(&name.value);
            let file = FileToMake { name: name.value.clone(), path: path.clone(), step: step.id.clone() };
            if let Some(other) = self.files.insert(plain(&path), Made { step: index, file }) {
                let (place, path) = (name.place.clone(), name.value.clone());
                return Err(PlanError::MadeTwice { place, path, step: other.file.step });
            }
        }
        if !names.is_empty() {
            self.later.insert(index, later(index, after));
        }
        Ok(())
    }

    /// The files that a step makes, in the order of their names.
    pub(crate) fn of(&self, step: usize) -> Vec<PlanFile> {
        let files = self.files.values().filter(|made| made.step == step);
        let mut files: Vec<_> =
            files.map(|made| PlanFile { name: made.file.name.clone(), path: made.file.path.clone() }).collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        files
    }

    /// Tells when a file is made, seen from a step that sends it; nothing if that is in time.
    pub(crate) fn too_late(&self, file: &FileToMake, user: usize, after: &[Vec<usize>]) -> Option<MadeWhen> {
        let maker = self.files.get(&plain(&file.path))?.step;
        if self.later.get(&maker).is_some_and(|later| later.contains(&user)) {
            None
        } else if maker == user {
            Some(MadeWhen::Meanwhile)
        } else if later(user, after).contains(&maker) {
            Some(MadeWhen::Afterwards)
        } else {
            Some(MadeWhen::Sometime)
        }
    }

    /// The step that makes a file, or one in a folder, that is read while planning.
    pub(crate) fn maker_of(&self, path: &Path) -> Option<&StepId> {
        let path = plain(path);
        let mut within = self.files.range(path.clone()..).take_while(|(file, _)| file.starts_with(&path));
        within.next().map(|(_, made)| &made.file.step)
    }
}

/// The files of this machine, of which some are yet to be made.
pub(crate) struct SheetFiles<'a> {
    pub(crate) files: &'a dyn LocalFiles,
    pub(crate) makes: &'a Makes,
}

impl LocalFiles for SheetFiles<'_> {
    fn place(&self, path: &str) -> PathBuf {
        self.files.place(path)
    }

    fn to_be_made(&self, path: &str) -> Option<FileToMake> {
        self.makes.files.get(&plain(&self.place(path))).map(|made| made.file.clone())
    }

    fn look_up(&self, path: &str) -> io::Result<LocalFile> {
        self.files.look_up(path)
    }

    fn see(&self, path: &str) -> io::Result<Option<SeenFile>> {
        self.files.see(path)
    }

    fn read_text(&self, path: &str) -> io::Result<String> {
        self.read_now(path)?;
        self.files.read_text(path)
    }

    fn look_up_folder(&self, path: &str) -> io::Result<LocalFolder> {
        self.read_now(path)?;
        self.files.look_up_folder(path)
    }
}

impl SheetFiles<'_> {
    /// Refuses what is read while planning and made later: it would be read as it is from another time.
    fn read_now(&self, path: &str) -> io::Result<()> {
        match self.makes.maker_of(&self.place(path)) {
            Some(step) => Err(io::Error::other(format!(
                "step `{step}` makes it, or some of it, while the sheet runs; templates and folders are read before"
            ))),
            None => Ok(()),
        }
    }
}

/// The steps that start only after this one has ended.
fn later(step: usize, after: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut later = BTreeSet::new();
    let mut new = vec![step];
    while let Some(before) = new.pop() {
        let followers = (0..after.len()).filter(|&follower| after[follower].contains(&before));
        new.extend(followers.filter(|&follower| later.insert(follower)));
    }
    later
}

/// A path without `.` and `..`, so that a file has one, however it is written.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_path_however_it_is_written() {
        for (written, one) in
            [("/a/./b", "/a/b"), ("/a/c/../b", "/a/b"), ("./a//b", "a/b"), ("../a", "../a"), ("/../a", "/../a")]
        {
            assert_eq!(plain(Path::new(written)), Path::new(one), "{written}");
        }
    }
}
