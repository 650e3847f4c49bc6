//! The page.

use jiff::tz::{Offset, TimeZone};
use runsheet_report::{Context, html};

use crate::story::{SameOutput, Story, deploy, large};

const OUTPUT: &[u8] = b"+ systemctl restart solr\nJob for solr.service failed.\nTraceback: no space left on device\n";

pub(crate) fn page_of(story: &Story) -> String {
    let context = Context {
        zone: TimeZone::fixed(Offset::constant(1)),
        fold: |names| runsheet_inventory::fold(names.iter().copied()),
        outputs: &SameOutput(OUTPUT),
    };
    let mut page = Vec::new();
    html(&story.report(), &context, &mut page).expect("written to memory");
    String::from_utf8(page).expect("text")
}

#[test]
fn write_samples() {
    std::fs::write("/tmp/deploy.html", page_of(&deploy())).unwrap();
    let p = page_of(&large(5000));
    println!("{}", p.len());
    std::fs::write("/tmp/large.html", p).unwrap();
}
