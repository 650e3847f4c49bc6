/// Which step may start when: pure, fed by the dispatcher.
#[derive(Debug)]
pub(crate) struct Schedule {
    steps: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    after: Vec<usize>,
    state: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Waiting,
    Running,
    Over,
}

impl Schedule {
    /// Takes, for each step, whether it runs at all and the positions of the steps that must be over before.
    pub(crate) fn new(steps: impl IntoIterator<Item = (bool, Vec<usize>)>) -> Self {
        let steps = steps
            .into_iter()
            .map(|(runs, after)| Slot { after, state: if runs { Progress::Waiting } else { Progress::Over } })
            .collect();
        Self { steps }
    }

    /// Gives the steps that may start now, in the order of the sheet, and counts them as running.
    pub(crate) fn start_ready(&mut self) -> Vec<usize> {
        let ready: Vec<_> = (0..self.steps.len())
            .filter(|&step| {
                let slot = &self.steps[step];
                slot.state == Progress::Waiting
                    && slot.after.iter().all(|&before| self.steps[before].state == Progress::Over)
            })
            .collect();
        for &step in &ready {
            self.steps[step].state = Progress::Running;
        }
        ready
    }

    /// The steps that may start once those that run are over, in the order of the sheet.
    pub(crate) fn upcoming(&self) -> impl Iterator<Item = usize> {
        let is_near = |&before: &usize| self.steps[before].state != Progress::Waiting;
        let is_next = move |slot: &Slot| slot.state == Progress::Waiting && slot.after.iter().all(is_near);
        self.steps.iter().enumerate().filter(move |(_, slot)| is_next(slot)).map(|(step, _)| step)
    }

    /// Counts a step as running that does not wait for its turn.
    pub(crate) fn start(&mut self, step: usize) {
        self.steps[step].state = Progress::Running;
    }

    /// Counts a step as over.
    pub(crate) fn finish(&mut self, step: usize) {
        self.steps[step].state = Progress::Over;
    }

    /// Whether some step has not started yet.
    pub(crate) fn is_anything_waiting(&self) -> bool {
        self.steps.iter().any(|slot| slot.state == Progress::Waiting)
    }

    /// Whether some step runs.
    pub(crate) fn is_anything_running(&self) -> bool {
        self.steps.iter().any(|slot| slot.state == Progress::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_waits_for_those_before_it() {
        let mut schedule = Schedule::new([(true, vec![]), (true, vec![0]), (true, vec![]), (true, vec![1, 2])]);
        assert_eq!(schedule.start_ready(), [0, 2]);
        assert_eq!(schedule.start_ready(), Vec::<usize>::new());
        schedule.finish(0);
        assert_eq!(schedule.start_ready(), [1]);
        schedule.finish(1);
        assert_eq!(schedule.start_ready(), Vec::<usize>::new());
        schedule.finish(2);
        assert_eq!(schedule.start_ready(), [3]);
        assert!(schedule.is_anything_running() && !schedule.is_anything_waiting());
        schedule.finish(3);
        assert!(!schedule.is_anything_running());
    }

    #[test]
    fn the_steps_behind_those_that_run_are_next() {
        let mut schedule = Schedule::new([(true, vec![]), (true, vec![0]), (true, vec![1]), (true, vec![0])]);
        schedule.start_ready();
        assert_eq!(schedule.upcoming().collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn a_step_that_does_not_run_holds_nobody_up() {
        let mut schedule = Schedule::new([(false, vec![]), (true, vec![0])]);
        assert_eq!(schedule.start_ready(), [1]);
    }
}
