//! The pages for users, `docs/tasks/*.md`: made of the specs, and compared with what is there. `RUNSHEET_UPDATE_DOCS=1` writes them.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use runsheet_task::{Arg, ArgKind, TaskSpec};
use serde_json::Value;

const HEAD: &str = "<!-- Made of the task's own description; `RUNSHEET_UPDATE_DOCS=1 cargo nextest run -p runsheet-tasks pages` writes it. -->\n\n";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/tasks")
}

/// The pages as they should be, by file name.
fn pages() -> BTreeMap<String, String> {
    let registry = runsheet_tasks::registry();
    let mut pages: BTreeMap<_, _> =
        registry.iter().map(|task| (format!("{}.md", task.spec().name()), page(task.spec()))).collect();
    let rows: Vec<_> = registry
        .iter()
        .map(|task| {
            let (name, summary) = (task.spec().name(), task.spec().summary());
            format!("| [`{name}`]({name}.md) | {summary} |")
        })
        .collect();
    let rows = rows.join("\n");
    let index = format!(
        "{HEAD}# Built-in tasks\n\nWhat a step of a deploy sheet can do on its hosts. A step names a task and gives it arguments, which are \
         checked while planning:\n\n```yaml\n- name: Restart the web servers\n  task: apache.restart\n  hosts: web\n  args: {{wait: 1m}}\n```\n\n\
         or, without a sheet: `runsheet do apache.restart -H web wait=1m`.\n\n| Task | What it does |\n|---|---|\n{rows}\n\n{TESTED}"
    );
    pages.insert("README.md".to_owned(), index);
    pages
}

/// What is tested against the real thing and what is not.
const TESTED: &str = "## How they are tested

- Every task against scripted hosts: `tasks/cases/`, one file a case.
- `apache.*` against a real apache (Debian's apache2), with apachectl, apache2ctl, and httpd as its own control program. The apachectl
  of other systems was not tried.
- `archive.unpack` in a real host, with archives of GNU tar.
- `artifact.*` with a real shell, and with the real sha256sum, shasum and openssl.
- `ci.clean_workspaces` in a host of its own, with real processes and mounts.
- `command`, `script`, `file.put`, `http.check` and `wait.port` with a real shell and the real programs that they look for on a host;
  for `wait.port` not with `nc`. The web server that they look at is a stand-in of a few lines.
- `cron.entry` in a real host, where Debian's cron runs the entry.
- `disk.check` in a real host, with real file systems.
- `docker.prune` with a stand-in: no docker can run where these tests do. It is a script that plays `docker` and writes down what it was asked.
- `file.line`, `file.link`, `file.mode`, `file.remove` and `directory` in a real host, as root and as an ordinary user.
- `git.checkout` with the real git, from repositories of the same host and from a stand-in of a web server that asks for a password; not
  by way of SSH.
- `haproxy.*` against a real HAProxy (Debian's haproxy); `haproxy.status` in cases only.
- `host.wait` in a real host that is up; one that starts in cases only.
- `jenkins.*` with a stand-in: Debian has no Jenkins. It is a web server that keeps an agent's state and answers as Jenkins' documentation and
  source say, with a crumb that belongs to a session; curl is real.
- `mail.send` against a real SMTP server (Debian's python3-aiosmtpd), with and without encryption and login.
- `mysql.*` against a real MariaDB (Debian's mariadb-server) with a real replica of it. MySQL itself was not tried.
- `nagios.*` against a real Nagios (Debian's nagios4), in a host of its own.
- `nginx.*` against a real nginx (Debian's nginx-light), in hosts without systemd and in one whose init it is.
- `package.*` with Debian's real apt and dpkg in a real host, with packages made for it. dnf and yum were not tried.
- `postgres.*` against a real PostgreSQL (Debian's postgresql) with a real replica of it.
- `process.signal` in a real host, with real processes.
- `reboot` in real hosts without systemd, which have their own `reboot`, and in one with it; `needs-restarting` is a stand-in.
- `release.*` in a host of its own with archives of GNU tar and BusyBox's, with Debian's programs and with BusyBox's, and stopped with
  SIGKILL at every program that a deploy calls. The tar of the BSDs was not tried.
- `service.*` with Debian's real `service` and init scripts of our own, whose daemon is a real process, and with the real systemd as the
  init of a host (left out where there are no cgroups of version 2). What systemd says of strange names is played by a script.
- `solr.*` with stand-ins: Debian has no solr. For the service it is one that is only a process, beside a web server of a few lines; for
  collections and replication a web server that keeps a core's state and answers as Solr's reference guide and source say.
- `sysctl.set` with a real kernel, in a host that has a network of its own: settings of `net.` only.
- `host.facts` with the real programs of this machine, under dash, bash and BusyBox.
- `uptime` with a real kernel.
- `user.*` in a real host with Debian's passwd, where OpenSSH lets the keys log in or not.
- `webhook.post` and `slack.post` against a web server of the tests that keeps what arrives; Slack's answers are those of its documentation.
";

fn page(spec: &TaskSpec) -> String {
    let mut page = format!("{HEAD}# `{}`\n\n{}\n", spec.name(), spec.summary());
    if !spec.more().is_empty() {
        page.push_str(&format!("\n{}\n", spec.more()));
    }
    page.push_str("\n## Arguments\n\n");
    if spec.args().is_empty() {
        page.push_str("None.\n");
    } else {
        page.push_str("| Argument | What may stand there | Default | Meaning |\n|---|---|---|---|\n");
        for arg in spec.args() {
            page.push_str(&format!("| `{}` | {} | {} | {} |\n", arg.name, kind(arg), default(arg), arg.about));
        }
    }
    page.push_str(if spec.is_idempotent() {
        "\nDoing it twice is as good as doing it once: an attempt whose end was not seen may be repeated without asking.\n"
    } else {
        "\nDoing it twice may not be the same as doing it once: an attempt whose end was not seen is not repeated without asking.\n"
    });
    page
}

fn kind(arg: &Arg) -> String {
    match &arg.kind {
        ArgKind::Text => "text".to_owned(),
        ArgKind::TextOrSecret => "text, or `{secret: NAME}`".to_owned(),
        ArgKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        ArgKind::Boolean => "`true` or `false`".to_owned(),
        ArgKind::Duration => "a length of time such as `90s`".to_owned(),
        ArgKind::Choice(words) => format!("`{}`", words.join("` or `")),
        ArgKind::TextList => "a list of texts".to_owned(),
        ArgKind::LocalFile => "a file of the project".to_owned(),
        ArgKind::LocalFolder => "a folder of the project".to_owned(),
        ArgKind::Template => "a template of the project".to_owned(),
        ArgKind::Mode => "a file mode in octal".to_owned(),
    }
}

fn default(arg: &Arg) -> String {
    match &arg.default {
        None if arg.required => "has to be given".to_owned(),
        None => "–".to_owned(),
        Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(value) => format!("`{value}`"),
    }
}

#[test]
fn the_pages_say_what_the_tasks_say() -> Result<(), Box<dyn Error>> {
    let pages = pages();
    if env::var_os("RUNSHEET_UPDATE_DOCS").is_some() {
        fs::create_dir_all(folder())?;
        for (name, page) in &pages {
            fs::write(folder().join(name), page)?;
        }
    }
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder())? {
        let entry = entry?;
        found.insert(entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())?);
    }
    let hint = "write them again with RUNSHEET_UPDATE_DOCS=1, and look at the difference";
    let names = |pages: &BTreeMap<String, String>| pages.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&pages), "{hint}");
    for (name, page) in pages {
        assert_eq!(found[&name], page, "docs/tasks/{name}: {hint}");
    }
    Ok(())
}
