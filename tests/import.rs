//! Deploy sheets out of spreadsheets.

use std::fs;

use crate::case::Case;

const STEPS: &str = "Step,Task,Hosts,Args,Owner,Expected\n\
                     Look around,command,web,run=uptime,ann,10s\n\
                     Tell support,,,,dana,2m\n\
                     Restart,apache.restart,@web,,ann,1m\n";
const HOSTS: &str = "Group,Host,Port,Protected\nweb,web[1-3].example.com,,\nops,bastion,,x\n";

fn shop() -> Case {
    Case::new().file("deploy/steps.csv", STEPS).file("deploy/hosts.csv", HOSTS)
}

fn read(case: &Case, path: &str) -> String {
    fs::read_to_string(case.path(path)).expect(path)
}

#[test]
fn what_init_writes_can_be_imported_and_planned() {
    let case = Case::new();
    case.run(&["init"]).exits(0).says("wrote sheets/template.xlsx");
    for file in ["sheets/template.xlsx", "sheets/template.csv"] {
        let name = if file.ends_with("xlsx") { "from-xlsx" } else { "from-csv" };
        case.run(&["import", file, "--name", name]).exits(0).says(&format!("3 steps in sheets/{name}.yaml"));
        let plan = case.run(&["plan", name]).exits(0);
        assert!(plan.stdout.contains("Look around"), "{}", plan.stdout);
        assert_eq!(case.path(&format!("hostgroups/{name}.yaml")).exists(), name == "from-xlsx");
    }
    assert!(read(&case, "sheets/from-xlsx.import.json").contains("\"file\": \"template.xlsx\""));
}

#[test]
fn a_folder_of_csv_files_becomes_a_sheet_and_host_groups() {
    let case = shop();
    case.run(&["import", "deploy"]).exits(0);
    case.run(&["plan", "deploy"]).exits(0);
    assert!(read(&case, "hostgroups/deploy.yaml").contains("      - web[1-3].example.com\n"));
    assert!(read(&case, "sheets/deploy.import.json").contains("\"file\": \"../deploy\""));
}

#[test]
fn a_second_import_shows_the_difference_and_keeps_what_was_edited_by_hand() {
    let case = shop();
    case.run(&["import", "deploy"]).exits(0);
    let same = case.run(&["import", "deploy", "-y"]).exits(0);
    assert_eq!(same.stdout, "nothing has changed\n");
    let edited = read(&case, "sheets/deploy.yaml").replace("owner: dana", "owner: dana # until May");
    let case = case.file("sheets/deploy.yaml", &edited).file("deploy/steps.csv", STEPS.replace("10s", "20s"));
    let shown = case.run(&["import", "deploy", "--dry-run"]).exits(0);
    assert_eq!(shown.stdout, "sheets/deploy.yaml\n  ~ look-around: expect: 10s → 20s\n");
    assert_eq!(read(&case, "sheets/deploy.yaml"), edited, "a dry run has written");
    case.run(&["import", "deploy"]).exits(0);
    assert_eq!(read(&case, "sheets/deploy.yaml"), edited.replace("10s", "20s"));

    let case = case
        .file("sheets/deploy.yaml", edited.replace("10s", "30s"))
        .file("deploy/steps.csv", STEPS.replace("10s", "40s"));
    let before = read(&case, "sheets/deploy.import.json");
    case.run(&["import", "deploy"])
        .exits(2)
        .says("look-around: expect: `30s` by hand, `40s` in the spreadsheet")
        .says("--theirs");
    assert_eq!(read(&case, "sheets/deploy.import.json"), before, "a conflict has written");
    case.run(&["import", "deploy", "--ours"]).exits(0);
    assert!(read(&case, "sheets/deploy.yaml").contains("30s"));
}

#[test]
fn nothing_is_written_if_a_row_cannot_be_understood() {
    let bad = STEPS.replace("10s", "soon").replace(",@web", ",");
    let case = shop().file("deploy/steps.csv", bad);
    case.run(&["import", "deploy"])
        .exits(2)
        .says("steps!F2: `soon` is not a length of time")
        .says("steps!C4: the step has no hosts");
    assert!(!case.path("sheets").exists() && !case.path("hostgroups").exists());
}

#[test]
fn what_would_not_load_is_told_at_its_row() {
    let case = shop().file("deploy/hosts.csv", HOSTS.replace("web[1-3]", "web[3-1]"));
    case.run(&["import", "deploy"]).exits(2).says("hosts!2:2: range `3-1` runs backwards");
    let case = shop().file(
        "deploy/steps.csv",
        STEPS.replace("Expected", "Waves").replace("10s", "0").replace(",2m", ",").replace(",1m", ","),
    );
    case.run(&["import", "deploy"]).exits(2).says("steps!2:2:");
    assert!(!case.path("sheets").exists() && !case.path("hostgroups").exists());
}

#[test]
fn titles_are_mapped_by_flags_and_by_the_project() {
    let german = "Schritt,Aufgabe,Rechner\nAnsehen,uptime,web\n";
    let case = Case::new().file("ablauf.csv", german);
    case.run(&["import", "ablauf.csv"]).exits(2).says("`Schritt`").says("--map step=TITLE");
    case.run(&["import", "ablauf.csv", "--map", "step=Schritt", "--map", "task=B", "--map", "hosts=rechner"]).exits(0);
    let settings = "import:\n  columns: {step: Schritt, task: Aufgabe, hosts: Rechner}\n";
    let case = Case::new().file("ablauf.csv", german).file("runsheet.yaml", settings);
    case.run(&["import", "ablauf.csv", "--format", "json"]).exits(0);
    assert!(read(&case, "sheets/ablauf.yaml").contains("name: Ansehen"));
}

#[test]
fn a_sheet_that_somebody_wrote_is_not_replaced() {
    let own = "name: Mine\nsteps:\n  - {name: A, manual: a}\n";
    let case = shop().file("sheets/deploy.yaml", own);
    case.run(&["import", "deploy", "-y"]).exits(2).says("was not made by an import").says("--name");
    assert_eq!(read(&case, "sheets/deploy.yaml"), own);
    case.run(&["import", "deploy", "--name", "../x"]).exits(2).says("cannot be the name of a sheet");
}
