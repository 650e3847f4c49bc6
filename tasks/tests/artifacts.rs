//! The tasks for artifacts with a real shell, real files and the real sha256sum, shasum and openssl.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage, sha256};

type Tested = Result<(), Box<dyn Error>>;

fn project() -> Result<TempDir, Box<dyn Error>> {
    let project = tempfile::tempdir()?;
    fs::write(project.path().join("app.jar"), "an artifact\n")?;
    Ok(project)
}

fn stage(project: &Path, remote: ShellRemote) -> Stage {
    Stage { project: project.to_owned(), ..stage::on(Arc::new(remote)) }
}

/// What `sha256sum -c` says of a checksum file, in its folder.
fn checked(folder: &Path, name: &str) -> bool {
    let checked = Command::new("sha256sum").args(["--strict", "-c", "--", name]).current_dir(folder).output();
    checked.expect("sha256sum").status.success()
}

#[tokio::test]
async fn an_artifact_lands_with_its_checksum_and_stays_what_it_is() -> Tested {
    let (project, host) = (project()?, tempfile::tempdir()?);
    let stage = stage(project.path(), ShellRemote::new());
    let folder = host.path().join("acme/it's $HOME; x/1.4.2");
    let push = json!({"source": "app.jar", "folder": folder});
    let dry = Stage { dry_run: true, project: project.path().to_owned(), ..stage::on(Arc::new(ShellRemote::new())) };
    let told = dry.run("artifact.push", push.clone()).await.expect_err("a dry run ends before its first effect");
    assert!(told.to_string().starts_with("would send 12 bytes to `"), "{told}");
    assert!(!host.path().join("acme").exists());

    let sent = stage.run("artifact.push", push.clone()).await?;
    assert!(sent.is_ok() && sent.changed, "{sent:?}");
    assert_eq!(fs::read_to_string(folder.join("app.jar"))?, "an artifact\n");
    assert!(checked(&folder, "app.jar.sha256"));
    let again = stage.run("artifact.push", push.clone()).await?;
    assert!(again.is_ok() && !again.changed, "{again:?}");

    // A checksum that is gone or wrong is written again; the artifact is not sent again.
    let written = fs::metadata(folder.join("app.jar"))?.modified()?;
    fs::write(folder.join("app.jar.sha256"), "wrong\n")?;
    let mended = stage.run("artifact.push", push.clone()).await?;
    assert!(mended.changed && mended.message.contains("was there already"), "{mended:?}");
    assert!(checked(&folder, "app.jar.sha256"));
    assert_eq!(fs::metadata(folder.join("app.jar"))?.modified()?, written);

    fs::write(project.path().join("app.jar"), "another one\n")?;
    let other = stage.run("artifact.push", push).await?;
    assert!(!other.is_ok() && other.message.contains("an artifact does not change"), "{other:?}");
    assert_eq!(fs::read_to_string(folder.join("app.jar"))?, "an artifact\n");
    let replaced = json!({"source": "app.jar", "folder": folder, "replace": true});
    let replaced = stage.run("artifact.push", replaced).await?;
    assert!(replaced.is_ok() && replaced.changed, "{replaced:?}");
    assert!(checked(&folder, "app.jar.sha256"));
    assert_eq!(fs::read_dir(&folder)?.count(), 2, "something else was left");

    for (folder, name) in [("acme", "a"), ("/srv/../etc", "a"), ("/srv", "a/b"), ("/srv", ".."), ("/srv", "a\nb")] {
        let outcome = stage.run("artifact.push", json!({"source": "app.jar", "folder": folder, "name": name})).await?;
        assert_eq!(outcome.value, 2, "{folder} {name}: {outcome:?}");
    }
    fs::create_dir(folder.join("sub"))?;
    let outcome = stage.run("artifact.push", json!({"source": "app.jar", "folder": folder, "name": "sub"})).await?;
    assert!(!outcome.is_ok() && outcome.message.ends_with("is no file"), "{outcome:?}");
    Ok(())
}

#[tokio::test]
async fn a_file_is_verified_with_whatever_the_host_has() -> Tested {
    for programs in [&["sha256sum"][..], &["shasum", "perl"], &["openssl"]] {
        let (project, host, bin) = (project()?, tempfile::tempdir()?, tempfile::tempdir()?);
        let remote = ShellRemote::new().with_only(&[programs, &["ls", "grep"]].concat(), bin.path());
        let stage = stage(project.path(), remote);
        let path = host.path().join("-a b; $(x).jar");
        let sum = sha256(b"an artifact\n");
        let by_source = json!({"path": path, "source": "app.jar"});
        let missing = stage.run("artifact.verify", by_source.clone()).await?;
        assert!(!missing.is_ok() && missing.message.starts_with("there is no `"), "{programs:?}: {missing:?}");
        fs::write(&path, "an artifact\n")?;
        for args in [by_source.clone(), json!({"path": path, "sha256": sum.to_uppercase()})] {
            let good = stage.run("artifact.verify", args).await?;
            assert!(good.is_ok() && !good.changed, "{programs:?}: {good:?}");
        }
        fs::write(&path, "an artifact.")?;
        let bad = stage.run("artifact.verify", by_source).await?;
        assert!(
            !bad.is_ok() && bad.message.contains(&sum) && bad.message.contains(&sha256(b"an artifact.")),
            "{bad:?}"
        );
        let folder = stage.run("artifact.verify", json!({"path": host.path(), "sha256": sum})).await?;
        assert!(folder.message.ends_with("is no file"), "{folder:?}");
        for args in [
            json!({"path": path}),
            json!({"path": path, "sha256": sum, "source": "app.jar"}),
            json!({"path": path, "sha256": "abc"}),
            json!({"path": "a/b", "sha256": sum}),
        ] {
            assert_eq!(stage.run("artifact.verify", args.clone()).await?.value, 2, "{args}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_host_that_cannot_tell_says_so() -> Tested {
    let (project, host, bin) = (project()?, tempfile::tempdir()?, tempfile::tempdir()?);
    let path = host.path().join("app.jar");
    fs::write(&path, "an artifact\n")?;
    let args = json!({"path": path, "source": "app.jar"});
    let bare = stage(project.path(), ShellRemote::new().with_only(&["ls", "grep"], bin.path()));
    let error = bare.run("artifact.verify", args.clone()).await.expect_err("nobody can tell");
    assert!(error.to_string().contains("none of `sha256sum`"), "{error}");

    let words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];
    let (root, nobody) = (Command::new("id").arg("-u").output()?, ShellRemote::new().by_way_of(&words));
    if root.stdout != b"0\n" {
        return Ok(());
    }
    let nobody = stage(project.path(), nobody);
    fs::set_permissions(host.path(), fs::Permissions::from_mode(0o755))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    let error = nobody.run("artifact.verify", args.clone()).await.expect_err("it may not be read");
    assert!(error.to_string().contains("Permission denied"), "{error}");
    fs::set_permissions(host.path(), fs::Permissions::from_mode(0o700))?;
    let error = nobody.run("artifact.verify", args).await.expect_err("its folder may not be entered");
    assert!(error.to_string().contains("Permission denied"), "{error}");
    Ok(())
}
