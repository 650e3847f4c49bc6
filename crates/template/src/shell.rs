/// Quotes a value for a POSIX shell, so that it reads as one word (POSIX.1-2024, XCU 2.2.2).
pub(crate) fn shell(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}
