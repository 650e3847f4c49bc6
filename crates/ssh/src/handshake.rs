use std::sync::Arc;

use runsheet_model::{AlgorithmChoice, Mask, Phase, SshOptions, Unreachable};
use russh::client::{Config, Handle, connect_stream};
use russh::{Limits, SshId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::algorithms::preferred;
use crate::client::Client;
use crate::host_key::{Accepted, HostKeyCheck};
use crate::link_state::LinkState;
use crate::server_text::server_text;
use crate::settings::{Keepalive, SshSettings};
use crate::socket::{Progress, Socket, Transport};
use crate::turned_away::turned_away;
use crate::unreachable::{Budget, for_good, for_now, socket, with_hint};

/// Messages of a channel that russh keeps until they are read, of up to 32 KiB each: what a host can make us hold.
const CHANNEL_BUFFER: usize = 8;

/// What a host may send on a channel before it hears that we took it. russh tells it once half of that is used up, so that 4 MiB are
/// always open: 80 MiB/s at 50 ms. It is no memory of ours (that is what [`CHANNEL_BUFFER`] bounds).
const WINDOW: u32 = 8 * 1024 * 1024;

/// The longest that a host may be silent before it is asked for a sign of life.
const LONGEST_SILENCE: std::time::Duration = std::time::Duration::from_hours(24 * 7);

/// A session whose keys are agreed on and whose host is the right one. Nobody has logged in yet.
pub(crate) struct Session {
    pub(crate) handle: Handle<Client>,
    pub(crate) state: Arc<LinkState>,
    pub(crate) accepted: Accepted,
    /// Ends it at once when cancelled.
    pub(crate) cut: CancellationToken,
}

/// Starts SSH on a connection and checks the host's key.
pub(crate) async fn handshake(
    transport: Transport,
    progress: &Arc<Progress>,
    host_key: HostKeyCheck,
    options: &SshOptions,
    settings: &SshSettings,
    mask: &Mask,
    budget: Budget,
) -> Result<Session, Unreachable> {
    let state = Arc::new(LinkState::new(mask.clone()));
    let cut = CancellationToken::new();
    let cut_if_given_up = cut.clone().drop_guard();

    let keepalive = keepalive(&settings.keepalive, options);
    let records = host_key.records();
    let config = Arc::new(Config {
        client_id: SshId::Standard(concat!("SSH-2.0-runsheet_", env!("CARGO_PKG_VERSION")).into()),
        limits: Limits::default(),
        window_size: WINDOW,
        channel_buffer_size: CHANNEL_BUFFER,
        preferred: preferred(&records.key_types(), records.has_authority(), &options.algorithms),
        keepalive_interval: Some(keepalive.interval),
        keepalive_max: keepalive.unanswered,
        inactivity_timeout: Some(inactivity(&keepalive)),
        nodelay: true,
        ..Config::default()
    });
    let decision = host_key.decision();
    let socket = Socket::new(transport, Arc::clone(progress), cut.clone());
    let started = connect_stream(config, socket, Client::new(host_key, Arc::clone(&state)));

    let outcome = within(progress, settings, budget, started).await?;
    let handle = match (outcome, decision.get()) {
        (_, Some(Err(refused))) => return Err(refused.clone()),
        (Ok(handle), _) => handle,
        (Err(error), _) => return Err(failure(&error, progress, &state, options)),
    };
    let Some(Ok(accepted)) = decision.get() else {
        return Err(for_good(Phase::HostKey, "the host agreed on keys without showing its own"));
    };
    let accepted = accepted.clone();
    cut_if_given_up.disarm();
    Ok(Session { handle, state, accepted, cut })
}

/// Waits for the handshake: first for the host's first line, then for the rest. Both limits are absolute, so that a host
/// that trickles gains nothing.
async fn within<T>(
    progress: &Progress,
    settings: &SshSettings,
    budget: Budget,
    handshake: impl Future<Output = T>,
) -> Result<T, Unreachable> {
    let deadlines = &settings.deadlines;
    let mut handshake = std::pin::pin!(handshake);
    let first_line = (Instant::now() + deadlines.banner).min(budget.end());
    if let Ok(outcome) = tokio::time::timeout_at(first_line, handshake.as_mut()).await {
        return Ok(outcome);
    }
    let Some(banner) = progress.banner() else {
        return Err(budget.ran_out(Phase::Handshake, deadlines.banner, "it did not say that it speaks SSH"));
    };
    let end = (banner + deadlines.kex).min(budget.end());
    tokio::time::timeout_at(end, handshake)
        .await
        .map_err(|_| budget.ran_out(Phase::Handshake, deadlines.kex, "the key exchange was not done"))
}

fn failure(error: &russh::Error, progress: &Progress, state: &LinkState, options: &SshOptions) -> Unreachable {
    if let Some(down) = state.why().filter(|down| !down.text.is_empty()) {
        return for_now(Phase::Handshake, format!("the host closed the connection: {}", down.text));
    }
    match error {
        russh::Error::Disconnect | russh::Error::HUP if progress.banner().is_none() => turned_away(&progress.preface()),
        russh::Error::IO(error) if is_closed(error) && progress.banner().is_none() => turned_away(&progress.preface()),
        russh::Error::Disconnect | russh::Error::HUP => closed(),
        russh::Error::IO(error) if is_closed(error) => closed(),
        russh::Error::IO(error) => socket(Phase::Handshake, error),
        russh::Error::Version => for_good(Phase::Handshake, "it does not speak SSH 2"),
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            let theirs = server_text(&theirs.join(" "));
            let reason = format!("no {kind:?} algorithm that is safe is offered; the host offers: {theirs}");
            let hint = if options.algorithms == AlgorithmChoice::default() {
                "its SSH server is too old: upgrade it"
            } else {
                "ssh_config leaves few algorithms: `runsheet hosts HOST --explain` says which, and where"
            };
            with_hint(for_good(Phase::Handshake, reason), hint)
        }
        other => for_now(Phase::Handshake, server_text(&other.to_string())),
    }
}

fn closed() -> Unreachable {
    for_now(Phase::Handshake, "the host closed the connection during the key exchange")
}

fn is_closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// What ssh_config says of looking for a sign of life, within what a clock can count.
fn keepalive(own: &Keepalive, options: &SshOptions) -> Keepalive {
    Keepalive {
        interval: options.alive_interval.unwrap_or(own.interval).min(LONGEST_SILENCE),
        unanswered: options.alive_count.and_then(|count| usize::try_from(count).ok()).unwrap_or(own.unanswered),
    }
}

/// Longer than the keepalive needs to find a dead host, so that a silent command does not end its own connection; it is
/// what ends a write that nobody takes.
fn inactivity(keepalive: &Keepalive) -> std::time::Duration {
    let questions = u32::try_from(keepalive.unanswered).unwrap_or(u32::MAX);
    let needed = keepalive.interval.saturating_mul(questions.saturating_add(1)).saturating_add(keepalive.interval / 2);
    needed.min(LONGEST_SILENCE * 2)
}
