//! What can be seen of a script without running it, beyond what Starlark sees itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use runsheet_diagnostics::nearest;
use runsheet_task::TaskSpec;
use starlark::codemap::Span;
use starlark::environment::Globals;
use starlark::syntax::AstModule;
use starlark::syntax::ast::{AssignOp, AssignTargetP, AstExpr, AstStmt, DefP, Expr, ParameterP, Stmt};

use crate::error::ScriptError;
use crate::script::Faces;
use crate::signature::statements;

/// What `host` is beside its functions.
const HOST_VALUES: [&str; 3] = ["name", "address", "vars"];
/// What `config` is beside its functions.
const CONFIG_VALUES: [&str; 6] = ["args", "vars", "step", "run", "task", "attempt"];

/// The operators that could take any amount of memory at once, and the functions in their place.
pub(crate) fn bounded_operators() -> HashMap<String, String> {
    [("+", "__plus"), ("*", "__times")].map(|(operator, function)| (operator.to_owned(), function.to_owned())).into()
}

/// Functions that could call themselves, and texts that grow by doubling.
///
/// Starlark bounds how deep calls go while a script runs, but not while it puts small functions in the place of their calls.
pub(crate) fn calls(ast: &AstModule) -> Result<(), ScriptError> {
    let functions: BTreeMap<&str, &AstStmt> =
        statements(ast).filter_map(|statement| Some((function(statement)?, statement))).collect();
    // Who is spoken of may be called.
    let mentioned: BTreeMap<&str, BTreeSet<&str>> = functions
        .iter()
        .map(|(name, statement)| {
            let mut names = BTreeSet::new();
            each_expression(statement, &mut |expression| names.extend(identifier(expression)));
            names.retain(|name| functions.contains_key(name));
            (*name, names)
        })
        .collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        functions.keys().map(|name| (*name, closure(&mentioned, name))).collect();
    let again = |span: Span, name: &str| {
        let error = ScriptError::at(&ast.file_span(span), format!("`{name}` calls itself"));
        Err(error.with_hint("Starlark has no recursion: a `for` over a range does it"))
    };
    for (name, statement) in statements(ast).filter_map(|statement| Some((function(statement)?, statement))) {
        if reached[name].contains(name) {
            return again(statement.span, name);
        }
    }
    // A function that is handed to itself, or to one that speaks of it.
    let mut handed = None;
    each_expression(ast.statement(), &mut |expression| {
        let Expr::Call(callee, arguments) = &expression.node else { return };
        let Some(callee) = identifier(callee).filter(|name| functions.contains_key(name)) else { return };
        for argument in &arguments.args {
            inside(argument.expr(), &mut |expression| {
                let name = identifier(expression).filter(|&name| name == callee || reached[callee].contains(name));
                handed = handed.or(name.map(|name| (expression.span, name)));
            });
        }
    });
    if let Some((span, name)) = handed {
        return again(span, name);
    }
    let mut doubled = None;
    each_statement(ast.statement(), &mut |statement| {
        if let Stmt::AssignModify(target, AssignOp::Add, value) = &statement.node
            && let (AssignTargetP::Identifier(left), Expr::Identifier(right)) = (&target.node, &value.node)
            && left.ident == right.node.ident
        {
            doubled = doubled.or(Some(statement.span));
        }
    });
    match doubled {
        Some(span) => Err(ScriptError::at(&ast.file_span(span), "this doubles each time it is done".to_owned())),
        None => Ok(()),
    }
}

/// Names behind `host.` and `config.` that are not there.
pub(crate) fn faces(ast: &AstModule, faces: &Faces) -> Result<(), ScriptError> {
    let known = |functions: &Globals, values: &[&'static str]| -> Vec<String> {
        let values = values.iter().map(|name| (*name).to_owned());
        functions.iter().map(|(name, _)| name.to_owned()).chain(values).collect()
    };
    let host = known(&faces.host, &HOST_VALUES);
    let config = known(&faces.config, &CONFIG_VALUES);
    for (parameter, known) in [("host", host), ("config", config)] {
        members_of(ast, parameter, |member, expression| {
            if known.iter().any(|name| name == member) {
                return Ok(());
            }
            let message = format!("`{parameter}` has no `{member}`");
            let error = ScriptError::at(&ast.file_span(expression.span), message);
            Err(match nearest(member, known.iter().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error.with_hint(format!("it has `{}`", known.join("`, `"))),
            })
        })?;
    }
    Ok(())
}

/// Whether the file asks for commands by sudo.
pub(crate) fn asks_for_sudo(ast: &AstModule) -> bool {
    let mut asks = false;
    each_expression(ast.statement(), &mut |expression| {
        asks |= matches!(&expression.node, Expr::Dot(_, member) if member.node == "sudo");
    });
    asks
}

/// Arguments that the script reads and has not declared.
pub(crate) fn arguments(ast: &AstModule, spec: &TaskSpec) -> Result<(), ScriptError> {
    let mut wrong = Ok(());
    each_expression(ast.statement(), &mut |expression| {
        let Expr::Dot(args, name) = &expression.node else { return };
        let Expr::Dot(config, member) = &args.node else { return };
        let of_config = matches!(&config.node, Expr::Identifier(ident) if ident.node.ident == "config");
        let known = || spec.args().iter().map(|arg| arg.name.as_ref());
        if !of_config || member.node != "args" || known().any(|known| known == name.node) || wrong.is_err() {
            return;
        }
        let message = format!("the task has no argument `{}`", name.node);
        let error = ScriptError::at(&ast.file_span(expression.span), message);
        let hint = match nearest(&name.node, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: `ARGS = {{\"{}\": …}}`", name.node),
        };
        wrong = Err(error.with_hint(hint));
    });
    wrong
}

/// Every `PARAMETER.MEMBER` in the functions that have the parameter and give it no other value.
fn members_of(
    ast: &AstModule,
    parameter: &str,
    mut check: impl FnMut(&str, &AstExpr) -> Result<(), ScriptError>,
) -> Result<(), ScriptError> {
    let mut wrong = Ok(());
    for statement in statements(ast) {
        let Stmt::Def(DefP { params, body, .. }) = &statement.node else { continue };
        let has =
            params.iter().any(|param| matches!(&param.node, ParameterP::Normal(name, ..) if name.ident == parameter));
        let mut is_given_another = false;
        each_statement(body, &mut |statement| {
            if let Stmt::Assign(assign) = &statement.node {
                assign.lhs.visit_lvalue(|name| is_given_another |= name.ident == parameter);
            }
        });
        if !has || is_given_another {
            continue;
        }
        each_expression(body, &mut |expression| {
            if let Expr::Dot(of, member) = &expression.node
                && matches!(&of.node, Expr::Identifier(ident) if ident.node.ident == parameter)
                && wrong.is_ok()
            {
                wrong = check(&member.node, expression);
            }
        });
    }
    wrong
}

fn function(statement: &AstStmt) -> Option<&str> {
    match &statement.node {
        Stmt::Def(DefP { name, .. }) => Some(&name.ident),
        _ => None,
    }
}

/// Visits a statement and all that are in it.
fn each_statement<'a>(statement: &'a AstStmt, visit: &mut impl FnMut(&'a AstStmt)) {
    visit(statement);
    statement.visit_stmt(|inner| each_statement(inner, visit));
}

/// Visits all expressions that are in a statement.
fn each_expression<'a>(statement: &'a AstStmt, visit: &mut impl FnMut(&'a AstExpr)) {
    statement.visit_expr(|expression| inside(expression, visit));
}

/// Visits an expression and all that are in it.
fn inside<'a>(expression: &'a AstExpr, visit: &mut impl FnMut(&'a AstExpr)) {
    visit(expression);
    expression.visit_expr(|inner| inside(inner, visit));
}

fn identifier(expression: &AstExpr) -> Option<&str> {
    match &expression.node {
        Expr::Identifier(ident) => Some(&ident.node.ident),
        _ => None,
    }
}

/// All that is reached from a name.
fn closure<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = edges[from].iter().copied().collect();
    while let Some(name) = next.pop() {
        if seen.insert(name) {
            next.extend(&edges[name]);
        }
    }
    seen
}
