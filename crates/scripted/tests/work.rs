use std::fs;
use std::sync::Arc;
use std::time::Duration;

use runsheet_cases::Case;
use runsheet_model::{LostReason, Outcome};
use runsheet_task::{ArgKind, RemoteError, TaskError};
use serde_json::json;

use crate::stage::Stage;

fn changed(message: &str) -> Outcome {
    Outcome::changed(message)
}

#[tokio::test]
async fn a_script_is_a_task_with_a_name_a_summary_and_arguments() {
    let stage = Stage::with(&[
        (
            "tasks/web/restart.star",
            "\"\"\"Restarts a service.\n\n  Twice is as good as once.\n\"\"\"\nIDEMPOTENT = True\nARGS = {\n    \"service\": str,\n    \
             \"port\": 8983,\n    \"wait\": arg.duration(\"How long.\", default = \"90s\"),\n    \"level\": arg.choice([\"low\", \"high\"], \
             default = \"low\"),\n    \"extra\": arg.list(optional = True),\n}\n\ndef do_work(config, host):\n    pass\n",
        ),
        ("tasks/lib/shared.star", "def helper():\n    pass\n"),
        ("tasks/old.py", "import this\n"),
        ("tasks/README.md", "no task"),
        ("tasks/.hidden.star", "no task"),
    ]);
    let scripts = stage.scripts();
    assert_eq!((scripts.len(), scripts.helpers, scripts.mistakes.len()), (1, 1, 0));
    let registry = stage.registry();
    let spec = registry.get("web.restart").expect("the task").spec();
    assert_eq!((spec.summary(), spec.more()), ("Restarts a service.", "Twice is as good as once."));
    assert!(spec.is_idempotent());
    let args: Vec<_> = spec.args().iter().map(|arg| (arg.name.as_ref(), arg.kind.clone(), arg.required)).collect();
    let any = ArgKind::Integer { min: i64::MIN, max: i64::MAX };
    let expected = [
        ("service", ArgKind::Text, true),
        ("port", any, false),
        ("wait", ArgKind::Duration, false),
        ("level", ArgKind::choice(["low", "high"]), false),
        ("extra", ArgKind::TextList, false),
    ];
    assert_eq!(args, expected);
    for (args, wrong) in [
        (json!({}), "needs the argument `service`"),
        (json!({"service": "x", "port": "many"}), "is a whole number"),
        (json!({"service": "x", "level": "middling"}), "one of `low`, `high`"),
        (json!({"service": "x", "prot": 1}), "no argument `prot`"),
    ] {
        let said = stage.plan("web.restart", args).expect_err("it is wrong");
        assert!(said.contains(wrong), "{said}");
    }
}

#[tokio::test]
async fn everything_that_do_work_may_give_is_an_outcome() {
    let given = |expression: &str| {
        let script = format!("def do_work(config, host):\n    {expression}\n");
        async move { Stage::of(&script).ends(json!({})).await }
    };
    assert_eq!(given("pass").await, Outcome::unchanged("Success"));
    assert_eq!(given("return 'fine'").await, Outcome::unchanged("fine"));
    assert_eq!(given("return ('it is broken', 3)").await, Outcome::failed("it is broken", 3));
    assert_eq!(given("return host.run('echo hi')").await, changed("hi"));
    assert_eq!(given("return host.run('echo no >&2; exit 4')").await, Outcome::failed("no", 4));
    assert_eq!(given("return host.log_run('echo hi')").await, changed("hi"));
    assert_eq!(given("return host.ask('echo hi')").await, Outcome::unchanged("hi"));
    assert_eq!(given("fail('no room', 7)").await, Outcome::failed("no room", 7));
    assert_eq!(given("fail('no room', 0)").await, Outcome::failed("no room", 1));
    assert_eq!(
        given("return outcome('drained', changed = True, opens = ['drained web1'], closes = ['x'])").await,
        changed("drained").opens("drained web1").closes("x")
    );
    assert_eq!(
        given("return outcome('as it was', changed = False) if host.run('true').ok else 1").await,
        Outcome::unchanged("as it was")
    );
    assert_eq!(given("return host.task('command', run = 'echo hi')").await, changed("hi"));
    let wrong = Stage::of("def do_work(config, host):\n    return 5\n").goes_wrong(json!({})).await;
    assert!(wrong.contains("`what `do_work` gives` is nothing, a message"), "{wrong}");
}

#[tokio::test]
async fn a_script_knows_its_host_its_step_and_its_arguments() {
    let mut stage = Stage::of(
        "ARGS = {\"service\": str, \"port\": 80, \"names\": arg.list(optional = True)}\ndef do_work(config, host):\n    return ' '.join([str(x) for x in \
         [host.name, host.address, host.vars.role, host.vars.ports[1], config.step, config.task, config.attempt, config.args.service, \
         config.args.port + 1, config.vars.release, config.get('service'), config.get('release'), config.get('none', 'dflt'), config.args.names]])\n",
    );
    stage.vars.insert("release".to_owned(), json!("2026.11"));
    let outcome = stage.ends(json!({"service": "solr", "names": ["a", "b"]})).await;
    assert_eq!(
        outcome.message,
        "web1 127.0.0.1 leader 443 restart t 1 solr 81 2026.11 solr 2026.11 dflt [\"a\", \"b\"]"
    );
    let stage = Stage::of(
        "ARGS = {\"user\": arg.text(optional = True)}\ndef do_work(config, host):\n    return str(config.args.user)\n",
    );
    assert_eq!(stage.ends(json!({})).await.message, "None");
}

#[tokio::test]
async fn the_original_signature_works_as_it_did() {
    let script = "'''Start apache on each server.'''\ndef do_work(config, silent_mode=False, args=None):\n    retstring, retval = log_run(config, \
                  'COMMAND', args)\n    if retval:\n        return (retstring, retval)\n    return ('Success', 0)\n";
    assert_eq!(Stage::of(&script.replace("COMMAND", "echo started")).ends(json!({})).await, changed("Success"));
    let failed = Stage::of(&script.replace("COMMAND", "echo no such unit >&2; exit 5")).ends(json!({})).await;
    assert_eq!(failed, Outcome::failed("no such unit", 5));
}

#[tokio::test]
async fn a_command_gives_all_that_is_known_of_it() {
    let stage = Stage::of(
        "def do_work(config, host):\n    r = host.run('echo out; echo err >&2; exit 3')\n    return '%s|%s|%s|%s|%s|%s' % (r.ok, r.code, \
         r.stdout.strip(), r.stderr.strip(), r.text, r.took_ms < 10000)\n",
    );
    assert_eq!(stage.ends(json!({})).await.message, "False|3|out|err|err|True");
}

#[tokio::test]
async fn questions_are_asked_in_a_dry_run_and_work_is_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("made");
    let script = format!(
        "def do_work(config, host):\n    if host.succeeds('test -e {0}'):\n        return 'it is there'\n    return host.run('touch {0}')\n",
        file.display()
    );
    let mut stage = Stage::of(&script);
    stage.dry_run = true;
    match stage.run(json!({})).await {
        Err(TaskError::Would { what }) => assert_eq!(what, format!("run `touch {}`", file.display())),
        other => panic!("{other:?}"),
    }
    assert!(!file.exists());
    stage.dry_run = false;
    assert!(stage.ends(json!({})).await.changed && file.exists());
    stage.dry_run = true;
    assert_eq!(stage.ends(json!({})).await, Outcome::unchanged("it is there"));
}

/// What a task opens on behalf of a script stays open, whatever the script says, and however it ends.
#[tokio::test]
async fn what_a_task_opens_is_told_although_the_script_says_nothing() {
    const DRAINED: &str = "# pxname,svname,scur,status,\nweb,web1,0,DRAIN,\n";
    for (ending, said, value) in
        [("return 'done'", "done", 0), ("return int('x')", "Cannot parse", 1), ("fail('no')", "no", 1)]
    {
        let stage = Stage::of(&format!(
            "def do_work(config, host):\n    host.task('haproxy.drain', server = 'web1', backend = 'web')\n    {ending}\n"
        ));
        let case = json!({
            "commands": [{"ends": "'show stat'", "stdout": DRAINED, "times": 2}],
            "outcome": {"message": said, "value": value, "opens": ["drained web/web1"]},
        });
        let case: Case = serde_json::from_value(case).expect("a case");
        let mistakes = runsheet_cases::play(&Arc::new(stage.registry()), "t", &case).await.expect("it can be played");
        assert_eq!(mistakes, [] as [String; 0], "{ending}");
    }
}

#[tokio::test]
async fn files_are_sent_if_they_are_arguments_and_texts_always() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("app.conf");
    let stage = Stage::with(&[
        (
            "tasks/t.star",
            "ARGS = {\"conf\": arg.file(default = \"files/app.conf\"), \"target\": str}\ndef do_work(config, host):\n    sent = host.put(file = \
             config.args.conf, target = config.args.target)\n    if not sent.ok:\n        return sent\n    again = host.put(content = 'port = 80\\n', target \
             = config.args.target, mode = '0644')\n    return outcome(sent.message + '; ' + again.message, changed = sent.changed)\n",
        ),
        ("files/app.conf", "port = 80\n"),
        ("secret.txt", "not for hosts"),
    ]);
    let outcome = stage.ends(json!({"target": target})).await;
    assert_eq!(fs::read_to_string(&target).expect("it was sent"), "port = 80\n");
    assert!(
        outcome.changed
            && outcome.message.contains("10 bytes sent")
            && outcome.message.contains("already as it should be"),
        "{outcome:?}"
    );

    // What is no argument stays here.
    let stage = Stage::of("def do_work(config, host):\n    return host.put(file = 'secret.txt', target = '/tmp/x')\n");
    fs::write(stage.folder.path().join("secret.txt"), "not for hosts").expect("a file");
    let error = stage.goes_wrong(json!({})).await;
    assert!(error.contains("a script sends only what is an argument of it"), "{error}");
}

#[tokio::test]
async fn a_secret_reaches_a_command_and_the_script_knows_its_name_only() {
    let stage = Stage::of(
        "ARGS = {\"password\": arg.secret()}\ndef do_work(config, host):\n    seen = host.run('cat', stdin = ['user:', config.args.password, '\\n'])\n    \
         return outcome(str(config.args.password), changed = False) if seen.stdout == 'user:' + 's3' + 'cret\\n' else seen\n",
    );
    let outcome = stage.ends(json!({"password": {"secret": "password"}})).await;
    assert_eq!(outcome, Outcome::unchanged("struct(secret=\"password\")"));
    assert!(stage.remote.work().iter().all(|command| !command.contains("s3cret")));
}

#[tokio::test]
async fn another_user_is_one_word_away() {
    // No sudo is asked here: what is looked at is the command.
    let stage = Stage::of("def do_work(config, host):\n    host.sudo('id -un', user = 'nobody')\n");
    let _ = stage.run(json!({})).await;
    assert_eq!(stage.remote.work(), ["sudo -n -H -u nobody -- /bin/sh -c 'id -un'"]);
}

#[tokio::test]
async fn what_files_share_is_loaded() {
    let stage = Stage::with(&[
        (
            "tasks/web/t.star",
            "load(\"//lib/service.star\", \"restart\")\nload(\"near.star\", near = \"value\")\ndef do_work(config, host):\n    return restart(host, near)\n",
        ),
        ("tasks/web/near.star", "value = 'solr'\n"),
        ("tasks/lib/service.star", "def restart(host, name):\n    return host.run('echo restarted ' + quote(name))\n"),
    ]);
    assert_eq!(stage.task("web.t", json!({})).await.expect("it knows"), changed("restarted solr"));
}

#[tokio::test]
async fn something_is_tried_until_it_is_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let count = folder.path().join("count");
    let script = format!(
        "def do_work(config, host):\n    def look():\n        return host.ask('echo x >> {0}; test $(wc -l < {0}) -ge 3')\n    result = retry(look, tries = 5, \
         pause = '100ms')\n    return (str(result.ok), result.code)\n",
        count.display()
    );
    let stage = Stage::of(&script);
    let begin = tokio::time::Instant::now();
    assert_eq!(stage.ends(json!({})).await, Outcome::unchanged("True"));
    assert_eq!(fs::read_to_string(&count).expect("it was looked at").lines().count(), 3);
    assert!(begin.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn the_library_and_facts_are_there() {
    let stage = Stage::of(
        "def do_work(config, host):\n    host.note('looking')\n    print('twice', 2)\n    first, second = host.facts(), host.facts()\n    waited = \
         host.wait_for_port(1, timeout = '0s', from_here = True)\n    return '%s %s %s' % (first.boot_id == second.boot_id, len(first.boot_id), waited.ok)\n",
    );
    assert_eq!(stage.ends(json!({})).await, Outcome::unchanged("True 36 False"));
    assert_eq!(stage.remote.count(), 1, "facts were asked for more than once");
    let notes = stage.notes.0.lock().expect("notes");
    assert_eq!(*notes, ["looking", "twice 2"]);
}

#[tokio::test]
async fn a_lost_connection_is_no_matter_of_the_script() {
    let stage = Stage::of(
        "def do_work(config, host):\n    host.run('echo one')\n    host.run('echo two')\n    host.run('echo three')\n",
    );
    *stage.remote.breaks_at.lock().expect("a lock") = Some("two".to_owned());
    match stage.run(json!({})).await {
        Err(TaskError::Remote(RemoteError::Lost { reason: LostReason::ConnectionClosed })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.remote.work(), ["echo one"]);
}

#[tokio::test]
async fn an_error_shows_its_file_its_line_and_the_way_there() {
    let stage = Stage::with(&[
        (
            "tasks/t.star",
            "load(\"//lib/x.star\", \"number\")\n\ndef do_work(config, host):\n    text = host.ask('echo many').text\n    return number(text)\n",
        ),
        ("tasks/lib/x.star", "def number(text):\n    return int(text)\n"),
    ]);
    let said = stage.goes_wrong(json!({})).await;
    for part in ["tasks/lib/x.star:2:12: ", "    return int(text)", "in `number`, called at tasks/t.star:5"] {
        assert!(said.contains(part), "`{part}` is not in\n{said}");
    }
}
