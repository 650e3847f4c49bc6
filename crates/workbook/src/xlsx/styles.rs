use std::collections::HashMap;

use crate::error::Reason;
use crate::number_format::{Shown, built_in, of_code};
use crate::xml::{Node, Scanner};

/// How one style looks: all but how it shows numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Look {
    font: String,
    fill: String,
    border: String,
    /// Alignment and protection, as they are written.
    inner: String,
}

/// The styles of a workbook. A cell names its style by number.
#[derive(Debug, Default)]
pub(crate) struct Styles {
    styles: Vec<Style>,
}

#[derive(Debug)]
struct Style {
    look: Look,
    shown: Shown,
    /// Whether numbers are shown as they are.
    general: bool,
}

impl Styles {
    /// Reads the part of the styles.
    pub(crate) fn read(part: &str, source: &str) -> Result<Self, Reason> {
        let mut scanner = Scanner::new(part, source);
        let mut codes: HashMap<u32, (Shown, bool)> = HashMap::new();
        let mut styles = Vec::new();
        // Only `xf` of `cellXfs` are what cells name.
        let mut in_cell_styles = false;
        while let Some(node) = scanner.next()? {
            match node {
                Node::Open { tag, .. } if tag.name() == "numFmt" && !in_cell_styles => {
                    let id = tag.attribute("numFmtId").and_then(|id| id.parse().ok());
                    if let (Some(id), Some(code)) = (id, tag.attribute("formatCode")) {
                        codes.insert(id, (of_code(&code), code.eq_ignore_ascii_case("general")));
                    }
                }
                Node::Open { tag, .. } if tag.name() == "cellXfs" => in_cell_styles = true,
                Node::Close("cellXfs") => in_cell_styles = false,
                Node::Open { tag, .. } if in_cell_styles && tag.name() == "xf" => {
                    let id = tag.attribute("numFmtId").and_then(|id| id.parse().ok()).unwrap_or(0);
                    let (shown, general) = codes.get(&id).copied().unwrap_or_else(|| (built_in(id), id == 0));
                    let name = |name| tag.attribute(name).unwrap_or_default().into_owned();
                    let (font, fill, border) = (name("fontId"), name("fillId"), name("borderId"));
                    let begin = scanner.span().end;
                    scanner.skip()?;
                    let inner = source[begin..scanner.span().start].to_owned();
                    styles.push(Style { look: Look { font, fill, border, inner }, shown, general });
                }
                _ => {}
            }
        }
        Ok(Self { styles })
    }

    /// What numbers of a style are shown as.
    pub(crate) fn shown(&self, style: usize) -> Shown {
        self.styles.get(style).map(|style| style.shown).unwrap_or_default()
    }

    /// A style that shows numbers in the first of these ways that there is, and looks like another one in everything else.
    pub(crate) fn showing(&self, wanted: &[Shown], like: usize) -> Option<usize> {
        let look = &self.styles.get(like)?.look;
        wanted
            .iter()
            .find_map(|wanted| self.styles.iter().position(|style| style.look == *look && style.shown == *wanted))
    }

    /// A style that shows numbers as they are, and looks like another one in everything else.
    pub(crate) fn general(&self, like: usize) -> Option<usize> {
        let like = self.styles.get(like)?;
        if like.general {
            return None;
        }
        self.styles.iter().position(|style| style.look == like.look && style.general)
    }
}
