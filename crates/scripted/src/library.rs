use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use runsheet_model::{TaskName, hex};
use runsheet_task::TaskCode;
use sha2::{Digest, Sha256};
use starlark::environment::{FrozenModule, Globals, Module};
use starlark::eval::{Evaluator, ReturnFileLoader};
use starlark::syntax::{AstModule, Dialect, DialectTypes};
use starlark::typing::{AstModuleTypecheck, Interface};
use starlark::values::FrozenHeapName;

use crate::check;
use crate::error::ScriptError;
use crate::functions;
use crate::limits::Limits;
use crate::script::{Faces, Script};
use crate::signature::Signature;
use crate::spec;

/// The largest file that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// The files of a folder of tasks, each read and checked at most once.
pub(crate) struct Library {
    folder: PathBuf,
    shown: PathBuf,
    globals: Globals,
    faces: Arc<Faces>,
    known: HashMap<PathBuf, Result<Loaded, ScriptError>>,
    /// The files that are being read, each for the one before it.
    loading: Vec<PathBuf>,
}

/// A file that was read.
#[derive(Clone)]
struct Loaded {
    module: FrozenModule,
    interface: Interface,
    ast: Arc<AstModule>,
    signature: Option<Signature>,
    /// Its text and those of all that it loads, by path.
    texts: BTreeMap<PathBuf, Arc<str>>,
    /// Whether anything of it asks for sudo.
    sudo: bool,
}

impl Loaded {
    /// Which code it is, with all that it loads.
    fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (path, text) in &self.texts {
            let path = path.to_string_lossy();
            for part in [path.as_ref(), text] {
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
        }
        hex(&hash.finalize())
    }
}

impl Library {
    pub(crate) fn new(folder: &Path, shown: &Path) -> Self {
        Self {
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            shown: shown.to_owned(),
            globals: functions::globals(),
            faces: Arc::new(Faces { host: functions::of_host(), config: functions::of_config() }),
            known: HashMap::new(),
            loading: Vec::new(),
        }
    }

    /// The task of a file; nothing if the file has none.
    pub(crate) fn task(&mut self, file: &Path, name: &TaskName) -> Result<Option<Script>, ScriptError> {
        let loaded = self.load(file)?;
        let Some(signature) = loaded.signature else { return Ok(None) };
        let shown = self.shown.join(file);
        let spec = spec::read(name.clone(), &loaded.ast, &loaded.module, &shown)?;
        check::arguments(&loaded.ast, &spec)?;
        let spec = spec.with_code(TaskCode { sha256: loaded.sha256(), sudo: loaded.sudo });
        let do_work = loaded.module.get("do_work").map_err(|error| ScriptError::of_file(&shown, error.to_string()))?;
        Ok(Some(Script { file: shown, spec, signature, do_work, faces: Arc::clone(&self.faces) }))
    }

    fn load(&mut self, file: &Path) -> Result<Loaded, ScriptError> {
        if let Some(known) = self.known.get(file) {
            return known.clone();
        }
        self.loading.push(file.to_owned());
        let loaded = self.read(file);
        self.loading.pop();
        self.known.insert(file.to_owned(), loaded.clone());
        loaded
    }

    fn read(&mut self, file: &Path) -> Result<Loaded, ScriptError> {
        let shown = self.shown.join(file);
        let wrong = |error: starlark::Error| ScriptError::of_starlark(&shown, &error);
        let text = read_text(&self.folder.join(file), &shown)?;
        let name = shown.display().to_string();
        let parse = || AstModule::parse(&name, text.clone(), &dialect()).map_err(wrong);
        let ast = Arc::new(parse()?);
        check::calls(&ast)?;
        check::faces(&ast, &self.faces)?;
        let signature = Signature::of(&ast)?;

        let mut texts = BTreeMap::from([(file.to_owned(), Arc::from(text.as_str()))]);
        let mut sudo = check::asks_for_sudo(&ast);
        let mut modules = HashMap::new();
        let mut interfaces = HashMap::new();
        for load in ast.loads() {
            let span = ast.file_span(load.span.span);
            let path = self.resolve(load.module_id, file).map_err(|message| {
                ScriptError::at(&span, message)
                    .with_hint("`load(\"//lib/x.star\", \"name\")` begins at the folder of tasks")
            })?;
            if self.loading.contains(&path) {
                return Err(ScriptError::at(&span, format!("`{}` loads itself", path.display())));
            }
            let loaded = self.load(&path)?;
            texts.extend(loaded.texts.clone());
            sudo |= loaded.sudo;
            modules.insert(load.module_id.to_owned(), loaded.module);
            interfaces.insert(load.module_id.to_owned(), loaded.interface);
        }
        let (mistakes, _, interface, _) = parse()?.typecheck(&self.globals, &interfaces);
        if let Some(mistake) = mistakes.into_iter().next() {
            return Err(wrong(mistake));
        }

        let mut bounded = parse()?;
        bounded.replace_binary_operators(&check::bounded_operators());
        let modules = modules.iter().map(|(name, module)| (name.as_str(), module)).collect();
        let loader = ReturnFileLoader { modules: &modules };
        let module = Module::with_temp_heap(|module| {
            {
                let mut eval = Evaluator::new(&module);
                Limits::of_reading().set(&mut eval)?;
                eval.set_loader(&loader);
                eval.eval_module(bounded, &self.globals)?;
            }
            Ok(module.freeze_named(FrozenHeapName::User(Box::new(name.clone())))?)
        })
        .map_err(wrong)?;
        Ok(Loaded { module, interface, ast, signature, texts, sudo })
    }

    /// The file that `load` means: `//` begins at the folder of tasks, anything else beside the file that loads. Nothing leads out.
    fn resolve(&self, id: &str, from: &Path) -> Result<PathBuf, String> {
        let relative = match id.strip_prefix("//") {
            Some(path) => PathBuf::from(path),
            None => from.parent().unwrap_or(Path::new("")).join(id.trim_start_matches(':')),
        };
        if relative.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(format!("`{id}` leads out of the folder of tasks"));
        }
        if relative.extension().is_none_or(|ending| ending != "star") {
            return Err(format!("`{id}` is no `.star` file"));
        }
        let path = self.folder.join(&relative);
        match path.canonicalize() {
            Ok(real) if real.starts_with(&self.folder) => Ok(relative),
            Ok(_) => Err(format!("`{id}` leads out of the folder of tasks")),
            Err(error) => Err(format!("`{id}` cannot be read: {error}")),
        }
    }
}

/// What scripts are written in: Starlark with f-strings, keyword-only parameters and types.
fn dialect() -> Dialect {
    Dialect {
        enable_f_strings: true,
        enable_keyword_only_arguments: true,
        enable_types: DialectTypes::Enable,
        enable_load_reexport: false,
        ..Dialect::Standard
    }
}

/// Reads a file under the rules for all files that decide which commands run where.
fn read_text(path: &Path, shown: &Path) -> Result<String, ScriptError> {
    let text = runsheet_yaml::read_text(path).map_err(|error| {
        let told = ScriptError::of_file(shown, error.message.clone());
        match error.hint() {
            Some(hint) => told.with_hint(hint),
            None => told,
        }
    })?;
    if text.value.len() > LARGEST {
        return Err(ScriptError::of_file(shown, "larger than 1 MiB"));
    }
    Ok(text.value)
}
