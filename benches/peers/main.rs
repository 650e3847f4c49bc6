//! runsheet beside other tools, on many addresses of one real sshd of this machine.
//!
//! `scripts/bench` installs the others and runs this; `cargo bench --bench peers -- one-command` measures one table. Each tool is run in
//! turn, several rounds, and the median counts. Client and server share the machine, so that only ratios travel: the floor is the CPU
//! time that sshd itself used, divided by the cores. The tables go into `docs/benchmarks.md`, the pictures beside it.

#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the fleet and some questions to sshd are for the tests")]
mod support;

mod bare;
mod chart;
mod fleet;
mod measure;
mod one_host;
mod page;
mod table;
mod tool;
mod work;

use std::env;
use std::fs;

use fleet::Fleet;
use measure::{Round, measure};
use page::Page;
use table::Measured;
use tool::Tool;
use work::Work;

/// A table of many tools that do the same.
struct Contest {
    name: &'static str,
    title: &'static str,
    work: Work,
    hosts: u32,
    who: Who,
}

/// Which tools take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    All,
    /// Those that do not start a process for each host.
    Quick,
    /// runsheet, and its SSH client alone.
    Ours,
}

impl Who {
    fn has(self, tool: Tool) -> bool {
        match self {
            Self::All => tool != Tool::Bare,
            Self::Quick => tool != Tool::Bare && !tool.is_slow(),
            Self::Ours => matches!(tool, Tool::Runsheet | Tool::Bare),
        }
    }
}

const CONTESTS: [Contest; 6] = [
    Contest {
        name: "one-command",
        title: "One command on 100 hosts",
        work: Work::OneCommand,
        hosts: 100,
        who: Who::All,
    },
    Contest {
        name: "three-hundred",
        title: "One command on 300 hosts",
        work: Work::OneCommand,
        hosts: 300,
        who: Who::Quick,
    },
    Contest {
        name: "a-thousand",
        title: "One command on 1,000 hosts",
        work: Work::OneCommand,
        hosts: 1_000,
        who: Who::Quick,
    },
    Contest {
        name: "bare",
        title: "One command on 300 hosts, with and without record and display",
        work: Work::OneCommand,
        hosts: 300,
        who: Who::Ours,
    },
    Contest { name: "five-steps", title: "Five steps on 100 hosts", work: Work::FiveSteps, hosts: 100, who: Who::All },
    Contest { name: "one-file", title: "A file of 5 MiB to 100 hosts", work: Work::OneFile, hosts: 100, who: Who::All },
];

/// Size of the file that goes to all hosts, in bytes.
const ARTIFACT: usize = 5 << 20;

fn main() {
    // cargo adds an argument of its own.
    let wanted: Vec<_> = env::args().skip(1).filter(|word| word != "--bench").collect();
    // This program is also the one that has nothing but the SSH client.
    if let Some((bare::WORD, rest)) = wanted.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return bare::run(rest);
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let rounds = env::var("BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let page = Page::open();
    for contest in CONTESTS.iter().filter(|contest| is_wanted(contest.name)) {
        let measured = contest.hold(rounds);
        let text = table::of(&measured, contest.hosts);
        say(&format!("{}\n\n{text}", contest.title));
        page.put(contest.name, &text);
        if contest.who != Who::Ours {
            page.draw(contest.name, &chart::chart(contest.title, &table::bars(&measured)));
        }
    }
    if is_wanted("one-host") {
        let text = one_host::table();
        say(&text);
        page.put("one-host", &text);
    }
}

impl Contest {
    fn hold(&self, rounds: usize) -> Vec<Measured> {
        let fleet = Fleet::start(self.hosts);
        fs::write(fleet.path("artifact"), noise(ARTIFACT)).expect("the file");
        let few = Fleet::start(10);
        fs::write(few.path("artifact"), noise(ARTIFACT)).expect("the file");
        let tools = tool::ALL.into_iter().filter(|tool| tool.is_there() && self.who.has(*tool));
        let mut measured: Vec<_> = tools
            .filter(|tool| tool.command(&fleet, self.work).is_some())
            .map(|tool| Measured { tool, rounds: Vec::new(), processes: self.processes(tool, &few) })
            .collect();
        for round in 1..=rounds {
            for entry in &mut measured {
                say(&format!("{}: round {round} of {rounds}, {}", self.name, entry.tool.name()));
                entry.rounds.push(self.run(entry.tool, &fleet));
            }
        }
        measured
    }

    fn run(&self, tool: Tool, fleet: &Fleet) -> Round {
        // A file that is there already would not be sent again.
        let there = fleet.path("there");
        let _ = fs::remove_file(&there);
        let command = tool.command(fleet, self.work).expect("it takes part");
        let round = measure(fleet, &command, || tool.leave(fleet));
        // The tool is not its own witness: sshd has let it in for each host, and the file is what was sent.
        let hosts = usize::try_from(fleet.hosts).expect("a number");
        assert!(round.logins >= hosts, "{} logged in {} times", tool.name(), round.logins);
        if self.work == Work::OneFile {
            assert!(fs::read(there).expect("the file") == noise(ARTIFACT), "{} has sent another file", tool.name());
        }
        round
    }

    fn processes(&self, tool: Tool, few: &Fleet) -> usize {
        let _ = fs::remove_file(few.path("there"));
        let count = measure::processes(few, &tool.command(few, self.work).expect("it takes part"));
        tool.leave(few);
        count
    }
}

/// Bytes that cannot be compressed (xorshift).
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(word).flatten().take(bytes).collect()
}

#[expect(clippy::print_stdout, reason = "the tables are what this program is for")]
fn say(text: &str) {
    println!("{text}");
}
