//! The one door for YAML files: host groups, deploy sheets and the project's settings are read here and nowhere else.
//!
//! [`load`] reads a file, [`parse`] a text that is already there. The options are fixed in one place, because they are part of
//! our file format: `no`, `0644` and `1_000` stay texts, a key that stands twice is a mistake, tags are refused, `<<` merges,
//! and a document that is too deep, too large or that explodes through its aliases is refused before it costs anything.
//! Every mistake is a [`YamlError`]: `file:line:column: what is wrong`, and a hint.
//!
//! A value that is checked later is read as a [`Spanned`], which keeps its place ([`Mark`]); a map whose keys are checked later
//! as [`Entries`]. **Places get lost inside `#[serde(flatten)]` and inside the variants of untagged and internally tagged
//! enums**: serde buffers there, and [`Mark::of`] says line 0. Put the `Spanned` around the enum instead; `Spanned<Value>`,
//! `Option<Spanned<T>>`, `Vec<Spanned<T>>` and externally tagged enums are fine.
//!
//! Nothing here knows what a file means, follows an include, or takes a value from the environment.

mod entries;
mod error;
mod explain;
#[cfg(test)]
mod explain_tests;
mod file;
mod mark;
mod options;
mod parse;
mod scan;

pub use entries::Entries;
pub use error::YamlError;
pub use file::{Loaded, load, load_with_warnings, read_bytes, read_text};
pub use mark::Mark;
pub use parse::{parse, parse_bytes};
pub use serde_yaml::Spanned;
