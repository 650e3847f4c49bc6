//! What the documents say is what the program does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::case::Case;

/// The fenced blocks of a page whose first line is a comment with the path of a file.
fn files_in(page: &str) -> Vec<(String, String)> {
    page.split("```yaml\n")
        .skip(1)
        .filter_map(|block| {
            let text = block.split("```").next()?;
            let path = text.lines().next()?.strip_prefix("# ")?.trim();
            Path::new(path)
                .extension()
                .is_some_and(|ending| ending == "yaml")
                .then(|| (path.to_owned(), text.to_owned()))
        })
        .collect()
}

#[test]
fn the_files_in_the_readme_and_the_guide_can_be_planned() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in ["README.md", "docs/guide.md"] {
        let text = fs::read_to_string(root.join(page)).expect("a page");
        let files = files_in(&text);
        assert!(!files.is_empty(), "{page} shows no file");
        let mut case = Case::new();
        for (path, text) in &files {
            case = case.file(path, text);
        }
        for (path, _) in files.iter().filter(|(path, _)| path.starts_with("sheets/")) {
            case.run(&["plan", path]).exits(0);
        }
    }
}

#[test]
fn every_command_has_a_manual_page_and_completions() {
    let case = Case::new();
    let help = case.run(&["--help"]).exits(0);
    for command in [
        "run",
        "plan",
        "preflight",
        "do",
        "exec",
        "put",
        "get",
        "hosts",
        "tasks",
        "history",
        "show",
        "replay",
        "report",
        "sync",
        "import",
        "demo",
    ] {
        assert!(help.stdout.contains(&format!("  {command} ")), "{command} is not in the help");
        assert!(case.run(&["man", command]).exits(0).stdout.contains(".TH"), "no page for {command}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(case.run(&["completions", shell]).exits(0).stdout.contains("runsheet"));
    }
    assert!(case.run(&["--version"]).exits(0).stdout.contains('('), "the commit is missing");
}

/// Adds the names of the tests of a folder of sources. Those that are ignored are not among them: they prove nothing every day.
fn add_tests(folder: &Path, tests: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            add_tests(&path, tests);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let mut attributes = Vec::new();
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[") {
                    attributes.push(line);
                    continue;
                }
                let is = |what: &[&str]| attributes.iter().any(|line| what.iter().any(|start| line.starts_with(start)));
                let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
                if let Some((name, _)) = function.and_then(|rest| rest.split_once('('))
                    && is(&["#[test]", "#[tokio::test"])
                    && !is(&["#[ignore"])
                {
                    tests.insert(name.to_owned());
                }
                attributes.clear();
            }
        }
    }
}

#[test]
fn every_test_that_a_promise_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = BTreeSet::new();
    for folder in ["crates", "tasks", "tests", "src"] {
        add_tests(&root.join(folder), &mut tests);
    }
    let page = fs::read_to_string(root.join("docs/promises.md")).expect("the page");
    for (title, section) in page.split("\n## ").skip(1).filter_map(|section| section.split_once('\n')) {
        let named: Vec<_> = section.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next()).collect();
        assert!(!named.is_empty() || title == "Not promised at all", "no test proves `{title}`");
        for name in named {
            assert!(tests.contains(name), "`{title}`: there is no test `{name}`");
        }
    }
}

/// The targets of the links of a page that are files of ours, without anchors.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        (!target.is_empty() && !target.contains("://")).then_some(target)
    })
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for folder in ["", "docs", "docs/design", "docs/tasks"] {
        let folder = root.join(folder);
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "md") {
                for link in links(&fs::read_to_string(&path).expect("a page")) {
                    assert!(folder.join(link).exists(), "{}: {link} is not there", path.display());
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}
