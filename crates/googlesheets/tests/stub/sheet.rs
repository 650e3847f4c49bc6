use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A spreadsheet.
#[derive(Clone, Debug, Default)]
pub struct StubSheet {
    pub title: String,
    pub tabs: Vec<StubTab>,
    /// Whether it is shared with the service account.
    pub shared: bool,
}

/// One tab of it.
#[derive(Clone, Debug)]
pub struct StubTab {
    pub id: i64,
    pub name: String,
    pub hidden: bool,
    pub rows: u32,
    pub columns: u32,
    /// By row and column, from 1.
    pub cells: BTreeMap<(u32, u32), StubCell>,
    pub hidden_rows: Vec<u32>,
    /// First row, first column, last row, last column, from 1.
    pub merges: Vec<[u32; 4]>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub struct StubCell {
    /// `stringValue`, `numberValue`, …, as the API calls them.
    pub effective: Value,
    pub formula: Option<String>,
    /// Type and pattern of its number format.
    pub format: Option<(&'static str, &'static str)>,
}

impl StubSheet {
    /// A shared spreadsheet.
    pub fn new(title: &str, tabs: Vec<StubTab>) -> Self {
        Self { title: title.to_owned(), tabs, shared: true }
    }
}

impl StubTab {
    /// A tab of texts, its grid exactly as wide as the widest row.
    pub fn of_texts(id: i64, name: &str, rows: &[&[&str]]) -> Self {
        let mut cells = BTreeMap::new();
        for (row, texts) in (1..).zip(rows) {
            for (column, text) in (1..).zip(*texts) {
                if !text.is_empty() {
                    cells.insert((row, column), StubCell::text(text));
                }
            }
        }
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or(1);
        Self {
            id,
            name: name.to_owned(),
            hidden: false,
            rows: 1000,
            columns: u32::try_from(columns).expect("few"),
            cells,
            hidden_rows: Vec::new(),
            merges: Vec::new(),
        }
    }

    /// The text of a cell; empty if it holds none.
    pub fn text(&self, row: u32, column: u32) -> &str {
        self.cells.get(&(row, column)).and_then(|cell| cell.effective["stringValue"].as_str()).unwrap_or_default()
    }

    /// Everything of it, as the API tells it.
    pub(super) fn json(&self) -> Value {
        let last = self.cells.keys().map(|(row, _)| *row).max().unwrap_or(0);
        let rows: Vec<Value> = (1..=last)
            .map(|row| {
                let end = self.cells.keys().filter(|key| key.0 == row).map(|key| key.1).max().unwrap_or(0);
                let cells: Vec<Value> =
                    (1..=end).map(|column| self.cells.get(&(row, column)).map_or(json!({}), StubCell::json)).collect();
                if cells.is_empty() { json!({}) } else { json!({"values": cells}) }
            })
            .collect();
        let metadata: Vec<Value> = (1..=self.rows)
            .map(|row| {
                if self.hidden_rows.contains(&row) {
                    json!({"hiddenByUser": true, "pixelSize": 21})
                } else {
                    json!({"pixelSize": 21})
                }
            })
            .collect();
        let merges: Vec<Value> = self
            .merges
            .iter()
            .map(|[top, left, bottom, right]| {
                json!({"sheetId": self.id, "startRowIndex": top - 1, "endRowIndex": bottom,
                    "startColumnIndex": left - 1, "endColumnIndex": right})
            })
            .collect();
        let mut properties = json!({"sheetId": self.id, "title": self.name, "index": 0, "sheetType": "GRID",
            "gridProperties": {"rowCount": self.rows, "columnCount": self.columns}});
        if self.hidden {
            properties["hidden"] = json!(true);
        }
        json!({"properties": properties, "merges": merges,
            "data": [{"rowData": rows, "rowMetadata": metadata, "columnMetadata": []}]})
    }
}

impl StubCell {
    pub fn text(text: &str) -> Self {
        Self { effective: json!({"stringValue": text}), formula: None, format: None }
    }

    pub fn number(number: f64, format: Option<(&'static str, &'static str)>) -> Self {
        Self { effective: json!({"numberValue": number}), formula: None, format }
    }

    fn json(&self) -> Value {
        let entered = match &self.formula {
            Some(formula) => json!({"formulaValue": formula}),
            None => self.effective.clone(),
        };
        let mut cell = json!({"userEnteredValue": entered, "effectiveValue": self.effective, "formattedValue": "…"});
        if let Some((kind, pattern)) = self.format {
            cell["effectiveFormat"] =
                json!({"numberFormat": {"type": kind, "pattern": pattern}, "wrapStrategy": "CLIP"});
        }
        cell
    }
}
