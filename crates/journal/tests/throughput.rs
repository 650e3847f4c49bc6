//! How fast events become durable. Prints; decides nothing.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use runsheet_events::{Durability, Ledger};
use runsheet_journal::WriterSettings;
use runsheet_model::RunId;
use tokio::task::JoinSet;

use crate::sample::{numbered, state};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures this machine"]
async fn appends_a_second() {
    for producers in [1, 64, 1000] {
        let (_temporary, state) = state();
        let run = RunId::fresh();
        let writer =
            state.create_run(run, b"{}").and_then(|folder| folder.start(&WriterSettings::default())).expect("a writer");
        let writer = Arc::new(writer);
        let next = Arc::new(Mutex::new(0));
        let until = Instant::now() + Duration::from_secs(3);
        let mut tasks = JoinSet::new();
        for _ in 0..producers {
            let (writer, next) = (Arc::clone(&writer), Arc::clone(&next));
            tasks.spawn(async move {
                let mut durability = writer.durability();
                let mut worst = Duration::ZERO;
                while Instant::now() < until {
                    let began = Instant::now();
                    let seq = {
                        let mut next = next.lock().expect("a number");
                        *next += 1;
                        writer.append(Arc::new(numbered(run, *next))).expect("an open journal");
                        *next
                    };
                    let durable = durability
                        .wait_for(|durability| !matches!(durability, Durability::UpTo(durable) if *durable < seq))
                        .await
                        .expect("a writer");
                    assert!(matches!(*durable, Durability::UpTo(_)));
                    worst = worst.max(began.elapsed());
                }
                worst
            });
        }
        let worst = tasks.join_all().await.into_iter().max().unwrap_or_default();
        let count = *next.lock().expect("a number");
        writer.close().expect("a durable journal");
        println!("{producers} producers: {} events/s, worst wait {worst:?}", count / 3);
    }
}
