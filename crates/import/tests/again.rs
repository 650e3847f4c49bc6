//! Imports after the first: what changed, and what is kept of what was edited by hand.

use runsheet_import::{Change, Import, Now, Options, Prefer};

use crate::table::{after, first, prepare, tab};

const BEFORE: &str = "Step|Task|Hosts|Owner|Expected\nA|uptime|web|x|1m\nB|uptime|solr|y|2m\nC|uptime|db|z|3m";

fn again(table: &str, now: &Now) -> Import {
    prepare(vec![tab("S", table)], &Options::default(), now, Prefer::Neither).expect("an import")
}

fn imported() -> Now {
    after(&first(vec![tab("S", BEFORE)]).expect("an import"))
}

fn said(import: &Import) -> Vec<String> {
    import.steps.iter().map(Change::to_string).collect()
}

#[test]
fn the_same_spreadsheet_changes_nothing() {
    let now = imported();
    let import = again(BEFORE, &now);
    assert!(import.is_unchanged());
    assert_eq!((Some(&import.sheet), Some(&import.record)), (now.sheet.as_ref(), now.record.as_ref()));
}

#[test]
fn steps_that_are_renamed_or_moved_keep_their_ids() {
    let renamed = BEFORE.replace("B|", "Better|");
    let import = again(&renamed, &imported());
    assert_eq!(said(&import), ["~ b: name: B → Better"]);
    assert!(import.sheet.contains("  - name: Better\n    id: b\n"), "{}", import.sheet);
    let next = again(
        &renamed.replace("Better|uptime|solr|y|2m\nC|uptime|db|z|3m", "C|uptime|db|z|3m\nBetter|uptime|solr|y|2m"),
        &after(&import),
    );
    assert_eq!(said(&next), ["> c: from 3 to 2"]);
    assert_eq!(
        next.record.steps.rows.iter().map(|step| (step.id.as_str(), step.row)).collect::<Vec<_>>(),
        [("a", 2), ("c", 3), ("b", 4)]
    );
}

#[test]
fn what_was_added_changed_and_removed_is_told() {
    let import = again(
        "Step|Task|Hosts|Owner|Expected\nA|uptime|web|x|5m\nNew|uptime|web|x|1m\nC|uptime|db|z|3m\nLast|uptime|web||",
        &imported(),
    );
    let said = said(&import);
    assert!(said.contains(&"~ a: expect: 1m → 5m".to_owned()) && said.contains(&"+ last".to_owned()), "{said:?}");
}

#[test]
fn what_was_edited_by_hand_is_kept_with_its_comments() {
    let mut now = imported();
    now.sheet = now.sheet.map(|text| {
        text.replace("  - name: B\n", "  # about B\n  - name: B  # really\n    retries: 2\n")
            .replace("  - name: C\n", "  - name: By hand\n    manual: Look.\n  - name: C\n")
            .replace("name: Deploy\n", "# top\nname: Deploy\nvars: {release: \"1.10\"}\n")
    });
    let import = again(&BEFORE.replace("A|uptime|web|x|1m", "A|uptime|web|x|9m"), &now);
    assert_eq!(said(&import), ["~ a: expect: 1m → 9m"]);
    let expected = now.sheet.expect("a sheet").replace("expect: 1m", "expect: 9m");
    assert_eq!(import.sheet, expected);
    let import =
        again(&BEFORE.replace("B|uptime|solr|y|2m", "B|uptime|solr|w|2m"), &Now { sheet: Some(expected), ..now });
    assert!(
        import.sheet.contains("  # about B\n  - name: B\n")
            && import.sheet.contains("retries: 2")
            && import.sheet.contains("owner: w"),
        "{}",
        import.sheet
    );
}

#[test]
fn what_both_changed_differently_is_a_conflict_unless_one_is_preferred() {
    let mut now = imported();
    now.sheet = now.sheet.map(|text| text.replace("expect: 2m", "expect: 20m"));
    let tabs = || vec![tab("S", &BEFORE.replace("|2m", "|4m"))];
    let error = prepare(tabs(), &Options::default(), &now, Prefer::Neither).expect_err("a conflict").to_string();
    assert!(error.contains("b: expect: `20m` by hand, `4m` in the spreadsheet"), "{error}");
    for (prefer, text) in [(Prefer::Ours, "expect: 20m"), (Prefer::Theirs, "expect: 4m")] {
        let import = prepare(tabs(), &Options::default(), &now, prefer).expect("an import");
        assert!(import.sheet.contains(text), "{}", import.sheet);
    }
}

#[test]
fn a_step_that_was_removed_by_hand_stays_away_until_the_spreadsheet_changes_it() {
    let mut now = imported();
    now.sheet = now.sheet.map(|text| {
        text.replace("  - name: B\n    task: uptime\n    hosts: solr\n    owner: \"y\"\n    expect: 2m\n", "")
    });
    assert!(again(BEFORE, &now).is_unchanged());
    let error = prepare(vec![tab("S", &BEFORE.replace("|2m", "|4m"))], &Options::default(), &now, Prefer::Neither);
    assert!(error.expect_err("a conflict").to_string().contains("b: gone by hand"));
}

#[test]
fn a_sheet_that_was_not_imported_is_left_alone() {
    let now = Now { record: None, ..imported() };
    let error = prepare(vec![tab("S", BEFORE)], &Options::default(), &now, Prefer::Neither).expect_err("it is there");
    assert_eq!(error.to_string(), "`sheets/deploy.yaml` is there and was not made by an import");
    assert!(prepare(vec![tab("S", BEFORE)], &Options::default(), &now, Prefer::Theirs).is_ok());
}

#[test]
fn host_groups_are_brought_together_too() {
    let steps = || tab("S", BEFORE);
    let hosts = "Group|Host|Port\nweb|web1|22\nweb|web2|";
    let mut now = after(&first(vec![steps(), tab("H", hosts)]).expect("an import"));
    now.groups = now.groups.map(|text| text.replace("      - web2\n", "      - web2: {user: root}\n"));
    let import =
        prepare(vec![steps(), tab("H", &hosts.replace("|22", "|2222"))], &Options::default(), &now, Prefer::Neither)
            .expect("an import");
    assert_eq!(import.hosts.iter().map(Change::to_string).collect::<Vec<_>>(), ["~ web: hosts.web1.port: 22 → 2222"]);
    assert!(import.groups.expect("groups").contains("- web2: {user: root}"));
}
