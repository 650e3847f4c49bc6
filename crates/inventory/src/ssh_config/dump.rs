use std::collections::HashSet;

use runsheet_diagnostics::Place;

use super::setting::{Setting, setting};
use super::variables::variable;
use super::{Options, SshMistake};

/// Reads what `ssh -G` prints about a host. Lines that it prints for any host (`defaults`) say nothing.
pub(crate) fn read_dump(text: &str, defaults: &str, place: &Place) -> Result<Options, SshMistake> {
    let defaults: HashSet<&str> = defaults.lines().collect();
    let mut options = Options::default();
    let said = text.lines().filter(|line| !defaults.contains(line));
    for (keyword, value) in said.filter_map(|line| line.split_once(' ')) {
        if let Some(setting) = read_line(keyword, value)? {
            options.take(place, &setting);
        }
    }
    Ok(options)
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
        "setenv" => return Ok(variable(value).map(|variable| Setting::SetEnv(vec![variable]))),
        "canonicalizehostname" => return Ok(None),
        _ => return setting(keyword, keyword, value),
    }))
}
