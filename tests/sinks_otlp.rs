//! Traces and metrics of a run, as a collector gets them. The collector is a stand-in: it takes what the protocol says and holds every field
//! against the names and forms of `trace.proto` and `metrics.proto` in their JSON encoding.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::practice_runs::Stage;
use crate::sinks::{Receiver, stage};

const SHEET: &str = "name: Weekly\nsteps:\n\
    \x20 - {name: First, task: command, hosts: web, args: {run: echo first}}\n\
    \x20 - {name: Second, task: command, hosts: web, max_fail: 1, args: {run: 'test ! -e bad && sleep 0.1'}}\n";

/// Fields of each message, with the form of their values.
const MESSAGES: [(&str, &[(&str, &str)]); 15] = [
    ("ExportTraceServiceRequest", &[("resourceSpans", "[ResourceSpans")]),
    ("ResourceSpans", &[("resource", "Resource"), ("scopeSpans", "[ScopeSpans")]),
    ("Resource", &[("attributes", "[KeyValue")]),
    ("ScopeSpans", &[("scope", "Scope"), ("spans", "[Span")]),
    ("Scope", &[("name", "text"), ("version", "text")]),
    (
        "Span",
        &[
            ("traceId", "hex32"),
            ("spanId", "hex16"),
            ("parentSpanId", "hex16"),
            ("name", "text"),
            ("kind", "enum5"),
            ("startTimeUnixNano", "int64"),
            ("endTimeUnixNano", "int64"),
            ("attributes", "[KeyValue"),
            ("status", "Status"),
        ],
    ),
    ("Status", &[("code", "enum2"), ("message", "text")]),
    ("KeyValue", &[("key", "text"), ("value", "AnyValue")]),
    ("AnyValue", &[("stringValue", "text"), ("intValue", "int64"), ("boolValue", "truth")]),
    ("ExportMetricsServiceRequest", &[("resourceMetrics", "[ResourceMetrics")]),
    ("ResourceMetrics", &[("resource", "Resource"), ("scopeMetrics", "[ScopeMetrics")]),
    ("ScopeMetrics", &[("scope", "Scope"), ("metrics", "[Metric")]),
    ("Metric", &[("name", "text"), ("unit", "text"), ("description", "text"), ("gauge", "Gauge")]),
    ("Gauge", &[("dataPoints", "[NumberDataPoint")]),
    (
        "NumberDataPoint",
        &[("attributes", "[KeyValue"), ("timeUnixNano", "int64"), ("asDouble", "number"), ("asInt", "int64")],
    ),
];

/// Holds a value against a form.
fn check(value: &Value, form: &str) {
    let hex = |length: usize| {
        value.as_str().is_some_and(|text| {
            text.len() == length && text.bytes().all(|c| c.is_ascii_hexdigit()) && text.bytes().any(|c| c != b'0')
        })
    };
    let good = match form {
        "text" => value.is_string(),
        "truth" => value.is_boolean(),
        "number" => value.is_number(),
        "int64" => value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
        "hex32" => hex(32),
        "hex16" => hex(16),
        "enum5" => value.as_u64().is_some_and(|number| number <= 5),
        "enum2" => value.as_u64().is_some_and(|number| number <= 2),
        _ => {
            parts(value, form);
            true
        }
    };
    assert!(good, "{value} is no {form}");
}

/// Holds what is in a list or a message against its form.
fn parts(value: &Value, form: &str) {
    if let Some(of) = form.strip_prefix('[') {
        value.as_array().unwrap_or_else(|| panic!("{value} is no list")).iter().for_each(|item| check(item, of));
        return;
    }
    let (_, fields) = MESSAGES.iter().find(|(name, _)| *name == form).expect("a message");
    for (name, value) in value.as_object().unwrap_or_else(|| panic!("{value} is no {form}")) {
        let field = fields.iter().find(|(known, _)| known == name);
        check(value, field.unwrap_or_else(|| panic!("`{name}` is no field of {form}")).1);
    }
}

/// All spans, and how many came in all.
fn spans(receiver: &Receiver) -> (BTreeMap<String, Value>, usize) {
    let mut spans = BTreeMap::new();
    let mut count = 0;
    for post in receiver.posts().iter().filter(|post| post.path == "/v1/traces") {
        check(&post.body, "ExportTraceServiceRequest");
        for span in post.body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans") {
            count += 1;
            let id = span["spanId"].as_str().expect("an id").to_owned();
            if let Some(before) = spans.insert(id, span.clone()) {
                assert_eq!(&before, span, "the same span is another one the second time");
            }
        }
    }
    (spans, count)
}

fn attribute<'a>(of: &'a Value, key: &str) -> Option<&'a Value> {
    let found = of["attributes"].as_array()?.iter().find(|attribute| attribute["key"] == key)?;
    found["value"].as_object()?.values().next()
}

fn time(span: &Value, field: &str) -> u64 {
    span[field].as_str().expect("a time").parse().expect("a number")
}

#[test]
fn a_run_is_a_trace_of_steps_hosts_attempts_and_commands_and_comes_out_the_same_twice() {
    let receiver = Receiver::start();
    let stage = stage(&format!("sinks:\n  - otlp: {{endpoint: 'http://{}'}}\n", receiver.address));
    let stage = Stage { case: stage.case.file("sheets/deploy.yaml", SHEET), ..stage };
    fs::write(stage.host("web2").home().join("bad"), "").expect("a file");
    stage.case.run_with_flags(&["run", "deploy"]).exits(5);

    let (spans, count) = spans(&receiver);
    // A run, two steps, and on each of three hosts in each step: itself, an attempt and a command.
    assert_eq!((spans.len(), count), (1 + 2 + 3 * 2 * 3, 21));
    let folder = stage.case.runs().pop().expect("a run");
    let run = folder.file_name().and_then(|name| name.to_str()).expect("an id").replace('-', "");
    let roots: Vec<_> = spans.values().filter(|span| span["parentSpanId"].is_null()).collect();
    assert_eq!(roots.len(), 1, "more than one root");
    assert_eq!(roots[0]["name"], "Weekly");
    assert_eq!(roots[0]["status"]["code"], 2, "a run with a failed host is an error");
    let mut failed = BTreeSet::new();
    for span in spans.values() {
        assert_eq!(span["traceId"], run);
        assert!(time(span, "startTimeUnixNano") <= time(span, "endTimeUnixNano"), "{span}");
        if let Some(parent) = span["parentSpanId"].as_str() {
            let parent = spans.get(parent).unwrap_or_else(|| panic!("the parent of {span} is missing"));
            // An event has its time from when the loop takes note of it, a little later on a busy machine, and spans end there.
            let slack = 50_000_000;
            assert!(time(parent, "startTimeUnixNano") <= time(span, "startTimeUnixNano") + slack, "{span}\n{parent}");
            assert!(time(parent, "endTimeUnixNano") + slack >= time(span, "endTimeUnixNano"), "{span}\n{parent}");
        }
        if span["status"]["code"] == 2 {
            failed.insert(span["name"].as_str().expect("a name").to_owned());
        }
    }
    let expected = ["Second", "Weekly", "link 1 attempt 1", "web2"].map(str::to_owned);
    assert_eq!(failed, BTreeSet::from(expected));
    let commands: Vec<_> = spans.values().filter(|span| attribute(span, "process.command_line").is_some()).collect();
    assert_eq!(commands.len(), 6);
    let of_bad = |span: &&&Value| attribute(span, "process.exit.code").is_some_and(|code| code == "1");
    let bad: Vec<_> = commands.iter().filter(of_bad).collect();
    assert_eq!(bad.len(), 1);
    assert_eq!(attribute(bad[0], "server.address"), Some(&Value::from("web2")));

    // Once more from its beginning: the same spans.
    fs::remove_file(folder.join("sinks/otlp.json")).expect("it is removed");
    stage.case.run(&["sync"]).exits(0);
    let (again, count) = self::spans(&receiver);
    assert_eq!((again.len(), count), (21, 42));
    assert_eq!(again, spans);
}

#[test]
fn metrics_say_how_long_steps_took_and_how_hosts_ended() {
    let receiver = Receiver::start();
    let stage = stage(&format!("sinks:\n  - otlp: {{endpoint: 'http://{}'}}\n", receiver.address));
    stage.case.run_with_flags(&["run", "deploy"]).exits(0);
    let posts: Vec<_> = receiver.posts().into_iter().filter(|post| post.path == "/v1/metrics").collect();
    assert_eq!(posts.len(), 1);
    check(&posts[0].body, "ExportMetricsServiceRequest");
    let resource = &posts[0].body["resourceMetrics"][0];
    assert_eq!(attribute(&resource["resource"], "service.name"), Some(&Value::from("runsheet")));
    let metrics = resource["scopeMetrics"][0]["metrics"].as_array().expect("metrics").clone();
    let points = |name: &str| {
        let metric = metrics.iter().find(|metric| metric["name"] == name).expect("a metric");
        metric["gauge"]["dataPoints"].as_array().expect("points").clone()
    };
    assert_eq!(points("runsheet.run.duration").len(), 1);
    let steps = points("runsheet.step.duration");
    assert_eq!(steps.len(), 2);
    let second = steps.iter().find(|point| attribute(point, "runsheet.step").is_some_and(|step| step == "second"));
    assert!(second.expect("the step")["asDouble"].as_f64().expect("seconds") >= 0.2);
    let ok = |point: &&Value| attribute(point, "runsheet.state").is_some_and(|state| state == "ok");
    assert!(points("runsheet.step.hosts").iter().filter(ok).all(|point| point["asInt"] == "3"));
}
