use std::collections::BTreeMap;

use runsheet_diagnostics::Place;

use super::setting::{Setting, setting};
use super::variables::variable;
use super::{Options, SshMistake};

/// Reads what `ssh -G` prints about a host. A keyword of which it prints the same for any host (`defaults`) says nothing.
pub(crate) fn read_dump(text: &str, defaults: &str, place: &Place) -> Result<Options, SshMistake> {
    let defaults = by_keyword(defaults);
    let mut options = Options::default();
    let mut set_env = Vec::new();
    for (keyword, values) in by_keyword(text) {
        if defaults.get(keyword) == Some(&values) {
            continue;
        }
        for value in values {
            if keyword == "setenv" {
                set_env.extend(variable(value));
            } else if let Some(setting) = read_line(keyword, value)? {
                options.take(place, &setting);
            }
        }
    }
    if !set_env.is_empty() {
        options.take(place, &Setting::SetEnv(set_env));
    }
    Ok(options)
}

fn by_keyword(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut lines = BTreeMap::<_, Vec<_>>::new();
    for (keyword, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        lines.entry(keyword).or_default().push(value);
    }
    lines
}

/// Values are printed without quotes, and some of them with their tokens filled in.
fn read_line(keyword: &str, value: &str) -> Result<Option<Setting>, SshMistake> {
    let filled = || value.replace('%', "%%");
    let files = || filled().split(' ').filter(|file| *file != "none").map(str::to_owned).collect();
    Ok(Some(match keyword {
        "hostname" => return setting(keyword, keyword, &filled()),
        "identityfile" => Setting::IdentityFile(value.to_owned()),
        "certificatefile" => Setting::CertificateFile(value.to_owned()),
        "identityagent" => Setting::IdentityAgent(filled()),
        "userknownhostsfile" => Setting::UserKnownHosts(files()),
        "globalknownhostsfile" => Setting::GlobalKnownHosts(value.split(' ').map(str::to_owned).collect()),
        "canonicalizehostname" => return Ok(None),
        _ => return setting(keyword, keyword, value),
    }))
}
