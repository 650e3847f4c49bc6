//! The table for users, `docs/servers.md`: made of what the tests hold against the servers, and compared with what is there.
//! `RUNSHEET_UPDATE_DOCS=1` writes it.

use std::fs;
use std::path::Path;

use super::row::Row;
use super::software::Software;
use super::table::cannot;

/// Between these lines stands what is made.
const BEGIN: &str = "<!-- Made by `RUNSHEET_UPDATE_DOCS=1 cargo nextest run -p runsheet-ssh servers::page`, of what the tests found. -->\n";
const END: &str = "<!-- Until here. -->\n";

/// The table, and below it what the user is told where something does not work.
fn made() -> String {
    let titles: Vec<&str> = Software::ALL.iter().map(|software| software.title()).collect();
    let mut table = format!("| | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(titles.len()));
    let mut told = String::from("\n| where | what runsheet says |\n|---|---|\n");
    for row in Row::ALL {
        table.push_str(&format!("| {} |", row.title()));
        for software in Software::ALL {
            match cannot(software, row) {
                None => table.push_str(" yes |"),
                Some(cannot) => {
                    table.push_str(&format!(" no: {} |", cannot.why));
                    let text = cannot.told.trim();
                    told.push_str(&format!("| {}, {} | … {text} … |\n", software.title(), row.title()));
                }
            }
        }
        table.push('\n');
    }
    table + &told
}

#[test]
fn the_page_about_servers_says_what_the_tests_found() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/servers.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(BEGIN).expect("a line that begins what is made");
    let (_, after) = rest.split_once(END).expect("a line that ends it");
    let expected = format!("{before}{BEGIN}\n{}\n{END}{after}", made());
    if std::env::var_os("RUNSHEET_UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).expect("written");
    } else {
        assert_eq!(page, expected, "write it again with RUNSHEET_UPDATE_DOCS=1, and look at the difference");
    }
}
