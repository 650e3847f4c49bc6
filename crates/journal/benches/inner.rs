//! How fast events are appended to the record of a run, until the last one is durable.
//!
//! `cargo bench -p runsheet-journal --bench inner` measures runs of 1,000 and of 10,000 events, from the first `append` to the end of
//! `close`, which waits for the disk: so the figures are those of the disk that the folder for temporary files is on.

#[path = "../tests/sample.rs"]
#[expect(dead_code, reason = "most of it is for the tests")]
mod sample;

use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use runsheet_events::Ledger;
use runsheet_journal::WriterSettings;
use runsheet_model::RunId;

fn append(criterion: &mut Criterion) {
    let (_folder, state) = sample::state();
    let mut group = criterion.benchmark_group("journal");
    for count in [1_000, 10_000] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("append", count), |bencher| {
            bencher.iter_batched(
                || {
                    let run = RunId::fresh();
                    let folder = state.create_run(run, b"{}").expect("a folder");
                    let writer = folder.start(&WriterSettings::default()).expect("a writer");
                    let events: Vec<_> = (1..=count).map(|seq| Arc::new(sample::numbered(run, seq))).collect();
                    (writer, events)
                },
                |(writer, events)| {
                    for event in events {
                        writer.append(event).expect("an open journal");
                    }
                    writer.close().expect("a durable journal");
                    writer
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = inner;
    config = Criterion::default().sample_size(10);
    targets = append
}
criterion_main!(inner);
