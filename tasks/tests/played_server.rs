use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A web server of this test, which plays another: it hands every request to a function, which may keep a state, and keeps what
/// arrived.
pub(crate) struct PlayedServer {
    pub(crate) address: SocketAddr,
    arrived: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

/// What arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    /// The value of a header, by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered: status, headers, each as a line, and body. A status of 0 is no answer: the connection ends.
pub(crate) type Answer = (u16, Vec<String>, String);

impl PlayedServer {
    pub(crate) fn playing(mut play: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, stopped) = (Arc::clone(&arrived), Arc::clone(&stop));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Some(request) = read(&stream) else { continue };
                let said = play(&request);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                answer(stream, &said);
            }
        });
        Self { address, arrived, stop }
    }

    /// One that answers with these, of status and body, one after the other, and with the last one for ever.
    pub(crate) fn answering(answers: &'static [(u16, &'static str)]) -> Self {
        let mut next = 0;
        Self::playing(move |_| {
            let (status, body) = answers[next.min(answers.len() - 1)];
            next += 1;
            (status, Vec::new(), body.to_owned())
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn arrived(&self) -> Vec<Request> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for PlayedServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // It waits for a connection; this is its last one.
        drop(TcpStream::connect(self.address));
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, target, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Some(request)
}

fn answer(mut stream: TcpStream, (status, headers, body): &Answer) {
    if *status == 0 {
        return;
    }
    let headers = headers.iter().flat_map(|header| [header, "\r\n"]).collect::<String>();
    // Whoever asked may be gone by now.
    _ = write!(
        stream,
        "HTTP/1.1 {status} Status\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}
