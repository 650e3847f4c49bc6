//! The page: what stands in it, what never does, and how large it is.

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use jiff::tz::{Offset, TimeZone};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use runsheet_events::EventKind;
use runsheet_report::{Context, html};

use crate::story::{SameOutput, Story, Try, deploy, large, over, planned, step};

const OUTPUT: &[u8] = b"+ systemctl restart solr\nJob for solr.service failed.\nTraceback: no space left on device\n";

/// What breaks out of text, attributes, comments, styles and scripts, or drives a terminal.
pub(crate) const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\" onmouseover=\"alert(1)\" x='<svg onload=alert(1)>\
     javascript:alert(1) </style></title></pre><!-- ]]> \u{1b}[2J\u{0}\u{202e} &lt;b&gt; {{ 7*7 }} =cmd|' /C calc'!A0 | `x` @here";

const HOSTILE_OUTPUT: &[u8] =
    b"<script>alert(1)</script></pre><iframe src=//evil>\xff\xfe\x00\x1b]52;c;aGk=\x07\r\n<a href='javascript:alert(1)'>x</a>";

const ELEMENTS: [&str; 47] = [
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "p", "div", "span",
    "strong", "small", "em", "code", "pre", "time", "ul", "li", "dl", "dt", "dd", "a", "table", "caption", "thead",
    "tbody", "tr", "th", "td", "details", "summary", "svg", "rect", "path", "text", "g", "line", "title", "b", "i",
    "abbr", "ol", "nav",
];

const ATTRIBUTES: [&str; 27] = [
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "id",
    "href",
    "scope",
    "aria-labelledby",
    "aria-hidden",
    "aria-label",
    "role",
    "open",
    "tabindex",
    "width",
    "height",
    "x",
    "y",
    "dx",
    "rx",
    "d",
    "viewBox",
    "preserveAspectRatio",
    "colspan",
    "title",
    "points",
];

pub(crate) fn context(outputs: &SameOutput) -> Context<'_> {
    Context {
        zone: TimeZone::fixed(Offset::constant(1)),
        fold: |names| runsheet_inventory::fold(names.iter().copied()),
        outputs,
    }
}

pub(crate) fn page_of(story: &Story, output: &'static [u8]) -> String {
    let mut page = Vec::new();
    html(&story.report(), &context(&SameOutput(output)), &mut page).expect("written to memory");
    String::from_utf8(page).expect("text")
}

/// A run in which everything that can be said is hostile.
pub(crate) fn hostile() -> Story {
    let mut plan = vec![planned("one", HOSTILE, "command", 3), planned("two", HOSTILE, "", 0)];
    plan[0].owner = Some(HOSTILE.into());
    let mut story = Story::of(HOSTILE, 3, plan);
    story.step("one", 0, 9_000, 3);
    story.host("one", "javascript:alert", &[Try::failed(200, 5_000, HOSTILE)]);
    story.host("one", "web2", &[Try::failed(200, 8_000, &HOSTILE.repeat(90))]);
    story.host("one", "web3", &[Try::ok(200, 8_000)]);
    story.step("two", 9_000, 12_000, 0).asked("two", 9_000, 12_000, HOSTILE, HOSTILE, HOSTILE);
    story.at(10_000, EventKind::Warned { message: HOSTILE.into() });
    let reason =
        runsheet_events::CancelReason::FileNotMade { step: step("one"), path: HOSTILE.into(), reason: HOSTILE.into() };
    story.at(12_000, EventKind::RunCancelled { reason }).at(12_000, over(12_000));
    story
}

fn walk(node: &Handle, visit: &mut impl FnMut(&str, &[(String, String)])) {
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attributes = attrs.borrow();
        let attributes: Vec<_> =
            attributes.iter().map(|it| (it.name.local.to_string(), it.value.to_string())).collect();
        visit(&name.local, &attributes);
    }
    for child in node.children.borrow().iter() {
        walk(child, visit);
    }
}

/// Reads a page as a browser does, and checks every element and attribute of it.
fn check(page: &str) {
    let dom: RcDom = parse_document(RcDom::default(), ParseOpts::default()).one(page);
    let mut policies = 0;
    let mut seen = 0;
    walk(&dom.document, &mut |element, attributes| {
        seen += 1;
        assert!(ELEMENTS.contains(&element), "<{element}> is in the page");
        for (name, value) in attributes {
            assert!(ATTRIBUTES.contains(&name.as_str()), "<{element} {name}={value:?}> is in the page");
            assert!(name != "href" || value.starts_with("#step-"), "a link to {value:?}");
            if value == "Content-Security-Policy" {
                policies += 1;
                let policy = &attributes.iter().find(|(name, _)| name == "content").expect("a policy").1;
                assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
                assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
            }
        }
    });
    assert_eq!(policies, 1);
    assert!(seen > 50, "only {seen} elements");
    let stray = page.chars().find(|&c| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}');
    assert_eq!(stray, None);
}

#[test]
fn nothing_that_anybody_said_becomes_part_of_the_page() {
    check(&page_of(&deploy(), OUTPUT));
    let page = page_of(&hostile(), HOSTILE_OUTPUT);
    check(&page);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the output is missing");
    assert!(page.contains(">javascript:alert<"), "the host is missing");
}

#[test]
fn a_page_tells_how_it_went() {
    let page = page_of(&deploy(), OUTPUT);
    for told in [
        "Weekly web deploy",
        "outcome unknown",
        "2026-11-23",
        "waits for a person",
        "graphs look right",
        "no space left on device",
        "runsheet run weekly --set &#39;release=2026.11.22 final&#39;",
        "019aaf3e-5b1d-7c44-9a41-3f2b61c0de42",
        "sha256:5f3a91",
        "drained on solr06",
        "takes longer than ever",
        "2 attempts",
        "not begun",
    ] {
        assert!(page.contains(told) || page.contains(&told.replace("&#39;", "'")), "`{told}` is missing");
    }
}

#[test]
fn a_page_of_five_thousand_hosts_stays_small() {
    let page = page_of(&large(5_000), OUTPUT);
    check(&page);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("fastest 850ms, median"), "the spread is missing");
    assert_eq!(page.matches("<tr>").count(), 97, "more hosts by name than the failed and the slowest");
}

#[test]
fn a_page_stays_small_when_everything_fails_in_words_of_its_own() {
    let mut story = Story::of("Whole fleet", 5_000, vec![planned("one", "One", "command", 5_000)]);
    story.step("one", 0, 60_000, 5_000);
    for number in 0..5_000 {
        let word = char::from_u32(0x4e00 + number).expect("a character");
        let message = format!("{word}{word}: {}\n{}", HOSTILE, "<&\">".repeat(3_000));
        story.host("one", &format!("web{number}"), &[Try::failed(200, 50_000, &message)]);
    }
    story.at(60_000, over(60_000));
    let page = page_of(&story, HOSTILE_OUTPUT);
    assert!(page.len() < 5 << 20, "{} bytes", page.len());
}
