use std::collections::{HashMap, HashSet};
use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::fleet_state::FleetState;
use crate::folder::{FleetFolder, file_error};
use crate::host_state::{Conduct, HostState, listen_on};
use crate::scenario::Scenario;
use crate::{Fault, Fleet, PracticeError, PracticeHost, keys};

/// The most hosts that a fleet may have.
pub(crate) const MAX_HOSTS: usize = 10_000;

/// The first two bytes of every host's address.
const BLOCK: [u8; 2] = [127, 77];

/// Where a port is taken from when none is given: below the ports that systems give to outgoing connections. The system
/// is not asked for a free one, because it does not keep such a port for a socket that [`Fault::Refuse`] has closed.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// Describes a practice fleet and starts it.
#[derive(Debug, Default)]
pub struct FleetBuilder {
    names: Vec<String>,
    faults: HashMap<String, Option<Fault>>,
    folder: Option<PathBuf>,
    port: u16,
    played: bool,
}

impl FleetBuilder {
    /// Adds a host, unless there is one of this name. Names are made of letters, digits, `-`, `_` and `.`.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        self
    }

    /// Adds several hosts; see [`FleetBuilder::host`].
    pub fn hosts<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let mut known: HashSet<String> = self.names.iter().cloned().collect();
        for name in names {
            let name = name.into();
            if known.insert(name.clone()) {
                self.names.push(name);
            }
        }
        self
    }

    /// Makes a host misbehave. The last fault given for a host is the one that counts.
    pub fn fault(mut self, name: impl Into<String>, fault: Fault) -> Self {
        self.faults.insert(name.into(), Some(fault));
        self
    }

    /// Adds hosts and their faults from a text such as `web[1-4]: ok; web2: exit 1`.
    ///
    /// Entries stand between semicolons: a name or a range `name[1-4]`, a colon, and `ok` or a fault in the words of
    /// [`Fault`]'s `FromStr`. Of two entries for a host the later one counts.
    pub fn scenario(self, text: &str) -> Result<Self, PracticeError> {
        let Scenario(entries) = text.parse()?;
        let mut builder = self.hosts(entries.iter().map(|(name, _)| name.clone()));
        builder.faults.extend(entries);
        Ok(builder)
    }

    /// Sets the fleet's folder. Default: a fresh folder among the system's temporary ones.
    ///
    /// A folder that does not exist is made, and removed with the fleet. One that exists must be empty, becomes 0700, and
    /// stays with what is in it when the fleet ends.
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.folder = Some(path.into());
        self
    }

    /// Lets every host listen on this port, each on its own address. Default, and with 0: a free port from 20000 to 29999
    /// for each host, nearly always the same for all hosts of a fleet.
    pub fn same_port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Has hosts only play: a command is answered with the [`Part`](crate::Part) that it is, or, if it is none, ends well at once.
    /// Nothing is ever started, no file is served, and nothing is forwarded.
    pub fn played(mut self) -> Self {
        self.played = true;
        self
    }

    /// Starts the fleet on the running tokio runtime. When it returns, every host accepts connections.
    ///
    /// For hundreds of hosts call [`raise_open_files`](crate::raise_open_files) before.
    pub async fn start(self) -> Result<Fleet, PracticeError> {
        match tokio::task::spawn_blocking(move || self.prepare()).await {
            Ok(fleet) => {
                let fleet = fleet?;
                for host in fleet.hosts() {
                    host.serve();
                }
                Ok(fleet)
            }
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(PracticeError::RuntimeEnded),
            },
        }
    }

    /// Makes the folder, the keys and the listening sockets.
    fn prepare(mut self) -> Result<Fleet, PracticeError> {
        self.check()?;
        let folder = match &self.folder {
            Some(path) => FleetFolder::at(path)?,
            None => FleetFolder::temporary()?,
        };
        let identity = folder.path().join("identity");
        let known_hosts = folder.path().join("known_hosts");
        let shared_bin = folder.path().join("bin");
        let homes = folder.path().join("hosts");

        let login = keys::new_key()?;
        keys::write_identity(&login, &identity)?;
        let state = Arc::new(FleetState::new(login.public_key().clone(), shared_bin.clone(), self.played));

        make_shared_bin(&shared_bin)?;
        make_folder(&homes)?;
        let runtime = Handle::current();
        let mut candidates = Candidates::new(self.port);
        let mut known = String::new();
        let mut hosts = Vec::with_capacity(self.names.len());
        for name in self.names {
            let home = homes.join(&name);
            make_folder(&home)?;
            make_folder(&home.join("bin"))?;
            let (listener, address) = candidates.listen(&name)?;
            let key = keys::new_key()?;
            keys::add_known_host(&mut known, address, key.public_key())?;
            let conduct = Conduct { fault: self.faults.remove(&name).flatten(), listener: Arc::new(listener) };
            let state = HostState::new(name, address, home, key, conduct, Arc::clone(&state));
            hosts.push(PracticeHost::new(state, runtime.clone()));
        }
        fs::write(&known_hosts, known).map_err(|error| file_error(&known_hosts, error))?;

        Ok(Fleet { state, hosts, identity, known_hosts, folder })
    }

    /// Refuses names that cannot be folders, and faults of hosts that do not exist.
    fn check(&self) -> Result<(), PracticeError> {
        if self.names.len() > MAX_HOSTS {
            return Err(PracticeError::TooManyHosts { limit: MAX_HOSTS });
        }
        if let Some(name) = self.names.iter().find(|name| !is_host_name(name)) {
            return Err(PracticeError::HostName { name: name.clone() });
        }
        match self.faults.keys().find(|name| !self.names.contains(name)) {
            Some(name) => Err(PracticeError::UnknownHost { name: name.clone() }),
            None => Ok(()),
        }
    }
}

fn is_host_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && !name.starts_with(['.', '-'])
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Addresses and ports to try: every address of the block but those that end in 0 or 255, from a random one on, so that
/// fleets of several processes seldom meet.
struct Candidates {
    addresses: Box<dyn Iterator<Item = Ipv4Addr>>,
    port: u16,
    fixed: bool,
}

impl Candidates {
    fn new(port: u16) -> Self {
        let [first, second, third, fourth, ..] = RandomState::new().hash_one(()).to_be_bytes();
        let start = u16::from_be_bytes([first, second]);
        let addresses = (0..=u16::MAX)
            .map(move |step| start.wrapping_add(step).to_be_bytes())
            .filter(|[_, last]| !matches!(last, 0 | 255))
            .map(|[third, last]| Ipv4Addr::new(BLOCK[0], BLOCK[1], third, last));
        let random = PORTS.start + u16::from_be_bytes([third, fourth]) % (PORTS.end - PORTS.start);
        Self { addresses: Box::new(addresses), port: if port == 0 { random } else { port }, fixed: port != 0 }
    }

    /// Listens on the next address, or the one after it where the port is taken, and so on.
    fn listen(&mut self, name: &str) -> Result<(TcpListener, SocketAddr), PracticeError> {
        let mut source = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in self.addresses.by_ref() {
            let address = SocketAddr::from((address, self.port));
            match listen_on(address) {
                Ok(listener) => return Ok((listener, address)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => source = error,
                Err(error) => {
                    source = error;
                    break;
                }
            }
            if !self.fixed {
                // Somebody may hold the port on all addresses.
                self.port = if self.port + 1 < PORTS.end { self.port + 1 } else { PORTS.start };
            }
        }
        let name = name.to_owned();
        Err(PracticeError::Listen { name, source })
    }
}

/// Makes the `bin/` of all hosts, in which `hostname` gives the practice host's name instead of this machine's.
fn make_shared_bin(bin: &Path) -> Result<(), PracticeError> {
    make_folder(bin)?;
    let hostname = bin.join("hostname");
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o755)
        .open(&hostname)
        .and_then(|mut file| file.write_all(b"#!/bin/sh\necho \"$HOSTNAME\"\n"))
        .map_err(|error| file_error(&hostname, error))
}

fn make_folder(path: &Path) -> Result<(), PracticeError> {
    DirBuilder::new().mode(0o700).create(path).map_err(|error| file_error(path, error))
}
