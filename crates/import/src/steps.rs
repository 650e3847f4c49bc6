//! The rows of the tab with the steps, as steps.

use std::collections::{BTreeMap, BTreeSet};

use runsheet_model::{StepId, TaskName};
use runsheet_workbook::{Row, Value as Seen};
use serde_json::{Map, Value};

use crate::after::{After, resolve};
use crate::cells;
use crate::fields::{Kind, STEP_FIELDS};
use crate::flag::{Answer, answer};
use crate::grid::{Grid, ranges};
use crate::misread::{Misread, shown};
use crate::record::fingerprint;
use crate::seen::{cell, text_of};
use crate::{ImportError, Problem, Problems, arguments};

/// The most steps of a sheet.
const MOST_STEPS: usize = 10_000;

/// A step as its row says it.
#[derive(Clone, Debug)]
pub(crate) struct StepRow {
    /// The number of its row.
    pub(crate) row: u32,
    /// Its id, if the spreadsheet gives it one.
    pub(crate) id: Option<String>,
    /// Its number, if the spreadsheet gives it one.
    pub(crate) number: Option<String>,
    /// Its words and their values, without `id` and `after`.
    pub(crate) fields: Map<String, Value>,
    /// The positions of the steps that it waits for, if it says so.
    pub(crate) after: Option<Vec<usize>>,
    /// What [`fingerprint`] says of its row.
    pub(crate) fingerprint: String,
}

impl StepRow {
    /// Its title.
    pub(crate) fn title(&self) -> &str {
        self.fields.get("name").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Says which columns are number, title and description, where titles alone leave it open: a column `Step` may hold either.
pub(crate) fn settle(grid: &Grid<'_>) -> Result<BTreeMap<String, u32>, ImportError> {
    let mut columns = grid.columns.clone();
    let Some(step) = columns.remove("step") else {
        if !columns.contains_key("name")
            && let Some(description) = columns.remove("description")
        {
            columns.insert("name".to_owned(), description);
        }
        return Ok(columns);
    };
    let two = |field, other| Err(grid.header.two(&grid.tab.name, field, &[step, other]));
    let titled = columns.get("name").copied();
    let described = columns.get("description").copied();
    if (titled.is_some() || described.is_some()) && numbers(grid, step) {
        if let Some(number) = columns.insert("number".to_owned(), step) {
            return two("number", number);
        }
        if titled.is_none() {
            columns.remove("description");
            columns.extend(described.map(|column| ("name".to_owned(), column)));
        }
        return Ok(columns);
    }
    match columns.insert("name".to_owned(), step) {
        Some(name) => two("name", name),
        None => Ok(columns),
    }
}

/// Whether a column holds nothing but numbers such as `3`, `1.2`, `S4`, `7b`.
fn numbers(grid: &Grid<'_>, column: u32) -> bool {
    let is_number = |text: &str| {
        let rest = text.trim_start_matches(|c: char| c.is_alphabetic());
        let rest = if text.len() - rest.len() <= 4 { rest.trim_start_matches(['-', ' ', '.', '#']) } else { text };
        let digits = rest.trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '.' || c == ')');
        rest.len() - digits.len() <= 2
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let mut texts = grid
        .rows()
        .filter(|row| !row.hidden)
        .filter_map(|row| cell(row, column))
        .filter(|cell| !cell.merged)
        .peekable();
    texts.peek().is_some() && texts.all(|cell| is_number(&text_of(&cell.value)))
}

/// Reads all steps. Warnings are about what was left out.
pub(crate) fn read(grid: &Grid<'_>, problems: &mut Problems, warnings: &mut Vec<String>) -> Vec<StepRow> {
    let mut reader = Reader {
        grid,
        marks: marks(grid),
        hidden: Vec::new(),
        nameless: Vec::new(),
        headings: Vec::new(),
        sums: Vec::new(),
    };
    let mut steps: Vec<StepRow> = Vec::new();
    let mut afters: Vec<Option<After>> = Vec::new();
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for row in grid.rows() {
        let Some((step, after)) = reader.step(row, problems) else { continue };
        if let Some(id) = &step.id
            && let Some(first) = ids.insert(id.clone(), row.number)
        {
            let misread = Misread::new(format!("row {first} has the id `{id}` too"), "an id stands for one step");
            problems.add(grid.problem(row, "id", misread));
        }
        if steps.len() == MOST_STEPS {
            let misread =
                Misread::new(format!("a sheet has at most {MOST_STEPS} steps"), "split it into several spreadsheets");
            problems.add(grid.problem(row, "", misread));
            return steps;
        }
        steps.push(step);
        afters.push(after);
    }
    resolve(&mut steps, &afters, &reader.hidden, grid, problems);
    let told = [
        (&reader.hidden.iter().map(|(row, _)| *row).collect::<Vec<_>>(), "is hidden", "are hidden"),
        (&reader.headings, "is a heading", "are headings"),
        (&reader.sums, "is a sum", "are sums"),
        (&reader.nameless, "has neither a title nor a task", "have neither a title nor a task"),
    ];
    for (rows, one, many) in told {
        match rows.len() {
            0 => {}
            1 => warnings.push(format!("row {} of `{}` {one} and was left out", rows[0], grid.tab.name)),
            _ => warnings.push(format!("rows {} of `{}` {many} and were left out", ranges(rows), grid.tab.name)),
        }
    }
    steps
}

/// Whether all that stands in the column of enabled steps are marks: then no mark means no.
fn marks(grid: &Grid<'_>) -> bool {
    let mut filled = grid.rows().filter(|row| !row.hidden).filter_map(|row| grid.cell(row, "enabled")).peekable();
    filled.peek().is_some() && filled.all(|cell| answer(&text_of(&cell.value)) == Some(Answer::Mark))
}

struct Reader<'a> {
    grid: &'a Grid<'a>,
    marks: bool,
    /// Hidden rows and their titles.
    hidden: Vec<(u32, String)>,
    nameless: Vec<u32>,
    headings: Vec<u32>,
    sums: Vec<u32>,
}

/// What a step does.
#[derive(Default)]
struct Work {
    manual: Option<String>,
    task: Option<String>,
    args: Map<String, Value>,
}

impl<'a> Reader<'a> {
    /// The step of a row, if it is one; what is wrong with it is added to the problems.
    fn step(&mut self, row: &'a Row, problems: &mut Problems) -> Option<(StepRow, Option<After>)> {
        let grid = self.grid;
        let name = grid.text(row, "name").replace('\n', " ");
        let says = |word: &str| grid.cell(row, word).is_some();
        if self.is_no_step(row, &name) {
            return None;
        }
        let before = problems.count();
        grid.errors(row).for_each(|problem| problems.add(problem));
        if problems.count() > before {
            // One cell that cannot be read would only make others look wrong.
            return Some(Self::broken(row, name));
        }
        if name.is_empty() {
            problems.add(grid.problem(row, "name", Misread::new("the step has no title", "every step needs one")));
        }
        let mut fields = Map::new();
        fields.insert("name".to_owned(), Value::from(name));
        let work = problems.take(self.work(row)).unwrap_or_default();
        let is_manual = work.manual.is_some();
        fields.extend(work.manual.map(|text| ("manual".to_owned(), Value::from(text))));
        fields.extend(work.task.map(|task| ("task".to_owned(), Value::from(task))));
        fields.extend(problems.take(self.hosts(row, is_manual)).flatten());
        if !work.args.is_empty() {
            fields.insert("args".to_owned(), Value::Object(work.args));
        }
        if problems.take(self.disabled(row)).unwrap_or_default() {
            fields.insert("enabled".to_owned(), Value::Bool(false));
        }
        for field in STEP_FIELDS.iter().filter(|field| field.kind != Kind::Own && says(field.word)) {
            let cell = grid.cell(row, field.word)?;
            let value = cells::read(field, &cell.value, grid.header.unit(cell.column));
            let value = value.map_err(|misread| grid.problem(row, field.word, misread));
            fields.extend(problems.take(value).flatten().map(|value| (field.word.to_owned(), value)));
        }
        if let Some(most) = grid.cell(row, "unreachable") {
            let share = cells::share(&most.value).map_err(|misread| grid.problem(row, "unreachable", misread));
            fields.extend(problems.take(share).map(|max| ("unreachable".to_owned(), serde_json::json!({"max": max}))));
        }
        self.describe(row, is_manual, &mut fields);
        let id = grid.cell(row, "id").map(|cell| text_of(&cell.value)).map(|id| match StepId::new(id.clone()) {
            Ok(_) => Ok(id),
            Err(error) => {
                Err(grid.problem(row, "id", Misread::new(error.to_string(), "an id has letters, digits, `-` and `_`")))
            }
        });
        let step = StepRow {
            row: row.number,
            id: id.and_then(|id| problems.take(id)),
            number: Some(grid.text(row, "number")).filter(|text| !text.is_empty()),
            fields,
            after: None,
            fingerprint: fingerprint(grid.columns, row),
        };
        let after = grid.cell(row, "after").map(|cell| After { text: text_of(&cell.value) });
        Some((step, after))
    }

    /// A row that is there, so that others can wait for it, and whose mistakes were told.
    fn broken(row: &Row, name: String) -> (StepRow, Option<After>) {
        let fields = Map::from_iter([("name".to_owned(), Value::from(name))]);
        (StepRow { row: row.number, id: None, number: None, fields, after: None, fingerprint: String::new() }, None)
    }

    /// Whether a row is left out, as a person would do.
    fn is_no_step(&mut self, row: &'a Row, name: &str) -> bool {
        let grid = self.grid;
        let says = |word: &str| grid.cell(row, word).is_some();
        let filled: BTreeSet<&str> = grid.columns.keys().map(String::as_str).filter(|word| says(word)).collect();
        let any = |words: &[&str]| words.iter().any(|word| filled.contains(word));
        if row.hidden {
            if !name.is_empty() || any(&["task", "command"]) {
                self.hidden.push((row.number, name.to_owned()));
            }
            return true;
        }
        if grid.is_heading(row, &["number", "name", "task", "command", "hosts", "args", "owner", "expect", "notes"]) {
            self.headings.push(row.number);
            return true;
        }
        let by_formula = |word: &str| grid.cell(row, word).is_some_and(|cell| cell.formula);
        let sum = matches!(name.to_lowercase().trim_end_matches(':'), "total" | "totals" | "sum" | "sum total");
        if sum && !any(&["task", "command", "hosts", "args"]) && by_formula("expect") {
            self.sums.push(row.number);
            return true;
        }
        if name.is_empty() && !any(&["task", "command", "hosts", "args", "description", "manual"]) {
            // Checkboxes and formulas are drawn out over rows that nobody has filled in yet.
            let by_hand = |word: &&str| {
                grid.cell(row, word).is_some_and(|cell| !cell.formula && !matches!(cell.value, Seen::Bool(_)))
            };
            if filled
                .iter()
                .any(|word| *word != "number" && by_hand(word) && crate::fields::is_input(STEP_FIELDS, word))
            {
                self.nameless.push(row.number);
            }
            return true;
        }
        false
    }

    fn work(&self, row: &'a Row) -> Result<Work, Problem> {
        let grid = self.grid;
        let wrong = |word: &str, what: String, hint: &str| Err(grid.problem(row, word, Misread::new(what, hint)));
        let task = grid.text(row, "task");
        let command = grid.text(row, "command");
        let args = grid.text(row, "args");
        let by_hand = matches!(task.to_lowercase().as_str(), "manual" | "manually" | "by hand" | "person" | "human");
        let manual = grid.text(row, "manual");
        let (manual, told) = match answer(&manual) {
            Some(Answer::No) => (false, None),
            Some(_) => (true, None),
            None => (!manual.is_empty(), Some(manual).filter(|text| !text.is_empty())),
        };
        let is_task = !task.is_empty() && !by_hand;
        if manual || by_hand || (!is_task && command.is_empty()) {
            if is_task || !command.is_empty() {
                let word = if is_task { "task" } else { "command" };
                return wrong(
                    word,
                    "a step is done by a person or by a task, not by both".to_owned(),
                    "leave one of them empty",
                );
            }
            if !args.is_empty() {
                let misread = Misread::new(
                    "there are arguments and no task",
                    "write the task that they are for; `runsheet tasks` lists them",
                );
                return Err(grid.problem(row, "args", misread));
            }
            let text = told.unwrap_or_else(|| grid.text(row, "description"));
            let text = if text.is_empty() { grid.text(row, "name") } else { text };
            return Ok(Work { manual: Some(text), ..Work::default() });
        }
        if is_task && TaskName::new(task.clone()).is_err() {
            let hint = "`runsheet tasks` lists them; leave it empty for what a person does, and write a command as the task `command` with `run=…`";
            return wrong("task", format!("{} is not the name of a task", shown(&task)), hint);
        }
        if is_task && task != "command" && !command.is_empty() {
            return wrong("command", format!("there is a command beside the task `{task}`"), "leave one of them empty");
        }
        let task = if is_task { task } else { "command".to_owned() };
        let mut map = Map::new();
        if task == "command" && !args.is_empty() && !arguments::is_meant(&args) {
            map.insert("run".to_owned(), Value::from(args));
        } else if !args.is_empty() {
            map = arguments::read(&args).map_err(|misread| grid.problem(row, "args", misread))?;
        }
        if !command.is_empty() && map.insert("run".to_owned(), Value::from(command)).is_some() {
            return wrong("command", "the arguments have a `run` as well".to_owned(), "leave one of them out");
        }
        Ok(Work { manual: None, task: Some(task), args: map })
    }

    fn hosts(&self, row: &'a Row, is_manual: bool) -> Result<Option<(String, Value)>, Problem> {
        let grid = self.grid;
        let text = grid.text(row, "hosts");
        let wrong = |what: &str, hint: &str| Err(grid.problem(row, "hosts", Misread::new(what, hint)));
        let pattern: Vec<&str> = text.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
        let pattern = pattern.join(",");
        match (pattern.is_empty(), is_manual) {
            (true, true) => Ok(None),
            (true, false) => wrong("the step has no hosts", "name hosts or a group, or write `local` for this machine"),
            (false, true) => wrong(
                "there are hosts and no task",
                "write the task that runs on them, or leave the hosts empty for what a person does",
            ),
            (false, false) if matches!(pattern.to_lowercase().as_str(), "local" | "this machine" | "here") => {
                Ok(Some(("on".to_owned(), Value::from("local"))))
            }
            (false, false) => Ok(Some(("hosts".to_owned(), Value::from(pattern)))),
        }
    }

    fn disabled(&self, row: &'a Row) -> Result<bool, Problem> {
        let grid = self.grid;
        let answer = |word: &str| match grid.columns.get(word).and_then(|column| cell(row, *column)) {
            Some(cell) => crate::flag::read(&cell.value).map(Some).map_err(|misread| grid.problem(row, word, misread)),
            None => Ok(None),
        };
        let off = match answer("enabled")? {
            Some(answer) => answer == Answer::No,
            None => self.marks,
        };
        Ok(off || answer("skip")?.is_some_and(|answer| answer != Answer::No))
    }

    /// Keeps the description of a step, if it is not what a person is told anyway.
    fn describe(&self, row: &'a Row, is_manual: bool, fields: &mut Map<String, Value>) {
        let description = self.grid.text(row, "description");
        let told = is_manual && fields.get("manual").and_then(Value::as_str) == Some(&description);
        if description.is_empty() || told {
            return;
        }
        let text = match fields.get("notes").and_then(Value::as_str) {
            Some(notes) => format!("{description}\n{notes}"),
            None => description,
        };
        fields.insert("notes".to_owned(), Value::from(text));
    }
}
