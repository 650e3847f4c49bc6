//! How fast a sheet is resolved against many hosts.
//!
//! `cargo bench -p runsheet-plan --bench inner` measures 50 steps on 1,000 and on 10,000 hosts, with an argument that is the same on all of
//! them and with one that is rendered for each: what takes more than ten times as long is not linear.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use runsheet_inventory::Inventory;
use runsheet_plan::{Plan, Planning, StepChoice};
use runsheet_sheet::Sheet;
use runsheet_task::{
    Arg, ArgKind, Config, Host, LocalFile, LocalFiles, LocalFolder, Outcome, Registry, Task, TaskError, TaskSpec,
};

const STEPS: usize = 50;

fn plan(criterion: &mut Criterion) {
    let mut registry = Registry::default();
    let spec = TaskSpec::new("work", "Works.").arg(Arg::optional("text", ArgKind::Text, "A text."));
    registry.add(Arc::new(Nothing(spec)));
    let secrets = BTreeSet::new();
    let mut group = criterion.benchmark_group("plan");
    for hosts in [1_000, 10_000] {
        let inventory = inventory(hosts);
        group.throughput(Throughput::Elements((hosts * STEPS) as u64));
        for (kind, text) in [("shared", "restart"), ("by host", "restart {{ host.name }}")] {
            let sheet = sheet(text);
            group.bench_with_input(BenchmarkId::new(kind, hosts), &sheet, |bencher, sheet| {
                bencher.iter(|| {
                    let planning = Planning {
                        local_programs: &[],
                        inventory: &inventory,
                        registry: &registry,
                        files: &NoFiles,
                        secrets: &secrets,
                        read: &|_| Err(io::ErrorKind::Unsupported.into()),
                        exclude: Vec::new(),
                        limit: None,
                        unlisted: false,
                        choice: StepChoice::default(),
                    };
                    Plan::resolve(sheet, &planning).expect("a plan")
                });
            });
        }
    }
    group.finish();
}

fn inventory(hosts: usize) -> Inventory {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hosts.yaml");
    std::fs::write(&file, format!("groups:\n  web:\n    hosts:\n      - web[00000-{:05}]\n", hosts - 1))
        .expect("a file");
    Inventory::load(&[file]).expect("host groups")
}

fn sheet(text: &str) -> Sheet {
    let mut sheet = String::from("name: Weekly\nsteps:\n");
    for step in 0..STEPS {
        sheet.push_str(&format!("  - {{name: Step {step}, task: work, hosts: web, args: {{text: \"{text}\"}}}}\n"));
    }
    Sheet::parse(&sheet, Path::new("weekly.yaml")).expect("a sheet")
}

/// A task that is only planned.
struct Nothing(TaskSpec);

#[async_trait]
impl Task for Nothing {
    fn spec(&self) -> &TaskSpec {
        &self.0
    }

    async fn do_work(&self, _: &Config, _: &Host) -> Result<Outcome, TaskError> {
        Ok(Outcome::changed("done"))
    }
}

/// This machine without any file that a task could send.
struct NoFiles;

impl LocalFiles for NoFiles {
    fn place(&self, path: &str) -> PathBuf {
        PathBuf::from(path)
    }

    fn look_up(&self, _: &str) -> io::Result<LocalFile> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn read_text(&self, _: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn look_up_folder(&self, _: &str) -> io::Result<LocalFolder> {
        Err(io::ErrorKind::NotFound.into())
    }
}

criterion_group! {
    name = inner;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(10));
    targets = plan
}
criterion_main!(inner);
