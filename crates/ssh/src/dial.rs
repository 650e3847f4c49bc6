use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use runsheet_model::{AddressFamily, Hop, Phase, Unreachable};
use tokio::net::{TcpSocket, TcpStream};

use crate::resolver::Resolver;
use crate::settings::Deadlines;
use crate::unreachable::{Budget, for_good, for_now, io_text, socket, with_hint};

/// Between two tries (`ConnectionAttempts`).
const PAUSE: Duration = Duration::from_secs(1);

/// Connects to the first address of a host that answers.
pub(crate) async fn dial(
    hop: &Hop,
    resolver: &Resolver,
    deadlines: &Deadlines,
    budget: Budget,
) -> Result<(TcpStream, SocketAddr), Unreachable> {
    let addresses = addresses(hop, resolver, deadlines, budget).await?;
    let mut last = None;
    for attempt in 1..=hop.options.attempts {
        for &(address, from) in &addresses {
            match connect(address, from, deadlines, budget).await {
                Ok(stream) => return Ok((stream, address)),
                Err(failure) => last = Some(failure),
            }
        }
        let again = attempt < hop.options.attempts;
        if again && tokio::time::timeout_at(budget.end(), tokio::time::sleep(PAUSE)).await.is_err() {
            break;
        }
    }
    resolver.forget(&hop.address);
    Err(last.unwrap_or_else(|| for_good(Phase::Name, format!("`{}` has no address", hop.address))))
}

/// Where to connect to, each with the address of this machine to connect from.
async fn addresses(
    hop: &Hop,
    resolver: &Resolver,
    deadlines: &Deadlines,
    budget: Budget,
) -> Result<Vec<(SocketAddr, Option<IpAddr>)>, Unreachable> {
    let look_up = async |name: &str, port| {
        let looking = resolver.lookup(name, port);
        let found = budget.wait(Phase::Name, deadlines.name, "no answer to its name", looking).await?;
        found.map_err(|error| name_failure(name, &error))
    };
    let mut to = look_up(&hop.address, hop.port).await?;
    let family = match hop.options.address_family {
        AddressFamily::Any => None,
        AddressFamily::Inet => Some("IPv4"),
        AddressFamily::Inet6 => Some("IPv6"),
    };
    if let Some(family) = family {
        to.retain(|address| address.is_ipv4() == (family == "IPv4"));
        if to.is_empty() {
            let failure = for_good(Phase::Name, format!("`{}` has no {family} address", hop.address));
            return Err(with_hint(failure, "ssh_config says so with `AddressFamily`"));
        }
    }
    let Some(bind) = &hop.options.bind_address else {
        return Ok(to.into_iter().map(|address| (address, None)).collect());
    };
    let from = look_up(bind, 0).await.map_err(|failure| Unreachable { phase: Phase::Local, ..failure })?;
    let paired = |to: SocketAddr| {
        let from = from.iter().find(|from| from.is_ipv4() == to.is_ipv4())?;
        Some((to, Some(from.ip())))
    };
    let paired: Vec<_> = to.into_iter().filter_map(paired).collect();
    if paired.is_empty() {
        let reason = format!("`BindAddress {bind}` is of another family than the addresses of `{}`", hop.address);
        return Err(for_good(Phase::Local, reason));
    }
    Ok(paired)
}

async fn connect(
    address: SocketAddr,
    from: Option<IpAddr>,
    deadlines: &Deadlines,
    budget: Budget,
) -> Result<TcpStream, Unreachable> {
    let what = format!("no answer from {address}");
    let connecting = async {
        let Some(from) = from else {
            return TcpStream::connect(address).await;
        };
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(from, 0))?;
        socket.connect(address).await
    };
    let stream = budget.wait(Phase::Tcp, deadlines.tcp, &what, connecting).await?.and_then(|stream| {
        // Packets are written whole; holding back a small one costs a round trip.
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    stream.map_err(|error| {
        let failure = socket(Phase::Tcp, &error);
        let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
        let reason = format!("{address}{from}: {}", failure.reason);
        Unreachable { reason, ..failure }
    })
}

fn name_failure(name: &str, error: &std::io::Error) -> Unreachable {
    let text = io_text(error);
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    let reason = format!("`{name}`: {text}");
    // What a name server says for certain is told from what it could not say (`EAI_NONAME`, `EAI_NODATA`).
    if text.to_lowercase().contains("not known") || text.to_lowercase().contains("no address") {
        for_good(Phase::Name, reason)
    } else {
        for_now(Phase::Name, reason)
    }
}
