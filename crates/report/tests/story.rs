//! Runs that never were, as events: what a run of so many hosts would have recorded.

use std::time::{Duration, UNIX_EPOCH};

use runsheet_events::{
    AttemptKey, CommandRecord, EventKind, HostResult, PlannedStep, Request, RunEvent, RunHeader, StepTotals,
};
use runsheet_model::{Failure, HostName, LostReason, Outcome, Phase, State, StepId, TaskName, Unreachable};
use runsheet_report::{Outputs, Report, Tail};

/// 2026-11-23T02:12:45Z, in milliseconds.
const BEGUN_MS: u64 = 1_795_399_965_000;

/// A run being told.
pub(crate) struct Story {
    moments: Vec<(u64, EventKind)>,
}

/// How an attempt goes.
#[derive(Clone, Debug)]
pub(crate) struct Try {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) state: State,
    pub(crate) message: String,
}

impl Try {
    pub(crate) fn ok(from: u64, to: u64) -> Self {
        Self { from, to, state: State::Ok { changed: true }, message: "restarted nginx".into() }
    }

    pub(crate) fn same(from: u64, to: u64) -> Self {
        Self { from, to, state: State::Ok { changed: false }, message: "as it should be".into() }
    }

    pub(crate) fn failed(from: u64, to: u64, message: &str) -> Self {
        Self { from, to, state: State::Failed { failure: Failure::Task { value: 3 } }, message: message.into() }
    }

    pub(crate) fn lost(from: u64, to: u64) -> Self {
        let reason = LostReason::PeerSilent;
        Self { from, to, state: State::Lost { reason }, message: reason.says().into() }
    }

    pub(crate) fn away(from: u64, to: u64, host: &str) -> Self {
        let reason = format!("no answer from `{host}` within 30s");
        let unreachable = Unreachable {
            phase: Phase::Tcp,
            reason: reason.clone(),
            hint: Some("raise `connect_timeout` in its host group".into()),
            transient: true,
        };
        Self { from, to, state: State::Unreachable(unreachable), message: reason }
    }
}

/// A step of the plan.
pub(crate) fn planned(id: &str, name: &str, task: &str, hosts: usize) -> PlannedStep {
    PlannedStep {
        step: step(id),
        name: name.into(),
        tasks: if task.is_empty() { Vec::new() } else { vec![TaskName::new(task).expect("a task")] },
        hosts,
        owner: None,
        expect_ms: None,
        forecast_ms: None,
        undoes: None,
        after: None,
    }
}

pub(crate) fn step(id: &str) -> StepId {
    StepId::new(id).expect("a step")
}

pub(crate) fn host(name: &str) -> HostName {
    HostName::new(name).expect("a host")
}

impl Story {
    /// Begins a run.
    pub(crate) fn of(sheet: &str, hosts: usize, steps: Vec<PlannedStep>) -> Self {
        let header = RunHeader {
            format: 1,
            run: "019aaf3e-5b1d-7c44-9a41-3f2b61c0de42".parse().expect("an id"),
            epoch: 1,
            sheet: sheet.into(),
            command: "run".into(),
            plan_hash: format!("sha256:{}", "5f3a91".repeat(10) + "77c0"),
            version: "0.1.0".into(),
            user: "dana".into(),
            machine: "ops1".into(),
            steps,
            hosts,
            request: Some(Request {
                words: ["runsheet", "run", "weekly", "--set", "release=2026.11.22 final"].map(Into::into).into(),
                folder: "/home/dana/deploy".into(),
            }),
            forecast: None,
        };
        Self { moments: vec![(0, EventKind::RunStarted(Box::new(header)))] }
    }

    /// Adds anything at a moment.
    pub(crate) fn at(&mut self, ms: u64, kind: EventKind) -> &mut Self {
        self.moments.push((ms, kind));
        self
    }

    /// A step from its start to its end.
    pub(crate) fn step(&mut self, id: &str, from: u64, to: u64, hosts: usize) -> &mut Self {
        let took = Duration::from_millis(to - from);
        self.at(from, EventKind::StepStarted { step: step(id), hosts });
        self.at(to, EventKind::StepFinished { step: step(id), totals: StepTotals::default(), took })
    }

    /// A host of a step, with its attempts. The last one tells how it ended.
    pub(crate) fn host(&mut self, id: &str, name: &str, tries: &[Try]) -> &mut Self {
        let (Some(first), Some(last)) = (tries.first(), tries.last()) else { return self };
        self.at(first.from.saturating_sub(150), EventKind::HostStarted { step: step(id), host: host(name) });
        for (number, one) in (1..).zip(tries) {
            let key = AttemptKey { step: step(id), link: 0, host: host(name), attempt: number };
            let took = Duration::from_millis(one.to - one.from);
            let commands = vec![CommandRecord {
                command: "systemctl restart nginx".into(),
                code: Some(0),
                started: took / 10,
                took: took / 2,
                output_bytes: 120,
                output_sha256: String::new(),
                leaked: false,
            }];
            let unreachable = matches!(one.state, State::Unreachable(_));
            if !unreachable {
                self.at(one.from, EventKind::AttemptStarted(key.clone()));
            }
            let commands = if unreachable { Vec::new() } else { commands };
            let finished =
                EventKind::AttemptFinished { key, started: !unreachable, result: result(one, one.from), commands };
            self.at(one.to, finished);
        }
        let from = first.from.saturating_sub(150);
        self.at(last.to, EventKind::HostFinished { step: step(id), host: host(name), result: result(last, from) })
    }

    /// A question and its answer.
    pub(crate) fn asked(&mut self, id: &str, from: u64, to: u64, question: &str, who: &str, note: &str) -> &mut Self {
        self.at(from, EventKind::PersonAsked { step: step(id), question: question.into() });
        let waited = Duration::from_millis(to - from);
        let (note, who) = (note.into(), who.into());
        let answered = EventKind::PersonAnswered { step: step(id), proceed: true, choice: None, note, who, waited };
        self.at(to, answered)
    }

    /// The events, in order and numbered.
    pub(crate) fn events(&self) -> Vec<RunEvent> {
        let mut moments: Vec<_> = self.moments.iter().collect();
        moments.sort_by_key(|(ms, _)| *ms);
        let event = |(seq, (ms, kind)): (u64, &(u64, EventKind))| RunEvent {
            seq,
            at: UNIX_EPOCH + Duration::from_millis(BEGUN_MS + ms),
            elapsed: Duration::from_millis(*ms),
            kind: self.machine_time(kind.clone()),
        };
        (1..).zip(moments).map(event).collect()
    }

    /// Takes the waiting for people out of the time of a step, as the runner does.
    fn machine_time(&self, mut kind: EventKind) -> EventKind {
        if let EventKind::StepFinished { step: over, took, .. } = &mut kind {
            for (_, kind) in &self.moments {
                if let EventKind::PersonAnswered { step, waited, .. } = kind
                    && step == over
                {
                    *took -= *waited;
                }
            }
        }
        kind
    }

    /// The run, folded.
    pub(crate) fn report(&self) -> Report {
        let mut report = Report::default();
        self.events().iter().for_each(|event| report.apply(event));
        report.finish(false)
    }
}

fn result(one: &Try, from: u64) -> HostResult {
    let value = i32::from(!one.state.is_good());
    let mut outcome = if value == 0 { Outcome::changed(&one.message) } else { Outcome::failed(&one.message, 3) };
    outcome.changed = one.state == State::Ok { changed: true };
    HostResult { state: one.state.clone(), outcome, hint: None, took: Duration::from_millis(one.to - from) }
}

/// The end of a run.
pub(crate) fn over(ms: u64) -> EventKind {
    EventKind::RunFinished { totals: StepTotals::default(), took: Duration::from_millis(ms) }
}

/// The same output for all hosts.
pub(crate) struct SameOutput(pub(crate) &'static [u8]);

impl Outputs for SameOutput {
    fn tail(&self, _: &runsheet_events::OutputKey, longest: usize) -> Option<Tail> {
        let cut = self.0.len() > longest;
        Some(Tail { bytes: self.0[self.0.len().saturating_sub(longest)..].to_vec(), cut })
    }
}

/// A deploy of six steps: one by hand, one in waves with an approval, one with trouble, and one that is never begun.
pub(crate) fn deploy() -> Story {
    let mut steps = vec![
        planned("silence", "Silence alerts", "nagios.downtime", 1),
        planned("announce", "Announce in #deploys", "", 0),
        planned("roll", "Roll web", "release.deploy", 24),
        planned("solr", "Restart solr", "solr.restart", 6),
        planned("check", "Check the site", "http.check", 24),
        planned("alerts", "Alerts on again", "nagios.downtime.remove", 1),
    ];
    let times = [(10, 4), (0, 0), (240, 262), (90, 70), (30, 28), (10, 4)];
    for (step, (expect, forecast)) in steps.iter_mut().zip(times) {
        step.expect_ms = (expect > 0).then_some(expect * 1_000);
        step.forecast_ms = (forecast > 0).then_some(forecast * 1_000);
    }
    steps[1].owner = Some("dana".into());
    steps[2].owner = Some("platform".into());
    steps[3].owner = Some("search".into());
    let mut story = Story::of("Weekly web deploy", 31, steps);
    story.step("silence", 0, 3_200, 1).host("silence", "mon1", &[Try::ok(400, 3_100)]);
    story.step("announce", 3_200, 48_000, 0).asked(
        "announce",
        3_250,
        47_900,
        "Tell support that the deploy starts.",
        "dana",
        "told Ines",
    );
    roll(&mut story);
    let printed = "Traceback: no space left on device";
    story.step("solr", 352_000, 442_000, 6);
    for number in 1..=6_u64 {
        let (name, from) = (format!("solr{number:02}"), 352_200 + number * 40);
        let tries = match number {
            3 => vec![Try::lost(from, from + 60_000)],
            5 => vec![Try::away(from, from + 30_000, &name)],
            6 => vec![
                Try::failed(from, from + 20_000, printed),
                Try::failed(from + 25_000, from + 45_000, printed),
                Try::failed(from + 50_000, from + 89_500, printed),
            ],
            _ => vec![Try::ok(from, from + 30_000 + number * 4_000)],
        };
        story.host("solr", &name, &tries);
    }
    let outcome = Outcome::changed("drained").opens("drained");
    let result = HostResult { state: State::Ok { changed: true }, outcome, hint: None, took: Duration::from_secs(1) };
    let key = AttemptKey { step: step("solr"), link: 0, host: host("solr06"), attempt: 4 };
    story.at(441_900, EventKind::AttemptFinished { key, started: true, result, commands: Vec::new() });
    story.at(300_000, EventKind::Warned { message: "`Roll web` takes longer than ever: 4m 12s, median 3m 40s".into() });
    let reason = runsheet_events::CancelReason::HostsFailed { step: step("solr") };
    story.at(442_100, EventKind::RunCancelled { reason });
    story.at(442_300, over(442_300));
    story
}

/// 24 hosts in three waves of 1, 6 and 17, with an approval after the first.
fn roll(story: &mut Story) {
    let wave = |number, hosts| EventKind::WaveStarted { step: step("roll"), wave: number, waves: 3, hosts };
    story.step("roll", 48_000, 352_000, 24);
    story.at(48_010, wave(1, 1)).at(131_000, wave(2, 6)).at(221_000, wave(3, 17));
    story.asked("roll", 93_000, 130_900, "wave 1 of 3 is over; start the next?", "lee", "graphs look right");
    for number in 1..=24_u64 {
        let (name, jitter) = (format!("web{number:02}"), number * 977 % 9_000);
        let from = match number {
            1 => 48_200,
            2..=7 => 131_200 + (number - 2) % 3 * 28_000,
            _ => 221_200 + (number - 8) / 6 * 42_000,
        };
        let tries = match number {
            12 => vec![
                Try::failed(from, from + 14_000, "web12: 503 from http://127.0.0.1/health"),
                Try::ok(from + 20_000, from + 45_000),
            ],
            20 => vec![Try::ok(from, 351_500)],
            9 => vec![Try::same(from, from + 6_000)],
            _ => vec![Try::ok(from, from + 25_000 + jitter)],
        };
        story.host("roll", &name, &tries);
    }
}

/// So many hosts, five steps; every hundredth fails in the last one, and some are slow.
pub(crate) fn large(hosts: u64) -> Story {
    let ids = ["stop", "copy", "start", "check", "open"];
    let count = usize::try_from(hosts).expect("a count");
    let steps = ids.map(|id| PlannedStep {
        expect_ms: Some(150_000),
        forecast_ms: Some(140_000),
        ..planned(id, &format!("{id} the service"), "service.restart", count)
    });
    let mut story = Story::of("Whole fleet", count, steps.to_vec());
    for (place, id) in (0..).zip(ids) {
        let begin = place * 160_000;
        let mut end = begin;
        for number in 0..hosts {
            // 64 at once, each for about a second and a half.
            let from = begin + 200 + number / 64 * 1_600 + number % 64 * 7;
            let slow = if number % 997 == 5 { 22_000 } else { 0 };
            let to = from + 700 + number * 7_919 % 900 + slow;
            let name = format!("node{number:05}.dc{}.example.com", number % 3 + 1);
            let one = if id == "open" && number % 100 == 7 {
                Try::failed(from, to, &format!("{name}: disk {} is full\nsee /var/log/{number}", number % 4))
            } else {
                Try::ok(from, to)
            };
            end = end.max(to);
            story.host(id, &name, &[one]);
        }
        story.step(id, begin, end + 100, count);
    }
    story.at(5 * 160_000 + 30_000, over(5 * 160_000 + 30_000));
    story
}
