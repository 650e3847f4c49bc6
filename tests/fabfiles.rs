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
    Exercise {
        task: "apache_vhost",
        args: &["name=shop.example.com", "root=/var/www/html"],
        before: "true",
        done: "test -e /etc/apache2/sites-enabled/shop.example.com.conf && apache2ctl -t",
    },
    Exercise {
        task: "nginx_vhost",
        args: &["name=shop", "port=8081"],
        before: "mkdir -p /var/log/nginx",
        done: "nginx -T 2>/dev/null | grep -q 'listen 8081'",
    },
    Exercise {
        task: "swap_file",
        // Swap would be that of the machine that runs the tests.
        args: &["path=/swapfile", "mib=1", "activate=false"],
        before: "true",
        done: "test $(stat -c %a /swapfile) = 600 && tail -c +4087 /swapfile | head -c 10 | grep -q SWAPSPACE2 && \
               grep -qx '/swapfile none swap sw 0 0' /etc/fstab",
    },
    Exercise {
        task: "git_deploy",
        args: &["repository=/srv/shop.git", "folder=/srv/shop-checkout"],
        before: "git init -q -b master /tmp/shop && cd /tmp/shop && echo one >page && git add page && \
                 git -c user.name=a -c user.email=a@b commit -qm one && git clone -q --bare /tmp/shop /srv/shop.git",
        done: "grep -qx one /srv/shop-checkout/page",
    },
    Exercise {
        task: "sqlite_dump",
        args: &["database=/srv/dump.db", "folder=/var/backups/shop", "keep=2"],
        before: "python3 -c 'import sqlite3; c = sqlite3.connect(\"/srv/dump.db\"); c.execute(\"create table goods (name)\"); c.commit()' && \
                 mkdir -p /var/backups/shop && touch /var/backups/shop/2001-01-01.sql /var/backups/shop/2001-01-02.sql /var/backups/shop/passwd.bak",
        done: "grep -q 'CREATE TABLE goods' /var/backups/shop/$(date +%F).sql && test $(ls /var/backups/shop/*.sql | wc -l) = 2 && test -e /var/backups/shop/passwd.bak",
    },
    Exercise {
        task: "sqlite_migrate",
        args: &["database=/srv/migrate.db", "version=1", "sql=create table orders (id integer);"],
        before: "true",
        done: "python3 -c 'import sqlite3; sqlite3.connect(\"/srv/migrate.db\").execute(\"select id from orders\")'",
    },
    Exercise {
        task: "django_venv",
        args: &["base=/srv/django", "settings=DEBUG = False"],
        before: "true",
        done: "/srv/django/venv/bin/python -c 'import sys; sys.exit(sys.prefix != \"/srv/django/venv\")' && \
               grep -qx 'DEBUG = False' /srv/django/local_settings.py",
    },
    Exercise {
        task: "node_restart",
        args: &["command=sleep 300", "base=/srv/node", "release=r7"],
        before: "true",
        done: "kill -0 $(cat /srv/node/app.pid) && test $(cat /srv/node/app.release) = r7",
    },
    Exercise {
        task: "hostname",
        args: &["name=shop1"],
        before: "true",
        done: "test $(hostname)$(cat /etc/hostname) = shop1shop1",
    },
    Exercise {
        task: "sudoers",
        args: &["user=deployer", "program=/usr/sbin/service"],
        before: "mkdir -p /etc/sudoers.d",
        done: "visudo -qc && grep -q 'deployer ALL=(root) NOPASSWD: /usr/sbin/service' /etc/sudoers.d/deployer",
    },
    Exercise {
        task: "set_setting",
        args: &["path=/etc/app.env", "name=WORKERS", "value=4"],
        before: "printf 'DEBUG=0\\nWORKERS=1\\n' >/etc/app.env",
        done: "test $(tr '\\n' , </etc/app.env) = DEBUG=0,WORKERS=4,",
    },
    Exercise {
        task: "sshd_setting",
        args: &["word=X11Forwarding", "value=no"],
        before: "mkdir -p /etc/ssh/sshd_config.d",
        done: "grep -qx 'X11Forwarding no' /etc/ssh/sshd_config.d/X11Forwarding.conf",
    },
    Exercise {
        task: "log_folder",
        args: &["path=/var/log/shop", "owner=www-data"],
        before: "true",
        done: "test $(stat -c %U:%a /var/log/shop) = www-data:750",
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
    assert!(tasks.len() >= 20, "{tasks:?}");
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
    // What goes wrong is told, and leaves nothing that looks as if it had gone well.
    let typo = ["do", "sqlite_dump", "-H", "web1", "database=/srv/no-such.db", "folder=/var/backups/none"];
    case.run_with_flags(&typo).exits(5);
    assert!(!holds("test -e /srv/no-such.db") && !holds("test -s /var/backups/none/$(date +%F).sql"));
    let falls =
        ["do", "node_restart", "-H", "web1", "command=sh -c 'echo no port; exit 1'", "base=/srv/fallen", "release=r1"];
    case.run_with_flags(&falls).exits(5).says("it ended at once: no port");
    assert!(!holds("test -e /srv/fallen/app.release"));
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
