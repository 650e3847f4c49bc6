//! What past runs say about the next one: on a practice host, with the program's own history.

use serde_json::Value;

use crate::practice_runs::Stage;
use crate::sinks::Receiver;
use crate::terminal::Terminal;

const SHEET: &str = "name: Weekly\nvars: {pause: '0.1'}\nsteps:\n\
    \x20 - {name: Roll web, task: command, hosts: web, expect: 10s, args: {run: 'sleep {{ vars.pause }}'}}\n";

/// A sheet that ran so often that the times of its step are known.
fn ran(times: usize) -> Stage {
    let stage = Stage::new("web1: ok").sheet(SHEET);
    for _ in 0..times {
        let ran = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
        assert!(
            !ran.stdout.contains("longer than usual") && !ran.stderr.contains("longer than usual"),
            "{}{}",
            ran.stdout,
            ran.stderr
        );
    }
    stage
}

#[test]
fn a_forecast_comes_from_past_runs_and_a_slow_run_is_told_and_good() {
    let stage = ran(9);
    let plan = stage.case.run(&["plan", "deploy"]).exits(0).stdout;
    assert!(plan.contains("forecast") && plan.contains("over in ") && !plan.contains("no history"), "{plan}");

    let slow = stage.case.run_with_flags(&["run", "deploy", "--set", "pause=3"]).exits(0);
    let said = format!("{}{}", slow.stdout, slow.stderr);
    assert!(said.contains("longer than usual: Roll web took 3"), "{said}");
    let shown = stage.case.run(&["show", "last"]).exits(0).stdout;
    assert!(shown.contains("longer than usual: Roll web took 3") && shown.contains("forecast"), "{shown}");

    let trend = stage.case.run(&["history", "Weekly", "--trend"]).exits(0).stdout;
    assert!(trend.contains('█') && trend.contains("steady"), "{trend}");
    stage.case.run(&["history", "--trend"]).exits(2);
}

#[test]
fn while_a_run_goes_on_it_says_when_it_will_be_over_and_at_its_end_how_far_off_that_was() {
    let sheet = "name: Weekly\nsteps:\n\
        \x20 - {name: Roll web, id: roll, task: command, hosts: web, args: {run: 'sleep 2'}}\n\
        \x20 - {name: Look, id: look, task: command, hosts: web, args: {run: 'sleep 1'}}\n";
    let stage = Stage::new("web1: ok").sheet(sheet);
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);

    // On a terminal above the lines of what runs; where nothing can be drawn as a line of its own.
    let mut terminal = Terminal::start(stage.case.command(&["run", "deploy", "-y", "-F", "ssh_config"]));
    terminal.says("over at ").says("decided by the steps 1-2").says("over at ");
    let drawn = terminal.ends().exits(0);
    let plain = stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    for said in [&drawn.stderr, &plain.stderr] {
        assert!(said.contains("forecast as it began: 3."), "{said}");
        assert!(said.contains("; it took 3."), "{said}");
    }
    let told: Vec<_> = plain.stderr.lines().filter(|line| line.starts_with("over at ")).collect();
    let [begin] = told[..] else { panic!("not told once: {}", plain.stderr) };
    assert!(begin.contains(", in 3s; decided by the steps 1-2"), "{begin}");
}

#[test]
fn what_took_longer_stands_in_the_reports_and_goes_to_a_webhook() {
    let stage = ran(9);
    let receiver = Receiver::start();
    let address = receiver.address;
    let hook = format!("sinks:\n  - webhook: {{url: 'http://{address}/', allow_private: true, allow_http: true}}\n");
    let case = stage.case.file("runsheet.yaml", hook);
    case.run_with_flags(&["run", "deploy", "--set", "pause=3"]).exits(0);

    for format in ["html", "md"] {
        let report = case.run(&["report", "last", "--format", format]).exits(0).stdout;
        assert!(report.contains("longer than usual") && report.contains("Roll web took 3"), "{report}");
    }
    let document = case.run(&["report", "last", "--format", "json"]).exits(0).stdout;
    let document: Value = serde_json::from_str(&document).expect("json");
    assert_eq!(document["verdict"], "ok");
    assert!(document["warnings"].to_string().contains("longer than usual: Roll web took 3"), "{document}");

    let events: Vec<Value> = receiver
        .posts()
        .iter()
        .flat_map(|post| post.body["events"].as_array().cloned().unwrap_or_default())
        .filter(|event| event["event"] == "took_longer")
        .collect();
    // The step, and its one host.
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0]["step"], "roll-web", "{events:?}");
    assert!(events[0]["took_ms"].as_u64() > Some(3_000), "{events:?}");
}

#[test]
fn a_forecast_without_history_is_the_sheets() {
    let stage = ran(0);
    let plan = stage.case.run(&["plan", "deploy"]).exits(0).stdout;
    assert!(plan.contains("no history yet: the sheet's expected times are used\nover in 10"), "{plan}");
    assert!(!plan.contains("forecast") && !stage.case.state().join("history.sqlite").exists(), "{plan}");
}

#[test]
fn a_forecast_is_not_worth_a_run_where_the_history_is_broken() {
    let stage = ran(1);
    let history = stage.case.state().join("history.sqlite");
    for ending in ["-wal", "-shm"] {
        _ = std::fs::remove_file(format!("{}{ending}", history.display()));
    }
    std::fs::write(&history, "no database at all, and long enough to be read as one").expect("a file");
    stage.case.run(&["plan", "deploy"]).exits(0).says("nothing is forecast");
    stage.case.run_with_flags(&["run", "deploy"]).exits(0).says("nothing is forecast");
}

#[test]
fn a_step_that_is_new_is_forecast_by_its_task_in_another_sheet() {
    let stage = Stage::new("web1: ok");
    let folder = stage.host("web1").home().join("app");
    let directory = format!("task: directory, args: {{path: {}}}", folder.display());
    let sheet =
        |name: &str, task: &str| format!("name: {name}\nsteps:\n\x20 - {{name: {name} step, hosts: web, {task}}}\n");
    let stage = stage.sheet(&sheet("Weekly", &directory));
    stage.case.run_with_flags(&["run", "deploy", "--dry-run"]).exits(0);
    let stage = stage.sheet(&sheet("Monthly", &directory));
    let plan = |stage: &Stage| stage.case.run(&["plan", "deploy"]).exits(0).stdout;
    assert!(!plan(&stage).contains("elsewhere"), "a dry run tells nothing: {}", plan(&stage));

    let stage = stage.sheet(&sheet("Weekly", &directory));
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let stage = stage.sheet(&sheet("Monthly", &directory));
    let told = plan(&stage);
    assert!(told.contains("forecast from the same tasks elsewhere: 1 (directory)\nover in "), "{told}");
    // What a sheet knows itself counts more.
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let told = plan(&stage);
    assert!(told.contains("forecast") && !told.contains("elsewhere"), "{told}");
}

#[test]
fn a_command_is_not_forecast_by_other_commands() {
    let stage = ran(1).sheet(&SHEET.replace("Weekly", "Monthly"));
    let plan = stage.case.run(&["plan", "deploy"]).exits(0).stdout;
    assert!(plan.contains("no history yet") && !plan.contains("elsewhere"), "{plan}");
}

#[test]
fn the_forecast_is_data_beside_the_plan_and_no_part_of_it() {
    let stage = ran(3);
    let text = stage.case.run(&["plan", "deploy", "--format", "json"]).exits(0).stdout;
    let plan: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let step = &plan["forecast"]["steps"][0];
    assert_eq!((&step["basis"], &step["runs"]), (&"step".into(), &3.into()), "{text}");
    let (time, range) = (step["time_ms"].as_u64().expect("a time"), &step["range"]);
    assert!((100..10_000).contains(&time), "{text}");
    assert!(range["low_ms"].as_u64() <= Some(time) && Some(time) <= range["high_ms"].as_u64(), "{text}");
    let finish = &plan["forecast"]["finish"];
    assert_eq!((&finish["left_ms"], &finish["unknown_steps"]), (&time.into(), &0.into()), "{text}");
    assert_eq!(finish["critical_path"], serde_json::json!([step["step"]]), "{text}");

    // It still is the plan that is approved.
    std::fs::write(stage.case.path("approved.json"), &text).expect("a file");
    stage.case.run_with_flags(&["run", "deploy", "--plan", "approved.json"]).exits(0);
}

#[test]
fn the_trend_is_told_by_step_task_group_and_host() {
    let stage = Stage::new("web[1-6]: ok").sheet(
        "name: Weekly\nsteps:\n\x20 - {name: Roll web, task: command, hosts: web, \
         args: {run: '[ \"{{ host.name }}\" = web3 ] && sleep 2.5 || true'}}\n",
    );
    for _ in 0..2 {
        stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    }
    let trend = |args: &[&str]| {
        let args = [&["history", "Weekly", "--trend"], args].concat();
        stage.case.run(&args).exits(0).stdout
    };
    assert!(trend(&[]).contains("MAD") && trend(&["--by", "step"]).contains("Roll web"), "{}", trend(&[]));
    assert!(trend(&["--by", "task"]).contains("command"), "{}", trend(&["--by", "task"]));
    assert!(trend(&["--by", "group"]).contains("web "), "{}", trend(&["--by", "group"]));
    let hosts = trend(&["--by", "host"]);
    let odd: Vec<_> = hosts.lines().filter(|line| line.contains("slower than its peers at")).collect();
    assert!(odd.len() == 1 && odd[0].contains("web3"), "{hosts}");
    let one = trend(&["--by", "host", "--host", "web03"]);
    assert!(!one.contains("web3") && !one.contains("web1"), "nobody is called web03: {one}");
    let one = trend(&["--by", "host", "--host", "web3"]);
    assert!(one.contains("web3") && one.contains("slower") && !one.contains("web1"), "{one}");

    let data: serde_json::Value = serde_json::from_str(&trend(&["--by", "host", "--format", "json"])).expect("JSON");
    let trends = data["trend"].as_array().expect("trends");
    assert_eq!(trends.len(), 6, "{data}");
    let web3 = trends.iter().find(|trend| trend["name"] == "web3").expect("it is there");
    assert_eq!((&web3["runs"], web3["took_ms"].as_array().map(Vec::len)), (&2.into(), Some(2)), "{web3}");
    assert!(web3["median_ms"].as_u64() >= Some(2500) && web3["p90_ms"].is_u64() && web3["mad_ms"].is_u64(), "{web3}");
    assert!(web3["slower_at"]["took_ms"].as_u64() >= Some(2500), "{web3}");
    assert!(trends.iter().filter(|trend| trend["name"] != "web3").all(|trend| trend["slower_at"].is_null()), "{data}");

    stage
        .case
        .run(&["history", "Weekly", "--trend", "--by", "task", "--host", "web3"])
        .exits(2)
        .says("--by step --host");
    stage.case.run(&["history", "Weekly", "--by", "host"]).exits(2);
}
