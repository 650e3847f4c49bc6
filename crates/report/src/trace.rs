use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use runsheet_events::{AttemptKey, EventKind, HostResult, RunEvent, RunStats, words};
use runsheet_model::{HostName, StepId, shortened};
use serde_json::{Value, json};

/// The process of the run itself; each step is one more.
const RUN: usize = 1;

/// Writes a run as a trace in Chrome's event format, which <https://ui.perfetto.dev> opens: microseconds since the run's start.
///
/// The run is a process with a thread for itself and one for each step; each step is a process with a thread for each host, and on it
/// the host's work, its attempts and their commands, one inside the other. Events are read once and written as they end, so
/// that a run of any size fits.
pub fn trace<E: Into<io::Error>>(
    events: impl IntoIterator<Item = Result<RunEvent, E>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut trace = Trace {
        out,
        stats: RunStats::default(),
        threads: BTreeMap::new(),
        attempts: BTreeMap::new(),
        asked: BTreeMap::new(),
        steps: BTreeMap::new(),
        first: true,
    };
    trace.out.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
    for event in events {
        trace.take(&event.map_err(Into::into)?)?;
    }
    trace.end()?;
    trace.out.write_all(b"\n]}\n")?;
    trace.out.flush()
}

struct Trace<'a> {
    out: &'a mut dyn Write,
    stats: RunStats,
    /// The thread of each host of each step, once it was begun.
    threads: BTreeMap<(StepId, HostName), usize>,
    /// When attempts began that are under way.
    attempts: BTreeMap<AttemptKey, Duration>,
    /// When questions were asked that stand.
    asked: BTreeMap<StepId, (Duration, String)>,
    /// When steps began that are under way.
    steps: BTreeMap<StepId, Duration>,
    first: bool,
}

impl Trace<'_> {
    fn take(&mut self, event: &RunEvent) -> io::Result<()> {
        let running = match &event.kind {
            EventKind::HostFinished { step, host, .. } => {
                self.stats.step(step).and_then(|step| step.running.get(host)).copied()
            }
            _ => None,
        };
        let began_anew = matches!(event.kind, EventKind::RunStarted(_)) && self.stats.header.is_some();
        if began_anew {
            self.close()?;
        }
        // Steps that had not begun may be others in a later epoch.
        let named = match (&event.kind, &self.stats.header) {
            (EventKind::RunStarted(header), Some(known)) => known.steps == header.steps,
            _ => false,
        };
        self.stats.apply(event);
        let now = self.stats.elapsed;
        match &event.kind {
            EventKind::RunStarted(header) => {
                if !named {
                    self.name_all()?;
                }
                if began_anew { self.mark("resumed", now, &json!({"epoch": header.epoch})) } else { Ok(()) }
            }
            EventKind::StepStarted { step, .. } => {
                self.steps.insert(step.clone(), now);
                Ok(())
            }
            EventKind::StepFinished { step, .. } => self.step_over(step, now),
            EventKind::WaveStarted { step, wave, waves, hosts } => {
                let tid = self.place(step) + 1;
                let name = format!("wave {wave} of {waves}");
                self.write(&json!({"ph": "i", "s": "t", "name": name, "cat": "wave", "pid": RUN, "tid": tid, "ts": us(now), "args": {"hosts": hosts}}))
            }
            EventKind::PersonAsked { step, question } => {
                self.asked.insert(step.clone(), (now, question.clone()));
                Ok(())
            }
            EventKind::PersonAnswered { step, proceed, choice, note, who, waited } => {
                let (from, question) = self.asked.remove(step).unwrap_or((now.saturating_sub(*waited), String::new()));
                let args = json!({
                    "question": shortened(&question, 1_000), "who": shortened(who, 200),
                    "says": words::chosen(*choice, *proceed), "note": shortened(note, 1_000),
                });
                let tid = self.place(step) + 1;
                self.span("waits for a person", "person", RUN, tid, (from, now), &args)
            }
            EventKind::AttemptStarted(key) => {
                self.attempts.insert(key.clone(), now);
                self.thread(&key.step, &key.host).map(drop)
            }
            EventKind::AttemptFinished { key, result, commands, .. } => {
                let (pid, tid) = self.thread(&key.step, &key.host)?;
                let from = self.attempts.remove(key).unwrap_or_else(|| now.saturating_sub(result.took));
                let name = match self.stats.step(&key.step).and_then(|step| step.planned.tasks.get(key.link as usize)) {
                    Some(task) => format!("{task}, attempt {}", key.attempt),
                    None => format!("attempt {}", key.attempt),
                };
                self.span(&name, "attempt", pid, tid, (from, now), &ended(result))?;
                for command in commands {
                    // What stands in another is inside it, whatever the clocks of two threads say.
                    let start = (from + command.started).min(now);
                    let end = (start + command.took).min(now);
                    let args = json!({"code": command.code, "output_bytes": command.output_bytes, "command": shortened(&command.command, 1_024)});
                    self.span(&shortened(&command.command, 80), "command", pid, tid, (start, end), &args)?;
                }
                Ok(())
            }
            EventKind::HostStarted { step, host } => self.thread(step, host).map(drop),
            EventKind::HostFinished { step, host, result } => {
                let (pid, tid) = self.thread(step, host)?;
                let from = running.unwrap_or_else(|| now.saturating_sub(result.took));
                self.span(words::state(&result.state), "host", pid, tid, (from, now), &ended(result))
            }
            EventKind::RenewalFinished { key, result, .. } => {
                let (pid, tid) = self.thread(&key.step, &key.host)?;
                let from = now.saturating_sub(result.took);
                self.span("renewal", "renewal", pid, tid, (from, now), &ended(result))
            }
            EventKind::RunCancelled { reason } => {
                let why = words::cancelled(reason, &self.stats);
                self.mark("stopped", now, &json!({"why": why}))
            }
            EventKind::Warned { message } => self.mark("warning", now, &json!({"message": shortened(message, 1_000)})),
            EventKind::TookLonger(longer) => {
                self.mark("slow", now, &json!({"message": words::took_longer(longer, &self.stats)}))
            }
            EventKind::HostConnected { .. }
            | EventKind::LostAnswered { .. }
            | EventKind::RenewalStarted(_)
            | EventKind::HostNoted { .. }
            | EventKind::FileMade { .. }
            | EventKind::RunFinished { .. } => Ok(()),
        }
    }

    /// Says how processes and threads are called.
    fn name_all(&mut self) -> io::Result<()> {
        let Some(header) = self.stats.header.clone() else { return Ok(()) };
        self.name("process_name", RUN, 1, &format!("{}, run {}", shortened(&header.sheet, 200), header.run.short()))?;
        self.sort(RUN, 0)?;
        self.name("thread_name", RUN, 1, "run")?;
        for (place, step) in (RUN + 1..).zip(&header.steps) {
            let title = format!("{}. {}", place - RUN, words::title(step));
            self.name("thread_name", RUN, place, &title)?;
            self.name("process_name", place, place, &title)?;
            self.sort(place, place)?;
        }
        Ok(())
    }

    /// The process and thread of a host of a step. Threads have numbers that no other process has: some readers tell them apart by
    /// the number alone.
    fn thread(&mut self, step: &StepId, host: &HostName) -> io::Result<(usize, usize)> {
        let pid = self.place(step) + 1;
        if let Some(&tid) = self.threads.get(&(step.clone(), host.clone())) {
            return Ok((pid, tid));
        }
        let tid = 1 + RUN + self.stats.steps.len() + self.threads.len();
        self.threads.insert((step.clone(), host.clone()), tid);
        self.name("thread_name", pid, tid, &shortened(host.as_str(), 260))?;
        Ok((pid, tid))
    }

    /// The number of a step in the plan, from 1; 0 for one that is not in it.
    fn place(&self, step: &StepId) -> usize {
        self.stats.steps.iter().position(|known| known.planned.step == *step).map_or(0, |place| place + 1)
    }

    fn step_over(&mut self, step: &StepId, now: Duration) -> io::Result<()> {
        let Some(from) = self.steps.remove(step) else { return Ok(()) };
        let tid = self.place(step) + 1;
        let (name, args) = match self.stats.step(step) {
            Some(stats) => {
                let args = json!({
                    "hosts": words::totals(&stats.totals), "owner": stats.planned.owner, "expect_ms": stats.planned.expect_ms,
                    "forecast_ms": stats.planned.forecast_ms, "waited_ms": ms(stats.waited),
                });
                (words::title(&stats.planned), args)
            }
            None => (step.to_string(), json!({})),
        };
        self.span(&name, "step", RUN, tid, (from, now), &args)
    }

    /// Ends what is under way, because the run was broken off.
    fn close(&mut self) -> io::Result<()> {
        let now = self.stats.elapsed;
        for (key, from) in std::mem::take(&mut self.attempts) {
            let (pid, tid) = self.thread(&key.step, &key.host)?;
            self.span(
                &format!("attempt {}", key.attempt),
                "attempt",
                pid,
                tid,
                (from, now),
                &json!({"state": "not over"}),
            )?;
        }
        let running: Vec<_> = self
            .stats
            .steps
            .iter()
            .flat_map(|step| step.running.iter().map(|(host, from)| (step.planned.step.clone(), host.clone(), *from)))
            .collect();
        for (step, host, from) in running {
            let (pid, tid) = self.thread(&step, &host)?;
            self.span("not over", "host", pid, tid, (from, now), &json!({}))?;
        }
        for (step, (from, question)) in std::mem::take(&mut self.asked) {
            let tid = self.place(&step) + 1;
            let args = json!({"question": shortened(&question, 1_000)});
            self.span("waits for a person", "person", RUN, tid, (from, now), &args)?;
        }
        let open: Vec<StepId> = self.steps.keys().cloned().collect();
        open.iter().try_for_each(|step| self.step_over(step, now))
    }

    fn end(&mut self) -> io::Result<()> {
        self.close()?;
        let Some(header) = self.stats.header.clone() else { return Ok(()) };
        let end = self.stats.elapsed.max(self.stats.took.unwrap_or_default());
        let args = json!({
            "run": header.run.to_string(), "plan_hash": header.plan_hash, "user": header.user, "machine": header.machine,
            "hosts": words::totals(&self.stats.totals()),
        });
        self.span(&shortened(&header.sheet, 200), "run", RUN, 1, (Duration::ZERO, end), &args)
    }

    fn span(
        &mut self,
        name: &str,
        cat: &str,
        pid: usize,
        tid: usize,
        time: (Duration, Duration),
        args: &Value,
    ) -> io::Result<()> {
        let dur = us(time.1).saturating_sub(us(time.0));
        self.write(&json!({"ph": "X", "name": name, "cat": cat, "pid": pid, "tid": tid, "ts": us(time.0), "dur": dur, "args": args}))
    }

    fn mark(&mut self, name: &str, at: Duration, args: &Value) -> io::Result<()> {
        self.write(
            &json!({"ph": "i", "s": "g", "name": name, "cat": "run", "pid": RUN, "tid": 1, "ts": us(at), "args": args}),
        )
    }

    fn name(&mut self, what: &str, pid: usize, tid: usize, name: &str) -> io::Result<()> {
        self.write(&json!({"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}))
    }

    fn sort(&mut self, pid: usize, index: usize) -> io::Result<()> {
        self.write(
            &json!({"ph": "M", "name": "process_sort_index", "pid": pid, "tid": pid, "args": {"sort_index": index}}),
        )
    }

    fn write(&mut self, event: &Value) -> io::Result<()> {
        self.out.write_all(if std::mem::take(&mut self.first) { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *self.out, event).map_err(Into::into)
    }
}

fn ended(result: &HostResult) -> Value {
    json!({"state": words::state(&result.state), "value": result.outcome.value, "message": words::first_line(&result.outcome.message)})
}

fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
