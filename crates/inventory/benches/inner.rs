//! How fast host names are folded into patterns, and patterns read.
//!
//! `cargo bench -p runsheet-inventory --bench inner` measures 1,000 and 10,000 names: what takes more than ten times as long is not linear.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use runsheet_inventory::{expand_text, fold};

/// Names that are one range, and names of which a seventh is missing, in three numbers.
fn fleets(hosts: usize) -> [(&'static str, Vec<String>); 2] {
    [
        ("one range", (0..hosts).map(|n| format!("web{n:05}")).collect()),
        (
            "gaps",
            (0..)
                .filter(|n| n % 7 != 3)
                .take(hosts)
                .map(|n| format!("dc{}-r{}n{:03}", n % 5, n / 5 % 40, n / 200))
                .collect(),
        ),
    ]
}

fn patterns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("patterns");
    for hosts in [1_000, 10_000] {
        group.throughput(Throughput::Elements(hosts as u64));
        for (kind, names) in fleets(hosts) {
            group.bench_with_input(BenchmarkId::new(format!("fold {kind}"), hosts), &names, |bencher, names| {
                bencher.iter(|| fold(black_box(names)));
            });
            let folded = fold(&names);
            group.bench_with_input(BenchmarkId::new(format!("read {kind}"), hosts), &folded, |bencher, folded| {
                bencher.iter(|| expand_text(black_box(folded)).expect("what was folded can be read"));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = inner;
    config = Criterion::default().sample_size(10);
    targets = patterns
}
criterion_main!(inner);
