//! `arg.text(…)`, `arg.integer(…)` and so on: what may stand in an argument of a task, for its `ARGS`.

#![expect(clippy::unnecessary_wraps, reason = "functions for Starlark give a `Result`, whether they can fail or not")]

use starlark::environment::GlobalsBuilder;
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;
use starlark::values::none::NoneOr;
use starlark::values::structs::AllocStruct;

/// The field by which one of these is known.
pub(crate) const KIND: &str = "argument";

/// Defines a constructor for each kind that takes no more than a sentence and a default.
macro_rules! plain_kinds {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        #[starlark_module]
        fn plain(builder: &mut GlobalsBuilder) {
            $(
                $(#[$doc])*
                fn $name<'v>(
                    #[starlark(default = "")] about: &str,
                    #[starlark(require = named)] default: Option<Value<'v>>,
                    #[starlark(require = named, default = false)] optional: bool,
                    eval: &mut Evaluator<'v, '_, '_>,
                ) -> starlark::Result<Value<'v>> {
                    Ok(made(stringify!($name), about, default, optional, [], eval))
                }
            )+
        }
    };
}

plain_kinds! {
    /// Text; a number is taken as its text.
    text,
    /// Text, or `{secret: NAME}`, of which the script learns the name only.
    secret,
    /// `true` or `false`.
    boolean,
    /// A length of time such as `90s`.
    duration,
    /// A list of texts.
    list,
    /// A file of the project, part of the plan.
    file,
    /// A folder of the project, part of the plan.
    folder,
    /// A template of the project, rendered while planning: what it comes to.
    template,
    /// A file mode in octal.
    mode,
}

#[starlark_module]
fn bounded(builder: &mut GlobalsBuilder) {
    /// A whole number.
    fn integer<'v>(
        #[starlark(default = "")] about: &str,
        #[starlark(require = named)] default: Option<Value<'v>>,
        #[starlark(require = named, default = false)] optional: bool,
        #[starlark(require = named, default = NoneOr::None)] min: NoneOr<i64>,
        #[starlark(require = named, default = NoneOr::None)] max: NoneOr<i64>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let bounds = [("min", eval.heap().alloc(min)), ("max", eval.heap().alloc(max))];
        Ok(made("integer", about, default, optional, bounds, eval))
    }

    /// One of these words.
    fn choice<'v>(
        #[starlark(require = pos)] words: Value<'v>,
        #[starlark(default = "")] about: &str,
        #[starlark(require = named)] default: Option<Value<'v>>,
        #[starlark(require = named, default = false)] optional: bool,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        Ok(made("choice", about, default, optional, [("words", words)], eval))
    }
}

/// All of them.
pub(crate) fn arguments(builder: &mut GlobalsBuilder) {
    plain(builder);
    bounded(builder);
}

fn made<'v, const N: usize>(
    kind: &str,
    about: &str,
    default: Option<Value<'v>>,
    optional: bool,
    more: [(&str, Value<'v>); N],
    eval: &mut Evaluator<'v, '_, '_>,
) -> Value<'v> {
    let heap = eval.heap();
    let fields = [
        (KIND, heap.alloc(kind)),
        ("about", heap.alloc(about)),
        ("default", default.unwrap_or_else(Value::new_none)),
        ("optional", Value::new_bool(optional || default.is_some())),
    ];
    heap.alloc(AllocStruct(fields.into_iter().chain(more)))
}
