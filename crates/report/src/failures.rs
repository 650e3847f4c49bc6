use std::collections::HashMap;

use runsheet_events::{Group, OutputKey, StepStats, Trouble, groups};
use runsheet_model::{HostName, State, nameless, visible};

use crate::{Context, Report};

/// How many outputs are read and compared over all; the other hosts are grouped by what they said alone.
const OUTPUTS_READ: usize = 500;

/// How many different messages or outputs of one group are shown.
const VARIANTS: usize = 4;

/// How much of an output is compared and shown, in bytes.
const OUTPUT: usize = 4 << 10;

/// Hosts that ended badly or not at all in the same way, in the same step, with the same first line.
#[derive(Debug)]
pub struct Failure<'a> {
    /// The hosts, what they said in one line, and what would help.
    pub group: Group<'a>,
    /// What they said and printed, where it differs by more than their names and by numbers; the most frequent first.
    pub variants: Vec<Variant<'a>>,
    /// How many hosts of the group are in none of the variants.
    pub others: usize,
}

/// Hosts that said and printed the same but for their own names and for numbers.
#[derive(Debug)]
pub struct Variant<'a> {
    /// In the order of their names.
    pub hosts: Vec<&'a str>,
    /// What the first of them said, whole and safe.
    pub message: String,
    /// The end of what the first of them printed; empty if nothing.
    pub output: String,
    /// Whether there was more output before it.
    pub cut: bool,
}

/// Groups the hosts that did not end well, with their output: by way, then step, then the largest group first.
pub fn failures<'a>(report: &'a Report, context: &Context<'_>) -> Vec<Failure<'a>> {
    let mut left = OUTPUTS_READ;
    groups(&report.stats).into_iter().map(|group| failure(report, group, context, &mut left)).collect()
}

fn failure<'a>(report: &'a Report, group: Group<'a>, context: &Context<'_>, left: &mut usize) -> Failure<'a> {
    let Some(step) = report.stats.steps.get(group.step).filter(|_| group.trouble != Trouble::Cancelled) else {
        return Failure { group, variants: Vec::new(), others: 0 };
    };
    let mut variants: Vec<Variant<'a>> = Vec::new();
    let mut by_content: HashMap<String, usize> = HashMap::new();
    let mut others = 0;
    for &host in &group.hosts {
        let Some(mut variant) = looked_at(step, host, context, left) else {
            others += 1;
            continue;
        };
        let key = alike(&format!("{}\n{}", variant.message, variant.output), host);
        let place = *by_content.entry(key).or_insert(variants.len());
        if let Some(known) = variants.get_mut(place) {
            known.hosts.push(host);
        } else {
            variant.hosts.push(host);
            variants.push(variant);
        }
    }
    variants.sort_by_key(|variant| std::cmp::Reverse(variant.hosts.len()));
    others += variants.iter().skip(VARIANTS).map(|variant| variant.hosts.len()).sum::<usize>();
    variants.truncate(VARIANTS);
    Failure { group, variants, others }
}

/// What a host said and printed; `None` once enough has been read.
fn looked_at<'a>(step: &StepStats, host: &str, context: &Context<'_>, left: &mut usize) -> Option<Variant<'a>> {
    *left = left.checked_sub(1)?;
    let name = HostName::new(host).ok()?;
    let message = visible(step.troubled.get(&name)?.result.outcome.message.trim().as_bytes());
    let key = OutputKey { step: step.planned.step.clone(), host: name };
    // On a host that was not reached, what is there is of another try.
    let ran = !matches!(step.troubled.get(&key.host)?.result.state, State::Unreachable(_));
    let tail = ran.then(|| context.outputs.tail(&key, OUTPUT)).flatten().unwrap_or_default();
    Some(Variant { hosts: Vec::new(), message, output: tail.text(), cut: tail.cut })
}

/// A text without what differs from host to host and from second to second.
fn alike(text: &str, host: &str) -> String {
    let mut alike = String::with_capacity(text.len());
    for c in nameless(text, host).chars() {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if c != '0' || !alike.ends_with('0') {
            alike.push(c);
        }
    }
    alike
}
