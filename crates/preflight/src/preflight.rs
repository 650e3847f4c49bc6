use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use runsheet_model::{Hop, Mask, Unreachable};
use runsheet_runner::{HostPool, Settings};
use runsheet_ssh::{SshConnector, recorded_name};
use tokio::sync::Semaphore;

use crate::finding::{Check, Finding};
use crate::look::look;
use crate::report::{Checked, Report};
use crate::strangers::{ShownKey, Strangers};
use crate::subject::Subject;
use crate::{Approve, Bounds, reach};

/// How hosts are looked at. [`Preflight::run`] does it.
pub struct Preflight {
    /// Makes the connections.
    pub connector: Arc<SshConnector>,
    /// Whether sudo is told a password.
    pub sudo_by_password: bool,
    /// Hides the passwords that hosts hear, for a host may say what it was told.
    pub mask: Mask,
    /// What hosts have to keep to.
    pub bounds: Bounds,
    /// On how many hosts commands run at once.
    pub forks: usize,
    /// How many connections there are, and are being made, at once.
    pub settings: Settings,
}

impl Preflight {
    /// Looks at all hosts. Where keys are not on record, it asks once whether they are to be, and looks at those hosts again after a yes;
    /// once more for what was hidden behind an unknown jump host. It never fails as a whole.
    pub async fn run(&self, subjects: Vec<Subject>, approve: &dyn Approve) -> Report {
        let mut hosts: Vec<Option<Checked>> = vec![None; subjects.len()];
        let mut unknown_keys: Vec<ShownKey> = Vec::new();
        let mut places: Vec<usize> = (0..subjects.len()).collect();
        // Every yes leads at least one hop farther.
        let hops = subjects.iter().map(|subject| subject.endpoint.jumps.len() + 1).max().unwrap_or_default();
        for left in (0..=hops).rev() {
            let looked_at: Vec<_> = places.iter().map(|&place| subjects[place].clone()).collect();
            let checked = self.look_at(&looked_at).await;
            let strangers = Strangers::new(self.connector.take_unknown_keys());
            let mut shown = strangers.shown(&looked_at);
            let may_learn = left > 0 && !shown.is_empty() && approve.approve(&shown).await;
            let problems = if may_learn { Some(self.learn(&strangers).await) } else { None };
            if let Some(problems) = &problems {
                let left_out = strangers.left_out(problems);
                for key in &mut shown {
                    key.learned = !left_out.contains(&key.fingerprint);
                }
            }
            unknown_keys.extend(shown);

            let mut again = Vec::new();
            for ((place, checked), subject) in places.into_iter().zip(checked).zip(&looked_at) {
                let stranger = strangers.on_the_way(subject).filter(|_| checked.is_refused_by_key());
                let Some((hop, is_jump)) = stranger else {
                    hosts[place] = Some(checked);
                    continue;
                };
                let finding = match &problems {
                    _ if strangers.is_ambiguous(hop) => ambiguous(hop),
                    None => unknown(hop, is_jump),
                    Some(problems) => {
                        let Some(failure) = problems.get(&recorded_name(hop)) else {
                            again.push(place);
                            continue;
                        };
                        reach::finding(failure)
                    }
                };
                hosts[place] = Some(Checked { findings: vec![finding], ..checked });
            }
            if again.is_empty() {
                break;
            }
            places = again;
        }
        Report { hosts: hosts.into_iter().flatten().collect(), unknown_keys }
    }

    /// Puts the keys on record, one after the other. Returns what kept some of them out, by name.
    async fn learn(&self, strangers: &Strangers) -> HashMap<String, Unreachable> {
        let mut problems = HashMap::new();
        let mut learned = HashSet::new();
        for key in strangers.offered() {
            if learned.insert((key.name(), key.file()))
                && let Err(failure) = self.connector.learn(key).await
            {
                problems.insert(key.name().to_owned(), failure);
            }
        }
        problems
    }

    /// Looks at hosts, all at once as far as connections and forks go.
    async fn look_at(&self, subjects: &[Subject]) -> Vec<Checked> {
        let endpoints = subjects.iter().map(|subject| subject.endpoint.clone()).collect();
        let uses = vec![1; subjects.len()];
        let pool = HostPool::new(self.connector.clone(), endpoints, &uses, &self.settings);
        let forks = Semaphore::new(self.forks.clamp(1, Semaphore::MAX_PERMITS));
        let all = subjects.iter().enumerate().map(|(place, subject)| {
            let (pool, forks) = (&pool, &forks);
            async move { (place, self.look_at_one(place, subject, pool, forks).await) }
        });
        let mut checked: Vec<_> = all.collect::<FuturesUnordered<_>>().collect().await;
        checked.sort_by_key(|(place, _)| *place);
        checked.into_iter().map(|(_, checked)| checked).collect()
    }

    async fn look_at_one(&self, place: usize, subject: &Subject, pool: &HostPool, forks: &Semaphore) -> Checked {
        let endpoint = &subject.endpoint;
        let mut checked = Checked {
            host: endpoint.host.clone(),
            address: endpoint.target.address.clone(),
            findings: Vec::new(),
            let_in: false,
        };
        // All hosts wait here at once: one that steps aside has nobody to make room for but those that connect.
        match pool.get(place, &|| {}).await {
            Err(failure) => checked.findings.push(reach::finding(&failure)),
            Ok(got) => {
                checked.let_in = got.new.as_ref().is_some_and(|connected| connected.learned);
                // The permit to connect is kept until a fork is free, so that at most so many hosts are connected and idle.
                let fork = forks.acquire().await;
                drop(got.permit);
                checked.findings = look(&*got.remote, &subject.sudo, self).await;
                drop(fork);
            }
        }
        pool.release(place);
        checked
    }
}

impl Checked {
    fn is_refused_by_key(&self) -> bool {
        self.findings.iter().any(|finding| finding.check == Check::HostKey)
    }
}

fn unknown(hop: &Hop, is_jump: bool) -> Finding {
    let says = if is_jump {
        format!("the host key of its jump host `{}` is not on record", hop.address)
    } else {
        "its host key is not on record".to_owned()
    };
    Finding::wrong(Check::HostKey, says)
        .hint("compare the fingerprints with the hosts' own; `--learn`, or a yes at the terminal, puts all of these keys on record")
}

fn ambiguous(hop: &Hop) -> Finding {
    let says = format!("`{}` shows one key now and another then, and none is on record", hop.address);
    Finding::wrong(Check::HostKey, says).hint("find out who answers there; none of its keys is put on record")
}
