use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use runsheet_model::RunId;
use runsheet_task::{Args, TaskError};
use serde_json::Value;
use tempfile::TempDir;

use crate::case::Case;
use crate::scripted::{ScriptedLocal, ScriptedRemote};
use crate::stage::Stage;

/// The case files, by task.
fn cases() -> BTreeMap<String, Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let entries = |folder: &Path| {
        let mut paths: Vec<_> = fs::read_dir(folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        paths
    };
    entries(&root)
        .into_iter()
        .map(|folder| {
            let task = folder.file_name().expect("a name").to_string_lossy().into_owned();
            (task, entries(&folder))
        })
        .collect()
}

fn read(path: &Path) -> Case {
    let text = fs::read_to_string(path).expect("a case can be read");
    runsheet_yaml::parse(&text, path).unwrap_or_else(|error| panic!("{error}"))
}

/// The run of every case, as far as a task tells a host of it.
fn run() -> RunId {
    "0199aaaa-0000-7000-8000-00000000cafe".parse().expect("the id of a run")
}

/// A case on its stage: the task is planned, and everything is as it is when its work begins.
struct Set {
    stage: Stage,
    remote: Arc<ScriptedRemote>,
    local: Arc<ScriptedLocal>,
    planned: Args,
    project: TempDir,
}

impl Set {
    fn up(task: &str, case: &Case, dry_run: bool) -> Result<Self, Box<dyn Error>> {
        let project = tempfile::tempdir()?;
        for (name, content) in &case.files {
            let path = project.path().join(name);
            fs::create_dir_all(path.parent().unwrap_or(project.path()))?;
            fs::write(path, content)?;
        }
        let remote = Arc::new(ScriptedRemote::new(case.commands.clone(), case.on_host.clone()));
        let local = Arc::new(ScriptedLocal::new(case.here.clone()));
        let stage = Stage {
            remote: Arc::clone(&remote) as _,
            local: Arc::clone(&local) as _,
            address: "192.0.2.7".to_owned(),
            secrets: case.secrets.clone(),
            project: project.path().to_owned(),
            limit: Duration::from_secs(case.limit_s),
            dry_run,
        };
        let args = Value::Object(case.args.clone()).to_string();
        let args = args.replace("PROJECT", &project.path().to_string_lossy());
        let planned = stage.plan(task, serde_json::from_str(&args)?);
        for (name, content) in &case.files_later {
            fs::write(project.path().join(name), content)?;
        }
        Ok(Self { stage, remote, local, planned, project })
    }
}

/// Plays a case as a dry run; returns everything that a dry run should not do. It asks what the work asks until there would be an
/// effect, which it tells in words of its own, and has none.
async fn play_dry(task: &str, case: &Case) -> Result<Vec<String>, Box<dyn Error>> {
    let Set { stage, remote, planned, .. } = Set::up(task, case, true)?;
    let result = stage.work_in(run(), task, planned).await;
    let (sent, mut mistakes) = remote.review_beginning();
    if sent {
        mistakes.push("a file arrived".to_owned());
    }
    match &result {
        Err(TaskError::Would { what }) if what.contains("/bin/sh -c") => {
            mistakes.push(format!("a script is no word for people: would {what}"));
        }
        Ok(outcome) if outcome.changed => mistakes.push(format!("it says that it has changed something: {outcome:?}")),
        Ok(_) | Err(_) => {}
    }
    Ok(mistakes)
}

/// Plays a case; returns everything that was not as it says.
async fn play(task: &str, case: Case) -> Result<Vec<String>, Box<dyn Error>> {
    let Set { stage, remote, local, planned, project } = Set::up(task, &case, false)?;
    let result = stage.work_in(run(), task, planned).await;
    let (sent, mut mistakes) = remote.review();
    if sent != case.sent {
        mistakes.push(format!("other files arrived: {sent:?}"));
    }
    for (path, content) in case.fetched {
        match fs::read_to_string(project.path().join(&path)) {
            Ok(found) if found == content => {}
            other => mistakes.push(format!("`{path}` was not fetched: {other:?}")),
        }
    }
    for left in local.left() {
        mistakes.push(format!("this was never looked at: {left:?}"));
    }
    let as_expected = match (&result, &case.outcome, &case.error) {
        (Ok(outcome), Some(expected), None) => {
            outcome.message.contains(&expected.message)
                && outcome.value == expected.value
                && outcome.changed == expected.changed
                && outcome.opens.iter().map(|debt| &debt.0).eq(&expected.opens)
                && outcome.closes.iter().map(|debt| &debt.0).eq(&expected.closes)
        }
        (Err(error), None, Some(part)) => error.to_string().contains(part.as_str()),
        _ => false,
    };
    if !as_expected {
        mistakes.push(match &result {
            Ok(outcome) => format!("it ended otherwise: {outcome:?}"),
            Err(error) => format!("it ended otherwise, with an error: {error}"),
        });
    }
    Ok(mistakes)
}

#[tokio::test(start_paused = true)]
async fn every_case_goes_as_it_says() -> Result<(), Box<dyn Error>> {
    let mut mistakes = Vec::new();
    for (task, paths) in cases() {
        for path in paths {
            let case = read(&path);
            for mistake in play_dry(&task, &case).await? {
                mistakes.push(format!("{}: as a dry run: {mistake}", path.display()));
            }
            for mistake in play(&task, case).await? {
                mistakes.push(format!("{}: {mistake}", path.display()));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n\n"));
    Ok(())
}

#[test]
fn every_task_has_a_case_that_goes_well_and_one_that_does_not() {
    let mut cases = cases();
    for task in runsheet_tasks::registry().iter() {
        let name = task.spec().name().as_str();
        let (good, bad): (Vec<_>, Vec<_>) = cases
            .remove(name)
            .unwrap_or_default()
            .iter()
            .map(|path| read(path))
            .partition(|case| case.outcome.as_ref().is_some_and(|outcome| outcome.value == 0));
        assert!(!good.is_empty(), "`{name}` has no case that goes well");
        assert!(!bad.is_empty(), "`{name}` has no case that does not go well");
    }
    assert!(cases.is_empty(), "there are cases for tasks that do not exist: {:?}", cases.keys());
}

/// The harness is only worth something if it can fail.
#[tokio::test(start_paused = true)]
async fn a_case_that_does_not_fit_is_noticed() -> Result<(), Box<dyn Error>> {
    let good = "args: {run: id}\ncommands: [{is: id, stdout: root}]\noutcome: {message: root, changed: true}\n";
    let case = |text: &str| runsheet_yaml::parse::<Case>(text, Path::new("case.yaml"));
    assert!(play("command", case(good)?).await?.is_empty());
    for (from, to) in [
        ("is: id", "is: uid"),
        ("message: root", "message: toor"),
        ("changed: true", "changed: false"),
        ("changed: true", "changed: true, value: 1"),
        ("commands: [", "commands: [{is: first}, "),
        ("stdout: root}]", "stdout: root}, {is: last}]"),
        ("outcome: {message: root, changed: true}", "error: root"),
        ("is: id", "is: id, stdin: x"),
        ("args:", "sent: [{target: /x, mode: '0644', content: x}]\nargs:"),
        ("args:", "fetched: {x: x}\nargs:"),
        ("args:", "here: [{at: 'http://x/'}]\nargs:"),
    ] {
        assert!(good.contains(from), "{from} is not part of the case");
        let bad = good.replace(from, to);
        assert!(!play("command", case(&bad)?).await?.is_empty(), "nobody noticed:\n{bad}");
    }
    Ok(())
}
