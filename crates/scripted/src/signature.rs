use starlark::syntax::AstModule;
use starlark::syntax::ast::{AstStmt, DefP, ParameterP, Stmt};

use crate::error::ScriptError;

/// How a script's `do_work` is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// `do_work(config, host)`.
    Host,
    /// `do_work(config, silent_mode=False, args=None)`, which works on the host by `log_run`.
    Original,
}

impl Signature {
    /// That of the file's `do_work`; nothing if it has none, and is there to be loaded.
    pub(crate) fn of(ast: &AstModule) -> Result<Option<Self>, ScriptError> {
        let Some((statement, names)) = statements(ast).find_map(do_work) else { return Ok(None) };
        match names.as_slice() {
            ["config", "host"] => Ok(Some(Self::Host)),
            ["config", "silent_mode", "args"] => Ok(Some(Self::Original)),
            _ => {
                let message = format!("`do_work` is called with `config` and `host`, not with ({})", names.join(", "));
                Err(ScriptError::at(&ast.file_span(statement.span), message).with_hint(
                    "write `def do_work(config, host):`, or `def do_work(config, silent_mode=False, args=None):` as it was in Fabric",
                ))
            }
        }
    }
}

/// The statements at the top of a file.
pub(crate) fn statements(ast: &AstModule) -> impl Iterator<Item = &AstStmt> {
    match &ast.statement().node {
        Stmt::Statements(statements) => statements.as_slice(),
        _ => std::slice::from_ref(ast.statement()),
    }
    .iter()
}

/// The parameters of `do_work`, if the statement defines it.
fn do_work(statement: &AstStmt) -> Option<(&AstStmt, Vec<&str>)> {
    let Stmt::Def(DefP { name, params, .. }) = &statement.node else { return None };
    (name.ident == "do_work").then(|| {
        let names = params.iter().map(|parameter| match &parameter.node {
            ParameterP::Normal(name, ..) => name.ident.as_str(),
            ParameterP::KwArgs(..) => "**",
            ParameterP::Args(..) | ParameterP::NoArgs | ParameterP::Slash => "*",
        });
        (statement, names.collect())
    })
}
