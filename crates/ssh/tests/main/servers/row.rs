/// Something that one wants of a server; a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// It proves who it is by a key of this kind.
    HostKey(&'static str),
    /// A key of this kind lets somebody in.
    Key(&'static str),
    /// A user certificate does.
    Certificate,
    /// A password does.
    Password,
    /// A password that is the answer to a question does.
    Question,
    /// Commands end with their status, and standard error comes apart from standard output.
    Status,
    /// Standard input arrives whole, and ends.
    Input,
    /// Twenty megabytes of output arrive whole.
    Output,
    /// The signal that killed a command is known.
    Signal,
    /// Several commands run one after the other on a connection.
    InTurn,
    /// Several commands run at once on a connection.
    Together,
    /// Commands get the variables of `SetEnv`.
    Variables,
    /// A command that runs out of time is stopped with all that it has started, and its end is seen.
    Stop,
    /// Files arrive, and replace what was there.
    Put,
    /// Files and folders are fetched.
    Get,
    /// Other hosts are reached through it.
    Jump,
}

impl Row {
    /// All rows, in the table's order.
    pub(crate) const ALL: [Self; 20] = [
        Self::HostKey("ed25519"),
        Self::HostKey("ecdsa"),
        Self::HostKey("rsa"),
        Self::Key("ed25519"),
        Self::Key("ecdsa"),
        Self::Key("rsa"),
        Self::Certificate,
        Self::Password,
        Self::Question,
        Self::Status,
        Self::Input,
        Self::Output,
        Self::Signal,
        Self::InTurn,
        Self::Together,
        Self::Variables,
        Self::Stop,
        Self::Put,
        Self::Get,
        Self::Jump,
    ];

    /// How the table names it.
    pub(crate) fn title(self) -> String {
        match self {
            Self::HostKey(kind) => format!("host key: {kind}"),
            Self::Key(kind) => format!("login: {kind} key"),
            Self::Certificate => "login: user certificate".to_owned(),
            Self::Password => "login: `password`".to_owned(),
            Self::Question => "login: `keyboard-interactive`".to_owned(),
            Self::Status => "commands: exit status, standard error apart".to_owned(),
            Self::Input => "commands: 5 MB of standard input".to_owned(),
            Self::Output => "commands: 20 MB of output".to_owned(),
            Self::Signal => "commands: the signal that ended one".to_owned(),
            Self::InTurn => "commands: fifty in turn on a connection".to_owned(),
            Self::Together => "commands: eight at once on a connection".to_owned(),
            Self::Variables => "commands: variables of `SetEnv`".to_owned(),
            Self::Stop => "commands: stopped at their timeout, end seen".to_owned(),
            Self::Put => "files: `put`".to_owned(),
            Self::Get => "files: `get`, folders too".to_owned(),
            Self::Jump => "jump host for others".to_owned(),
        }
    }
}
