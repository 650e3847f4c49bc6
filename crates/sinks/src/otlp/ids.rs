use runsheet_model::{RunId, hex};
use sha2::{Digest, Sha256};

/// The id of a run's trace: the run's id, 32 hexadecimal digits.
pub(super) fn trace(run: RunId) -> String {
    hex(&run.seed().to_be_bytes())
}

/// The id of a span, 16 hexadecimal digits: the same each time for what the parts name.
pub(super) fn span(run: RunId, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(run.seed().to_be_bytes());
    for part in parts {
        // Its length goes in front, so that no two lists of parts read the same.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_run_and_of_nothing_else() {
        let run: RunId = "01a21818-6d75-71df-b973-7290d248f9c4".parse().expect("an id");
        assert_eq!(trace(run), "01a218186d7571dfb9737290d248f9c4");
        assert_eq!(span(run, &["step", "a"]), span(run, &["step", "a"]));
        assert_ne!(span(run, &["step", "ab", "c"]), span(run, &["step", "a", "bc"]));
        assert_ne!(span(run, &[]), span(RunId::fresh(), &[]));
        assert_eq!(span(run, &[]).len(), 16);
    }
}
