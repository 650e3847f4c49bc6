//! The promise of the forecast, on histories that are made up: right to a tenth, a step that takes half as long again is flagged in the
//! first run, and no other ever is.

use std::time::Duration;

use runsheet_forecast::{Basis, Past, Sample, Shape, Watch, forecast};

use crate::noise::{Chance, Noise};

/// How many runs there are before it is looked at anything.
const RUNS: usize = 50;

/// A step, and how long it takes on one of its hosts.
struct Step {
    on_a_host: Duration,
    shape: Shape,
}

/// A sheet, and its past runs.
struct Sheet {
    steps: Vec<Step>,
    noise: Noise,
    chance: Chance,
    /// Of each step, newest first.
    past: Vec<Vec<Duration>>,
}

impl Sheet {
    /// Six steps with 50 runs behind them, in one of which one step took five times as long.
    fn new(noise: Noise, seed: u64) -> Self {
        let steps = [(4, 20, 20), (40, 12, 12), (90, 40, 16), (720, 16, 4), (15, 30, 8), (200, 24, 24)];
        let steps = steps.map(|(seconds, hosts, at_once)| Step {
            on_a_host: Duration::from_secs(seconds),
            shape: Shape { waves: vec![hosts], at_once, pause: Duration::ZERO },
        });
        let mut sheet =
            Self { past: vec![Vec::new(); steps.len()], steps: steps.into(), noise, chance: Chance::new(seed) };
        for _ in 0..RUNS {
            let run = sheet.run();
            sheet.remember(run);
        }
        let (step, run) = (sheet.chance.below(sheet.steps.len()), sheet.chance.below(RUNS));
        sheet.past[step][run] *= 5;
        sheet
    }

    fn run(&mut self) -> Vec<Duration> {
        (0..self.steps.len()).map(|step| self.took(step, 1.0)).collect()
    }

    /// How long a step takes on all its hosts, if it takes so many times as long as usual on each.
    fn took(&mut self, step: usize, factor: f64) -> Duration {
        let Step { on_a_host, shape } = &self.steps[step];
        let times: Vec<_> =
            (0..shape.hosts()).map(|_| self.noise.around(on_a_host.mul_f64(factor), &mut self.chance)).collect();
        shape.together(&times)
    }

    fn remember(&mut self, run: Vec<Duration>) {
        for (past, took) in self.past.iter_mut().zip(run) {
            past.insert(0, took);
        }
    }

    fn watch(&self) -> Watch {
        Watch::over(self.steps.len())
    }

    fn forecast(&self, step: usize) -> Duration {
        let shape = self.steps[step].shape.clone();
        let own = self.past[step].iter().map(|&took| Sample { took, hosts: shape.hosts() }).collect();
        let found = forecast(&Past { own, shape, ..Past::default() }).expect("a forecast");
        assert_eq!(found.basis, Basis::Step);
        found.time
    }
}

const NOISES: [Noise; 3] = [Noise::Normal(0.1), Noise::LogNormal(0.08), Noise::Normal(0.03)];

#[test]
fn the_median_error_of_a_forecast_is_below_a_tenth() {
    for noise in NOISES {
        for seed in 0..5 {
            let mut sheet = Sheet::new(noise, seed);
            let mut errors = Vec::new();
            for _ in 0..50 {
                let run = sheet.run();
                for (step, &took) in run.iter().enumerate() {
                    let error = sheet.forecast(step).abs_diff(took).as_secs_f64() / took.as_secs_f64();
                    errors.push(error);
                }
                sheet.remember(run);
            }
            errors.sort_by(f64::total_cmp);
            let median = errors[errors.len() / 2];
            assert!(median < 0.1, "{noise:?}, seed {seed}: {median}");
        }
    }
}

#[test]
fn a_step_that_takes_half_as_long_again_is_flagged_in_the_first_run_and_no_other() {
    for noise in NOISES {
        for seed in 0..60 {
            let mut sheet = Sheet::new(noise, seed);
            let slow = sheet.chance.below(sheet.steps.len());
            let mut run = sheet.run();
            run[slow] = sheet.took(slow, 1.5);
            let flagged: Vec<_> =
                (0..run.len()).filter(|&step| sheet.watch().look(run[step], &sheet.past[step]).is_some()).collect();
            assert_eq!(flagged, [slow], "{noise:?}, seed {seed}");
        }
    }
}

#[test]
fn no_step_is_flagged_in_two_hundred_runs_without_a_slow_one() {
    for noise in NOISES {
        for seed in 0..5 {
            let mut sheet = Sheet::new(noise, seed);
            for number in 0..200 {
                let run = sheet.run();
                for (step, &took) in run.iter().enumerate() {
                    let alarm = sheet.watch().look(took, &sheet.past[step]);
                    assert_eq!(alarm, None, "{noise:?}, seed {seed}, run {number}, step {step}");
                }
                sheet.remember(run);
            }
        }
    }
}
