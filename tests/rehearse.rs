//! Rehearsals: the real sheet on practice hosts. What they must not do is seen from outside, in the calls to the system.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::case::{Case, Ran};
use crate::practice_runs::Stage;

/// A project whose every way out would be seen: hosts elsewhere (RFC 5737), a jump host, programs of ssh_config, a secret that a
/// program tells, and a step on this machine.
fn project() -> Case {
    let case = Case::new();
    let mark = |name: &str| case.path(name).display().to_string();
    let (match_ran, proxy_ran, secret_ran, local_ran) =
        (mark("match-ran"), mark("proxy-ran"), mark("secret-ran"), mark("local-ran"));
    let ssh_config = format!(
        "Match exec \"touch {match_ran}\"\n  User other\nHost web2\n  ProxyCommand touch {proxy_ran}\nHost *\n  IdentityAgent {}\n",
        mark("agent")
    );
    let settings = format!(
        "local: {{allow: [touch]}}\nssh: {{allow_match_exec: true}}\nsecrets: {{url: {{command: [touch, {secret_ran}]}}}}\n"
    );
    let sheet = format!(
        "name: Weekly\nsteps:\n\
         \x20 - {{name: Announce, manual: Tell support., expect: 1m}}\n\
         \x20 - {{name: Build, on: local, task: command, args: {{run: touch {local_ran}}}}}\n\
         \x20 - {{name: Tell, task: webhook.post, hosts: web, once: true, args: {{url: {{secret: url}}, text: begins}}}}\n\
         \x20 - {{name: Look, task: http.check, hosts: web, args: {{url: \"http://198.51.100.1/\", from: here}}}}\n\
         \x20 - {{name: Roll, task: command, hosts: web, delegate: lb, sudo: true, args: {{run: touch {local_ran}}}}}\n"
    );
    let hosts = "groups:\n  web:\n    jump: bastion.example.com\n    hosts:\n\
                 \x20     - web1: {address: 192.0.2.1}\n\
                 \x20     - web2\n\
                 \x20     - web3.example.com\n\
                 \x20 balancers: {hosts: [lb]}\n";
    case.file("hostgroups/web.yaml", hosts)
        .file("home/.ssh/config", ssh_config)
        .file("runsheet.yaml", settings)
        .file("sheets/weekly.yaml", sheet)
}

/// Hosts that do not exist, and a sheet for them.
fn sheet(hosts: usize, steps: &str) -> Case {
    Case::new()
        .file("hostgroups/web.yaml", format!("groups:\n  web:\n    hosts:\n      - web[1-{hosts}]\n"))
        .file("sheets/deploy.yaml", format!("name: Deploy\nsteps:\n{steps}"))
}

const ONE_STEP: &str = "  - {name: Roll, task: command, hosts: web, args: {run: 'false'}, timeout: 1m}\n";

fn rehearse(case: &Case, flags: &[&str]) -> Ran {
    case.run(&[&["run", "deploy", "--rehearse", "--speed", "100"], flags].concat())
}

/// How each host ended in each step.
fn ends(ran: &Ran) -> BTreeMap<(String, String), String> {
    let events = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    events
        .filter(|event| event["event"] == "host_finished")
        .map(|event| ((text(&event["step"]), text(&event["host"])), event["state"].to_string()))
        .collect()
}

#[test]
fn a_rehearsal_connects_to_loopback_only_and_starts_nothing() {
    let case = project();
    let trace = case.path("trace");
    let command = case.command(&["run", "weekly", "--rehearse", "--speed", "1000"]);
    let program = command.get_program().to_owned();
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg,execve,execveat", "-o"])
        .arg(&trace)
        .arg(program)
        .args(command.get_args())
        .current_dir(command.get_current_dir().expect("a folder"))
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = Ran::of(&strace.stdin(std::process::Stdio::null()).output().expect("strace runs")).exits(0);
    assert!(ran.stderr.contains("REHEARSAL"), "{}", ran.stderr);

    let calls = fs::read_to_string(&trace).expect("a trace");
    let to_somebody: Vec<_> = calls.lines().filter(|line| line.contains("sa_family=")).collect();
    assert!(to_somebody.len() >= 5, "five hosts were connected to:\n{calls}");
    for call in to_somebody {
        assert!(call.contains("sin_addr=inet_addr(\"127.77."), "{call}");
    }
    let programs: Vec<_> = calls.lines().filter(|line| line.contains("exec")).collect();
    assert_eq!(programs.len(), 1, "nothing but the program itself was started: {programs:?}");

    for mark in ["match-ran", "proxy-ran", "secret-ran", "local-ran", "agent", "state"] {
        assert!(!case.path(mark).exists(), "{mark} was made");
    }
    let known_hosts = case.path("home/.ssh/known_hosts");
    assert!(!known_hosts.exists());
}

#[test]
fn each_fault_ends_as_it_would_in_earnest() {
    let faults = [
        ("refuse", 4, "connection refused"),
        ("silent", 4, "did not say that it speaks SSH"),
        ("wrong-key", 4, "host key"),
        ("deny", 4, "unreachable"),
        ("fail 3", 5, "failed"),
        ("hang", 5, "did not end within 1m"),
        ("drop", 8, "lost"),
        ("slow 2", 0, "ok"),
    ];
    let case = sheet(3, ONE_STEP);
    for (fault, code, says) in faults {
        let ran = rehearse(&case, &["--fault", &format!("web2: {fault}")]).says(says);
        assert_eq!(ran.code, code, "{fault}\n{}", ran.stderr);
    }
    assert!(case.runs().is_empty() && !case.state().exists(), "a rehearsal left something behind");
}

#[test]
fn a_fault_strikes_its_step_and_what_comes_after() {
    let steps = "  - {name: First, task: command, hosts: web, args: {run: 'true'}}\n\
                 \x20 - {name: Second, task: command, hosts: web, args: {run: 'true'}, max_fail: 100%}\n\
                 \x20 - {name: Third, task: command, hosts: web, args: {run: 'true'}}\n";
    let case = sheet(3, steps);
    for (fault, state) in [("refuse", "unreachable"), ("fail", "failed")] {
        let fault = format!("web2@second: {fault}");
        let ran = rehearse(&case, &["--format", "json", "--fault", &fault]);
        let ends = ends(&ran);
        let end = |step: &str, host: &str| ends[&(step.to_owned(), host.to_owned())].clone();
        assert!(end("first", "web2").contains("ok"), "{ends:?}");
        assert!(end("second", "web2").contains(state), "{ends:?}");
        assert!(end("second", "web1").contains("ok") && end("third", "web1").contains("ok"), "{ends:?}");
        assert!(ran.stdout.contains("\"command\":\"rehearsal\""), "{}", ran.stdout);
    }
}

#[test]
fn a_fault_that_passes_is_overcome_by_a_retry() {
    let retried = ONE_STEP.replace("timeout: 1m", "timeout: 1m, retries: 1");
    let case = sheet(2, &retried);
    rehearse(&case, &["--fault", "web1: fail once"]).exits(0).says("try 2 of 2");
    rehearse(&case, &["--fault", "web1: fail"]).exits(5);
}

#[test]
fn the_failure_policy_is_the_real_one() {
    let step = ONE_STEP.replace("timeout: 1m", "batch: 1, max_fail: 1");
    let case = sheet(20, &step);
    rehearse(&case, &["--fault", "web1: fail"]).exits(5).says("19 ok");
    rehearse(&case, &["--fault", "web[1-2]: fail"]).exits(5).says("2 failed, 18 cancelled");
}

#[test]
fn the_same_seed_gives_the_same_and_another_something_else() {
    let step = ONE_STEP.replace("timeout: 1m", "max_fail: 100%, order: shuffled");
    let case = sheet(40, &step);
    let seeded = |seed| {
        let ran = rehearse(&case, &["--format", "json", "--faults", "30%", "--seed", seed]);
        (ran.code, ends(&ran))
    };
    let once = seeded("7");
    assert_eq!(seeded("7"), once);
    assert_ne!(seeded("8"), once);
    assert!(once.1.values().any(|state| !state.contains("ok")), "{once:?}");
}

#[test]
fn times_come_from_past_runs_and_the_history_stays_as_it_is() {
    let stage = Stage::new("web[1-2]: ok").sheet(
        "name: Timed\nsteps:\n  - {name: Sleep, task: command, hosts: web, args: {run: sleep 0.5}, expect: 1h}\n",
    );
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let runs = stage.case.runs();
    let ran = stage.case.run(&["run", "deploy", "--rehearse", "--speed", "5", "--format", "json"]).exits(0);
    let took = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an event"))
        .filter(|event| event["event"] == "attempt_finished")
        .map(|event| event["took_ms"].as_u64().expect("a time"));
    let took: Vec<_> = took.collect();
    assert!(took.len() == 2 && took.iter().all(|took| (500..600_000).contains(took)), "{took:?}");
    stage.case.run(&["run", "deploy", "--rehearse", "--speed", "5"]).exits(0).says("1 past run");
    assert_eq!(stage.case.runs(), runs, "a rehearsal is no run");
    for host in ["web1", "web2"] {
        assert_eq!(stage.host(host).connections(), 1, "{host} was touched by a rehearsal");
    }
    let listed = stage.case.run(&["history"]).exits(0).stdout;
    assert_eq!(listed.matches("Timed").count(), 1, "{listed}");
}

#[test]
fn what_nobody_can_play_is_told_with_what_would_help() {
    let case = sheet(2, ONE_STEP);
    let wrong = [
        (["--fault", "web1: refused"], "did you mean `refuse`"),
        (["--fault", "web1@rol: fail"], "did you mean `roll`"),
        (["--fault", "web7: fail"], "web7"),
        (["--fault", "web1"], "--fault 'web03: refuse'"),
        (["--fault", "web1: slow"], "`slow` takes a number"),
        (["--faults", "200%"], "percentage"),
        (["--speed", "0"], "a speed is a number"),
    ];
    for (flags, says) in wrong {
        let ran = case.run(&[&["run", "deploy", "--rehearse"], &flags[..]].concat()).exits(2);
        assert!(ran.stderr.contains(says), "{flags:?}: {}", ran.stderr);
    }
    case.run(&["run", "deploy", "--fault", "web1: fail"]).exits(2).says("--rehearse");
}

#[test]
fn a_thousand_hosts_are_rehearsed() {
    let case =
        sheet(1_000, "  - {name: Roll, task: command, hosts: web, args: {run: 'true'}, max_fail: 1, forks: 200}\n");
    rehearse(&case, &["--fault", "web500: fail"]).exits(5).says("999 ok");
}
