//! Signals by the names that SSH gives them (RFC 4254, section 6.10) and by the system's.

use russh::Sig;
use rustix::process::Signal;

/// In the order and with the names of OpenSSH's `sig2name`.
const SIGNALS: [(&str, Signal); 13] = [
    ("ABRT", Signal::ABORT),
    ("ALRM", Signal::ALARM),
    ("FPE", Signal::FPE),
    ("HUP", Signal::HUP),
    ("ILL", Signal::ILL),
    ("INT", Signal::INT),
    ("KILL", Signal::KILL),
    ("PIPE", Signal::PIPE),
    ("QUIT", Signal::QUIT),
    ("SEGV", Signal::SEGV),
    ("TERM", Signal::TERM),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
];

/// The system's signal for the one that a client sent; `None` for one that sshd would not deliver either.
pub(crate) fn received(signal: &Sig) -> Option<Signal> {
    let name = match signal {
        Sig::ABRT => "ABRT",
        Sig::ALRM => "ALRM",
        Sig::FPE => "FPE",
        Sig::HUP => "HUP",
        Sig::ILL => "ILL",
        Sig::INT => "INT",
        Sig::KILL => "KILL",
        Sig::PIPE => "PIPE",
        Sig::QUIT => "QUIT",
        Sig::SEGV => "SEGV",
        Sig::TERM => "TERM",
        Sig::USR1 => "USR1",
        Sig::Custom(name) => name,
    };
    SIGNALS.iter().find(|(known, _)| *known == name).map(|(_, signal)| *signal)
}

/// The name to report for a signal that ended a process. A signal without a name is `SIG@openssh.com`, as with sshd.
pub(crate) fn reported(number: i32) -> Sig {
    let name = SIGNALS.iter().find(|(_, signal)| signal.as_raw() == number).map_or("SIG@openssh.com", |(name, _)| name);
    Sig::Custom(name.to_owned())
}
