//! Our reading of ssh_config against that of the OpenSSH client on this machine.
//!
//! The hand-written configs are the files in `tests/configs`; those named `bad-…` are refused by both.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::openssh::{OpenSsh, Settings, run, settings};
use crate::support::Folder;

/// Copies the configs to a folder that nobody else may write, where they find each other.
fn corpus(folder: &Folder) -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let copy = |from: &Path, name: &str| {
        let text = fs::read_to_string(from).expect("a config");
        folder.file(name, text.replace("@here@", &folder.path().to_string_lossy()))
    };
    let files = |of: &Path| {
        let entries = fs::read_dir(of).expect("the configs").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.is_file()).collect::<BTreeSet<_>>()
    };
    for part in files(&source.join("parts")) {
        copy(&part, &format!("parts/{}", part.file_name().expect("a name").to_string_lossy()));
    }
    files(&source).iter().map(|file| copy(file, &file.file_name().expect("a name").to_string_lossy())).collect()
}

#[test]
fn hand_written_configs_are_read_as_openssh_reads_them() {
    let ssh = OpenSsh::get();
    let folder = Folder::new();
    let configs = corpus(&folder);
    let (bad, good): (Vec<_>, Vec<_>) = configs
        .iter()
        .partition(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("bad-")));
    assert!(good.len() >= 40, "{} configs", good.len());
    for config in good {
        let asked = ["web1", "WEB2", "db1", "other", "10.0.0.7"];
        for name in asked {
            assert_eq!(ssh.differs(config, name), None, "{}", config.display());
        }
    }
    for config in bad {
        assert!(settings(&run(config, "web1")).is_err(), "{} is good to ssh", config.display());
        assert!(ssh.ours(config, "web1").is_err(), "{} is good to us", config.display());
    }
}

#[test]
fn lists_of_algorithms_mean_to_us_what_they_mean_to_openssh() {
    let ssh = OpenSsh::get();
    let folder = Folder::new();
    let of = |lists: &Settings, keyword: &str| -> Vec<String> {
        lists[keyword].iter().flat_map(|list| list.split(',')).map(str::to_owned).collect()
    };
    let both = |config: &str| {
        let file = folder.file("config", config);
        let theirs = settings(&run(&file, "web1")).expect("it is good to ssh");
        (theirs, ssh.all_of_ours(&file, "web1").expect("it is good to us"))
    };
    let (their_defaults, our_defaults) = both("");
    let values = [
        ("Ciphers", "aes256-ctr,aes128-cbc,aes128-ctr"),
        ("Ciphers", "+aes128-cbc"),
        ("Ciphers", "-aes*-ctr,chacha*"),
        ("Ciphers", "^aes128-gcm@openssh.com,aes128-ctr"),
        ("MACs", "hmac-sha2-256,umac-64@openssh.com,hmac-sha2-512-etm@openssh.com"),
        ("MACs", "-*etm*,hmac-sha1"),
        ("MACs", "^hmac-sha2-256"),
        ("KexAlgorithms", "ecdh-sha2-nistp521,sntrup761x25519-sha512@openssh.com,curve25519-sha256"),
        ("KexAlgorithms", "-ecdh*,*group1?-*"),
        ("KexAlgorithms", "+diffie-hellman-group14-sha1"),
        ("HostKeyAlgorithms", "rsa-sha2-*,ssh-ed25519"),
        ("HostKeyAlgorithms", "-*-cert-v01@openssh.com"),
        ("HostKeyAlgorithms", "^ssh-ed25519,ecdsa-sha2-nistp256-cert-v01@openssh.com"),
        ("HostKeyAlgorithms", "+ssh-rsa"),
    ];
    for (keyword, value) in values {
        let lower = keyword.to_ascii_lowercase();
        let (theirs, ours) = both(&format!("{keyword} {value}\n"));
        let (mut theirs, mut ours) = (of(&theirs, &lower), of(&ours, &lower));
        let (their_defaults, our_defaults) = (of(&their_defaults, &lower), of(&our_defaults, &lower));
        let signed = value.starts_with(['+', '-', '^']);
        // What only one of them has stays out; the order of defaults, and of what a wildcard means, is everybody's own.
        theirs.retain(|name| our_defaults.contains(name));
        ours.retain(|name| !signed || their_defaults.contains(name));
        if value.starts_with('^') {
            assert_eq!(ours[0], theirs[0], "{keyword} {value}");
        }
        if signed {
            theirs.retain(|name| their_defaults.contains(name));
        }
        if signed || value.contains('*') {
            theirs.sort();
            ours.sort();
        }
        assert!(!ours.is_empty());
        assert_eq!(ours, theirs, "{keyword} {value}");
    }
}

fn setting() -> impl Strategy<Value = String> {
    let chosen = |list: &'static [&'static str]| prop::sample::select(list.to_vec());
    let whole = chosen(&[
        "IdentityFile none",
        "IdentityAgent none",
        "IdentityAgent SSH_AUTH_SOCK",
        "IdentitiesOnly yes",
        "IdentitiesOnly no",
        "ProxyJump none",
        "ProxyJump a.invalid:1,b.invalid:2",
        "ProxyJump %r@gate.invalid:1",
        "ProxyCommand none",
        "ProxyCommand nc -x p:1 %h %p",
        "ProxyCommand=exec ssh -W '[%h]:%p' %r@%n %k # x",
        "UserKnownHostsFile /a ~/b-%h",
        "UserKnownHostsFile none",
        "GlobalKnownHostsFile /g ~/h",
        "SendEnv LANG LC_* A",
        "SendEnv -LC_*",
        "SendEnv -*",
        "SetEnv A=1 B='two words'",
        "SetEnv C=3",
        "Compression yes",
        "# User comment",
        "",
    ]);
    let single = prop_oneof![
        ("HostName", chosen(&["%h.example.com", "10.0.0.1", "Web9", "2001:DB8::1"])),
        ("Port", chosen(&["2222", "7", "65535"])),
        ("User", chosen(&["alice", "web1", "bob"])),
        ("IdentityFile", chosen(&["~/.ssh/a", "/k/%h", "/k/%C-%i", "${KEYS}/%n", "%d/x"])),
        ("CertificateFile", chosen(&["~/.ssh/a-cert.pub", "/c/%r-%k", "/c/%L"])),
        ("IdentityAgent", chosen(&["/agent/%n", "~/agent", "${KEYS}/agent"])),
        ("ProxyJump", chosen(&["gate.invalid:1", "me@gate.invalid:1"])),
        ("StrictHostKeyChecking", chosen(&["accept-new", "no", "yes", "ask", "off", "True"])),
        ("HostKeyAlias", chosen(&["alias", "Other-Alias"])),
        ("ConnectTimeout", chosen(&["5", "2m", "1h5", "none", "0"])),
        ("ConnectionAttempts", chosen(&["1", "3"])),
        ("ServerAliveInterval", chosen(&["0", "30", "1m"])),
        ("ServerAliveCountMax", chosen(&["0", "2", "9"])),
        ("AddressFamily", chosen(&["any", "inet", "INET6"])),
        ("BindAddress", chosen(&["127.0.0.1", "::1", "localhost"])),
        ("ForwardAgent", chosen(&["yes", "no"])),
        ("PasswordAuthentication", chosen(&["yes", "No"])),
        ("KbdInteractiveAuthentication", chosen(&["true", "no"])),
        ("ChallengeResponseAuthentication", chosen(&["yes", "false"])),
    ];
    let written = (single, 0..6_usize).prop_map(|((keyword, value), form)| match form {
        0 => format!("{keyword}={value}"),
        1 => format!("{} = {value}", keyword.to_uppercase()),
        2 if keyword != "ProxyJump" => format!("{keyword}\t\"{value}\""),
        3 => format!("{} {value}  # why", keyword.to_lowercase()),
        _ => format!("{keyword} {value}"),
    });
    prop_oneof![2 => whole.prop_map(str::to_owned), 5 => written]
}

fn line() -> impl Strategy<Value = String> {
    let pattern = prop::sample::select(vec![
        "*",
        "web*",
        "web1",
        "?eb2",
        "db1",
        "!web1",
        "!db*",
        "*.example.com",
        "Web9",
        "web9",
    ]);
    let patterns = prop::collection::vec(pattern, 1..4);
    let list = patterns.clone().prop_map(|patterns| patterns.join(","));
    let subject =
        prop::sample::select(vec!["host", "originalhost", "user", "localuser", "!host", "!user", "!originalhost"]);
    let alone = prop::sample::select(vec![
        "all",
        "final",
        "canonical",
        "!final",
        "canonical all",
        "exec true",
        "!exec \"test %n = web1\"",
        "exec \"test %r = alice\"",
        "final host web*,*.com",
    ]);
    prop_oneof![
        3 => patterns.prop_map(|patterns| format!("Host {}", patterns.join(" "))),
        1 => (subject.clone(), list.clone()).prop_map(|(subject, list)| format!("Match {subject} {list}")),
        1 => (subject, list).prop_map(|(subject, list)| format!("Match originalhost=* {subject} \"{list}\"")),
        1 => alone.prop_map(|criteria| format!("Match {criteria}")),
        12 => setting().prop_map(|setting| format!("  {setting}")),
        1 => Just("  Include @here@/included".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_configs_are_read_as_openssh_reads_them(
        lines in prop::collection::vec(line(), 1..20),
        included in prop::collection::vec(line(), 0..8),
        name in prop::sample::select(vec!["web1", "web2", "db1"]),
    ) {
        // A jump host reads the same file; it must not be reached through itself.
        let config = format!("Host *.invalid\n  ProxyJump none\n  HostName %h\n  Port 22\nMatch all\n{}\n", lines.join("\n"));
        let folder = Folder::new();
        let here = folder.path().to_string_lossy();
        folder.file("included", included.join("\n").replace("Include @here@", "# No circle"));
        let file = folder.file("config", config.replace("@here@", &here));
        prop_assert_eq!(OpenSsh::get().differs(&file, name), None);
    }
}
