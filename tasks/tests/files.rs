//! `command`, `script` and `file.put` with a real shell and real files.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::shell_remote::ShellRemote;
use crate::stage;

type Tested = Result<(), Box<dyn Error>>;

/// A value that would do harm wherever a shell reads it as more than one word.
const STRANGE: &str = "a b; echo gone >&2; $(echo run) `echo run` \"'\\ *\n-n";

#[tokio::test]
async fn a_command_reads_what_it_is_given() -> Tested {
    let stage = stage::on(Arc::new(ShellRemote::new()));
    let outcome = stage.run("command", json!({"run": "cat; exit 7", "stdin": STRANGE})).await?;
    assert_eq!((outcome.message.as_str(), outcome.value, outcome.changed), (STRANGE, 7, false));
    Ok(())
}

#[tokio::test]
async fn a_script_gets_its_arguments_as_they_are() -> Tested {
    let project = tempfile::tempdir()?;
    let show = "import sys\nfor word in sys.argv[1:]: print('<%s>' % word)\n";
    fs::write(project.path().join("show.py"), show)?;
    fs::write(project.path().join("show.sh"), "#!/bin/sh\nfor word; do printf '<%s>\\n' \"$word\"; done\n\n")?;
    fs::write(project.path().join("show.pl"), "print \"<$_>\\n\" for @ARGV;\n")?;
    let mut stage = stage::on(Arc::new(ShellRemote::new()));
    stage.project = project.path().to_owned();
    for (source, interpreter) in
        [("show.sh", "/bin/sh"), ("show.sh", "bash"), ("show.py", "/usr/bin/python3"), ("show.pl", "perl")]
    {
        let args = json!({"source": source, "args": [STRANGE, "", "--last"], "interpreter": interpreter});
        let outcome = stage.run("script", args).await?;
        assert!(outcome.is_ok() && outcome.changed, "{interpreter}: {outcome:?}");
        assert_eq!(outcome.message, format!("<{STRANGE}>\n<>\n<--last>"), "{interpreter}");
    }
    Ok(())
}

#[tokio::test]
async fn a_script_tells_how_it_ended() -> Tested {
    let project = tempfile::tempdir()?;
    let long = "# a line that fills a pipe\n".repeat(10_000);
    fs::write(project.path().join("fail.sh"), format!("echo oops >&2\nexit 3\n{long}"))?;
    let mut stage = stage::on(Arc::new(ShellRemote::new()));
    stage.project = project.path().to_owned();
    let outcome = stage.run("script", json!({"source": "fail.sh"})).await?;
    assert_eq!((outcome.message.as_str(), outcome.value), ("oops", 3));
    Ok(())
}

#[tokio::test]
async fn half_a_script_is_not_run() -> Tested {
    let project = tempfile::tempdir()?;
    let canary = project.path().join("canary");
    let script = format!("touch {}\nrm -rf /srv/app/old\n", canary.display());
    fs::write(project.path().join("clean.sh"), &script)?;
    for cut in [0, 1, script.len() - 4, script.len() - 1] {
        let mut stage = stage::on(Arc::new(ShellRemote::new().cut_stdin(cut)));
        stage.project = project.path().to_owned();
        let outcome = stage.run("script", json!({"source": "clean.sh"})).await?;
        assert!(outcome.message.contains("did not arrive in full"), "cut at {cut}: {outcome:?}");
        assert!(!canary.exists(), "cut at {cut}, something was run");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_is_sent_only_where_it_differs() -> Tested {
    for programs in [&["sha256sum", "stat"][..], &["shasum", "perl", "stat"], &["openssl", "stat"]] {
        let (project, host, bin) = (tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?);
        fs::write(project.path().join("app.conf"), "port = 80\n")?;
        let target = host.path().join("it's $HOME.conf");
        let mut stage = stage::on(Arc::new(ShellRemote::new().with_only(programs, bin.path())));
        stage.project = project.path().to_owned();
        let args = json!({"source": "app.conf", "target": target.to_string_lossy(), "mode": "0640"});

        let outcome = stage.run("file.put", args.clone()).await?;
        assert!(outcome.changed, "{programs:?}: {outcome:?}");
        assert_eq!(fs::read_to_string(&target)?, "port = 80\n");
        let outcome = stage.run("file.put", args.clone()).await?;
        assert!(outcome.is_ok() && !outcome.changed, "{programs:?}: {outcome:?}");

        fs::set_permissions(&target, Permissions::from_mode(0o666))?;
        let outcome = stage.run("file.put", args.clone()).await?;
        assert!(outcome.changed, "another mode is a difference, {programs:?}: {outcome:?}");
        assert_eq!(target.metadata()?.permissions().mode() & 0o7777, 0o640);

        fs::write(&target, "port = 81\n")?;
        let outcome = stage.run("file.put", args).await?;
        assert!(outcome.changed, "other content is a difference, {programs:?}: {outcome:?}");
        assert_eq!(fs::read_to_string(&target)?, "port = 80\n");
    }
    Ok(())
}

/// All files below a folder, with their modes.
fn tree(folder: &Path) -> BTreeMap<String, (String, u32)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("in it").to_string_lossy().into_owned();
                let mode = path.metadata().expect("a file").permissions().mode() & 0o7777;
                found.insert(name, (fs::read_to_string(&path).expect("text"), mode));
            }
        }
    }
    found
}

#[tokio::test]
async fn a_folder_is_made_like_the_one_here() -> Tested {
    for programs in [
        &["sha256sum", "stat", "cat", "cut", "sed", "tr", "xargs", "awk", "wc", "find", "rm", "rmdir"][..],
        &["shasum", "perl", "stat", "cat", "cut", "sed", "tr", "xargs", "awk", "wc", "find", "rm", "rmdir"],
        &["find", "cat", "cut", "sed", "awk", "wc", "tr", "xargs", "rm", "rmdir"],
    ] {
        let (project, host, bin) = (tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?);
        let site = project.path().join("site");
        for name in ["index.html", "bin/start it's", "-", "-rf", "a b/$HOME/*", "a b/ c"] {
            fs::create_dir_all(site.join(name).parent().expect("a folder"))?;
            fs::write(site.join(name), format!("this is {name}"))?;
        }
        fs::set_permissions(site.join("bin/start it's"), Permissions::from_mode(0o700))?;
        let target = host.path().join("the site");
        let mut stage = stage::on(Arc::new(ShellRemote::new().with_only(programs, bin.path())));
        stage.project = project.path().to_owned();
        let args = json!({"source": "site", "target": target.to_string_lossy(), "delete": true});

        let outcome = stage.run("file.sync", args.clone()).await?;
        assert!(outcome.message.starts_with("6 of 6 files"), "{programs:?}: {outcome:?}");
        let made = tree(&target);
        assert_eq!(made["bin/start it's"], ("this is bin/start it's".to_owned(), 0o755));
        assert_eq!(made["a b/$HOME/*"], ("this is a b/$HOME/*".to_owned(), 0o644));
        assert_eq!(made.len(), 6);

        let can_tell = programs[0] != "find";
        let outcome = stage.run("file.sync", args.clone()).await?;
        assert_eq!(outcome.changed, !can_tell, "{programs:?}: {outcome:?}");

        fs::write(target.join("index.html"), "somebody was here")?;
        fs::set_permissions(target.join("-rf"), Permissions::from_mode(0o600))?;
        fs::remove_file(target.join("a b/ c"))?;
        fs::create_dir(target.join("old"))?;
        for name in ["old/a", "old/-", "a b/$HOME/other *", "new\nline"] {
            fs::write(target.join(name), "goes")?;
        }
        let outcome = stage.run("file.sync", args).await?;
        if can_tell {
            assert!(outcome.message.starts_with("3 of 6 files"), "{programs:?}: {outcome:?}");
        }
        assert!(outcome.message.contains("others removed"), "{programs:?}: {outcome:?}");
        fs::remove_file(target.join("new\nline"))?;
        assert_eq!(tree(&target), made, "{programs:?}");
        assert!(!target.join("old").exists(), "an empty folder is left");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_removed_by_half_a_list() -> Tested {
    let (project, host) = (tempfile::tempdir()?, tempfile::tempdir()?);
    fs::create_dir(project.path().join("site"))?;
    for name in ["site/a", "site/b"] {
        fs::write(project.path().join(name), "same")?;
    }
    for cut in [0, 1, 71, 72, 73, 100] {
        let target = host.path().join(cut.to_string());
        fs::create_dir(&target)?;
        for name in ["a", "b", "c"] {
            fs::write(target.join(name), "same")?;
        }
        let mut stage = stage::on(Arc::new(ShellRemote::new().cut_stdin(cut)));
        stage.project = project.path().to_owned();
        let args = json!({"source": "site", "target": target.to_string_lossy(), "delete": true});
        let failed = stage.run("file.sync", args).await;
        assert!(failed.is_err_and(|error| error.to_string().contains("did not arrive in full")), "cut at {cut}");
        assert_eq!(tree(&target).len(), 3, "cut at {cut}, something was removed");
    }
    Ok(())
}
