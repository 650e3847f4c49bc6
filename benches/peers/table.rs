use std::time::Duration;

use crate::measure::Round;
use crate::tool::Tool;

/// A tool, and what its rounds took.
pub(crate) struct Measured {
    pub(crate) tool: Tool,
    pub(crate) rounds: Vec<Round>,
    /// How many processes it starts for ten hosts.
    pub(crate) processes: usize,
}

impl Measured {
    /// The round that lies in the middle by its time.
    fn median(&self) -> Round {
        let mut rounds = self.rounds.clone();
        rounds.sort_by_key(|round| round.wall);
        rounds[rounds.len() / 2]
    }
}

/// The table of a contest, ours first.
pub(crate) fn of(measured: &[Measured], hosts: u32) -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut text = String::from(
        "| tool | hosts at once | wall s | times runsheet's | wall ÷ floor | client CPU a host, ms | sshd CPU s | peak MiB | processes for 10 hosts |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let ours = measured.first().map_or(Duration::ZERO, |measured| measured.median().wall);
    for entry in measured {
        let Round { wall, client, server, peak, .. } = entry.median();
        let floor = server.as_secs_f64() / f64::from(u32::try_from(cores).unwrap_or(1));
        text.push_str(&format!(
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {peak:.0} | {} |\n",
            entry.tool.name(),
            entry.tool.fanout(),
            wall.as_secs_f64(),
            wall.as_secs_f64() / ours.as_secs_f64(),
            wall.as_secs_f64() / floor,
            client.as_secs_f64() * 1_000.0 / f64::from(hosts),
            server.as_secs_f64(),
            entry.processes,
        ));
    }
    text
}

/// Names and seconds, for a picture.
pub(crate) fn bars(measured: &[Measured]) -> Vec<(String, f64)> {
    measured.iter().map(|entry| (entry.tool.name(), entry.median().wall.as_secs_f64())).collect()
}
