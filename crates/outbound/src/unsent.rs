use std::io::{Error, ErrorKind};

/// Whether an error came about before there was a connection, so that nothing was sent.
pub fn nothing_was_sent(error: &Error) -> bool {
    let kinds = [ErrorKind::ConnectionRefused, ErrorKind::HostUnreachable, ErrorKind::NetworkUnreachable];
    // The standard library has no kind of its own for a name that nobody knows.
    kinds.contains(&error.kind()) || error.to_string().starts_with("failed to lookup address information")
}
