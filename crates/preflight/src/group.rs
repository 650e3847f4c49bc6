use std::collections::BTreeMap;

use runsheet_model::{HostName, nameless};
use serde::Serialize;

use crate::finding::{Amount, Check, Finding, Weight};
use crate::report::Checked;

/// Hosts of which the same is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingGroup {
    /// By which check it was found.
    pub check: Check,
    /// How much it matters.
    pub weight: Weight,
    /// What. Where hosts differ by their own names and addresses only, `<host>` stands for those.
    pub says: String,
    /// From how much to how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amounts: Option<(Amount, Amount)>,
    /// What would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The hosts, in the order in which they were asked for.
    pub hosts: Vec<HostName>,
}

/// A host and something that was found on it.
type Member<'a> = (&'a Checked, &'a Finding);

/// Groups what was found: by check, what is wrong first, then the largest group first.
pub fn group(hosts: &[Checked]) -> Vec<FindingGroup> {
    let mut found: BTreeMap<(Check, Weight, String), Vec<Member<'_>>> = BTreeMap::new();
    for checked in hosts {
        for finding in &checked.findings {
            let says = same_for_all(&finding.says, checked);
            found.entry((finding.check, finding.weight, says)).or_default().push((checked, finding));
        }
    }
    let mut groups: Vec<_> = found
        .into_iter()
        .filter_map(|((check, weight, says), members)| {
            let (first, finding) = *members.first()?;
            let alone = members.len() == 1;
            let own = |text: &String| if alone { text.clone() } else { same_for_all(text, first) };
            let amounts = || members.iter().filter_map(|(_, finding)| finding.amount);
            Some(FindingGroup {
                check,
                weight,
                says: if alone { finding.says.clone() } else { says },
                amounts: amounts().min().zip(amounts().max()),
                hint: finding.hint.as_ref().map(own),
                hosts: members.iter().map(|(checked, _)| checked.host.clone()).collect(),
            })
        })
        .collect();
    groups.sort_by_key(|group| (group.check, group.weight, std::cmp::Reverse(group.hosts.len())));
    groups
}

/// A text without what is a host's own.
fn same_for_all(text: &str, checked: &Checked) -> String {
    let text = nameless(text, checked.host.as_str());
    if checked.address == checked.host.as_str() { text } else { nameless(&text, &checked.address) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn hosts_that_differ_by_their_names_or_amounts_only_are_told_together() {
        let late = |ms| Finding::wrong(Check::Clock, "late").amount(Amount::Time(Duration::from_millis(ms)));
        let host = |number: u64| Checked {
            host: HostName::new(format!("web{number}")).expect("a name"),
            address: format!("10.0.0.{number}"),
            findings: vec![
                late(number * 100),
                Finding::wrong(Check::Connection, format!("10.0.0.{number}:22: refused")),
                Finding::odd(Check::Shell, "odd"),
            ],
            let_in: false,
        };
        let mut hosts: Vec<_> = (1..=3).map(host).collect();
        hosts.push(Checked { findings: vec![Finding::wrong(Check::Connection, "web4: gone")], ..host(4) });
        let groups = group(&hosts);
        let told: Vec<_> = groups.iter().map(|group| (group.says.as_str(), group.hosts.len())).collect();
        assert_eq!(told, [("<host>:22: refused", 3), ("web4: gone", 1), ("odd", 3), ("late", 3)]);
        let (least, most) = groups[3].amounts.expect("amounts");
        assert_eq!([least, most], [100, 300].map(|ms| Amount::Time(Duration::from_millis(ms))));
    }
}
