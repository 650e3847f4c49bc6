//! The tasks that ask solr something, with real curl and wget. **Stand-in:** Debian has no solr; a web server of the test plays one, with
//! a core whose state is kept, and with the requests and answers of Solr's reference guide.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runsheet_model::Outcome;
use runsheet_task::TaskError;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::played_server::{Answer, PlayedServer, Request};
use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};

type Tested = Result<(), Box<dyn Error>>;

const PROGRAMS: [&[&str]; 2] = [&["curl", "head"], &["wget", "head", "grep", "timeout", "true"]];

/// The core `listings` of a solr.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of solr's own")]
#[derive(Debug)]
struct Core {
    /// The address of the leader's core, where it is a replica.
    leader: Option<String>,
    healthy: bool,
    offered: bool,
    polling: bool,
    generation: i64,
    segments: i64,
    deleted: i64,
    loaded: i64,
    /// Whether its configuration on disk has a mistake.
    broken: bool,
    commits: Vec<String>,
    /// How many times a replica is asked for its index until it has that of its leader.
    fetches_in: i64,
}

struct PlayedSolr {
    server: PlayedServer,
    core: Arc<Mutex<Core>>,
}

impl PlayedSolr {
    fn new(leader: Option<String>) -> Self {
        let core = Arc::new(Mutex::new(Core {
            leader,
            healthy: true,
            offered: true,
            polling: true,
            generation: 7,
            segments: 4,
            deleted: 2,
            loaded: 1,
            broken: false,
            commits: Vec::new(),
            fetches_in: 0,
        }));
        let played = Arc::clone(&core);
        let server = PlayedServer::playing(move |request| {
            play(&mut played.lock().unwrap_or_else(PoisonError::into_inner), request)
        });
        Self { server, core }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, task: &str, args: Value) -> Result<Outcome, TaskError> {
        self.run_on(&stage(), task, args).await
    }

    async fn run_on(&self, stage: &Stage, task: &str, mut args: Value) -> Result<Outcome, TaskError> {
        args["port"] = self.server.address.port().into();
        stage.run(task, args).await
    }
}

fn stage() -> Stage {
    stage::on(Arc::new(ShellRemote::new()))
}

fn stage_with(programs: &[&str]) -> Result<(Stage, TempDir), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let remote = ShellRemote::new().with_only(programs, folder.path());
    Ok((stage::on(Arc::new(remote)), folder))
}

fn play(core: &mut Core, request: &Request) -> Answer {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let word = |name: &str| query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
    let word = |name: &str| word(name).map_or("", |(_, value)| value);
    let (status, answer) = if word("wt") == "json" { answer(core, path, word) } else { (200, json!("<xml/>")) };
    let mut answer = answer;
    if answer.is_object() {
        answer["responseHeader"] = json!({"status": if status == 200 { 0 } else { status }, "QTime": 1});
    }
    (status, vec!["Content-Type: application/json;charset=utf-8".to_owned()], answer.to_string())
}

fn answer<'a>(core: &mut Core, path: &str, word: impl Fn(&str) -> &'a str) -> (u16, Value) {
    match (path, word("command"), word("action")) {
        ("/solr/listings/admin/ping", ..) if core.healthy => (200, json!({"status": "OK"})),
        ("/solr/listings/admin/ping", ..) => (503, json!({"error": {"msg": "Service disabled", "code": 503}})),
        ("/solr/listings/update", ..) => {
            for kind in ["commit", "softCommit", "optimize"] {
                if word(kind) == "true" && word("waitSearcher") == "true" {
                    core.commits.push(kind.to_owned());
                }
            }
            if word("optimize") == "true" {
                core.segments = word("maxSegments").parse().expect("a number");
                core.deleted = 0;
            }
            (200, json!({}))
        }
        ("/solr/listings/admin/luke", ..) => {
            (200, json!({"index": {"numDocs": 9, "deletedDocs": core.deleted, "segmentCount": core.segments}}))
        }
        ("/solr/admin/cores", _, "STATUS") if word("core") == "listings" => {
            let started = format!("2026-11-26T08:00:0{}.000Z", core.loaded);
            (200, json!({"initFailures": {}, "status": {"listings": {"name": "listings", "startTime": started}}}))
        }
        ("/solr/admin/cores", _, "STATUS") => (200, json!({"initFailures": {}, "status": {(word("core")): {}}})),
        ("/solr/admin/cores", _, "RELOAD") if core.broken => {
            (500, json!({"error": {"msg": "Unable to reload core [listings]: no such \u{1b}[2Jfield", "code": 500}}))
        }
        ("/solr/admin/cores", _, "RELOAD") => {
            core.loaded += 1;
            (200, json!({}))
        }
        ("/solr/listings/replication", command, _) => (200, replicate(core, command)),
        _ => (404, json!({"error": {"msg": "not found", "code": 404}})),
    }
}

fn replicate(core: &mut Core, command: &str) -> Value {
    match command {
        "enablereplication" => core.offered = true,
        "disablereplication" => core.offered = false,
        "enablepoll" | "disablepoll" if core.leader.is_none() => {
            return json!({"status": "ERROR", "message": "No follower configured"});
        }
        "enablepoll" => core.polling = true,
        "disablepoll" => core.polling = false,
        "indexversion" => {
            core.fetches_in -= 1;
            if core.fetches_in == 0 {
                core.generation = 7;
            }
            let generation = if core.offered { core.generation } else { 0 };
            return json!({"indexversion": generation * 1000, "generation": generation, "status": "OK"});
        }
        "details" => {
            // As long as real ones, with the files of each commit.
            let files: Vec<_> = (0..9000).map(|file| format!("_{file}.fdt")).collect();
            let mut details = json!({"commits": [{"generation": 7, "filelist": files}], "generation": core.generation});
            match &core.leader {
                None => details["leader"] = json!({"replicationEnabled": core.offered.to_string()}),
                Some(leader) => {
                    details["follower"] =
                        json!({"leaderUrl": leader, "isPollingDisabled": (!core.polling).to_string()});
                }
            }
            return json!({"details": details, "status": "OK"});
        }
        _ => {}
    }
    json!({"status": "OK"})
}

#[tokio::test]
async fn a_collection_is_pinged_until_it_is_well() -> Tested {
    let solr = PlayedSolr::new(None);
    for programs in PROGRAMS {
        let (stage, _folder) = stage_with(programs)?;
        let well = solr.run_on(&stage, "solr.ping", json!({"collection": "listings"})).await?;
        assert!(well.is_ok() && !well.changed, "{programs:?}: {well:?}");
        solr.core().healthy = false;
        let sick = solr.run_on(&stage, "solr.ping", json!({"collection": "listings"})).await?;
        assert!(sick.message.contains("answered 503: Service disabled"), "{programs:?}: {sick:?}");
        let waited = solr.run_on(&stage, "solr.ping", json!({"collection": "listings", "wait": "300ms"})).await?;
        assert!(waited.message.contains("was not well after"), "{programs:?}: {waited:?}");
        solr.core().healthy = true;
    }
    let missing = solr.run("solr.ping", json!({"collection": "nope"})).await?;
    assert!(!missing.is_ok() && missing.message.contains("answered 404"), "{missing:?}");
    Ok(())
}

#[tokio::test]
async fn an_index_is_committed_merged_once_and_a_core_reloaded() -> Tested {
    for programs in PROGRAMS {
        let solr = PlayedSolr::new(None);
        let (stage, _folder) = stage_with(programs)?;
        for (args, kind) in [
            (json!({"collection": "listings"}), "commit"),
            (json!({"collection": "listings", "soft": true}), "softCommit"),
        ] {
            let committed = solr.run_on(&stage, "solr.commit", args).await?;
            assert!(committed.is_ok() && committed.changed, "{committed:?}");
            assert_eq!(solr.core().commits.pop().as_deref(), Some(kind));
        }
        let args = json!({"collection": "listings", "segments": 2});
        let merged = solr.run_on(&stage, "solr.optimize", args.clone()).await?;
        assert!(merged.is_ok() && merged.changed, "{merged:?}");
        assert_eq!(merged.message, "the index of `listings` had 4 segments, and has 2 segments");
        let again = solr.run_on(&stage, "solr.optimize", args).await?;
        assert!(again.is_ok() && !again.changed, "{again:?}");
        assert_eq!(solr.core().commits, ["optimize"]);

        let reloaded = solr.run_on(&stage, "solr.reload_core", json!({"core": "listings"})).await?;
        assert!(reloaded.is_ok() && reloaded.changed, "{reloaded:?}");
        assert_eq!(solr.core().loaded, 2);
    }
    let solr = PlayedSolr::new(None);
    solr.core().broken = true;
    let error = solr.run("solr.reload_core", json!({"core": "listings"})).await.expect_err("it is broken").to_string();
    // What wget does not tell of an error, curl does; what drives terminals is made visible.
    assert!(error.contains("answered 500: Unable to reload core [listings]") && !error.contains('\u{1b}'), "{error}");
    let error = solr.run("solr.reload_core", json!({"core": "nope"})).await.expect_err("there is none").to_string();
    assert_eq!(error, "solr has no core `nope`");
    Ok(())
}

#[tokio::test]
async fn replication_is_switched_off_and_on_on_both_sides() -> Tested {
    let leader = PlayedSolr::new(None);
    let replica = PlayedSolr::new(Some(leader.server.url("/solr/listings")));
    for (solr, side, what) in [(&leader, "leader", "replication"), (&replica, "replica", "polling")] {
        let args = json!({"core": "listings", "side": side});
        let is_on = || if side == "leader" { solr.core().offered } else { solr.core().polling };
        let off = solr.run("solr.replication.disable", args.clone()).await?;
        assert!(off.is_ok() && off.changed && !is_on(), "{off:?}");
        assert_eq!(off.opens[0].0, format!("disabled {what} of listings"));
        let again = solr.run("solr.replication.disable", args.clone()).await?;
        assert!(again.is_ok() && !again.changed, "{again:?}");
        let on = solr.run("solr.replication.enable", args.clone()).await?;
        assert!(on.is_ok() && on.changed && is_on(), "{on:?}");
        assert_eq!(on.closes, off.opens);
        let again = solr.run("solr.replication.enable", args).await?;
        assert!(again.is_ok() && !again.changed, "{again:?}");
        let other = if side == "leader" { "replica" } else { "leader" };
        let args = json!({"core": "listings", "side": other});
        let error = solr.run("solr.replication.disable", args).await.expect_err("it is none").to_string();
        assert_eq!(error, format!("the core `listings` of this host is no {other}"));
    }
    Ok(())
}

#[tokio::test]
async fn a_replica_is_waited_for_until_it_has_the_index_of_its_leader() -> Tested {
    let leader = PlayedSolr::new(None);
    let url = leader.server.url("/solr/listings");
    // Older ones say it with the handler.
    let replica = PlayedSolr::new(Some(format!("{url}/replication")));
    let args = json!({"core": "listings", "wait": "20s"});
    replica.core().generation = 6;
    replica.core().fetches_in = 3;
    let waited = replica.run("solr.replication.wait", args.clone()).await?;
    assert!(waited.is_ok() && !waited.changed, "{waited:?}");
    assert_eq!(waited.message, "`listings` has the index of its leader, generation 7 of version 7000");
    assert_eq!(replica.core().fetches_in, 0, "the wait was over too early");

    replica.core().generation = 6;
    let short = json!({"core": "listings", "wait": "300ms", "leader": url});
    let late = replica.run("solr.replication.wait", short.clone()).await?;
    assert!(
        late.message.contains("its leader has generation 7 of version 7000, it has generation 6 of version 6000"),
        "{late:?}"
    );
    // Two that have none have not the same.
    leader.core().offered = false;
    replica.core().generation = 0;
    let none = replica.run("solr.replication.wait", short.clone()).await?;
    assert!(none.message.contains("offers no index: its replication is disabled"), "{none:?}");
    let no_replica = leader.run("solr.replication.wait", args).await?;
    assert_eq!(no_replica.message, "the core `listings` of this host is no replica");
    drop(leader);
    let gone = replica.run("solr.replication.wait", short).await?;
    assert!(gone.message.contains("last: http://"), "{gone:?}");
    Ok(())
}

#[tokio::test]
async fn nothing_strange_is_asked_and_a_dry_run_changes_nothing() -> Tested {
    let solr = PlayedSolr::new(None);
    for name in ["../admin", "a b", "-x", "x?y", "x&commit=true", "'; id; '", ""] {
        for (task, arg) in [
            ("solr.ping", "collection"),
            ("solr.commit", "collection"),
            ("solr.optimize", "collection"),
            ("solr.reload_core", "core"),
            ("solr.replication.enable", "core"),
            ("solr.replication.disable", "core"),
            ("solr.replication.wait", "core"),
        ] {
            let refused = solr.run(task, json!({(arg): name})).await?;
            assert_eq!((refused.value, refused.changed), (2, false), "{task} {name:?}: {refused:?}");
        }
    }
    for leader in ["-x", "file:///etc/passwd", "http://x/?a=b", "http://x y/"] {
        let refused = solr.run("solr.replication.wait", json!({"core": "listings", "leader": leader})).await?;
        assert_eq!(refused.value, 2, "{leader}: {refused:?}");
    }
    assert!(solr.server.arrived().is_empty(), "{:?}", solr.server.arrived());

    let dry = Stage { dry_run: true, ..stage() };
    for (task, args, would) in [
        ("solr.commit", json!({"collection": "listings"}), "commit `listings`"),
        ("solr.optimize", json!({"collection": "listings"}), "merge the 4 segments of `listings`"),
        ("solr.reload_core", json!({"core": "listings"}), "reload the core `listings`"),
        ("solr.replication.disable", json!({"core": "listings"}), "disable replication of `listings`"),
    ] {
        let ended = solr.run_on(&dry, task, args).await;
        assert!(matches!(&ended, Err(TaskError::Would { what }) if what == would), "{task}: {ended:?}");
    }
    let core = solr.core();
    assert!(core.offered && core.loaded == 1 && core.segments == 4 && core.commits.is_empty(), "{core:?}");
    Ok(())
}
