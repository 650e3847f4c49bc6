use clap::Args;
use runsheet_inventory::{Explained, ExplainedHop, Selection, fold};
use runsheet_model::{Endpoint, HostName};
use runsheet_reporters::{Column, Table};
use serde_json::{Map, Value, json};

use crate::args::{Format, NarrowArgs, ReachArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::explain;
use crate::session::Session;

/// Show which hosts a pattern selects, and how each is reached
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct HostsArgs {
    /// The pattern; without one, all hosts
    #[arg(default_value = "@*")]
    pattern: String,
    /// Only the names, one a line
    #[arg(short, long, conflicts_with_all = ["fold", "count"])]
    expand: bool,
    /// Only the names, folded: `web[01-20]`
    #[arg(long, conflicts_with = "count")]
    fold: bool,
    /// Only how many
    #[arg(short, long)]
    count: bool,
    /// Each setting with what decided it: a line of a file, a flag, or a default; for the jump hosts as well
    #[arg(long, conflicts_with_all = ["expand", "fold", "count"])]
    explain: bool,
    /// Take names that stand in no host group as they are
    #[arg(long, help_heading = "Hosts")]
    unlisted: bool,
    #[command(flatten)]
    narrow: NarrowArgs,
    #[command(flatten)]
    reach: ReachArgs,
    /// What the output looks like
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
}

pub(crate) fn exec(args: &HostsArgs, session: &Session) -> Result<ExitStatus, CliError> {
    let selection = Selection {
        pattern: args.pattern.clone(),
        exclude: args.narrow.exclude.clone(),
        limit: args.narrow.limit.clone(),
        unlisted: args.unlisted || session.inventory.host_names().next().is_none(),
    };
    let read = |path: &std::path::Path| std::fs::read_to_string(session.environment.cwd.join(path));
    let hosts = session.inventory.look_up_reading(&selection, &read)?;
    let names = || hosts.iter().map(HostName::as_str);
    if args.count {
        session.printer.data(&format!("{}\n", hosts.len()))?;
    } else if args.fold {
        session.printer.data(&format!("{}\n", fold(names())))?;
    } else if args.expand {
        let mut text = names().collect::<Vec<_>>().join("\n");
        text.push('\n');
        session.printer.data(&text)?;
    } else {
        let reach = session.reach(&args.reach)?;
        session.ask_ahead(&hosts.iter().collect::<Vec<_>>(), &reach);
        let inventory = &session.inventory;
        match (args.format, args.explain) {
            (Format::Json, explain) => {
                let as_json = |host| as_json(session, host, &inventory.explain(host, &reach)?, explain);
                session.printer.json(&hosts.iter().map(as_json).collect::<Result<Vec<_>, CliError>>()?)?;
            }
            (format, true) => {
                for host in &hosts {
                    let explained = inventory.explain(host, &reach)?;
                    let palette = session.printer.out_palette(format);
                    session.printer.data(&explain::tables(&explained, session.printer.width, &palette))?;
                }
            }
            (format, false) => {
                let rows = hosts.iter().map(|host| Ok((host, inventory.resolve(host, &reach)?)));
                let rows = rows.collect::<Result<Vec<_>, CliError>>()?;
                session.printer.data(&table(session, &rows, format))?;
            }
        }
    }
    Ok(ExitStatus::Success)
}

fn table(session: &Session, rows: &[(&HostName, Endpoint)], format: Format) -> String {
    let mut table = Table::new(["host", "reached as", "by way of", "groups"].map(Column::left));
    for (host, endpoint) in rows {
        let protected = if session.inventory.is_protected(host) { " (protected)" } else { "" };
        table.row([
            format!("{host}{protected}"),
            login(&endpoint.target),
            way(endpoint),
            session.inventory.groups_of(host).join(", "),
        ]);
    }
    table.render(session.printer.width, &session.printer.out_palette(format))
}

/// Over which jump hosts, and whether a command makes the connection to the first of all.
fn way(endpoint: &Endpoint) -> String {
    let first = endpoint.jumps.first().unwrap_or(&endpoint.target);
    let command = first.proxy_command.as_ref().map(|_| "ProxyCommand".to_owned());
    command.into_iter().chain(endpoint.jumps.iter().map(login)).collect::<Vec<_>>().join(", ")
}

fn login(hop: &runsheet_model::Hop) -> String {
    let port = if hop.port == 22 { String::new() } else { format!(":{}", hop.port) };
    format!("{}@{}{port}", hop.user, hop.address)
}

/// What host groups say about a host, and its settings by ssh's keywords.
fn as_json(session: &Session, host: &HostName, explained: &Explained, with_sources: bool) -> Result<Value, CliError> {
    let target = explain::settings(&explained.target);
    let mut object = Map::from_iter([
        ("host".to_owned(), json!(host)),
        ("address".to_owned(), target.get("hostname").cloned().unwrap_or_default()),
        ("jump".to_owned(), explained.jumps.iter().map(jump_login).collect()),
        ("groups".to_owned(), json!(session.inventory.groups_of(host))),
        ("vars".to_owned(), json!(session.inventory.host_vars(host)?)),
        ("protected".to_owned(), session.inventory.is_protected(host).into()),
    ]);
    object.extend(target);
    if with_sources {
        object.insert("decided_by".to_owned(), explain::decided_by(&explained.target).into());
        let jump = |hop: &ExplainedHop| {
            let mut object = Map::from_iter([("host".to_owned(), json!(hop.name))]);
            object.extend(explain::settings(hop));
            object.insert("decided_by".to_owned(), explain::decided_by(hop).into());
            Value::Object(object)
        };
        object.insert("jumps".to_owned(), explained.jumps.iter().map(jump).collect());
    }
    Ok(object.into())
}

fn jump_login(hop: &ExplainedHop) -> Value {
    let said = |keyword| hop.settings.iter().find(|setting| setting.keyword == keyword).map_or("", |it| &it.value);
    let port = if said("Port") == "22" { String::new() } else { format!(":{}", said("Port")) };
    format!("{}@{}{port}", said("User"), said("HostName")).into()
}
