//! What past runs say goes into the record, and what takes longer than it usually does is told and changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use runsheet_events::EventKind;
use runsheet_forecast::Limit;
use runsheet_model::HostName;
use runsheet_runner::Foreseen;

use crate::stage::{Behaviour, Stage};

fn limit(seconds: u64) -> Limit {
    let usual = Duration::from_secs(seconds);
    Limit { usual, runs: 20, longest: usual * 2 }
}

#[tokio::test(start_paused = true)]
async fn a_step_and_a_host_that_take_longer_are_told_once_their_step_is_over() {
    let hosts = (0..4).map(|number| (HostName::new(format!("h0{number}")).expect("a name"), limit(10)));
    let foreseen = Foreseen {
        finish: None,
        forecasts: BTreeMap::from([(0, Duration::from_secs(12)), (1, Duration::from_secs(90))]),
        steps: BTreeMap::from([(0, limit(10)), (1, limit(30))]),
        hosts: BTreeMap::from([(0, hosts.collect::<HashMap<_, _>>())]),
    };
    let report = Stage::new(4, 2)
        .everywhere(Behaviour::Takes(Duration::from_secs(10)))
        .behaviour(2, Behaviour::Takes(Duration::from_secs(25)))
        .foreseen(foreseen)
        .run()
        .await;
    let told = report.kinds(|kind| match kind {
        EventKind::RunStarted(header) => {
            Some(format!("{:?}", header.steps.iter().map(|step| step.forecast_ms).collect::<Vec<_>>()))
        }
        EventKind::StepFinished { step, .. } => Some(format!("{step} is over")),
        EventKind::TookLonger(longer) => {
            let host = longer.host.as_ref().map_or("all", HostName::as_str);
            Some(format!("{} {host}: {} s, usually {} s", longer.step, longer.took.as_secs(), longer.usual.as_secs()))
        }
        EventKind::RunFinished { .. } => Some("over".to_owned()),
        _ => None,
    });
    assert_eq!(
        told,
        [
            "[Some(12000), Some(90000)]",
            "s0 is over",
            "s0 all: 25 s, usually 10 s",
            "s0 h02: 25 s, usually 10 s",
            "s1 is over",
            "over"
        ]
    );
    assert_eq!(report.stats.totals().ok(), 8);
    assert_eq!(report.stats.longer.len(), 2);
}
