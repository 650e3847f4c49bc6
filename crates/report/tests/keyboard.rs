//! The page without a mouse: every fold is reached with Tab, is seen to be reached, and opens with Enter.

use std::fs;

use serde_json::Value;

use crate::devtools::Browser;
use crate::page::page_of;
use crate::story::{deploy, large};

/// What has the focus, and whether its outline can be seen: wide enough, and not cut off by a box around it.
const FOCUS: &str = "(()=>{const at=document.activeElement;if(at===document.body)return null;\
    const style=getComputedStyle(at),width=parseFloat(style.outlineWidth),off=parseFloat(style.outlineOffset)+width;\
    const box=at.getBoundingClientRect();let cut=false;\
    for(let up=at.parentElement;up;up=up.parentElement){if(getComputedStyle(up).overflow==='visible')continue;\
    const edge=up.getBoundingClientRect();\
    cut=cut||box.left-off<edge.left||box.right+off>edge.right||box.top-off<edge.top||box.bottom+off>edge.bottom}\
    const inside=box.top>=0&&box.bottom<=innerHeight||box.height>innerHeight;\
    return {tag:at.tagName,text:at.textContent.slice(0,40),open:at.parentElement.open,inside,\
    seen:style.outlineStyle==='solid'&&width>=2&&!cut}})()";

#[test]
fn every_fold_is_reached_seen_and_opened_with_keys_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    for (text, width) in [(page_of(&deploy(), b"output\n"), 1_280), (page_of(&large(300), b"output\n"), 620)] {
        fs::write(&page, text).expect("a file");
        let mut browser = Browser::start(folder.path(), width, 900);
        browser.open(&page);
        let mut toggled = 0;
        for _ in 0..500 {
            browser.press("Tab");
            let at = browser.value(FOCUS);
            if at.is_null() {
                break;
            }
            assert_eq!((&at["seen"], &at["inside"]), (&Value::Bool(true), &Value::Bool(true)), "{at}");
            if at["tag"] == "SUMMARY" {
                browser.press("Enter");
                let after = browser.value(FOCUS);
                assert_eq!(after["open"], Value::Bool(at["open"] == false), "{at}");
                if after["open"] == false {
                    browser.press("Enter");
                }
                toggled += 1;
            }
        }
        assert_eq!(browser.value("document.querySelectorAll('summary').length"), toggled);
        assert_eq!(browser.value("document.querySelectorAll('details:not([open])').length"), 0);
        assert!(toggled > 4, "{toggled} folds");
    }
}
