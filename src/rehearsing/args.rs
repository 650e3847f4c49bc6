use std::str::FromStr;

use clap::Args;
use runsheet_model::Pace;

/// Whether and how a sheet is rehearsed.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Rehearsal")]
pub(crate) struct RehearseArgs {
    /// Rehearse: run the sheet on practice hosts in place of its hosts. No real host is touched, and nothing is run
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) rehearse: bool,
    /// How many times faster than real a rehearsal goes, from 1 to 1000
    #[arg(long, value_name = "N", default_value = "10", requires = "rehearse")]
    pub(crate) speed: Pace,
    /// What goes wrong: `web03: refuse`, `web[01-05]@STEP: fail 3`. Faults are refuse, silent, wrong-key, deny, fail, hang, drop, slow N;
    /// `once` behind fail, hang or drop lets the next try go well
    #[arg(long, value_name = "HOSTS[@STEP]: FAULT", requires = "rehearse")]
    pub(crate) fault: Vec<String>,
    /// How often something goes wrong by chance, of the hosts of each step, such as 2%
    #[arg(long, value_name = "N%", requires = "rehearse")]
    pub(crate) faults: Option<Probability>,
    /// What chance comes from: the same seed gives the same times and faults
    #[arg(long, value_name = "N", requires = "rehearse")]
    pub(crate) seed: Option<u64>,
    /// Ask people, as a run does; without it they are taken to go on
    #[arg(long, requires = "rehearse")]
    pub(crate) ask: bool,
}

impl Default for RehearseArgs {
    fn default() -> Self {
        Self { rehearse: false, speed: Pace::REAL, fault: Vec::new(), faults: None, seed: None, ask: false }
    }
}

/// How likely something is, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Probability(pub(crate) f64);

impl FromStr for Probability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match percent.filter(|percent| (0.0..=100.0).contains(percent)) {
            Some(percent) => Ok(Self(percent / 100.0)),
            None => Err("it is a percentage from 0% to 100%, such as 2%".to_owned()),
        }
    }
}
