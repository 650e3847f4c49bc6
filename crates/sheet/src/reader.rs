use std::collections::BTreeMap;
use std::time::Duration;

use runsheet_diagnostics::{Place, Placed};
use runsheet_model::{Switch, Vars, parse_duration, valid_user};
use runsheet_yaml::{Entries, Mark, Spanned};
use serde_json::Value;

use crate::{AsUser, SheetError};

/// Reads single values, and points at what is wrong with them.
pub(crate) struct Reader<'a> {
    /// The whole text.
    pub(crate) text: &'a str,
    /// The file.
    pub(crate) place: Place,
}

impl Reader<'_> {
    pub(crate) fn at<T>(&self, spanned: &Spanned<T>) -> Place {
        let mark = Mark::of(spanned);
        self.place.at(mark.line, mark.column)
    }

    pub(crate) fn placed<T>(&self, spanned: Spanned<T>) -> Placed<T> {
        Placed { place: self.at(&spanned), value: spanned.value }
    }

    /// A text that must not be empty, nor hold what no command can be given.
    pub(crate) fn text(&self, word: &'static str, text: Spanned<String>) -> Result<Placed<String>, SheetError> {
        let text = self.placed(text);
        if text.value.trim().is_empty() {
            return Err(SheetError::Empty { word, place: text.place });
        }
        without_nul(word, text)
    }

    pub(crate) fn duration(&self, text: &Spanned<String>) -> Result<Duration, SheetError> {
        let wrong = |_| SheetError::Duration { text: text.value.clone(), place: self.at(text) };
        parse_duration(&text.value).map_err(wrong)
    }

    pub(crate) fn timeout(&self, text: Option<Spanned<String>>) -> Result<Option<Duration>, SheetError> {
        let Some(text) = text else { return Ok(None) };
        let timeout = self.duration(&text)?;
        if timeout.is_zero() {
            return Err(SheetError::Zero { word: "timeout", place: self.at(&text) });
        }
        Ok(Some(timeout))
    }

    /// As whom commands run: one of `sudo`, `doas` and `su` says so, or none.
    pub(crate) fn as_user(&self, words: [(Switch, Option<Spanned<Value>>); 3]) -> Result<Option<AsUser>, SheetError> {
        let mut said = words.into_iter().filter_map(|(by, raw)| Some((by, raw?)));
        let Some((by, raw)) = said.next() else { return Ok(None) };
        if let Some((other, raw)) = said.next() {
            return Err(SheetError::Clash { word: other.name(), with: by.name(), place: self.at(&raw) });
        }
        let place = self.at(&raw);
        match raw.value {
            Value::Bool(true) => Ok(Some(AsUser::User { user: "root".to_owned(), by })),
            Value::Bool(false) => Ok(Some(AsUser::Login)),
            Value::String(user) => match valid_user(&user) {
                Ok(()) => Ok(Some(AsUser::User { user, by })),
                Err(source) => Err(SheetError::Name { what: "this user's name", place, source }),
            },
            _ => Err(SheetError::AsUser { word: by.name(), place }),
        }
    }

    pub(crate) fn env(
        &self,
        raw: Option<Entries<Spanned<String>>>,
    ) -> Result<BTreeMap<String, Placed<String>>, SheetError> {
        let mut env = BTreeMap::new();
        for (name, value) in raw.unwrap_or_default() {
            let name = self.identifier("an environment variable", name)?;
            let value = without_nul(&name, self.placed(value))?;
            env.insert(name, value);
        }
        Ok(env)
    }

    pub(crate) fn vars(&self, raw: Option<Entries<Spanned<Value>>>) -> Result<Vars, SheetError> {
        let mut vars = Vars::new();
        for (name, value) in raw.unwrap_or_default() {
            let value = self.same_number(value)?.value;
            vars.insert(self.identifier("a variable", name)?, value);
        }
        Ok(vars)
    }

    pub(crate) fn identifier(&self, what: &'static str, name: Spanned<String>) -> Result<String, SheetError> {
        let mut characters = name.value.chars();
        let first = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if first && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Ok(name.value);
        }
        Err(SheetError::Identifier { what, place: self.at(&name), name: name.value })
    }

    /// Refuses a number that does not read as it was written: `release: 1.10` would deploy release 1.1.
    pub(crate) fn same_number(&self, value: Spanned<Value>) -> Result<Spanned<Value>, SheetError> {
        let Value::Number(number) = &value.value else {
            return Ok(value);
        };
        let span = value.defined.span();
        let range = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
            let start = usize::try_from(start).ok()?;
            self.text.get(start..start.checked_add(usize::try_from(length).ok()?)?)
        });
        let number = number.to_string();
        match range {
            Some(written) if number.contains('.') && written != number => {
                Err(SheetError::Number { text: written.to_owned(), number, place: self.at(&value) })
            }
            _ => Ok(value),
        }
    }
}

fn without_nul(word: &str, text: Placed<String>) -> Result<Placed<String>, SheetError> {
    if text.value.contains('\0') {
        return Err(SheetError::Nul { word: word.to_owned(), place: text.place });
    }
    Ok(text)
}
