//! The page in a real browser: it is drawn as it is meant, and bars stand where the data says.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::page::page_of;
use crate::story::{deploy, large};

/// Where the bars are, measured by the browser. It is put into a copy of the page whose policy lets it in.
const PROBE: &str = "<script>addEventListener('load',()=>{\
    const rows=[...document.querySelectorAll('table.steps tbody tr')].map(row=>{\
    const track=row.querySelector('td.track svg').getBoundingClientRect();\
    const of=what=>[...row.querySelectorAll('rect.'+what)].map(rect=>{const box=rect.getBoundingClientRect();\
    return [(box.left-track.left)/track.width,box.width/track.width]});\
    return {extent:of('extent'),planned:of('planned'),forecast:of('forecast'),waits:of('waits')}});\
    const wide=document.documentElement.scrollWidth>innerWidth;\
    document.body.textContent='PROBE'+JSON.stringify({rows,wide})+'PROBE'})</script>";

/// Runs the browser on a page, with a profile of its own.
fn browser(folder: &Path, page: &Path, args: &[&str]) -> String {
    let output = Command::new("timeout")
        .args(["--kill-after=5", "90", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .args(["--no-first-run", "--disable-background-networking", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(args)
        .arg(format!("file://{}", page.display()))
        .env("HOME", folder)
        .output()
        .expect("timeout runs; see scripts/install-test-packages for chromium");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("Content Security Policy"), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn close(measured: &Value, start: f64, width: f64) {
    let (left, wide) = (measured[0].as_f64().expect("a place"), measured[1].as_f64().expect("a width"));
    assert!((left - start).abs() < 0.004 && (wide - width).abs() < 0.004, "{measured} instead of {start}, {width}");
}

#[test]
fn bars_stand_where_the_data_says_at_every_width() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = page_of(&deploy(), b"output\n");
    let (before, after) = page.split_once("<meta http-equiv").expect("a policy");
    let (_, after) = after.split_once('>').expect("its end");
    let probed = folder.path().join("probed.html");
    fs::write(&probed, format!("{before}{after}").replace("</body>", &format!("{PROBE}</body>"))).expect("a file");
    // The run took 442.3 s, and nothing was planned beyond its end.
    let all = 442.3;
    for size in ["--window-size=1280,900", "--window-size=620,900"] {
        let dom = browser(folder.path(), &probed, &[size, "--dump-dom"]);
        let measured: Value = serde_json::from_str(dom.split("PROBE").nth(1).expect("measurements")).expect("json");
        assert_eq!(measured["wide"], false, "it has to be scrolled sideways at {size}");
        let rows = &measured["rows"];
        assert_eq!(rows.as_array().map(Vec::len), Some(6));
        close(&rows[0]["extent"][0], 0.0, 3.2 / all);
        close(&rows[2]["extent"][0], 48.0 / all, 304.0 / all);
        close(&rows[2]["planned"][0], 48.0 / all, 240.0 / all);
        close(&rows[2]["forecast"][0], 48.0 / all, 262.0 / all);
        close(&rows[2]["waits"][0], 93.0 / all, 37.9 / all);
        close(&rows[3]["extent"][0], 352.0 / all, 90.0 / all);
        assert_eq!(rows[4]["extent"].as_array().map(Vec::len), Some(0), "a step that was not begun has a bar");
    }
}

/// How bright a picture is in the middle, from 0 to 255, and how many colours it has.
fn looked_at(picture: &Path) -> (u64, usize) {
    let file = std::io::BufReader::new(fs::File::open(picture).expect("a picture"));
    let mut reader = png::Decoder::new(file).read_info().expect("a picture");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("its pixels");
    let samples = info.color_type.samples();
    let colours: std::collections::HashSet<&[u8]> = pixels[..info.buffer_size()].chunks(samples).collect();
    let sum: u64 = pixels[..info.buffer_size()].iter().map(|&byte| u64::from(byte)).sum();
    (sum / info.buffer_size() as u64, colours.len())
}

/// The words of a PDF as they stand beside each other; a form feed ends each sheet.
fn words_of(printed: &Path) -> String {
    let output = Command::new("pdftotext").arg("-layout").arg(printed).arg("-").output();
    let output = output.expect("pdftotext; see scripts/install-test-packages");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn it_is_drawn_light_and_dark_narrow_and_wide_and_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    for (name, text) in [("deploy", page_of(&deploy(), b"output\n")), ("large", page_of(&large(1_000), b"output\n"))] {
        fs::write(&page, text).expect("a file");
        for size in ["1280,1600", "620,1600"] {
            for (look, setting) in [("dark", "preferredColorScheme=0"), ("light", "preferredColorScheme=1")] {
                let picture = folder.path().join(format!("{name}-{look}-{size}.png"));
                let screenshot = format!("--screenshot={}", picture.display());
                let (size, setting) = (format!("--window-size={size}"), format!("--blink-settings={setting}"));
                browser(folder.path(), &page, &[&screenshot, &size, &setting]);
                let (bright, colours) = looked_at(&picture);
                assert_eq!(bright > 128, look == "light", "{name} {look} {size}: {bright}");
                assert!(colours > 50, "{name} {look} {size}: hardly anything is drawn, {colours} colours");
            }
        }
        let printed = folder.path().join("page.pdf");
        browser(folder.path(), &page, &[&format!("--print-to-pdf={}", printed.display()), "--no-pdf-header-footer"]);
        let bytes = fs::read(&printed).expect("a PDF");
        assert!(bytes.starts_with(b"%PDF-") && bytes.len() > 10_000, "{name}: {} bytes", bytes.len());
        // Paper is narrow, but it is read as a wide page: every table has its titles, again on each sheet.
        let words = words_of(&printed);
        let sheets: Vec<&str> = words.split_terminator('\u{c}').collect();
        assert!(sheets.len() <= 5, "{name}: {} sheets of paper", sheets.len());
        let titled = |sheet: &&&str| sheet.lines().any(|line| line.contains("Host") && line.contains("Result"));
        assert!(sheets.iter().filter(titled).count() >= 2, "{words}");
    }
}

#[test]
fn the_picture_in_the_documentation_is_small() {
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.png");
    if std::env::var_os("RUNSHEET_UPDATE_DOCS").is_some() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("page.html");
        fs::write(&page, page_of(&deploy(), b"Job for solr.service failed.\n")).expect("a file");
        let screenshot = format!("--screenshot={}", picture.display());
        browser(folder.path(), &page, &[&screenshot, "--window-size=1280,1040"]);
    }
    assert!(fs::metadata(&picture).expect("docs/report.png").len() < 200_000);
    let (_, colours) = looked_at(&picture);
    assert!(colours > 50, "nothing is drawn");
}
