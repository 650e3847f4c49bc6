use clap::Args;
use runsheet_inventory::{Selection, fold};
use runsheet_model::{Endpoint, HostName};
use runsheet_reporters::{Column, Table};
use serde_json::{Value, json};

use crate::args::{Format, NarrowArgs, ReachArgs};
use crate::error::CliError;
use crate::exit::ExitStatus;
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
        let rows = hosts
            .iter()
            .map(|host| Ok((host, session.inventory.resolve(host, &reach)?)))
            .collect::<Result<Vec<_>, CliError>>()?;
        match args.format {
            Format::Json => {
                let rows: Vec<_> =
                    rows.iter().map(|(host, endpoint)| as_json(session, host, endpoint)).collect::<Result<_, _>>()?;
                session.printer.json(&rows)?;
            }
            _ => session.printer.data(&table(session, &rows, args.format))?,
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
            endpoint.jumps.iter().map(login).collect::<Vec<_>>().join(", "),
            session.inventory.groups_of(host).join(", "),
        ]);
    }
    table.render(session.printer.width, &session.printer.out_palette(format))
}

fn login(hop: &runsheet_model::Hop) -> String {
    let port = if hop.port == 22 { String::new() } else { format!(":{}", hop.port) };
    format!("{}@{}{port}", hop.user, hop.address)
}

fn as_json(session: &Session, host: &HostName, endpoint: &Endpoint) -> Result<Value, CliError> {
    Ok(json!({
        "host": host,
        "address": endpoint.target.address,
        "port": endpoint.target.port,
        "user": endpoint.target.user,
        "jump": endpoint.jumps.iter().map(login).collect::<Vec<_>>(),
        "groups": session.inventory.groups_of(host),
        "vars": session.inventory.host_vars(host)?,
        "protected": session.inventory.is_protected(host),
    }))
}
