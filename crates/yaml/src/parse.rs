use std::path::Path;

use serde::de::DeserializeOwned;

use crate::explain::explain;
use crate::options::options;
use crate::{Mark, YamlError, scan};

/// Reads a value out of a text; `file` is named in errors.
pub fn parse<T: DeserializeOwned>(text: &str, file: &Path) -> Result<T, YamlError> {
    scan::refuse_tags(text, file)?;
    serde_yaml::from_str_with_options(text, options()).map_err(|error| explain(&error, text, file))
}

/// Reads a value out of bytes, which must be UTF-8; `file` is named in errors.
pub fn parse_bytes<T: DeserializeOwned>(bytes: &[u8], file: &Path) -> Result<T, YamlError> {
    parse(utf8(bytes, file)?, file)
}

/// Takes bytes as text, or says where they are not UTF-8.
pub(crate) fn utf8<'a>(bytes: &'a [u8], file: &Path) -> Result<&'a str, YamlError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let before = good.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mark = Mark {
            line: count(good.split(|&byte| byte == b'\n').count()),
            column: count(String::from_utf8_lossy(before).chars().count() + 1),
        };
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        YamlError::at(file, mark, format!("byte 0x{byte:02x} is not UTF-8")).with_hint("save the file as UTF-8")
    })
}
