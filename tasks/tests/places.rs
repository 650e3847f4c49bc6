//! `file.line`, `file.link`, `file.mode`, `file.remove` and `directory` on real hosts, as root and as somebody else.

use std::sync::Arc;

use runsheet_model::Outcome;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};

/// A name that would do harm wherever a shell reads it as more than one word.
const STRANGE: &str = "/srv/a b; touch $(echo canary) `id` \"'*[x] -n";

async fn run(stage: &Stage, task: &str, args: Value) -> Outcome {
    stage.run(task, args).await.unwrap_or_else(|error| panic!("{task}: {error}"))
}

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn refused(outcome: &Outcome, why: &str) {
    assert!(!outcome.is_ok() && outcome.message.contains(why), "{outcome:?}");
}

/// Does it as a dry run, which changes nothing, then twice: the second time there is nothing left to do.
async fn thrice(host: &FleetHost, task: &str, args: Value) -> Outcome {
    let dry = Stage { dry_run: true, ..host.stage() };
    let tree =
        || host.sh("find /srv -printf '%p %y %m %u %g %l %T@\\n' | sort; find /srv -type f -exec sha256sum {} +");
    let before = tree();
    let would = dry.run(task, args.clone()).await.expect_err("a dry run ends early");
    assert!(would.to_string().starts_with("would "), "{would}");
    assert_eq!(tree(), before, "a dry run has changed something");
    let stage = host.stage();
    let first = run(&stage, task, args.clone()).await;
    ok(&first, true);
    let after = tree();
    ok(&run(&stage, task, args).await, false);
    assert_eq!(tree(), after, "the second time has changed something");
    assert!(!after.contains(".runsheet."), "something is left behind: {after}");
    first
}

#[tokio::test]
async fn a_line_is_added_replaced_and_removed() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    host.sh("useradd app; cd /srv; printf 'a=1\\nb=2\\n#b=3\\nlast' >conf; chmod 4751 conf; chown app:daemon conf; chmod 4751 conf");
    let text = || host.sh("cat /srv/conf; stat -c '%a %U %G' /srv/conf");

    let added = thrice(&host, "file.line", json!({"path": "/srv/conf", "line": "c = $x `y` \\n & 'z' \"q\""})).await;
    assert_eq!(added.message, "line added to `/srv/conf`");
    assert_eq!(text(), "a=1\nb=2\n#b=3\nlast\nc = $x `y` \\n & 'z' \"q\"\n4751 app daemon");
    let replaced = thrice(&host, "file.line", json!({"path": "/srv/conf", "line": "b=20&\\1", "match": "^b="})).await;
    assert_eq!(replaced.message, "line 2 of `/srv/conf` replaced");
    ok(&run(&stage, "file.line", json!({"path": "/srv/conf", "line": "last", "match": "^never"})).await, false);
    let removed =
        thrice(&host, "file.line", json!({"path": "/srv/conf", "match": "^(c |last$)", "state": "absent"})).await;
    assert_eq!(removed.message, "2 lines removed from `/srv/conf`");
    thrice(&host, "file.line", json!({"path": "/srv/conf", "line": "a=1", "state": "absent"})).await;
    assert_eq!(text(), "b=20&\\1\n#b=3\n4751 app daemon");
    thrice(&host, "file.line", json!({"path": "/srv/conf", "match": "b", "state": "absent"})).await;
    assert_eq!(text(), "4751 app daemon");
    thrice(&host, "file.line", json!({"path": "/srv/conf", "line": "-n", "match": "-e"})).await;
    assert_eq!(text(), "-n\n4751 app daemon");

    thrice(&host, "file.line", json!({"path": STRANGE, "line": "x", "create": true, "mode": "0600"})).await;
    assert_eq!(host.sh("cd /srv; cat a*; stat -c %a a*; ls / /srv /root | grep -c canary || true"), "x\n600\n1");
}

#[tokio::test]
async fn a_line_that_cannot_be_placed_says_why() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    host.sh("cd /srv; printf 'a=1\\na=2\\n' >conf; ln -s conf link; printf 'a\\0b\\n' >binary; mkdir folder");
    let before = host.sh("ls -la /srv; cat /srv/conf");
    for (args, why) in [
        (
            json!({"path": "/srv/conf", "line": "a=3", "match": "^a="}),
            "fits 2 lines of `/srv/conf`, but has to fit one: 1 2",
        ),
        (json!({"path": "/srv/link", "line": "x"}), "is a link to `conf`"),
        (json!({"path": "/srv/binary", "line": "x"}), "is no text"),
        (json!({"path": "/srv/folder", "line": "x"}), "is not a file"),
        (json!({"path": "/srv/none", "line": "x"}), "`create: true` would make it"),
        (json!({"path": "/nowhere/none", "line": "x", "create": true}), "there is no folder `/nowhere`"),
        (json!({"path": "/srv/conf", "line": "x", "match": "a("}), "Unmatched ("),
        (json!({"path": "/srv/conf", "line": "x\ny"}), "has to be one line"),
        (json!({"path": "/srv/conf"}), "`line` has to be given"),
        (json!({"path": "conf", "line": "x"}), "has to be a path that begins with `/`"),
        (json!({"path": "/srv/../srv/conf", "line": "x"}), "without `.`, `..`"),
    ] {
        refused(&run(&stage, "file.line", args).await, why);
    }
    ok(&run(&stage, "file.line", json!({"path": "/srv/none", "line": "x", "state": "absent"})).await, false);
    assert_eq!(host.sh("ls -la /srv; cat /srv/conf"), before);
}

#[tokio::test]
async fn a_link_is_made_and_changed_at_once() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    host.sh("cd /srv; mkdir v1 v2; touch v1/one v2/two file");
    thrice(&host, "file.link", json!({"path": "/srv/current", "target": "v1"})).await;
    assert_eq!(host.sh("readlink /srv/current; ls /srv/current/"), "v1\none");
    let changed = thrice(&host, "file.link", json!({"path": "/srv/current", "target": "/srv/v2"})).await;
    assert_eq!(changed.message, "`/srv/current` leads to `/srv/v2`, and no more to `v1`");
    assert_eq!(
        host.sh("readlink /srv/current; ls /srv/current/ /srv/v1"),
        "/srv/v2\n/srv/current/:\ntwo\n\n/srv/v1:\none"
    );

    refused(&run(&stage, "file.link", json!({"path": "/srv/x", "target": "nowhere"})).await, "there is no `nowhere`");
    thrice(&host, "file.link", json!({"path": "/srv/x", "target": "-n $(id)", "dangling": true})).await;
    assert_eq!(host.sh("readlink /srv/x"), "-n $(id)");
    refused(
        &run(&stage, "file.link", json!({"path": "/srv/file", "target": "v1"})).await,
        "`force: true` would replace it",
    );
    thrice(&host, "file.link", json!({"path": "/srv/file", "target": "v1", "force": true})).await;
    refused(&run(&stage, "file.link", json!({"path": "/srv/v1", "target": "v2", "force": true})).await, "is a folder");
    refused(&run(&stage, "file.link", json!({"path": "/srv/y", "target": "a\nb"})).await, "which is no path");
    thrice(&host, "file.link", json!({"path": STRANGE, "target": "v1"})).await;

    thrice(&host, "file.remove", json!({"path": "/srv/current"})).await;
    assert_eq!(
        host.sh("ls /srv/v2; ls /srv/current 2>&1 || true"),
        "two\nls: cannot access '/srv/current': No such file or directory"
    );
    thrice(&host, "file.remove", json!({"path": STRANGE})).await;
    let gone = thrice(&host, "file.remove", json!({"path": "/srv/v1/one"})).await;
    assert_eq!(gone.message, "file `/srv/v1/one` removed");
    refused(&run(&stage, "file.remove", json!({"path": "/srv/v1"})).await, "is a folder");
    ok(&run(&stage, "file.remove", json!({"path": "/srv/never/was/there"})).await, false);
    refused(&run(&stage, "file.remove", json!({"path": "/"})).await, "has to be a path");
}

#[tokio::test]
async fn a_mode_and_an_owner_are_given() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    host.sh("useradd app; cd /srv; mkdir -p site/sub; echo x >site/a; echo y >'site/sub/b c'; echo s >secret; chmod 600 secret
             ln -s ../secret site/link; chmod 2777 site/sub");
    thrice(&host, "file.mode", json!({"path": "/srv/site/a", "mode": "4750", "owner": "app", "group": "daemon"})).await;
    assert_eq!(host.sh("stat -c '%a %U %G' /srv/site/a /srv/site"), "4750 app daemon\n755 root root");
    let all = json!({"path": "/srv/site", "mode": "0640", "owner": "app", "group": "app", "recursive": true});
    thrice(&host, "file.mode", all).await;
    let seen = host.sh("cd /srv; stat -c '%n %a %U %G' site site/a site/sub 'site/sub/b c' site/link secret");
    assert_eq!(
        seen,
        "site 750 app app\nsite/a 640 app app\nsite/sub 750 app app\nsite/sub/b c 640 app app\nsite/link 777 root root\nsecret 600 root root"
    );
    thrice(&host, "file.mode", json!({"path": "/srv/site", "group": 0})).await;
    assert_eq!(host.sh("stat -c '%a %U %G' /srv/site"), "750 app root");

    for (args, why) in [
        (json!({"path": "/srv/site/link", "mode": "0644"}), "is a link"),
        (json!({"path": "/srv/nothing", "mode": "0644"}), "there is no `/srv/nothing`"),
        (json!({"path": "/srv/site", "owner": "nobody-knows-me"}), "nobody-knows-me"),
        (json!({"path": "/srv/site", "owner": "-R"}), "no name of a user"),
        (json!({"path": "/srv/site"}), "has to be given"),
    ] {
        refused(&run(&stage, "file.mode", args).await, why);
    }
}

#[tokio::test]
async fn a_folder_is_made_and_removed() {
    let Some(host) = FleetHost::up() else { return };
    let stage = host.stage();
    host.sh("useradd app; ln -s /etc /srv/link; touch /srv/file");
    thrice(&host, "directory", json!({"path": "/srv/a/b", "mode": "2750", "owner": "app", "group": "daemon"})).await;
    assert_eq!(host.sh("stat -c '%a %U %G' /srv/a/b /srv/a"), "2750 app daemon\n755 root root");
    thrice(&host, "directory", json!({"path": "/srv/a/b", "mode": "0700"})).await;
    assert_eq!(host.sh("stat -c '%a %U' /srv/a/b"), "700 app");
    thrice(&host, "directory", json!({"path": STRANGE})).await;

    host.sh("touch /srv/a/b/.hidden");
    refused(&run(&stage, "directory", json!({"path": "/srv/a/b", "state": "absent"})).await, "is not empty");
    host.sh("rm /srv/a/b/.hidden");
    thrice(&host, "directory", json!({"path": "/srv/a/b", "state": "absent"})).await;
    thrice(&host, "directory", json!({"path": STRANGE, "state": "absent"})).await;
    host.sh("mkdir -p '/srv/a/deep er/mounted'; touch /srv/a/x; ln -s /srv/file /srv/a/l; mount -t tmpfs none '/srv/a/deep er/mounted'
             touch '/srv/a/deep er/mounted/precious'");
    refused(&run(&stage, "directory", json!({"path": "/srv/a", "state": "absent", "force": true})).await, "mounted at");
    assert_eq!(host.sh("ls '/srv/a/deep er/mounted'"), "precious");
    host.sh("umount '/srv/a/deep er/mounted'");
    let removed = thrice(&host, "directory", json!({"path": "/srv/a", "state": "absent", "force": true})).await;
    assert_eq!(removed.message, "folder `/srv/a` and the 3 files and folders in it removed");
    assert_eq!(host.sh("ls /srv"), "file\nlink");

    for (args, why) in [
        (json!({"path": "/srv/link"}), "is a link to `/etc`"),
        (json!({"path": "/srv/link", "state": "absent", "force": true}), "is a link to `/etc`"),
        (json!({"path": "/srv/file"}), "is no folder but a file"),
        (json!({"path": "/etc", "state": "absent", "force": true}), "right below `/`"),
        (json!({"path": "/srv/x", "force": true}), "only with `state: absent`"),
        (json!({"path": "/srv/x", "state": "absent", "mode": "0700"}), "make no sense"),
    ] {
        refused(&run(&stage, "directory", args).await, why);
    }
    assert_eq!(host.sh("ls /etc/passwd"), "/etc/passwd");
}

#[tokio::test]
async fn what_is_denied_is_said() {
    let Some(host) = FleetHost::up() else { return };
    host.sh("useradd app; mkdir -m 777 /srv/all; echo x >/srv/all/rooted; mkdir -m 700 /srv/none; echo y >/srv/none/y");
    let words = host.words_for(&["setpriv", "--reuid=app", "--regid=app", "--clear-groups"]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let stage = stage::on(Arc::new(ShellRemote::new().by_way_of(&words).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")));
    for (task, args, why) in [
        ("file.line", json!({"path": "/srv/all/rooted", "line": "y"}), "only root can replace `/srv/all/rooted`"),
        ("file.line", json!({"path": "/srv/none/y", "line": "y", "create": true}), "ermission denied"),
        ("file.line", json!({"path": "/etc/hosts", "line": "y"}), "ermission denied"),
        ("file.remove", json!({"path": "/srv/none/y"}), "ermission denied"),
        ("file.remove", json!({"path": "/etc/hosts"}), "ermission denied"),
        ("file.link", json!({"path": "/etc/l", "target": "hosts"}), "ermission denied"),
        ("file.mode", json!({"path": "/srv/all/rooted", "mode": "0600"}), "not permitted"),
        ("directory", json!({"path": "/etc/folder"}), "ermission denied"),
        ("directory", json!({"path": "/srv/none/y", "state": "absent"}), "ermission denied"),
        ("directory", json!({"path": "/srv/none", "state": "absent", "force": true}), "ermission denied"),
    ] {
        refused(&run(&stage, task, args).await, why);
    }
    assert_eq!(host.sh("cat /srv/all/rooted /srv/none/y; ls -A /srv/all /etc | grep runsheet || true"), "x\ny");
}
