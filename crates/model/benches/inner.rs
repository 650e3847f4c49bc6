//! How fast output is made safe for a terminal.
//!
//! `cargo bench -p runsheet-model --bench inner` measures a mebibyte of a log as programs write them, and one of which every byte has to be escaped.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use runsheet_model::visible;

const SIZE_BYTES: usize = 1 << 20;

fn escaping(criterion: &mut Criterion) {
    let log = "2026-11-26 10:00:00 INFO  [web-1] shop: order 4711 took 12 ms, größer als gestern\n".bytes();
    let inputs: [(&str, Vec<u8>); 3] = [
        ("a log", log.cycle().take(SIZE_BYTES).collect()),
        ("control characters", vec![0x1b; SIZE_BYTES]),
        ("not UTF-8", vec![0xff; SIZE_BYTES]),
    ];
    let mut group = criterion.benchmark_group("escaping");
    group.throughput(Throughput::Bytes(SIZE_BYTES as u64));
    for (name, bytes) in &inputs {
        group.bench_with_input(BenchmarkId::from_parameter(name), bytes, |bencher, bytes| {
            bencher.iter(|| visible(black_box(bytes)));
        });
    }
    group.finish();
}

criterion_group! {
    name = inner;
    config = Criterion::default().sample_size(10);
    targets = escaping
}
criterion_main!(inner);
