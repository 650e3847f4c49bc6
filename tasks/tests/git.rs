//! `git.checkout` with the real git in a real host, from bare repositories of that host. What was checked out, git itself and the
//! files tell.

use std::error::Error;

use runsheet_task::Outcome;
use serde_json::{Value, json};

use crate::fleet_host::FleetHost;
use crate::stage::Stage;

type Tested = Result<(), Box<dyn Error>>;

/// A host with a repository of three commits: `first`, which the tags `v1` (with a message) and `light` name, `second` on `main`, and
/// `third` on `side`, which is one more than `first`.
struct GitHost {
    host: FleetHost,
    first: String,
    second: String,
    third: String,
}

const REPOSITORY: &str = "/srv/git/shop.git";
const TREE: &str = "/srv/shop";

impl GitHost {
    fn up() -> Option<Self> {
        let host = FleetHost::up()?;
        host.sh(&format!(
            "export HOME=/root\n\
             git config --global user.name Anna; git config --global user.email anna@example.com\n\
             git config --global init.defaultBranch main; git config --global advice.detachedHead false\n\
             git init -q --bare {REPOSITORY} && git init -q /root/work && cd /root/work && git remote add origin {REPOSITORY}\n\
             echo one >page; git add page; git commit -qm one; git tag -a v1 -m v1; git tag light\n\
             git checkout -qb side; echo three >page; git commit -qam three\n\
             git checkout -q main; echo two >page; git commit -qam two; git push -q origin main side v1 light"
        ));
        let commit = |name: &str| host.sh(&format!("git -C /root/work rev-parse {name}"));
        let (first, second, third) = (commit("light"), commit("main"), commit("side"));
        Some(Self { host, first, second, third })
    }

    async fn run(&self, more: Value) -> Outcome {
        self.stage().run("git.checkout", args(more)).await.expect("the task knows")
    }

    fn stage(&self) -> Stage {
        self.host.stage()
    }

    /// Its commit, whether it is detached, and the page.
    fn state(&self) -> String {
        self.host.sh(&format!(
            "cd {TREE} && git rev-parse HEAD && (git symbolic-ref -q HEAD || echo detached) && cat page && git status --porcelain"
        ))
    }

    fn is_at(&self, commit: &str, page: &str) {
        assert_eq!(self.state(), format!("{commit}\ndetached\n{page}"));
    }
}

fn args(more: Value) -> Value {
    let mut args = json!({"repository": REPOSITORY, "path": TREE, "protocols": ["file"]});
    let (Value::Object(args_map), Value::Object(more)) = (&mut args, more) else { panic!("arguments are a map") };
    args_map.extend(more);
    args
}

fn ok(outcome: &Outcome, changed: bool) {
    assert!(outcome.is_ok() && outcome.changed == changed, "{outcome:?}");
}

fn failed(outcome: &Outcome, part: &str) {
    assert!(!outcome.is_ok() && !outcome.changed && outcome.message.contains(part), "{part}: {outcome:?}");
}

#[tokio::test]
async fn a_repository_is_cloned_and_exactly_the_commit_is_checked_out() -> Tested {
    let Some(git) = GitHost::up() else { return Ok(()) };
    let dry = Stage { dry_run: true, ..git.stage() };
    let told = dry.run("git.checkout", args(json!({"revision": "main"}))).await.expect_err("a dry run ends");
    assert_eq!(told.to_string(), format!("would clone `{REPOSITORY}` and check out {} in `{TREE}`", git.second));
    assert!(!git.host.try_sh(&format!("ls -d {TREE}")).0);

    let cloned = git.run(json!({"revision": "main"})).await;
    ok(&cloned, true);
    assert_eq!(cloned.message, format!("`{TREE}`: nothing → {}", git.second));
    git.is_at(&git.second, "two");
    ok(&git.run(json!({"revision": "main"})).await, false);

    for (revision, commit, page) in [
        ("v1", &git.first, "one"),
        ("side", &git.third, "three"),
        ("light", &git.first, "one"),
        ("refs/heads/main", &git.second, "two"),
        ("refs/tags/v1", &git.first, "one"),
        (&git.third.clone(), &git.third, "three"),
        (&git.first[..9], &git.first, "one"),
    ] {
        let before = git.host.sh(&format!("git -C {TREE} rev-parse HEAD"));
        let told = dry.run("git.checkout", args(json!({"revision": revision}))).await.expect_err("a dry run ends");
        assert!(told.to_string().ends_with(&format!("in `{TREE}`, which is at {before}")), "{told}");
        let outcome = git.run(json!({"revision": revision})).await;
        ok(&outcome, true);
        assert_eq!(outcome.message, format!("`{TREE}`: {before} → {commit}"), "{revision}");
        git.is_at(commit, page);
        ok(&git.run(json!({"revision": revision})).await, false);
    }
    assert_eq!(git.host.sh("ls -A /srv"), "git\nshop");
    Ok(())
}

#[tokio::test]
async fn what_is_new_in_the_repository_is_fetched() -> Tested {
    let Some(git) = GitHost::up() else { return Ok(()) };
    ok(&git.run(json!({"revision": "main"})).await, true);
    let next = git
        .host
        .sh("export HOME=/root; cd /root/work; echo four >page; git commit -qam four; git push -q origin main; \
         git tag -fam moved v1 >/dev/null; git push -qf origin v1; git rev-parse main");
    ok(&git.run(json!({"revision": "main"})).await, true);
    git.is_at(&next, "four");
    // A tag that was moved, and a branch whose history was written anew.
    ok(&git.run(json!({"revision": "side"})).await, true);
    ok(&git.run(json!({"revision": "v1"})).await, true);
    git.is_at(&next, "four");
    let anew = git.host.sh(
        "export HOME=/root; cd /root/work; git checkout -q side; echo five >page; git commit -qa --amend -m five; \
         git push -qf origin side; git rev-parse side",
    );
    ok(&git.run(json!({"revision": "side"})).await, true);
    git.is_at(&anew, "five");

    // A commit to which nothing leads any more is had from those who give it.
    git.host.sh(&format!("rm -rf {TREE}; git -C {REPOSITORY} config uploadpack.allowAnySHA1InWant true"));
    ok(&git.run(json!({"revision": git.third})).await, true);
    git.is_at(&git.third, "three");

    let nobody = "0123456789012345678901234567890123456789";
    failed(&git.run(json!({"revision": nobody})).await, &format!("the repository has no commit {nobody}"));
    failed(&git.run(json!({"revision": "01234567"})).await, "the repository has no commit 01234567");
    failed(&git.run(json!({"revision": "nothing"})).await, "the repository has no branch and no tag `nothing`");
    git.is_at(&git.third, "three");
    Ok(())
}

#[tokio::test]
async fn changes_of_somebody_are_refused_unless_they_may_be_lost() -> Tested {
    let Some(git) = GitHost::up() else { return Ok(()) };
    ok(&git.run(json!({"revision": "v1"})).await, true);
    git.host.sh(&format!("echo by hand >{TREE}/page; echo kept >{TREE}/unknown"));
    for revision in ["v1", "main"] {
        failed(&git.run(json!({"revision": revision})).await, "1 file in `/srv/shop` were changed");
        assert_eq!(
            git.host.sh(&format!("cat {TREE}/page; git -C {TREE} rev-parse HEAD")),
            format!("by hand\n{}", git.first)
        );
    }
    ok(&git.run(json!({"revision": "v1", "force": true})).await, true);
    assert_eq!(git.state(), format!("{}\ndetached\none\n?? unknown", git.first));
    // A file that git does not know is in the way of one that it brings.
    git.host.sh("export HOME=/root; cd /root/work; echo theirs >unknown; git add unknown; git commit -qm six; git push -q origin main");
    failed(&git.run(json!({"revision": "main"})).await, "untracked working tree files would be overwritten");
    assert_eq!(git.host.sh(&format!("cat {TREE}/unknown {TREE}/page")), "kept\none");

    // On a branch it is not as it should be, even at the right commit; and the branch stays where it is.
    git.host.sh(&format!("rm {TREE}/unknown; git -C {TREE} checkout -q -b mine light"));
    ok(&git.run(json!({"revision": "v1"})).await, true);
    git.is_at(&git.first, "one");
    ok(&git.run(json!({"revision": "side"})).await, true);
    assert_eq!(git.host.sh(&format!("git -C {TREE} rev-parse mine")), git.first);
    Ok(())
}

#[tokio::test]
async fn what_is_no_work_tree_of_the_repository_is_left_as_it_is() -> Tested {
    let Some(git) = GitHost::up() else { return Ok(()) };
    git.host.sh(&format!("mkdir {TREE}; echo mine >{TREE}/page"));
    failed(&git.run(json!({"revision": "main"})).await, "is there and is no work tree of git");
    git.host.sh(&format!("git clone -q --bare {REPOSITORY} /srv/git/other.git; rm {TREE}/page"));
    ok(&git.run(json!({"revision": "main"})).await, true);
    let other = git.run(json!({"revision": "main", "repository": "/srv/git/other.git"})).await;
    failed(&other, "was cloned from `/srv/git/shop.git` and not from `/srv/git/other.git`");
    git.is_at(&git.second, "two");

    // A clone that fails leaves nothing.
    let stage = git.stage();
    let missing = json!({"revision": git.first, "repository": "/srv/git/gone.git", "path": "/srv/new/deep"});
    failed(&git.run(missing).await, "/srv/git/gone.git");
    let cannot = stage.run("git.checkout", args(json!({"revision": "main", "repository": "/srv/git/gone.git"}))).await;
    assert!(cannot.expect_err("nobody is there").to_string().contains("cannot ask `/srv/git/gone.git`"));
    assert_eq!(git.host.sh("ls -A /srv/new"), "");
    // Nor does one that was broken off stay.
    git.host.sh("mkdir -p /srv/.shop2.runsheet-999999/x");
    ok(&git.run(json!({"revision": "main", "path": "/srv/shop2"})).await, true);
    assert_eq!(git.host.sh("ls -A /srv"), "git\nnew\nshop\nshop2");

    // What belongs to somebody else git does not touch, and says so.
    git.host.sh(&format!("useradd -m ship; chown -R ship {TREE}; rm -f /root/.gitconfig"));
    let error = stage.run("git.checkout", args(json!({"revision": "side"}))).await.expect_err("git does not trust it");
    assert!(error.to_string().contains("dubious ownership"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_branch_and_a_tag_of_one_name_are_told_apart() -> Tested {
    let Some(git) = GitHost::up() else { return Ok(()) };
    git.host.sh("export HOME=/root; cd /root/work; git push -q origin side:refs/heads/both light:refs/tags/both");
    failed(&git.run(json!({"revision": "both"})).await, "`both` is both a branch and a tag");
    ok(&git.run(json!({"revision": "refs/heads/both"})).await, true);
    git.is_at(&git.third, "three");
    ok(&git.run(json!({"revision": "refs/tags/both"})).await, true);
    git.is_at(&git.first, "one");
    // `ls-remote` finds this name too, but it is not the one that was asked for.
    git.host.sh("export HOME=/root; cd /root/work; git push -q origin side:refs/heads/x/refs/heads/deep");
    failed(&git.run(json!({"revision": "deep"})).await, "no branch and no tag `deep`");
    Ok(())
}

#[tokio::test]
async fn nothing_can_be_slipped_in_and_nobody_is_asked() -> Tested {
    let Some(git) = GitHost::up() else { return Ok(()) };
    for (more, why) in [
        (json!({"repository": "ext::sh -c touch% /gone"}), "needs the protocol `ext`"),
        (json!({"repository": "file::/srv/git/shop.git", "protocols": ["https", "ssh"]}), "needs the protocol `file`"),
        (json!({"repository": "--upload-pack=touch /gone"}), "is no repository"),
        (json!({"revision": "--output=/gone"}), "is no commit, tag or branch"),
        (json!({"revision": "main; touch /gone"}), "is no commit, tag or branch"),
        (json!({"path": "srv"}), "`path` is the whole path"),
        (json!({"path": "/srv/../etc"}), "`path` is the whole path"),
    ] {
        let mut all = json!({"revision": "main"});
        all.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        let outcome = git.run(all).await;
        failed(&outcome, why);
        assert_eq!(outcome.value, 2, "{outcome:?}");
    }
    // Even a repository that says another one is to be asked in its place.
    git.host.sh("git config --system url.ext::sh.insteadOf https://sly.example.com/");
    let sly = json!({"revision": "main", "repository": "https://sly.example.com/x", "protocols": ["https"]});
    let error = git.stage().run("git.checkout", args(sly)).await.expect_err("git refuses it");
    assert!(error.to_string().contains("transport 'ext' not allowed"), "{error}");

    // A strange path is one word.
    let odd = "/srv/it's $(touch gone); [x]";
    ok(&git.run(json!({"revision": "main", "path": odd})).await, true);
    assert_eq!(git.host.sh("cat '/srv/it'\\''s $(touch gone); [x]/page'"), "two");
    assert_eq!(git.host.sh("find / -xdev -maxdepth 3 -name gone"), "");

    // A server that wants a password gets none, at once.
    git.host.sh("cat >/root/server.py <<'END'\n\
         from http.server import *\n\
         class Asks(BaseHTTPRequestHandler):\n    \
             def do_GET(self):\n        \
                 self.send_response(401)\n        \
                 self.send_header('WWW-Authenticate', 'Basic realm=\"x\"')\n        \
                 self.end_headers()\n\
         HTTPServer(('127.0.0.1', 8080), Asks).serve_forever()\n\
         END\n\
         setsid python3 /root/server.py >/dev/null 2>&1 </dev/null &\n\
         for try in $(seq 100); do curl -s http://127.0.0.1:8080/ >/dev/null && exit 0; sleep 0.1; done; exit 1");
    let asked = json!({"revision": "main", "repository": "http://127.0.0.1:8080/x", "protocols": ["http"]});
    let error = git.stage().run("git.checkout", args(asked)).await.expect_err("it asks for a password");
    assert!(error.to_string().contains("terminal prompts disabled"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_host_without_git_says_so() -> Tested {
    let Some(git) = GitHost::up() else { return Ok(()) };
    git.host.sh("while git=$(command -v git); do rm \"$git\"; done");
    let error = git.stage().run("git.checkout", args(json!({"revision": "main"}))).await.expect_err("there is no git");
    assert!(error.to_string().contains("`git` is not installed on the host"), "{error}");
    Ok(())
}
