//! `http.check` and `wait.port` with every program that a host may have for them, against real connections. The web server is a
//! stand-in of a few lines, so that it can also be slow, huge or silent.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::shell_remote::ShellRemote;
use crate::stage::{self, Stage};
use crate::web_server::WebServer;

type Tested = Result<(), Box<dyn Error>>;

/// A host with only these programs.
fn host_with(programs: &[&str]) -> Result<(Stage, TempDir), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let remote = ShellRemote::new().with_only(programs, folder.path());
    Ok((stage::on(Arc::new(remote)), folder))
}

const CURL: &[&str] = &["curl", "head"];
const WGET: &[&str] = &["wget", "head", "grep", "timeout", "true"];

/// Where a page is looked at from, and the programs of the host.
const VIEWS: [(&str, &[&str]); 3] = [("host", CURL), ("host", WGET), ("here", &[])];

/// A port on which nobody listens.
fn closed_port() -> Result<u16, Box<dyn Error>> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[tokio::test]
async fn status_and_text_of_a_page_are_checked() -> Tested {
    for (from, programs) in VIEWS {
        let (stage, _folder) = host_with(programs)?;
        let well = WebServer::answering(&[(200, "status: green\n\nall of it\n")]);
        let sick = WebServer::answering(&[(503, "not now")]);
        let moved = WebServer::answering(&[(302, "elsewhere")]);
        for (args, value, part) in [
            (json!({"url": well.url("/health"), "from": from, "text": "green\n\nall"}), 0, "answered 200"),
            (json!({"url": well.url("/health"), "from": from, "text": "red"}), 1, "does not hold `red`"),
            (json!({"url": sick.url("/"), "from": from}), 1, "status 503 instead of 200"),
            (json!({"url": sick.url("/"), "from": from, "expect": 503, "text": "not now"}), 0, "answered 503"),
            (json!({"url": moved.url("/"), "from": from, "expect": 302}), 0, "answered 302"),
            (json!({"url": sick.url("/?a=$(id)&b=';id;'#{x}[1-3]"), "from": from, "expect": 503}), 0, "answered 503"),
        ] {
            let outcome = stage.run("http.check", args.clone()).await?;
            assert_eq!((outcome.value, outcome.changed), (value, false), "{programs:?} {args}: {outcome:?}");
            assert!(outcome.message.contains(part), "{programs:?} {args}: {outcome:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_page_is_asked_for_until_it_is_well() -> Tested {
    for (from, programs) in VIEWS {
        let (stage, _folder) = host_with(programs)?;
        let server = WebServer::answering(&[(503, "starting"), (404, ""), (200, "ready")]);
        let args = json!({"url": server.url("/"), "from": from, "wait": "30s"});
        let outcome = stage.run("http.check", args).await?;
        assert!(outcome.is_ok(), "{programs:?}: {outcome:?}");
        assert_eq!(server.answered(), 3, "{programs:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_elapsed_wait_tells_what_was_seen_last() -> Tested {
    let closed = format!("http://127.0.0.1:{}/", closed_port()?);
    for (from, programs) in VIEWS {
        let (stage, _folder) = host_with(programs)?;
        let server = WebServer::answering(&[(500, "")]);
        let args = json!({"url": server.url("/"), "from": from, "wait": "300ms"});
        let outcome = stage.run("http.check", args).await?;
        assert!(!outcome.is_ok() && outcome.message.contains("last: status 500"), "{programs:?}: {outcome:?}");
        let outcome = stage.run("http.check", json!({"url": closed, "from": from})).await?;
        assert!(!outcome.is_ok(), "{programs:?}: {outcome:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_timeout() -> Tested {
    for (from, programs) in VIEWS {
        let (stage, _folder) = host_with(programs)?;
        // It accepts, because the kernel does, and never says a word.
        let silent = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/", silent.local_addr()?);
        let started = Instant::now();
        let args = json!({"url": url, "from": from, "timeout": "1s"});
        let outcome = stage.run("http.check", args).await?;
        assert!(!outcome.is_ok() && outcome.message.contains("no answer"), "{programs:?}: {outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(4), "{programs:?}: {:?}", started.elapsed());
    }
    Ok(())
}

#[tokio::test]
async fn a_huge_page_is_cut() -> Tested {
    let huge: &'static str = Box::leak("x".repeat(5_000_000).into_boxed_str());
    let answers: &'static [(u16, &'static str)] = Box::leak(Box::new([(200, huge)]));
    for (from, programs) in VIEWS {
        let (stage, _folder) = host_with(programs)?;
        let server = WebServer::answering(answers);
        let outcome = stage.run("http.check", json!({"url": server.url("/"), "from": from, "text": "xxx"})).await?;
        assert!(outcome.is_ok(), "{programs:?}: {outcome:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_port_is_waited_for() -> Tested {
    for (from, programs) in
        [("host", &["bash", "timeout", "true"][..]), ("host", &["curl"]), ("host", &["python3"]), ("here", &[])]
    {
        let (stage, _folder) = host_with(programs)?;
        let port = closed_port()?;
        let outcome = stage.run("wait.port", json!({"port": port, "from": from, "wait": "300ms"})).await?;
        assert!(!outcome.is_ok(), "{programs:?}: {outcome:?}");
        assert!(outcome.message.contains("refused") || programs == ["curl"], "{programs:?}: {outcome:?}");
        let opener = thread::spawn(move || {
            thread::sleep(Duration::from_millis(400));
            let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is still free");
            drop(listener.accept());
        });
        let args = json!({"port": port, "from": from, "wait": "20s"});
        let outcome = stage.run("wait.port", args).await?;
        assert!(outcome.is_ok() && !outcome.changed, "{programs:?}: {outcome:?}");
        // Whatever happened, the thread must not wait for ever.
        drop(TcpStream::connect(("127.0.0.1", port)));
        opener.join().expect("the thread ends well");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_without_programs_says_which_are_missing() -> Tested {
    let (stage, _folder) = host_with(&[])?;
    let started = Instant::now();
    let page = stage.run("http.check", json!({"url": "http://127.0.0.1:1/", "wait": "30s"})).await?;
    assert!(page.message.contains("neither `curl` nor `wget` is installed"), "{page:?}");
    let port = stage.run("wait.port", json!({"port": 1, "wait": "30s"})).await?;
    assert!(port.message.contains("none of `bash`, `nc`, `curl` and `python3`"), "{port:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "it was tried again in vain");
    Ok(())
}

#[tokio::test]
async fn a_wait_ends_before_the_attempt_does() -> Tested {
    let (mut stage, _folder) = host_with(&["bash", "timeout", "true"])?;
    stage.limit = Duration::from_secs(3);
    let started = Instant::now();
    let outcome = stage.run("wait.port", json!({"port": closed_port()?, "wait": "1h"})).await?;
    assert!(!outcome.is_ok() && outcome.message.contains("last:"), "{outcome:?}");
    assert!(started.elapsed() < stage.limit, "{:?}", started.elapsed());
    Ok(())
}

/// A web server that takes half a second for every answer: a stand-in as the other one.
fn slow_server() -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut stream = stream;
                let mut request = [0; 4096];
                let asked = stream.read(&mut request).unwrap_or_default();
                thread::sleep(Duration::from_millis(500));
                if asked > 0 {
                    _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
                }
            });
        }
    });
    Ok(url)
}

#[tokio::test]
async fn an_answer_that_takes_longer_than_it_may_is_told() -> Tested {
    let url = slow_server()?;
    for (from, programs) in VIEWS {
        let (stage, _folder) = host_with(programs)?;
        let late = stage.run("http.check", json!({"url": url, "from": from, "within": "300ms", "text": "hi"})).await?;
        assert!(!late.is_ok() && late.message.contains("not at most 300ms"), "{programs:?}: {late:?}");
        let timely = stage.run("http.check", json!({"url": url, "from": from, "within": "8s", "text": "hi"})).await?;
        assert!(timely.is_ok(), "{programs:?}: {timely:?}");
    }
    Ok(())
}

/// The way to the host takes a second here; the page does not.
#[tokio::test]
async fn how_long_an_answer_takes_is_measured_on_the_host() -> Tested {
    let well = WebServer::answering(&[(200, "hi")]);
    let remote = ShellRemote::new().by_way_of(&["/bin/sh", "-c", "sleep 1; exec \"$@\"", "sh"]);
    let args = json!({"url": well.url("/"), "within": "900ms"});
    let outcome = stage::on(Arc::new(remote)).run("http.check", args).await?;
    assert!(outcome.is_ok(), "{outcome:?}");
    Ok(())
}
