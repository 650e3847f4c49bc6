//! What hosts do to get a password out of somebody, and what they do with it.

use std::io;
use std::sync::{Arc, Mutex};

use runsheet_hostile::Peer;
use runsheet_hostile::wire::{
    DISCONNECT, Fields, Message, USERAUTH_BANNER, USERAUTH_FAILURE, USERAUTH_INFO_RESPONSE, USERAUTH_PK_OK,
    USERAUTH_REQUEST,
};
use runsheet_model::{Phase, Secret, SecretName, SshOptions, Unreachable};
use runsheet_ssh::SshConnector;
use runsheet_task::{Connected, Connector};

use super::stage::{Stage, impatience, is_safe};

const PASSWORD: &str = "c4n4ry-password";

/// All that a host has heard since somebody began to log in.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    fn add(&self, payload: &[u8]) {
        self.0.lock().expect("whole").extend_from_slice(payload);
    }

    fn times(&self) -> usize {
        String::from_utf8_lossy(&self.0.lock().expect("whole")).matches(PASSWORD).count()
    }
}

/// The questions of one message, each with whether its answer is shown.
type Questions = Vec<(&'static str, bool)>;

fn ask(questions: &Questions) -> Vec<u8> {
    let mut message = Message::new(USERAUTH_PK_OK).string("").string("").string("");
    message = message.number(u32::try_from(questions.len()).expect("few"));
    for (question, echo) in questions {
        message = message.string(question).byte(u8::from(*echo));
    }
    message.done()
}

fn refuse(methods: &str) -> Vec<u8> {
    Message::new(USERAUTH_FAILURE).string(methods).byte(0).done()
}

/// Takes somebody to the point where only these methods are left.
async fn turn_to(peer: &mut Peer, methods: &str) -> io::Result<()> {
    peer.greet().await?;
    peer.agree().await?;
    peer.begin_login().await?;
    peer.send(&refuse(methods)).await
}

async fn connect(stage: &Stage) -> Result<Connected, Unreachable> {
    connect_with(stage, SshOptions::default()).await
}

async fn connect_with(stage: &Stage, options: SshOptions) -> Result<Connected, Unreachable> {
    let name = SecretName::new("password").expect("a name");
    let password = Secret::new(PASSWORD.to_owned());
    let connector = SshConnector::with_password(impatience(), &name, password).expect("it can be hidden");
    let mut endpoint = stage.endpoint();
    endpoint.target.options = Arc::new(options);
    connector.connect(&endpoint).await
}

/// A host that asks one message of questions after the other, and refuses in the end.
async fn asking(rounds: Vec<Questions>) -> (Stage, Heard) {
    let heard = Heard::default();
    let stage = Stage::new({
        let heard = heard.clone();
        move |mut peer| {
            let (rounds, heard) = (rounds.clone(), heard.clone());
            async move {
                turn_to(&mut peer, "keyboard-interactive").await?;
                peer.expect(USERAUTH_REQUEST).await?;
                for questions in &rounds {
                    peer.send(&ask(questions)).await?;
                    heard.add(&peer.expect(USERAUTH_INFO_RESPONSE).await?);
                }
                peer.send(&refuse("keyboard-interactive,password")).await?;
                loop {
                    heard.add(&peer.receive().await?);
                }
            }
        }
    })
    .await;
    (stage, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_hidden_question_gets_the_password_and_anything_else_is_named() {
    let odd: [(Vec<Questions>, usize, &str); 6] = [
        (vec![vec![("Your name: ", true)]], 0, "it asks `Your name:`"),
        (vec![vec![("Password: ", false), ("Token: ", false)]], 0, "it asks `Password: | Token:`"),
        (vec![vec![("\x1b[2Jgive\rit\u{202e}: ", true)]], 0, "it asks `\\x1b[2Jgive"),
        (vec![vec![("Password: ", false)], vec![("New password: ", false)]], 1, "it asks `New password:`"),
        (vec![vec![("Password: ", false)], vec![("Password: ", false)]], 1, "after the password it asks `Password:`"),
        (vec![Vec::new(); 20], 0, "it goes on without asking anything"),
    ];
    for (rounds, times, said) in odd {
        let (stage, heard) = asking(rounds).await;

        let refused = connect(&stage).await.err().expect("refused");

        assert_eq!((refused.phase, refused.transient), (Phase::Login, false), "{}", refused.reason);
        assert!(refused.reason.contains(said), "{said}: {}", refused.reason);
        assert!(is_safe(&refused.reason), "{:?}", refused.reason);
        assert_eq!(heard.times(), times, "{said}");
        assert_eq!(stage.host.connections(), 1, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_once_though_the_host_would_take_another() {
    let (stage, heard) = asking(vec![vec![("Password: ", false)], Vec::new()]).await;

    let refused = connect(&stage).await.err().expect("refused");

    assert!(refused.reason.contains("the password; it accepts"), "{}", refused.reason);
    assert_eq!((heard.times(), stage.host.connections()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_a_host_says_back_is_not_told() {
    for ending in [Message::new(DISCONNECT).number(2).string(PASSWORD).string("").done(), refuse("publickey")] {
        let stage = Stage::new(move |mut peer| {
            let ending = ending.clone();
            async move {
                turn_to(&mut peer, "password").await?;
                let said = peer.expect(USERAUTH_REQUEST).await?;
                assert!(String::from_utf8_lossy(&said).contains(PASSWORD), "it has to hear it");
                peer.send(&Message::new(USERAUTH_BANNER).string(format!("so {PASSWORD}")).string("").done()).await?;
                peer.send(&ending).await?;
                peer.hold().await;
                Ok(())
            }
        })
        .await;

        let refused = connect(&stage).await.err().expect("refused");

        assert!(refused.reason.contains("so ********"), "{}", refused.reason);
        assert!(!refused.reason.contains("c4n4ry"), "{}", refused.reason);
        assert!(!refused.transient);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_answer_a_password_is_not_told_it_again() {
    // The second is what asks for a new password (RFC 4252 §8).
    for answer in [None, Some(Message::new(USERAUTH_PK_OK).string("expired").string("").done())] {
        let stage = Stage::new(move |mut peer| {
            let answer = answer.clone();
            async move {
                turn_to(&mut peer, "password").await?;
                peer.expect(USERAUTH_REQUEST).await?;
                if let Some(answer) = answer {
                    peer.send(&answer).await?;
                }
                peer.hold().await;
                Ok(())
            }
        })
        .await;

        let refused = connect(&stage).await.err().expect("refused");

        assert_eq!((refused.phase, refused.transient), (Phase::Login, false), "{}", refused.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_whose_key_is_not_on_record_does_not_hear_the_password() {
    let (stage, heard) = asking(vec![vec![("Password: ", false)]]).await;
    std::fs::write(stage.known_hosts(), "").expect("written");

    let refused = connect(&stage).await.err().expect("refused");

    assert_eq!(refused.phase, Phase::HostKey, "{}", refused.reason);
    assert_eq!(heard.times(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_a_host_is_asked_what_it_takes_and_gets_the_password() {
    let stage = Stage::new(|mut peer| async move {
        turn_to(&mut peer, "password").await?;
        let said = peer.expect(USERAUTH_REQUEST).await?;
        peer.accept(&said).await?;
        peer.hold().await;
        Ok(())
    })
    .await;
    std::fs::remove_file(stage.folder().join("identity")).expect("removed");

    assert!(connect(&stage).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_ssh_config_forbids_is_not_used_for_the_password() {
    let either = SshOptions::default;
    for (options, way) in [
        (SshOptions { keyboard_interactive: false, ..either() }, Some("password")),
        (SshOptions { password: false, ..either() }, Some("keyboard-interactive")),
        (SshOptions { password: false, keyboard_interactive: false, ..either() }, None),
    ] {
        let asked = Arc::new(Mutex::new(None));
        let stage = Stage::new({
            let asked = Arc::clone(&asked);
            move |mut peer| {
                let asked = Arc::clone(&asked);
                async move {
                    turn_to(&mut peer, "password,keyboard-interactive").await?;
                    let request = peer.expect(USERAUTH_REQUEST).await?;
                    let mut fields = Fields::of(&request);
                    fields.byte()?;
                    let (_user, _service, method) = (fields.string()?, fields.string()?, fields.string()?);
                    *asked.lock().expect("whole") = Some(String::from_utf8_lossy(method).into_owned());
                    peer.send(&refuse("password,keyboard-interactive")).await?;
                    peer.hold().await;
                    Ok(())
                }
            }
        })
        .await;

        let refused = connect_with(&stage, options).await.err().expect("refused");

        assert_eq!(refused.phase, Phase::Login, "{}", refused.reason);
        assert_eq!(asked.lock().expect("whole").as_deref(), way);
    }
}
