//! The example project `examples/fabfile`: what fabfiles used to do, on a real host. The evidence is taken there.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::case::Case;
use crate::support::fleet::Fleet;

/// A task, its arguments, what makes the host ready for it, and what succeeds on the host only once it was done.
struct Exercise {
    task: &'static str,
    args: &'static [&'static str],
    before: &'static str,
    done: &'static str,
}

const EXERCISES: &[Exercise] = &[
    Exercise {
        task: "maintenance",
        args: &["state=on"],
        before: "mkdir -p /var/www/html",
        done: "grep -q 'Back soon' /var/www/html/maintenance.html",
    },
    Exercise {
        task: "cron",
        args: &["name=nightly", "schedule=0 3 * * *", "run=/usr/local/bin/nightly"],
        before: "mkdir -p /etc/cron.d",
        done: "grep -qx '0 3 \\* \\* \\* root /usr/local/bin/nightly' /etc/cron.d/nightly",
    },
    Exercise { task: "motd", args: &["text=Welcome"], before: "true", done: "grep -qx Welcome /etc/motd" },
    Exercise {
        task: "append_line",
        args: &["path=/etc/app.conf", "line=port 80"],
        before: "echo first >/etc/app.conf",
        done: "grep -qx first /etc/app.conf && test $(grep -cx 'port 80' /etc/app.conf) = 1",
    },
    Exercise {
        task: "logrotate",
        args: &["name=app", "logs=/var/log/app.log", "keep=3"],
        before: "mkdir -p /etc/logrotate.d",
        done: "grep -q 'rotate 3' /etc/logrotate.d/app",
    },
    Exercise {
        task: "clear_cache",
        args: &["folder=/var/cache/app"],
        before: "mkdir -p /var/cache/app && touch /var/cache/app/new && touch -d '9 days ago' /var/cache/app/old",
        done: "test -e /var/cache/app/new && ! test -e /var/cache/app/old",
    },
    Exercise {
        task: "deploy_user",
        args: &[
            "name=deployer",
            "key=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl one",
        ],
        before: "true",
        done: "id deployer && grep -q AAAAIOMqqnkVzrm0 ~deployer/.ssh/authorized_keys",
    },
    Exercise {
        task: "php_deploy",
        args: &["source=/tmp/site", "base=/srv/site", "release=r1"],
        before: "mkdir -p /tmp/site && echo hello >/tmp/site/index.php",
        done: "grep -q hello /srv/site/current/index.php && test \"$(readlink /srv/site/current)\" = releases/r1",
    },
];

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fabfile")
}

/// The example in a folder of its own.
fn project() -> Case {
    let read = |path: &str| fs::read_to_string(example().join(path)).expect("a file of the example");
    let mut case = Case::new().file("runsheet.yaml", read("runsheet.yaml"));
    case = case.file("tasks/lib/steps.star", read("tasks/lib/steps.star"));
    for exercise in EXERCISES {
        let path = format!("tasks/{}.star", exercise.task);
        case = case.file(&path, read(&path));
    }
    case
}

#[test]
fn fabfiles_each_task_is_exercised_and_right() {
    let entries = fs::read_dir(example().join("tasks")).expect("the tasks");
    let files = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    let tasks: BTreeSet<_> =
        files.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    assert_eq!(tasks, EXERCISES.iter().map(|exercise| exercise.task.to_owned()).collect());
    project().run(&["tasks", "check"]).exits(0);
}

#[test]
fn fabfiles_do_on_a_real_host_what_they_say_and_once() {
    let Some(fleet) = Fleet::up(1) else { return };
    let groups = fs::read_to_string(fleet.folder().join("hostgroups.yaml")).expect("the host groups");
    let known = fleet.folder().join("known_hosts");
    let case = project()
        .file("hostgroups/web.yaml", groups)
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"]);
    let holds = |command: &str| fleet.ssh("web1", command).status.success();
    for Exercise { task, args, before, done } in EXERCISES {
        assert!(holds(before), "{task}: the host is not ready");
        let work = [&["do", task, "-H", "web1"], *args].concat();
        case.run_with_flags(&[work.as_slice(), &["--dry-run"]].concat()).exits(0);
        assert!(!holds(done), "{task}: a dry run has done it");
        let json = [work.as_slice(), &["--format", "json"]].concat();
        let first = case.run_with_flags(&json).exits(0);
        assert!(holds(done), "{task}: it is not done: {}", first.stdout);
        assert!(first.stdout.contains("\"changed\":true"), "{task}: {}", first.stdout);
        let again = case.run_with_flags(&json).exits(0);
        assert!(holds(done), "{task}: it is undone: {}", again.stdout);
        assert!(!again.stdout.contains("\"changed\":true"), "{task}: {}", again.stdout);
    }
}
