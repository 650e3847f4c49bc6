//! A run that was broken off goes on: killed at any moment, interrupted, failed, lost, or changed meanwhile.

use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use runsheet_events::{EventKind, RunEvent};

use crate::practice_runs::Stage;

/// What is done with a host is counted on the host: a folder is made once, and whoever finds it there says so.
const COUNTED: &str = "name: Counted\nsteps:\n\
    \x20 - {name: A, task: command, hosts: web, args: {run: 'mkdir a || echo a >>twice; sleep 0.05'}, on_failure: continue}\n\
    \x20 - name: B\n    hosts: web\n    waves: [1, 2, 100%]\n    on_failure: continue\n    do:\n\
    \x20     - {task: command, args: {run: 'mkdir b1 || echo b1 >>twice; sleep 0.02'}}\n\
    \x20     - {task: command, args: {run: 'mkdir b2 || echo b2 >>twice'}}\n\
    \x20   always:\n      - {task: command, args: {run: echo tidied >>log}}\n\
    \x20 - {name: C, task: command, hosts: web, args: {run: 'mkdir c || echo c >>twice'}, on_failure: continue}\n";

const HOSTS: [&str; 6] = ["web1", "web2", "web3", "web4", "web5", "web6"];

/// Numbers that look like chance and are the same every time (a linear congruential generator, Knuth's constants).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}

fn start(stage: &Stage, args: &[&str]) -> Child {
    let mut command = stage.case.command(args);
    command.args(["-F", "ssh_config"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}

fn journal(stage: &Stage) -> String {
    let folder = stage.case.runs().last().cloned();
    folder.and_then(|folder| fs::read_to_string(folder.join("journal.ndjson")).ok()).unwrap_or_default()
}

fn events(stage: &Stage) -> Vec<RunEvent> {
    journal(stage).split_inclusive('\n').filter_map(|line| runsheet_events::decode(line.trim_end()).ok()).collect()
}

/// Kills the program: after a while, or once so many more events are on record.
fn kill(stage: &Stage, mut child: Child, chance: &mut Chance, whole: Duration, lines: u64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    if chance.below(2) == 0 {
        thread::sleep(whole.mul_f64(f64::from(u32::try_from(chance.below(1000)).expect("small")) / 1000.0));
    } else {
        let wanted = journal(stage).lines().count() as u64 + 1 + chance.below(lines);
        while (journal(stage).lines().count() as u64) < wanted
            && child.try_wait().expect("its state").is_none()
            && Instant::now() < deadline
        {
            thread::sleep(Duration::from_micros(200));
        }
    }
    _ = child.kill();
    child.wait().expect("it is over");
}

#[test]
fn p_1_a_run_that_is_killed_at_any_moment_and_resumed_starts_nothing_twice() {
    let rounds = if std::env::var_os("RUNSHEET_LONG").is_some() { 200 } else { 20 };
    let mut chance = Chance(20_261_126);
    let (mut whole, mut lines) = (Duration::from_secs(2), 100);
    let (mut cut_short, mut lost) = (0, 0);
    for round in 0..rounds {
        let stage = Stage::new("web[1-6]: ok").sheet(COUNTED);
        if round == 0 {
            // How long a run takes that nobody kills: moments are drawn from that.
            let started = Instant::now();
            stage.case.run_with_flags(&["run", "deploy"]).exits(0);
            (whole, lines) = (started.elapsed(), journal(&stage).lines().count() as u64);
            continue;
        }
        kill(&stage, start(&stage, &["run", "deploy"]), &mut chance, whole, lines);
        if !journal(&stage).ends_with('\n') && journal(&stage).is_empty() {
            // It was killed before it began: there is nothing to go on with.
            continue;
        }
        cut_short += u32::from(!journal(&stage).contains("\"run_finished\""));
        for _ in 0..chance.below(3) {
            kill(&stage, start(&stage, &["resume", "--lost", "fail"]), &mut chance, whole / 2, lines / 2);
        }
        let ended = stage.case.run_with_flags(&["resume", "--lost", "fail"]);
        assert!([0, 5].contains(&ended.code), "round {round}: {}\n{}", ended.code, ended.stderr);
        for host in HOSTS {
            assert_eq!(stage.lines(host, "twice"), 0, "round {round}: something was started twice on {host}");
        }
        lost += check_record(&stage, round);
        stage.case.run(&["journal", "verify"]).exits(0);
    }
    assert!(cut_short > rounds / 3, "only {cut_short} of {rounds} runs were really cut short");
    assert!(lost > 0, "nothing was ever lost");
}

/// Compares the record with the hosts: what is on record as done was done, nobody was left before the end, and every end that nobody saw was
/// taken for what was said. Gives how many of those there were.
fn check_record(stage: &Stage, round: u32) -> u32 {
    let events = events(stage);
    let mut answered = 0;
    for event in &events {
        match &event.kind {
            EventKind::LostAnswered { who, .. } => {
                assert_eq!(who, "tester");
                answered += 1;
            }
            EventKind::AttemptFinished { key, result, .. } if result.state.is_good() => {
                let done = match (key.step.as_str(), key.link) {
                    ("a", 0) => "a",
                    ("b", 0) => "b1",
                    ("b", 1) => "b2",
                    ("c", 0) => "c",
                    _ => continue,
                };
                let home = stage.host(key.host.as_str()).home();
                assert!(home.join(done).is_dir(), "round {round}: {done} is not on {}", key.host);
            }
            _ => {}
        }
    }
    let ended = |step: &str, host: &str| {
        events.iter().rev().find_map(|event| match &event.kind {
            EventKind::HostFinished { step: of, host: on, result } if of.as_str() == step && on.as_str() == host => {
                Some(result.state.clone())
            }
            _ => None,
        })
    };
    for host in HOSTS {
        for step in ["a", "b", "c"] {
            assert!(ended(step, host).is_some(), "round {round}: {host} has no end in {step}");
        }
    }
    answered
}

#[test]
fn p_5_what_nobody_knows_waits_for_a_person_and_what_they_say_is_done_and_recorded() {
    let sheet = "name: One\nsteps:\n\
        \x20 - {name: Work, task: command, hosts: web, args: {run: 'echo begun >>log; sleep 3; echo done >>log'}}\n\
        \x20 - {name: After, task: command, hosts: web, args: {run: echo after >>log}}\n";
    let stage = Stage::new("web[1-3]: ok").sheet(sheet);
    let mut child = start(&stage, &["run", "deploy"]);
    let deadline = Instant::now() + Duration::from_secs(20);
    while ["web1", "web2", "web3"].iter().any(|host| stage.lines(host, "log") == 0) {
        assert!(Instant::now() < deadline, "the work did not begin");
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it is killed");
    child.wait().expect("it is over");

    let before = journal(&stage);
    let asked = stage.case.run_with_flags(&["resume"]).exits(8);
    assert!(asked.stderr.contains("work  command  web[1-3]"), "{}", asked.stderr);
    assert!(asked.stderr.contains("--lost retry") && asked.stderr.contains("--lost work:web1=retry"));
    assert_eq!(journal(&stage), before, "asking changes nothing");

    for (typo, told) in [("wrok=ok", "there is no step `wrok`"), ("work:web9=ok", "step `work` has no host `web9`")] {
        stage.case.run_with_flags(&["resume", "--lost", typo]).exits(2).says(told);
    }

    // One is done again, one is taken for done, one has failed: the sheet ends with its step.
    let said = ["resume", "--lost", "work=ok", "--lost", "work:web1=retry", "--lost", "work:web3=fail"];
    stage.case.run_with_flags(&said).exits(5).says("web3");
    let lines = |host: &str| fs::read_to_string(stage.host(host).home().join("log")).expect("a log");
    assert_eq!(lines("web1").matches("begun").count(), 2);
    assert_eq!((lines("web2").matches("begun").count(), lines("web3").matches("begun").count()), (1, 1));
    assert!(!lines("web2").contains("after"), "{}", lines("web2"));
    let said: Vec<_> = events(&stage)
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::LostAnswered { key, answer, who } => Some(format!("{} {answer:?} {who}", key.host)),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["web1 Retry tester", "web2 Ok tester", "web3 Fail tester"]);
    // Whoever leaves it behind gets on.
    stage.case.run_with_flags(&["resume", "--skip-failed"]).exits(5);
    assert_eq!(["web1", "web2", "web3"].map(|host| lines(host).contains("after")), [true, true, false]);
    let shown = stage.case.run(&["show"]).exits(0);
    assert!(shown.stdout.contains("resumed"), "{}", shown.stdout);
}

#[test]
fn what_failed_is_tried_again_and_the_rest_is_done() {
    let sheet = "name: Two\nvars: {say: hello}\nsteps:\n\
        \x20 - {name: First, task: command, hosts: web, args: {run: 'echo {{ vars.say }} >>log; test -e ready'}}\n\
        \x20 - {name: Ask, manual: Look at it.}\n\
        \x20 - {name: Second, task: command, hosts: web, args: {run: echo second >>log}}\n";
    let stage = Stage::new("web[1-3]: ok").sheet(sheet);
    for host in ["web1", "web3"] {
        fs::write(stage.host(host).home().join("ready"), "").expect("a file");
    }
    stage.case.run_with_flags(&["run", "deploy", "--set", "say=bonjour", "--yes"]).exits(5);
    fs::write(stage.host("web2").home().join("ready"), "").expect("a file");
    let run = stage.case.runs().pop().expect("a run");
    // From another folder, by its id, and without the flags with which it began.
    let id = run.file_name().expect("a name").to_string_lossy().into_owned();
    let mut command = stage.case.command(&["resume", &id[id.len() - 8..], "--yes"]);
    let ran = crate::case::Ran::of(&command.current_dir("/").output().expect("the program runs")).exits(0);
    assert!(ran.stderr.contains("(resumed)"), "{}", ran.stderr);
    let log = |host: &str| fs::read_to_string(stage.host(host).home().join("log")).expect("a log");
    assert_eq!(log("web1"), "bonjour\nsecond\n");
    assert_eq!(log("web2"), "bonjour\nbonjour\nsecond\n");
    assert_eq!(stage.case.runs().len(), 1, "it is the same run");
    let over = stage.case.run_with_flags(&["resume"]).exits(0).says("nothing is left to do");
    drop(over);
    let history = stage.case.run(&["history"]).exits(0);
    assert!(history.stdout.contains("ok"), "{}", history.stdout);
}

#[test]
fn f_47_a_sheet_that_was_changed_meanwhile_is_not_gone_on_with() {
    let sheet = |run: &str| {
        format!("name: One\nsteps:\n  - {{name: Work, task: command, hosts: web, args: {{run: '{run}'}}}}\n")
    };
    let stage = Stage::new("web[1-2]: ok").sheet(&sheet("echo one >>log; exit 3"));
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    let before = journal(&stage);
    let stage = stage.sheet(&sheet("echo other >>log"));
    let refused = stage.case.run_with_flags(&["resume"]).exits(6);
    assert!(refused.stderr.contains("its plan is another one now"), "{}", refused.stderr);
    assert!(refused.stderr.contains("echo other"), "the difference is shown: {}", refused.stderr);
    assert_eq!((stage.lines("web1", "log"), journal(&stage)), (1, before));
}

#[test]
fn f_47_a_change_of_what_had_not_begun_is_gone_on_with_by_who_accepts_it() {
    let step =
        |name: &str, run: &str| format!("  - {{name: {name}, task: command, hosts: web, args: {{run: '{run}'}}}}\n");
    let (a, b) = (step("A", "echo a >>log"), step("B", "echo b >>log; test -e ready"));
    let sheet = |steps: &[&str]| format!("name: Changing\nsteps:\n{}", steps.concat());
    let resume = |stage: &Stage, flags: &[&str]| stage.case.run_with_flags(&[&["resume"], flags].concat());
    let mut stage = Stage::new("web[1-2]: ok").sheet(&sheet(&[&a, &b, &step("C", "echo wrong >>log")]));
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    for host in ["web1", "web2"] {
        fs::write(stage.host(host).home().join("ready"), "").expect("a file");
    }
    let before = journal(&stage);
    let plan = |stage: &Stage| {
        let text = fs::read(stage.case.runs()[0].join("plan.json")).expect("a plan");
        serde_json::from_slice::<serde_json::Value>(&text).expect("JSON")["hash"].as_str().expect("a hash").to_owned()
    };
    let first = plan(&stage);

    // What has begun stays as it was, and nothing comes before it.
    let new_c = step("C", "echo c >>log");
    for changed in [
        [&*a, &step("B", "echo other >>log"), &new_c].as_slice(),
        &[&step("Z", "echo z >>log"), &a, &b, &new_c],
        &[&b, &a, &new_c],
        &[&b, &new_c],
    ] {
        stage = stage.sheet(&sheet(changed));
        let refused = resume(&stage, &["--accept-plan-change"]).exits(6);
        assert!(refused.stderr.contains("of what has begun already something else would run"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("`c`"), "only that is told: {}", refused.stderr);
        let refused = resume(&stage, &[]).exits(6);
        assert!(!refused.stderr.contains("--accept-plan-change"), "{}", refused.stderr);
    }
    let stage = stage.sheet(&sheet(&[&a, &b, &new_c, &step("Added", "echo d >>log")]));
    resume(&stage, &[]).exits(6).says("--accept-plan-change");
    assert_eq!((journal(&stage), plan(&stage)), (before, first.clone()), "nothing has been written or run");

    let ran = resume(&stage, &["--accept-plan-change"]).exits(0);
    for told in ["`echo wrong >>log` and is now `echo c >>log`", "step `added` is new"] {
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    for host in ["web1", "web2"] {
        let log = fs::read_to_string(stage.host(host).home().join("log")).expect("a log");
        assert_eq!(log, "a\nb\nb\nc\nd\n", "on {host}");
    }
    assert_ne!(plan(&stage), first);
    let header = events(&stage).into_iter().rev().find_map(|event| match event.kind {
        EventKind::RunStarted(header) => Some(header),
        _ => None,
    });
    let header = header.expect("a header");
    assert_eq!((header.epoch, header.plan_hash, header.steps.len()), (2, plan(&stage), 4));
    let shown = stage.case.run(&["show"]).exits(0);
    assert!(shown.stdout.contains("Added"), "{}", shown.stdout);
    for format in ["html", "md", "csv", "json", "junit", "trace"] {
        stage.case.run(&["report", "--format", format, "--out", "report"]).exits(0);
        let report = fs::read_to_string(stage.case.path("report")).expect("a report");
        fs::remove_file(stage.case.path("report")).expect("it is there");
        let named = if format == "trace" { "\"4. Added\"" } else { "Added" };
        assert!(report.contains(named), "{format}: {report}");
    }
    // It is the plan of the run from now on, and nobody takes it for the first.
    resume(&stage, &[]).exits(0).says("nothing is left to do");
    let other = stage.case.run_with_flags(&["run", "deploy", "--plan", &first]).exits(6);
    assert!(!other.stderr.contains("what differs from"), "{}", other.stderr);
    stage.case.run(&["journal", "verify"]).exits(0);
}

#[test]
fn f_47_a_plan_that_was_accepted_before_runsheet_was_killed_is_the_one_to_go_on_with() {
    let sheet = |last: &str| {
        format!(
            "name: Killed\nsteps:\n\
             \x20 - {{name: A, task: command, hosts: web, args: {{run: test -e ready}}}}\n\
             \x20 - {{name: B, task: command, hosts: web, args: {{run: 'echo {last} >>log'}}}}\n"
        )
    };
    let stage = Stage::new("web1: ok").sheet(&sheet("old"));
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    let plan = stage.case.runs()[0].join("plan.json");
    let first = fs::read(&plan).expect("a plan");
    // What a kill leaves between the two writes: the accepted plan lies there, and the record does not name it.
    let stage = stage.sheet(&sheet("new"));
    stage.case.run(&["plan", "deploy", "--out", "accepted.json"]).exits(0);
    let accepted = fs::read(stage.case.path("accepted.json")).expect("a plan");
    fs::write(&plan, &accepted).expect("written");

    // Who takes the change back goes on with what the record names, and so does the next one.
    let stage = stage.sheet(&sheet("old"));
    stage.case.run_with_flags(&["resume"]).exits(5);
    assert_eq!(fs::read(&plan).expect("a plan"), first);
    fs::write(&plan, &accepted).expect("written");

    fs::write(stage.host("web1").home().join("ready"), "").expect("a file");
    let stage = stage.sheet(&sheet("other"));
    stage.case.run_with_flags(&["resume"]).exits(6);
    let stage = stage.sheet(&sheet("new"));
    stage.case.run_with_flags(&["resume"]).exits(0);
    assert_eq!(fs::read_to_string(stage.host("web1").home().join("log")).expect("a log"), "new\n");
}

#[test]
fn f_43_a_run_that_is_going_on_or_never_began_cannot_be_resumed() {
    let sheet = "name: One\nsteps:\n\
        \x20 - {name: Work, task: command, hosts: web, args: {run: 'echo begun >>log; sleep 5'}}\n";
    let stage = Stage::new("web1: ok").sheet(sheet);
    stage.case.run_with_flags(&["resume"]).exits(2);
    let mut child = start(&stage, &["run", "deploy"]);
    let deadline = Instant::now() + Duration::from_secs(20);
    while stage.lines("web1", "log") == 0 {
        assert!(Instant::now() < deadline, "the work did not begin");
        thread::sleep(Duration::from_millis(5));
    }
    stage.case.run_with_flags(&["resume"]).exits(7).says("is still going on");
    child.kill().expect("it is killed");
    child.wait().expect("it is over");
    stage.case.run_with_flags(&["resume", "--lost", "maybe"]).exits(2).says("cannot be understood");
    stage.case.run_with_flags(&["resume", "--lost", "ok"]).exits(0);
}

#[test]
fn f_44_a_run_with_a_broken_record_is_not_gone_on_with_and_what_is_sound_is_saved() {
    let sheet = "name: One\nsteps:\n\
        \x20 - {name: Work, task: command, hosts: web, args: {run: 'echo begun >>log; exit 3'}}\n";
    let stage = Stage::new("web[1-2]: ok").sheet(sheet);
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);
    let path = stage.case.runs().pop().expect("a run").join("journal.ndjson");
    let sound = journal(&stage);
    let broken = sound.replacen("\"web2\"", "\"web9\"", 1);
    assert_ne!(sound, broken);
    fs::write(&path, &broken).expect("a file");
    let refused = stage.case.run_with_flags(&["resume"]).exits(1);
    assert!(
        refused.stderr.contains("is broken at line") && refused.stderr.contains("journal recover"),
        "{}",
        refused.stderr
    );
    assert_eq!((journal(&stage), stage.lines("web1", "log")), (broken, 1), "nothing was written and nothing run");

    let recovered = stage.case.run(&["journal", "recover", "--out", "saved.ndjson"]).exits(0);
    assert!(recovered.stdout.contains("events written to"), "{}", recovered.stdout);
    let saved = fs::read_to_string(stage.case.path("saved.ndjson")).expect("a file");
    assert!(!saved.is_empty() && sound.starts_with(&saved) && saved.ends_with('\n'), "{saved}");
    assert!(!saved.contains("web9"));
    stage.case.run(&["journal", "recover", "--out", "saved.ndjson"]).exits(1);
}
