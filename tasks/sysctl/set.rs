//! Set a setting of the kernel of each host.

use runsheet_task::{Arg, ArgKind, Config, Host, Outcome, TaskSpec};

use crate::early::Early;
use crate::on_host::HostScript;

const SCRIPT: HostScript = HostScript::new("sysctl", &[include_str!("set.sh")]);

pub(crate) fn spec() -> TaskSpec {
    TaskSpec::new("sysctl.set", "Sets a setting of the kernel, now and after the next start.")
        .details(
            "The value is given to the kernel and read back: one that the kernel takes and rounds is a failure. If it takes it, it is written \
             to a file of its own, `/etc/sysctl.d/60-runsheet-KEY.conf`, unless `persistent` is `false`. A file that is read later and sets the same, \
             such as one with a higher number, is not looked for.",
        )
        .arg(Arg::required("key", ArgKind::Text, "The setting, such as `net.core.somaxconn`."))
        .arg(Arg::required("value", ArgKind::Text, "Its value; several numbers are separated by spaces."))
        .arg(Arg::optional("persistent", ArgKind::Boolean, "Whether it holds after the next start too.").default(true))
        .idempotent()
}

pub(crate) async fn do_work(config: &Config, host: &Host) -> Result<Outcome, Early> {
    let (key, value) = (config.text("key")?, config.text("value")?.trim());
    if !is_key(key) {
        let message = format!("`{}` is no setting of a kernel, such as `net.core.somaxconn`", key.escape_default());
        return Err(Early::mistake(message));
    }
    if value.is_empty() || value.contains(char::is_control) {
        return Err(Early::mistake(format!("`value` is `{}`, but has to be one line", value.escape_default())));
    }
    let persistent = config.boolean("persistent")?;
    let file = format!("/etc/sysctl.d/60-runsheet-{}.conf", key.replace('/', "+"));
    let line = if persistent { format!("{key} = {value}") } else { String::new() };
    let ask = async |what| Early::unless_ok(host.run(SCRIPT.with([what, key, &file, &line, value])).await?);

    let said = ask("look").await?;
    let seen = Seen::read(&said).ok_or_else(|| Early::failed(format!("cannot tell what `{key}` is")))?;
    let what = match (seen.live, seen.kept) {
        (true, true) => return Ok(Outcome::unchanged(format!("`{key}` is already `{value}`"))),
        (true, false) => format!("write `{file}`; `{key}` is `{value}` already"),
        (false, true) => format!("set `{key}` to `{value}`; it is `{}`", seen.found),
        (false, false) => format!("set `{key}` to `{value}` and write `{file}`; it is `{}`", seen.found),
    };
    host.would(what)?;
    ask("set").await?;
    let now = ask("look").await?;
    let now = Seen::read(&now).ok_or_else(|| Early::failed(format!("cannot tell what `{key}` has become")))?;
    if !now.live {
        return Err(Early::failed(format!("the kernel has made `{}` of `{value}` for `{key}`", now.found)));
    }
    if !now.kept {
        return Err(Early::failed(format!("`{file}` is not as it was written: somebody else changes it")));
    }
    Ok(Outcome::changed(if seen.live {
        format!("`{key}` was `{value}` already; `{file}` written")
    } else {
        format!("`{key}` set to `{value}`; it was `{}`", seen.found)
    }))
}

/// What the host has.
#[derive(Debug, PartialEq, Eq)]
struct Seen<'a> {
    live: bool,
    found: &'a str,
    kept: bool,
}

impl<'a> Seen<'a> {
    fn read(said: &'a str) -> Option<Self> {
        let lines: Vec<_> = said.lines().collect();
        let [live, found, kept] = lines[..] else { return None };
        let truth = |word, yes, no| if word == yes { Some(true) } else { (word == no).then_some(false) };
        Some(Self { live: truth(live, "live", "other")?, found, kept: truth(kept, "kept", "not-kept")? })
    }
}

/// Names with dots between them; an interface that has a dot in its own name has a `/` there.
fn is_key(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/:".contains(c);
    let good =
        |part: &str| part.chars().all(plain) && part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    key.len() <= 200 && key.contains('.') && key.split('.').all(good) && !key.contains("//") && !key.ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_nowhere_else() {
        for key in ["net.core.somaxconn", "net.ipv4.conf.eth0/5.rp_filter", "vm.swappiness"] {
            assert!(is_key(key), "{key}");
        }
        for key in
            ["", "vm", "-w.x", "vm.", ".vm", "a..b", "a.//.b", "a.b//c", "../x.y", "a.b c", "a.b\n", "a.b;c", "a.b/"]
        {
            assert!(!is_key(key), "{key:?}");
        }
    }

    #[test]
    fn what_the_host_says_is_read_strictly() {
        assert_eq!(Seen::read("other\n1 2\nkept\n"), Some(Seen { live: false, found: "1 2", kept: true }));
        for said in ["", "live", "live\n1\n", "x\n1\nkept", "live\n1\nyes", "live\n1\n2\nkept"] {
            assert_eq!(Seen::read(said), None, "{said:?}");
        }
    }
}
