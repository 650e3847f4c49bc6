//! Becoming another user by doas and su, on hosts of their own with accounts of their own. The evidence is taken on the hosts.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::time::{Duration, Instant};

use crate::case::Case;
use crate::support::fleet::Fleet;

/// A host on which `dana` logs in, who may become `app` and `root` by doas without a password, and `other` only with one.
fn stage() -> Option<(Fleet, Case)> {
    let fleet = Fleet::up(1)?;
    let made = fleet.exec(
        "web1",
        "for name in dana app other; do useradd -m -s /bin/sh $name && usermod -p '*' $name || exit; done; chmod 0644 /etc/ssh/fleet_authorized_keys\n\
         umask 077\nprintf 'permit nopass dana as app\\npermit nopass dana as root\\npermit dana as other\\n' >/etc/doas.conf",
    );
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let groups = format!(
        "defaults: {{identity: \"{}/id_ed25519\"}}\ngroups:\n  all:\n    hosts:\n      - by-dana: {{address: {address}, user: dana}}\n      \
         - by-root: {{address: {address}, user: root}}\n",
        fleet.folder().display(),
        address = fleet.address("web1"),
    );
    let known = fleet.folder().join("known_hosts");
    let case = Case::new()
        .file("hostgroups/all.yaml", groups)
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"]);
    Some((fleet, case))
}

fn on_host(fleet: &Fleet, command: &str) -> String {
    String::from_utf8_lossy(&fleet.exec("web1", command).stdout).into_owned()
}

#[test]
fn fleet_commands_become_other_users_by_doas_and_su_with_all_that_the_sheet_gives_them() {
    let Some((fleet, case)) = stage() else { return };
    let step = |name: &str, host: &str, word: &str| {
        format!(
            "  - name: {name}\n    task: command\n    hosts: {host}\n    {word}\n    dir: /tmp\n    env: {{WORD: \"it's $HOME\"}}\n    \
             args: {{stdin: \"first\\nlast\\n\", run: '{{ id -un; pwd; echo \"$WORD\"; echo $HOME; cat; }} >/tmp/{name}'}}\n"
        )
    };
    let sheet = [
        "steps:\n".to_owned(),
        step("doas-app", "by-dana", "doas: app"),
        step("doas-root", "by-dana", "doas: true"),
        step("su-app", "by-root", "su: app"),
        step("su-root", "by-root", "su: true"),
    ];
    let case = case.file("sheets/become.yaml", sheet.concat());

    case.run_with_flags(&["run", "become", "-y"]).exits(0);

    for (name, user, home) in [
        ("doas-app", "app", "/home/app"),
        ("doas-root", "root", "/root"),
        ("su-app", "app", "/home/app"),
        ("su-root", "root", "/root"),
    ] {
        let told = on_host(&fleet, &format!("cat /tmp/{name}; stat -c %U /tmp/{name}"));
        assert_eq!(told, format!("{user}\n/tmp\nit's $HOME\n{home}\nfirst\nlast\n{user}\n"), "{name}");
    }
}

#[test]
fn fleet_f_30_doas_and_su_that_want_a_password_fail_and_do_not_hang() {
    let Some((fleet, case)) = stage() else { return };
    for (flag, hint) in [("--doas=other", "permit nopass"), ("--su=other", "only for root")] {
        let begun = Instant::now();
        // Neither the command nor su may read what the other was given.
        let ran = case.run_with_flags(&["do", "command", "run=touch /tmp/ran", "stdin=word", "-H", "by-dana", flag]);
        let program = flag.trim_start_matches('-').split('=').next().expect("a program");
        let ran = ran.exits(5).says(&format!("{program} asked for a password to become `other`")).says(hint);
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", ran.stderr);
    }
    assert_eq!(on_host(&fleet, "ls /tmp"), "");
}

#[test]
fn fleet_what_became_another_user_ends_with_its_time_and_that_is_seen() {
    let Some((fleet, case)) = stage() else { return };
    for (host, flag) in [("by-dana", "--doas"), ("by-root", "--su=app")] {
        let command = ["exec", "-H", host, flag, "-T", "1s", "--", "sleep 4711; true"];
        case.run_with_flags(&command).exits(5).says("it did not end within 1s and was stopped");
        assert_eq!(on_host(&fleet, "pgrep -f 'sleep [4]711'"), "", "{flag}");
    }
}
