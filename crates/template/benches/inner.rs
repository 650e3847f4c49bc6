//! How fast templates are read, and rendered for one host after the other.
//!
//! `cargo bench -p runsheet-template --bench inner` measures one argument as sheets have them; a text without template syntax costs a copy.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use runsheet_template::{Context, Templates};
use serde_json::json;

const TEXT: &str =
    "deploy --to {{ host.name }} --release {{ release | default('latest') }}{% if canary %} --canary{% endif %}";

fn templates(criterion: &mut Criterion) {
    let templates = Templates::new();
    let context = Context::new()
        .with("host", &json!({"name": "web00001", "address": "192.0.2.1"}))
        .with("release", &"2026.11")
        .with("canary", &true);
    let template = templates.compile(TEXT).expect("a template");
    let plain = templates.compile("systemctl restart shop").expect("a text");
    template.render(&context).expect("all names are known");

    let mut group = criterion.benchmark_group("templates");
    group.bench_function("read", |bencher| bencher.iter(|| templates.compile(black_box(TEXT))));
    group.bench_function("render", |bencher| bencher.iter(|| template.render(black_box(&context))));
    group.bench_function("render a plain text", |bencher| bencher.iter(|| plain.render(black_box(&context))));
    group.finish();
}

criterion_group! {
    name = inner;
    config = Criterion::default().sample_size(10);
    targets = templates
}
criterion_main!(inner);
