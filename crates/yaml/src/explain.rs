use std::path::Path;

use serde_yaml::budget::BudgetBreach;
use serde_yaml::granit_parser::ErrorKind;
use serde_yaml::{Error, ExternalMessageSource, Location};

use crate::scan::{first_place, quote_hint};
use crate::{Mark, YamlError};

const TOO_DEEP: &str = "lists and maps are nested too deeply";
const TOO_MUCH: &str = "more values than are read from one file";

/// Says in our words, and with a hint, what the library found.
pub(crate) fn explain(error: &Error, text: &str, file: &Path) -> YamlError {
    let error = match error.without_snippet() {
        Error::AliasError { error, .. } => error,
        other => other,
    };
    let location = error.location().unwrap_or(Location::UNKNOWN);
    let seen = Seen { text, mark: Mark::from(location) };
    let at = |message: String| YamlError::at(file, seen.mark, message);
    let found = match error {
        Error::ExternalMessage { source, msg, .. } => match source.as_ref() {
            ExternalMessageSource::Parser(scan) => syntax(scan.kind(), msg, &seen, file),
            _ => at(msg.clone()),
        },
        Error::SerdeUnknownField { field, expected, .. } => {
            at(format!("unknown setting `{field}`")).with_unknown_key(field).with_hint(known(field, expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            at(format!("`{variant}` is not known here")).with_hint(known(variant, expected))
        }
        Error::SerdeMissingField { field, .. } => at(format!("`{field}` is missing")),
        Error::DuplicateMappingKey { key: Some(key), .. } => at(match first_place(text, seen.mark, key) {
            Some(first) => format!("`{key}` stands here again (first in line {})", first.line),
            None => format!("`{key}` stands here again"),
        }),
        Error::DuplicateMappingKey { key: None, .. } => at("a key stands here again".to_owned()),
        Error::Unexpected { expected, .. } => {
            let expected = match *expected {
                "sequence start" => "a list",
                "mapping start" => "a map",
                "string scalar" => "a text",
                other => other,
            };
            at(format!("{expected} is expected here"))
        }
        Error::InvalidScalar { ty, .. } => at(format!("`{}` is not {}", scalar(text, location), number(ty))),
        Error::InvalidBooleanStrict { .. } => at(format!("`{}` is neither `true` nor `false`", scalar(text, location))),
        Error::NullIntoString { .. } => at("a text is expected here, not nothing".to_owned()),
        Error::NonFiniteFloat { value, .. } => {
            at(format!("`{value}` is not a number that can be kept")).with_hint("put it in quotes if a text is meant")
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            at(format!("{expected} is expected here, not {unexpected}"))
        }
        Error::UnknownAnchor { .. } => at("an alias without its anchor".to_owned()).with_hint(quote_hint('*')),
        Error::RecursiveReferencesRequireWeakTypes { .. } => at("an alias inside its own anchor".to_owned()),
        Error::MergeValueNotMapOrSeqOfMaps { .. } => at("only a map can be merged with `<<`".to_owned()),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            at("aliases repeat more than is read from one file".to_owned())
        }
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Depth { .. } => at(TOO_DEEP.to_owned()),
            BudgetBreach::Documents { .. } => at("a second document starts here".to_owned())
                .with_hint("a file holds one document: take out the `---`, or make two files"),
            _ => at(TOO_MUCH.to_owned()),
        },
        Error::Message { msg, .. } => at(msg.clone()),
        Error::Eof { .. } => at("nothing stands here".to_owned()),
        other => {
            // The place comes first with us.
            let message = other.render_with_formatter(&serde_yaml::UserMessageFormatter);
            at(message.split(" at line ").next().unwrap_or_default().to_owned())
        }
    };
    // A template without quotes is read as a map inside a map; the many ways in which that fails have one cure.
    if found.hint().is_none() && seen.bare_template() {
        return found.with_hint("put a value that starts with `{{` in quotes");
    }
    found
}

/// What the text says around an error.
struct Seen<'a> {
    text: &'a str,
    mark: Mark,
}

impl Seen<'_> {
    fn line(&self) -> &str {
        let line = usize::try_from(self.mark.line).unwrap_or_default();
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
    }

    fn character(&self) -> Option<char> {
        let column = usize::try_from(self.mark.column).unwrap_or_default();
        self.line().chars().nth(column.saturating_sub(1))
    }

    /// A tab in the indentation of this line or the next.
    fn tab(&self) -> Option<Mark> {
        (self.mark.line..=self.mark.line.saturating_add(1)).find_map(|line| {
            let text = self.text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
            let at = text.chars().take_while(|&c| c == ' ' || c == '\t').position(|c| c == '\t')?;
            Some(Mark { line, column: u32::try_from(at + 1).unwrap_or(u32::MAX) })
        })
    }

    fn bare_template(&self) -> bool {
        [": {{", "- {{", ", {{", "[{{"].iter().any(|start| self.line().contains(start))
    }

    /// Whether a name with a range in brackets, such as `web[01-20]`, stands in this line.
    fn range(&self) -> bool {
        self.line().split('[').zip(self.line().split('[').skip(1)).any(|(before, inside)| {
            before.ends_with(|c: char| c.is_alphanumeric() || "-_.".contains(c))
                && inside.starts_with(|c: char| c.is_ascii_digit())
        })
    }
}

fn syntax(kind: &ErrorKind, message: &str, seen: &Seen<'_>, file: &Path) -> YamlError {
    let at = |message: &str| YamlError::at(file, seen.mark, message);
    // The library meets a tab in many states and often blames what stood before it.
    if let Some(tab) = seen.tab() {
        return YamlError::at(file, tab, "a tab indents this line").with_hint("YAML indents with spaces, not tabs");
    }
    match kind {
        ErrorKind::UnexpectedCharacter { character: '@' } => at("`@` cannot start a value").with_hint(quote_hint('@')),
        ErrorKind::UnexpectedCharacter { character: '%' } => {
            at("`%` cannot start a value").with_hint("put the value in quotes")
        }
        ErrorKind::UnexpectedCharacter { character: '`' } => {
            at("a back quote cannot start a value").with_hint("put the value in quotes")
        }
        ErrorKind::UnexpectedCharacter { character } if character.is_ascii_graphic() => {
            at(&format!("`{character}` cannot stand here"))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            at(&format!("character U+{:04X} cannot stand here", u32::from(*character)))
        }
        ErrorKind::MissingAnchorOrAliasName => {
            let sign = seen.character().filter(|sign| "&*".contains(*sign)).unwrap_or('*');
            at(&format!("`{sign}` cannot stand alone")).with_hint(quote_hint(sign))
        }
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::ExpectedFlowMappingSeparator if seen.range() => {
            at("a `[` cannot stand inside a value here")
                .with_hint("a range stands in a block list or in quotes: `[\"web[01-20]\"]`")
        }
        ErrorKind::ExpectedFlowSequenceSeparator => at("`,` or `]` is expected here"),
        ErrorKind::ExpectedFlowMappingSeparator => at("`,` or `}` is expected here"),
        ErrorKind::UnclosedFlowCollection { open } => at(&format!("this `{open}` is never closed")),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            at(&format!("this `{open}` is closed by a `{close}`"))
        }
        ErrorKind::MisplacedFlowCollectionEnd => at("nothing opens what is closed here"),
        ErrorKind::UnclosedQuotedScalar => at("this quote is never closed"),
        ErrorKind::MappingValueNotAllowed => at("a `:` cannot stand here")
            .with_hint("indent all keys of a map alike, and quote a value that holds a `:` and a space"),
        ErrorKind::SimpleKeyExpected => at("`key: value` is expected here"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::ExpectedBlockSequenceEntry | ErrorKind::InvalidIndentation => {
            at("this line fits neither the one above nor what is around it").with_hint("indent all entries alike")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            at("something follows the closing quote").with_hint("inside single quotes a quote is written twice: ''")
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => at("something follows the closing quote"),
        ErrorKind::UnknownQuotedScalarEscape => at("unknown escape in this text")
            .with_hint("in double quotes a backslash is written twice; in single quotes it stands for itself"),
        ErrorKind::RecursionLimitExceeded => at(TOO_DEEP),
        _ => at(message),
    }
}

/// The nearest of the names that are known, or all of them.
fn known(name: &str, expected: &[&'static str]) -> String {
    let nearest = expected
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None if expected.is_empty() => "nothing can be set here".to_owned(),
        None => format!("known here: `{}`", expected.join("`, `")),
    }
}

/// The text of the value at a place.
fn scalar(text: &str, location: Location) -> &str {
    let span = location.span();
    let range = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
        let start = usize::try_from(start).ok()?;
        text.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    });
    range.unwrap_or("this")
}

/// What a Rust type is called by people.
fn number(ty: &str) -> String {
    let bits = ty.get(1..).and_then(|bits| bits.parse::<u32>().ok());
    match (ty.as_bytes().first(), bits) {
        (Some(b'u'), Some(bits @ (8 | 16 | 32))) => {
            format!("a whole number from 0 to {}", u64::MAX >> (64 - bits))
        }
        (Some(b'u'), _) => "a whole number from 0 up".to_owned(),
        (Some(b'i'), _) => "a whole number".to_owned(),
        (Some(b'f'), _) => "a number".to_owned(),
        _ => format!("a valid {ty}"),
    }
}
