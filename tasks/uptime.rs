//! Tell how long each host has been up, and how busy it is.

use std::time::Duration;

use runsheet_model::format_duration;
use runsheet_task::{Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("uptime", &[include_str!("uptime.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("uptime", "Tells how long a host has been up, and how busy it is.")
        .details("The load is that of the last 1, 5 and 15 minutes. For Linux hosts: it is read from `/proc`.")
        .idempotent()
}

pub(crate) async fn do_work(_: &Config, host: &Host) -> Result<Outcome, Early> {
    let said = Early::unless_ok(host.run(SCRIPT.with([])).await?)?;
    let told = read(&said).ok_or_else(|| Early::failed("the host does not tell how long it has been up"))?;
    Ok(Outcome::unchanged(told))
}

/// Reads `SECONDS LOAD LOAD LOAD` (proc_uptime(5), proc_loadavg(5)).
fn read(said: &str) -> Option<String> {
    let mut words = said.split_ascii_whitespace();
    let up = Duration::from_secs(words.next()?.parse().ok()?);
    let loads: Vec<f64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    let [one, five, fifteen] = loads[..] else { return None };
    Some(format!("up {}, load {one:.2} {five:.2} {fifteen:.2}", format_duration(up)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_uptime_is_not_taken_for_one() {
        assert!(read("90 0.10 0.20 0.3\n").is_some_and(|told| told.ends_with("load 0.10 0.20 0.30")));
        for said in ["", "90", "90 0.1 0.2", "x 0.1 0.2 0.3", "90 0.1 0.2 0.3 0.4", "-1 0.1 0.2 0.3"] {
            assert_eq!(read(said), None, "{said:?}");
        }
    }
}
