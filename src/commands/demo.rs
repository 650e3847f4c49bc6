use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use runsheet_practice::{Fleet, raise_open_files};

use crate::args::{Format, GlobalArgs, HangUp, InsteadArgs, NarrowArgs, ReachArgs, RunArgs, WaitArgs};
use crate::commands::history::{HistoryArgs, exec as show_history};
use crate::commands::run::{self, RunSheetArgs, SheetArgs, SheetPartArgs};
use crate::environment::Environment;
use crate::error::CliError;
use crate::exit::ExitStatus;
use crate::rehearsing::RehearseArgs;
use crate::session::Session;
use crate::signals::ToldToEnd;

/// Start practice hosts on this machine and run a deploy on them
///
/// The hosts are SSH servers inside this program, on loopback addresses, each with a home folder of its own in which commands
/// really run. Nothing is left behind.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the hosts running, and say how to try things on them
    #[arg(long)]
    keep: bool,
}

/// The groups of the demo and how many hosts each has.
const GROUPS: [(&str, usize); 2] = [("web", 6), ("solr", 3)];

pub(crate) async fn exec(args: DemoArgs, environment: Environment, global: GlobalArgs) -> Result<ExitStatus, CliError> {
    raise_open_files()?;
    let names = GROUPS.iter().flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}")));
    let fleet = Fleet::builder().hosts(names).start().await?;
    let project = write_project(&fleet)?;
    // As if the user had gone there: paths in messages are relative to it.
    std::env::set_current_dir(&project).map_err(|source| CliError::WorkingDirectory { source })?;
    let environment = Environment { cwd: project.clone(), state: project.join("state"), ..environment };
    let mut session = Session::open(environment, GlobalArgs { hostgroups: Vec::new(), ..global })?;
    session.keeps_records = args.keep;
    let status = run::exec(run_args(&project), &session).await?;
    session.printer.note("\n");
    show_history(&HistoryArgs::of_everything(), &session)?;
    if args.keep {
        let told_to_end = ToldToEnd::listen()?;
        session.printer.alarm(&keeping(&project));
        // The hosts run inside this program: it stays until it is told to go.
        told_to_end.wait().await;
    } else {
        session
            .printer
            .note("\nThat was a demo; its hosts are gone. `runsheet demo --keep` keeps them for you to try things.\n");
    }
    fleet.shutdown().await;
    Ok(status)
}

/// Writes the project of the demo into the fleet's own folder, which goes with the fleet.
fn write_project(fleet: &Fleet) -> Result<PathBuf, CliError> {
    let project = fleet.folder().join("project");
    for folder in ["hostgroups", "sheets/demo"] {
        let folder = project.join(folder);
        fs::create_dir_all(&folder).map_err(|source| CliError::Write { path: folder, source })?;
    }
    write(&project.join("runsheet.yaml"), "hostgroups: hostgroups/\n")?;
    write(&project.join("hostgroups/demo.yaml"), &hostgroups(fleet))?;
    write(&project.join("ssh_config"), &ssh_config(fleet))?;
    write(&project.join("sheets/demo.yaml"), include_str!("../../sheets/demo.yaml"))?;
    write(&project.join("sheets/demo/release.txt"), include_str!("../../sheets/demo/release.txt"))?;
    for host in fleet.hosts() {
        let bin = host.home().join("bin");
        fs::create_dir_all(&bin).map_err(|source| CliError::Write { path: bin.clone(), source })?;
        let service = bin.join("service");
        write(&service, include_str!("../demo/service.sh"))?;
        fs::set_permissions(&service, fs::Permissions::from_mode(0o755))
            .map_err(|source| CliError::Write { path: service, source })?;
    }
    Ok(project)
}

fn hostgroups(fleet: &Fleet) -> String {
    let mut text = format!("defaults: {{user: {}, identity: {}}}\ngroups:\n", fleet.user(), fleet.identity().display());
    for (group, _) in GROUPS {
        text.push_str(&format!("  {group}:\n    hosts:\n"));
        for host in fleet.hosts().iter().filter(|host| host.name().starts_with(group)) {
            let address = host.address();
            text.push_str(&format!(
                "      - {}: {{address: {}, port: {}}}\n",
                host.name(),
                address.ip(),
                address.port()
            ));
        }
    }
    text
}

fn ssh_config(fleet: &Fleet) -> String {
    format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\nIdentityAgent none\n", fleet.known_hosts().display())
}

fn run_args(project: &Path) -> RunSheetArgs {
    RunSheetArgs {
        sheet: SheetArgs {
            sheet: project.join("sheets/demo.yaml"),
            part: SheetPartArgs::default(),
            narrow: NarrowArgs::default(),
        },
        plan: None,
        reach: ReachArgs { ssh_config: Some(project.join("ssh_config")), ..ReachArgs::default() },
        run: RunArgs {
            instead: InsteadArgs::default(),
            fail_fast: false,
            wait: None,
            yes: true,
            no_input: false,
            dry_run: false,
            hup: HangUp::GoOn,
            gather: false,
            format: Format::Human,
        },
        wait: WaitArgs { wait: None },
        rehearse: RehearseArgs::default(),
    }
}

fn keeping(project: &Path) -> String {
    let project = project.display();
    format!(
        "\nThe hosts keep running until you press Ctrl-C. In another terminal:\n\
         \n  cd {project} && export XDG_STATE_HOME=$PWD/state-of-yours\n\
         \n  runsheet hosts -F ssh_config\
         \n  runsheet exec -F ssh_config -H '*' -b -- 'echo hello from a home of my own; ls'\
         \n  runsheet do service.restart name=apache2 -F ssh_config -g web\
         \n  runsheet run demo -F ssh_config\n\n"
    )
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|source| CliError::Write { path: path.to_owned(), source })
}
