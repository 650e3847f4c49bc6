use std::net::SocketAddr;

use runsheet_model::{Hop, Phase, Unreachable};
use tokio::net::TcpStream;

use crate::resolver::Resolver;
use crate::settings::Deadlines;
use crate::unreachable::{Budget, for_good, for_now, io_text, socket};

/// Connects to the first address of a host that answers.
pub(crate) async fn dial(
    hop: &Hop,
    resolver: &Resolver,
    deadlines: &Deadlines,
    budget: Budget,
) -> Result<(TcpStream, SocketAddr), Unreachable> {
    if hop.proxy_command.is_some() {
        // Whoever says one wants no other way.
        return Err(for_good(Phase::Local, "`ProxyCommand` is not started here"));
    }
    let addresses = budget
        .wait(Phase::Name, deadlines.name, "no answer to its name", resolver.lookup(&hop.address, hop.port))
        .await?
        .map_err(|error| name_failure(&hop.address, &error))?;
    let mut last = None;
    for &address in &addresses {
        match connect(address, deadlines, budget).await {
            Ok(stream) => return Ok((stream, address)),
            Err(failure) => last = Some(failure),
        }
    }
    resolver.forget(&hop.address);
    Err(last.unwrap_or_else(|| for_good(Phase::Name, format!("`{}` has no address", hop.address))))
}

async fn connect(address: SocketAddr, deadlines: &Deadlines, budget: Budget) -> Result<TcpStream, Unreachable> {
    let what = format!("no answer from {address}");
    let stream = budget.wait(Phase::Tcp, deadlines.tcp, &what, TcpStream::connect(address)).await?.and_then(|stream| {
        // Packets are written whole; holding back a small one costs a round trip.
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    stream.map_err(|error| {
        let failure = socket(Phase::Tcp, &error);
        let reason = format!("{address}: {}", failure.reason);
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
