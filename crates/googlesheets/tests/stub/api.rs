use serde_json::{Value, json};

use super::State;
use super::http::Asked;
use super::mask::Mask;
use super::sheet::{StubCell, StubSheet, StubTab};

type Answer = (u16, Value);

/// An error as the API tells it.
pub(super) fn error(status: u16, message: &str) -> Answer {
    let name = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    (status, json!({"error": {"code": status, "message": message, "status": name}}))
}

/// Answers a request of the API.
pub(super) fn answer(state: &mut State, asked: &Asked) -> Answer {
    let token = asked.authorization.strip_prefix("Bearer ").unwrap_or_default();
    if !state.tokens.iter().any(|given| given == token) {
        return error(401, "Request had invalid authentication credentials.");
    }
    let Some(rest) = asked.path.strip_prefix("/v4/spreadsheets/") else { return error(404, "Not found") };
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (id, what) = rest.split_at(end);
    let Some(sheet) = state.sheets.get_mut(id) else { return error(404, "Requested entity was not found.") };
    if !sheet.shared {
        return error(403, "The caller does not have permission");
    }
    let body = || serde_json::from_str::<Value>(&asked.body).unwrap_or(Value::Null);
    match (asked.method.as_str(), what) {
        ("GET", "") => get(id, sheet, &asked.query),
        ("POST", _) if asked.content_type != "application/json" => error(400, "Unsupported content with type"),
        ("POST", "/values:batchUpdate") => update_values(id, sheet, &body()),
        ("POST", ":batchUpdate") => update(id, sheet, &body()),
        _ => error(404, "Not found"),
    }
}

/// `spreadsheets.get`.
fn get(id: &str, sheet: &StubSheet, query: &str) -> Answer {
    let field = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let whole = json!({
        "spreadsheetId": id,
        "properties": {"title": sheet.title, "locale": "en_US", "timeZone": "Etc/GMT"},
        "sheets": sheet.tabs.iter().map(StubTab::json).collect::<Vec<_>>(),
    });
    match field("fields").map(Mask::parse) {
        Some(None) => error(400, "Request contains an invalid argument: fields"),
        Some(Some(mask)) => (200, mask.apply(&whole)),
        // Without a mask, cells come only if they are asked for.
        None if field("includeGridData") == Some("true") => (200, whole),
        None => (200, Mask::parse("spreadsheetId,properties,sheets(properties)").expect("a mask").apply(&whole)),
    }
}

/// `spreadsheets.values.batchUpdate`: all of it, or nothing.
fn update_values(id: &str, sheet: &mut StubSheet, body: &Value) -> Answer {
    let option = body["valueInputOption"].as_str().unwrap_or_default();
    if !["RAW", "USER_ENTERED"].contains(&option) {
        return error(400, "'valueInputOption' is required but not specified");
    }
    let mut changed = sheet.clone();
    let mut count = 0;
    for data in body["data"].as_array().into_iter().flatten() {
        let range = data["range"].as_str().unwrap_or_default();
        let Some((tab, [top, left, bottom, right])) = parse_range(range) else {
            return error(400, &format!("Unable to parse range: {range}"));
        };
        let Some(tab) = changed.tabs.iter_mut().find(|known| known.name == tab) else {
            return error(400, &format!("Unable to parse range: {range}"));
        };
        if bottom > tab.rows || right > tab.columns {
            let limits = format!("Max rows: {}, max columns: {}", tab.rows, tab.columns);
            return error(400, &format!("Range ({range}) exceeds grid limits. {limits}"));
        }
        for (row, values) in (top..).zip(data["values"].as_array().into_iter().flatten()) {
            for (column, value) in (left..).zip(values.as_array().into_iter().flatten()) {
                if row > bottom || column > right {
                    return error(
                        400,
                        &format!("Requested writing within range [{range}], but tried writing beyond it"),
                    );
                }
                set(tab, (row, column), value, option);
                count += 1;
            }
        }
    }
    *sheet = changed;
    (200, json!({"spreadsheetId": id, "totalUpdatedCells": count, "responses": []}))
}

/// Sets one cell; its format stays.
fn set(tab: &mut StubTab, at: (u32, u32), value: &Value, option: &str) {
    let effective = match value {
        // `null` leaves a cell as it is, an empty text empties it.
        Value::Null => return,
        Value::String(text) if text.is_empty() => {
            tab.cells.remove(&at);
            return;
        }
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(yes) => json!({"boolValue": yes}),
        other => json!({"numberValue": other}),
    };
    let formula = value
        .as_str()
        .filter(|text| option == "USER_ENTERED" && text.starts_with('='))
        .map(std::borrow::ToOwned::to_owned);
    let format = tab.cells.get(&at).and_then(|cell| cell.format);
    tab.cells.insert(at, StubCell { effective, formula, format });
}

/// `spreadsheets.batchUpdate`, of which only `appendDimension` is known.
fn update(id: &str, sheet: &mut StubSheet, body: &Value) -> Answer {
    let mut changed = sheet.clone();
    for request in body["requests"].as_array().into_iter().flatten() {
        let append = &request["appendDimension"];
        let tab = changed.tabs.iter_mut().find(|tab| append["sheetId"] == tab.id);
        let length = append["length"].as_u64().and_then(|length| u32::try_from(length).ok()).unwrap_or(0);
        match tab {
            Some(tab) if append["dimension"] == "COLUMNS" && length > 0 => tab.columns += length,
            _ => return error(400, "Invalid requests[0].appendDimension"),
        }
    }
    *sheet = changed;
    (200, json!({"spreadsheetId": id, "replies": [{}]}))
}

/// Reads `'Dana''s tab'!H2:I7`: the tab, and first row, first column, last row and last column.
fn parse_range(text: &str) -> Option<(String, [u32; 4])> {
    let (tab, cells) = text.rsplit_once('!')?;
    let tab = tab.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    let (first, last) = cells.split_once(':')?;
    let (first, last) = (parse_cell(first)?, parse_cell(last)?);
    Some((tab, [first.0, first.1, last.0, last.1]))
}

fn parse_cell(text: &str) -> Option<(u32, u32)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let column = text[..digits]
        .bytes()
        .try_fold(0, |sum: u32, letter| letter.is_ascii_uppercase().then(|| sum * 26 + u32::from(letter - b'A') + 1))?;
    Some((text[digits..].parse().ok()?, column))
}
