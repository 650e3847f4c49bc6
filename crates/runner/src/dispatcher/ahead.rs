use super::Dispatcher;
use crate::executor::Executor;
use crate::policy::Verdict;

/// To how many hosts that have not started connections are made ahead of time, at the most. More would be idle for long.
const MOST_AHEAD: usize = 64;

impl Dispatcher {
    /// Has the connections made that will be wanted next, of the step's next hosts or of the steps behind it, so that neither waves
    /// nor windows wait for handshakes. Nothing is done on those hosts.
    ///
    /// Not before a host has let us in: what is wrong everywhere, such as a password, is tried on the hosts whose turn it is first.
    pub(super) fn look_ahead(&mut self, index: usize, executor: &Executor) {
        let Some(progress) = self.steps.get(&index).filter(|_| self.let_in) else { return };
        if self.halted || self.stop.new.is_cancelled() || progress.worst > Verdict::GoOn {
            return;
        }
        if progress.rollout.not_started() == 0 {
            self.look_beyond(executor);
            return;
        }
        let Some(work) = self.plan.steps[index].host_work() else { return };
        let next: Vec<_> = progress.rollout.upcoming().take(work.forks.min(MOST_AHEAD)).collect();
        self.connect_ahead(index, next, executor);
    }

    /// Takes note that a host has let us in.
    pub(super) fn be_let_in(&mut self, executor: &Executor) {
        if !std::mem::replace(&mut self.let_in, true) {
            self.look_ahead_everywhere(executor);
        }
    }

    /// The same for every step that runs.
    pub(super) fn look_ahead_everywhere(&mut self, executor: &Executor) {
        let running: Vec<_> = self.steps.keys().copied().collect();
        for index in running {
            self.look_ahead(index, executor);
        }
    }

    /// The same for the first hosts of the steps that come next.
    fn look_beyond(&mut self, executor: &Executor) {
        let plan = self.plan.clone();
        let next: Vec<_> = self.schedule.upcoming().collect();
        for index in next {
            // Where the order is drawn by lot, it is not known before the step begins.
            if let Some(work) = plan.steps[index].host_work().filter(|work| !work.rollout.shuffled) {
                let first_wave = work.rollout.waves.first().copied().unwrap_or(0);
                let window = work.rollout.window.map_or(first_wave, |window| window.size);
                let first = first_wave.min(window).min(work.forks).min(MOST_AHEAD);
                let positions = (0..first).filter(|&position| !self.is_out(work.hosts[position])).collect();
                self.connect_ahead(index, positions, executor);
            }
        }
    }

    /// Whether a host takes no part in a step, or may not: a run that is gone on with knows that only once the step begins.
    fn is_out(&self, host: usize) -> bool {
        self.resumed.is_some() || self.excluded.contains_key(&host)
    }

    fn connect_ahead(&mut self, index: usize, positions: Vec<usize>, executor: &Executor) {
        for position in positions {
            if self.ahead.entry(index).or_default().insert(position) {
                executor.connect_ahead(index, position, &self.stop);
            }
        }
    }
}
