//! What goes out, and what must not. The servers are threads of these tests that speak as much HTTP as is looked at.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use runsheet_model::Secret;
use runsheet_outbound::{Lookup, WebClient, WebError, WebRequest};

const LIMIT: Duration = Duration::from_millis(600);

/// A server that answers every connection, and counts them.
fn server(answer: impl Fn(&mut dyn Write) + Send + 'static) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            seen.fetch_add(1, Ordering::SeqCst);
            _ = stream.read(&mut [0; 4096]);
            answer(&mut stream);
        }
    });
    (address, count)
}

fn post(client: &WebClient, url: &str) -> Result<(u16, usize), WebError> {
    let request = WebRequest {
        method: "POST",
        url: Secret::new(url.to_owned()),
        headers: Vec::new(),
        body: Some(Secret::new(b"{}".to_vec())),
    };
    client.send(&request, LIMIT).map(|answer| (answer.status, answer.body.len()))
}

/// Looks up every name as these addresses, one set after the other.
fn names(answers: Vec<Vec<SocketAddr>>) -> (Lookup, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = count.clone();
    let lookup: Lookup = Arc::new(move |_: &str| {
        let turn = asked.fetch_add(1, Ordering::SeqCst);
        Ok(answers[turn.min(answers.len() - 1)].clone())
    });
    (lookup, count)
}

#[test]
fn s_26_no_writing_of_a_private_address_gets_through() {
    let (address, connections) = server(|stream| _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let port = address.port();
    let client = WebClient::public_only();
    let hosts = [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "169.254.169.254",
        "10.0.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "[64:ff9b::7f00:1]",
    ];
    for host in hosts {
        let error = post(&client, &format!("http://{host}:{port}/")).expect_err(host);
        let refused = matches!(error, WebError::Forbidden { .. });
        // Some of these ways to write it are no address for some resolvers.
        let unknown =
            matches!(&error, WebError::Unreached { reason } if reason.contains("lookup") || reason.contains("no host"));
        assert!(refused || unknown, "{host}: {error}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0, "somebody got through");
    assert_eq!(post(&WebClient::anywhere(), &format!("http://127.0.0.1:{port}/")), Ok((200, 0)));
}

#[test]
fn s_26_a_name_is_looked_up_once_and_one_private_address_is_enough_to_refuse_it() {
    let (address, connections) = server(|stream| _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let public: SocketAddr = SocketAddr::new("2600::7".parse().expect("an address"), address.port());
    // The first answer is fine, the second would be this machine: DNS rebinding.
    let (lookup, count) = names(vec![vec![public], vec![address]]);
    let error = post(&WebClient::public_only_by(lookup), "http://hook.example.com/").expect_err("nobody is there");
    assert!(!matches!(error, WebError::Forbidden { .. }), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 1, "it was looked up again");
    let (lookup, _) = names(vec![vec![public, address]]);
    let error = post(&WebClient::public_only_by(lookup), "http://hook.example.com/");
    let address: IpAddr = address.ip();
    assert_eq!(error, Err(WebError::Forbidden { address, why: "this machine" }));
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[test]
fn s_26_a_redirect_is_not_followed() {
    let (inside, connections) = server(|stream| _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let (address, _) = server(move |stream| {
        let answer = format!("HTTP/1.1 307 Elsewhere\r\nLocation: http://{inside}/\r\nContent-Length: 0\r\n\r\n");
        _ = stream.write_all(answer.as_bytes());
    });
    assert_eq!(post(&WebClient::anywhere(), &format!("http://{address}/")), Ok((307, 0)));
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[test]
fn s_26_an_answer_without_end_is_cut_and_a_slow_one_is_not_waited_for() {
    let (endless, _) = server(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
        let block = vec![b'x'; 1 << 16];
        while stream.write_all(&block).is_ok() {}
    });
    assert_eq!(post(&WebClient::anywhere(), &format!("http://{endless}/")), Ok((200, 64 * 1024)));
    let (slow, _) = server(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(post(&WebClient::anywhere(), &format!("http://{slow}/")), Err(WebError::TimedOut { limit: LIMIT }));
}

#[test]
fn no_part_of_an_address_is_in_a_message() {
    let nowhere = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    for url in
        [format!("http://{nowhere}/T0PS3CRET"), "http://T0PS3CRET.invalid/".to_owned(), "T0PS3CRET://x".to_owned()]
    {
        let error = post(&WebClient::anywhere(), &url).expect_err("nobody is there");
        assert!(!error.to_string().contains("T0PS3CRET"), "{error}");
    }
}
