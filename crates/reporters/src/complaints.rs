use crate::palette::paint;
use crate::recap::folded;
use crate::wording::first_line;
use crate::{Fold, Palette};

/// Hosts of which the same is to be told.
#[derive(Clone, Debug)]
pub struct Complaint<'a> {
    /// What it is about.
    pub about: &'a str,
    /// What.
    pub says: String,
    /// The hosts.
    pub hosts: Vec<&'a str>,
    /// What would help.
    pub hint: Option<&'a str>,
    /// Whether something is wrong, and not only worth knowing.
    pub wrong: bool,
}

/// Tells what is to be said of hosts: a heading for each matter, a line for each group of hosts, and what would help, each once. Those about
/// the same matter follow each other.
pub fn complaints(complaints: &[Complaint<'_>], fold: Fold, palette: &Palette) -> String {
    let mut text = String::new();
    for matter in complaints.chunk_by(|one, next| one.about == next.about) {
        let wrong = matter.iter().any(|complaint| complaint.wrong);
        let about = matter.first().map_or("", |complaint| complaint.about);
        text.push_str(&format!("{}\n", paint(if wrong { palette.bad } else { palette.warn }, about)));
        for complaint in matter {
            let hosts = folded(complaint.hosts.iter().copied(), fold);
            text.push_str(&format!("  {hosts}  {}\n", first_line(&complaint.says)));
        }
    }
    let mut hints: Vec<&str> = Vec::new();
    for hint in complaints.iter().filter_map(|complaint| complaint.hint) {
        if !hints.contains(&hint) {
            hints.push(hint);
            text.push_str(&format!("{}: {}\n", paint(palette.strong, "hint"), first_line(hint)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_matter_has_a_heading_and_each_hint_stands_once() {
        let complaint = |about, says: &str, hosts: &[&'static str]| Complaint {
            about,
            says: says.to_owned(),
            hosts: hosts.to_vec(),
            hint: Some("turn it on"),
            wrong: true,
        };
        let all = [
            complaint("login", "no\x1b[2J", &["web1", "web2"]),
            complaint("login", "never", &["db"]),
            complaint("clock", "late", &["db"]),
        ];
        let text = complaints(&all, |names| names.join("+"), &Palette::plain());
        let expected = "login\n  web1+web2 (2)  no\\x1b[2J\n  db  never\nclock\n  db  late\nhint: turn it on\n";
        assert_eq!(text, expected);
    }
}
