use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// A web server of a few lines, which answers what the test says: a stand-in for the applications that release engineers look
/// at, and for solr, which cannot be installed here.
pub(crate) struct WebServer {
    pub(crate) address: SocketAddr,
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl WebServer {
    /// Starts one that gives these answers, of status and body, one after the other, and the last one for ever.
    pub(crate) fn answering(answers: &'static [(u16, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let answered = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (count, stopped) = (Arc::clone(&answered), Arc::clone(&stop));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                // Whoever only connects is not counted.
                if read_request(&stream) {
                    let next = count.fetch_add(1, Ordering::SeqCst);
                    answer(stream, answers[next.min(answers.len() - 1)]);
                }
            }
        });
        Self { address, answered, stop }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests it has answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // It waits for a connection; this is its last one.
        drop(TcpStream::connect(self.address));
    }
}

fn read_request(stream: &TcpStream) -> bool {
    let mut lines = BufReader::new(stream).lines();
    let Some(Ok(first)) = lines.next() else { return false };
    first.starts_with("GET ") && lines.any(|line| line.is_ok_and(|line| line.is_empty()))
}

fn answer(mut stream: TcpStream, (status, body): (u16, &str)) {
    // Whoever asked may be gone by now.
    _ = write!(stream, "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
}
