use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use runsheet_cases::{Case, PlayError};

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

async fn play(task: &str, case: Case) -> Result<Vec<String>, PlayError> {
    runsheet_cases::play(&Arc::new(runsheet_tasks::registry()), task, &case).await
}

async fn play_dry(task: &str, case: &Case) -> Result<Vec<String>, PlayError> {
    runsheet_cases::play_dry(&Arc::new(runsheet_tasks::registry()), task, case).await
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
