//! The first import of a spreadsheet.

use std::fmt::Write;

use proptest::prelude::*;
use runsheet_import::{HOST_FIELDS, ImportRecord, Kind, Mapping, Options, Prefer, STEP_FIELDS};

use crate::table::{first, now, tab, unchecked, with, workbook, wrong};

const STEPS: &str = "\
Weekly web deploy | < | <
# | Description | Task | Hosts | Args | Owner | Expected (min) | Depends on | Active | Waves | Notes
1 | Silence alerts | nagios.downtime | nagios | of=web for=60m | | 1 | | yes | |
2 | Tell support | | | | dana | | | yes | | call them
Web tier | < | < | < | < | <
3 | Roll web | release.deploy | @web, !web04 | {artifact: \"dist/web.tar.gz\"} | platform | 12 | 1, 2 | yes | 1, 10%, 100% | slowly: careful
~4 | Secret | command | web | run=x
5 | Restart solr | solr.restart | solr | | | 0:05 | none | no | |
 | Total | | | | | =18";

const HOSTS: &str = "\
Group | Host | Address | User | Vars | Protected
web | web[01-04].example.com | | deploy | app=listings |
web | web09 | 10.0.0.9 | | |
solr | | | solr | |
solr | solr01 | | | role=leader |
nagios | nag1 | | | |
search | solr | | | |
ops | bastion | | | | x";

#[test]
fn a_spreadsheet_becomes_a_sheet_and_host_groups_as_a_person_would_write_them() {
    let import = first(vec![tab("Plan", STEPS), tab("Inventory", HOSTS)]).expect("an import");
    assert_eq!(
        import.sheet,
        "\
name: Weekly web deploy
steps:
  - name: Silence alerts
    task: nagios.downtime
    hosts: nagios
    args: {of: web, for: 60m}
    expect: 1m
  - name: Tell support
    manual: Tell support
    owner: dana
    notes: call them
  - name: Roll web
    task: release.deploy
    hosts: \"@web,!web04\"
    args: {artifact: dist/web.tar.gz}
    after: [silence-alerts, tell-support]
    owner: platform
    expect: 12m
    notes: \"slowly: careful\"
    waves: [1, 10%, 100%]
  - name: Restart solr
    task: solr.restart
    hosts: solr
    after: []
    enabled: false
    expect: 5m
"
    );
    assert_eq!(
        import.groups.as_deref().expect("host groups"),
        "\
groups:
  web:
    hosts:
      - web[01-04].example.com: {user: deploy, vars: {app: listings}}
      - web09: {address: 10.0.0.9}
  solr:
    user: solr
    hosts:
      - solr01: {vars: {role: leader}}
  nagios:
    hosts:
      - nag1
  search:
    groups:
      - solr
  ops:
    hosts:
      - bastion: {protected: true}
"
    );
    let told = import.warnings.join("\n");
    for text in ["row 7 of `Plan` is hidden", "row 5 of `Plan` is a heading", "row 9 of `Plan` is a sum"] {
        assert!(told.contains(text), "`{text}` is not in\n{told}");
    }
}

#[test]
fn the_host_groups_load() {
    let import = first(vec![tab("Plan", STEPS), tab("Inventory", HOSTS)]).expect("an import");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("g.yaml");
    std::fs::write(&file, import.groups.expect("groups")).expect("a file");
    let inventory = runsheet_inventory::Inventory::load(&[file]).expect("an inventory");
    assert_eq!(inventory.host_names().count(), 8);
}

#[test]
fn the_record_says_where_each_step_came_from_and_survives_being_written() {
    let tabs = vec![tab("Plan", STEPS), tab("Inventory", HOSTS)];
    let record = first(tabs.clone()).expect("an import").record;
    assert_eq!(record.steps.rows.iter().map(|step| step.row).collect::<Vec<_>>(), [3, 4, 6, 8]);
    assert_eq!((record.steps.header_row, record.steps.letters("task").as_deref()), (2, Some("C")));
    let book = workbook(tabs);
    for step in &record.steps.rows {
        let row = book.tabs[0].rows.iter().find(|row| row.number == step.row).expect("its row");
        assert_eq!(record.fingerprint(row), step.fingerprint);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = ImportRecord::beside(&folder.path().join("web.yaml"));
    assert!(path.ends_with("web.import.json"));
    std::fs::write(&path, record.text()).expect("a file");
    assert_eq!(ImportRecord::load(&path).expect("a record"), record);
}

#[test]
fn every_usual_title_is_recognised() {
    for field in STEP_FIELDS.iter().filter(|field| !["step", "name", "task"].contains(&field.word)) {
        for title in field.titles {
            let shouted = title.to_uppercase().replace(' ', "_");
            let table = format!("Name|Task|{shouted}|Hosts\nA|command|<|web");
            let import = unchecked(vec![tab("T", &table)], &Options::default(), &now(), Prefer::Neither);
            // What stands in the column does not fit every field; that it was recognised is what counts.
            let columns = match import {
                Ok(import) => import.record.steps.columns,
                Err(error) if field.word == "hosts" => {
                    assert!(error.to_string().contains("could both be `hosts`"), "{error}");
                    continue;
                }
                Err(error) => {
                    assert!(error.to_string().contains("T!"), "{title}: {error}");
                    continue;
                }
            };
            assert_eq!(columns.get(field.word), Some(&3), "{title}");
        }
    }
    for field in
        HOST_FIELDS.iter().filter(|field| !["host", "group"].contains(&field.word) && field.kind != Kind::Unread)
    {
        for title in field.titles {
            let hosts = tab("Machines", &format!("Host|Group|{title}|IP\nh|g||"));
            let steps = tab("S", "Step|Task|Hosts\nA|command|g");
            match first(vec![steps, hosts]) {
                Ok(import) => {
                    assert_eq!(import.record.hosts.expect("hosts").columns.get(field.word), Some(&3), "{title}");
                }
                Err(error) => assert!(
                    field.word == "address" && error.to_string().contains("could both be `address`"),
                    "{title}: {error}"
                ),
            }
        }
    }
}

#[test]
fn two_rows_of_titles_are_read_together() {
    let table = "What | < | Where | Timing | <\nStep | Task | Hosts | Expected | Actual\n | | | min | duration\nA | command | web | 3 |";
    let error = wrong(vec![tab("S", table)]);
    assert!(error.contains("S!"), "{error}");
    let table = "What | < | Where | Expected | Depends\nStep | Task | Hosts | minutes | on\nA | uptime | web | 3 |\nB | uptime | web | 4 | A";
    let import = first(vec![tab("S", table)]).expect("an import");
    assert_eq!(import.record.steps.header_row, 2);
    assert!(import.sheet.contains("expect: 3m") && import.sheet.contains("after: a"), "{}", import.sheet);
}

#[test]
fn what_could_be_meant_twice_is_told_with_both_names() {
    let steps = "Step|Task|Hosts\nA|uptime|web";
    assert_eq!(
        wrong(vec![tab("New", steps), tab("Old", steps)]),
        "tabs `New` and `Old` both look like the steps of a deploy"
    );
    let two = "Step|Task|Owner|Who|Hosts\nA|uptime|ann|bob|web";
    assert_eq!(wrong(vec![tab("S", two)]), "columns C (`Owner`) and D (`Who`) of tab `S` could both be `owner`");
    let options = Options { columns: vec![Mapping::parse("owner=Who").expect("a mapping")], ..Options::default() };
    assert!(with(vec![tab("S", two)], &options).expect("an import").sheet.contains("owner: bob"));
    let options = Options { columns: vec![Mapping::parse("owner=C").expect("a mapping")], ..Options::default() };
    assert!(with(vec![tab("S", two)], &options).expect("an import").sheet.contains("owner: ann"));
}

#[test]
fn titles_in_another_language_are_mapped() {
    let table = "Schritt|Aufgabe|Rechner\nAnsehen|uptime|web";
    assert!(wrong(vec![tab("Ablauf", table)]).contains("`Schritt`, `Aufgabe`, `Rechner` in `Ablauf`"));
    let map = |text| Mapping::parse(text).expect("a mapping");
    let options =
        Options { columns: vec![map("step=Schritt"), map("task=aufgabe"), map("hosts=Rechner")], ..Options::default() };
    assert!(with(vec![tab("Ablauf", table)], &options).expect("an import").sheet.contains("name: Ansehen"));
    let wrong = Options { columns: vec![map("step=Schrit")], ..Options::default() };
    let error = with(vec![tab("S", "Step|Task|Hosts\nA|uptime|web"), tab("Ablauf", table)], &wrong)
        .expect_err("no such column");
    assert!(error.to_string().contains("no column is called `Schrit`"), "{error}");
}

#[test]
fn every_row_that_cannot_be_understood_is_told_with_its_cell() {
    let table = "Step|Task|Hosts|Args|Expected|After|Active|Retries\n\
                 A|Restart it|web||||\n\
                 B|uptime||||\n\
                 C|command|web|uptime -a=\"|soon||perhaps|2\n\
                 D|uptime|web|x|||\n\
                 |uptime|web||||\n\
                 E|uptime|web|||Z||many\n\
                 F||web||||\n\
                 G|uptime|web|||G||";
    let error = wrong(vec![tab("S", table)]);
    for text in [
        "S!B2: `Restart it` is not the name of a task",
        "S!C3: the step has no hosts",
        "S!E4: `soon` is not a length of time",
        "S!G4: `perhaps` is neither yes nor no",
        "S!D5: `x` has no `=`",
        "S!A6: the step has no title",
        "S!F7: there is no step `Z`",
        "S!H7: `many` is not a whole number",
        "S!C8: there are hosts and no task",
        "S!F9: the step waits for itself",
    ] {
        assert!(error.contains(text), "`{text}` is not in\n{error}");
    }
    let mut many = "Step|Task|Hosts\n".to_owned();
    (0..70).for_each(|row| _ = writeln!(many, "S{row}|no task|web"));
    let error = wrong(vec![tab("S", &many)]);
    assert!(
        error.starts_with("70 mistakes in `deploy.xlsx`; nothing was written") && error.ends_with("and 20 more"),
        "{error}"
    );
}

#[test]
fn what_a_step_waits_for_is_found_by_id_number_title_and_row() {
    let table = "ID|Step|Task|Hosts|After\nx-1|First, or not|uptime|web|\n|Second|uptime|web|x-1\n|Third|uptime|web|First, or not\n|Fourth|uptime|web|row 3; Third\n|Fifth|uptime|web|2";
    let sheet = first(vec![tab("S", table)]).expect("an import").sheet;
    let afters: Vec<_> = sheet.lines().filter_map(|line| line.trim().strip_prefix("after: ")).collect();
    assert_eq!(afters, ["x-1", "x-1", "[second, third]", "x-1"]);
    assert!(sheet.contains("id: x-1"));
}

#[test]
fn where_marks_say_what_is_active_no_mark_says_no() {
    let sheet =
        first(vec![tab("S", "Step|Task|Hosts|Active\nA|uptime|web|x\nB|uptime|web|")]).expect("an import").sheet;
    assert_eq!(sheet.matches("enabled: false").count(), 1);
    let sheet =
        first(vec![tab("S", "Step|Task|Hosts|Active\nA|uptime|web|yes\nB|uptime|web|")]).expect("an import").sheet;
    assert_eq!(sheet.matches("enabled: false").count(), 0);
}

#[test]
fn equal_titles_have_ids_of_their_own() {
    let sheet = first(vec![tab("S", "Step|Task|Hosts\nA|uptime|web\nA|uptime|solr")]).expect("an import").sheet;
    assert!(sheet.contains("id: a-2"), "{sheet}");
}

proptest! {
    #[test]
    fn columns_in_any_order_give_the_same_sheet(order in Just((0..11_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let shuffled: Vec<String> = STEPS
            .lines()
            .filter(|line| !line.contains('<') && !line.starts_with('~'))
            .map(|line| {
                let cells: Vec<_> = line.split('|').chain(std::iter::repeat("")).take(11).collect();
                order.iter().map(|at| cells[*at]).collect::<Vec<_>>().join("|")
            })
            .collect();
        let plain: Vec<&str> = STEPS.lines().filter(|line| !line.contains('<') && !line.starts_with('~')).collect();
        let expected = first(vec![tab("S", &plain.join("\n"))]).expect("an import").sheet;
        prop_assert_eq!(first(vec![tab("S", &shuffled.join("\n"))]).expect("an import").sheet, expected);
    }

    #[test]
    fn any_text_in_a_cell_comes_back_as_it_is(text in "[ -~äß✓\\n]{1,40}", key in "[a-z]{1,5}") {
        let seen = text.trim().to_owned();
        prop_assume!(!matches!(seen.as_str(), "" | "-"));
        let mut steps = tab("S", "Step|Task|Hosts|Notes|Owner\nA|uptime|web|n|o");
        for cell in steps.rows[1].cells.iter_mut().filter(|cell| cell.column > 3) {
            cell.value = runsheet_workbook::Value::Text(text.clone());
        }
        let _ = key;
        let import = first(vec![steps]).expect("an import");
        let sheet = runsheet_sheet::Sheet::parse(&import.sheet, std::path::Path::new("s")).expect("a sheet");
        prop_assert_eq!(sheet.steps[0].notes.as_deref(), Some(seen.as_str()), "{}", import.sheet);
        prop_assert_eq!(sheet.steps[0].owner.as_deref(), Some(seen.as_str()), "{}", import.sheet);
    }
}

#[test]
fn fifty_thousand_rows_are_refused_or_read_at_once() {
    let mut steps = "Step|Task|Hosts\n".to_owned();
    (0..50_000).for_each(|row| _ = writeln!(steps, "S{row}|uptime|web"));
    assert!(wrong(vec![tab("S", &steps)]).contains("a sheet has at most 10000 steps"));
    let mut hosts = "Group|Host|Address\n".to_owned();
    (0..50_000).for_each(|row| _ = writeln!(hosts, "web|h{row}|10.0.0.1"));
    let import = first(vec![tab("S", "Step|Task|Hosts\nA|uptime|web"), tab("H", &hosts)]).expect("an import");
    assert_eq!(import.groups.expect("groups").lines().count(), 50_003);
}
