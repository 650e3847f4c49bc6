//! What templates come to, and what is said about those that come to nothing.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Context, Templates};

fn context() -> Context {
    Context::new()
        .with("vars", &json!({"release": "2026.11.22", "count": 3, "on": true, "list": [1, 2], "quote": "it's"}))
        .with("host", &json!({"name": "web1", "address": "127.0.0.2", "vars": {"role": "leader", "empty": null}}))
}

fn rendered(text: &str) -> String {
    match Templates::new().compile(text).and_then(|template| template.render(&context())) {
        Ok(text) => text,
        Err(error) => match error.hint() {
            Some(hint) => format!("error: {error} -> {hint}"),
            None => format!("error: {error}"),
        },
    }
}

fn decided(text: &str) -> String {
    match Templates::new().compile_condition(text).and_then(|template| template.condition(&context())) {
        Ok(yes) => yes.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn names_are_filled_in() {
    for (text, expected) in [
        ("plain", "plain"),
        ("dist/web-{{ vars.release }}.tar.gz", "dist/web-2026.11.22.tar.gz"),
        ("http://{{ host.address }}/", "http://127.0.0.2/"),
        ("{{ host.vars.role | upper }}", "LEADER"),
        ("<b>{{ '<&>' }}</b>", "<b><&></b>"),
        ("echo {{ vars.quote | shell }}", r"echo 'it'\''s'"),
        ("{{ vars.missing | default('none') }}", "none"),
        ("{% if vars.on %}yes{% endif %}", "yes"),
        ("{% if vars.missing is defined %}yes{% else %}no{% endif %}", "no"),
        ("line\n", "line\n"),
        ("{{ vars.count }}\n", "3\n"),
    ] {
        assert_eq!(rendered(text), expected, "{text:?}");
    }
}

#[test]
fn mistakes_are_told_with_the_name_and_its_neighbour() {
    for (text, expected) in [
        (
            "{{ vars.relase }}",
            "error: unknown name `vars.relase` in `{{ vars.relase }}` -> did you mean `vars.release`?",
        ),
        ("{{ hots.name }}", "error: unknown name `hots` in `{{ hots.name }}` -> did you mean `host`?"),
        (
            "{{ host.vars.zone }}",
            "error: unknown name `host.vars.zone` in `{{ host.vars.zone }}` -> if it may be missing, say what to take \
             instead: `{{ host.vars.zone | default('…') }}`",
        ),
        (
            "{{ vars.release }}\n\n{{ vars.cuont }}",
            "error: unknown name `vars.cuont` in `{{ vars.release }}  {{ vars.cuont }}` (line 3) -> did you mean `vars.count`?",
        ),
        (
            "{{ vars.release",
            "error: syntax error: unexpected end of input, expected end of variable block in `{{ vars.release`",
        ),
        ("{{ vars.release | uper }}", "error: unknown filter: filter uper is unknown in `{{ vars.release | uper }}`"),
        ("{% include 'x' %}", "error: syntax error: unknown statement include in `{% include 'x' %}`"),
        (
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            "error: `{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}` takes too much work",
        ),
    ] {
        assert_eq!(rendered(text), expected, "{text:?}");
    }
}

#[test]
fn one_expression_keeps_its_type() {
    let templates = Templates::new();
    let value = json!({
        "count": "{{ vars.count }}",
        "text": "{{ vars.count }} ",
        "both": "{{ vars.count }}{{ vars.count }}",
        "list": ["{{ vars.list }}", "{{- host.name -}}", 5, null],
        "{{ key }}": {"deep": "{{ vars.on }}"},
        "braces": "{{ '}} {{' }}",
    });
    let template = templates.compile_value(&value).expect("compiled");
    assert!(!template.is_plain() && template.mentions("host") && !template.mentions("name"));
    let expected = json!({
        "count": 3,
        "text": "3 ",
        "both": "33",
        "list": [[1, 2], "web1", 5, null],
        "{{ key }}": {"deep": true},
        "braces": "}} {{",
    });
    assert_eq!(template.render(&context()).expect("rendered"), expected);
    let plain = json!({"a": ["b", 1]});
    let template = templates.compile_value(&plain).expect("compiled");
    assert!(template.is_plain());
    assert_eq!(template.render(&Context::new()).expect("rendered"), plain);
    let missing = templates.compile_value(&json!(["{{ vars.nope }}"])).expect("compiled");
    assert_eq!(
        missing.render(&context()).expect_err("missing").to_string(),
        "unknown name `vars.nope` in `{{ vars.nope }}`"
    );
}

#[test]
fn a_condition_is_true_or_false_or_a_mistake() {
    for (text, expected) in [
        ("true", "true"),
        ("false", "false"),
        ("{{ host.vars.role != 'leader' }}", "false"),
        ("host.vars.role == 'leader'", "true"),
        ("  host.vars.role == 'leader' and vars.count > 2 ", "true"),
        ("'false'", "false"),
        (" {{ vars.on }}\n", "true"),
        ("vars.count - 3", "false"),
        ("vars.list", "true"),
        ("host.vars.empty", "false"),
        ("vars.missing is defined", "false"),
        ("{% if vars.on %}true{% else %}false{% endif %}", "true"),
        ("host.vars.role", "error: `{{ host.vars.role }}` is `leader`, which is neither true nor false"),
        ("'yes'", "error: `{{ 'yes' }}` is `yes`, which is neither true nor false"),
        ("vars.missing", "error: unknown name `vars.missing` in `{{ vars.missing }}`"),
        ("a b", "error: syntax error: unexpected identifier, expected end of variable block in `{{ a b }}`"),
    ] {
        assert_eq!(decided(text), expected, "{text:?}");
    }
}

#[test]
fn what_a_template_speaks_of_is_known() {
    let templates = Templates::new();
    let template = templates.compile("{{ host.name }}").expect("compiled");
    assert!(template.mentions("host") && !template.mentions("vars") && !template.is_plain());
    let own = templates.compile("{% set host = 1 %}{{ host }}{# vars #}").expect("compiled");
    assert!(!own.mentions("host") && !own.mentions("vars"));
    assert!(templates.compile("host").expect("compiled").is_plain());
}

#[test]
fn ten_thousand_hosts_are_rendered_in_no_time() {
    let template = Templates::new().compile("http://{{ host.address }}/{{ vars.release }}").expect("compiled");
    let started = Instant::now();
    let shared = context();
    for host in 0..10_000 {
        let context = shared.clone().with("host", &json!({"address": host}));
        assert_eq!(template.render(&context).expect("rendered"), format!("http://{host}/2026.11.22"));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "took {:?}", started.elapsed());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ a-z{}%#'\".|()\\[\\]0-9\n-]{0,60}") {
        _ = rendered(&text);
        _ = decided(&text);
    }

    #[test]
    fn a_quoted_word_holds_no_quote_but_its_own(text in ".{0,40}") {
        let quoted = crate::shell::shell(&text);
        let inside = &quoted[1..quoted.len() - 1];
        prop_assert!(!inside.replace("'\\''", "").contains('\''));
        prop_assert_eq!(inside.replace("'\\''", "'"), text);
    }

    #[test]
    fn plain_values_render_to_themselves(text in "[^{]{0,40}", number in any::<i64>()) {
        let value = json!({"a": [text, number]});
        let rendered: Value = Templates::new().compile_value(&value).and_then(|template| template.render(&Context::new())).expect("plain");
        prop_assert_eq!(rendered, value);
    }
}
