//! Bad inputs and what is said about them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde::Deserialize;

use crate::{Entries, Mark, Spanned, parse, parse_bytes};

type Value = serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "some fields only have to be there")]
struct Doc {
    name: Option<Spanned<String>>,
    port: Option<u16>,
    enabled: Option<bool>,
    hosts: Option<Vec<Spanned<String>>>,
    vars: Option<BTreeMap<String, Spanned<Value>>>,
    inner: Option<Inner>,
    groups: Option<Entries<Spanned<Value>>>,
    colour: Option<Colour>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "some fields only have to be there")]
struct Inner {
    must: u8,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Colour;

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "red" { Ok(Self) } else { Err(format!("`{text}` is no colour")) }
    }
}

fn doc(text: &str) -> Doc {
    parse(text, Path::new("x.yaml")).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is said about a text: the message, and the hint behind an arrow.
fn said(text: &str) -> String {
    match parse::<Doc>(text, Path::new("x.yaml")) {
        Ok(doc) => format!("taken: {doc:?}"),
        Err(error) => match error.hint() {
            Some(hint) => format!("{error} -> {hint}"),
            None => error.to_string(),
        },
    }
}

/// A text, what is said about it, and the hint behind an arrow.
const MISTAKES: &[(&str, &str)] = &[
    ("name: a\nprot: 22\n", "x.yaml:2:1: unknown setting `prot` -> did you mean `port`?"),
    (
        "name: a\nzzz: 22\n",
        "x.yaml:2:1: unknown setting `zzz` -> \
             known here: `name`, `port`, `enabled`, `hosts`, `vars`, `inner`, `groups`, `colour`",
    ),
    ("port: 22x\n", "x.yaml:1:7: `22x` is not a whole number from 0 to 65535"),
    ("port: 99999\n", "x.yaml:1:7: `99999` is not a whole number from 0 to 65535"),
    ("inner: {must: -1}\n", "x.yaml:1:15: `-1` is not a whole number from 0 to 255"),
    ("inner: &a {must: 300}\nvars: {x: *a}\n", "x.yaml:1:18: `300` is not a whole number from 0 to 255"),
    ("enabled: yes\n", "x.yaml:1:10: `yes` is neither `true` nor `false`"),
    ("colour: blue\n", "x.yaml:1:9: `blue` is no colour"),
    (
        "vars: {h: 1e999}\n",
        "x.yaml:1:11: `1e999` is not a number that can be kept -> put it in quotes if a text is meant",
    ),
    ("inner: {}\n", "x.yaml:1:8: `must` is missing"),
    ("hosts: web\n", "x.yaml:1:8: a list is expected here"),
    ("inner: 5\n", "x.yaml:1:8: a map is expected here"),
    ("- a\n", "x.yaml:1:1: a map is expected here"),
    ("name: [a]\n", "x.yaml:1:7: a text is expected here"),
    ("vars: {~: y}\n", "x.yaml:1:8: a text is expected here, not nothing"),
    // Twice the same.
    ("name: a\nname: b\n", "x.yaml:2:1: `name` stands here again (first in line 1)"),
    ("vars:\n  a: 1\n  b: {a: 1}\n  a: 2\n", "x.yaml:4:3: `a` stands here again (first in line 2)"),
    // Tabs and indentation.
    ("name:\n\tport: 1\n", "x.yaml:2:1: a tab indents this line -> YAML indents with spaces, not tabs"),
    ("inner:\n  must: 1\n\tx: 1\n", "x.yaml:3:1: a tab indents this line -> YAML indents with spaces, not tabs"),
    (
        "vars:\n  a: 1\n b: 2\n",
        "x.yaml:3:2: this line fits neither the one above nor what is around it -> indent all entries alike",
    ),
    (
        "name: a\n port: 2\n",
        "x.yaml:2:6: a `:` cannot stand here -> \
             indent all keys of a map alike, and quote a value that holds a `:` and a space",
    ),
    ("name: x\nport 22\n", "x.yaml:2:1: `key: value` is expected here"),
    // Patterns without quotes.
    ("name: @web\n", "x.yaml:1:7: `@` cannot start a value -> quote a pattern that starts with `@`: \"@web\""),
    ("name: !web\n", "x.yaml:1:7: a tag cannot be used here -> quote a pattern that starts with `!`: \"!web\""),
    (
        "hosts:\n  - a\n  - !web\n",
        "x.yaml:3:5: a tag cannot be used here -> quote a pattern that starts with `!`: \"!web\"",
    ),
    ("name: &web\n", "x.yaml:1:7: an anchor with nothing behind it -> quote a pattern that starts with `&`: \"&web\""),
    ("name: *web\n", "x.yaml:1:7: an alias without its anchor -> quote a pattern that starts with `*`: \"*web\""),
    ("name: *\n", "x.yaml:1:7: `*` cannot stand alone -> quote a pattern that starts with `*`: \"*web\""),
    ("name: &\n", "x.yaml:1:7: `&` cannot stand alone -> quote a pattern that starts with `&`: \"&web\""),
    ("name: %x\n", "x.yaml:1:7: `%` cannot start a value -> put the value in quotes"),
    ("name: `x`\n", "x.yaml:1:7: a back quote cannot start a value -> put the value in quotes"),
    (
        "hosts: [a, web[01-20].example.com]\n",
        "x.yaml:1:15: a `[` cannot stand inside a value here -> \
             a range stands in a block list or in quotes: `[\"web[01-20]\"]`",
    ),
    (
        "groups: {web[01-20]: x}\n",
        "x.yaml:1:13: a `[` cannot stand inside a value here -> \
             a range stands in a block list or in quotes: `[\"web[01-20]\"]`",
    ),
    // Templates without quotes.
    ("name: {{ host }}\n", "x.yaml:1:7: a text is expected here -> put a value that starts with `{{` in quotes"),
    ("vars: {a: {{ host }}}\n", "x.yaml:1:12: a text is expected here -> put a value that starts with `{{` in quotes"),
    // Quotes and brackets.
    ("name: \"abc\n", "x.yaml:1:7: this quote is never closed"),
    (
        "name: 'it's'\n",
        "x.yaml:1:11: something follows the closing quote -> inside single quotes a quote is written twice: ''",
    ),
    (
        "name: \"a\\q\"\n",
        "x.yaml:1:7: unknown escape in this text -> \
             in double quotes a backslash is written twice; in single quotes it stands for itself",
    ),
    ("hosts: [a\n", "x.yaml:1:8: this `[` is never closed"),
    ("hosts: [a}\n", "x.yaml:1:8: this `[` is closed by a `}`"),
    ("]\n", "x.yaml:1:1: nothing opens what is closed here"),
    ("name: \u{7}\n", "x.yaml:1:7: character U+0007 cannot stand here"),
    // What YAML can do and we do not want.
    (
        "vars: {x: !!str 5}\n",
        "x.yaml:1:11: a tag cannot be used here -> quote a pattern that starts with `!`: \"!web\"",
    ),
    (
        "name: a\n---\nname: b\n",
        "x.yaml:2:1: a second document starts here -> a file holds one document: take out the `---`, or make two files",
    ),
    ("inner: {<<: 5}\n", "x.yaml:1:13: only a map can be merged with `<<`"),
    ("groups: &a\n  x: *a\n", "x.yaml:2:6: an alias inside its own anchor"),
];

#[test]
fn every_mistake_is_told_with_its_place_and_a_hint() {
    for (text, expected) in MISTAKES {
        assert_eq!(said(text), *expected, "{text:?}");
    }
}
#[test]
fn bytes_that_are_not_utf_8_are_refused_with_their_place() {
    let error = parse_bytes::<Doc>(b"name: a\nname: \xc3\xa9\xff\n", Path::new("x.yaml")).expect_err("not UTF-8");
    assert_eq!(error.to_string(), "x.yaml:2:8: byte 0xff is not UTF-8");
}

#[test]
fn an_unknown_key_is_there_for_the_caller() {
    let error = parse::<Doc>("waves: 1\n", Path::new("x.yaml")).expect_err("unknown");
    assert_eq!(error.unknown_key(), Some("waves"));
}

#[test]
fn what_looks_like_a_number_or_a_boolean_and_is_none_stays_text() {
    let vars = doc("vars: {a: 0644, b: 1_000, c: no, d: 2026-01-01, e: 12, f: true, g: 1.5}\n").vars.expect("vars");
    let values: Vec<Value> = vars.into_values().map(|value| value.value).collect();
    let expected = serde_json::json!(["0644", "1_000", "no", "2026-01-01", 12, true, 1.5]);
    assert_eq!(Value::from(values), expected);
    assert_eq!(doc("name: 1.10\n").name.expect("name").value, "1.10");
}

#[test]
fn a_merge_brings_values_with_the_place_where_they_are_used() {
    let groups = doc("vars: &v {a: 1}\ngroups:\n  b: 2\n  <<: *v\n").groups.expect("groups");
    let found: Vec<_> =
        groups.into_iter().map(|(key, value)| (key.value, Mark::of(&value).line, value.value)).collect();
    assert_eq!(found, [("b".to_owned(), 3, Value::from(2)), ("a".to_owned(), 4, Value::from(1))]);
}

#[test]
fn places_survive_where_the_crate_says_so() {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Inside { x: Spanned<u8> },
    }
    #[derive(Deserialize)]
    enum Tagged {
        Inside { x: Spanned<u8> },
    }
    let file = Path::new("x.yaml");
    let around: Spanned<Untagged> = parse("x: 5\n", file).expect("untagged");
    let Untagged::Inside { x } = &around.value;
    assert_eq!((x.value, Mark::of(x).line, Mark::of(&around).line), (5, 0, 1));
    let Tagged::Inside { x } = parse("Inside:\n  x: 5\n", file).expect("tagged");
    assert_eq!(Mark::of(&x), Mark { line: 2, column: 6 });
    let list = doc("hosts:\n  - web[01-20].example.com\n  - b\n").hosts.expect("hosts");
    assert_eq!((list[0].value.as_str(), Mark::of(&list[1])), ("web[01-20].example.com", Mark { line: 3, column: 5 }));
    assert_eq!(Mark::of(&doc("name: x\n").name.expect("name")), Mark { line: 1, column: 7 });
}

#[test]
fn a_document_that_explodes_is_refused_before_it_costs_anything() {
    let mut bomb = String::from("vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        _ = writeln!(bomb, "  a{level}: &a{level} [{inner}]");
    }
    let started = Instant::now();
    assert_eq!(said(&bomb), "x.yaml:2:24: aliases repeat more than is read from one file");
    // Without optimisation and beside other tests; in a release build it is a tenth of that.
    assert!(started.elapsed() < Duration::from_secs(5), "took {:?}", started.elapsed());
}

#[test]
fn a_document_that_is_too_deep_is_refused() {
    let deep = [
        format!("vars: {{a: {}{}}}", "[".repeat(40), "]".repeat(40)),
        format!("vars: {{a: {}", "[".repeat(100_000)),
        "? ".repeat(100_000),
        (0..2_000).fold("vars:\n".to_owned(), |text, level| text + &" ".repeat(level + 1) + "a:\n"),
    ];
    for text in deep {
        assert!(said(&text).ends_with("lists and maps are nested too deeply"), "{}", said(&text));
    }
}

#[test]
fn an_inventory_of_a_hundred_thousand_hosts_is_read() {
    let mut text = String::from("groups:\n  web:\n");
    for host in 0..100_000 {
        _ = writeln!(text, "    - host{host:06}.example.com: {{port: 22}}");
    }
    let groups = doc(&text).groups.expect("groups");
    assert_eq!(groups.0[0].1.value.as_array().map(Vec::len), Some(100_000));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n\t\u{e9}&*!|>\\[\\]{}:,#'\"%@-]{0,200}") {
        _ = said(&text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        _ = parse_bytes::<Value>(&bytes, Path::new("x.yaml")).map_err(|error| error.to_string());
    }
}
