//! Chromium, driven through its DevTools protocol over a pipe: what a page takes to open, and what its keys do.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A browser with one tab, and a profile of its own. It is ended after two minutes whatever happens.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
    session: Option<String>,
}

impl Browser {
    /// Starts a browser with a window of so many pixels, which keeps its profile in a folder.
    pub(crate) fn start(folder: &Path, width: u32, height: u32) -> Self {
        // It reads requests from descriptor 3 and writes answers to 4 (`--remote-debugging-pipe`), each ended by a zero byte.
        let mut child = Command::new("timeout")
            .args([
                "--kill-after=5",
                "120",
                "sh",
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
            ])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
            .args(["--disable-background-networking", "--remote-debugging-pipe"])
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--user-data-dir={}", folder.join("driven").display()))
            .arg("about:blank")
            .env("HOME", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("timeout runs; see scripts/install-test-packages for chromium");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut browser = Self { child, to, from, asked: 0, session: None };
        let targets = browser.ask("Target.getTargets", &json!({}));
        let tabs = targets["targetInfos"].as_array().expect("targets");
        let tab = tabs.iter().find(|target| target["type"] == "page").expect("a tab")["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", &json!({"targetId": tab, "flatten": true}));
        browser.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        browser.ask("Page.enable", &json!({}));
        browser
    }

    /// Opens a page and waits until it is loaded.
    pub(crate) fn open(&mut self, page: &Path) {
        let answer = self.ask("Page.navigate", &json!({"url": format!("file://{}", page.display())}));
        assert!(answer["errorText"].is_null(), "{answer}");
        while self.receive()["method"] != "Page.loadEventFired" {}
    }

    /// What an expression comes to on the page; a promise is waited for. The page's policy does not bind what is asked here.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{answer}");
        answer["result"]["value"].clone()
    }

    /// Presses a key and lets it go: `Tab`, or `Enter`.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = if key == "Enter" { (13, "\r") } else { (9, "") };
        for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.ask("Input.dispatchKeyEvent", &event);
        }
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let mut request = json!({"id": self.asked, "method": method, "params": params});
        if let Some(session) = &self.session {
            request["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{request}\0").as_bytes()).expect("the browser listens");
        loop {
            let mut said = self.receive();
            if said["id"] == self.asked {
                assert!(said["error"].is_null(), "{method}: {said}");
                return said["result"].take();
            }
        }
    }

    fn receive(&mut self) -> Value {
        let mut said = Vec::new();
        self.from.read_until(0, &mut said).expect("the browser answers");
        assert_eq!(said.pop(), Some(0), "the browser went away");
        serde_json::from_slice(&said).expect("json")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        let close = json!({"id": 0, "method": "Browser.close"});
        // It may have gone already; its end is waited for in any case, so that its profile can be taken away.
        drop(self.to.write_all(format!("{close}\0").as_bytes()));
        drop(self.child.wait());
    }
}
