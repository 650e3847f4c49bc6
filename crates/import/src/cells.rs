//! Single cells, as values of a sheet.

use runsheet_model::Share;
use runsheet_workbook::Value as Seen;
use serde_json::Value;

use crate::fields::{Field, Kind};
use crate::flag::{self, Answer};
use crate::misread::{Misread, shown};
use crate::seen::text_of;
use crate::title::Unit;
use crate::{arguments, time};

/// Reads the value of a field; nothing where it says what holds anyway.
pub(crate) fn read(field: &Field, seen: &Seen, unit: Option<Unit>) -> Result<Option<Value>, Misread> {
    let text = text_of(seen);
    Ok(match field.kind {
        Kind::Own | Kind::Unread | Kind::Timing => None,
        Kind::Text => Some(Value::from(text)),
        Kind::Flag => {
            let yes = flag::read(seen)? != Answer::No;
            // Only there is `no` something else than nothing.
            (yes || field.word == "idempotent").then_some(Value::Bool(yes))
        }
        Kind::FlagOrText => match flag::answer(&text) {
            // A condition holds, and nobody becomes another user, where nothing is said.
            Some(answer) => Some(answer != Answer::No).filter(|yes| *yes != (field.word == "when")).map(Value::Bool),
            None => Some(Value::from(text)),
        },
        Kind::DurationOrText if text.to_lowercase() == "ask" => Some(Value::from("ask")),
        Kind::Duration | Kind::DurationOrText => Some(Value::from(time::read(seen, unit)?)),
        Kind::Number => Some(number(&text)?),
        Kind::Share => Some(share(seen)?),
        Kind::Shares => {
            let parts = parts(&text);
            let shares = match (seen, parts.len()) {
                (Seen::Text(_), _) => {
                    parts.iter().map(|part| share(&Seen::Text((*part).to_owned()))).collect::<Result<_, _>>()?
                }
                _ => vec![share(seen)?],
            };
            Some(Value::Array(shares))
        }
        Kind::Map => {
            let mut map = arguments::read(&text)?;
            for value in map.values_mut().filter(|value| value.is_boolean()) {
                *value = Value::from(value.to_string());
            }
            Some(Value::Object(map))
        }
        Kind::Texts => match parts(&text).as_slice() {
            [one] => Some(Value::from(*one)),
            many => Some(many.iter().copied().collect()),
        },
    })
}

/// Reads a number of hosts or a percentage. A part of one is a percentage: cells with the format `10%` hold 0.1.
pub(crate) fn share(seen: &Seen) -> Result<Value, Misread> {
    let text = match seen {
        Seen::Number(part) if *part > 0.0 && *part < 1.0 => {
            let percent = (part * 10_000.0).round() / 100.0;
            format!("{percent}%")
        }
        _ => text_of(seen).replace(' ', ""),
    };
    match Share::parse(&text) {
        Ok(Share::Hosts(count)) => Ok(Value::from(count)),
        Ok(share @ Share::Percent(_)) => Ok(Value::from(share.to_string())),
        Err(error) => Err(Misread::new(error.to_string(), "write `3` or `10%`")),
    }
}

fn number(text: &str) -> Result<Value, Misread> {
    let wrong = |_| Misread::new(format!("{} is not a whole number", shown(text)), "write it as `3`");
    text.parse::<u32>().map(Value::from).map_err(wrong)
}

fn parts(text: &str) -> Vec<&str> {
    text.trim_matches(['[', ']']).split([',', ';', '\n', '→']).map(str::trim).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fields::STEP_FIELDS;

    #[test]
    fn cells_are_read_as_what_their_field_holds() {
        let text = |text: &str| Seen::Text(text.to_owned());
        for (word, seen, expected) in [
            ("waves", text("1, 10%, 100%"), json!([1, "10%", "100%"])),
            ("waves", text("[1; 2.5 %]"), json!([1, "2.5%"])),
            ("waves", Seen::Number(0.1), json!(["10%"])),
            ("batch", Seen::Number(5.0), json!(5)),
            ("max_fail", text("5%"), json!("5%")),
            ("max_fail", Seen::Number(0.05), json!("5%")),
            ("window", Seen::Number(0.125), json!("12.5%")),
            ("retries", Seen::Number(2.0), json!(2)),
            ("timeout", text("5m"), json!("5m")),
            ("pause", text("Ask"), json!("ask")),
            ("pause", text("30s"), json!("30s")),
            ("sudo", text("yes"), json!(true)),
            ("sudo", text("deploy"), json!("deploy")),
            ("sudo", text("no"), json!(null)),
            ("when", text("yes"), json!(null)),
            ("when", text("no"), json!(false)),
            ("once", text("x"), json!(true)),
            ("once", text("no"), json!(null)),
            ("idempotent", text("no"), json!(false)),
            ("env", text("A=1 B=true"), json!({"A": 1, "B": "true"})),
            ("makes", text("dist/a.tar.gz"), json!("dist/a.tar.gz")),
            ("makes", text("a\nb"), json!(["a", "b"])),
        ] {
            let field = STEP_FIELDS.iter().find(|field| field.word == word).expect("a field");
            assert_eq!(read(field, &seen, None).map(Option::unwrap_or_default), Ok(expected), "{word} {seen:?}");
        }
        for (word, seen) in [
            ("waves", text("some")),
            ("retries", Seen::Number(1.5)),
            ("batch", Seen::Number(-1.0)),
            ("once", text("maybe")),
        ] {
            let field = STEP_FIELDS.iter().find(|field| field.word == word).expect("a field");
            assert!(read(field, &seen, None).is_err(), "{word} {seen:?}");
        }
    }
}
