use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use runsheet_diagnostics::Place;
use runsheet_model::visible;

use super::SshMistake;
use super::block::{Block, Condition, Criterion, File, Item, Pattern, Setting, Subject};
use super::include;
use super::keywords::HARMLESS;
use super::line::{criteria, keyword};
use super::setting::{one_word, setting, some_words};
use super::tokens::tilde;
use crate::error::InventoryError;

/// How deep files may include each other (`READCONF_MAX_DEPTH` in OpenSSH's `readconf.c`).
const DEEPEST: usize = 16;

/// How many files are read at most: a few that include each other twice would be read for ever.
const MOST_FILES: usize = 1_000;

/// Reads files into blocks and collects what is not honoured.
pub(crate) struct Parser<'a> {
    home: &'a Path,
    files: usize,
    warned: HashSet<String>,
    warnings: Vec<String>,
    /// `IgnoreUnknown`: globs of keywords that are passed over in silence.
    ignored: Vec<Pattern>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(home: &'a Path) -> Self {
        Self { home, files: 0, warned: HashSet::new(), warnings: Vec::new(), ignored: Vec::new() }
    }

    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    /// Reads one file and what it includes.
    pub(crate) fn file(&mut self, path: &Path, depth: usize) -> Result<Arc<File>, InventoryError> {
        let loaded = runsheet_yaml::read_text(path)?;
        self.warnings.extend(loaded.warnings);
        let file = Place::file(path);
        let mut blocks = Vec::new();
        let (mut condition, mut items) = (Condition::Always, Vec::new());
        for (line, number) in loaded.value.lines().zip(1_u32..) {
            let place = file.at(number, 0);
            let Some((keyword, value)) = keyword(line) else {
                continue;
            };
            match self.line(keyword, value, &place, depth)? {
                Some(Line::Block(next)) => {
                    let condition = std::mem::replace(&mut condition, next);
                    blocks.push(Block { condition, items: std::mem::take(&mut items) });
                }
                Some(Line::Item(item)) => items.push(item),
                None => {}
            }
        }
        blocks.push(Block { condition, items });
        Ok(Arc::new(File { blocks }))
    }

    fn line(
        &mut self,
        keyword: &str,
        value: &str,
        place: &Place,
        depth: usize,
    ) -> Result<Option<Line>, InventoryError> {
        let wrong = |mistake| InventoryError::SshConfig { place: place.clone(), mistake };
        let lower = keyword.to_ascii_lowercase();
        match lower.as_str() {
            "host" => {
                let names = some_words(keyword, value).map_err(wrong)?;
                let patterns = names.iter().map(|name| pattern(name)).collect();
                Ok(Some(Line::Block(Condition::Host(patterns))))
            }
            "match" => Ok(Some(Line::Block(Condition::Match(match_line(value).map_err(wrong)?)))),
            "include" => {
                let mut files = Vec::new();
                for name in some_words(keyword, value).map_err(wrong)? {
                    files.extend(self.include(&name, place, depth)?);
                }
                Ok(Some(Line::Item(Item::Include(files))))
            }
            "ignoreunknown" => {
                let list = one_word(keyword, value).map_err(wrong)?;
                self.ignored.extend(list.split(',').map(|name| pattern(&name.to_ascii_lowercase())));
                Ok(None)
            }
            _ => {
                if lower == "stricthostkeychecking" && is_off(value) {
                    self.warn(
                        &lower,
                        &format!("{place}: `{keyword} {value}` is read as `yes`: host keys are always checked"),
                    );
                }
                let setting = setting(&lower, keyword, value).map_err(wrong)?;
                if matches!(setting, None | Some(Setting::ProxyCommand)) && !self.passes_over(&lower) {
                    self.warn(&lower, &format!("{place}: `{keyword}` is not supported yet"));
                }
                Ok(setting.map(|setting| Line::Item(Item::Set(place.clone(), setting))))
            }
        }
    }

    fn include(&mut self, name: &str, place: &Place, depth: usize) -> Result<Vec<Arc<File>>, InventoryError> {
        let wrong = |mistake| InventoryError::SshConfig { place: place.clone(), mistake };
        if depth >= DEEPEST {
            return Err(wrong(SshMistake::TooDeep { limit: DEEPEST }));
        }
        let path = tilde(name, self.home).map_err(wrong)?;
        let folder =
            if place.file.starts_with("/etc/ssh") { PathBuf::from("/etc/ssh") } else { self.home.join(".ssh") };
        let path = folder.join(path);
        let unreadable = |error: std::io::Error| {
            wrong(SshMistake::Unreadable { path: path.display().to_string(), reason: error.to_string() })
        };
        let mut files = Vec::new();
        for file in include::files(&path).map_err(unreadable)? {
            self.files += 1;
            if self.files > MOST_FILES {
                return Err(wrong(SshMistake::TooManyFiles { limit: MOST_FILES }));
            }
            files.push(self.file(&file, depth + 1)?);
        }
        Ok(files)
    }

    fn passes_over(&self, lower: &str) -> bool {
        HARMLESS.contains(&lower) || super::block::any_matches(&self.ignored, lower)
    }

    fn warn(&mut self, lower: &str, warning: &str) {
        if self.warned.insert(lower.to_owned()) {
            self.warnings.push(visible(warning.as_bytes()));
        }
    }
}

/// What a line is.
enum Line {
    Block(Condition),
    Item(Item),
}

fn match_line(value: &str) -> Result<Vec<Criterion>, SshMistake> {
    let mut parts = criteria(value)?.into_iter();
    let mut found = Vec::new();
    while let Some(part) = parts.next() {
        let (negated, name) = part.strip_prefix('!').map_or((false, part.as_str()), |name| (true, name));
        let subject = match name.to_ascii_lowercase().as_str() {
            "all" => Subject::All,
            "host" => Subject::Host,
            "originalhost" => Subject::OriginalHost,
            "user" => Subject::User,
            "localuser" => Subject::LocalUser,
            _ => {
                return Err(SshMistake::Criterion { criterion: name.to_owned() });
            }
        };
        let patterns = if subject == Subject::All {
            Vec::new()
        } else {
            let keyword = || SshMistake::NoValue { keyword: format!("Match {name}") };
            let list = parts.next().filter(|list| !list.is_empty()).ok_or_else(keyword)?;
            // Host names are compared in lower case, user names as they are.
            let lower = matches!(subject, Subject::Host | Subject::OriginalHost);
            list.split(',')
                .map(|text| if lower { pattern(&text.to_ascii_lowercase()) } else { pattern(text) })
                .collect()
        };
        found.push(Criterion { negated, subject, patterns });
    }
    match found.as_slice() {
        [] => Err(SshMistake::NoValue { keyword: "Match".to_owned() }),
        [_, _, ..] if found.iter().any(|criterion| criterion.subject == Subject::All) => Err(SshMistake::AllCombined),
        _ => Ok(found),
    }
}

fn pattern(text: &str) -> Pattern {
    let (negated, glob) = text.strip_prefix('!').map_or((false, text), |glob| (true, glob));
    Pattern { negated, glob: glob.to_owned() }
}

fn is_off(value: &str) -> bool {
    ["no", "off", "false"].iter().any(|off| value.eq_ignore_ascii_case(off))
}
