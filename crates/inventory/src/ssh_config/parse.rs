use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use runsheet_diagnostics::Place;
use runsheet_model::visible;

use super::SshMistake;
use super::block::{Block, Condition, File, Item, Pattern};
use super::include;
use super::keywords::doubt;
use super::line::keyword;
use super::match_line::{asks_for_second_time, match_line};
use super::setting::{one_word, setting, some_words};
use super::tokens::tilde;
use crate::error::InventoryError;

/// How deep files may include each other (`READCONF_MAX_DEPTH` in OpenSSH's `readconf.c`).
const DEEPEST: usize = 16;

/// How many files are included at most: a few that include each other twice would be read for ever.
const MOST_FILES: usize = 1_000;

/// The folder of the machine's own files.
const OF_MACHINE: &str = "/etc/ssh";

/// Reads files into blocks, each file once, and collects what is not honoured.
pub(crate) struct Parser<'a> {
    home: &'a Path,
    /// What was read, by path and whether it is the user's.
    read: HashMap<(PathBuf, bool), Arc<File>>,
    included: usize,
    second_time: bool,
    warned: HashSet<String>,
    warnings: Vec<String>,
    /// `IgnoreUnknown`: globs of keywords that are passed over in silence.
    ignored: Vec<Pattern>,
}

/// Where a file is included.
#[derive(Clone, Copy)]
struct Depth {
    levels: usize,
    /// Whether it is the user's own, and not the machine's.
    own: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(home: &'a Path) -> Self {
        Self {
            home,
            read: HashMap::new(),
            included: 0,
            second_time: false,
            warned: HashSet::new(),
            warnings: Vec::new(),
            ignored: Vec::new(),
        }
    }

    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    /// Whether a `Match final` was read.
    pub(crate) fn second_time(&self) -> bool {
        self.second_time
    }

    /// Reads a file of the user and what it includes.
    pub(crate) fn of_user(&mut self, path: &Path) -> Result<Arc<File>, InventoryError> {
        self.file(path, Depth { levels: 0, own: true })
    }

    /// Reads a file of the machine and what it includes.
    pub(crate) fn of_machine(&mut self, path: &Path) -> Result<Arc<File>, InventoryError> {
        self.file(path, Depth { levels: 0, own: false })
    }

    fn file(&mut self, path: &Path, depth: Depth) -> Result<Arc<File>, InventoryError> {
        let key = (path.to_owned(), depth.own);
        if let Some(file) = self.read.get(&key) {
            self.included += file.includes;
            return Ok(Arc::clone(file));
        }
        let before = self.included;
        let loaded = runsheet_yaml::read_bytes(path)?;
        self.warnings.extend(loaded.warnings);
        let place = Place::file(path);
        let mut blocks = Vec::new();
        let mut block = Block { condition: Condition::Always, place: place.clone(), items: Vec::new() };
        for (line, number) in loaded.value.split(|&byte| byte == b'\n').zip(1_u32..) {
            let place = place.at(number, 0);
            let wrong = |mistake| InventoryError::SshConfig { place: place.clone(), mistake };
            let line = text(line).map_err(wrong)?;
            let Some((keyword, value)) = keyword(line).map_err(wrong)? else {
                continue;
            };
            match self.line(&keyword, value, &place, depth)? {
                Some(Line::Block(condition)) => {
                    let next = Block { condition, place, items: Vec::new() };
                    blocks.push(std::mem::replace(&mut block, next));
                }
                Some(Line::Item(item)) => block.items.push(item),
                None => {}
            }
        }
        blocks.push(block);
        let file = Arc::new(File { blocks, includes: self.included - before });
        self.read.insert(key, Arc::clone(&file));
        Ok(file)
    }

    fn line(
        &mut self,
        keyword: &str,
        value: &str,
        place: &Place,
        depth: Depth,
    ) -> Result<Option<Line>, InventoryError> {
        let wrong = |mistake| InventoryError::SshConfig { place: place.clone(), mistake };
        if value.is_empty() {
            return Err(wrong(SshMistake::NoValue { keyword: keyword.to_owned() }));
        }
        let lower = keyword.to_ascii_lowercase();
        match lower.as_str() {
            "host" => {
                let names = some_words(keyword, value).map_err(wrong)?;
                let patterns = names.iter().map(|name| Pattern::new(name)).collect();
                Ok(Some(Line::Block(Condition::Host(patterns))))
            }
            "match" => {
                self.second_time |= asks_for_second_time(value);
                Ok(Some(Line::Block(Condition::Match(match_line(value).map_err(wrong)?))))
            }
            "include" => {
                let mut files = Vec::new();
                for name in some_words(keyword, value).map_err(wrong)? {
                    files.extend(self.include(&name, place, depth)?);
                }
                Ok(Some(Line::Item(Item::Include(files))))
            }
            "ignoreunknown" => {
                let list = one_word(keyword, value).map_err(wrong)?;
                self.ignored.extend(list.split(',').map(|name| Pattern::new(&name.to_ascii_lowercase())));
                Ok(None)
            }
            _ => {
                let setting = setting(&lower, keyword, value).map_err(wrong)?;
                let said = doubt(&lower, keyword, value, setting.as_ref());
                if let Some(said) = said
                    && (setting.is_some() || !super::block::any_matches(&self.ignored, &lower))
                {
                    self.warn(&lower, &format!("{place}: {said}"));
                }
                Ok(setting.map(|setting| Line::Item(Item::Set(place.clone(), setting))))
            }
        }
    }

    fn include(&mut self, name: &str, place: &Place, depth: Depth) -> Result<Vec<Arc<File>>, InventoryError> {
        let wrong = |mistake| InventoryError::SshConfig { place: place.clone(), mistake };
        if depth.levels >= DEEPEST {
            return Err(wrong(SshMistake::TooDeep { limit: DEEPEST }));
        }
        let path = if depth.own {
            self.home.join(".ssh").join(tilde(name, self.home).map_err(wrong)?)
        } else if name.starts_with('~') {
            return Err(wrong(SshMistake::OtherHome { path: name.to_owned() }));
        } else {
            Path::new(OF_MACHINE).join(name)
        };
        let unreadable = |error: std::io::Error| {
            wrong(SshMistake::Unreadable { path: path.display().to_string(), reason: error.to_string() })
        };
        let mut files = Vec::new();
        for file in include::files(&path).map_err(unreadable)? {
            self.included += 1;
            files.push(self.file(&file, Depth { levels: depth.levels + 1, ..depth })?);
            if self.included > MOST_FILES {
                return Err(wrong(SshMistake::TooManyFiles { limit: MOST_FILES }));
            }
        }
        Ok(files)
    }

    fn warn(&mut self, lower: &str, warning: &str) {
        if self.warned.insert(lower.to_owned()) {
            self.warnings.push(visible(warning.as_bytes()));
        }
    }
}

/// Reads a line as text. In a comment anything may stand, such as the older encodings of older years.
fn text(line: &[u8]) -> Result<&str, SshMistake> {
    match std::str::from_utf8(line) {
        Ok(line) => Ok(line),
        Err(_) if line.trim_ascii_start().starts_with(b"#") => Ok(""),
        Err(_) => Err(SshMistake::NoText),
    }
}

/// What a line is.
enum Line {
    Block(Condition),
    Item(Item),
}
