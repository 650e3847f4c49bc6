use runsheet_events::RunHeader;
use runsheet_model::shortened;

/// The longest command line that is told, in characters.
const LONGEST: usize = 4_000;

/// The command line that began a run, so that it can be given to a shell again; the command alone in records of older versions.
pub(crate) fn command_line(header: &RunHeader) -> String {
    match &header.request {
        Some(request) => {
            let words: Vec<String> = request.words.iter().map(|word| quoted(word)).collect();
            shortened(&words.join(" "), LONGEST)
        }
        None => shortened(&header.command, LONGEST),
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
