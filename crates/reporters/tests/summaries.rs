//! What is told of a run once it is over.

use std::time::Duration;

use runsheet_events::RunStats;
use runsheet_reporters::{Findings, HistoryRow, Palette, RecapContext, ShowContext, history, recap, show};

use crate::story::{Story, changed, failed, fold};
use crate::watched::rough_deploy;

fn context(findings: &Findings) -> RecapContext<'_> {
    RecapContext {
        palette: Palette::plain(),
        fold,
        width: None,
        findings,
        output: Some("/var/lib/runsheet/5f3a9c21/output"),
        just_ended: false,
    }
}

#[test]
fn a_run_is_shown_again_with_its_slowest_hosts() {
    let (run, findings) = rough_deploy().run();
    let context = ShowContext { recap: context(&findings), when: Some("22 Nov 2026 03:00:00"), all_hosts: false };
    insta::assert_snapshot!(show(&run, &context));
}

#[test]
fn a_good_run_is_summed_up_in_a_few_lines() {
    let mut story = Story::of("run", "Deploy", &[("Restart", "service.restart", 2, Some(60))]);
    story.step_starts(1, &["web1", "web2"]);
    story.at(61_000).host_ends(1, "web1", changed("", 1));
    story.host_ends(1, "web2", changed("", 1)).step_ends(1).run_ends();
    let (stats, findings) = story.stats();
    insta::assert_snapshot!(recap(&stats, &context(&findings)), @"
    run 5f3a9c21  Deploy  ok: 2 ok (2 changed)  in 1m 01s
         step     result            planned    took
      1  Restart  2 ok (2 changed)       1m  1m 01s
    full output: /var/lib/runsheet/5f3a9c21/output
    ");
}

#[test]
fn a_run_that_was_cut_off_says_so() {
    let mut story = Story::of("run", "Deploy", &[("One", "shell", 2, None), ("Two", "shell", 2, None)]);
    story.step_starts(1, &["web1", "web2"]);
    story.at(2_000).host_ends(1, "web1", changed("", 1));
    let (stats, findings) = story.stats();
    insta::assert_snapshot!(recap(&stats, &context(&findings)), @"
    run 5f3a9c21  Deploy  not over: 1 ok (1 changed)  in 2.0s
         step  result                        planned  took
      1  One   1 ok (1 changed), 1 not over        -     -
      2  Two   not started                         -     -
    full output: /var/lib/runsheet/5f3a9c21/output
    ");
    assert_eq!(
        recap(&RunStats::default(), &context(&Findings::default())).lines().next(),
        Some("not over: nothing was run")
    );
}

#[test]
fn many_ways_to_fail_do_not_hide_a_host() {
    let names: Vec<String> = (1..=30).map(|number| format!("web{number}")).collect();
    let mut story = Story::of("do", "shell", &[("shell", "shell", 30, None)]);
    story.step_starts(1, &names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names {
        story.host_ends(1, name, failed(&format!("odd {name}!"), 1));
    }
    for name in ["solr1", "solr2"] {
        story.host_ends(1, name, failed("disk full", 1));
    }
    story.step_ends(1).run_ends();
    let (stats, findings) = story.stats();
    let text = recap(&stats, &context(&findings));
    assert!(text.contains("failed on 32 hosts\n"), "{text}");
    assert!(text.contains("  solr1,solr2 (2)  disk full\n"), "{text}");
    // They differ by their own names only.
    assert!(text.contains(" (30)  odd <host>!\n"), "{text}");
}

#[test]
fn rare_ways_to_fail_are_folded_together_and_name_every_host() {
    let names: Vec<String> = (1..=30).map(|number| format!("web{number}")).collect();
    let mut story = Story::of("do", "shell", &[("shell", "shell", 30, None)]);
    story.step_starts(1, &names.iter().map(String::as_str).collect::<Vec<_>>());
    for (index, name) in names.iter().enumerate() {
        story.host_ends(1, name, failed(&format!("code {index}"), 1));
    }
    story.step_ends(1).run_ends();
    let (stats, findings) = story.stats();
    let text = recap(&stats, &context(&findings));
    assert!(text.contains(" (10)  in 10 more ways\n"), "{text}");
    for name in &names {
        let number = name.trim_start_matches("web");
        let told = text.contains(&format!("  {name}  ")) || text.split(['[', ',', ']']).any(|part| part == number);
        assert!(told, "{name} is missing: {text}");
    }
}

#[test]
fn history_is_a_table() {
    let row = |when: &str, result: &str, took| HistoryRow {
        run: "01936f7e-aaaa-7bbb-8ccc-00005f3a9c21".parse().expect("an id"),
        when: when.to_owned(),
        sheet: "Weekly web deploy with a rather long name".to_owned(),
        steps: 5,
        hosts: 40,
        result: result.to_owned(),
        good: result == "ok",
        took,
    };
    let rows = [row("22 Nov 03:00", "ok", Some(Duration::from_secs(842))), row("15 Nov 03:00", "2 failed", None)];
    insta::assert_snapshot!(history(&rows, Some(70), &Palette::plain()), @"
    run       when          sheet          steps  hosts  result       took
    5f3a9c21  22 Nov 03:00  Weekly web d…      5     40  ok        14m 02s
    5f3a9c21  15 Nov 03:00  Weekly web d…      5     40  2 failed        -
    ");
}
