//! The tasks for releases in a real host, with real archives: what is on the host is looked up there, never asked of the tasks.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use runsheet_model::RunId;
use runsheet_task::{Outcome, quote};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fleet_host::FleetHost;
use crate::stage::{Stage, sha256};

type Tested = Result<(), Box<dyn Error>>;

/// A project on this machine, whose archives are made by a real tar, and a host that has none of it yet.
struct Site {
    host: FleetHost,
    project: TempDir,
}

impl Site {
    fn up() -> Option<Self> {
        Some(Self { host: FleetHost::up()?, project: tempfile::tempdir().expect("a folder") })
    }

    fn stage(&self) -> Stage {
        Stage { project: self.project.path().to_owned(), ..self.host.stage() }
    }

    /// Makes an archive in the project by a shell command, which finds an empty folder around it and the archive's path in `$1`.
    fn archive(&self, name: &str, command: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = self.project.path().join(name);
        let made = Command::new("sh")
            .args(["-ec", command, "sh"])
            .arg(&path)
            .current_dir(folder.path())
            .output()
            .expect("a shell starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        sha256(&fs::read(path).expect("the archive"))
    }

    /// A plain archive with a page that says its version.
    fn version(&self, version: &str) -> String {
        self.archive(
            &format!("{version}.tar"),
            &format!(
                "mkdir www; echo {version} >www/version; echo {version} >README; tar --mtime=@0 -cf \"$1\" www README"
            ),
        )
    }

    async fn run(&self, task: &str, args: Value) -> Outcome {
        self.stage().run(task, args).await.expect("the task knows")
    }

    /// Deploys `VERSION.tar` under its name.
    async fn deploy(&self, version: &str) -> Outcome {
        self.version(version);
        self.run("release.deploy", json!({"root": ROOT, "archive": format!("{version}.tar"), "release": version})).await
    }

    fn sh(&self, command: &str) -> String {
        self.host.sh(&format!("cd {ROOT}\n{command}"))
    }

    /// Everything that is there, with what is hidden, by name.
    fn all(&self) -> String {
        self.host.sh(&format!("find {ROOT} -printf '%P %y %m %u %l\\n' 2>/dev/null | sort"))
    }

    /// Nothing is there that is ours alone: no lock, no folder for the work, no half switch.
    fn nothing_is_left(&self) {
        assert_eq!(self.sh("find . releases -maxdepth 1 -name '.?*'"), "");
    }
}

const ROOT: &str = "/srv/app";

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn failed(outcome: &Outcome, part: &str) {
    assert!(!outcome.is_ok() && !outcome.changed && outcome.message.contains(part), "{part}: {outcome:?}");
}

#[tokio::test]
async fn a_release_is_deployed_and_the_next_one_takes_its_place() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    let sum = site.version("v1");
    let args = json!({"root": ROOT, "archive": "v1.tar"});
    ok(&site.run("release.deploy", args.clone()).await, true);
    let name = &sum[..12];
    assert_eq!(site.sh("readlink current; cat current/www/version"), format!("releases/{name}\nv1"));
    assert_eq!(site.sh("cut -d' ' -f1 current/.runsheet-release"), sum);
    let line = site.sh("cut -d' ' -f2-7,9 revisions.log");
    assert_eq!(line, format!("deployed {name} {sum} after - run by"));
    assert_eq!(site.sh("cut -d' ' -f10 revisions.log"), "root");
    site.nothing_is_left();

    let before = site.all();
    let again = site.run("release.deploy", args).await;
    ok(&again, false);
    assert_eq!(site.all(), before);

    let second = site.deploy("v2").await;
    ok(&second, true);
    assert!(second.message.contains(&format!("`{name}` was current before")), "{second:?}");
    assert_eq!(
        site.sh("readlink current; cat current/www/version; ls releases"),
        format!("releases/v2\nv2\n{name}\nv2")
    );
    assert_eq!(site.sh("tail -n 1 revisions.log | cut -d' ' -f2,3,5,6"), format!("deployed v2 after {name}"));
    site.nothing_is_left();
    Ok(())
}

#[tokio::test]
async fn a_dry_run_touches_nothing() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    site.version("v1");
    let dry = Stage { dry_run: true, ..site.stage() };
    let args = json!({"root": ROOT, "archive": "v1.tar", "release": "v1"});
    let told = dry.run("release.deploy", args).await.expect_err("a dry run ends before its first effect");
    assert!(told.to_string().starts_with("would send 10240 bytes and make release `v1`"), "{told}");
    assert!(!site.host.try_sh(&format!("ls -d {ROOT}")).0);

    ok(&site.deploy("v1").await, true);
    ok(&site.deploy("v2").await, true);
    ok(&site.deploy("v3").await, true);
    let before = site.all();
    let back = dry.run("release.rollback", json!({"root": ROOT})).await.expect_err("the same");
    assert_eq!(back.to_string(), format!("would make release `v2` the current one again in `{ROOT}`"));
    let pruned = dry.run("release.prune", json!({"root": ROOT, "keep": 1})).await.expect_err("the same");
    assert_eq!(pruned.to_string(), "would remove the releases `v1`");
    assert_eq!(site.all(), before);
    Ok(())
}

#[tokio::test]
async fn archives_are_taken_however_they_are_compressed() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    let make = |how: &str| {
        format!(
            "mkdir -p app-1/bin; echo it >app-1/bin/run; chmod 755 app-1/bin/run; ln -s run app-1/bin/also; ln app-1/bin/run app-1/hard; {how}"
        )
    };
    for (name, how) in [
        ("a.tar.gz", "tar -czf \"$1\" ./app-1"),
        ("a.tar.xz", "tar -cJf \"$1\" app-1"),
        ("a.tar.zst", "tar --zstd -cf \"$1\" app-1"),
        ("a.tar.bz2", "tar -cjf \"$1\" app-1"),
        ("a.tgz", "tar --format=pax -czf \"$1\" app-1"),
        // As Bazel's pkg_tar writes one, with numbers as owners and no time.
        ("pkg.tar", "tar --format=gnu --mtime=@0 --owner=0 --group=0 --numeric-owner -cf \"$1\" ./app-1"),
        ("old.tar", "tar --format=v7 --owner=4711 --group=4711 -cf \"$1\" app-1"),
        ("box.tar.gz", "busybox tar -czf \"$1\" app-1"),
    ] {
        site.archive(name, &make(how));
        let args = json!({"root": ROOT, "archive": name, "release": name, "strip": 1});
        ok(&site.run("release.deploy", args).await, true);
        assert_eq!(
            site.sh("cat current/bin/also current/hard; stat -c '%a %U' current/bin/run"),
            "it\nit\n755 root",
            "{name}"
        );
        assert_eq!(
            site.sh("cd current; find . | sort | tr '\\n' ' '"),
            ". ./.runsheet-release ./bin ./bin/also ./bin/run ./hard",
            "{name}"
        );
    }
    Ok(())
}

/// No tar that we have makes such a thing: an entry `g` that is one file with another that stands outside.
const HARD_LINK: &str = r#"python3 -c '
import sys, tarfile
entry = tarfile.TarInfo("g")
entry.type, entry.linkname = tarfile.LNKTYPE, sys.argv[2]
tarfile.open(sys.argv[1], "w").addfile(entry)
' "$1""#;

/// A link to `/etc`, whose owner's name makes the list of the archive look as if it led to a file beside it.
const SLY_OWNER: &str = r#"python3 -c '
import sys, tarfile
entry = tarfile.TarInfo("f")
entry.type, entry.linkname, entry.uname = tarfile.SYMTYPE, "/etc", "u f -> x"
tarfile.open(sys.argv[1], "w").addfile(entry)
' "$1""#;

#[tokio::test]
async fn an_archive_that_leads_out_of_itself_is_refused_before_it_is_unpacked() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    ok(&site.deploy("v1").await, true);
    let before = site.all();
    let hard_link = |to: &str| format!("{HARD_LINK} {to}");
    for (name, command, why) in [
        ("absolute", "echo x >f; tar -P --transform='s,^f,/srv/out,' -cf \"$1\" f", "the entry `/srv/out` leads out"),
        ("up", "echo x >f; tar -P --transform='s,^f,a/../../../../out,' -cf \"$1\" f", "leads out of the archive"),
        ("dots", "echo x >f; tar -P --transform='s,^f,..,' -cf \"$1\" f", "the entry `..` leads out"),
        (
            "link-absolute",
            "ln -s /etc/passwd f; tar -cf \"$1\" f",
            "the link `f` leads out of the archive: `/etc/passwd`",
        ),
        (
            "link-up",
            "mkdir a; ln -s ../../b a/f; tar -cf \"$1\" a",
            "the link `a/f` leads out of the archive: `../../b`",
        ),
        ("link-deep", "ln -s a/../../b f; tar -cf \"$1\" f", "the link `f` leads out of the archive"),
        // None of the two links leads out by itself.
        (
            "link-by-way",
            "mkdir -p x/y; ln -s ../.. x/y/a; ln -s a/.. x/y/b; tar -cf \"$1\" x",
            "the link `x/y/b` leads out of the archive",
        ),
        (
            "below-a-link",
            "mkdir -p a b; ln -s . b/d; echo x >a/f; tar -cf \"$1\" b/d; tar --transform='s,^a,b/d,' -rf \"$1\" a/f",
            "the entry `b/d/f` lies below the link `b/d`",
        ),
        // After `strip` it would lead out of the release.
        (
            "link-of-the-top",
            "mkdir a; echo x >f; ln -s ../f a/f; tar -cf \"$1\" a",
            "the link `./f` leads out of the archive: `../f`",
        ),
        ("owner", SLY_OWNER, "the link `f` cannot be read"),
        ("hard-link-up", &hard_link("../f"), "entries that lead out of it: tar: Removing"),
        ("hard-link-absolute", &hard_link("/etc/shadow"), "entries that lead out of it: tar: Removing"),
        (
            "hard-link-to-a-link",
            "mkdir a; ln -s ../f a/s; ln a/s s; tar -cf \"$1\" a s",
            "the entry `s` is one with the link `a/s`",
        ),
        ("device", "mknod d c 1 3; tar -cf \"$1\" d", "the entry `d` is no file, folder or link"),
        ("pipe", "mkfifo p; tar -cf \"$1\" p", "the entry `p` is no file, folder or link"),
        ("arrows", "ln -s 'b -> c' a; tar -cf \"$1\" a", "the link `a` cannot be read"),
        ("empty", "tar -cf \"$1\" -T /dev/null", "the archive is empty"),
        ("no-archive", "seq 100000 >\"$1\"", "cannot read the archive"),
        (
            "cut",
            "head -c 300000 /dev/urandom >f; tar -czf f.tgz f; head -c 200000 f.tgz >\"$1\"",
            "cannot read the archive",
        ),
    ] {
        site.archive(name, command);
        let strip = u8::from(name == "link-of-the-top");
        let args = json!({"root": ROOT, "archive": name, "release": "v2", "strip": strip});
        failed(&site.run("release.deploy", args).await, why);
        assert_eq!(site.all(), before, "{name}");
        assert!(!site.host.try_sh("ls -d /srv/out /out /srv/app/out /srv/g").0, "{name}: it was unpacked");
    }
    Ok(())
}

#[tokio::test]
async fn names_are_names_whatever_stands_in_them() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    // A line break in a name is a strange thing, but GNU tar says it in a way that can be read.
    let names = [
        "a b; touch gone",
        "-rf",
        "$(touch gone)",
        "x -> y",
        "it's \"so\"",
        "back\\slash",
        "ä",
        "...",
        ".hidden",
        "b\nc",
    ];
    let names: Vec<_> = names.iter().map(|name| quote(&format!("./{name}"))).collect();
    let make = format!("for name in {}; do echo x >\"$name\"; done; tar -czf \"$1\" .", names.join(" "));
    site.archive("strange.tgz", &make);
    ok(&site.run("release.deploy", json!({"root": ROOT, "archive": "strange.tgz", "release": "s"})).await, true);
    assert_eq!(
        site.sh("find -H current -mindepth 1 -printf x"),
        "x".repeat(names.len() + 1),
        "{}",
        site.sh("ls -A current")
    );
    assert!(site.host.sh("find / -xdev -maxdepth 4 -name gone").is_empty());

    for root in ["srv/app", "/", "/srv/../etc", "/srv/a\nb", "-x"] {
        let args = json!({"root": root, "archive": "strange.tgz"});
        failed(&site.run("release.deploy", args).await, "`root` is the whole path of a folder");
    }
    for release in ["..", ".x", "-x", "a/b", "a b", "a\n"] {
        let args = json!({"root": ROOT, "archive": "strange.tgz", "release": release});
        failed(&site.run("release.deploy", args).await, "is no name for a release");
        failed(
            &site.run("release.rollback", json!({"root": ROOT, "release": release})).await,
            "is no name of a release",
        );
    }
    let odd = "/srv/it's $(touch gone) *; [a]";
    let args = json!({"root": odd, "archive": "strange.tgz", "release": "s", "check": "test -f ./-rf"});
    ok(&site.run("release.deploy", args).await, true);
    assert_eq!(site.host.sh("cd '/srv/it'\\''s $(touch gone) *; [a]'; readlink current; ls releases"), "releases/s\ns");
    ok(&site.run("release.list", json!({"root": odd})).await, false);
    assert!(site.host.sh("find / -xdev -maxdepth 4 -name gone").is_empty());
    Ok(())
}

#[tokio::test]
async fn shared_paths_are_linked_into_each_release() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    let tree = "mkdir -p config/deep log; echo sample >config/secrets.yml; echo old >log/old; echo app >app";
    site.archive("v1.tgz", &format!("{tree}; tar -czf \"$1\" ."));
    let args =
        |name: &str, shared: Value| json!({"root": ROOT, "archive": "v1.tgz", "release": name, "shared": shared});
    let shared = json!(["log/", "config/secrets.yml", "tmp/cache/x/"]);
    failed(
        &site.run("release.deploy", args("v1", shared.clone())).await,
        "`shared/config/secrets.yml` is not there: put it there first",
    );
    assert!(!site.host.try_sh(&format!("ls -d {ROOT}/current {ROOT}/releases/v1")).0);
    site.nothing_is_left();

    site.sh("mkdir shared/config; echo secret >shared/config/secrets.yml");
    ok(&site.run("release.deploy", args("v1", shared.clone())).await, true);
    assert_eq!(
        site.sh("cat current/config/secrets.yml; readlink current/config/secrets.yml current/log current/tmp/cache/x; echo x >current/log/y; cat shared/log/y; ls -d current/config/deep"),
        "secret\n../../../shared/config/secrets.yml\n../../shared/log\n../../../../shared/tmp/cache/x\nx\ncurrent/config/deep"
    );
    ok(&site.run("release.deploy", args("v2", shared)).await, true);
    assert_eq!(site.sh("cat current/log/y; ls shared/log"), "x\ny");

    for (path, why) in [
        ("../x", "is no shared path"),
        ("/etc", "is no shared path"),
        ("-x", "is no shared path"),
        ("a//b", "is no shared path"),
    ] {
        failed(&site.run("release.deploy", args("v3", json!([path]))).await, why);
    }
    failed(&site.run("release.deploy", args("v3", json!(["a/", "a/b"]))).await, "lies below another one");
    site.archive("v1.tgz", "mkdir a; ln -s a config; tar -czf \"$1\" .");
    failed(
        &site.run("release.deploy", args("v3", json!(["config/secrets.yml"]))).await,
        "lies below a link in the release",
    );
    Ok(())
}

#[tokio::test]
async fn a_release_whose_check_fails_is_not_switched_to() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    ok(&site.deploy("v1").await, true);
    let before = site.all();
    site.version("v2");
    let args = |check: &str| json!({"root": ROOT, "archive": "v2.tar", "release": "v2", "check": check});
    let outcome = site.run("release.deploy", args("pwd; cat www/version; echo it is broken >&2; exit 7")).await;
    failed(&outcome, "`check` failed in release `v2`, and nothing was switched");
    assert_eq!(outcome.value, 7);
    assert!(outcome.message.contains(&format!("{ROOT}/releases/v2\nv2\nit is broken")), "{outcome:?}");
    assert_eq!(site.all(), before);
    let outcome = site.run("release.deploy", args("exit 3")).await;
    assert!(outcome.message.ends_with("exit status 3"), "{outcome:?}");

    ok(&site.run("release.deploy", args("test \"$(cat www/version)\" = v2 && test -L ../../current")).await, true);
    assert_eq!(site.sh("cat current/www/version"), "v2");

    // One that is there already is checked too, and stays where it is.
    ok(&site.run("release.rollback", json!({"root": ROOT})).await, true);
    failed(&site.run("release.deploy", args("exit 1")).await, "`check` failed");
    assert_eq!(site.sh("cat current/www/version; ls releases"), "v1\nv1\nv2");
    site.nothing_is_left();
    Ok(())
}

#[tokio::test]
async fn old_releases_go_but_never_the_current_one_nor_the_one_before() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    for version in ["v1", "v2", "v3", "v4", "v5"] {
        ok(&site.deploy(version).await, true);
    }
    assert_eq!(site.sh("ls releases | tr '\\n' ' '"), "v1 v2 v3 v4 v5");
    site.sh("mkdir releases/by-hand; chmod 555 releases/v2/www releases/v2");
    let outcome = site.deploy("v6").await;
    assert!(outcome.message.ends_with("; 1 old release removed: `v1`"), "{outcome:?}");
    assert_eq!(site.sh("ls releases | tr '\\n' ' '"), "by-hand v2 v3 v4 v5 v6");

    // Back to the oldest: it and the one that was before it are kept, and that is nobody.
    ok(&site.run("release.rollback", json!({"root": ROOT, "release": "v2"})).await, true);
    let pruned = site.run("release.prune", json!({"root": ROOT, "keep": 2})).await;
    ok(&pruned, true);
    assert_eq!(pruned.message, "3 old releases removed: `v3`, `v4`, `v5`");
    assert_eq!(site.sh("ls releases | tr '\\n' ' '; cat current/www/version"), "by-hand v2 v6 v2");
    ok(&site.run("release.prune", json!({"root": ROOT, "keep": 2})).await, false);

    ok(&site.deploy("v7").await, true);
    ok(&site.run("release.prune", json!({"root": ROOT, "keep": 1})).await, true);
    assert_eq!(site.sh("ls releases | tr '\\n' ' '"), "by-hand v2 v7");
    site.nothing_is_left();
    Ok(())
}

#[tokio::test]
async fn a_release_that_is_removed_by_half_is_not_taken_for_a_whole_one() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    for version in ["v1", "v2", "v3"] {
        ok(&site.deploy(version).await, true);
    }
    let half = "#!/bin/sh\nfor last; do :; done\ncase $last in */v1) /usr/bin/rm -r \"$last/www\"; exit 1 ;; esac\nexec /usr/bin/rm \"$@\"\n";
    site.host.sh(&format!("printf '%s' '{half}' >/usr/local/bin/rm; chmod 755 /usr/local/bin/rm"));
    let outcome = site.run("release.prune", json!({"root": ROOT, "keep": 2})).await;
    failed(&outcome, "1 old release could not be removed: `v1`");
    assert_eq!(site.sh("ls releases"), "v2\nv3");
    failed(&site.run("release.rollback", json!({"root": ROOT, "release": "v1"})).await, "there is no release `v1`");
    Ok(())
}

#[tokio::test]
async fn a_rollback_goes_to_what_was_current_before() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    let back = || site.run("release.rollback", json!({"root": ROOT}));
    failed(&back().await, "no release is current");
    ok(&site.deploy("v1").await, true);
    failed(&back().await, "`/srv/app/revisions.log` tells of no release before `v1`");
    // Neither names nor times tell the order, only the log does.
    for version in ["v9", "v2", "v5"] {
        ok(&site.deploy(version).await, true);
    }
    site.sh("touch -d '3 years ago' releases/v5 releases/v2");
    let outcome = back().await;
    ok(&outcome, true);
    assert_eq!(outcome.message, "`v2` is the current release again; `v5` was current before");
    assert_eq!(site.sh("readlink current; cat current/www/version"), "releases/v2\nv2");
    let line = site.sh("tail -n 1 revisions.log");
    assert!(line.contains(" rolled-back v2 ") && line.contains(" after v5 run "), "{line}");
    site.nothing_is_left();

    // The one before that was removed by somebody, and the one before it is taken.
    site.sh("rm -r releases/v9");
    ok(&back().await, true);
    assert_eq!(site.sh("readlink current"), "releases/v1");
    failed(&back().await, "tells of no release before `v1`");

    let named = |name: &str| site.run("release.rollback", json!({"root": ROOT, "release": name}));
    ok(&named("v5").await, true);
    ok(&named("v5").await, false);
    failed(&named("v9").await, "there is no release `v9`");
    site.sh("cp -r releases/v5 releases/v6; rm releases/v6/.runsheet-release");
    failed(&named("v6").await, "has no marker");
    site.sh("ln -s v5 releases/v7");
    failed(&named("v7").await, "has no marker");
    assert_eq!(site.sh("readlink current"), "releases/v5");

    // After a rollback a deploy goes on from there.
    ok(&named("v1").await, true);
    ok(&site.deploy("v8").await, true);
    ok(&back().await, true);
    assert_eq!(site.sh("readlink current"), "releases/v1");
    Ok(())
}

#[tokio::test]
async fn the_list_tells_what_is_there() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    let list = || site.run("release.list", json!({"root": ROOT}));
    let nothing = list().await;
    assert_eq!((nothing.value, nothing.message.as_str()), (3, "there is no release in `/srv/app`"));
    ok(&site.deploy("v1").await, true);
    ok(&site.deploy("v2").await, true);
    ok(&site.run("release.rollback", json!({"root": ROOT})).await, true);
    let sums = [site.version("v1"), site.version("v2")];
    let times = site.sh("cut -d' ' -f3 releases/v1/.runsheet-release releases/v2/.runsheet-release");
    let times: Vec<_> = times.lines().collect();
    let listed = list().await;
    ok(&listed, false);
    assert_eq!(listed.message, format!("* v1  {}  {}\n  v2  {}  {}", times[0], sums[0], times[1], sums[1]));
    site.sh("ln -sfn /opt current");
    let listed = list().await;
    assert!(listed.message.ends_with("none is current: `current` leads elsewhere"), "{listed:?}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_ours_is_refused_and_left_as_it_is() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    site.version("v1");
    let args = || json!({"root": ROOT, "archive": "v1.tar", "release": "v1"});
    site.host.sh("mkdir -p /srv/app/current /srv/app/releases/v2");
    let error = site.stage().run("release.deploy", args()).await.expect_err("nobody can switch that");
    assert!(error.to_string().contains("`/srv/app/current` is no link"), "{error}");
    site.sh("rmdir current; touch releases/v2/x");
    failed(&site.deploy("v2").await, "`/srv/app/releases/v2` is there and was not made by a deploy");
    assert_eq!(site.sh("ls releases/v2"), "x");

    // As Capistrano leaves it: a whole path, to a folder without a marker.
    site.sh("ln -s /srv/app/releases/v2 current");
    let outcome = site.run("release.deploy", args()).await;
    ok(&outcome, true);
    assert!(outcome.message.contains("`v2` was current before"), "{outcome:?}");
    failed(&site.run("release.rollback", json!({"root": ROOT})).await, "tells of no release before `v1`");

    site.archive("v1.tar", "echo other >f; tar -cf \"$1\" f");
    failed(&site.run("release.deploy", args()).await, "there is a release `v1` already, of another archive");
    assert_eq!(site.sh("cat current/www/version"), "v1");

    // What an archive brings as a marker of ours is no marker.
    site.archive("m.tar", "ln -s f .runsheet-release; echo kept >f; tar -cf \"$1\" .");
    ok(&site.run("release.deploy", json!({"root": ROOT, "archive": "m.tar", "release": "m"})).await, true);
    assert_eq!(site.sh("cat current/f; test -L current/.runsheet-release || echo file"), "kept\nfile");
    Ok(())
}

/// Stands before the real programs of a host: the one that is called as number `/stop-at` ends all shells above it with SIGKILL
/// instead of its work.
const STOPPER: &str = r#"#!/bin/sh
read -r calls </calls
read -r stop_at </stop-at
echo $((calls + 1)) >/calls
if [ $((calls + 1)) -eq "$stop_at" ]; then
    echo >/stopped
    above=
    process=$PPID
    while [ "$process" -gt 1 ]; do
        above="$process $above"
        read -r stat <"/proc/$process/stat"
        set -- ${stat##*) }
        process=$2
    done
    kill -9 $above
    exit 1
fi
exec "/usr/bin/${0##*/}" "$@"
"#;

#[tokio::test]
async fn a_deploy_that_is_broken_off_anywhere_leaves_a_whole_release_and_nothing_that_stays() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    for version in ["v0", "v1"] {
        ok(&site.deploy(version).await, true);
    }
    site.version("v2");
    site.host.sh(&format!("cp -a {ROOT} {ROOT}.before; mkdir /stoppers; cat >/stopper <<'END'\n{STOPPER}\nEND"));
    let programs = "awk cat chmod cut dd find id ln ls mkdir mktemp mv od readlink rm rmdir sed sha256sum sort sync tail tar touch tr uname";
    site.host.sh(&format!("chmod 755 /stopper; for name in {programs}; do ln -s /stopper /stoppers/$name; done"));
    let args = || json!({"root": ROOT, "archive": "v2.tar", "release": "v2", "shared": ["log/"], "keep": 2, "check": "test -d log"});
    let (mut seen, mut stops, mut finished) = (BTreeSet::new(), 0, 0);
    for stop_at in 1.. {
        assert!(stop_at < 500, "it does not come to an end");
        site.host.sh(&format!(
            "rm -rf {ROOT} /stopped; cp -a {ROOT}.before {ROOT}; echo 0 >/calls; echo {stop_at} >/stop-at; mount --bind /stoppers /usr/local/bin"
        ));
        let ended = site.stage().run("release.deploy", args()).await;
        // What was only sent could still be wanted by somebody who waits, until a day has passed.
        let after = site.host.sh(&format!(
            "/usr/bin/umount /usr/local/bin; cd {ROOT}; find releases -maxdepth 1 -name '.deploy-*' -exec touch -d '2 days ago' {{}} +\n\
             ls -d /stopped 2>/dev/null; readlink current; cat current/www/version current/README"
        ));
        let Some(after) = after.strip_prefix("/stopped\n") else {
            ok(&ended?, true);
            finished += 1;
            // Two that were called at once count as one, and a number can be passed over.
            if finished == 3 {
                break;
            }
            continue;
        };
        finished = 0;
        let version = if after == "releases/v2\nv2\nv2" { "v2" } else { "v1" };
        assert_eq!(after, format!("releases/{version}\n{version}\n{version}"), "stopped at {stop_at}");
        seen.insert(version);
        stops += 1;
        let again = site.run("release.deploy", args()).await;
        assert!(again.is_ok(), "stopped at {stop_at}: {again:?}");
        let log = site.sh("readlink current; cat current/www/version; cut -d' ' -f2,3,6 revisions.log");
        assert_eq!(log, "releases/v2\nv2\ndeployed v0 -\ndeployed v1 v0\ndeployed v2 v1", "stopped at {stop_at}");
        site.nothing_is_left();
    }
    assert!(seen.len() == 2, "it was not stopped before and after the switch: {seen:?}");
    assert!(stops > 50, "it was stopped only {stops} times");
    Ok(())
}

#[tokio::test]
async fn a_rollback_whose_end_was_not_seen_goes_back_once() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    for version in ["v1", "v2", "v3"] {
        ok(&site.deploy(version).await, true);
    }
    // What is between the switch and the line of the log: the line was laid down, and whoever comes next knows it.
    let line = site.sh("sed -n '$s/deployed v3/rolled-back v2/;$s/after v2/after v3/;$p' revisions.log");
    site.sh(&format!("ln -sfn releases/v2 current; echo '{line}' >releases/.switching"));
    let listed = site.run("release.list", json!({"root": ROOT})).await;
    assert!(listed.message.starts_with("* v2 "), "{listed:?}");
    ok(&site.deploy("v4").await, true);
    assert_eq!(site.sh("tail -n 2 revisions.log | cut -d' ' -f2,3,6"), "rolled-back v2 v3\ndeployed v4 v2");
    // And one that was laid down before a switch that never came is not believed.
    site.sh(&format!("echo '{line}' >releases/.switching"));
    ok(&site.deploy("v5").await, true);
    assert_eq!(site.sh("tail -n 2 revisions.log | cut -d' ' -f2,3,6"), "deployed v4 v2\ndeployed v5 v4");
    site.nothing_is_left();

    // The same step of the same run, once more.
    let stage = site.stage();
    let run = RunId::fresh();
    let back = || stage.run_in(run, "release.rollback", json!({"root": ROOT}));
    ok(&back().await?, true);
    let again = back().await?;
    ok(&again, false);
    assert_eq!(again.message, "`v4` is the current release: an earlier attempt went back to it");
    assert_eq!(site.sh("cat current/www/version"), "v4");
    // Somebody else goes on from there, and that is not taken back.
    ok(&site.deploy("v6").await, true);
    failed(&back().await?, "an earlier attempt went back to `v4`, and since then somebody has made `v6` current");
    assert_eq!(site.sh("cat current/www/version"), "v6");
    Ok(())
}

/// Waits until a command succeeds on the host.
async fn until(site: &Site, command: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !site.host.try_sh(command).0 {
        assert!(Instant::now() < deadline, "`{command}` does not come true");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn two_that_deploy_at_once_wait_for_each_other() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    for version in ["v1", "v2", "v3"] {
        site.version(version);
    }
    let args = |version: &str, wait: &str, check: &str| json!({"root": ROOT, "archive": format!("{version}.tar"), "release": version, "wait": wait, "check": check});
    let first = site.run("release.deploy", args("v1", "1s", "echo >/begun; until [ -e /go ]; do sleep 0.05; done"));
    let others = async {
        until(&site, "ls /begun").await;
        let hurried = site.run("release.deploy", args("v2", "300ms", "")).await;
        failed(&hurried, "somebody else works on `/srv/app`, still after ");
        assert!(
            hurried.message.contains("s: process ") && hurried.message.contains(" on web1, begun by root at 20"),
            "{hurried:?}"
        );
        let locked = site.sh("readlink releases/.lock");
        assert!(hurried.message.ends_with(locked.rsplit(' ').next().expect("a run")), "{hurried:?}");
        assert!(!site.host.try_sh(&format!("readlink {ROOT}/current")).0);
        let back = site.run("release.prune", json!({"root": ROOT, "keep": 1, "wait": "1s"})).await;
        ok(&back, false);
        let patient = site.run("release.deploy", args("v3", "30s", ""));
        let gone = async {
            // It has sent its archive, and comes again and again.
            until(&site, &format!("test \"$(ls {ROOT}/releases/.deploy-*/archive | wc -l)\" = 2")).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            site.host.sh("touch /go");
        };
        tokio::join!(patient, gone).0
    };
    let (first, patient) = tokio::join!(first, others);
    ok(&first, true);
    ok(&patient, true);
    assert!(patient.message.contains("`v1` was current before"), "{patient:?}");
    assert_eq!(site.sh("cut -d' ' -f2,3,6 revisions.log"), "deployed v1 -\ndeployed v3 v1");
    site.nothing_is_left();
    Ok(())
}

#[tokio::test]
async fn a_rollback_that_waited_does_not_take_back_what_came_meanwhile() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    ok(&site.deploy("v1").await, true);
    ok(&site.deploy("v2").await, true);
    site.version("v3");
    let check = "echo >/begun; until [ -e /go ]; do sleep 0.05; done";
    let args = json!({"root": ROOT, "archive": "v3.tar", "release": "v3", "check": check});
    let back = async {
        until(&site, "ls /begun").await;
        let back = site.run("release.rollback", json!({"root": ROOT, "wait": "30s"}));
        let go = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            site.host.sh("touch /go");
        };
        tokio::join!(back, go).0
    };
    let (deployed, back) = tokio::join!(site.run("release.deploy", args), back);
    ok(&deployed, true);
    failed(&back, "somebody else has made `v3` the current release meanwhile");
    assert_eq!(site.sh("readlink current"), "releases/v3");
    site.nothing_is_left();
    Ok(())
}

#[tokio::test]
async fn what_arrived_as_something_else_is_not_unpacked() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    ok(&site.deploy("v1").await, true);
    // The transfer of these tests goes by way of `cat`; this one adds something that tar would not even notice.
    let adds = "#!/bin/sh\n/usr/bin/cat \"$@\"\ncase $(readlink /proc/$$/fd/1) in *.part) echo more ;; esac\n";
    site.host.sh(&format!("printf '%s' '{adds}' >/usr/local/bin/cat; chmod 755 /usr/local/bin/cat"));
    let sum = site.version("v2");
    let outcome = site.deploy("v2").await;
    failed(&outcome, "what arrived has the SHA-256 ");
    assert!(outcome.message.ends_with(&format!(" and not {sum}")), "{outcome:?}");
    assert_eq!(site.sh("readlink current; ls releases"), "releases/v1\nv1");
    site.nothing_is_left();

    site.host.sh("rm /usr/local/bin/cat; for name in sha256sum shasum openssl; do rm -f $(command -v $name); done");
    failed(&site.deploy("v2").await, "nothing proves what arrived");
    assert_eq!(site.sh("readlink current; ls releases"), "releases/v1\nv1");
    site.nothing_is_left();
    Ok(())
}

#[tokio::test]
async fn the_lock_of_somebody_who_is_gone_is_taken_away_and_no_other() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    ok(&site.deploy("v1").await, true);
    let here = "$(cat /proc/sys/kernel/random/boot_id) $(uname -n)";
    let lock = |owner: &str| site.sh(&format!("ln -sfn \"{owner} 2026-11-26T08:00:00Z anna run.step\" releases/.lock"));
    site.version("v2");
    let args = || json!({"root": ROOT, "archive": "v2.tar", "release": "v2", "wait": "300ms"});

    // Process 1 lives, and so may one on another machine.
    let started = "$(sed 's/.*) //' /proc/1/stat | cut -d' ' -f20)";
    for (owner, words) in [
        (format!("1 {started} {here}"), "process 1 on web1"),
        ("7 7 other-boot elsewhere".to_owned(), "process 7 on elsewhere"),
    ] {
        lock(&owner);
        let busy = site.run("release.deploy", args()).await;
        failed(&busy, words);
        assert!(busy.message.ends_with("begun by anna at 2026-11-26T08:00:00Z, run and step run.step"), "{busy:?}");
        assert_eq!(busy.value, 75);
        assert_eq!(site.sh("readlink current; ls releases"), "releases/v1\nv1");
    }
    // One with a number that nobody has, one whose number is another's by now, and one of before the host was started anew.
    for owner in [format!("999999 5 {here}"), format!("1 5 {here}"), format!("1 {started} other-boot $(uname -n)")] {
        lock(&owner);
        ok(&site.run("release.deploy", args()).await, true);
        ok(&site.run("release.rollback", json!({"root": ROOT})).await, true);
        site.nothing_is_left();
    }
    site.sh("rm releases/.lock; mkdir releases/.lock");
    failed(&site.run("release.deploy", args()).await, "/srv/app/releases/.lock is no lock of ours");
    assert_eq!(site.sh("ls -A releases/.lock; readlink current"), "releases/v1");
    Ok(())
}

#[tokio::test]
async fn it_works_with_the_programs_of_busybox_and_with_a_mv_that_knows_no_links() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    site.host.sh("busybox --install -s /usr/local/bin; ln -sf busybox /usr/bin/sh");
    assert!(site.host.sh("mv --help 2>&1; awk 2>&1; tar 2>&1; true").contains("BusyBox"));
    site.archive(
        "v1.tgz",
        "mkdir -p app/bin; echo it >app/bin/run; ln -s run app/bin/also; ln app/bin/run app/hard; tar -czf \"$1\" app",
    );
    let args = |release: &str| json!({"root": ROOT, "archive": "v1.tgz", "release": release, "strip": 1, "keep": 2, "shared": ["log/"], "check": "test -d log"});
    for release in ["v1", "v2", "v3"] {
        ok(&site.run("release.deploy", args(release)).await, true);
    }
    ok(&site.run("release.deploy", args("v3")).await, false);
    assert_eq!(
        site.sh("readlink current; cat current/bin/also current/hard; ls releases"),
        "releases/v3\nit\nit\nv2\nv3"
    );
    site.archive("bad.tar", "ln -s ../../b f; tar -cf \"$1\" f");
    failed(&site.run("release.deploy", json!({"root": ROOT, "archive": "bad.tar"})).await, "the link `f` leads out");
    site.archive("bad.tar", &format!("{HARD_LINK} /etc/shadow"));
    failed(&site.run("release.deploy", json!({"root": ROOT, "archive": "bad.tar"})).await, "leads out of the archive");
    ok(&site.run("release.rollback", json!({"root": ROOT})).await, true);
    ok(&site.run("release.list", json!({"root": ROOT})).await, false);

    let old = "#!/bin/sh\ncase $1 in -fT | -fh) echo no such option >&2; exit 1 ;; esac\nexec busybox mv \"$@\"\n";
    site.host.sh(&format!("rm /usr/local/bin/mv; printf '%s' '{old}' >/usr/local/bin/mv; chmod 755 /usr/local/bin/mv"));
    for without in ["", "perl"] {
        site.host.sh(&format!("rm -f /usr/bin/{without} 2>/dev/null; true"));
        ok(&site.run("release.deploy", args(&format!("w{without}"))).await, true);
    }
    site.host.sh("rm -f /usr/bin/python3");
    failed(&site.run("release.deploy", args("v9")).await, "no such option");
    assert_eq!(site.sh("readlink current"), "releases/wperl");
    site.nothing_is_left();
    Ok(())
}

#[tokio::test]
async fn an_ordinary_user_deploys_where_it_may_write() -> Tested {
    let Some(site) = Site::up() else { return Ok(()) };
    site.host.sh("useradd -m ship && mkdir -p /srv/app && chown ship /srv/app");
    let stage = Stage { project: site.project.path().to_owned(), ..site.host.stage_as("ship") };
    let make = "mkdir -p www/shut; echo v1 >www/version; echo x >www/shut/x; chmod 4775 www/version; chmod 555 www/shut; tar -cf \"$1\" www";
    site.archive("v1.tar", make);
    for release in ["v1", "v2", "v3"] {
        let args = json!({"root": ROOT, "archive": "v1.tar", "release": release, "keep": 1});
        ok(&stage.run("release.deploy", args).await?, true);
    }
    assert_eq!(
        site.sh("ls releases; stat -c '%U %a' current/www/version current/www/shut"),
        "v2\nv3\nship 755\nship 755"
    );
    assert_eq!(site.sh("cut -d' ' -f10 revisions.log | sort -u"), "ship");
    site.nothing_is_left();

    let args = json!({"root": "/srv/other", "archive": "v1.tar"});
    failed(&stage.run("release.deploy", args).await?, "Permission denied");
    site.host.sh("cp -a /srv/app /srv/foreign; chown -R root /srv/foreign");
    failed(&stage.run("release.rollback", json!({"root": "/srv/foreign"})).await?, "permission denied");
    site.host.sh("chmod 700 /srv/foreign/releases");
    let error = stage.run("release.list", json!({"root": "/srv/foreign"})).await.expect_err("nobody can tell");
    assert!(error.to_string().contains("/srv/foreign/releases: permission denied"), "{error}");

    // Sent to a folder of its own, unpacked by root.
    site.version("v9");
    site.host.sh("mkdir /var/tmp/inbox");
    let args = json!({"root": "/srv/foreign", "archive": "v9.tar", "release": "v9", "inbox": "/var/tmp/inbox"});
    ok(&site.run("release.deploy", args).await, true);
    assert_eq!(site.host.sh("ls -A /var/tmp/inbox; cat /srv/foreign/current/www/version"), "v9");
    Ok(())
}
