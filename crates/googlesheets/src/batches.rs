use serde_json::{Value, json};

use crate::wire::{BatchUpdateValues, ValueRange};
use crate::{GoogleValue, NewCell, a1};

/// About how large one request may be, in bytes: Google recommends at most 2 MB.
const LARGEST: usize = 1 << 20;

/// What a range costs besides its texts, about, in bytes.
const RANGE: usize = 80;

/// The requests that set cells of a tab. Neighbours of one row share a range.
pub(crate) fn of(tab: &str, cells: &[NewCell]) -> Vec<BatchUpdateValues> {
    let mut cells: Vec<&NewCell> = cells.iter().collect();
    cells.sort_by_key(|cell| (cell.row, cell.column));
    let mut batches = Vec::new();
    let mut ranges = Vec::new();
    let mut size = 0;
    for run in cells.chunk_by(|a, b| a.row == b.row && a.column + 1 == b.column) {
        let [first, ..] = run else { continue };
        let last = run.last().map_or(first.column, |cell| cell.column);
        let values: Vec<Value> = run.iter().map(|cell| raw(&cell.value)).collect();
        let added =
            RANGE + tab.len() + values.iter().map(|value| value.as_str().map_or(8, str::len) + 3).sum::<usize>();
        if size + added > LARGEST && !ranges.is_empty() {
            batches.push(batch(std::mem::take(&mut ranges)));
            size = 0;
        }
        size += added;
        let range = a1::range(tab, first.row, first.column, last);
        ranges.push(ValueRange { range, major_dimension: "ROWS", values: [values] });
    }
    if !ranges.is_empty() {
        batches.push(batch(ranges));
    }
    batches
}

fn batch(data: Vec<ValueRange>) -> BatchUpdateValues {
    BatchUpdateValues { value_input_option: "RAW", data }
}

/// What is sent for a value. Sent raw, a date would be a number without a format: it goes as the text that people read.
fn raw(value: &GoogleValue) -> Value {
    match value {
        GoogleValue::Text(text) | GoogleValue::Error(text) => json!(text),
        GoogleValue::DateTime(text) => json!(text.replacen('T', " ", 1)),
        GoogleValue::Number(number) => json!(number),
        GoogleValue::Bool(yes) => json!(yes),
        GoogleValue::Duration(span) => {
            let seconds = span.as_secs();
            json!(format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(row: u32, column: u32, text: &str) -> NewCell {
        NewCell { row, column, value: GoogleValue::Text(text.to_owned()) }
    }

    #[test]
    fn neighbours_share_a_range() {
        let cells = [cell(3, 9, "c"), cell(2, 8, "a"), cell(2, 9, "=b"), cell(2, 11, "d")];
        let [batch] = &of("Steps", &cells)[..] else { panic!("not one request") };
        let ranges: Vec<&str> = batch.data.iter().map(|data| data.range.as_str()).collect();
        assert_eq!(ranges, ["'Steps'!H2:I2", "'Steps'!K2:K2", "'Steps'!I3:I3"]);
        assert_eq!(batch.data[0].values, [vec![json!("a"), json!("=b")]]);
        assert_eq!(batch.value_input_option, "RAW");
    }

    #[test]
    fn many_cells_are_several_requests() {
        let long = "x".repeat(1000);
        let cells: Vec<NewCell> = (1..=3000).map(|row| cell(row, 1, &long)).collect();
        let batches = of("Steps", &cells);
        assert_eq!(batches.iter().map(|batch| batch.data.len()).sum::<usize>(), 3000);
        for batch in &batches {
            assert!(serde_json::to_vec(batch).expect("JSON").len() < 2_000_000);
        }
        assert!(of("Steps", &[]).is_empty());
    }
}
