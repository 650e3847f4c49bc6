//! Sheets against hosts and tasks: what is checked, what is rendered once, and what the hash stands for.

mod differences;
mod makes;
mod part;
mod read;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use runsheet_diagnostics::Hint;
use runsheet_inventory::Inventory;
use runsheet_model::SecretName;
use runsheet_plan::{PerHost, Plan, PlanError, Planning, StepChoice, Work};
use runsheet_sheet::Sheet;
use runsheet_task::{
    Arg, ArgKind, Config, Host, LocalFile, LocalFiles, LocalFolder, Outcome, Registry, Task, TaskError, TaskSpec,
};

const GROUPS: &str = "\
groups:
  web:
    hosts:
      - web[1-3]
    vars: {app: listings}
  solr:
    hosts:
      - solr1: {vars: {role: leader}, address: 10.0.0.9}
      - solr2
    vars: {role: follower}
  ops: {hosts: [bastion], protected: true}
";

struct Nothing(TaskSpec);

#[async_trait]
impl Task for Nothing {
    fn spec(&self) -> &TaskSpec {
        &self.0
    }

    async fn do_work(&self, _: &Config, _: &Host) -> Result<Outcome, TaskError> {
        Ok(Outcome::changed("done"))
    }
}

/// Files that exist only here: their content is their path and what has been written since; `x` makes them executable instead.
struct Files(&'static str);

impl LocalFiles for Files {
    fn place(&self, path: &str) -> PathBuf {
        PathBuf::from("/here").join(path)
    }

    fn look_up(&self, path: &str) -> io::Result<LocalFile> {
        if path == "missing" {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(LocalFile {
            path: format!("/here/{path}").into(),
            sha256: format!("{path}{}", if self.0 == "x" { "" } else { self.0 }),
            bytes: 3,
            executable: self.0 == "x",
        })
    }

    fn read_text(&self, path: &str) -> io::Result<String> {
        match path {
            "plain" => Ok(format!("on {{{{ vars.n }}}}{}", self.0)),
            "by-host" => Ok("port = 80\nname = {{ host.name }}\n".to_owned()),
            "wrong" => Ok("a\n{{ host.nam }}\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn look_up_folder(&self, path: &str) -> io::Result<LocalFolder> {
        let file = |name: &str| self.look_up(name).map(|file| (name.to_owned(), file));
        Ok(LocalFolder { path: format!("/here/{path}").into(), files: vec![file("a")?, file("b")?] })
    }
}

fn inventory(groups: &str) -> Inventory {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hosts.yaml");
    std::fs::write(&file, groups).expect("a file");
    Inventory::load(&[file]).expect("host groups")
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add(Arc::new(Nothing(
        TaskSpec::new("work", "Works.")
            .arg(Arg::optional("text", ArgKind::Text, "A text."))
            .arg(Arg::optional("file", ArgKind::LocalFile, "A file."))
            .arg(Arg::optional("template", ArgKind::Template, "A template."))
            .arg(Arg::optional("folder", ArgKind::LocalFolder, "A folder."))
            .arg(Arg::optional("token", ArgKind::TextOrSecret, "A token.")),
    )));
    registry
}

fn plan_on(
    groups: &str,
    sheet: &str,
    change: impl FnOnce(&mut Planning<'_>),
    files: &Files,
) -> Result<Plan, PlanError> {
    resolve(groups, &Sheet::parse(sheet, Path::new("s.yaml")).expect("a sheet"), change, files)
}

fn resolve(
    groups: &str,
    sheet: &Sheet,
    change: impl FnOnce(&mut Planning<'_>),
    files: &Files,
) -> Result<Plan, PlanError> {
    let inventory = inventory(groups);
    let registry = registry();
    let secrets = BTreeSet::from([SecretName::new("token").expect("a name")]);
    let mut planning = Planning {
        local_programs: &[],
        inventory: &inventory,
        registry: &registry,
        files,
        secrets: &secrets,
        read: &|_| Err(io::ErrorKind::Unsupported.into()),
        exclude: Vec::new(),
        limit: None,
        unlisted: false,
        choice: StepChoice::default(),
    };
    change(&mut planning);
    Plan::resolve(sheet, &planning)
}

fn plan_with(sheet: &str, change: impl FnOnce(&mut Planning<'_>), files: &Files) -> Result<Plan, PlanError> {
    plan_on(GROUPS, sheet, change, files)
}

fn plan(sheet: &str) -> Result<Plan, PlanError> {
    plan_with(sheet, |_| {}, &Files(""))
}

fn hash(sheet: &str) -> String {
    plan(sheet).expect("a plan").hash.to_string()
}

fn step(rest: &str) -> String {
    format!("steps:\n  - {{name: One, task: work, {rest}}}\n")
}

#[test]
fn the_hash_is_the_same_however_the_sheet_is_written_and_whoever_owns_it() {
    let one =
        hash("name: A\nvars: {a: 1, b: 2}\nsteps:\n  - {name: X, id: x, task: work, hosts: web, args: {text: hi}}\n");
    let other = hash(
        "name: B\nvars: {b: 2, a: 1}\nsteps:\n  - id: x\n    name: Y\n    owner: me\n    expect: 5m\n    notes: n\n    args: {text: hi}\n    hosts: web[1-3]\n    task: work\n",
    );
    assert_eq!(one, other);
    assert_eq!(one.len(), "sha256:".len() + 64);
}

#[test]
fn the_hash_changes_when_anything_that_would_run_changes() {
    let base = "hosts: web, args: {text: hi}";
    let mut hashes = BTreeSet::from([hash(&step(base))]);
    for other in [
        "hosts: web, args: {text: ho}",
        "hosts: 'web[1-2]', args: {text: hi}",
        "hosts: 'web3,web2,web1', args: {text: hi}",
        "hosts: web, args: {text: hi}, sudo: true",
        "hosts: web, args: {text: hi}, env: {A: b}",
        "hosts: web, args: {text: hi}, dir: /srv",
        "hosts: web, args: {text: hi}, timeout: 5s",
        "hosts: web, args: {text: hi}, forks: 2",
        "hosts: web, args: {text: hi}, when: '{{ host.name != \"web1\" }}'",
        "hosts: web, args: {text: hi, token: {secret: token}}",
        "hosts: web, args: {text: hi, file: app}",
    ] {
        assert!(hashes.insert(hash(&step(other))), "`{other}` has the hash of another plan");
    }
    let changed = plan_with(&step("hosts: web, args: {text: hi, file: app}"), |_| {}, &Files("!")).expect("a plan");
    assert!(hashes.insert(changed.hash.to_string()), "a file with another content has the same hash");
}

#[test]
fn the_address_of_a_host_counts_only_where_it_is_spoken_of() {
    let moved = GROUPS.replace("10.0.0.9", "10.0.0.10");
    let hash_on = |groups: &str, sheet: &str| plan_on(groups, sheet, |_| {}, &Files("")).expect("a plan").hash;
    let silent = step("hosts: solr, args: {text: hi}");
    assert_eq!(hash_on(GROUPS, &silent), hash_on(&moved, &silent));
    let speaking = step("hosts: solr, args: {text: '{{ host.address }}'}");
    assert_ne!(hash_on(GROUPS, &speaking), hash_on(&moved, &speaking));
}

#[test]
fn what_does_not_mention_its_host_is_held_once() {
    let plan = plan(&step("hosts: web, args: {text: '{{ vars.a }}'}").replacen("steps", "vars: {a: b}\nsteps", 1))
        .expect("a plan");
    let links = &plan.steps[0].host_work().expect("hosts").links;
    assert!(matches!(&links[0].args, PerHost::Same(args) if args.text("text") == Some("b")));
}

#[test]
fn ten_thousand_hosts_share_what_they_can() {
    let groups = "groups:\n  many:\n    hosts:\n      - h[1-10000]\n";
    let text = "steps:\n  - {name: A, task: work, hosts: many, args: {text: same}}\n  - {name: B, task: work, hosts: many, args: {text: '{{ host.name }}'}}\n";
    let plan = plan_on(groups, text, |_| {}, &Files("")).expect("a plan");
    assert_eq!(plan.hosts.len(), 10_000);
    let links = |step: usize| &plan.steps[step].host_work().expect("hosts").links[0];
    assert!(matches!(links(0).args, PerHost::Same(_)));
    assert!(matches!(&links(1).args, PerHost::Each(each) if each.len() == 10_000));
    assert_eq!(links(1).args.of(9_999).text("text"), Some("h10000"));
}

#[test]
fn a_condition_is_decided_while_planning() {
    let plan = plan(&step("hosts: solr, when: \"{{ host.vars.role != 'leader' }}\"")).expect("a plan");
    let work = plan.steps[0].host_work().expect("hosts");
    let name = |&host: &usize| plan.hosts[host].name.to_string();
    assert_eq!(work.hosts.iter().map(name).collect::<Vec<_>>(), ["solr2"]);
    assert_eq!(work.skipped.iter().map(name).collect::<Vec<_>>(), ["solr1"]);
}

#[test]
fn a_protected_host_is_refused_by_name() {
    let error = plan(&step("hosts: 'web,bastion'")).expect_err("an error");
    let told = format!("{error}: {}", std::error::Error::source(&error).expect("a cause"));
    assert!(told.contains("bastion"), "{told}");
    assert!(error.hints().iter().any(|hint| hint.contains("-x")), "{:?}", error.hints());
    assert!(
        plan_with(&step("hosts: '@*'"), |planning| planning.exclude = vec!["bastion".to_owned()], &Files("")).is_ok()
    );
}

#[test]
fn a_mistake_is_told_with_its_place_and_its_host() {
    let cases = [
        ("hosts: web, args: {nope: 1}", "s.yaml:2:54: task `work` has no argument `nope`"),
        (
            "hosts: web, args: {file: missing}",
            "s.yaml:2:54: failed to read `missing` for argument `file` of task `work`",
        ),
        ("hosts: web, args: {token: {secret: other}}", "s.yaml:2:23: there is no secret `other`"),
    ];
    for (rest, told) in cases {
        assert_eq!(plan(&step(rest)).expect_err(rest).to_string(), told);
    }
    let error = plan(&step("hosts: web, args: {text: '{{ host.vars.nope }}'}")).expect_err("an error").to_string();
    assert!(error.starts_with("s.yaml:2:54:") && error.ends_with("(for host `web1`)"), "{error}");
}

#[test]
fn steps_that_are_left_out_are_passed_through() {
    let sheet = "steps:\n  - {name: A, task: work, hosts: web}\n  - {name: B, task: work, hosts: web, enabled: false}\n  - {name: C, task: work, hosts: web}\n";
    let plan = plan(sheet).expect("a plan");
    assert_eq!(plan.steps[1].left_out.as_deref(), Some("disabled"));
    assert_eq!(plan.steps[2].after, [0]);
    let skip = |planning: &mut Planning<'_>| planning.choice.skip = vec!["a".to_owned()];
    let plan = plan_with(sheet, skip, &Files("")).expect("a plan");
    assert_eq!(plan.steps[2].after, Vec::<usize>::new());
    let unknown = |planning: &mut Planning<'_>| planning.choice.only = vec!["aa".to_owned()];
    assert!(matches!(plan_with(sheet, unknown, &Files("")), Err(PlanError::NoStep { .. })));
}

#[test]
fn who_waits_for_a_step_without_hosts_waits_for_what_that_one_waits_for() {
    let sheet = "steps:\n  - {name: A, task: work, hosts: web}\n  - {name: B, task: work, hosts: solr}\n  - {name: C, task: work, hosts: web}\n";
    let limit = |planning: &mut Planning<'_>| planning.limit = Some("web1".to_owned());
    let plan = plan_with(sheet, limit, &Files("")).expect("a plan");
    assert!(plan.steps[1].left_out.is_some());
    assert_eq!(plan.steps[2].after, [0]);
}

#[test]
fn a_limit_that_leaves_a_step_no_host_leaves_the_step_out() {
    let sheet = "steps:\n  - {name: A, task: work, hosts: web}\n  - {name: B, task: work, hosts: solr}\n";
    let limit = |planning: &mut Planning<'_>| planning.limit = Some("web1".to_owned());
    let plan = plan_with(sheet, limit, &Files("")).expect("a plan");
    assert!(plan.steps[0].left_out.is_none() && plan.steps[1].left_out.is_some());
    assert_eq!(plan.hosts.len(), 1);
}

#[test]
fn a_plan_tells_which_hosts_it_needs_and_whom_commands_become_there() {
    let plan = plan(
        "steps:\n\
         \x20 - {name: A, task: work, hosts: 'web[1-2]', sudo: true}\n\
         \x20 - {name: B, hosts: web3, sudo: app, do: [{task: work, delegate: solr1}, {task: work, sudo: false, delegate: solr1}]}\n\
         \x20 - {name: C, task: work, hosts: 'web2,solr2', sudo: app}\n\
         \x20 - {name: D, task: work, hosts: web3, enabled: false}\n",
    )
    .expect("a plan");
    let needs: Vec<_> = plan
        .hosts
        .iter()
        .zip(plan.needs())
        .map(|(host, users)| (host.name.to_string(), users.map(|users| users.into_iter().collect::<Vec<_>>())))
        .filter(|(host, users)| users.is_some() || host == "web3")
        .collect();
    let expected = [
        ("web1", Some(vec!["root"])),
        ("web2", Some(vec!["app", "root"])),
        ("web3", None),
        ("solr1", Some(vec!["app"])),
        ("solr2", Some(vec!["app"])),
    ];
    let mut needs: Vec<_> = needs.iter().map(|(host, users)| (host.as_str(), users.clone())).collect();
    needs.sort_by_key(|(host, _)| expected.iter().position(|(other, _)| other == host));
    assert_eq!(needs, expected);
}

#[test]
fn a_plan_survives_being_written_and_read() {
    let plan = plan(&step("hosts: solr, args: {text: '{{ host.name }}'}, sudo: true")).expect("a plan");
    let text = serde_json::to_string(&plan).expect("json");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), plan);
}

#[test]
fn what_is_sent_counts_by_content_and_whether_it_can_be_executed_not_by_where_it_lies() {
    for args in ["{file: app}", "{folder: site}"] {
        let hash_with = |args: &str, files: &'static str| {
            plan_with(&step(&format!("hosts: web, args: {args}")), |_| {}, &Files(files)).expect("a plan").hash
        };
        let hash = hash_with(args, "");
        assert_ne!(hash, hash_with(args, "!"), "{args}: other content");
        assert_ne!(hash, hash_with(args, "x"), "{args}: another mode");
    }
    let elsewhere = |folder: &str| hash(&step(&format!("hosts: web, args: {{folder: {folder}}}")));
    assert_eq!(elsewhere("site"), elsewhere("other"));
}

#[test]
fn template_files_are_rendered_while_planning_and_shared_where_they_do_not_mention_the_host() {
    let with = |file: &str, files: &'static str| {
        let sheet = step(&format!("hosts: web, args: {{template: {file}}}"));
        let sheet = sheet.replacen("steps:", "vars: {n: 3}\nsteps:", 1);
        plan_with(&sheet, |_| {}, &Files(files))
    };
    let texts = |plan: &Plan| -> Vec<String> {
        let Work::Hosts(work) = &plan.steps[0].work else { panic!("a step on hosts") };
        work.links[0].args.iter().map(|args| args.rendered("template").expect("a text").to_owned()).collect()
    };
    let plain = with("plain", "").expect("a plan");
    assert_eq!(texts(&plain), ["on 3"]);
    assert_eq!(texts(&with("by-host", "").expect("a plan"))[1], "port = 80\nname = web2\n");
    assert_ne!(plain.hash, with("plain", "!").expect("a plan").hash);

    let wrong = with("wrong", "").expect_err("a name is wrong");
    assert!(wrong.to_string().starts_with("wrong:2: unknown name `host.nam`"), "{wrong}");
    assert!(matches!(with("missing", ""), Err(PlanError::File { .. })));
}
