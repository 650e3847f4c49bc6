use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const CSS: &str = include_str!("page.css");

/// The style of a page: what all have, and a class for each distance of grid lines that it needs.
#[derive(Debug, Default)]
pub(super) struct Style {
    distances: Vec<f64>,
}

impl Style {
    /// The class of a table whose grid lines are so far apart, in percent of its track.
    pub(super) fn grid(&mut self, distance: f64) -> String {
        let place = self.distances.iter().position(|known| (known - distance).abs() < 1e-6).unwrap_or_else(|| {
            self.distances.push(distance);
            self.distances.len() - 1
        });
        format!("g{place}")
    }

    pub(super) fn text(&self) -> String {
        let mut css = CSS.to_owned();
        for (place, distance) in self.distances.iter().enumerate() {
            css.push_str(&format!(".g{place}{{--tick:{distance:.4}%}}\n"));
        }
        css
    }
}

/// What the browser is told: nothing from outside, no script at all, this style and no other.
pub(super) fn policy(css: &str) -> String {
    let hash = STANDARD.encode(Sha256::digest(css));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}
