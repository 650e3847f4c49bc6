use std::fs;
use std::path::{Path, PathBuf};

/// The documentation page that holds what was measured.
pub(crate) struct Page {
    path: PathBuf,
}

impl Page {
    pub(crate) fn open() -> Self {
        Self { path: Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md") }
    }

    /// Puts a text between the two marks of a table, `<!-- NAME -->` and `<!-- end of NAME -->`.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let page = fs::read_to_string(&self.path).expect("the page");
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("no {begin} in the page"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no {end} in the page"));
        fs::write(&self.path, format!("{before}{begin}{text}{end}{after}")).expect("the page");
    }

    /// Writes a picture beside the page.
    pub(crate) fn draw(&self, name: &str, svg: &str) {
        let folder = self.path.with_file_name("pictures");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("{name}.svg")), svg).expect("a picture");
    }
}
