//! `user.*` with Debian's real passwd and OpenSSH, in real hosts.

use std::collections::BTreeMap;
use std::sync::Arc;

use runsheet_model::Outcome;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};

async fn run(stage: &Stage, task: &str, args: Value) -> Outcome {
    stage.run(task, args).await.unwrap_or_else(|error| panic!("{task}: {error}"))
}

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn refused(outcome: &Outcome, why: &str) {
    assert!(!outcome.is_ok() && outcome.message.contains(why), "{outcome:?}");
}

#[tokio::test]
async fn a_user_is_added_changed_and_removed() {
    let Some(host) = FleetHost::up() else { return };
    let hash = host.sh("openssl passwd -6 -salt pepper swordfish");
    let stage = Stage { secrets: BTreeMap::from([("hash".to_owned(), hash.clone())]), ..host.stage() };
    let dry = Stage { dry_run: true, ..host.stage() };
    host.sh("groupadd team; groupadd other");
    let app = || {
        json!({"name": "app", "uid": 4242, "groups": ["team", "www-data"], "shell": "/bin/sh", "home": "/srv/app home",
               "password": {"secret": "hash"}})
    };
    let would = Stage { secrets: stage.secrets.clone(), ..dry }.run("user.add", app()).await;
    assert_eq!(would.expect_err("a dry run ends early").to_string(), "would add user `app`");
    assert!(!host.try_sh("id app").0, "a dry run has added somebody");

    // Whatever is called meanwhile shows no hash.
    host.sh("mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real
             printf '#!/bin/sh\\nps axeww -o args >>/tmp/ps\\nexec chpasswd.real \"$@\"\\n' >/usr/sbin/chpasswd; chmod 755 /usr/sbin/chpasswd");
    let added = run(&stage, "user.add", app()).await;
    ok(&added, true);
    assert_eq!(added.message, "user `app` added with the number 4242");
    assert_eq!(
        host.sh("getent passwd app; id -Gn app; stat -c '%U' '/srv/app home'"),
        "app:x:4242:4242::/srv/app home:/bin/sh\napp www-data team\napp"
    );
    assert_eq!(host.sh("getent shadow app | cut -d: -f2"), hash);
    assert!(host.sh("cat /tmp/ps").contains("chpasswd"));
    assert!(!host.sh("cat /tmp/ps").contains(&hash), "the hash was shown");
    ok(&run(&stage, "user.add", app()).await, false);

    let more = json!({"name": "app", "groups": "other", "shell": "/bin/bash", "password": "!"});
    let changed = run(&stage, "user.add", more.clone()).await;
    ok(&changed, true);
    assert_eq!(changed.message, "user `app` has got: shell `/bin/bash`, groups other, password");
    assert_eq!(
        host.sh("getent passwd app | cut -d: -f7; id -Gn app; getent shadow app | cut -d: -f2"),
        "/bin/bash\napp www-data team other\n!"
    );
    ok(&run(&stage, "user.add", more).await, false);
    ok(&run(&stage, "user.add", json!({"name": "robot", "system": true, "shell": "/usr/sbin/nologin"})).await, true);
    assert_eq!(host.sh("test $(id -u robot) -lt 1000 && ls /home | grep -c robot || true"), "0");

    for (args, why) in [
        (json!({"name": "app", "uid": 1}), "has the number 4242, not 1"),
        (json!({"name": "app", "home": "/home/app"}), "has the home `/srv/app home`, not `/home/app`"),
        (
            json!({"name": "new", "groups": ["team", "nobodies"], "shell": "/bin/none"}),
            "the host lacks the program `/bin/none`, the group `nobodies`",
        ),
        (json!({"name": "new", "uid": 4242}), "UID 4242 is not unique"),
        (json!({"name": "new", "password": "swordfish"}), "is no hash"),
        (json!({"name": "-D"}), "cannot be the name of a user"),
        (json!({"name": "a;b"}), "cannot be the name of a user"),
        (json!({"name": "new", "groups": ["--root=/"]}), "cannot be the name of a group"),
    ] {
        refused(&run(&stage, "user.add", args).await, why);
    }
    assert!(!host.try_sh("id new").0);

    host.sh("setpriv --reuid=app --regid=app --clear-groups sleep 300 >/dev/null 2>&1 & sleep 0.2");
    refused(&run(&stage, "user.remove", json!({"name": "app"})).await, "currently used by process");
    host.sh("pkill -u app sleep; while pgrep -u app >/dev/null; do sleep 0.05; done");
    ok(&run(&stage, "user.remove", json!({"name": "app", "home": true})).await, true);
    assert!(!host.try_sh("id app").0 && !host.try_sh("ls -d '/srv/app home'").0);
    ok(&run(&stage, "user.remove", json!({"name": "app"})).await, false);
    refused(&run(&stage, "user.remove", json!({"name": "root"})).await, "is not removed");
    refused(&run(&stage, "user.remove", json!({"name": "--help"})).await, "cannot be the name");
}

#[tokio::test]
async fn half_a_password_changes_nothing() {
    let Some(host) = FleetHost::up() else { return };
    let hash = host.sh("useradd app; usermod -p '*' app; openssl passwd -6 -salt pepper swordfish");
    for cut in [0, 20, hash.len() - 1] {
        let words = host.words_for(&[]);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let remote = ShellRemote::new().by_way_of(&words).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").cut_stdin(cut);
        let outcome = run(&stage::on(Arc::new(remote)), "user.add", json!({"name": "app", "password": hash})).await;
        refused(&outcome, "did not arrive in full");
        assert_eq!(host.sh("getent shadow app | cut -d: -f2"), "*");
    }
}

#[tokio::test]
async fn a_key_logs_in_until_it_may_not() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    host.sh("useradd -m app && usermod -p '*' app && ssh-keygen -q -t ed25519 -N '' -C 'me at home' -f /root/key
             ssh-keygen -q -t ed25519 -N '' -f /root/hostkey
             /usr/sbin/sshd -f /dev/null -o Port=2222 -o HostKey=/root/hostkey -o UsePAM=no -o PidFile=none -E /tmp/sshd.log");
    let login = || {
        host.try_sh(
            "ssh -p 2222 -i /root/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
             -o LogLevel=ERROR app@127.0.0.1 id -un",
        )
    };
    let keys = || host.sh("cat /home/app/.ssh/authorized_keys");
    assert!(!login().0);
    let key = host.sh("cat /root/key.pub");
    let with = |line: &str, state: &str| json!({"user": "app", "key": line, "state": state});

    let dry = Stage { dry_run: true, ..host.stage() };
    let would = dry.run("user.key", with(&key, "present")).await.expect_err("a dry run ends early").to_string();
    assert!(would.starts_with("would let key `ssh-ed25519 …"), "{would}");
    assert!(!host.try_sh("ls /home/app/.ssh").0, "a dry run has made something");
    ok(&run(&stage, "user.key", with(&key, "absent")).await, false);
    ok(&run(&stage, "user.key", with(&key, "present")).await, true);
    assert_eq!(login(), (true, "app".to_owned()));
    assert_eq!(host.sh("stat -c '%a %U %G' /home/app/.ssh /home/app/.ssh/authorized_keys"), "700 app app\n600 app app");
    ok(&run(&stage, "user.key", with(&key, "present")).await, false);

    // Others stay; one key has one line, whatever stands around it.
    host.sh("chmod 755 /home/app/.ssh; cd /home/app/.ssh; chmod 644 authorized_keys
             printf '# mine\\nssh-rsa AAAAother x\\n%s\\nno-pty %s' \"$(cat /root/key.pub)\" \"$(cat /root/key.pub)\" >authorized_keys");
    let limited = format!("command=\"printf '%s' 'only & ' \\\"this\\\"\" {key}");
    ok(&run(&stage, "user.key", with(&limited, "present")).await, true);
    assert_eq!(keys(), format!("# mine\nssh-rsa AAAAother x\n{limited}"));
    assert_eq!(host.sh("stat -c '%a %U' /home/app/.ssh /home/app/.ssh/authorized_keys"), "700 app\n600 app");
    assert_eq!(login().1, "only & this");
    host.sh("chmod 666 /home/app/.ssh/authorized_keys");
    ok(&run(&stage, "user.key", with(&limited, "present")).await, true);
    ok(&run(&stage, "user.key", with(&limited, "present")).await, false);
    assert_eq!(host.sh("stat -c %a /home/app/.ssh/authorized_keys"), "600");

    ok(&run(&stage, "user.key", with(&key, "absent")).await, true);
    assert_eq!(keys(), "# mine\nssh-rsa AAAAother x");
    assert!(!login().0);
    ok(&run(&stage, "user.key", with(&key, "absent")).await, false);
    assert_eq!(host.sh("ls -A /home/app/.ssh"), "authorized_keys");
    refused(
        &run(&stage, "user.key", json!({"user": "nobody-here", "key": key})).await,
        "there is no user `nobody-here`",
    );
    refused(&run(&stage, "user.key", with("not a key", "present")).await, "no line of authorized_keys");
}

#[tokio::test]
async fn root_follows_no_link_of_a_user() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    let key =
        host.sh("useradd -m app; useradd -m other; ssh-keygen -q -t ed25519 -N '' -f /root/key; cat /root/key.pub");
    let args = || json!({"user": "app", "key": key});
    let etc = || host.sh("ls -lAR /root/target /home/other; cat /root/target/*");
    host.sh("mkdir -p /root/target; echo precious >/root/target/authorized_keys; ls -d /home/other");
    let before = etc();

    host.sh("ln -s /root/target /home/app/.ssh");
    refused(&run(&stage, "user.key", args()).await, "is a link to `/root/target`");
    host.sh("rm /home/app/.ssh; install -d -o app -g app -m 700 /home/app/.ssh; ln -s /root/target/authorized_keys /home/app/.ssh/authorized_keys");
    refused(&run(&stage, "user.key", args()).await, "which is not followed");
    host.sh("rm /home/app/.ssh/authorized_keys; echo theirs >/home/app/.ssh/authorized_keys");
    refused(&run(&stage, "user.key", args()).await, "belongs to somebody else");
    // A home that leads elsewhere, to where this user may not write.
    host.sh("rm -r /home/app; ln -s /home/other /home/app");
    refused(&run(&stage, "user.key", args()).await, "ermission denied");
    host.sh("rm /home/app; ln -s /root/target /home/app");
    refused(&run(&stage, "user.key", args()).await, "cannot enter it");
    assert_eq!(etc(), before);
}
