//! Parts of plans, which are the same if their hashes are.

use runsheet_plan::{Plan, PlanStep};

use crate::plan;

const SHEET: &str = "\
steps:
  - {name: A, task: work, hosts: 'web[1-2]', args: {text: a}}
  - {name: B, task: work, hosts: web, delegate: solr1, args: {text: '{{ host.name }}'}}
  - {name: C, task: work, hosts: 'solr,web', args: {text: c}}
";

fn part(sheet: &str, steps: &[&str]) -> Plan {
    plan(sheet).expect(sheet).part(|id| steps.contains(&id.as_str()))
}

fn is_same(before: &str, after: &str, steps: &[&str]) -> bool {
    part(before, steps).hash == part(after, steps).hash
}

#[test]
fn a_part_has_its_steps_and_their_hosts_only() {
    let part = part(SHEET, &["a", "b"]);
    assert_eq!(part.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let hosts = |steps: &[usize]| steps.iter().map(|&host| part.hosts[host].name.to_string()).collect::<Vec<_>>();
    assert_eq!(hosts(&(0..part.hosts.len()).collect::<Vec<_>>()), ["web1", "web2", "web3", "solr1"]);
    let work = |step: usize| part.steps.get(step).and_then(PlanStep::host_work).expect("work on hosts");
    assert_eq!(hosts(&work(1).hosts), ["web1", "web2", "web3"]);
    assert_eq!(hosts(&work(1).delegates(2)), ["solr1"]);
    assert_eq!(part.steps[1].after, [0]);
    assert_ne!(part.hash, plan(SHEET).expect("a plan").hash);
}

#[test]
fn what_is_changed_outside_a_part_leaves_it_as_it_is() {
    for (from, to) in [
        ("text: c", "text: other"),
        ("'solr,web'", "solr2"),
        ("  - {name: C", "  - {name: New, task: work, hosts: solr2}\n  - {name: C"),
        ("name: A,", "name: Another title, id: a, owner: dana,"),
    ] {
        assert!(is_same(SHEET, &SHEET.replace(from, to), &["a", "b"]), "{from} -> {to}");
        assert!(is_same(SHEET, &SHEET.replace(from, to), &["a"]), "{from} -> {to}");
    }
}

#[test]
fn what_is_changed_in_a_part_or_comes_before_it_changes_it() {
    for (from, to) in [
        ("text: a", "text: other"),
        ("'web[1-2]'", "'web[1-3]'"),
        ("delegate: solr1", "delegate: solr2"),
        ("  - {name: A", "  - {name: New, task: work, hosts: solr2}\n  - {name: A"),
        ("  - {name: B", "  - {name: New, task: work, hosts: solr2}\n  - {name: B"),
        ("name: A,", "name: A, id: z,"),
        ("steps:", "vars: {n: 1}\nsteps:"),
    ] {
        assert!(!is_same(SHEET, &SHEET.replace(from, to), &["a", "b"]), "{from} -> {to}");
    }
}
