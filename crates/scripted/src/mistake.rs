use thiserror::Error;

/// What a script does wrong that Starlark itself does not know of.
#[derive(Debug, Error)]
pub(crate) enum Mistake {
    /// There is no host while files are read.
    #[error("there is no host yet: this runs while the file is read; move it into `do_work`")]
    NoHost,
    /// More than anybody needs.
    #[error("this would be more than 16 MiB")]
    TooLarge,
    /// What is to be sent.
    #[error(
        "`put` takes either `file = config.args.NAME`, a file that is an argument of the task, or `content = TEXT`"
    )]
    PutWhat,
    /// It is of another kind.
    #[error("`{name}` is {wanted}, not `{found}`")]
    Wrong {
        /// The argument.
        name: String,
        /// What may stand there.
        wanted: &'static str,
        /// What stands there.
        found: String,
    },
    /// The task said so.
    #[error("{0}")]
    Told(String),
    /// The work is over; why is known elsewhere.
    #[error("the work is over")]
    Over,
    /// What only a mistake of ours brings about.
    #[error("the answer belongs to another question")]
    OtherAnswer,
}

impl From<Mistake> for starlark::Error {
    fn from(mistake: Mistake) -> Self {
        Self::new_other(mistake)
    }
}
