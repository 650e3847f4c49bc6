use runsheet_inventory::{Explained, ExplainedHop, ExplainedSetting, Source};
use runsheet_reporters::{Column, Palette, Table};
use serde_json::{Map, Value};

/// Lists of names that nobody wants to read where they are runsheet's own.
const LONG: [&str; 4] = ["KexAlgorithms", "HostKeyAlgorithms", "Ciphers", "MACs"];

/// Keywords that `ssh -G` prints once for each value.
const LISTS: [&str; 4] = ["IdentityFile", "CertificateFile", "SendEnv", "SetEnv"];

/// How a host is reached and what decided it, for people: itself, then its jump hosts.
pub(crate) fn tables(explained: &Explained, width: Option<usize>, palette: &Palette) -> String {
    let mut text = hop_table(&explained.target, "", width, palette);
    for jump in &explained.jumps {
        text.push_str(&hop_table(jump, "by way of ", width, palette));
    }
    text
}

fn hop_table(hop: &ExplainedHop, before: &str, width: Option<usize>, palette: &Palette) -> String {
    let mut table =
        Table::new([Column::whole("setting"), Column::left("value"), Column::whole("decided by")]).indent(2);
    for setting in &hop.settings {
        let own = setting.source == Source::Default && LONG.contains(&setting.keyword);
        let value = if own { "runsheet's own" } else { &setting.value };
        table.row([setting.keyword.to_owned(), value.to_owned(), setting.source.to_string()]);
    }
    format!("{before}{}\n{}", hop.name, table.render(width, palette))
}

/// Settings by ssh's own keywords in lower case, with the values that `ssh -G` would print.
pub(crate) fn settings(hop: &ExplainedHop) -> Map<String, Value> {
    let mut settings = Map::new();
    for keyword in LISTS {
        settings.insert(keyword.to_ascii_lowercase(), Value::Array(Vec::new()));
    }
    for setting in told(hop) {
        add(&mut settings, setting, value(setting));
    }
    settings
}

/// What decided each of them, in the same form.
pub(crate) fn decided_by(hop: &ExplainedHop) -> Map<String, Value> {
    let mut sources = Map::new();
    for setting in told(hop) {
        add(&mut sources, setting, setting.source.to_string().into());
    }
    sources
}

/// What `ssh -G` would print: nothing of the agent where nobody said anything.
fn told(hop: &ExplainedHop) -> impl Iterator<Item = &ExplainedSetting> {
    hop.settings.iter().filter(|setting| setting.keyword != "IdentityAgent" || setting.source != Source::Default)
}

fn add(map: &mut Map<String, Value>, setting: &ExplainedSetting, value: Value) {
    let keyword = setting.keyword.to_ascii_lowercase();
    if LISTS.contains(&setting.keyword) {
        if let Value::Array(list) = map.entry(keyword).or_insert_with(|| Value::Array(Vec::new())) {
            list.push(value);
        }
    } else {
        map.insert(keyword, value);
    }
}

fn value(setting: &ExplainedSetting) -> Value {
    match setting.keyword {
        "Port" | "ConnectTimeout" | "ConnectionAttempts" | "ServerAliveInterval" | "ServerAliveCountMax" => {
            setting.value.parse::<u64>().map_or_else(|_| setting.value.clone().into(), Value::from)
        }
        // `ssh -G` calls it so.
        "StrictHostKeyChecking" if setting.value == "yes" => "true".into(),
        _ => setting.value.clone().into(),
    }
}
