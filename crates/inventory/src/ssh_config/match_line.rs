use super::SshMistake;
use super::block::{Criterion, Pattern, Test};
use super::line::criteria;

/// Reads what stands behind `Match`.
pub(crate) fn match_line(line: &str) -> Result<Vec<Criterion>, SshMistake> {
    let mut parts = criteria(line)?.into_iter().peekable();
    let mut found = Vec::new();
    while let Some(part) = parts.next() {
        let (negated, name) = part.strip_prefix('!').map_or((false, part.as_str()), |name| (true, name));
        let lower = name.to_ascii_lowercase();
        let mut value = || {
            let no_value = || SshMistake::NoValue { keyword: format!("Match {name}") };
            parts.next().filter(|list| !list.is_empty()).ok_or_else(no_value)
        };
        // Host names are compared in lower case, user names as they are.
        let test = match lower.as_str() {
            "host" => Test::Host(patterns(&value()?.to_ascii_lowercase())),
            "originalhost" => Test::OriginalHost(patterns(&value()?.to_ascii_lowercase())),
            "user" => Test::User(patterns(&value()?)),
            "localuser" => Test::LocalUser(patterns(&value()?)),
            "exec" => Test::Exec(value()?),
            "final" | "canonical" => Test::SecondTime,
            // It stands alone, or as the last behind one other.
            "all" if found.len() > 1 || parts.peek().is_some() => return Err(SshMistake::AllCombined),
            "all" => Test::All,
            _ => return Err(SshMistake::Criterion { criterion: name.to_owned() }),
        };
        found.push(Criterion { negated, test });
    }
    if found.is_empty() { Err(SshMistake::NoValue { keyword: "Match".to_owned() }) } else { Ok(found) }
}

/// Whether a line has `final`: such a line has all files read a second time, even where it does not hold.
pub(crate) fn asks_for_second_time(value: &str) -> bool {
    let named = |part: &String| part.trim_start_matches('!').eq_ignore_ascii_case("final");
    criteria(value).is_ok_and(|parts| parts.iter().any(named))
}

fn patterns(list: &str) -> Vec<Pattern> {
    list.split(',').map(Pattern::new).collect()
}
