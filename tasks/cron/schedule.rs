use std::ops::RangeInclusive;

/// The fields of a schedule: what they may hold, and which names (crontab(5)).
const FIELDS: [(&str, RangeInclusive<u32>, &[&str]); 5] = [
    ("minute", 0..=59, &[]),
    ("hour", 0..=23, &[]),
    ("day of the month", 1..=31, &[]),
    ("month", 1..=12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    ("day of the week", 0..=7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];
const WORDS: [&str; 8] = ["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// A schedule as cron takes it, with single spaces; or what is wrong with it. cron itself leaves out the whole file in which one is
/// wrong, and tells only its log.
pub(crate) fn schedule(text: &str) -> Result<String, String> {
    let fields: Vec<_> = text.split(' ').filter(|field| !field.is_empty()).collect();
    match fields[..] {
        [word] if WORDS.contains(&word) => return Ok(word.to_owned()),
        [_, _, _, _, _] => {}
        _ => return Err("it has five fields, or is a word such as `@daily`".to_owned()),
    }
    for (field, (name, range, names)) in fields.iter().zip(FIELDS) {
        if !field.split(',').all(|part| is_part(part, &range, names)) {
            return Err(format!("the {name} cannot be `{}`", field.escape_default()));
        }
    }
    Ok(fields.join(" "))
}

/// `*`, `N` or `N-M`, the first and the last also with `/STEP`.
fn is_part(part: &str, range: &RangeInclusive<u32>, names: &[&str]) -> bool {
    let (span, step) = part.split_once('/').map_or((part, None), |(span, step)| (span, Some(step)));
    let value = |text: &str| {
        let at = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let by_name = at.and_then(|at| u32::try_from(at).ok()).map(|at| at + range.start());
        by_name.or_else(|| number(text)).filter(|value| range.contains(value))
    };
    let many = match span.split_once('-') {
        _ if span == "*" => true,
        Some((from, to)) => match (value(from), value(to)) {
            (Some(from), Some(to)) if from <= to => true,
            _ => return false,
        },
        None if value(span).is_some() => false,
        None => return false,
    };
    match step {
        None => true,
        Some(step) => many && number(step).is_some_and(|step| (1..=*range.end()).contains(&step)),
    }
}

fn number(text: &str) -> Option<u32> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_one_that_cron_takes() {
        for text in
            ["* * * * *", "*/5 0-6,22 1,15 JAN-mar mon-fri", "0 0 * * 7", "05 4 31 12 0", "10-50/20 * * * *", "@daily"]
        {
            assert_eq!(schedule(text).as_deref(), Ok(text));
        }
        assert_eq!(schedule("  1  2 3 4   5 ").as_deref(), Ok("1 2 3 4 5"));
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5/2 * * * *",
            "5-1 * * * *",
            "-1 * * * *",
            "1, * * * *",
            "a * * * *",
            "* * * mon *",
            "@often",
            "@daily root",
            "*\n* * * *",
            "*\t* * * *",
            "+1 * * * *",
            "1-2-3 * * * *",
            "*/99 * * * *",
            "* * * * *; x",
        ] {
            assert!(schedule(text).is_err(), "{text:?}");
        }
    }
}
