//! The spreadsheet that `runsheet init` writes: made here, so that what is shipped is what this says.

use std::path::Path;

use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

/// Titles, widths and rows of a tab.
struct Tab {
    name: &'static str,
    columns: &'static [(&'static str, f64)],
    rows: &'static [&'static [&'static str]],
    /// The column of yes and no, from 0.
    yes_no: u16,
}

const STEPS: Tab = Tab {
    name: "Steps",
    columns: &[
        ("Step", 28.0),
        ("Task", 18.0),
        ("Hosts", 22.0),
        ("Args", 34.0),
        ("Owner", 14.0),
        ("Expected", 11.0),
        ("After", 16.0),
        ("Enabled", 10.0),
        ("Notes", 40.0),
    ],
    rows: &[
        &["Tell support", "", "", "", "you", "2m", "", "yes", "No task: a person does it, and the run waits"],
        &["Look around", "command", "shop", "run=uptime", "you", "10s", "", "yes", "One task on every host of a group"],
        &["Restart apache", "apache.restart", "shop", "", "you", "1m", "Look around", "no", "Kept, and not run"],
    ],
    yes_no: 7,
};

const HOSTS: Tab = Tab {
    name: "Hosts",
    columns: &[
        ("Group", 16.0),
        ("Host", 30.0),
        ("Address", 20.0),
        ("User", 14.0),
        ("Port", 8.0),
        ("Vars", 30.0),
        ("Protected", 12.0),
    ],
    rows: &[
        &["shop", "shop[01-04].example.com", "", "deploy", "", "app=listings", ""],
        &["boxes", "box01.example.com", "", "", "", "", "yes"],
    ],
    yes_no: 6,
};

fn fill(sheet: &mut Worksheet, tab: &Tab) -> Result<(), XlsxError> {
    let header = Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0x1F_4E_5F))
        .set_font_color(Color::White)
        .set_align(FormatAlign::VerticalCenter)
        .set_border_bottom(FormatBorder::Thin);
    // As text: a spreadsheet would make a date of `1-2`, and take away the zeros of `007`.
    let cell = Format::new().set_num_format("@").set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_name(tab.name)?.set_freeze_panes(1, 0)?;
    for (column, (title, width)) in (0..).zip(tab.columns) {
        sheet.set_column_width(column, *width)?.set_column_format(column, &cell)?;
        sheet.write_string_with_format(0, column, *title, &header)?;
    }
    for (row, texts) in (1..).zip(tab.rows) {
        for (column, text) in (0..).zip(*texts).filter(|(_, text)| !text.is_empty()) {
            sheet.write_string_with_format(row, column, *text, &cell)?;
        }
    }
    let answers = DataValidation::new().allow_list_strings(&["yes", "no"])?;
    sheet.add_data_validation(1, tab.yes_no, 999, tab.yes_no, &answers)?;
    Ok(())
}

fn xlsx() -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The same bytes whenever it is made.
    let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_title("Deploy sheet").set_creation_datetime(&made));
    for tab in [&STEPS, &HOSTS] {
        fill(workbook.add_worksheet(), tab)?;
    }
    workbook.save_to_buffer()
}

/// The steps on the group that the host groups of `runsheet init` have.
fn csv() -> String {
    let row = |texts: &mut dyn Iterator<Item = &str>| -> String {
        let quoted = |text: &str| {
            if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
        };
        let cells: Vec<_> = texts.map(quoted).collect();
        format!("{}\r\n", cells.join(","))
    };
    let rows =
        STEPS.rows.iter().map(|texts| row(&mut texts.iter().map(|text| if *text == "shop" { "web" } else { text })));
    row(&mut STEPS.columns.iter().map(|(title, _)| *title)) + &rows.collect::<String>()
}

#[test]
fn the_shipped_templates_are_what_this_file_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/init");
    let files = [("template.xlsx", xlsx().expect("a workbook")), ("template.csv", csv().into_bytes())];
    for (name, made) in files {
        let path = folder.join(name);
        if std::env::var_os("RUNSHEET_UPDATE_DOCS").is_some() {
            std::fs::write(&path, &made).expect("the template is written");
        }
        let shipped = std::fs::read(&path).expect("the template is there");
        assert!(
            shipped == made,
            "{name} is not up to date: RUNSHEET_UPDATE_DOCS=1 cargo nextest run -p runsheet-import template"
        );
    }
}
