//! What this machine sees of web servers and ports, and what it sends to them. The servers are threads of these tests that speak as much HTTP as is looked at,
//! so that they can also misbehave in ways in which a real web server would not.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use runsheet_local::ThisMachine;
use runsheet_model::Secret;
use runsheet_task::{HttpRequest, Local, LocalError};

type Tested = Result<(), Box<dyn Error>>;

const LIMIT: Duration = Duration::from_millis(400);

/// A server that reads a request and hands each connection to `speak`.
fn server(speak: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            _ = stream.read(&mut [0; 4096]);
            speak(stream);
        }
    });
    address
}

/// A server that says the same to everybody, and closes.
fn saying(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = answer.into();
    server(move |mut stream| _ = stream.write_all(&answer))
}

/// A port on which nobody listens.
fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

#[tokio::test]
async fn a_page_is_fetched_with_its_status() -> Tested {
    let address = saying("HTTP/1.1 503 Sorry\r\nContent-Length: 9\r\n\r\nnot today");
    let answer = ThisMachine::new().http_get(&format!("http://{address}/x"), LIMIT).await?;
    assert_eq!((answer.status, answer.body.as_str()), (503, "not today"));
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() -> Tested {
    let elsewhere = saying("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfollowed");
    let address =
        saying(format!("HTTP/1.1 302 Found\r\nLocation: http://{elsewhere}/\r\nContent-Length: 4\r\n\r\nhere"));
    let answer = ThisMachine::new().http_get(&format!("http://{address}/"), LIMIT).await?;
    assert_eq!((answer.status, answer.body.as_str()), (302, "here"));
    Ok(())
}

#[tokio::test]
async fn only_the_beginning_of_an_endless_body_is_read() -> Tested {
    let address = server(|mut stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 1024]).is_ok() {}
    });
    let limit = Duration::from_secs(20);
    let answer = ThisMachine::new().http_get(&format!("http://{address}/"), limit).await?;
    assert_eq!(answer.body.len(), 64 * 1024);
    Ok(())
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_limit() {
    let address = server(|stream| {
        thread::spawn(move || {
            thread::park();
            drop(stream);
        });
    });
    let url = format!("http://{address}/");
    let started = Instant::now();
    let error = ThisMachine::new().http_get(&url, LIMIT).await.expect_err("no answer");
    assert_eq!(error, LocalError::TimedOut { what: url, limit: LIMIT });
    assert!(started.elapsed() < LIMIT * 4, "it took {:?}", started.elapsed());
}

#[tokio::test]
async fn a_body_that_never_ends_costs_no_more_than_the_limit() {
    let address = server(|mut stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        thread::spawn(move || {
            thread::park();
            drop(stream);
        });
    });
    let url = format!("http://{address}/");
    let started = Instant::now();
    let error = ThisMachine::new().http_get(&url, LIMIT).await.expect_err("half an answer");
    assert_eq!(error, LocalError::TimedOut { what: url, limit: LIMIT });
    assert!(started.elapsed() < LIMIT * 4, "it took {:?}", started.elapsed());
}

#[tokio::test]
async fn what_is_no_http_is_said_so_without_driving_the_terminal() {
    let address = saying("\x1b[2Jthis is no web server\r\n\r\n");
    let error = ThisMachine::new().http_get(&format!("http://{address}/"), LIMIT).await.expect_err("no HTTP");
    assert!(matches!(error, LocalError::Failed { .. }), "{error:?}");
    assert!(!error.to_string().contains('\x1b'), "{error:?}");
}

#[tokio::test]
async fn a_port_is_open_or_refused() -> Tested {
    let open = saying("");
    ThisMachine::new().connect("127.0.0.1", open.port(), LIMIT).await?;
    let closed = closed_port();
    let error = ThisMachine::new().connect("127.0.0.1", closed.port(), LIMIT).await.expect_err("nobody listens");
    assert!(error.to_string().contains("refused"), "{error}");
    let error = ThisMachine::new().http_get(&format!("http://{closed}/"), LIMIT).await.expect_err("nobody listens");
    assert!(error.to_string().contains("refused"), "{error}");
    Ok(())
}

#[tokio::test]
async fn what_is_posted_arrives_with_its_headers_and_its_body() -> Tested {
    let (told, heard) = std::sync::mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut text = String::new();
        while !text.ends_with("\r\n\r\nit is out") {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).expect("a request");
            text.push_str(&String::from_utf8_lossy(&part[..count]));
        }
        _ = stream.write_all(b"HTTP/1.1 201 Made\r\nContent-Length: 4\r\n\r\nmade");
        told.send(text).expect("the test waits");
    });
    let answer = ThisMachine::new().http(&posted(&format!("http://{address}/hook?a=b")), LIMIT).await?;
    assert_eq!((answer.status, answer.body.as_str()), (201, "made"));
    let heard = heard.recv()?.to_ascii_lowercase();
    assert!(heard.starts_with("post /hook?a=b http/1.1\r\n") && heard.contains("\r\nx-release: 7\r\n"), "{heard}");
    Ok(())
}

#[tokio::test]
async fn whether_anything_was_sent_is_known_and_the_address_is_not_told() {
    let closed = closed_port();
    let hangs_up = server(drop);
    for (url, unreached) in [
        (format!("http://{closed}/s3cret"), true),
        ("http://s3cret.invalid/".to_owned(), true),
        ("http://s3cret host/".to_owned(), true),
        ("s3cret".to_owned(), true),
        (format!("http://{hangs_up}/s3cret"), false),
    ] {
        let error = ThisMachine::new().http(&posted(&url), Duration::from_secs(5)).await.expect_err("no answer");
        assert_eq!(matches!(error, LocalError::Unreached { .. }), unreached, "{url}: {error:?}");
        assert!(!error.to_string().contains("s3cret"), "{url}: {error}");
        assert!(error.to_string().contains("the hook"), "{url}: {error}");
    }
}

/// A request whose address is a secret.
fn posted(url: &str) -> HttpRequest {
    HttpRequest {
        method: "POST",
        url: Secret::new(url.to_owned()),
        called: "the hook".to_owned(),
        headers: vec![("X-Release".to_owned(), Secret::new("7".to_owned()))],
        body: Some(Secret::new(b"it is out".to_vec())),
    }
}
