//! runsheet on thousands of practice hosts: how near it comes to the ideal, and what memory a host takes.
//!
//! `cargo bench --bench scale` prints its tables in Markdown; `cargo bench --bench scale -- ten-thousand waiting idle flooding` only those
//! that are named. The hosts are practice hosts in processes of their own, on this machine, so that both sides of every handshake share
//! its cores.

mod hosts;
mod measured;
mod memory;
mod ten_thousand;

use std::env;

/// A table.
type Table = fn();

const TABLES: [(&str, Table); 4] = [
    ("ten-thousand", ten_thousand::table),
    ("waiting", memory::waiting),
    ("idle", memory::idle),
    ("flooding", memory::flooding),
];

fn main() {
    let words: Vec<_> = env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    // This program is also the one whose processes the hosts are.
    if let Some((hosts::WORD, rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return hosts::serve(rest);
    }
    for (name, table) in TABLES {
        if words.is_empty() || words.iter().any(|word| word == name) {
            table();
        }
    }
}

#[expect(clippy::print_stdout, reason = "the tables are what this program is for")]
fn say(line: &str) {
    println!("{line}");
}
