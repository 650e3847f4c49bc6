//! File servers that lie.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use runsheet_hostile::wire::Message;
use runsheet_hostile::{FilePeer, FileRequest, Peer};
use runsheet_model::LostReason;
use runsheet_task::{Content, Download, RemoteError, Transfer, Upload};

use super::stage::{ALL, Memory, Stage, is_safe, limits};

const OPEN: u8 = 3;
const READ: u8 = 5;
const WRITE: u8 = 6;
const FSTAT: u8 = 8;
const OPENDIR: u8 = 11;
const READDIR: u8 = 12;
const STAT: u8 = 17;
const EXTENDED: u8 = 200;

const OK: u32 = 0;
const END: u32 = 1;
const ABSENT: u32 = 2;
const FAILURE: u32 = 4;

/// The most that a file may have here.
const CAP: u64 = 1024 * 1024;

/// Longer than one answer may take.
const LIMIT: Duration = Duration::from_secs(6);

/// How a server answers.
type Lie = Box<dyn Fn(&FileRequest) -> Answer + Send + Sync>;

/// What a server does about a request.
enum Answer {
    /// What an honest one does.
    Honest,
    /// It sends these packets.
    Packets(Vec<Vec<u8>>),
    /// It sends these bytes, in no packet.
    Raw(Vec<u8>),
    /// It sends this packet until nobody listens.
    ForEver(Vec<u8>),
    /// Nothing, ever.
    Silence,
}

/// What a server says of its extensions: that it can rename over a file.
fn extensions() -> Vec<u8> {
    Message::empty().string("posix-rename@openssh.com").string("1").done()
}

async fn server(answer: impl Fn(&FileRequest) -> Answer + Send + Sync + 'static) -> Stage {
    let answer = Arc::new(answer);
    Stage::new(move |peer| serve(peer, Arc::clone(&answer))).await
}

async fn serve(mut peer: Peer, answer: Arc<impl Fn(&FileRequest) -> Answer + Send + Sync + 'static>) -> io::Result<()> {
    peer.arrive().await?;
    let mut files = FilePeer::start(peer, &extensions()).await?;
    loop {
        let request = files.request().await?;
        match answer(&request) {
            Answer::Honest => match request.kind {
                OPEN => files.handle(&request, b"h").await?,
                FSTAT => files.is_file(&request, 4).await?,
                STAT => files.status(&request, ABSENT, "").await?,
                READ => files.status(&request, END, "").await?,
                _ => files.status(&request, OK, "").await?,
            },
            Answer::Packets(packets) => {
                for packet in packets {
                    files.send(&packet).await?;
                }
            }
            Answer::Raw(bytes) => files.send_raw(&bytes).await?,
            Answer::ForEver(packet) => loop {
                files.send(&packet).await?;
            },
            Answer::Silence => {
                files.peer().hold().await;
                return Ok(());
            }
        }
    }
}

fn handle(id: u32, handle: impl AsRef<[u8]>) -> Vec<u8> {
    Message::new(102).number(id).string(handle).done()
}

fn data(id: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    Message::new(103).number(id).string(bytes).done()
}

fn status(id: u32, status: u32, says: &str) -> Vec<u8> {
    Message::new(101).number(id).number(status).string(says).string("").done()
}

fn attributes(id: u32, size: u64, mode: u32) -> Vec<u8> {
    Message::new(105).number(id).number(1 | 4).long(size).number(mode).done()
}

async fn get(stage: &Stage) -> Result<Transfer, RemoteError> {
    fetch(stage, false).await
}

async fn fetch(stage: &Stage, folder: bool) -> Result<Transfer, RemoteError> {
    let target = stage.folder().join("in");
    fs::create_dir_all(&target).expect("a folder");
    let download = Download {
        source: "/etc/motd".to_owned(),
        target: target.join("motd"),
        cap: CAP,
        folder,
        moved: Arc::default(),
    };
    let connected = stage.connect().await.expect("connected");
    let limits = limits(LIMIT);
    tokio::time::timeout(ALL, connected.remote.get(&download, &limits)).await.expect("it ends")
}

async fn put(stage: &Stage) -> Result<Transfer, RemoteError> {
    let content = Content::Bytes(Arc::from(&b"new\n"[..]));
    let target = "/etc/motd".to_owned();
    let upload = Upload { content, target, mode: Some(0o644), sha256: None, folders: false, moved: Arc::default() };
    let connected = stage.connect().await.expect("connected");
    let limits = limits(LIMIT);
    tokio::time::timeout(ALL, connected.remote.put(&upload, &limits)).await.expect("it ends")
}

/// Every path below a folder.
fn paths(folder: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(paths(&path));
        }
        all.insert(path.display().to_string());
    }
    all
}

/// Fetches a file from a server that answers in its own way. That has to fail, soon, with little memory, and to leave
/// nothing behind.
async fn refused(what: &str, answer: impl Fn(&FileRequest) -> Answer + Send + Sync + 'static) {
    refused_as(what, false, answer).await;
}

async fn refused_as(what: &str, folder: bool, answer: impl Fn(&FileRequest) -> Answer + Send + Sync + 'static) {
    let stage = server(answer).await;
    let before = paths(stage.folder());
    let memory = Memory::now();
    match fetch(&stage, folder).await {
        Ok(transfer) => panic!("{what}: {transfer:?}"),
        Err(error) => assert!(is_safe(&error.to_string()), "{what}: {error}"),
    }
    memory.has_grown_by_less_than(8, what);
    // What is half there is removed by a thread of its own.
    let deadline = std::time::Instant::now() + ALL;
    loop {
        let mut after = paths(stage.folder());
        after.remove(&stage.folder().join("in").display().to_string());
        if after == before {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{what}: {after:?} is there, and {before:?} was");
        tokio::task::yield_now().await;
    }
}

/// Answers requests of one kind, and the others as an honest server does.
fn to(
    kind: u8,
    answer: impl Fn(u32) -> Answer + Send + Sync + 'static,
) -> impl Fn(&FileRequest) -> Answer + Send + Sync {
    move |request| if request.kind == kind { answer(request.id) } else { Answer::Honest }
}

fn one(packet: Vec<u8>) -> Answer {
    Answer::Packets(vec![packet])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_server_sends_instead_of_a_file_is_not_taken_for_one() {
    let long = u32::MAX.to_be_bytes();
    refused("more than was asked for", to(READ, |id| one(data(id, vec![0; 32 * 1024 + 1])))).await;
    refused("much more than was asked for", to(READ, |id| one(data(id, vec![0; 250 * 1024])))).await;
    refused("nothing, as data", to(READ, |id| one(data(id, [])))).await;
    refused("a file without an end", to(READ, |id| one(data(id, vec![0; 32 * 1024])))).await;
    refused("a byte at a time without an end", to(READ, |id| one(data(id, [0])))).await;
    refused("data of 4 GiB", to(READ, move |id| one(Message::new(103).number(id).raw(long).raw([0; 64]).done()))).await;
    refused("a packet of 4 GiB", to(READ, move |_| Answer::Raw([&long[..], &[0; 4096]].concat()))).await;
    refused("a packet of 2 GiB", to(READ, |_| Answer::Raw([&[0x7f, 255, 255, 255][..], &[0; 4096]].concat()))).await;
    refused("a packet of nothing", to(READ, |_| Answer::Raw(vec![0; 4]))).await;
    refused("a handle of 4 GiB", to(OPEN, move |id| one(Message::new(102).number(id).raw(long).raw("h").done()))).await;
    refused("a handle of a MiB", to(OPEN, |id| one(handle(id, vec![b'h'; 1024 * 1024])))).await;
    refused("data instead of a handle", to(OPEN, |id| one(data(id, "x")))).await;
    refused("a success instead of a handle", to(OPEN, |id| one(status(id, OK, "")))).await;
    refused("a success instead of data", to(READ, |id| one(status(id, OK, "")))).await;
    refused("an answer to another question", to(READ, |id| one(data(id.wrapping_add(77), "x")))).await;
    refused("an answer of no kind", to(READ, |id| one(Message::new(222).number(id).done()))).await;
    refused("answers without an end", to(OPEN, |id| Answer::ForEver(data(id, vec![0; 1024])))).await;
    refused("silence about the file", to(OPEN, |_| Answer::Silence)).await;
    refused("silence about its size", to(FSTAT, |_| Answer::Silence)).await;
    refused("silence about its content", to(READ, |_| Answer::Silence)).await;
    for (what, mode) in [("folder", 0o040_755), ("pipe", 0o010_644), ("link", 0o120_777), ("device", 0o020_666)] {
        refused(what, to(FSTAT, move |id| one(attributes(id, 4, mode)))).await;
    }
    let says = "\x1b]0;owned\x07\x1b[2J\u{202e}no\n[web2] ok".repeat(1_000);
    refused("a refusal with escapes", to(OPEN, move |id| one(status(id, FAILURE, &says)))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_server_says_of_sizes_and_names_is_not_what_is_written() {
    for size in [0, 1, 1 << 63, u64::MAX] {
        // It sends the same three bytes, whatever it has said of them.
        let stage = server(move |request| match request.kind {
            OPEN => one(handle(request.id, "../../../../etc/passwd")),
            FSTAT => one(attributes(request.id, size, 0o104_777)),
            READ if request.rest.ends_with(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 0]) => one(data(request.id, "abc")),
            _ => Answer::Honest,
        })
        .await;
        let memory = Memory::now();
        let transfer = get(&stage).await.unwrap_or_else(|error| panic!("{size}: {error}"));
        assert_eq!(transfer.bytes, 3);
        let target = stage.folder().join("in");
        assert_eq!(paths(&target), BTreeSet::from([target.join("motd").display().to_string()]));
        assert_eq!(fs::read(target.join("motd")).expect("fetched"), b"abc");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(target.join("motd")).expect("there").permissions());
        assert_eq!(mode & 0o7777, 0o600, "the host chose the mode");
        memory.has_grown_by_less_than(8, "sizes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_server_that_does_not_keep_what_it_was_sent_is_found_out() {
    let lies: Vec<(&str, Lie)> = vec![
        ("another size", Box::new(to(FSTAT, |id| one(attributes(id, 3, 0o100_600))))),
        ("a refusal to write", Box::new(to(WRITE, |id| one(status(id, FAILURE, "\x1b[2Jno"))))),
        ("an end of the file", Box::new(to(WRITE, |id| one(status(id, END, ""))))),
        ("data instead of an answer", Box::new(to(WRITE, |id| one(data(id, "x"))))),
        ("silence", Box::new(to(WRITE, |_| Answer::Silence))),
        ("a refusal to make it", Box::new(to(OPEN, |id| one(status(id, FAILURE, &"x".repeat(100_000)))))),
        ("a target that is a pipe", Box::new(to(STAT, |id| one(attributes(id, 0, 0o010_644))))),
        ("a refusal to rename", Box::new(to(EXTENDED, |id| one(status(id, FAILURE, ""))))),
    ];
    for (what, lie) in lies {
        let stage = server(lie).await;
        let error = put(&stage).await.err().unwrap_or_else(|| panic!("{what}: it was taken for sent"));
        assert!(!matches!(error, RemoteError::Lost { .. }), "{what}: {error:?}");
        assert!(is_safe(&error.to_string()), "{what}: {error}");
    }
    // Nobody knows which of the two files is there now.
    for unanswered in [Answer::Silence, Answer::Raw(vec![255; 64])] {
        let unanswered = std::sync::Mutex::new(Some(unanswered));
        let stage = server(move |request| match request.kind {
            EXTENDED => unanswered.lock().expect("no panic").take().unwrap_or(Answer::Silence),
            _ => Answer::Honest,
        })
        .await;
        let end = put(&stage).await;
        let reason = LostReason::RenameUnanswered;
        assert!(matches!(end, Err(RemoteError::Lost { reason: r }) if r == reason), "{end:?}");
    }
    let honest = server(|_| Answer::Honest).await;
    assert_eq!(put(&honest).await.expect("sent").bytes, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_begin_sftp_as_it_should_is_told_so() {
    let greetings: [&[u8]; 7] = [
        b"Welcome to web1!\n\x1b[2J",
        &[255; 64],
        &[0x7f, 255, 255, 255, 2, 0, 0, 0, 3],
        &[0, 0, 0, 5, 2, 0, 0, 3, 231],
        &[0, 0, 0, 9, 2, 0, 0, 0, 3, 255, 255, 255, 255],
        &[0, 0, 0, 0],
        b"",
    ];
    for greeting in greetings {
        let stage = Stage::new(move |mut peer| async move {
            peer.arrive().await?;
            let session = peer.session().await?;
            peer.send(&session.out(greeting)).await?;
            peer.hold().await;
            Ok(())
        })
        .await;
        let memory = Memory::now();
        let error = get(&stage).await.expect_err("it does not speak SFTP");
        assert!(is_safe(&error.to_string()), "{greeting:?}: {error}");
        memory.has_grown_by_less_than(8, "greetings");
    }
}

/// The kinds of things in a folder, as modes.
const FILE: u32 = 0o100_644;
const FOLDER: u32 = 0o040_755;
const LINK: u32 = 0o120_777;

/// A page of names.
fn names(id: u32, names: &[(&[u8], u32)]) -> Vec<u8> {
    let page = Message::new(104).number(id).number(u32::try_from(names.len()).expect("few"));
    let all = names.iter().fold(page, |page, (name, mode)| {
        page.string(name).string("-rw-r--r-- 1 root root 4 Jan 1 ../../x").number(4).number(*mode)
    });
    all.done()
}

/// A server of a folder; each listing is one page of these names, and then its end.
fn folder_of(found: Vec<(Vec<u8>, u32)>) -> impl Fn(&FileRequest) -> Answer + Send + Sync + 'static {
    let listed = std::sync::atomic::AtomicBool::new(false);
    move |request| match request.kind {
        STAT => one(attributes(request.id, 4, FOLDER)),
        OPENDIR => one(handle(request.id, "d")),
        READDIR if listed.swap(true, std::sync::atomic::Ordering::Relaxed) => one(status(request.id, END, "")),
        READDIR => {
            let found: Vec<_> = found.iter().map(|(name, mode)| (name.as_slice(), *mode)).collect();
            one(names(request.id, &found))
        }
        _ => Answer::Honest,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_a_folder_lead_nowhere_else() {
    for name in ["../x", "/etc/cron.d/x", "a/../../x", "..//x", "", "a\0b", "a/b", &"x".repeat(300)] {
        for mode in [FILE, FOLDER, LINK] {
            let found = folder_of(vec![(b"ok".to_vec(), FILE), (name.as_bytes().to_vec(), mode)]);
            refused_as(&format!("{name:?} {mode:o}"), true, found).await;
        }
    }
    let twice = |mode, again| folder_of(vec![(b"x".to_vec(), mode), (b"x".to_vec(), again)]);
    refused_as("a file twice", true, twice(FILE, FILE)).await;
    refused_as("a folder that is a file as well", true, twice(FOLDER, FILE)).await;
    refused_as("a link that is a file as well", true, twice(LINK, FILE)).await;

    // A name that is no text is left out, and told.
    let stage = server(folder_of(vec![(b"ok".to_vec(), FILE), (vec![b'a', 0xff], FILE)])).await;
    let transfer = fetch(&stage, true).await.expect("fetched");
    assert_eq!((transfer.files, transfer.left_out.len()), (1, 1), "{transfer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_an_end_is_not_taken() {
    let listing = |answer: fn(u32) -> Answer| {
        move |request: &FileRequest| match request.kind {
            STAT => one(attributes(request.id, 4, FOLDER)),
            OPENDIR => one(handle(request.id, "d")),
            READDIR => answer(request.id),
            _ => Answer::Honest,
        }
    };
    refused_as("folders in folders", true, listing(|id| one(names(id, &[(&b"down"[..], FOLDER)])))).await;
    refused_as("nothing, again and again", true, listing(|id| one(names(id, &[])))).await;
    refused_as("names without an end", true, listing(|id| one(names(id, &vec![(&b"a"[..], FILE); 1000])))).await;
    refused_as("a count that is a lie", true, listing(|id| one(Message::new(104).number(id).number(u32::MAX).done())))
        .await;
    refused_as("silence", true, listing(|_| Answer::Silence)).await;
    refused_as("a handle instead of names", true, listing(|id| one(handle(id, "x")))).await;
}
