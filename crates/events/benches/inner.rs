//! How fast events become lines of the record, and lines events.
//!
//! `cargo bench -p runsheet-events --bench inner` measures the event that is written most: an attempt that ended well.

use std::hint::black_box;
use std::time::{Duration, UNIX_EPOCH};

use criterion::{Criterion, criterion_group, criterion_main};
use runsheet_events::{AttemptKey, EventKind, HostResult, RunEvent, decode, encode};
use runsheet_model::{HostName, Outcome, State, StepId};

fn codec(criterion: &mut Criterion) {
    let event = attempt_finished();
    let line = encode(&event).expect("an event");
    assert_eq!(decode(&line).expect("a line"), event);

    let mut group = criterion.benchmark_group("event codec");
    group.bench_function("encode", |bencher| bencher.iter(|| encode(black_box(&event))));
    group.bench_function("decode", |bencher| bencher.iter(|| decode(black_box(&line))));
    group.finish();
}

fn attempt_finished() -> RunEvent {
    let key = AttemptKey {
        step: StepId::new("restart").expect("an id"),
        link: 0,
        host: HostName::new("web00001").expect("a name"),
        attempt: 1,
    };
    let result = HostResult {
        state: State::Ok { changed: true },
        outcome: Outcome::changed("shop was restarted"),
        hint: None,
        took: Duration::from_millis(1_234),
    };
    RunEvent {
        seq: 4_711,
        at: UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        elapsed: Duration::from_mins(1),
        kind: EventKind::AttemptFinished { key, started: true, result, commands: Vec::new() },
    }
}

criterion_group! {
    name = inner;
    config = Criterion::default().sample_size(10);
    targets = codec
}
criterion_main!(inner);
