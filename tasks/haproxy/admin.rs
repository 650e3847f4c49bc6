use runsheet_task::{Arg, ArgKind, Config, Host, TaskError, TaskSpec};

use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("haproxy", &[include_str!("admin.sh")]);

/// The admin socket of an HAProxy: one of its servers in one of its backends.
pub(crate) struct Haproxy<'a> {
    host: &'a Host,
    socket: &'a str,
    backend: &'a str,
}

/// A server as HAProxy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerStatus {
    pub(crate) server: String,
    /// Such as `UP`, `DOWN`, `DRAIN`, `MAINT`, `no check`.
    pub(crate) status: String,
    /// Sessions that are under way.
    pub(crate) sessions: u64,
}

impl ServerStatus {
    /// Whether it gets new sessions.
    pub(crate) fn is_in_service(&self) -> bool {
        self.status.starts_with("UP") || self.status == "no check"
    }

    /// Whether it is up and its last check did not fail; `UP 2/3` says that one did.
    pub(crate) fn is_wholly_up(&self) -> bool {
        self.status == "UP"
    }

    /// Whether HAProxy checks it, so far as it gets new sessions.
    pub(crate) fn is_checked(&self) -> bool {
        self.status != "no check"
    }

    /// Whether somebody has taken it out for maintenance.
    pub(crate) fn is_in_maintenance(&self) -> bool {
        self.status.starts_with("MAINT")
    }

    /// Whether it is itself in maintenance: not by another one that it follows, and not because its name has no address.
    pub(crate) fn is_taken_out(&self) -> bool {
        self.status == "MAINT"
    }

    /// Whether it was told to take no new sessions.
    pub(crate) fn is_draining(&self) -> bool {
        self.status.starts_with("DRAIN")
    }
}

/// The weight of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) now: u64,
    /// What the configuration says.
    pub(crate) configured: u64,
}

/// Adds the arguments that all of its tasks take.
pub(crate) fn haproxy_args(spec: TaskSpec) -> TaskSpec {
    spec.arg(Arg::required("backend", ArgKind::Text, "The backend, as HAProxy names it.")).arg(
        Arg::optional("socket", ArgKind::Text, "Its admin socket, with `level admin`.")
            .default("/run/haproxy/admin.sock"),
    )
}

impl<'a> Haproxy<'a> {
    pub(crate) fn on(host: &'a Host, config: &'a Config) -> Result<Self, TaskError> {
        let backend = named("backend", config.text("backend")?)?;
        Ok(Self { host, socket: config.text("socket")?, backend })
    }

    /// All servers of the backend.
    pub(crate) async fn servers(&self) -> Result<Vec<ServerStatus>, TaskError> {
        let said = self.ask("show stat").await?;
        let servers = read(&said, self.backend).ok_or_else(|| {
            TaskError::failed(format!("HAProxy does not answer with its statistics: {}", first_line(&said)))
        })?;
        if servers.is_empty() {
            return Err(TaskError::failed(format!("HAProxy has no backend `{}` with servers", self.backend)));
        }
        Ok(servers)
    }

    /// One server of the backend.
    pub(crate) async fn server(&self, name: &str) -> Result<ServerStatus, TaskError> {
        let servers = self.servers().await?;
        let known: Vec<_> = servers.iter().map(|server| server.server.clone()).collect();
        servers.into_iter().find(|server| server.server == name).ok_or_else(|| {
            let known = known.join(", ");
            TaskError::failed(format!("backend `{}` has no server `{name}`, but {known}", self.backend))
        })
    }

    /// Sets the state of a server: `drain` or `ready`.
    pub(crate) async fn set_state(&self, server: &str, state: &str) -> Result<(), TaskError> {
        self.host.would(format!("set server `{server}` to `{state}`"))?;
        self.tell(&format!("set server {}/{server} state {state}", self.backend)).await
    }

    /// Puts a server into maintenance; that it was drained is forgotten.
    pub(crate) async fn disable(&self, server: &str) -> Result<(), TaskError> {
        self.host.would(format!("put server `{server}` into maintenance"))?;
        self.tell(&format!("disable server {}/{server}", self.backend)).await
    }

    /// Takes a server out of maintenance.
    pub(crate) async fn enable(&self, server: &str) -> Result<(), TaskError> {
        self.host.would(format!("take server `{server}` out of maintenance"))?;
        self.tell(&format!("enable server {}/{server}", self.backend)).await
    }

    /// The weight of a server.
    pub(crate) async fn weight(&self, server: &str) -> Result<Weight, TaskError> {
        let said = self.ask(&format!("get weight {}/{server}", self.backend)).await?;
        let line = first_line(&said);
        read_weight(line)
            .ok_or_else(|| TaskError::failed(format!("HAProxy does not tell the weight of `{server}`: {line}")))
    }

    /// Sets the weight of a server.
    pub(crate) async fn set_weight(&self, server: &str, weight: u64) -> Result<(), TaskError> {
        self.host.would(format!("give server `{server}` the weight {weight}"))?;
        self.tell(&format!("set weight {}/{server} {weight}", self.backend)).await
    }

    async fn tell(&self, command: &str) -> Result<(), TaskError> {
        let said = self.ask(command).await?;
        match first_line(&said) {
            // It says nothing when all is well.
            "" => Ok(()),
            complaint => Err(TaskError::failed(format!("HAProxy refuses: {complaint}"))),
        }
    }

    async fn ask(&self, command: &str) -> Result<String, TaskError> {
        let said = self.host.run(SCRIPT.with([self.socket, command])).await?;
        if said.ok() { Ok(said.stdout) } else { Err(TaskError::failed(said.complaint())) }
    }
}

/// A name that is one word on the admin socket: a `;` there would begin another command.
pub(crate) fn named<'a>(what: &str, name: &'a str) -> Result<&'a str, TaskError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(name);
    }
    Err(TaskError::failed(format!("`{}` cannot be the name of a {what}", name.escape_default())))
}

/// Reads the servers of a backend out of `show stat`: CSV, whose first line names the columns (HAProxy's management guide, §9.1).
fn read(csv: &str, backend: &str) -> Option<Vec<ServerStatus>> {
    let mut lines = csv.lines().filter(|line| !line.trim().is_empty());
    let titles: Vec<_> = lines.next()?.strip_prefix("# ")?.split(',').collect();
    let column = |title: &str| titles.iter().position(|name| *name == title);
    let (proxy, server, sessions, status) = (column("pxname")?, column("svname")?, column("scur")?, column("status")?);
    let servers = lines.filter_map(|line| {
        let cells: Vec<_> = line.split(',').collect();
        let name = *cells.get(server)?;
        if *cells.get(proxy)? != backend || name == "FRONTEND" || name == "BACKEND" {
            return None;
        }
        Some(ServerStatus {
            server: name.to_owned(),
            status: (*cells.get(status)?).to_owned(),
            sessions: cells.get(sessions)?.parse().ok()?,
        })
    });
    Some(servers.collect())
}

/// Reads `50 (initial 100)` (HAProxy's management guide, `get weight`).
fn read_weight(line: &str) -> Option<Weight> {
    let (now, rest) = line.split_once(" (initial ")?;
    Some(Weight { now: now.parse().ok()?, configured: rest.strip_suffix(')')?.parse().ok()? })
}

fn first_line(said: &str) -> &str {
    said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_of_a_backend_are_found_by_the_names_of_columns() {
        let csv = "# pxname,svname,qcur,scur,status,\nfront,FRONTEND,,3,OPEN,\nweb,web1,0,2,UP,\nweb,web2,0,0,DRAIN,\n\
                   web,BACKEND,0,2,UP,\nother,web1,0,9,DOWN,\n\n";
        let servers = read(csv, "web").expect("statistics");
        assert_eq!(servers.len(), 2);
        assert!(servers[0].is_in_service() && servers[0].sessions == 2);
        assert!(servers[1].is_draining() && !servers[1].is_in_service());
        assert_eq!(read("Permission denied\n", "web"), None);
        assert_eq!(read(csv, "nope"), Some(vec![]));
    }

    #[test]
    fn a_weight_is_read_strictly() {
        assert_eq!(read_weight("50 (initial 100)"), Some(Weight { now: 50, configured: 100 }));
        for line in ["", "50", "50 (initial x)", "No such server.", "-1 (initial 1)"] {
            assert_eq!(read_weight(line), None, "{line}");
        }
    }

    #[test]
    fn a_name_that_would_be_another_command_is_refused() {
        assert!(named("server", "web-1.example:80").is_ok());
        for name in ["", "a;shutdown", "a b", "a\nb", "a/b"] {
            assert!(named("server", name).is_err(), "{name}");
        }
    }
}
