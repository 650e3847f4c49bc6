//! What has to change in a task that was written in Python.

/// A line that has to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The line, from 1.
    pub line: u32,
    /// The column of the word that Starlark has not, in characters, from 1.
    pub column: u32,
    /// The word.
    pub word: String,
    /// What to write instead.
    pub instead: &'static str,
}

/// What Starlark does not have, by the word with which a line begins.
const STATEMENTS: [(&str, &str); 16] = [
    (
        "import",
        "leave it out: `host`, `config`, `sleep`, `retry`, `json` and `struct` are there; share functions with `load(\"//lib/x.star\", \"name\")`",
    ),
    ("from", "leave it out; share functions with `load(\"//lib/x.star\", \"name\")`"),
    ("try", "leave it out: `host.run` does not raise; look at `result.ok` and `result.code`"),
    ("except", "an `if not result.ok:` after the command"),
    ("finally", "put it behind the work, or into `always:` of the step, which runs whatever happened"),
    ("raise", "`fail(\"why\")`, or `return (\"why\", 1)`"),
    ("while", "`for attempt in range(30):` with `break`, or `retry(function, tries = 30, pause = \"2s\")`"),
    ("with", "`dir:`, `sudo:` and `env:` of the step, or `host.run(\"cd /srv/app && …\")`, `host.sudo(…)`"),
    ("class", "a function, or `struct(name = value)`"),
    ("global", "give the value back with `return`"),
    ("nonlocal", "give the value back with `return`"),
    ("del", "leave it out, or `list.pop(…)`, `dict.pop(…)`"),
    ("assert", "`if not …: fail(\"why\")`"),
    ("async", "leave it out: hosts are worked on at once as it is"),
    ("yield", "give a list back with `return`"),
    (
        "@",
        "leave it out: which hosts, how many at once and in which order stands in the sheet (`hosts`, `forks`, `once`)",
    ),
];

/// What stands anywhere in a line and is not there, or is another word here.
const WORDS: [(&str, &str); 21] = [
    (" is not ", "`!=`"),
    (" is ", "`==`"),
    ("**", "a product: Starlark has no power"),
    ("os.path.exists(", "`host.succeeds(\"test -e PATH\")` looks on the host"),
    ("os.", "ask the host: `host.ask(\"…\").stdout`; a script has no access to this machine"),
    ("sys.", "a script has no access to this machine; `fail(\"why\")` ends the work"),
    ("subprocess.", "`host.run(\"…\")`; on this machine a step with `on: local`"),
    ("time.sleep(", "`sleep(\"5s\")`"),
    ("time.time(", "leave it out: every command is timed (`result.took_ms`)"),
    ("open(", "`host.put(content = …)`, or a file that is an argument: `arg.file(…)`"),
    ("urllib", "`host.wait_for_http(URL)`, or the task `http.check`"),
    ("requests.", "`host.wait_for_http(URL)`, or the task `http.check`"),
    ("env.host_string", "`host.name`"),
    ("env.hosts", "the step's `hosts`"),
    ("env.host", "`host.name`"),
    ("env.user", "`user` of the host group"),
    ("env.roles", "the step's `hosts`"),
    ("env.roledefs", "host groups, `hostgroups/*.yaml`"),
    ("env.", "`config.vars.NAME`, a variable of the sheet, or `config.args.NAME`"),
    ("execute(", "another step of the sheet, or `host.task(\"NAME\", …)`"),
    ("local(", "a step with `on: local`"),
];

/// Functions of Fabric that are methods of the host here.
const FUNCTIONS: [(&str, &str); 10] = [
    ("run", "`host.run(…)`; it does not raise: look at `result.ok`"),
    ("sudo", "`host.sudo(…, user = \"root\")`"),
    (
        "put",
        "`host.put(file = config.args.NAME, target = …)`; the file is an argument: `ARGS = {\"NAME\": arg.file()}`",
    ),
    ("get", "`host.get(SOURCE, TARGET)`"),
    ("reboot", "a step with the task `reboot`"),
    ("exists", "`host.succeeds(\"test -e PATH\")`"),
    ("append", "`host.task(\"file.line\", path = …, line = …)`"),
    ("upload_template", "a step with `file.template`, or `host.put(content = config.args.NAME)` with `arg.template()`"),
    ("abort", "`fail(\"why\")`"),
    ("puts", "`host.note(…)`"),
];

/// What to write instead of a line; nothing if it does not begin with what Starlark does not have.
pub(crate) fn advice_for_line(line: &str) -> Option<&'static str> {
    statement(line.trim_start()).map(|(_, instead)| instead)
}

/// The lines of a Python task that have to change, in their order.
pub fn advise(text: &str) -> Vec<Advice> {
    let mut advice = Vec::new();
    for (number, code) in (1..).zip(code_of(text).lines()) {
        let line = code.trim_start();
        let found = match statement(line) {
            Some((word, instead)) => Some((0, word, instead)),
            None => word_of_python(line).or_else(|| call_of_fabric(line)),
        };
        if let Some((at, word, instead)) = found {
            let before = code.chars().count() - line.chars().count() + line[..at].chars().count();
            let column = u32::try_from(before + 1).unwrap_or(u32::MAX);
            advice.push(Advice { line: number, column, word: word.trim_end_matches('(').to_owned(), instead });
        }
    }
    advice
}

/// What a line begins with that Starlark does not have.
fn statement(line: &str) -> Option<(&'static str, &'static str)> {
    STATEMENTS
        .into_iter()
        .find(|(word, _)| line.strip_prefix(word).is_some_and(|rest| *word == "@" || !rest.starts_with(is_word)))
}

fn word_of_python(line: &str) -> Option<(usize, &'static str, &'static str)> {
    WORDS.into_iter().find_map(|(word, instead)| {
        let own = |&at: &usize| !word.starts_with(is_word) || !line[..at].ends_with(|c: char| is_word(c) || c == '.');
        let at = line.match_indices(word).map(|(at, _)| at).find(own)?;
        let blanks = word.len() - word.trim_start().len();
        Some((at + blanks, word.trim(), instead))
    })
}

fn call_of_fabric(line: &str) -> Option<(usize, &'static str, &'static str)> {
    FUNCTIONS.into_iter().find_map(|(name, instead)| {
        let own = |&at: &usize| {
            let before = &line[..at];
            !before.ends_with(|c: char| is_word(c) || c == '.') && !before.trim_end().ends_with("def")
        };
        let at = line.match_indices(&format!("{name}(")).map(|(at, _)| at).find(own)?;
        Some((at, name, instead))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text with blanks in place of everything that stands in strings and comments, line by line as it was.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = match next {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => string(rest),
            _ => 0,
        };
        if skipped == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[skipped..];
        }
    }
    code
}

/// How many bytes the string has with which the text begins. One that does not end takes its line, or everything.
fn string(text: &str) -> usize {
    let quote = &text[..1];
    let long = quote.repeat(3);
    let (end, begin) = if text.starts_with(&long) { (long.as_str(), 3) } else { (quote, 1) };
    let mut at = begin;
    while let Some(next) = text[at..].chars().next() {
        if text[at..].starts_with(end) {
            return at + end.len();
        }
        if next == '\n' && begin == 1 {
            return at;
        }
        at += next.len_utf8();
        if next == '\\' {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Vec<(u32, u32, String)> {
        advise(text).into_iter().map(|advice| (advice.line, advice.column, advice.word)).collect()
    }

    #[test]
    fn each_line_that_has_to_change_is_named() {
        let text = "import time\nfrom fabric.api import run\n\n@task\ndef do_work(config):\n    try:\n        with cd('/srv'):\n            \
                    run('ls')\n    except Exception:\n        raise\n    while True:\n        time.sleep(1)\n    x = env.host\n    if x is None:\n";
        let expected = [
            (1, 1, "import"),
            (2, 1, "from"),
            (4, 1, "@"),
            (6, 5, "try"),
            (7, 9, "with"),
            (8, 13, "run"),
            (9, 5, "except"),
            (10, 9, "raise"),
            (11, 5, "while"),
            (12, 9, "time.sleep"),
            (13, 9, "env.host"),
            (14, 10, "is"),
        ];
        assert_eq!(lines(text), expected.map(|(line, column, word)| (line, column, word.to_owned())));
    }

    #[test]
    fn strings_comments_and_longer_words_are_no_python() {
        let text = "'''\nimport this\ntry:\n'''\n# while\nimportant = 'with \\' class'\nx = \"raise\" # import\ntrying = host.run('x')\n\
                    def run(x):\n    pass\nthis = 1\n";
        assert_eq!(lines(text), []);
    }

    #[test]
    fn a_task_as_it_was_in_fabric_has_nothing_but_its_imports_to_lose() {
        let text = "from common import log_run\n'''Start apache on each server.'''\ndef do_work(config, silent_mode=False, args=None):\n    \
                    retstring, retval = log_run(config, 'apachectl start', args)\n    if retval:\n        return (retstring, retval)\n    \
                    return ('Success', 0)\n";
        assert_eq!(lines(text), [(1, 1, "from".to_owned())]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a-z'\"#\\\\\n ().@é]{0,200}") {
            let count = u32::try_from(text.lines().count()).expect("few");
            prop_assert!(advise(&text).iter().all(|advice| advice.line >= 1 && advice.line <= count.max(1)));
        }
    }
}
