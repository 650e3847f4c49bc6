//! Releases of a web service on real apaches behind a real HAProxy, under load: it is deployed and taken back with the sheets that are
//! ours, and neither HAProxy nor who makes the load may have seen a request fail.
//!
//! Needs root for the namespaces; says so loudly where there is none.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::case::Case;
use crate::support::balancer::{Balancer, Load};
use crate::support::fleet::Fleet;

const SHOP: usize = 4;
/// The host on which HAProxy runs.
const LB: &str = "web5";
/// The files of the service, by the path under which apache serves them.
const FILES: [&str; 4] = ["/version.txt", "/index.html", "/css/shop.css", "/img/logo.svg"];

/// What a file holds in a version: all tell it, so that no mixture goes unseen.
fn content(path: &str, version: &str) -> String {
    match path {
        "/version.txt" => format!("{version}\n"),
        path => format!("{path} of version {version}\n"),
    }
}

/// A tarball of the service as Bazel's `pkg_tar` makes one, by a real tar.
fn archive(case: &Case, version: &str) {
    let tree = case.path(&format!("tree-{version}"));
    for path in FILES {
        let file = tree.join("www").join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, content(path, version)).expect("a file");
    }
    fs::create_dir_all(case.path("dist")).expect("a folder");
    let made = Command::new("tar")
        .args(["--mtime=@0", "--owner=0", "--group=0", "-czf"])
        .arg(case.path(&format!("dist/shop-{version}.tar.gz")))
        .arg("-C")
        .args([&tree, Path::new("./www")])
        .status()
        .expect("tar");
    assert!(made.success());
}

/// A project with our sheets, and apaches that serve its first version.
fn start(fleet: &Fleet) -> Case {
    let mut hosts = String::new();
    for number in 1..=SHOP {
        hosts.push_str(&format!("      - web{number}: {{address: {}}}\n", fleet.address(&format!("web{number}"))));
    }
    let groups = format!(
        "defaults: {{user: root, identity: \"{}/id_ed25519\"}}\ngroups:\n  shop:\n    hosts:\n{hosts}  shop-lb:\n    hosts:\n      - lb1: {{address: {}}}\n",
        fleet.folder().display(),
        fleet.address(LB),
    );
    let sheet = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sheets").join(name);
        fs::read_to_string(path).expect("the sheet")
    };
    let known = fleet.folder().join("known_hosts");
    let case = Case::new()
        .file("hostgroups/shop.yaml", groups)
        .file("sheets/release.yaml", sheet("release.yaml"))
        .file("sheets/release-rollback.yaml", sheet("release-rollback.yaml"))
        .file("ssh_config", format!("UserKnownHostsFile {}\nGlobalKnownHostsFile none\n", known.display()))
        .flags(&["-F", "ssh_config"]);
    archive(&case, "1.0");
    archive(&case, "1.1");
    let site = "<VirtualHost *:80>\nDocumentRoot /srv/shop/current/www\n\
                CustomLog /var/log/apache2/access.log common\n</VirtualHost>\n\
                <Directory /srv/shop>\nRequire all granted\n</Directory>\n";
    for number in 1..=SHOP {
        let written = fleet
            .exec(&format!("web{number}"), &format!("printf '{site}' >/etc/apache2/sites-enabled/000-default.conf"));
        assert!(written.status.success(), "{written:?}");
    }
    let deploy = [
        "do",
        "release.deploy",
        "-g",
        "shop",
        "root=/srv/shop",
        "archive=dist/shop-1.0.tar.gz",
        "release=1.0",
        "shared=log/",
    ];
    case.run_with_flags(&deploy).exits(0);
    case.run_with_flags(&["do", "apache.start", "-g", "shop"]).exits(0);
    case
}

/// What every server answers, asked one by one and past HAProxy: all its files have to be of this version.
fn serves(fleet: &Fleet, version: &str) {
    for number in 1..=SHOP {
        let address = fleet.address(&format!("web{number}"));
        for path in FILES {
            let page = fleet.exec(LB, &format!("curl -sf http://{address}{path}"));
            assert_eq!(String::from_utf8_lossy(&page.stdout), content(path, version), "web{number}{path}");
        }
    }
}

/// What is on every server, out of its own files.
fn has(fleet: &Fleet, current: &str, revisions: &str) {
    for number in 1..=SHOP {
        let command = "cd /srv/shop && readlink current && ls releases && cut -d' ' -f2,3,6 revisions.log && \
                       find . releases -maxdepth 1 -name '.?*'";
        let found = fleet.exec(&format!("web{number}"), command);
        let expected = format!("releases/{current}\n1.0\n1.1\n{revisions}");
        assert_eq!(String::from_utf8_lossy(&found.stdout), expected, "web{number}: {found:?}");
    }
}

#[test]
fn fleet_gets_a_release_behind_haproxy_and_goes_back_without_losing_a_request() {
    let Some(fleet) = Fleet::up(SHOP + 1) else { return };
    let case = start(&fleet);
    serves(&fleet, "1.0");
    let balancer = Balancer::start(&fleet, LB, "shop", SHOP);
    let load = Load::on(&balancer, &FILES);

    let release = ["run", "release", "--set", "archive=dist/shop-1.1.tar.gz", "--set", "version=1.1"];
    case.run_with_flags(&release).exits(0);
    serves(&fleet, "1.1");
    has(&fleet, "1.1", "deployed 1.0 -\ndeployed 1.1 1.0\n");
    let (deployed, _) = balancer.answers();

    case.run_with_flags(&["run", "release-rollback"]).exits(0);
    serves(&fleet, "1.0");
    has(&fleet, "1.0", "deployed 1.0 -\ndeployed 1.1 1.0\nrolled-back 1.0 1.1\n");

    let said = load.end();
    let (count, bad) = balancer.answers();
    assert!(
        deployed > 500 && count - deployed > 500,
        "there was hardly any load: {deployed} and {count} requests; {said}"
    );
    assert!(bad.is_empty(), "{} of {count} requests were lost: {:#?}", bad.len(), &bad[..bad.len().min(5)]);
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    assert!(balancer.servers().iter().all(|(_, status)| status.starts_with("UP")), "{:?}", balancer.servers());
}

#[test]
fn fleet_keeps_the_old_release_where_the_new_one_is_no_good() {
    let Some(fleet) = Fleet::up(SHOP + 1) else { return };
    let case = start(&fleet);
    let balancer = Balancer::start(&fleet, LB, "shop", SHOP);
    let load = Load::on(&balancer, &FILES);
    fs::write(case.path("tree-1.1/www/index.html"), "").expect("a file");
    let files = FILES.map(|path| format!("./www{path}"));
    let made = Command::new("tar")
        .arg("-czf")
        .arg(case.path("dist/broken.tar.gz"))
        .args(&files)
        .current_dir(case.path("tree-1.1"))
        .status();
    assert!(made.expect("tar").success());

    let release = ["run", "release", "--set", "archive=dist/broken.tar.gz", "--set", "version=1.1"];
    let ran = case.run_with_flags(&release).exits(5);
    let said = load.end();
    assert!(ran.stderr.contains("`check` failed in release `1.1`, and nothing was switched"), "{}", ran.stderr);
    serves(&fleet, "1.0");
    let (count, bad) = balancer.answers();
    assert!(count > 100 && bad.is_empty(), "{} of {count} requests were lost: {said}", bad.len());
    let drained: Vec<_> = balancer.servers().into_iter().filter(|(_, status)| !status.starts_with("UP")).collect();
    assert_eq!(drained.len(), 1, "{drained:?}");
}
