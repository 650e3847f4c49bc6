//! Spans of time as ISO 8601 has them: `PT00H12M00S`.

use std::time::Duration;

/// The span that a text stands for; nothing if it is none, or goes back in time.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let span: jiff::Span = text.parse().ok()?;
    // Years and months have no length of their own, and no spreadsheet writes them.
    let span = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    span.try_into().ok()
}

/// The text that stands for a span.
pub(crate) fn format(span: Duration) -> String {
    let seconds = span.as_secs();
    let mut text = format!("PT{:02}H{:02}M{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if span.subsec_nanos() > 0 {
        text.push_str(format!(".{:09}", span.subsec_nanos()).trim_end_matches('0'));
    }
    text.push('S');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_they_are_written() {
        for (span, text) in [
            (Duration::from_mins(12), "PT00H12M00S"),
            (Duration::from_mins(1_625), "PT27H05M00S"),
            (Duration::from_millis(1_250), "PT00H00M01.25S"),
        ] {
            assert_eq!(format(span), text);
            assert_eq!(parse(text), Some(span));
        }
        assert_eq!(parse("P1DT1H"), Some(Duration::from_hours(25)));
        assert_eq!(parse("-PT1S"), None);
        assert_eq!(parse("soon"), None);
    }
}
