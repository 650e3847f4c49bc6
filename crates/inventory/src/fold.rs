use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use crate::range::LONGEST_NUMBER;

/// Folds names into ranges: `web1,web2,web3,db1` becomes `web[1-3],db1`.
///
/// Each name counts once; zero padding is kept; names that differ in several numbers fold into `dc[1-2]n[1-3]` where they
/// form a full grid. Names come out in the order in which the first of their kind went in, numbers in ascending order.
/// The time is near to linear: every number of a name is looked at once. What comes out names the same set of hosts as a
/// pattern.
pub fn fold<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut by_skeleton: HashMap<Vec<String>, usize> = HashMap::new();
    for name in names {
        let (texts, numbers) = split(name.as_ref());
        let index = *by_skeleton.entry(texts).or_insert_with_key(|texts| {
            kinds.push(Kind { texts: texts.clone(), rows: Vec::new() });
            kinds.len() - 1
        });
        kinds[index].rows.push(numbers.into_iter().map(|number| vec![number]).collect());
    }
    let mut folded = String::new();
    for kind in &mut kinds {
        // One pass a number, the last one first, because names usually count fastest at their end.
        for slot in (0..kind.texts.len() - 1).rev() {
            kind.merge(slot);
        }
        kind.write(&mut folded);
    }
    folded
}

/// A number as it is written. Its width counts only if it starts with a zero.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Number {
    value: u64,
    digits: usize,
}

impl Number {
    fn padded(&self) -> bool {
        self.digits > 1 && format!("{}", self.value).len() < self.digits
    }
}

/// Numbers that can stand in one pair of brackets, in ascending order, without equals.
type Set = Vec<Number>;

/// All names with the same texts between their numbers.
struct Kind {
    texts: Vec<String>,
    /// A row stands for every way to take one number out of each of its sets.
    rows: Vec<Vec<Set>>,
}

impl Kind {
    /// Puts rows that differ only in one slot into one.
    fn merge(&mut self, slot: usize) {
        let mut merged: Vec<Vec<Set>> = Vec::new();
        let mut known: HashMap<Vec<Set>, usize> = HashMap::new();
        for mut row in self.rows.drain(..) {
            let set = std::mem::take(&mut row[slot]);
            if let Some(&index) = known.get(&row) {
                merged[index][slot].extend(set);
            } else {
                known.insert(row.clone(), merged.len());
                row[slot] = set;
                merged.push(row);
            }
        }
        for row in &mut merged {
            row[slot].sort_unstable();
            row[slot].dedup();
        }
        self.rows = merged;
    }

    fn write(&self, out: &mut String) {
        // A kind without numbers is one name, however often it came.
        let rows = if self.texts.len() == 1 { &self.rows[..1] } else { &self.rows[..] };
        for row in rows {
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(&self.texts[0]);
            for (set, text) in row.iter().zip(&self.texts[1..]) {
                write_set(set, out);
                out.push_str(text);
            }
        }
    }
}

/// Cuts a name into the texts around its numbers (one more than numbers) and the numbers.
fn split(name: &str) -> (Vec<String>, Vec<Number>) {
    let mut texts = vec![String::new()];
    let mut numbers = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let taken = if digits == 0 { first.len_utf8() } else { digits };
        match rest[..taken].parse() {
            Ok(value) if digits > 0 && digits <= LONGEST_NUMBER => {
                numbers.push(Number { value, digits });
                texts.push(String::new());
            }
            _ => {
                if let Some(text) = texts.last_mut() {
                    text.push_str(&rest[..taken]);
                }
            }
        }
        rest = &rest[taken..];
    }
    (texts, numbers)
}

fn write_set(set: &Set, out: &mut String) {
    if let [only] = set.as_slice() {
        _ = write!(out, "{:0width$}", only.value, width = only.digits);
        return;
    }
    // `01` needs the width 2; `10` is at home in any width up to 2, and goes where padded ones are so that `01`…`20` is one range.
    let mut widths: BTreeMap<usize, Vec<u64>> =
        set.iter().filter(|number| number.padded()).map(|number| (number.digits, Vec::new())).collect();
    for number in set {
        let width = if number.padded() {
            number.digits
        } else {
            widths.range(..=number.digits).next_back().map_or(0, |(&width, _)| width)
        };
        widths.entry(width).or_default().push(number.value);
    }
    out.push('[');
    let mut separator = "";
    for (width, values) in widths {
        for run in values.chunk_by(|a, b| a + 1 == *b) {
            out.push_str(separator);
            separator = ",";
            match run {
                [first, .., last] => _ = write!(out, "{first:0width$}-{last:0width$}"),
                [only] => _ = write!(out, "{only:0width$}"),
                [] => {}
            }
        }
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::expand_text;

    fn expanded(folded: &str) -> BTreeSet<String> {
        expand_text(folded).expect("what was folded can be read").into_iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn names_fold_as_people_write_them() {
        let cases = [
            ("web1,web2,web3,db1", "web[1-3],db1"),
            ("web01,web02,web10,web11", "web[01-02,10-11]"),
            ("web08,web09,web10", "web[08-10]"),
            ("web98,web99,web100", "web[98-100]"),
            ("n1,n01,n001", "n[1,01,001]"),
            ("dc1n1,dc1n2,dc2n1,dc2n2", "dc[1-2]n[1-2]"),
            ("dc1n1,dc1n2,dc2n1", "dc1n[1-2],dc2n1"),
            ("10.0.0.1,10.0.0.2,10.0.1.1,10.0.1.2", "10.0.[0-1].[1-2]"),
            ("web1,web1", "web1"),
            ("solr,solr", "solr"),
            ("0,00,1", "[0-1,00]"),
        ];
        for (names, folded) in cases {
            assert_eq!(fold(names.split(',')), folded);
            assert_eq!(expanded(folded), names.split(',').map(str::to_owned).collect(), "{folded}");
        }
        assert_eq!(fold(Vec::<String>::new()), "");
    }

    #[test]
    fn ten_thousand_irregular_names_fold_and_unfold() {
        let mut seed = 42_u64;
        let mut next = |limit: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % limit
        };
        let names: BTreeSet<String> = (0..10_000)
            .map(|_| {
                format!(
                    "r{}-n{:03}.dc{}.x{}",
                    next(40),
                    next(2000),
                    next(5),
                    ["", "a", "b1"][usize::from(next(3) > 0) + usize::from(next(2) > 0)]
                )
            })
            .collect();
        assert_eq!(expanded(&fold(&names)), names);
    }

    proptest! {
        #[test]
        fn what_is_folded_names_the_same_hosts(names in prop::collection::btree_set("[a-c]{0,2}[0-9]{1,3}(-?[a-c][0-9]{0,2})?", 1..60)) {
            prop_assert_eq!(expanded(&fold(&names)), names);
        }

        #[test]
        fn folding_what_was_expanded_changes_nothing(
            first in 0_u64..120, more in 0_u64..60, width in 0_usize..5, second in 0_u64..12, more2 in 0_u64..4,
        ) {
            let pattern = format!("dc[{second}-{}]n[{first:0width$}-{:0width$}]", second + more2, first + more);
            let names = expanded(&pattern);
            let folded = fold(&names);
            prop_assert_eq!(expanded(&folded), names);
            prop_assert_eq!(folded.matches(',').count(), 0, "{} became {}", pattern, folded);
        }
    }
}
