//! `command`, `script` and `file.put` with a real shell and real files.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use serde_json::json;

use crate::shell_remote::ShellRemote;
use crate::stage::Stage;

type Tested = Result<(), Box<dyn Error>>;

/// A value that would do harm wherever a shell reads it as more than one word.
const STRANGE: &str = "a b; echo gone >&2; $(echo run) `echo run` \"'\\ *\n-n";

#[tokio::test]
async fn a_command_reads_what_it_is_given() -> Tested {
    let stage = Stage::on(Arc::new(ShellRemote::new()));
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
    let mut stage = Stage::on(Arc::new(ShellRemote::new()));
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
    let mut stage = Stage::on(Arc::new(ShellRemote::new()));
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
        let mut stage = Stage::on(Arc::new(ShellRemote::new().cut_stdin(cut)));
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
        let mut stage = Stage::on(Arc::new(ShellRemote::new().with_only(programs, bin.path())));
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
