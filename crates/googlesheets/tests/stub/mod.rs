//! A stand-in for Google: the token endpoint and the part of the Sheets API that is used, as their documentation tells
//! (<https://developers.google.com/identity/protocols/oauth2/service-account>,
//! <https://developers.google.com/workspace/sheets/api/reference/rest>). It is not Google, and cannot show what Google does beyond
//! what is written there.

#![allow(
    clippy::allow_attributes,
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each of its users needs another part of it"
)]

mod api;
mod http;
mod key;
mod mask;
mod sheet;
mod tokens;

use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub use self::http::Asked;
pub use self::key::TestKey;
pub use self::sheet::{StubCell, StubSheet, StubTab};

use self::http::{read_request, write_answer};

/// The service account that it knows.
pub const EMAIL: &str = "deploys@example-project.iam.gserviceaccount.com";

/// What goes wrong with one request of the API.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is refused with a status, and perhaps a `Retry-After`.
    Status(u16, Option<&'static str>),
    /// Nothing goes wrong.
    None,
    /// It is not answered at all.
    Silence,
    /// It is done, and the answer is lost.
    LostAnswer,
    /// It is sent elsewhere.
    Redirect(String),
    /// The token is not taken any more.
    Expired,
    /// The error repeats the request's token.
    Echo,
    /// The answer has no end.
    Endless,
}

/// What it knows and has seen.
pub struct State {
    pub sheets: BTreeMap<String, StubSheet>,
    /// What goes wrong with the next requests of the API, one each.
    pub faults: VecDeque<Fault>,
    /// What goes wrong with the next requests for tokens.
    pub token_faults: VecDeque<Fault>,
    /// The requests of the API, oldest first, those that went wrong among them.
    pub asked: Vec<Asked>,
    /// The tokens that it gave.
    pub tokens: Vec<String>,
    /// How many seconds its tokens are good for.
    pub expires_in: u64,
    public_key: Vec<u8>,
}

/// The stand-in, on a free port of this machine.
pub struct GoogleStub {
    address: SocketAddr,
    key: TestKey,
    state: Arc<Mutex<State>>,
    over: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl GoogleStub {
    /// Starts it, with one spreadsheet.
    pub fn start(id: &str, sheet: StubSheet) -> Self {
        let key = TestKey::make();
        let state = Arc::new(Mutex::new(State {
            sheets: BTreeMap::from([(id.to_owned(), sheet)]),
            faults: VecDeque::new(),
            token_faults: VecDeque::new(),
            asked: Vec::new(),
            tokens: Vec::new(),
            expires_in: 3599,
            public_key: key.public_der(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let over = Arc::new(AtomicBool::new(false));
        let server = {
            let (state, over) = (state.clone(), over.clone());
            thread::spawn(move || {
                for stream in listener.incoming() {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let (state, over) = (state.clone(), over.clone());
                    let stream = stream.expect("a connection");
                    thread::spawn(move || serve(&stream, address, &state, &over));
                }
            })
        };
        Self { address, key, state, over, server: Some(server) }
    }

    /// Where the API answers.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The JSON of a key file with which one is let in.
    pub fn key_file(&self) -> String {
        self.key_file_of(&self.key)
    }

    /// The JSON of a key file with another key.
    pub fn key_file_of(&self, key: &TestKey) -> String {
        serde_json::json!({
            "type": "service_account",
            "project_id": "example-project",
            "private_key_id": "1234",
            "private_key": key.pem(),
            "client_email": EMAIL,
            "token_uri": format!("{}/token", self.base_url()),
        })
        .to_string()
    }

    /// What it knows and has seen.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked")
    }

    /// Lets the next requests of the API go wrong.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    /// How many requests of the API it has seen.
    pub fn requests(&self) -> usize {
        self.state().asked.len()
    }
}

impl Drop for GoogleStub {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // It waits for a connection; this is one.
        _ = TcpStream::connect(self.address);
        if let Some(server) = self.server.take() {
            _ = server.join();
        }
    }
}

/// Answers one request.
fn serve(mut stream: &TcpStream, address: SocketAddr, state: &Mutex<State>, over: &AtomicBool) {
    let Some(asked) = read_request(stream) else { return };
    let mut guard = state.lock().expect("nobody panicked");
    let token_request = asked.path == "/token";
    let fault = if token_request { guard.token_faults.pop_front() } else { guard.faults.pop_front() };
    if !token_request {
        guard.asked.push(asked.clone());
    }
    let mut extra = String::new();
    let answer = match &fault {
        Some(Fault::Status(status, retry_after)) => {
            extra = retry_after.map(|after| format!("Retry-After: {after}\r\n")).unwrap_or_default();
            (*status, api::error(*status, "Quota exceeded for quota metric 'Write requests'").1)
        }
        Some(Fault::Redirect(to)) => {
            extra = format!("Location: {to}\r\n");
            (307, serde_json::json!({}))
        }
        Some(Fault::Expired) => api::error(401, "Request had invalid authentication credentials."),
        Some(Fault::Echo) => api::error(400, &format!("what is {}?", asked.authorization)),
        Some(Fault::Silence | Fault::Endless) => (0, serde_json::Value::Null),
        Some(Fault::LostAnswer | Fault::None) | None if token_request => {
            tokens::give(&mut guard, &asked.body, &format!("http://{address}/token"))
        }
        Some(Fault::LostAnswer | Fault::None) | None => api::answer(&mut guard, &asked),
    };
    drop(guard);
    match fault {
        Some(Fault::Silence | Fault::LostAnswer) => wait_for_end(over),
        Some(Fault::Endless) => _ = http::write_endless(&mut stream),
        _ => _ = write_answer(&mut stream, answer.0, &extra, &answer.1.to_string()),
    }
}

/// Keeps a connection open and silent.
fn wait_for_end(over: &AtomicBool) {
    for _ in 0..600 {
        if over.load(Ordering::SeqCst) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
