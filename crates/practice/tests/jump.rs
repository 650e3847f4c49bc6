use runsheet_practice::Fleet;
use tokio::process::Command;

use crate::client::{finish, fleet, host, options, stderr, stdout};

/// `ssh` to a host through another one, with the same options for both.
fn through(fleet: &Fleet, jump: &str, target: &str) -> Command {
    let (jump, target) = (host(fleet, jump).address(), host(fleet, target).address());
    let options = options(fleet);
    // `-J` would not pass on the options of the command line; this is what it does otherwise.
    let quoted = options.join(" ");
    let (ip, port, user) = (jump.ip(), jump.port(), fleet.user());
    let proxy = format!("ProxyCommand=/usr/bin/ssh {quoted} -p {port} -l {user} -W [%h]:%p {ip}");
    let mut ssh = Command::new("/usr/bin/ssh");
    ssh.args(&options)
        .args(["-o", &proxy, "-p", &target.port().to_string(), "-l", user])
        .arg(target.ip().to_string())
        .kill_on_drop(true);
    ssh
}

#[tokio::test]
async fn a_host_is_a_jump_host_for_another() {
    let fleet = fleet(&["bastion", "inner"]).await;
    let output = finish(through(&fleet, "bastion", "inner").arg("hostname; head -c 3000000 /dev/zero; exit 6")).await;
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(output.stdout.starts_with(b"inner\n"));
    assert_eq!(output.stdout.len(), "inner\n".len() + 3_000_000);
    assert_eq!(host(&fleet, "bastion").commands().len(), 0);
    assert_eq!(host(&fleet, "bastion").connections(), 1);
}

#[tokio::test]
async fn dash_j_works_with_a_configuration_file() {
    let fleet = fleet(&["bastion", "inner"]).await;
    let mut config = String::new();
    for host in fleet.hosts() {
        let (name, ip, port) = (host.name(), host.address().ip(), host.address().port());
        config += &format!("Host {name}\n HostName {ip}\n Port {port}\n");
    }
    let (user, identity, known) = (fleet.user(), fleet.identity().display(), fleet.known_hosts().display());
    config += &format!("Host *\n User {user}\n IdentityFile {identity}\n UserKnownHostsFile {known}\n");
    config += " StrictHostKeyChecking yes\n BatchMode yes\n IdentityAgent none\n";
    let file = fleet.folder().join("ssh_config");
    std::fs::write(&file, config).expect("a configuration file");
    let mut ssh = Command::new("/usr/bin/ssh");
    let output = finish(ssh.arg("-F").arg(&file).args(["-J", "bastion", "inner", "hostname"]).kill_on_drop(true)).await;
    assert_eq!(stdout(&output), "inner\n", "{}", stderr(&output));
}

#[tokio::test]
async fn nothing_is_forwarded_to_another_machine_or_to_a_closed_port() {
    let fleet = fleet(&["bastion"]).await;
    let address = host(&fleet, "bastion").address();
    for (target, reason) in [("192.0.2.1:80", "administratively prohibited"), ("127.77.0.0:1", "connect failed")] {
        let mut ssh = Command::new("/usr/bin/ssh");
        ssh.args(options(&fleet))
            .args(["-v", "-p", &address.port().to_string(), "-l", fleet.user()])
            .args(["-W", target])
            .arg(address.ip().to_string())
            .kill_on_drop(true);
        let output = finish(&mut ssh).await;
        assert!(!output.status.success());
        assert!(stderr(&output).contains(reason), "{target}: {}", stderr(&output));
    }
}
