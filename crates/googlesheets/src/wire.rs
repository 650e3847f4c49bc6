//! What of the API's words is spoken: version 4, <https://developers.google.com/workspace/sheets/api/reference/rest>.

use serde::{Deserialize, Serialize};

use crate::wire_cell::WireCell;

/// Which parts of a spreadsheet are asked for: everything else would make the answer many times as large.
pub(crate) const READ: &str = "properties(title),sheets(properties(sheetId,title,hidden,sheetType,gridProperties(columnCount)),\
merges,data(startRow,startColumn,rowMetadata(hiddenByUser,hiddenByFilter),\
rowData(values(effectiveValue,userEnteredValue(formulaValue),effectiveFormat(numberFormat)))))";

/// Which parts are asked for to see how large its tabs are.
pub(crate) const SIZES: &str = "sheets(properties(sheetId,gridProperties(columnCount)))";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireSpreadsheet {
    pub(crate) properties: WireTitle,
    pub(crate) sheets: Vec<WireSheet>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireTitle {
    pub(crate) title: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireSheet {
    pub(crate) properties: WireProperties,
    pub(crate) merges: Vec<WireRange>,
    pub(crate) data: Vec<WireGrid>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WireProperties {
    pub(crate) sheet_id: i64,
    pub(crate) title: String,
    pub(crate) hidden: bool,
    /// Absent or `GRID` for one with cells.
    pub(crate) sheet_type: String,
    pub(crate) grid_properties: WireGridProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WireGridProperties {
    pub(crate) column_count: u32,
}

/// A range: from 0, its ends not in it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API calls them so")]
pub(crate) struct WireRange {
    pub(crate) start_row_index: u32,
    pub(crate) end_row_index: u32,
    pub(crate) start_column_index: u32,
    pub(crate) end_column_index: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WireGrid {
    pub(crate) start_row: u32,
    pub(crate) start_column: u32,
    pub(crate) row_metadata: Vec<WireRowMetadata>,
    pub(crate) row_data: Vec<WireRow>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct WireRowMetadata {
    pub(crate) hidden_by_user: bool,
    pub(crate) hidden_by_filter: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireRow {
    pub(crate) values: Vec<WireCell>,
}

/// `spreadsheets.values.batchUpdate`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchUpdateValues {
    /// `RAW`: what is sent is not parsed, so that a text can never become a formula.
    pub(crate) value_input_option: &'static str,
    pub(crate) data: Vec<ValueRange>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValueRange {
    pub(crate) range: String,
    pub(crate) major_dimension: &'static str,
    pub(crate) values: [Vec<serde_json::Value>; 1],
}

/// How the API tells an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireError {
    pub(crate) error: WireErrorBody,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireErrorBody {
    pub(crate) message: String,
    pub(crate) status: String,
}
