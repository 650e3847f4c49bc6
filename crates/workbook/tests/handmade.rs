//! Workbooks as Excel writes them, with what LibreOffice drops: sparklines, conditional formats, rules for what may be typed, shared
//! formulas, the order of calculation.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use runsheet_workbook::{Edit, NOT_CALCULATED, Value, Workbook, WorkbookError, patch};

use crate::zip_file;

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// A workbook of one tab, `Steps`; of its part these are the cells and what follows.
pub(crate) struct Handmade {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

const BEFORE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"><dimension ref="A1:C3"/><cols><col min="2" max="2" width="9" style="2" customWidth="1"/></cols>"#;

const AFTER: &str = r#"<autoFilter ref="A1:C3"/><conditionalFormatting sqref="C2:C9"><cfRule type="cellIs" dxfId="0" priority="1" operator="greaterThan"><formula>1</formula></cfRule></conditionalFormatting><dataValidations count="1"><dataValidation type="list" sqref="A2:A9"><formula1>"a,b"</formula1></dataValidation></dataValidations><extLst><ext uri="{05C60535-1F16-4fd2-B633-F4F36F0B64E0}" xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"><x14:sparklineGroups xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"><x14:sparklineGroup><x14:sparklines><x14:sparkline><xm:f>Steps!A1:C1</xm:f><xm:sqref>D1</xm:sqref></x14:sparkline></x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></ext></extLst></worksheet>"#;

const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="[h]:mm:ss"/></numFmts><cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="9" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>"#;

impl Handmade {
    /// Cells are what stands in `sheetData`, itself among it.
    pub(crate) fn new(cells: &str) -> Self {
        Self::with(cells, "", None)
    }

    /// With properties of the workbook, and with an order of calculation.
    fn with(cells: &str, properties: &str, chain: Option<&str>) -> Self {
        let types = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"/></Types>"#;
        let base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let package = format!(
            r#"<Relationships><Relationship Id="rId1" Type="{base}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        );
        let workbook = format!(
            r#"<workbook xmlns:r="{base}">{properties}<sheets><sheet name="Steps" sheetId="4" r:id="rId7"/><sheet name="Chart" sheetId="5" r:id="rId9"/></sheets></workbook>"#
        );
        let chain_relation = format!(r#"<Relationship Id="rId5" Type="{base}/calcChain" Target="calcChain.xml"/>"#);
        let relations = format!(
            r#"<Relationships><Relationship Id="rId7" Type="{base}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId9" Type="{base}/chartsheet" Target="chartsheets/sheet1.xml"/><Relationship Id="rId2" Type="{base}/styles" Target="/xl/styles.xml"/><Relationship Id="rId3" Type="{base}/sharedStrings" Target="sharedStrings.xml"/>{}</Relationships>"#,
            if chain.is_some() { &*chain_relation } else { "" }
        );
        let texts = r#"<sst><si><t>plain</t></si><si><r><t>ri</t></r><r><rPr><b/></rPr><t xml:space="preserve">ch </t></r><rPh sb="0" eb="1"><t>no</t></rPh></si><si><t>_x001B_[0m</t></si></sst>"#;
        let sheet = format!("{BEFORE}{cells}{AFTER}");
        let mut parts: Vec<(&str, &[u8])> = vec![
            ("[Content_Types].xml", types.as_bytes()),
            ("_rels/.rels", package.as_bytes()),
            ("xl/workbook.xml", workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
            (SHEET, sheet.as_bytes()),
            ("xl/styles.xml", STYLES.as_bytes()),
            ("xl/sharedStrings.xml", texts.as_bytes()),
            ("xl/media/image1.png", b"\x89PNG"),
        ];
        if let Some(chain) = chain {
            parts.push(("xl/calcChain.xml", chain.as_bytes()));
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deploy.xlsx");
        fs::write(&path, zip_file::build(&parts)).expect("a file");
        Self { _folder: folder, path }
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).expect("a file")
    }

    /// Changes cells; gives the new cells as they are written, and asserts that all else is as before.
    fn patched(&self, edits: &[(u32, u32, Value)]) -> String {
        let before = self.bytes();
        self.patch(edits).expect("patched");
        zip_file::assert_same_but(&before, &self.bytes(), &[SHEET]);
        self.cells()
    }

    fn patch(&self, edits: &[(u32, u32, Value)]) -> Result<(), WorkbookError> {
        let edit = |(row, column, value): &(u32, u32, Value)| Edit {
            tab: "Steps".to_owned(),
            row: *row,
            column: *column,
            value: value.clone(),
        };
        patch(&self.path, &edits.iter().map(edit).collect::<Vec<_>>())
    }

    /// Why a change is refused; nothing is written then.
    fn refused(&self, edits: &[(u32, u32, Value)]) -> String {
        let before = self.bytes();
        let error = self.patch(edits).expect_err("refused").reason.to_string();
        assert_eq!(self.bytes(), before);
        error
    }

    /// The cells as they are written.
    fn cells(&self) -> String {
        let sheet = zip_file::text(&self.bytes(), SHEET);
        let rest = sheet.strip_suffix(AFTER).expect("what follows is as before");
        rest[rest.find("style=\"2\" customWidth=\"1\"/></cols>").expect("what precedes") + 34..].to_owned()
    }

    /// What is read, as `column value` of each row.
    fn read(&self) -> Vec<Vec<(u32, Value)>> {
        let workbook = Workbook::read(&self.path).expect("a workbook");
        assert_eq!(workbook.tabs.len(), 1, "a tab that is a chart has no cells");
        let row =
            |row: &runsheet_workbook::Row| row.cells.iter().map(|cell| (cell.column, cell.value.clone())).collect();
        workbook.tabs[0].rows.iter().map(row).collect()
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn moment(iso: &str) -> Value {
    Value::DateTime(iso.to_owned())
}

#[test]
fn values_are_what_a_person_sees() {
    let cells = r#"<sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>
        <row r="3"><c r="A3" s="4"><v>46352</v></c><c s="2"><v>46352.1458333333</v></c><c r="D3" s="3"><v>1.12847222222222</v></c><c r="F3"><v>1E3</v></c></row>
        <row><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="str"><f>"a"</f><v>a_x000D_</v></c><c><f>1+1</f></c><c t="inlineStr"><is><t>in</t></is></c><c t="d"><v>2026-11-26T03:30:00Z</v></c><c t="str"><f>""</f><v></v></c></row>
        <row r="9" hidden="1"><c r="B9"/></row></sheetData>"#;
    let expected = vec![
        vec![(1, text("plain")), (2, text("rich ")), (3, text("\u{1b}[0m"))],
        vec![
            (1, moment("2026-11-26")),
            (2, moment("2026-11-26T03:30:00")),
            (4, Value::Duration(Duration::from_mins(1_625))),
            (6, Value::Number(1_000.0)),
        ],
        vec![
            (1, Value::Bool(true)),
            (2, Value::Error("#N/A".to_owned())),
            (3, text("a\r")),
            (4, Value::Error(NOT_CALCULATED.to_owned())),
            (5, text("in")),
            (6, moment("2026-11-26T03:30:00")),
        ],
    ];
    assert_eq!(Handmade::new(cells).read(), expected);
    let old_mac = Handmade::with(
        "<sheetData><row><c s=\"4\"><v>44890</v></c></row></sheetData>",
        "<workbookPr date1904=\"1\"/>",
        None,
    );
    assert_eq!(old_mac.read(), [[(1, moment("2026-11-26"))]]);
}

#[test]
fn merged_cells_show_their_value_where_the_tab_is_used() {
    let cells = r#"<sheetData><row r="2"><c r="A2" t="str"><v>team</v></c><c r="C2"><v>1</v></c></row><row r="3"><c r="A3" t="str"><v>beneath</v></c><c r="C3"><v>2</v></c></row></sheetData><mergeCells><mergeCell ref="A2:B900000"/></mergeCells>"#;
    let workbook = Workbook::read(&Handmade::new(cells).path).expect("a workbook");
    let seen = |row: &runsheet_workbook::Row| {
        (row.number, row.cells.iter().map(|cell| (cell.column, cell.value.to_text(), cell.merged)).collect::<Vec<_>>())
    };
    let of = |column, text: &str, merged| (column, text.to_owned(), merged);
    assert_eq!(
        workbook.tabs[0].rows.iter().map(seen).collect::<Vec<_>>(),
        [
            (2, vec![of(1, "team", false), of(2, "team", true), of(3, "1", false)]),
            (3, vec![of(1, "team", true), of(2, "team", true), of(3, "2", false)]),
        ]
    );
    let book = Handmade::new(cells);
    let error = book.refused(&[(3, 2, text("x"))]);
    assert_eq!(error, "tab `Steps`, cell B3: it is merged with A2, and nobody would see it");
}

#[test]
fn cells_are_written_where_they_belong() {
    let book = Handmade::new(
        r#"<sheetData><row r="1" spans="1:3"><c r="A1" s="1" t="s"><v>0</v></c><c r="C1" s="5"><v>2</v></c></row><row r="3" x14ac:dyDescent="0.25"/></sheetData>"#,
    );
    let cells = book.patched(&[
        (1, 2, text("mid")),
        (1, 4, Value::Number(0.5)),
        (2, 1, text("new row")),
        (3, 1, text("")),
        (3, 2, moment("2026-11-26T06:00:00")),
        (3, 3, Value::Duration(Duration::from_hours(6))),
        (5, 16_384, Value::Bool(false)),
    ]);
    assert_eq!(
        cells,
        r#"<sheetData><row r="1" spans="1:4"><c r="A1" s="1" t="s"><v>0</v></c><c r="B1" s="2" t="inlineStr"><is><t xml:space="preserve">mid</t></is></c><c r="C1" s="5"><v>2</v></c><c r="D1" s="1"><v>0.5</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t xml:space="preserve">new row</t></is></c></row><row r="3" x14ac:dyDescent="0.25"><c r="B3" s="2"><v>46352.25</v></c><c r="C3" s="3"><v>0.25</v></c></row><row r="5"><c r="XFD5" t="b"><v>0</v></c></row></sheetData>"#
    );
    let sheet = zip_file::text(&book.bytes(), SHEET);
    assert!(sheet.contains("<dimension ref=\"A1:XFD5\"/>"), "{sheet}");
}

#[test]
fn an_empty_tab_and_one_with_prefixes_take_cells() {
    let empty = Handmade::new("<sheetData/>").patched(&[(1, 1, Value::Number(1.0))]);
    assert_eq!(empty, r#"<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>"#);
    let prefixed =
        Handmade::new(r#"<x:sheetData xmlns:x="u"><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row></x:sheetData>"#);
    assert_eq!(
        prefixed.patched(&[(1, 1, text("a")), (1, 3, Value::Number(2.0))]),
        r#"<x:sheetData xmlns:x="u"><x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t xml:space="preserve">a</x:t></x:is></x:c><x:c r="C1"><x:v>2</x:v></x:c></x:row></x:sheetData>"#
    );
}

#[test]
fn a_time_without_a_style_for_it_is_a_text() {
    // Bold on grey: no style with that look shows a time.
    let book = Handmade::new(r#"<sheetData><row r="1"><c r="A1" s="1"/></row></sheetData>"#);
    book.patched(&[(1, 1, Value::Duration(Duration::from_secs(61)))]);
    assert_eq!(book.read(), [[(1, text("0:01:01"))]]);
}

#[test]
fn a_formula_that_others_use_is_not_overwritten() {
    let book = Handmade::new(
        r#"<sheetData><row r="1"><c r="A1"><f t="shared" ref="A1:A2" si="0">B1*2</f><v>2</v></c><c r="C1"><f t="array" ref="C1:C2">B1:B2</f><v>1</v></c></row><row r="2"><c r="A2"><f t="shared" si="0"/><v>4</v></c><c r="C2"><v>2</v></c></row></sheetData>"#,
    );
    let shared = "other cells use its formula (it is shared, or an array)";
    assert_eq!(book.refused(&[(1, 1, Value::Number(1.0))]), format!("tab `Steps`, cell A1: {shared}"));
    assert_eq!(book.refused(&[(2, 3, Value::Number(1.0))]), format!("tab `Steps`, cell C2: {shared}"));
    assert_eq!(book.refused(&[(1, 3, Value::Number(1.0))]), format!("tab `Steps`, cell C1: {shared}"));
    // One that uses it may go, and so may all.
    let cells = book.patched(&[(2, 1, Value::Number(9.0))]);
    assert!(
        cells.contains(r#"<c r="A2"><v>9</v></c>"#)
            && cells.ends_with("</sheetData><sheetCalcPr fullCalcOnLoad=\"1\"/>"),
        "{cells}"
    );
    book.patch(&[(1, 1, Value::Number(1.0))]).expect("nobody uses it any more");
}

#[test]
fn the_order_of_calculation_forgets_formulas_that_are_gone() {
    let cells =
        r#"<sheetData><row r="1"><c r="A1"><f>1</f><v>1</v></c><c r="B1"><f>2</f><v>2</v></c></row></sheetData>"#;
    let chain = r#"<calcChain xmlns="u"><c r="A1" i="4" l="1"/><c r="B1"/></calcChain>"#;
    let book = Handmade::with(cells, "", Some(chain));
    book.patch(&[(1, 1, text("x"))]).expect("patched");
    assert_eq!(
        zip_file::text(&book.bytes(), "xl/calcChain.xml"),
        r#"<calcChain xmlns="u"><c r="B1" i="4"/></calcChain>"#
    );
    book.patch(&[(1, 2, text("y"))]).expect("patched");
    assert!(zip_file::parts(&book.bytes()).iter().all(|part| part.name != "xl/calcChain.xml"));
    for part in ["[Content_Types].xml", "xl/_rels/workbook.xml.rels"] {
        let text = zip_file::text(&book.bytes(), part);
        assert!(!text.contains("calcChain") && text.contains("workbook.xml") | text.contains("worksheet"), "{text}");
    }
    assert_eq!(book.read(), [[(1, text("x")), (2, text("y"))]]);
}

#[test]
fn an_unknown_tab_is_told_with_those_that_are_there() {
    let book = Handmade::new("<sheetData/>");
    let edit = Edit { tab: "steps".to_owned(), row: 1, column: 1, value: Value::Number(1.0) };
    let error = patch(&book.path, &[edit]).expect_err("no tab");
    assert_eq!(error.reason.to_string(), "it has no tab `steps`");
    assert_eq!(error.hint().as_deref(), Some("did you mean `Steps`?"));
}
